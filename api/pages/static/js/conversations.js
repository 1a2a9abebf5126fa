// The conversations that the server keeps: their list, one of them again, forgetting one.

import { getHtml, Problem, remove } from "./http.js";
import { $, announce, toElements } from "./dom.js";

/** Ask for the list again; `current` is the one that is open. */
export async function refresh(current) {
  try {
    const items = toElements(await getHtml("/ui/sessions"));
    for (const item of items) {
      if (item.dataset.session !== current) continue;
      item.classList.add("current");
      item.querySelector("a").setAttribute("aria-current", "page");
    }
    $("history").replaceChildren(...items);
    $("history-section").hidden = !items.length;
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // a list that cannot be had is not shown
    $("history-section").hidden = true;
  }
}

/** One of them as an element, which says what it was about: NAME or NAME@REF, or nothing. */
export async function read(id) {
  const [past] = toElements(await getHtml(`/ui/sessions/${encodeURIComponent(id)}`));
  return past;
}

export function install(onOpen, onForgotten) {
  $("history").addEventListener("click", async (event) => {
    const link = event.target.closest("a");
    const button = event.target.closest("[data-forget]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      onOpen(link.closest("li").dataset.session);
    } else if (button) {
      const id = button.dataset.forget;
      button.disabled = true;
      $("history-error").textContent = "";
      try {
        await remove(`/sessions/${encodeURIComponent(id)}`);
        announce("Forgotten");
      } catch (error) {
        if (error.status !== 404) { // it is still there
          button.disabled = false;
          $("history-error").textContent = error.message;
          return;
        }
      }
      button.closest("li").remove();
      $("history-section").hidden = !$("history").children.length;
      onForgotten(id);
      $("question").focus();
    }
  });
}
