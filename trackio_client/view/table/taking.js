// @ts-check
/** What is listed, or chosen, taken away: files of CSV and LaTeX, tables of Markdown and LaTeX to paste. */
import { save } from "../base/files.js";
import { openMenu } from "../base/menu.js";
import { toast } from "../base/toast.js";
import { count, plural } from "../base/words.js";
import { allCells, csvOfGroups, csvOfRows, markdownOf } from "./files.js";
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
  const latex = (/** @type {boolean} */ best) => latexOf(table.keys, by.length ? { groups: table.groups, by } : { rows }, table.cells, { best });
  const cellsOf = async (/** @type {string[]} */ keys) => {
    const many = keys.length > MANY ? toast(`Fetching ${count(keys.length)} columns.`) : null;
    const read = await allCells(table.source, name, keys, () => {});
    many?.close();
    return read;
  };
  /** @type {Record<string, () => any>} */
  const acts = {
    csv: async () => save(`${name}.csv`, "text/csv", csvOfRows(rows, table.keys, await cellsOf(table.keys))),
    all: async () => {
      const keys = await table.columns.every();
      save(`${name}.csv`, "text/csv", csvOfRows(rows, keys, await cellsOf(keys)));
    },
    groups: () => save(`${name}-groups.csv`, "text/csv", csvOfGroups(table.groups, by, table.keys, (setting) => table.cells.settingName(setting))),
    markdown: () => copyMarkdown(table),
    latex: () => copied(latex(false), `Copied ${typeset} as a LaTeX table. It needs the package booktabs.`),
    best: () => copied(latex(true), `Copied ${typeset} as a LaTeX table. It needs the package booktabs.`),
    tex: () => save(`${name}.tex`, "application/x-tex", latex(true)),
  };
  openMenu(at, { title: "Take away", items, choose: (value) => Promise.resolve(acts[value]()).catch((error) => toast(`The file was not made: ${error.message}`, { isTrouble: true })) });
}

/** @param {any} table the TableView */
export function copyMarkdown(table) {
  const rows = table.taken();
  return copied(markdownOf(rows, table.keys, (row, key) => table.cells.words(row, key)), `Copied ${plural(rows.length, "row")} as a Markdown table.`);
}

/** @param {string} words @param {string} told */
async function copied(words, told) {
  try {
    await navigator.clipboard.writeText(words);
    toast(told);
  } catch {
    window.prompt("Copy with Ctrl+C", words); // clipboards are closed to pages without https
  }
}
