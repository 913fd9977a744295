// @ts-check
/** Histograms on a canvas: one as bars, many as a heat map over the steps, or as bands of percentiles. */

import { formatTick, niceTicks } from "../charts/scales.js";
import { SHARES, quantile, reach, rebinned } from "./bins.js";

export const HEIGHT = 220;
const [LEFT, RIGHT, TOP, BOTTOM] = [60, 12, 8, 24];
const ROWS = 64; // common bins of a heat map: three pixels each
const [STEPS_PX, VALUES_PX] = [72, 36]; // between two ticks

/** @typedef {import("./bins.js").Column} Column
 * @typedef {{columns: Column[], low: number, high: number, shares: Float64Array[], most: number, quantiles: (number | null)[][]}} Spread
 * @typedef {{width: number, floor: number, x: (step: number) => number, y: (value: number) => number, from: number[]}} Frame `from`: where each column begins, and the last ends */

/** What is drawn of many histograms. @param {Column[]} columns by step @returns {Spread} */
export function spreadOf(columns) {
  const [low, high] = reach(columns);
  const shares = columns.map(({ one }) => rebinned(one, low, high, ROWS));
  const most = shares.reduce((top, each) => each.reduce((a, b) => Math.max(a, b), top), 0);
  return { columns, low, high, shares, most, quantiles: columns.map(({ one }) => SHARES.map((share) => quantile(one, share))) };
}

/** @param {HTMLCanvasElement} canvas @param {Spread} spread @returns {Frame} */
export function frameOf(canvas, { columns, low, high }) {
  const width = canvas.clientWidth;
  const floor = HEIGHT - BOTTOM;
  const steps = columns.map(({ step }) => step);
  const n = steps.length;
  const half = n > 1 ? [(steps[1] - steps[0]) / 2, (steps[n - 1] - steps[n - 2]) / 2] : [0.5, 0.5];
  const [first, last] = [steps[0] - half[0], steps[n - 1] + half[1]];
  const x = (/** @type {number} */ step) => LEFT + ((step - first) / (last - first || 1)) * (width - RIGHT - LEFT);
  const y = (/** @type {number} */ value) => floor - ((value - low) / (high - low)) * (floor - TOP);
  // A column reaches half way to its neighbours: where steps lie apart, so do the colours.
  const from = steps.map((step, i) => x(i ? (step + steps[i - 1]) / 2 : first));
  return { width, floor, x, y, from: [...from, x(last)] };
}

/** Which column and which row of the heat map is below a pixel. @param {Frame} frame @param {Spread} spread @param {number} px @param {number} py */
export function placeAt({ from, floor }, { columns }, px, py) {
  let column = columns.length - 1;
  while (column > 0 && px < from[column]) column -= 1;
  const row = Math.floor(((floor - py) / (floor - TOP)) * ROWS);
  return { column, row: Math.max(0, Math.min(ROWS - 1, row)) };
}

/** The values of a row of the heat map. @param {Spread} spread @param {number} row @returns {[number, number]} */
export const rowOf = ({ low, high }, row) => [low + ((high - low) * row) / ROWS, low + ((high - low) * (row + 1)) / ROWS];

export const LAST_ROW = ROWS - 1;

/** @param {HTMLCanvasElement} canvas */
function sheet(canvas) {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(HEIGHT * ratio);
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  g.scale(ratio, ratio);
  return g;
}

/** How strong the colour of a share is: the root, so that a tail is seen beside a peak. @param {number} share @param {number} most */
export const strength = (share, most) => (share > 0 ? 0.06 + 0.94 * Math.sqrt(share / (most || 1)) : 0);

