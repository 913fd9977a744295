// What this browser remembers from one visit to the next. Storage may be forbidden or full: then nothing is remembered.

const KEY = "trackio";

/** @returns {Record<string, any>} */
export function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

/** @param {Record<string, any>} patch  undefined forgets a key */
export function remember(patch) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...patch }));
  } catch {
    // A private window: the page works, it only forgets.
  }
}
