// @ts-check
/** All artifacts of a project by name: searched, sorted, of one type, with the newest version of each. */

import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { when } from "../base/times.js";
import { count, plural } from "../base/words.js";
import { size } from "../experiment/checkpoints.js";
import { plainTable } from "../experiment/pane.js";
import { versionWord } from "../experiment/artifacts.js";

const AT_ONCE = 200; // rows made at once; the button makes more
/** @type {Record<string, {label: string, num?: boolean, read: (row: any) => any}>} */
const COLUMNS = {
  name: { label: "name", read: (row) => row.name.toLowerCase() },
  type: { label: "type", read: (row) => row.type ?? "" },
  versions: { label: "versions", num: true, read: (row) => row.versions },
  latest: { label: "latest", read: (row) => row.latest ?? -1 },
  aliases: { label: "aliases", read: (row) => othersOf(row).join(", ").toLowerCase() },
  bytes: { label: "size", num: true, read: (row) => row.bytes },
  updated: { label: "changed", num: true, read: (row) => row.updated_s },
};
const USUAL = "-updated";
const LONGEST_ALIASES = 3;
/** Aliases of any version: "latest" has a column of its own. @param {any} row @returns {string[]} */
const othersOf = (row) => (row.aliases ?? []).filter((/** @type {string} */ each) => each !== "latest");

/** Those that hold every word, of a type, in an order. @param {any[]} rows @param {{search: string, type: string | null, sort: string}} by @returns {any[]} */
export function chosenOf(rows, { search, type, sort }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (/** @type {any} */ row) => [row.name, row.type, ...(row.aliases ?? [])].join(" ").toLowerCase();
  const hits = rows.filter((row) => (!type || row.type === type) && words.every((word) => text(row).includes(word)));
  const key = sort.replace(/^-/, "");
  const read = (COLUMNS[key] ?? COLUMNS.updated).read;
  const sense = sort.startsWith("-") ? -1 : 1;
  return hits.sort((a, b) => {
    const [one, other] = [read(a), read(b)];
    return (one < other ? -sense : one > other ? sense : 0) || (a.name < b.name ? -1 : 1);
  });
}

export class Names {
  /** @param {import("../data/state.js").PageState} state */
  constructor(state) {
    this.state = state;
    this.shown = AT_ONCE;
    this.field = h("input", { type: "search", placeholder: "Find an artifact", "aria-label": "Find an artifact", spellcheck: "false" });
    this.field.addEventListener("input", later(() => state.set({ artifactSearch: this.field.value }), 30));
    this.type = menuButton({
      label: "", title: "Type",
      items: () => [{ value: "", label: "all types", chosen: !state.get("artifactType") }, ...this.types().map(([type, n]) => ({ value: type, label: type, note: count(n), chosen: type === state.get("artifactType") }))],
      choose: (value) => state.set({ artifactType: value || null }),
    });
    this.told = h("span", { class: "tk-soft", role: "status" });
    this.table = h("div", { class: "tk-panel" });
    this.more = h("button", { class: "tk-btn sm tk-more", hidden: true });
    this.more.addEventListener("click", () => ((this.shown += AT_ONCE), this.paint(this.rows, this.trouble)));
    this.root = h("div", { class: "tk-artifacts", hidden: true },
      h("div", { class: "tk-labels-bar" }, h("label", { class: "tk-field sm tk-artifacts-find" }, icon("search"), this.field), h("span", { class: "tk-control" }, h("span", null, "Type"), this.type), this.told), this.table, this.more);
    this.key = "";
    /** @type {any[]} */ this.rows = [];
    /** @type {any} */ this.trouble = null;
  }

