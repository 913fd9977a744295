// @ts-check
/** The order of groups and metrics on a page: the same for every reader, so that a new metric appears at its place. */

const GROUPS = ["train", "eval", "valid", "val", "validation", "test"];
const FIRST = [/^loss$/, /loss/, /^(lr|learning_rate)/, /grad.*norm/, /^(f1|accuracy|acc)$/, /f1|accuracy/];
const natural = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** @param {string} group */
const groupRank = (group) => (group === "system" ? 1000 : GROUPS.includes(group) ? GROUPS.indexOf(group) : 100);
/** @param {string} name */
const nameRank = (name) => {
  const k = FIRST.findIndex((pattern) => pattern.test(name));
  return k < 0 ? FIRST.length : k;
};

/** @template {{metric: string, group: string, name?: string}} M
 * @param {M[]} metrics @returns {Map<string, M[]>} groups in order, each with its metrics in order */
export function byGroup(metrics) {
  /** @type {Map<string, M[]>} */ const groups = new Map();
  const sorted = [...metrics].sort((a, b) => {
    const [ga, gb] = [a.group || "metrics", b.group || "metrics"];
    if (ga !== gb) return groupRank(ga) - groupRank(gb) || natural.compare(ga, gb);
    const [na, nb] = [a.name ?? a.metric, b.name ?? b.metric];
    return nameRank(na) - nameRank(nb) || natural.compare(na, nb) || natural.compare(a.metric, b.metric);
  });
  for (const metric of sorted) {
    const group = metric.group || "metrics";
    const list = groups.get(group);
    if (list) list.push(metric);
    else groups.set(group, [metric]);
  }
  return groups;
}
