// @ts-check
/** One chart over the whole window, drawn as the small one is and live as it is, with all experiments beside it: what each
 * says where the pointer is, and which of them are drawn. */
import { chartMenu } from "./actions.js";
import { controls } from "./controls.js";
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { MetricGrid } from "./grid.js";
import { formatExact, formatNumber, formatX } from "./scales.js";
import { plural } from "../base/words.js";

const SORTS = { side: "as listed", high: "highest first", low: "lowest first" };

/** @param {any} grid the one that the chart stands in @param {import("./chart.js").Chart} chart */
export function openFull(grid, chart) {
  if (grid.node.ownerDocument.querySelector("dialog.tk-full[open]")) return;
  new Full(grid, chart).open();
}

class Full {
  /** @param {any} grid @param {import("./chart.js").Chart} chart */
  constructor(grid, chart) {
    this.grid = grid;
    this.metric = chart.metric;
    this.facet = chart.facet;
    /** @type {Set<string>} experiments that are left out here, and here only */ this.off = new Set();
    this.sort = /** @type {keyof typeof SORTS} */ ("side");
    this.state = grid.state.scope(
      { metrics: [chart.metric], derived: [], filter: "", groups: null, pins: [], hides: [], order: [], facet: null, chart: null, chartOf: null, full: false, size: 900 },
      { experiments: (/** @type {any[]} */ rows) => this.#drawn(rows) },
    );
    this.back = chart.plot;
    this.#build(chart);
  }

  /** Of one facet its experiments as they are now, without those that the reader left out. @param {any[]} rows */
  #drawn(rows) {
    const { facet, off } = this;
    if (!facet && !off.size) return rows;
    const ids = facet && (this.grid.facets.all?.find((/** @type {any} */ { key }) => key === facet.key) ?? facet).ids;
    return rows.map((row) => (off.has(row.id) || (ids && !ids.has(row.id)) ? { ...row, shown: false } : row));
  }

