// @ts-check
/** What each chart draws: which series it needs from the feeds, and the lines that they become – one an experiment, or one
 * a group of them; as they were logged, or by an expression. */
import { SPREADS, GroupSeries, average } from "./averages.js";
import { HUES, dashOf, variableOf } from "../base/colors.js";
import { evaluationMetric, evaluationsOf, inView, isEvaluated, unsaid } from "./evaluations.js";
import { Series } from "./frames.js";
import { groupsOf } from "./grouping.js";
import { joined } from "./joined.js";
import { placeOf } from "./marks.js";
import { isNoisy } from "./order.js";
import { zoomKey } from "./ranges.js";
import { ownOf } from "./settings.js";
import { axisKey } from "./shelves.js";
import { BY_STEP } from "../data/state.js";

const POINTS = 1000; // buckets a series in a grid: two and more a pixel, so that extremes keep their own pixel column
const MANY = 8; // experiments, above which a bucket a pixel column has to do: the server's time and the bytes follow the buckets
const COLUMNS = [340, 680]; // pixel columns, in steps, so that charts of about one size are asked for together
const BESIDE = 70; // px of a chart that are not plot
const PROBE = 4; // points: enough to learn whether an experiment has a metric at all
const CLOCKS = ["time", "relative"];
const PLAIN = ["step", ...CLOCKS];

/** @typedef {import("./chart.js").Chart} Chart @typedef {import("./feeds.js").Axis} Axis @typedef {import("./feeds.js").Feeds} Feeds
 * @typedef {{id: string, name: string, color: string, dash: number[], live: boolean, series: Series, whole: Series, members?: string[], of?: number, rank?: number}} Drawn */

/** A little more than is seen, so that lines reach the edges; on the left also that smoothing has something to begin with.
 * @param {[number, number]} zoom @returns {[number, number]} */
function around([low, high]) {
  const size = high - low;
  return [Number((low - 0.1 * size).toPrecision(12)), Number((high + 0.02 * size).toPrecision(12))];
}

export class Models {
  /** @param {{state: any, source: any, feeds: Feeds, ink: import("../base/colors.js").Ink, ahead: import("./ahead.js").Ahead, marks: import("./marks.js").MarkFeed}} parts */
  constructor({ state, source, feeds, ink, ahead, marks }) {
    this.marks = marks;
    this.evaluated = { of: /** @type {any} */ (null), row: /** @type {any} */ (null) };
    this.metrics = () => /** @type {any[]} */ (state.get("metrics") ?? []);
    this.state = state;
    this.source = source;
    this.feeds = feeds;
    this.ink = ink;
    this.ahead = ahead;
    /** Series that were computed here, by chart. @type {WeakMap<Chart, Map<string, {key: string, series: any}>>} */
    this.computed = new WeakMap();
    /** @type {import("./replaced.js").Replaced | null} */ this.replaced = null;
    this.ticked = { of: /** @type {any} */ (null), rows: /** @type {any[]} */ ([]) }; // of ten thousand rows, asked for at every draw
    this.grouped = /** @type {{rows: any[], keys: string[], groups: import("./grouping.js").Group[]}} */ ({ rows: [], keys: [], groups: [] });
  }

  /** The ticked experiments. @returns {any[]} */
  shown() {
    const rows = this.state.get("experiments");
    if (this.ticked.of !== rows) this.ticked = { of: rows, rows: rows.filter((/** @type {any} */ e) => e.shown) };
    return this.ticked.rows;
  }

  /** The ticked experiments as groups; null when each is a line of its own. @returns {import("./grouping.js").Group[] | null} */
  groups() {
    const keys = this.state.get("by") ?? [];
    if (!keys.length) return null;
    const rows = this.state.get("experiments");
    if (this.shown().length < 2) return null;
    if (this.grouped.rows !== rows || this.grouped.keys !== keys) this.grouped = { rows, keys, groups: groupsOf(rows, keys) };
    return this.grouped.groups;
  }

