// @ts-check
/** What stands in a cell of the table: of an experiment, or of a group. */
import { alertSign, alertWords } from "../base/alerts.js";
import { h } from "../base/dom.js";
import { sign, stateWord } from "../base/icons.js";
import { BUT_SEED, settingNames } from "../base/seeds.js";
import { when } from "../base/times.js";
import { age, clock, columnFormat, count, duration, exact, iso, number } from "../base/words.js";
import { gapNode } from "./baseline.js";
import { kindOf, readCell } from "./columns.js";
import { spreadOf, varietyOf } from "./groups.js";

const OF_METRICS = ["metric", "last", "best", "min", "max", "mean"];
const none = () => h("span", { class: "tk-none" }, "–");

/** How each column says its numbers: one number of decimals a column. */
export class Cells {
  /** @param {any[]} rows those that are listed @param {any[]} metrics @param {() => number} now_s */
  constructor(rows, metrics, now_s) {
    this.rows = rows;
    this.judged = rows; // those of which one is the best
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
    /** @type {Map<string, string> | undefined} */
    this.settings = undefined;
    /** @type {any} the row that others are compared with */
    this.baseline = null;
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

  /** Whether a column holds numbers of a metric. @param {string} key */
  isOfMetric(key) {
    return OF_METRICS.includes(key.slice(0, key.indexOf(":")));
  }

  /** Which way is better in a column: "min", "max", or nobody said. @param {string} key @returns {string | null} */
  goalOf(key) {
    return (this.isOfMetric(key) && this.goals.get(key.slice(key.indexOf(":") + 1))) || null;
  }

  /** @param {string} key @param {any[]} values */
  #bestIn(key, values) {
    const goal = this.goalOf(key);
    const finite = goal ? values.filter((value) => Number.isFinite(value)) : [];
    return finite.length < 2 ? undefined : finite.reduce((a, b) => (goal === "min" ? Math.min(a, b) : Math.max(a, b)));
  }

  /** The best value of a column with a goal; only that is bold. @param {string} key */
  bestOf(key) {
    if (!this.best.has(key)) this.best.set(key, this.#bestIn(key, this.judged.map((row) => readCell(row, key))));
    return this.best.get(key);
  }

  /** As `bestOf`, of the groups' means. @param {string} key */
  bestMean(key) {
    return this.#bestIn(key, this.groups.map((group) => spreadOf(group.rows.map((row) => readCell(row, key)))?.mean));
  }

  /** What the baseline has in a column: in groups the mean of the group that holds it. @param {string} key @param {boolean} [inGroups] */
  baseOf(key, inGroups = false) {
    if (!this.baseline || !this.isOfMetric(key)) return undefined;
    const group = inGroups && this.groups.find(({ rows }) => rows.includes(this.baseline));
    return group ? spreadOf(group.rows.map((row) => readCell(row, key)))?.mean : readCell(this.baseline, key);
  }

  /** Whether a column stands to the right, as numbers do. @param {string} key */
  isNumeric(key) {
    const kind = kindOf(key);
    if (kind !== "any") return kind !== "text";
    return this.rows.slice(0, 200).every((row) => !["string", "object", "boolean"].includes(typeof (readCell(row, key) ?? undefined)));
  }

  /** What a setting is called among those that are listed. @param {import("../base/seeds.js").Setting} setting */
  settingName(setting) {
    this.settings ??= settingNames(this.rows.map((row) => readCell(row, BUT_SEED)));
    return this.settings.get(setting.same) ?? "";
  }

  /** The words of a cell. @param {any} row @param {string} key */
  words(row, key) {
    const value = readCell(row, key);
    if (value === undefined || value === null) return "–";
    if (key === BUT_SEED) return this.settingName(value);
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
    if (kindOf(key) === "time") return when(value);
    if (kindOf(key) === "span") return h("span", { title: `${exact(value)} s` }, words);
    if (typeof value === "object") return h("span", { class: "tk-mono", title: words }, words);
    const node = h(value === this.bestOf(key) ? "b" : "span", { title: typeof value === "number" ? exact(value) : String(value) }, words);
    if (!this.baseline || row.id === this.baseline.id) return node;
    return h("span", null, gapNode(value, this.baseOf(key), this.goalOf(key), this.baseline.name), node);
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
    const say = this.#sayer(key);
    const title = `mean ${say(spread.mean)}${spread.n > 1 ? `, sd ${say(spread.sd)}` : ""}, n ${count(spread.n)}\nlowest ${say(spread.min)}, highest ${say(spread.max)}${spread.missing ? `\n${count(spread.missing)} without a number` : ""}`;
    const { mean, sd } = /** @type {{mean: string, sd: string | null}} */ (this.figuresOf(group, key));
    const gap = this.baseline && !group.rows.includes(this.baseline) ? gapNode(spread.mean, this.baseOf(key, true), this.goalOf(key), `the group of ${this.baseline.name}`) : null;
    return h("span", { title }, gap, mean, sd === null ? null : h("span", { class: "tk-sd" }, ` ± ${sd}`));
  }

  /** @param {string} key @returns {(value: number) => string} */
  #sayer(key) {
    return kindOf(key) === "span" ? duration : (value) => this.meanFormat(key)(value);
  }

  /** Mean and deviation of a group as words; null where it has no number. @param {import("./groups.js").Group} group @param {string} key */
  figuresOf(group, key) {
    const spread = spreadOf(group.rows.map((row) => readCell(row, key)));
    if (!spread) return null;
    const say = this.#sayer(key);
    return { value: spread.mean, mean: say(spread.mean), sd: spread.n === 1 || spread.min === spread.max ? null : say(spread.sd) };
  }

  /** What a group is called. @param {import("./groups.js").Group} group @param {string[]} by @param {(key: string) => string} label */
  nameOf(group, by, label) {
    return by.map((key, i) => {
      const value = group.values[i];
      const words = value === undefined || value === null ? "none" : this.words(group.rows[0], key);
      return by.length === 1 || key === BUT_SEED ? words : `${label(key)} ${words}`;
    }).join(" · ");
  }
}
