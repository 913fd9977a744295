// @ts-check
/** Which experiments belong together: by their group, by their name without its seed, by values of their config. */
import { colorOf } from "../base/colors.js";

/** "lr3e-4_seed1", "lr3e-4 (seed=2)", "lr3e-4-s3": what tells the seed, with the signs around it. */
const SEED = /[\s_\-./,;]*[([{]?\b(?:random[\s_-]?)?(?:seed|rng)[\s_\-=:#]*\d+\b[)\]}]?|[\s_\-./,;]+s\d+(?![\p{L}\p{N}])/giu;
const LONGEST = 60; // characters of a value in a group's name

/** @typedef {{name: string, color: number, members: any[], of: number}} Group `of`: how many the whole project has */

/** A name without its seed; itself when it tells none. @param {string} name */
export function withoutSeed(name) {
  // "_" is a letter to \b, and the usual sign before "seed": it is read as a space, and the name stays as it was written.
  const spaced = name.replaceAll("_", " ");
  let [kept, from] = ["", 0];
  for (const { index, 0: found } of spaced.matchAll(SEED)) {
    kept += name.slice(from, index);
    from = index + found.length;
  }
  return (kept + name.slice(from)).replace(/^[\s_\-./,;]+/, "").trim() || name;
}

/** What a menu calls it. @param {string} key */
export const labelOf = (key) => (key === "group" ? "group" : key === "name" ? "name without seed" : key.slice(key.indexOf(":") + 1));

/** @param {any} row @param {string} key "group", "name" or "config:lr" */
function wordOf(row, key) {
  if (key === "group") return row.group || "no group";
  if (key === "name") return withoutSeed(row.name);
  const value = row.columns?.[key];
  if (value === undefined || value === null) return `no ${labelOf(key)}`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** The groups of the ticked experiments, in the order of their oldest member; a group keeps its colour whoever of it is
 * ticked. @param {any[]} experiments all of the project @param {string[]} keys @returns {Group[]} */
export function groupsOf(experiments, keys) {
  /** @type {Map<string, {name: string, oldest: number, members: any[], of: number}>} */ const found = new Map();
  for (const row of experiments) {
    const words = keys.map((key) => wordOf(row, key));
    const key = words.join("\n");
    let group = found.get(key);
    if (!group) found.set(key, (group = { name: words.map((word, i) => (keys[i].includes(":") && !word.startsWith("no ") ? `${labelOf(keys[i])} ${word}` : word)).join(", "), oldest: Infinity, members: [], of: 0 }));
    group.oldest = Math.min(group.oldest, row.created_s);
    group.of++;
    if (row.shown) group.members.push(row);
  }
  const all = [...found.values()].sort((a, b) => a.oldest - b.oldest);
  /** @type {Map<number, number>} */ const drawn = new Map();
  return all.flatMap(({ name, members, of }, order) => {
    if (!members.length) return [];
    const hue = colorOf(order, 0);
    const before = drawn.get(hue) ?? 0;
    drawn.set(hue, before + 1);
    return [{ name, members, of, color: colorOf(order, before) }];
  });
}
