// @ts-check
/**
 * The live data of all charts in view: few questions, asked together, each followed by what is new.
 *
 * A shelf holds the series of one x axis and range. A feed is one question to the server (experiments × metrics) with
 * the cursor of its last answer. What is wanted and not yet asked becomes a feed of its own at once, so that a chart
 * scrolled into view or an experiment ticked costs only itself; when a shelf has more than three feeds in use, they are
 * asked again as one. Feeds that nobody looks at are not asked.
 */
import { Series } from "./frames.js";
import { every } from "../data/pace.js";
import { SourceError } from "../data/source.js";

const MOST_FEEDS = 3; // requests a tick and shelf; a fourth makes asking all anew cheaper than more round trips
const EVERY_MS = 2000;
const LONGEST_WAIT_MS = 60_000;
const CALM_MS = 300;
const PART = 120; // series from which on a range is asked for in parts: the first is drawn while the server reads the next
const SCROLL_MS = 40; // wishes that come closer together become one question

/**
 * @typedef {{x: string, from: number | null, to: number | null, max_points: number}} Axis
 * @typedef {{axis: Axis, metric: string, experiments: string[]}} Wish
 * @typedef {{phase: "loading" | "ready" | "away" | "failed", error: any, since_s: number | null, next_ms: number | null}} Contact
 */

/** @param {Axis} axis */
export const axisKey = (axis) => `${axis.x}|${axis.from ?? ""}|${axis.to ?? ""}|${axis.max_points}`;
/** @param {string} experiment @param {string} metric */
const pairKey = (experiment, metric) => `${experiment}\n${metric}`;

class Feed {
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

/** A question in parts of some metrics each, in their order, at most as many as are followed side by side. @param {Feed} feed */
function partsOf(feed) {
  const { experiments, metrics } = feed;
  const parts = Math.min(MOST_FEEDS, metrics.length, Math.floor((experiments.length * metrics.length) / PART));
  if (parts < 2) return [feed];
  const size = Math.ceil(metrics.length / parts);
  return Array.from({ length: Math.ceil(metrics.length / size) }, (_, i) => new Feed(experiments, metrics.slice(i * size, (i + 1) * size)));
}

class Shelf {
  /** @param {Axis} axis */
  constructor(axis) {
    this.axis = axis;
    /** @type {Map<string, Series>} */ this.series = new Map();
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
    return [...made.values()].flatMap((feed) => (this.axis.from === null || covered.size ? [feed] : partsOf(feed)));
  }

