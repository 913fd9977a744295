// @ts-check
/** Scores of each label over the evaluations as a heat map, and which labels are taken for which. */

import { fill, h } from "../base/dom.js";
import { bestOf } from "./evaluations.js";
import { heatTable, score } from "../base/heat.js";
import { menuButton } from "../base/menu.js";
import { Pane, plainTable } from "./pane.js";
import { grouped, setsOf } from "./stepped.js";
import { count, exact, number, plural, revived } from "../base/words.js";

const SCORES = { f1: "F1", precision: "Precision", recall: "Recall" };
const ORDERS = { support: "support", score: "score", name: "name" };
const MOST_EVALUATIONS = 12; // columns: the first, the last, the best, and evenly between
const MOST_LABELS = 60;
const MOST_IN_MATRIX = 40;
const MOST_CONFUSED = 9;

/** Scores of an evaluation, by what they are of: entities by the way in which spans are read, then labels. @param {any} entry @returns {[string, Record<string, any>][]} */
export function labelSets(entry) {
  /** @type {[string, Record<string, any>][]} */ const found = [];
  const has = (/** @type {any} */ table) => table && typeof table === "object" && Object.keys(table).length > 0;
  for (const [way, table] of Object.entries(entry?.per_entity_metrics ?? {})) if (has(table)) found.push([`entities, ${way}`, table]);
  if (has(entry?.per_label_metrics)) found.push([found.length ? "tags" : "labels", entry.per_label_metrics]);
  return found;
}

/** At most so many of a list: the ends, what must be there, and evenly between. @param {any[]} list @param {number} most @param {any} [kept] */
export function spread(list, most, kept) {
  if (list.length <= most) return list;
  const wanted = new Set(Array.from({ length: most - (kept ? 1 : 0) }, (_, i, n = most - (kept ? 1 : 0)) => Math.round((i * (list.length - 1)) / (n - 1))));
  if (kept && list.includes(kept)) wanted.add(list.indexOf(kept));
  return list.filter((_, i) => wanted.has(i));
}

/** @param {any} entry */
const stepOf = (entry) => entry.global_step ?? entry.step ?? null;
/** @param {any} entry */
const where = (entry) => [stepOf(entry) === null ? null : `step ${number(stepOf(entry))}`, entry.epoch === undefined || entry.epoch === null ? null : `epoch ${number(entry.epoch)}`].filter(Boolean).join(", ");

export class LabelsPanel {
  constructor() {
    this.pane = new Pane("Labels");
    this.root = this.pane.root;
    this.score = "f1";
    this.order = "support";
    this.way = /** @type {string | null} */ (null);
    this.scores = menuButton({ label: "F1", title: "Score", items: () => Object.entries(SCORES).map(([value, label]) => ({ value, label, chosen: value === this.score })), choose: (value) => ((this.score = value), this.draw()) });
    this.orders = menuButton({ label: "by support", title: "Order labels by", items: () => Object.entries(ORDERS).map(([value, label]) => ({ value, label, chosen: value === this.order })), choose: (value) => ((this.order = value), this.draw()) });
    this.ways = menuButton({ label: "", title: "Scores of what", items: () => this.sets.map((way) => ({ value: way, label: way, chosen: way === this.way })), choose: (value) => ((this.way = value), this.draw()) });
    this.pane.tools.append(this.ways, this.scores, this.orders);
    /** @type {string[]} */ this.sets = [];
  }

  /** @param {any} training */
  paint(training) {
    const entries = (training?.epoch_metrics ?? []).filter((/** @type {any} */ entry) => labelSets(entry).length);
    this.pane.show(entries.length > 0);
    if (!entries.length) return;
    const key = JSON.stringify([entries.length, entries.at(-1)]);
    if (key === this.key) return;
    this.key = key;
    this.entries = entries;
    this.best = bestOf(training)?.entry;
    this.sets = [...new Set(/** @type {any[]} */ (entries).flatMap((entry) => labelSets(entry).map(([way]) => way)))];
    if (!this.way || !this.sets.includes(this.way)) this.way = this.sets[0];
    this.pane.whenSeen(() => this.draw());
    if (this.pane.isSeen) this.draw();
  }

