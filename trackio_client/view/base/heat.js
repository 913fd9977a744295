// @ts-check
/** Tables whose cells are coloured by their number: one hue, pale to deep, the number in the cell. */

import { h } from "./dom.js";

/** Pale and deep of each theme, sRGB. */
const LIGHT = [[238, 243, 252], [29, 78, 180]];
const DARK = [[27, 35, 56], [157, 184, 255]];

/** @param {number[][]} ends @param {number} t */
const between = ([from, to], t) => from.map((part, i) => Math.round(part + (to[i] - part) * t));

/** Relative luminance, WCAG. @param {number[]} rgb */
function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The figure's colour, whichever contrasts more. @param {number[]} rgb */
const figure = (rgb) => (luminance(rgb) > 0.179 ? "#000" : "#fff");

/** A cell's look. @param {number | null} t 0 … 1; null for no value @returns {Record<string, string>} custom properties */
export function shade(t) {
  if (t === null || !Number.isFinite(t)) return {};
  const share = Math.max(0, Math.min(1, t));
  const [light, dark] = [between(LIGHT, share), between(DARK, share)];
  return { "--cell": `light-dark(rgb(${light}), rgb(${dark}))`, "--ink": `light-dark(${figure(light)}, ${figure(dark)})` };
}

/** The same colour for a canvas, which knows no light-dark(). @param {number} t 0 … 1 @param {boolean} dark */
export const heatOf = (t, dark) => `rgb(${between(dark ? DARK : LIGHT, Math.max(0, Math.min(1, t)))})`;

/** A score between 0 and 1 in two figures: ".59", "1", "0". @param {any} value */
export function score(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 10) return value.toFixed(0);
  if (value > 1 || value < 0) return value.toFixed(2).replace("-", "\u2212");
  return value === 0 ? "0" : value === 1 ? "1" : value.toFixed(2).replace(/^0/, "");
}

/**
 * @typedef {{value: number | null, words?: string, title?: string, ring?: boolean, t?: number | null}} Cell
 * @param {{label: string, corner: any, columns: {word: string, title?: string}[], rows: {word: string, title?: string, n?: string, bold?: boolean, cells: Cell[]}[],
 *     hasCounts?: boolean, low?: number, high?: number, format?: (value: any) => string}} what
 */
export function heatTable({ label, corner, columns, rows, hasCounts = false, low = 0, high = 1, format = score }) {
  const span = high - low || 1;
  const cell = (/** @type {Cell} */ { value, words, title, ring, t }) => {
    const place = t !== undefined ? t : value === null ? null : (value - low) / span;
    return h("td", { class: ring ? "ring" : null, title, style: shade(place) }, words ?? format(value));
  };
  return h(
    "div",
    { class: "tk-panel-scroll tk-heat-frame", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      { class: "tk-heat", "aria-label": label },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, corner), hasCounts ? h("th", { scope: "col", class: "n" }, "n") : null, columns.map(({ word, title }) => h("th", { scope: "col", title: title ?? word }, word)))),
      h("tbody", null, rows.map((row) => h("tr", { class: row.bold ? "bold" : null }, h("th", { scope: "row", title: row.title ?? row.word }, row.word), hasCounts ? h("td", { class: "n" }, row.n ?? "") : null, row.cells.map(cell)))),
    ),
  );
}
