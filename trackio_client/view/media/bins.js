// @ts-check
/** Histograms as numbers: one of a step, many on common edges, the values below which a share lies. */

import { revived } from "../base/words.js";

/** @typedef {{edges: number[], counts: number[], total: number, bad: number}} Histogram `bad`: values that were NaN or infinite, in no bin
 * @typedef {{step: number, one: Histogram}} Column */

/** What TensorBoard's distributions show, in shares: lowest, … median …, highest. */
export const SHARES = [0, 0.07, 0.16, 0.31, 0.5, 0.69, 0.84, 0.93, 1];

/** Edges (n + 1, ascending) and counts (n), or null for what is no histogram. @param {any} item @returns {Histogram | null} */
export function histogramOf(item) {
  const edges = item?.bins?.map?.(revived);
  const counts = item?.counts?.map?.(revived);
  if (!Array.isArray(edges) || !Array.isArray(counts) || !counts.length || edges.length !== counts.length + 1) return null;
  if (!edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge >= edges[i - 1]))) return null;
  const known = counts.map((n) => (Number.isFinite(n) && n > 0 ? n : 0));
  return { edges, counts: known, total: known.reduce((sum, n) => sum + n, 0), bad: Number.isFinite(item.bad) ? item.bad : 0 };
}

/** The value below which a share of the cases lies, as if they lay evenly in each bin; null where there are none.
 * @param {Histogram} one @param {number} share @returns {number | null} */
export function quantile({ edges, counts, total }, share) {
  if (!(total > 0)) return null;
  let below = 0;
  let last = edges[0];
  for (const [i, n] of counts.entries()) {
    if (!n) continue;
    if (below + n >= share * total) return edges[i] + (edges[i + 1] - edges[i]) * Math.max(0, (share * total - below) / n);
    below += n;
    last = edges[i + 1];
  }
  return last; // a sum of fractions that stayed a hair below the whole
}

/** Lowest and highest edge with something between them, of all. @param {Column[]} columns @returns {[number, number]} */
export function reach(columns) {
  let [low, high] = [Infinity, -Infinity];
  for (const { one } of columns) {
    const [from, to] = [one.counts.findIndex((n) => n > 0), one.counts.findLastIndex((n) => n > 0)];
    if (from < 0) continue;
    low = Math.min(low, one.edges[from]);
    high = Math.max(high, one.edges[to + 1]);
  }
  if (!(low <= high)) return [0, 1];
  const least = Math.max(Math.abs(low), Math.abs(high)) * 1e-9;
  return high - low > least ? [low, high] : [low - Math.max(0.5, least), high + Math.max(0.5, least)];
}

/** The shares of a histogram in `n` equal bins between two values: what a bin holds is dealt out by how far it lies in each.
 * @param {Histogram} one @param {number} low @param {number} high @param {number} n @returns {Float64Array} */
export function rebinned({ edges, counts, total }, low, high, n) {
  const shares = new Float64Array(n);
  const place = (/** @type {number} */ value) => Math.max(0, Math.min(n, ((value - low) / (high - low)) * n));
  for (const [i, held] of counts.entries()) {
    if (!held) continue;
    const [from, to] = [place(edges[i]), place(edges[i + 1])];
    const first = Math.min(n - 1, Math.floor(from));
    if (!(to > from)) {
      shares[first] += held / total; // a bin without width: all in one place
      continue;
    }
    for (let k = first; k < to && k < n; k += 1) shares[k] += (held / total) * ((Math.min(k + 1, to) - Math.max(k, from)) / (to - from));
  }
  return shares;
}

/** Every second, fourth, eighth … of a list, and its last: at most `most`. The same ones stay when the list grows, until it has doubled.
 * @template T @param {T[]} list @param {number} most @returns {T[]} */
export function evenly(list, most) {
  let stride = 1;
  while (list.length > (most - 1) * stride) stride *= 2;
  return stride === 1 ? list : list.filter((_, i) => i % stride === 0 || i === list.length - 1);
}
