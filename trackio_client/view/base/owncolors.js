// @ts-check
/** Colours that a reader gave to experiments: kept by project in this browser, and in the address, so that a link shows the
 * same. Only the palette's: each stands out from its ground in both themes. */
import { HUES } from "./colors.js";
import { followKept, keep } from "./kept.js";

/** What the hues are called, in the order of the palette. */
export const HUE_NAMES = ["blue", "amber", "red", "teal", "green", "pink", "violet", "light blue", "brown", "grey"];
const TAIL = 8; // characters of an id, as in the rest of the address
const MOST = 60; // of a project: the oldest go first

/** @typedef {Record<string, number>} OwnColors end of an id -> hue, 0 the first */

/** The hue that a reader chose. @param {OwnColors | null} all @param {string} id @returns {number | undefined} */
export const ownHue = (all, id) => all?.[id.slice(-TAIL)];

/** @param {any} state @param {string} id @param {number | null} hue null: the automatic one */
export function setHue(state, id, hue) {
  const all = { ...(state.get("colors") ?? {}) };
  delete all[id.slice(-TAIL)];
  if (hue !== null) all[id.slice(-TAIL)] = hue;
  keep(state, "colors", Object.fromEntries(Object.entries(all).slice(-MOST)));
}

/** @param {any} state */
export const followColors = (state) => followKept(state, "colors", checked);

/** @param {any} kept what a browser kept or an address said may be anything @returns {OwnColors} */
function checked(kept) {
  const all = Object.entries(kept && typeof kept === "object" ? kept : {});
  return Object.fromEntries(all.filter(([tail, hue]) => tail && Number.isInteger(hue) && hue >= 0 && hue < HUES).slice(-MOST));
}

/** "1a2b3c4d:3": the third hue. @param {string} text */
export const readColors = (text) => checked(Object.fromEntries(text.split(",").map((part) => part.split(":")).map(([tail, hue]) => [tail, Number(hue) - 1])));

/** @param {OwnColors} all */
export const writeColors = (all) => Object.entries(all).map(([tail, hue]) => `${tail}:${hue + 1}`).join(",");
