// @ts-check
/** Every point of a chart as it was logged, not the thinned ones of the screen: CSV, a row a point. */

/** @param {any} grid @param {import("../chart.js").Chart} chart @returns {Promise<string>} */
export async function csvOf(grid, chart) {
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
  const rows = [["experiment_id", "name", "step", "time", ...(several ? ["metric", "value"] : metrics)].map(quoted).join(",")];
  for (const { experiment_id, metric, steps, values, times_s } of series) {
    for (let i = 0; i < steps.length; i++) {
      const time = times_s?.[i] === undefined ? "" : new Date(times_s[i] * 1000).toISOString();
      const value = typeof values[i] === "object" && values[i] !== null ? values[i].$float : values[i];
      rows.push([experiment_id, names.get(experiment_id) ?? "", steps[i], time, ...(several ? [metric] : []), value ?? "NaN"].map(quoted).join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}

/** A cell; text that a spreadsheet would run as a formula is made text. @param {any} value */
function quoted(value) {
  const text = typeof value === "string" && /^[=+\-@\t]/.test(value) && Number.isNaN(Number(value)) && !/^-?Infinity$/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
