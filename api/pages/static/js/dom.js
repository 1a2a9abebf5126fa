// Small helpers around the document.

export const $ = (id) => document.getElementById(id);

/** A copy of what is in a template. */
export const stamp = (id) => $(id).content.firstElementChild.cloneNode(true);

/** HTML of this server, which sanitised whatever others wrote in it, as elements. */
export function toElements(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

/** Tell a screen reader. */
export function announce(text) {
  $("announcer").textContent = text;
}
