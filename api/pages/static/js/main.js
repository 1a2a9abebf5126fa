// The page to ask on, put together: the form, the conversation, the model's state, the keys.

import { getHtml, Problem } from "./http.js";
import { $, announce, toElements } from "./dom.js";
import * as conversations from "./conversations.js";
import * as panel from "./panel.js";
import * as repos from "./repos.js";
import { Turn } from "./turns.js";

const MODEL_MS = 5000;

let session = null; // the conversation that the next question goes on with; the server keeps it
let conversationOf = null; // what it is about, NAME or NAME@REF; null: nothing yet
let running = null;
let nBegun = 0; // questions, conversations: one that comes later than what was begun after it is not shown
const askedBy = new WeakMap(); // of a turn's element: what was asked of which repository

const mode = () => document.querySelector("input[name=mode]:checked").value;

function showMode() {
  $("blind-label").hidden = mode() !== "compare";
  $("send").textContent = { ask: "Ask", compare: "Compare", search: "Search" }[mode()];
}

const sessionOfAddress = () => new URLSearchParams(location.search).get("session");

/** Show the address of what is shown; Back leads to the one before, unless that is `replaced`. */
function showAddress(address, { replaced = false } = {}) {
  if (location.pathname + location.search === address) return;
  history[replaced ? "replaceState" : "pushState"](null, "", address);
}

function startConversation(how = {}) {
  nBegun += 1;
  session = null;
  conversationOf = null;
  showAddress("/", how);
  $("turns").replaceChildren();
  $("welcome").hidden = false;
  $("new").hidden = true;
  $("question").focus();
}

function leaveConversation(how) {
  running?.stop();
  startConversation(how);
}

function addLine(kind, text) {
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = text;
  $("turns").append(line);
}

/** Ask what is written; or `anyway`, what a turn has asked, of the same repository, although the answer is unlikely. */
async function ask(anyway = null) {
  const { question, chosen } = anyway ?? { question: $("question").value.trim(), chosen: repos.chosen() };
  if (running || !question) return;
  if (!chosen) {
    announce("Index a repository first");
    showSidebar(true);
    $("add").open = true;
    $("source").focus();
    return;
  }
  const asked = anyway ? "ask" : mode() === "compare" && $("blind").checked ? "blind" : mode();
  if (session && conversationOf && conversationOf !== chosen.about) {
    session = null;
    addLine("divider", `now asking ${chosen.title}`);
  }
  nBegun += 1;
  conversationOf = chosen.about;
  $("welcome").hidden = true;
  $("new").hidden = false;
  const turn = new Turn(question, asked);
  askedBy.set(turn.element, { question, chosen });
  if (!anyway) $("question").value = "";
  turn.element.scrollIntoView({ block: "start", behavior: "smooth" });
  running = turn;
  swap("send", "stop");
  await turn.run({ repo: chosen.repo, ref: chosen.ref, question, session_id: session, abstain: !anyway });
  running = null;
  swap("stop", "send");
  if (turn.session && turn.element.isConnected) { // else its conversation was left, or forgotten
    session = turn.session;
    showAddress(`/?session=${session}`, { replaced: true });
    conversations.refresh(session);
  }
  if (turn.failed && !$("question").value) $("question").value = question; // to be sent again
}

/** Show one button in the place of another, which hands its focus on. */
function swap(before, after) {
  const hadFocus = document.activeElement === $(before);
  $(before).hidden = true;
  $(after).hidden = false;
  if (hadFocus) $(after).focus();
}

/** Show a conversation that the server keeps, and go on with it, unless something else is begun before it comes. */
async function openConversation(id) {
  running?.stop();
  const number = (nBegun += 1);
  try {
    const past = await conversations.read(id);
    if (number !== nBegun) return;
    $("turns").replaceChildren(past);
    announce("Conversation opened");
    session = id;
    conversationOf = past.dataset.about || null;
    if (conversationOf) repos.choose(conversationOf); // where it cannot be, the next question begins another one
    $("welcome").hidden = true;
    $("new").hidden = false;
    showAddress(`/?session=${id}`);
    $("scroll").scrollTop = $("scroll").scrollHeight;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (number !== nBegun) return;
    if (error.status === 404) startConversation({ replaced: true }); // it was deleted or has expired
    addLine("error", error.message);
    announce(error.message);
  }
  conversations.refresh(session);
  showSidebar(false);
}

function showSidebar(shown) {
  $("sidebar").classList.toggle("shown", shown);
  $("menu").setAttribute("aria-expanded", String(shown));
}

async function showModel() {
  $("model").dataset.state = "loading";
  $("model-text").textContent = "Loading the model";
  try {
    const response = await fetch("/health/ready");
    const { status, model, reason } = await response.json();
    const ok = status === "ok";
    $("model").dataset.state = ok ? "ok" : "bad";
    $("model-text").textContent = ok ? model : "No model";
    $("model").title = ok ? `${model} is ready` : reason;
    $("model-reason").textContent = ok ? "" : reason;
    $("model-notice").hidden = ok;
    if (!ok) setTimeout(showModel, MODEL_MS);
  } catch {
    $("model").dataset.state = "bad";
    $("model-text").textContent = "No connection";
    setTimeout(showModel, MODEL_MS);
  }
}

async function showVotes() {
  try {
    const parts = toElements(await getHtml("/ui/votes"));
    $("votes").replaceChildren(...parts);
    $("votes-section").hidden = !parts.length;
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // a tally that cannot be had is not shown
  }
}

function onKey(event) {
  const typing = event.target.closest?.("input, textarea, select");
  if (event.key === "Escape") {
    if (panel.isOpen()) panel.close();
    else if ($("sidebar").classList.contains("shown")) { showSidebar(false); $("menu").focus(); }
    else if (running) running.stop();
    else return;
    event.preventDefault();
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    $("question").focus();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === $("question")) {
    event.preventDefault();
    ask();
  }
}

$("composer").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
$("composer").addEventListener("change", showMode);
$("turns").addEventListener("click", (event) => {
  if (event.target.closest("[data-anyway]")) ask(askedBy.get(event.target.closest(".turn")));
});
$("stop").addEventListener("click", () => { running?.stop(); $("question").focus(); });
$("new").addEventListener("click", () => leaveConversation());
$("menu").addEventListener("click", () => showSidebar(!$("sidebar").classList.contains("shown")));
document.addEventListener("keydown", onKey);
addEventListener("popstate", () => {
  const id = sessionOfAddress();
  if (id === session) return; // it was a link to a part of the page
  if (id) openConversation(id);
  else leaveConversation();
});
document.addEventListener("voted", showVotes);

panel.install();
repos.install(() => showSidebar(false));
showMode();
showModel();
showVotes();
conversations.install(openConversation, (id) => { if (id === session) leaveConversation({ replaced: true }); });
repos.refresh(); // which may take seconds: nothing waits for it
if (sessionOfAddress()) openConversation(sessionOfAddress());
else conversations.refresh(null);
$("question").focus({ preventScroll: true });
