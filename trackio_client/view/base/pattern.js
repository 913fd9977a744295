// @ts-check
/** Regular expressions that take time in proportion to the text, whatever was typed: the page must not hang. The subset without
 * look-around and back references is run as a set of states, which are remembered as they are met. `queries/pattern.py` is the
 * same for servers, and both pass the cases of tests/queries/filter_cases.json. Letters match in either case; \d \w \s mean ASCII. */

const MOST_STEPS = 600;
const MOST_REPEATS = 100;
const MOST_PARTS = 10_000; // looked at while it is compiled: repeats of what emits no instruction are counted, too
const MOST_STACKED = 20; // repeats of a repeat of a repeat …, and groups in groups
const MOST_STATES = 2000; // remembered at once; then they are forgotten and met again
/** @typedef {(c: string) => boolean} Test */
/** @type {Record<string, Test>} */
const CLASSES = {
  d: (c) => c >= "0" && c <= "9",
  w: (c) => /^[a-zA-Z0-9_]$/.test(c),
  s: (c) => c.length === 1 && " \t\n\r\f\v".includes(c),
};
/** @type {Record<string, string>} */
const CONTROLS = { n: "\n", t: "\t", r: "\r" };

/** A pattern or filter that does not parse; `at` is where, counted in characters (not UTF-16 units) from 0. */
export class ParseError extends Error {
  /** @param {number} at @param {string} message */
  constructor(at, message) {
    super(message);
    this.at = at;
  }
}

/** @typedef {{kind: string, next: number, other: number, test?: Test}} Step
 * @typedef {{waiting: number[], hit: boolean, ascii: State[]}} State  `ascii`: where each character leads */

export class Pattern {
  /** @param {string} source @throws {ParseError} */
  constructor(source) {
    /** @type {Step[]} */
    this.steps = [];
    this.parts = 0;
    this.emit(new Parser(source).all());
    this.steps.push({ kind: "match", next: 0, other: 0 });
    this.forget();
  }

  /** Whether it matches anywhere in a text. @param {string} text */
  search(text) {
    let state = this.first;
    for (let i = 0; i < text.length; i++) {
      if (state.hit) return true;
      const unit = text.charCodeAt(i);
      if (unit < 128) state = state.ascii[unit] ?? this.step(state, text[i]);
      else {
        const character = String.fromCodePoint(text.codePointAt(i) ?? unit);
        i += character.length - 1;
        state = this.step(state, character);
      }
    }
    return state.hit || this.ends(state.waiting, text === "");
  }

  forget() {
    /** @type {Map<string, State>} */
    this.known = new Map();
    this.first = this.state([0], true);
    this.again = this.closure([0], false, false);
  }

  /** @param {State} state @param {string} character */
  step(state, character) {
    if (this.known.size > MOST_STATES) this.forget();
    const reached = state.waiting.filter((pc) => isOne(this.steps[pc].test, character)).map((pc) => this.steps[pc].next);
    const found = this.state(reached, false, this.again);
    if (character.charCodeAt(0) < 128) state.ascii[character.charCodeAt(0)] = found;
    return found;
  }

  /** @param {number[]} entered @param {boolean} atStart @param {{waiting: number[], hit: boolean}} [also] @returns {State} */
  state(entered, atStart, also = { waiting: [], hit: false }) {
    const { waiting, hit } = this.closure(entered, atStart, false);
    const all = [...new Set([...waiting, ...also.waiting])].sort((a, b) => a - b);
    const key = `${all.join()}${hit || also.hit}`;
    let state = this.known.get(key);
    if (!state) this.known.set(key, (state = { waiting: all, hit: hit || also.hit, ascii: [] }));
    return state;
  }

  /** @param {number[]} waiting @param {boolean} isEmpty */
  ends(waiting, isEmpty) {
    return this.closure(waiting.filter((pc) => this.steps[pc].kind === "end"), isEmpty, true).hit;
  }

