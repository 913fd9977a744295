// @ts-check
/** What an address asks for and this page does not have: deleted experiments, metrics of another project, words that no field
 * knows. Said in one line above the charts, with what is shown instead, until the reader closes it or changes it. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { count, listed } from "../base/words.js";
import { DERIVED } from "../charts/settings.js";
import { BY_STEP } from "../data/state.js";

const NAMED = 3;
const OF_EVERY_ROW = new Set(["group", "name", "state", "tag"]); // what experiments are grouped and parted by, beside config keys
const OF_THE_PAGE = new Set(["step", "time", "relative", "epoch", BY_STEP]);

/**
 * @param {HTMLElement} slot
 * @param {{state: import("../data/state.js").PageState, experiments: import("../data/experiments.js").Experiments, asked?: Record<string, any>}} parts
 *     `asked`: what the address said when the page was opened. What this browser remembers of charts that are no more is no news.
 */
export function strangers(slot, { state, experiments, asked = {} }) {
  let closed = /** @type {string | null} */ (null); // what the reader closed
  let said = "";
  const tell = () => {
    const words = wordsOf(state, experiments, asked);
    const key = words.join(" ");
    if (key === said || key === closed) return;
    said = key;
    closed = null;
    if (!key) return void slot.replaceChildren();
    const close = h("button", { class: "tk-btn bare icon sm", "aria-label": "Close", title: "Close" }, icon("close"));
    close.addEventListener("click", () => {
      closed = said;
      said = "";
      slot.replaceChildren();
    });
    fill(slot, h("div", { class: "tk-away calm", role: "status" }, h("div", null, h("b", null, words[0])), h("p", null, words.slice(1).join(" ")), close));
  };
  experiments.addEventListener("contact", tell);
  state.follow(["experiments", "progress", "metrics", "x", "column", "columns", "sort", "unread", "unsaved", "project", "pins", "hides", "order", "own", "by", "facet", "compareMetric"], tell);
}

/** @param {import("../data/state.js").PageState} state @param {import("../data/experiments.js").Experiments} experiments
 * @param {Record<string, any>} asked @returns {string[]} */
export function wordsOf(state, experiments, asked) {
  const words = [];
  const missing = experiments.missing();
  if (missing.length) {
    const wanted = experiments.ticksByHand()?.length ?? missing.length;
    const some = `${missing.slice(0, NAMED).map((id) => `…${id.slice(-8)}`).join(", ")}${missing.length > NAMED ? ` and ${count(missing.length - NAMED)} more` : ""}`;
    words.push(
      missing.length === wanted
        ? `${missing.length === 1 ? "The experiment of this address is not" : `None of the ${count(missing.length)} experiments of this address is`} here (${some}).`
        : `${count(missing.length)} of the ${count(wanted)} experiments of this address ${missing.length === 1 ? "is" : "are"} not here (${some}).`,
      `${missing.length === 1 ? "It was" : "They were"} deleted or ${missing.length === 1 ? "belongs" : "belong"} to another project. One that only starts now is shown when it comes.`,
    );
  }
  const foreign = foreignMetrics(state, experiments, asked);
  if (foreign.length) {
    words.push(`No experiment of this project logged ${listed(foreign.slice(0, NAMED).map((name) => `“${name}”`))}${foreign.length > NAMED ? `, nor ${count(foreign.length - NAMED)} more` : ""}, which the address names.`);
  }
  const settings = foreignSettings(state, experiments);
  if (settings.length) words.push(`No experiment of this project has the setting ${listed(settings.slice(0, NAMED).map((name) => `“${name}”`))}, by which the address wants charts to be drawn.`);
  if (state.get("unsaved")) words.push(`There is no saved view “${state.get("unsaved")}” in this project: it was renamed or deleted, or is another reader's own.`);
  const unread = state.get("unread") ?? [];
  if (unread.length) words.push(`${listed(unread.slice(0, NAMED).map((/** @type {string} */ part) => `“${part}”`))} in the address could not be read and ${unread.length === 1 ? "was" : "were"} left out.`);
  return words;
}

/** Charts that the address put on top, put away, moved or set by themselves, as far as they still are.
 * @param {import("../data/state.js").PageState} state @param {Record<string, any>} asked @returns {string[]} */
function namedCharts(state, asked) {
  const lists = ["pins", "hides", "order"].flatMap((key) => (asked[key] ?? []).filter((/** @type {string} */ name) => state.get(key)?.includes(name)));
  const own = Object.keys(asked.own ?? {}).filter((name) => state.get("own")?.[name]);
  const result = asked.compareMetric && state.get("compareMetric") === asked.compareMetric ? [asked.compareMetric] : [];
  return [...lists, ...own, ...result].filter((name) => !name.startsWith(DERIVED));
}

/** @param {import("../data/state.js").PageState} state @param {import("../data/experiments.js").Experiments} experiments @returns {string[]} */
function foreignSettings(state, experiments) {
  const rows = state.get("experiments");
  if (!rows.length || experiments.lacksColumns()) return [];
  const keys = [...new Set([...(state.get("by") ?? []), ...(state.get("facet") ?? [])])];
  return keys.filter((key) => !OF_EVERY_ROW.has(key) && !key.startsWith("but:") && !rows.some((/** @type {any} */ row) => row.columns[key] !== undefined)).map((key) => key.replace(/^config:/, ""));
}

/** @param {import("../data/state.js").PageState} state @param {import("../data/experiments.js").Experiments} experiments
 * @param {Record<string, any>} asked @returns {string[]} */
function foreignMetrics(state, experiments, asked) {
  const metrics = state.get("metrics");
  if (!metrics?.length) return [];
  const known = new Set(metrics.map((/** @type {any} */ each) => each.metric));
  const rows = state.get("experiments");
  const columns = [state.get("column"), ...(state.get("columns") ?? []), String(state.get("sort") ?? "").replace(/^-/, "")];
  const named = columns.filter((column) => column?.startsWith("metric:")).map((column) => column.slice("metric:".length));
  const x = state.get("x");
  const charts = namedCharts(state, asked);
  const all = [...(x && !OF_THE_PAGE.has(x) && !x.includes("(") ? [x] : []), ...charts, ...named];
  // What a script put into a summary is no metric, and can stand in a column all the same.
  const foreign = [...new Set(all)].filter((name) => !known.has(name) && !rows.some((/** @type {any} */ row) => row.columns[`metric:${name}`] !== undefined));
  return experiments.lacksColumns() ? foreign.filter((name) => name === x || charts.includes(name)) : foreign;
}
