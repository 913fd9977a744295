// @ts-check
/** A list of any length in a box: only what is in view is made. Every row is as high as the others; an entry may take several. */

import { eachFrame } from "../base/dom.js";

const AHEAD = 30; // rows above and below what is seen

export class LongList {
  /** @param {HTMLElement} box scrolls  @param {{height: number, make: (index: number) => HTMLElement}} parts `height` of a row in px */
  constructor(box, { height, make }) {
    this.box = box;
    this.height = height;
    this.make = make;
    this.tops = [0]; // tops[i]: rows above entry i; the last: all rows
    /** @type {Map<number, HTMLElement>} */ this.drawn = new Map();
    this.sizer = document.createElement("div");
    this.sizer.className = "tk-lines";
    box.append(this.sizer);
    this.draw = this.draw.bind(this);
    box.addEventListener("scroll", eachFrame(this.draw), { passive: true });
  }

  get length() {
    return this.tops.length - 1;
  }

  /** Other entries: all are made anew. @param {number} length @param {(index: number) => number} rows that an entry takes */
  reset(length, rows) {
    this.tops = [0];
    for (const node of this.drawn.values()) node.remove();
    this.drawn.clear();
    this.extend(length, rows);
  }

  /** More entries at the end; what is drawn stays, and what is selected in it. @param {number} length of all @param {(index: number) => number} rows */
  extend(length, rows) {
    for (let i = this.length; i < length; i += 1) this.tops.push(this.tops[i] + rows(i));
    this.sizer.style.height = `${this.tops[length] * this.height}px`;
    this.draw();
  }

  /** The entry at a height. @param {number} px */
  at(px) {
    const row = Math.floor(px / this.height);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.tops[middle + 1] <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  draw() {
    const { scrollTop, clientHeight } = this.box;
    const from = Math.max(0, this.at(scrollTop - AHEAD * this.height));
    const to = Math.min(this.length, this.at(scrollTop + clientHeight + AHEAD * this.height) + 1);
    for (const [i, node] of this.drawn) {
      if (i >= from && i < to) continue;
      node.remove();
      this.drawn.delete(i);
    }
    /** @type {Node | null} */ let before = null;
    for (let i = to - 1; i >= from; i -= 1) {
      let node = this.drawn.get(i);
      if (!node) {
        node = this.make(i);
        node.style.top = `${this.tops[i] * this.height}px`;
        this.drawn.set(i, node);
        this.sizer.insertBefore(node, before); // in the order of reading: for screen readers, selection and copy
      }
      before = node;
    }
  }

  /** @param {number} index */
  show(index) {
    this.box.scrollTop = Math.max(0, this.tops[index] * this.height - this.box.clientHeight / 2);
    this.draw();
  }
}
