// @ts-check
/** Markdown as nodes: headings, lists, tables, code, quotes, emphasis, links. Markup in it is text; nothing in it is run. */

import { h } from "./dom.js";

/** @typedef {{blob?: (sha256: string) => string | null}} How  `blob` gives the address of a file of this server */

const MOST_LETTERS = 200_000; // notes hold 100,000; what is longer is cut, and says so
const LONGEST_RULE = 2000; // letters of a line that may be a heading, a rule or the head of a table

/** @param {string} words @param {How} [how] @returns {any[]} */
export function markdown(words, how = {}) {
  const whole = String(words);
  const found = blocks(whole.slice(0, MOST_LETTERS).replace(/\r\n?/g, "\n").split("\n"), 0, how);
  if (whole.length > MOST_LETTERS) found.push(h("p", { class: "tk-soft" }, `… ${(whole.length - MOST_LETTERS).toLocaleString("en-US")} more letters are not shown.`));
  return found;
}

const LIST = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE = /^\s*\|?(\s*:?-+:?\s*\|)+\s*:?-*:?\s*\|?\s*$/;

/** @param {string[]} lines @param {number} depth @param {How} how @returns {any[]} */
function blocks(lines, depth, how) {
  const found = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const fence = /^\s*(```+|~~~+)/.exec(line);
    const heading = line.length < LONGEST_RULE ? /^(#{1,6})\s+(\S.*)$/.exec(line) : null;
    if (!line.trim()) i += 1;
    else if (fence) {
      const end = lines.findIndex((each, j) => j > i && each.trim().startsWith(fence[1]));
      found.push(h("pre", { class: "tk-text", tabindex: "0" }, lines.slice(i + 1, end < 0 ? lines.length : end).join("\n")));
      i = end < 0 ? lines.length : end + 1;
    } else if (heading) {
      found.push(h(`h${Math.min(6, heading[1].length + 2)}`, null, inline(heading[2].replace(/\s#+\s*$/, "").trimEnd(), how))); // below the page's own headings
      i += 1;
    } else if (line.length < LONGEST_RULE && /^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      found.push(h("hr", null));
      i += 1;
    } else if (/^\s*>/.test(line) && depth < 5) {
      const from = i;
      while (i < lines.length && /^\s*>/.test(lines[i])) i += 1;
      found.push(h("blockquote", null, blocks(lines.slice(from, i).map((each) => each.replace(/^\s*>\s?/, "")), depth + 1, how)));
    } else if (LIST.test(line)) {
      const [node, next] = list(lines, i, depth, how);
      found.push(node);
      i = next;
    } else if (line.includes("|") && (lines[i + 1] ?? "").length < LONGEST_RULE && TABLE.test(lines[i + 1] ?? "")) {
      const from = i;
      i += 2;
      while (i < lines.length && lines[i].includes("|") && lines[i].trim()) i += 1;
      found.push(table(lines[from], lines.slice(from + 2, i), how));
    } else {
      const from = i;
      while (i < lines.length && lines[i].trim() && (i === from || !(LIST.test(lines[i]) || /^\s*(#{1,6}\s|>|```|~~~)/.test(lines[i])))) i += 1;
      found.push(h("p", null, inline(lines.slice(from, i).join("\n"), how)));
    }
  }
  return found;
}

