// The file beside the answer; on a phone a sheet below it.

import { getHtml } from "./http.js";
import { $, announce, toElements } from "./dom.js";

let opener = null; // the link that opened it, to give the focus back to
let asked = 0;

export const isOpen = () => !$("panel").hidden;

export async function open(link) {
  const url = new URL(link.href);
  const number = (asked += 1);
  document.querySelectorAll(".open").forEach((each) => each.classList.remove("open"));
  link.classList.add("open");
  if (!$("panel").contains(link)) opener = link;
  $("panel-out").href = url.pathname + url.search + url.hash;
  $("panel").hidden = false;
  let html;
  try {
    url.searchParams.set("part", "true");
    html = await getHtml(url.pathname + url.search);
  } catch (error) {
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = error.message;
    html = line.outerHTML;
  }
  if (number !== asked) return; // another one was asked for meanwhile
  const body = $("panel-body");
  body.replaceChildren(...toElements(html));
  body.focus({ preventScroll: true });
  const marked = body.querySelectorAll(".line.marked");
  showLines(body.querySelector("pre.lines"), marked);
  const path = body.querySelector("h2")?.textContent;
  announce(path ? `${path} opened` : body.textContent.trim());
}

export function close() {
  asked += 1;
  $("panel").hidden = true;
  $("panel-body").replaceChildren();
  document.querySelectorAll(".open").forEach((each) => each.classList.remove("open"));
  if (opener && !opener.isConnected) { // the answer has grown meanwhile, and its block is another one
    const { href } = opener;
    opener = [...$("turns").querySelectorAll("a.cite, a.file")].find((link) => link.href === href) ?? $("question");
  }
  opener?.focus();
  opener = null;
}

/** Bring the marked lines into sight, within their own box, so that the page does not move. */
function showLines(box, marked) {
  if (!box || !marked.length) return;
  const top = marked[0].offsetTop - box.offsetTop;
  box.scrollTop = Math.max(0, top - box.clientHeight / 4);
}

export function install() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.cite, a.file");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link);
    }
    const line = event.target.closest?.("#panel a[href^='#L']");
    if (line) {
      event.preventDefault();
      const target = $(line.hash.slice(1));
      if (target) showLines($("panel-body").querySelector("pre.lines"), [target]);
    }
  });
  $("panel-close").addEventListener("click", close);
}
