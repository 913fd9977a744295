// @ts-check
/** The groups of charts one below the other: headings that fold, charts in a stable order. What exists stays where it is,
 * so that focus, scroll and the reader's eye stay too. Makes and drops charts through its host, and draws none. */
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { matcher } from "../base/matching.js";
import { inOrder } from "./arrangement.js";
import { movable } from "./moving.js";
import { byGroup, titleOf, unitBeside } from "./order.js";
import { remember, remembered } from "../base/remember.js";
import { formatCount } from "./scales.js";

const AT_FIRST = 30; // charts a group before "show all"
export const PINNED = "Pinned";

/** @typedef {import("./chart.js").Chart} Chart
 * @typedef {{node: HTMLElement, grid: HTMLElement, count: HTMLElement, all: HTMLElement, apply: () => void, charts: Chart[]}} Section */

export class Sections {
  /** @param {HTMLElement} node @param {{make: (metric: any) => Chart, drop: (chart: Chart) => void, move?: (chart: Chart, before: Chart | null) => void}} host
   * @param {{key: string, usual: string[], first?: number}} [folds] where folded groups are remembered, which are before
   *   anybody folded one, and how many charts a group has at first */
  constructor(node, host, { key, usual, first = AT_FIRST } = { key: "folds", usual: [] }) {
    this.key = key;
    this.first = first;
    this.node = node;
    this.host = host;
    /** @type {Map<string, Section>} */ this.held = new Map();
    /** @type {Map<string, Chart>} by metric */ this.charts = new Map();
    this.folds = new Set(remembered()[key] ?? usual);
    this.opened = new Set(); // groups shown whole
    this.last = /** @type {[any[], string, string[], string[]]} */ ([[], "", [], []]);
    if (host.move) movable(node, (at) => this.find(at), host.move);
  }

  /** The chart that a node is in, and the section that the chart stands in. @param {Element} node */
  find(node) {
    const own = node.closest(".tk-chart");
    for (const row of this.held.values()) {
      const chart = own && row.charts.find((each) => each.node === own);
      if (chart) return { chart, row };
    }
    return null;
  }

  /** All metrics of the section that a chart stands in, also those that are not drawn yet, in order. @param {Chart} chart @returns {string[]} */
  names(chart) {
    const [all, , pins, order] = this.last;
    for (const metrics of withPinned(all, pins, order).values()) {
      const names = metrics.map(({ metric }) => metric);
      if (names.includes(chart.metric.metric)) return names;
    }
    return [];
  }

  /** Opens what a chart is folded away in. @param {string} metric @returns {Chart | null} null: there is no such metric */
  reveal(metric) {
    const [all, , pins] = this.last;
    for (const [group, metrics] of withPinned(all, pins, [])) {
      if (!metrics.some((each) => each.metric === metric)) continue;
      this.folds.delete(group); // for now: what the reader folded stays folded the next time
      this.opened.add(group);
      this.held.get(group)?.apply();
      this.arrange(...this.last);
    }
    return this.charts.get(metric) ?? null;
  }

  /** Makes sections and charts as the metrics want it.
   * @param {any[]} all the metrics @param {string} filter what a metric's name must match
   * @param {string[]} pins metrics that stand in a section of their own, first, in this order
   * @param {string[]} [order] of the metrics that a reader moved */
  arrange(all, filter, pins, order = []) {
    this.last = [all, filter, pins, order];
    const matches = matcher(filter);
    const wanted = withPinned(matches ? all.filter((m) => matches(m.metric)) : all, pins, order);
    const totals = withPinned(all, pins, order);
    this.#release(wanted);
    const gone = new Set(this.held.keys());
    let before = null;
    for (const [group, metrics] of wanted) {
      gone.delete(group);
      const section = this.held.get(group) ?? this.#section(group);
      before = follow(this.node, section.node, before);
      const total = totals.get(group)?.length ?? metrics.length;
      const shown = matches || this.opened.has(group) ? metrics : metrics.slice(0, this.first);
      const count = `${shown.length < total && !this.folds.has(group) ? `${formatCount(shown.length)} of ` : ""}${formatCount(total)} metric${total === 1 ? "" : "s"}`;
      if (section.count.textContent !== count) section.count.textContent = count;
      section.all.hidden = shown.length >= metrics.length || this.folds.has(group);
      this.#fill(group, section, shown);
    }
    for (const group of gone) {
      const section = /** @type {Section} */ (this.held.get(group));
      for (const chart of section.charts) this.#drop(chart);
      section.node.remove();
      this.held.delete(group);
    }
  }

