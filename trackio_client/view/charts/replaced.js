// @ts-check
/** Points that a resume logged again, on the chart where the reader asks for them: thin and broken, behind the line that stands. */
import { variableOf } from "../base/colors.js";
import { h } from "../base/dom.js";
import { clock, plural } from "../base/words.js";
import { toX, toY, trace } from "./lines.js";
import { formatExact, formatNumber } from "./scales.js";

const AGAIN_MS = 10_000; // of one that still logs
const MOST = 20; // experiments of a chart
const CLOCKS = ["time", "relative"];
const NEAR_PX = 24;

/** @typedef {{steps: number[], values: any[], times_s: number[], points: number, from_step: number, to_step: number, replaced_s: number}} Told
 * @typedef {{id: string, name: string, color: string, x: Float64Array, xs: Float64Array, y: Float64Array, told: Told}} Branch `xs` as the axis wants them */

export class Replaced {
  /** @param {{state: any, source: any, ink: import("../base/colors.js").Ink, changed: () => void}} parts */
  constructor({ state, source, ink, changed }) {
    this.state = state;
    this.source = source;
    this.ink = ink;
    this.changed = changed;
    /** @type {Map<string, {branches: Told[], of: number, at: number, isAsked: boolean}>} */ this.held = new Map();
  }

  /** Whether one of these may have such points, and the chart can show them. @param {import("./chart.js").Chart} chart @param {any[]} rows @param {string} x */
  offered(chart, rows, x) {
    const isPlain = (x === "step" || CLOCKS.includes(x)) && !chart.metric.names && !(this.state.get("by") ?? []).length;
    return Boolean(this.source.replaced) && isPlain && rows.some((row) => row.generation > 0);
  }

  /** @param {import("./chart.js").Chart} chart @param {any[]} rows @param {string} x @param {boolean} logX @returns {Branch[]} those that are known; the others are asked for */
  of(chart, rows, x, logX) {
    if (!this.offered(chart, rows, x)) return [];
    const resumed = rows.filter((row) => row.generation > 0).slice(0, MOST);
    return resumed.flatMap((row) => this.#have(row, chart.metric.metric).map((told) => this.#branch(row, told, x, logX)));
  }

  /** @param {any} row @param {string} metric @returns {Told[]} */
  #have(row, metric) {
    const key = `${row.id}\n${metric}`;
    let held = this.held.get(key);
    if (!held) this.held.set(key, (held = { branches: [], of: -1, at: -AGAIN_MS, isAsked: false }));
    if (!held.isAsked && held.of !== row.point_count && performance.now() - held.at >= AGAIN_MS) this.#ask(held, row, metric);
    return held.branches;
  }

  /** @param {{branches: Told[], of: number, at: number, isAsked: boolean}} held @param {any} row @param {string} metric */
  async #ask(held, row, metric) {
    held.isAsked = true;
    const of = row.point_count;
    try {
      held.branches = (await this.source.replaced(row.id, metric)).branches;
      held.of = of;
      if (held.branches.length) this.changed();
    } catch (error) {
      if (!(/** @type {any} */ (error).passing)) held.of = of; // it never logged the metric: asked again when it logs more
    } finally {
      held.at = performance.now();
      held.isAsked = false;
    }
  }

  /** @param {any} row @param {Told} told @param {string} x @param {boolean} logX @returns {Branch} */
  #branch(row, told, x, logX) {
    const at = Float64Array.from(x === "step" ? told.steps : told.times_s, (each) => (x === "relative" ? each - row.created_s : each));
    const numbers = Float64Array.from(told.values, (each) => (typeof each === "number" ? each : NaN)); // ±inf has no place on the plot
    return { id: row.id, name: row.name, color: this.ink.of(variableOf(row.color)), x: at, xs: logX ? at.map(Math.log10) : at, y: numbers, told };
  }
}

/** "replaced at step 400 by the resume of 12:03:10" @param {Told} told */
export const replacedWords = ({ from_step: from, replaced_s: at }) => `replaced at step ${from.toLocaleString("en-US")} by the resume of ${clock(at)}`;

/** @param {CanvasRenderingContext2D} g @param {import("./lines.js").View} v @param {Branch[]} branches */
export function paintReplaced(g, v, branches) {
  for (const { color, xs, y } of branches) {
    g.strokeStyle = color;
    g.globalAlpha = 0.55;
    g.lineWidth = 1;
    g.lineJoin = "bevel";
    g.setLineDash([2, 3]);
    g.beginPath();
    trace(g, v, xs, y, 0, y.length);
    g.stroke();
  }
  g.setLineDash([]);
  g.globalAlpha = 1;
}

/** What a branch says near x, for the list beside the cursor. @param {import("./lines.js").View | null} v @param {Branch[]} branches @param {number} x @returns {Node[]} */
export function replacedRows(v, branches, x) {
  if (!v) return [];
  return branches.flatMap((branch) => {
    const i = nearest(branch.x, x);
    if (i < 0 || Math.abs(toX(v, branch.x[i]) - toX(v, x)) > NEAR_PX || !Number.isFinite(branch.y[i]) || !Number.isFinite(toY(v, branch.y[i]))) return [];
    return [h("div", { class: "tk-tip-row" }, h("i", { class: "tk-swatch dashed", style: { "--c": branch.color } }), h("span", { class: "tk-tip-name" }, branch.name), h("b", { title: formatExact(branch.y[i]) }, formatNumber(branch.y[i]))),
      h("div", { class: "tk-tip-row soft" }, replacedWords(branch.told))];
  });
}

/** The place of what is closest in an ascending list; −1 of none. @param {Float64Array} list @param {number} x */
function nearest(list, x) {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && x - list[low - 1] < list[low] - x ? low - 1 : list.length ? low : -1;
}

/** The same as a table, below the figures of the lines. @param {HTMLElement} root @param {Branch[]} branches */
export function replacedTable(root, branches) {
  if (!branches.length) return;
  const head = ["replaced", "last", "points", "first step", "last step", "resume of"].map((word, i) => h("th", { scope: "col", class: i ? "num" : "" }, word));
  const rows = branches.map(({ name, color, y, told }) => h("tr", null,
    h("th", { scope: "row", title: `${name}: ${replacedWords(told)}` }, h("i", { class: "tk-swatch dashed", style: { "--c": color } }), name),
    [formatNumber(y[y.length - 1]), told.points.toLocaleString("en-US"), told.from_step.toLocaleString("en-US"), told.to_step.toLocaleString("en-US"), clock(told.replaced_s)].map((words) => h("td", { class: "num" }, words))));
  root.append(h("table", { class: "tk-replaced", "aria-label": "Replaced points" }, h("thead", null, h("tr", null, head)), h("tbody", null, rows)));
}

/** For who cannot see the chart. @param {Branch[]} branches */
export const replacedSaid = (branches) => (branches.length ? ` ${plural(branches.length, "earlier line")}: ${branches.slice(0, 4).map(({ name, told }) => `${name} ${replacedWords(told)}`).join("; ")}.` : "");
