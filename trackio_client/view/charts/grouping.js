// @ts-check
/** Which experiments belong together: by their group, by their name without its seed, by all of their config but the seed, by values of it. */
import { colorOf } from "../base/colors.js";
import { BUT_SEED, settingNames, withoutSeed, wordOf as said } from "../base/seeds.js";

/** @typedef {{name: string, color: number, members: any[], of: number}} Group `of`: how many the whole project has */

/** What a menu calls it. @param {string} key */
export const labelOf = (key) => (key === "group" ? "group" : key === "name" ? "name without seed" : key === BUT_SEED ? "everything but the seed" : key.slice(key.indexOf(":") + 1));

/** What a row has of a key; undefined and null: nothing. @param {any} row @param {string} key "group", "name", "but:seed" or "config:lr"
 * @param {(row: any, key: string) => any} [read] a column */
export function partOf(row, key, read = (each, column) => each.columns?.[column]) {
  if (key === "group") return row.group || undefined;
  return key === "name" ? withoutSeed(row.name) : read(row, key);
}

/** What tells a value from others. @param {any} value @param {string} key */
const atOf = (value, key) => (value === undefined || value === null ? "" : key === BUT_SEED ? `=${value.same}` : `=${typeof value === "object" ? JSON.stringify(value) : value}`);

/**
 * Rows by their values of the keys, and what each group is called. @param {any[]} rows @param {string[]} keys
 * @param {{read?: (row: any, key: string) => any, named?: (row: any) => boolean, bare?: boolean}} [how] `named`: of these groups' members it is told how they differ;
 *   `bare`: values of the config without their key
 * @returns {{name: string, rows: any[], has: boolean}[]} in the order of their first rows; `has`: a value of every key
 */
export function partition(rows, keys, { read, named = () => true, bare = false } = {}) {
  /** @type {Map<string, {values: any[], rows: any[], has: boolean}>} */ const found = new Map();
  const settings = [];
  for (const row of rows) {
    const values = keys.map((key) => partOf(row, key, read));
    const at = values.map((value, i) => atOf(value, keys[i])).join("\n");
    const group = found.get(at);
    if (group) group.rows.push(row);
    else found.set(at, { values, rows: [row], has: values.every((value) => value !== undefined && value !== null) });
    if (keys.includes(BUT_SEED) && named(row)) settings.push(values[keys.indexOf(BUT_SEED)]);
  }
  const names = settingNames(settings);
  const word = (/** @type {any} */ value, /** @type {string} */ key) => {
    if (value === undefined || value === null) return key === BUT_SEED ? "no settings" : `no ${labelOf(key)}`;
    if (key === BUT_SEED) return names.get(value.same) ?? "";
    return key.includes(":") && !bare ? `${labelOf(key)} ${said(value)}` : said(value);
  };
  return [...found.values()].map(({ values, rows: members, has }) => ({ name: values.map((value, i) => word(value, keys[i])).join(", "), rows: members, has }));
}

/** The groups of the ticked experiments, in the order of their oldest member; a group keeps its colour whoever of it is
 * ticked. @param {any[]} experiments all of the project @param {string[]} keys @returns {Group[]} */
export function groupsOf(experiments, keys) {
  const oldest = (/** @type {any[]} */ rows) => rows.reduce((least, row) => Math.min(least, row.created_s), Infinity);
  const all = partition(experiments, keys, { named: (row) => row.shown }).map(({ name, rows }) => ({ name, oldest: oldest(rows), members: rows.filter((row) => row.shown), of: rows.length }));
  all.sort((a, b) => a.oldest - b.oldest);
  /** @type {Map<number, number>} */ const drawn = new Map();
  return all.flatMap(({ name, members, of }, order) => {
    if (!members.length) return [];
    const hue = colorOf(order, 0);
    const before = drawn.get(hue) ?? 0;
    drawn.set(hue, before + 1);
    return [{ name, members, of, color: colorOf(order, before) }];
  });
}