  /** @param {import("./chart.js").Chart} chart */
  #build(chart) {
    const button = (/** @type {string} */ name, /** @type {string} */ title, /** @type {() => void} */ run) => {
      const made = h("button", { class: "tk-btn bare icon", "aria-label": title, title }, icon(name));
      made.addEventListener("click", run);
      return made;
    };
    this.title = h("h2", { class: "tk-full-title" });
    this.unit = h("span", { class: "tk-chart-unit" });
    this.before = button("left", "Chart before this one (Page up)", () => this.go(-1));
    this.after = button("right", "Next chart (Page down)", () => this.go(1));
    this.more = button("more", "Menu of this chart", () => this.chart && chartMenu(this.inner, this.chart, this.more));
    this.more.setAttribute("aria-haspopup", "listbox");
    const close = button("close", "Close (Esc)", () => this.dialog.close());
    this.bar = h("div", { class: "tk-controls" });
    this.place = h("div", { class: "tk-full-plot" });
    this.legend = new SideLegend(this);
    const head = h("header", { class: "tk-full-head" }, this.before, this.after, h("div", { class: "tk-full-name" }, this.title, this.unit), h("span", { class: "tk-grow" }), this.more, close);
    this.dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "tk-full", "aria-label": chart.metric.metric }, head, h("div", { class: "tk-bar" }, this.bar), h("div", { class: "tk-full-both" }, this.place, this.legend.node)));
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key === "PageUp" || event.key === "PageDown") (event.preventDefault(), this.go(event.key === "PageUp" ? -1 : 1));
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") return; // takes back what was done here, too
      event.stopPropagation(); // other keys of the page below have no meaning here
    });
    this.dialog.addEventListener("close", () => this.#closed());
    controls(this.bar, this.state, { byMetric: !this.grid.source.overview && this.grid.source.byMetric !== false, only: this.grid.source.otherAxes && [], hasFacets: false });
    this.bar.querySelector("datalist")?.remove(); // its size is the window's
  }

  open() {
    (this.grid.node.closest(".tk") ?? document.body).append(this.dialog);
    this.dialog.showModal();
    this.inner = new MetricGrid(this.place, { state: this.state, source: this.grid.source, every_ms: this.grid.feeds.every_ms, folds: { key: "", usual: [] } });
    this.inner.isFull = true;
    this.inner.outer = this.grid;
    this.inner.models.metrics = () => this.grid.state.get("metrics") ?? []; // of which one tells evaluations
    this.inner.ranges.ways = this.grid.ranges.ways; // a zoom made here is the page's, and so is the way back
    this.grid.cover(true);
    this.inner.full = () => this.dialog.close();
    this.inner.openMark = (chart, cluster) => {
      this.dialog.addEventListener("close", () => this.grid.openMark(chart, cluster)); // the page below has its focus back by then
      this.dialog.close();
    };
    const fill = this.inner.cursorLine.fill.bind(this.inner.cursorLine);
    this.inner.cursorLine.fill = () => (fill(), this.legend.paint());
    this.inner.feeds.addEventListener("data", () => requestAnimationFrame(() => this.legend.paint()));
    this.stops = [this.state.follow(["experiments", "by"], () => this.legend.paint(true)), this.state.follow(["hot"], () => this.legend.hot())];
    this.show();
    this.grid.state.set({ chart: this.metric.metric, chartOf: this.facet?.name ?? null, full: true });
    // Back, or a page that turns to another view, closes it.
    this.stops.push(this.grid.state.follow(["full"], () => !this.grid.state.get("full") && this.dialog.open && this.dialog.close()));
  }

  /** @returns {import("./chart.js").Chart | undefined} */
  get chart() {
    return this.inner?.charts.get(this.metric.metric);
  }

  /** The charts of the page, in its order, and the place of this one among them. @returns {[any[], number]} */
  get others() {
    const all = [...this.grid.sections.node.querySelectorAll(".tk-chart")].map((node) => this.grid.sections.find(node)?.chart).filter(Boolean);
    return [all, all.findIndex(({ metric, facet }) => metric.metric === this.metric.metric && facet?.key === this.facet?.key)];
  }

  show() {
    const { metric, facet } = this;
    text(this.title, [metric.names ? metric.title : metric.metric, facet?.name].filter(Boolean).join(", "));
    this.title.title = this.title.textContent ?? "";
    text(this.unit, metric.unit ?? "");
    this.dialog.setAttribute("aria-label", this.title.textContent ?? "");
    const [all, at] = this.others;
    this.before.disabled = at <= 0;
    this.after.disabled = at < 0 || at >= all.length - 1;
    requestAnimationFrame(() => this.chart?.plot.focus({ preventScroll: true }));
  }

  /** @param {number} by */
  go(by) {
    const [all, at] = this.others;
    const next = all[at + by];
    if (!next) return;
    const same = next.facet?.key === this.facet?.key;
    Object.assign(this, { metric: next.metric, facet: next.facet });
    this.state.set({ metrics: [next.metric] });
    if (!same) this.changed();
    this.back = next.plot;
    this.show();
    this.legend.paint(true);
    this.grid.state.set({ chart: this.metric.metric, chartOf: this.facet?.name ?? null });
  }

  /** Other lines are drawn: what the scope made of the page's rows does not hold any more. */
  changed() {
    this.state._seen.delete("experiments");
    this.state.dispatchEvent(new CustomEvent("change", { detail: new Set(["experiments"]) }));
  }

  #closed() {
    for (const stop of this.stops ?? []) stop();
    this.inner?.close();
    this.state.close();
    this.dialog.remove();
    this.grid.cover(false);
    this.grid.state.set({ chart: null, chartOf: null, full: false, hot: null });
    this.back.scrollIntoView({ block: "nearest" });
    this.back.focus({ preventScroll: true });
  }
}

/** All experiments of the chart: what they say, which are drawn. */
class SideLegend {
  /** @param {Full} full */
  constructor(full) {
    this.full = full;
    this.key = "";
    /** @type {Map<string, {row: HTMLElement, value: HTMLElement, tick: HTMLInputElement}>} */ this.rows = new Map();
    this.where = h("span", { class: "tk-soft" });
    this.sorter = h("button", { class: "tk-btn sm", title: "Order of the list" });
    this.sorter.addEventListener("click", () => {
      const all = /** @type {(keyof typeof SORTS)[]} */ (Object.keys(SORTS));
      full.sort = all[(all.indexOf(full.sort) + 1) % all.length];
      this.paint(true);
    });
    this.all = h("button", { class: "tk-link", hidden: true }, "Show all");
    this.all.addEventListener("click", () => (full.off.clear(), full.changed()));
    this.list = h("div", { class: "tk-full-list", role: "list" });
    this.node = h("aside", { class: "tk-full-legend", "aria-label": "Experiments" }, h("div", { class: "tk-full-legend-head" }, this.where, h("span", { class: "tk-grow" }), this.all, this.sorter), this.list);
    this.list.addEventListener("pointerleave", () => full.state.set({ hot: null }));
  }

