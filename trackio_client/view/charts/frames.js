// @ts-check
/**
 * The binary answer of GET /v1/series (trackio_client/wire/asks.py describes every byte) and the columns that a page
 * holds of each series. An answer is applied to columns: `keep` buckets stay, what lies behind them is replaced.
 */
import { smooth, typicalDistance } from "./smoothing.js";

const ONE_VALUE = 1;
const BAD_COUNTS = 2;
const WIDE = 4;
const LAST = 8;
const SAME_X = 16;
const BLOCK_BYTES = 12;

/**
 * @typedef {Object} SeriesInfo one row of the answer's list
 * @property {string} experiment_id @property {string} metric @property {number} points
 * @property {number} nan @property {number} posinf @property {number} neginf @property {number} width
 *
 * @typedef {Object} Block what changed of one series
 * @property {number} series index into the list @property {number} keep @property {number} n
 * @property {boolean} single one value a bucket: low, high and mean are the same column
 * @property {Float64Array} x @property {Float32Array | Float64Array} low
 * @property {Float32Array | Float64Array} high @property {Float32Array | Float64Array} mean
 * @property {Uint16Array[] | null} bad counts of NaN, +inf, −inf
 * @property {number} [last] the very last value, where the last bucket is the mean of several
 *
 * @typedef {Object} Answer
 * @property {string} cursor @property {string} x @property {boolean} reset @property {number} now_s
 * @property {SeriesInfo[] | null} series null: the list is as in the last answer
 * @property {Block[]} blocks @property {number} bytes
 */

/** Reads a binary answer. Throws Error with what was seen and wanted.
 * @param {ArrayBuffer} buffer @returns {Answer} */
export function decode(buffer) {
  const magic = buffer.byteLength >= 8 ? String.fromCharCode(...new Uint8Array(buffer, 0, 4)) : "";
  if (magic !== "TKS2") {
    throw new Error(`The answer begins with ${JSON.stringify(magic)}, wanted "TKS2": page and server are of different versions. Reload the page.`);
  }
  const headBytes = new DataView(buffer).getUint32(4, true);
  need(buffer, 8 + headBytes, "head");
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headBytes)));
  const blocks = blocksOf(buffer, 8 + headBytes, head.blocks);
  return { cursor: head.cursor, x: head.x, reset: head.reset, now_s: head.now_s, series: head.series, blocks, bytes: buffer.byteLength };
}

/** The blocks, their columns copied into one array a type: columns lie at any byte, and thousands of small buffers are
 * what a garbage collector is slowest with. @param {ArrayBuffer} buffer @param {number} at @param {number} count @returns {Block[]} */
function blocksOf(buffer, at, count) {
  const view = new DataView(buffer);
  const bytes = new Uint8Array(buffer);
  /** @type {{series: number, mode: number, keep: number, n: number, columns: number, at: number}[]} */ const heads = [];
  const room = { x: 0, narrow: 0, wide: 0, counts: 0 };
  for (let k = 0; k < count; k++) {
    need(buffer, at + BLOCK_BYTES, `block ${k}`);
    const [series, mode, keep, n] = [view.getUint16(at, true), view.getUint8(at + 2), view.getUint32(at + 4, true), view.getUint32(at + 8, true)];
    at += BLOCK_BYTES;
    const isSame = (mode & SAME_X) !== 0;
    if (isSame && heads[k - 1]?.n !== n) throw new Error(`The answer's block ${k} has no x, and none before it has its ${n} buckets. It was changed on the way.`);
    const columns = mode & ONE_VALUE ? 1 : 3;
    heads.push({ series, mode, keep, n, columns, at });
    at += (isSame ? 0 : 8 * n) + columns * (mode & WIDE ? 8 : 4) * n + (mode & BAD_COUNTS ? 6 * n : 0) + (mode & LAST ? 8 : 0);
    need(buffer, at, `block ${k}`);
    room.x += n; // each series' own, also where several have the same: it grows in place
    room[mode & WIDE ? "wide" : "narrow"] += columns * n;
    room.counts += mode & BAD_COUNTS ? 3 * n : 0;
  }
  const xs = columnsIn(new Float64Array(room.x), bytes);
  const narrow = columnsIn(new Float32Array(room.narrow), bytes);
  const wide = columnsIn(new Float64Array(room.wide), bytes);
  const counts = columnsIn(new Uint16Array(room.counts), bytes);
  let from = 0; // where the last x stands that was told
  return heads.map(({ series, mode, keep, n, columns, at }) => {
    if (!(mode & SAME_X)) (from = at), (at += 8 * n);
    const x = xs(from, n);
    const values = mode & WIDE ? wide : narrow;
    const size = mode & WIDE ? 8 * n : 4 * n;
    const low = values(at, n);
    const [high, mean] = columns === 1 ? [low, low] : [values(at + size, n), values(at + 2 * size, n)];
    at += columns * size;
    const bad = mode & BAD_COUNTS ? [counts(at, n), counts(at + 2 * n, n), counts(at + 4 * n, n)] : null;
    const last = mode & LAST ? view.getFloat64(at + (bad ? 6 * n : 0), true) : undefined;
    return { series, keep, n, single: columns === 1, x, low, high, mean, bad, last };
  });
}

