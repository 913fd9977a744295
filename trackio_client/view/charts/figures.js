// @ts-check
/** A chart's figures as a table: the same facts for a reader who cannot see the curve, and for copying. */
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { toast } from "../base/toast.js";
import { formatCount, formatExact, formatNumber, formatX } from "./scales.js";

/** @typedef {{id: string, name: string, color: string, dash: number[], whole: import("./frames.js").Series}} Told
 * @typedef {{value: number, x: number} | null} Place */

const COLUMNS = /** @type {const} */ (["last", "lowest", "highest", "first"]);

/** @param {HTMLElement} root @param {import("./chart.js").Metric} metric @param {Told[]} lines @param {string} [x] the kind of axis
 * @param {{of?: string, hint?: string}} [how] of: what a line is; hint: said beside the button */
export function tableOf(root, metric, lines, x = "step", { of = "experiment", hint = "t shows the chart again" } = {}) {
  const odd = lines.some(({ whole }) => whole.odd() > 0);
  const told = lines.map((line) => ({ line, s: summaryOf(line.whole) }));
  const rows = told.map(({ line: { name, color, dash }, s }) => {
    const cell = (/** @type {Place} */ at) => h("td", { class: "num", title: at ? `${formatExact(at.value)} at ${formatX(x, at.x)}` : null }, at ? formatNumber(at.value) : "–");
    return h("tr", null,
      h("th", { scope: "row", title: name }, h("i", { class: dash.length ? "tk-swatch dashed" : "tk-swatch", style: { "--c": color } }), name),
      cell(s.last), cell(s.lowest), cell(s.highest),
      h("td", { class: "num" }, pointsOf(s.points)),
      cell(s.first),
      h("td", { class: "num" }, s.last ? formatX(x, s.last.x).replace(/^step /, "") : "–"),
      odd ? h("td", { class: "num" }, s.bad ? formatCount(s.bad) : "") : null);
  });
  const head = [of, "last", "lowest", "highest", "points", "first", x === "step" ? "last step" : "up to", ...(odd ? ["NaN, ∞"] : [])].map((word, i) => h("th", { scope: "col", class: i ? "num" : "" }, word));
  const [top, left] = [root.scrollTop, root.scrollLeft];
  const held = root.contains(document.activeElement) && document.activeElement !== root;
  const copy = h("button", { class: "tk-btn sm", title: "As columns for a spreadsheet, with all figures" }, icon("copy"), "Copy");
  copy.addEventListener("click", () => copyTable(metric, told, x, of));
  root.setAttribute("role", "region");
  root.setAttribute("aria-label", `Figures of ${metric.names ? metric.title : metric.metric}`);
  root.replaceChildren(
    h("div", { class: "tk-figures-head" }, copy, h("span", null, hint)),
    h("table", { "aria-label": `${metric.metric}${metric.unit ? `, ${metric.unit}` : ""}` }, h("thead", null, h("tr", null, ...head)), h("tbody", null, ...rows)));
  root.scrollTop = top;
  root.scrollLeft = left;
  if (held) copy.focus({ preventScroll: true });
}

/** @param {{count: number, more: any}} points */
const pointsOf = ({ count, more }) => `${more ? "≥ " : ""}${formatCount(count)}`;

/** @param {import("./chart.js").Metric} metric @param {{line: Told, s: ReturnType<typeof summaryOf>}[]} told @param {string} x @param {string} of */
async function copyTable(metric, told, x, of) {
  const plain = (/** @type {string} */ name) => name.replace(/[\t\r\n]+/g, " ").replace(/^[=+\-@]/, "'$&");
  const head = [of, ...COLUMNS.flatMap((key) => [key, `${key} at ${x}`]), "points", "not finite"];
  const rows = told.map(({ line, s }) => [plain(line.name), ...COLUMNS.flatMap((key) => { const at = s[key]; return at ? [at.value, at.x] : ["", ""]; }), s.points.count, s.bad]);
  const text = [head, ...rows].map((row) => row.join("\t")).join("\n");
  try {
    await navigator.clipboard.writeText(text);
    toast(`The figures of ${metric.names ? metric.title : metric.metric} are copied.`);
  } catch {
    window.prompt("Copy with Ctrl+C", text); // clipboards are closed to pages without https
  }
}

/** @param {import("./frames.js").Series} series */
function summaryOf(series) {
  /** @type {Place} */ let lowest = null;
  /** @type {Place} */ let highest = null;
  /** @type {Place} */ let first = null;
  /** @type {Place} */ let last = null;
  for (let i = 0; i < series.n; i++) {
    const [low, high, mean] = [series.low[i], series.high[i], series.mean[i]];
    if (Number.isFinite(low) && (!lowest || low < lowest.value)) lowest = { value: low, x: series.x[i] };
    if (Number.isFinite(high) && (!highest || high > highest.value)) highest = { value: high, x: series.x[i] };
    if (!Number.isFinite(mean)) continue;
    first ??= { value: mean, x: series.x[i] };
    last = { value: mean, x: series.x[i] };
  }
  if (last) last.value = series.last() ?? last.value;
  return { last, lowest, highest, first, bad: series.odd(), points: series.points() };
}
