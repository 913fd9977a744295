// @ts-check
/** Scores of labels as tables: a row a label, its values over the evaluations, what changed; plain functions over what a training tells. */

import { bestOf } from "../experiment/evaluations.js";
import { labelSets, stepOf, where } from "../experiment/labels.js";
import { revived } from "../base/words.js";

export const SCORES = /** @type {Record<string, string>} */ ({ f1: "F1", precision: "Precision", recall: "Recall" });
export const ORDERS = /** @type {Record<string, string>} */ ({ support: "support", worst: "lowest first", best: "highest first", changed: "most changed", name: "name" });
const SUMS = /^(micro|macro|weighted|samples|overall|all)([ _-]?avg)?$/;

/**
 * @typedef {{step: number | null, epoch: number | null, where: string, entry: any, tables: Record<string, Record<string, any>>}} Evaluation
 * @typedef {{name: string, isSum: boolean, support: number | null, predicted: number | null, values: (number | null)[], cases: (any)[], last: number | null, change: number | null, top: number}} Row
 *   `values` and `cases` (what was recorded of the label) by evaluation; `change`: last minus first; `top`: place of the best value, −1 without one
 */

/** @param {string} name */
export const isSum = (name) => SUMS.test(name);

/** The evaluations of a training that scored labels. @param {any} training @returns {Evaluation[]} */
export function evaluationsOf(training) {
  const found = [];
  for (const entry of training?.epoch_metrics ?? []) {
    const sets = labelSets(entry);
    if (sets.length) found.push({ step: stepOf(entry), epoch: typeof entry.epoch === "number" ? entry.epoch : null, where: where(entry), entry, tables: Object.fromEntries(sets) });
  }
  return found;
}

/** What scores are of, over several experiments. @param {Evaluation[][]} all */
export const setsOf = (all) => [...new Set(all.flatMap((evaluations) => evaluations.flatMap(({ tables }) => Object.keys(tables))))];

/** @param {any} scores @param {string} score @returns {number | null} */
export function valueOf(scores, score) {
  const found = revived(scores?.[score]);
  // Without a case in the evaluation set a 0 is no score.
  return typeof found === "number" && !Number.isNaN(found) && scores.support !== 0 ? found : null;
}

/** @param {Evaluation[]} evaluations @param {string} set @param {string} score @returns {Row[]} in the order in which labels were first told */
export function rowsOf(evaluations, set, score) {
  const tables = evaluations.map(({ tables: each }) => each[set] ?? {});
  const names = [...new Set(tables.flatMap((table) => Object.keys(table)))];
  return names.map((name) => {
    const cases = tables.map((table) => table[name]);
    const values = cases.map((scores) => valueOf(scores, score));
    const known = values.filter((v) => v !== null);
    const newest = cases.findLast((scores) => scores) ?? {};
    let top = -1;
    values.forEach((v, i) => v !== null && (top < 0 || v > /** @type {number} */ (values[top])) && (top = i));
    return { name, isSum: isSum(name), support: count(newest.support), predicted: count(newest.predicted), values, cases, last: known.at(-1) ?? null, change: known.length > 1 ? /** @type {number} */ (known.at(-1)) - /** @type {number} */ (known[0]) : null, top };
  });
}

/** @param {any} value */
const count = (value) => (typeof revived(value) === "number" && Number.isFinite(revived(value)) ? revived(value) : null);

/** Rows as a reader wants them: sums at the end, what has no value behind what has one. @param {Row[]} rows @param {string} order @param {string} [search] @returns {Row[]} */
export function sorted(rows, order, search = "") {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.length ? rows.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word))) : [...rows];
  const far = (/** @type {number | null} */ v, /** @type {number} */ sense) => (v === null ? Infinity : sense * v);
  const by = {
    support: (/** @type {Row} */ row) => far(row.support, -1),
    worst: (/** @type {Row} */ row) => far(row.last, 1),
    best: (/** @type {Row} */ row) => far(row.last, -1),
    changed: (/** @type {Row} */ row) => far(row.change === null ? null : Math.abs(row.change), -1),
    name: () => 0,
  }[/** @type {"name"} */ (order)];
  const collator = new Intl.Collator("en", { numeric: true });
  return hits.sort((a, b) => Number(a.isSum) - Number(b.isSum) || minus(by(a), by(b)) || collator.compare(a.name, b.name));
}

/** @param {number} a @param {number} b */
const minus = (a, b) => (a === b ? 0 : a - b);

/**
 * The evaluation of an experiment that stands for it: its last, its best by the metric that decides, or the one at a step, which
 * is the last at or before it. @param {any} training @param {Evaluation[]} evaluations @param {string} at "last", "best" or "step:1200" @returns {Evaluation | null}
 */
export function chosen(training, evaluations, at) {
  if (at === "best") {
    const entry = bestOf(training)?.entry;
    return evaluations.find((each) => each.entry === entry) ?? evaluations.at(-1) ?? null;
  }
  const step = /^step:(\d+)$/.exec(at);
  if (!step) return evaluations.at(-1) ?? null;
  return evaluations.findLast((each) => each.step !== null && each.step <= Number(step[1])) ?? null;
}

/** The highest end of a colour scale: scores below a half would all be pale on one that ends at 1. @param {(number | null)[]} values */
export const highOf = (values) => values.reduce((/** @type {number} */ most, v) => Math.max(most, v ?? 0), 0.2);

/** What the eye should not have to find. @param {Row[]} rows @param {Evaluation[]} evaluations @returns {string[]} */
export function remarks(rows, evaluations) {
  const own = rows.filter((row) => !row.isSum);
  const said = [];
  let fall = { row: /** @type {Row | null} */ (null), by: 0.02 };
  for (const row of own) {
    const top = row.top < 0 ? null : row.values[row.top];
    if (top !== null && row.last !== null && top - row.last > fall.by) fall = { row, by: top - row.last };
  }
  if (fall.row) {
    const worth = fall.row.support ? ` It has ${fall.row.support.toLocaleString("en-US")} case${fall.row.support === 1 ? "" : "s"}: one is worth about ${(1 / fall.row.support).toFixed(fall.row.support > 99 ? 3 : 2)}.` : "";
    said.push(`${fall.row.name} is ${fall.by.toFixed(2)} below its highest, ${Number(fall.row.values[fall.row.top]).toFixed(2)} at ${evaluations[fall.row.top].where}.${worth}`);
  }
  const never = own.filter((row) => (row.support ?? 0) > 0 && row.predicted === 0).map(({ name }) => name);
  if (never.length) said.push(`Never answered at the last evaluation: ${some(never)}.`);
  const absent = own.filter((row) => row.support === 0).map(({ name }) => name);
  if (absent.length) said.push(`No case in the evaluation set: ${some(absent)}.`);
  return said;
}

/** @param {string[]} names */
export const some = (names, most = 6) => (names.length > most ? `${names.slice(0, most).join(", ")} and ${names.length - most} more` : names.join(", "));
