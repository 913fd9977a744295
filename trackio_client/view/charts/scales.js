// @ts-check
/** Ticks, number and time formats. Pure functions; every number on the page is written by these. */

const MINUS = "\u2212";

/** Groups thousands with commas. @param {string} digits */
const separated = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

/** A number as people read it: four significant figures, thousands separated, true minus, `1.12e−4` below 0.001.
 * @param {number | null | undefined} value @returns {string} */
export function formatNumber(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 ? MINUS : "";
  const size = Math.abs(value);
  if (size === Infinity) return `${sign}∞`;
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 9.9995e8) return sign + exponent(size.toExponential(3));
  if (size >= 999.95) return sign + separated(size >= 9999.5 || Number.isInteger(size) ? size.toFixed(0) : trim(size.toFixed(0)));
  if (Number.isInteger(size)) return sign + size;
  const text = size.toPrecision(4);
  return sign + (size < 0.01 ? trim(text) : text);
}

/** "1.200e-4" → "1.2e−4". @param {string} text */
const exponent = (text) => text.replace(/\.?0+e/, "e").replace("e+", "e").replace("e-", `e${MINUS}`);
/** Drops zeros behind the point. @param {string} text */
const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** All the digits that are held, for hover, copy and tables. @param {number} value */
export function formatExact(value) {
  if (!Number.isFinite(value)) return formatNumber(value);
  // f32 columns carry 7 figures, and whole numbers up to 2²⁴; more would be digits that nobody logged.
  const isSingle = Math.fround(value) === value && !(Number.isInteger(value) && Math.abs(value) <= 2 ** 24);
  return String(Number(value.toPrecision(isSingle ? 7 : 15))).replace("-", MINUS).replace("e-", `e${MINUS}`);
}

/** Whole numbers with thousands separated: steps and counts. @param {number} value */
export const formatCount = (value) => (value < 0 ? MINUS : "") + separated(Math.abs(Math.round(value)).toString());

/** Steps of 1, 2, 2.5 or 5 × 10^k, about `count` of them between `low` and `high`.
 * @param {number} low @param {number} high @param {number} count @returns {{ticks: number[], step: number}} */
export function niceTicks(low, high, count) {
  const raw = high / Math.max(1, count) - low / Math.max(1, count); // their distance alone may be beyond all numbers
  if (!(raw > 0) || !Number.isFinite(raw)) return { ticks: [low], step: 1 };
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((k) => k * power >= raw * 0.999) ?? 10) * power;
  const ticks = [];
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  for (let k = first; k <= last && ticks.length < 100; k++) {
    const tick = Number((k * step).toPrecision(12));
    if (Number.isFinite(tick)) ticks.push(tick);
  }
  return { ticks, step };
}

/** Ticks of a logarithmic axis: powers of ten, with 2 and 5 between them while they are few.
 * @param {number} low > 0 @param {number} high @param {number} count @returns {number[]} */
export function logTicks(low, high, count) {
  if (!(low > 0 && high >= low && high < Infinity)) return [];
  const from = Math.floor(Math.log10(low));
  const to = Math.ceil(Math.log10(high));
  const within = (/** @type {number} */ v) => v >= low * 0.999 && v <= high * 1.001;
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = [];
    for (let e = from; e <= to; e++) for (const f of factors) ticks.push(Number((f * 10 ** e).toPrecision(6)));
    const seen = ticks.filter(within);
    if (seen.length <= count + 1 && seen.length >= 2) return seen;
  }
  const powers = [];
  const stride = Math.max(1, Math.ceil((to - from) / Math.max(1, count)));
  for (let e = Math.ceil(from / stride) * stride; e <= to; e += stride) powers.push(10 ** e);
  const seen = powers.filter(within);
  return seen.length >= 2 ? seen : niceTicks(low, high, count).ticks.filter((v) => v > 0);
}

/** A tick's text: as many decimals as the step needs; k and M, never units.
 * @param {number} value @param {number} step the distance of ticks @returns {string} */