  /** The ticked experiments that a chart is about. @param {Chart} chart @returns {any[]} */
  rowsOf({ facet }) {
    return facet ? this.shown().filter((e) => facet.ids.has(e.id)) : this.shown();
  }

  /** Config values come into the rows without a new list. */
  regroup() {
    this.grouped = { rows: [], keys: [], groups: [] };
  }

  /** The metrics that a chart is made of. @param {Chart} chart @returns {string[]} */
  names(chart) {
    return chart.metric.names ?? [chart.metric.metric];
  }

  /** The x axis of a chart: its own, else the page's, which is usually what the metric was defined to be drawn against, else
   * the step; but hardware is sampled by the clock and stands against time. @param {Chart} chart @returns {string} */
  axisOf(chart) {
    const { metric } = chart;
    const own = ownOf(this.state, metric.metric).x;
    const can = !this.source.overview && this.source.byMetric !== false; // curves against a metric take every point
    const asked = own && (can || own === BY_STEP || PLAIN.includes(own)) ? own : this.state.get("x");
    const defined = asked === "step" && can ? metric.step_metric : null;
    const x = defined ?? (asked === BY_STEP ? "step" : asked);
    // Experiments of different days share no wall time worth drawing: of several, time since each one's start.
    if (metric.group === "system" && !CLOCKS.includes(x)) return this.shown().length > 1 ? "relative" : "time";
    return x;
  }

  /** Whether a chart's x axis is logarithmic; a clock's never is. @param {Chart} chart */
  isLogX(chart) {
    return (ownOf(this.state, chart.metric.metric).logX ?? this.state.get("logX") ?? false) && this.axisOf(chart) !== "time";
  }

  /** Whether each rank of an experiment is a line of this chart. @param {Chart} chart */
  isEach({ metric }) {
    return this.state.get("ranks") === true && metric.ranked === true && metric.names === undefined && this.groups() === null;
  }

  /** What is held of an experiment's metric: its series, or one a rank. @param {Axis} axis @param {string} id @param {string} name @returns {Series[]} */
  held(axis, id, name) {
    if (axis.ranks) return this.feeds.ranks(axis, id, name).map(({ series }) => series);
    const series = this.feeds.series(axis, id, name);
    return series?.n ? [series] : [];
  }

