// @ts-check
/** Experiments beside each other, in six ways: what differs, two groups of seeds, all along axes, any two, one over two, what matters. */
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { count } from "../base/words.js";
import { DEFAULTS } from "../data/state.js";
import { Rows } from "./rows.js";
import { SideBySide } from "./sidebyside.js";
import { Groups } from "./groups.js";
import { Parallel } from "./parallel.js";
import { Scatter } from "./scatter.js";
import { Contour } from "./contour.js";
import { Importance } from "./importance.js";

/** @typedef {{update: (keys: Set<string>) => void}} Part */
/** @type {Record<string, {label: string, make: (pane: HTMLElement, parts: any) => Part}>} */
const PARTS = {
  differ: { label: "Side by side", make: (pane, parts) => new SideBySide(pane, parts) },
  groups: { label: "Groups of seeds", make: (pane, parts) => new Groups(pane, parts) },
  parallel: { label: "Parallel coordinates", make: (pane, parts) => new Parallel(pane, parts) },
  scatter: { label: "Scatter", make: (pane, parts) => new Scatter(pane, parts) },
  contour: { label: "Contour", make: (pane, parts) => new Contour(pane, parts) },
  importance: { label: "Importance", make: (pane, parts) => new Importance(pane, parts) },
};

const FOLLOWED = [
  "view", "project", "experiments", "progress", "search", "metrics", "column", "theme", "comparePart", "compareBase", "compareSame", "compareAt", "compareFind", "compareLeave",
  "compareBy", "compareFirst", "compareSecond", "compareMetric", "compareFigure", "compareOf", "compareAxes", "compareRanges", "compareLogs", "compareX", "compareY", "compareColor", "compareHeight",
];

const OF_A_PROJECT = /** @type {(keyof typeof DEFAULTS)[]} */ (["compareBase", "compareFind", "compareBy", "compareFirst", "compareSecond", "compareMetric", "compareFigure", "compareAxes", "compareRanges", "compareLogs", "compareX", "compareY", "compareColor", "compareHeight"]);

export class CompareView {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = { ...parts, rows: new Rows(parts) };
    this.state = parts.state;
    /** @type {Record<string, Part>} */ this.made = {};
    this.links = Object.entries(PARTS).map(([part, { label }]) =>
      h("button", { class: "tk-part", role: "tab", id: `tk-part-${part}`, "aria-controls": `tk-pane-${part}`, data: { part }, on: { click: () => this.state.set({ comparePart: part }) } }, label));
    this.panes = Object.fromEntries(Object.keys(PARTS).map((part) => [part, h("div", { class: `tk-compare-part ${part}`, role: "tabpanel", id: `tk-pane-${part}`, "aria-labelledby": `tk-part-${part}`, hidden: true })]));
    this.tabs = h("div", { class: "tk-parts", role: "tablist", "aria-label": "Ways to compare" }, this.links);
    this.tabs.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    // Where the list is a sheet, its button stands here: this view has no bar of controls above it.
    const words = h("span", null);
    const sheet = h("button", { class: "tk-btn sm tk-narrow tk-sheet-button", "aria-haspopup": "dialog" }, icon("list"), words);
    sheet.addEventListener("click", () => root.closest(".tk")?.classList.toggle("sheet"));
    this.state.follow(["experiments"], () => {
      const rows = this.state.get("experiments");
      text(words, `${count(rows.filter((/** @type {any} */ row) => row.shown).length)} of ${count(rows.length)} experiments`);
    });
    fill(root, h("div", { class: "tk-compare-sheet tk-narrow" }, sheet), this.tabs, Object.values(this.panes));
    root.classList.add("tk-compare");
    this.state.follow(FOLLOWED, (/** @type {Set<string>} */ keys) => this.update(keys));
  }

  /** Bases, groups and axes belong to the project they were chosen in; those that came with it, as Back brings them, stay.
   * @param {Set<string>} keys */
  forget(keys) {
    const project = this.state.get("project");
    const left = this.project && project && this.project !== project;
    this.project = project ?? this.project;
    if (left) this.state.set(Object.fromEntries(OF_A_PROJECT.filter((key) => !keys.has(key)).map((key) => [key, DEFAULTS[key]])));
  }

  /** @param {Set<string>} keys */
  update(keys) {
    if (keys.has("project")) this.forget(keys);
    if (this.state.get("view") !== "compare") return;
    const part = this.state.get("comparePart") in PARTS ? this.state.get("comparePart") : "differ";
    this.root.dataset.part = part;
    for (const link of this.links) {
      const here = link.dataset.part === part;
      link.setAttribute("aria-selected", String(here));
      link.tabIndex = here ? 0 : -1;
    }
    const here = this.links.find((/** @type {any} */ link) => link.dataset.part === part);
    if (this.shown !== part && here) this.tabs.scrollLeft = here.offsetLeft - this.tabs.offsetLeft - 12; // on narrow screens they do not all fit
    this.shown = part;
    for (const [name, pane] of Object.entries(this.panes)) pane.hidden = name !== part;
    const fresh = !this.made[part];
    this.made[part] ??= PARTS[part].make(this.panes[part], this.parts);
    this.made[part].update(fresh || keys.has("comparePart") || keys.has("view") ? new Set(FOLLOWED) : keys);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = this.links.findIndex((/** @type {any} */ link) => link.getAttribute("aria-selected") === "true");
    const next = this.links[(at + by + this.links.length) % this.links.length];
    this.state.set({ comparePart: next.dataset.part });
    next.focus();
  }
}
