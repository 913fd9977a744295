// @ts-check
/** The picture of parallel coordinates: lines, axes, ranges, and which line is under the pointer. */
import { colorAt, shades } from "./plane.js";

export const SIDE = 64;
export const NEAR = 14; // px from an axis that begin a range
const [TOP, BOTTOM] = [14, 34];
const HIT = 7; // px from a line

/** @typedef {{row: any, places: (number | null)[], shade: number | null, isIn: boolean}} Line */

/** What draws them; Parallel says what is drawn. */
export class ParallelLines {
  constructor() {
    /** @type {any} */ this.plane = null;
    /** @type {any} */ this.state = null;
    /** @type {import("./axis.js").Axis[]} */ this.axes = [];
    /** @type {Line[]} */ this.lines = [];
    /** @type {Line | null} */ this.hovered = null;
    /** @type {{axis: number, from: number, to: number, y: number} | undefined} */ this.drag = undefined;
  }

  /** Those that lie within all ranges. */
  inside() {
    return this.lines.filter((line) => line.isIn);
  }

  /** @returns {Map<string, any>} */
  ranges() {
    return new Map();
  }

  /** @returns {import("./axis.js").Axis | null} the one whose values colour the lines */
  colorAxis() {
    return null;
  }

  /** @returns {string | null | undefined} */
  goal() {
    return null;
  }

  /** @param {number} i */
  x(i) {
    return this.axes.length > 1 ? SIDE + (i / (this.axes.length - 1)) * (this.plane.width - 2 * SIDE) : this.plane.width / 2;
  }

  /** @param {number | null} place */
  y(place) {
    const bottom = this.plane.height - BOTTOM;
    return place === null ? bottom + 20 : bottom - place * (bottom - TOP);
  }

  draw() {
    const { plane } = this;
    const g = plane.clear(plane.base);
    const colors = shades(plane.isDark);
    const grey = plane.ink.of("--line");
    const inside = this.inside();
    const some = inside.length < this.lines.length;
    g.lineWidth = 1;
    if (some) this.stroke(g, this.lines.filter((line) => !line.isIn), grey, 0.5);
    const alpha = inside.length > 2000 ? 0.25 : inside.length > 300 ? 0.5 : 0.8;
    g.lineWidth = inside.length > 60 ? 1 : 1.5;
    const axis = this.colorAxis();
    /** @type {Map<string, typeof inside>} */ const byColor = new Map();
    for (const line of inside) {
      const color = colorAt(axis, line.shade, colors, plane.ink.of("--soft"), (name) => plane.ink.of(name));
      const held = byColor.get(color);
      held ? held.push(line) : byColor.set(color, [line]);
    }
    // The best of them last, so that they lie on top.
    const last = this.goal() === "max" ? 1 : -1;
    const order = [...byColor].sort(([, [a]], [, [b]]) => ((a.shade ?? -1) - (b.shade ?? -1)) * last);
    for (const [color, lines] of order) this.stroke(g, lines, color, alpha);
    g.globalAlpha = 1;
    this.paintAxes(g);
    this.overlay();
  }

