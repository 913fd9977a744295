// @ts-check
/** Paints lines, bands and points on a canvas. Coordinates are CSS pixels; the context is scaled by the caller. */

const FAR = 1e5; // pixels: beyond it rasterizers lose precision

/**
 * @typedef {Object} View where a chart's values lie on its canvas
 * @property {number} L @property {number} R @property {number} T @property {number} B edges of the plot
 * @property {number} x0 @property {number} x1 @property {number} y0 @property {number} y1
 * @property {boolean} log the y axis is logarithmic @property {boolean} [logX] @property {number} kx @property {number} bx @property {number} ky @property {number} by
 * @property {number} ratio device pixels a CSS pixel
 *
 * @typedef {Object} Line
 * @property {string} id @property {string} name @property {string} color @property {number[]} dash @property {boolean} live
 * @property {import("./frames.js").Series} series @property {ArrayLike<number>} values smoothed
 * @property {ArrayLike<number>} xs as the axis wants them: logarithms on a logarithmic one
 * @property {ArrayLike<number>} low @property {ArrayLike<number>} high edges of the band
 * @property {string[]} [members] ids, of a group; of a rank its experiment's
 * @property {number} [rank] of one rank of several
 * @property {number} i0 @property {number} i1
 */

/** @param {Omit<View, "kx" | "bx" | "ky" | "by">} v @returns {View} */
export function makeView(v) {
  const same = (/** @type {number} */ value) => value;
  const [f, fx] = [v.log ? Math.log10 : same, v.logX ? Math.log10 : same];
  const [x0, x1] = [fx(v.x0), fx(v.x1)];
  const kx = (v.R - v.L) / (x1 - x0 || 1);
  // Halved: the distance of -1e308 and 1e308 is beyond all numbers.
  const half = f(v.y1) / 2 - f(v.y0) / 2;
  const ky = -(v.B - v.T) / 2 / (half || 0.5);
  return { ...v, kx, bx: v.L - x0 * kx, ky, by: v.B - f(v.y0) * ky };
}

/** At the left edge what is not above 0 on a logarithmic axis. @param {View} v @param {number} x */
export const toX = (v, x) => (v.logX ? (x > 0 ? Math.log10(x) * v.kx + v.bx : v.L) : x * v.kx + v.bx);
/** @param {View} v @param {number} y */
export const toY = (v, y) => Math.max(-FAR, Math.min(FAR, (v.log ? Math.log10(y) : y) * v.ky + v.by));
/** Where an x stands on the axis itself, in numbers that a pixel is a share of. @param {View} v @param {number} x */
export const onAxis = (v, x) => (v.logX ? Math.log10(x) : x);
/** @param {View} v @param {number} px */
export const fromX = (v, px) => (v.logX ? 10 ** ((px - v.bx) / v.kx) : (px - v.bx) / v.kx);
/** @param {View} v @param {number} px */
export const fromY = (v, px) => (v.log ? 10 ** ((px - v.by) / v.ky) : (px - v.by) / v.ky);

/**
 * Adds a line to the current path. Points within one device pixel column become two, the lowest and the highest in the
 * order in which they came: the same picture for less. What is missing, or not positive on a log axis, is a gap.
 * @param {CanvasRenderingContext2D | Path2D} g @param {View} v @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys
 * @param {number} i0 @param {number} i1
 */
export function trace(g, v, xs, ys, i0, i1) {
  const { kx, bx, ky, by, log, ratio } = v;
  let column = NaN;
  let open = false;
  let [low, high, xLow, xHigh] = [0, 0, 0, 0]; // of the column that is being read, in pixels
  const put = (/** @type {number} */ x, /** @type {number} */ y) => {
    if (open) g.lineTo(x, y);
    else g.moveTo(x, y);
    open = true;
  };
  for (let i = i0; i <= i1; i++) {
    let y = i < i1 ? ys[i] : NaN;
    if (log) y = y > 0 ? Math.log10(y) : NaN;
    y = y * ky + by;
    const shows = y - y === 0; // finite
    const x = xs[i] * kx + bx;
    const here = shows ? Math.floor(x * ratio) : NaN;
    if (here === column) {
      if (y < low) (low = y), (xLow = x);
      else if (y > high) (high = y), (xHigh = x);
      continue;
    }
    if (column === column) {
      if (high - low < 0.4) put(xLow, (low + high) / 2);
      else if (xLow <= xHigh) put(xLow, low), put(xHigh, high);
      else put(xHigh, high), put(xLow, low);
      if (!shows) open = false;
    }
    column = here;
    xLow = xHigh = x;
    low = high = y < -FAR ? -FAR : y > FAR ? FAR : y;
  }
}

