// @ts-check
/** What stands in a cell of the table: of an experiment, or of a group. */
import { alertSign, alertWords } from "../base/alerts.js";
import { h } from "../base/dom.js";
import { sign, stateWord } from "../base/icons.js";
import { age, clock, columnFormat, count, duration, exact, iso, number } from "../base/words.js";
import { kindOf, readCell } from "./columns.js";
import { spreadOf, varietyOf } from "./groups.js";

const none = () => h("span", { class: "tk-none" }, "–");

/** How each column says its numbers: one number of decimals a column. */
export class Cells {
  /** @param {any[]} rows those that are listed @param {any[]} metrics @param {() => number} now_s */
  constructor(rows, metrics, now_s) {
    this.rows = rows;
    /** @type {import("./groups.js").Group[]} */
    this.groups = [];
    this.now_s = now_s;
    this.goals = new Map(metrics.map((each) => [each.metric, each.goal]));
    /** @type {Map<string, (value: any) => string>} */
    this.formats = new Map();
    /** @type {Map<string, number | undefined>} */
    this.best = new Map();
    /** @type {Map<string, (value: any) => string>} */
    this.means = new Map();
  }

  /** @param {string} key */
  format(key) {
    let found = this.formats.get(key);
    if (!found) this.formats.set(key, (found = columnFormat(this.rows.slice(0, 500).map((row) => readCell(row, key)))));
    return found;
  }

  /** As `format`; means of whole numbers are none. @param {string} key */
  meanFormat(key) {
    let found = this.means.get(key);
    if (!found) {
      const spreads = this.groups.slice(0, 200).map((group) => spreadOf(group.rows.slice(0, 200).map((row) => readCell(row, key))));
      const values = spreads.flatMap((spread) => (spread ? [spread.mean, spread.sd] : []));
      const whole = this.rows.slice(0, 200).every((row) => !(readCell(row, key) % 1));
      this.means.set(key, (found = whole ? columnFormat(values) : this.format(key)));
    }
    return found;
  }

  /** The best value of a column with a goal; only that is bold. @param {string} key */
  bestOf(key) {
    if (this.best.has(key)) return this.best.get(key);
    const [kind, name] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
    const goal = ["metric", "last", "best", "min", "max", "mean"].includes(kind) ? this.goals.get(name) : null;
    const values = goal ? this.rows.map((row) => readCell(row, key)).filter((value) => Number.isFinite(value)) : [];
    const found = values.length < 2 ? undefined : values.reduce((a, b) => (goal === "min" ? Math.min(a, b) : Math.max(a, b)));
    this.best.set(key, found);
    return found;
  }

  /** Whether a column stands to the right, as numbers do. @param {string} key */
  isNumeric(key) {
    const kind = kindOf(key);
    if (kind !== "any") return kind !== "text";
    return this.rows.slice(0, 200).every((row) => !["string", "object", "boolean"].includes(typeof (readCell(row, key) ?? undefined)));
  }

  /** The words of a cell. @param {any} row @param {string} key */
  words(row, key) {
    const value = readCell(row, key);
    if (value === undefined || value === null) return "–";
    if (key === "state") return stateWord(value);
    if (key === "age") return age(this.now_s() - value);
    if (kindOf(key) === "time") return clock(value);
    if (kindOf(key) === "span") return duration(value);
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value.join(", ");
    if (typeof value === "object") return JSON.stringify(value);
    return typeof value === "number" ? (kindOf(key) === "num" && !key.includes(":") ? number(value) : this.format(key)(value)) : String(value);
  }

  /** @param {any} row @param {string} key @returns {Node} */
  of(row, key) {
    const value = readCell(row, key);
    if (value === undefined || value === null || value === "") return none();
    if (key === "state") return h("span", { class: `tk-state ${value}`, title: row.evidence || stateWord(value) }, sign(value, false), h("span", null, stateWord(value)));
    if (key === "tags") return h("span", { class: "tk-cell-tags", title: value.join(", ") }, value.map((/** @type {string} */ tag) => h("span", { class: "tk-tag" }, tag)));
    if (key === "alerts") return h("span", { class: "tk-cell-alerts", title: alertWords(row) }, alertSign(row.alert_level), count(value));
    if (key === "alert") return h("span", { class: "tk-cell-alerts", title: alertWords(row) }, alertSign(value), h("span", { "aria-hidden": "true" }, value));
    const words = this.words(row, key);
    if (key === "age") return h("span", { class: "tk-age", title: iso(value) }, words);
    if (kindOf(key) === "time") return h("span", { title: iso(value) }, words);
    if (kindOf(key) === "span") return h("span", { title: `${exact(value)} s` }, words);
    if (typeof value === "object") return h("span", { class: "tk-mono", title: words }, words);
    return h(value === this.bestOf(key) ? "b" : "span", { title: typeof value === "number" ? exact(value) : String(value) }, words);
  }

  /** What a group has in a column: mean ± sd, the value that all share, or how many different ones. @param {import("./groups.js").Group} group @param {string} key @returns {Node | null} */
  ofGroup(group, key) {
    if (kindOf(key) === "time") return null;
    const values = group.rows.map((row) => readCell(row, key));
    const spread = spreadOf(values);
    if (!spread) {
      const { same, different } = varietyOf(values);
      if (same !== undefined) return h("span", { class: "tk-soft" }, this.words(group.rows[0], key));
      return different ? h("span", { class: "tk-soft" }, `${count(different)} values`) : none();
    }
    const say = (/** @type {number} */ value) => (kindOf(key) === "span" ? duration(value) : this.meanFormat(key)(value));
    const title = `mean ${say(spread.mean)}${spread.n > 1 ? `, sd ${say(spread.sd)}` : ""}, n ${count(spread.n)}\nlowest ${say(spread.min)}, highest ${say(spread.max)}${spread.missing ? `\n${count(spread.missing)} without a number` : ""}`;
    const shown = spread.n === 1 || spread.min === spread.max ? null : h("span", { class: "tk-sd" }, ` ± ${say(spread.sd)}`);
    return h("span", { title }, say(spread.mean), shown);
  }

  /** What a group is called. @param {import("./groups.js").Group} group @param {string[]} by @param {(key: string) => string} label */
  nameOf(group, by, label) {
    return by.map((key, i) => {
      const value = group.values[i];
      const words = value === undefined || value === null ? "none" : this.words(group.rows[0], key);
      return by.length === 1 ? words : `${label(key)} ${words}`;
    }).join(" · ");
  }
}
