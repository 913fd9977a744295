// @ts-check
/**
 * Small plots below each other on one x axis, with one cursor and one zoom. Who uses it says what stands in each strip;
 * the stack draws what is in view, at the next frame, when something changed.
 */
import { Ink } from "../base/colors.js";
import { h, text } from "../base/dom.js";
import { openMenu } from "../base/menu.js";
import { formatX } from "../charts/scales.js";
import { zoomBy } from "../charts/zoom.js";
import { Strip } from "./strip.js";

const LEFT = 56; // the gutter of every chart

/** Events: `zoom` (detail: [from, to] or null), `cursor` (detail: x or null), `seen` (detail: whether it is in view), `shown`, `drawn`. */
export class Stack extends EventTarget {
  /** @param {HTMLElement} root @param {{state: any, label: string, name: string}} parts `name`: under which its settings and its zoom stand in the address */
  constructor(root, { state, label, name }) {
    super();
    this.state = state;
    this.name = name;
    this.ink = new Ink();
    this.ink.forget();
    /** @type {Strip[]} */ this.strips = [];
    this.x = "step";
    this.domain = /** @type {[number, number]} */ ([0, 1]);
    this.zoomed = /** @type {[number, number] | null} */ (null);
    this.left = LEFT;
    this.ahead = /** @type {{from: number, words?: string} | null} */ (null);
    this.inView = false;
    this.isFull = false; // one strip over the whole window
    this.width = 0;
    this.moving = 0;
    this.frame = 0;
    this.leaving = 0;
    this.cursorX = /** @type {number | null} */ (null);
    /** @type {[number, number][]} */ this.way = [];
    this.holder = h("div", { class: "tk-strips" });
    this.where = h("output", { class: "tk-strip-at", "aria-hidden": "true" });
    this.spoken = h("div", { class: "tk-spoken", role: "status", "aria-live": "polite" });
    this.node = h("div", { class: "tk-stack-of-strips", role: "group", "aria-label": label }, this.holder, this.spoken);
    root.append(this.node);
    this.sizes = new ResizeObserver(([entry]) => this.#sized(entry.contentRect.width));
    this.sizes.observe(this.holder);
    this.sight = new IntersectionObserver(([entry]) => this.#seen(entry.isIntersecting), { rootMargin: "160px 0px" });
    this.sight.observe(this.node);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.onDark = () => this.#themed();
    this.dark.addEventListener("change", this.onDark);
    this.stops = [state.follow(["theme"], () => this.#themed()), state.follow(["own"], () => this.redraw())];
  }

  close() {
    for (const stop of this.stops) stop();
    this.sizes.disconnect();
    this.sight.disconnect();
    this.dark.removeEventListener("change", this.onDark);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.leaving);
    this.node.remove();
  }

  get ratio() {
    return Math.max(1, Math.min(3, globalThis.devicePixelRatio || 1));
  }

  get isDark() {
    return getComputedStyle(this.node).colorScheme.includes("dark") || this.state.get("theme") === "dark";
  }

  /** @param {number} width */
  #sized(width) {
    if (!width || width === this.width) return;
    this.width = width;
    for (const strip of this.strips) strip.width = width;
    this.redraw();
  }

  /** @param {boolean} inView */
  #seen(inView) {
    if (inView === this.inView) return;
    this.inView = inView;
    if (inView) this.redraw();
    this.dispatchEvent(new CustomEvent("seen", { detail: inView }));
  }

  #themed() {
    requestAnimationFrame(() => {
      this.ink.forget();
      this.redraw();
    });
  }

  /** @param {import("./strip.js").Spec[]} specs @param {{x: string, domain: [number, number], left?: number, ahead?: {from: number, words?: string} | null, zoom?: [number, number] | null}} axis */
  show(specs, { x, domain, left = LEFT, ahead = null, zoom }) {
    if (x !== this.x) (this.way = []), (this.cursorX = null);
    Object.assign(this, { x, domain, left, ahead });
    if (zoom !== undefined) this.zoomed = zoom;
    const byKey = new Map(this.strips.map((strip) => [strip.spec.key, strip]));
    this.strips = specs.map((spec) => {
      const strip = byKey.get(spec.key);
      strip?.update(spec);
      return strip ?? new Strip(this, spec);
    });
    const last = this.strips.at(-1);
    for (const strip of this.strips) {
      strip.isLast = strip === last;
      strip.width = this.width ?? 0;
      strip.cursorX = this.cursorX;
    }
    const nodes = this.strips.map(({ node }) => node);
    if (nodes.length !== this.holder.childElementCount || nodes.some((node, i) => node !== this.holder.children[i])) this.holder.replaceChildren(...nodes);
    this.redraw();
    this.dispatchEvent(new Event("shown"));
  }

  /** Of this strip, among what single charts set themselves. @param {Strip} strip */
  ownKey(strip) {
    return `(${this.name}) ${strip.spec.key}`;
  }

  redraw() {
    if (this.inView) this.frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.frame = 0;
    for (const strip of this.strips) strip.draw();
    this.dispatchEvent(new Event("drawn"));
  }

  /** The last strip's view, which others of this axis align with. */
  get view() {
    return this.strips.at(-1)?.view ?? null;
  }

