// @ts-check
/** What is listed, or chosen, taken away: files of CSV and LaTeX, tables of Markdown and LaTeX to paste. */
import { copyComing } from "../base/clipboard.js";
import { save } from "../base/files.js";
import { openMenu } from "../base/menu.js";
import { toast } from "../base/toast.js";
import { count, plural } from "../base/words.js";
import { Cells } from "./cells.js";
import { csvOfGroups, csvOfRows, fullRows, markdownOf } from "./files.js";
import { latexOf } from "./latex.js";

const MANY = 80; // columns that take a while

/** @param {any} table the TableView @param {HTMLElement} at */
export function openTaking(table, at) {
  const rows = table.taken();
  const what = table.choosing.size ? plural(rows.length, "chosen experiment") : plural(rows.length, "listed experiment");
  const by = table.state.get("tableGroups") ?? [];
  const name = table.state.get("project");
  const typeset = by.length ? plural(table.groups.length, "group") : what;
  const items = [
    { value: "csv", label: `CSV: ${what}, the columns shown` },
    { value: "all", label: `CSV: ${what}, all columns` },
    ...(by.length ? [{ value: "groups", label: `CSV: ${plural(table.groups.length, "group")} with mean, sd, n, min and max` }] : []),
    { value: "markdown", label: `Copy ${what} as Markdown` },
    { value: "latex", label: `Copy ${typeset} as LaTeX${by.length ? ", mean ± sd" : ""}` },
    { value: "best", label: `Copy ${typeset} as LaTeX${by.length ? ", mean ± sd" : ""}, best in bold` },
    { value: "tex", label: `LaTeX file: ${typeset}, best in bold` },
  ];
  const latex = async (/** @type {boolean} */ best) => {
    const full = await filled(table);
    return latexOf(full.keys, by.length ? { groups: full.groups, by } : { rows: full.rows }, full.cells, { best });
  };
  const copied = `Copied ${typeset} as a LaTeX table. It needs the package booktabs.`;
  const csv = async (/** @type {string[]} */ keys) => save(`${name}.csv`, "text/csv", csvOfRows(await fetched(table, rows, keys), keys));
  /** @type {Record<string, () => any>} */
  const acts = {
    csv: () => csv(table.keys),
    all: async () => csv(await table.columns.every()),
    groups: async () => {
      const { groups, keys, cells } = await filled(table);
      save(`${name}-groups.csv`, "text/csv", csvOfGroups(groups, by, keys, (setting) => cells.settingName(setting)));
    },
    markdown: () => table.copy(),
    latex: () => copyComing(latex(false), copied),
    best: () => copyComing(latex(true), copied),
    tex: async () => save(`${name}.tex`, "application/x-tex", await latex(true)),
  };
  openMenu(at, { title: "Take away", items, choose: (value) => Promise.resolve(acts[value]()).catch((error) => toast(`The file was not made: ${error.message}`, { isTrouble: true })) });
}

/** @param {any} table the TableView */
export async function markdownOfTaken(table) {
  const { rows, keys, cells } = await filled(table);
  return markdownOf(rows, keys, (row, key) => cells.words(row, key));
}

/** @param {any} table the TableView @param {any[]} rows @param {string[]} keys */
async function fetched(table, rows, keys) {
  const many = keys.length > MANY ? toast(`Fetching ${count(keys.length)} columns.`) : null;
  try {
    return await fullRows(table.source, table.state.get("project"), rows, keys);
  } finally {
    many?.close();
  }
}

/** What is taken, and all groups, with the values of every column, also of those that were never in view; numbers are worded as in the
 * table. @param {any} table the TableView */
async function filled(table) {
  const { keys, groups } = table;
  const taken = new Set(table.taken().map((/** @type {any} */ row) => row.id));
  const all = await fetched(table, table.rows, keys);
  const full = new Map(all.map((row) => [row.id, row]));
  const cells = new Cells(all, table.state.get("metrics") ?? [], () => table.experiments.now_s());
  cells.groups = groups.map((/** @type {import("./groups.js").Group} */ group) => ({ ...group, rows: group.rows.map((row) => full.get(row.id)) }));
  cells.judged = all.filter((row) => taken.has(row.id));
  return { keys, cells, groups: cells.groups, rows: cells.judged };
}
