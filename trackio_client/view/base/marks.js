// @ts-check
/** What a reader marked for himself in this browser: experiments starred, hidden and watched. Nobody else sees it. */
import { remember, remembered } from "./remember.js";

const MOST = 2000; // of each kind: the oldest go first

/** @typedef {"starred" | "hidden" | "watched"} Mark */

/** @type {Record<Mark, Set<string>>} */
const held = { starred: new Set(), hidden: new Set(), watched: new Set() };
const heard = new EventTarget();
let isRead = false;

function read() {
  isRead = true;
  const kept = remembered().marks ?? {};
  for (const kind of /** @type {Mark[]} */ (Object.keys(held))) held[kind] = new Set(Array.isArray(kept[kind]) ? kept[kind] : []);
}

/** @param {Mark} kind @param {string} id */
export function isMarked(kind, id) {
  if (!isRead) read();
  return held[kind].has(id);
}

/** @param {Mark} kind @returns {string[]} ids, the oldest mark first */
export function marked(kind) {
  if (!isRead) read();
  return [...held[kind]];
}

/** @param {Mark} kind @param {string[]} ids @param {boolean} on */
export function mark(kind, ids, on) {
  read(); // another tab may have marked meanwhile
  for (const id of ids) {
    held[kind].delete(id);
    if (on) held[kind].add(id);
  }
  const kept = Object.fromEntries(Object.entries(held).map(([name, set]) => [name, [...set].slice(-MOST)]));
  remember({ marks: kept });
  heard.dispatchEvent(new Event("marks"));
}

/** Call `then` whenever something is marked, here or in another tab. @param {() => void} then @returns {() => void} stops it */
export function onMarks(then) {
  const elsewhere = (/** @type {StorageEvent} */ event) => {
    if (event.key !== "trackio") return;
    read();
    then();
  };
  heard.addEventListener("marks", then);
  addEventListener("storage", elsewhere);
  return () => {
    heard.removeEventListener("marks", then);
    removeEventListener("storage", elsewhere);
  };
}

/** Whether a row stands in no list unless it is asked for: archived for everybody, or hidden by this reader. @param {{id: string, archived?: boolean}} row */
export const isOut = (row) => row.archived === true || isMarked("hidden", row.id);
