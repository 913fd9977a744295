// @ts-check
/** What strips paint beside plain lines: a gap between two lines, rows of coloured cells, shares of a whole, what is to come. */

import { fitMiddle } from "../base/fit.js";
import { heatOf } from "../base/heat.js";
import { toX, toY } from "../charts/lines.js";
import { badOf, paintCross } from "../charts/notes.js";
import { placed } from "./names.js";
import { typical } from "./points.js";

const NAME_HEIGHT = 15;
const NARROWER = 1.2; // letters set closer than that are no longer read: the name loses its middle instead

/** @typedef {import("../charts/lines.js").View} View
 * @typedef {import("../charts/lines.js").Line} Line
 * @typedef {import("../charts/frames.js").Series} Series
 * @typedef {{name: string, title?: string, series: Series | null, low?: number, high?: number}} Row */

/** A line's value at x, on the segment between two points; NaN outside of it. @param {Line} line @param {number} x */
export function valueAt({ series, values }, x) {
  if (!series.n || x < series.x[0] || x > series.x[series.n - 1]) return NaN;
  const right = series.from(x);
  if (series.x[right] === x || right === 0) return values[right];
  const share = (x - series.x[right - 1]) / (series.x[right] - series.x[right - 1]);
  return values[right - 1] + share * (values[right] - values[right - 1]);
}

/** The area between two lines, where both are there. @param {CanvasRenderingContext2D} g @param {View} v @param {Line} low @param {Line} high
 * @param {string} color @param {number | null} from where it grows: stronger from there on */
export function paintGap(g, v, low, high, color, from) {
  const start = Math.max(low.series.x[0], high.series.x[0], v.x0);
  const end = Math.min(low.series.x[low.series.n - 1], high.series.x[high.series.n - 1], v.x1);
  if (!(end > start)) return;
  g.fillStyle = color;
  const parts = from !== null && from > start && from < end ? [[start, from, 0.07], [from, end, 0.2]] : [[start, end, from !== null && from <= start ? 0.2 : 0.07]];
  for (const [a, b, alpha] of parts) {
    g.globalAlpha = alpha;
    const n = Math.max(2, Math.round((toX(v, b) - toX(v, a)) / 2));
    const xs = Array.from({ length: n }, (_, i) => a + ((b - a) * i) / (n - 1));
    /** @type {[number, number][]} */ let back = [];
    const close = () => {
      for (const [x, y] of back.reverse()) g.lineTo(x, y);
      if (back.length) g.closePath(), g.fill();
      back = [];
    };
    for (const x of xs) {
      const [one, two] = [valueAt(high, x), valueAt(low, x)];
      if (!Number.isFinite(one) || !Number.isFinite(two) || (v.log && (one <= 0 || two <= 0))) {
        close();
        continue;
      }
      if (!back.length) g.beginPath(), g.moveTo(toX(v, x), toY(v, one));
      else g.lineTo(toX(v, x), toY(v, one));
      back.push([toX(v, x), toY(v, two)]);
    }
    close();
  }
  g.globalAlpha = 1;
}

