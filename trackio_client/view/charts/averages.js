// @ts-check
/**
 * Several experiments as one line: the mean of those that are there, with their spread, aligned by x.
 *
 * Where a member has no point of its own between two of its points, it counts with the straight line between them; before
 * its first and behind its last point it does not count, so that `count` falls where a member ends. A value that is not
 * finite does not count either, and stays a mark.
 */
import { Series } from "./frames.js";
import { union } from "./joined.js";

const MOST_PLACES = 1000; // of one line: as many as the server gives of one experiment
/** @typedef {"sd" | "se" | "range"} Spread */
export const SPREADS = { sd: "± sd", se: "± std. error", range: "min–max" };

export class GroupSeries extends Series {
  /** @param {string} name @param {string} metric */
  constructor(name, metric) {
    super(name, metric);
    this.count = new Uint16Array(0); // members at each place
    this.lowest = new Float64Array(0); // of any member: what no band of deviations may hide
    this.highest = new Float64Array(0);
    this.deviation = new Float64Array(0); // sample standard deviation; NaN of one member
    this.members = 0;
    /** @type {Spread} */ this.spread = "sd";
    /** @type {{key: string, low: ArrayLike<number>, high: ArrayLike<number>} | null} */ this.banded = null;
  }

  extremes() {
    return { lowest: this.lowest, highest: this.highest };
  }

  /** The edges of the band, smoothed as the line is: else the line would leave its own band.
   * @param {import("./smoothing.js").Smoothing} smoothing @param {Series} [like] @returns {{low: ArrayLike<number>, high: ArrayLike<number>}} */
  band(smoothing, like = this) {
    if (!(smoothing.amount > 0)) return this;
    const key = `${this.version} ${smoothing.kind} ${smoothing.amount} ${like.spacing()}`;
    if (this.banded?.key !== key) {
      const edge = (/** @type {ArrayLike<number>} */ values) => {
        const one = new Series("", "");
        const mean = Float64Array.from({ length: this.n }, (_, i) => values[i]);
        one.apply({ series: 0, keep: 0, n: this.n, single: true, x: this.x, low: mean, high: mean, mean, bad: null });
        return one.line(smoothing, like);
      };
      this.banded = { key, low: edge(this.low), high: edge(this.high) };
    }
    return this.banded;
  }
}

/** @param {Series[]} members that have points @param {Spread} spread @param {GroupSeries} into holds the result @returns {GroupSeries} */
export function average(members, spread, into) {
  const parts = members.map(inOrder);
  const x = placesOf(parts);
  const n = x.length;
  const [mean, low, high] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const [lowest, highest, squares] = [new Float64Array(n).fill(Infinity), new Float64Array(n).fill(-Infinity), new Float64Array(n)];
  const count = new Uint16Array(n);
  const bad = members.some((each) => each.bad) ? [0, 1, 2].map(() => new Uint16Array(n)) : null;
  for (const part of parts) {
    const own = placed(part, x);
    for (let i = 0; i < n; i++) {
      const value = own.mean[i];
      if (bad && own.bad) for (let k = 0; k < 3; k++) bad[k][i] = Math.min(65_535, bad[k][i] + own.bad[k][i]);
      if (!(Math.abs(value) < Infinity)) continue;
      // Welford's way: no sum of squares that large values would swallow.
      const m = ++count[i];
      const before = mean[i];
      mean[i] = before * (1 - 1 / m) + value / m; // values of 1e308 have no sum
      squares[i] += (value - before) * (value - mean[i]);
      if (own.low[i] < lowest[i]) lowest[i] = own.low[i];
      if (own.high[i] > highest[i]) highest[i] = own.high[i];
    }
  }
  const deviation = squares;
  for (let i = 0; i < n; i++) {
    deviation[i] = count[i] > 1 ? Math.sqrt(Math.max(0, squares[i]) / (count[i] - 1)) : NaN;
    if (!count[i]) mean[i] = lowest[i] = highest[i] = NaN;
    const by = spread === "se" ? deviation[i] / Math.sqrt(count[i]) : deviation[i];
    low[i] = spread === "range" ? lowest[i] : mean[i] - by;
    high[i] = spread === "range" ? highest[i] : mean[i] + by;
  }
  into.apply({ series: 0, keep: 0, n, single: false, x, low, high, mean, bad });
  return Object.assign(into, { count, lowest, highest, deviation, members: members.length, spread });
}