export function formatTick(value, step) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : "";
  const place = Math.floor(Math.log10(step) + 1e-9); // of the step's first digit, and whether it has another
  const more = Math.abs(step / 10 ** place - Math.round(step / 10 ** place)) > 1e-6 ? 1 : 0;
  const isLong = step < 0.99e-5 && size < 1e-2; // 0.000295 stands at the edge of the frame
  if (size >= 1e12 || size < 1e-4 || step < 1e-6 || isLong) return sign + exponent(size.toExponential(Math.min(4, Math.max(0, Math.floor(Math.log10(size)) - place + more))));
  const figures = Math.min(15, Math.max(5, Math.floor(Math.log10(size)) - place + 1 + more)); // that tell one tick from the next
  if (size >= 1e9) return `${sign}${Number((size / 1e9).toPrecision(figures))} G`;
  if (size >= 1e6) return `${sign}${Number((size / 1e6).toPrecision(figures))} M`;
  if (size >= 1e4 && step >= 10) return `${sign}${Number((size / 1e3).toPrecision(5))} k`;
  if (step >= 1) return sign + separated(String(Number(size.toPrecision(8))));
  return sign + size.toFixed(Math.max(0, more - place));
}

const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/** Ticks of wall time, at round times of the reader's zone.
 * @param {number} low seconds since 1970 UTC @param {number} high @param {number} count
 * @returns {{ticks: number[], text: (s: number) => string}} */
export function clockTicks(low, high, count) {
  const raw = high / Math.max(1, count) - low / Math.max(1, count); // their distance alone may be beyond all numbers
  const day = 86400;
  const step = CLOCK_STEPS.find((s) => s >= raw) ?? niceTicks(0, (high - low) / day, count).step * day;
  const zone = new Date(low * 1000).getTimezoneOffset() * 60;
  const ticks = [];
  for (let t = Math.ceil((low - zone) / step) * step + zone; t <= high && ticks.length < 100; t += step) ticks.push(t);
  const text = (/** @type {number} */ s) => {
    const d = new Date(s * 1000);
    if (step >= day || (d.getHours() === 0 && d.getMinutes() === 0 && d.getSeconds() === 0)) return `${d.getDate()} ${MONTHS[d.getMonth()]}`;
    return `${pad(d.getHours())}:${pad(d.getMinutes())}${step < 60 ? `:${pad(d.getSeconds())}` : ""}`;
  };
  return { ticks, text };
}

/** Units of elapsed time, each from where it reads best. */
const ELAPSED = [
  { unit: "d", seconds: 86400, from: 3 * 86400 },
  { unit: "h", seconds: 3600, from: 3 * 3600 },
  { unit: "min", seconds: 60, from: 180 },
  { unit: "s", seconds: 1, from: 0 },
];

/** Ticks of elapsed seconds, in the unit that fits the span.
 * @param {number} low @param {number} high @param {number} count
 * @returns {{ticks: number[], text: (s: number) => string, unit: string}} */
export function elapsedTicks(low, high, count) {
  const { unit, seconds } = ELAPSED.find((e) => high - low >= e.from) ?? ELAPSED[3];
  const { ticks, step } = niceTicks(low / seconds, high / seconds, count);
  return { ticks: ticks.map((t) => t * seconds), text: (s) => formatTick(Number((s / seconds).toPrecision(10)), step), unit };
}

/** "2 h 14 min", "45 s". @param {number} seconds */
export function formatDuration(seconds) {
  const s = Math.max(0, seconds);
  if (s < 10) return `${Number(s.toFixed(1))} s`;
  if (s < 60) return `${Math.round(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A moment in the reader's zone, with its day. @param {number} seconds since 1970 UTC */
export function formatMoment(seconds) {
  const d = new Date(seconds * 1000);
  return `${d.getDate()} ${MONTHS[d.getMonth()]} ${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

/** A position on an x axis in words. @param {string} x kind of axis @param {number} at */
export function formatX(x, at) {
  if (x === "step") return `step ${formatCount(at)}`;
  if (x === "relative") return formatDuration(at);
  if (x === "time") return formatMoment(at);
  return `${x} ${formatNumber(at)}`;
}
