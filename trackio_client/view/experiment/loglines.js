// @ts-check
/**
 * What a program printed, as lines to read: terminal colours told apart, progress bars at their last state, levels known.
 *
 * Colours are those of ECMA-48 (SGR, "ESC [ … m"); every other sequence of a terminal moves a cursor that a page does not have.
 */

/** @typedef {"" | "error" | "warn" | "debug" | "skip" | "day"} Level
 * @typedef {{time_s: number, stream: string, level: Level, words: string, raw: string | null}} Line
 * @typedef {{text: string, style: string}} Run  style: classes, "" for plain text */

const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~]?)/g;
const COLOUR = /\x1b\[([\d;:]*)m/g;
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** The last state of a line that rewrote itself ("\r", as progress bars do); a "\b" takes back what stands before it. @param {string} words */
export function lastState(words) {
  let last = words;
  if (words.includes("\r")) {
    const states = words.split("\r");
    last = states.findLast((each) => each.replace(ESCAPES, "").trim()) ?? "";
  }
  while (/[^\b]\x08/.test(last)) last = last.replace(/[^\b]\x08/g, "");
  return last;
}

/** Without sequences for terminals and other characters that cannot be seen. @param {string} words */
export const plainOf = (words) => words.replace(ESCAPES, "").replace(CONTROLS, "").replaceAll("\t", "    ");

/** A line in its colours. @param {string} raw @returns {Run[]} */
export function runsOf(raw) {
  const found = /** @type {Run[]} */ ([]);
  const style = { color: "", bold: false, faint: false };
  let from = 0;
  const put = (/** @type {string} */ part) => {
    const text = plainOf(part);
    const name = [style.color, style.bold ? "b" : "", style.faint ? "f" : ""].filter(Boolean).join(" ");
    if (text && found.at(-1)?.style === name) /** @type {Run} */ (found.at(-1)).text += text;
    else if (text) found.push({ text, style: name });
  };
  for (const hit of raw.matchAll(COLOUR)) {
    put(raw.slice(from, hit.index));
    from = hit.index + hit[0].length;
    applied(style, hit[1]);
  }
  put(raw.slice(from));
  return found;
}

/** @param {{color: string, bold: boolean, faint: boolean}} style @param {string} codes */
function applied(style, codes) {
  const list = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < list.length; i += 1) {
    const code = list[i];
    if (code === 0) Object.assign(style, { color: "", bold: false, faint: false });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.faint = true;
    else if (code === 22) Object.assign(style, { bold: false, faint: false });
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style.color = `c${code % 10}`;
    else if (code === 39) style.color = "";
    else if (code === 38 || code === 48) i += list[i + 1] === 5 ? 2 : list[i + 1] === 2 ? 4 : 0; // of 256 or 16 million: the text's own
  }
}

const FAULT = /(?:^|[\s[(|])(?:error|fatal|critical|failed|panic)\b(?!\s*[=:|]?\s*[-+]?[\d.])/i; // "error: 0.03" is a number
const RAISED = /\b[A-Z]\w*(?:Error|Exception)\b(?=:|$|\()/;
const WARNING = /\bwarn(ing)?s?\b|\b\w+Warning\b/i;
const DEBUG = /(^|[\s[(|])debug\b/i;

/** Lines of a stream, one event's after the other's: a traceback goes on over lines that say nothing by themselves. */
export class LineReader {
  constructor() {
    /** @type {Map<string, boolean>} */ this.traces = new Map();
  }

  /** @param {{time_us: number, stream?: string, lines?: string[], dropped?: number}} content of a console event @returns {Line[]} */
  read({ time_us, stream = "stdout", lines = [], dropped = 0 }) {
    const time_s = time_us / 1e6;
    /** @type {Line[]} */
    const found = dropped ? [{ time_s, stream, level: "skip", words: `${dropped.toLocaleString("en-US")} ${dropped === 1 ? "line" : "lines"} left out by the limit on captured output`, raw: null }] : [];
    for (const each of lines) {
      for (const one of String(each).replace(/\r\n/g, "\n").split("\n")) {
        const raw = lastState(one);
        const words = plainOf(raw);
        found.push({ time_s, stream, level: this.#level(words, stream), words, raw: raw.includes("\x1b") ? raw : null });
      }
    }
    return found;
  }

  /** @param {string} words @param {string} stream @returns {Level} */
  #level(words, stream) {
    if (/^Traceback \(most recent call last\)/.test(words)) {
      this.traces.set(stream, true);
      return "error";
    }
    if (this.traces.get(stream)) {
      if (/^\s/.test(words) || words === "") return "error";
      this.traces.set(stream, false); // the line that names the exception ends it
      return "error";
    }
    if (FAULT.test(words) || RAISED.test(words)) return "error";
    if (WARNING.test(words)) return "warn";
    return DEBUG.test(words) ? "debug" : "";
  }
}

/** Columns that a text takes: what is no Latin letter may take two. @param {string} words */
export function columnsOf(words) {
  if (!/[^\x00-\u02ff\u2500-\u25ff]/.test(words)) return words.length;
  let sum = 0;
  for (const letter of words) sum += /[\u0300-\u036f\u200b-\u200f\ufe00-\ufe0f]/.test(letter) ? 0 : /[^\x00-\u10ff\u2000-\u2bff]/.test(letter) ? 2 : 1;
  return sum;
}

/** Runs cut into rows of at most so many columns. @param {Run[]} runs @param {number} columns @returns {Run[][]} */
export function rowsOf(runs, columns) {
  const rows = [/** @type {Run[]} */ ([])];
  let left = columns;
  for (const { text, style } of runs) {
    let part = "";
    for (const letter of text) {
      const wide = letter.charCodeAt(0) < 0x300 ? 1 : columnsOf(letter);
      if (wide > left) {
        if (part) rows.at(-1)?.push({ text: part, style });
        rows.push([]);
        [part, left] = ["", columns];
      }
      part += letter;
      left -= wide;
    }
    if (part) rows.at(-1)?.push({ text: part, style });
  }
  return rows;
}
