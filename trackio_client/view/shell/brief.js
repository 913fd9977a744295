// @ts-check
/**
 * What is looked at, as one text to hand to an assistant: states with their evidence, settings, numbers, thinned curves,
 * alerts and errors, and where to read on. What is left out is counted, and what was not logged is told from zero.
 */
import { copyComing } from "../base/clipboard.js";
import { inMarkdown } from "../experiment/copies.js";
import { matcher } from "../base/matching.js";
import { toast } from "../base/toast.js";
import { iso, plural, revived } from "../base/words.js";

const MOST = 8; // experiments
const KEYS = 60; // of a config
const METRICS = 40; // in the table of numbers
const CURVES = 8;
const PLACES = 16; // points of a curve
const EVENTS = 12; // an experiment
const LONGEST = 160; // letters of a value
const KINDS = ["error", "mark", "end"];
const NOTHING = "not logged";

/** @typedef {{row: any, detail: any, events: any[]}} Told */

/** Put the text of what is shown on the clipboard, and say so. @param {any} shell of shell.js */
export async function copyBrief({ state, source, experiments }) {
  const rows = state.get("experiments");
  const one = state.get("view") === "experiment" && rows.find((/** @type {any} */ row) => row.id === state.get("experiment"));
  const chosen = one ? [one] : rows.filter((/** @type {any} */ row) => row.shown);
  if (!chosen.length) return void toast("Tick the experiments that the text is to be about, or open one.", { isTrouble: true });
  const [metrics, filter] = [state.get("metrics") ?? [], one ? "" : state.get("filter") ?? ""];
  const coming = briefOf({ source, rows: chosen, metrics, filter, project: state.get("project"), address: location.href, now_s: experiments.now_s() });
  try {
    await copyComing(coming, (words) => `Copied ${plural(Math.min(chosen.length, MOST), "experiment")} as text, ${plural(words.length, "letter")}: states, settings, numbers, curves and errors.`);
  } catch (error) {
    toast(`Nothing was copied. ${/** @type {Error} */ (error).message}`, { isTrouble: true });
  }
}

/**
 * The text, at most about 30,000 letters.
 * @param {{source: any, rows: any[], metrics: any[], filter: string, project: string, address: string, now_s: number}} parts
 *   `rows`: the ticked experiments, or the open one; `metrics`: of the project, in its order; `address`: of this view
 * @returns {Promise<string>}
 */
export async function briefOf({ source, rows, metrics, filter, project, address, now_s }) {
  const some = rows.slice(0, MOST);
  const all = await Promise.all(some.map(async (row) => {
    const [detail, events] = await Promise.all([source.experiment(row.id), lastEvents(source, row.id)]);
    return { row, detail, events };
  }));
  const matches = matcher(filter);
  const wanted = metrics.map(({ metric }) => metric).filter((metric) => all.some(({ detail }) => metric in detail.summary));
  const inView = matches ? wanted.filter((metric) => matches(metric)) : wanted;
  const verdict = some.length > 1 && source.compare ? await comparable(source, some) : "";
  const curves = await curvesOf(source, some, inView.filter((metric) => !metric.startsWith("system/")).slice(0, CURVES));
  return [
    `# ${project}: ${some.length === 1 ? some[0].name : plural(some.length, "experiment")}`,
    `Read ${iso(now_s)} from ${address}\nNumbers are as they were logged. "${NOTHING}" is not zero.${rows.length > some.length ? ` ${plural(rows.length - some.length, "more experiment")} of this view left out.` : ""}`,
    "## Experiments", table([["name", "state", "what says so", "began (UTC)", "last step", "id"], ...all.map(stateOf)]),
    verdict,
    ...settings(all),
    ...numbers(all, inView),
    ...curves,
    ...told(all),
    `## Read on\n${readOn(address, some, inView)}`,
  ].filter(Boolean).join("\n\n") + "\n";
}

/** @param {any} source @param {string} id @returns {Promise<any[]>} */
async function lastEvents(source, id) {
  const { events } = await source.events(id, { kinds: KINDS, newest: true, limit: EVENTS });
  return events.map((/** @type {any} */ each) => each.content);
}

/** @param {any} source @param {any[]} rows */
async function comparable(source, rows) {
  const { comparable: said } = await source.compare(rows.map(({ id }) => id));
  return said.says;
}

/** @param {Told} told */
function stateOf({ row, detail }) {
  return [row.name, row.state, detail.evidence ?? "", iso(detail.created_s), detail.last_step ?? NOTHING, row.id];
}

/** Settings in which they differ, and those that all share. @param {Told[]} all */
function settings(all) {
  const flat = all.map(({ detail }) => new Map(flattened(detail.config)));
  const keys = [...new Set(flat.flatMap((one) => [...one.keys()]))];
  const differ = keys.filter((key) => new Set(flat.map((one) => one.get(key))).size > 1);
  const same = keys.filter((key) => !differ.includes(key));
  const parts = [];
  if (differ.length) parts.push("## Settings that differ", table([["key", ...all.map(({ row }) => row.name)], ...differ.slice(0, KEYS).map((key) => [key, ...flat.map((one) => one.get(key) ?? "not set")])]), left(differ.length - KEYS, "key"));
  if (same.length) parts.push(all.length > 1 ? "## Settings of all" : "## Settings", same.slice(0, KEYS).map((key) => `- ${key}: ${flat[0].get(key)}`).join("\n"), left(same.length - KEYS, "key"));
  return parts;
}

