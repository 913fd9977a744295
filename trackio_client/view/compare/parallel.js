// @ts-check
/** Every experiment as a line across axes of config and metrics. Ranges on axes choose among them, by dragging or by fields. */
import { eachFrame, fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton, openMenu } from "../base/menu.js";
import { kindOf } from "./axis.js";
import { csvOf, save } from "../base/files.js";
import { NEAR, ParallelLines, SIDE } from "./parallellines.js";
import { Plane, colorAt, legendOf, shades, tipOf } from "./plane.js";
import { RangeFields } from "./rangefields.js";
import { axisFor, loaded, ofButton } from "./choosing.js";
import { count, exact, number, plural } from "../base/words.js";

const AXES = 7; // at first
const MOST_TICKED = 50;
const LISTED = 100;

/** @typedef {{column: string, from?: number, to?: number, kinds?: string[]}} Range */

export class Parallel extends ParallelLines {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    super();
    this.root = root;
    this.parts = parts;
    this.state = parts.state;
    this.plane = new Plane({ label: "Parallel coordinates: a line an experiment. The fields below choose ranges by keyboard.", state: this.state, draw: () => this.draw() });
    this.names = h("div", { class: "tk-axis-names" });
    this.legend = h("div", { class: "tk-legend" });
    this.says = h("p", { class: "tk-compare-note", role: "status" });
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    const axes = h("button", { class: "tk-btn sm", "aria-haspopup": "listbox" }, icon("columns"), "Axes");
    axes.addEventListener("click", () => openMenu(axes, { title: "Axes", several: true, items: parts.rows.items(this.columns), choose: (column) => this.toggle(column) }));
    this.colorButton = menuButton({ label: "", title: "Lines are coloured by this axis", items: () => this.axes.map((axis) => ({ value: axis.column, label: axis.label, chosen: axis.column === this.colorBy() })), choose: (column) => this.state.set({ compareColor: column }) });
    this.of = ofButton(this.state);
    this.clear = h("button", { class: "tk-btn sm", on: { click: () => this.state.set({ compareRanges: [] }) } }, icon("close"), "Clear ranges");
    this.tick = h("button", { class: "tk-btn sm", title: `Show these in charts, at most ${MOST_TICKED}` }, "Tick these");
    this.tick.addEventListener("click", () => parts.experiments.tickOnly(this.inside().slice(0, MOST_TICKED).map(({ row }) => row.id)));
    const csv = h("button", { class: "tk-btn sm", title: "These experiments as a CSV file", on: { click: () => save(`${this.state.get("project")}-parallel.csv`, "text/csv", this.csv()) } }, icon("download"), "CSV");
    this.fields = new RangeFields({ set: (/** @type {string} */ column, /** @type {Range | null} */ range) => this.setRange(column, range), move: (/** @type {string} */ column, /** @type {number} */ by) => this.move(column, by), remove: (/** @type {string} */ column) => this.toggle(column) });
    this.table = h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Experiments within the ranges" });
    const details = h("details", { class: "tk-panel tk-as-table" }, h("summary", null, "As a table"), this.table);
    details.addEventListener("toggle", () => this.paintTable());
    this.details = details;
    fill(root, h("div", { class: "tk-compare-bar" }, this.of, axes, h("span", { class: "tk-control" }, h("span", null, "Colour"), this.colorButton), this.legend, h("span", { class: "tk-grow" }), this.clear, this.tick, csv), this.said,
      h("div", { class: "tk-panel tk-plane-panel" }, this.frame = h("div", { class: "tk-plane-frame" }, this.names, this.plane.root)), this.says,
      h("h2", { class: "tk-compare-h" }, "Ranges"), this.fields.root, details);
    this.listen();
    setInterval(() => document.hidden || root.hidden || this.state.get("view") !== "compare" || this.load(), 10_000);
  }

  get columns() {
    return this.state.get("compareAxes") ?? this.usual ?? [];
  }

  /** @param {Set<string>} keys */
  async update(keys) {
    if (keys.has("project")) this.usual = undefined;
    if (["project", "experiments", "comparePart", "compareAxes", "compareOf", "search", "metrics", "compareLogs"].some((key) => keys.has(key))) return this.load();
    // What the search compares comes after it was typed, as columns of the same rows.
    if (["compareRanges", "compareColor"].some((key) => keys.has(key)) || (keys.has("progress") && this.state.get("search"))) this.settle();
    this.plane.again();
    return undefined;
  }

  async load() {
    return loaded(this, async () => {
      if (!this.state.get("compareAxes") && !this.usual) {
        if (!this.state.get("metrics")) return null;
        this.usual = await this.parts.rows.usual(AXES);
      }
      return this.columns;
    });
  }

  colorBy() {
    const chosen = this.state.get("compareColor");
    return this.columns.includes(chosen) ? chosen : [...this.columns].reverse().find((column) => column.startsWith("metric:")) ?? this.columns.at(-1);
  }

  /** Axes and lines from the rows that are here. */
  settle() {
    const { rows: held } = this.parts;
    const rows = held.rows(this.state.get("compareOf"));
    this.axes = this.columns.map((column) => axisFor(this.parts, rows, column));
    const color = this.colorAxis();
    const ranges = this.ranges();
    this.lines = rows.map((/** @type {any} */ row) => {
      const values = this.axes.map((axis) => held.value(row, axis.column));
      const places = this.axes.map((axis, i) => (values[i] === undefined ? null : axis.place(values[i])));
      const isIn = [...ranges].every(([column, range]) => {
        const i = this.axes.findIndex((axis) => axis.column === column);
        return i < 0 || within(values[i], range);
      });
      return { row, places, shade: color ? color.place(held.value(row, color.column)) : null, isIn };
    });
    this.frame.style.setProperty("--least", `${Math.max(1, this.axes.length - 1) * 96 + 2 * SIDE}px`);
    this.fields.paint(this.axes, ranges);
    this.colorButton.say(color?.label ?? "none");
    fill(this.legend, legendOf(color, shades(this.plane.isDark)).slice(1));
    this.paintNames();
    this.tell();
    this.plane.again();
    if (this.details.open) this.paintTable();
  }

  /** @returns {Map<string, Range>} */
  ranges() {
    const found = new Map();
    for (const entry of this.state.get("compareRanges") ?? []) {
      try {
        const [column, from, to] = JSON.parse(entry);
        if (typeof column !== "string") continue;
        if (Array.isArray(from)) found.set(column, { column, kinds: from.map(String) });
        else if (Number.isFinite(from ?? 0) && Number.isFinite(to ?? 0)) found.set(column, { column, from: from ?? undefined, to: to ?? undefined });
      } catch {
        // A cut or foreign address: the range is left out, the fields show none.
      }
    }
    return found;
  }

  /** @param {string} column @param {Range | null} range */
  setRange(column, range) {
    const ranges = this.ranges();
    if (range) ranges.set(column, range);
    else ranges.delete(column);
    this.state.set({ compareRanges: [...ranges.values()].map(({ column: name, from, to, kinds }) => JSON.stringify(kinds ? [name, kinds] : [name, from ?? null, to ?? null])) });
  }

  colorAxis() {
    return this.axes.find((axis) => axis.column === this.colorBy()) ?? null;
  }

  /** "min" or "max" of the metric that colours. @returns {string | null | undefined} */
  goal() {
    const column = this.colorBy();
    return (this.state.get("metrics") ?? []).find((/** @type {any} */ each) => `metric:${each.metric}` === column)?.goal;
  }

  tell() {
    const inside = this.inside();
    const chosen = this.ranges().size > 0;
    this.clear.hidden = this.tick.hidden = !chosen;
    const color = this.colorAxis();
    const goal = this.goal();
    const valued = color ? inside.map((line) => ({ line, value: this.parts.rows.value(line.row, color.column) })).filter(({ value }) => Number.isFinite(value)) : [];
    const best = goal && valued.length ? valued.reduce((a, b) => ((goal === "min" ? b.value < a.value : b.value > a.value) ? b : a)) : null;
    const lacking = color && color.kind !== "kind" ? inside.length - valued.length : 0;
    const parts = [chosen ? `${count(inside.length)} of ${plural(this.lines.length, "experiment")} lie within the ranges.` : `${plural(this.lines.length, "experiment")}. Drag along an axis to choose a range, drag its name to move it.`];
    if (best) parts.push(`Best ${color?.label}: ${number(best.value)}, ${best.line.row.name}.`);
    if (lacking) parts.push(`${count(lacking)} have no ${color?.label} and are grey.`);
    text(this.says, parts.join(" "));
  }

  // Axes

  /** @param {string} column */
  toggle(column) {
    const now = this.columns;
    const columns = now.includes(column) ? now.filter((/** @type {string} */ each) => each !== column) : [...now, column];
    if (columns.length < 2) return;
    if (!columns.includes(column)) this.setRange(column, null);
    this.state.set({ compareAxes: columns });
  }

  /** @param {string} column @param {number} by */
  move(column, by) {
    const columns = [...this.columns];
    const at = columns.indexOf(column);
    const to = Math.max(0, Math.min(columns.length - 1, at + by));
    columns.splice(to, 0, ...columns.splice(at, 1));
    this.state.set({ compareAxes: columns });
  }

  /** @param {import("./axis.js").Axis} axis */
  turnLog(axis) {
    const logs = (this.state.get("compareLogs") ?? []).filter((/** @type {string} */ each) => each !== axis.column && each !== `-${axis.column}`);
    this.state.set({ compareLogs: [...logs, axis.kind === "log" ? `-${axis.column}` : axis.column] });
  }

  paintNames() {
    const key = JSON.stringify(this.axes.map((axis) => [axis.column, axis.kind, axis.canLog]));
    if (key === this.namesKey) return;
    this.namesKey = key;
    fill(this.names, this.axes.map((axis, i) => {
      const button = h("button", { class: "tk-axis-name", "aria-haspopup": "listbox", title: `${axis.label}: drag to move, press for more`, style: { "--at": String(this.axes.length > 1 ? i / (this.axes.length - 1) : 0) } }, h("span", null, axis.label), axis.kind === "log" ? h("small", null, "log") : null);
      this.dragName(button, axis, i);
      return button;
    }));
  }

  /** @param {HTMLElement} button @param {import("./axis.js").Axis} axis @param {number} i */
  dragName(button, axis, i) {
    let begun = /** @type {number | null} */ (null);
    let moved = false;
    button.addEventListener("pointerdown", (event) => {
      begun = event.clientX;
      moved = false;
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (begun === null) return;
      const by = event.clientX - begun;
      if (Math.abs(by) > 4) moved = true;
      if (moved) button.style.translate = `${by}px 0`;
    });
    const end = (/** @type {PointerEvent} */ event) => {
      if (begun === null) return;
      const gap = (this.plane.width - 2 * SIDE) / Math.max(1, this.axes.length - 1);
      const by = Math.round((event.clientX - begun) / gap);
      begun = null;
      button.style.translate = "";
      if (moved && by) this.move(axis.column, by);
    };
    button.addEventListener("pointerup", end);
    button.addEventListener("pointercancel", end);
    button.addEventListener("click", () => {
      if (moved) return;
      const items = [axis.canLog ? { value: "log", label: axis.kind === "log" ? "Linear axis" : "Logarithmic axis" } : null, { value: "color", label: "Colour lines by this" }, i ? { value: "left", label: "Move left" } : null, i < this.axes.length - 1 ? { value: "right", label: "Move right" } : null, this.axes.length > 2 ? { value: "remove", label: "Remove the axis" } : null];
      openMenu(button, {
        title: axis.label, items: /** @type {any} */ (items.filter(Boolean)),
        choose: (what) => (what === "log" ? this.turnLog(axis) : what === "color" ? this.state.set({ compareColor: axis.column }) : what === "remove" ? this.toggle(axis.column) : this.move(axis.column, what === "left" ? -1 : 1)),
      });
    });
  }

  // Pointer

  listen() {
    const { plane } = this;
    const over = eachFrame(() => this.overlay());
    plane.root.addEventListener("pointerdown", (event) => {
      const [x, y] = plane.at(event);
      const axis = this.axes.findIndex((_, i) => Math.abs(this.x(i) - x) < NEAR);
      if (axis < 0 || event.button) return;
      event.preventDefault();
      plane.root.setPointerCapture(event.pointerId);
      const from = this.placeAt(y);
      this.drag = { axis, from, to: from, y };
    });
    plane.root.addEventListener("pointermove", (event) => {
      const [x, y] = plane.at(event);
      if (this.drag) {
        this.drag.to = this.placeAt(y);
        return over();
      }
      plane.root.style.cursor = this.axes.some((_, i) => Math.abs(this.x(i) - x) < NEAR) ? "ns-resize" : "";
      const hit = this.hit(x, y);
      if (hit !== this.hovered) {
        this.hovered = hit;
        over();
      }
      plane.say(x, y, hit && tipOf(hit.row, this.axes.map((axis) => /** @type {[string, string]} */ ([axis.label, this.words(hit.row, axis)])), colorAt(this.colorAxis(), hit.shade, shades(plane.isDark), "var(--soft)")));
      return undefined;
    });
    const end = (/** @type {PointerEvent} */ event) => {
      if (!this.drag) {
        if (event.type === "pointerup" && event.button === 0 && this.hovered) this.parts.open(this.hovered.row.id);
        return;
      }
      const { axis: i, from, to, y } = this.drag;
      this.drag = undefined;
      const axis = this.axes[i];
      if (event.type === "pointercancel" || Math.abs(plane.at(event)[1] - y) < 4) return void (this.setRange(axis.column, null), this.overlay());
      const [low, high] = [Math.min(from, to), Math.max(from, to)];
      if (axis.kind === "kind") this.setRange(axis.column, { column: axis.column, kinds: axis.kinds.filter((_, k) => (k + 0.5) / axis.kinds.length >= low && (k + 0.5) / axis.kinds.length <= high) });
      else this.setRange(axis.column, { column: axis.column, from: rounded(axis.value(low), low <= 0 ? axis.low : null, axis), to: rounded(axis.value(high), high >= 1 ? axis.high : null, axis) });
    };
    plane.root.addEventListener("pointerup", end);
    plane.root.addEventListener("pointercancel", end);
    plane.root.addEventListener("pointerleave", () => {
      this.hovered = null;
      plane.say(0, 0, null);
      over();
    });
    this.state.follow(["hot"], () => this.root.hidden || over());
  }

  /** @param {any} row @param {import("./axis.js").Axis} axis */
  words(row, axis) {
    const value = this.parts.rows.value(row, axis.column);
    return value === undefined ? "–" : axis.words(value);
  }

  // Words and files

  paintTable() {
    const color = this.colorAxis();
    const goal = this.goal();
    const value = (/** @type {any} */ line) => (color ? color.place(this.parts.rows.value(line.row, color.column)) ?? Infinity : 0);
    const sorted = [...this.inside()].sort((a, b) => (goal === "max" ? value(b) - value(a) : value(a) - value(b)));
    fill(this.table, h("table", { class: "tk-plain" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "experiment"), this.axes.map((axis) => h("th", { scope: "col", class: axis.kind === "kind" ? null : "num" }, axis.label)))),
      h("tbody", null, sorted.slice(0, LISTED).map(({ row }) => h("tr", null, h("td", null, h("button", { class: "tk-link", on: { click: () => this.parts.open(row.id) } }, row.name)), this.axes.map((axis) => h("td", { class: axis.kind === "kind" ? null : "num" }, this.words(row, axis))))))),
    sorted.length > LISTED ? h("p", { class: "tk-compare-note" }, `${count(sorted.length - LISTED)} more: the CSV file has all.`) : null);
  }

  csv() {
    return csvOf([["experiment_id", "name", ...this.axes.map((axis) => axis.column)], ...this.inside().map(({ row }) => [row.id, row.name, ...this.axes.map((axis) => this.parts.rows.value(row, axis.column))])]);
  }
}

/** @param {any} value @param {Range} range */
function within(value, { from, to, kinds }) {
  if (value === undefined) return false;
  if (kinds) return kinds.includes(kindOf(value));
  return typeof value === "number" && value >= (from ?? -Infinity) && value <= (to ?? Infinity);
}

/** A bound without figures that nobody meant: to a thousandth of what the axis spans. @param {number} value @param {number | null} end @param {{low: number, high: number}} axis */
function rounded(value, end, { low, high }) {
  if (end !== null) return Number(exact(end));
  const figures = 3 + Math.floor(Math.log10(Math.abs(value) || 1)) - Math.floor(Math.log10(Math.abs(high - low) || 1));
  return Number(value.toPrecision(Math.min(15, Math.max(3, figures))));
}
