// @ts-check
/** Which experiments a search or filter holds for: the meaning of the trees of expression.js, as `queries/filtering.py` has it. While
 * what is typed does not parse, the conditions before the mistake hold, and `trouble` says where it is: typing never empties a list. */
import { parsed, parsedSoFar } from "./expression.js";
import { stateWord } from "./icons.js";
import { ParseError, Pattern } from "./pattern.js";

/** What every row holds, by the names that people type. @type {Record<string, (row: any, now_s: number) => any[]>} */
const OWN = {
  name: (row) => [row.name],
  id: (row) => [row.id],
  state: (row) => [row.state, stateWord(row.state)],
  group: (row) => [row.group],
  job_type: (row) => [row.job_type],
  tag: (row) => row.tags ?? [],
  notes: (row) => [row.columns?.notes],
  steps: (row) => [row.last_step],
  duration: (row) => [row.duration_s],
  created: (row) => [row.created_s],
  updated: (row) => [row.last_event_s],
  age: (row, now_s) => [now_s - row.created_s],
  points: (row) => [row.point_count],
  missing: (row) => [row.missing],
  archived: (row) => [row.archived === true],
  alerts: (row) => [row.alert_count], // how many
  alert: (row) => [row.alert_level], // the gravest of them: info, warn, error
};
const ALIASES = new Map([["tags", "tag"], ["status", "state"], ["step", "steps"], ["started", "created"], ["note", "notes"]]);
const STATISTICS = "last|best|min|max|mean";
const CALL = new RegExp(`^(${STATISTICS})\\((.+)\\)$`, "s");
const KIND = new RegExp(`^(?:(config|metric)[.:]|(${STATISTICS}):)(.+)$`, "s");
const BEHIND = new RegExp(`^(.+)\\.(${STATISTICS})$`, "s");

/** The names that every row has: what a completion offers first. */
export const NAMES = Object.freeze(Object.keys(OWN));

/** @typedef {(row: any, now_s: number) => boolean} Holds
 * @typedef {{tree: import("./expression.js").Tree, holds: Holds, columns: string[], terms: string[], isEmpty: boolean,
 *   trouble: string, mistake: {at: number, message: string} | null}} Query
 *   `terms` are the names that are compared; `trouble` says what is wrong, "" when nothing is; `at` counts characters from 0 */

/** @type {{typed: string | null, query: Query}} */
let last = { typed: null, query: /** @type {any} */ (null) };

/** @param {string} typed @returns {Query} the columns that rows must carry for it, and what is wrong with it */
export function queryOf(typed) {
  if (typed === last.typed) return last.query;
  let tree;
  let mistake = null;
  try {
    tree = parsed(typed);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    mistake = { at: error.at, message: error.message };
    tree = parsedSoFar(typed);
  }
  const keys = keysOf(tree);
  const columns = [...new Set(keys.flatMap(columnsOf))];
  const trouble = mistake ? `Column ${mistake.at + 1}: ${mistake.message}.` : "";
  const query = { tree, holds: testOf(tree), columns, terms: keys, trouble, mistake, isEmpty: tree.and?.length === 0 };
  last = { typed, query };
  return query;
}

/** Rows of which all that was typed holds. @param {any[]} rows @param {string} typed @param {number} [now_s] */
export function filtered(rows, typed, now_s = Date.now() / 1000) {
  const { holds, isEmpty } = queryOf(typed);
  return isEmpty ? rows : rows.filter((row) => holds(row, now_s));
}

/** The columns that may hold what a name means; [] of what every row has. @param {string} typed @returns {string[]} */
export function columnsOf(typed) {
  const key = ALIASES.get(typed) ?? typed;
  if (key === "notes") return ["notes"];
  if (Object.hasOwn(OWN, key)) return [];
  const call = CALL.exec(key);
  if (call) return [`${call[1]}:${call[2]}`];
  const kind = KIND.exec(key);
  if (kind) return [`${kind[1] ?? kind[2]}:${kind[3]}`];
  const behind = BEHIND.exec(key);
  return [`config:${key}`, `metric:${key}`, ...(behind ? [`${behind[2]}:${behind[1]}`] : [])];
}

/** @param {any} tree @returns {string[]} */
function keysOf(tree) {
  if (tree.and || tree.or) return (tree.and ?? tree.or).flatMap(keysOf);
  if (tree.not) return keysOf(tree.not);
  return "key" in tree ? [tree.key] : [];
}

