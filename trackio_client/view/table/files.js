// @ts-check
/** What is listed, to take away: CSV of the columns that are shown, of all there are, or of groups; Markdown to paste. */
import { csvOf } from "../base/files.js";
import { BUT_SEED } from "../base/seeds.js";
import { revived } from "../base/words.js";
import { readCell, kindOf, labelOf, plainCell } from "./columns.js";
import { spreadOf } from "./groups.js";

const AT_ONCE = 40; // columns in one request: addresses stay short

/** How a column is called in a file: with its kind, so that config and metric of one name are told apart. @param {string} key */
const headOf = (key) => (key === BUT_SEED ? "setting" : key === "age" ? "created" : key === "duration" ? "duration_s" : key);

/** A list in a config stays one, as JSON. @param {any} row @param {string} key */
const cellOf = (row, key) => (key.startsWith("config:") ? readCell(row, key) : plainCell(row, key));

/** @param {any[]} rows @param {string[]} keys columns */
export function csvOfRows(rows, keys) {
  return csvOf([["experiment_id", ...keys.map(headOf)], ...rows.map((row) => [row.id, ...keys.map((key) => cellOf(row, key))])]);
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

/** Rows with all of these columns: the page holds only those that were in view, the others are fetched a few at a time.
 * @param {any} source @param {string} project @param {any[]} rows @param {string[]} keys @returns {Promise<any[]>} */
export async function fullRows(source, project, rows, keys) {
  const asked = [...new Set(keys.filter((key) => key.includes(":") || key === "notes"))];
  /** @type {Map<string, Record<string, any>>} */
  const held = new Map(rows.map((row) => [row.id, { ...row.columns }]));
  for (let i = 0; i < asked.length; i += AT_ONCE) {
    const some = asked.slice(i, i + AT_ONCE);
    for (const [id, key, value] of await cellsOf(source, project, some)) {
      const cells = held.get(id);
      if (cells) cells[key] = value === null ? undefined : revived(value);
    }
  }
  return rows.map((row) => ({ ...row, columns: held.get(row.id) }));
}

/** @param {any} source @param {string} project @param {string[]} keys @returns {Promise<[string, string, any][]>} id, column, value */
async function cellsOf(source, project, keys) {
  if (source.cells) {
    const { experiments, columns } = await source.cells(project, keys);
    return keys.flatMap((key) => experiments.map((/** @type {string} */ id, /** @type {number} */ place) => [id, key, columns[key]?.[place] ?? null]));
  }
  const { experiments } = await source.experiments(project, undefined, keys); // a page without a server reads them from its files
  return experiments.flatMap((/** @type {any} */ row) => keys.map((key) => [row.experiment_id, key, row.columns?.[key] ?? null]));
}
