// @ts-check
/** Rows in groups that share the values of some columns, and what each group has in every other column: plain functions. */
import { BUT_SEED } from "../base/seeds.js";
import { readCell } from "./columns.js";

/** @typedef {{n: number, mean: number, sd: number, min: number, max: number, missing: number}} Spread  of the finite values; sd of a sample (n − 1)
 * @typedef {{key: string, values: any[], rows: any[]}} Group */

/** @param {any} value */
const missing = (value) => value === undefined || value === null || (typeof value === "number" && Number.isNaN(value));

/** @param {any[]} rows in order @param {string[]} by columns @returns {Group[]} in the order of their first rows; those without a value last */
export function groupsOf(rows, by) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const row of rows) {
    const values = by.map((column) => readCell(row, column));
    const key = JSON.stringify(values.map((value, i) => (missing(value) ? null : by[i] === BUT_SEED ? value.same : typeof value === "number" && !Number.isFinite(value) ? String(value) : value)));
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { key, values, rows: [row] });
  }
  const empty = (/** @type {Group} */ group) => Number(group.values.every(missing));
  return [...groups.values()].sort((a, b) => empty(a) - empty(b));
}

/** Welford's sums: exact for values that are large beside their spread. @param {any[]} values @returns {Spread | null} null where no number is */
export function spreadOf(values) {
  let [n, mean, squares, min, max, absent] = [0, 0, 0, Infinity, -Infinity, 0];
  for (const value of values) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      absent += 1;
      continue;
    }
    n += 1;
    const away = value - mean;
    mean += away / n;
    squares += away * (value - mean);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return n ? { n, mean, sd: n > 1 ? Math.sqrt(squares / (n - 1)) : Number.NaN, min, max, missing: absent } : null;
}

/** What a group says of a column that holds no numbers: the value that all share, or how many there are. @param {any[]} values @returns {{same?: any, different: number}} */
export function varietyOf(values) {
  const known = values.filter((value) => !missing(value));
  const different = new Set(known.map((value) => (typeof value === "object" ? JSON.stringify(value) : value)));
  return different.size === 1 && known.length === values.length ? { same: known[0], different: 1 } : { different: different.size };
}

/** Groups by what they have in a column, by its mean where that holds numbers; what is missing last. @param {Group[]} groups @param {string} column @param {boolean} falling */
export function sortedGroups(groups, column, falling) {
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const keyed = groups.map((group, place) => {
    const values = group.rows.map((row) => readCell(row, column));
    const spread = spreadOf(values);
    return { group, place, value: spread ? spread.mean : varietyOf(values).same };
  });
  const sense = falling ? -1 : 1;
  keyed.sort((a, b) => {
    if (missing(a.value) || missing(b.value)) return Number(missing(a.value)) - Number(missing(b.value)) || a.place - b.place;
    if (typeof a.value === "number" && typeof b.value === "number") return (a.value - b.value) * sense || a.place - b.place;
    return collator.compare(String(a.value), String(b.value)) * sense || a.place - b.place;
  });
  return keyed.map(({ group }) => group);
}
