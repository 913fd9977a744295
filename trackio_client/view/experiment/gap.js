// @ts-check
/** Whether training and validation part, since where, and by how much: computed from the points, said in words. */

import { number } from "../base/words.js";

const LEAST = 4; // evaluations: fewer make no trend
const SURE = 3; // standard errors that the slope must be above 0
const MATTERS = 0.05; // of the validation's level: a gap that grows by less is not worth a word

/**
 * @typedef {{x: ArrayLike<number>, y: ArrayLike<number>, n: number}} Points
 * @typedef {{since: number, then: number, now: number, evaluations: number, best: {x: number, y: number}, last: number, turned: boolean}} Growth
 *   `since`: the knee; `then`, `now`: the gap up to there and at the last evaluation; `turned`: the validation has become worse since its best
 */

/** The gap at each evaluation: its value less what training logs there, which is a line of least squares through the points of
 * the second half of the window since the evaluation before. Their mean would lag behind a loss that falls.
 * @param {Points} train @param {Points} evaluation @returns {{x: number, gap: number, value: number}[]} evaluation minus training */
export function gapsOf(train, evaluation) {
  const found = [];
  let j = 0;
  for (let i = 0; i < evaluation.n; i++) {
    const [x, value] = [evaluation.x[i], evaluation.y[i]];
    const before = i > 0 ? evaluation.x[i - 1] : train.n ? train.x[0] : x;
    const from = before + (x - before) / 2;
    /** @type {[number, number][]} */ const near = [];
    let last = NaN;
    for (; j < train.n && train.x[j] <= x; j++) {
      if (!Number.isFinite(train.y[j]) || train.x[j] < before) continue;
      last = train.y[j];
      if (train.x[j] > from) near.push([train.x[j] - x, train.y[j]]);
    }
    const level = near.length > 4 ? lineOf(near).at : near.length ? near.reduce((sum, [, y]) => sum + y, 0) / near.length : last;
    if (Number.isFinite(value) && Number.isFinite(level)) found.push({ x, gap: value - level, value });
  }
  return found;
}

/** Least squares: where the line is at 0, its slope, the sum of squares around it. @param {[number, number][]} points */
function lineOf(points) {
  const n = points.length;
  const [mx, my] = [0, 1].map((k) => points.reduce((sum, point) => sum + point[k], 0) / n);
  let [xx, xy] = [0, 0];
  for (const [x, y] of points) (xx += (x - mx) ** 2), (xy += (x - mx) * (y - my));
  const slope = xx > 0 ? xy / xx : 0;
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  return { at: my - slope * mx, slope, rest, xx };
}

/**
 * Where the gap grows: a level up to a knee, a straight line from there on, the knee where both fit best (a joinpoint
 * regression: Kim, Fay, Feuer and Midthune 2000). It counts when the slope is above zero by three standard errors, the
 * validation is the worse one at the end, and the growth is a twentieth of the validation's level. Else null.
 * @param {Points} train @param {Points} evaluation @param {boolean} [greater] a score, better when high @returns {Growth | null}
 */
export function growth(train, evaluation, greater = false) {
  const sense = greater ? -1 : 1;
  const gaps = gapsOf(train, evaluation).map((each) => ({ ...each, gap: sense * each.gap }));
  if (gaps.length < LEAST) return null;
  let fit = { rest: Infinity, slope: 0, at: 0, xx: 1, knee: 0 };
  for (let k = 0; k <= gaps.length - LEAST; k++) {
    const line = lineOf(gaps.map(({ x, gap }) => [Math.max(0, x - gaps[k].x), gap]));
    if (line.rest < fit.rest) fit = { ...line, knee: k };
  }
  const error = Math.sqrt(fit.rest / Math.max(1, gaps.length - 3) / fit.xx);
  const last = gaps[gaps.length - 1];
  const rise = fit.slope * (last.x - gaps[fit.knee].x);
  if (!(fit.slope > SURE * error) || last.gap <= 0 || rise < MATTERS * Math.abs(last.value)) return null;
  const best = gaps.reduce((held, each) => (sense * each.value < sense * held.value ? each : held));
  const turned = best !== last && sense * (last.value - best.value) > MATTERS * Math.abs(best.value);
  return { since: gaps[fit.knee].x, then: fit.at, now: last.gap, evaluations: gaps.length - fit.knee, best: { x: best.x, y: best.value }, last: last.value, turned };
}

/** @param {Growth} found @param {(x: number) => string} where @param {boolean} [greater] @param {string} [name] of the evaluation set, where there are several */
export function growthWords({ since, then, now, evaluations, best, last, turned }, where, greater = false, name = "Validation") {
  const grows = `Gap grows since ${where(since)}: ${number(round(then))} up to there, ${number(round(now))} now, over ${evaluations} evaluations.`;
  return turned ? `${grows} ${name} has ${greater ? "fallen" : "risen"} since its ${greater ? "highest" : "lowest"}: ${number(best.y)} at ${where(best.x)}, ${number(last)} now.` : grows;
}

/** Three figures: a gap is a difference. @param {number} value */
const round = (value) => Number(value.toPrecision(3));

/** A value that stands far above the rest: the highest, when it is that many times the median. @param {Points} points @param {number} [times] */
export function peakOf({ x, y, n }, times = 5) {
  const finite = [];
  let top = -1;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(y[i])) continue;
    finite.push(y[i]);
    if (top < 0 || y[i] > y[top]) top = i;
  }
  if (finite.length < 20) return null;
  const median = finite.sort((a, b) => a - b)[finite.length >> 1];
  return median > 0 && y[top] >= times * median ? { x: x[top], y: y[top], times: y[top] / median } : null;
}
