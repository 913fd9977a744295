// @ts-check
/** One chart opened over the whole window, drawn by Plotly, which is loaded when it is first wanted. */
import { dashOf, variableOf } from "./colors.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const POINTS = 4000; // buckets a series: two a pixel of a wide screen
const EVERY_MS = 4000;
/** @type {Promise<any> | null} */ let loading = null;

/** @returns {Promise<any>} Plotly */
function plotly() {
  const there = /** @type {any} */ (globalThis).Plotly;
  if (there) return Promise.resolve(there);
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("./plotly.min.js", import.meta.url).href;
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
  let timer = 0;
  /** @type {any} */ let Plotly = null;
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    if (Plotly) Plotly.purge(plot);
    dialog.remove();
    chart.plot.focus({ preventScroll: true });
  });
  const axis = { x: grid.axisOf(chart), from: null, to: null, max_points: POINTS };
  const draw = async () => {
    try {
      Plotly ??= await plotly();
      const experiments = grid.shown();
      const answer = await grid.source.series({ experiments: experiments.map((/** @type {any} */ e) => e.id), metrics: [metric.metric], x: axis.x, max_points: POINTS });
      if (!dialog.open) return;
      const { traces, layout } = figure(answer, experiments, chart, axis.x, grid.ink);
      await Plotly.react(plot, traces, layout, { responsive: true, displaylogo: false, scrollZoom: true, toImageButtonOptions: { filename: metric.metric } });
      status.textContent = traces.length ? "" : "No points yet.";
    } catch (error) {
      status.textContent = `Not drawn: ${/** @type {Error} */ (error).message}`;
    }
    if (dialog.open) timer = window.setTimeout(draw, EVERY_MS);
  };
  await draw();
}

/** @param {import("./frames.js").Answer} answer @param {any[]} experiments @param {import("./chart.js").Chart} chart @param {string} x @param {import("./colors.js").Ink} ink */
function figure(answer, experiments, chart, x, ink) {
  const known = new Map(experiments.map((e) => [e.id, e]));
  const smoothing = chart.model?.smoothing ?? { kind: "ema", amount: 0 };
  const traces = [];
  for (const block of answer.blocks) {
    const info = answer.series?.[block.series];
    const e = info && known.get(info.experiment_id);
    if (!e) continue;
    const at = x === "time" ? Array.from(block.x, (s) => new Date(s * 1000)) : Array.from(block.x);
    const color = ink.of(variableOf(e.color)); // "rgb(r, g, b)"
    const line = { color, width: 1.8, dash: dashOf(e.color).map((px) => `${px}px`).join() || "solid" };
    const common = { x: at, legendgroup: e.id, type: "scatter", mode: "lines", hoverlabel: { namelength: -1 } };
    if (!block.single && chart.model?.band) {
      traces.push({ ...common, y: Array.from(block.low), line: { width: 0 }, showlegend: false, hoverinfo: "skip" });
      traces.push({ ...common, y: Array.from(block.high), line: { width: 0 }, fill: "tonexty", fillcolor: color.replace("rgb(", "rgba(").replace(")", ", 0.15)"), showlegend: false, hoverinfo: "skip" });
    }
    const smoothed = smoothing.amount > 0 ? smoothedOf(block, smoothing, chart, e.id) : null;
    if (smoothed) traces.push({ ...common, y: Array.from(block.mean), line: { ...line, width: 1 }, opacity: 0.3, showlegend: false, hoverinfo: "skip" });
    traces.push({ ...common, y: smoothed ?? Array.from(block.mean), line, name: e.name });
  }
  const [text, grid, panel] = [ink.of("--text"), ink.of("--grid"), ink.of("--panel")];
  const axis = { gridcolor: grid, zerolinecolor: grid, linecolor: ink.of("--line"), color: ink.of("--soft") };
  const v = chart.view;
  const zoom = chart.model?.zoom;
  const layout = {
    uirevision: "kept", // zoom survives new points
    paper_bgcolor: panel, plot_bgcolor: panel, font: { color: text, size: 12, family: "system-ui, sans-serif" },
    margin: { l: 64, r: 24, t: 12, b: 48 }, hovermode: "x unified", legend: { orientation: "h", y: -0.12 },
    xaxis: { ...axis, ...(zoom && x !== "time" ? { range: zoom } : {}), tickformat: x === "step" ? "," : "", title: { text: x === "relative" ? "seconds since the start" : x } },
    // It opens on what the small chart shows; a double click shows all.
    yaxis: { ...axis, ...(v ? { range: chart.log ? [Math.log10(v.y0), Math.log10(v.y1)] : [v.y0, v.y1] } : {}), title: { text: chart.metric.unit ?? "" }, type: chart.log ? "log" : "linear" },
  };
  return { traces, layout };
}

/** @param {import("./frames.js").Block} block @param {any} smoothing @param {import("./chart.js").Chart} chart @param {string} id */
function smoothedOf(block, smoothing, chart, id) {
  const line = chart.model?.lines.find((each) => each.id === id);
  if (!line) return null;
  const Series = /** @type {any} */ (line.series.constructor);
  const series = new Series(id, chart.metric.metric);
  series.apply({ ...block, keep: 0 });
  return Array.from(series.line(smoothing, line.whole)).slice(0, block.n);
}
