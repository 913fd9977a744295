// @ts-check
/** The artifacts of a link, to look at: what its experiments made and used, newest first, one of them open with its files. */

import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { skeleton } from "../base/notices.js";
import { when } from "../base/times.js";
import { count, listed, plural } from "../base/words.js";
import { copyButton, size } from "../experiment/checkpoints.js";
import { plainTable } from "../experiment/pane.js";

const EVERY_MS = 15_000;
const AT_ONCE = 200; // versions asked for and drawn at once, and files
const HEAD = ["name", "version", "type", "size", "files", "digest", "made", "by"];
const NUMBERS = ["size", "files"];

export class SharedArtifacts {
  /** @param {HTMLElement} root @param {{state: import("../data/state.js").PageState, source: any}} parts */
  constructor(root, { state, source }) {
    this.state = state;
    this.source = source;
    /** @type {any[]} */ this.rows = [];
    this.total = -1; // not asked yet
    /** @type {any} */ this.trouble = null;
    /** @type {Map<string, any>} versions with their files, by key: these never change */ this.held = new Map();
    this.shown = AT_ONCE;
    this.heard = this.known = 0; // the newest event of these experiments, and the one at the last answer
    this.asked_ms = 0;
    this.key = ""; // of what is drawn
    /** @type {string | null} */ this.coming = null;
    this.told = h("p", { class: "tk-soft tk-shared-told", role: "status" });
    this.table = h("div", { class: "tk-panel" });
    this.more = h("button", { class: "tk-btn sm tk-more", hidden: true, on: { click: () => this.ask(this.rows.length) } });
    fill(root, h("div", { class: "tk-artifacts" }, this.told, this.table, this.more));
    fill(this.table, skeleton());
    this.stops = [
      state.follow(["view", "experiments", "progress"], () => this.#due() && this.ask(0)),
      state.follow(["artifactName", "artifactVersion", "experiments"], () => this.draw()),
    ];
  }

  close() {
    for (const stop of this.stops) stop();
  }

  /** Whether there may be others by now, and somebody looks. */
  #due() {
    if (this.state.get("view") !== "artifacts" || this.busy) return false;
    this.heard = Math.max(0, ...this.state.get("experiments").map((/** @type {any} */ row) => row.last_event_s ?? 0));
    return this.total < 0 || (this.heard !== this.known && performance.now() - this.asked_ms >= EVERY_MS);
  }

  /** The versions from a place on; from 0 on the newest are asked for again. @param {number} offset */
  async ask(offset) {
    this.busy = true;
    this.asked_ms = performance.now();
    const heard = this.heard;
    try {
      const { artifacts, total } = await this.source.linkArtifacts({ offset, limit: AT_ONCE });
      const fresh = new Set(artifacts.map(keyOf));
      const others = this.rows.filter((each) => !fresh.has(keyOf(each)));
      this.rows = offset ? [...others, ...artifacts] : [...artifacts, ...(total > AT_ONCE ? others : [])];
      [this.total, this.trouble, this.known] = [total, null, heard];
    } catch (error) {
      this.trouble = error;
    } finally {
      this.busy = false;
    }
    this.draw();
  }

