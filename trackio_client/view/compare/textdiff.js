// @ts-check
/** What of a text or a list is other than in another: words that went and words that came, long equal parts left out. */
import { h } from "../base/dom.js";

const MOST = 600; // pieces a side: beyond them the two stand one below the other
const AROUND = 3; // pieces of an equal part that stay at each side

/** @typedef {{kind: "same" | "gone" | "new", words: string}} Part */

/** @param {string} text @returns {string[]} words with the space behind them */
const piecesOf = (text) => text.match(/\s*(?:[\p{L}\p{N}_]+(?:[.\-][\p{L}\p{N}_]+)*|[^\p{L}\p{N}_\s])/gu) ?? (text ? [text] : []);

/** @param {string} before @param {string} after @returns {Part[]} */
export function differences(before, after) {
  if (before === after) return [{ kind: "same", words: after }];
  let [a, b] = [piecesOf(before), piecesOf(after)];
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  let last = 0;
  while (last < a.length - first && last < b.length - first && a[a.length - 1 - last] === b[b.length - 1 - last]) last++;
  const [head, tail] = [b.slice(0, first).join(""), last ? b.slice(b.length - last).join("") : ""];
  [a, b] = [a.slice(first, a.length - last), b.slice(first, b.length - last)];
  const middle = a.length > MOST || b.length > MOST ? [part("gone", a.join("")), part("new", b.join(""))] : aligned(a, b);
  return [part("same", head), ...middle, part("same", tail)].filter((each) => each.words);
}

/** @param {Part["kind"]} kind @param {string} words @returns {Part} */
const part = (kind, words) => ({ kind, words });

/** By the longest common subsequence. @param {string[]} a @param {string[]} b @returns {Part[]} */
function aligned(a, b) {
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] = a[i] === b[j] ? length[(i + 1) * width + j + 1] + 1 : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  /** @type {Part[]} */ const parts = [];
  const add = (/** @type {Part["kind"]} */ kind, /** @type {string} */ words) => {
    if (parts.at(-1)?.kind === kind) /** @type {Part} */ (parts.at(-1)).words += words;
    else parts.push({ kind, words });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) add("same", b[(i++, j++)]);
    else if (i < a.length && (j === b.length || length[(i + 1) * width + j] >= length[i * width + j + 1])) add("gone", a[i++]);
    else add("new", b[j++]);
  }
  return parts;
}

/** @param {string} before @param {string} after @param {{whole?: boolean}} [how] `whole` leaves nothing out @returns {HTMLElement} */
export function textDiff(before, after, { whole = false } = {}) {
  const parts = differences(before, after);
  const short = (/** @type {string} */ words, /** @type {number} */ i) => {
    const pieces = piecesOf(words);
    if (whole || pieces.length <= 2 * AROUND + 2) return words;
    const [from, to] = [i ? pieces.slice(0, AROUND).join("") : "", i < parts.length - 1 ? pieces.slice(-AROUND).join("") : ""];
    return `${from} … ${to}`;
  };
  return h("span", { class: "tk-changes" }, parts.map(({ kind, words }, i) => (kind === "same" ? short(words, i) : h(kind === "gone" ? "del" : "ins", null, words))));
}
