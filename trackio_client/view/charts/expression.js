// @ts-check
/**
 * Expressions over metrics: `train/loss - eval/loss`, `log10("my metric")`, `max(a, b) / 2 ^ c`. A parser by precedence;
 * evaluating.js computes what it gives. Nothing that was typed is ever run as code.
 *
 *   sum     = product (("+" | "-") product)*
 *   product = sign (("*" | "/") sign)*
 *   sign    = "-" sign | power
 *   power   = operand ("^" sign)?          2 ^ -1 and -2 ^ 2 are as in mathematics: 0.5 and -4
 *   operand = number | name | function "(" sum ("," sum)* ")" | "(" sum ")"
 *
 * Metrics are named with slashes, and a slash divides. Where a name may stand, the longest metric that is known counts:
 * `train/loss/eval/loss` divides one loss by the other. With spaces around, a slash always divides; in quotes it never does.
 */

const LONGEST = 2000; // characters: an address holds no more
const DEEPEST = 100; // brackets and signs within each other; deeper ones would end in the browser's own error
const SIGNS = { "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/" };
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}_][\p{L}\p{N}_.@]*(?:\/[\p{L}\p{N}_.@]+)*/uy;
const WORD = /[\p{L}\p{N}_@]/u;

/** Functions by name: how many arguments at least and at most. @type {Record<string, [number, number]>} */
export const FUNCTIONS = { log: [1, 1], log10: [1, 1], log2: [1, 1], exp: [1, 1], abs: [1, 1], sqrt: [1, 1], min: [2, 20], max: [2, 20] };

/**
 * @typedef {{kind: "number", value: number} | {kind: "name", name: string, at: number} | {kind: "minus", of: Tree}
 *   | {kind: "sign", sign: string, left: Tree, right: Tree} | {kind: "call", name: string, of: Tree[]}} Tree
 */

/** What is wrong with an expression, and where: `column` counts from 1. */
export class ExpressionError extends Error {
  /** @param {string} words @param {number} at index of the character */
  constructor(words, at) {
    super(`column ${at + 1}: ${words}`);
    this.name = "ExpressionError";
    this.column = at + 1;
    this.words = words;
  }
}

/** @param {string} text @param {Iterable<string>} [known] metrics; without them a name is as far as it can be one
 * @returns {Tree} @throws {ExpressionError} */
export function parse(text, known) {
  return new Parser(text, known ? [...known] : null).whole();
}

class Parser {
  /** @param {string} text @param {string[] | null} known */
  constructor(text, known) {
    this.text = text;
    this.known = known;
    this.set = new Set(known ?? []);
    /** By first character, the longest first: ten thousand names are not all tried at every place. @type {Map<string, string[]>} */
    this.byStart = new Map();
    for (const name of known ?? []) {
      const list = this.byStart.get(name[0]);
      if (list) list.push(name);
      else this.byStart.set(name[0], [name]);
    }
    for (const list of this.byStart.values()) list.sort((a, b) => b.length - a.length);
    this.at = 0;
    this.depth = 0;
    this.broken = { from: -1, word: "" }; // read as a name and what follows it
  }

  whole() {
    if (this.text.length > LONGEST) throw new ExpressionError(`an expression holds at most ${LONGEST.toLocaleString("en")} characters`, LONGEST);
    this.#skip();
    if (this.at >= this.text.length) throw new ExpressionError("nothing here yet. Example: train/loss - eval/loss", 0);
    const tree = this.sum();
    if (this.at < this.text.length) {
      const seen = this.#seen();
      throw new ExpressionError(seen === ")" ? "this ) closes nothing" : `wanted an operator (+ - * / ^) before ${seen}`, this.at);
    }
    return tree;
  }

