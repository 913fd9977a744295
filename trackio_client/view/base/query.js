// @ts-check
/** What is typed into the search of experiments: words and /…/ as in matching.js, and terms such as `lr>0.001`,
 * `state=failed`, `optimizer="adam w"`. All must hold. A small parser and comparisons: nothing that was typed is run. */
import { stateWord } from "./icons.js";
import { matcher } from "./matching.js";

const TOKENS = /\/(?:[^/\\]|\\.)+\/|(?:[^\s"]|"[^"]*"?)+/g;
const TERM = /^([^\s"=<>!/][^\s"=<>!]*)(<=|>=|!=|=|<|>)(.*)$/s;
const LONGEST = 190; // of a name: what the server takes as a column
/** What every row holds, by the names that people type. @type {Record<string, (row: any) => any[]>} */
const OWN = {
  name: (row) => [row.name],
  id: (row) => [row.id],
  state: (row) => [row.state, stateWord(row.state)],
  group: (row) => [row.group],
  job_type: (row) => [row.job_type],
  tag: (row) => row.tags ?? [],
  steps: (row) => [row.last_step],
  duration: (row) => [row.duration_s],
};

/** @typedef {{key: string, sign: string, wanted: string, columns: string[]}} Term
 * @typedef {{words: string, terms: Term[], columns: string[], trouble: string}} Query */

/** @type {{typed: string, query: Query}} */
let last = { typed: "", query: { words: "", terms: [], columns: [], trouble: "" } };

/** @param {string} typed @returns {Query} the words, the terms that parse, the columns that rows must carry for them, and
 * what is wrong with the first term that does not parse */
export function queryOf(typed) {
  if (typed === last.typed) return last.query;
  const words = [];
  const terms = [];
  let trouble = "";
  for (const token of typed.match(TOKENS) ?? []) {
    const parts = token.startsWith("/") ? null : TERM.exec(token);
    if (!parts) {
      words.push(token.startsWith("/") ? token : token.replaceAll('"', " "));
      continue;
    }
    const [, key, sign, raw] = parts;
    const wanted = raw.replaceAll('"', "");
    const wrong = key.length > LONGEST ? `${key.slice(0, 20)}… is too long for a name.` : troubleOf(token, sign, raw, wanted);
    if (wrong) trouble ||= wrong;
    else terms.push({ key, sign, wanted, columns: columnsOf(key) });
  }
  const query = { words: words.join(" "), terms, columns: [...new Set(terms.flatMap((term) => term.columns))], trouble };
  last = { typed, query };
  return query;
}

/** @param {string} token @param {string} sign @param {string} raw @param {string} wanted */
function troubleOf(token, sign, raw, wanted) {
  if (raw.split('"').length % 2 === 0) return `${token}: the quote is not closed yet.`;
  if (!wanted.trim()) return `${token} lacks a value behind ${sign}`;
  if (/[<>]/.test(sign) && Number.isNaN(Number(wanted))) return `${token}: ${sign} compares numbers, and “${wanted}” is none.`;
  return "";
}

/** @param {string} key @returns {string[]} */
function columnsOf(key) {
  if (Object.hasOwn(OWN, key)) return [];
  const [, kind, rest] = /^(config|metric)[.:](.+)$/.exec(key) ?? [];
  return kind ? [`${kind}:${rest}`] : [`config:${key}`, `metric:${key}`];
}

/** Rows of which all that was typed holds. @param {any[]} rows @param {string} typed */
export function filtered(rows, typed) {
  const { words, terms } = queryOf(typed);
  const matches = matcher(words);
  if (!matches && !terms.length) return rows;
  return rows.filter((row) => (!matches || matches(...fieldsOf(row))) && terms.every((term) => holds(term, valuesOf(row, term))));
}

/** @param {any} row @returns {string[]} */
function fieldsOf(row) {
  return [row.name, row.id, row.group ?? "", row.job_type ?? "", stateWord(row.state), ...(row.tags ?? [])];
}

/** @param {any} row @param {Term} term @returns {any[]} */
function valuesOf(row, { key, columns }) {
  const values = Object.hasOwn(OWN, key) ? OWN[key](row) : columns.map((column) => row.columns?.[column]);
  return values.filter((value) => value !== null && value !== undefined);
}

/** @param {Term} term @param {any[]} values */
function holds({ sign, wanted }, values) {
  if (sign === "!=") return !values.some((value) => equal(value, wanted));
  if (sign === "=") return values.some((value) => equal(value, wanted));
  const limit = Number(wanted);
  return values.some((value) => compared(sign, typeof value === "number" ? value : Number.NaN, limit));
}

/** @param {any} value @param {string} wanted */
function equal(value, wanted) {
  if (typeof value === "number" && !Number.isNaN(Number(wanted))) return Math.abs(value - Number(wanted)) <= 1e-9 * Math.abs(value);
  return String(value).toLowerCase() === wanted.toLowerCase();
}

/** @param {string} sign @param {number} value @param {number} limit */
function compared(sign, value, limit) {
  if (sign === "<") return value < limit;
  if (sign === ">") return value > limit;
  return sign === "<=" ? value <= limit : value >= limit;
}
