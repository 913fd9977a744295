// @ts-check
/** The zoom of strips in the page's state, beside those of charts: so it stands in the address, and Back and undo know it. */

/** @param {string} x kind of axis @param {string} name of the stack */
export const zoomKey = (x, name) => `${x} (${name})`;

/** @param {any} state @param {string} key @returns {[number, number] | null} */
export const zoomOf = (state, key) => state.get("zoom")?.[key] ?? null;

/** @param {any} state @param {string} key @param {[number, number] | null} range */
export function putZoom(state, key, range) {
  const zoom = { ...state.get("zoom") };
  if (range) zoom[key] = range;
  else delete zoom[key];
  state.set({ zoom: Object.keys(zoom).length ? zoom : null });
}
