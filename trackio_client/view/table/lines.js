// @ts-check
/** The lines of the table: one of an experiment, one above those of a group. */
import { swatchOf, variableOf } from "../base/colors.js";
import { h } from "../base/dom.js";
import { middle } from "../base/fit.js";
import { icon } from "../base/icons.js";
import { isMarked } from "../base/marks.js";
import { count } from "../base/words.js";
import { labelOf } from "./columns.js";

const MOST_FOLDS = 100; // groups that are not as they begin, in the address

/** A group's key as the address holds it: seven characters (FNV-1a) that tell it from others. @param {string} key */
export function shortOf(key) {
  let sum = 0x811c9dc5;
  for (const letter of key) sum = Math.imul(sum ^ /** @type {number} */ (letter.codePointAt(0)), 0x01000193) >>> 0;
  return sum.toString(36).padStart(7, "0");
}

/** @typedef {any} Table of view.js, after its first drawing */

/** A line's cells: its box, the columns that stay in place, and those in view between the room of all others.
 * @param {Table} table @param {HTMLElement} pick @param {(key: string) => any} content */
function cells(table, pick, content) {
  const cell = (/** @type {string} */ key, place = -1) => h("td", {
    class: [table.cells.isNumeric(key) && "num", place >= 0 && "tk-pin"].filter(Boolean).join(" "), style: place >= 0 ? { left: `${table.left(place)}px` } : undefined,
  }, content(key));
  const gap = () => h("td", { class: "tk-gap" });
  return [h("td", { class: "tk-pick" }, pick), table.pinned.map((/** @type {string} */ key, /** @type {number} */ i) => cell(key, i)), gap(), table.shown.shown.map((/** @type {string} */ key) => cell(key)), gap()];
}

/** @param {Table} table @param {any} row */
export function rowNode(table, row) {
  const pick = h("input", { type: "checkbox", class: "tk-box", "aria-label": `Choose ${row.name}` });
  pick.checked = table.choosing.has(row.id);
  const swatch = row.shown ? h("i", { class: "tk-cell-swatch", title: "Shown in charts" }) : null;
  const name = h("a", { class: "tk-name", href: `?${new URLSearchParams({ project: row.project, experiment: row.id })}`, title: row.name }, middle(row.name));
  const out = [row.id === table.cells.baseline?.id && "baseline", row.archived && "archived", isMarked("hidden", row.id) && "hidden"].filter(Boolean).map((words) => h("span", { class: "tk-tag" }, words));
  return h("tr", { data: { id: row.id }, class: table.classOf(row.id), "aria-selected": String(pick.checked), style: { "--c": `var(${variableOf(row.color)})`, "--swatch": swatchOf(row.color) } },
    cells(table, pick, (key) => (key === "name" ? h("span", { class: "tk-cell-name" }, swatch, name, out) : table.cells.of(row, key))));
}

/** @param {Table} table @param {import("./groups.js").Group} group */
export function groupNode(table, group) {
  const { state, choosing } = table;
  const folded = table.isFolded(group);
  const name = table.cells.nameOf(group, state.get("tableGroups"), labelOf);
  const pick = h("input", { type: "checkbox", class: "tk-box", "aria-label": `Choose all of ${name}` });
  const chosen = group.rows.filter((row) => choosing.has(row.id)).length;
  pick.checked = chosen === group.rows.length;
  pick.indeterminate = chosen > 0 && !pick.checked;
  pick.addEventListener("change", () => choosing.many(group.rows.map((row) => row.id), pick.checked));
  const fold = h("button", { class: "tk-group-fold", "aria-expanded": String(!folded), title: name }, icon(folded ? "right" : "down"), h("b", null, name), h("span", { class: "tk-group-count" }, count(group.rows.length)));
  fold.addEventListener("click", () => {
    const [now, key] = [state.get("tableFolds"), shortOf(group.key)];
    state.set({ tableFolds: now.includes(key) ? now.filter((/** @type {string} */ each) => each !== key) : [...now, key].slice(-MOST_FOLDS) });
    /** @type {HTMLElement | null} */ (table.body.querySelector(`tr[data-group="${CSS.escape(group.key)}"] .tk-group-fold`))?.focus({ preventScroll: true });
  });
  return h("tr", { class: "tk-table-group", data: { group: group.key } }, cells(table, pick, (key) => (key === "name" ? fold : table.cells.ofGroup(group, key))));
}
