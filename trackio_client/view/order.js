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

/** A chart's title: the name as it was logged, without its group; of a name with parts what the server makes of it,
 * "F1 · person" of "eval/label/person/f1". @param {{metric: string, group: string, title?: string}} metric */
export function titleOf({ metric, group, title }) {
  const name = metric.startsWith(`${group}/`) ? metric.slice(group.length + 1) : metric;
  return name.includes("/") && title ? title : name;
}

const EVALUATED = ["eval", "valid", "val", "validation", "test", "label"];
const EXACT = /(^|\/)(lr|learning_rate)([-_/.]|$)|(^|\/)(epoch|step|global_step)$/i;

/** Whether a metric is noisy, so that smoothing tells more than it hides. An evaluation's value is a mean over many
 * samples already, and a schedule has no noise: smoothed they would only come late.
 * @param {{metric: string, group: string}} metric */
export function isNoisy({ metric, group }) {
  return !EVALUATED.includes(group) && !EXACT.test(metric);
}