/** @param {any} config @param {string} [before] @returns {[string, string][]} dotted keys, values as JSON says them */
function flattened(config, before = "") {
  return Object.entries(config ?? {}).flatMap(([key, value]) => {
    if (value && typeof value === "object" && !Array.isArray(value) && !("$float" in value) && Object.keys(value).length) return flattened(value, `${before}${key}.`);
    const known = revived(value);
    const words = typeof known === "string" ? known : typeof known === "number" ? String(known) : JSON.stringify(known);
    return [/** @type {[string, string]} */ ([before + key, words.length > LONGEST ? `${words.slice(0, LONGEST)}… (${plural(words.length, "letter")})` : words])];
  });
}

/** Last and best of each metric. @param {Told[]} all @param {string[]} metrics */
function numbers(all, metrics) {
  if (!metrics.length) return ["No metric was logged."];
  const said = (/** @type {any} */ each) => {
    if (!each) return NOTHING;
    const best = each.best === null || each.best === undefined ? "" : `; best ${figure(each.best)} (${each.goal}) at step ${each.best_step}`;
    return `${figure(each.last)} at step ${each.last_step}${best}${each.bad ? `; ${plural(each.bad, "point")} NaN or infinite` : ""}`;
  };
  const lines = metrics.slice(0, METRICS).map((metric) => [metric, ...all.map(({ detail }) => said(detail.summary[metric]))]);
  return ["## Metrics: last and best", table([["metric", ...all.map(({ row }) => row.name)], ...lines]), left(metrics.length - METRICS, "metric")];
}

/** Curves, thinned so that first, last and extremes stay. @param {any} source @param {any[]} rows @param {string[]} metrics @returns {Promise<string[]>} */
async function curvesOf(source, rows, metrics) {
  if (!metrics.length) return [];
  const { series } = await source.points({ experiments: rows.map(({ id }) => id), metrics, x: "step", from_x: null, to_x: null, max_points: PLACES, cursor: null });
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  const lines = metrics.flatMap((metric) => [`### ${metric}`, series.filter((/** @type {any} */ each) => each.metric === metric)
    .map((/** @type {any} */ each) => `- ${names.get(each.experiment_id)}: ${each.steps.map((/** @type {number} */ step, /** @type {number} */ i) => `${step}: ${figure(revived(each.values[i]))}`).join(", ")}`).join("\n")]);
  return [`## Curves (step: value; at most ${PLACES} points each, with the lowest and highest of each stretch)`, ...lines];
}

/** @param {Told[]} all */
function told(all) {
  const lines = all.flatMap(({ row, events }) => events.map((event) => {
    const what = [event.kind === "mark" ? event.mark : event.kind, event.data?.level, event.state, event.error, event.title, event.message, event.data?.text].filter((word) => typeof word === "string" && word);
    return `- ${row.name}, ${iso(event.time_us / 1e6)}${typeof event.step === "number" ? `, step ${event.step}` : ""}: ${[...new Set(what)].join(": ").replace(/\s+/g, " ").slice(0, 3 * LONGEST)}`;
  }));
  return lines.length ? [`## Errors, marks and ends (the newest ${EVENTS} of each)`, lines.join("\n")] : [];
}

/** @param {string} address @param {any[]} rows @param {string[]} metrics */
function readOn(address, rows, metrics) {
  const root = new URL("/", address).href;
  const query = (/** @type {[string, string][]} */ pairs) => new URLSearchParams(pairs);
  const ids = rows.map(({ id }) => /** @type {[string, string]} */ (["experiment", id]));
  return [
    `- what each address takes and gives: ${root}v1/openapi.json`,
    `- everything about one: ${root}v1/experiments/${encodeURIComponent(rows[0].id)}, its training in brief: …/summary, its errors and log lines: …/events`,
    metrics.length ? `- more points of a curve: ${root}v1/series?${query([...ids.slice(0, 1), ["metric", metrics[0]], ["max_points", "200"]])}` : "",
    rows.length > 1 ? `- side by side: ${root}v1/compare?${query(ids)}` : "",
  ].filter(Boolean).join("\n");
}

/** @param {any[][]} rows */
const table = (rows) => inMarkdown(rows);

/** @param {number} more @param {string} what */
const left = (more, what) => (more > 0 ? `${plural(more, `more ${what}`)} left out.` : "");

/** Six figures, whatever the size. @param {any} value */
function figure(value) {
  const known = revived(value);
  return typeof known === "number" && Number.isFinite(known) ? String(Number(known.toPrecision(6))) : known === null || known === undefined ? NOTHING : String(known);
}
