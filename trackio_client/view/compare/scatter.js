// @ts-check
/** Any two columns of the experiments against each other: a dot an experiment, coloured by a third, with the rank correlation. */
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { rankCorrelation } from "./axis.js";
import { axisFor, columnButton, loaded, logBox, ofButton, placeOn } from "./choosing.js";
import { Dots } from "./dots.js";
import { save } from "../base/files.js";
import { colorAt, legendOf, shades } from "./plane.js";
import { count, number, plural } from "../base/words.js";

export class Scatter {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    this.state = parts.state;
    /** @type {import("./axis.js").Axis | null} */ this.color = null;
    const { state } = this;
    this.dots = new Dots({ parts, label: "Scatter", draw: () => this.draw(), color: (dot) => (this.color ? colorAt(this.color, dot.shade, shades(this.dots.plane.isDark), "var(--soft)") : "var(--s1)") });
    this.x = columnButton(parts, { title: "Across", now: () => this.chosen().x, choose: (column) => column && state.set({ compareX: column }) });
    this.y = columnButton(parts, { title: "Up", now: () => this.chosen().y, choose: (column) => column && state.set({ compareY: column }) });
    this.by = columnButton(parts, { title: "Colour", none: "no colour", now: () => this.chosen().color, choose: (column) => state.set({ compareColor: column ?? "none" }) });
    this.logX = logBox(state, "x", () => this.chosen().x);
    this.logY = logBox(state, "y", () => this.chosen().y);
    const turn = h("button", { class: "tk-btn sm icon", title: "Swap the axes", "aria-label": "Swap the axes", on: { click: () => state.set({ compareX: this.chosen().y, compareY: this.chosen().x }) } }, icon("sort"));
    const csv = h("button", { class: "tk-btn sm", title: "These experiments as a CSV file", on: { click: () => save(`${state.get("project")}-scatter.csv`, "text/csv", this.dots.csv()) } }, icon("download"), "CSV");
    this.legend = h("div", { class: "tk-legend" });
    this.says = h("p", { class: "tk-compare-note", role: "status" });
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    const control = (/** @type {string} */ word, /** @type {any} */ node) => h("span", { class: "tk-control" }, h("span", null, word), node);
    fill(root, h("div", { class: "tk-compare-bar" }, this.of = ofButton(state), control("Up", this.y), this.logY.label, control("across", this.x), this.logX.label, turn, control("Colour", this.by), this.legend, h("span", { class: "tk-grow" }), csv),
      this.said, h("div", { class: "tk-panel tk-plane-panel tk-scatter" }, this.dots.plane.root), this.says, this.dots.here, this.dots.details);
    setInterval(() => document.hidden || root.hidden || state.get("view") !== "compare" || this.load(), 10_000);
  }

  /** @param {Set<string>} keys */
  async update(keys) {
    if (keys.has("project")) this.usual = undefined;
    if (keys.size === 1 && keys.has("theme")) return this.dots.plane.again();
    return this.load();
  }

  chosen() {
    const [x, y] = this.usual ?? [null, null];
    const color = this.state.get("compareColor");
    return { x: this.state.get("compareX") ?? x, y: this.state.get("compareY") ?? y, color: color === "none" ? null : color };
  }

  async load() {
    return loaded(this, async () => {
      if (!this.usual && !(this.state.get("compareX") && this.state.get("compareY"))) {
        if (!this.state.get("metrics")) return null;
        const columns = await this.parts.rows.usual(3);
        this.usual = [columns.find((/** @type {string} */ column) => column.startsWith("config:")) ?? "steps", columns.at(-1)];
      }
      const { x, y, color } = this.chosen();
      return [x, y, color].filter(Boolean);
    });
  }

  settle() {
    const { rows: held } = this.parts;
    const rows = held.rows(this.state.get("compareOf"));
    const [x, y, color] = [this.chosen().x, this.chosen().y, this.chosen().color].map((column) => axisFor(this.parts, rows, column));
    const dots = rows.flatMap((/** @type {any} */ row) => {
      const [left, up] = [placeOn(held, row, x), placeOn(held, row, y)];
      return left === null || up === null ? [] : [{ row, x: left, y: up, shade: placeOn(held, row, color) }];
    });
    this.color = color;
    this.missing = rows.length - dots.length;
    this.x.say(x?.label ?? "choose");
    this.y.say(y?.label ?? "choose");
    this.by.say(color?.label ?? "none");
    this.logX.say(x);
    this.logY.say(y);
    fill(this.legend, color ? legendOf(color, shades(this.dots.plane.isDark)).slice(1) : []);
    this.dots.show(dots, x, y, [color]);
    this.tell();
  }

  tell() {
    const { x, y, all } = this.dots;
    if (!x || !y) return text(this.says, "");
    const numeric = x.kind !== "kind" && y.kind !== "kind";
    const rho = numeric ? rankCorrelation(all.map((dot) => dot.x), all.map((dot) => dot.y)) : null;
    const parts = [];
    if (!all.length) parts.push(`No experiment has both ${x.label} and ${y.label}.`);
    else if (rho !== null) parts.push(`Rank correlation ρ = ${number(Number(rho.toFixed(3)))} over n = ${count(all.length)}. The line is the least squares fit${x.kind === "log" || y.kind === "log" ? " on these axes" : ""}; an association, not a cause.`);
    else if (numeric) parts.push(all.length < 3 ? `${plural(all.length, "experiment")}: a correlation needs three.` : "One of the two is the same in all experiments: no correlation.");
    else parts.push(`n = ${count(all.length)}.`);
    if (this.missing) parts.push(`${plural(this.missing, "experiment")} ${this.missing === 1 ? "lacks" : "lack"} one of the two, or it is not finite.`);
    text(this.says, parts.join(" "));
    this.rho = rho;
    return undefined;
  }

  draw() {
    const { dots } = this;
    const { plane, all } = dots;
    const g = plane.clear(plane.base);
    if (!dots.x || !dots.y) return;
    dots.drawAxes(g);
    this.fit(g);
    const colors = shades(plane.isDark);
    const radius = all.length > 2000 ? 2.5 : all.length > 300 ? 3.5 : 5;
    g.globalAlpha = all.length > 2000 ? 0.5 : 0.85;
    for (const dot of all) {
      g.fillStyle = this.color ? colorAt(this.color, dot.shade, colors, plane.ink.of("--control"), (name) => plane.ink.of(name)) : plane.ink.of("--s1");
      g.beginPath();
      g.arc(dots.left(dot.x), dots.top(dot.y), radius, 0, 7);
      g.fill();
    }
    g.globalAlpha = 1;
    dots.overlay();
  }

  /** The least squares line on these axes. @param {CanvasRenderingContext2D} g */
  fit(g) {
    const { dots } = this;
    const n = dots.all.length;
    if (this.rho === null || this.rho === undefined || n < 3) return;
    const [mx, my] = [dots.all.reduce((sum, dot) => sum + dot.x, 0) / n, dots.all.reduce((sum, dot) => sum + dot.y, 0) / n];
    let [xy, xx] = [0, 0];
    for (const { x, y } of dots.all) {
      xy += (x - mx) * (y - my);
      xx += (x - mx) ** 2;
    }
    if (!xx) return;
    g.save();
    dots.clip(g);
    g.strokeStyle = dots.plane.ink.of("--soft");
    g.setLineDash([6, 4]);
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(dots.left(0), dots.top(my - (xy / xx) * mx));
    g.lineTo(dots.left(1), dots.top(my + (xy / xx) * (1 - mx)));
    g.stroke();
    g.restore();
    g.setLineDash([]);
  }
}
