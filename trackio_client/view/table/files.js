// @ts-check
/** What is listed, to take away: CSV of the columns that are shown, of all there are, or of groups; Markdown to paste. */
import { csvOf } from "../base/files.js";
import { BUT_SEED } from "../base/seeds.js";
import { readCell, kindOf, labelOf, plainCell } from "./columns.js";
import { spreadOf } from "./groups.js";

const AT_ONCE = 40; // columns in one request: addresses stay short

/** How a column is called in a file: with its kind, so that config and metric of one name are told apart. @param {string} key */
const headOf = (key) => (key === BUT_SEED ? "setting" : key === "age" ? "created" : key === "duration" ? "duration_s" : key);

/** @param {any[]} rows @param {string[]} keys columns @param {(row: any, key: string) => any} [read] */
export function csvOfRows(rows, keys, read = plainCell) {
  return csvOf([["experiment_id", ...keys.map(headOf)], ...rows.map((row) => [row.id, ...keys.map((key) => read(row, key))])]);
}

/** A line a group: its values, how many, and of each column that holds numbers mean, sd, n, least and largest.
 * @param {import("./groups.js").Group[]} groups @param {string[]} by @param {string[]} keys @param {(setting: any) => string} nameOf */
export function csvOfGroups(groups, by, keys, nameOf) {
  const others = keys.filter((key) => !by.includes(key) && key !== "name");
  const spreads = groups.map((group) => others.map((key) => (kindOf(key) === "time" ? null : spreadOf(group.rows.map((row) => readCell(row, key))))));
  const numeric = others.filter((_, i) => spreads.some((each) => each[i]));
  const head = [...by.map(headOf), "experiments", ...numeric.flatMap((key) => ["mean", "sd", "n", "min", "max"].map((what) => `${headOf(key)} ${what}`))];
  const lines = groups.map((group, g) => [
    ...by.map((key) => (key === BUT_SEED && readCell(group.rows[0], key) ? nameOf(readCell(group.rows[0], key)) : plainCell(group.rows[0], key))), group.rows.length,
    ...numeric.flatMap((key) => {
      const found = spreads[g][others.indexOf(key)];
      return found ? [found.mean, found.n > 1 ? found.sd : undefined, found.n, found.min, found.max] : [undefined, undefined, 0, undefined, undefined];
    }),
  ]);
  return csvOf([head, ...lines]);
}

/** As the page shows it. @param {any[]} rows @param {string[]} keys @param {(row: any, key: string) => string} words */
export function markdownOf(rows, keys, words) {
  const safe = (/** @type {string} */ said) => said.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replace(/[\r\n]+/g, " ").replaceAll("<", "&lt;");
  const line = (/** @type {string[]} */ cells) => `| ${cells.map(safe).join(" | ")} |`;
  const rule = `| ${keys.map((key) => (kindOf(key) === "text" ? "---" : "---:")).join(" | ")} |`;
  return [line(keys.map(labelOf)), rule, ...rows.map((row) => line(keys.map((key) => words(row, key))))].join("\n");
}

/** Columns of all rows, also those that the page does not hold: fetched a few at a time. @param {any} source @param {string} project @param {string[]} keys
 * @param {(done: number) => void} tell @returns {Promise<(row: any, key: string) => any>} */
export async function allCells(source, project, keys, tell) {
  const asked = keys.filter((key) => key.includes(":") || key === "notes");
  /** @type {Map<string, Map<string, any>>} */
  const cells = new Map();
  for (let i = 0; source.cells && i < asked.length; i += AT_ONCE) {
    tell(i);
    const { experiments, columns } = await source.cells(project, asked.slice(i, i + AT_ONCE));
    for (const [key, values] of Object.entries(columns)) {
      cells.set(key, new Map(experiments.map((/** @type {string} */ id, /** @type {number} */ place) => [id, values[place]])));
    }
  }
  return (row, key) => {
    const held = cells.get(key);
    if (!held) return plainCell(row, key);
    const value = held.get(row.id) ?? undefined;
    return value && typeof value === "object" && "$float" in value ? Number(value.$float) : value;
  };
}
