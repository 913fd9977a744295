// @ts-check
/** What a reader zoomed into: one x range for all linked charts of a group and axis, one for each chart that is not linked;
 * the y range of each metric that was zoomed both ways; and the way back from each. All but the way stands in the state. */

/** @typedef {import("./chart.js").Chart} Chart @typedef {[number, number]} Range
 * @typedef {{x: Range | null, y: Record<string, Range>}} Step `y` by metric */

/** Of the charts that zoom together. @param {Chart} chart @param {string} x */
export const zoomKey = (chart, x) => (chart.linked ? `${x} ${chart.metric.group}` : `${x} ${chart.metric.group} ${chart.metric.metric}`);

export class Ranges {
  /** @param {any} state @param {(chart: Chart) => string} axisOf @param {() => Iterable<Chart>} charts @param {() => void} changed when no state tells */
  constructor(state, axisOf, charts, changed) {
    this.state = state;
    this.axisOf = axisOf;
    this.charts = charts;
    this.changed = changed;
    /** @type {Map<string, Step[]>} */ this.ways = new Map();
  }

  /** @param {Chart} chart @returns {Range | null} */
  of(chart) {
    return this.state.get("zoom")?.[zoomKey(chart, this.axisOf(chart))] ?? null;
  }

  /** @param {Chart} chart @returns {Range | null} */
  ofY(chart) {
    return this.state.get("zoomY")?.[chart.metric.metric] ?? null;
  }

  /** @param {Chart} chart @param {Range} x @param {Range | null} y null: as it is @param {boolean} smooth one step of many: no way back to each */
  into(chart, x, y, smooth) {
    const key = zoomKey(chart, this.axisOf(chart));
    const now = { x: this.of(chart), y: this.#together(key) };
    const way = this.ways.get(key) ?? [];
    if (now.x && !smooth) way.push(now);
    this.ways.set(key, way);
    this.#put(key, { x, y: y ? { ...now.y, [chart.metric.metric]: y } : now.y });
  }

  /** One step back, or all the way. @param {Chart} chart @param {boolean} all */
  back(chart, all) {
    const key = zoomKey(chart, this.axisOf(chart));
    const to = all ? null : this.ways.get(key)?.pop();
    if (all) this.ways.delete(key);
    this.#put(key, to ?? { x: null, y: {} });
  }

  /** A chart goes its own way from where it stands, or back to the others of its group. @param {Chart} chart @param {() => void} turn changes whether it is linked */
  part(chart, turn) {
    const axis = this.axisOf(chart);
    const [key, zoom] = [zoomKey(chart, axis), this.of(chart)];
    const wasLinked = chart.linked;
    turn();
    const own = wasLinked ? zoomKey(chart, axis) : key;
    this.ways.delete(own);
    this.#putX(own, wasLinked ? zoom : null);
    this.changed();
  }

  /** Another x axis: nothing of it holds. */
  forget() {
    this.ways.clear();
    this.state.set({ zoom: null, zoomY: null });
  }

  /** The y ranges of the charts that zoom together. @param {string} key @returns {Record<string, Range>} */
  #together(key) {
    const all = this.state.get("zoomY") ?? {};
    return Object.fromEntries(this.#metrics(key).filter((metric) => all[metric]).map((metric) => [metric, all[metric]]));
  }

  /** @param {string} key */
  #metrics(key) {
    return [...this.charts()].filter((chart) => zoomKey(chart, this.axisOf(chart)) === key).map(({ metric }) => metric.metric);
  }

  /** @param {string} key @param {Step} to */
  #put(key, { x, y }) {
    const all = { ...this.state.get("zoomY") };
    for (const metric of this.#metrics(key)) delete all[metric];
    Object.assign(all, y);
    this.#putX(key, x, { zoomY: Object.keys(all).length ? all : null });
    this.changed();
  }

  /** @param {string} key @param {Range | null} x @param {Record<string, any>} [also] */
  #putX(key, x, also = {}) {
    const zoom = { ...this.state.get("zoom") };
    if (x) zoom[key] = x;
    else delete zoom[key];
    this.state.set({ zoom: Object.keys(zoom).length ? zoom : null, ...also });
  }
}
