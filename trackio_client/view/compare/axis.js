// @ts-check
/** One column of values as an axis from 0 to 1: numbers, numbers by their logarithm, or kinds. Pure functions. */
import { formatTick, logTicks, niceTicks } from "../charts/scales.js";
import { number } from "../base/words.js";

const FEW = 8; // different numbers that are themselves the ticks
const LOG_FROM = 50; // times the smallest, from which on a column of positive numbers is read by its logarithm

/** @typedef {{column: string, label: string, kind: "number" | "log" | "kind", low: number, high: number, kinds: string[],
 *   place: (value: any) => number | null, value: (place: number) => number, ticks: (count: number) => {at: number, words: string}[],
 *   canLog: boolean, words: (value: any) => string}} Axis */

/** A value as a kind is told. @param {any} value */
export const kindOf = (value) => (value === null ? "None" : typeof value === "object" ? JSON.stringify(value) : String(value));

const isNumber = (/** @type {any} */ value) => typeof value === "number" && Number.isFinite(value);

/** Whether a reader is likely to want the logarithm. @param {number[]} values finite */
function looksLog(values) {
  const low = Math.min(...values);
  return low > 0 && Math.max(...values) / low >= LOG_FROM;
}

/** @param {string} column @param {string} label @param {any[]} values those of all rows; undefined where a row has none
 * @param {boolean | null} asked by its logarithm, by itself, or as it looks (null) @returns {Axis} */
export function axisOf(column, label, values, asked = null) {
  const there = values.filter((value) => value !== undefined);
  const odd = there.some((value) => !(typeof value === "number"));
  const numbers = there.filter(isNumber);
  if (odd || !numbers.length) return kinds(column, label, there);
  const positive = numbers.filter((value) => value > 0);
  const canLog = positive.length > 0 && positive.length === numbers.length;
  const log = canLog && (asked ?? looksLog(positive));
  let low = Infinity;
  let high = -Infinity;
  for (const value of numbers) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const [a, b] = log ? [Math.log(low), Math.log(high)] : [low, high];
  // 1e308 − (−1e308) is more than there is: halves first.
  const span = b / 2 - a / 2;
  const place = (/** @type {any} */ value) => (!isNumber(value) || (log && value <= 0) ? null : ((log ? Math.log(value) : value) / 2 - a / 2) / span);
  const value = (/** @type {number} */ at) => (log ? Math.exp(a + at * 2 * span) : a + at * span * 2);
  const different = [...new Set(numbers)].slice(0, FEW + 1);
  const ticks = (/** @type {number} */ count) => {
    if (log && different.length > FEW) return logTicks(low, high, count).map((tick) => ({ at: place(tick) ?? 0, words: number(tick) }));
    if (different.length <= count + 1 && different.length <= FEW) return different.map((each) => ({ at: place(each) ?? 0, words: number(each) }));
    const { ticks: found, step } = niceTicks(low, high, count);
    return found.map((tick) => ({ at: place(tick) ?? 0, words: formatTick(tick, step) }));
  };
  return { column, label, kind: log ? "log" : "number", low, high, kinds: [], place, value, ticks, canLog, words: number };
}

/** @param {string} column @param {string} label @param {any[]} there @returns {Axis} */
function kinds(column, label, there) {
  const all = [...new Set(there.map(kindOf))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
  const order = new Map(all.map((kind, i) => [kind, i]));
  const at = (/** @type {number} */ i) => (i + 0.5) / Math.max(1, all.length);
  const place = (/** @type {any} */ value) => {
    const i = value === undefined ? undefined : order.get(kindOf(value));
    return i === undefined ? null : at(i);
  };
  const value = (/** @type {number} */ where) => Math.max(0, Math.min(all.length - 1, Math.floor(where * all.length)));
  const ticks = (/** @type {number} */ count) => {
    const every = Math.max(1, Math.ceil(all.length / Math.max(1, count)));
    return all.flatMap((words, i) => (i % every ? [] : [{ at: at(i), words }]));
  };
  return { column, label, kind: "kind", low: 0, high: Math.max(0, all.length - 1), kinds: all, place, value, ticks, canLog: false, words: kindOf };
}

/** Ranks from 1, those of equal values averaged. @param {number[]} values */
export function ranks(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const found = new Array(values.length);
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j + 1 < order.length && values[order[j + 1]] === values[order[i]]) j++;
    for (let k = i; k <= j; k++) found[order[k]] = (i + j) / 2 + 1;
    i = j + 1;
  }
  return found;
}

/** Spearman's rank correlation; null where one of them is constant. @param {number[]} one @param {number[]} other */
export function rankCorrelation(one, other) {
  if (one.length < 3) return null;
  const [a, b] = [ranks(one), ranks(other)];
  const middle = (a.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - middle) * (b[i] - middle);
    aa += (a[i] - middle) ** 2;
    bb += (b[i] - middle) ** 2;
  }
  return aa && bb ? ab / Math.sqrt(aa * bb) : null;
}
