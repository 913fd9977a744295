// @ts-check
/** Evaluations as marks. Few trainings say that they evaluate: that something was measured then tells it as well. */
import { pairsOf, quantityOf } from "../experiment/pairs.js";
import { number } from "../base/words.js";

const MOST = 10; // experiments: the evaluations of more would be a comb along the axis
const MOST_EACH = 70; // in view: a comb, too
const PLAIN = ["step", "time", "relative"];

/** What a page that knows no summary takes for the points of a metric: enough for a curve. */
const SOME = 2;

/** The metric whose points are the evaluations, or null. @param {any[]} metrics rows of the project's */
export function evaluationMetric(metrics) {
  const known = metrics.map((row) => quantityOf(row.metric, row, SOME));
  return pairsOf(known)[0]?.evaluation[0] ?? null;
}

/** Whether a metric is measured at evaluations: on its own chart every point is one. @param {any} row */
export const isEvaluated = (row) => row.group === "eval" || quantityOf(row.metric, row, SOME).quantity.startsWith("evaluation ");

/** Which of these experiments are asked for their evaluations on an axis: those that told none themselves.
 * @param {any[]} rows @param {string} x @param {import("./marks.js").Mark[]} marks @returns {any[]} */
export function unsaid(rows, x, marks) {
  if (!PLAIN.includes(x) || rows.length > MOST) return [];
  const told = new Set(marks.filter(({ kind }) => kind === "evaluation").map(({ experiment }) => experiment));
  return rows.filter(({ id }) => !told.has(id));
}

/** Those of a series' points that are in view, unless they are too many to be told apart. @param {import("./frames.js").Series} series
 * @param {[number, number]} domain @returns {[number, number]} */
export function inView(series, [low, high]) {
  const [from, to] = [series.from(low), Math.min(series.n, series.from(high) + 1)];
  return to - from > MOST_EACH ? [0, 0] : [from, to];
}

/** @param {string} experiment @param {import("./frames.js").Series} series of the metric, on this axis @param {[number, number]} part of its points @param {string} x
 * @param {number} created_s @param {string} name what the value is called @returns {import("./marks.js").Mark[]} */
export function evaluationsOf(experiment, series, [from, to], x, created_s, name) {
  const time = (/** @type {number} */ at) => (x === "step" ? 0 : x === "time" ? at : at + created_s);
  return Array.from({ length: to - from }, (_, k) => from + k).map((i) => ({ experiment, kind: "evaluation", step: x === "step" ? Math.round(series.x[i]) : null, time_s: time(series.x[i]), title: `${name} ${number(series.mean[i])}`.trim() }));
}
