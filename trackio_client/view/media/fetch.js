// @ts-check
/** Contents of many entries, together and each once; of very many evenly some, so that a page stays small. */

import { evenly } from "./bins.js";

export class Fetcher {
  /** @param {(entries: any[]) => Promise<any[]>} contents @param {number} most */
  constructor(contents, most) {
    this.contents = contents;
    this.most = most;
    /** @type {Map<any, any>} */ this.held = new Map();
  }

  /** @param {any[]} entries in order @returns {Promise<{entry: any, content: any}[]>} */
  async ask(entries) {
    const wanted = evenly(entries, this.most);
    for (const entry of this.held.keys()) if (!wanted.includes(entry)) this.held.delete(entry);
    const missing = wanted.filter((entry) => !this.held.has(entry));
    const found = missing.length ? await this.contents(missing) : [];
    for (const [i, entry] of missing.entries()) this.held.set(entry, found[i]);
    return wanted.filter((entry) => this.held.get(entry)).map((entry) => ({ entry, content: this.held.get(entry) }));
  }
}
