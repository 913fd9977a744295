// @ts-check
/** The language in which experiments are looked for: `lr > 1e-4 and (optimizer = "adam w" or not tag = baseline)`, `name ~ /seed[12]/`,
 * `duration > 2h`, `created > 2026-11-01`, `loss is null`, `group in (a, b)`; words that are no comparison look for names. A parser of
 * its own: nothing that was typed is ever run. `queries/expression.py` is the same and describes the tree; both give the same tree, or
 * the same words about what is wrong, for every case of tests/queries/filter_cases.json. */
import { ParseError, Pattern } from "./pattern.js";

const MOST_CHARACTERS = 2000;
const MOST_DEPTH = 40;
const LONGEST_KEY = 190; // what the server takes as a column, less its kind
const SIGNS = ["<=", ">=", "!=", "!~", "==", "=", "<", ">", "~"];
const SPACES = " \t\n\r\u00a0";

/** @typedef {{text: string, number: number | null} | {pattern: string}} Value
 * @typedef {any} Tree  see expression.py */

/** @param {string} text @returns {Tree} @throws {ParseError} */
export function parsed(text) {
  const parser = new Parser(text);
  if (parser.text.length > MOST_CHARACTERS) throw new ParseError(MOST_CHARACTERS, "a filter has at most 2,000 characters");
  return parser.all();
}

/** What of a text parses before the mistake: conditions at the top that must all hold. @param {string} text @returns {Tree} */
export function parsedSoFar(text) {
  const parser = new Parser(text.slice(0, MOST_CHARACTERS));
  try {
    return parser.all();
  } catch {
    return { and: parser.hasOr ? [] : parser.top };
  }
}

class Parser {
  /** @param {string} text */
  constructor(text) {
    this.text = [...text];
    this.at = 0;
    this.depth = 0;
    /** @type {Tree[]} */
    this.top = [];
    this.hasOr = false;
  }

  all() {
    const tree = this.either(true);
    if (this.at < this.text.length) throw new ParseError(this.at, "this ) closes nothing");
    return tree;
  }

  get done() {
    return this.at >= this.text.length;
  }

  /** @param {boolean} [isTop] @returns {Tree} */
  either(isTop = false) {
    const parts = [this.every(isTop)];
    while (this.takes("or")) {
      this.hasOr ||= isTop;
      parts.push(this.every(false, "or"));
    }
    return parts.length === 1 ? parts[0] : { or: parts };
  }

  /** @param {boolean} isTop @param {string} [behind] @returns {Tree} */
  every(isTop, behind = "") {
    /** @type {Tree[]} */
    const parts = [];
    if (isTop) this.top = parts;
    for (;;) {
      this.skip();
      if (this.done || this.text[this.at] === ")" || this.sees("or")) {
        if (behind || (!parts.length && (this.sees("or") || !isTop))) {
          const where = behind ? `behind ${behind}` : this.sees("or") ? "before or" : "inside the parentheses";
          throw new ParseError(this.at, `expected a condition ${where}`);
        }
        return parts.length === 1 ? parts[0] : { and: parts };
      }
      if (this.sees("and")) {
        if (behind || !parts.length) throw new ParseError(this.at, `expected a condition ${behind ? `behind ${behind}` : "before and"}`);
        this.takes("and");
        behind = "and";
        continue;
      }
      parts.push(this.one());
      behind = "";
    }
  }

  /** @returns {Tree} */
  one() {
    if (this.takes("not")) {
      this.skip();
      if (this.done || this.text[this.at] === ")" || this.sees("or") || this.sees("and")) {
        throw new ParseError(this.at, "expected a condition behind not");
      }
      return { not: this.deeper(() => this.one()) };
    }
    if (this.text[this.at] === "(") return this.deeper(() => this.group());
    return this.condition();
  }

  /** @param {() => Tree} part */
  deeper(part) {
    this.depth += 1;
    if (this.depth > MOST_DEPTH) throw new ParseError(this.at, `parentheses go at most ${MOST_DEPTH} deep`);
    const tree = part();
    this.depth -= 1;
    return tree;
  }

  group() {
    const opened = this.at++;
    const tree = this.either();
    if (this.done) throw new ParseError(opened, "this ( is not closed");
    this.at += 1;
    return tree;
  }

