// @ts-check
/** A chart's figures in its head, and the whole of it in words for who cannot see it. */
import { h } from "../base/dom.js";
import { formatCount, formatExact, formatNumber } from "./scales.js";

/** @typedef {{id: string, name: string, color: string, dash: number[], whole: import("./frames.js").Series}} Told */

/**
 * Of one or two lines the last values; of more the best of the last by the metric's goal, or from where to where.
 * @param {Told[]} lines @param {"min" | "max" | null} goal
 * @returns {{key: string, nodes: () => Node[]}} `key` differs when what is shown differs
 */
export function headValues(lines, goal) {
  const lasts = [];
  for (const line of lines) {
    const value = line.whole.last();
    if (value !== null) lasts.push({ line, value });
  }
  if (!lasts.length) return { key: "", nodes: () => [] };
  if (lasts.length <= 2) {
    const key = lasts.map(({ line, value }) => `${line.id} ${line.color} ${formatNumber(value)}`).join();
    return { key, nodes: () => lasts.map(({ line, value }) => h("span", { title: line.name }, swatch(line), figure(value))) };
  }
  if (goal) {
    const best = lasts.reduce((a, b) => ((goal === "min" ? b.value < a.value : b.value > a.value) ? b : a));
    const word = goal === "min" ? "lowest" : "highest";
    const title = `${word} of the last values: ${best.line.name}`;
    return {
      key: `${word} ${best.line.id} ${best.line.color} ${formatNumber(best.value)}`,
      nodes: () => [h("span", { title }, `${word} `, swatch(best.line), figure(best.value))],
    };
  }
  const all = lasts.map((last) => last.value);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  if (formatNumber(low) === formatNumber(high)) {
    return { key: `all ${formatNumber(low)}`, nodes: () => [h("span", { title: "the last value of all" }, "all ", figure(low))] };
  }
  const title = "lowest and highest of the last values";
  return { key: `${formatNumber(low)} ${formatNumber(high)}`, nodes: () => [h("span", { title }, "last ", figure(low), " to ", figure(high))] };
}

/** @param {Told} line */
const swatch = (line) => h("i", { class: line.dash.length ? "tk-swatch dashed" : "tk-swatch", style: { "--c": line.color } });
/** @param {number} value */
const figure = (value) => h("b", { title: formatExact(value) }, formatNumber(value));

/** @param {string} name @param {import("./chart.js").Metric} metric @param {{lines: Told[], x: string, shown: number, isGrouped?: boolean, isEach?: boolean}} model */
export function inWords(name, metric, { lines, x, shown, isGrouped, isEach }) {
  const lasts = [];
  for (const { name, whole } of lines) {
    const value = whole.last();
    if (value !== null) lasts.push({ name, value });
  }
  lasts.sort((a, b) => a.value - b.value);
  const say = (/** @type {{name: string, value: number}} */ l) => `${formatNumber(l.value)} (${l.name})`;
  const [first, last] = [lasts[0], lasts[lasts.length - 1]];
  const ends = lasts.length > 1 ? ` Last values from ${say(first)} to ${say(last)}.` : lasts.length ? ` Last value ${say(first)}.` : "";
  const bad = lines.reduce((sum, { whole }) => sum + whole.odd(), 0);
  const odd = bad ? ` ${formatCount(bad)} values are not finite.` : "";
  const keys = "Arrow keys move the cursor, plus and minus zoom, T shows a table, Enter opens it large.";
  const what = isGrouped ? `means of ${lines.length} ${lines.length === 1 ? "group" : "groups"} of ${shown} experiments` : isEach ? `${lines.length} lines, one a rank, of ${shown} ${shown === 1 ? "experiment" : "experiments"}` : `${lines.length} of ${shown} experiments`;
  return `${name}${metric.unit ? ` in ${metric.unit}` : ""} against ${x}, ${what}.${ends}${odd} ${keys}`;
}
