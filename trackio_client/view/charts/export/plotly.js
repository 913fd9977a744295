// @ts-check
/** A chart as a Plotly figure: for the large analysis view, and as JSON that plotly.io.from_json reads. */

/** @typedef {{id: string, name: string, color: string, dash: number[], series: any, values: ArrayLike<number>, low?: ArrayLike<number>, high?: ArrayLike<number>}} Piece */

/** JSON has no NaN and no ∞; Plotly leaves gaps at null. @param {ArrayLike<number>} values @param {number} n @returns {(number | null)[]} */
const known = (values, n) => Array.from({ length: n }, (_, i) => (Number.isFinite(values[i]) ? values[i] : null));

/** "rgb(1, 2, 3)" → "rgba(1, 2, 3, 0.15)". @param {string} color @param {number} alpha */
const pale = (color, alpha) => color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);

/** A moment without a zone, which Plotly takes as it stands: UTC, as a file must be read anywhere, or the reader's own.
 * @param {number} s seconds since 1970 UTC @param {boolean} isHere */
function momentOf(s, isHere) {
  const ahead_min = isHere ? -new Date(s * 1000).getTimezoneOffset() : 0;
  return new Date((s + ahead_min * 60) * 1000).toISOString().replace("T", " ").replace("Z", "");
}

/**
 * @param {Piece[]} pieces @param {import("../chart.js").Chart} chart
 * @param {{of: (name: string) => string}} ink @param {(line: any) => string} colorOf @param {{isHere?: boolean}} [how] times in the reader's zone
 * @returns {{data: any[], layout: any}}
 */
export function figureOf(pieces, chart, ink, colorOf, { isHere = false } = {}) {
  const model = /** @type {any} */ (chart.model);
  const { x } = model;
  const data = [];
  for (const piece of pieces) {
    const { series, values, id, name } = piece;
    const { n } = series;
    if (!n) continue;
    const color = colorOf(piece); // "rgb(r, g, b)"
    const at = x === "time" ? Array.from(series.x.subarray(0, n), (s) => momentOf(s, isHere)) : known(series.x, n);
    const common = { type: "scatter", mode: n === 1 ? "markers" : "lines", x: at, legendgroup: id };
    const [low, high] = [piece.low ?? series.low, piece.high ?? series.high];
    if (model.band && low !== high) {
      data.push({ ...common, mode: "lines", name: `${name}, lowest`, y: known(low, n), line: { width: 0, color }, showlegend: false, hoverinfo: "skip" });
      data.push({ ...common, mode: "lines", name: `${name}, highest`, y: known(high, n), line: { width: 0, color }, fill: "tonexty", fillcolor: pale(color, 0.15), showlegend: false, hoverinfo: "skip" });
    }
    const smoothed = values !== series.mean;
    const line = { color, width: 1.8, dash: piece.dash.map((length) => `${length}px`).join() || "solid" };
    if (smoothed) data.push({ ...common, name: `${name}, as logged`, y: known(series.mean, n), line: { ...line, width: 1 }, opacity: 0.3, showlegend: false, hoverinfo: "skip" });
    // Plotly reads <b> and <a> in names: a name stays what it is.
    const plain = name.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    data.push({ ...common, name: plain, y: known(values, n), line, marker: { color }, hovertemplate: `%{y:.6~g}<extra>${plain.replaceAll("%{", "%&#123;")}</extra>`, hoverlabel: { namelength: -1 } });
  }
  const look = { gridcolor: ink.of("--grid"), zerolinecolor: ink.of("--grid"), linecolor: ink.of("--line"), color: ink.of("--soft") };
  const title = [chart.name, chart.metric.unit ? `(${chart.metric.unit})` : ""].filter(Boolean).join(" ").replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const v = chart.view;
  const range = v ? (chart.log ? [Math.log10(v.y0), Math.log10(v.y1)] : [v.y0, v.y1]) : null;
  const zoom = model.zoom && !model.logX ? { range: x === "time" ? model.zoom.map((/** @type {number} */ s) => momentOf(s, isHere)) : model.zoom } : {};
  const layout = {
    title: { text: title, font: { size: 16 } },
    uirevision: "kept", // zoom survives new points
    paper_bgcolor: ink.of("--panel"), plot_bgcolor: ink.of("--panel"),
    font: { color: ink.of("--text"), size: 12, family: "system-ui, sans-serif" },
    margin: { l: 64, r: 24, t: 48, b: 48 }, hovermode: "x unified", legend: { orientation: "h", y: -0.12 },
    xaxis: { ...look, ...(model.logX ? { type: "log" } : zoom), ...(x === "time" ? { type: "date" } : {}), ...(x === "step" ? { tickformat: "," } : {}), title: { text: x === "relative" ? "seconds since the start" : x === "time" ? (isHere ? "time" : "time (UTC)") : x } },
    // It opens on what the small chart shows; a double click shows all.
    yaxis: { ...look, ...(range?.every(Number.isFinite) ? { range } : {}), title: { text: chart.metric.unit ?? "" }, type: chart.log ? "log" : "linear" },
  };
  return { data, layout };
}

/** The JSON of what the chart shows. @param {import("../chart.js").Chart} chart @param {{of: (name: string) => string}} ink @param {(line: any) => string} colorOf */
export function jsonOf(chart, ink, colorOf) {
  const model = /** @type {any} */ (chart.model);
  const drawn = new Map(chart.lines.map((line) => [line.id, line]));
  const pieces = model.lines.map((/** @type {any} */ line) => {
    const { values, low, high } = /** @type {any} */ (drawn.get(line.id)) ?? { values: line.series.line(model.smoothing, line.whole) };
    return { ...line, values, low, high };
  });
  return JSON.stringify(figureOf(pieces, chart, ink, colorOf));
}
