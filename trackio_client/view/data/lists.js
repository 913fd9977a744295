// @ts-check
/** What a dataset repo lists for pages: `view/head.json` and `view/list/….json` (trackio_client/hub/files/lists.py describes them). */
import { BUT_SEED } from "../base/seeds.js";
import { clock } from "../base/words.js";

const VERSION = 1;
/** Silence in the repo after which contact counts as lost: four pushes of the usual five minutes. */
const SILENT_S = 1200;
const LOSSES = ["loss", "train/loss", "train_loss", "training_loss"];

/**
 * @typedef {{hash: string, bytes: number, projects: Record<string, [number, number]>}} Listed
 * @typedef {{generation: number, time_s: number, lists: Map<string, Listed>}} Head
 * @typedef {{metric: string, group: string, title: string, unit: string, goal: string | null, quantity: string, place: string}} Named
 * @typedef {Record<string, any>} Row
 */

/** A version that this page does not know. */
export class Newer extends Error {}

/** @param {ArrayBuffer} bytes @returns {any} */
function read(bytes) {
  const said = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof said?.trackio_view !== "number") throw new Error("It has no trackio_view.");
  if (said.trackio_view !== VERSION) throw new Newer(`It is of version ${said.trackio_view}, this page knows ${VERSION}.`);
  return said;
}

/** @param {ArrayBuffer} bytes @returns {Head} */
export function headOf(bytes) {
  const said = read(bytes);
  return { generation: said.generation, time_s: said.time_s, lists: new Map(Object.entries(said.lists)) };
}

/** @param {ArrayBuffer} bytes @returns {{metrics: Named[], rows: Map<string, Row>}} */
export function listOf(bytes) {
  const said = read(bytes);
  /** @type {Named[]} */
  const metrics = said.metrics.map((/** @type {any[]} */ [metric, group, title, unit, goal, quantity, place]) => ({ metric, group, title, unit, goal, quantity, place }));
  const rows = new Map();
  for (const [id, row] of /** @type {[string, any][]} */ (Object.entries(said.experiments))) {
    const config = { ...said.config, ...row.config };
    for (const key of row.lacks) delete config[key];
    /** @type {Map<string, [any, number]>} */
    const last = new Map(row.last.map((/** @type {[number, any, number]} */ [place, value, points]) => [metrics[place].metric, [value, points]]));
    rows.set(id, { ...row, experiment_id: id, config, last });
  }
  return { metrics, rows };
}

/** A row as `/v1/experiments` gives it. A state is of the moment of the push; who said nothing in the repo for long since
 * then, while running, has lost contact as far as anyone can tell here. @param {Row} row @param {string[]} columns
 * @param {any} [setting] its column of all but the seed
 * @param {number} now_s @returns {Row} */
export function shownRow(row, columns, now_s, setting) {
  const { config, last, view, as_of_s, events, defined, ...rest } = row;
  const cells = Object.fromEntries(columns.map((column) => [column, column === BUT_SEED ? setting : cellOf(row, column)]).filter(([, value]) => value !== undefined));
  return { ...rest, ...stateOf(row, now_s), columns: cells };
}

/** @param {Row} row @param {number} now_s @returns {{state: string, evidence: string, since_s: number}} */
export function stateOf(row, now_s) {
  if (row.state !== "running" || now_s - row.as_of_s <= SILENT_S) {
    const evidence = row.state === "running" ? `Running as of ${clock(row.as_of_s, now_s)}, when it was pushed.` : row.evidence;
    return { state: row.state, evidence, since_s: row.since_s };
  }
  const loss = LOSSES.map((name) => row.last.get(name)?.[0]).find((value) => typeof value === "number");
  const heard = row.last_step === null ? "" : ` Last heard: step ${row.last_step.toLocaleString("en-US")}${loss === undefined ? "" : `, loss ${Number(loss.toPrecision(4))}`}.`;
  return { state: "lost_contact", evidence: `Nothing new of it came to the repo since ${clock(row.as_of_s, now_s)}.${heard}`, since_s: row.last_heard_s };
}

/** @param {Row} row @param {string} column "metric:…" or "config:…" */
function cellOf(row, column) {
  const [, kind, name] = /^(config|metric):(.+)$/.exec(column) ?? [];
  if (kind === "metric") return row.defined?.[name]?.shown ?? row.last.get(name)?.[0];
  if (kind === "config") return row.config[name] ?? row.config[name.replaceAll("/", ".")];
  return undefined;
}

/** The metrics of these rows as `/v1/metrics` gives them. @param {Iterable<Row>} rows @param {Map<string, Named>} named */
export function metricsOf(rows, named) {
  /** @type {Map<string, any>} */ const found = new Map();
  for (const row of [...rows].sort((a, b) => a.created_s - b.created_s)) {
    for (const [metric, [, points]] of row.last) {
      if (!points) continue; // set by hand, never logged
      const known = found.get(metric) ?? { ...named.get(metric), name: metric.slice(metric.lastIndexOf("/") + 1), experiments: 0, points: 0, step_metric: null, hidden: false };
      known.experiments += 1;
      known.points += points;
      const said = row.defined?.[metric]; // of several that say it, the newest's
      if (said) Object.assign(known, { hidden: Boolean(said.hidden) }, said.goal ? { goal: said.goal } : {});
      found.set(metric, known);
    }
  }
  return [...found.values()].sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
}

/** A flat config as it was given: {"optimizer.lr": 1} -> {optimizer: {lr: 1}}. @param {Record<string, any>} config */
export function nested(config) {
  /** @type {Record<string, any>} */ const found = {};
  for (const [key, value] of Object.entries(config)) {
    const parts = key.split(".");
    if (parts.includes("__proto__")) {
      if (parts.length > 1) found[key] = value; // taken apart it would change every object of the page
      continue;
    }
    let at = found;
    let open = true;
    for (const part of parts.slice(0, -1)) {
      at[part] ??= {};
      if (typeof at[part] !== "object" || Array.isArray(at[part])) open = false;
      if (!open) break;
      at = at[part];
    }
    if (open) at[parts[parts.length - 1]] = value;
    else found[key] = value;
  }
  return found;
}
