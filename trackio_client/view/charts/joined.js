// @ts-check
/**
 * A derived series: an expression over series of one experiment, which may have been logged at different steps.
 *
 * Metrics that are logged about as often give a point wherever any of them has one; of one that is logged far less often –
 * an evaluation beside a training loss – only its own points count, for between them it would be a made-up staircase. A metric
 * that has no point there counts with its last value before: nothing is taken from the future, and nothing is made up where
 * one had not begun or had ended.
 */
import { evaluate, evaluateBounds } from "./evaluating.js";
import { Series } from "./frames.js";
import { namesOf } from "./expression.js";

const AS_OFTEN = 0.5; // of the points of the one that has most

/** @param {import("./expression.js").Tree} tree @param {(name: string) => Series | undefined} seriesOf
 * @param {Series | null} into an earlier one of the same, to hold the new values @param {string} metric
 * @returns {Series | null} null when one of its metrics has no points, or they share no range */
export function joined(tree, seriesOf, into, metric) {
  const names = namesOf(tree);
  /** @type {Map<string, Series>} */ const of = new Map();
  for (const name of names) {
    const series = seriesOf(name);
    if (!series?.n) return null;
    of.set(name, series);
  }
  const all = [...of.values()];
  if (!all.length) return null; // a number alone has no steps
  const x = placesOf(all);
  if (!x?.length) return null;
  const n = x.length;
  const at = new Map([...of].map(([name, series]) => [name, lastKnown(series, x)]));
  const column = (/** @type {string} */ name, /** @type {"mean" | "low" | "high"} */ which) => {
    const [series, index] = [/** @type {Series} */ (of.get(name)), /** @type {Int32Array} */ (at.get(name))];
    const from = series[which];
    return Float64Array.from(index, (i) => from[i]);
  };
  const mean = evaluate(tree, (name) => column(name, "mean"), n);
  const single = all.every((series) => series.single);
  const [low, high] = single ? [mean, mean] : evaluateBounds(tree, (name) => [column(name, "low"), column(name, "high")], n);
  const bad = badOf(mean, all, [...at.values()]);
  for (let i = 0; i < n; i++) {
    if (!(Math.abs(mean[i]) < Infinity)) mean[i] = low[i] = high[i] = NaN;
    else if (!single) (low[i] = Math.min(low[i], mean[i])), (high[i] = Math.max(high[i], mean[i]));
  }
  const series = into ?? new Series(all[0].experiment, metric);
  series.apply({ series: 0, keep: 0, n, single, x, low, high, mean, bad });
  return series;
}

/** Where the derived series has points. @param {Series[]} all @returns {Float64Array | null} */
function placesOf(all) {
  const first = all[0];
  const same = all.every((each) => each.n === first.n && alike(each.x, first.x, each.n));
  if (same) return first.x.slice(0, first.n);
  if (all.some((each) => !each.rising)) return null; // an axis that goes back has no "before"
  const from = Math.max(...all.map((each) => each.x[0]));
  const to = Math.min(...all.map((each) => each.x[each.n - 1]));
  const within = (/** @type {Series} */ each) => each.from(to) - each.from(from);
  const most = Math.max(...all.map(within));
  const fewest = all.reduce((a, b) => (within(b) < within(a) ? b : a));
  return union(within(fewest) < AS_OFTEN * most ? [fewest] : all, from, to);
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} n */
function alike(a, b, n) {
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Every x of rising series between two, each once. @param {{x: Float64Array, n: number}[]} all @param {number} from @param {number} to
 * @returns {Float64Array} */
export function union(all, from = -Infinity, to = Infinity) {
  const longest = all.reduce((a, b) => (b.n > a.n ? b : a));
  // Logged at the same steps, some for longer: nothing to merge.
  let left = all.every((each) => alike(each.x, longest.x, each.n)) ? [longest] : all;
  left = left.map((each) => onlyRising(each));
  while (left.length > 1) left = Array.from({ length: Math.ceil(left.length / 2) }, (_, i) => (2 * i + 1 < left.length ? merged(left[2 * i], left[2 * i + 1]) : left[2 * i]));
  const { x, n } = left[0];
  let [first, end] = [0, n];
  while (first < n && x[first] < from) first++;
  while (end > first && x[end - 1] > to) end--;
  return x.slice(first, end);
}

/** Without repeats, which time axes may hold. @param {{x: Float64Array, n: number}} part */
function onlyRising({ x, n }) {
  let i = 1;
  while (i < n && x[i] > x[i - 1]) i++;
  if (i >= n) return { x, n };
  const kept = x.slice(0, n).filter((v, k) => k === 0 || v !== x[k - 1]);
  return { x: kept, n: kept.length };
}

/** @param {{x: Float64Array, n: number}} a @param {{x: Float64Array, n: number}} b */
function merged(a, b) {
  const x = new Float64Array(a.n + b.n);
  let [i, k, n] = [0, 0, 0];
  while (i < a.n && k < b.n) {
    const [left, right] = [a.x[i], b.x[k]];
    x[n++] = left < right ? left : right;
    if (left <= right) i++;
    if (right <= left) k++;
  }
  while (i < a.n) x[n++] = a.x[i++];
  while (k < b.n) x[n++] = b.x[k++];
  return { x, n };
}

/** At each place the index of the last point at or before it. @param {Series} series @param {Float64Array} x */
function lastKnown(series, x) {
  const index = new Int32Array(x.length);
  if (series.n === x.length && alike(series.x, x, series.n)) return index.map((_, i) => i);
  for (let i = 0, k = 0; i < x.length; i++) {
    while (k + 1 < series.n && series.x[k + 1] <= x[i]) k++;
    index[i] = k;
  }
  return index;
}

/** Counts of NaN, +∞ and −∞: those that were logged, once each, and those that the expression makes; null when there are none.
 * @param {Float64Array} mean @param {Series[]} all @param {Int32Array[]} at @returns {Uint16Array[] | null} */
function badOf(mean, all, at) {
  const counts = [0, 1, 2].map(() => new Uint16Array(mean.length));
  let some = false;
  const put = (/** @type {number} */ kind, /** @type {number} */ i, /** @type {number} */ n) => {
    counts[kind][i] = Math.min(65_535, counts[kind][i] + n);
    some = true;
  };
  for (let i = 0; i < mean.length; i++) {
    let logged = false;
    all.forEach(({ bad }, k) => {
      const here = at[k][i];
      if (!bad || !(bad[0][here] || bad[1][here] || bad[2][here])) return;
      logged = true;
      if (i === 0 || at[k][i - 1] !== here) for (let kind = 0; kind < 3; kind++) if (bad[kind][here]) put(kind, i, bad[kind][here]);
    });
    if (!logged && !(Math.abs(mean[i]) < Infinity)) put(Number.isNaN(mean[i]) ? 0 : mean[i] > 0 ? 1 : 2, i, 1);
  }
  return some ? counts : null;
}
