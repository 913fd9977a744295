// @ts-check
/** Experiments as dots on a plane with two axes: drawn here are axes and what is pointed at; found by pointer and by arrow keys. */
import { eachFrame, fill, h, text } from "../base/dom.js";
import { csvOf } from "../base/files.js";
import { Plane, tipOf } from "./plane.js";
import { count } from "../base/words.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [64, 20, 16, 44];
const HIT = 12; // px around the pointer
const LISTED = 100;

/** @typedef {{row: any, x: number, y: number}} Dot `x` and `y` are places on the axes, 0 … 1 */
/** @typedef {import("./axis.js").Axis} Axis */

export class Dots {
  /** @param {{parts: any, label: string, draw: () => void, color: (dot: any) => string, between?: (x: number, y: number) => any}} what
   *  `draw` paints all but what is pointed at; `between` says what stands at a place where no dot is */
  constructor({ parts, label, draw, color, between }) {
    this.parts = parts;
    this.color = color;
    this.between = between;
    /** @type {any[]} */ this.all = [];
    /** @type {any} */ this.hovered = null;
    /** @type {Axis | null} */ this.x = null;
    /** @type {Axis | null} */ this.y = null;
    /** @type {(Axis | null)[]} beside x and y: what is told of each */ this.more = [];
    this.plane = new Plane({ label: `${label}: arrow keys go from dot to dot, Enter opens one.`, keys: true, state: parts.state, draw });
    this.here = h("p", { class: "tk-visually-hidden", role: "status" });
    this.table = h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": `Experiments of the ${label.toLowerCase()}` });
    this.details = h("details", { class: "tk-panel tk-as-table" }, h("summary", null, "As a table"), this.table);
    this.details.addEventListener("toggle", () => this.paintTable());
    this.listen();
  }

  /** @param {any[]} dots @param {Axis | null} x @param {Axis | null} y @param {(Axis | null)[]} more */
  show(dots, x, y, more) {
    Object.assign(this, { all: dots, x, y, more });
    if (this.hovered) this.hovered = dots.find((dot) => dot.row.id === this.hovered.row.id) ?? null;
    this.plane.again();
    if (this.details.open) this.paintTable();
  }

  /** @param {number} place */
  left(place) {
    return LEFT + 8 + place * (this.plane.width - LEFT - RIGHT - 16);
  }

  /** @param {number} place */
  top(place) {
    return this.plane.height - BOTTOM - 8 - place * (this.plane.height - TOP - BOTTOM - 16);
  }

  /** The places of a point of the plane. @param {number} left @param {number} top @returns {[number, number]} */
  placeOf(left, top) {
    return [(left - LEFT - 8) / (this.plane.width - LEFT - RIGHT - 16), (this.plane.height - BOTTOM - 8 - top) / (this.plane.height - TOP - BOTTOM - 16)];
  }

  /** Limit what is drawn to the field between the axes. @param {CanvasRenderingContext2D} g */
  clip(g) {
    g.beginPath();
    g.rect(LEFT, TOP, this.plane.width - LEFT - RIGHT, this.plane.height - TOP - BOTTOM);
    g.clip();
  }

  /** @param {CanvasRenderingContext2D} g */
  drawAxes(g) {
    const { x: xAxis, y: yAxis } = this;
    if (!xAxis || !yAxis) return;
    const { ink, width, height } = this.plane;
    g.textBaseline = "middle";
    g.strokeStyle = ink.of("--grid");
    g.fillStyle = ink.of("--soft");
    g.textAlign = "right";
    for (const tick of yAxis.ticks(Math.max(2, Math.round((height - TOP - BOTTOM) / 44)))) {
      const y = Math.round(this.top(tick.at)) + 0.5;
      if (y < TOP - 1 || y > height - BOTTOM + 1) continue;
      g.beginPath();
      g.moveTo(LEFT, y);
      g.lineTo(width - RIGHT, y);
      g.stroke();
      g.fillText(cut(tick.words, 9), LEFT - 8, y);
    }
    g.textAlign = "center";
    for (const tick of xAxis.ticks(Math.max(2, Math.round((width - LEFT - RIGHT) / (xAxis.kind === "kind" ? 96 : 76))))) {
      const x = this.left(tick.at);
      if (x < LEFT - 1 || x > width - RIGHT + 1) continue;
      g.beginPath();
      g.moveTo(x, TOP);
      g.lineTo(x, height - BOTTOM);
      g.stroke();
      g.fillText(cut(tick.words, 14), x, height - BOTTOM + 14);
    }
    g.fillText(`${xAxis.label}${xAxis.kind === "log" ? ", log" : ""}`, LEFT + (width - LEFT - RIGHT) / 2, height - 12);
    g.textAlign = "left";
    g.fillText(cut(`${yAxis.label}${yAxis.kind === "log" ? ", log" : ""}`, 60), LEFT + 4, TOP - 6);
  }

