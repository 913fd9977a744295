// @ts-check
/** The x ranges that a reader zoomed into: one for all linked charts of a group and axis, one for each chart that is not
 * linked, and the way back from each. */

/** @param {import("./chart.js").Chart} chart @param {string} x */
const keyOf = (chart, x) => `${x} ${chart.metric.group}`;

/** Of the charts that zoom together. @param {import("./chart.js").Chart} chart @param {string} x */
export const zoomKey = (chart, x) => (chart.linked ? keyOf(chart, x) : `${keyOf(chart, x)} ${chart.metric.metric}`);

export class Ranges {
  /** @param {any} state @param {(chart: import("./chart.js").Chart) => string} axisOf @param {() => void} changed when no state tells */
  constructor(state, axisOf, changed) {
    this.state = state;
    this.axisOf = axisOf;
    this.changed = changed;
    /** @type {Map<string, [number, number][]>} */ this.ways = new Map();
  }

  /** @param {import("./chart.js").Chart} chart @returns {[number, number] | null} */
  of(chart) {
    return chart.linked ? (this.state.get("zoom")?.[keyOf(chart, this.axisOf(chart))] ?? null) : (chart.ownZoom ?? null);
  }

  /** @param {import("./chart.js").Chart} chart @param {[number, number]} x @param {boolean} smooth one step of many: no way back to each */
  into(chart, x, smooth) {
    const key = keyOf(chart, this.axisOf(chart));
    const now = this.of(chart);
    const way = this.ways.get(key) ?? [];
    if (now && !smooth) way.push(now);
    this.ways.set(key, way);
    this.#put(chart, key, x);
  }

  /** One step back, or all the way. @param {import("./chart.js").Chart} chart @param {boolean} all */
  back(chart, all) {
    const key = keyOf(chart, this.axisOf(chart));
    const to = all ? null : (this.ways.get(key)?.pop() ?? null);
    if (all) this.ways.delete(key);
    this.#put(chart, key, to);
  }

  /** Another x axis: nothing of it holds. */
  forget() {
    this.ways.clear();
    this.state.set({ zoom: null });
  }

  /** @param {import("./chart.js").Chart} chart @param {string} key @param {[number, number] | null} to */
  #put(chart, key, to) {
    if (!chart.linked) chart.ownZoom = to;
    else {
      const zoom = { ...this.state.get("zoom") };
      if (to) zoom[key] = to;
      else delete zoom[key];
      this.state.set({ zoom: Object.keys(zoom).length ? zoom : null });
    }
    this.changed();
  }
}