  draw() {
    const { rows, trouble, state } = this;
    if (this.total < 0 && !trouble) return;
    const names = new Map(state.get("experiments").map((/** @type {any} */ row) => [row.id, row.name]));
    const open = this.#open();
    const key = JSON.stringify([rows, [...names], open && keyOf(open), trouble?.message, this.shown, open && this.held.get(keyOf(open))]);
    if (key === this.key) return;
    this.key = key;
    text(this.told, [plural(rows.length === this.total ? this.total : rows.length, "version"), rows.length < this.total ? `the newest of ${count(this.total)}` : null, trouble ? `not up to date: ${trouble.title ?? trouble.message}` : null].filter(Boolean).join(", "));
    if (!rows.length) {
      const again = h("button", { class: "tk-btn sm", on: { click: () => this.ask(0) } }, "Try again");
      return void fill(this.table, h("p", { class: "tk-pane-words" }, trouble ? [`${trouble.title ?? trouble.message} `, again] : "There is none any more."));
    }
    const focused = this.table.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.key : null;
    const from = this.table.querySelector(".tk-panel-scroll")?.scrollLeft ?? 0;
    const head = HEAD.map((word) => h("th", { class: NUMBERS.includes(word) ? "num" : "", scope: "col" }, word));
    fill(this.table, plainTable({ label: "Artifacts", class: "tk-shared-artifacts", head, rows: rows.map((each) => [this.#row(each, each === open, names), each === open ? this.#whole(each, names) : null]) }));
    /** @type {Element} */ (this.table.querySelector(".tk-panel-scroll")).scrollLeft = from;
    if (focused) /** @type {any} */ ([...this.table.querySelectorAll("button")].find((each) => each.dataset.key === focused))?.focus();
    const left = this.total - rows.length;
    this.more.hidden = left <= 0;
    text(this.more, `Show ${count(Math.min(left, AT_ONCE))} more of ${count(left)}`);
    if (open && !this.held.has(keyOf(open))) this.#have(open);
    return undefined;
  }

  /** The one that the address names. @returns {any} */
  #open() {
    const [name, version] = [this.state.get("artifactName"), this.state.get("artifactVersion")];
    return name ? this.rows.find((each) => each.name === name && (!version || version === wordOf(each) || version === each.digest)) : undefined;
  }

  /** @param {any} each @param {boolean} isOpen @param {Map<string, string>} names */
  #row(each, isOpen, names) {
    const open = () => this.state.set(isOpen ? { artifactName: null, artifactVersion: null } : { artifactName: each.name, artifactVersion: wordOf(each) });
    const button = h("button", { class: "tk-shared-open", title: each.name, "aria-expanded": String(isOpen), data: { key: keyOf(each) }, on: { click: open } }, icon(isOpen ? "down" : "right"), h("span", null, each.name));
    const made = each.time_s === null ? h("td", { class: "tk-none" }, "–") : h("td", null, when(each.time_s, "ago"));
    return h("tr", { class: isOpen ? "here" : "" },
      h("td", null, button),
      h("td", null, each.version === null ? h("span", { class: "tk-none" }, "–") : h("span", { class: "tk-tag" }, `v${each.version}`)),
      h("td", { class: "tk-soft" }, each.type ?? "–"),
      h("td", { class: "num" }, each.bytes === null ? "–" : size(each.bytes)),
      h("td", { class: "num" }, each.file_count === null ? "–" : count(each.file_count)),
      h("td", null, h("div", { class: "tk-line" }, h("code", { title: each.digest }, each.digest.slice(0, 12)), copyButton(each.digest, "Copy its digest"))),
      made,
      h("td", null, each.made_by.length ? listed(each.made_by.map((/** @type {string} */ id) => names.get(id) ?? id)) : h("span", { class: "tk-soft", title: "No experiment of this link made it" }, "made elsewhere")));
  }

  /** @param {any} each @param {Map<string, string>} names */
  #whole(each, names) {
    const one = this.held.get(keyOf(each));
    const line = (/** @type {string} */ word, /** @type {string} */ body) => h("p", { class: "tk-pane-words" }, h("span", { class: "tk-soft" }, word, " "), body);
    const inside = !one ? skeleton() : one.error
      ? h("p", { class: "tk-pane-words" }, `Its files did not come: ${one.error} `, h("button", { class: "tk-btn sm", on: { click: () => (this.held.delete(keyOf(each)), (this.key = ""), this.draw()) } }, "Try again"))
      : [
        one.from.length ? line("Made from", listed(one.from.map((/** @type {any} */ other) => `${other.name}:${wordOf(other).slice(0, 12)}`))) : null,
        each.used_by.length ? line("Used by", listed(each.used_by.map((/** @type {string} */ id) => names.get(id) ?? id))) : null,
        one.files.length ? this.#files(each, one.files) : h("p", { class: "tk-soft tk-pane-words" }, each.made_by.length ? "It holds no file." : "No experiment of this link made it, so its files are not shown."),
      ];
    return h("tr", { class: "tk-shared-one" }, h("td", { colspan: HEAD.length }, h("div", null, inside)));
  }

  /** @param {any} each @param {any[]} files */
  #files(each, files) {
    const row = (/** @type {any} */ file) => {
      const name = String(file.path ?? file.file);
      const address = file.file ? this.source.blob(file.file, name) : null;
      const save = h("a", { class: "tk-btn sm icon", href: address, download: name.split("/").at(-1), title: `Download ${name}`, "aria-label": `Download ${name}` }, icon("download"));
      return h("tr", null, h("td", { title: name }, name), h("td", { class: "num" }, typeof file.bytes === "number" ? size(file.bytes) : "–"), h("td", null, address ? save : h("span", { class: "tk-soft" }, "not on this server")));
    };
    const left = Math.max(files.length, each.file_count ?? 0) - Math.min(this.shown, files.length);
    const more = files.length > this.shown
      ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.shown += AT_ONCE), this.draw()) } }, `Show more of ${plural(left, "file")}`)
      : left > 0 ? h("p", { class: "tk-soft tk-pane-words" }, `${plural(left, "more file")} not listed.`) : null;
    const head = ["file", "size", ""].map((word, i) => h("th", { class: i === 1 ? "num" : "", scope: "col", "aria-label": word || "download" }, word));
    return [h("table", { class: "tk-plain tk-files", "aria-label": `Files of ${each.name}` }, h("thead", null, h("tr", null, head)), h("tbody", null, files.slice(0, this.shown).map(row))), more];
  }

  /** @param {any} each */
  async #have(each) {
    const key = keyOf(each);
    if (this.coming === key) return;
    this.coming = key;
    this.shown = AT_ONCE;
    try {
      this.held.set(key, await this.source.linkArtifact(each));
    } catch (error) {
      this.held.set(key, { error: /** @type {Error} */ (error).message });
    }
    this.coming = null;
    this.draw();
  }
}

/** @param {any} each */
const keyOf = (each) => [each.project, each.name, each.digest].join("\n");
/** What names a version in an address: v3, or its digest where no number is told. @param {any} each */
const wordOf = (each) => (each.version === null ? each.digest : `v${each.version}`);
