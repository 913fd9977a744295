// @ts-check
/** Paints lines, bands and points on a canvas. Coordinates are CSS pixels; the context is scaled by the caller. */

const FAR = 1e5; // pixels: beyond it rasterizers lose precision

/**
 * @typedef {Object} View where a chart's values lie on its canvas
 * @property {number} L @property {number} R @property {number} T @property {number} B edges of the plot
 * @property {number} x0 @property {number} x1 @property {number} y0 @property {number} y1
 * @property {boolean} log @property {number} kx @property {number} bx @property {number} ky @property {number} by
 * @property {number} ratio device pixels a CSS pixel
 *
 * @typedef {Object} Line
 * @property {string} id @property {string} name @property {string} color @property {number[]} dash @property {boolean} live
 * @property {import("./frames.js").Series} series @property {ArrayLike<number>} values smoothed
 * @property {number} i0 @property {number} i1
 */

/** @param {Omit<View, "kx" | "bx" | "ky" | "by">} v @returns {View} */
export function makeView(v) {
  const f = v.log ? Math.log10 : (/** @type {number} */ y) => y;
  const kx = (v.R - v.L) / (v.x1 - v.x0 || 1);
  const ky = -(v.B - v.T) / (f(v.y1) - f(v.y0) || 1);
  return { ...v, kx, bx: v.L - v.x0 * kx, ky, by: v.B - f(v.y0) * ky };
}

/** @param {View} v @param {number} x */
export const toX = (v, x) => x * v.kx + v.bx;
/** @param {View} v @param {number} y */
export const toY = (v, y) => Math.max(-FAR, Math.min(FAR, (v.log ? Math.log10(y) : y) * v.ky + v.by));
/** @param {View} v @param {number} px */
export const fromX = (v, px) => (px - v.bx) / v.kx;
/** @param {View} v @param {number} px */
export const fromY = (v, px) => (v.log ? 10 ** ((px - v.by) / v.ky) : (px - v.by) / v.ky);

/**
 * Adds a line to the current path. Points within one device pixel column become at most four (first, lowest, highest,
 * last): the same picture for less. A value that is missing, or not positive on a log axis, is a gap.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys
 * @param {number} i0 @param {number} i1
 */
export function trace(g, v, xs, ys, i0, i1) {
  const { kx, bx, ky, by, log, ratio } = v;
  let column = NaN;
  let [x, low, high, last, lastX] = [0, 0, 0, 0, 0];
  let many = false;
  let open = false;
  for (let i = i0; i < i1; i++) {
    let y = ys[i];
    if (log) y = y > 0 ? Math.log10(y) : NaN;
    y = y * ky + by;
    if (!(y < FAR)) {
      if (y === y && y !== Infinity) y = FAR;
      else {
        if (open && many) end(g, x, low, high, last, lastX);
        open = false;
        many = false;
        column = NaN;
        continue;
      }
    } else if (y < -FAR) {
      if (y !== -Infinity) y = -FAR;
      else {
        if (open && many) end(g, x, low, high, last, lastX);
        open = many = false;
        column = NaN;
        continue;
      }
    }
    const at = xs[i] * kx + bx;
    const here = Math.floor(at * ratio);
    if (here === column) {
      if (y < low) low = y;
      else if (y > high) high = y;
      last = y;
      lastX = at;
      many = true;
      continue;
    }
    if (many) end(g, x, low, high, last, lastX);
    if (open) g.lineTo(at, y);
    else g.moveTo(at, y);
    open = true;
    many = false;
    column = here;
    x = lastX = at;
    low = high = last = y;
  }
  if (open && many) end(g, x, low, high, last, lastX);
}

/** @param {CanvasRenderingContext2D} g @param {number} x @param {number} low @param {number} high @param {number} last @param {number} lastX */
function end(g, x, low, high, last, lastX) {
  if (high - low > 0.5) {
    g.lineTo(x, low);
    g.lineTo(x, high);
  }
  g.lineTo(lastX, last);
}

/** Adds the area between two columns to the current path. @param {CanvasRenderingContext2D} g @param {View} v
 * @param {ArrayLike<number>} xs @param {ArrayLike<number>} lows @param {ArrayLike<number>} highs @param {number} i0 @param {number} i1 */
export function area(g, v, xs, lows, highs, i0, i1) {
  let start = i0;
  for (let i = i0; i <= i1; i++) {
    const gap = i === i1 || !Number.isFinite(lows[i]) || !Number.isFinite(highs[i]) || (v.log && !(highs[i] > 0));
    if (!gap) continue;
    if (i - start > 1) {
      for (let k = start; k < i; k++) k === start ? g.moveTo(toX(v, xs[k]), toY(v, highs[k])) : g.lineTo(toX(v, xs[k]), toY(v, highs[k]));
      for (let k = i - 1; k >= start; k--) g.lineTo(toX(v, xs[k]), v.log && !(lows[k] > 0) ? v.B + 4 : toY(v, lows[k]));
      g.closePath();
    }
    start = i + 1;
  }
}

