// @ts-check
/**
 * One chart as one HTML file that asks nothing of any network: the page's own modules and styles, with the chart's points.
 * trackio_client/snapshot/page.py makes such files of whole experiments; this one is made in the browser, so that it works
 * on a page without a server too, and in a file.
 */
import { addressOf } from "../../data/address.js";
import { escaped } from "./record.js";
import { base64, encode, packed } from "./pack.js";

const FIRST = ["shared.js", "charts/full.js", "charts/export/export.js", "charts/deriving.js", "charts/settingsbox.js"];
const SHARED = "styles/shared.css";
const POINTS = 2000; // buckets a series: two a pixel of a wide screen
const ROW = ["experiment_id", "project", "name", "group", "tags", "state", "evidence", "since_s", "created_s", "last_event_s", "last_heard_s", "duration_s", "last_step", "metric_count", "point_count"];
const IMPORT = /((?:\bfrom|\bimport)\s*\(?\s*)(["'])(\.{1,2}\/[\w./-]+\.js)\2/g;
const AT_ONCE = /\b(?:from|import)\s*"(\.{1,2}\/[\w./-]+\.js)"/g; // not what is fetched later
const POLICY = "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'";

/** @typedef {import("../chart.js").Chart} Chart */

/** @param {any} grid @param {Chart} chart @returns {Promise<string>} */
export async function pageOf(grid, chart) {
  const [map, style, data] = await Promise.all([importMap(), styles(), dataOf(grid, chart)]);
  const title = chart.name;
  const name = escaped(title);
  const told = escaped(`${title} of ${data.experiments.map((/** @type {any} */ row) => row.name).join(", ")}`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">',
    `<title>${name} · Trackio</title><style>${style}</style>`,
    `<script type="importmap">${map}</script></head>`,
    `<body class="tk-shared-body" data-kind="snapshot" data-name="${name}">`,
    `<main class="tk-shared-plain"><h1>${name}</h1><p>${told}</p></main>`,
    `<script type="application/json" id="trackio-data">${JSON.stringify(data).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029")}</script>`,
    '<script type="module">import "trackio/shared.js";</script></body></html>',
  ].join("\n");
}

/** What the file holds: rows, the metrics of the chart, and its points against every axis that a reader may ask for.
 * @param {any} grid @param {Chart} chart @returns {Promise<any>} */
async function dataOf(grid, chart) {
  const names = chart.metric.names ?? [chart.metric.metric];
  const rows = grid.models.rowsOf(chart);
  /** @type {string[]} */ const by = (grid.state.get("by") ?? []).filter((/** @type {string} */ key) => key.includes(":")); // what groups them goes with them
  const experiments = rows.map((/** @type {any} */ row) => ({ ...Object.fromEntries(ROW.filter((key) => row[key] !== undefined).map((key) => [key, row[key]])), experiment_id: row.id, columns: Object.fromEntries(by.map((key) => [key, row.columns?.[key] ?? null])) }));
  const x = grid.axisOf(chart);
  const axes = [...new Set(["step", "time", ...(["step", "time", "relative"].includes(x) ? [] : [x])])];
  /** @type {Record<string, string>} */ const series = {};
  const ids = rows.map((/** @type {any} */ row) => row.id);
  await Promise.all(axes.map(async (axis) => {
    try {
      series[axis] = await packed(encode(await grid.source.series({ experiments: ids, metrics: names, x: axis, max_points: POINTS })));
    } catch (error) {
      if (axis === x || (axis === "time" && x === "relative")) throw error; // the others can be done without
    }
  }));
  const known = new Map((grid.state.get("metrics") ?? []).map((/** @type {any} */ each) => [each.metric, each]));
  const metrics = names.map((name) => ({ ...(known.get(name) ?? { ...chart.metric, metric: name }), step_metric: series[x] && x === axes[2] ? x : null, hidden: false }));
  const marks = grid.marks?.of(ids) ?? [];
  const state = new URLSearchParams(addressOf(grid.state, null));
  for (const key of ["project", "view", "experiment", "shown", "filter", "search", "sort", "column", "columns", "chart", "chartof", "facet", "size"]) state.delete(key);
  return {
    taken_s: Date.now() / 1000, chart: chart.metric.metric, state: String(state), experiments, metrics, series,
    details: {}, training: {}, entries: {},
    events: Object.fromEntries(ids.map((/** @type {string} */ id) => [id, eventsOf(marks.filter((/** @type {any} */ mark) => mark.experiment === id))])),
    colors: Object.fromEntries(rows.map((/** @type {any} */ row) => [row.id, row.color])),
  };
}

/** Marks as the events that they were made of. @param {import("../marks.js").Mark[]} marks */
const eventsOf = (marks) => marks.map(({ kind, step, time_s, title }, i) => ({ position: i + 1, content: { kind: "mark", mark: kind, title, step, time_us: time_s * 1e6 } }));

// Modules and styles

/** A file has them with it; a page fetches what it runs on. @returns {Promise<string>} JSON that ends no script element */
async function importMap() {
  const held = document.querySelector('script[type="importmap"]')?.textContent ?? "";
  if (held.includes('"trackio/shared.js"')) return held;
  const base = new URL("../../", import.meta.url);
  /** @type {Record<string, string>} */ const imports = {};
  const open = [...FIRST];
  const seen = new Set(open);
  while (open.length) {
    const texts = await Promise.all(open.splice(0).map(async (name) => /** @type {[string, string]} */ ([name, await textOf(new URL(name, base))])));
    for (const [name, text] of texts) {
      const resolved = (/** @type {string} */ given) => new URL(given, new URL(name, base)).href.slice(base.href.length);
      for (const [, given] of text.matchAll(AT_ONCE)) {
        const wanted = resolved(given);
        if (!seen.has(wanted)) (seen.add(wanted), open.push(wanted));
      }
      const named = text.replace(IMPORT, (_, before, quote, given) => `${before}${quote}trackio/${resolved(given)}${quote}`);
      imports[`trackio/${name}`] = `data:text/javascript;base64,${base64(new TextEncoder().encode(named))}`;
    }
  }
  return JSON.stringify({ imports });
}

async function styles() {
  const own = document.querySelector("head > style")?.textContent ?? "";
  if (own.includes(".tk-shared")) return own;
  const base = new URL("../../", import.meta.url);
  const links = [...document.querySelectorAll('link[rel="stylesheet"]')].map((link) => /** @type {HTMLLinkElement} */ (link).href).filter((href) => href.includes("/styles/") && href.endsWith(".css"));
  const wanted = [...new Set([...links.filter((href) => !href.endsWith(SHARED)), new URL(SHARED, base).href])];
  return (await Promise.all(wanted.map((href) => textOf(new URL(href))))).join("\n").replaceAll("</style", "<\\/style");
}

/** @param {URL} address */
async function textOf(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname} answered ${answer.status}. Reload the page and try again.`);
  return answer.text();
}