/** Rows of cells, a pixel column each: coloured by value, empty where nothing was measured.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {Row[]} rows @param {{high: number, low: number, height: number, dark: boolean, ink: import("../base/colors.js").Ink}} how */
export function paintRows(g, v, rows, { low, high, height, dark, ink }) {
  g.font = ink.font;
  g.textBaseline = "middle";
  g.textAlign = "right";
  const wide = 1 / v.ratio;
  const empty = ink.of("--line2");
  rows.forEach(({ name, series, low: ownLow = low, high: ownHigh = high }, r) => {
    const top = v.T + r * height;
    g.fillStyle = ink.of("--soft");
    g.fillText(fitMiddle(name, NARROWER * (v.L - 12), ink.font), v.L - 8, top + height / 2 - 1, v.L - 12);
    g.fillStyle = empty;
    g.fillRect(v.L, top + (height - 2) / 2 - 0.5, v.R - v.L, 1); // nothing known: a thin line, no colour
    if (!series?.n) return;
    const reach = 1.75 * typical(series);
    let [color, since] = ["", v.L];
    const flush = (/** @type {number} */ to) => {
      if (color) (g.fillStyle = color), g.fillRect(since, top, to - since, height - 2);
      since = to;
    };
    for (let px = v.L; px < v.R; px += wide) {
      const x = (px + wide / 2 - v.bx) / v.kx;
      // A bucket's x is where it ends: what stands right of the pixel covers it.
      let i = series.from(x);
      if (i >= series.n) i = series.n - 1;
      const value = Math.abs(series.x[i] - x) <= reach ? series.mean[i] : NaN;
      const next = Number.isFinite(value) ? heatOf((value - ownLow) / (ownHigh - ownLow || 1), dark) : "";
      if (next !== color) flush(px), (color = next);
    }
    flush(v.R);
  });
  paintBad(g, v, rows, height, ink);
}

/** Readings that are no numbers: a cross in their row where the first of each kind is, and behind the last cross how many. @param {CanvasRenderingContext2D} g
 * @param {View} v @param {Row[]} rows @param {number} height @param {import("../base/colors.js").Ink} ink */
function paintBad(g, v, rows, height, ink) {
  rows.forEach(({ series }, r) => {
    const found = series?.n ? badOf([{ series }], v) : [];
    if (!found.length) return;
    const top = v.T + r * height;
    const y = top + height / 2 - 1;
    const words = found.map((each) => each.words).join(", ");
    const places = found.map(({ at }) => Math.min(v.R - 6, Math.max(v.L + 5, toX(v, at))));
    const width = g.measureText(words).width;
    const isRight = places[places.length - 1] + 12 + width < v.R;
    const x = isRight ? places[places.length - 1] + 9 : places[0] - 9 - width;
    g.fillStyle = ink.of("--panel");
    g.fillRect(x - 3, top, width + 6, height - 2);
    for (const each of places) {
      g.fillRect(each - 6, top, 12, height - 2);
      paintCross(g, each, y, ink.of("--fail"));
    }
    g.textAlign = "left";
    g.fillStyle = ink.of("--text");
    g.fillText(words, x, y);
  });
}

/** Parts of 100 %, one on the other, a step a point: what is between two points was measured there as a whole.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {{color: string}[]} parts @param {{x: ArrayLike<number>, shares: Float64Array[], n: number}} data @param {number} widest */
export function paintShares(g, v, parts, { x, shares, n }, widest) {
  for (let i = 0; i < n; i++) {
    const before = i > 0 && x[i] - x[i - 1] <= widest ? x[i - 1] : x[i] - Math.min(widest, n > 1 ? x[Math.max(1, i)] - x[Math.max(1, i) - 1] : 0);
    if (x[i] < v.x0 || before > v.x1) continue;
    const whole = (/** @type {number} */ px) => Math.round(px * v.ratio) / v.ratio; // half a pixel of two parts is a seam
    const [left, right] = [whole(Math.max(v.L, toX(v, before))), whole(Math.min(v.R, toX(v, x[i])))];
    let base = 0;
    parts.forEach(({ color }, k) => {
      const share = shares[k][i];
      if (!(share > 0)) return;
      const [bottom, top] = [toY(v, base), toY(v, base + share)];
      g.fillStyle = color;
      g.fillRect(left, top, Math.max(1 / v.ratio, right - left), bottom - top);
      base += share;
    });
  }
}

/** The steps that are still to come. @param {CanvasRenderingContext2D} g @param {View} v @param {{from: number, words?: string}} ahead @param {import("../base/colors.js").Ink} ink @param {boolean} says */
export function paintAhead(g, v, { from, words }, ink, says) {
  const left = Math.max(v.L, toX(v, from));
  if (left >= v.R - 1) return;
  g.fillStyle = ink.of("--soft");
  g.globalAlpha = 0.1;
  g.fillRect(left, v.T - 4, v.R - left, v.B - v.T + 4);
  g.globalAlpha = 1;
  if (!says || !words) return;
  g.font = ink.font;
  g.textBaseline = "middle";
  g.textAlign = "left";
  if (g.measureText(words).width < v.R - left - 12) g.fillText(words, left + 6, v.T + 8);
}

