// @ts-check
/** What a chart cannot draw as a line: values that are no numbers or have no place on a logarithmic axis, points outside of
 * its range, and members that a group's mean has lost. */
import { GroupSeries } from "./averages.js";
import { toX, toY } from "./lines.js";
import { formatCount, formatX } from "./scales.js";

/** @typedef {import("./lines.js").Line} Line @typedef {import("./lines.js").View} View */

/**
 * Bad values as crosses at the edge with their counts; how many points lie outside, at the right.
 * @param {CanvasRenderingContext2D} g @param {View} v @param {Line[]} lines
 * @param {{range: import("./range.js").Range, isZoomed: boolean, ink: import("../base/colors.js").Ink, x?: string}} how `isZoomed`: the reader dragged this y range
 */
export function paintNotes(g, v, lines, { range, isZoomed, ink, x = "step" }) {
  const [soft, panel] = [ink.of("--soft"), ink.of("--panel")];
  // A bucket may hold many points: then the number alone.
  const many = (/** @type {number} */ n) => `${formatCount(n)}${range.places ? "" : n === 1 ? " point" : " points"}`;
  const write = (/** @type {string} */ words, /** @type {number} */ at, /** @type {number} */ y) => {
    g.lineWidth = 3; // a rim of the panel's colour, so that lines below do not cut the words
    g.lineJoin = "round";
    g.strokeStyle = panel;
    g.fillStyle = soft;
    g.strokeText(words, at, y);
    g.fillText(words, at, y);
    return g.measureText(words).width;
  };
  let edge = v.R;
  g.textAlign = "right";
  if (range.above && !isZoomed) edge -= 12 + write(`↑ ${many(range.above)} above`, v.R, v.T + 6);
  let bottom = v.B - 16;
  if (range.hidden) {
    markHidden(g, v, lines);
    write(`▿ ${formatCount(range.hidden)} not above 0`, v.R, bottom);
    bottom -= 16;
  } else if (range.below && !isZoomed) {
    write(`↓ ${many(range.below)} below`, v.R, bottom);
    bottom -= 16;
  }
  if (v.logX) {
    const left = lines.reduce((sum, { series }) => sum + notAboveZero(series), 0);
    g.textAlign = "left";
    if (left) write(`◃ ${formatCount(left)} at 0 or before`, v.L + 4, v.B - 16);
  }
  g.textAlign = "right";
  const lost = lostMembers(lines, v, x);
  if (lost) {
    const top = v.T + (range.above && !isZoomed ? 22 : 6);
    const left = v.R - g.measureText(lost).width;
    write(lost, v.R, pointsBehind(v, lines, left, bottom) > pointsBehind(v, lines, left, top) ? top : bottom);
  }
  let free = v.L;
  for (const { line, at, words, top } of badOf(lines, v)) {
    const px = Math.min(v.R - 6, Math.max(v.L + 5, toX(v, at)));
    const y = top ? v.T + 6 : v.B - 18;
    paintCross(g, px, y, line.color);
    const width = g.measureText(words).width;
    const right = px + 9 + width < edge && px + 9 > free;
    if (!right && !(px - 9 - width > free)) continue;
    g.textAlign = right ? "left" : "right";
    write(words, right ? px + 9 : px - 9, y + 0.5);
    free = right ? px + 15 + width : px + 6;
  }
}

/** How many points of lines stand behind words that end at the right edge, which are 16 px high.
 * @param {View} v @param {Line[]} lines @param {number} left @param {number} y */
function pointsBehind(v, lines, left, y) {
  let count = 0;
  for (const { series, values, i0, i1 } of lines) {
    for (let i = i1 - 1; i >= i0 && toX(v, series.x[i]) >= left; i--) if (Math.abs(toY(v, values[i]) - y) <= 8) count++;
  }
  return count;
}

