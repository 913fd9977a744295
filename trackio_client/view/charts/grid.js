// @ts-check
/**
 * All metric charts of a page: groups that fold, charts in a stable order, one poll for those in view, one frame for
 * all that has to be drawn. Knows the page only by its state and the server only by its source.
 */
import { chartMenu } from "./actions.js";
import { Ahead } from "./ahead.js";
import { ARRANGEMENT, followArrangement, listOf, moved, putBefore, setList } from "./arrangement.js";
import { Chart } from "./chart.js";
import { Ink } from "../base/colors.js";
import { Cursor } from "./cursor.js";
import { h } from "../base/dom.js";
import { Drawing } from "./drawing.js";
import { Facets } from "./facets.js";
import { Feeds } from "./feeds.js";
import { HiddenMetrics } from "./hidden.js";
import { MarkFeed, gravest } from "./marks.js";
import { Legend } from "./legend.js";
import { Models } from "./models.js";
import { Ranges, zoomKey } from "./ranges.js";
import { followLink } from "./link.js";
import { PutAway, pinsOf, togglePin } from "./pins.js";
import { Replaced } from "./replaced.js";
import { Sections } from "./sections.js";
import { derivedMetrics, ownOf, setOwn } from "./settings.js";
import { tickThoseWith } from "./ticking.js";
import { followWindow } from "./window.js";
import { BY_STEP } from "../data/state.js";

const CLOCKS = ["time", "relative"];
const SPARE_PX = 160; // above and below the window, where charts are drawn already
const KEYS = ["experiments", "metrics", "x", "smoothing", "logY", "logX", "band", "clip", "filter", "zoom", "zoomY", "groups", "by", "facet", "spread", "ranks", "dashes", "own", "derived", "chart", ...ARRANGEMENT];
const ARRANGED = ["facet", "metrics", "filter", "groups", "derived", "chart", ...ARRANGEMENT];

/** Events: `contact` when the server went away or came back (see `contact`); on its node `trackio-show`, with ids that
 * the reader asked to tick. */
