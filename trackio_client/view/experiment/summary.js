// @ts-check
/** Every metric in numbers: the last value, the best with its step, min, max, mean, how many points over which steps. */

import { copyMenu, inMarkdown, json, tabbed } from "./copies.js";
import { eachFrame, fill, h, later, text } from "../base/dom.js";
import { matcher } from "../base/matching.js";
import { Pane } from "./pane.js";
import { count, exact, number, plural, revived } from "../base/words.js";

const WHOLE = 250; // rows that are all made; of more, those in view
const ROW_PX = 28;
const AHEAD = 20;
const SEARCH_FROM = 10;
/** @type {[string, string, (values: any) => any][]} name, hover, value to sort by */
const COLUMNS = [
  ["metric", "", () => ""],
  ["last", "the value that was logged last", (values) => values.last],
  ["best", "the lowest or the highest, by the metric's goal: define_metric(…, goal=…) says which", (values) => values.best],
  ["at step", "where the best value was logged", (values) => values.best_step],
  ["min", "", (values) => values.min],
  ["max", "", (values) => values.max],
  ["mean", "of all values that are numbers", (values) => values.mean],
  ["points", "how many values were logged", (values) => values.points],
  ["steps", "the first and the last step with a value", (values) => values.last_step],
];

export class SummaryPanel {
  constructor() {
    this.pane = new Pane("Summary", { class: "tk-summary-pane" });
    this.root = this.pane.root;
    this.sort = { by: 0, down: false };
    this.field = h("input", { type: "search", placeholder: "Find a metric", "aria-label": "Find a metric", spellcheck: "false" });
    this.field.addEventListener("input", later(() => this.#choose(), 30));
    this.search = h("label", { class: "tk-field sm", hidden: true }, this.field);
    this.pane.tools.append(this.search, copyMenu("Copy the summary", {
      "As a table for a spreadsheet": () => tabbed(this.#table()),
      "As a table in Markdown": () => inMarkdown(this.#table()),
      "As JSON": () => json(Object.fromEntries((this.names ?? []).map((name) => [name, this.values[name]]))),
    }));
    this.heads = COLUMNS.map(([name, hover], i) => h("th", { class: i ? "num" : "", scope: "col", "aria-sort": "none" }, h("button", { title: [hover, "Sort by it"].filter(Boolean).join(". "), on: { click: () => this.#sortBy(i) } }, name)));
    this.body = h("tbody", null);
    this.box = h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Summary" }, h("table", { class: "tk-plain tk-summary" }, h("thead", null, h("tr", null, this.heads)), this.body));
    this.none = h("p", { class: "tk-pane-words", hidden: true });
    this.pane.body.append(this.box, this.none);
    this.box.addEventListener("scroll", eachFrame(() => this.names.length > WHOLE && this.draw()), { passive: true });
    /** @type {Map<string, HTMLElement>} */ this.lines = new Map();
    this.values = /** @type {Record<string, any>} */ ({});
    this.names = /** @type {string[]} */ ([]);
  }

  /** @param {any} detail @param {string[]} order metrics as the charts stand; what it does not name comes after */
  paint({ summary = {}, user_summary: given = {} }, order = []) {
    const own = Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => !(name in summary)).map(([name, value]) => [name, { last: value, set: true }]));
    this.values = { ...summary, ...own };
    const names = Object.keys(this.values);
    this.place = new Map(order.map((name, i) => [name, i]));
    const total = Object.keys(summary).length;
    const bad = Object.values(summary).filter((/** @type {any} */ each) => each.bad > 0).length;
    this.pane.say(names.length ? [plural(total, "metric"), bad ? `${count(bad)} with NaN or ∞` : "", Object.keys(own).length ? `${count(Object.keys(own).length)} set by hand` : ""].filter(Boolean).join(", ") : "");
    this.search.hidden = names.length < SEARCH_FROM;
    this.pane.show(names.length > 0); // until the first number the charts' place says what to do
    this.#choose();
  }

  #sortBy(/** @type {number} */ by) {
    // A number: highest first, then lowest, then as the charts stand. A name: the order of letters.
    const again = this.sort.by === by;
    this.sort = !again ? { by, down: by > 0 } : this.sort.down === by > 0 ? { by, down: !this.sort.down } : { by: 0, down: false };
    this.isNamed = by === 0 && !again ? true : by === 0 && this.isNamed && this.sort.down;
    this.#choose();
  }

  #choose() {
    const matches = matcher(this.field.value);
    const { by, down } = this.sort;
    const names = Object.keys(this.values).filter((name) => !matches || matches(name));
    const place = /** @type {Map<string, number>} */ (this.place ?? new Map());
    const ordered = (/** @type {string} */ a, /** @type {string} */ b) => (place.get(a) ?? 1e9) - (place.get(b) ?? 1e9) || (a < b ? -1 : a > b ? 1 : 0);
    const value = COLUMNS[by][2];
    const figure = (/** @type {string} */ name) => {
      const known = revived(value(this.values[name]));
      return typeof known === "number" && !Number.isNaN(known) ? known : null; // what is no number stands last, either way
    };
    if (by === 0) names.sort(this.isNamed ? (a, b) => (down ? -1 : 1) * a.localeCompare(b, undefined, { numeric: true }) : ordered);
    else {
      const known = new Map(names.map((name) => [name, figure(name)]));
      names.sort((a, b) => {
        const [x, y] = [known.get(a), known.get(b)];
        if (x === null || y === null || x === undefined || y === undefined) return Number(x === null) - Number(y === null) || ordered(a, b);
        return (down ? y - x : x - y) || ordered(a, b);
      });
    }
    this.names = names;
    this.heads.forEach((head, i) => head.setAttribute("aria-sort", i === by && (by || this.isNamed) ? (down ? "descending" : "ascending") : "none"));
    this.none.hidden = names.length > 0 || !Object.keys(this.values).length;
    if (!this.none.hidden) text(this.none, `No metric holds “${this.field.value}”.`);
    this.draw();
  }

  draw() {
    const { names } = this;
    const isWhole = names.length <= WHOLE;
    const top = this.box.scrollTop;
    const from = isWhole ? 0 : Math.max(0, Math.min(names.length, Math.floor(top / ROW_PX)) - AHEAD);
    const to = isWhole ? names.length : Math.min(names.length, from + Math.ceil((this.box.clientHeight || 480) / ROW_PX) + 2 * AHEAD);
    const shown = names.slice(from, to);
    const standing = `${from} ${shown.join("\n")} ${names.length}`;
    for (const name of shown) this.#fill(name);
    if (standing === this.standing) return;
    this.standing = standing;
    const gap = (/** @type {number} */ rows) => (rows ? h("tr", { class: "tk-space", "aria-hidden": "true" }, h("td", { colspan: String(COLUMNS.length), style: { height: `${rows * ROW_PX}px` } })) : null);
    fill(this.body, gap(from), shown.map((name) => this.lines.get(name)), gap(names.length - to));
    if (!isWhole) for (const name of [...this.lines.keys()]) if (this.lines.size > 1000 && !shown.includes(name)) this.lines.delete(name);
  }

  /** The cells of a metric: text and what hover says. @param {string} name @returns {[string, string][]} */
  #cells(name) {
    const values = this.values[name];
    const cell = (/** @type {any} */ raw, step = /** @type {any} */ (null)) => {
      const value = revived(raw);
      if (value === undefined || value === null) return /** @type {[string, string]} */ (["", ""]);
      return /** @type {[string, string]} */ ([number(value), step === null || step === undefined ? exact(value) : `${exact(value)}, at step ${number(step)}`]);
    };
    const whole = (/** @type {any} */ value) => /** @type {[string, string]} */ (value === undefined || value === null ? ["", ""] : [count(value), exact(value)]);
    const range = values.set ? "set by hand" : values.last_step === undefined || values.last_step === null ? "" : values.first_step === undefined || values.first_step === values.last_step ? count(values.last_step) : `${count(values.first_step)} to ${count(values.last_step)}`;
    const points = whole(values.points);
    if (values.bad) points[1] = `${points[1]}, ${count(values.bad)} of them NaN or ∞`;
    return [cell(values.last, values.last_step), cell(values.best), whole(values.best_step), cell(values.min, values.min_step), cell(values.max, values.max_step), cell(values.mean), points, [range, ""]];
  }

  /** @param {string} name */
  #fill(name) {
    let line = this.lines.get(name);
    if (!line) this.lines.set(name, (line = h("tr", null, h("td", { title: name }, name), COLUMNS.slice(1).map((_, i) => h("td", { class: i === 1 ? "num tk-best-value" : "num" })))));
    const row = /** @type {HTMLElement} */ (line);
    this.#cells(name).forEach(([words, hover], i) => {
      const cell = /** @type {HTMLElement} */ (row.children[i + 1]);
      text(cell, words);
      if (cell.title !== hover) cell.title = hover;
    });
    row.classList.toggle("bad", this.values[name].bad > 0);
  }

  /** All that is chosen now, exact. @returns {any[][]} */
  #table() {
    const plain = (/** @type {any} */ value) => (value === null || value === undefined ? "" : exact(revived(value)));
    return [[...COLUMNS.map(([name]) => name).slice(0, -1), "first step", "last step"], ...this.names.map((name) => {
      const each = this.values[name];
      return [name, ...[each.last, each.best, each.best_step, each.min, each.max, each.mean, each.points, each.first_step, each.last_step].map(plain)];
    })];
  }
}
