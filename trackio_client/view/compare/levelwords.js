// @ts-check
/** Where the lines of a contour get their numbers: once on every piece that is long enough, clear of dots, of the edges and of each other. */

const LEAST = 56; // px of a line that gets one
const HIGH = 14; // px of a number
const CLEAR = 8; // px from a dot
const APART = 22; // px between two of different lines

/** @typedef {{x: number, y: number}} Place in pixels
 * @typedef {{x: number, y: number, words: string}} Word its middle */

/** The pieces of a line: segments that share an end. @param {[Place, Place][]} segments @returns {[Place, Place][][]} */
function piecesOf(segments) {
  const key = (/** @type {Place} */ { x, y }) => `${Math.round(x * 8)} ${Math.round(y * 8)}`;
  /** @type {Map<string, number>} */ const ends = new Map(); // an end -> the first segment that has it
  const of = segments.map((_, i) => i);
  const root = (/** @type {number} */ i) => {
    while (of[i] !== i) i = of[i] = of[of[i]];
    return i;
  };
  segments.forEach((segment, i) => {
    for (const end of segment.map(key)) {
      const other = ends.get(end);
      if (other === undefined) ends.set(end, i);
      else of[root(i)] = root(other);
    }
  });
  /** @type {Map<number, [Place, Place][]>} */ const pieces = new Map();
  segments.forEach((segment, i) => pieces.set(root(i), [...(pieces.get(root(i)) ?? []), segment]));
  return [...pieces.values()];
}

/** @param {[Place, Place]} segment */
const length = ([a, b]) => Math.hypot(b.x - a.x, b.y - a.y);

/**
 * @param {{words: string, lines: [Place, Place][]}[]} levels @param {Place[]} dots
 * @param {{left: number, right: number, top: number, bottom: number}} box @param {(words: string) => number} widthOf
 * @returns {Word[]}
 */
export function wordsOn(levels, dots, box, widthOf) {
  /** @type {(Word & {half: number})[]} */ const placed = [];
  const wanted = levels.flatMap(({ words, lines }) => piecesOf(lines).map((piece) => ({ words, piece, long: piece.reduce((sum, each) => sum + length(each), 0) }))).filter(({ long }) => long >= LEAST);
  for (const { words, piece } of wanted.sort((a, b) => b.long - a.long)) {
    const half = widthOf(words) / 2 + 2;
    let [best, room] = [/** @type {Place | null} */ (null), 0];
    for (const [a, b] of piece) {
      const at = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
      if (at.x - half < box.left || at.x + half > box.right || at.y - HIGH / 2 < box.top || at.y + HIGH / 2 > box.bottom) continue;
      const gap = (/** @type {Place} */ other, /** @type {number} */ wide, /** @type {number} */ high) => Math.max(Math.abs(other.x - at.x) - half - wide, Math.abs(other.y - at.y) - HIGH / 2 - high);
      const fromDots = dots.reduce((least, dot) => Math.min(least, gap(dot, 0, 0)), Infinity);
      const fromWords = placed.reduce((least, word) => Math.min(least, gap(word, word.half, HIGH / 2)), Infinity);
      if (fromDots < CLEAR || fromWords < APART - HIGH) continue;
      const free = Math.min(fromDots, fromWords, 60);
      if (free > room) (best = at), (room = free);
    }
    if (best) placed.push({ ...best, words, half });
  }
  return placed.map(({ x, y, words }) => ({ x, y, words }));
}
