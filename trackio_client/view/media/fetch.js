// @ts-check
/** Contents of many entries, a few at a time, each once; of very many evenly some, so that a page stays small. */

import { spread } from "../experiment/labels.js";

const MOST = 80;
const TOGETHER = 6;

export class Fetcher {
  /** @param {(entry: any) => Promise<any>} content */
  constructor(content) {
    this.content = content;
    /** @type {Map<any, any>} */ this.held = new Map();
  }

  /** @param {any[]} entries in order @returns {Promise<{entry: any, content: any}[]>} */
  async ask(entries) {
    const wanted = spread(entries, MOST);
    for (const entry of this.held.keys()) if (!wanted.includes(entry)) this.held.delete(entry);
    const missing = wanted.filter((entry) => !this.held.has(entry));
    const work = async () => {
      for (let entry = missing.shift(); entry; entry = missing.shift()) this.held.set(entry, await this.content(entry));
    };
    await Promise.all(Array.from({ length: TOGETHER }, work));
    return wanted.filter((entry) => this.held.has(entry)).map((entry) => ({ entry, content: this.held.get(entry) }));
  }
}
