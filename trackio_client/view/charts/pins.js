// @ts-check
/** Which charts a reader keeps on top, by project, in this browser. */
import { remember, remembered } from "../base/remember.js";

/** @param {string | null} project @returns {string[]} metrics, in the order they were pinned */
export function pinsOf(project) {
  const pins = remembered().pins?.[project ?? ""];
  return Array.isArray(pins) ? pins : [];
}

/** @param {string | null} project @param {string} metric */
export function togglePin(project, metric) {
  const before = pinsOf(project);
  const pins = before.includes(metric) ? before.filter((each) => each !== metric) : [...before, metric];
  remember({ pins: { ...remembered().pins, [project ?? ""]: pins.length ? pins : undefined } });
}
