// @ts-check
/**
 * What charts want of the server, and what came: a shelf holds the series of one x axis and range, a feed is one
 * question about some of them (experiments × metrics) with the cursor of its last answer.
 */
import { Series } from "./frames.js";

export const MOST_FEEDS = 3; // requests a tick and shelf; a fourth makes asking all anew cheaper than more round trips
const PART = 120; // series from which on a range is asked for in parts: the first is drawn while the server reads the others
export const RANK = "@rank=";

/**
 * @typedef {{x: string, from: number | null, to: number | null, max_points: number, ranks?: "each"}} Axis
 * @typedef {{axis: Axis, metric: string, experiments: string[]}} Wish
 */

/** @type {WeakMap<Axis, string>} asked for once a line and frame, and numbers are slow to write */ const keys = new WeakMap();

/** @param {Axis} axis never changed once it is made */
export function axisKey(axis) {
  let key = keys.get(axis);
  if (key === undefined) keys.set(axis, (key = `${axis.x}|${axis.from ?? ""}|${axis.to ?? ""}|${axis.max_points}${axis.ranks ? "|each" : ""}`));
  return key;
}

/** @param {string} experiment @param {string} metric */
export const pairKey = (experiment, metric) => `${experiment}\n${metric}`;

export class Feed {
  /** @param {string[]} experiments @param {string[]} metrics */
  constructor(experiments, metrics) {
    this.experiments = experiments;
    this.metrics = metrics;
    /** @type {string | null} */ this.cursor = null;
    /** @type {Series[]} */ this.list = [];
    this.answered = false;
    this.isAsked = false; // a question is on its way
    /** @type {Feed[] | undefined} */ this.replaces = undefined; // those that it asks for as one
    /** @type {any} */ this.error = null;
    this.mismatches = 0;
  }
}

/** A question in parts of some metrics each, in their order. @param {Feed} feed @param {number} most */
function partsOf(feed, most) {
  const { experiments, metrics } = feed;
  const parts = Math.min(most, metrics.length, Math.floor((experiments.length * metrics.length) / PART));
  if (parts < 2) return [feed];
  const size = Math.ceil(metrics.length / parts);
  return Array.from({ length: Math.ceil(metrics.length / size) }, (_, i) => new Feed(experiments, metrics.slice(i * size, (i + 1) * size)));
}

export class Shelf {
  /** @param {Axis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {Map<string, Series>} */ this.series = new Map();
    /** @type {Map<string, number[]>} */ this.ranks = new Map(); // above 0, of an experiment's metric
    /** @type {Feed[]} */ this.feeds = [];
    /** @type {Map<string, Set<string>>} metric -> experiments in demand */ this.wanted = new Map();
    this.usedAt = 0;
  }

  /** @param {Feed} feed */
  serves(feed) {
    return feed.metrics.some((metric) => {
      const wanted = this.wanted.get(metric);
      return wanted !== undefined && feed.experiments.some((id) => wanted.has(id));
    });
  }

  /** Drop questions that failed and name an experiment that nobody wants now: it may have been deleted, and the others
   * in that question must not stand still for it. */
  forget() {
    const wanted = new Set([...this.wanted.values()].flatMap((ids) => [...ids]));
    this.feeds = this.feeds.filter((feed) => !feed.error || feed.experiments.every((id) => wanted.has(id)));
  }

  /** The feeds that would ask for what no feed asks yet. */
  missing() {
    /** @type {Map<string, Set<string>>} */ const covered = new Map();
    for (const feed of this.feeds) {
      for (const metric of feed.metrics) {
        let ids = covered.get(metric);
        if (!ids) covered.set(metric, (ids = new Set()));
        for (const id of feed.experiments) ids.add(id);
      }
    }
    /** @type {Map<string, Feed>} */ const made = new Map();
    for (const [metric, wanted] of this.wanted) {
      const has = covered.get(metric);
      const lacking = [...wanted].filter((id) => !has?.has(id));
      if (!lacking.length) continue;
      const same = made.get(lacking.join());
      if (same) same.metrics.push(metric);
      else made.set(lacking.join(), new Feed(lacking, [metric]));
    }
    return [...made.values()].flatMap((feed) => (this.axis.from === null ? [feed] : partsOf(feed, MOST_FEEDS - this.feeds.length)));
  }

  /** One feed for all that is wanted. */
  whole() {
    const experiments = new Set();
    for (const ids of this.wanted.values()) for (const id of ids) experiments.add(id);
    return new Feed([...experiments], [...this.wanted.keys()]);
  }
}

/** Puts an answer into the shelf. @param {Shelf} shelf @param {Feed} feed
 * @param {import("./frames.js").Answer} answer @param {Set<Series>} changed */
export function take(shelf, feed, answer, changed) {
  if (answer.series) {
    const before = feed.list;
    feed.list = answer.series.map((info) => {
      const key = pairKey(info.experiment_id, info.metric);
      let series = shelf.series.get(key);
      if (!series) {
        shelf.series.set(key, (series = new Series(info.experiment_id, info.metric)));
        if (info.metric.includes(RANK)) ranked(shelf, info);
      }
      if (series.info?.points !== info.points) changed.add(series);
      series.info = info;
      return series;
    });
    // After a reset only what is listed exists: a store that began anew must not leave lines of its former life.
    const listed = new Set(feed.list);
    for (const series of answer.reset ? before : []) if (!listed.has(series)) series.clear(), changed.add(series);
  }
  for (const block of answer.blocks) {
    const series = feed.list[block.series];
    if (!series) throw new Error(`An update is about series ${block.series} of a list of ${feed.list.length}. Asking for all of it again.`);
    series.apply(block);
    changed.add(series);
  }
  feed.cursor = answer.cursor;
}

/** @param {Shelf} shelf @param {import("./frames.js").SeriesInfo} info of a rank above 0 */
function ranked(shelf, { experiment_id, metric }) {
  const at = metric.lastIndexOf(RANK);
  const key = pairKey(experiment_id, metric.slice(0, at));
  shelf.ranks.set(key, [...(shelf.ranks.get(key) ?? []), Number(metric.slice(at + RANK.length))].sort((a, b) => a - b));
}
