// @ts-check
/** The menu of one chart, and what it gives: image, points as CSV, link. */
import { openMenu } from "../base/menu.js";
import { isNoisy } from "./order.js";

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {HTMLElement} button */
export function chartMenu(grid, chart, button) {
  /** @type {Record<string, {label: string, run: () => void}>} */
  const items = {
    ...(grid.source.large === false ? {} : { large: { label: "Open large", run: () => grid.full(chart) } }),
    pin: { label: grid.isPinned(chart) ? "Unpin" : "Pin to the top", run: () => grid.pin(chart) },
    log: { label: chart.log ? "Linear y axis" : "Logarithmic y axis", run: () => grid.log(chart) },
    table: { label: chart.asTable ? "Show the chart" : "Show as table", run: () => grid.table(chart) },
    linked: { label: chart.linked ? "Unlink zoom and cursor" : "Link zoom and cursor", run: () => link(grid, chart) },
    smooth: { label: chart.smooth ?? isNoisy(chart.metric) ? "Do not smooth this chart" : "Smooth this chart too", run: () => smooth(grid, chart) },
    png: { label: "Download image (PNG)", run: () => savePng(chart) },
    csv: { label: "Download all points (CSV)", run: () => saveCsv(grid, chart) },
    copy: { label: "Copy link to this chart", run: () => copyLink(chart, button) },
  };
  if (grid.zoomOf(chart) || chart.zoomY) items.back = { label: "Zoom out", run: () => grid.back(chart, true) };
  openMenu(button, {
    title: `Menu of ${chart.metric.metric}`,
    items: Object.entries(items).map(([value, { label }]) => ({ value, label })),
    choose: (value) => items[value].run(),
  });
}

/** @param {any} grid @param {import("./chart.js").Chart} chart */
function link(grid, chart) {
  chart.ownZoom = grid.zoomOf(chart);
  chart.linked = !chart.linked;
  grid.redraw();
}

/** @param {any} grid @param {import("./chart.js").Chart} chart */
function smooth(grid, chart) {
  chart.smooth = !(chart.smooth ?? isNoisy(chart.metric));
  grid.redraw();
}

/** @param {import("./chart.js").Chart} chart */
function savePng(chart) {
  chart.image().toBlob((blob) => blob && save(blob, `${fileName(chart.metric.metric)}.png`));
}

/** Every point as it was logged, not the thinned ones of the screen. @param {any} grid @param {import("./chart.js").Chart} chart */
async function saveCsv(grid, chart) {
  const lines = chart.model?.lines ?? [];
  const names = new Map(lines.map((line) => [line.id, line.name]));
  try {
    const { series } = await grid.source.points({ experiments: [...names.keys()], metrics: [chart.metric.metric], x: "step" });
    save(new Blob([csvOf(series, names, chart.metric.metric)], { type: "text/csv" }), `${fileName(chart.metric.metric)}.csv`);
  } catch (error) {
    chart.say(`The points did not come. ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {any[]} series @param {Map<string, string>} names @param {string} metric */
export function csvOf(series, names, metric) {
  const rows = [["experiment_id", "name", "step", "time", metric].map(quoted).join(",")];
  for (const { experiment_id, steps, values, times_s } of series) {
    for (let i = 0; i < steps.length; i++) {
      const time = times_s?.[i] === undefined ? "" : new Date(times_s[i] * 1000).toISOString();
      const value = typeof values[i] === "object" && values[i] !== null ? values[i].$float : values[i];
      rows.push([experiment_id, names.get(experiment_id) ?? "", steps[i], time, value ?? "NaN"].map(quoted).join(","));
    }
  }
  return `${rows.join("\n")}\n`;
}

/** A cell; text that a spreadsheet would run as a formula is made text. @param {any} value */
function quoted(value) {
  const text = typeof value === "string" && /^[=+\-@\t]/.test(value) && Number.isNaN(Number(value)) && !/^-?Infinity$/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {import("./chart.js").Chart} chart @param {HTMLElement} button */
async function copyLink(chart, button) {
  const address = new URL(location.href);
  address.searchParams.set("filter", chart.metric.metric);
  try {
    await navigator.clipboard.writeText(address.href);
    chart.say("Link copied.");
  } catch {
    chart.say(address.href); // no clipboard without https: the address can be copied by hand
  }
  button.focus();
}

/** @param {string} metric */
const fileName = (metric) => metric.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "chart";

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