  /** @returns {[string, number][]} */
  types() {
    /** @type {Map<string, number>} */ const counts = new Map();
    for (const { type } of this.rows) if (type) counts.set(type, (counts.get(type) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  /** @param {any[]} rows @param {any} trouble of the last question; the rows are those of the one before */
  paint(rows, trouble) {
    const { state } = this;
    const by = { search: state.get("artifactSearch") ?? "", type: state.get("artifactType"), sort: state.get("artifactSort") ?? USUAL };
    if (document.activeElement !== this.field) this.field.value = by.search;
    const key = JSON.stringify([by, this.shown, trouble?.message, Math.floor(Date.now() / 60_000)]);
    if (key === this.key && rows === this.rows) return;
    const same = JSON.stringify(rows) === this.held && key === this.key;
    [this.key, this.rows, this.trouble] = [key, rows, trouble];
    if (same) return;
    this.held = JSON.stringify(rows);
    const hits = chosenOf([...rows], by);
    this.type.say(by.type ?? "all types");
    const bytes = hits.reduce((sum, row) => sum + (row.bytes ?? 0), 0);
    const versions = hits.reduce((sum, row) => sum + row.versions, 0);
    text(this.told, [hits.length === rows.length ? plural(rows.length, "artifact") : `${count(hits.length)} of ${plural(rows.length, "artifact")}`, plural(versions, "version"), `newest ${size(bytes)}`, trouble ? `not up to date: ${trouble.title ?? trouble.message}` : ""].filter(Boolean).join(", "));
    const head = Object.entries(COLUMNS).map(([name, { label, num }]) => {
      const isBy = by.sort.replace(/^-/, "") === name;
      const falls = by.sort.startsWith("-");
      const button = h("button", { title: "Sort by it", on: { click: () => this.#sortBy(name, isBy, falls) } }, label, isBy ? icon(falls ? "falling" : "up") : null);
      return h("th", { class: [num ? "num" : "", isBy ? "by" : ""].join(" "), scope: "col", "aria-sort": isBy ? (falls ? "descending" : "ascending") : "none" }, button);
    });
    const focused = this.root.contains(document.activeElement) ? document.activeElement?.closest("th, tr")?.querySelector("button, a")?.textContent : null;
    fill(this.table, hits.length ? plainTable({ label: "Artifacts", class: "tk-artifact-names", head, rows: hits.slice(0, this.shown).map((row) => this.#row(row)) }) : h("p", { class: "tk-soft tk-pane-words" }, `No artifact of ${count(rows.length)} holds “${[by.search, by.type].filter(Boolean).join(", ")}”.`));
    if (focused) /** @type {any} */ ([...this.table.querySelectorAll("th button, td a")].find((each) => each.textContent === focused))?.focus();
    const left = hits.length - this.shown;
    this.more.hidden = left <= 0;
    text(this.more, `Show ${count(Math.min(left, AT_ONCE))} more of ${count(left)}`);
  }

  /** @param {string} name @param {boolean} isBy @param {boolean} falls */
  #sortBy(name, isBy, falls) {
    const first = ["name", "type", "aliases"].includes(name) ? name : `-${name}`;
    const next = isBy ? (falls ? name : `-${name}`) : first;
    this.state.set({ artifactSort: next === USUAL ? null : next });
  }

  /** @param {any} row */
  #row(row) {
    const link = h("a", { href: addressOf(this.state, { artifact: row.name }), title: row.name }, row.name);
    link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.state.set({ artifactName: row.name, artifactVersion: null, artifactAgainst: null });
    });
    const aliases = othersOf(row);
    const more = aliases.length - LONGEST_ALIASES;
    const tags = aliases.slice(0, LONGEST_ALIASES).map((/** @type {string} */ each) => h("span", { class: "tk-tag" }, each));
    return h("tr", null,
      h("td", null, link), h("td", { class: "tk-soft" }, row.type ?? "–"), h("td", { class: "num" }, count(row.versions)),
      h("td", null, h("span", { class: "tk-tag" }, versionWord(row.latest))), h("td", { title: aliases.join(", ") }, tags, more > 0 ? h("span", { class: "tk-soft" }, ` +${count(more)}`) : null),
      h("td", { class: "num" }, size(row.bytes)), h("td", { class: "num" }, when(row.updated_s, "ago")));
  }
}

/** @param {import("../data/state.js").PageState} state @param {Record<string, string>} more */
export const addressOf = (state, more) => `?${new URLSearchParams({ project: state.get("project"), view: "artifacts", ...more })}`;