  /** What is drawn, and what it says where the pointer is; else last. */
  #told() {
    const { chart, inner } = this.full;
    const at = inner?.cursorLine.chart ? inner.cursorLine.x : null;
    const near = new Map((at === null || !chart ? [] : chart.valuesAt(at)).map(({ line, value }) => [line.id, value]));
    const drawn = (chart?.model?.lines ?? []).map((line) => ({ id: line.id, name: line.name, color: line.color, dash: line.dash, value: at === null ? line.whole.last() : (near.get(line.id) ?? null) }));
    const off = this.full.grid.state.get("experiments").filter((/** @type {any} */ row) => this.full.off.has(row.id)).map((/** @type {any} */ row) => ({ id: row.id, name: row.name, color: "", dash: [], value: null }));
    return { at, told: [...drawn, ...off] };
  }

  /** @param {boolean} [anew] */
  paint(anew = false) {
    const { at, told } = this.#told();
    const { sort, chart, off } = this.full;
    text(this.where, at === null || !chart?.model ? `${plural(told.length, "experiment")}, last values` : formatX(chart.model.x, at));
    if (this.sorter.dataset.sort !== sort) {
      this.sorter.dataset.sort = sort;
      fill(this.sorter, icon("sort"), SORTS[sort]);
    }
    this.all.hidden = !off.size;
    const sign = sort === "high" ? -1 : 1;
    // The order follows the values at rest: rows that jump below the pointer nobody reads.
    if (sort !== "side" && at === null) told.sort((a, b) => (a.value ?? Infinity * sign) === (b.value ?? Infinity * sign) ? 0 : sign * ((a.value ?? Infinity * sign) - (b.value ?? Infinity * sign)));
    const key = (sort !== "side" && at !== null ? [...told].sort((a, b) => (a.id < b.id ? -1 : 1)) : told).map(({ id, name, color }) => [id, name, color].join("\t")).join("\n");
    const same = at !== null && sort !== "side" ? told.every(({ id }) => this.rows.has(id)) && told.length === this.rows.size : key === this.key;
    if (anew || !same) {
      this.key = key;
      const held = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.id;
      this.rows = new Map(told.map((each) => [each.id, this.#row(each)]));
      fill(this.list, [...this.rows.values()].map(({ row }) => row));
      if (held) this.rows.get(held)?.tick.focus();
    }
    for (const { id, value } of told) {
      const row = this.rows.get(id);
      if (!row) continue;
      text(row.value, off.has(id) ? "" : value === null ? "–" : formatNumber(value));
      row.value.title = value === null ? "" : formatExact(value);
    }
    this.hot();
  }

  /** @param {any} each */
  #row({ id, name, color, dash }) {
    const { full } = this;
    const isGroup = /^(?:group|rank):/.test(id); // of several, or one of several
    const tick = h("input", { type: "checkbox", class: "tk-tick", "aria-label": `Draw ${name}`, data: { id }, style: { "--c": color || "var(--control)" } });
    tick.checked = !full.off.has(id);
    tick.disabled = isGroup;
    tick.addEventListener("change", () => {
      tick.checked ? full.off.delete(id) : full.off.add(id);
      full.changed();
    });
    const only = h("button", { class: "tk-link", title: `Draw only ${name}`, "aria-label": `Draw only ${name}`, hidden: isGroup }, "only");
    only.addEventListener("click", () => {
      const { told } = this.#told();
      full.off = new Set(told.map((each) => each.id).filter((each) => each !== id));
      full.changed();
    });
    const value = h("b", { class: "num" });
    const row = h("div", { class: full.off.has(id) ? "tk-full-row off" : "tk-full-row", role: "listitem" }, h("label", null, tick, dash.length ? h("i", { class: "tk-swatch dashed", style: { "--c": color } }) : null, h("span", { class: "tk-full-row-name", title: name }, name)), only, value);
    row.addEventListener("pointerenter", () => full.state.set({ hot: full.off.has(id) ? null : id }));
    tick.addEventListener("focus", () => full.state.set({ hot: full.off.has(id) ? null : id }));
    tick.addEventListener("blur", () => full.state.set({ hot: null }));
    return { row, value, tick };
  }

  hot() {
    const hot = this.full.state.get("hot");
    for (const [id, { row }] of this.rows) row.classList.toggle("hot", id === hot);
  }
}