/** @param {string[]} lines @param {number} from @param {number} depth @param {How} how @returns {[any, number]} */
function list(lines, from, depth, how) {
  const [, space, sign] = /** @type {RegExpExecArray} */ (LIST.exec(lines[from]));
  const items = [];
  let i = from;
  while (i < lines.length) {
    const found = LIST.exec(lines[i]);
    if (!found || found[1].length !== space.length || /\d/.test(found[2]) !== /\d/.test(sign)) break;
    const task = /^\[([ xX])\]\s+/.exec(found[3]);
    const inner = [task ? `${task[1] === " " ? "☐" : "☑"} ${found[3].slice(task[0].length)}` : found[3]];
    i += 1;
    while (i < lines.length && (lines[i].trim() === "" ? /^\s+\S/.test(lines[i + 1] ?? "") : /^\s/.test(lines[i]) && /^\s*/.exec(lines[i])?.[0].length !== space.length)) {
      inner.push(lines[i].slice(Math.min(space.length + 2, /** @type {any} */ (/^\s*/.exec(lines[i]))[0].length)));
      i += 1;
    }
    const body = depth < 6 ? blocks(inner, depth + 1, how) : [inner.join(" ")];
    items.push(h("li", null, body.length === 1 && body[0].tagName === "P" ? [...body[0].childNodes] : body));
  }
  const ordered = /\d/.test(sign);
  return [h(ordered ? "ol" : "ul", ordered ? { start: String(Number.parseInt(sign, 10)) } : null, items), i];
}

/** @param {string} head @param {string[]} rows @param {How} how */
function table(head, rows, how) {
  const cells = (/** @type {string} */ line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => inline(cell.trim().replaceAll("\\|", "|"), how));
  return h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", { class: "tk-plain" }, h("thead", null, h("tr", null, cells(head).map((cell) => h("th", null, cell)))), h("tbody", null, rows.map((row) => h("tr", null, cells(row).map((cell) => h("td", null, cell)))))));
}

/** What of a text is not only words: each is looked for where the scanner stands, and is bounded, so that no text takes long. */
const SPECIAL = /[`*_~[!\\]|https?:\/\//g;
const LINK = /!?\[((?:[^[\]\\]|\\.){0,1000})\]\(\s*<?([^\s)<>]{1,1000})>?(?:\s+"[^"]{0,300}")?\s{0,9}\)/y;
const BARE = /https?:\/\/[^\s<>"'`)\]]{1,2000}/y;
const DEEPEST = 6;

