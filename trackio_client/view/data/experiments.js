// The experiments of the project in view: asked once, then only what changed; their colours, and which are ticked.

import { colorOf, dashOf } from "../base/colors.js";
import { followColors, ownHue } from "../base/owncolors.js";
import { isOut, onMarks } from "../base/marks.js";
import { queryOf } from "../base/query.js";
import { revived } from "../base/words.js";
import { every } from "./pace.js";

const SHOWN_AT_FIRST = 10;
const EVERY_MS = every(2000);
const LONGEST_WAIT_MS = 30000;
const LONG_WAIT_MS = 15000; // that a server asks for
const MOST_WAIT_MS = 1500; // for the first chart
const SHAPE = ["archived", "id", "name", "group", "state", "shown", "color", "created_s"]; // what more than a list shows of a row
const RETAKE = 15; // polls; what changes without an event – a deletion, a heartbeat after a silence – comes with the whole list

/**
 * @typedef {{phase: "loading"|"ready"|"away"|"failed", error: any, since_s: number|null, next_ms: number|null}} Contact
 */

export class Experiments extends EventTarget {
  /**
   * @param {import("./state.js").PageState} state
   * @param {{experiments(project: string, since?: number, columns?: string[]): Promise<any>}} source
   */
  constructor(state, source) {
    super();
    this.state = state;
    this.source = source;
    /** @type {Map<string, any>} */
    this.rows = new Map();
    /** @type {Contact} */
    this.contact = { phase: "loading", error: null, since_s: null, next_ms: null };
    this.skew_s = 0; // the server's clock minus ours
    this.lost_contact_s = Infinity; // silence after which contact counts as lost, as the server says
    this.updated_ms = 0;
    this._cursor = 0;
    this._orders = new Map();
    this._ticks = /** @type {Set<string>|null} */ (null); // by hand; null: the newest ten
    this._wanted = /** @type {string[]|null} */ (null); // short ids from an address, until their rows are here
    this._timer = 0;
    this._run = 0; // an answer to an older question is dropped
    this._polls = 0;
    this._failures = 0;
    this._asked = new Set(); // columns that were asked for
    this._carried = this._asked; // those that the rows carry
    this._bringing = false; // some of them are on their way
    this._onVisible = () => !document.hidden && this._isOpen() && this.ask();
    document.addEventListener("visibilitychange", this._onVisible);
    onMarks(() => {
      this._publish(); // who is hidden is none of the newest ten
      state.set({ marks: (state.get("marks") ?? 0) + 1 });
    });
    followColors(state);
    state.addEventListener("change", (/** @type {any} */ event) => {
      if (event.detail.has("colors") && this.rows.size) this._publish();
      const asks = ["overviewColumns", "column", "tableAsks", "search", "view", "by", "facet", "sideBy"].some((key) => event.detail.has(key));
      if (asks && !event.detail.has("project") && this._isOpen()) this._afterFirstChart(() => this._lacks() && this.bring());
    });
  }

  _isOpen() {
    return this.state.get("project") !== null;
  }

  /** Start with the state's project, from nothing. @param {Promise<any>} [first]  an answer that is under way */
  open(first) {
    this.rows = new Map();
    this._ticks = null;
    this._wanted = null; // of the project before
    this._cursor = 0;
    this._failures = 0;
    this._say({ phase: "loading", error: null, since_s: null, next_ms: null });
    this._publish();
    if (this._isOpen()) return this.ask({ all: true, first });
    return Promise.resolve();
  }

