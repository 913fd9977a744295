// @ts-check
/** A chart for each value of a parameter: which charts a metric has then, and the words for what is not drawn. */
import { h } from "../base/dom.js";
import { listed } from "../base/words.js";
import { BUT_SEED, settingNames, withoutSeed, wordOf } from "../base/seeds.js";
import { labelOf } from "./grouping.js";

const MOST = 12; // charts of a metric with a value; more are no longer compared
const NAMED = 6; // values that are left out and told by name
export const MOST_KEYS = 2; // whose values are combined
const SAY_MS = 1500; // values of the configuration come behind the rows: what they lack is not said before

/** @typedef {{key: string, name: string, ids: Set<string>}} Facet `key` tells it from the others, `name` is "optimizer = adam" or "lr = 0.1, optimizer = adam" */

/** The values that a row has of a key: none, one, or several tags. @param {any} row @param {string} key "group", "name", "state", "tag", "but:seed" or "config:lr" @returns {any[]} */
function valuesOf(row, key) {
  if (key === "name") return [withoutSeed(row.name)];
  if (key === "tag") return row.tags ?? [];
  const value = key.includes(":") ? row.columns?.[key] : row[key];
  return value === undefined || value === null || value === "" ? [] : [value];
}

/** What a key is called. @param {string} key */
export const facetLabel = (key) => (key === "name" ? "name" : labelOf(key));

const isNumber = (/** @type {any} */ value) => typeof value === "number" && !Number.isNaN(value);

/** @typedef {{at: string, value: any, name: string, word: string, lacks: boolean}} Part of a combination: what it has of one key */

/** Numbers in their order, then words, then those that have none. @param {Part} a @param {Part} b */
function order(a, b) {
  if (a.lacks || b.lacks) return Number(a.lacks) - Number(b.lacks);
  return isNumber(a.value) && isNumber(b.value) ? a.value - b.value : Number(isNumber(b.value)) - Number(isNumber(a.value)) || a.word.localeCompare(b.word, undefined, { numeric: true });
}

/** What rows can have of a key. @param {any[]} rows @param {string} key @returns {(row: any) => Part[]} at least one */
function partsOf(rows, key) {
  const label = facetLabel(key);
  const names = key === BUT_SEED ? settingNames(rows.map((row) => row.columns?.[key]), " = ") : null;
  /** @type {Part} */ const without = { at: "", value: undefined, name: names ? "without settings" : `without ${label}`, word: `without ${label}`, lacks: true };
  return (row) => {
    const values = valuesOf(row, key);
    if (!values.length) return [without];
    return values.map((value) => {
      const word = names ? (names.get(value.same) ?? "") : wordOf(value);
      const at = names ? value.same : `${typeof value} ${typeof value === "object" ? JSON.stringify(value) : value}`;
      return { at, value: names ? word : value, name: names ? word : `${label} = ${word}`, word, lacks: false };
    });
  };
}

/**
 * The facets of these experiments: the most frequent values or combinations in their order, and last those that have none.
 * @param {any[]} rows @param {string[]} keys one or two @returns {{facets: Facet[], left: string[], lacking: string[]}} `left`: values that
 *   are not drawn; `lacking`: keys that no experiment has
 */
export function facetsOf(rows, keys) {
  /** @type {Map<string, {parts: Part[], ids: Set<string>}>} */ const found = new Map();
  const lacking = keys.filter((key) => !rows.some((row) => valuesOf(row, key).length));
  const asked = keys.filter((key) => !lacking.includes(key));
  const of = asked.map((key) => partsOf(rows, key));
  for (const row of asked.length ? rows : []) {
    const combined = of.reduce((all, parts) => all.flatMap((before) => parts(row).map((part) => [...before, part])), /** @type {Part[][]} */ ([[]]));
    for (const parts of combined) {
      const at = parts.map((part) => part.at).join("\n");
      const held = found.get(at) ?? { parts, ids: new Set() };
      held.ids.add(row.id);
      found.set(at, held);
    }
  }
  const hasNone = (/** @type {{parts: Part[]}} */ { parts }) => parts.every((part) => part.lacks);
  const all = [...found].sort(([, a], [, b]) => a.parts.reduce((said, part, i) => said || order(part, b.parts[i]), 0));
  const some = all.filter(([, each]) => !hasNone(each));
  const drawn = new Set([...some].sort(([, a], [, b]) => b.ids.size - a.ids.size).slice(0, MOST));
  const name = (/** @type {{parts: Part[]}} */ { parts }) => parts.map((part) => part.name).join(", ");
  const facets = [...some.filter((each) => drawn.has(each)), ...(some.length ? all.filter(([, each]) => hasNone(each)) : [])].map(([key, each]) => ({ key, name: name(each), ids: each.ids }));
  const left = some.filter((each) => !drawn.has(each)).map(([, each]) => (each.parts.length === 1 ? each.parts[0].word : name(each)));
  return { facets, left, lacking };
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
    const keys = this.state.get("facet") ?? [];
    const rows = this.shown();
    const { facets, left, lacking } = keys.length && rows.length > 1 ? facetsOf(rows, keys) : { facets: [], left: [], lacking: [] };
    const told = JSON.stringify([keys, lacking, rows.length > 1, facets.map(({ key: at, ids }) => [at, ...ids]), left]);
    if (told === this.told) return false;
    this.told = told;
    this.all = facets.length ? facets : null;
    clearTimeout(this.timer);
    const more = left.length - NAMED;
    const label = keys.map(facetLabel).join(" and ");
    const rest = left.length ? `${left.length} more ${keys.length > 1 ? (left.length === 1 ? "combination" : "combinations") : left.length === 1 ? "value" : "values"} of ${label} not drawn: ${more > 0 ? `${left.slice(0, NAMED).join(", ")} and ${more} more` : listed(left)}.` : "";
    this.#say(rest);
    if (keys.length) this.state.set({ facetLacks: null });
    if (lacking.length) {
      const none = `No shown experiment has ${lacking.map(facetLabel).join(" or ")}${facets.length ? "" : ": one chart for all"}.`;
      this.timer = window.setTimeout(() => (this.#say([none, rest].filter(Boolean).join(" ")), this.state.set({ facetLacks: lacking })), SAY_MS);
    }
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