  /** How many buckets a series of a chart has at most. @param {Chart} chart */
  #points(chart) {
    if (this.source.overview || (this.shown().length <= MANY && !this.isEach(chart))) return POINTS;
    const columns = (chart.width - BESIDE) * chart.ratio;
    return COLUMNS.find((most) => columns <= most) ?? POINTS;
  }

  /** Coarse and, when zoomed, fine. @param {Chart} chart @param {[number, number] | null} zoom @returns {{coarse: Axis, fine: Axis | null}} */
  axes(chart, zoom) {
    /** @type {Axis} */ const coarse = { x: this.axisOf(chart), from: null, to: null, max_points: this.#points(chart), ...(this.isEach(chart) ? { ranks: /** @type {const} */ ("each") } : {}) };
    if (!zoom || this.source.overview) return { coarse, fine: null };
    const [from, to] = this.ahead.of(zoomKey(chart, coarse.x), zoom) ?? around(zoom);
    const fine = { ...coarse, from, to };
    const ids = this.shown().map((/** @type {any} */ e) => e.id);
    const enough = ids.every((/** @type {string} */ id) =>
      this.names(chart).every((name) => this.held(coarse, id, name).every((held) => held.single && held.n >= held.points().count)));
    return { coarse, fine: enough && !this.status(chart, coarse, ids).waiting ? null : fine };
  }

  /** Whether an answer is still to come for what a chart is made of. @param {Chart} chart @param {Axis} axis @param {string[]} ids @param {Feeds} [feeds]
   * @returns {{waiting: boolean, error: any}} */
  status(chart, axis, ids, feeds = this.feeds) {
    const all = this.names(chart).map((name) => feeds.status(axis, ids, name));
    return { waiting: all.some(({ waiting }) => waiting), error: all.find(({ error }) => error)?.error ?? null };
  }

  /** What a chart in view needs of the feeds now. @param {Chart} chart @param {[number, number] | null} zoom @returns {import("./feeds.js").Wish[]} */
  wishes(chart, zoom) {
    const experiments = this.shown().map((/** @type {any} */ e) => e.id);
    if (!experiments.length) return [];
    const { coarse, fine } = this.axes(chart, zoom);
    const names = this.names(chart);
    const on = (/** @type {Axis} */ axis, ids = experiments) => names.map((metric) => ({ axis, metric, experiments: ids }));
    const waiting = this.status(chart, coarse, experiments).waiting;
    const absent = waiting ? [] : this.#absent(chart, coarse, experiments);
    const evaluation = this.#evaluation(chart);
    const evaluated = evaluation ? unsaid(this.shown(), coarse.x, this.marks.of(experiments)).map(({ id }) => id) : [];
    // Also of what is zoomed the whole: the last value in the chart's head comes from there.
    return [...(fine ? on(fine) : []), ...on(coarse), ...(absent.length ? on(probeOf(), absent) : []), ...(evaluated.length ? [{ axis: fine ?? coarse, metric: evaluation.metric, experiments: evaluated }] : [])];
  }

  /** The metric that tells evaluations, as a row, or null. */
  get evaluation() {
    const of = this.metrics();
    if (this.evaluated.of !== of) {
      const name = evaluationMetric(of);
      this.evaluated = { of, row: of.find(({ metric }) => metric === name) ?? null };
    }
    return this.evaluated.row;
  }

  /** The same for a chart: none where each point is an evaluation. @param {Chart} chart */
  #evaluation({ metric }) {
    return isEvaluated(metric) ? null : this.evaluation;
  }

  /** Evaluations that no experiment told as such, by the points of what was measured. @param {Chart} chart @param {any[]} rows @param {Axis} coarse @param {Axis | null} fine
   * @param {[number, number]} domain in view @param {import("./marks.js").Mark[]} marks @returns {import("./marks.js").Mark[]} */
  #evaluations(chart, rows, coarse, fine, domain, marks) {
    const evaluation = this.#evaluation(chart);
    if (!evaluation) return [];
    return unsaid(rows, coarse.x, marks).flatMap(({ id, created_s }) => {
      const series = (fine && this.feeds.series(fine, id, evaluation.metric)) ?? this.feeds.series(coarse, id, evaluation.metric);
      return series?.n ? evaluationsOf(id, series, inView(series, domain), coarse.x, created_s, String(evaluation.title ?? evaluation.metric)) : [];
    });
  }

  /** Of a chart against a metric, the experiments that have no points there. @param {Chart} chart @param {Axis} coarse @param {string[]} ids */
  #absent(chart, coarse, ids) {
    if (PLAIN.includes(coarse.x)) return [];
    return ids.filter((id) => this.names(chart).some((name) => !this.feeds.series(coarse, id, name)?.n));
  }

  /** How many of them logged what the chart shows, and lack only the metric of its x axis. @param {Chart} chart @param {Axis} coarse @param {string[]} ids */
  lacking(chart, coarse, ids) {
    return this.#absent(chart, coarse, ids).filter((id) => this.names(chart).every((name) => this.feeds.series(probeOf(), id, name)?.n)).length;
  }

  /** A chart's lines from any feeds, for whoever draws it elsewhere: the large view, files.
   * @param {Chart} chart @param {Axis} coarse @param {Axis | null} [fine] @param {Feeds} [feeds] @returns {Drawn[]} */
  lines(chart, coarse, fine = null, feeds = this.feeds) {
    const before = this.computed.get(chart) ?? new Map();
    const used = new Map();
    const held = (/** @type {string} */ place, /** @type {string} */ key, /** @type {(old: any) => any} */ make) => {
      const old = before.get(place);
      const now = old?.key === key ? old : { key, series: make(old?.series ?? null) };
      used.set(place, now);
      return now.series;
    };
    const source = feeds === this.feeds ? "" : "elsewhere ";
    const isWide = chart.metric.names !== undefined || this.groups() !== null;
    const get = (/** @type {Axis} */ axis, /** @type {string} */ id, /** @type {string} */ name) => {
      const whole = feeds.series(coarse, id, name);
      // What joins series needs the points beside the range, too: where the coarse one has every point, it has those.
      return axis !== coarse && !(isWide && whole?.n && whole.single && whole.n >= whole.points().count) ? feeds.series(axis, id, name) : whole;
    };
    const of = (/** @type {Axis} */ axis, /** @type {string} */ id) => this.#one(chart, (name) => get(axis, id, name), axis, (key, make) => held(`${source}${axis === coarse ? "" : axisKey(axis)} ${id}`, key, make));
    const finer = fine ? [fine, ...feeds.around(fine)] : []; // until the points of a zoom are here it is drawn of those of the last
    /** @type {Drawn[]} */ const lines = [];
    const apart = this.state.get("dashes");
    const groups = this.groups();
    if (coarse.ranks) return this.#ranks(chart, coarse, finer, feeds);
    for (const e of groups ? [] : this.rowsOf(chart)) {
      const far = of(coarse, e.id);
      const series = first(finer, (axis) => of(axis, e.id)) ?? far;
      if (series?.n) lines.push({ id: e.id, name: e.name, color: this.ink.of(variableOf(e.color)), dash: dashOf(e.color, apart), live: e.state === "running", series, whole: far ?? series });
    }
    const { facet } = chart;
    const ids = this.shown().map((/** @type {any} */ e) => e.id);
    const whole = groups ? finer.filter((axis) => !this.status(chart, axis, ids, feeds).waiting) : []; // a mean of some members is none
    for (const each of groups ?? []) {
      const group = facet ? { ...each, members: each.members.filter((e) => facet.ids.has(e.id)) } : each;
      const far = this.#group(group, coarse, of, chart, held, `${source}far`);
      const series = first(whole, (axis) => this.#group(group, axis, of, chart, held, `${source}${axisKey(axis)}`)) ?? far;
      if (!series?.n) continue;
      const live = group.members.some((e) => e.state === "running");
      lines.push({ id: `group:${group.name}`, name: group.name, color: this.ink.of(variableOf(group.color)), dash: dashOf(group.color, apart), live, series, whole: far ?? series, members: group.members.map((e) => e.id), of: group.of });
    }
    if (!source) this.computed.set(chart, used);
    return lines;
  }

  /** A line a rank: of one experiment each with a hue of its own, of several with the experiment's, told apart by dashes.
   * @param {Chart} chart @param {Axis} coarse @param {Axis[]} finer @param {Feeds} feeds @returns {Drawn[]} */
  #ranks(chart, coarse, finer, feeds) {
    const { metric } = chart.metric;
    const rows = this.rowsOf(chart);
    const apart = this.state.get("dashes");
    return rows.flatMap((e) => {
      const whole = feeds.ranks(coarse, e.id, metric);
      const near = finer.map((axis) => new Map(feeds.ranks(axis, e.id, metric).map(({ rank, series }) => [rank, series])));
      return whole.map(({ rank, series }) => {
        const color = whole.length === 1 || this.shown().length > 1 ? e.color + HUES * rank : rank;
        const name = whole.length === 1 && !rank ? e.name : `${e.name} rank ${rank}`;
        return { id: `rank:${e.id}:${rank}`, name, color: this.ink.of(variableOf(color)), dash: dashOf(color, apart), live: e.state === "running", series: first(near, (held) => held.get(rank)) ?? series, whole: series, members: [e.id], rank };
      });
    });
  }

  /** @param {Chart} chart @param {(name: string) => Series | undefined} of @param {Axis} axis @param {(key: string, make: (old: any) => any) => any} held
   * @returns {Series | undefined} */
  #one(chart, of, axis, held) {
    const { tree, metric } = chart.metric;
    if (tree === undefined) return of(metric);
    if (!tree) return undefined;
    const parts = this.names(chart).map(of);
    if (!parts.every((each) => each?.n)) return undefined;
    const key = `${axis.x} ${axis.from} ${axis.to} ${parts.map((each) => /** @type {Series} */ (each).version).join()}`;
    return held(key, (old) => joined(tree, of, old, metric)) ?? undefined;
  }

  /** The mean of a group's members; of one member its own series, for it has no spread. @param {import("./grouping.js").Group} group @param {Axis} axis
   * @param {(axis: Axis, id: string) => Series | undefined} of @param {Chart} chart @param {any} held @param {string} place @returns {Series | null} */
  #group(group, axis, of, chart, held, place) {
    const parts = group.members.map((e) => of(axis, e.id)).filter((each) => each?.n);
    if (parts.length < 2) return parts[0] ?? null;
    const spread = Object.hasOwn(SPREADS, this.state.get("spread")) ? this.state.get("spread") : "sd";
    const key = `${spread} ${axis.x} ${axis.from} ${axis.to} ${parts.map((each) => `${each?.experiment} ${each?.version}`).join()}`;
    return held(`${place} ${group.name}`, key, (/** @type {any} */ old) => average(/** @type {Series[]} */ (parts), spread, old ?? new GroupSeries(group.name, chart.metric.metric)));
  }

  /** @param {Chart} chart @param {[number, number] | null} zoom @param {any[]} experiments @param {[number, number]} domain
   * @param {import("./marks.js").Mark[]} marks @param {Map<string, any>} byId the experiments @returns {import("./chart.js").Model} */
  model(chart, zoom, experiments, domain, marks, byId) {
    const { state } = this;
    const { coarse, fine } = this.axes(chart, zoom);
    const { x } = coarse;
    const { metric } = chart;
    const own = ownOf(state, metric.metric);
    const { facet } = chart;
    const rows = facet ? this.rowsOf(chart) : experiments;
    const ids = rows.map((e) => e.id);
    const lines = this.lines(chart, coarse, fine);
    const drawn = new Set(lines.flatMap(({ id, members }) => members ?? [id])); // what happened to one without a line here is no part of this picture
    const happened = marks.filter((mark) => drawn.has(mark.experiment));
    const status = metric.error ? { waiting: false, error: { title: "This expression does not parse.", detail: metric.error } } : this.status(chart, coarse, ids);
    const smoothing = state.get("smoothing");
    return {
      lines, x, domain, zoom,
      marks: [...happened, ...this.#evaluations(chart, rows.filter(({ id }) => drawn.has(id)), coarse, fine, zoom ?? domain, happened)],
      place: (/** @type {import("./marks.js").Mark} */ mark) => placeOf(mark, x, byId.get(mark.experiment)),
      zoomY: state.get("zoomY")?.[metric.metric] ?? null, own, status,
      smoothing: smoothing.kind === "none" || !(own.smooth ?? isNoisy(metric)) ? { kind: /** @type {"ema"} */ ("ema"), amount: 0 } : smoothing,
      replaced: own.replaced ? (this.replaced?.of(chart, this.rowsOf(chart), x, this.isLogX(chart)) ?? []) : [],
      logY: own.log ?? state.get("logY"), logX: this.isLogX(chart),
      band: state.get("band"), clip: state.get("clip"),
      shown: ids.length,
      isGrouped: this.groups() !== null,
      isEach: coarse.ranks === "each",
      others: lines.length || facet ? 0 : Number(metric.experiments) || 0,
      lacks: lines.length ? null : metric.lacking?.length ? `No experiment of this project has ${metric.lacking.join(", ")}.` : (this.source.lacks?.(metric.metric, ids) ?? null),
      lacking: status.waiting ? 0 : this.lacking(chart, coarse, ids),
    };
  }
}

/** What the first of some places has points of. @template T @param {T[]} places @param {(place: T) => any} of */
function first(places, of) {
  for (const place of places) {
    const series = of(place);
    if (series?.n) return series;
  }
}

/** @returns {Axis} */
const probeOf = () => ({ x: "step", from: null, to: null, max_points: PROBE });