/** @param {HTMLCanvasElement} canvas @param {import("../base/colors.js").Ink} ink @param {Spread} spread */
export function paintHeat(canvas, ink, spread) {
  const frame = frameOf(canvas, spread);
  const g = sheet(canvas);
  const { from, floor } = frame;
  const tall = (floor - TOP) / ROWS;
  g.fillStyle = ink.of("--s1");
  for (const [i, shares] of spread.shares.entries()) {
    for (let row = 0; row < ROWS; row += 1) {
      if (!shares[row]) continue;
      g.globalAlpha = strength(shares[row], spread.most);
      const [top, bottom] = [Math.round(floor - (row + 1) * tall), Math.round(floor - row * tall)];
      const [left, right] = [Math.round(from[i]), Math.round(from[i + 1])];
      g.fillRect(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
    }
  }
  g.globalAlpha = 1;
  axes(g, ink, frame, spread);
}

/** Bands between percentiles that belong together, the median as a line. @param {HTMLCanvasElement} canvas @param {import("../base/colors.js").Ink} ink @param {Spread} spread */
export function paintPercentiles(canvas, ink, spread) {
  const frame = frameOf(canvas, spread);
  const g = sheet(canvas);
  axes(g, ink, frame, spread);
  const known = spread.columns.map(({ step }, i) => ({ px: frame.x(step), at: spread.quantiles[i] })).filter(({ at }) => at[0] !== null);
  const y = (/** @type {number | null} */ value) => frame.y(/** @type {number} */ (value));
  g.fillStyle = g.strokeStyle = ink.of("--s1");
  g.globalAlpha = 0.18; // four bands, one on the other
  for (let k = 0; k < SHARES.length >> 1; k += 1) {
    g.beginPath();
    if (known.length === 1) g.rect(known[0].px - 12, y(known[0].at[SHARES.length - 1 - k]), 24, y(known[0].at[k]) - y(known[0].at[SHARES.length - 1 - k]));
    for (const { px, at } of known) g.lineTo(px, y(at[SHARES.length - 1 - k]));
    for (const { px, at } of [...known].reverse()) g.lineTo(px, y(at[k]));
    g.fill();
  }
  g.globalAlpha = 1;
  g.lineWidth = 1.75;
  g.beginPath();
  for (const { px, at } of known) g.lineTo(px, y(at[SHARES.length >> 1]));
  if (known.length === 1) g.moveTo(known[0].px - 12, y(known[0].at[SHARES.length >> 1])), g.lineTo(known[0].px + 12, y(known[0].at[SHARES.length >> 1]));
  g.stroke();
}

/** @param {HTMLCanvasElement} canvas @param {import("../base/colors.js").Ink} ink @param {import("./bins.js").Histogram} one @param {number} chosen a bin, or −1 */
export function paintBars(canvas, ink, one, chosen) {
  const g = sheet(canvas);
  const floor = HEIGHT - BOTTOM;
  const { place, height } = barsOf(canvas, one);
  g.fillStyle = ink.of("--s1");
  for (const [i, n] of one.counts.entries()) {
    if (!n) continue;
    const [from, to] = [place(one.edges[i]), place(one.edges[i + 1])];
    const tall = Math.max(1, height(i));
    g.globalAlpha = chosen < 0 || chosen === i ? 1 : 0.45;
    g.fillRect(from, floor - tall, Math.max(1, to - from - (to - from > 3 ? 1 : 0)), tall);
  }
  g.globalAlpha = 1;
  const [low, high] = barRange(one);
  lines(g, ink);
  g.textAlign = "center";
  g.textBaseline = "top";
  const { ticks, step } = niceTicks(low, high, Math.max(2, canvas.clientWidth / STEPS_PX));
  for (const tick of ticks) g.fillText(formatTick(tick, step), place(tick), floor + 6);
  g.fillRect(LEFT, floor, canvas.clientWidth - RIGHT - LEFT, 1);
  g.textAlign = "right";
  g.textBaseline = "middle";
  g.fillText(share(Math.max(...one.counts) / (one.total || 1)), LEFT - 8, TOP + 6);
}

/** @param {import("./bins.js").Histogram} one @returns {[number, number]} */
const barRange = (one) => {
  const [low, high] = [one.edges[0], one.edges[one.edges.length - 1]];
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
};

/** Where bars stand and how high: by how dense a bin is, for bins may differ in width. @param {HTMLCanvasElement} canvas @param {import("./bins.js").Histogram} one */
export function barsOf(canvas, one) {
  const [low, high] = barRange(one);
  const wide = canvas.clientWidth - RIGHT - LEFT;
  const density = one.counts.map((n, i) => n / Math.max(one.edges[i + 1] - one.edges[i], (high - low) / 4096));
  const top = density.reduce((a, b) => Math.max(a, b), 0) || 1;
  return { place: (/** @type {number} */ value) => LEFT + ((value - low) / (high - low)) * wide, height: (/** @type {number} */ i) => (density[i] / top) * (HEIGHT - BOTTOM - TOP) };
}

/** A share in words. @param {number} value */
export function share(value) {
  const percent = value * 100;
  if (!percent) return "0 %";
  return percent < 0.01 ? "< 0.01 %" : `${Number(percent.toPrecision(percent < 1 ? 2 : 3))} %`;
}

/** @param {CanvasRenderingContext2D} g @param {import("../base/colors.js").Ink} ink */
function lines(g, ink) {
  g.font = ink.font;
  g.fillStyle = ink.of("--soft");
}

/** @param {CanvasRenderingContext2D} g @param {import("../base/colors.js").Ink} ink @param {Frame} frame @param {Spread} spread */
function axes(g, ink, { width, floor, x, y }, { columns, low, high }) {
  lines(g, ink);
  g.textAlign = "right";
  g.textBaseline = "middle";
  const values = niceTicks(low, high, (floor - TOP) / VALUES_PX);
  for (const tick of values.ticks) {
    g.fillText(formatTick(tick, values.step), LEFT - 8, Math.max(TOP + 4, Math.min(floor - 2, y(tick))));
    g.globalAlpha = 0.18;
    g.fillRect(LEFT, Math.round(y(tick)), width - RIGHT - LEFT, 1);
    g.globalAlpha = 1;
  }
  g.fillRect(LEFT, floor, width - RIGHT - LEFT, 1);
  g.textBaseline = "top";
  g.textAlign = "right";
  g.fillText("step", width - RIGHT, floor + 6);
  const edge = width - RIGHT - g.measureText("step").width - 8;
  const steps = niceTicks(columns[0].step, columns[columns.length - 1].step, Math.max(1, (width - LEFT) / STEPS_PX));
  const whole = steps.ticks.filter(Number.isInteger);
  g.textAlign = "center";
  for (const tick of columns.length > 1 ? whole : [columns[0].step]) {
    const word = formatTick(tick, steps.step);
    const half = g.measureText(word).width / 2;
    if (x(tick) + half <= edge) g.fillText(word, Math.max(half, x(tick)), floor + 6);
  }
}
