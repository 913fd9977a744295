// @ts-check
/**
 * How a reader arranged the charts: which stand on top, which are put away, in which order. Kept by project in this browser
 * and in the address as far as it is short. What is arranged are names: of metrics that are not logged yet, or not any more,
 * the place is kept.
 */
import { remember, remembered } from "../base/remember.js";

/** @typedef {"pins" | "hides" | "order"} Key of the state: pinned ones in their order, hidden ones, and the moved groups' metrics in their order */

/** @type {Key[]} */
export const ARRANGEMENT = ["pins", "hides", "order"];
const MOST = 2000; // names a list
export const LONGEST = 900; // letters of a list in an address, which has room for 8,000 in all

/** @param {any} state @param {Key} key @returns {string[]} */
export const listOf = (state, key) => state.get(key) ?? [];

/** @param {any} state @param {Key} key @param {string[]} names */
export function setList(state, key, names) {
  const kept = names.slice(-MOST);
  state.set({ [key]: kept });
  const project = state.get("project") ?? "";
  const all = { ...remembered().layout };
  all[project] = { ...all[project], [key]: kept.length ? kept : undefined };
  remember({ layout: all });
}

/** Takes up what this browser remembers of a project, where the address says nothing of it. @param {any} state @returns {() => void} */
export function followArrangement(state) {
  /** @type {string | null} */ let open = null;
  return state.follow(["project", ...ARRANGEMENT], () => {
    const project = state.get("project");
    if (project === null) return;
    const kept = remembered().layout?.[project] ?? {};
    const left = open !== null && open !== project; // what stands there belongs to the project before
    open = project;
    for (const key of ARRANGEMENT) if (left || state.get(key) === null) state.set({ [key]: checked(kept[key]) });
  });
}

/** @param {any} names what a browser kept may be anything @returns {string[]} */
const checked = (names) => (Array.isArray(names) ? names.filter((each) => typeof each === "string").slice(0, MOST) : []);

/**
 * Metrics in the reader's order. One that the order does not name stands behind the one that is before it in the page's own
 * order, so that what comes later comes where one looks for it.
 * @template {{metric: string}} M @param {M[]} metrics in the page's order @param {string[]} order @returns {M[]}
 */
export function inOrder(metrics, order) {
  const place = new Map(order.map((name, i) => [name, i]));
  const named = metrics.filter(({ metric }) => place.has(metric)).sort((a, b) => /** @type {number} */ (place.get(a.metric)) - /** @type {number} */ (place.get(b.metric)));
  if (!named.length) return metrics;
  /** @type {Map<M | null, M[]>} */ const behind = new Map();
  /** @type {M | null} */ let before = null;
  for (const metric of metrics) {
    if (place.has(metric.metric)) before = metric;
    else behind.set(before, [...(behind.get(before) ?? []), metric]);
  }
  return [...(behind.get(null) ?? []), ...named.flatMap((each) => [each, ...(behind.get(each) ?? [])])];
}

/** The order after one metric of a group was moved. @param {string[]} order so far @param {string[]} group the metrics of the group as they now stand */
export function moved(order, group) {
  const here = new Set(group);
  return [...order.filter((name) => !here.has(name)), ...group];
}

/** The same list with a name put before another, or last. @param {string[]} names @param {string} name @param {string | null} before */
export function putBefore(names, name, before) {
  const rest = names.filter((each) => each !== name);
  const at = before === null ? rest.length : rest.indexOf(before);
  return at < 0 ? names : [...rest.slice(0, at), name, ...rest.slice(at)];
}
