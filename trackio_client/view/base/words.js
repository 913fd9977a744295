// Numbers, times and durations as the page says them: exact, short, the same everywhere.

const MINUS = "\u2212";

/** "12345.6" -> "12,345.6", with a true minus sign. */
function grouped(plain) {
  const [whole, rest] = plain.replace("-", MINUS).split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return rest === undefined ? spaced : `${spaced}.${rest}`;
}

function odd(value) {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "∞" : `${MINUS}∞`;
}

/** NaN and ±inf as JSON carries them ({"$float": "NaN"}, or the bare word) are numbers again. @param {any} value */
export function revived(value) {
  const word = value && typeof value === "object" ? value.$float : value;
  return word === "NaN" || word === "Infinity" || word === "-Infinity" ? Number(word) : value;
}

/** Four significant figures, thousands separated; 1.12e−4 below 0.001. @param {any} value */
export function number(value) {
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (!Number.isFinite(value)) return odd(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e9) return scientific(value, 3);
  if (Number.isInteger(value)) return grouped(String(value));
  return grouped(trim(size >= 1000 ? value.toFixed(0) : value.toPrecision(4)));
}

function scientific(value, figures) {
  const [mantissa, power] = value.toExponential(figures).split("e");
  return `${trim(mantissa).replace("-", MINUS)}e${power.replace("+", "").replace("-", MINUS)}`;
}

function trim(plain) {
  return plain.includes(".") ? plain.replace(/0+$/, "").replace(/\.$/, "") : plain;
}

/** Every figure of a number: what hover and copy give. */
export function exact(value) {
  return typeof value === "number" && !Number.isFinite(value) ? odd(value) : String(value);
}

/**
 * One format for a column, so that decimals stand below each other.
 * @param {any[]} values @returns {(value: any) => string}
 */
export function columnFormat(values) {
  let largest = 0;
  let decimals = 0;
  let tiny = false;
  for (const value of values) {
    if (typeof value !== "number" || !Number.isFinite(value) || value === 0) continue;
    const size = Math.abs(value);
    largest = Math.max(largest, size);
    if (size < 1e-3 || size >= 1e9) tiny = true;
    else if (!Number.isInteger(value)) decimals = Math.max(decimals, Math.min(4, 3 - Math.floor(Math.log10(size))));
  }
  if (tiny || decimals === 0) return number;
  const digits = Math.max(0, Math.min(decimals, 6 - Math.max(0, Math.floor(Math.log10(largest || 1)))));
  return (value) =>
    typeof value === "number" && Number.isFinite(value) ? grouped(value.toFixed(digits)) : number(value);
}

/** Whole things counted. */
export function count(value) {
  return grouped(String(value));
}

/** "3 experiments", "1 experiment". */
export function plural(value, word) {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** "42 s", "11 min", "5 h", "19 d": one unit, for a narrow column. @param {number} seconds */
export function age(seconds) {
  const s = Math.max(0, seconds);
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

/** "2 h 14 min", "3 min 07 s", "12.4 s". @param {number|null|undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const s = Math.max(0, seconds);
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  if (s < 60) return "1 min 00 s";
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(Math.floor(s % 60)).padStart(2, "0")} s`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** 14:14:09 in the reader's zone; with the day when it was not today. @param {number} time_s */
export function clock(time_s, now_s = Date.now() / 1000) {
  const when = new Date(time_s * 1000);
  const time = when.toLocaleTimeString("en-GB");
  if (Math.abs(now_s - time_s) < 43200 || new Date(now_s * 1000).toDateString() === when.toDateString()) return time;
  return `${when.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })}, ${time.slice(0, 5)}`;
}

/** The same without seconds: 14:14. @param {number} time_s */
export const clockMinutes = (time_s) => clock(time_s).replace(/(\d\d:\d\d):\d\d$/, "$1");

/** 2026-11-21T14:14:09Z, for hover. @param {number} time_s */
export function iso(time_s) {
  return new Date(time_s * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}

/** "a", "a and b", "a, b and c". @param {string[]} parts */
export function listed(parts) {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** First letter large. */
export function capital(word) {
  return word ? word[0].toUpperCase() + word.slice(1) : word;
}
