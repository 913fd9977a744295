// @ts-check
/** The experiments of a project with columns of config and metrics, as this view needs them: asked apart from the lists. */
import { filtered } from "../base/query.js";
import { revived } from "../base/words.js";

const FRESH_MS = 10_000;
/** Learning rates first, seeds last. @param {string} column */
const place = (column) => (/(^|[:._])(lr|learning_rate)$/.test(column) ? -1 : Number(/seed/.test(column)));
const MOST_KEYS = 24; // config keys looked into for those that vary

export class Rows {
  /** @param {{state: any, source: any, columns: any}} parts */
  constructor({ state, source, columns }) {
    Object.assign(this, { state, source, columns });
    this.state = state;
    this.source = source;
    this.columns = columns;
    this.key = "";
    this.asked_ms = -Infinity;
    /** @type {Promise<Map<string, any>> | null} */ this.under = null;
    /** @type {Map<string, Record<string, any>>} id -> its columns */ this.held = new Map();
  }

  /** Have these columns, not older than some seconds. @param {string[]} wanted "config:lr", "metric:loss" */
  async have(wanted) {
    const project = this.state.get("project");
    const columns = [...new Set(wanted.filter((each) => each.includes(":")))].sort();
    const key = JSON.stringify([project, columns]);
    if (key === this.key && performance.now() - this.asked_ms < FRESH_MS && this.under) return this.under;
    this.key = key;
    this.asked_ms = performance.now();
    this.under = this.source.experiments(project, undefined, columns).then((/** @type {any} */ answer) => {
      const held = new Map(answer.experiments.map((/** @type {any} */ row) => [row.experiment_id, Object.fromEntries(Object.entries(row.columns ?? {}).map(([name, value]) => [name, revived(value)]))]));
      if (key === this.key) this.held = held;
      return held;
    });
    /** @type {Promise<any>} */ (this.under).catch(() => (this.under = null));
    return this.under;
  }

  /** The rows in question: all that the search finds, or the ticked. @param {"all" | "ticked"} of */
  rows(of) {
    const all = this.state.get("experiments");
    return of === "ticked" ? all.filter((/** @type {any} */ row) => row.shown) : filtered(all, this.state.get("search") ?? "");
  }

  /** @param {any} row @param {string} column */
  value(row, column) {
    if (column === "duration") return row.duration_s ?? undefined;
    if (column === "steps") return row.last_step ?? undefined;
    const value = this.held.get(row.id)?.[column];
    return value === undefined ? undefined : value;
  }

  /** What a column is called. @param {string} column */
  label(column) {
    return column === "duration" ? "duration, s" : column === "steps" ? "steps" : column.slice(column.indexOf(":") + 1);
  }

  /** What a menu offers. @param {(string | null)[]} chosen @returns {Promise<import("../base/menu.js").Item[]>} */
  async items(chosen) {
    const items = await this.columns.items(chosen);
    const own = [{ value: "duration", label: "duration", group: "Every experiment" }, { value: "steps", label: "steps", group: "Every experiment" }];
    return [...own.map((item) => ({ ...item, chosen: chosen.includes(item.value) })), ...items];
  }

  /** The config keys that vary and the metric one looks at first, for axes nobody chose yet. @param {number} most @param {{numeric?: boolean}} [only] keys of numbers */
  async usual(most, { numeric: onlyNumbers = false } = {}) {
    const keys = (await this.columns.configKeys()).slice(0, 200).map((/** @type {string} */ key) => `config:${key}`);
    const result = this.result();
    const some = keys.slice(0, MOST_KEYS * 2);
    const held = await this.have([...some, ...(result ? [result] : [])]);
    /** @param {string} column */
    const different = (column) => new Set([...held.values()].map((each) => each[column]).filter((value) => value !== undefined).map((value) => JSON.stringify(value)));
    const vary = some.map((/** @type {string} */ column) => ({ column, kinds: different(column).size, numeric: [...held.values()].every((each) => each[column] === undefined || typeof each[column] === "number") }))
      .filter(({ kinds, numeric }) => kinds > 1 && (numeric || (!onlyNumbers && kinds <= 12 && kinds < held.size / 2 + 1)))
      .sort((a, b) => place(a.column) - place(b.column));
    const chosen = vary.slice(0, most - 1).map(({ column }) => column);
    return [...(chosen.length ? chosen : ["steps", "duration"]), ...(result ? [result] : chosen.length ? ["duration"] : [])];
  }

  /** The metric that stands for the result: the side bar's, if it is one, else the likeliest. */
  result() {
    const column = this.state.get("column");
    if (column?.startsWith("metric:")) return column;
    return this.columns.likely(this.state.get("metrics") ?? []);
  }
}