/** Takes one column after another. @template {Float64Array | Float32Array | Uint16Array} Column
 * @param {Column} all @param {Uint8Array} from @returns {(at: number, n: number) => Column} */
function columnsIn(all, from) {
  const bytes = new Uint8Array(all.buffer);
  const size = all.BYTES_PER_ELEMENT;
  let next = 0;
  return (at, n) => {
    bytes.set(from.subarray(at, at + size * n), size * next);
    return /** @type {Column} */ (all.subarray(next, (next += n)));
  };
}

/** @param {ArrayBuffer} buffer @param {number} bytes @param {string} what */
function need(buffer, bytes, what) {
  if (bytes > buffer.byteLength) throw new Error(`The answer ends at byte ${buffer.byteLength} inside its ${what}, wanted ${bytes} bytes. It was cut on the way.`);
}

/** Both in one buffer: to make and to collect one takes half as long. @param {number} n */
function smoothedColumns(n) {
  const both = new Float64Array(2 * n);
  return { out: both.subarray(0, n), norm: both.subarray(n) };
}

/** Columns of one series, grown in place; what a chart draws. */
export class Series {
  /** @param {string} experiment @param {string} metric */
  constructor(experiment, metric) {
    this.experiment = experiment;
    this.metric = metric;
    this.n = 0;
    /** @type {Float64Array} */ this.x = new Float64Array(0);
    /** @type {Float32Array | Float64Array} */ this.low = new Float32Array(0);
    /** @type {Float32Array | Float64Array} */ this.high = this.low;
    /** @type {Float32Array | Float64Array} */ this.mean = this.low;
    /** @type {Uint16Array[] | null} */ this.bad = null;
    this.single = true;
    /** Where the last bucket is the mean of several. @type {number | undefined} */
    this.ended = undefined;
    /** @type {SeriesInfo | null} */ this.info = null;
    /** What was held when the server last told counts. @type {{n: number} | null} */
    this.counted = null;
    /** Rises with every change. */
    this.version = 0;
    this.rising = true;
    /** @type {{key: string, out: Float64Array, norm: Float64Array, distance: number} | null} */
    this.smoothed = null;
    /** @type {{version: number, x: Float64Array} | null} */ this.logs = null;
    this.distance = 1; // typical, on the x axis
    this.measuredAt = 0; // n when it was measured
    this.fresh = 0; // the smoothed column holds up to here
  }

  /** @param {Block} block */
  apply(block) {
    const { keep, n } = block;
    if (keep > this.n) throw new Error(`An update keeps ${keep} buckets of ${this.metric}, but ${this.n} are held. Asking for all of it again.`);
    const wide = block.mean instanceof Float64Array;
    if (keep === 0) this.#replace(block);
    else {
      this.#make(keep + n, this.single && block.single, wide || this.mean instanceof Float64Array, !!(block.bad || this.bad));
      this.x.set(block.x, keep);
      this.low.set(block.low, keep);
      if (!this.single) this.high.set(block.high, keep), this.mean.set(block.mean, keep);
      if (this.bad) for (let k = 0; k < 3; k++) block.bad ? this.bad[k].set(block.bad[k], keep) : this.bad[k].fill(0, keep, keep + n);
      this.n = keep + n;
    }
    this.ended = block.last;
    let rising = keep === 0 || this.rising;
    for (let i = Math.max(1, keep); rising && i < this.n; i++) rising = this.x[i] >= this.x[i - 1];
    this.rising = rising;
    this.fresh = Math.min(this.fresh, keep);
    if (keep === 0) this.counted = { n };
    this.version++;
  }

  /** Holds nothing any more. */
  clear() {
    this.n = this.fresh = this.measuredAt = 0;
    this.info = this.counted = null;
    this.ended = undefined;
    this.version++;
  }

