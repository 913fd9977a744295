// @ts-check
/** A chart whose metric no ticked experiment has: those that have it are asked for. */

const MOST_SHOWN = 10; // experiments ticked at once for a metric

/** Tick those that have a chart's metric, the newest ten. @param {any} grid @param {import("./chart.js").Chart} chart */
export async function tickThoseWith(grid, chart) {
  try {
    const column = `metric:${chart.metric.metric}`;
    const { experiments } = await grid.source.experiments(grid.state.get("project"), undefined, [column]);
    const having = experiments.filter((/** @type {any} */ e) => (e.columns?.[column] ?? null) !== null);
    having.sort((/** @type {any} */ a, /** @type {any} */ b) => b.created_s - a.created_s);
    const detail = having.slice(0, MOST_SHOWN).map((/** @type {any} */ e) => e.experiment_id);
    grid.node.dispatchEvent(new CustomEvent("trackio-show", { detail, bubbles: true }));
  } catch (error) {
    chart.say(`The list of experiments did not come. ${/** @type {Error} */ (error).message}`);
  }
}
