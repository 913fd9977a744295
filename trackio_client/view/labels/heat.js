// @ts-check
/** The two heat maps: label × evaluation of one experiment, label × experiment; and their numbers as a file. */

import { h } from "../base/dom.js";
import { heatTable, score as figure } from "../base/heat.js";
import { icon } from "../base/icons.js";
import { cellOf, spread } from "../experiment/labels.js";
import { count, number } from "../base/words.js";
import { swatchOf } from "../base/colors.js";
import { csvOf, save } from "../base/files.js";
import { highOf, valueOf } from "./scores.js";

/** @typedef {import("./scores.js").Row} Row
 * @typedef {import("./scores.js").Evaluation} Evaluation */

const CELL = 35; // pixels a column takes
const BESIDE = 184; // pixels of label and support

/** The head of a row: a button that draws the label's curve, or takes it away. @param {Row} row @param {Map<string, number>} drawn @param {(name: string) => void} toggle */
function headOf({ name }, drawn, toggle) {
  const color = drawn.get(name);
  const button = h("button", { class: "tk-label-name", "aria-pressed": String(color !== undefined), title: `${name}: ${color === undefined ? "draw its curve" : "take its curve away"}` },
    h("i", { class: "tk-swatch", style: color === undefined ? { "--c": "transparent" } : { "--c": swatchOf(color) } }), h("span", null, name));
  button.addEventListener("click", () => toggle(name));
  return button;
}

/** The scale in words and colour. @param {number} high */
export const scaleOf = (high) => h("span", { class: "tk-heat-scale", "aria-hidden": "true" }, "0", h("i", null), figure(high));

/** @param {{rows: Row[], evaluations: Evaluation[], best: any, width: number, score: string, drawn: Map<string, number>, toggle: (name: string) => void}} what */
export function byEvaluation({ rows, evaluations, best, width, score, drawn, toggle }) {
  const most = Math.max(4, Math.floor((width - BESIDE) / CELL));
  // The words below tell of labels' highest values: their columns come before any other.
  const shown = spread(evaluations, most, [evaluations.find(({ entry }) => entry === best), ...rows.map(({ top }) => evaluations[top])]);
  const places = shown.map((each) => evaluations.indexOf(each));
  const high = highOf(rows.flatMap(({ values }) => values));
  const columns = shown.map((each) => ({ word: `${number(each.step ?? each.epoch)}${each.entry === best ? " ★" : ""}`, title: `${each.where}${each.entry === best ? ", the best evaluation" : ""}` }));
  const table = heatTable({
    label: `${score} of each label at each evaluation`, corner: "label", columns, hasCounts: true, high,
    rows: rows.map((row) => ({
      word: headOf(row, drawn, toggle), title: row.name, bold: row.isSum, n: row.support === null ? "" : count(row.support),
      cells: places.map((i) => cellOf(row.cases[i], row.values[i], evaluations[i].entry, evaluations.length > 1 && row.top === i && (row.values[i] ?? 0) > 0)),
    })),
  });
  return { table, high, shown: shown.length };
}

/**
 * @param {{names: Row[], columns: {row: any, evaluation: Evaluation | null}[], set: string, score: string, key: string, drawn: Map<string, number>, chosen: string, toggle: (name: string) => void, open: (id: string) => void}} what
 *   `names`: labels in their order, from the first experiment that has them
 */
export function byExperiment({ names, columns, set, score, key, drawn, chosen, toggle, open }) {
  const scores = (/** @type {string} */ name) => columns.map(({ evaluation }) => evaluation?.tables[set]?.[name]);
  const rows = names.map((row) => {
    const cases = scores(row.name);
    const values = cases.map((each) => valueOf(each, key));
    const top = Math.max(...values.map((v) => v ?? -Infinity));
    const several = values.filter((v) => v !== null).length > 1;
    const cells = values.map((value, i) => cellOf(cases[i], value, columns[i].evaluation?.entry ?? {}, several && value === top && top > 0 && values.indexOf(top) === i));
    return { word: headOf(row, drawn, toggle), title: row.name, bold: row.isSum, n: row.support === null ? "" : count(row.support), cells, values };
  });
  const high = highOf(rows.flatMap(({ values }) => values));
  const head = columns.map(({ row, evaluation }) => ({
    word: h("button", { class: "tk-label-run", "aria-pressed": String(row.id === chosen), on: { click: () => open(row.id) } }, h("i", { style: { "--c": swatchOf(row.color) } }), h("span", null, row.name)),
    title: `${row.name}${evaluation ? `, ${evaluation.where}` : ": no evaluation up to there"}`,
  }));
  return { table: heatTable({ label: `${score} of each label in each experiment`, corner: "label", columns: /** @type {any} */ (head), rows: /** @type {any} */ (rows), hasCounts: true, high }), high };
}

/** A button that gives numbers as a file. @param {() => {name: string, rows: (string | number | null)[][]}} make */
export function csvButton(make) {
  const button = h("button", { class: "tk-btn sm", title: "These numbers as a CSV file, all evaluations of them" }, icon("download"), "CSV");
  button.addEventListener("click", () => {
    const { name, rows } = make();
    save(`${name}.csv`, "text/csv", csvOf(rows));
  });
  return button;
}
