// @ts-check
/** One chart opened over the whole window, drawn by Plotly, which is loaded when it is first wanted. */
import { dashOf, variableOf } from "../base/colors.js";
import { figureOf } from "./export/plotly.js";
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
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "tk-large", "aria-label": chart.name }, h("header", { class: "tk-chart-head" }, h("h3", { class: "tk-chart-title" }, chart.name), h("span", { class: "tk-chart-unit" }, metric.unit ?? ""), h("span", { class: "tk-chart-values" }, status), close), plot));
  (chart.node.closest(".tk") ?? document.body).append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.showModal();
  /** @type {any} */ let Plotly = null;
  // A feed of its own, with a cursor: an answer carries what changed, and when nothing did nothing is drawn.
  const feeds = new Feeds(grid.source, { every_ms: EVERY_MS });
  const axis = { x: grid.axisOf(chart), from: null, to: null, max_points: POINTS };
  // Groups, ranks and expressions are computed in the page: of these it shows what stands there.
  const computed = metric.names !== undefined || chart.model?.isGrouped === true || chart.model?.isEach === true;
  const draw = async () => {
    if (!dialog.open || !Plotly) return;
    const experiments = grid.models.rowsOf(chart);
    const { waiting, error } = computed ? { waiting: false, error: null } : feeds.status(axis, experiments.map((/** @type {any} */ e) => e.id), metric.metric);
    const pieces = computed ? chart.lines : experiments.flatMap((/** @type {any} */ e) => pieceOf(feeds.series(axis, e.id, metric.metric), e, chart, grid.ink));
    const { data: traces, layout } = figureOf(pieces, chart, grid.ink, (piece) => piece.color, { isHere: true });
    const { title, ...rest } = layout; // it stands in the head
    await Plotly.react(plot, traces, { ...rest, margin: { ...rest.margin, t: 12 } }, { responsive: true, displaylogo: false, scrollZoom: true, toImageButtonOptions: { filename: metric.metric } });
    status.textContent = error ? `Not drawn: ${error.message}` : traces.length ? "" : waiting ? "Loading" : "No points yet.";
  };
  const ask = () => !computed && feeds.want([{ axis, metric: metric.metric, experiments: grid.models.rowsOf(chart).map((/** @type {any} */ e) => e.id) }]);
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

/** One experiment's line as a figure takes it. @param {any} series @param {any} e @param {import("./chart.js").Chart} chart @param {import("../base/colors.js").Ink} ink */
function pieceOf(series, e, chart, ink) {
  if (!series?.n) return [];
  const smoothing = chart.model?.smoothing ?? { kind: /** @type {"ema"} */ ("ema"), amount: 0 };
  const values = series.line(smoothing, chart.model?.lines.find((line) => line.id === e.id)?.whole ?? series);
  return [{ id: e.id, name: e.name, color: ink.of(variableOf(e.color)), dash: dashOf(e.color), series, values }];
}