  /** One feed for all that is wanted. */
  whole() {
    const experiments = new Set();
    for (const ids of this.wanted.values()) for (const id of ids) experiments.add(id);
    return new Feed([...experiments], [...this.wanted.keys()]);
  }
}

/** Events: `data` (detail: Set of Series that changed), `contact`. */
export class Feeds extends EventTarget {
  /** @param {any} source @param {{every_ms?: number}} [options] */
  constructor(source, { every_ms = EVERY_MS } = {}) {
    super();
    this.source = source;
    this.every_ms = every(every_ms);
    /** @type {Map<string, Shelf>} */ this.shelves = new Map();
    /** @type {Contact} */ this.contact = { phase: "loading", error: null, since_s: null, next_ms: null };
    this.failures = 0;
    this.timer = 0;
    this.soon = 0;
    this.askedAt = -CALM_MS;
    this.busy = false;
    this.again = false;
    this.closed = false;
    this.turn = 0;
    this.waitUntil = 0; // while the server is away
    this.nextAt = Date.now() + this.every_ms; // the next turn of all feeds in use
    /** @type {Set<Shelf>} */ this.foreseen = new Set(); // asked for, and wanted by no chart yet
    /** Measures for the benchmark: bytes and answers so far. */
    this.count = { bytes: 0, answers: 0 };
    this.onVisible = () => (document.hidden ? clearTimeout(this.timer) : this.#run(false));
    document.addEventListener("visibilitychange", this.onVisible);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  /** Say what the charts in view need now. @param {Wish[]} wishes */
  want(wishes) {
    this.turn++;
    for (const shelf of this.shelves.values()) shelf.wanted = new Map();
    this.#shelve(wishes);
    // Ranges that were zoomed into and left are dropped, all but the last few.
    const left = [...this.shelves].filter(([, s]) => s.axis.from !== null && s.usedAt < this.turn).sort((a, b) => a[1].usedAt - b[1].usedAt);
    for (const [key] of left.slice(0, -3)) this.shelves.delete(key);
    let fresh = false;
    let isNew = false;
    for (const shelf of this.shelves.values()) {
      shelf.forget();
      isNew ||= !shelf.feeds.length && shelf.wanted.size > 0;
      for (const feed of shelf.missing()) {
        if (!feed.experiments.length) continue;
        shelf.feeds.push(feed);
        fresh = true;
      }
    }
    if (fresh && !this.soon) {
      const go = () => {
        this.soon = 0;
        this.askedAt = performance.now();
        if (Date.now() >= this.waitUntil) this.#run(true);
      };
      // A zoom's question is whole when its event is over, and goes before the next frame is drawn. What goes on, as a wheel does, waits.
      const isWhole = isNew && performance.now() - this.askedAt > CALM_MS;
      if (isWhole) (this.soon = -1), queueMicrotask(go);
      else this.soon = window.setTimeout(go, SCROLL_MS);
    }
  }

  /** Note who wants what. @param {Wish[]} wishes @returns {Set<Shelf>} the shelves where it stands */
  #shelve(wishes) {
    /** @type {Set<Shelf>} */ const shelves = new Set();
    for (const { axis, metric, experiments } of wishes) {
      const key = axisKey(axis);
      let shelf = this.shelves.get(key);
      if (!shelf) this.shelves.set(key, (shelf = new Shelf(axis)));
      shelves.add(shelf);
      shelf.usedAt = this.turn;
      const ids = shelf.wanted.get(metric) ?? new Set();
      for (const id of experiments) ids.add(id);
      shelf.wanted.set(metric, ids);
    }
    return shelves;
  }

  /**
   * Ask for what will most likely be wanted in a moment, beside all other questions. It replaces what was foreseen
   * before: of that only the part that is on its way is still waited for. What goes wrong is told when it is wanted.
   * @param {Wish[]} wishes
   */
  foresee(wishes) {
    this.foreseen = new Set();
    if (this.closed || document.hidden || Date.now() < this.waitUntil) return;
    const range = wishes.filter(({ axis }) => !this.shelves.get(axisKey(axis))?.wanted.size);
    this.foreseen = this.#shelve(range);
    for (const shelf of this.foreseen) {
      const feeds = shelf.missing().filter((feed) => feed.experiments.length);
      shelf.wanted = new Map(); // by no chart yet
      shelf.feeds.push(...feeds);
      if (feeds.length) void this.#foresee(shelf, feeds);
    }
  }

  /** @param {Shelf} shelf @param {Feed[]} feeds */
  async #foresee(shelf, feeds) {
    try {
      await this.#inTurn(shelf, feeds, () => shelf.wanted.size > 0 || this.foreseen.has(shelf));
    } catch {
      // Asked again, and told if it fails again, by whoever wants it.
    }
    if (feeds.every((feed) => feed.answered)) return;
    shelf.feeds = shelf.feeds.filter((feed) => feed.answered || !feeds.includes(feed));
    if (!shelf.wanted.size) return;
    shelf.feeds.push(...shelf.missing());
    void this.#run(true);
  }

  /** The series, if it has come. @param {Axis} axis @param {string} experiment @param {string} metric */
  series(axis, experiment, metric) {
    return this.shelves.get(axisKey(axis))?.series.get(pairKey(experiment, metric));
  }

  /** Whether a question about this pair is still open; else its error, if it failed.
   * @param {Axis} axis @param {string[]} experiments @param {string} metric */
  status(axis, experiments, metric) {
    const feeds = (this.shelves.get(axisKey(axis))?.feeds ?? []).filter((f) => f.metrics.includes(metric) && f.experiments.some((id) => experiments.includes(id)));
    return { waiting: feeds.length === 0 || feeds.some((f) => !f.answered && !f.error), error: feeds.find((f) => f.error)?.error ?? null };
  }

  /** Ask now, also what failed. */
  retry() {
    for (const shelf of this.shelves.values()) for (const feed of shelf.feeds) feed.error = null;
    this.waitUntil = 0;
    this.#run(false);
  }

