// @ts-check
/** The x ranges that charts share, so that they align down a column and one cursor means the same on all. */

const MUCH_SHORTER = 0.25; // of the common range: a group with less than that would be squeezed to the left

/**
 * The range of all charts on one axis, or that of a group whose range is much shorter.
 * @param {import("./chart.js").Chart[]} charts @param {import("./feeds.js").Feeds} feeds
 * @param {(chart: import("./chart.js").Chart) => import("./feeds.js").Axis} axisOf @param {{id: string}[]} experiments
 */
export function sharedDomains(charts, feeds, axisOf, experiments) {
  /** @type {Map<string, [number, number]>} */ const found = new Map();
  for (const chart of charts) {
    const axis = axisOf(chart);
    const common = found.get(axis.x) ?? [Infinity, -Infinity];
    const key = `${axis.x} ${chart.metric.group}`;
    const own = found.get(key) ?? [Infinity, -Infinity];
    found.set(axis.x, common);
    found.set(key, own);
    for (const { id } of experiments) {
      const series = feeds.series(axis, id, chart.metric.metric);
      if (!series?.n) continue;
      const [low, high] = series.rising ? [series.x[0], series.x[series.n - 1]] : extent(series);
      for (const domain of [common, own]) {
        if (low < domain[0]) domain[0] = low;
        if (high > domain[1]) domain[1] = high;
      }
    }
  }
  return {
    /** @param {import("./chart.js").Chart} chart @returns {[number, number]} */
    of: (chart) => {
      const { x } = axisOf(chart);
      const own = found.get(`${x} ${chart.metric.group}`) ?? [Infinity, -Infinity];
      const all = found.get(x) ?? own;
      const [low, high] = own[1] > own[0] && own[1] - own[0] < MUCH_SHORTER * (all[1] - all[0]) ? own : all;
      if (!(high >= low)) return x === "time" ? [Date.now() / 1000 - 60, Date.now() / 1000] : [0, 1];
      return high > low ? [low, high] : [low - 0.5, high + 0.5];
    },
  };
}

/** @param {import("./frames.js").Series} series @returns {[number, number]} */
function extent({ x, n }) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < n; i++) (low = Math.min(low, x[i])), (high = Math.max(high, x[i]));
  return [low, high];
}
