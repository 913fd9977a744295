// @ts-check
/** Which labels are taken for which: the matrix of an evaluation, shares of a row, of a column, or cases. */

import { fill, h } from "../base/dom.js";
import { bestOf } from "./evaluations.js";
import { heatTable } from "../base/heat.js";
import { where } from "./labels.js";
import { normalised, pairsInWords, pairsOf, sumsOf } from "./matrix.js";
import { menuButton } from "../base/menu.js";
import { Pane, plainTable } from "./pane.js";
import { grouped, setsOf } from "./stepped.js";
import { count, number, plural } from "../base/words.js";

const MOST_IN_MATRIX = 40;
const MOST_CONFUSED = 9;
/** What a cell shows. */
const NORMS = { row: "Shares of a row", column: "Shares of a column", none: "Counts" };

export class ConfusionPanel {
  /** @param {(entry: import("./facts.js").Entry) => Promise<any>} content */
  constructor(content) {
    this.content = content;
    this.pane = new Pane("Confusion");
    this.root = this.pane.root;
    /** @type {import("./matrix.js").Norm} */ this.norm = "row";
    this.of = ""; // "": whatever stands first; else "entities" or "labels"
    this.chosen = /** @type {number | null} */ (null); // the step; null is the best evaluation, or the newest
    /** @type {import("./stepped.js").Group[]} */ this.entries = [];
    this.set = /** @type {string | null} */ (null);
    /** @type {Map<string, any>} */ this.bySet = new Map();
    this.best = /** @type {number | null} */ (null);
    this.shares = menuButton({ label: "", title: "What a cell shows", items: () => Object.entries(NORMS).map(([value, label]) => ({ value, label, chosen: value === this.norm })), choose: (value) => this.normBy(/** @type {any} */ (value)) });
    this.ways = menuButton({ label: "", title: "Confusion of what", items: () => this.sets().map(([name]) => ({ value: name, label: name, chosen: name === this.way() })), choose: (value) => ((this.of = value), this.draw()) });
    this.steps = menuButton({ label: "", title: "Evaluation", items: () => [{ value: "", label: this.best === null ? "the newest" : "the best, else the newest", chosen: this.chosen === null }, ...[...this.entries].reverse().map((each) => ({ value: String(each.step), label: `step ${number(each.step)}`, note: each.epoch === null ? "" : `epoch ${number(each.epoch)}`, chosen: each.step === this.chosen }))], choose: (value) => ((this.chosen = value === "" ? null : Number(value)), this.load()) });
    this.setMenu = menuButton({ label: "", title: "Evaluation set", items: () => [...this.bySet.keys()].map((value) => ({ value, label: value || "evaluation", chosen: value === this.set })), choose: (value) => ((this.set = value), this.draw()) });
    this.pane.tools.append(this.setMenu, this.ways, this.shares, this.steps);
  }

  /** @param {import("./matrix.js").Norm} norm */
  normBy(norm) {
    if (norm === this.norm) return;
    this.norm = norm;
    this.onNorm?.(norm);
    this.draw();
  }

  /** Another experiment: what was shown is of the one before. */
  forget() {
    Object.assign(this, { entries: [], shown: undefined, chosen: null, best: null, bySet: new Map() });
    fill(this.pane.body);
  }

  /** @param {import("./facts.js").Entry[]} entries */
  add(entries) {
    if (!entries.length) return;
    this.entries = grouped(this.entries, entries);
    this.pane.show(true);
    this.pane.whenSeen(() => this.load());
    if (this.pane.isSeen) this.load();
  }

  /** Which evaluation is the best. @param {any} training */
  paint(training) {
    const step = bestOf(training ?? {})?.entry.global_step ?? null;
    if (step === this.best) return;
    this.best = step;
    if (this.pane.isSeen) this.load();
  }

  async load() {
    const entry = this.entries.find((each) => each.step === (this.chosen ?? this.best)) ?? this.entries.at(-1);
    if (!entry || entry === this.shown) return;
    this.shown = entry;
    try {
      const sets = await setsOf(entry, this.content);
      if (this.shown !== entry) return;
      this.bySet = sets;
      if (this.set === null || !sets.has(this.set)) this.set = sets.keys().next().value ?? null;
      this.draw();
    } catch (error) {
      if (this.shown === entry) this.fail(entry, /** @type {Error} */ (error));
    }
  }

  /** The matrix of another evaluation does not stay in its place. @param {import("./stepped.js").Group} entry @param {Error} error */
  fail(entry, error) {
    Object.assign(this, { shown: undefined, bySet: new Map() });
    this.setMenu.hidden = this.ways.hidden = this.shares.hidden = true;
    this.drawSteps(entry);
    this.pane.say(where({ global_step: entry.step, epoch: entry.epoch }));
    const again = h("button", { class: "tk-btn sm", on: { click: () => this.load() } }, "Try again");
    fill(this.pane.body, h("p", { class: "tk-pane-words" }, `This did not come: ${error.message} `, again));
  }

  /** @param {import("./stepped.js").Group} entry the one that is shown */
  drawSteps(entry) {
    const isBest = entry.step !== null && entry.step === this.best;
    this.steps.hidden = this.entries.length < 2;
    this.steps.say(this.chosen === null ? (isBest ? "best evaluation" : "newest evaluation") : `step ${number(this.chosen)}`);
  }

  /** @returns {[string, any][]} */
  sets() {
    const data = this.bySet.get(this.set ?? "");
    const entities = data?.entities;
    const own = data?.kind === "tokens" ? "tags" : "labels";
    return /** @type {[string, any][]} */ ([["entities", Array.isArray(entities?.matrix) ? entities : null], [own, data]]).filter(([, each]) => each);
  }

  way() {
    const names = this.sets().map(([name]) => name);
    return names.includes(this.of) ? this.of : names[0];
  }