  /** @param {CanvasRenderingContext2D} g @param {any[]} lines @param {string} color @param {number} alpha */
  stroke(g, lines, color, alpha) {
    g.strokeStyle = color;
    g.globalAlpha = alpha;
    g.beginPath();
    for (const { places } of lines) {
      for (let i = 0; i < places.length; i++) {
        if (i) g.lineTo(this.x(i), this.y(places[i]));
        else g.moveTo(this.x(0), this.y(places[0]));
      }
    }
    g.stroke();
    g.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} g */
  paintAxes(g) {
    const { ink, height } = this.plane;
    const ranges = this.ranges();
    const panel = ink.of("--panel");
    g.textBaseline = "middle";
    this.axes.forEach((axis, i) => {
      const x = Math.round(this.x(i)) + 0.5;
      const range = ranges.get(axis.column);
      g.strokeStyle = ink.of("--control");
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(x, TOP);
      g.lineTo(x, height - BOTTOM);
      g.stroke();
      const right = i === this.axes.length - 1;
      g.textAlign = right ? "left" : "right";
      const gap = right ? 8 : -8;
      for (const tick of axis.ticks(Math.max(2, Math.round((height - TOP - BOTTOM) / 44)))) {
        const y = this.y(tick.at);
        if (y < TOP - 2 || y > height - BOTTOM + 2) continue;
        const words = tick.words.length > 14 ? `${tick.words.slice(0, 13)}…` : tick.words;
        g.beginPath();
        g.moveTo(x - 3, y);
        g.lineTo(x + 3, y);
        g.stroke();
        g.lineWidth = 3;
        g.strokeStyle = panel;
        g.strokeText(words, x + gap, y);
        g.fillStyle = ink.of("--soft");
        g.fillText(words, x + gap, y);
        g.lineWidth = 1;
        g.strokeStyle = ink.of("--control");
      }
      if (this.lines.some((line) => line.places[i] === null)) {
        g.fillStyle = ink.of("--soft");
        g.textAlign = "center";
        g.fillText("none", x, height - BOTTOM + 24);
      }
      if (range && !range.kinds) this.paintRange(g, x, [axis.place(range.from ?? axis.low) ?? 0, axis.place(range.to ?? axis.high) ?? 1]);
      if (range?.kinds) for (const kind of range.kinds) {
        const at = axis.place(kind === "None" ? null : kind) ?? (axis.kinds.indexOf(kind) + 0.5) / axis.kinds.length;
        this.paintRange(g, x, [at - 0.4 / axis.kinds.length, at + 0.4 / axis.kinds.length]);
      }
    });
  }

  /** @param {CanvasRenderingContext2D} g @param {number} x @param {[number, number]} range places */
  paintRange(g, x, [low, high]) {
    const [top, bottom] = [this.y(Math.max(0, Math.min(1, high))), this.y(Math.max(0, Math.min(1, low)))];
    g.fillStyle = this.plane.ink.of("--accent");
    g.globalAlpha = 0.25;
    g.fillRect(x - 6, top, 12, Math.max(2, bottom - top));
    g.globalAlpha = 1;
    g.fillRect(x - 6, top - 1, 12, 2);
    g.fillRect(x - 6, bottom - 1, 12, 2);
  }

  overlay() {
    const g = this.plane.clear(this.plane.over);
    if (this.drag) this.paintRange(g, this.x(this.drag.axis), [Math.min(this.drag.from, this.drag.to), Math.max(this.drag.from, this.drag.to)]);
    const hot = this.hovered ?? this.lines.find((line) => line.row.id === this.state.get("hot"));
    if (!hot || !this.lines.includes(hot)) return;
    g.lineWidth = 4;
    this.stroke(g, [hot], this.plane.ink.of("--panel"), 1);
    g.lineWidth = 2.5;
    this.stroke(g, [hot], hot.isIn ? colorAt(this.colorAxis(), hot.shade, shades(this.plane.isDark), this.plane.ink.of("--text"), (name) => this.plane.ink.of(name)) : this.plane.ink.of("--soft"), 1);
  }

  /** @param {number} y */
  placeAt(y) {
    const bottom = this.plane.height - BOTTOM;
    return Math.max(0, Math.min(1, (bottom - y) / (bottom - TOP)));
  }

  /** The line under a place. @param {number} x @param {number} y */
  hit(x, y) {
    let at = 0;
    while (at < this.axes.length - 2 && x > this.x(at + 1)) at++;
    if (this.axes.length < 2 || x < this.x(0) - NEAR || x > this.x(this.axes.length - 1) + NEAR) return null;
    const share = Math.max(0, Math.min(1, (x - this.x(at)) / (this.x(at + 1) - this.x(at))));
    let best = null;
    let near = HIT;
    for (const line of this.inside()) {
      const [a, b] = [this.y(line.places[at]), this.y(line.places[at + 1])];
      const slope = (b - a) / (this.x(at + 1) - this.x(at));
      const away = Math.abs(a + (b - a) * share - y) / Math.sqrt(1 + slope * slope);
      if (away < near) [near, best] = [away, line];
    }
    return best;
  }
}