  /** @param {number[]} entered @param {boolean} atStart @param {boolean} atEnd */
  closure(entered, atStart, atEnd) {
    const seen = new Set();
    const waiting = [];
    let hit = false;
    const todo = [...entered];
    while (todo.length) {
      const pc = /** @type {number} */ (todo.pop());
      if (seen.has(pc)) continue;
      seen.add(pc);
      const { kind, next, other } = this.steps[pc];
      if (kind === "split") todo.push(next, other);
      else if (kind === "match") hit = true;
      else if ((kind === "start" && atStart) || (kind === "end" && atEnd)) todo.push(next);
      else if (kind === "char" || kind === "end") waiting.push(pc);
    }
    return { waiting, hit };
  }

  /** Instructions of a part; it goes on behind the last of them. @param {any[]} tree */
  emit(tree) {
    const steps = this.steps;
    if (steps.length > MOST_STEPS || ++this.parts > MOST_PARTS) throw new ParseError(0, "this pattern is too large");
    const [kind, part, least, most] = tree;
    if (kind === "char") steps.push({ kind, next: steps.length + 1, other: 0, test: part });
    else if (kind === "start" || kind === "end") steps.push({ kind, next: steps.length + 1, other: 0 });
    else if (kind === "sequence") for (const each of part) this.emit(each);
    else if (kind === "either") this.emitEither(part);
    else this.emitRepeat(part, least, most);
  }

  /** @param {any[]} parts */
  emitEither(parts) {
    const steps = this.steps;
    const jumps = [];
    for (const part of parts.slice(0, -1)) {
      const split = { kind: "split", next: steps.length + 1, other: 0 };
      steps.push(split);
      this.emit(part);
      const jump = { kind: "split", next: 0, other: 0 };
      steps.push(jump);
      jumps.push(jump);
      split.other = steps.length;
    }
    this.emit(parts.at(-1));
    for (const jump of jumps) jump.next = jump.other = steps.length;
  }

  /** @param {any} part @param {number} least @param {number | null} most */
  emitRepeat(part, least, most) {
    const steps = this.steps;
    for (let i = 0; i < least; i++) this.emit(part);
    if (most === null) {
      const at = steps.length;
      const split = { kind: "split", next: at + 1, other: 0 };
      steps.push(split);
      this.emit(part);
      steps.push({ kind: "split", next: at, other: at });
      split.other = steps.length;
      return;
    }
    const splits = [];
    for (let i = least; i < most; i++) {
      const split = { kind: "split", next: steps.length + 1, other: 0 };
      steps.push(split);
      splits.push(split);
      this.emit(part);
    }
    for (const split of splits) split.other = steps.length;
  }
}

/** @param {Test | undefined} test @param {string} character */
function isOne(test, character) {
  return test !== undefined && cases(character).some((each) => test(each));
}

/** A letter in either case, where that is one letter: "ß" is not "SS". @param {string} c */
const cases = (c) => [c, c.toLowerCase(), c.toUpperCase()].filter((each) => [...each].length === 1);

/** A pattern as a tree: ["char", test], ["sequence", […]], ["either", […]], ["repeat", part, m, n] … */
class Parser {
  /** @param {string} source */
  constructor(source) {
    this.text = [...source];
    this.at = 0;
    this.depth = 0;
  }

  all() {
    const tree = this.either();
    if (this.at < this.text.length) throw new ParseError(this.at, "this ) closes nothing");
    return tree;
  }

  peek() {
    return this.text[this.at] ?? "";
  }

  /** @returns {any[]} */
  either() {
    const parts = [this.sequence()];
    while (this.peek() === "|") {
      this.at += 1;
      parts.push(this.sequence());
    }
    return parts.length === 1 ? parts[0] : ["either", parts];
  }

  /** @returns {any[]} */
  sequence() {
    const parts = [];
    while (!["", "|", ")"].includes(this.peek())) parts.push(this.piece());
    return ["sequence", parts];
  }

