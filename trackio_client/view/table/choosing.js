// @ts-check
/** Which experiments are chosen, to do something with them: one by one, a range with Shift, or all that are listed. */
export class Choosing extends EventTarget {
  constructor() {
    super();
    /** @type {Set<string>} */
    this.ids = new Set();
    this.anchor = /** @type {string | null} */ (null);
  }

  /** @param {string} id */
  has(id) {
    return this.ids.has(id);
  }

  get size() {
    return this.ids.size;
  }

  /** @param {string} id @param {boolean} on @param {string[] | null} [order]  with Shift: all as they are listed, from the last one that was pressed */
  set(id, on, order = null) {
    const from = order && this.anchor ? order.indexOf(this.anchor) : -1;
    const to = order ? order.indexOf(id) : -1;
    const which = from < 0 || to < 0 || !order ? [id] : order.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.anchor = id;
    this.many(which, on);
  }

  /** @param {string[]} ids @param {boolean} on */
  many(ids, on) {
    for (const id of ids) on ? this.ids.add(id) : this.ids.delete(id);
    this.dispatchEvent(new Event("change"));
  }

  clear() {
    if (!this.ids.size) return;
    this.ids.clear();
    this.anchor = null;
    this.dispatchEvent(new Event("change"));
  }

  /** Forget those that are there no more. @param {(id: string) => boolean} isThere */
  keepOnly(isThere) {
    const gone = [...this.ids].filter((id) => !isThere(id));
    if (gone.length) this.many(gone, false);
  }
}
