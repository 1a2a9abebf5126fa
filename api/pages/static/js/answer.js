// One answer on the page: its passages, its growing text, what stands below it.

import { stamp, toElements } from "./dom.js";

export class AnswerView {
  constructor(title, { titleHidden = false } = {}) {
    this.element = stamp("answer-template");
    this.title = this.element.querySelector(".arm");
    this.title.textContent = title;
    if (titleHidden) this.title.classList.add("sr-only");
    this.passages = this.element.querySelector(".passages");
    this.prose = this.element.querySelector(".prose");
    this.after = this.element.querySelector(".after");
    this.blocks = []; // the elements of each block of the text
  }

  showPassages(html) {
    this.passages.replaceChildren(...toElements(html));
  }

  /** Replace the blocks from `start` on; those before stay, and with them what is selected in them. */
  showBlocks({ start, blocks }) {
    for (const elements of this.blocks.splice(start)) elements.forEach((element) => element.remove());
    for (const html of blocks) {
      const elements = toElements(html);
      this.blocks.push(elements);
      this.prose.append(...elements);
    }
  }

  showWhole(html) {
    this.blocks = [];
    this.prose.replaceChildren(...toElements(html));
  }

  showAfter(html) {
    this.after.replaceChildren(...toElements(html));
  }
}
