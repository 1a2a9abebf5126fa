// One question and what came of it: an answer, a comparison, hits, or an error.

import { AnswerView } from "./answer.js";
import { postForEvents, postForHtml, postJson, Problem } from "./http.js";
import { $, announce, stamp, toElements } from "./dom.js";

const TITLES = { with: "With code", without: "Without code", left: "Left", right: "Right" };

export class Turn {
  constructor(question, mode) {
    this.mode = mode;
    this.element = stamp("turn-template");
    this.element.querySelector(".question").textContent = question;
    this.status = this.element.querySelector(".status");
    this.answers = this.element.querySelector(".answers");
    this.verdict = this.element.querySelector(".verdict");
    this.error = this.element.querySelector(".error");
    if (mode === "compare" || mode === "blind") this.element.classList.add("wide");
    this.views = {};
    this.controller = new AbortController();
    this.session = null; // that the finished answer is kept in
    this.doing = ""; // what is said of it while the model is not busy with others
    $("turns").append(this.element);
  }

  stop() {
    this.controller.abort();
  }

  /** Ask, show what comes, and resolve when it is over, whatever the end. */
  async run(body) {
    this.element.classList.add("running");
    this.#startClock();
    try {
      await (this.mode === "search" ? this.#search(body) : this.#ask(body));
    } catch (error) {
      this.#fail(error);
    } finally {
      clearInterval(this.clock);
      this.element.classList.remove("running");
    }
  }

  async #search({ repo, ref, question }) {
    this.#say("Searching");
    const html = await postForHtml("/ui/search", { repo, ref, query: question }, this.controller.signal);
    this.answers.replaceChildren(...toElements(html));
    this.#finish("", this.answers.querySelector(".meta, .empty").textContent);
  }

  async #ask(body) {
    this.#say("Searching");
    const address = { ...body, mode: this.mode };
    for await (const { name, data } of postForEvents("/ui/ask", address, this.controller.signal)) this.#take(name, data);
    if (this.mode === "compare") this.#finish("", "Both answers are there");
  }

  #take(name, data) {
    const view = "arm" in data || this.mode === "ask" ? this.#view(data.arm) : null;
    const which = data.arm ? `${TITLES[data.arm].toLowerCase()}: ` : "";
    switch (name) {
      case "open":
        this.opened = data.session;
        break;
      case "queued":
        if (!data.place) this.#say(this.doing); // its turn has come
        else this.#say(data.place === 1 ? "Next in line: the model is busy" : `Number ${data.place} in line: the model is busy`);
        break;
      case "passages":
        view.showPassages(data.html);
        this.doing = `${which}${data.n ? `the model reads ${data.n} ${data.n === 1 ? "passage" : "passages"}` : "the model reads the question"}`;
        this.#say(this.doing);
        break;
      case "answer":
        view.showBlocks(data);
        this.#say(`${which}writing`);
        break;
      case "done":
        // Those of a refusal. Others are there since before the answer: one may be open, or have the focus.
        if (!view.passages.children.length) view.showPassages(data.passages);
        view.showBlocks(data);
        view.showAfter(data.footer);
        addCopyButtons(view.prose);
        // A refusal is not kept: there may be no such conversation.
        if (this.mode === "ask" && !view.after.querySelector("[data-anyway]")) this.session = this.opened;
        if (this.mode === "ask") this.#finish("", `Answer: ${spoken(view.prose)}`);
        break;
      case "progress":
        this.doing = `Writing answer ${data.n_done + 1} of 2; both are shown at the end, so that the wait tells nothing`;
        this.#say(this.doing);
        break;
      case "blind":
        this.#showBallot(data);
        break;
      case "error":
        throw new Problem(data.detail);
    }
  }

  #view(arm) {
    if (!this.views[arm]) {
      const view = new AnswerView(arm ? TITLES[arm] : "Answer", { titleHidden: !arm });
      this.views[arm] = view;
      this.answers.append(view.element);
    }
    return this.views[arm];
  }

  #showBallot({ ballot, left, right }) {
    this.#view("left").showWhole(left);
    this.#view("right").showWhole(right);
    this.#finish("", "Two answers are there, left and right. Which is better?");
    const form = stamp("ballot-template");
    this.verdict.append(form);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("click", async (event) => {
      const button = event.target.closest("button[data-vote]");
      if (!button) return;
      const buttons = form.querySelectorAll("button");
      buttons.forEach((each) => { each.disabled = true; });
      this.error.hidden = true; // of a vote that could not be kept
      try {
        const vote = { ballot, vote: button.dataset.vote, keep_question: form.elements.keep.checked };
        this.#reveal(await postJson("/ui/vote", vote), button.dataset.vote);
      } catch (error) {
        buttons.forEach((each) => { each.disabled = false; });
        this.#fail(error);
      }
    });
  }

  #reveal({ sides, tally }, vote) {
    ["left", "right"].forEach((side, number) => {
      const view = this.#view(side);
      const { arm, html, passages, footer } = sides[number];
      view.title.textContent = `${TITLES[side]}: ${TITLES[arm].toLowerCase()}`;
      if (vote === side) {
        const won = document.createElement("span");
        won.className = "won";
        won.textContent = "your vote";
        view.title.append(won);
      }
      view.showPassages(passages);
      view.showWhole(html);
      view.showAfter(footer);
      addCopyButtons(view.prose);
    });
    this.verdict.replaceChildren(...toElements(tally));
    announce(`Left was the answer ${TITLES[sides[0].arm].toLowerCase()}, right ${TITLES[sides[1].arm].toLowerCase()}.`);
    document.dispatchEvent(new CustomEvent("voted"));
  }

  #say(text) {
    if (text === this.said) return;
    this.said = text;
    this.since = Date.now();
    announce(text);
    this.#tick();
  }

  #startClock() {
    this.clock = setInterval(() => this.#tick(), 1000);
  }

  /** The status with the seconds that it has lasted; only the words are told to screen readers. */
  #tick() {
    const seconds = Math.floor((Date.now() - this.since) / 1000);
    const text = this.said ? this.said[0].toUpperCase() + this.said.slice(1) : "";
    this.status.textContent = seconds > 1 ? `${text} · ${seconds} s` : text;
  }

  #finish(shown, told) {
    clearInterval(this.clock);
    this.status.textContent = shown;
    announce(told);
  }

  #fail(error) {
    if (error.name === "AbortError") {
      this.#finish("Stopped.", "Stopped");
      return;
    }
    this.status.textContent = "";
    this.error.textContent = error instanceof Problem ? error.message : `The page failed (${error.message}): load it again.`;
    this.error.hidden = false;
    this.failed = true;
  }
}

/** What is read aloud of an answer: its text, without the numbers of its sources and what can be pressed in it. */
function spoken(prose) {
  const copy = prose.cloneNode(true);
  copy.querySelectorAll(".cite, .copy").forEach((each) => each.remove());
  return [...copy.children].map((block) => block.textContent.trim()).join(" ");
}

function addCopyButtons(prose) {
  if (!navigator.clipboard) return;
  for (const pre of prose.querySelectorAll("pre.code")) {
    const box = document.createElement("div");
    box.className = "copyable";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
      announce("Copied");
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    pre.replaceWith(box);
    box.append(pre, button);
  }
}