/** @typedef {{x: Float64Array, low: ArrayLike<number>, high: ArrayLike<number>, mean: ArrayLike<number>, bad: Uint16Array[] | null, n: number, width: number}} Part */

/** A member by rising x. @param {Series} series @returns {Part} */
function inOrder(series) {
  const { n, bad } = series;
  const width = series.single ? 0 : (series.info?.width ?? series.spacing());
  if (series.rising) return { x: series.x, low: series.low, high: series.high, mean: series.mean, bad, n, width };
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => series.x[a] - series.x[b]);
  const sorted = (/** @type {ArrayLike<number>} */ from) => Float64Array.from(order, (i) => from[i]);
  return { x: sorted(series.x), low: sorted(series.low), high: sorted(series.high), mean: sorted(series.mean), bad: bad && bad.map((each) => Uint16Array.from(order, (i) => each[i])), n, width };
}

/** Where the line has points: where any member has one; when these are too many, one a cell, at the last point in it.
 * @param {Part[]} parts @returns {Float64Array} */
function placesOf(parts) {
  const most = Math.max(MOST_PLACES, ...parts.map(({ n }) => n));
  const every = union(parts);
  const widest = Math.max(...parts.map(({ width }) => width));
  if (every.length <= 1.25 * most && !(widest > 0)) return every;
  // The server's buckets are as wide as a power of two and begin at its multiples, so that coarser ones hold finer ones whole.
  const width = Math.max(widest, 2 ** Math.ceil(Math.log2((every[every.length - 1] - every[0]) / most)));
  if (!(width > 0 && width < Infinity)) return every;
  let kept = 0;
  for (let i = 0; i < every.length; i++) {
    if (i + 1 === every.length || Math.floor(every[i + 1] / width) !== Math.floor(every[i] / width)) every[kept++] = every[i];
  }
  return every.slice(0, kept);
}

/** A member's values at the places: of the points behind the place before the mean, lowest and highest; without any the line
 * between its neighbours; NaN outside of its own range. @param {Part} part @param {Float64Array} x */
function placed({ x: xs, low, high, mean, bad, n }, x) {
  const size = x.length;
  const out = { mean: new Float64Array(size), low: new Float64Array(size), high: new Float64Array(size), bad: bad && [0, 1, 2].map(() => new Uint16Array(size)) };
  let k = 0;
  for (let i = 0; i < size; i++) {
    let [sum, lowest, highest, points] = [0, Infinity, -Infinity, 0];
    const from = k;
    for (; k < n && xs[k] <= x[i]; k++) {
      if (bad && out.bad) for (let b = 0; b < 3; b++) out.bad[b][i] += bad[b][k];
      if (!(Math.abs(mean[k]) < Infinity)) continue;
      points++;
      sum = sum * (1 - 1 / points) + mean[k] / points;
      if (low[k] < lowest) lowest = low[k];
      if (high[k] > highest) highest = high[k];
    }
    if (points) (out.mean[i] = sum), (out.low[i] = lowest), (out.high[i] = highest);
    else if (k > from || k === 0 || k === n) out.mean[i] = out.low[i] = out.high[i] = NaN; // not finite here, not begun, or ended
    else {
      const t = (x[i] - xs[k - 1]) / (xs[k] - xs[k - 1]);
      out.mean[i] = out.low[i] = out.high[i] = mean[k - 1] * (1 - t) + mean[k] * t;
    }
  }
  return out;
}