  #skip() {
    while (/\s/.test(this.text[this.at] ?? "x")) this.at++;
  }

  /** The sign at this place, if it is one of these. @param {string} signs */
  #take(signs) {
    this.#skip();
    const found = SIGNS[/** @type {keyof typeof SIGNS} */ (this.text[this.at])] ?? this.text[this.at];
    if (!found || !signs.includes(found)) return "";
    if (found === "*" && this.text[this.at + 1] === "*") {
      if (!signs.includes("^")) return "";
      this.at += 2;
      return "^";
    }
    this.at++;
    this.#skip();
    return found;
  }

  /** What stands here, for an error. */
  #seen() {
    const rest = this.text.slice(this.at);
    const word = /^(?:[\p{L}\p{N}_.@/]+|\S)/u.exec(rest)?.[0] ?? "";
    return word.length > 40 ? `${word.slice(0, 40)}…` : word;
  }

  #tooDeep() {
    throw new ExpressionError("too many brackets and signs stand within each other", this.at);
  }

  /** @returns {Tree} */
  sum() {
    if (++this.depth > DEEPEST) this.#tooDeep();
    let left = this.product();
    for (let sign = this.#take("+-"); sign; sign = this.#take("+-")) left = { kind: "sign", sign, left, right: this.product() };
    this.depth--;
    return left;
  }

  /** @returns {Tree} */
  product() {
    let left = this.sign();
    for (let sign = this.#take("*/"); sign; sign = this.#take("*/")) left = { kind: "sign", sign, left, right: this.sign() };
    return left;
  }

  /** @returns {Tree} */
  sign() {
    if (++this.depth > DEEPEST) this.#tooDeep();
    const tree = /** @type {Tree} */ (this.#take("-") ? { kind: "minus", of: this.sign() } : this.power());
    this.depth--;
    return tree;
  }

  /** @returns {Tree} */
  power() {
    const left = this.operand();
    return this.#take("^") || (this.text.startsWith("**", this.at) && this.#take("*^")) ? { kind: "sign", sign: "^", left, right: this.sign() } : left;
  }

  /** @returns {Tree} */
  operand() {
    this.#skip();
    const from = this.at;
    const here = this.text[from];
    if (here === undefined) throw new ExpressionError("the expression ends here; wanted a metric, a number or (", from);
    if (here === "(") {
      this.at++;
      const tree = this.sum();
      this.#close(from);
      return tree;
    }
    if (here === '"' || here === "'" || here === "`") return this.#quoted(here);
    const name = this.#longestKnown();
    const [number] = matched(NUMBER, this.text, from);
    if (number && !(name && name.length > number.length)) {
      this.at += number.length;
      return { kind: "number", value: Number(number) };
    }
    const [word] = matched(NAME, this.text, from);
    if (word && Object.hasOwn(FUNCTIONS, word) && /^\s*\(/.test(this.text.slice(from + word.length)) && !(name && name.length > word.length)) return this.#call(word);
    if (name) {
      if (word.length > name.length) this.broken = { from, word }; // train/los is more likely misspelt than train divided by los
      this.at += name.length;
      return { kind: "name", name, at: from };
    }
    if (!word) throw new ExpressionError(`wanted a metric, a number or ( and saw ${this.#seen()}`, from);
    if (/^\s*\(/.test(this.text.slice(from + word.length))) throw new ExpressionError(`there is no function ${word}. There are ${Object.keys(FUNCTIONS).join(", ")}`, from);
    if (this.known) {
      const whole = from < this.broken.from + this.broken.word.length ? this.broken : { from, word };
      throw new ExpressionError(`there is no metric ${whole.word}${nearest(whole.word, this.known)}`, whole.from);
    }
    this.at += word.length;
    return { kind: "name", name: word, at: from };
  }

  /** The longest metric whose name stands here and ends with its last letter. */
  #longestKnown() {
    for (const name of this.byStart.get(this.text[this.at]) ?? []) {
      if (!this.text.startsWith(name, this.at)) continue;
      const next = this.text[this.at + name.length];
      if (next === undefined || !(WORD.test(next) && WORD.test(name.at(-1) ?? ""))) return name;
    }
    return "";
  }

  /** @param {string} mark @returns {Tree} a quote within is written twice, or behind a backslash */
  #quoted(mark) {
    const from = this.at;
    let name = "";
    for (this.at++; ; this.at++) {
      const c = this.text[this.at];
      if (c === undefined) throw new ExpressionError("this quote is not closed", from);
      const next = this.text[this.at + 1];
      if ((c === "\\" && (next === mark || next === "\\")) || (c === mark && next === mark)) name += this.text[++this.at];
      else if (c === mark) break;
      else name += c;
    }
    this.at++;
    if (this.known && !this.set.has(name)) throw new ExpressionError(`there is no metric ${name || "without a name"}${nearest(name, this.known)}`, from);
    return { kind: "name", name, at: from };
  }

  /** @param {string} name @returns {Tree} */
  #call(name) {
    const from = this.at;
    this.at += name.length;
    this.#skip();
    const open = this.at++;
    const of = [this.sum()];
    while (this.#take(",")) of.push(this.sum());
    this.#close(open);
    const [least, most] = FUNCTIONS[name];
    if (of.length < least || of.length > most) throw new ExpressionError(`${name} takes ${least === most ? "one value" : `${least} to ${most} values`}, not ${of.length}`, from);
    return { kind: "call", name, of };
  }

  /** @param {number} open */
  #close(open) {
    this.#skip();
    if (this.text[this.at] === ")") return void this.at++;
    if (this.at >= this.text.length) throw new ExpressionError("this ( is not closed", open);
    throw new ExpressionError(`wanted an operator (+ - * / ^) or ) before ${this.#seen()}`, this.at);
  }
}

/** @param {RegExp} sticky @param {string} text @param {number} at */
function matched(sticky, text, at) {
  sticky.lastIndex = at;
  return sticky.exec(text) ?? [""];
}

/** ". Did you mean train/loss?" or nothing: a name with the same end, or the fewest letters apart.
 * @param {string} word @param {string[]} known */
function nearest(word, known) {
  const small = word.toLowerCase();
  const found = known.find((name) => name.toLowerCase() === small) ?? known.find((name) => name.toLowerCase().endsWith(`/${small}`) || name.toLowerCase().startsWith(small)) ?? known.slice(0, 2000).find((name) => apart(small, name.toLowerCase()) <= 2);
  return found ? `. Did you mean ${written(found)}?` : "";
}

/** Letters to change, add or drop from one to the other; above 2 it says 3. @param {string} a @param {string} b */
function apart(a, b) {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + Number(a[i - 1] !== b[j - 1]));
    row = next;
  }
  return Math.min(3, row[b.length]);
}

