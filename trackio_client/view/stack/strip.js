// @ts-check
/**
 * One plot of a stack: lines, rows of cells or shares of a whole, over the x axis that all of the stack share. Pointer and
 * keys are those of every chart (charts/zoom.js): what it asks of a chart, a strip has.
 */
import { fill, h, text } from "../base/dom.js";
import { paintAxes } from "../charts/axes.js";
import { tableOf } from "../charts/figures.js";
import { makeView, paintLine, rimmedDot, toX, toY } from "../charts/lines.js";
import { paintNotes as paintLeftOut } from "../charts/notes.js";
import { span, within, yRange } from "../charts/range.js";
import { ownOf, setOwn } from "../charts/settings.js";
import { listen } from "../charts/zoom.js";
import { icon } from "../base/icons.js";
import { count, number } from "../base/words.js";
import { paintAhead, paintGap, paintNames, paintNotes, paintRows, paintShares, roomFor } from "./painters.js";
import { seriesOf, typical, valueNear } from "./points.js";

const FOOT = 29; // pixels for the x axis below the last strip
const EDGE = 8; // below the others: the lowest number of the y axis stands on its line
const MANY = 4;

/**
 * @typedef {import("../charts/lines.js").Line} Line
 * @typedef {Pick<Line, "id" | "name" | "color" | "dash" | "live" | "series"> & {whole?: import("../charts/frames.js").Series, smooth?: boolean}} Drawn `color`: a CSS variable
 * @typedef {{key: string, title: string, hover?: string, unit?: string | null, height?: number, lines?: Drawn[],
 *   rows?: import("./painters.js").Row[], rowHeight?: number, low?: number, high?: number,
 *   parts?: {name: string, color: string}[], shares?: {x: Float64Array, shares: Float64Array[], n: number} | null,
 *   gap?: {low: string, high: string, from: number | null} | null, notes?: {x: number, y: number, words: string}[], isNamed?: boolean,
 *   smoothing?: import("../charts/smoothing.js").Smoothing, format?: (value: number) => string, range?: [number, number] | null, clip?: boolean, hasAxis?: boolean, none?: string, words?: string}} Spec
 *   `range`: fixed ends of the y axis; `hasAxis`: with the numbers of the x axis, which the last strip has anyhow; `none`: said where there is nothing to draw; `words`: what it shows, for who cannot see it
 */

