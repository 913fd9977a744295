// @ts-check
/** What a confusion matrix says: its shares, and the pairs that are confused most. Rows are gold, columns are answered. */

import { count } from "../base/words.js";

/** @typedef {"row" | "column" | "none"} Norm */

/** @param {number[][]} matrix square */
export function sumsOf(matrix) {
  const rows = matrix.map((row) => row.reduce((sum, n) => sum + n, 0));
  const columns = matrix.map((_, j) => matrix.reduce((sum, row) => sum + (row[j] ?? 0), 0));
  return { rows, columns };
}

/** 0 … 1: of its row, of its column, or of the largest cell; null where nothing can be divided by. @param {number[][]} matrix @param {Norm} by @returns {(number | null)[][]} */
export function normalised(matrix, by) {
  const { rows, columns } = sumsOf(matrix);
  const most = Math.max(...matrix.flat());
  const whole = (/** @type {number} */ i, /** @type {number} */ j) => (by === "row" ? rows[i] : by === "column" ? columns[j] : most);
  return matrix.map((row, i) => row.map((n, j) => (whole(i, j) > 0 ? n / whole(i, j) : null)));
}

/** Wrong answers, most cases first. @param {string[]} labels @param {number[][]} matrix @returns {{gold: string, predicted: string, count: number, share: number}[]} */
export function pairsOf(labels, matrix) {
  const { rows } = sumsOf(matrix);
  const found = [];
  for (const [i, row] of matrix.entries()) for (const [j, n] of row.entries()) if (i !== j && n > 0) found.push({ gold: labels[i], predicted: labels[j], count: n, share: n / rows[i] });
  return found.sort((a, b) => b.count - a.count || a.gold.localeCompare(b.gold));
}

const MOST = 3; // sentences
const BOTH = 0.5; // the rarer direction has at least this share of the other: they are confused with each other

/** The most confused pairs as sentences. @param {string[]} labels @param {number[][]} matrix @returns {string[]} */
export function pairsInWords(labels, matrix) {
  const pairs = pairsOf(labels, matrix);
  const told = new Set();
  const said = [];
  for (const { gold, predicted, count: n, share } of pairs) {
    if (said.length === MOST) break;
    if (told.has(`${gold}\n${predicted}`)) continue;
    const back = pairs.find((each) => each.gold === predicted && each.predicted === gold);
    if (back && back.count >= BOTH * n) {
      told.add(`${predicted}\n${gold}`);
      said.push(`${gold} and ${predicted} are taken for each other: ${count(n)} and ${count(back.count)} times.`);
    } else said.push(`${gold} is taken for ${predicted} ${count(n)} ${n === 1 ? "time" : "times"}, ${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} % of all ${gold}.`);
  }
  return said;
}
