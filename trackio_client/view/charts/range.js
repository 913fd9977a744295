// @ts-check
/** What part of the values a chart shows: the y range of its lines within the x range in view. */

const SAMPLE = 1000; // values that quantiles are taken from; more changes no pixel
const sample = new Float64Array(SAMPLE + 1); // used anew by each chart
const FEW = 25; // points a line; below it every point is a fact of its own and none is an outlier
const SETTLED = 0.1; // of a line in view: before it a training falls from where it began, which may be left out

/**
 * @typedef {import("./frames.js").Series} Series
 * @typedef {{series: Series, values: ArrayLike<number>, i0: number, i1: number}} Piece one line's part in view
 * @typedef {{y0: number, y1: number, above: number, below: number, low: number, high: number, hidden: number, places: boolean}} Range
 *   low, high: of all values; above, below: points (or places, when a bucket holds several) outside; hidden: not positive on a log axis
 */

/** The same without the neighbours, where there is anything without them. @param {Series} series @param {number} x0 @param {number} x1 @returns {[number, number]} */
export function within(series, x0, x1) {
  if (!series.rising) return [0, series.n];
  const [from, to] = [series.from(x0), series.from(x1)];
  const end = to < series.n && series.x[to] === x1 ? to + 1 : to;
  return end > from ? [from, end] : span(series, x0, x1);
}

/** Index range of a series that x0…x1 needs, with a neighbour on each side so that lines reach the edges.
 * @param {Series} series @param {number} x0 @param {number} x1 @returns {[number, number]} */
export function span(series, x0, x1) {
  if (!series.rising) return [0, series.n];
  return [Math.max(0, series.from(x0) - 1), Math.min(series.n, series.from(x1) + 2)];
}

/**
 * The range: all that is drawn, unless few outliers would flatten the rest; those are clipped and counted.
 * @param {Piece[]} pieces @param {{clip: boolean, log: boolean, unit: string | null, fixed: [number, number] | null, own?: [number | null, number | null] | null}} how
 *   `fixed` is zoomed into; `own` is typed by the reader, either end may be left to the values
 * @returns {Range}
 */
export function yRange(pieces, { clip, log, unit, fixed, own = null }) {
  let [low, high] = [Infinity, -Infinity]; // of everything
  let hidden = 0;
  let total = 0;
  for (const p of pieces) total += p.i1 - p.i0;
  const stride = Math.max(1, Math.ceil(total / SAMPLE));
  let count = 0; // of the sample
  let [lineLow, lineHigh] = [Infinity, -Infinity];
  let skip = 0;
  let [x0, x1] = [Infinity, -Infinity];
  for (const { series, i0, i1 } of pieces) if (i1 > i0) (x0 = Math.min(x0, series.x[i0])), (x1 = Math.max(x1, series.x[i1 - 1]));
  const from = x0 + SETTLED * (x1 - x0);
  // Of thousands of values a frame, in code that a page has hardly run: nothing is done twice.
  for (const { series, values, i0, i1 } of pieces) {
    const { lowest: lows, highest: highs } = series.extremes();
    const points = i1 - i0;
    const settled = Math.ceil(i0 + Math.min(0.5 * points, Math.max(SETTLED * points, series.rising ? series.from(from) - i0 : 0)));
    for (let i = i0; i < i1; i++) {
      const v = values[i];
      if (v - v !== 0) continue; // not finite
      const a = lows[i];
      const b = highs[i];
      if (log) {
        if (!(a > 0)) hidden++; // as it was logged: smoothed, it may well stand above 0
        if (!(v > 0)) continue;
      }
      if (v < lineLow) lineLow = v;
      if (v > lineHigh) lineHigh = v;
      if (a < low && (!log || a > 0)) low = a;
      if (b > high) high = b;
      if (i < settled) continue;
      if (skip === 0) (sample[count++] = log ? Math.log10(v) : v), (skip = stride);
      skip--;
    }
  }
  if (lineLow === Infinity) return { y0: log ? 0.1 : 0, y1: 1, above: 0, below: 0, low: 0, high: 0, hidden, places: false };
  low = Math.min(low, lineLow);
  high = Math.max(high, lineHigh);
  let [y0, y1] = [low, high];
  if (clip && total > FEW * pieces.length && count && !fixed) {
    const f = log ? Math.log10 : (/** @type {number} */ v) => v;
    const back = log ? (/** @type {number} */ v) => 10 ** v : f;
    const sorted = sample.subarray(0, count).sort();
    const at = (/** @type {number} */ q) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(q * (sorted.length - 1))))];
    const [a, b] = [at(0.01), at(0.985)];
    const core = b - a;
    // What reaches further than the core is high would take more than half of the plot from it. Where all of it is
    // less than half of its own size – memory that fills up, a loss from 4 to 3 – nothing is an outlier.
    const wide = log ? true : high - low > 0.5 * Math.max(Math.abs(a), Math.abs(b));
    if (core > 0 && wide) {
      const [top, bottom] = [f(high) - b, a - f(low)];
      if (top > core) y1 = back(Math.min(f(high), f(lineHigh) - b <= 0.5 * core ? Math.max(f(lineHigh), b + 0.25 * core) : b + 0.1 * core));
      // Zero is a fact worth seeing: of values that are never negative the lower end stays longer.
      if (bottom > (low >= 0 && !log ? 2 : 1) * core) y0 = back(Math.max(f(low), a - f(lineLow) <= 0.5 * core ? Math.min(f(lineLow), a - 0.25 * core) : a - 0.1 * core));
    }
  }
  if (fixed && !(log && !(fixed[0] > 0))) [y0, y1] = fixed;
  else if (fixed) [y0, y1] = typed(padLog(y0, y1), fixed, log); // zoomed into while the axis was linear
  else [y0, y1] = typed(log ? padLog(y0, y1) : pad(y0, y1, unit), own, log);
  return { y0, y1, ...outside(pieces, y0, y1, low, high, log), low, high, hidden };
}

