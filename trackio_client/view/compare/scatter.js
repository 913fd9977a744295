// @ts-check
/** Any two columns of the experiments against each other: a dot an experiment, coloured by a third, with the rank correlation. */
import { eachFrame, fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { axisOf, rankCorrelation } from "./axis.js";
import { columnButton, ofButton, trouble } from "./choosing.js";
import { csvOf, save } from "./files.js";
import { Plane, colorAt, legendOf, shades, tipOf } from "./plane.js";
import { count, number, plural } from "../base/words.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [64, 20, 16, 44];
const HIT = 12; // px around the pointer
const LISTED = 100;

export class Scatter {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    this.state = parts.state;
    /** @type {{row: any, x: number, y: number, shade: number | null}[]} */ this.dots = [];
    /** @type {any} */ this.hovered = null;
    /** @type {import("./axis.js").Axis | null} */ this.xAxis = null;
    /** @type {import("./axis.js").Axis | null} */ this.yAxis = null;
    /** @type {import("./axis.js").Axis | null} */ this.color = null;
    const { state } = this;
    this.plane = new Plane({ label: "Scatter: arrow keys go from dot to dot, Enter opens one.", keys: true, state, draw: () => this.draw() });
    this.x = columnButton(parts, { title: "Across", now: () => this.chosen().x, choose: (column) => column && state.set({ compareX: column }) });
    this.y = columnButton(parts, { title: "Up", now: () => this.chosen().y, choose: (column) => column && state.set({ compareY: column }) });
    this.by = columnButton(parts, { title: "Colour", none: "no colour", now: () => this.chosen().color, choose: (column) => state.set({ compareColor: column ?? "none" }) });
    this.logs = ["x", "y"].map((side) => {
      const box = h("input", { type: "checkbox", class: "tk-box" });
      box.addEventListener("change", () => this.setLog(side, box.checked));
      return { side, box, label: h("label", { class: "tk-control tk-toggle" }, box, `log ${side}`) };
    });
    const turn = h("button", { class: "tk-btn sm icon", title: "Swap the axes", "aria-label": "Swap the axes", on: { click: () => state.set({ compareX: this.chosen().y, compareY: this.chosen().x }) } }, icon("sort"));
    const csv = h("button", { class: "tk-btn sm", title: "These experiments as a CSV file", on: { click: () => save(`${state.get("project")}-scatter.csv`, "text/csv", this.csv()) } }, icon("download"), "CSV");
    this.legend = h("div", { class: "tk-legend" });
    this.says = h("p", { class: "tk-compare-note", role: "status" });
    this.here = h("p", { class: "tk-visually-hidden", role: "status" });
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    this.table = h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Experiments of the scatter" });
    this.details = h("details", { class: "tk-panel tk-as-table" }, h("summary", null, "As a table"), this.table);
    this.details.addEventListener("toggle", () => this.paintTable());
    const control = (/** @type {string} */ word, /** @type {any} */ node) => h("span", { class: "tk-control" }, h("span", null, word), node);
    fill(root, h("div", { class: "tk-compare-bar" }, this.of = ofButton(state), control("Up", this.y), this.logs[1].label, control("across", this.x), this.logs[0].label, turn, control("Colour", this.by), this.legend, h("span", { class: "tk-grow" }), csv),
      this.said, h("div", { class: "tk-panel tk-plane-panel tk-scatter" }, this.plane.root), this.says, this.here, this.details);
    this.listen();
    setInterval(() => document.hidden || root.hidden || state.get("view") !== "compare" || this.load(), 10_000);
  }

  /** @param {Set<string>} keys */
  async update(keys) {
    if (keys.has("project")) this.usual = undefined;
    if (keys.size === 1 && keys.has("theme")) return this.plane.again();
    return this.load();
  }

  chosen() {
    const [x, y] = this.usual ?? [null, null];
    const color = this.state.get("compareColor");
    return { x: this.state.get("compareX") ?? x, y: this.state.get("compareY") ?? y, color: color === "none" ? null : color };
  }

  async load() {
    const run = (this.run = (this.run ?? 0) + 1);
    try {
      if (!this.usual && !(this.state.get("compareX") && this.state.get("compareY"))) {
        if (!this.state.get("metrics")) return;
        const columns = await this.parts.rows.usual(3);
        this.usual = [columns.find((/** @type {string} */ column) => column.startsWith("config:")) ?? "steps", columns.at(-1)];
      }
      const { x, y, color } = this.chosen();
      await this.parts.rows.have([x, y, color].filter(Boolean));
      if (run !== this.run) return;
      this.said.hidden = true;
      this.settle();
    } catch (error) {
      if (run === this.run) trouble(this.said, error, () => this.load());
    }
  }

  settle() {
    const { rows: held } = this.parts;
    const rows = held.rows(this.state.get("compareOf"));
    const logs = this.state.get("compareLogs") ?? [];
    const axis = (/** @type {string | null} */ column) => (column ? axisOf(column, held.label(column), rows.map((/** @type {any} */ row) => held.value(row, column)), logs.includes(column) ? true : logs.includes(`-${column}`) ? false : null) : null);
    const { x, y, color } = this.chosen();
    [this.xAxis, this.yAxis, this.color] = [axis(x), axis(y), axis(color)];
    const place = (/** @type {any} */ row, /** @type {import("./axis.js").Axis | null} */ of) => {
      const value = of && held.value(row, of.column);
      return value === undefined || !of ? null : of.place(value);
    };
    this.dots = rows.flatMap((/** @type {any} */ row) => {
      const [left, up] = [place(row, this.xAxis), place(row, this.yAxis)];
      return left === null || up === null ? [] : [{ row, x: left, y: up, shade: place(row, this.color) }];
    });
    this.missing = rows.length - this.dots.length;
    this.x.say(this.xAxis?.label ?? "choose");
    this.y.say(this.yAxis?.label ?? "choose");
    this.by.say(this.color?.label ?? "none");
    for (const { side, box, label } of this.logs) {
      const of = side === "x" ? this.xAxis : this.yAxis;
      label.hidden = !of?.canLog;
      box.checked = of?.kind === "log";
    }
    fill(this.legend, this.color ? legendOf(this.color, shades(this.plane.isDark)).slice(1) : []);
    if (this.hovered) this.hovered = this.dots.find((dot) => dot.row.id === this.hovered.row.id) ?? null;
    this.tell();
    this.plane.again();
    if (this.details.open) this.paintTable();
  }

  /** @param {string} side @param {boolean} on */
  setLog(side, on) {
    const column = side === "x" ? this.chosen().x : this.chosen().y;
    const logs = (this.state.get("compareLogs") ?? []).filter((/** @type {string} */ each) => each !== column && each !== `-${column}`);
    this.state.set({ compareLogs: [...logs, on ? column : `-${column}`] });
  }

  tell() {
    const { xAxis, yAxis } = this;
    if (!xAxis || !yAxis) return text(this.says, "");
    const numeric = xAxis.kind !== "kind" && yAxis.kind !== "kind";
    const rho = numeric ? rankCorrelation(this.dots.map((dot) => dot.x), this.dots.map((dot) => dot.y)) : null;
    const parts = [];
    if (!this.dots.length) parts.push(`No experiment has both ${xAxis.label} and ${yAxis.label}.`);
    else if (rho !== null) parts.push(`Rank correlation ρ = ${number(Number(rho.toFixed(3)))} over n = ${count(this.dots.length)}. The line is the least squares fit${xAxis.kind === "log" || yAxis.kind === "log" ? " on these axes" : ""}; an association, not a cause.`);
    else if (numeric) parts.push(this.dots.length < 3 ? `${plural(this.dots.length, "experiment")}: a correlation needs three.` : "One of the two is the same in all experiments: no correlation.");
    else parts.push(`n = ${count(this.dots.length)}.`);
    if (this.missing) parts.push(`${plural(this.missing, "experiment")} ${this.missing === 1 ? "lacks" : "lack"} one of the two, or it is not finite.`);
    text(this.says, parts.join(" "));
    this.rho = rho;
    return undefined;
  }

  // Drawing

  /** @param {number} place */
  left(place) {
    return LEFT + 8 + place * (this.plane.width - LEFT - RIGHT - 16);
  }

  /** @param {number} place */
  top(place) {
    return this.plane.height - BOTTOM - 8 - place * (this.plane.height - TOP - BOTTOM - 16);
  }

  draw() {
    const { plane, xAxis, yAxis } = this;
    const g = plane.clear(plane.base);
    if (!xAxis || !yAxis) return;
    const { ink, width, height } = plane;
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
    this.fit(g);
    const colors = shades(plane.isDark);
    const radius = this.dots.length > 2000 ? 2.5 : this.dots.length > 300 ? 3.5 : 5;
    g.globalAlpha = this.dots.length > 2000 ? 0.5 : 0.85;
    for (const dot of this.dots) {
      g.fillStyle = this.color ? colorAt(this.color, dot.shade, colors, ink.of("--control"), (name) => ink.of(name)) : ink.of("--s1");
      g.beginPath();
      g.arc(this.left(dot.x), this.top(dot.y), radius, 0, 7);
      g.fill();
    }
    g.globalAlpha = 1;
    this.overlay();
  }

  /** The least squares line on these axes. @param {CanvasRenderingContext2D} g */
  fit(g) {
    if (this.rho === null || this.rho === undefined || this.dots.length < 3) return;
    const n = this.dots.length;
    const [mx, my] = [this.dots.reduce((sum, dot) => sum + dot.x, 0) / n, this.dots.reduce((sum, dot) => sum + dot.y, 0) / n];
    let [xy, xx] = [0, 0];
    for (const { x, y } of this.dots) {
      xy += (x - mx) * (y - my);
      xx += (x - mx) ** 2;
    }
    if (!xx) return;
    g.save();
    g.beginPath();
    g.rect(LEFT, TOP, this.plane.width - LEFT - RIGHT, this.plane.height - TOP - BOTTOM);
    g.clip();
    g.strokeStyle = this.plane.ink.of("--soft");
    g.setLineDash([6, 4]);
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(this.left(0), this.top(my - (xy / xx) * mx));
    g.lineTo(this.left(1), this.top(my + (xy / xx) * (1 - mx)));
    g.stroke();
    g.restore();
    g.setLineDash([]);
  }

  overlay() {
    const g = this.plane.clear(this.plane.over);
    const hot = this.hovered ?? this.dots.find((dot) => dot.row.id === this.state.get("hot"));
    if (!hot) return;
    g.strokeStyle = this.plane.ink.of("--text");
    g.lineWidth = 2;
    g.beginPath();
    g.arc(this.left(hot.x), this.top(hot.y), 8, 0, 7);
    g.stroke();
  }

  // Pointer and keys

  listen() {
    const { plane } = this;
    const over = eachFrame(() => this.overlay());
    const point = (/** @type {any} */ dot) => {
      if (dot === this.hovered) return;
      this.hovered = dot;
      over();
      plane.root.style.cursor = dot ? "pointer" : "";
      plane.say(dot ? this.left(dot.x) : 0, dot ? this.top(dot.y) : 0, dot && tipOf(dot.row, this.pairs(dot.row), this.color ? colorAt(this.color, dot.shade, shades(plane.isDark), "var(--soft)") : "var(--s1)"));
    };
    plane.root.addEventListener("pointermove", (event) => {
      const [x, y] = plane.at(event);
      let [best, near] = [/** @type {any} */ (null), HIT];
      for (const dot of this.dots) {
        const away = Math.hypot(this.left(dot.x) - x, this.top(dot.y) - y);
        if (away < near) [best, near] = [dot, away];
      }
      point(best);
    });
    plane.root.addEventListener("pointerleave", () => point(null));
    plane.root.addEventListener("blur", () => point(null));
    plane.root.addEventListener("click", () => this.hovered && this.parts.open(this.hovered.row.id));
    plane.root.addEventListener("keydown", (event) => {
      const by = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 })[event.key];
      if (event.key === "Enter" && this.hovered) return this.parts.open(this.hovered.row.id);
      if (!by || !this.dots.length) return undefined;
      event.preventDefault();
      const sorted = [...this.dots].sort((a, b) => a.x - b.x || a.y - b.y);
      const at = sorted.indexOf(this.hovered);
      const next = sorted[at < 0 ? (by > 0 ? 0 : sorted.length - 1) : Math.max(0, Math.min(sorted.length - 1, at + by))];
      point(next);
      text(this.here, `${next.row.name}: ${this.pairs(next.row).map(([name, value]) => `${name} ${value}`).join(", ")}`);
      return undefined;
    });
    this.state.follow(["hot"], () => this.root.hidden || over());
  }

  /** @param {any} row @returns {[string, string][]} */
  pairs(row) {
    const axes = [this.xAxis, this.yAxis, this.color].filter((axis, i, all) => axis && all.findIndex((other) => other?.column === axis.column) === i);
    return axes.map((axis) => {
      const value = this.parts.rows.value(row, /** @type {any} */ (axis).column);
      return [/** @type {any} */ (axis).label, value === undefined ? "–" : /** @type {any} */ (axis).words(value)];
    });
  }

  paintTable() {
    const axes = /** @type {import("./axis.js").Axis[]} */ ([this.xAxis, this.yAxis, this.color].filter(Boolean));
    const sorted = [...this.dots].sort((a, b) => b.y - a.y);
    fill(this.table, h("table", { class: "tk-plain" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "experiment"), axes.map((axis) => h("th", { scope: "col", class: axis.kind === "kind" ? null : "num" }, axis.label)))),
      h("tbody", null, sorted.slice(0, LISTED).map(({ row }) => h("tr", null, h("td", null, h("button", { class: "tk-link", on: { click: () => this.parts.open(row.id) } }, row.name)), axes.map((axis) => {
        const value = this.parts.rows.value(row, axis.column);
        return h("td", { class: axis.kind === "kind" ? null : "num" }, value === undefined ? "–" : axis.words(value));
      }))))), sorted.length > LISTED ? h("p", { class: "tk-compare-note" }, `${count(sorted.length - LISTED)} more: the CSV file has all.`) : null);
  }

  csv() {
    const axes = /** @type {import("./axis.js").Axis[]} */ ([this.xAxis, this.yAxis, this.color].filter(Boolean));
    return csvOf([["experiment_id", "name", ...axes.map((axis) => axis.column)], ...this.dots.map(({ row }) => [row.id, row.name, ...axes.map((axis) => this.parts.rows.value(row, axis.column))])]);
  }
}

/** @param {string} words @param {number} most */
const cut = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);
