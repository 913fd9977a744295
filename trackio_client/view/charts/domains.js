// @ts-check
/** The x ranges that charts share, so that they align down a column and one cursor means the same on all. */

const MUCH_SHORTER = 0.25; // of the common range: a group with less than that would be squeezed to the left

/** @typedef {{low: number, high: number, least: number}} Extent `least`: the lowest above zero, where a logarithmic axis begins */

/**
 * The range of all charts on one axis, or that of a group whose range is much shorter.
 * @param {import("./chart.js").Chart[]} charts @param {import("./models.js").Models} models
 * @param {{id: string}[]} experiments
 */
export function sharedDomains(charts, models, experiments) {
  /** @type {Map<string, Extent>} */ const found = new Map();
  const at = (/** @type {string} */ key) => {
    let extent = found.get(key);
    if (!extent) found.set(key, (extent = { low: Infinity, high: -Infinity, least: Infinity }));
    return extent;
  };
  /** @type {Set<string>} */ const seen = new Set(); // facets of a metric have the same points
  for (const chart of charts) {
    if (chart.facet && seen.has(chart.metric.metric)) continue;
    seen.add(chart.metric.metric);
    const { coarse } = models.axes(chart, null);
    const both = [at(coarse.x), at(`${coarse.x} ${chart.metric.group}`)];
    for (const name of models.names(chart)) {
      for (const { id } of experiments) {
        for (const series of models.held(coarse, id, name)) {
          const { low, high, least } = extentOf(series);
          for (const extent of both) {
            if (low < extent.low) extent.low = low;
            if (high > extent.high) extent.high = high;
            if (least < extent.least) extent.least = least;
          }
        }
      }
    }
  }
  return {
    /** @param {import("./chart.js").Chart} chart @returns {[number, number]} */
    of: (chart) => {
      const x = models.axisOf(chart);
      const own = at(`${x} ${chart.metric.group}`);
      const all = at(x);
      const { low, high, least } = own.high > own.low && own.high - own.low < MUCH_SHORTER * (all.high - all.low) ? own : all;
      if (models.isLogX(chart)) return !(high > 0) ? [1, 10] : high > least ? [least, high] : [high / 2, high * 2];
      if (!(high >= low)) return x === "time" ? [Date.now() / 1000 - 60, Date.now() / 1000] : [0, 1];
      return high > low ? [low, high] : [low - 0.5, high + 0.5];
    },
  };
}

/** @param {import("./frames.js").Series} series @returns {Extent} */
function extentOf(series) {
  const { x, n, rising } = series;
  if (rising) {
    const first = x[0] > 0 ? 0 : series.from(Number.MIN_VALUE);
    return { low: x[0], high: x[n - 1], least: first < n ? x[first] : Infinity };
  }
  const extent = { low: Infinity, high: -Infinity, least: Infinity };
  for (let i = 0; i < n; i++) {
    extent.low = Math.min(extent.low, x[i]);
    extent.high = Math.max(extent.high, x[i]);
    if (x[i] > 0) extent.least = Math.min(extent.least, x[i]);
  }
  return extent;
}