  draw() {
    const entries = spread(this.entries, MOST_EVALUATIONS, this.best);
    const tables = entries.map((/** @type {any} */ entry) => Object.fromEntries(labelSets(entry))[/** @type {string} */ (this.way)] ?? {});
    const last = tables.at(-1) ?? {};
    const value = (/** @type {any} */ scores) => {
      const found = revived(scores?.[this.score]);
      return typeof found === "number" ? found : null;
    };
    const sums = (/** @type {string} */ name) => /^(micro|macro|weighted|overall|all)([ _-]?avg)?$/.test(name);
    const names = [...new Set(tables.flatMap((/** @type {any} */ table) => Object.keys(table)))];
    const by = {
      support: (/** @type {string} */ a, /** @type {string} */ b) => (last[b]?.support ?? 0) - (last[a]?.support ?? 0),
      score: (/** @type {string} */ a, /** @type {string} */ b) => (value(last[b]) ?? -1) - (value(last[a]) ?? -1),
      name: () => 0,
    }[/** @type {"support" | "score" | "name"} */ (this.order)];
    names.sort((a, b) => Number(sums(a)) - Number(sums(b)) || by(a, b) || a.localeCompare(b));
    const shown = names.slice(0, MOST_LABELS);
    const rows = shown.map((name) => {
      const values = tables.map((/** @type {any} */ table) => value(table[name]));
      const top = Math.max(...values.filter((/** @type {any} */ v) => v !== null));
      const cells = values.map((/** @type {number | null} */ v, /** @type {number} */ i) => cellOf(tables[i][name], v, entries[i], v === top && values.length > 1 && top > 0 && values.indexOf(v) === i));
      return { word: name, bold: sums(name), n: last[name]?.support === undefined ? "" : count(last[name].support), cells };
    });
    // Scores below a half would all be pale on a scale that ends at 1.
    const high = Math.max(0.2, ...rows.flatMap(({ cells }) => cells.map((/** @type {any} */ each) => each.value ?? 0)));
    this.ways.hidden = this.sets.length < 2;
    this.ways.say(/** @type {string} */ (this.way));
    this.scores.say(SCORES[/** @type {keyof typeof SCORES} */ (this.score)]);
    this.orders.say(`by ${this.order}`);
    const evaluations = entries.length === this.entries.length ? plural(entries.length, "evaluation") : `${entries.length} of ${count(this.entries.length)} evaluations`;
    this.pane.say(`${plural(names.length, "label")}, ${evaluations}`);
    const columns = entries.map((/** @type {any} */ entry) => ({ word: `${number(stepOf(entry) ?? entry.epoch)}${entry === this.best ? " ★" : ""}`, title: `${where(entry)}${entry === this.best ? ", the best evaluation" : ""}` }));
    fill(this.pane.body, heatTable({ label: "Score of each label at each evaluation", corner: "label", columns, rows, hasCounts: true, high }), this.words(shown, tables, entries));
  }

  /** What the eye should not have to find: labels without a case, those that fell, what is left out. @param {string[]} names @param {any[]} tables @param {any[]} entries */
  words(names, tables, entries) {
    const last = tables.at(-1) ?? {};
    const said = [];
    const absent = names.filter((name) => last[name]?.support === 0);
    if (absent.length) said.push(`No case in the evaluation set: ${absent.slice(0, 6).join(", ")}${absent.length > 6 ? ` and ${absent.length - 6} more` : ""}.`);
    const never = names.filter((name) => last[name]?.support > 0 && last[name]?.predicted === 0);
    if (never.length) said.push(`Never predicted at the last evaluation: ${never.slice(0, 6).join(", ")}${never.length > 6 ? ` and ${never.length - 6} more` : ""}.`);
    let fall = { name: "", by: 0.02, top: 0, at: 0 };
    for (const name of names) {
      const values = tables.map((table) => Number(revived(table[name]?.[this.score]) ?? NaN));
      const now = /** @type {number} */ (values.at(-1));
      values.forEach((v, i) => v - now > fall.by && (fall = { name, by: v - now, top: v, at: i }));
    }
    if (fall.name) said.push(`${fall.name} is ${fall.by.toFixed(2)} below its highest, ${fall.top.toFixed(2)} at ${where(entries[fall.at])}.`);
    return said.length ? h("p", { class: "tk-pane-words" }, said.join(" ")) : null;
  }

  close() {
    this.pane.close();
  }
}

/** @param {any} scores @param {number | null} value @param {any} entry @param {boolean} ring */
function cellOf(scores, value, entry, ring) {
  if (!scores) return { value: null, title: `${where(entry)}: not recorded` };
  const none = scores.support === 0;
  const parts = ["f1", "precision", "recall"].map((name) => `${name} ${exact(revived(scores[name]))}`);
  const title = [where(entry), ...(none ? ["no support: no case of it in the evaluation set"] : []), ...parts, `support ${scores.support ?? "not recorded"}`, ...(scores.predicted === undefined ? [] : [`predicted ${scores.predicted}`]), scores.note].filter(Boolean).join("\n");
  return { value: none ? null : value, words: none ? "·" : undefined, title, ring: ring && !none };
}