/** Adds the area between two columns to the current path, one corner a `grain` of pixels: the lowest and highest within.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {ArrayLike<number>} xs @param {ArrayLike<number>} lows
 * @param {ArrayLike<number>} highs @param {number} i0 @param {number} i1 @param {number} grain */
export function area(g, v, xs, lows, highs, i0, i1, grain) {
  const { kx, bx, ky, by, log } = v;
  /** @type {number[]} */ let bottoms = [];
  /** @type {number[]} */ let places = [];
  let [place, top, bottom, cell] = [0, 0, 0, NaN];
  const put = () => {
    if (bottoms.length) g.lineTo(place, top);
    else g.moveTo(place, top);
    bottoms.push(bottom);
    places.push(place);
  };
  const close = () => {
    if (cell === cell) put();
    for (let k = bottoms.length - 1; k >= 0; k--) g.lineTo(places[k], bottoms[k]);
    if (bottoms.length) g.closePath();
    bottoms = [];
    places = [];
    cell = NaN;
  };
  for (let i = i0; i < i1; i++) {
    const [low, high] = [lows[i], highs[i]];
    if (!(high - low < Infinity) || (log && !(high > 0))) {
      close();
      continue;
    }
    const x = xs[i] * kx + bx;
    const up = Math.max(-FAR, (log ? Math.log10(high) : high) * ky + by);
    const down = Math.min(FAR, log ? (low > 0 ? Math.log10(low) * ky + by : v.B + 4) : low * ky + by);
    const here = Math.floor(x / grain);
    if (here === cell) {
      if (up < top) top = up;
      if (down > bottom) bottom = down;
      place = x;
      continue;
    }
    if (cell === cell) put();
    [cell, place, top, bottom] = [here, x, up, down];
  }
  close();
}

/** Paints one line with what stands behind it. @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line
 * @param {{many: boolean, hot: boolean, band: boolean, smoothed: boolean, thin?: boolean, groups?: boolean}} how */
export function paintLine(g, v, line, { many, hot, band, smoothed, thin = false, groups = false }) {
  const { series, values, i0, i1, color, xs } = line;
  g.strokeStyle = g.fillStyle = color;
  g.lineJoin = "bevel";
  g.setLineDash([]);
  const full = !many || hot;
  if (groups ? !series.single : band && !series.single) paintBand(g, v, line, full, groups);
  if (smoothed && values !== series.mean) {
    g.globalAlpha = full ? 0.28 : 0.18;
    g.lineWidth = 1;
    g.beginPath();
    trace(g, v, xs, series.mean, i0, i1);
    g.stroke();
  }
  needles(g, v, line);
  g.globalAlpha = 1;
  g.lineWidth = hot ? 2.5 : 1.5;
  g.lineJoin = hot ? "round" : "bevel";
  if (line.dash.length) g.setLineDash(line.dash);
  if (hot || !many || v.ratio > 1) {
    g.beginPath();
    trace(g, v, xs, values, i0, i1);
    g.stroke();
  } else hairlines(g, v, line, thin);
  g.setLineDash([]);
  dots(g, v, line);
}

/** A line of 1.5 pixels as two of one, half a pixel apart: without a graphics card a stroke wider than one device pixel
 * costs ten times as much (24 charts of ten lines: 240 ms against 85). @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line
 * @param {boolean} thin one will do */
function hairlines(g, v, { xs, values, i0, i1 }, thin) {
  g.lineWidth = 1;
  if (thin) {
    g.beginPath(); // a path of its own is garbage that the next frame has to collect
    trace(g, v, xs, values, i0, i1);
    return g.stroke();
  }
  const path = new Path2D();
  trace(path, v, xs, values, i0, i1);
  g.translate(0.25, -0.25);
  g.stroke(path);
  g.translate(-0.5, 0.5);
  g.stroke(path);
  g.translate(0.25, -0.25);
}

/** @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line @param {boolean} full
 * @param {boolean} [always] it is what the reader asked for: the spread of a group */