export class Strip {
  /** @param {any} host the stack @param {Spec} spec */
  constructor(host, spec) {
    this.host = host;
    this.spec = spec;
    /** @type {Line[]} */ this.lines = [];
    /** @type {import("../charts/lines.js").View | null} */ this.view = null;
    this.clusters = [];
    /** @type {{a: [number, number], b: [number, number], both: boolean} | null} */ this.selection = null;
    this.cursorX = /** @type {number | null} */ (null);
    this.hot = /** @type {string | null} */ (null);
    this.zoomY = /** @type {[number, number] | null} */ (null);
    /** @type {import("../charts/range.js").Range | null} */ this.range = null;
    this.asTable = false;
    this.tableKey = "";
    this.isLast = false;
    this.width = 0;
    this.headKey = "";
    this.title = h("h3", null, spec.title);
    this.unit = h("span", { class: "tk-soft" });
    this.values = h("span", { class: "tk-strip-values" });
    this.plot = h("div", { class: "tk-plot tk-strip-plot", tabindex: "0", role: "application", "aria-roledescription": "chart" });
    this.more = h("button", { class: "tk-chart-more", "aria-label": `Menu of ${spec.title}`, title: "Zoom, log scale, full screen, table", "aria-haspopup": "listbox", on: { click: () => this.host.menu(this, this.more) } }, icon("more"));
    this.tableNode = h("div", { class: "tk-chart-table tk-strip-table", hidden: true, tabindex: "0" });
    this.tableNode.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.host.table(this);
    });
    this.node = h("section", { class: "tk-strip", data: { strip: spec.key } }, h("header", { class: "tk-strip-head" }, this.title, this.unit, this.values, this.more), this.plot, this.tableNode);
    this.canvases = ["lines", "top"].map((name) => h("canvas", { class: `tk-canvas tk-canvas-${name}`, "aria-hidden": "true" }));
    this.note = h("p", { class: "tk-strip-none", hidden: true });
    this.plot.append(...this.canvases, this.note);
    this.plot.addEventListener("focus", () => this.plot.setAttribute("aria-label", this.describe()));
    this.update(spec);
    listen(/** @type {any} */ (this));
  }

  /** @param {Spec} spec */
  update(spec) {
    this.spec = spec;
    text(this.title, spec.title);
    this.title.title = spec.hover ?? spec.title;
    text(this.unit, spec.unit ?? "");
    this.plot.setAttribute("aria-label", document.activeElement === this.plot ? this.describe() : spec.title);
  }

  /** Height of the plot's box, pixels. */
  get high() {
    const { rows, rowHeight = 14, height = 96 } = this.spec;
    return (rows ? rows.length * rowHeight + 6 : height) + this.foot;
  }

  /** Room below the plot: for the numbers of the x axis, where they stand. */
  get foot() {
    return this.isLast || this.spec.hasAxis ? FOOT : EDGE;
  }

  /** Whether the y axis is logarithmic: as the address says, as of charts. */
  get log() {
    return Boolean(this.spec.lines) && (ownOf(this.host.state, this.host.ownKey(this)).log ?? false);
  }

  set log(/** @type {boolean} */ on) {
    setOwn(this.host.state, this.host.ownKey(this), { log: on || undefined });
  }

  get domain() {
    return this.host.zoomed ?? this.host.domain;
  }

  /** What charts/zoom.js asks of a chart's model. */
  get model() {
    return { domain: this.host.domain, zoom: this.host.zoomed, x: this.host.x };
  }

  draw() {
    if (this.asTable) return this.drawTable();
    if (!this.width) return;
    const { spec, host } = this;
    const { ink } = host;
    const high = this.high;
    this.plot.style.height = `${high}px`;
    const [x0, x1] = this.domain;
    this.lines = (spec.lines ?? []).map((line) => {
      const { series, whole = series, smooth = true } = line;
      const [i0, i1] = span(series, x0, x1);
      const values = smooth && spec.smoothing ? series.line(spec.smoothing, whole) : series.mean;
      return { ...line, color: ink.of(line.color), xs: series.x, low: series.low, high: series.high, values, i0, i1 };
    });
    const pieces = this.lines.map((line) => {
      const [i0, i1] = within(line.series, x0, x1);
      return { series: line.series, values: line.values, i0, i1 };
    });
    const isEmpty = !this.lines.some(({ i0, i1 }) => i1 > i0) && !spec.rows?.length && !spec.shares?.n;
    this.note.hidden = !isEmpty;
    text(this.note, isEmpty ? (spec.none ?? "No value yet.") : "");
    const isCells = Boolean(spec.rows ?? spec.shares);
    const range = isCells ? { y0: 0, y1: 100, above: 0, below: 0, low: 0, high: 0, hidden: 0, places: false } : this.#range(pieces);
    this.range = range;
    const right = spec.isNamed ? roomFor(this.lines.map(({ name }) => name), ink, this.width) : 14;
    const T = isCells ? 2 : 6;
    const B = high - this.foot;
    this.view = makeView({ L: host.left, R: this.width - right, T, B, x0, x1, y0: range.y0, y1: range.y1, log: this.log, ratio: host.ratio });
    const g = this.#clear(this.canvases[0]);
    this.#ground(g, isCells && !spec.shares);
    g.save();
    g.beginPath();
    g.rect(spec.rows ? 0 : this.view.L, 0, spec.rows ? this.view.R : this.view.R - this.view.L + 4, B + 1);
    g.clip();
    if (host.ahead) paintAhead(g, this.view, host.ahead, ink, this === host.strips[0]);
    if (spec.rows) paintRows(g, this.view, spec.rows, { low: spec.low ?? 0, high: spec.high ?? 100, height: spec.rowHeight ?? 14, dark: host.isDark, ink });
    if (spec.shares) paintShares(g, this.view, (spec.parts ?? []).map(({ color }) => ({ color: ink.of(color) })), spec.shares, 3.5 * typical(/** @type {any} */ (spec.shares)));
    const [low, top] = [this.lines.find(({ id }) => id === spec.gap?.low), this.lines.find(({ id }) => id === spec.gap?.high)];
    if (low && top) paintGap(g, this.view, low, top, ink.of("--warn"), spec.gap?.from ?? null);
    const smoothed = (spec.smoothing?.amount ?? 0) > 0;
    for (const line of this.lines) paintLine(g, this.view, line, { many: this.lines.length > MANY && !spec.isNamed, hot: false, band: this.lines.length <= MANY, smoothed });
    if (spec.notes) paintNotes(g, this.view, spec.notes, ink, range.above > 0 || this.lines.some(({ series }) => series.odd() > 0));
    g.restore();
    this.overlay();
  }

  /** The y range: of a few lines each is seen in its own right, so that the outliers of one are not the other's curve.
   * @param {import("../charts/range.js").Piece[]} pieces @returns {import("../charts/range.js").Range} */
  #range(pieces) {
    const { spec } = this;
    const how = { clip: spec.clip !== false, log: this.log, unit: spec.unit ?? null, fixed: this.zoomY ?? spec.range ?? null };
    const seen = pieces.filter(({ i0, i1 }) => i1 > i0);
    if (how.fixed || seen.length < 2 || seen.length > MANY) return yRange(pieces, how);
    const own = seen.map((piece) => yRange([piece], how));
    const ends = /** @type {[number, number]} */ ([Math.min(...own.map(({ y0 }) => y0)), Math.max(...own.map(({ y1 }) => y1))]);
    return yRange(pieces, { ...how, fixed: ends }); // what lies outside of it is counted of all
  }

  /** Axes; of rows only the x axis, for their names stand where values would. @param {CanvasRenderingContext2D} g @param {boolean} isRows */
  #ground(g, isRows) {
    const v = /** @type {import("../charts/lines.js").View} */ (this.view);
    const { ink, x } = this.host;
    if (!isRows) return paintAxes(g, v, { x, ink });
    g.save();
    g.beginPath();
    g.rect(v.L - 4, v.B - 1, this.width, EDGE); // the line and its ticks; left of it the y axis of other strips has its numbers
    g.rect(0, v.B + EDGE - 1, this.width, FOOT);
    g.clip();
    paintAxes(g, v, { x, ink });
    g.restore();
  }

  /** @param {HTMLCanvasElement} canvas */
  #clear(canvas) {
    const { ratio } = this.host;
    const [w, high] = [Math.round(this.width * ratio), Math.round(this.high * ratio)];
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    if (canvas.width !== w || canvas.height !== high) (canvas.width = w), (canvas.height = high);
    else g.setTransform(1, 0, 0, 1, 0, 0), g.clearRect(0, 0, w, high);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    return g;
  }

  /** What moves: the line under the pointer, live ends, selection, cursor; and names, which dim with their lines. */
  overlay() {
    const { view: v, host, spec } = this;
    if (!v || this.asTable) return;
    const { ink } = host;
    const g = this.#clear(this.canvases[1]);
    g.font = ink.font;
    g.textBaseline = "middle";
    const hot = this.lines.find((line) => line.id === this.hot) ?? null;
    this.canvases[0].style.opacity = hot && this.lines.length > 1 ? "0.35" : "";
    const panel = ink.of("--panel");
    if (hot) {
      g.save();
      g.beginPath();
      g.rect(v.L, 0, v.R - v.L + 4, v.B + 1);
      g.clip();
      paintLine(g, v, hot, { many: false, hot: true, band: true, smoothed: (spec.smoothing?.amount ?? 0) > 0 });
      g.restore();
      g.globalAlpha = 1;
    }
    for (const line of this.lines) {
      const i = line.live ? line.series.n - 1 : -1;
      if (i >= 0 && line.series.x[i] <= v.x1 && Number.isFinite(line.values[i])) rimmedDot(g, toX(v, line.series.x[i]), toY(v, line.values[i]), line.color, panel);
    }
    if (this.lines.length && this.range) paintLeftOut(g, v, this.lines, { range: this.range, isZoomed: this.zoomY !== null, ink, x: host.x });
    if (spec.isNamed) paintNames(g, v, this.lines, ink, this.lines.length > 1 && hot ? this.hot : null, this.width);
    this.#select(g, v);
    this.#cursor(g, v, panel);
    this.head();
  }

  /** @param {CanvasRenderingContext2D} g @param {import("../charts/lines.js").View} v */
  #select(g, v) {
    if (!this.selection) return;
    const { a, b } = this.selection;
    const [left, right] = [Math.max(v.L, Math.min(a[0], b[0])), Math.min(v.R, Math.max(a[0], b[0]))];
    g.fillStyle = g.strokeStyle = this.host.ink.of("--accent");
    g.globalAlpha = 0.12;
    g.fillRect(left, v.T - 4, right - left, v.B - v.T + 4);
    g.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} g @param {import("../charts/lines.js").View} v @param {string} panel */
  #cursor(g, v, panel) {
    if (this.cursorX === null) return;
    const x = toX(v, this.cursorX);
    if (x < v.L - 0.5 || x > v.R + 0.5) return;
    g.strokeStyle = this.host.ink.of("--soft");
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(Math.round(x) + 0.5, 0);
    g.lineTo(Math.round(x) + 0.5, v.B + (this.foot === FOOT ? 0 : EDGE));
    g.stroke();
    for (const { line, index, value } of this.valuesAt(this.cursorX)) {
      const y = toY(v, value);
      if (y >= v.T - 3 && y <= v.B + 3) rimmedDot(g, toX(v, line.series.x[index]), y, line.color, panel);
    }
  }

  /** What each line says near x. @param {number} x */
  valuesAt(x) {
    const found = [];
    const [x0, x1] = this.domain;
    for (const line of this.lines) {
      const { series } = line;
      const index = series.nearest(x);
      const near = 0.01 * (x1 - x0);
      if (index < 0 || x < series.x[0] - near || x > series.x[series.n - 1] + near) continue;
      const value = line.values[index];
      if (Number.isFinite(value) && !(this.log && value <= 0)) found.push({ line, index, value, raw: series.mean[index] });
    }
    return found;
  }

  /** The values at the cursor, else the last ones: beside the title, where they cover nothing. */
  head() {
    const { spec } = this;
    const format = spec.format ?? number;
    const at = this.cursorX;
    /** @type {[string, string, string][]} */ let told = [];
    if (spec.shares && spec.parts) {
      const { x, shares, n } = spec.shares;
      let i = n - 1;
      if (at !== null) for (i = 0; i < n - 1 && x[i] < at; i++);
      told = spec.parts.map(({ name, color }, k) => [name, color, n ? `${number(Math.round(shares[k][i] * 10) / 10)}` : "–"]);
    } else if (spec.lines && !spec.isNamed) {
      const here = at === null ? null : new Map(this.valuesAt(at).map(({ line, value }) => [line.id, value]));
      told = spec.lines.map((line) => [line.name, line.color, wordOf(here ? (here.get(line.id) ?? null) : line.series.last(), format)]);
    } else if (spec.isNamed && at !== null) {
      const hot = this.lines.find(({ id }) => id === this.hot);
      const value = hot && this.valuesAt(at).find(({ line }) => line === hot)?.value;
      if (hot && value !== undefined) told = [[hot.name, spec.lines?.find(({ id }) => id === hot.id)?.color ?? "", format(value)]];
    }
    if (spec.rows && at !== null) told = spec.rows.map(({ name, series }) => [name, "", series ? wordOf(valueNear(series, at, 1.75 * typical(series)), rounded) : "–"]);
    const isScale = Boolean(spec.rows) && at === null;
    const key = JSON.stringify([told, isScale && [spec.low, spec.high]]);
    if (key === this.headKey) return;
    this.headKey = key;
    if (isScale) return void fill(this.values, h("span", { class: "tk-heat-scale" }, number(spec.low ?? 0), h("i", null), number(spec.high ?? 100)));
    fill(this.values, told.slice(0, 8).map(([name, color, words]) => h("span", { title: name }, color ? h("i", { class: "tk-swatch", style: { "--c": `var(${color})` } }) : null, told.length > 1 || spec.isNamed ? h("span", { class: "tk-soft" }, name) : null, h("b", null, words))));
  }

  /** What it draws as lines of a table: curves, rows of cells, parts of a whole. @returns {{id: string, name: string, color: string, dash: number[], whole: import("../charts/frames.js").Series}[]} */
  tableLines() {
    const { lines, rows, parts, shares } = this.spec;
    if (lines) return lines.map(({ id, name, color, dash, series, whole = series }) => ({ id, name, color: `var(${color})`, dash, whole }));
    if (rows) return rows.flatMap(({ name, series }) => (series ? [{ id: name, name, color: "transparent", dash: [], whole: series }] : []));
    return (parts ?? []).flatMap(({ name, color }, k) => (shares ? [{ id: name, name, color: `var(${color})`, dash: [], whole: seriesOf(name, shares.x.subarray(0, shares.n), shares.shares[k].subarray(0, shares.n)) }] : []));
  }

  /** @param {boolean} on */
  showTable(on) {
    this.asTable = on;
    this.plot.hidden = on;
    this.tableNode.hidden = !on;
    this.tableKey = "";
  }

  drawTable() {
    const { spec, host } = this;
    const lines = this.tableLines();
    const key = JSON.stringify([host.x, spec.unit, lines.map(({ name, color, whole }) => [name, color, whole.n, whole.version, whole.last()])]);
    if (key === this.tableKey) return; // what the reader has selected there stays selected
    this.tableKey = key;
    tableOf(this.tableNode, { metric: spec.title, unit: spec.unit, group: "" }, lines, host.x, { of: spec.rows ? "device" : spec.shares !== undefined ? "part" : "curve" });
  }

  describe() {
    const { spec, host } = this;
    const left = this.leftOut();
    if (spec.words) return `${spec.title}: ${spec.words}${left ? `. ${left}` : ""}`;
    const lines = this.tableLines().map(({ name, whole }) => `${name}: ${whole.last() === null ? "no number" : `first ${number([...whole.mean.subarray(0, whole.n)].find(Number.isFinite) ?? NaN)}, last ${number(whole.last())}`}`);
    return `${spec.title}, against ${host.x}. ${[lines.join("; ") || (spec.none ?? ""), left].filter(Boolean).join(". ")}. Arrow keys move the cursor, plus and minus zoom, 0 goes back, t shows a table.`;
  }

  /** In words what could not be drawn. */
  leftOut() {
    const odd = this.tableLines().reduce((sum, { whole }) => sum + whole.odd(), 0);
    const { above = 0, below = 0, hidden = 0 } = this.range ?? {};
    return [odd && `${count(odd)} NaN or infinite`, above && `${count(above)} above the range`, hidden ? `${count(hidden)} not above 0` : below && `${count(below)} below the range`].filter(Boolean).join(", ");
  }
}

/** @param {number} value */
const rounded = (value) => number(Number(value.toPrecision(3)));

/** @param {number | null} value @param {(value: number) => string} format */
const wordOf = (value, format) => (value === null || !Number.isFinite(value) ? "–" : format(value));
