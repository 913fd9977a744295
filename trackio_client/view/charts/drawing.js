// @ts-check
/** When charts are painted: what changed since the last frame is gathered and drawn in the next. */
import { sharedDomains } from "./domains.js";

const FRAME_MS = 24; // of drawing, before the rest waits for the next frame

/** @typedef {import("./chart.js").Chart} Chart @typedef {import("./models.js").Drawn} Drawn */

export class Drawing {
  /** @param {import("./grid.js").MetricGrid} grid */
  constructor(grid) {
    this.grid = grid;
    /** @type {Set<Chart>} */ this.dirty = new Set();
    /** @type {Set<Chart>} of which only what moves above the lines changed */ this.over = new Set();
    this.hasDrawn = false;
    this.draws = 0;
    this.frame = 0;
  }

  /** At the next frame. @param {Chart[]} charts */
  add(...charts) {
    for (const chart of charts) this.dirty.add(chart);
    if (this.dirty.size) this.soon();
  }

  /** Cursor, marks and highlighted line only. @param {Chart[]} charts */
  addOver(...charts) {
    for (const chart of charts) this.over.add(chart);
    if (this.over.size) this.soon();
  }

  soon() {
    this.frame ||= requestAnimationFrame(() => this.#frame());
  }

  /** One that is gone. @param {Chart} chart */
  drop(chart) {
    this.dirty.delete(chart);
    this.over.delete(chart);
  }

  close() {
    cancelAnimationFrame(this.frame);
  }

  #frame() {
    this.frame = 0;
    const { cursorLine } = this.grid;
    for (const chart of cursorLine.place(this.grid.inView())) this.over.add(chart);
    const drawn = this.dirty.size ? this.#draw() : null;
    for (const chart of this.over) if (chart.inView) chart.overlay();
    this.over.clear();
    if (cursorLine.moved) cursorLine.fill();
    else if (drawn?.has(/** @type {any} */ (cursorLine.chart))) cursorLine.fillSoon();
  }

  /** @returns {Set<Chart>} what was drawn */
  #draw() {
    const began = performance.now();
    const { grid } = this;
    const { models } = grid;
    const experiments = grid.shown();
    const domains = sharedDomains([...grid.charts.values()], models, experiments);
    // What moves one chart's axis moves those that share it.
    for (const chart of grid.inView()) {
      const domain = domains.of(chart);
      if (chart.model && !chart.model.zoom && (domain[0] !== chart.model.domain[0] || domain[1] !== chart.model.domain[1])) this.dirty.add(chart);
    }
    const marks = grid.marks.of(experiments.map((/** @type {any} */ e) => e.id));
    const byId = new Map(experiments.map((/** @type {any} */ e) => [e.id, e]));
    /** @type {Map<string, Drawn[]>} */ const beside = new Map();
    /** @type {Set<Chart>} */ const drawn = new Set();
    const isFirst = !this.hasDrawn; // a page that just opened shows its first charts a frame before the others
    for (const chart of this.dirty) {
      this.dirty.delete(chart);
      if (!chart.inView) continue;
      this.over.delete(chart);
      const model = models.model(chart, grid.zoomOf(chart), experiments, domains.of(chart), marks, byId);
      chart.update({ ...model, beside: chart.facet && this.#beside(chart, beside) });
      chart.draw();
      drawn.add(chart);
      this.hasDrawn ||= chart.view !== null;
      if (isFirst && this.hasDrawn && performance.now() - began > FRAME_MS) break;
    }
    this.add();
    if (++this.draws % 500 === 0) performance.clearMeasures("trackio draw"); // a page may stay open for weeks
    performance.measure("trackio draw", { start: began, end: performance.now() });
    return drawn;
  }

  /** The lines of all facets of a chart's metric. @param {Chart} chart @param {Map<string, Drawn[]>} held */
  #beside(chart, held) {
    const { grid } = this;
    const { coarse, fine } = grid.models.axes(chart, grid.zoomOf(chart));
    const key = JSON.stringify([chart.metric.metric, coarse, fine]);
    const lines = held.get(key) ?? grid.siblings(chart.metric).flatMap((each) => grid.models.lines(each, coarse, fine));
    held.set(key, lines);
    return lines;
  }
}
