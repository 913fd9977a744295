// @ts-check
/** What media the ticked experiments logged: asked once for all of them, and again for those that went on, while somebody looks. */

const EVERY_MS = 15_000;
const MOST = 300; // experiments in one question

/** Events: `change`. */
export class Held extends EventTarget {
  /** @param {any} source @param {() => boolean} isSeen */
  constructor(source, isSeen) {
    super();
    this.source = source;
    this.isSeen = isSeen;
    this.most = source.mediaOf ?? MOST;
    /** @type {Map<string, {entries: any[], more: boolean, heard: any, at: number}>} */ this.known = new Map();
    /** @type {any[]} */ this.rows = [];
    /** @type {any} */ this.trouble = null;
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
    this.timer = window.setTimeout(() => this.ask(), EVERY_MS);
  }
}