  /** @returns {Tree} */
  condition() {
    const start = this.at;
    const first = this.sign();
    if (first) throw new ParseError(start, `expected a name before ${first}`);
    const pattern = this.text[start] === "/" ? this.pattern() : null;
    if (pattern !== null) return { pattern };
    const key = "\"'".includes(this.text[start]) ? this.quoted() : this.word();
    const behind = this.at;
    this.skip();
    const sign = this.sign();
    if (sign) {
      this.checkKey(key, start);
      return this.compared(key, sign === "==" ? "=" : sign);
    }
    const known = this.known(key, start);
    if (known) return known;
    this.at = behind;
    return { word: key };
  }

  /** `is null`, `is not null`, `in (…)`, `not in (…)`; what is none of these are words. @param {string} key @param {number} start */
  known(key, start) {
    for (const [words, sign] of /** @type {[string[], string][]} */ ([[["is", "null"], "null"], [["is", "not", "null"], "not null"]])) {
      if (!this.takeAll(words)) continue;
      this.checkKey(key, start);
      return { key, sign };
    }
    for (const [words, sign] of /** @type {[string[], string][]} */ ([[["in"], "in"], [["not", "in"], "not in"]])) {
      const at = this.at;
      if (this.takeAll(words)) {
        this.skip();
        if (this.text[this.at] === "(") {
          this.checkKey(key, start);
          return { key, sign, values: this.values() };
        }
      }
      this.at = at;
    }
    return null;
  }

  /** @param {string} key @param {string} sign @returns {Tree} */
  compared(key, sign) {
    this.skip();
    const start = this.at;
    if (this.done || this.text[start] === ")") throw new ParseError(start, `expected a value behind ${sign}`);
    if ((sign === "~" || sign === "!~") && this.text[start] === "/") {
      const pattern = this.pattern();
      if (pattern === null) throw new ParseError(start, "this pattern is not closed by /");
      return { key, sign, value: { pattern } };
    }
    const isQuoted = "\"'".includes(this.text[start]);
    const text = isQuoted ? this.quoted() : this.valueWord("");
    const number = numberOf(text);
    if ((sign === "=" || sign === "!=") && text.toLowerCase() === "null" && !isQuoted) return { key, sign: sign === "=" ? "null" : "not null" };
    if (/[<>]/.test(sign) && number === null) {
      const short = [...text].slice(0, 40).join("");
      throw new ParseError(start, `${sign} compares numbers, durations (2h) and dates (2026-11-01), and “${short}” is none`);
    }
    return { key, sign, value: { text, number } };
  }

  values() {
    const opened = this.at++;
    const found = [];
    for (;;) {
      this.skip();
      if (this.done) throw new ParseError(opened, "this ( is not closed");
      if (",)".includes(this.text[this.at])) throw new ParseError(this.at, `expected a value behind ${found.length ? "," : "("}`);
      const text = "\"'".includes(this.text[this.at]) ? this.quoted() : this.valueWord(",");
      found.push({ text, number: numberOf(text) });
      this.skip();
      if (!this.done && !",)".includes(this.text[this.at])) throw new ParseError(this.at, "expected , or ) here");
      if (!this.done && this.text[this.at++] === ")") return found;
    }
  }

  /** @param {string} key @param {number} start */
  checkKey(key, start) {
    if (!key.trim()) throw new ParseError(start, "a name cannot be empty");
    if ([...key].length > LONGEST_KEY) throw new ParseError(start, `a name has at most ${LONGEST_KEY} characters`);
  }

  skip() {
    while (!this.done && SPACES.includes(this.text[this.at])) this.at += 1;
  }

  /** The sign that stands here, taken; "" if none does. */
  sign() {
    const two = this.text.slice(this.at, this.at + 2).join("");
    const found = SIGNS.find((sign) => two.startsWith(sign)) ?? "";
    this.at += found.length;
    return found;
  }

  /** @param {string} word */
  sees(word) {
    const end = this.at + word.length;
    return this.text.slice(this.at, end).join("").toLowerCase() === word && isEnd(this.text[end], true);
  }

  /** @param {string} word */
  takes(word) {
    this.skip();
    if (!this.sees(word)) return false;
    this.at += word.length;
    return true;
  }

  /** @param {string[]} words */
  takeAll(words) {
    const at = this.at;
    if (words.every((word) => this.takes(word))) return true;
    this.at = at;
    return false;
  }