/** The metrics of an expression, each once, in the order in which they stand. @param {Tree} tree @returns {string[]} */
export function namesOf(tree) {
  if (tree.kind === "name") return [tree.name];
  const of = tree.kind === "minus" ? [tree.of] : tree.kind === "sign" ? [tree.left, tree.right] : tree.kind === "call" ? tree.of : [];
  return [...new Set(of.flatMap(namesOf))];
}

const RANK = { "+": 1, "-": 1, "*": 2, "/": 2, "^": 4 };

/** The expression in one form, which is read without knowing the metrics. @param {Tree} tree @returns {string} */
export function formatted(tree) {
  const inner = (/** @type {Tree} */ each, /** @type {number} */ least) => (rankOf(each) < least ? `(${formatted(each)})` : formatted(each));
  if (tree.kind === "number") return String(tree.value);
  if (tree.kind === "name") return written(tree.name);
  if (tree.kind === "call") return `${tree.name}(${tree.of.map(formatted).join(", ")})`;
  if (tree.kind === "minus") return `-${inner(tree.of, 3)}`;
  const rank = RANK[/** @type {keyof typeof RANK} */ (tree.sign)];
  const isPower = tree.sign === "^"; // it alone binds to the right
  return `${inner(tree.left, isPower ? 5 : rank)} ${tree.sign} ${inner(tree.right, isPower ? 3 : rank + 1)}`;
}

/** @param {Tree} tree */
const rankOf = (tree) => (tree.kind === "sign" ? RANK[/** @type {keyof typeof RANK} */ (tree.sign)] : tree.kind === "minus" ? 3 : 5);

/** A name as it stands in an expression: quoted where it could be read as something else. @param {string} name */
export function written(name) {
  const [bare] = matched(NAME, name, 0);
  return bare === name && !Object.hasOwn(FUNCTIONS, name) ? name : `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
