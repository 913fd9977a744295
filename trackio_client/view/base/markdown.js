// @ts-check
/** Markdown as nodes: headings, lists, tables, code, quotes, emphasis, links. Markup in it is text; nothing in it is run. */

import { h } from "./dom.js";

/** @param {string} words @returns {any[]} */
export function markdown(words) {
  return blocks(String(words).slice(0, 200_000).replace(/\r\n?/g, "\n").split("\n"), 0);
}

const LIST = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE = /^\s*\|?(\s*:?-+:?\s*\|)+\s*:?-*:?\s*\|?\s*$/;

/** @param {string[]} lines @param {number} depth @returns {any[]} */
function blocks(lines, depth) {
  const found = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    const fence = /^\s*(```+|~~~+)/.exec(line);
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (!line.trim()) i += 1;
    else if (fence) {
      const end = lines.findIndex((each, j) => j > i && each.trim().startsWith(fence[1]));
      found.push(h("pre", { class: "tk-text", tabindex: "0" }, lines.slice(i + 1, end < 0 ? lines.length : end).join("\n")));
      i = end < 0 ? lines.length : end + 1;
    } else if (heading) {
      found.push(h(`h${Math.min(6, heading[1].length + 2)}`, null, inline(heading[2]))); // below the page's own headings
      i += 1;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      found.push(h("hr", null));
      i += 1;
    } else if (/^\s*>/.test(line) && depth < 5) {
      const from = i;
      while (i < lines.length && /^\s*>/.test(lines[i])) i += 1;
      found.push(h("blockquote", null, blocks(lines.slice(from, i).map((each) => each.replace(/^\s*>\s?/, "")), depth + 1)));
    } else if (LIST.test(line)) {
      const [node, next] = list(lines, i, depth);
      found.push(node);
      i = next;
    } else if (line.includes("|") && i + 1 < lines.length && TABLE.test(lines[i + 1])) {
      const from = i;
      i += 2;
      while (i < lines.length && lines[i].includes("|") && lines[i].trim()) i += 1;
      found.push(table(lines[from], lines.slice(from + 2, i)));
    } else {
      const from = i;
      while (i < lines.length && lines[i].trim() && (i === from || !(LIST.test(lines[i]) || /^\s*(#{1,6}\s|>|```|~~~)/.test(lines[i])))) i += 1;
      found.push(h("p", null, inline(lines.slice(from, i).join("\n"))));
    }
  }
  return found;
}

/** @param {string[]} lines @param {number} from @param {number} depth @returns {[any, number]} */
function list(lines, from, depth) {
  const [, space, sign] = /** @type {RegExpExecArray} */ (LIST.exec(lines[from]));
  const items = [];
  let i = from;
  while (i < lines.length) {
    const found = LIST.exec(lines[i]);
    if (!found || found[1].length !== space.length || /\d/.test(found[2]) !== /\d/.test(sign)) break;
    const inner = [found[3]];
    i += 1;
    while (i < lines.length && (lines[i].trim() === "" ? /^\s+\S/.test(lines[i + 1] ?? "") : /^\s/.test(lines[i]) && /^\s*/.exec(lines[i])?.[0].length !== space.length)) {
      inner.push(lines[i].slice(Math.min(space.length + 2, /** @type {any} */ (/^\s*/.exec(lines[i]))[0].length)));
      i += 1;
    }
    const body = depth < 6 ? blocks(inner, depth + 1) : [inner.join(" ")];
    items.push(h("li", null, body.length === 1 && body[0].tagName === "P" ? [...body[0].childNodes] : body));
  }
  const ordered = /\d/.test(sign);
  return [h(ordered ? "ol" : "ul", ordered ? { start: String(Number.parseInt(sign, 10)) } : null, items), i];
}

/** @param {string} head @param {string[]} rows */
function table(head, rows) {
  const cells = (/** @type {string} */ line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => inline(cell.trim().replaceAll("\\|", "|")));
  return h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", { class: "tk-plain" }, h("thead", null, h("tr", null, cells(head).map((cell) => h("th", null, cell)))), h("tbody", null, rows.map((row) => h("tr", null, cells(row).map((cell) => h("td", null, cell)))))));
}

const INLINE = /(`+)([\s\S]+?)\1|!?\[([^\]]*)\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)|(\*\*|__)(?=\S)([\s\S]*?\S)\5|(?<![\w*])([*_])(?=\S)([\s\S]*?\S)\7(?![\w*])|~~(?=\S)([\s\S]*?\S)~~|(https?:\/\/[^\s<>"')\]]+)/;

/** @param {string} words @param {number} [depth] @returns {any[]} */
function inline(words, depth = 0) {
  const found = [];
  let rest = words;
  for (let hit = depth < 8 ? INLINE.exec(rest) : null; hit; hit = INLINE.exec(rest)) {
    const [all, , code, label, address, , strong, , soft, struck, bare] = hit;
    found.push(rest.slice(0, hit.index));
    if (code !== undefined) found.push(h("code", null, code));
    else if (address !== undefined) found.push(link(address, label || address, depth));
    else if (strong !== undefined) found.push(h("b", null, inline(strong, depth + 1)));
    else if (soft !== undefined) found.push(h("em", null, inline(soft, depth + 1)));
    else if (struck !== undefined) found.push(h("s", null, inline(struck, depth + 1)));
    else if (bare !== undefined) found.push(link(bare, bare, 8));
    rest = rest.slice(hit.index + all.length);
  }
  found.push(rest);
  return found;
}

/** Only addresses of the web; pictures from elsewhere would tell others who reads: they are links too. @param {string} address @param {string} label @param {number} depth */
function link(address, label, depth) {
  if (!/^https?:\/\//i.test(address)) return inline(label, depth + 1);
  return h("a", { href: address, rel: "noopener noreferrer nofollow", target: "_blank", title: address }, inline(label, depth >= 8 ? 8 : depth + 1));
}