/** @param {any} tree @returns {Holds} */
function testOf(tree) {
  if (tree.and) {
    const every = tree.and.map(testOf);
    return (row, now_s) => every.every((/** @type {Holds} */ test) => test(row, now_s));
  }
  if (tree.or) {
    const some = tree.or.map(testOf);
    return (row, now_s) => some.some((/** @type {Holds} */ test) => test(row, now_s));
  }
  if (tree.not) {
    const test = testOf(tree.not);
    return (row, now_s) => !test(row, now_s);
  }
  if ("word" in tree) {
    const word = tree.word.toLowerCase();
    return (row) => textsOf(row).some((text) => text.includes(word));
  }
  if ("pattern" in tree) {
    const pattern = new Pattern(tree.pattern);
    return (row) => textsOf(row).some((text) => pattern.search(text));
  }
  return comparison(tree);
}

/** @type {WeakMap<any, {name: string, state: string, tags: any, texts: string[]}>} */
const known = new WeakMap();

/** Where words look, in small letters; kept, for they are read at every key that is pressed. @param {any} row @returns {string[]} */
function textsOf(row) {
  const kept = known.get(row);
  if (kept && kept.name === row.name && kept.state === row.state && kept.tags === row.tags) return kept.texts;
  const all = [row.name, row.id, row.group, row.job_type, stateWord(row.state), ...(row.tags ?? [])];
  const texts = all.filter(Boolean).map((text) => String(text).toLowerCase());
  known.set(row, { name: row.name, state: row.state, tags: row.tags, texts });
  return texts;
}

/** @param {any} tree @returns {Holds} */
function comparison(tree) {
  const values = readerOf(tree.key);
  const { sign } = tree;
  if (sign === "null" || sign === "not null") return (row, now_s) => values(row, now_s).length > 0 === (sign === "not null");
  const isNot = sign === "!=" || sign === "!~" || sign === "not in";
  const tests = (tree.values ?? [tree.value]).map((/** @type {any} */ value) => valueTest(sign, value));
  return (row, now_s) => values(row, now_s).some((held) => tests.some((/** @type {(held: any) => boolean} */ test) => test(held))) !== isNot;
}

/** @param {string} typed @returns {(row: any, now_s: number) => any[]} */
function readerOf(typed) {
  const key = ALIASES.get(typed) ?? typed;
  if (Object.hasOwn(OWN, key)) return (row, now_s) => OWN[key](row, now_s).filter((value) => value !== null && value !== undefined && value !== "");
  const columns = columnsOf(key);
  return (row) => {
    const column = columns.find((each) => row.columns?.[each] !== null && row.columns?.[each] !== undefined);
    if (column === undefined) return [];
    const held = row.columns[column];
    return Array.isArray(held) ? held : [held];
  };
}

/** @param {string} sign @param {any} value @returns {(held: any) => boolean} */
function valueTest(sign, value) {
  if ("pattern" in value) {
    const pattern = new Pattern(value.pattern);
    return (held) => typeof held === "string" && pattern.search(held);
  }
  const text = value.text.toLowerCase();
  const { number } = value;
  if (sign === "~" || sign === "!~") return (held) => typeof held === "string" && held.toLowerCase().includes(text);
  if (!/[<>]/.test(sign)) return (held) => equal(held, text, number);
  return (held) => typeof held === "number" && compared(sign, held, number);
}

/** As numbers, to 1 part in 10^9 (what a page shows is rounded), else as texts. @param {any} held @param {string} text @param {number | null} number */
function equal(held, text, number) {
  if (typeof held === "number" && number !== null) {
    if (Number.isNaN(number) || Number.isNaN(held)) return Number.isNaN(number) && Number.isNaN(held);
    return held === number || (Number.isFinite(held) && Math.abs(held - number) <= 1e-9 * Math.abs(held));
  }
  if (typeof held === "boolean") return text === String(held);
  return typeof held === "string" && held.toLowerCase() === text;
}

/** @param {string} sign @param {number} value @param {number} limit */
function compared(sign, value, limit) {
  if (sign === "<") return value < limit;
  if (sign === ">") return value > limit;
  return sign === "<=" ? value <= limit : value >= limit;
}
