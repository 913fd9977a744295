// @ts-check
/** What is known of metrics by their names: how charts are grouped and titled, and which are smoothed. */

/** Groups in the order of their first metric, each with its metrics in the order given: the server's, which is the same
 * for every reader, so that a new metric appears at its place.
 * @template {{metric: string, group: string}} M @param {M[]} metrics @returns {Map<string, M[]>} */
export function byGroup(metrics) {
  /** @type {Map<string, M[]>} */ const groups = new Map();
  for (const metric of metrics) {
    const group = metric.group || "metrics";
    const list = groups.get(group);
    if (list) list.push(metric);
    else groups.set(group, [metric]);
  }
  return groups;
}

/** A chart's title: the name without its group, where it begins with it. @param {{metric: string, group: string}} metric */
export const titleOf = ({ metric, group }) => (metric.startsWith(`${group}/`) ? metric.slice(group.length + 1) : metric);

const EVALUATED = ["eval", "valid", "val", "validation", "test"];
const EXACT = /(^|\/)(lr|learning_rate)([-_/.]|$)|(^|\/)(epoch|step|global_step)$/i;

/** Whether a metric is noisy, so that smoothing tells more than it hides. An evaluation's value is a mean over many
 * samples already, and a schedule has no noise: smoothed they would only come late.
 * @param {{metric: string, group: string}} metric */
export function isNoisy({ metric, group }) {
  return !EVALUATED.includes(group) && !EXACT.test(metric);
}
