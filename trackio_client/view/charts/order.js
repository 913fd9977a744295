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
  for (const [group, list] of groups) groups.set(group, closingLast(list));
  return groups;
}

/** The Trainer's account of a whole training, one point as it ends: behind the curves, not among them. Alone, such a name
 * is somebody's curve. @template {{metric: string}} M @param {M[]} metrics @returns {M[]} */
function closingLast(metrics) {
  const closes = (/** @type {M} */ { metric }) => /^(train\/)?(train_(loss|runtime|(samples|steps)_per_second)|total_flos)$/.test(metric);
  if (!metrics.some(({ metric }) => /^(train\/)?loss$/.test(metric))) return metrics;
  return [...metrics.filter((metric) => !closes(metric)), ...metrics.filter(closes)];
}

/** A unit as it stands beside the title; none where the title says it already ("epoch" in epochs).
 * @param {string} title @param {string | null} [unit] */
export const unitBeside = (title, unit) => (unit && unit.replace(/s$/, "").toLowerCase() !== title.toLowerCase() ? unit : "");

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
  return !EVALUATED.includes(group) && !isSchedule({ metric });
}

/** Whether a metric is set and not measured: none of its values is an outlier. @param {{metric: string}} metric */
export function isSchedule({ metric }) {
  return EXACT.test(metric);
}
