// @ts-check
/** A chart for each value of a parameter: which charts a metric has then, and the words for what is not drawn. */
import { h } from "../base/dom.js";
import { listed } from "../base/words.js";
import { labelOf, withoutSeed } from "./grouping.js";

const MOST = 12; // charts of a metric with a value; more are no longer compared
const NAMED = 6; // values that are left out and told by name
const LONGEST = 60; // characters of a value
const SAY_MS = 1500; // values of the configuration come behind the rows: what they lack is not said before

/** @typedef {{key: string, name: string, ids: Set<string>}} Facet `key` tells it from the others, `name` is "optimizer = adam" */

/** The values that a row has of a key: none, one, or several tags. @param {any} row @param {string} key "group", "name", "state", "tag" or "config:lr" @returns {any[]} */
function valuesOf(row, key) {
  if (key === "name") return [withoutSeed(row.name)];
  if (key === "tag") return row.tags ?? [];
  const value = key.includes(":") ? row.columns?.[key] : row[key];
  return value === undefined || value === null || value === "" ? [] : [value];
}

/** @param {any} value */
function wordOf(value) {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** What a key is called. @param {string} key */
export const facetLabel = (key) => (key === "name" ? "name" : labelOf(key));

/**
 * The facets of these experiments: the most frequent values in their order, numbers as numbers, and last those that have none.
 * @param {any[]} rows @param {string} key @returns {{facets: Facet[], left: string[]}} `left`: values that are not drawn
 */
export function facetsOf(rows, key) {
  /** @type {Map<string, {value: any, ids: Set<string>}>} */ const found = new Map();
  const without = new Set();
  for (const row of rows) {
    const values = valuesOf(row, key);
    if (!values.length) without.add(row.id);
    for (const value of values) {
      const at = `${typeof value} ${typeof value === "object" ? JSON.stringify(value) : value}`;
      const held = found.get(at) ?? { value, ids: new Set() };
      held.ids.add(row.id);
      found.set(at, held);
    }
  }
  const isNumber = (/** @type {any} */ value) => typeof value === "number" && !Number.isNaN(value);
  const order = (/** @type {[string, any]} */ [, a], /** @type {[string, any]} */ [, b]) =>
    isNumber(a.value) && isNumber(b.value) ? a.value - b.value : Number(isNumber(b.value)) - Number(isNumber(a.value)) || wordOf(a.value).localeCompare(wordOf(b.value), undefined, { numeric: true });
  const all = [...found].sort(order);
  const drawn = new Set([...all].sort(([, a], [, b]) => b.ids.size - a.ids.size).slice(0, MOST));
  const label = facetLabel(key);
  const facets = all.filter((each) => drawn.has(each)).map(([at, { value, ids }]) => ({ key: at, name: `${label} = ${wordOf(value)}`, ids }));
  if (without.size && facets.length) facets.push({ key: "", name: `without ${label}`, ids: without });
  return { facets, left: all.filter((each) => !drawn.has(each)).map(([, { value }]) => wordOf(value)) };
}

/** The facets of a grid. */
export class Facets {
  /** @param {any} state @param {() => any[]} shown the ticked experiments */
  constructor(state, shown) {
    this.state = state;
    this.shown = shown;
    /** @type {Facet[] | null} null: one chart a metric */ this.all = null;
    this.told = "";
    this.timer = 0;
    this.node = h("p", { class: "tk-facets-note tk-soft", role: "status", hidden: true });
  }

  /** Looks again. @returns {boolean} whether other charts are to be drawn */
  update() {
    const key = this.state.get("facet");
    const rows = this.shown();
    const { facets, left } = key && rows.length > 1 ? facetsOf(rows, key) : { facets: [], left: [] };
    const told = JSON.stringify([key, rows.length > 1, facets.map(({ key: at, ids }) => [at, ...ids]), left]);
    if (told === this.told) return false;
    this.told = told;
    this.all = facets.length ? facets : null;
    clearTimeout(this.timer);
    const more = left.length - NAMED;
    if (left.length) this.#say(`${left.length} more ${left.length === 1 ? "value" : "values"} of ${facetLabel(key)} not drawn: ${more > 0 ? `${left.slice(0, NAMED).join(", ")} and ${more} more` : listed(left)}.`);
    else this.#say("");
    if (key && rows.length > 1 && !facets.length) this.timer = window.setTimeout(() => this.#say(`No shown experiment has ${facetLabel(key)}: one chart for all.`), SAY_MS);
    return true;
  }

  /** @param {string} words */
  #say(words) {
    this.node.hidden = !words;
    this.node.textContent = words;
  }

  close() {
    clearTimeout(this.timer);
    this.node.remove();
  }
}
