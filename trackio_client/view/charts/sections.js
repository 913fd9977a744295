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

const AT_FIRST = 30; // charts a group before "show more"
const MORE = 60; // charts at each "show more": ten thousand at once would stop the page for half a minute
const AT_ONCE = 60; // charts of all groups; those of the groups behind are made when the reader comes near
const NEAR = "600px 0px";
export const PINNED = "Pinned";

/** @typedef {import("./chart.js").Chart} Chart
 * @typedef {{node: HTMLElement, grid: HTMLElement, count: HTMLElement, more: HTMLElement, apply: () => void, charts: Chart[], size: number}} Section `size`: metrics that have charts */

export class Sections {
  /** @param {HTMLElement} node @param {{make: (metric: any, facet: import("./facets.js").Facet | null) => Chart, drop: (chart: Chart) => void, move?: (chart: Chart, before: Chart | null) => void}} host
   * @param {{key: string, usual: string[], first?: number}} [folds] where folded groups are remembered, which are before
   *   anybody folded one, and how many charts a group has at first */
  constructor(node, host, { key, usual, first = AT_FIRST } = { key: "folds", usual: [] }) {
    this.key = key;
    this.first = first;
    this.node = node;
    this.host = host;
    /** @type {Map<string, Section>} */ this.held = new Map();
    /** @type {Map<string, Chart>} by `keyOf` */ this.charts = new Map();
    this.folds = new Set(remembered()[key] ?? usual);
    /** @type {Map<string, number>} how many charts of a group are shown, where that is not the usual number */ this.most = new Map();
    /** @type {Set<Element>} near the window, of groups without charts */ this.waiting = new Set();
    this.opening = 0;
    /** @type {import("./facets.js").Facet[] | null} */ this.facets = null; // each a chart of every metric
    this.near = new IntersectionObserver((entries) => this.#came(entries), /** @type {any} */ ({ rootMargin: NEAR, scrollMargin: NEAR }));
    this.last = /** @type {[any[], string, string[], string[]]} */ ([[], "", [], []]);
    if (host.move) movable(node, (at) => this.find(at), host.move);
  }

  /** The chart that a node is in, and the section that the chart stands in. @param {Element} node */
  find(node) {
    const own = node.closest(".tk-chart");
    for (const row of this.held.values()) {
      const chart = own && row.charts.find((each) => each.node === own);
      if (chart) return { chart, row: this.#rowOf(row, chart) };
    }
    return null;
  }

  /** A section as it is put in order: of each metric one chart. @param {Section} section @param {Chart} chart @returns {import("./moving.js").Row} */
  #rowOf(section, chart) {
    const { grid } = section;
    if (!chart.facet) return section;
    const leads = () => section.charts.filter((each, i) => (each.metric.metric === chart.metric.metric ? each === chart : section.charts[i - 1]?.metric.metric !== each.metric.metric));
    return { grid, get charts() { return leads(); } };
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

  /** Opens what a chart is folded away in. @param {string} metric @param {string | null} [facet] its name; else the first @returns {Chart | null} null: there is no such metric */
  reveal(metric, facet = null) {
    const [all, , pins] = this.last;
    for (const [group, metrics] of withPinned(all, pins, [])) {
      if (!metrics.some((each) => each.metric === metric)) continue;
      this.folds.delete(group); // for now: what the reader folded stays folded the next time
      this.most.set(group, Math.max(this.most.get(group) ?? 0, metrics.findIndex((each) => each.metric === metric) + 1, this.first));
      this.held.get(group)?.apply();
      this.arrange(...this.last);
    }
    const charts = [...this.charts.values()].filter((chart) => chart.metric.metric === metric);
    return charts.find((chart) => chart.facet?.name === facet) ?? charts[0] ?? null;
  }

  /** Makes sections and charts as the metrics want it.
   * @param {any[]} all the metrics @param {string} filter what a metric's name must match
   * @param {string[]} pins metrics that stand in a section of their own, first, in this order
   * @param {string[]} [order] of the metrics that a reader moved */
  arrange(all, filter, pins, order = []) {
    const isOther = filter !== this.last[1];
    if (isOther) this.most.clear(); // what was opened by scrolling through another list
    this.last = [all, filter, pins, order];
    const matches = matcher(filter);
    const wanted = withPinned(matches ? all.filter((m) => matches(m.metric)) : all, pins, order);
    const totals = withPinned(all, pins, order);
    this.#release(wanted);
    const gone = new Set(this.held.keys());
    let before = null;
    let made = 0;
    for (const [group, metrics] of wanted) {
      gone.delete(group);
      const section = this.held.get(group) ?? this.#section(group);
      before = follow(this.node, section.node, before);
      const total = totals.get(group)?.length ?? metrics.length;
      const isFolded = this.folds.has(group);
      const per = this.facets?.length ?? 1;
      const usual = made < AT_ONCE ? Math.ceil(this.first / per) : 0;
      // What is there stays: a new metric above may not take a chart from under the reader's eyes.
      const most = isFolded ? 0 : Math.max(this.most.get(group) ?? usual, isOther ? 0 : section.size);
      const shown = metrics.slice(0, most);
      made += shown.length * per;
      const count = `${shown.length < total && !isFolded && shown.length ? `${formatCount(shown.length)} of ` : ""}${formatCount(total)} metric${total === 1 ? "" : "s"}`;
      if (section.count.textContent !== count) section.count.textContent = count;
      const left = metrics.length - shown.length;
      section.more.hidden = !left || isFolded;
      const words = left > MORE ? `Show ${formatCount(MORE)} more of ${formatCount(left)}` : `Show all ${formatCount(metrics.length)}`;
      if (section.more.textContent !== words) section.more.textContent = words;
      if (shown.length || isFolded) this.near.unobserve(section.more);
      else this.near.observe(section.more);
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
    /** @type {Map<string, string>} */ const groupOf = new Map();
    for (const [group, metrics] of wanted) for (const { metric } of metrics) groupOf.set(metric, group);
    for (const [group, section] of this.held) section.charts = section.charts.filter(({ metric }) => (groupOf.get(metric.metric) ?? group) === group);
  }

  /** The groups whose charts are made only now, because the reader came near: one after the other from the top of the window,
   * for each pushes those behind it away. @param {IntersectionObserverEntry[]} entries */
  #came(entries) {
    for (const { isIntersecting, target } of entries) isIntersecting ? this.waiting.add(target) : this.waiting.delete(target);
    if (!this.waiting.size || this.opening) return;
    this.opening = requestAnimationFrame(() => {
      this.opening = 0;
      const empty = [...this.held].filter(([, { more, charts }]) => this.waiting.has(more) && !charts.length);
      const next = empty.find(([, { more }]) => more.getBoundingClientRect().top >= 0) ?? empty[0];
      if (!next) return;
      this.waiting.delete(next[1].more);
      this.most.set(next[0], this.first);
      this.arrange(...this.last);
      // Where they are now the observer tells only if that has changed: those that stay near are asked for again.
      for (const [, { more, charts }] of empty) if (!charts.length) this.near.unobserve(more), this.near.observe(more);
    });
  }

  /** @param {string} group @param {Section} section @param {any[]} metrics */
  #fill(group, section, metrics) {
    const wanted = metrics.flatMap((metric) => (this.facets ?? [null]).map((facet) => ({ metric, facet })));
    const stay = new Set(wanted.map(({ metric, facet }) => keyOf(metric, facet)));
    for (const chart of section.charts) if (!stay.has(keyOf(chart.metric, chart.facet))) this.#drop(chart);
    section.size = metrics.length;
    const titles = metrics.map(titleOf);
    const isShared = (/** @type {string} */ title) => titles.indexOf(title) !== titles.lastIndexOf(title); // "loss" and "train/loss"
    let before = null;
    section.charts = wanted.map(({ metric, facet }, i) => {
      let chart = this.charts.get(keyOf(metric, facet));
      if (!chart) this.charts.set(keyOf(metric, facet), (chart = this.host.make(metric, facet)));
      Object.assign(chart, { metric, facet });
      chart.node.classList.toggle("tk-facet-first", facet !== null && wanted[i - 1]?.metric !== metric); // a row a metric
      const usual = titleOf(metric);
      const title = group === PINNED || isShared(usual) ? metric.metric : usual; // under "Pinned" nothing else tells the group
      chart.rename(title, unitBeside(title, metric.unit));
      before = follow(section.grid, chart.node, before);
      return chart;
    });
  }

  /** @param {Chart} chart */
  #drop(chart) {
    this.host.drop(chart);
    this.charts.delete(keyOf(chart.metric, chart.facet));
    chart.node.remove();
  }

  /** @param {string} group @returns {Section} */
  #section(group) {
    const grid = h("div", { class: "tk-grid" });
    const count = h("span", { class: "tk-section-count" });
    const more = h("button", { class: "tk-link tk-section-all", hidden: true });
    const fold = h("button", { class: "tk-section-fold", "aria-expanded": "true" }, icon("down"), h("span", null, group));
    const node = h("section", { class: "tk-section", "aria-label": group }, h("h2", { class: "tk-section-head" }, fold, count), grid, more);
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
    more.addEventListener("click", () => {
      this.most.set(group, (this.held.get(group)?.size ?? 0) + MORE);
      this.arrange(...this.last);
    });
    apply();
    const section = { node, grid, count, more, apply, charts: /** @type {Chart[]} */ ([]), size: 0 };
    this.held.set(group, section);
    return section;
  }
}

/** What tells a chart from all others. @param {any} metric @param {import("./facets.js").Facet | null} facet */
const keyOf = ({ metric }, facet) => (facet ? `${metric}\n${facet.key}` : metric);

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
