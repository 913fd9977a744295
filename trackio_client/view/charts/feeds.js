// @ts-check
/**
 * The live data of all charts in view: few questions, asked together, each followed by what is new (see shelves.js).
 *
 * What is wanted and not yet asked becomes a feed of its own at once, so that a chart
 * scrolled into view or an experiment ticked costs only itself; when a shelf has more than three feeds in use, they are
 * asked again as one. Feeds that nobody looks at are not asked.
 */
import { every } from "../data/pace.js";
import { SourceError } from "../data/source.js";
import { MOST_FEEDS, RANK, Shelf, axisKey, pairKey, take } from "./shelves.js";

const EVERY_MS = 2000;
const LONGEST_WAIT_MS = 60_000;
const CALM_MS = 300;
const SCROLL_MS = 40; // wishes that come closer together become one question

/**
 * @typedef {import("./frames.js").Series} Series @typedef {import("./shelves.js").Axis} Axis @typedef {import("./shelves.js").Wish} Wish @typedef {import("./shelves.js").Feed} Feed
 * @typedef {{phase: "loading" | "ready" | "away" | "failed", error: any, since_s: number | null, next_ms: number | null}} Contact
 */

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
    /** @type {Wish[]} */ this.foreseen = []; // asked for, and wanted by no chart yet
    /** @type {Promise<void> | null} */ this.looking = null;
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
      // A chart that was scrolled past before its question went, and is here again.
      fresh ||= shelf.feeds.some((feed) => !feed.answered && !feed.error && !feed.isAsked && shelf.serves(feed));
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
   * Ask for what will most likely be wanted in a moment, a part at a time: what is wanted after all never waits for more
   * than one of them. It replaces what was foreseen before. What goes wrong is told when it is wanted.
   * @param {Wish[]} wishes
   */
  foresee(wishes) {
    this.foreseen = wishes;
    if (!this.looking) this.looking = this.#lookAhead().finally(() => (this.looking = null));
  }

  async #lookAhead() {
    for (let wishes = this.foreseen; wishes.length; wishes = this.foreseen === wishes ? [] : this.foreseen) {
      const isOpen = () => this.foreseen === wishes && !this.closed && !document.hidden && Date.now() >= this.waitUntil;
      const range = wishes.filter(({ axis }) => !this.shelves.get(axisKey(axis))?.wanted.size);
      /** @type {Set<Shelf>} */ const shelves = isOpen() ? this.#shelve(range) : new Set();
      const lacking = [...shelves].flatMap((shelf) => shelf.missing().map((feed) => ({ shelf, feed })));
      for (const shelf of shelves) shelf.wanted = new Map(); // by no chart yet
      for (const { shelf, feed } of lacking) if (isOpen() && !shelf.wanted.size) await this.#glimpse(shelf, feed);
    }
    this.foreseen = [];
  }

  /** @param {Shelf} shelf @param {Feed} feed */
  async #glimpse(shelf, feed) {
    shelf.feeds.push(feed);
    try {
      await this.#inParts(shelf, [feed]);
    } catch {
      // Asked again, and told if it fails again, by whoever wants it.
    }
    if (feed.answered) return;
    shelf.feeds = shelf.feeds.filter((each) => each !== feed);
    if (!shelf.wanted.size) return;
    shelf.feeds.push(...shelf.missing());
    void this.#run(true);
  }

  /** The series, if it has come. @param {Axis} axis @param {string} experiment @param {string} metric */
  series(axis, experiment, metric) {
    return this.shelves.get(axisKey(axis))?.series.get(pairKey(experiment, metric));
  }

  /** Ranges asked for before that hold another, the narrowest first: what it is drawn of until its own points are here.
   * @param {Axis} axis of a range @returns {Axis[]} */
  around(axis) {
    const { x, from, to, ranks } = axis;
    const width = (/** @type {any} */ each) => each.to - each.from;
    const others = [...this.shelves.values()].map((shelf) => shelf.axis).filter((each) => each.from !== null && axisKey(each) !== axisKey(axis));
    const wider = others.filter((/** @type {any} */ each) => each.x === x && each.ranks === ranks && each.from <= Number(from) && each.to >= Number(to));
    return wider.sort((a, b) => width(a) - width(b));
  }

  /** A metric of an experiment as each of its ranks logged it, where the axis asks for each. @param {Axis} axis @param {string} experiment @param {string} metric
   * @returns {{rank: number, series: Series}[]} */
  ranks(axis, experiment, metric) {
    const above = this.shelves.get(axisKey(axis))?.ranks.get(pairKey(experiment, metric)) ?? [];
    const all = [0, ...above].map((rank) => ({ rank, series: this.series(axis, experiment, rank ? `${metric}${RANK}${rank}` : metric) }));
    return /** @type {{rank: number, series: Series}[]} */ (all.filter(({ series }) => series?.n));
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
      if (isRange) answers.push(this.#inParts(shelf, due).catch(failed));
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

  /** Parts of a range, asked at once: the server reads one after the other, and each is drawn while it reads the next.
   * @param {Shelf} shelf @param {Feed[]} feeds @returns {Promise<void>} */
  async #inParts(shelf, feeds) {
    const ends = await Promise.allSettled(feeds.map(async (feed) => {
      /** @type {Set<Series>} */ const changed = new Set();
      await this.#ask(shelf, feed, changed);
      if (!this.closed) this.dispatchEvent(new CustomEvent("data", { detail: changed }));
    }));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** @param {Shelf} shelf @param {Feed} feed @param {Set<Series>} changed */
  async #ask(shelf, feed, changed) {
    const { x, from, to, max_points, ranks } = shelf.axis;
    let answer;
    feed.isAsked = true;
    try {
      answer = await this.source.series({ experiments: feed.experiments, metrics: feed.metrics, x, from_x: from, to_x: to, max_points, cursor: feed.cursor, ...(ranks ? { ranks } : {}) });
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
