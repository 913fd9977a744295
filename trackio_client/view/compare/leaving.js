// @ts-check
/** Keys that a reader leaves out of a comparison: kept by project in this browser, and in the address, so that a link shows the same. */
import { followKept, keep } from "../base/kept.js";

const MOST = 100;

/** @param {any} state @returns {string[]} */
export const leftOut = (state) => state.get("compareLeave") ?? [];

/** @param {any} state @param {string[]} keys */
export const leaveOut = (state, keys) => keep(state, "compareLeave", keys.slice(-MOST));

/** @param {any} state */
export const followLeft = (state) => followKept(state, "compareLeave", (kept) => (Array.isArray(kept) ? kept.filter((key) => typeof key === "string" && key).slice(-MOST) : []));
