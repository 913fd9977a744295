// @ts-check
/** What a chart cannot draw as a line: values that are no numbers, and points outside of its range. */
import { toX } from "./lines.js";
import { formatCount } from "./scales.js";

/**
 * Bad values as crosses at the edge with their counts; how many points lie outside, at the right.
 * @param {CanvasRenderingContext2D} g @param {import("./lines.js").View} v @param {import("./lines.js").Line[]} lines
 * @param {import("./range.js").Range} range @param {boolean} chosen the reader chose the y range @param {import("../base/colors.js").Ink} ink
 */
export function paintNotes(g, v, lines, range, chosen, ink) {
  const [soft, panel] = [ink.of("--soft"), ink.of("--panel")];
  // A bucket may hold many points: then the number alone.
  const many = (/** @type {number} */ n) => `${formatCount(n)}${range.places ? "" : n === 1 ? " point" : " points"}`;
  const write = (/** @type {string} */ words, /** @type {number} */ x, /** @type {number} */ y) => {
    g.lineWidth = 3; // a rim of the panel's colour, so that lines below do not cut the words
    g.lineJoin = "round";
    g.strokeStyle = panel;
    g.fillStyle = soft;
    g.strokeText(words, x, y);
    g.fillText(words, x, y);
    return g.measureText(words).width;
  };
  let edge = v.R;
  g.textAlign = "right";
  if (range.above && !chosen) edge -= 12 + write(`↑ ${many(range.above)} above`, v.R, v.T + 6);
  if (range.hidden) write(`${formatCount(range.hidden)} not above 0`, v.R, v.B - 16);
  else if (range.below && !chosen) write(`↓ ${many(range.below)} below`, v.R, v.B - 16);
  let free = v.L;
  for (const { line, at, words, top } of badOf(lines, v)) {
    const x = Math.min(v.R - 6, Math.max(v.L + 5, toX(v, at)));
    const y = top ? v.T + 6 : v.B - 18;
    g.strokeStyle = line.color;
    g.lineWidth = 2;
    g.beginPath();
    g.moveTo(x - 4, y - 4), g.lineTo(x + 4, y + 4), g.moveTo(x + 4, y - 4), g.lineTo(x - 4, y + 4);
    g.stroke();
    const width = g.measureText(words).width;
    const right = x + 9 + width < edge && x + 9 > free;
    if (!right && !(x - 9 - width > free)) continue;
    g.textAlign = right ? "left" : "right";
    write(words, right ? x + 9 : x - 9, y + 0.5);
    free = right ? x + 15 + width : x + 6;
  }
}

/** Where each line's values are not finite, and how many: NaN and +∞ at the top edge, −∞ at the bottom.
 * @param {import("./lines.js").Line[]} lines @param {import("./lines.js").View} v */
function badOf(lines, v) {
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
    ["NaN", "∞", "\u2212∞"].forEach((word, k) => {
      if (counts[k]) found.push({ line, at: first[k], words: `${formatCount(counts[k])} ${word}`, top: k < 2 });
    });
  }
  return found.sort((a, b) => a.at - b.at);
}
