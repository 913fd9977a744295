// @ts-check
/**
 * One chart: a head, a plot of three canvases, one above the other – ground (axes), lines, and what moves (cursor,
 * marks, live ends, the highlighted line) – so that a moving pointer never paints lines again.
 *
 * The grid gives it a model and calls `draw`; the chart reports what a person does through `host`.
 */
import { h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { GroupSeries } from "./averages.js";
import { paintAxes } from "./axes.js";
import { makeView, paintLine, rimmedDot, toX, toY } from "./lines.js";
import { calmClusters, paintMarks } from "./marks.js";
import { outside, span, within, yRange } from "./range.js";
import { headValues, inWords } from "./head.js";
import { Standing } from "./standing.js";
import { paintNotes } from "./notes.js";
import { paintReplaced, replacedSaid, replacedTable } from "./replaced.js";
import { listen } from "./zoom.js";
import { isSchedule, titleOf } from "./order.js";
import { tableOf } from "./figures.js";

const MANY = 4; // lines; above it bands and raw lines step back
const FACET_BESIDE = 20; // letters of a facet that stand beside the name of the metric; more get a line of their own
const CROWD = 16; // lines; above it they would be one grey, and only needles still tell extremes

/**
 * @typedef {import("./lines.js").Line} Line
 * @typedef {import("./lines.js").View} View
 * @typedef {{metric: string, group: string, title?: string, unit?: string | null, goal?: "min" | "max" | null,
 *   step_metric?: string | null, experiments?: number, names?: string[], tree?: import("./expression.js").Tree | null,
 *   error?: string, lacking?: string[], ranked?: boolean}} Metric `names` and `tree` of a derived one
 *
 * @typedef {Object} Model all that a chart draws
 * @property {import("./models.js").Drawn[]} lines `series` is drawn; `whole` is not zoomed
 * @property {string} x kind of axis @property {[number, number]} domain of all charts on this axis
 * @property {[number, number] | null} zoom @property {[number, number] | null} zoomY @property {import("./smoothing.js").Smoothing} smoothing
 * @property {boolean} logY @property {boolean} logX @property {import("./settings.js").Own} own @property {boolean} band @property {boolean} clip
 * @property {import("./marks.js").Mark[]} marks @property {(mark: import("./marks.js").Mark) => number | null} place
 * @property {number} shown experiments that are ticked
 * @property {{waiting: boolean, error: any}} status @property {number} others experiments not shown that have it
 * @property {import("./replaced.js").Branch[]} [replaced] what resumes logged again, where the reader asked for it
 * @property {string | null} [lacks] why its points are not on this page although they were logged
 * @property {import("./models.js").Drawn[] | null} [beside] those of all facets of the metric, which share a y range
 * @property {boolean} isEach lines are ranks
 * @property {boolean} isGrouped lines are means of groups @property {number} lacking experiments that have it, but not the metric of the x axis
 */

export class Chart {
  /** @param {Metric} metric @param {any} host @param {import("../base/colors.js").Ink} ink @param {import("./facets.js").Facet | null} [facet] the experiments that it is about; null: all */
  constructor(metric, host, ink, facet = null) {
    this.metric = metric;
    this.facet = facet;
    this.host = host;
    this.ink = ink;
    /** @type {Model | null} */ this.model = null;
    /** @type {Line[]} */ this.lines = [];
    /** @type {View | null} */ this.view = null;
    /** @type {import("./settings.js").Own} its own choices, over the page's */ this.own = {};
    this.said = /** @type {HTMLElement | null} */ (null);
    this.clusters = /** @type {import("./marks.js").Cluster[]} */ ([]);
    this.canvases = /** @type {HTMLCanvasElement[] | null} */ (null);
    this.headKey = "";
    this.groundKey = ""; // of the axes as they are painted
    this.inView = false;
    this.asTable = false;
    this.cursorX = /** @type {number | null} */ (null);
    this.hot = /** @type {string | null} */ (null);
    /** @type {{a: [number, number], b: [number, number], both: boolean} | null} */ this.selection = null;
    /** @type {import("./range.js").Range | null} */ this.range = null;
    /** The y range as it was drawn last; of facets of a metric one for all. @type {{range: import("./range.js").Range | null, key: string}} */
    this.y = { range: null, key: "" };
    this.width = this.height = 0;
    this.#build();
  }

  #build() {
    const { metric, facet } = this;
    const name = facet ? `${metric.metric}, ${facet.name}` : metric.metric;
    this.titleNode = h("h3", { class: "tk-chart-title", title: name }, titleOf(metric));
    this.facetNode = facet ? h("span", { class: facet.name.length > FACET_BESIDE ? "tk-chart-facet below" : "tk-chart-facet", title: facet.name }, facet.name) : null;
    this.unitNode = h("span", { class: "tk-chart-unit" });
    this.valuesNode = h("span", { class: "tk-chart-values" });
    this.moreNode = h("button", { class: "tk-chart-more", "aria-label": `Menu of ${name}`, title: "Log scale, full screen, table, download", "aria-haspopup": "listbox" }, icon("more"));
    this.moreNode.addEventListener("click", () => this.host.menu(this, this.moreNode));
    this.plot = h("div", { class: "tk-plot", tabindex: "0", role: "application", "aria-roledescription": "chart" });
    this.tableNode = h("div", { class: "tk-chart-table", hidden: true, tabindex: "0" });
    const head = h("header", { class: "tk-chart-head" }, this.titleNode, ...(this.facetNode ? [this.facetNode] : []), this.unitNode, this.valuesNode, this.moreNode);
    this.node = h("section", { class: "tk-chart", "aria-label": name, data: { metric: metric.metric, ...(facet ? { facet: facet.name } : {}) } }, head, this.plot, this.tableNode);
    this.standing = new Standing(this);
    this.plot.addEventListener("focus", () => this.plot.setAttribute("aria-label", this.describe()));
    listen(this);
  }

  /** Canvases exist only once a chart was in view. */
  #canvases() {
    if (this.canvases) return this.canvases;
    this.canvases = ["ground", "lines", "top"].map((name) => h("canvas", { class: `tk-canvas tk-canvas-${name}`, "aria-hidden": "true" }));
    this.plot.prepend(...this.canvases);
    // A graphics card that was away gives canvases back empty.
    for (const canvas of this.canvases) canvas.addEventListener("contextrestored", () => ((this.groundKey = ""), this.draw()));
    return this.canvases;
  }

  /** @param {Model} model */
  update(model) {
    this.model = model;
    this.head();
  }

  /** What it is called where it stands alone. */
  get name() {
    const { metric, facet } = this;
    const name = String(metric.names ? metric.title : metric.metric);
    return facet ? `${name}, ${facet.name}` : name;
  }

  /** The y range that the reader zoomed into. */
  get zoomY() {
    return this.model?.zoomY ?? null;
  }

  /** Whether it zooms with the others of its group, and shares their cursor. */
  get linked() {
    return !this.own.apart;
  }

  get log() {
    return this.model?.logY ?? this.own.log ?? false;
  }

  /** Whether the reader wants this chart smoothed, or not; null is as its name says. */
  get smooth() {
    return this.own.smooth ?? null;
  }

  set smooth(/** @type {boolean | null} */ on) {
    this.host.set(this, { smooth: on ?? undefined });
  }

  /** x range in view. @returns {[number, number]} */
  get domain() {
    const { zoom, domain, logX } = this.model ?? { zoom: null, domain: /** @type {[number, number]} */ ([0, 1]), logX: false };
    if (zoom && logX && !(zoom[0] > 0)) return zoom[1] > domain[0] ? [domain[0], zoom[1]] : domain; // zoomed while it was linear
    return zoom ?? domain;
  }

  /** Paints everything. Reads no layout but the size that ResizeObserver told. */
  draw() {
    const { model } = this;
    if (!model || !this.inView || !this.width || this.asTable) {
      if (this.asTable) this.drawTable();
      return;
    }
    if (this.standing.tell()) {
      this.lines = [];
      this.view = null;
      return; // nobody sees the canvases, and painting axes of nothing would hold up what is to come
    }
    const [ground, lines] = this.#canvases();
    const [x0, x1] = this.domain;
    this.lines = model.lines.map((line) => {
      const { series } = line;
      const [i0, i1] = span(series, x0, x1);
      const { low, high } = series instanceof GroupSeries ? series.band(model.smoothing, line.whole) : series;
      return { ...line, xs: model.logX ? series.logX() : series.x, low, high, values: series.line(model.smoothing, line.whole), i0, i1 };
    });
    const range = this.#range(x0, x1);
    this.view = makeView({ L: 56, R: this.width - 14, T: 6, B: this.height - 30, x0, x1, y0: range.y0, y1: range.y1, log: this.log, logX: model.logX, ratio: this.ratio });
    this.clusters = calmClusters(model.marks, model.place, this.view);
    this.#axes(ground, this.view, model.x);
    const g = this.#clear(lines);
    g.save();
    this.#clip(g);
    const crowd = this.lines.length > CROWD;
    const how = { many: this.lines.length > MANY, hot: false, band: model.band && !crowd, smoothed: model.smoothing.amount > 0 && !crowd, thin: crowd, groups: model.isGrouped };
    paintReplaced(g, this.view, model.replaced ?? []);
    for (const line of this.lines) paintLine(g, this.view, line, how);
    g.restore();
    this.overlay();
  }

  /** Axes, unless they stand as they are: new points and finer ones seldom move them. @param {HTMLCanvasElement} ground @param {View} view @param {string} x */
  #axes(ground, view, x) {
    const { ink } = this;
    const key = [...Object.values(view), x, ink.of("--soft"), ink.of("--grid"), ink.of("--line"), ink.font].join();
    if (key === this.groundKey) return;
    this.groundKey = key;
    paintAxes(this.#clear(ground), view, { x, ink });
  }

  /** The y range: of what is in view; while data only come in, it stays as long as they fit well.
   * @param {number} x0 @param {number} x1 */
  #range(x0, x1) {
    const model = /** @type {Model} */ (this.model);
    const { y } = this;
    const pieceOf = (/** @type {import("./models.js").Drawn} */ { series, whole }) => {
      const [i0, i1] = within(series, x0, x1);
      return { series, values: series.line(model.smoothing, whole), i0, i1 };
    };
    const drawn = model.beside ?? model.lines;
    const pieces = drawn.map(pieceOf);
    const how = { clip: model.clip && !isSchedule(this.metric), log: this.log, unit: this.metric.unit ?? null, fixed: this.zoomY, own: model.own.y ?? null };
    const fresh = yRange(pieces, how);
    const key = JSON.stringify([how, model.zoom, model.x, model.smoothing, drawn.map((l) => l.id)]);
    const before = y.range;
    let range = null;
    if (before && key === y.key && !this.zoomY && !model.own.y && !fresh.hidden) {
      const f = this.log ? Math.log10 : (/** @type {number} */ v) => v;
      const fits = before.y0 <= fresh.y0 && before.y1 >= fresh.y1 && f(fresh.y1) - f(fresh.y0) > 0.8 * (f(before.y1) - f(before.y0));
      if (fits) range = { ...fresh, y0: before.y0, y1: before.y1, ...outside(pieces, before.y0, before.y1, fresh.low, fresh.high, this.log) };
    }
    y.key = key;
    y.range = range ??= fresh;
    // What lies outside of it is counted of the chart's own lines.
    this.range = model.beside ? { ...yRange(model.lines.map(pieceOf), { ...how, fixed: [range.y0, range.y1] }), y0: range.y0, y1: range.y1 } : range;
    return this.range;
  }

  /** @param {HTMLCanvasElement} canvas */
  #clear(canvas) {
    const [w, hgt] = [Math.round(this.width * this.ratio), Math.round(this.height * this.ratio)];
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    if (canvas.width !== w || canvas.height !== hgt) (canvas.width = w), (canvas.height = hgt);
    else g.setTransform(1, 0, 0, 1, 0, 0), g.clearRect(0, 0, w, hgt);
    g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    return g;
  }

  /** @param {CanvasRenderingContext2D} g */
  #clip(g) {
    const { L, R, T, B } = /** @type {View} */ (this.view);
    g.beginPath();
    g.rect(L, T - 3, R - L + 4, B - T + 4);
    g.clip();
  }

  get ratio() {
    return Math.max(1, Math.min(3, globalThis.devicePixelRatio || 1));
  }

  /** Paints what moves: highlighted line, marks, notes, live ends, cursor. */
  overlay() {
    const { view: v, model, ink } = this;
    if (!v || !model || !this.canvases || this.asTable) return;
    const g = this.#clear(this.canvases[2]);
    g.font = ink.font;
    g.textBaseline = "middle";
    const hot = this.lines.find((line) => line.id === this.hot || line.members?.includes(this.hot ?? ""));
    this.canvases[1].style.opacity = hot ? "0.35" : "";
    if (hot) {
      g.save();
      this.#clip(g);
      paintLine(g, v, hot, { many: false, hot: true, band: model.band, smoothed: model.smoothing.amount > 0, groups: model.isGrouped });
      g.restore();
      g.globalAlpha = 1;
    }
    const panel = ink.of("--panel");
    for (const line of this.lines) {
      const i = line.live ? lastOf(line) : -1;
      if (i < 0 || line.series.x[i] > v.x1) continue;
      const y = toY(v, line.values[i]);
      if (y >= v.T - 3 && y <= v.B + 3) rimmedDot(g, toX(v, line.series.x[i]), y, line.color, this.lines.length > CROWD ? null : panel);
    }
    paintMarks(g, this.clusters, v.B, ink);
    paintNotes(g, v, this.lines, { range: /** @type {import("./range.js").Range} */ (this.range), isZoomed: this.zoomY !== null, ink, x: model.x });
    this.#select(g, v);
    this.#cursor(g, v, panel);
  }

  /** @param {CanvasRenderingContext2D} g @param {View} v */
  #select(g, v) {
    if (!this.selection) return;
    const { a, b, both } = this.selection;
    const [left, right] = [Math.max(v.L, Math.min(a[0], b[0])), Math.min(v.R, Math.max(a[0], b[0]))];
    const [top, bottom] = both ? [Math.max(v.T, Math.min(a[1], b[1])), Math.min(v.B, Math.max(a[1], b[1]))] : [v.T, v.B];
    g.fillStyle = this.ink.of("--accent");
    g.globalAlpha = 0.12;
    g.fillRect(left, top, right - left, bottom - top);
    g.globalAlpha = 1;
    g.strokeStyle = this.ink.of("--accent");
    g.lineWidth = 1;
    g.strokeRect(Math.round(left) + 0.5, Math.round(top) + 0.5, right - left, bottom - top);
  }

  /** @param {CanvasRenderingContext2D} g @param {View} v @param {string} panel */
  #cursor(g, v, panel) {
    if (this.cursorX === null) return;
    const x = toX(v, this.cursorX);
    if (x < v.L - 0.5 || x > v.R + 0.5) return;
    g.strokeStyle = this.ink.of("--soft");
    g.lineWidth = 1;
    g.beginPath();
    g.moveTo(Math.round(x) + 0.5, v.T - 2);
    g.lineTo(Math.round(x) + 0.5, v.B);
    g.stroke();
    for (const { line, index, value } of this.valuesAt(this.cursorX)) {
      const y = toY(v, value);
      if (y >= v.T - 3 && y <= v.B + 3) rimmedDot(g, toX(v, line.series.x[index]), y, line.color, this.lines.length > CROWD ? null : panel);
    }
  }

  /** What each line says near x; lines that have nothing there are left out. @param {number} x */
  valuesAt(x) {
    const found = [];
    const [x0, x1] = this.domain;
    for (const line of this.lines) {
      const { series } = line;
      const index = series.nearest(x);
      if (index < 0) continue;
      // Near: within the bucket's neighbourhood, or within the line's own span when its points are sparse.
      const inside = x >= series.x[0] - 0.01 * (x1 - x0) && x <= series.x[series.n - 1] + 0.01 * (x1 - x0);
      if (!inside) continue;
      const value = line.values[index];
      if (!Number.isFinite(value) || (this.log && value <= 0)) continue;
      found.push({ line, index, value, raw: series.mean[index] });
    }
    return found;
  }

  head() {
    const { key, nodes } = headValues(/** @type {Model} */ (this.model).lines, this.metric.goal ?? null);
    if (key === this.headKey) return;
    this.headKey = key;
    this.valuesNode.replaceChildren(...nodes());
  }

  /** @param {boolean} on */
  showTable(on) {
    this.asTable = on;
    this.plot.hidden = on;
    this.tableNode.hidden = !on;
    this.draw();
  }

  drawTable() {
    if (!this.model) return;
    tableOf(this.tableNode, this.metric, this.model.lines, this.model.x);
    replacedTable(this.tableNode, this.model.replaced ?? []);
  }

  /** The chart in words, for who cannot see it. */
  describe() {
    return this.model ? inWords(this.name, this.metric, this.model) + replacedSaid(this.model.replaced ?? []) : this.name;
  }

  /** One image of all layers, on the panel's colour. @returns {HTMLCanvasElement} */
  image() {
    const head = 36;
    const out = document.createElement("canvas");
    out.width = Math.round(this.width * this.ratio);
    out.height = Math.round((this.height + head) * this.ratio);
    const g = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
    g.fillStyle = this.ink.of("--panel");
    g.fillRect(0, 0, out.width, out.height);
    for (const canvas of this.canvases ?? []) g.drawImage(canvas, 0, Math.round(head * this.ratio));
    g.scale(this.ratio, this.ratio);
    g.font = `500 ${this.ink.font.replace("12px", "14px")}`;
    g.textBaseline = "middle";
    g.fillStyle = this.ink.of("--text");
    g.fillText([this.metric.metric, this.metric.unit].filter(Boolean).join(", "), 12, head / 2);
    return out;
  }

  /** Gives back what canvases hold, a megabyte and more a chart, while it is out of sight. */
  rest() {
    for (const canvas of this.canvases ?? []) canvas.width = canvas.height = 0;
    this.groundKey = "";
    this.view = null;
  }

  /** A short word in the chart's corner, gone after some seconds. @param {string} words */
  say(words) {
    this.said?.remove();
    const said = (this.said = h("div", { class: "tk-chart-said", role: "status" }, words));
    this.node.append(said);
    setTimeout(() => said.remove(), 6000);
  }

  /** @param {string} title @param {string} unit */
  rename(title, unit) {
    text(this.titleNode, title);
    text(this.unitNode, unit);
  }
}

/** Last place of a line with a finite value, or −1. @param {Line} line */
function lastOf({ series, values }) {
  for (let i = series.n - 1; i >= 0; i--) if (Number.isFinite(values[i])) return i;
  return -1;
}