  // What a person does on a strip (charts/zoom.js)

  /** @param {Strip} strip @param {number} x @param {{hot: string | null, said?: boolean}} what */
  cursor(strip, x, { hot, said = false }) {
    clearTimeout(this.leaving);
    for (const each of this.strips) each.hot = each === strip ? hot : null;
    this.#put(x);
    if (said) this.spoken.textContent = `${formatX(this.x, x)}: ${strip.valuesAt(x).map(({ line, value }) => `${line.name} ${strip.spec.format?.(value) ?? Number(value.toPrecision(4))}`).join(", ") || "no value"}`;
  }

  /** @param {Strip} _strip */
  leave(_strip) {
    clearTimeout(this.leaving);
    this.leaving = window.setTimeout(() => {
      for (const each of this.strips) each.hot = null;
      this.#put(null);
    }, 120);
  }

  /** @param {number | null} x */
  #put(x) {
    this.cursorX = x;
    text(this.where, x === null ? "" : formatX(this.x, this.x === "step" ? Math.round(x) : x));
    this.moving ||= requestAnimationFrame(() => {
      this.moving = 0;
      for (const each of this.strips) {
        each.cursorX = this.cursorX;
        each.overlay();
      }
    });
    this.dispatchEvent(new CustomEvent("cursor", { detail: x }));
  }

  /** @param {Strip} strip @param {[number, number]} x @param {[number, number] | null} y @param {boolean} [smooth] */
  zoom(strip, x, y, smooth = false) {
    if (y) strip.zoomY = y;
    if (this.zoomed && !smooth) this.way.push(this.zoomed);
    this.#zoomTo(x);
  }

  /** @param {Strip} _strip @param {boolean} [all] */
  back(_strip, all = false) {
    for (const each of this.strips) each.zoomY = null;
    const to = all ? null : (this.way.pop() ?? null);
    if (all) this.way = [];
    this.#zoomTo(to);
  }

  /** A zoom that was made elsewhere, on the same strips. @param {[number, number] | null} zoom */
  zoomFrom(zoom) {
    if (this.zoomed && zoom) this.way.push(this.zoomed);
    this.#zoomTo(zoom);
  }

  /** @param {[number, number] | null} zoom */
  #zoomTo(zoom) {
    this.zoomed = zoom;
    this.redraw();
    this.dispatchEvent(new CustomEvent("zoom", { detail: zoom }));
  }

  /** @param {Strip} strip */
  log(strip) {
    if (!strip.spec.lines) return;
    strip.log = !strip.log;
  }

  openMark() {} // its events stand below it, as buttons

  /** @param {Strip} strip */
  async full(strip) {
    if (this.isFull) return void this.dispatchEvent(new Event("leave"));
    const { openFull } = await import("./full.js");
    openFull(this, strip);
  }

  /** The box in which the zoom is typed. @param {Strip} strip @param {HTMLElement} button */
  async zoomTo(strip, button) {
    const { openZoom } = await import("./zoombox.js");
    openZoom(this, strip, button);
  }

  /** @param {Strip} strip */
  table(strip) {
    strip.showTable(!strip.asTable);
    this.redraw();
    (strip.asTable ? strip.tableNode : strip.plot).focus({ preventScroll: true });
  }

  /** @param {Strip} strip @param {HTMLElement} button */
  menu(strip, button) {
    const isZoomed = Boolean(this.zoomed || strip.zoomY);
    /** @type {Record<string, {label: string, note?: string, run: () => any} | null>} */
    const entries = {
      full: this.isFull ? null : { label: "Full screen", note: "Enter", run: () => this.full(strip) },
      log: strip.spec.lines ? { label: strip.log ? "Linear y axis" : "Logarithmic y axis", note: "l", run: () => this.log(strip) } : null,
      in: strip.view ? { label: "Zoom in", note: "+", run: () => zoomBy(/** @type {any} */ (strip), 0.5) } : null,
      out: isZoomed && strip.view ? { label: "Zoom out", note: "−", run: () => zoomBy(/** @type {any} */ (strip), 2) } : null,
      back: isZoomed ? { label: "Zoom out to everything", note: "0", run: () => this.back(strip, true) } : null,
      range: { label: "Zoom to …", run: () => this.zoomTo(strip, button) },
      table: { label: strip.asTable ? "Show the chart" : "Show as table", note: "t", run: () => this.table(strip) },
    };
    const items = Object.entries(entries).flatMap(([value, entry]) => (entry ? [{ value, label: entry.label, note: entry.note }] : []));
    openMenu(button, { title: `Menu of ${strip.spec.title}`, items, choose: (value) => entries[value]?.run() }).classList.add("tk-menu-plain");
  }
}

/** The range of some series, or null. @param {(import("../charts/frames.js").Series | null | undefined)[]} all @returns {[number, number] | null} */
export function extentOf(all) {
  let [low, high] = [Infinity, -Infinity];
  for (const series of all) {
    if (!series?.n) continue;
    low = Math.min(low, series.x[0]);
    high = Math.max(high, series.x[series.n - 1]);
  }
  if (!(high >= low)) return null;
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}
