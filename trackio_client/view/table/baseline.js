// @ts-check
/** One experiment as the baseline of the table: how far every number of a metric lies from its, in percent. */
import { h } from "../base/dom.js";
import { openMenu } from "../base/menu.js";
import { number } from "../base/words.js";

const TAIL = 8; // characters of an id in the address

/** The baseline, if it is here. @param {any} state @returns {any} a row, or null */
export function baselineOf(state) {
  const tail = state.get("tableBase");
  return tail ? (state.get("experiments").find((/** @type {any} */ row) => row.id.endsWith(tail)) ?? null) : null;
}

/** @param {any} state @param {string | null} id null: none */
export const setBaseline = (state, id) => state.set({ tableBase: id ? id.slice(-TAIL) : null });

/** A menu of those that are listed. @param {any} state @param {any[]} rows @param {HTMLElement} at */
export function openBaselines(state, rows, at) {
  const now = baselineOf(state);
  const items = [{ value: "", label: "no baseline", chosen: !now }, ...(now && !rows.includes(now) ? [now, ...rows] : rows).map((row) => ({ value: row.id, label: row.name, note: row.group ?? "", chosen: row === now }))];
  openMenu(at, { title: "Baseline: differences in percent", items, choose: (id) => setBaseline(state, id || null) });
}

/** How far a value lies from the baseline's: none where there is no percentage of it.
 * @param {any} value @param {any} base @param {string | null | undefined} goal @returns {{words: string, kind: "better" | "worse" | ""} | null} */
export function gapOf(value, base, goal) {
  if (typeof value !== "number" || typeof base !== "number" || !Number.isFinite(value) || !Number.isFinite(base) || base === 0) return null;
  const percent = ((value - base) / Math.abs(base)) * 100;
  if (!Number.isFinite(percent)) return null;
  const size = Math.abs(percent) < 1e-9 ? 0 : Math.abs(percent); // what sums of floats differ by
  const figure = size === 0 ? "0" : size < 0.005 ? "<0.01" : size < 9.995 ? size.toFixed(2) : size < 99.95 ? size.toFixed(1) : number(Number(size.toPrecision(3)));
  const sign = size === 0 ? "±" : percent < 0 ? "−" : "+";
  const kind = !goal || size === 0 ? "" : (percent < 0) === (goal === "min") ? "better" : "worse";
  return { words: `${sign}${figure} %`, kind };
}

/** @param {any} value @param {any} base @param {string | null | undefined} goal @param {string} name of the baseline @returns {Node | null} */
export function gapNode(value, base, goal, name) {
  const gap = gapOf(value, base, goal);
  if (!gap) return null;
  return h("span", { class: `tk-cell-gap ${gap.kind}`, title: `${gap.words} against ${name}${gap.kind ? `: ${gap.kind}` : ""}` }, gap.words, gap.kind ? h("span", { class: "tk-visually-hidden" }, ` ${gap.kind}`) : null);
}
