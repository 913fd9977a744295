// @ts-check
/** What the ticked experiments' trainings tell: asked once, and again for those that went on, while somebody looks. */

import { EVERY_MS, Ticked } from "../data/ticked.js";

const TOGETHER = 3;
const MOST = 30; // experiments: a table of more is not read

/** Events: `change`. */
export class Trainings extends Ticked {
  /** @param {any} source @param {() => boolean} isSeen */
  constructor(source, isSeen) {
    super(source, isSeen, MOST);
    /** @type {Map<string, {training: any, heard: any, state: string, at: number, error: any}>} */ this.held = new Map();
  }

  /** @param {string} id */
  of(id) {
    return this.held.get(id)?.training ?? null;
  }

  get isWaiting() {
    return this.rows.some(({ id }) => !this.held.has(id));
  }

  /** Why the first that did not come did not. */
  get trouble() {
    return this.rows.map(({ id }) => this.held.get(id)).find((each) => each?.error && !each.training)?.error ?? null;
  }

  #due() {
    const now = performance.now();
    return this.rows.filter(({ id, last_event_s: heard, state }) => {
      const held = this.held.get(id);
      if (!held) return true;
      return now - held.at >= EVERY_MS && (held.error || held.heard !== heard || held.state !== state);
    });
  }

  async ask() {
    clearTimeout(this.timer);
    if (this.busy || document.hidden || !this.isSeen() || !this.source.training) return;
    this.busy = true;
    for (let due = this.#due(); due.length && this.isSeen(); due = this.#due()) {
      await Promise.all(due.slice(0, TOGETHER).map((row) => this.#one(row)));
      this.dispatchEvent(new Event("change"));
    }
    this.busy = false;
    this.later();
  }

  /** @param {any} row */
  async #one({ id, last_event_s: heard, state }) {
    const before = this.held.get(id);
    try {
      const training = await this.source.training(id);
      this.held.set(id, { training: training ?? { epoch_metrics: [] }, heard, state, at: performance.now(), error: null });
    } catch (error) {
      this.held.set(id, { training: before?.training ?? null, heard, state, at: performance.now(), error });
    }
  }
}