  /** @param {{all?: boolean, first?: Promise<any>}} [how] */
  async ask({ all = false, first } = {}) {
    clearTimeout(this._timer);
    if (!this._isOpen()) return void this.dispatchEvent(new Event("again")); // which project, nobody could say so far
    const run = ++this._run;
    const whole = all || this._cursor === 0 || ++this._polls % RETAKE === 0 || this._isSilent() || (this._lacks() && !this._bringing);
    try {
      const project = this.state.get("project");
      const columns = this.columns();
      this._asked = new Set(first ? [] : whole ? columns : columns.filter((column) => this._asked.has(column)));
      // An answer asked for by the page's head only says that it failed: the source's own error has the words.
      const ask = () => this.source.experiments(project, whole ? undefined : this._cursor, columns);
      const answer = await (first ? first.catch(() => { this._asked = new Set(columns); return ask(); }) : ask());
      if (run !== this._run) return;
      this._carried = this._asked;
      this._take(answer, whole);
      this._failures = 0;
      this.updated_ms = performance.now();
      this._say({ phase: "ready", error: null, since_s: null, next_ms: null });
      if (this._lacks()) this._afterFirstChart(() => this._lacks() && this.bring());
      this._again(EVERY_MS);
    } catch (error) {
      if (run === this._run) this._failed(error);
    }
  }

  /** @param {any} error */
  _failed(error) {
    if (error instanceof ReferenceError) reportError(error); // a fault of ours, which must not pass for a server's
    this._failures += 1;
    const wait_ms = Math.max((error.retry_s ?? 0) * 1000, Math.min(LONGEST_WAIT_MS, EVERY_MS * 2 ** (this._failures - 1)));
    const heard = this.updated_ms ? (performance.timeOrigin + this.updated_ms) / 1000 : null;
    // One lost poll is no news; the second says that nobody is there. A refusal is told at once, and so is a long wait.
    const refused = error.passing === false;
    if (refused) this._say({ phase: "failed", error, since_s: heard, next_ms: null });
    else if (this._failures > 1 || !this.updated_ms || wait_ms >= LONG_WAIT_MS) {
      this._say({ phase: "away", error, since_s: heard ?? Date.now() / 1000, next_ms: performance.now() + wait_ms });
    }
    if (!refused || error.status === 404) this._again(refused ? EVERY_MS : wait_ms);
  }

  /** Whether one that runs, as far as we know, was not heard of for so long that contact is lost, or that heartbeats came,
   * which no list of changes names. Only the whole list tells which. */
  _isSilent() {
    const before_s = this.now_s() - this.lost_contact_s;
    for (const row of this.rows.values()) if (row.state === "running" && row.last_heard_s < before_s) return true;
    return false;
  }

  _again(wait_ms) {
    clearTimeout(this._timer);
    if (!document.hidden) this._timer = setTimeout(() => this.ask(), wait_ms);
  }

  /** `call` at once, or on a page that just opens on charts when the first of them stands: a column of a thousand rows can wait
   * for that, and would take the server from it. @param {() => void} call */
  _afterFirstChart(call) {
    const isOpening = this.state.get("view") === "metrics" && !performance.getEntriesByName("trackio drawn").length;
    if (!isOpening || performance.now() > MOST_WAIT_MS) return void call();
    const timer = setTimeout(call, MOST_WAIT_MS);
    addEventListener("trackio:drawn", () => (clearTimeout(timer), call()), { once: true });
  }

  /** Fetch the columns that rows lack, and nothing else of them; where a source cannot, all of the list. */
  async bring() {
    if (!this.source.cells || this.state.get("view") !== "table" || !this.rows.size || this.contact.phase !== "ready") return this.ask({ all: true });
    if (this._bringing) return undefined; // it looks again at what is lacking when its answer is here
    this._bringing = true;
    const project = this.state.get("project");
    try {
      for (let lacking = this._lacking(); lacking.length; lacking = this._lacking()) {
        const { experiments, columns } = await this.source.cells(project, lacking);
        if (project !== this.state.get("project")) return undefined;
        experiments.forEach((/** @type {string} */ id, /** @type {number} */ i) => {
          const row = this.rows.get(id);
          if (!row) return;
          const cells = { ...row.columns };
          for (const column of lacking) if (columns[column][i] !== null) cells[column] = columns[column][i];
          this.rows.set(id, { ...row, columns: cells });
        });
        for (const column of lacking) {
          this._asked.add(column);
          this._carried.add(column);
        }
      }
      this._publish(); // once, with all: what is best is not decided by half of the numbers
    } catch (error) {
      if (project === this.state.get("project")) this._failed(error);
    } finally {
      this._bringing = false;
    }
    return undefined;
  }

