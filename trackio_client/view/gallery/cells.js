// @ts-check
/** Which media stand where: names and steps that there are, and cells of experiments, names and steps in sections. */

import { joined } from "../media/media.js";
import { count, number } from "../base/words.js";

export const MOST_COLUMNS = 12; // steps beside each other

/**
 * @typedef {{step: number | null, media: string, items: number, parts: any[]}} Step all that one step logged of a name
 * @typedef {{row: any, name: string, entry: Step | null}} Cell `entry`: null where nothing was logged
 * @typedef {{title: string, columns: string[] | null, rows: {title: string, row: any, cells: Cell[]}[], cells: Cell[]}} Section `columns` and `rows`: a table; else `cells` side by side
 * @typedef {Map<string, Map<string, Step[]>>} Logged experiment -> name -> steps, ascending
 */

/** @param {Map<string, {entries: any[]}>} held by experiment @returns {Logged} */
export function loggedOf(held) {
  return new Map([...held].map(([id, { entries }]) => {
    /** @type {Map<string, any[]>} */ const byName = new Map();
    for (const entry of entries) {
      const name = String(entry.name ?? "");
      const list = byName.get(name);
      if (list) list.push(entry);
      else byName.set(name, [entry]);
    }
    return [id, new Map([...byName].map(([name, list]) => [name, joined([], list)]))];
  }));
}

/** Names with how many experiments logged them: pictures first, then by how many. @param {Logged} logged @param {any[]} rows
 * @returns {{name: string, media: string, experiments: number}[]} */
export function namesOf(logged, rows) {
  /** @type {Map<string, {name: string, media: string, experiments: number}>} */ const found = new Map();
  for (const { id } of rows) {
    for (const [name, steps] of logged.get(id) ?? []) {
      const held = found.get(name);
      if (held) held.experiments += 1;
      else found.set(name, { name, media: String(steps[steps.length - 1].media ?? "file"), experiments: 1 });
    }
  }
  const first = (/** @type {{media: string}} */ { media }) => (media === "image" ? 0 : 1);
  return [...found.values()].sort((a, b) => first(a) - first(b) || b.experiments - a.experiments || a.name.localeCompare(b.name));
}

/** All steps of some names, ascending. @param {Logged} logged @param {any[]} rows @param {string[]} names @returns {number[]} */
export function stepsOf(logged, rows, names) {
  const steps = new Set();
  for (const { id } of rows) for (const name of names) for (const { step } of logged.get(id)?.get(name) ?? []) if (step !== null) steps.add(step);
  return [...steps].sort((a, b) => a - b);
}

/** What was logged last at a step or before; null as step: last of all. @param {Step[] | undefined} steps @param {number | null} step @returns {Step | null} */
export function atStep(steps, step) {
  if (!steps?.length) return null;
  if (step === null) return steps[steps.length - 1];
  return steps.findLast((each) => each.step !== null && each.step <= step) ?? null;
}

/** Steps for the columns of a table: the first, the last, evenly between. @param {number[]} steps @returns {number[]} */
export function columnsOf(steps) {
  if (steps.length <= MOST_COLUMNS) return steps;
  return [...new Set(Array.from({ length: MOST_COLUMNS }, (_, i) => steps[Math.round((i * (steps.length - 1)) / (MOST_COLUMNS - 1))]))];
}

/** The sections of a way to show them.
 * @param {{logged: Logged, rows: any[], names: string[], step: number | null, as: string, group: (row: any) => string}} what @returns {Section[]} */
export function sectionsOf({ logged, rows, names, step, as, group }) {
  const cell = (/** @type {any} */ row, /** @type {string} */ name, /** @type {Step | null} */ entry) => ({ row, name, entry });
  const at = (/** @type {any} */ row, /** @type {string} */ name) => atStep(logged.get(row.id)?.get(name), step);
  const those = rows.filter(({ id }) => names.some((name) => logged.get(id)?.has(name)));
  if (as === "names") {
    const table = those.map((row) => ({ title: row.name, row, cells: names.map((name) => cell(row, name, at(row, name))) }));
    return [{ title: "", columns: names, rows: table, cells: table.flatMap(({ cells }) => cells) }];
  }
  if (as === "steps") {
    return names.map((name) => {
      const columns = columnsOf(stepsOf(logged, rows, [name]));
      const having = those.filter(({ id }) => logged.get(id)?.has(name));
      // Beside each other at the same step: what an experiment did not log there is not taken from before.
      const table = having.map((row) => ({ title: row.name, row, cells: columns.map((one) => cell(row, name, logged.get(row.id)?.get(name)?.find((each) => each.step === one) ?? null)) }));
      return { title: name, columns: columns.map((one) => `step ${number(one)}`), rows: table, cells: table.flatMap(({ cells }) => cells) };
    });
  }
  /** @type {Map<string, any[]>} */ const groups = new Map();
  for (const row of those) {
    const key = as === "groups" ? group(row) : "";
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const ordered = [...groups].sort(([a], [b]) => a.localeCompare(b, undefined, { numeric: true }));
  return ordered.flatMap(([title, members]) => names.map((name) => {
    const having = members.filter(({ id }) => logged.get(id)?.has(name));
    return { title: [title, names.length > 1 || !title ? name : ""].filter(Boolean).join(" · "), columns: null, rows: [], cells: having.map((row) => cell(row, name, at(row, name))) };
  })).filter(({ cells }) => cells.length);
}

/** The first so many cells, whole rows of tables. @param {Section[]} sections @param {number} most @returns {{sections: Section[], left: number}} */
export function firstOf(sections, most) {
  let room = most;
  let left = 0;
  const kept = [];
  for (const section of sections) {
    const wide = section.columns?.length ?? 1;
    const n = room <= 0 ? 0 : section.columns ? Math.ceil(room / Math.max(1, wide)) : room;
    const [rows, cells] = section.columns ? [section.rows.slice(0, n), section.rows.slice(0, n).flatMap((row) => row.cells)] : [[], section.cells.slice(0, n)];
    left += section.cells.length - cells.length;
    room -= cells.length;
    if (cells.length) kept.push({ ...section, rows, cells });
  }
  return { sections: kept, left };
}

/** @param {Cell} cell */
export const stepWords = ({ entry }) => (!entry ? "" : entry.step === null ? "no step" : `step ${count(entry.step)}`);
