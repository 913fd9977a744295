// @ts-check
/** Scores of each label over the evaluations as a heat map. */

import { fill, h } from "../base/dom.js";
import { bestOf } from "./evaluations.js";
import { heatTable, score } from "../base/heat.js";
import { menuButton } from "../base/menu.js";
import { Pane } from "./pane.js";
import { count, exact, number, plural, revived } from "../base/words.js";

const SCORES = { f1: "F1", precision: "Precision", recall: "Recall" };
const ORDERS = { support: "support", score: "score", name: "name" };
const MOST_EVALUATIONS = 12; // columns: the first, the last, the best, and evenly between
const MOST_LABELS = 60;

/** Scores of an evaluation, by what they are of: entities by the way in which spans are read, then labels. @param {any} entry @returns {[string, Record<string, any>][]} */
export function labelSets(entry) {
  /** @type {[string, Record<string, any>][]} */ const found = [];
  const has = (/** @type {any} */ table) => table && typeof table === "object" && Object.keys(table).length > 0;
  for (const [way, table] of Object.entries(entry?.per_entity_metrics ?? {})) if (has(table)) found.push([`entities, ${way}`, table]);
  if (has(entry?.per_label_metrics)) found.push([found.length ? "tags" : "labels", entry.per_label_metrics]);
  return found;
}

/** At most so many of a list, at least two: the ends, of what should be there as much as fits, and evenly between.
 * @param {any[]} list @param {number} most @param {any[]} [kept] the weightiest first */
export function spread(list, most, kept = []) {
  if (list.length <= most) return list;
  const wanted = new Set([0, list.length - 1]);
  for (const each of kept) if (wanted.size < most && list.includes(each)) wanted.add(list.indexOf(each));
  while (wanted.size < most) {
    const places = [...wanted].sort((x, y) => x - y);
    const widest = places.slice(1).reduce((best, place, i) => (place - places[i] > places[best + 1] - places[best] ? i : best), 0);
    wanted.add(Math.floor((places[widest] + places[widest + 1]) / 2));
  }
  return list.filter((_, i) => wanted.has(i));
}

/** @param {any} entry */
export const stepOf = (entry) => entry.global_step ?? entry.step ?? null;
/** Step and epoch in words. @param {any} entry */
export const where = (entry) => [stepOf(entry) === null ? null : `step ${number(stepOf(entry))}`, entry.epoch === undefined || entry.epoch === null ? null : `epoch ${number(entry.epoch)}`].filter(Boolean).join(", ");

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
    const entries = spread(this.entries, MOST_EVALUATIONS, [this.best]);
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
export function cellOf(scores, value, entry, ring) {
  if (!scores) return { value: null, title: `${where(entry)}: not recorded` };
  const none = scores.support === 0;
  const parts = ["f1", "precision", "recall"].map((name) => `${name} ${exact(revived(scores[name]))}`);
  const title = [where(entry), ...(none ? ["no support: no case of it in the evaluation set"] : []), ...parts, `support ${scores.support ?? "not recorded"}`, ...(scores.predicted === undefined ? [] : [`predicted ${scores.predicted}`]), scores.note].filter(Boolean).join("\n");
  return { value: none ? null : value, words: none ? "·" : undefined, title, ring: ring && !none };
}
