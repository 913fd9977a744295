// @ts-check
/**
 * Ranges asked for before they are zoomed into: where a pointer that selects comes to rest, it will most likely be let go.
 *
 * A person needs a tenth of a second and more between the end of a movement and the release of the button. That is
 * about as long as the server needs, so the finer points are there when the zoom begins. What is asked for is a little
 * more than is selected, for the pointer may still move a bit.
 */

const BEFORE = 0.13; // of the selection, asked for to its left: of that 0.1 for smoothing, as every zoom asks
const BEHIND = 0.06;
const LEAST = [0.04, 0.005]; // of a zoom, that must be there to its left and right
const MOST = 1.3; // times a zoom's width, above which points of its own are finer
const KEPT = 4; // ranges an axis and group: those of the zooms on the way back

/** @typedef {[number, number]} Range */

export class Ahead {
  constructor() {
    /** @type {Map<string, Range[]>} those that a zoom took first, then the one of this drag */ this.ranges = new Map();
    /** @type {{key: string, range: Range} | null} */ this.next = null;
  }

  /** What to ask for, for a selection; null: that is on its way. @param {string} key of the charts that zoom together @param {Range} x @returns {Range | null} */
  expect(key, x) {
    if (this.of(key, x)) return null;
    const size = x[1] - x[0];
    const range = /** @type {Range} */ ([x[0] - BEFORE * size, x[1] + BEHIND * size].map((end) => Number(end.toPrecision(12))));
    this.next = { key, range };
    return range;
  }

  /** A drag has ended: what was asked for is kept if the zoom is made of it. @param {string} key @param {Range | null} zoom
   * @returns {boolean} whether what was asked for last is of no use */
  settle(key, zoom) {
    const { next } = this;
    this.next = null;
    if (!next) return false;
    if (next.key !== key || !zoom || !serves(next.range, zoom)) return true;
    this.ranges.set(key, [...(this.ranges.get(key) ?? []), next.range].slice(-KEPT));
    return false;
  }

  /** The range that was asked for and that a zoom can be drawn of. @param {string} key @param {Range} zoom @returns {Range | null} */
  of(key, zoom) {
    const known = this.ranges.get(key)?.find((range) => serves(range, zoom));
    return known ?? (this.next?.key === key && serves(this.next.range, zoom) ? this.next.range : null);
  }
}

/** @param {Range} range @param {Range} zoom */
function serves([from, to], [low, high]) {
  const size = high - low;
  return from <= low - LEAST[0] * size && to >= high + LEAST[1] * size && to - from <= MOST * size;
}