  _lacking() {
    return this.columns().filter((column) => !this._asked.has(column));
  }

  /** Whether a column is wanted that the rows do not carry. */
  _lacks() {
    return this.columns().some((column) => !this._asked.has(column));
  }

  /** Whether values of a column that is shown are still on their way. */
  lacksColumns() {
    return this.columns().some((column) => !this._carried.has(column));
  }

  /** Columns that rows must carry: the side bar's, the table's, and those that the search compares. */
  columns() {
    const table = this.state.get("view") === "table" ? this.state.get("tableAsks") ?? [] : []; // those in view, sorted or grouped by
    const glanced = this.state.get("view") === "overview" ? this.state.get("overviewColumns") ?? [] : [];
    const searched = queryOf(this.state.get("search") ?? "").columns;
    const grouped = this.state.get("by") ?? []; // charts draw means of those that share a value
    const faceted = this.state.get("facet") ?? []; // or each value has its own
    return [...new Set([this.state.get("column"), this.state.get("sideBy"), ...table, ...glanced, ...searched, ...grouped, ...faceted].filter((column) => column?.includes(":") || column === "notes"))];
  }

  _take(answer, whole) {
    this.skew_s = (answer.now_s ?? Date.now() / 1000) - Date.now() / 1000;
    this.lost_contact_s = answer.lost_contact_s ?? Infinity;
    const anew = !whole && answer.cursor < this._cursor; // the server began again on an empty disk
    this._cursor = anew ? 0 : (answer.cursor ?? 0);
    if (anew) return;
    let changed = false;
    if (whole) {
      const fresh = new Map(answer.experiments.map((row) => [row.experiment_id, row]));
      changed = fresh.size !== this.rows.size || answer.experiments.some((row) => !alike(row, this.rows.get(row.experiment_id)));
      this.rows = fresh;
    } else {
      for (const row of answer.experiments) {
        const before = this.rows.get(row.experiment_id);
        if (alike(row, before)) continue;
        this.rows.set(row.experiment_id, row);
        changed = true;
      }
      for (const id of answer.gone ?? []) changed = this.rows.delete(id) || changed;
    }
    if (changed || this.contact.phase !== "ready") this._publish();
  }

  /** Make the state's list anew: rows, colours, ticks. */
  _publish() {
    const rows = [...this.rows.values()];
    if (rows.length !== this._orders.size || rows.some((row) => !this._orders.has(row.experiment_id))) {
      this._orders = ordersOf(rows);
    }
    this._resolve();
    const ticks = this._ticks ?? new Set(newest(rows.filter((row) => !isOut({ id: row.experiment_id, archived: row.archived }))).map((row) => row.experiment_id));
    const colors = colorsOf(this._orders, ticks, this.state.get("colors"));
    const next = rows.map((row) => ({
      ...row,
      id: row.experiment_id,
      columns: Object.fromEntries(Object.entries(row.columns ?? {}).map(([key, value]) => [key, revived(value)])),
      color: colors.get(row.experiment_id) ?? 0,
      dash: dashOf(colors.get(row.experiment_id) ?? 0).length > 0,
      shown: ticks.has(row.experiment_id),
    }));
    const now = this.state.get("experiments");
    if (next.length !== now.length || next.some((row, i) => SHAPE.some((key) => !Object.is(row[key], now[i][key])))) {
      this.state.set({ experiments: next });
    } else {
      // Only numbers grew: the charts have nothing to do with it, the lists read the same rows again.
      next.forEach((row, i) => Object.assign(now[i], row));
      this.state.set({ progress: this.state.get("progress") + 1 });
    }
  }

  _resolve() {
    if (!this._wanted || !this.rows.size) return;
    const wanted = this._wanted;
    const tails = new Set(wanted);
    const lengths = [...new Set(wanted.map((tail) => tail.length))];
    const found = [...this.rows.keys()].filter((id) => lengths.some((length) => tails.has(id.slice(-length))));
    this._ticks = new Set(found); // also when none is here: another ten would be a lie
    if (found.length >= wanted.length) this._wanted = null;
  }