/** @param {string} words @param {How} how @param {number} [depth] @returns {any[]} */
function inline(words, how, depth = 0) {
  if (depth > DEEPEST) return [words];
  /** @type {any[]} */ const found = [];
  /** @type {Set<string>} */ const unclosed = new Set(); // signs that nothing closes from here on: not looked for again
  let plain = "";
  let at = 0;
  const put = (/** @type {any} */ node, /** @type {number} */ to) => {
    if (plain) found.push(plain);
    found.push(node);
    [plain, at] = ["", to];
  };
  while (at < words.length) {
    SPECIAL.lastIndex = at;
    const hit = SPECIAL.exec(words);
    if (!hit) break;
    plain += words.slice(at, hit.index);
    at = hit.index;
    const sign = signAt(words, at);
    if (sign === "\\") {
      const escaped = /[!-/:-@[-`{-~]/.test(words[at + 1] ?? "") ? words[at + 1] : "\\";
      plain += escaped;
      at += escaped === "\\" && words[at + 1] !== "\\" ? 1 : 2;
    } else if (sign[0] === "`") {
      const end = unclosed.has(sign) ? -1 : closedBy(words, at + sign.length, sign);
      if (end < 0) unclosed.add(sign);
      if (end < 0) [plain, at] = [plain + sign, at + sign.length];
      else put(h("code", null, words.slice(at + sign.length, end).replace(/^ (.*\S.*) $/s, "$1")), end + sign.length);
    } else if (sign === "[" || sign === "![") {
      LINK.lastIndex = at;
      const link = LINK.exec(words);
      if (link) put(linked(link[2], link[1].replace(/\\([[\]])/g, "$1") || link[2], sign === "![", how, depth), LINK.lastIndex);
      else [plain, at] = [plain + sign, at + sign.length];
    } else if (sign === "http") {
      BARE.lastIndex = at;
      const bare = /** @type {RegExpExecArray | null} */ (/\w/.test(words[at - 1] ?? " ") ? null : BARE.exec(words));
      const address = bare?.[0].replace(/[.,;:!?*_~]+$/, "");
      if (address && address.length > 8) put(anchor(address, [address]), at + address.length);
      else [plain, at] = [`${plain}http`, at + 4];
    } else {
      const end = unclosed.has(sign) || !opens(words, at, sign) ? -1 : closerOf(words, at + sign.length, sign, unclosed);
      if (end < 0) [plain, at] = [plain + sign, at + sign.length];
      else put(h(sign === "~~" ? "s" : sign.length > 1 ? "b" : "em", null, inline(words.slice(at + sign.length, end), how, depth + 1)), end + sign.length);
    }
  }
  plain += words.slice(at);
  if (plain) found.push(plain);
  return found;
}

/** The sign that stands at a place: a run of backticks, "**", "_", "~~", "![", "[", "\\" or "http". @param {string} words @param {number} at */
function signAt(words, at) {
  const one = words[at];
  if (one === "h") return "http";
  if (one === "!") return words[at + 1] === "[" ? "![" : "!";
  if (one !== "`") return (one === "*" || one === "_" || one === "~") && words[at + 1] === one ? one + one : one;
  let end = at;
  while (words[end] === "`") end += 1;
  return words.slice(at, end);
}

/** Where a run of exactly as many backticks begins; -1 if none does. @param {string} words @param {number} from @param {string} run */
function closedBy(words, from, run) {
  for (let at = words.indexOf(run, from); at >= 0; at = words.indexOf(run, at)) {
    if (words[at + run.length] !== "`" && words[at - 1] !== "`") return at;
    while (words[at] === "`") at += 1;
  }
  return -1;
}

const isWord = (/** @type {string | undefined} */ letter) => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter);

/** @param {string} words @param {number} at @param {string} sign */
function opens(words, at, sign) {
  if (sign === "!" || sign === "~") return false;
  const next = words[at + sign.length];
  return next !== undefined && !/\s/.test(next) && !((sign[0] === "_" || sign === "*") && isWord(words[at - 1])); // snake_case and 2*3*4 are words
}

/** Where a sign of emphasis ends it; whether it does hangs on its place alone, so one search that fails stands for all later ones.
 * @param {string} words @param {number} from @param {string} sign @param {Set<string>} unclosed */
function closerOf(words, from, sign, unclosed) {
  for (let at = words.indexOf(sign, from + 1); at >= 0; at = words.indexOf(sign, at + 1)) {
    const inRun = sign.length === 1 && (words[at + 1] === sign || words[at - 1] === sign);
    if (!inRun && !/\s/.test(words[at - 1]) && !(sign[0] === "_" && isWord(words[at + sign.length]))) return at;
  }
  unclosed.add(sign);
  return -1;
}

/**
 * Addresses of the web, and places of this page. A picture is drawn only when it is a file of this server, named by its hash: one from
 * elsewhere would tell others who reads, so it is a link. Every other scheme is words.
 * @param {string} address @param {string} label @param {boolean} isPicture @param {How} how @param {number} depth
 */
function linked(address, label, isPicture, how, depth) {
  const hash = /^(?:sha256:|blob:|\/v1\/blobs\/)?([0-9a-f]{64})$/.exec(address)?.[1];
  const file = hash && how.blob ? how.blob(hash) : null;
  if (isPicture && file) return h("img", { src: file, alt: label, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
  if (file) return h("a", { href: file }, inline(label, how, depth + 1));
  const isHere = /^[?#][\w?&=%.,:~+-]*$/.test(address);
  if (!isHere && !/^https?:\/\/[^/\s]/i.test(address)) return h("span", null, inline(label, how, depth + 1));
  const words = inline(label, how, DEEPEST + 1);
  return isHere ? h("a", { href: address }, words) : anchor(address, words);
}

/** @param {string} address @param {any[]} words */
const anchor = (address, words) => h("a", { href: address, rel: "noopener noreferrer nofollow ugc", target: "_blank", title: address }, words);