function paintBand(g, v, { xs, low, high, i0, i1 }, full, always = false) {
  // A band that would fill half the plot says nothing but "noisy"; its edges and needles remain. One that the line
  // itself covers is not painted at all: among many lines that is a third of what an update costs.
  let [height, most, n] = [0, 0, 0];
  const stride = Math.max(1, (i1 - i0) >> 7);
  for (let i = i0; i < i1; i += stride) {
    const h = toY(v, low[i]) - toY(v, high[i]);
    if (h >= 0) (height += Math.min(h, v.B - v.T)), n++;
    if (h > most) most = h;
  }
  if (always || (height / Math.max(1, n) < (v.B - v.T) / 2 && most > (full ? 1.5 : 4))) {
    g.globalAlpha = full ? 0.15 : always ? 0.08 : 0.035;
    g.beginPath();
    area(g, v, xs, low, high, i0, i1, full ? 1 : 3); // at 3.5 % nobody sees a finer outline, and it costs
    g.fill();
  }
  if (!full) return;
  g.globalAlpha = 0.24;
  g.lineWidth = 1;
  g.beginPath();
  trace(g, v, xs, high, i0, i1);
  trace(g, v, xs, low, i0, i1);
  g.stroke();
}

/** Extremes that stand out from what is around them, one pixel wide and strong enough to be seen at any number of lines.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line */
function needles(g, v, { series, values, xs, i0, i1 }) {
  const { mean, single, n } = series;
  const { lowest: low, highest: high } = series.extremes();
  if (single && values === mean) return; // the line itself goes there
  const { ky, by, kx, bx, log } = v;
  const px = (/** @type {number} */ y) => (log ? (y > 0 ? Math.log10(y) : NaN) : y) * ky + by;
  // From where an extreme stands out: of a bucket its mean, of a single point the middle between its neighbours.
  const rest = (/** @type {number} */ i) => (single ? (i > 0 && i < n - 1 ? (mean[i - 1] + mean[i + 1]) / 2 : NaN) : mean[i]);
  let [sum, count] = [0, 0];
  const stride = Math.max(1, (i1 - i0) >> 7);
  for (let i = i0; i < i1; i += stride) {
    const base = px(rest(i));
    const d = Math.max(base - px(high[i]), px(low[i]) - base);
    if (d < FAR) (sum += d), count++;
  }
  if (!count) return;
  const stands = Math.max(8, (4 * sum) / count); // spikes are rare: they hardly raise the mean
  const least = log ? 0 : stands / -ky; // in units of the values: spares most points the rest
  let some = false;
  for (let i = i0; i < i1; i++) {
    const base = rest(i);
    if (!log && high[i] - base < least && base - low[i] < least) continue;
    const y = px(base);
    for (const end of single ? [mean[i]] : [low[i], high[i]]) {
      const to = px(end);
      if (!(Math.abs(to - y) >= stands) || Math.abs(to) === Infinity) continue;
      // Of single points only a peak counts, not a step of the curve.
      if (single && (end > mean[i - 1]) !== (end > mean[i + 1])) continue;
      if (!some) g.beginPath();
      some = true;
      const at = Math.round(xs[i] * kx + bx - 0.5) + 0.5;
      g.moveTo(at, Math.max(-FAR, Math.min(FAR, y)));
      g.lineTo(at, Math.max(-FAR, Math.min(FAR, to)));
    }
  }
  if (!some) return;
  g.globalAlpha = 0.6;
  g.lineWidth = 1;
  g.stroke();
}

/** A dot where a line would not show: points without neighbours, and few points far apart.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line */
function dots(g, v, { series, values, xs, i0, i1 }) {
  const n = i1 - i0;
  const few = n > 0 && (v.R - v.L) / n > 12;
  const shows = (/** @type {number} */ i) => i >= 0 && i < series.n && Number.isFinite(values[i]) && (!v.log || values[i] > 0);
  g.beginPath();
  for (let i = i0; i < i1; i++) {
    if (!shows(i)) continue;
    if (!few && (shows(i - 1) || shows(i + 1))) continue;
    const [x, y] = [xs[i] * v.kx + v.bx, toY(v, values[i])];
    g.moveTo(x + 2.25, y);
    g.arc(x, y, 2.25, 0, 7);
  }
  g.fill();
}

/** A dot with a rim of the panel's colour, for the cursor and for live ends; small and bare where lines crowd.
 * @param {CanvasRenderingContext2D} g @param {number} x @param {number} y @param {string} color @param {string | null} ground */
export function rimmedDot(g, x, y, color, ground) {
  if (ground) {
    g.fillStyle = ground;
    g.beginPath();
    g.arc(x, y, 4.5, 0, 7);
    g.fill();
  }
  g.fillStyle = color;
  g.beginPath();
  g.arc(x, y, ground ? 3 : 2, 0, 7);
  g.fill();
}
