// @ts-check
/** What an entry of a panel tells, so that a sign of it elsewhere finds it (leading.js): data-* of the entry.
 * @param {number | null | undefined} step @param {number | null | undefined} [time_s] @param {string} [kind] */
export const happened = (step, time_s, kind) => ({ happened: kind ?? "", step: String(step ?? ""), ...(time_s ? { time: String(time_s) } : {}) });
