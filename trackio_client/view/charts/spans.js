// @ts-check
/** Places of an x axis as a reader types and reads them: steps and values as numbers, elapsed time as "1 h 20 min", moments in
 * the reader's zone. */

const UNITS = { d: 86400, h: 3600, min: 60, m: 60, s: 1 };
const PART = /^(\d+(?:\.\d+)?|\.\d+)\s*(d|h|min|m|s)\s*/i;
const MOMENT = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?)?$/;

/** How a place of each kind of axis is written. */
export const EXAMPLES = { step: "1200", relative: "1 h 20 min", time: "2026-01-31 14:05" };

/** A number as people type it. @param {string} typed @returns {number} NaN for what is none */
export const numberOf = (typed) => Number(typed.trim().replace("−", "-").replaceAll(/(?<=\d),(?=\d{3}(\D|$))/g, "") || NaN);

/** @param {string} x kind of axis @param {string} typed @returns {number} NaN for what is no place on it */
export function placeOf(x, typed) {
  const plain = numberOf(typed);
  if (x === "time") return momentOf(typed.trim());
  return x !== "relative" || Number.isFinite(plain) ? plain : elapsed(typed.trim().replaceAll(",", ""));
}

/** "1 h 20 min" or "1:20:00". @param {string} typed */
function elapsed(typed) {
  if (/^\d+(:\d{1,2}){1,2}(\.\d+)?$/.test(typed)) return typed.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  let [rest, sum] = [typed, 0];
  while (rest) {
    const found = PART.exec(rest);
    if (!found) return NaN;
    sum += Number(found[1]) * UNITS[/** @type {keyof typeof UNITS} */ (found[2].toLowerCase())];
    rest = rest.slice(found[0].length);
  }
  return typed ? sum : NaN;
}

/** @param {string} typed */
function momentOf(typed) {
  const [whole, year, month, day, hour = "0", minute = "0", second = "0"] = MOMENT.exec(typed) ?? [];
  return whole ? new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)).getTime() / 1000 + Number(second) : NaN;
}

/** As a field shows it; typed again it is the same place, or as good as. @param {string} x @param {number} at */
export function written(x, at) {
  if (x === "time") return momentText(at);
  if (x !== "relative") return String(x === "step" ? Math.round(at) : Number(at.toPrecision(6)));
  let left = Math.round(Math.max(0, at) * (at < 600 ? 10 : 1)) / (at < 600 ? 10 : 1);
  const parts = [];
  for (const unit of /** @type {const} */ (["d", "h", "min"])) {
    const n = Math.floor(left / UNITS[unit]);
    left -= n * UNITS[unit];
    if (n) parts.push(`${n} ${unit}`);
  }
  left = Number(left.toFixed(1));
  return left || !parts.length ? [...parts, `${left} s`].join(" ") : parts.join(" ");
}

/** @param {number} at seconds since 1970 UTC */
function momentText(at) {
  const d = new Date(Math.round(at) * 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const clock = [d.getHours(), d.getMinutes(), ...(d.getSeconds() ? [d.getSeconds()] : [])].map(two).join(":");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock}`;
}