  /** @param {boolean} onlyNew */
  async #run(onlyNew) {
    if (this.closed || document.hidden) return;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    clearTimeout(this.timer);
    if (!onlyNew) this.nextAt = Date.now() + this.every_ms;
    /** @type {Set<Series>} */ const changed = new Set();
    /** @type {any} */ let trouble = null;
    const answers = [];
    const failed = (/** @type {any} */ error) => (trouble ??= error);
    for (const shelf of this.shelves.values()) {
      const due = this.#due(shelf, onlyNew);
      const isRange = shelf.axis.from !== null && due.length > 1 && due.every((feed) => !feed.answered);
      if (isRange) answers.push(this.#inTurn(shelf, due).catch(failed));
      else for (const feed of due) answers.push(this.#ask(shelf, feed, changed).catch(failed));
    }
    await Promise.all(answers);
    this.busy = false;
    if (this.closed) return;
    this.#tell(trouble, answers.length);
    if (answers.length) this.dispatchEvent(new CustomEvent("data", { detail: changed }));
    const again = this.again;
    this.again = false;
    if (again && !trouble) return void this.#run(true);
    const wait = (trouble ? this.waitUntil : this.nextAt) - Date.now();
    this.timer = window.setTimeout(() => this.#run(false), Math.max(50, wait));
  }

  /** The feeds to ask now. @param {Shelf} shelf @param {boolean} onlyNew */
  #due(shelf, onlyNew) {
    const inUse = shelf.feeds.filter((feed) => !feed.error && !feed.isAsked && shelf.serves(feed));
    if (onlyNew) return inUse.filter((feed) => !feed.answered);
    if (inUse.length <= MOST_FEEDS) return inUse;
    const whole = shelf.whole();
    // The old ones go only when the new one has answered: nothing that is drawn may vanish meanwhile.
    whole.replaces = inUse;
    shelf.feeds.push(whole);
    return [whole];
  }

  /** One after the other: when one has answered the next is asked, and while the server reads that, the first is drawn.
   * @param {Shelf} shelf @param {Feed[]} feeds @param {() => boolean} [isWanted] whether the next is still to be asked @returns {Promise<void>} */
  async #inTurn(shelf, [feed, ...rest], isWanted = () => true) {
    /** @type {Set<Series>} */ const changed = new Set();
    /** @type {Promise<void> | null} */ let others = null;
    const goOn = () => void (rest.length && !this.closed && isWanted() && (others ??= this.#inTurn(shelf, rest, isWanted)));
    try {
      await this.#ask(shelf, feed, changed, goOn);
    } catch (error) {
      await Promise.allSettled([others]);
      throw error;
    }
    goOn(); // where nobody told when the answer came
    if (!this.closed) this.dispatchEvent(new CustomEvent("data", { detail: changed }));
    await others;
  }

  /** @param {Shelf} shelf @param {Feed} feed @param {Set<Series>} changed @param {() => void} [heard] called when the answer is here */
  async #ask(shelf, feed, changed, heard) {
    const { x, from, to, max_points } = shelf.axis;
    let answer;
    feed.isAsked = true;
    try {
      answer = await this.source.series({ experiments: feed.experiments, metrics: feed.metrics, x, from_x: from, to_x: to, max_points, cursor: feed.cursor }, undefined, heard);
      this.count.bytes += answer.bytes;
      this.count.answers++;
      take(shelf, feed, answer, changed);
      feed.mismatches = 0;
    } catch (error) {
      if (feed.replaces) shelf.feeds = shelf.feeds.filter((each) => each !== feed);
      if (error instanceof SourceError && error.passing) throw error;
      feed.cursor = null; // ask for all of it
      if (error instanceof SourceError || ++feed.mismatches > 1) feed.error = error;
      return;
    } finally {
      feed.isAsked = false;
    }
    feed.answered = true;
    if (feed.replaces) {
      const gone = new Set(feed.replaces);
      shelf.feeds = shelf.feeds.filter((each) => !gone.has(each));
      feed.replaces = undefined;
    }
  }

  /** @param {any} trouble @param {number} asked */
  #tell(trouble, asked) {
    const before = this.contact;
    if (trouble) {
      this.failures++;
      // Doubling with jitter, so that many open pages do not come back in one moment.
      const pause = trouble.retry_s !== null ? trouble.retry_s * 1000 : Math.min(LONGEST_WAIT_MS, this.every_ms * 2 ** (this.failures - 1));
      this.waitUntil = Date.now() + Math.max(this.every_ms, pause * (0.8 + 0.4 * Math.random()));
      this.contact = { phase: "away", error: trouble, since_s: before.phase === "away" ? before.since_s : Date.now() / 1000, next_ms: this.waitUntil };
    } else if (asked) {
      this.failures = 0;
      this.waitUntil = 0;
      this.contact = { phase: "ready", error: null, since_s: null, next_ms: null };
    } else return;
    if (this.contact.phase !== before.phase || this.contact.phase === "away") this.dispatchEvent(new Event("contact"));
  }
}

/** Puts an answer into the shelf. @param {Shelf} shelf @param {Feed} feed
 * @param {import("./frames.js").Answer} answer @param {Set<Series>} changed */
function take(shelf, feed, answer, changed) {
  if (answer.series) {
    const before = feed.list;
    feed.list = answer.series.map((info) => {
      const key = pairKey(info.experiment_id, info.metric);
      let series = shelf.series.get(key);
      if (!series) shelf.series.set(key, (series = new Series(info.experiment_id, info.metric)));
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
