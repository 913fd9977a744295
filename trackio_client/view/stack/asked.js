// @ts-check
/** The series of a stack of strips: asked for while the stack is in view, finer while it is zoomed into. */

import { Feeds } from "../charts/feeds.js";

const POINTS = 1000; // buckets a series: more than pixels, so that an extreme keeps its own

/** @typedef {{experiment: string, metric: string}} Pair */

/** Events: `data`. */
export class Asked extends EventTarget {
  /** @param {any} source @param {{every_ms?: number}} [how] */
  constructor(source, how = {}) {
    super();
    this.source = source;
    this.feeds = new Feeds(source, how);
    this.x = "step";
    this.zoom = /** @type {[number, number] | null} */ (null);
    /** @type {Pair[]} */ this.pairs = [];
    this.feeds.addEventListener("data", () => {
      this.ask(); // what has come may be as fine as it gets
      this.dispatchEvent(new Event("data"));
    });
  }

  /** Say what is needed now; nothing, while nobody looks. @param {{x: string, zoom: [number, number] | null, pairs: Pair[]}} what */
  want({ x, zoom, pairs }) {
    Object.assign(this, { x, zoom, pairs });
    this.ask();
  }

  get coarse() {
    return { x: this.x, from: null, to: null, max_points: POINTS };
  }

  get fine() {
    if (!this.zoom || this.source.overview) return null;
    const margin = (this.zoom[1] - this.zoom[0]) * 0.1; // so that lines reach the edges
    return { ...this.coarse, from: Number((this.zoom[0] - margin).toPrecision(12)), to: Number((this.zoom[1] + margin).toPrecision(12)) };
  }

  ask() {
    const { coarse, fine } = this;
    const wishes = [];
    for (const { experiment, metric } of this.pairs) {
      const held = this.feeds.series(coarse, experiment, metric);
      const isWhole = held?.single && held.n >= held.points().count;
      if (!fine || !held || isWhole) wishes.push({ axis: coarse, metric, experiments: [experiment] });
      if (fine && !isWhole) wishes.push({ axis: fine, metric, experiments: [experiment] });
    }
    this.feeds.want(wishes);
  }

  /** The finest that is held, and the whole of it. @param {string} experiment @param {string} metric
   * @returns {{series: import("../charts/frames.js").Series, whole: import("../charts/frames.js").Series} | null} */
  get(experiment, metric) {
    const { coarse, fine } = this;
    const far = this.feeds.series(coarse, experiment, metric);
    const finer = fine ? [fine, ...this.feeds.around(fine)].map((axis) => this.feeds.series(axis, experiment, metric)) : [];
    const series = finer.find((each) => each?.n) ?? far;
    return series?.n ? { series, whole: far?.n ? far : series } : null;
  }

  /** Whether the first answer about any of these is still to come. */
  get isWaiting() {
    return this.pairs.some(({ experiment, metric }) => this.feeds.status(this.coarse, [experiment], metric).waiting);
  }

  close() {
    this.feeds.close();
  }
}
