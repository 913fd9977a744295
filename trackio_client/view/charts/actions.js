// @ts-check
/** The menu of one chart: how it is drawn, where it stands, and what it gives to take away. */
import { openMenu } from "../base/menu.js";
import { remember, remembered } from "../base/remember.js";
import { copyLink } from "./link.js";
import { isNoisy } from "./order.js";
import { hide } from "./pins.js";
import { step } from "./moving.js";
import { zoomBy } from "./zoom.js";

/** @typedef {{label: string, note?: string, run: () => any}} Entry */

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {HTMLElement} button */
export function chartMenu(grid, chart, button) {
  /** @type {Record<string, Record<string, Entry | null>>} */
  const groups = { "": looks(grid, chart, button), Place: places(grid, chart, button), Save: files(grid, chart), Share: sharing(grid, chart) };
  /** @type {Map<string, Entry>} */ const entries = new Map();
  const items = [];
  for (const [group, some] of Object.entries(groups)) {
    for (const [value, entry] of Object.entries(some)) {
      if (!entry) continue;
      entries.set(value, entry);
      items.push({ value, label: entry.label, note: entry.note, ...(group ? { group } : {}) });
    }
  }
  const menu = openMenu(button, {
    title: `Menu of ${chart.name}`,
    items,
    choose: (value) => entries.get(value)?.run(),
  });
  menu.classList.add("tk-menu-plain"); // one looks such a list over; nobody types into it
}

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {HTMLElement} button @returns {Record<string, Entry | null>} */
function looks(grid, chart, button) {
  const smooth = chart.smooth ?? isNoisy(chart.metric);
  const isZoomed = grid.zoomOf(chart) || chart.zoomY;
  return {
    full: grid.isFull ? null : { label: "Full screen", note: "Enter", run: () => grid.full(chart) },
    settings: grid.settings ? { label: "Settings of this chart", run: () => grid.settings(chart, button) } : null,
    derive: grid.derive && !grid.isFull && chart.metric.names ? { label: "Edit the expression", run: () => grid.derive(chart, button) } : null,
    log: { label: chart.log ? "Linear y axis" : "Logarithmic y axis", note: "l", run: () => grid.log(chart) },
    smooth: { label: smooth ? "Do not smooth this chart" : "Smooth this chart too", run: () => ((chart.smooth = !smooth), grid.redraw()) },
    replaced: grid.models?.replaced?.offered(chart, grid.models.rowsOf(chart), chart.model?.x ?? "") ? { label: chart.own.replaced ? "Hide replaced points" : "Show replaced points", run: () => grid.set(chart, { replaced: chart.own.replaced ? undefined : true }) } : null,
    in: chart.view ? { label: "Zoom in", note: "+", run: () => zoomBy(chart, 0.5) } : null,
    out: isZoomed ? { label: "Zoom out", note: "−", run: () => zoomBy(chart, 2) } : null,
    back: isZoomed ? { label: "Zoom out to everything", note: "0", run: () => grid.back(chart, true) } : null,
    range: grid.settings ? { label: "Zoom to …", run: () => grid.settings(chart, button, { zoom: true }) } : null,
    linked: grid.isFull ? null : { label: chart.linked ? "Unlink zoom and cursor" : "Link zoom and cursor", run: () => grid.link(chart) },
    table: { label: chart.asTable ? "Show the chart" : "Show as table", note: "t", run: () => grid.table(chart) },
    plotly: grid.source.large === false ? null : { label: "Open in Plotly", run: () => large(grid, chart) },
  };
}

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {HTMLElement} button @returns {Record<string, Entry | null>} */
function places(grid, chart, button) {
  if (grid.isFull) return {};
  const row = grid.sections.find(chart.node)?.row;
  const at = row?.charts.indexOf(chart) ?? -1;
  const go = (/** @type {number} */ by) => () => (step(chart, row, by, (one, before) => grid.move(one, before)), button.focus());
  return {
    pin: { label: grid.isPinned(chart) ? "Unpin" : "Pin to the top", run: () => grid.pin(chart) },
    earlier: at > 0 ? { label: "Move earlier", note: "<", run: go(-1) } : null,
    later: row && at < row.charts.length - 1 ? { label: "Move later", note: ">", run: go(1) } : null,
    hide: { label: "Hide this chart", run: () => hide(grid.state, chart.metric.metric, String(chart.metric.names ? chart.metric.title : chart.metric.metric)) },
  };
}

/** @param {any} grid @param {import("./chart.js").Chart} chart @returns {Record<string, Entry | null>} */
function files(grid, chart) {
  const get = (/** @type {"png" | "svg" | "html" | "csv" | "json"} */ form) => async () => {
    try {
      const { download } = await import("./export/export.js");
      await download(grid, chart, form);
    } catch (error) {
      chart.say(`Not saved. ${/** @type {Error} */ (error).message}`);
    }
  };
  const light = remembered().lightPictures === true;
  const isDark = grid.state.get("theme") === "dark";
  return {
    png: { label: "Image (PNG)", run: get("png") },
    svg: { label: "Vector image (SVG)", run: get("svg") },
    html: { label: "Interactive page (HTML)", run: get("html") },
    csv: { label: "All points (CSV)", run: get("csv") },
    json: { label: "Plotly figure (JSON)", run: get("json") },
    light: isDark ? { label: light ? "Save pictures as the page looks" : "Save pictures in light colours", run: () => remember({ lightPictures: light ? undefined : true }) } : null,
  };
}

/** @param {any} grid @param {import("./chart.js").Chart} chart @returns {Record<string, Entry | null>} */
function sharing(grid, chart) {
  return {
    copy: grid.source.isFile ? null : { label: "Copy link to this chart", run: () => copyLink(grid, chart, { full: grid.isFull }) },
    // Only who may make links is offered one.
    share: grid.state.get("may") === "owner" && !chart.metric.names ? { label: "Share or embed this chart", run: () => share(grid, chart) } : null,
  };
}

/** @param {any} grid @param {import("./chart.js").Chart} chart */
async function share(grid, chart) {
  const { showShare } = await import("../shell/share.js");
  showShare({ state: grid.state, source: grid.source, metric: chart.metric.metric });
}

/** @param {any} grid @param {import("./chart.js").Chart} chart */
async function large(grid, chart) {
  const { openLarge } = await import("./large.js");
  openLarge(grid, chart);
}