/** The sign of a value that is no number. @param {CanvasRenderingContext2D} g @param {number} x @param {number} y @param {string} color */
export function paintCross(g, x, y, color) {
  g.strokeStyle = color;
  g.lineWidth = 2;
  g.beginPath();
  g.moveTo(x - 4, y - 4), g.lineTo(x + 4, y + 4), g.moveTo(x + 4, y - 4), g.lineTo(x - 4, y + 4);
  g.stroke();
}

/** Where values are not above 0 on a logarithmic axis, a small triangle at its foot, one a few pixels. @param {CanvasRenderingContext2D} g
 * @param {View} v @param {Line[]} lines */
function markHidden(g, v, lines) {
  for (const { series, xs, color, i0, i1 } of lines) {
    const { lowest } = series.extremes();
    let before = -Infinity;
    g.fillStyle = color;
    g.beginPath();
    for (let i = i0; i < i1; i++) {
      if (!(lowest[i] <= 0)) continue;
      const x = xs[i] * v.kx + v.bx;
      if (x < v.L - 1 || x > v.R + 1 || x < before + 4) continue;
      before = x;
      g.moveTo(x - 3, v.B - 7), g.lineTo(x + 3, v.B - 7), g.lineTo(x, v.B - 1), g.closePath();
    }
    g.fill();
  }
}

/** Points that a logarithmic x axis has no place for. @param {import("./frames.js").Series} series */
function notAboveZero(series) {
  if (series.rising) return series.n && series.x[0] > 0 ? 0 : series.from(Number.MIN_VALUE);
  let count = 0;
  for (let i = 0; i < series.n; i++) if (!(series.x[i] > 0)) count++;
  return count;
}

/** "n 5 → 2 from step 4,000", of groups whose members ended before others; "" when none did.
 * @param {Line[]} lines @param {View} v @param {string} x */
function lostMembers(lines, v, x) {
  const lost = [];
  let groups = 0;
  for (const { series, name } of lines) {
    if (!(series instanceof GroupSeries)) continue;
    groups++;
    const { count, n } = series;
    let most = 0;
    let from = -1;
    let now = 0;
    for (let i = 0; i < n && series.x[i] <= v.x1; i++) {
      if (count[i] >= most) (most = count[i]), (from = -1);
      else if (from < 0) from = i;
      now = count[i];
    }
    if (from >= 0 && now < most) lost.push({ name, words: `n ${most} → ${now} from ${formatX(x, series.x[from])}` });
  }
  if (!lost.length) return "";
  if (lost.length === 1 && groups === 1) return lost[0].words;
  return lost.length === 1 ? `${lost[0].name.slice(0, 24)}: ${lost[0].words}` : `n falls in ${lost.length} of ${groups} groups`;
}

/** Where each line's values are not finite, and how many: NaN and +∞ at the top edge, −∞ at the bottom.
 * @template {{series: import("./frames.js").Series}} Of @param {Of[]} lines @param {View} v */
export function badOf(lines, v) {
  const found = [];
  for (const line of lines) {
    const { series } = line;
    const { info, bad } = series;
    if (!bad && info && !series.odd()) continue;
    const from = Math.max(0, series.rising ? series.from(v.x0) : 0);
    const counts = [0, 0, 0];
    const first = [NaN, NaN, NaN];
    for (let i = from; i < series.n && series.x[i] <= v.x1; i++) {
      const odd = series.mean[i] === Infinity ? 1 : series.mean[i] === -Infinity ? 2 : 0;
      for (let k = 0; k < 3; k++) {
        const n = bad ? bad[k][i] : Number(!Number.isFinite(series.mean[i]) && k === odd);
        if (!n) continue;
        if (!counts[k]) first[k] = series.x[i];
        counts[k] += n;
      }
    }
    ["NaN", "∞", "−∞"].forEach((word, k) => {
      if (counts[k]) found.push({ line, at: first[k], words: `${formatCount(counts[k])} ${word}`, top: k < 2 });
    });
  }
  return found.sort((a, b) => a.at - b.at);
}