export class ConfusionPanel {
  /** @param {(entry: import("./facts.js").Entry) => Promise<any>} content */
  constructor(content) {
    this.content = content;
    this.pane = new Pane("Confusion");
    this.root = this.pane.root;
    this.counts = false;
    this.of = ""; // "": whatever stands first; else "entities" or "labels"
    this.chosen = /** @type {number | null} */ (null); // the step; null is the best evaluation, or the newest
    /** @type {import("./stepped.js").Group[]} */ this.entries = [];
    this.set = /** @type {string | null} */ (null);
    /** @type {Map<string, any>} */ this.bySet = new Map();
    this.best = /** @type {number | null} */ (null);
    this.shares = menuButton({ label: "Shares", title: "What a cell shows", items: () => [{ value: "", label: "Shares of a row, %", chosen: !this.counts }, { value: "counts", label: "Counts", chosen: this.counts }], choose: (value) => ((this.counts = value === "counts"), this.draw()) });
    this.ways = menuButton({ label: "", title: "Confusion of what", items: () => this.sets().map(([name]) => ({ value: name, label: name, chosen: name === this.way() })), choose: (value) => ((this.of = value), this.draw()) });
    this.steps = menuButton({ label: "", title: "Evaluation", items: () => [{ value: "", label: this.best === null ? "the newest" : "the best, else the newest", chosen: this.chosen === null }, ...[...this.entries].reverse().map((each) => ({ value: String(each.step), label: `step ${number(each.step)}`, note: each.epoch === null ? "" : `epoch ${number(each.epoch)}`, chosen: each.step === this.chosen }))], choose: (value) => ((this.chosen = value === "" ? null : Number(value)), this.load()) });
    this.setMenu = menuButton({ label: "", title: "Evaluation set", items: () => [...this.bySet.keys()].map((value) => ({ value, label: value || "evaluation", chosen: value === this.set })), choose: (value) => ((this.set = value), this.draw()) });
    this.pane.tools.append(this.setMenu, this.ways, this.shares, this.steps);
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
      this.shown = undefined;
      if (!this.bySet.size) fill(this.pane.body, h("p", { class: "tk-pane-words" }, `This did not come: ${/** @type {Error} */ (error).message}`));
    }
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
    this.shares.say(this.counts ? "Counts" : "Shares");
    this.steps.hidden = this.entries.length < 2;
    this.steps.say(this.chosen === null ? (isBest ? "best evaluation" : "newest evaluation") : `step ${number(this.chosen)}`);
    if (!Array.isArray(data.matrix)) return this.drawLarge(data, isBest);
    const { labels, matrix } = data;
    const sums = matrix.map((/** @type {number[]} */ row) => row.reduce((sum, n) => sum + n, 0));
    const order = labels.map((/** @type {any} */ _, /** @type {number} */ i) => i);
    const shown = labels.length > MOST_IN_MATRIX ? order.sort((/** @type {number} */ a, /** @type {number} */ b) => sums[b] - sums[a]).slice(0, MOST_IN_MATRIX) : order;
    const rows = shown.map((/** @type {number} */ i) => ({ word: String(labels[i]), n: count(sums[i]), cells: shown.map((/** @type {number} */ j) => this.cell(labels, matrix[i]?.[j] ?? 0, sums[i], i, j)) }));
    this.pane.say(this.words(isBest, labels.length, shown.length));
    const frame = heatTable({ label: "Confusion of labels", corner: "gold ↓ answered →", columns: shown.map((/** @type {number} */ j) => ({ word: String(labels[j]) })), rows, hasCounts: true });
    fill(this.pane.body, h("div", { class: "tk-confusion" }, frame, this.most(data)), this.errors(data));
    return undefined;
  }

  /** @param {boolean} isBest @param {number} all @param {number} shown */
  words(isBest, all, shown) {
    const entry = /** @type {import("./stepped.js").Group} */ (this.shown);
    const at = where({ global_step: entry.step, epoch: entry.epoch });
    return [`${at}${isBest ? ", best" : ""}`, shown < all ? `the ${shown} labels with most cases of ${count(all)}` : null, this.counts ? null : "a row sums to 100"].filter(Boolean).join("; ");
  }

  /** @param {any[]} labels @param {number} n @param {number} sum @param {number} i @param {number} j */
  cell(labels, n, sum, i, j) {
    const share = sum ? n / sum : null;
    const percent = (share ?? 0) * 100;
    const words = n === 0 ? "·" : this.counts ? count(n) : percent.toFixed(percent < 9.5 ? 1 : 0).replace(/\.0$/, "");
    return { value: share, t: n ? share : null, words, ring: i === j && n > 0, title: `${labels[i]} ${i === j ? "answered right" : `taken for ${labels[j]}`}: ${count(n)} of ${count(sum)}` };
  }

  /** Of very many labels only what counts most was recorded. @param {any} data @param {boolean} isBest */
  drawLarge(data, isBest) {
    this.pane.say(`${this.words(isBest, Number(data.labels) || 0, Number(data.labels) || 0).split("; ")[0]}; ${count(data.labels)} labels, too many for a matrix`);
    fill(this.pane.body, this.most({ most_frequent: data.cells ?? data.most_frequent }));
  }

  /** @param {any} data */
  most(data) {
    const found = data.most_frequent ?? [];
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