  /** @param {Block} block */
  #replace(block) {
    this.measuredAt = 0;
    this.x = block.x;
    this.low = block.low;
    this.high = block.high;
    this.mean = block.mean;
    this.bad = block.bad;
    this.single = block.single;
    this.n = block.n;
  }

  /** Makes room, in the wider of the forms. @param {number} n @param {boolean} single @param {boolean} wide @param {boolean} bad */
  #make(n, single, wide, bad) {
    const room = n <= this.x.length ? this.x.length : Math.ceil(n * 1.5) + 64;
    const Values = wide ? Float64Array : Float32Array;
    const grown = (/** @type {any} */ old, /** @type {any} */ Type) => {
      if (old instanceof Type && old.length >= room) return old;
      const made = new Type(room);
      made.set(old.subarray(0, Math.min(this.n, room)));
      return made;
    };
    const wasSingle = this.single;
    const { low, high, mean } = this;
    this.x = grown(this.x, Float64Array);
    this.low = grown(low, Values);
    if (single) this.high = this.mean = this.low;
    else {
      // A column of its own where one served three.
      this.high = wasSingle ? grown(high, Values).slice() : grown(high, Values);
      this.mean = wasSingle ? grown(mean, Values).slice() : grown(mean, Values);
    }
    this.single = single;
    if (bad) this.bad = this.bad ? this.bad.map((c) => grown(c, Uint16Array)) : [0, 1, 2].map(() => new Uint16Array(room));
  }

  /** Typical distance of buckets on the x axis, measured again when a tenth more are there: it hardly changes. */
  spacing() {
    if (this.measuredAt === 0 || this.n > 1.1 * this.measuredAt || this.n < this.measuredAt) {
      this.distance = typicalDistance(this.x, this.n);
      this.measuredAt = this.n;
    }
    return this.distance;
  }

  /** The lowest and highest of all points: no band may hide them. @returns {{lowest: ArrayLike<number>, highest: ArrayLike<number>}} */
  extremes() {
    return { lowest: this.low, highest: this.high };
  }

  /** log10 of x, NaN where it has none. @returns {Float64Array} (n,) */
  logX() {
    if (this.logs?.version !== this.version) this.logs = { version: this.version, x: this.x.map((x) => (x > 0 ? Math.log10(x) : NaN)) };
    return this.logs.x;
  }

  /** The smoothed mean, computed where it is not yet. @param {import("./smoothing.js").Smoothing} smoothing
   * @param {Series} [like] the same series at another fineness: smooth over as much of the axis, so that a zoom bends no curve
   * @returns {ArrayLike<number>} (n,) */
  line(smoothing, like = this) {
    if (!(smoothing.amount > 0) || this.n < 2 || !this.rising) return this.mean;
    const key = `${smoothing.kind} ${smoothing.amount}`;
    let held = this.smoothed;
    const distance = Math.max(like.spacing(), this.spacing());
    // A distance that wavers by a tenth does not move the curve visibly; all of it would be computed again.
    if (!held || held.key !== key || Math.abs(held.distance - distance) > 0.1 * held.distance) {
      held = this.smoothed = { key, ...smoothedColumns(this.x.length), distance };
      this.fresh = 0;
    }
    if (held.out.length < this.n) {
      const { out, norm } = smoothedColumns(this.x.length);
      out.set(held.out), norm.set(held.norm);
      held.out = out;
      held.norm = norm;
    }
    if (this.fresh < this.n) {
      let from = this.fresh;
      if (smoothing.kind !== "ema") {
        // New points reach back into a window's left half; the shorter spacing of old points is in x, not in places.
        const reach = this.x[from] - held.distance * 200 * 3;
        while (from > 0 && this.x[from - 1] >= reach) from--;
      }
      smooth(this.x, this.mean, this.n, smoothing, held.out, held.norm, held.distance, from);
      this.fresh = this.n;
    }
    return held.out;
  }

  /** How many points are known of, and whether there may be more: an update of buckets brings no counts. */
  points() {
    const told = this.info?.points ?? 0;
    return { count: Math.max(told, this.n), more: this.counted && this.n !== this.counted.n && told > this.counted.n };
  }

  /** How many values are no numbers: NaN, +inf, −inf. @returns {number} */
  odd() {
    if (!this.bad) return this.info ? this.info.nan + this.info.posinf + this.info.neginf : 0;
    let sum = 0;
    for (const column of this.bad) for (let i = 0; i < this.n; i++) sum += column[i];
    return sum;
  }

  /** Index of the bucket nearest to `at`, or −1. @param {number} at */
  nearest(at) {
    const { x, n } = this;
    if (!n) return -1;
    if (!this.rising) {
      let best = 0;
      for (let i = 1; i < n; i++) if (Math.abs(x[i] - at) < Math.abs(x[best] - at)) best = i;
      return best;
    }
    const right = this.from(at);
    if (right === 0) return 0;
    if (right === n) return n - 1;
    return at - x[right - 1] <= x[right] - at ? right - 1 : right;
  }

  /** First index with x ≥ `at`; n when there is none. @param {number} at */
  from(at) {
    let [low, high] = [0, this.n];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.x[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last value, or null. */
  last() {
    if (this.ended !== undefined && this.n) return this.ended;
    for (let i = this.n - 1; i >= 0; i--) if (Number.isFinite(this.mean[i])) return this.mean[i];
    return null;
  }
}