  piece() {
    if (["*", "+", "?"].includes(this.peek())) throw new ParseError(this.at, `there is nothing before ${this.peek()} that could be repeated`);
    let part = this.atom();
    let stacked = 0;
    for (let bounds = this.bounds(); bounds; bounds = this.bounds()) {
      if (++stacked > MOST_STACKED) throw new ParseError(this.at, "this pattern is too large");
      part = ["repeat", part, ...bounds];
      if (this.peek() === "?") this.at += 1; // as few as possible: it matches the same texts
    }
    return part;
  }

  /** @returns {[number, number | null] | null} */
  bounds() {
    const sign = this.peek();
    if (sign === "*" || sign === "+" || sign === "?") {
      this.at += 1;
      return sign === "*" ? [0, null] : sign === "+" ? [1, null] : [0, 1];
    }
    if (sign !== "{") return null;
    const end = this.text.indexOf("}", this.at);
    const found = end < 0 ? null : /^([0-9]{1,4})(?:(,)([0-9]{1,4})?)?$/.exec(this.text.slice(this.at + 1, end).join(""));
    if (!found) return null; // a brace as it stands
    const least = Number(found[1]);
    const most = found[2] ? (found[3] ? Number(found[3]) : null) : least;
    if (least > MOST_REPEATS || (most !== null && (most > MOST_REPEATS || most < least))) {
      throw new ParseError(this.at, `repeats go from 0 to ${MOST_REPEATS}`);
    }
    this.at = end + 1;
    return [least, most];
  }

  /** @returns {any[]} */
  atom() {
    const character = this.peek();
    const at = this.at++;
    if (character === "(") return this.group(at);
    if (character === "[") return ["char", this.choice(at)];
    if (character === "\\") return ["char", this.escape(at)];
    if (character === ".") return ["char", () => true];
    if (character === "^") return ["start"];
    if (character === "$") return ["end"];
    return ["char", (/** @type {string} */ c) => c === character];
  }

  /** @param {number} at */
  group(at) {
    if (this.peek() === "?") {
      if (this.text[this.at + 1] !== ":") throw new ParseError(at, "look-around and named groups are not supported, (?:…) is");
      this.at += 2;
    }
    this.depth += 1;
    if (this.depth > MOST_STACKED) throw new ParseError(at, "this pattern is too large");
    const tree = this.either();
    if (this.peek() !== ")") throw new ParseError(at, "this ( is not closed");
    this.at += 1;
    this.depth -= 1;
    return tree;
  }

  /** @param {number} at @returns {Test} */
  escape(at) {
    const name = this.peek();
    this.at += 1;
    if (name === "") throw new ParseError(at, "expected a character behind \\");
    const test = CLASSES[name.toLowerCase()];
    if (test) return name === name.toLowerCase() ? test : (c) => !test(c);
    if (name in CONTROLS) return (c) => c === CONTROLS[name];
    if (CLASSES.w(name)) throw new ParseError(at, `\\${name} is not supported`);
    return (c) => c === name;
  }

  /** @param {number} at @returns {Test} */
  choice(at) {
    const isNot = this.peek() === "^";
    if (isNot) this.at += 1;
    /** @type {Test[]} */
    const tests = [];
    while (this.peek() !== "]" || !tests.length) {
      if (this.peek() === "") throw new ParseError(at, "this [ is not closed");
      tests.push(this.member());
    }
    this.at += 1;
    if (!isNot) return (c) => tests.some((test) => test(c));
    return (c) => !cases(c).some((each) => tests.some((test) => test(each))); // neither case of the letter
  }

  /** @returns {Test} */
  member() {
    const at = this.at++;
    const low = this.text[at];
    if (low === "\\") return this.escape(at);
    const high = this.text[this.at + 1];
    if (this.peek() === "-" && high !== undefined && high !== "]" && high !== "\\") {
      if (code(high) < code(low)) throw new ParseError(at, `${low}-${high} is no range`);
      this.at += 2;
      return (c) => code(low) <= code(c) && code(c) <= code(high);
    }
    return (c) => c === low;
  }
}

/** @param {string} character */
const code = (character) => character.codePointAt(0) ?? 0;