  quoted() {
    const start = this.at;
    const quote = this.text[this.at++];
    let found = "";
    while (!this.done) {
      let character = this.text[this.at++];
      if (character === quote) return found;
      if (character === "\\" && (this.text[this.at] === quote || this.text[this.at] === "\\")) character = this.text[this.at++];
      found += character;
    }
    throw new ParseError(start, "this quote is not closed");
  }

  /** Up to a space, a sign, or a parenthesis that it did not open: name(1) is a word. */
  word() {
    const start = this.at;
    let opened = 0;
    for (; !this.done; this.at += 1) {
      const character = this.text[this.at];
      const next = this.text[this.at + 1];
      if (SPACES.includes(character) || "=<>~".includes(character) || (character === "!" && (next === "=" || next === "~"))) break;
      opened += Number(character === "(") - Number(character === ")");
      if (opened < 0) break;
    }
    return this.text.slice(start, this.at).join("");
  }

  /** @param {string} stops */
  valueWord(stops) {
    const start = this.at;
    let opened = 0;
    for (; !this.done; this.at += 1) {
      const character = this.text[this.at];
      opened += Number(character === "(") - Number(character === ")");
      if (SPACES.includes(character) || opened < 0 || stops.includes(character)) break;
    }
    return this.text.slice(start, this.at).join("");
  }

  /** The text between /…/, checked; null, and nothing is taken, where no closing slash ends it. */
  pattern() {
    const start = this.at;
    let at = start + 1;
    let inChoice = false;
    for (; at < this.text.length; at += 1) {
      const character = this.text[at];
      if (character === "\\") at += 1;
      else if (character === "[" || character === "]") inChoice = character === "[";
      else if (character === "/" && !inChoice) break;
    }
    if (at >= this.text.length || at === start + 1 || !isEnd(this.text[at + 1], true)) return null;
    const source = this.text.slice(start + 1, at).join("");
    try {
      new Pattern(source);
    } catch (error) {
      if (error instanceof ParseError) throw new ParseError(start + 1 + error.at, error.message);
      throw error;
    }
    this.at = at + 1;
    return source;
  }
}

/** Whether a word ends before this character. @param {string | undefined} character @param {boolean} opens  "(" ends it, too */
function isEnd(character, opens) {
  return character === undefined || SPACES.includes(character) || character === ")" || (opens && character === "(");
}

const NUMBER = /^([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)([kMBG]?)$/;
const LENGTHS = /([0-9]+(?:\.[0-9]+)?)(ms|min|[smhdw])/g;
const DATE = /^([0-9]{4})-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$/;
/** @type {Record<string, number>} */
const SECONDS = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86400, w: 604800 };
/** @type {Record<string, number>} */
const THOUSANDS = { "": 1, k: 1e3, M: 1e6, B: 1e9, G: 1e9 };

/** The number, duration (s) or date (s since 1970 UTC) that a text says; null if it says none. @param {string} said @returns {number | null} */
export function numberOf(said) {
  const text = said.replace(/^[ \t\n\r\u00a0]+|[ \t\n\r\u00a0]+$/g, "").replaceAll("\u2212", "-");
  const found = NUMBER.exec(text);
  if (found) return Number(found[1]) * THOUSANDS[found[2]];
  const odd = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (odd) return (odd[2].toLowerCase() === "nan" ? Number.NaN : Number.POSITIVE_INFINITY) * (odd[1] === "-" ? -1 : 1);
  const lengths = text.replaceAll(" ", "");
  if (lengths && !lengths.replace(LENGTHS, "")) return [...lengths.matchAll(LENGTHS)].reduce((sum, [, number, unit]) => sum + Number(number) * SECONDS[unit], 0);
  return date(text);
}

/** @param {string} text @returns {number | null} */
function date(text) {
  const found = DATE.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(found[i] ?? (i === 2 || i === 3 ? 1 : 0)));
  const when = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  when.setUTCFullYear(year, month - 1, day);
  const isReal = year > 0 && when.getUTCMonth() === month - 1 && when.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) return null;
  const zone = found[7];
  if (!zone || zone === "Z") return when.getTime() / 1000;
  const away_s = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(4, 6)) * 60;
  return when.getTime() / 1000 - away_s * (zone[0] === "-" ? -1 : 1);
}