  overlay() {
    const g = this.plane.clear(this.plane.over);
    const hot = this.hovered ?? this.all.find((dot) => dot.row.id === this.parts.state.get("hot"));
    if (!hot) return;
    g.strokeStyle = this.plane.ink.of("--text");
    g.lineWidth = 2;
    g.beginPath();
    g.arc(this.left(hot.x), this.top(hot.y), 8, 0, 7);
    g.stroke();
  }

  listen() {
    const { plane } = this;
    const over = eachFrame(() => this.overlay());
    const point = (/** @type {any} */ dot) => {
      if (dot === this.hovered) return;
      this.hovered = dot;
      over();
      plane.root.style.cursor = dot ? "pointer" : "";
      plane.say(dot ? this.left(dot.x) : 0, dot ? this.top(dot.y) : 0, dot && tipOf(dot.row, this.pairs(dot.row), this.color(dot)));
    };
    const leave = () => {
      point(null);
      plane.say(0, 0, null);
    };
    plane.root.addEventListener("pointermove", (event) => {
      const [x, y] = plane.at(event);
      let [best, near] = [/** @type {any} */ (null), HIT];
      for (const dot of this.all) {
        const away = Math.hypot(this.left(dot.x) - x, this.top(dot.y) - y);
        if (away < near) [best, near] = [dot, away];
      }
      point(best);
      if (!best && this.between) plane.say(x, y, this.between(...this.placeOf(x, y)));
    });
    plane.root.addEventListener("pointerleave", leave);
    plane.root.addEventListener("blur", leave);
    plane.root.addEventListener("click", () => this.hovered && this.parts.open(this.hovered.row.id));
    plane.root.addEventListener("keydown", (event) => {
      const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 })[event.key];
      if (event.key === "Enter" && this.hovered) return this.parts.open(this.hovered.row.id);
      if (!by || !this.all.length) return undefined;
      event.preventDefault();
      const sorted = [...this.all].sort((a, b) => a.x - b.x || a.y - b.y);
      const at = sorted.indexOf(this.hovered);
      const next = sorted[at < 0 ? (by > 0 ? 0 : sorted.length - 1) : Math.max(0, Math.min(sorted.length - 1, at + by))];
      point(next);
      text(this.here, `${next.row.name}: ${this.pairs(next.row).map(([name, value]) => `${name} ${value}`).join(", ")}`);
      return undefined;
    });
    this.parts.state.follow(["hot"], () => plane.root.checkVisibility() && over());
  }

  axes() {
    return /** @type {Axis[]} */ ([this.x, this.y, ...this.more].filter(Boolean));
  }

  /** What is told of an experiment, each column once. @param {any} row @returns {[string, string][]} */
  pairs(row) {
    const axes = this.axes().filter((axis, i, all) => all.findIndex((other) => other.column === axis.column) === i);
    return axes.map((axis) => {
      const value = this.parts.rows.value(row, axis.column);
      return [axis.label, value === undefined ? "–" : axis.words(value)];
    });
  }

  paintTable() {
    const axes = this.axes();
    const sorted = [...this.all].sort((a, b) => b.y - a.y);
    fill(this.table, h("table", { class: "tk-plain" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "experiment"), axes.map((axis) => h("th", { scope: "col", class: axis.kind === "kind" ? null : "num" }, axis.label)))),
      h("tbody", null, sorted.slice(0, LISTED).map(({ row }) => h("tr", null, h("td", null, h("button", { class: "tk-link", on: { click: () => this.parts.open(row.id) } }, row.name)), axes.map((axis) => {
        const value = this.parts.rows.value(row, axis.column);
        return h("td", { class: axis.kind === "kind" ? null : "num" }, value === undefined ? "–" : axis.words(value));
      }))))), sorted.length > LISTED ? h("p", { class: "tk-compare-note" }, `${count(sorted.length - LISTED)} more: the CSV file has all.`) : null);
  }

  csv() {
    const axes = this.axes();
    return csvOf([["experiment_id", "name", ...axes.map((axis) => axis.column)], ...this.all.map(({ row }) => [row.id, row.name, ...axes.map((axis) => this.parts.rows.value(row, axis.column))])]);
  }
}

/** @param {string} words @param {number} most */
const cut = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);