  draw() {
    const data = Object.fromEntries(this.sets())[this.way()];
    if (!data || !this.shown) return;
    const isBest = this.shown.step !== null && this.shown.step === this.best;
    this.setMenu.hidden = this.bySet.size < 2;
    this.setMenu.say(this.set || "evaluation");
    this.ways.hidden = this.sets().length < 2;
    this.ways.say(this.way());
    this.shares.hidden = false;
    this.shares.say(NORMS[this.norm]);
    this.drawSteps(this.shown);
    if (!Array.isArray(data.matrix)) return this.drawLarge(data, isBest);
    const { labels, matrix } = data;
    const { rows: sums } = sumsOf(matrix);
    const shares = normalised(matrix, this.norm);
    const order = labels.map((/** @type {any} */ _, /** @type {number} */ i) => i);
    const shown = labels.length > MOST_IN_MATRIX ? order.sort((/** @type {number} */ a, /** @type {number} */ b) => sums[b] - sums[a]).slice(0, MOST_IN_MATRIX) : order;
    const rows = shown.map((/** @type {number} */ i) => ({ word: String(labels[i]), n: count(sums[i]), cells: shown.map((/** @type {number} */ j) => this.cell(labels, matrix[i]?.[j] ?? 0, shares[i][j], sums[i], i, j)) }));
    this.pane.say(this.words(isBest, labels.length, shown.length));
    const frame = heatTable({ label: "Confusion of labels", corner: "gold ↓ answered →", columns: shown.map((/** @type {number} */ j) => ({ word: String(labels[j]) })), rows, hasCounts: true });
    fill(this.pane.body, h("div", { class: "tk-confusion" }, frame, this.most(data)), this.said(data), this.errors(data));
    return undefined;
  }

  /** @param {boolean} isBest @param {number} all @param {number} shown */
  words(isBest, all, shown) {
    const entry = /** @type {import("./stepped.js").Group} */ (this.shown);
    const at = where({ global_step: entry.step, epoch: entry.epoch });
    return [`${at}${isBest ? ", best" : ""}`, shown < all ? `the ${shown} labels with most cases of ${count(all)}` : null, { row: "a row sums to 100", column: "a column sums to 100", none: "cases" }[this.norm]].filter(Boolean).join("; ");
  }

  /** @param {any[]} labels @param {number} n @param {number | null} share @param {number} sum of the row @param {number} i @param {number} j */
  cell(labels, n, share, sum, i, j) {
    const percent = (share ?? 0) * 100;
    const words = n === 0 ? "·" : this.norm === "none" ? count(n) : percent.toFixed(percent < 9.5 ? 1 : 0).replace(/\.0$/, "");
    const of = this.norm === "column" ? `${percent.toFixed(1)} % of what is answered ${labels[j]}` : `${count(n)} of ${count(sum)}`;
    return { value: share, t: n ? share : null, words, ring: i === j && n > 0, title: `${labels[i]} ${i === j ? "answered right" : `taken for ${labels[j]}`}: ${of}` };
  }

  /** The pairs that are confused most, in a sentence. @param {any} data */
  said(data) {
    if (!Array.isArray(data.matrix)) return null;
    const words = pairsInWords(data.labels.map(String), data.matrix);
    return words.length ? h("p", { class: "tk-pane-words" }, words.join(" ")) : null;
  }

  /** Of very many labels only what counts most was recorded. @param {any} data @param {boolean} isBest */
  drawLarge(data, isBest) {
    this.pane.say(`${this.words(isBest, Number(data.labels) || 0, Number(data.labels) || 0).split("; ")[0]}; ${count(data.labels)} labels, too many for a matrix`);
    fill(this.pane.body, this.most({ most_frequent: data.cells ?? data.most_frequent }));
  }

  /** @param {any} data */
  most(data) {
    const found = data.most_frequent ?? (Array.isArray(data.matrix) ? pairsOf(data.labels.map(String), data.matrix) : []);
    const answered = (data.matrix ?? []).flat().some((/** @type {number} */ n) => n > 0);
    if (!found.length) return h("p", { class: "tk-pane-words" }, data.matrix && !answered ? "No case has an answer here." : "No case was taken for another label.");
    const line = (/** @type {any} */ each) => h("tr", null, h("td", { title: each.gold }, each.gold), h("td", { title: each.predicted }, each.predicted), h("td", { class: "num" }, count(each.count)), h("td", { class: "num" }, typeof each.share === "number" ? `${(100 * each.share).toFixed(each.share < 0.0995 ? 1 : 0)} %` : "–"));
    return h("div", { class: "tk-confused" }, h("h3", null, "Most frequent"), plainTable({ label: "Most frequent confusions", head: ["gold", "answered", "cases", "of gold"].map((word, i) => h("th", { class: i > 1 ? "num" : "", scope: "col" }, word)), rows: found.slice(0, MOST_CONFUSED).map(line) }));
  }

  /** What happened to the entities that should have been found. @param {any} data */
  errors(data) {
    const spans = data.gold_spans;
    if (!spans) return null;
    const total = Object.values(spans).reduce((/** @type {number} */ sum, n) => sum + Number(n), 0);
    const words = { right: "right", type: "another type", ends: "other ends", "type and ends": "another type and other ends", missed: "missed" };
    const parts = Object.entries(words).filter(([key]) => spans[key]).map(([key, word]) => `${word} ${count(spans[key])}`);
    return h("p", { class: "tk-pane-words" }, `Of ${plural(total, "gold entit").replace(/entits?$/, total === 1 ? "entity" : "entities")}: ${parts.join(", ") || "none"}. Answered where there is none: ${count(data.made_up ?? 0)}.`);
  }

  close() {
    this.pane.close();
  }
}
