// @ts-check
/** A chart's figures as a table: the same facts for a reader who cannot see the curve, and for copying. */
import { h } from "../base/dom.js";
import { formatCount, formatExact, formatNumber } from "./scales.js";

/** @param {HTMLElement} root @param {import("./chart.js").Metric} metric
 * @param {{id: string, name: string, color: string, dash: number[], whole: import("./frames.js").Series}[]} lines */
export function tableOf(root, metric, lines) {
  const odd = lines.some(({ whole }) => whole.odd() > 0);
  const rows = lines.map(({ name, color, dash, whole: series }) => {
    const s = summaryOf(series);
    const cell = (/** @type {number | null} */ v) => h("td", { class: "num", title: v === null ? "" : formatExact(v) }, formatNumber(v));
    return h("tr", null,
      h("th", { scope: "row" }, h("i", { class: dash.length ? "tk-swatch dashed" : "tk-swatch", style: { "--c": color } }), name),
      cell(s.last), cell(s.low), cell(s.high),
      h("td", { class: "num" }, `${s.points.more ? "≥ " : ""}${formatCount(s.points.count)}`),
      odd ? h("td", { class: "num" }, s.bad ? formatCount(s.bad) : "") : null);
  });
  const head = ["experiment", "last", "lowest", "highest", "points", ...(odd ? ["NaN, ∞"] : [])].map((word, i) => h("th", { scope: "col", class: i ? "num" : "" }, word));
  const top = root.scrollTop;
  root.replaceChildren(h("table", { "aria-label": `${metric.metric}${metric.unit ? `, ${metric.unit}` : ""}` }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...rows)));
  root.scrollTop = top;
}

/** @param {import("./frames.js").Series} series */
function summaryOf(series) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < series.n; i++) {
    if (series.low[i] < low) low = series.low[i];
    if (series.high[i] > high) high = series.high[i];
  }
  return { last: series.last(), low: low === Infinity ? null : low, high: high === -Infinity ? null : high, bad: series.odd(), points: series.points() };
}