/** A range with the ends that the reader typed; an end that a logarithmic axis cannot have is left to the values.
 * @param {[number, number]} auto @param {[number | null, number | null] | null} own @param {boolean} log @returns {[number, number]} */
function typed(auto, own, log) {
  const [low, high] = (own ?? [null, null]).map((end) => (end === null || (log && !(end > 0)) ? null : end));
  const [y0, y1] = [low ?? auto[0], high ?? auto[1]];
  if (y1 > y0) return [y0, y1];
  const by = Math.max(Math.abs(y0), Math.abs(y1)) * 0.1 || 1; // all values lie beyond the end that was typed
  if (low !== null) return log ? [low, low * 10] : [low, low + by];
  return log ? [y1 / 10, y1] : [y1 - by, y1];
}

/** Counts what lies outside of a range. @param {Piece[]} pieces @param {number} y0 @param {number} y1
 * @param {number} low lowest of all @param {number} high highest of all @param {boolean} log */
export function outside(pieces, y0, y1, low, high, log) {
  let [above, below] = [0, 0];
  let places = false;
  if (!(high > y1 || low < y0)) return { above, below, places };
  for (const { series, values, i0, i1 } of pieces) {
    const { lowest: lows, highest: highs } = series.extremes();
    places ||= !series.single;
    for (let i = i0; i < i1; i++) {
      if (highs[i] > y1 || values[i] > y1) above++;
      if ((lows[i] < y0 || values[i] < y0) && (!log || lows[i] > 0)) below++;
    }
  }
  return { above, below, places };
}

const MOST = Number.MAX_VALUE;
const LEAST = 1e-300; // a range smaller than this has no pixels: 1 / it is beyond all numbers

/** Room above and below; zero where it is near, and the ends of a share. @param {number} low @param {number} high @param {string | null} unit @returns {[number, number]} */
function pad(low, high, unit) {
  if (high / 2 - low / 2 > MOST / 4) return [Math.max(-MOST, low * 1.06), Math.min(MOST, high * 1.06)]; // their distance alone may be beyond all numbers
  const size = high - low;
  if (!(size > 1e-12 * Math.max(Math.abs(low), Math.abs(high))) || size < LEAST) {
    const most = Math.max(Math.abs(low), Math.abs(high));
    const by = most < LEAST ? 1 : most * 0.1;
    return [low >= 0 && low - by < 0 && most >= LEAST ? 0 : Math.max(-MOST, low - by), Math.min(MOST, high + by)];
  }
  const share = unit === "%" ? 100 : 1;
  const bounded = (share === 100 || high > 0.9) && high <= share && low >= 0;
  const top = bounded && high > 0.93 * share ? share : Math.min(MOST, high + 0.06 * size);
  if (low >= 0 && low <= 0.35 * high) return [0, top];
  if (high <= 0 && high >= 0.35 * low) return [low - 0.05 * size, 0];
  return [low - 0.05 * size, top];
}

/** @param {number} low @param {number} high @returns {[number, number]} */
function padLog(low, high) {
  if (high / low < 1.5) return [Math.max(low / 1.5, Number.MIN_VALUE), Math.min(high * 1.5, MOST)];
  const by = 10 ** (0.04 * (Math.log10(high) - Math.log10(low))); // their ratio may be beyond all numbers
  return [Math.max(low / by, Number.MIN_VALUE), Math.min(high * by, MOST)];
}