/** Paints one line with what stands behind it. @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line
 * @param {{many: boolean, hot: boolean, band: boolean, smoothed: boolean}} how */
export function paintLine(g, v, line, { many, hot, band, smoothed }) {
  const { series, values, i0, i1, color } = line;
  const { x } = series;
  g.strokeStyle = g.fillStyle = color;
  g.lineJoin = "bevel";
  g.setLineDash([]);
  const full = !many || hot;
  if (band && !series.single) paintBand(g, v, line, full);
  if (smoothed && values !== series.mean) {
    g.globalAlpha = full ? 0.28 : 0.18;
    g.lineWidth = 1;
    g.beginPath();
    trace(g, v, x, series.mean, i0, i1);
    g.stroke();
  }
  needles(g, v, line);
  g.globalAlpha = 1;
  g.lineWidth = hot ? 2.5 : 1.5;
  g.lineJoin = hot ? "round" : "bevel";
  if (line.dash.length) g.setLineDash(line.dash);
  g.beginPath();
  trace(g, v, x, values, i0, i1);
  g.stroke();
  g.setLineDash([]);
  dots(g, v, line);
}

/** @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line @param {boolean} full */
function paintBand(g, v, { series, i0, i1 }, full) {
  const { x, low, high } = series;
  // A band that would fill half the plot says nothing but "noisy"; its edges and needles remain.
  let [height, n] = [0, 0];
  const stride = Math.max(1, (i1 - i0) >> 6);
  for (let i = i0; i < i1; i += stride) {
    const h = toY(v, low[i]) - toY(v, high[i]);
    if (h >= 0) (height += Math.min(h, v.B - v.T)), n++;
  }
  if (height / Math.max(1, n) < (v.B - v.T) / 2) {
    g.globalAlpha = full ? 0.15 : 0.035;
    g.beginPath();
    area(g, v, x, low, high, i0, i1);
    g.fill();
  }
  if (!full) return;
  g.globalAlpha = 0.24;
  g.lineWidth = 1;
  g.beginPath();
  trace(g, v, x, high, i0, i1);
  trace(g, v, x, low, i0, i1);
  g.stroke();
}

/** Extremes that stand out from their line, one pixel wide and strong enough to be seen at any number of lines.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {Line} line */
function needles(g, v, { series, values, i0, i1 }) {
  const { x, low, high } = series;
  if (series.single && values === series.mean) return; // the line itself goes there
  const { ky, by, kx, bx, log } = v;
  let [sum, n] = [0, 0];
  const stride = Math.max(1, (i1 - i0) >> 8);
  for (let i = i0; i < i1; i += stride) {
    const up = high[i] - values[i];
    const down = values[i] - low[i];
    const d = up > down ? up : down;
    if (d < Infinity) (sum += d), n++;
  }
  if (!n) return;
  // The mean of what is usual, without the needles' own weight being able to hide them: they are rare.
  const usual = log ? 0 : (-ky * sum) / n;
  const stands = Math.max(8, 4 * usual);
  let some = false;
  for (let i = i0; i < i1; i++) {
    const value = values[i];
    const [a, b] = [low[i], high[i]];
    if (!log && -ky * (b - value) < stands && -ky * (value - a) < stands) continue;
    const y = (log ? Math.log10(value) : value) * ky + by;
    for (const end of [a, b]) {
      if (!(Math.abs(end) < Infinity) || (log && !(end > 0))) continue;
      const to = (log ? Math.log10(end) : end) * ky + by;
      if (!(Math.abs(to - y) >= stands)) continue;
      if (!some) g.beginPath();
      some = true;
      const at = Math.round(x[i] * kx + bx - 0.5) + 0.5;
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
function dots(g, v, { series, values, i0, i1 }) {
  const n = i1 - i0;
  const few = n > 0 && (v.R - v.L) / n > 12;
  const shows = (/** @type {number} */ i) => i >= 0 && i < series.n && Number.isFinite(values[i]) && (!v.log || values[i] > 0);
  g.beginPath();
  for (let i = i0; i < i1; i++) {
    if (!shows(i)) continue;
    if (!few && (shows(i - 1) || shows(i + 1))) continue;
    const [x, y] = [toX(v, series.x[i]), toY(v, values[i])];
    g.moveTo(x + 2.25, y);
    g.arc(x, y, 2.25, 0, 7);
  }
  g.fill();
}

/** A dot with a rim of the panel's colour, for the cursor and for live ends.
 * @param {CanvasRenderingContext2D} g @param {number} x @param {number} y @param {string} color @param {string} ground */
export function rimmedDot(g, x, y, color, ground) {
  g.fillStyle = ground;
  g.beginPath();
  g.arc(x, y, 4.5, 0, 7);
  g.fill();
  g.fillStyle = color;
  g.beginPath();
  g.arc(x, y, 3, 0, 7);
  g.fill();
}
