// @ts-check
/** One chart opened over the whole window, drawn by Plotly, which is loaded when it is first wanted. */
import { dashOf, variableOf } from "../base/colors.js";
import { h } from "../base/dom.js";
import { Feeds } from "./feeds.js";
import { icon } from "../base/icons.js";

const POINTS = 4000; // buckets a series: two a pixel of a wide screen
const EVERY_MS = 4000;
/** @type {Promise<any> | null} */ let loading = null;

/** @returns {Promise<any>} Plotly */
export function plotly() {
  const there = /** @type {any} */ (globalThis).Plotly;
  if (there) return Promise.resolve(there);
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../plotly.min.js", import.meta.url).href;
    script.onload = () => resolve(/** @type {any} */ (globalThis).Plotly);
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error("The drawing library (plotly.min.js) did not come. Is the server there?"));
    };
    document.head.append(script);
  });
  return loading;
}

/** @param {any} grid @param {import("./chart.js").Chart} chart */
export async function openLarge(grid, chart) {
  const { metric } = chart;
  const status = h("p", { class: "tk-large-status", role: "status" }, "Loading");
  const plot = h("div", { class: "tk-large-plot" });
  const close = h("button", { class: "tk-chart-more", "aria-label": "Close", title: "Close (Esc)" }, icon("close"));
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "tk-large", "aria-label": metric.metric }, h("header", { class: "tk-chart-head" }, h("h3", { class: "tk-chart-title" }, metric.metric), h("span", { class: "tk-chart-unit" }, metric.unit ?? ""), h("span", { class: "tk-chart-values" }, status), close), plot));
  (chart.node.closest(".tk") ?? document.body).append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.showModal();
  /** @type {any} */ let Plotly = null;
  // A feed of its own, with a cursor: an answer carries what changed, and when nothing did nothing is drawn.
  const feeds = new Feeds(grid.source, { every_ms: EVERY_MS });
  const axis = { x: grid.axisOf(chart), from: null, to: null, max_points: POINTS };
  const draw = async () => {
    if (!dialog.open || !Plotly) return;
    const experiments = grid.shown();
    const { waiting, error } = feeds.status(axis, experiments.map((/** @type {any} */ e) => e.id), metric.metric);
    const { traces, layout } = figure(feeds, axis, experiments, chart, grid.ink);
    await Plotly.react(plot, traces, layout, { responsive: true, displaylogo: false, scrollZoom: true, toImageButtonOptions: { filename: metric.metric } });
    status.textContent = error ? `Not drawn: ${error.message}` : traces.length ? "" : waiting ? "Loading" : "No points yet.";
  };
  const ask = () => feeds.want([{ axis, metric: metric.metric, experiments: grid.shown().map((/** @type {any} */ e) => e.id) }]);
  feeds.addEventListener("data", (/** @type {any} */ event) => (event.detail.size || status.textContent === "Loading") && draw());
  feeds.addEventListener("contact", () => {
    const { phase, error } = feeds.contact;
    status.textContent = phase === "away" ? `Not live: ${error.message}` : "";
  });
  const stop = grid.state.follow(["experiments"], () => (ask(), draw()));
  dialog.addEventListener("close", () => {
    stop();
    feeds.close();
    if (Plotly) Plotly.purge(plot);
    dialog.remove();
    chart.plot.focus({ preventScroll: true });
  });
  try {
    Plotly = await plotly();
    await draw();
  } catch (error) {
    status.textContent = `Not drawn: ${/** @type {Error} */ (error).message}`;
  }
}

/** @param {Feeds} feeds @param {import("./feeds.js").Axis} axis @param {any[]} experiments @param {import("./chart.js").Chart} chart @param {import("../base/colors.js").Ink} ink */
function figure(feeds, axis, experiments, chart, ink) {
  const { x } = axis;
  const smoothing = chart.model?.smoothing ?? { kind: "ema", amount: 0 };
  const traces = [];
  for (const e of experiments) {
    const series = feeds.series(axis, e.id, chart.metric.metric);
    if (!series?.n) continue;
    const points = (/** @type {ArrayLike<number>} */ values) => Array.from(values).slice(0, series.n);
    const at = x === "time" ? points(series.x).map((s) => new Date(s * 1000)) : points(series.x);
    const color = ink.of(variableOf(e.color)); // "rgb(r, g, b)"
    const line = { color, width: 1.8, dash: dashOf(e.color).map((px) => `${px}px`).join() || "solid" };
    const common = { x: at, legendgroup: e.id, type: "scatter", mode: "lines", hoverlabel: { namelength: -1 } };
    if (!series.single && chart.model?.band) {
      traces.push({ ...common, y: points(series.low), line: { width: 0 }, showlegend: false, hoverinfo: "skip" });
      traces.push({ ...common, y: points(series.high), line: { width: 0 }, fill: "tonexty", fillcolor: color.replace("rgb(", "rgba(").replace(")", ", 0.15)"), showlegend: false, hoverinfo: "skip" });
    }
    const smoothed = smoothing.amount > 0 ? points(series.line(smoothing, chart.model?.lines.find((line) => line.id === e.id)?.whole ?? series)) : null;
    if (smoothed) traces.push({ ...common, y: points(series.mean), line: { ...line, width: 1 }, opacity: 0.3, showlegend: false, hoverinfo: "skip" });
    traces.push({ ...common, y: smoothed ?? points(series.mean), line, name: e.name });
  }
  const [text, grid, panel] = [ink.of("--text"), ink.of("--grid"), ink.of("--panel")];
  const look = { gridcolor: grid, zerolinecolor: grid, linecolor: ink.of("--line"), color: ink.of("--soft") };
  const v = chart.view;
  const zoom = chart.model?.zoom;
  const layout = {
    uirevision: "kept", // zoom survives new points
    paper_bgcolor: panel, plot_bgcolor: panel, font: { color: text, size: 12, family: "system-ui, sans-serif" },
    margin: { l: 64, r: 24, t: 12, b: 48 }, hovermode: "x unified", legend: { orientation: "h", y: -0.12 },
    xaxis: { ...look, ...(zoom && x !== "time" ? { range: zoom } : {}), tickformat: x === "step" ? "," : "", title: { text: x === "relative" ? "seconds since the start" : x } },
    // It opens on what the small chart shows; a double click shows all.
    yaxis: { ...look, ...(v ? { range: chart.log ? [Math.log10(v.y0), Math.log10(v.y1)] : [v.y0, v.y1] } : {}), title: { text: chart.metric.unit ?? "" }, type: chart.log ? "log" : "linear" },
  };
  return { traces, layout };
}