  /** Tick exactly these (ids or their last 8 characters), also those that are yet to appear. @param {string[]} tails */
  tickListed(tails) {
    this._wanted = tails.length ? tails : null;
    if (!tails.length) this._ticks = new Set();
    this._publish();
  }

  /** Ids of an address that no experiment of the project has: deleted, of another project, or yet to come. @returns {string[]} */
  missing() {
    if (!this._wanted || this.contact.phase !== "ready") return [];
    const ids = [...this.rows.keys()];
    return this._wanted.filter((tail) => !ids.some((id) => id.endsWith(tail)));
  }

  /** @param {string[]} ids @param {boolean} shown */
  tick(ids, shown) {
    this._wanted = null;
    this._ticks ??= new Set(this.state.get("experiments").filter((each) => each.shown).map((each) => each.id));
    for (const id of ids) shown ? this._ticks.add(id) : this._ticks.delete(id);
    this._publish();
  }

  /** @param {string[]} ids */
  tickOnly(ids) {
    this._wanted = null;
    this._ticks = new Set(ids);
    this._publish();
  }

  /** Back to the newest ten. */
  tickNewest() {
    this._wanted = null;
    this._ticks = null;
    this._publish();
  }

  /** @returns {string[]|null} ids that were ticked by hand, or null */
  ticksByHand() {
    if (this._wanted) return this._wanted;
    return this._ticks && [...this._ticks].filter((id) => this.rows.has(id));
  }

  /** @param {Contact} contact */
  _say(contact) {
    this.contact = contact;
    this.dispatchEvent(new Event("contact"));
  }

  /** Seconds since 1970 by the server's clock. */
  now_s() {
    return Date.now() / 1000 + this.skew_s;
  }
}

/** The order of creation of each experiment, 0 first. @param {any[]} rows */
function ordersOf(rows) {
  const early = (a, b) => a.created_s - b.created_s || (a.experiment_id < b.experiment_id ? -1 : 1);
  return new Map([...rows].sort(early).map((row, order) => [row.experiment_id, order]));
}

/** The number of each experiment's colour: its hue for ever, or the reader's for it, its dashes by those of its hue that are ticked and
 * older; of one hue those that the reader chose come first.
 * @param {Map<string, number>} orders oldest first @param {Set<string>} ticks @param {import("../base/owncolors.js").OwnColors | null} own
 * @returns {Map<string, number>} */
function colorsOf(orders, ticks, own) {
  /** @type {Map<number, number>} */ const drawn = new Map();
  const colors = new Map();
  const all = [...orders].map(([id, order]) => ({ id, order, chosen: ownHue(own, id) }));
  for (const { id, order, chosen } of [...all.filter((each) => each.chosen !== undefined), ...all.filter((each) => each.chosen === undefined)]) {
    const hue = chosen ?? colorOf(order, 0);
    const before = drawn.get(hue) ?? 0;
    colors.set(id, colorOf(hue, ticks.has(id) ? before : 0));
    if (ticks.has(id)) drawn.set(hue, before + 1);
  }
  return colors;
}

/** The running ones, then the newest, ten in all. */
function newest(rows) {
  const live = (row) => (row.state === "running" ? 1 : 0);
  return [...rows].sort((a, b) => live(b) - live(a) || b.created_s - a.created_s).slice(0, SHOWN_AT_FIRST);
}

/** Whether two answers about an experiment say the same; a heartbeat alone is no reason to draw anything. */
function alike(a, b) {
  if (!b) return false;
  for (const key in a) {
    if (key === "last_heard_s") continue;
    if (key === "columns" || key === "tags" || key === "evidence") {
      if (JSON.stringify(a[key]) !== JSON.stringify(b[key])) return false;
    } else if (!Object.is(a[key], b[key]) && (a[key] === null || typeof a[key] !== "object")) return false;
  }
  return true;
}
