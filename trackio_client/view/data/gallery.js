// @ts-check
/** The media of one experiment in a dataset repo, `view/<2>/<experiment>.media` (trackio_client/hub/files/gallery.py
 * describes it): which steps there are, what they hold, their files; and what of it was left in the repo. */
import { hashOf } from "./hubfiles.js";
import { pathOf as overviewOf, unpacked } from "./overview.js";

/** @typedef {import("../experiment/facts.js").Entry} Entry
 * @typedef {{names: number, steps: number, files: number, bytes: number}} Left */

/** @param {string} id */
export const pathOf = (id) => overviewOf(id).replace(/\.bin$/, ".media");

/** All that a page has seen of one experiment's media: what it shows stays when the repo has another choice of steps. */
export class Gallery {
  constructor() {
    /** @type {Entry[]} in order of their coming */ this.entries = [];
    /** @type {Map<string, any>} by writer and number */ this.contents = new Map();
    /** @type {Map<string, Blob>} by hash */ this.files = new Map();
    /** @type {Map<string, string>} */ this.addresses = new Map();
    /** @type {Left | null} */ this.left = null;
  }

  /** Take in a file. Throws Error with what was seen and wanted. @param {ArrayBuffer} packed */
  async take(packed) {
    const buffer = await unpacked(packed);
    const magic = buffer.byteLength >= 8 ? String.fromCharCode(...new Uint8Array(buffer, 0, 4)) : "";
    if (magic !== "TKM1") throw new Error(`A copy of media begins with ${JSON.stringify(magic)}, wanted "TKM1".`);
    const size = new DataView(buffer).getUint32(4, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
    let at = 8 + size;
    for (const [sha256, mime, bytes] of head.files) {
      if (at + bytes > buffer.byteLength) throw new Error(`A copy of media ends at byte ${buffer.byteLength}, wanted ${at + bytes}: it was cut on the way.`);
      if (!this.files.has(sha256)) this.files.set(sha256, new Blob([buffer.slice(at, at + bytes)], { type: mime }));
      at += bytes;
    }
    for (const { entry, content } of head.entries) {
      const key = keyOf(entry);
      if (this.contents.has(key)) continue;
      this.contents.set(key, content);
      this.entries.push({ ...entry, position: this.entries.length + 1 }); // as they became known here
    }
    this.left = head.left_out;
  }

  /** An address of a file that is here, for as long as the page lives. @param {string} sha256 @returns {string | null} */
  address(sha256) {
    const file = this.files.get(sha256);
    if (!file) return null;
    let address = this.addresses.get(sha256);
    if (!address) this.addresses.set(sha256, (address = URL.createObjectURL(file)));
    return address;
  }
}

/** Those of all experiments that a page looks at, each fetched when it is asked for and when the repo has another. */
export class Galleries {
  /** @param {{get: (path: string) => Promise<ArrayBuffer>, every_ms: number, now_ms: () => number}} parts */
  constructor({ get, every_ms, now_ms }) {
    Object.assign(this, { get, every_ms, now_ms });
    /** @type {Map<string, Gallery>} */ this.held = new Map();
    /** @type {Map<string, string>} what was taken in, by experiment */ this.hashes = new Map();
    /** @type {Map<string, number>} when one that did not come may be asked for again */ this.resting = new Map();
    /** @type {Map<string, Promise<void>>} */ this.coming = new Map();
  }

  /** What is new after a position. @param {string} id @param {string | undefined} wanted the hash that the repo names
   * @param {number} after @returns {Promise<{entries: Entry[], after: number, left_out: Left | null}>} */
  async index(id, wanted, after) {
    if (wanted && this.hashes.get(id) !== wanted && this.now_ms() >= (this.resting.get(id) ?? 0)) {
      if (!this.coming.has(id)) this.coming.set(id, this.#fetch(id, wanted).finally(() => this.coming.delete(id)));
      await this.coming.get(id);
    }
    const gallery = this.held.get(id);
    const entries = (gallery?.entries ?? []).filter(({ position }) => position > after);
    return { entries, after: entries.at(-1)?.position ?? after, left_out: gallery?.left ?? null };
  }

  /** @param {string} id @param {string} wanted */
  async #fetch(id, wanted) {
    this.resting.set(id, this.now_ms() + this.every_ms);
    const bytes = await this.get(pathOf(id));
    const gallery = this.held.get(id) ?? new Gallery();
    await gallery.take(bytes);
    this.held.set(id, gallery);
    // One that the list does not name yet, or no longer, is asked for again; meanwhile it shows what it holds.
    this.hashes.set(id, await hashOf(bytes));
  }

  /** @param {string} id @param {Entry} entry */
  entry(id, entry) {
    const content = this.held.get(id)?.contents.get(keyOf(entry));
    if (!content) throw new Error("this page has no copy of it.");
    return { content };
  }

  /** @param {string} sha256 @returns {string | null} */
  address(sha256) {
    for (const gallery of this.held.values()) if (gallery.files.has(sha256)) return gallery.address(sha256);
    return null;
  }

  /** Forget what belongs to experiments that are no more. @param {(id: string) => boolean} isThere */
  heal(isThere) {
    for (const [id, gallery] of this.held) {
      if (isThere(id)) continue;
      for (const address of gallery.addresses.values()) URL.revokeObjectURL(address);
      for (const held of [this.held, this.hashes, this.resting]) held.delete(id);
    }
  }
}

/** @param {Entry} entry */
export const keyOf = ({ writer_id, seq }) => `${writer_id} ${seq}`;