/** A word at a point that stands out. @param {CanvasRenderingContext2D} g @param {View} v @param {{x: number, y: number, words: string}[]} notes @param {import("../base/colors.js").Ink} ink
 * @param {boolean} isTopTaken words about what could not be drawn stand there */
export function paintNotes(g, v, notes, ink, isTopTaken) {
  g.font = ink.font;
  g.textBaseline = "middle";
  g.fillStyle = ink.of("--soft");
  for (const { x, y, words } of notes) {
    const [px, py] = [toX(v, x), Math.max(v.T + (isTopTaken ? 24 : 8), Math.min(v.B - 8, toY(v, y) + 4))];
    if (px < v.L || px > v.R) continue;
    const width = g.measureText(words).width;
    const isRight = px + 8 + width < v.R;
    g.textAlign = isRight ? "left" : "right";
    g.fillText(words, px + (isRight ? 8 : -8), py);
  }
}

/** Names at the ends of their lines, none on another. @param {CanvasRenderingContext2D} g @param {View} v @param {Line[]} lines @param {import("../base/colors.js").Ink} ink @param {string | null} hot @param {number} right edge */
export function paintNames(g, v, lines, ink, hot, right) {
  g.font = ink.font;
  g.textBaseline = "middle";
  g.textAlign = "left";
  const ends = lines.map((line) => ({ line, i: lastIn(line, v) })).filter(({ i }) => i >= 0);
  const wanted = ends.map(({ line, i }) => Math.max(v.T, Math.min(v.B, toY(v, line.values[i]))));
  const places = placed(wanted, NAME_HEIGHT, v.T + 2, v.B - 2);
  ends.forEach(({ line, i }, k) => {
    const dim = hot !== null && hot !== line.id;
    const x = Math.min(v.R, toX(v, line.series.x[i]));
    g.globalAlpha = dim ? 0.35 : 1;
    g.strokeStyle = line.color;
    g.lineWidth = 1;
    g.setLineDash([]);
    g.beginPath();
    g.moveTo(x + 3, wanted[k]);
    g.lineTo(v.R + 5, wanted[k]);
    g.lineTo(v.R + 10, places[k]);
    g.lineTo(v.R + 14, places[k]);
    g.stroke();
    g.fillStyle = ink.of(hot === line.id ? "--text" : dim ? "--soft" : "--text");
    g.fillText(cut(g, line.name, right - v.R - 20), v.R + 18, places[k]);
  });
  g.globalAlpha = 1;
}

/** Room for the names right of the plot, pixels. @param {string[]} names @param {import("../base/colors.js").Ink} ink @param {number} width of all */
export function roomFor(names, ink, width) {
  const g = /** @type {CanvasRenderingContext2D} */ ((measuring ??= document.createElement("canvas")).getContext("2d"));
  g.font = ink.font;
  return Math.min(Math.max(14, width * 0.36), 24 + Math.max(0, ...names.map((name) => g.measureText(name).width)));
}
/** @type {HTMLCanvasElement | undefined} */ let measuring;

/** @param {CanvasRenderingContext2D} g @param {string} words @param {number} room */
function cut(g, words, room) {
  if (g.measureText(words).width <= room) return words;
  let n = words.length;
  while (n > 1 && g.measureText(`${words.slice(0, n)}…`).width > room) n--;
  return `${words.slice(0, n)}…`;
}

/** Last finite value in view. @param {Line} line @param {View} v */
function lastIn({ series, values, i0, i1 }, v) {
  for (let i = i1 - 1; i >= i0; i--) if (Number.isFinite(values[i]) && series.x[i] <= v.x1 + 1e-9 && series.x[i] >= v.x0) return i;
  return -1;
}
