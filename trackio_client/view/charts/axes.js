// @ts-check
/** Paints the ground of a chart: horizontal grid lines, ticks and their texts. */
import { clockTicks, elapsedTicks, formatDuration, formatTick, logTicks, niceTicks } from "./scales.js";
import { toX, toY } from "./lines.js";

/** Ticks of an x axis, how to write them, and the word at its end. @param {string} x @param {number} x0 @param {number} x1 @param {number} width
 * @param {boolean} [log] */
export function xTicks(x, x0, x1, width, log = false) {
  const count = Math.max(2, Math.round(width / 76));
  if (log) {
    const ticks = logTicks(x0, x1, count).filter((v) => x !== "step" || Number.isInteger(v));
    const text = x === "relative" ? formatDuration : (/** @type {number} */ v) => formatTick(v, 10 ** Math.floor(Math.log10(v) + 1e-9));
    return { ticks, text, word: x === "step" ? "step" : x === "relative" ? "" : x };
  }
  if (x === "time") return { ...clockTicks(x0, x1, count), word: "" };
  if (x === "relative") {
    const { ticks, text, unit } = elapsedTicks(x0, x1, count);
    return { ticks, text, word: unit };
  }
  let { ticks, step } = niceTicks(x0, x1, count);
  if (x === "step" && step < 1) {
    ticks = ticks.filter(Number.isInteger); // there is no step 0.5
    step = 1;
  }
  return { ticks, text: (/** @type {number} */ v) => formatTick(v, step), word: x === "step" ? "step" : x };
}

/** @param {CanvasRenderingContext2D} g @param {import("./lines.js").View} v @param {{x: string, ink: import("../base/colors.js").Ink}} what */
export function paintAxes(g, v, { x, ink }) {
  const { L, R, T, B } = v;
  g.font = ink.font;
  g.lineWidth = 1;
  g.textBaseline = "middle";
  g.textAlign = "right";
  const count = Math.max(2, Math.round((B - T) / 44));
  const linear = v.log ? null : niceTicks(v.y0, v.y1, count);
  const ys = linear ? linear.ticks : logTicks(v.y0, v.y1, count);
  const soft = ink.of("--soft");
  g.strokeStyle = ink.of("--grid");
  g.fillStyle = soft;
  g.beginPath();
  for (const value of ys) {
    const y = Math.round(toY(v, value)) + 0.5;
    if (y < T - 1 || y > B + 1) continue;
    g.moveTo(L, y);
    g.lineTo(R, y);
    g.fillText(formatTick(value, linear ? linear.step : 10 ** Math.floor(Math.log10(value) + 1e-9)), L - 8, Math.max(T + 4, y), L - 10);
  }
  g.stroke();
  g.strokeStyle = ink.of("--line");
  g.beginPath();
  g.moveTo(L, B + 0.5);
  g.lineTo(R, B + 0.5);
  const { ticks, text, word } = xTicks(x, v.x0, v.x1, R - L, v.logX);
  const short = word.length > 22 ? `${word.slice(0, 21)}…` : word;
  const edge = R + 10 - (short ? g.measureText(short).width + 10 : 0); // texts end here: the word wins
  let last = -Infinity;
  g.textAlign = "center";
  for (const value of ticks) {
    const at = toX(v, value);
    if (at < L - 1 || at > R + 1) continue;
    g.moveTo(Math.round(at) + 0.5, B);
    g.lineTo(Math.round(at) + 0.5, B + 4);
    const label = text(value);
    const half = g.measureText(label).width / 2;
    const middle = Math.min(Math.max(at, L + half - 8), R + 10 - half);
    if (middle + half > edge || middle - half < last + 10) continue;
    g.fillText(label, middle, B + 16);
    last = middle + half;
  }
  g.stroke();
  if (short) {
    g.textAlign = "right";
    g.fillText(short, R + 10, B + 16);
  }
}
