// @ts-check
/** What media the ticked experiments logged: asked once for all of them, and again for those that went on, while somebody looks. */

import { EVERY_MS, Ticked } from "../data/ticked.js";

const MOST = 300; // experiments in one question

/** Events: `change`. */
export class Held extends Ticked {
  /** @param {any} source @param {() => boolean} isSeen */
  constructor(source, isSeen) {
    super(source, isSeen, source.mediaOf ?? MOST);
    /** @type {Map<string, {entries: any[], more: boolean, heard: any, at: number}>} */ this.known = new Map();
    /** @type {any} */ this.trouble = null;
  }

  get isWaiting() {
    return !this.trouble && this.rows.some(({ id }) => !this.known.has(id));
  }

  #due() {
    const now = performance.now();
    return this.rows.filter(({ id, last_event_s: heard }) => {
      const held = this.known.get(id);
      return !held || (held.heard !== heard && now - held.at >= EVERY_MS);
    });
  }

  async ask() {
    clearTimeout(this.timer);
    if (this.busy || document.hidden || !this.isSeen()) return;
    const due = this.#due();
    if (due.length) {
      this.busy = true;
      try {
        const { experiments } = await this.source.media(due.map(({ id }) => id));
        const at = performance.now();
        for (const { id, last_event_s: heard } of due) this.known.set(id, { entries: [], more: false, ...experiments[id], heard, at });
        this.trouble = null;
      } catch (error) {
        this.trouble = error;
      }
      this.busy = false;
      this.dispatchEvent(new Event("change"));
      if (!this.trouble && this.rows.some(({ id }) => !this.known.has(id))) return void this.ask(); // ticked meanwhile
    }
    this.later();
  }
}
