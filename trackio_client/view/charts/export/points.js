// @ts-check
/** Every point of a chart as it was logged, not the thinned ones of the screen: CSV, a row a point. */

import { csvOf } from "../../base/files.js";
import { revived } from "../../base/words.js";

/** @param {any} grid @param {import("../chart.js").Chart} chart @returns {Promise<string>} */
export async function pointsOf(grid, chart) {
  const { metric } = chart;
  const shown = grid.models.rowsOf(chart);
  const names = new Map(shown.map((/** @type {any} */ row) => [row.id, row.name]));
  // Of a derived chart the metrics that it is made of: what was logged.
  const metrics = metric.names ?? [metric.metric];
  const { series } = await grid.source.points({ experiments: [...names.keys()], metrics, x: "step" });
  return tableOf(series, names, metrics);
}

/** @param {any[]} series @param {Map<string, string>} names @param {string[]} metrics of one the column has its name */
export function tableOf(series, names, metrics) {
  const several = metrics.length > 1;
  const rows = [["experiment_id", "name", "step", "time", ...(several ? ["metric", "value"] : metrics)]];
  for (const { experiment_id, metric, steps, values, times_s } of series) {
    for (let i = 0; i < steps.length; i++) {
      const time = times_s?.[i] === undefined ? "" : new Date(times_s[i] * 1000).toISOString();
      const value = revived(values[i]);
      rows.push([experiment_id, names.get(experiment_id) ?? "", steps[i], time, ...(several ? [metric] : []), value ?? NaN]);
    }
  }
  return `${csvOf(rows)}\r\n`;
}