export class MetricGrid extends EventTarget {
  /** @param {HTMLElement} root @param {{state: any, source: any, every_ms?: number, folds?: {key: string, usual: string[], first?: number}}} parts */
  constructor(root, { state, source, every_ms, folds }) {
    super();
    this.state = state;
    this.source = source;
    this.ink = new Ink();
    this.ink.forget();
    this.feeds = new Feeds(source, { every_ms });
    this.ahead = new Ahead();
    this.marks = new MarkFeed(source);
    this.models = new Models({ state, source, feeds: this.feeds, ink: this.ink, ahead: this.ahead, marks: this.marks });
    this.models.replaced = new Replaced({ state, source, ink: this.ink, changed: () => this.redraw() });
    this.node = h("div", { class: "tk-charts" });
    this.hidden = new HiddenMetrics(() => this.#rearranged());
    this.facets = new Facets(state, () => this.shown());
    this.legend = new Legend(this.models, state, this.ink);
    this.putAway = new PutAway(state);
    this.isFull = false; // one chart over the whole window
    /** @type {MetricGrid | null} the page's own, of such a one */ this.outer = null;
    this.isCovered = false; // by such a one
    this.node.append(this.putAway.node, this.hidden.node); // the sections are put before them
    const stopArrangement = followArrangement(state);
    root.append(this.legend.node, this.facets.node, this.node);
    this.sections = new Sections(this.node, { make: (metric, facet) => this.#chart(metric, facet), drop: (chart) => this.#drop(chart), move: (chart, before) => this.move(chart, before) }, folds);
    this.charts = this.sections.charts;
    this.ranges = new Ranges(state, (chart) => this.axisOf(chart), () => this.charts.values(), () => (this.#ask(), this.redraw()));
    /** @type {Map<any, Chart>} */ this.byPlot = new Map();
    this.drawing = new Drawing(this);
    this.drawn = "";
    this.hasLooked = false;
    this.cursorLine = new Cursor(this.node, state, () => this.drawing.soon());
    this.sight = new IntersectionObserver((entries) => this.#seen(entries), /** @type {any} */ ({ rootMargin: `${SPARE_PX}px 0px`, scrollMargin: `${SPARE_PX}px 0px` }));
    this.sizes = new ResizeObserver((entries) => this.#sized(entries));
    this.feeds.addEventListener("data", (event) => this.#came(/** @type {any} */ (event).detail));
    this.feeds.addEventListener("contact", () => this.dispatchEvent(new Event("contact")));
    this.marks.addEventListener("marks", () => this.redraw());
    this.stops = [
      stopArrangement,
      state.follow(KEYS, (/** @type {Set<string>} */ keys) => this.#changed(keys)),
      state.follow(["hot"], () => this.#hot()),
      state.follow(["theme"], () => this.#themed()),
      state.follow(["progress"], () => this.#regrouped()),
    ];
    this.stops.push(followLink(this), followWindow(this, () => this.#themed()));
  }

  /** Whether the server answers: {phase, error, since_s, next_ms}. */
  get contact() {
    return this.feeds.contact;
  }

  retry() {
    this.feeds.retry();
  }

  close() {
    for (const stop of this.stops) stop();
    this.feeds.close();
    this.sight.disconnect();
    this.sizes.disconnect();
    this.drawing.close();
    this.legend.node.remove();
    this.facets.close();
    this.node.remove();
  }

  /** @param {Set<string>} keys */
  #changed(keys) {
    const others = (keys.has("experiments") || keys.has("facet")) && this.#refaceted();
    if (keys.has("experiments")) {
      // Rows change with every heartbeat and step; the charts only when one is ticked, named or ends.
      const drawn = this.shown().map((/** @type {any} */ e) => [e.id, e.name, e.color, e.state].join("\t")).join("\n");
      const same = drawn === this.drawn;
      this.drawn = drawn;
      if (same && !others && keys.size === 1) return;
    }
    // Another axis: a range of the old one means nothing. Not when the address gave both.
    if (keys.has("x") && !keys.has("zoom") && (this.state.get("zoom") || this.state.get("zoomY"))) this.ranges.forget();
    if (keys.has("own")) for (const chart of this.charts.values()) chart.own = ownOf(this.state, chart.metric.metric);
    if (others || ARRANGED.some((key) => keys.has(key))) this.sections.arrange(...this.#wanted());
    this.legend.paint();
    this.#look();
    this.#ask();
    this.redraw();
  }

  /** Whether there are other charts now for each metric. */
  #refaceted() {
    const others = this.facets.update();
    this.sections.facets = this.facets.all;
    return others;
  }

  /** Values of the configuration came, by which the experiments are grouped or have charts of their own. */
  #regrouped() {
    if (this.state.get("facet")?.some((/** @type {string} */ key) => key.includes(":")) && this.#refaceted()) this.#rearranged();
    if (!(this.state.get("by") ?? []).some((/** @type {string} */ key) => key.includes(":"))) return;
    const before = this.legend.told;
    this.models.regroup();
    this.legend.paint();
    if (this.legend.told !== before) this.redraw();
  }

  // Layout

  #rearranged() {
    this.sections.arrange(...this.#wanted());
    this.#ask();
    this.redraw();
  }

  /** The metrics of the groups in view, the filter, the pinned. @returns {[any[], string, string[], string[]]} */
  #wanted() {
    const groups = this.state.get("groups");
    const pins = pinsOf(this.state);
    const metrics = this.state.get("metrics") ?? [];
    const all = [...metrics, ...derivedMetrics(this.state.get("derived"), metrics)].filter((/** @type {any} */ m) => !groups || groups.includes(m.group));
    return [this.putAway.rest(this.hidden.rest(all, pins)), this.state.get("filter") ?? "", pins, listOf(this.state, "order")];
  }

  /** @param {Chart} chart */
  isPinned(chart) {
    return pinsOf(this.state).includes(chart.metric.metric);
  }

  /** Puts a chart among the pinned ones, or back into its group. @param {Chart} chart */
  pin(chart) {
    togglePin(this.state, chart.metric.metric);
    chart.node.scrollIntoView({ block: "nearest" });
  }

  /** Puts a chart before another of its section; null: last. @param {Chart} chart @param {Chart | null} before */
  move(chart, before) {
    const names = this.sections.names(chart);
    const order = putBefore(names, chart.metric.metric, before?.metric.metric ?? null);
    if (this.isPinned(chart)) setList(this.state, "pins", order);
    else setList(this.state, "order", moved(listOf(this.state, "order"), order));
  }

  /** @param {any} metric @param {import("./facets.js").Facet | null} facet */
  #chart(metric, facet) {
    const chart = new Chart(metric, this, this.ink, facet);
    if (facet) chart.y = this.siblings(metric)[0]?.y ?? chart.y; // of all its facets one range, so that they can be compared
    chart.own = ownOf(this.state, metric.metric);
    this.byPlot.set(chart.plot, chart);
    this.byPlot.set(chart.node, chart);
    this.sight.observe(chart.node);
    this.sizes.observe(chart.plot);
    return chart;
  }

  /** @param {Chart} chart */
  #drop(chart) {
    this.sight.unobserve(chart.node);
    this.sizes.unobserve(chart.plot);
    this.byPlot.delete(chart.plot);
    this.byPlot.delete(chart.node);
    this.drawing.drop(chart);
  }

  inView() {
    return [...this.charts.values()].filter((chart) => chart.inView);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const entry of entries) {
      const chart = this.byPlot.get(entry.target);
      if (!chart || chart.inView === entry.isIntersecting) continue;
      chart.inView = entry.isIntersecting;
      if (chart.inView) this.drawing.add(chart);
      else chart.rest();
    }
    this.#ask();
  }

  /** Which charts a page that just opened shows, before the browser says so a frame later: their points are on the way then. */
  #look() {
    if (this.hasLooked || !this.charts.size) return;
    for (const chart of this.charts.values()) {
      const { top, bottom, width } = chart.node.getBoundingClientRect();
      if (!width || top > innerHeight + SPARE_PX) break;
      if (bottom < -SPARE_PX) continue;
      [chart.inView, chart.width, chart.height] = [true, chart.plot.clientWidth, chart.plot.clientHeight];
      this.hasLooked = true;
    }
  }

  /** @param {ResizeObserverEntry[]} entries */
  #sized(entries) {
    for (const { target, contentRect } of entries) {
      const chart = this.byPlot.get(target);
      if (!chart || !contentRect.width) continue;
      chart.width = contentRect.width;
      chart.height = contentRect.height;
      if (chart.inView) this.drawing.add(chart);
    }
  }

  /** The charts of a metric: one, or one for each facet. @param {any} metric @returns {Chart[]} */
  siblings({ metric }) {
    return [...this.charts.values()].filter((chart) => chart.metric.metric === metric);
  }

  // Data

  shown() {
    return this.models.shown();
  }

  /** Whether one chart stands over all of them. @param {boolean} on */
  cover(on) {
    this.isCovered = on;
    this.#ask();
    if (!on) this.redraw();
  }

  /** @param {Chart} chart @returns {string} */
  axisOf(chart) {
    return this.models.axisOf(chart);
  }

  /** @param {Chart} chart @returns {[number, number] | null} */
  zoomOf(chart) {
    return this.ranges.of(chart);
  }

  /** Tell the feeds what the charts in view need; what is zoomed while one chart covers them, when it is gone. */
  #ask() {
    if (this.isCovered) return;
    this.feeds.want(this.inView().flatMap((chart) => this.models.wishes(chart, this.zoomOf(chart))));
  }

  /** @param {Set<import("./frames.js").Series>} changed */
  #came(changed) {
    const metrics = new Set([...changed].map((series) => series.metric));
    const all = metrics.has(this.models.evaluation?.metric); // has signs on every chart
    for (const chart of this.inView()) if (all || this.models.names(chart).some((name) => metrics.has(name)) || chart.model?.status.waiting || chart.model?.lacks) this.drawing.add(chart);
    if (this.inView().some((chart) => !["step", ...CLOCKS].includes(this.axisOf(chart)))) this.#ask(); // who lacks that metric is known now
    this.marks.follow(this.shown());
  }

  // Drawing

  /** Draw all charts in view at the next frame. */
  redraw() {
    this.drawing.add(...this.inView());
  }

  #themed() {
    requestAnimationFrame(() => {
      this.ink.forget();
      this.redraw();
    });
  }

  #hot() {
    const hot = this.state.get("hot");
    const others = [...this.charts.values()].filter((chart) => chart.hot !== hot);
    for (const chart of others) chart.hot = hot;
    this.drawing.addOver(...others);
  }

  // What a person does on a chart

  /** @param {Chart} chart @param {number} x @param {any} what */
  cursor(chart, x, what) {
    if (chart.selection) this.drawing.addOver(chart);
    this.cursorLine.move(chart, x, what);
  }

  /** @param {Chart} chart */
  leave(chart) {
    if (this.cursorLine.chart === chart) this.cursorLine.leave();
  }

  /** A selection has come to rest: what a zoom to it would show is asked for now. @param {Chart} chart @param {[number, number]} x */
  foresee(chart, x) {
    const key = zoomKey(chart, this.axisOf(chart));
    if (!this.ahead.expect(key, x)) return;
    const others = this.inView().filter((each) => zoomKey(each, this.axisOf(each)) === key);
    this.feeds.foresee(others.flatMap((each) => this.models.wishes(each, x)).filter(({ axis }) => axis.from !== null));
  }

  /** A selection was given up. @param {Chart} chart */
  giveUp(chart) {
    if (this.ahead.settle(zoomKey(chart, this.axisOf(chart)), null)) this.feeds.foresee([]);
  }

  /** @param {Chart} chart @param {[number, number]} x @param {[number, number] | null} y @param {boolean} [smooth] one step of many */
  zoom(chart, x, y, smooth = false) {
    if (this.ahead.settle(zoomKey(chart, this.axisOf(chart)), x)) this.feeds.foresee([]);
    this.ranges.into(chart, x, y, smooth);
    if (this.source.overview && chart.lines.some(({ series }) => !series.single || series.n < series.points().count)) chart.say(this.source.overview);
  }

  /** One step back, or all the way. @param {Chart} chart @param {boolean} [all] */
  back(chart, all = false) {
    this.ranges.back(chart, all);
  }

  /** @param {Chart} chart @param {HTMLElement} button */
  menu(chart, button) {
    chartMenu(this, chart, button);
  }

  /** Changes what one chart sets itself. @param {Chart} chart @param {import("./settings.js").Own | null} patch */
  set(chart, patch) {
    setOwn(this.state, chart.metric.metric, patch);
  }

  /** @param {Chart} chart */
  log(chart) {
    this.set(chart, { log: !chart.log === this.state.get("logY") ? undefined : !chart.log });
  }

  /** Its own zoom and cursor, or those of its group. @param {Chart} chart */
  link(chart) {
    this.ranges.part(chart, () => this.set(chart, { apart: chart.linked || undefined }));
  }

  /** The box with a chart's own axes, range and smoothing. @param {Chart} chart @param {HTMLElement} button @param {{zoom?: boolean}} [at] where it begins */
  async settings(chart, button, at) {
    const { openSettings } = await import("./settingsbox.js");
    openSettings(this, chart, button, at);
  }

  /** The dialog for a derived chart: a new one, or the one that this chart shows. @param {Chart | null} [chart] @param {HTMLElement | null} [button] */
  async derive(chart = null, button = null) {
    const { openDeriving } = await import("./deriving.js");
    openDeriving(this.state, { chart, back: button, root: this.node });
  }

  /** Against the step, where some lack the metric of the x axis. @param {Chart} chart */
  byStep(chart) {
    this.set(chart, { x: BY_STEP });
  }

  /** @param {Chart} chart */
  table(chart) {
    chart.showTable(!chart.asTable);
    if (chart.asTable) chart.tableNode.focus();
    this.drawing.add(chart);
  }

  /** @param {Chart} chart @param {() => boolean} [isWanted] still, when what draws it is here */
  async full(chart, isWanted = () => true) {
    const { openFull } = await import("./full.js");
    if (isWanted()) openFull(this, chart);
  }

  /** @param {Chart} chart */
  show(chart) {
    return tickThoseWith(this, chart);
  }

  /** To where the page of its experiment tells of it. @param {Chart} _chart @param {import("./marks.js").Cluster} cluster */
  openMark(_chart, cluster) {
    const lead = gravest(cluster);
    this.state.set({ view: "experiment", experiment: lead.experiment, lead });
  }
}
