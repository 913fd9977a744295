// @ts-check
/** Series made on this page: of values that came another way, and with gaps where nothing was measured. */

import { Series } from "../charts/frames.js";

const GAP = 3.5; // typical distances without a point: nobody measured there

/** A series of single values. @param {string} name @param {ArrayLike<number>} x rising @param {ArrayLike<number>} y */
export function seriesOf(name, x, y) {
  const series = new Series("", name);
  const mean = Float64Array.from(y);
  series.apply({ series: 0, keep: 0, n: x.length, single: true, x: Float64Array.from(x), low: mean, high: mean, mean, bad: null });
  series.version = 1;
  return series;
}

/** @type {WeakMap<Series, {version: number, made: Series}>} */
const made = new WeakMap();

/** The same, broken where points are missing: a line must not claim what nobody measured. @param {Series} series @returns {Series} */
export function gapped(series) {
  const held = made.get(series);
  if (held && held.version === series.version) return held.made;
  const widest = GAP * typical(series);
  const breaks = [];
  for (let i = 1; i < series.n; i++) if (series.x[i] - series.x[i - 1] > widest) breaks.push(i);
  const result = breaks.length ? broken(series, breaks) : series;
  made.set(series, { version: series.version, made: result });
  return result;
}

/** The median distance of points. @param {Series} series */
export function typical({ x, n }) {
  if (n < 3) return Infinity;
  const distances = Float64Array.from({ length: n - 1 }, (_, i) => x[i + 1] - x[i]).sort();
  return distances[distances.length >> 1] || Infinity;
}

/** @param {Series} series @param {number[]} breaks places before which a gap is */
function broken(series, breaks) {
  const n = series.n + breaks.length;
  const columns = ["x", "low", "high", "mean"].map(() => new Float64Array(n));
  const from = [series.x, series.low, series.high, series.mean];
  let [at, next] = [0, 0];
  for (let i = 0; i < series.n; i++) {
    if (i === breaks[next]) {
      columns[0][at] = (series.x[i - 1] + series.x[i]) / 2;
      for (const column of columns.slice(1)) column[at] = NaN;
      at++;
      next++;
    }
    columns.forEach((column, k) => (column[at] = from[k][i]));
    at++;
  }
  const result = new Series(series.experiment, series.metric);
  const [x, low, high, mean] = columns;
  result.apply({ series: 0, keep: 0, n, single: false, x, low, high, mean, bad: badOf(series, breaks) });
  result.info = series.info;
  result.points = () => series.points(); // a gap is none
  return result;
}

/** Counts of NaN, ∞ and −∞ beside the columns of `broken`: where nothing was measured there is none of them. @param {Series} series @param {number[]} breaks */
function badOf(series, breaks) {
  if (!series.odd()) return null;
  const bad = [0, 1, 2].map(() => new Uint16Array(series.n + breaks.length));
  let next = 0;
  for (let i = 0; i < series.n; i++) {
    if (i === breaks[next]) next++;
    const kind = Number.isFinite(series.mean[i]) ? -1 : series.mean[i] === Infinity ? 1 : series.mean[i] === -Infinity ? 2 : 0;
    for (let k = 0; k < 3; k++) bad[k][i + next] = series.bad ? series.bad[k][i] : Number(k === kind);
  }
  return bad;
}

/** The value of the bucket that covers a place; NaN where nothing was measured near it. @param {Series} series @param {number} at @param {number} widest */
export function valueNear(series, at, widest) {
  const i = series.nearest(at);
  return i >= 0 && Math.abs(series.x[i] - at) <= widest ? series.mean[i] : NaN;
}
