// @ts-check
/**
 * Two fingers on a chart: they zoom x around their middle, and pan while both move. One finger is the cursor's, and the
 * page's own where it goes up or down.
 */
import { onAxis } from "./lines.js";

const LEAST = 24; // pixels between the fingers that still count: closer together, a tremor would be a zoom

/** @typedef {[number, number]} Pair */

export class Pinch {
  /** @param {import("./chart.js").Chart} chart */
  constructor(chart) {
    this.chart = chart;
    /** @type {Map<number, Pair>} */ this.fingers = new Map();
    /** What the fingers held when they came down; null: they do not pinch. @type {{under: number, width: number, apart: number} | null} */ this.held = null;
    this.isOn = false; // until the last of them is lifted: one that stays is no cursor
    this.isMoved = false;
    this.frame = 0;
    // Else the browser takes two fingers that begin upwards for scrolling.
    chart.plot.addEventListener("touchmove", (/** @type {TouchEvent} */ event) => this.isOn && event.cancelable && event.preventDefault(), { passive: false });
  }

  /** @param {PointerEvent} event @returns {boolean} whether it belongs to a pinch */
  down(event) {
    this.fingers.set(event.pointerId, this.#at(event));
    const { view, domain } = this.chart;
    if (this.fingers.size !== 2 || !view) return this.isOn;
    const { middle, apart } = this.#now();
    const [from, to] = domain.map((x) => onAxis(view, x));
    this.held = { under: from + ((middle - view.L) / (view.R - view.L)) * (to - from), width: to - from, apart };
    this.isOn = true;
    this.isMoved = false;
    this.chart.host.leave(this.chart);
    return true;
  }

  /** @param {PointerEvent} event @returns {boolean} */
  move(event) {
    if (!this.fingers.has(event.pointerId)) return false;
    this.fingers.set(event.pointerId, this.#at(event));
    if (this.held) this.frame ||= requestAnimationFrame(() => this.#zoom());
    return this.isOn;
  }

  /** @param {PointerEvent} event @returns {boolean} */
  up(event) {
    const was = this.isOn;
    if (this.frame) this.#zoom(); // what is not drawn yet
    this.fingers.delete(event.pointerId);
    this.held = null;
    this.isOn = was && this.fingers.size > 0;
    return was;
  }

  #zoom() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { chart, held } = this;
    const { view, model, host } = chart;
    if (!held || !view || !model || this.fingers.size < 2) return;
    const { middle, apart } = this.#now();
    const [first, last] = model.domain.map((x) => onAxis(view, x));
    const width = (held.width * held.apart) / apart;
    if (!(width < last - first)) return void (model.zoom && host.back(chart, true));
    const from = Math.max(first, Math.min(last - width, held.under - ((middle - view.L) / (view.R - view.L)) * width));
    const zoom = /** @type {Pair} */ ([from, from + width].map((at) => (view.logX ? 10 ** at : at)));
    if (!(zoom[1] > zoom[0])) return;
    host.zoom(chart, zoom, null, this.isMoved); // the way back from a pinch is one step
    this.isMoved = true;
  }

  #now() {
    const [a, b] = [...this.fingers.values()];
    return { middle: (a[0] + b[0]) / 2, apart: Math.max(LEAST, Math.hypot(a[0] - b[0], a[1] - b[1])) };
  }

  /** @param {PointerEvent} event @returns {Pair} */
  #at(event) {
    const { left, top } = this.chart.plot.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }
}
