// @ts-check
/** How often a page asks what is new: as often as a part of it likes, but never more often than the server bears. */

const HUB_LEAST_MS = 3000; // a Space of the Hub: its gateway counts requests and refuses who asks too often

/** The time between two questions. @param {number} wanted_ms @param {{hostname?: string}} [place] where the page stands @returns {number} */
export function every(wanted_ms, place = globalThis.location) {
  return /(^|\.)hf\.space$/.test(place?.hostname ?? "") ? Math.max(wanted_ms, HUB_LEAST_MS) : wanted_ms;
}
