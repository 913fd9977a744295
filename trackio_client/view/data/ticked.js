// @ts-check
/** What is asked of the ticked experiments while somebody looks, and again for those that went on. */

export const EVERY_MS = 15_000; // between two questions about one that goes on

/** Events: `change`. */
export class Ticked extends EventTarget {
  /** @param {any} source @param {() => boolean} isSeen @param {number} most experiments that are asked about */
  constructor(source, isSeen, most) {
    super();
    this.source = source;
    this.isSeen = isSeen;
    this.most = most;
    this.left = 0;
    /** @type {any[]} */ this.rows = [];
    this.busy = false;
    this.timer = 0;
    this.onShown = () => document.hidden || this.ask();
    document.addEventListener("visibilitychange", this.onShown);
  }

  close() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onShown);
  }

  /** @param {any[]} rows ticked experiments, those that matter most first */
  want(rows) {
    this.left = Math.max(0, rows.length - this.most);
    this.rows = rows.slice(0, this.most);
    this.ask();
  }

  /** Ask what is due; `later` says when again. */
  async ask() {}

  later() {
    this.timer = window.setTimeout(() => this.ask(), EVERY_MS);
  }
}
