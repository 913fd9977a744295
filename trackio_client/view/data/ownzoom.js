// @ts-check
/** The zoom of one experiment's page: in the address it stands beside that of all charts, under the end of the experiment's id, so
 * that steps of one are no range of another. */

const TAIL = 8; // letters of an id, as the address names experiments

/** @typedef {Record<string, [number, number]>} Zoom */

/** @param {string} id */
const endOf = (id) => `@${id.slice(-TAIL)}`;

/** What of all ranges is this experiment's. @param {string} id @param {Zoom | null} all @returns {Zoom | null} */
export function ownZoom(id, all) {
  const end = endOf(id);
  const own = Object.entries(all ?? {}).filter(([key]) => key.endsWith(end)).map(([key, range]) => [key.slice(0, -end.length), range]);
  return own.length ? Object.fromEntries(own) : null;
}

/** All ranges with these as the experiment's, and no other experiment's any more. @param {string} id @param {Zoom | null} own @param {Zoom | null} all @returns {Zoom | null} */
export function withOwnZoom(id, own, all) {
  const others = Object.entries(all ?? {}).filter(([key]) => !/@[^@ ]{8}$/.test(key));
  const mine = Object.entries(own ?? {}).map(([key, range]) => [key + endOf(id), range]);
  return others.length + mine.length ? Object.fromEntries([...others, ...mine]) : null;
}