  /** Lets a chart go that now belongs to another section: it moves there as it is, with its zoom and points.
   * @param {Map<string, any[]>} wanted */
  #release(wanted) {
    for (const [group, metrics] of wanted) {
      const here = new Set(metrics.map((m) => m.metric));
      for (const [other, section] of this.held) {
        if (other !== group) section.charts = section.charts.filter((chart) => !here.has(chart.metric.metric));
      }
    }
  }

  /** @param {string} group @param {Section} section @param {any[]} metrics */
  #fill(group, section, metrics) {
    const stay = new Set(metrics.map((m) => m.metric));
    for (const chart of section.charts) if (!stay.has(chart.metric.metric)) this.#drop(chart);
    let before = null;
    section.charts = metrics.map((metric) => {
      let chart = this.charts.get(metric.metric);
      if (!chart) this.charts.set(metric.metric, (chart = this.host.make(metric)));
      chart.metric = metric;
      const title = group === PINNED ? metric.metric : titleOf(metric); // under "Pinned" nothing else tells the group
      chart.rename(title, unitBeside(title, metric.unit));
      before = follow(section.grid, chart.node, before);
      return chart;
    });
  }

  /** @param {Chart} chart */
  #drop(chart) {
    this.host.drop(chart);
    this.charts.delete(chart.metric.metric);
    chart.node.remove();
  }

  /** @param {string} group @returns {Section} */
  #section(group) {
    const grid = h("div", { class: "tk-grid" });
    const count = h("span", { class: "tk-section-count" });
    const all = h("button", { class: "tk-link tk-section-all", hidden: true }, "Show all");
    const fold = h("button", { class: "tk-section-fold", "aria-expanded": "true" }, icon("down"), h("span", null, group));
    const node = h("section", { class: "tk-section", "aria-label": group }, h("h2", { class: "tk-section-head" }, fold, count), grid, all);
    const apply = () => {
      grid.hidden = this.folds.has(group);
      fold.setAttribute("aria-expanded", String(!grid.hidden));
    };
    fold.addEventListener("click", () => {
      this.folds.has(group) ? this.folds.delete(group) : this.folds.add(group);
      remember({ [this.key]: [...this.folds] });
      apply();
      this.arrange(...this.last);
    });
    all.addEventListener("click", () => {
      this.opened.add(group);
      this.arrange(...this.last);
    });
    apply();
    const section = { node, grid, count, all, apply, charts: /** @type {Chart[]} */ ([]) };
    this.held.set(group, section);
    return section;
  }
}

/** @param {any[]} metrics @param {string[]} pins @param {string[]} order @returns {Map<string, any[]>} */
function withPinned(metrics, pins, order) {
  const named = new Map(metrics.map((m) => [m.metric, m]));
  const first = pins.flatMap((pin) => named.get(pin) ?? []);
  const groups = byGroup(first.length ? metrics.filter((m) => !pins.includes(m.metric)) : metrics);
  if (order.length) for (const [group, list] of groups) groups.set(group, inOrder(list, order));
  return first.length ? new Map([[PINNED, first], ...groups]) : groups;
}

/** Puts a node behind another without touching it when it stands there: focus and scroll stay.
 * @param {HTMLElement} parent @param {HTMLElement} node @param {HTMLElement | null} before @returns {HTMLElement} */
function follow(parent, node, before) {
  const place = before ? before.nextSibling : parent.firstChild;
  if (place !== node) parent.insertBefore(node, place);
  return node;
}
