// @ts-check
/** Two canvases one above the other that follow their box and the screen's pixels: one for all, one for what is pointed at;
 * and the words beside the pointer. */
import { fill, h } from "../base/dom.js";
import { Ink } from "../base/colors.js";

const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"];
export const SHADES = 24;

/** Colours from low to high that can be seen on this ground: the light end is left out on white, the dark one on black.
 * @param {boolean} dark @returns {string[]} */
export function shades(dark) {
  const [from, to] = dark ? [0.25, 1] : [0, 0.8];
  const rgb = VIRIDIS.map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  return Array.from({ length: SHADES }, (_, i) => {
    const at = (from + ((to - from) * i) / (SHADES - 1)) * (rgb.length - 1);
    const [low, share] = [Math.min(rgb.length - 2, Math.floor(at)), at - Math.min(rgb.length - 2, Math.floor(at))];
    return `rgb(${rgb[low].map((part, k) => Math.round(part + (rgb[low + 1][k] - part) * share)).join(" ")})`;
  });
}

/** @param {number | null} place 0 … 1 @param {string[]} colors @param {string} none */
const shadeOf = (place, colors, none) => (place === null ? none : colors[Math.max(0, Math.min(colors.length - 1, Math.round(place * (colors.length - 1))))]);

/** The colour of a place on an axis: of a kind one of the series' colours, of a number a shade from low to high.
 * @param {import("./axis.js").Axis | null} axis @param {number | null} place @param {string[]} colors @param {string} none
 * @param {(name: string) => string} [of] what a CSS variable holds, for canvases */
export function colorAt(axis, place, colors, none, of = (name) => `var(${name})`) {
  if (!axis || place === null || axis.kind !== "kind") return shadeOf(axis ? place : null, colors, none);
  return of(`--s${(Math.round(place * axis.kinds.length - 0.5) % 10) + 1}`);
}

export class Plane {
  /** @param {{label: string, draw: () => void, state: any, keys?: boolean}} parts `keys`: it is walked through by keyboard */
  constructor({ label, draw, state, keys = false }) {
    this.state = state;
    this.ink = new Ink();
    this.base = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "tk-canvas", "aria-hidden": "true" }));
    this.over = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "tk-canvas", "aria-hidden": "true" }));
    this.tip = h("div", { class: "tk-tip", hidden: true, "aria-hidden": "true" });
    this.root = h("div", { class: "tk-plane", role: keys ? "application" : "img", tabindex: keys ? "0" : null, "aria-label": label }, this.base, this.over, this.tip);
    this.width = 0;
    this.height = 0;
    this.draw = draw;
    this.frame = 0;
    new ResizeObserver(([entry]) => {
      this.width = entry.contentRect.width;
      this.height = entry.contentRect.height;
      this.again();
    }).observe(this.root);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.again());
    addEventListener("resize", () => this.again());
  }

  get isDark() {
    return this.state.get("theme") === "dark";
  }

  /** At the next frame. */
  again() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.width || !this.height) return;
      this.ink.forget();
      this.draw();
    });
  }

  /** An empty canvas in CSS pixels. @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
  clear(canvas) {
    const ratio = devicePixelRatio || 1;
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, this.width, this.height);
    g.font = this.ink.font;
    return g;
  }

  /** Words beside a place. @param {number} x @param {number} y @param {any} words nothing hides them */
  say(x, y, words) {
    this.tip.hidden = !words;
    if (!words) return;
    fill(this.tip, words);
    const box = this.root.getBoundingClientRect();
    const [width, height] = [this.tip.offsetWidth, this.tip.offsetHeight];
    const left = box.left + x + 16 + width > innerWidth - 8 ? box.left + x - width - 16 : box.left + x + 16;
    this.tip.style.left = `${Math.max(8, left)}px`;
    this.tip.style.top = `${Math.max(8, Math.min(innerHeight - height - 8, box.top + y - height / 2))}px`;
  }

  /** @param {PointerEvent | MouseEvent} event @returns {[number, number]} */
  at(event) {
    const box = this.root.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

/** What a hover says of an experiment. @param {any} row @param {[string, string][]} pairs @param {string} color */
export function tipOf(row, pairs, color) {
  return [
    h("div", { class: "tk-tip-head" }, h("b", null, h("i", { class: "tk-swatch", style: { background: color } }), row.name)),
    pairs.map(([name, value]) => h("div", { class: "tk-tip-row" }, h("span", { class: "tk-soft" }, name), h("span", { class: "tk-grow" }), h("b", null, value))),
  ];
}

/** Colours from low to high with their ends. @param {import("./axis.js").Axis | null} axis @param {string[]} colors */
export function legendOf(axis, colors) {
  if (!axis) return [];
  if (axis.kind === "kind") {
    const some = axis.kinds.slice(0, 8);
    return [h("span", { class: "tk-soft" }, axis.label), some.map((kind) => h("span", null, h("i", { class: "tk-swatch", style: { background: colorAt(axis, (axis.kinds.indexOf(kind) + 0.5) / axis.kinds.length, colors, "") } }), kind)), axis.kinds.length > 8 ? h("span", { class: "tk-soft" }, `and ${axis.kinds.length - 8} more`) : null];
  }
  return [h("span", { class: "tk-soft" }, axis.label), h("span", null, axis.words(axis.low)), h("i", { class: "tk-ramp", style: { background: `linear-gradient(90deg, ${colors.join(",")})` } }), h("span", null, axis.words(axis.high))];
}
