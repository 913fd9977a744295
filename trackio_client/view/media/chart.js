// @ts-check
/** A chart that was logged as a table: lines, points, bars, a histogram, ROC and precision-recall curves, a confusion matrix. */

import { h } from "../base/dom.js";
import { heatTable } from "../base/heat.js";
import { niceTicks } from "../charts/scales.js";
import { count, number, plural, revived } from "../base/words.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [640, 260, 52, 34, 10, 12];
const MOST_POINTS = 4000;
const MOST_LINES = 10;
const MOST_BARS = 60;

/** @param {any} chart {kind, title, x, y, color, value}: names of columns @param {{columns: string[], rows: any[][]}} data @param {string} name @returns {any} null when its columns are not there */
export function chartOf(chart, { columns, rows }, name) {
  const place = (/** @type {string} */ key) => columns.indexOf(String(chart[key] ?? "\u0000"));
  const [x, y, color, value] = ["x", "y", "color", "value"].map(place);
  const title = String(chart.title || name);
  if (chart.kind === "confusion_matrix" && x >= 0 && y >= 0 && value >= 0) return frame(title, "", matrix(title, rows, y, x, value));
  if (x < 0) return null;
  if (chart.kind === "histogram") return spreadOf(title, chart, rows, x);
  if (y < 0) return null;
  if (chart.kind === "bar") return bars(title, chart, rows, x, y);
  if (!["line", "scatter", "roc", "pr"].includes(chart.kind)) return null;
  return lines(title, chart, rows, x, y, color, place("name"));
}

/** @param {string} title @param {string} words @param {any} body @param {any} [legend] */
const frame = (title, words, body, legend) => h("div", { class: "tk-logged-chart" }, h("h3", null, title, words ? h("span", { class: "tk-soft" }, ` ${words}`) : null), body, legend);

/** SVG elements: `h` makes HTML ones. @param {string} tag @param {Record<string, any>} props @param {...any} children @returns {any} */
function s(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(props)) if (value !== null && value !== undefined) node.setAttribute(key, String(value));
  node.append(...children.flat().filter((each) => each !== null).map((each) => (each instanceof Node ? each : String(each))));
  return node;
}

/** @param {string} label @param {[number, number]} xs @param {[number, number]} ys @param {any} chart @param {(at: {x: (v: number) => number, y: (v: number) => number}) => any[]} draw @param {boolean} [hasX] */
function axes(label, xs, ys, chart, draw, hasX = true) {
  const at = { x: (/** @type {number} */ v) => LEFT + ((v - xs[0]) / (xs[1] - xs[0] || 1)) * (WIDTH - LEFT - RIGHT), y: (/** @type {number} */ v) => HEIGHT - BOTTOM - ((v - ys[0]) / (ys[1] - ys[0] || 1)) * (HEIGHT - BOTTOM - TOP) };
  const yTicks = niceTicks(ys[0], ys[1], 5).ticks.map((v) => [s("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: at.y(v), y2: at.y(v), class: "grid" }), s("text", { x: LEFT - 6, y: at.y(v) + 4, "text-anchor": "end" }, number(v))]);
  const xTicks = hasX ? niceTicks(xs[0], xs[1], 7).ticks.map((v) => s("text", { x: at.x(v), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, number(v))) : [];
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, class: "tk-svg" }, yTicks.flat(), xTicks, draw(at), s("text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end", class: "name" }, String(chart.x)));
}

/** A cell as a number; what is empty or no number is NaN, not 0. @param {any} cell @returns {number} */
function numberOf(cell) {
  const value = revived(cell);
  return typeof value === "number" || (typeof value === "string" && value.trim()) ? Number(value) : NaN;
}

/** @param {number[]} values @returns {[number, number]} */
function range(values) {
  const known = values.filter(Number.isFinite);
  const [low, high] = known.length ? [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))] : [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** @param {string} title @param {any} chart @param {any[][]} rows @param {number} x @param {number} y @param {number} color @param {number} named */
function lines(title, chart, rows, x, y, color, named) {
  /** @type {Map<string, [number, number, string][]>} */ const found = new Map();
  for (const row of rows) {
    const [a, b] = [numberOf(row[x]), numberOf(row[y])];
    if (!Number.isFinite(a) || !Number.isFinite(b)) continue;
    const name = color < 0 ? "" : String(row[color]);
    /** @type {[number, number, string]} */ const point = [a, b, named < 0 ? "" : String(row[named])];
    const held = found.get(name);
    if (held) held.push(point);
    else found.set(name, [point]);
  }
  const shown = [...found].slice(0, MOST_LINES);
  const others = chart.kind === "scatter" ? [...found].slice(MOST_LINES).flatMap(([name, list]) => list.map(([a, b, word]) => /** @type {[number, number, string]} */ ([a, b, `${name} ${word}`]))) : [];
  const points = [...shown.flatMap(([, list]) => list), ...others];
  if (!points.length) return null;
  const isCurve = chart.kind === "roc" || chart.kind === "pr";
  /** @type {[number, number]} */ const one = [0, 1];
  const [xs, ys] = isCurve ? [one, one] : [range(points.map(([a]) => a)), range(points.map(([, b]) => b))];
  const step = Math.max(1, Math.ceil(points.length / MOST_POINTS));
  const svg = axes(`${title}: ${plural(points.length, "point")}`, xs, ys, chart, (at) => [...(others.length ? [/** @type {const} */ (["", others])] : []), ...shown].flatMap(([name, list], place) => {
    const i = others.length ? place - 1 : place;
    const kept = list.filter((_, j) => j % step === 0 || j === list.length - 1);
    const ink = i < 0 ? "color: var(--soft)" : `color: var(--s${(i % 10) + 1})`;
    if (chart.kind === "scatter") return kept.map(([a, b, word]) => s("circle", { cx: at.x(a), cy: at.y(b), r: 2.5, style: ink }, name || word ? s("title", {}, [name, word].filter(Boolean).join(" · ")) : null));
    return [s("polyline", { points: kept.map(([a, b]) => `${at.x(a).toFixed(1)},${at.y(b).toFixed(1)}`).join(" "), style: ink }, s("title", {}, name))];
  }));
  const legend = shown.length > 1 || shown[0][0] ? h("div", { class: "tk-split-legend" }, shown.map(([name], i) => h("span", null, h("i", { style: { background: `var(--s${(i % 10) + 1})` } }), name)), found.size > shown.length ? h("span", null, others.length ? h("i", { style: { background: "var(--soft)" } }) : null, `${others.length ? "" : "and "}${count(found.size - shown.length)} ${others.length ? "others" : "more"}`) : null) : null;
  return frame(title, `${chart.y} against ${chart.x}`, svg, legend);
}

/** @param {string} title @param {any} chart @param {any[][]} rows @param {number} x @param {number} y */
function bars(title, chart, rows, x, y) {
  const known = rows.map((row) => /** @type {[string, number]} */ ([String(row[x]), numberOf(row[y])])).filter(([, value]) => Number.isFinite(value)).slice(0, MOST_BARS);
  if (!known.length) return null;
  const most = Math.max(...known.map(([, value]) => Math.abs(value))) || 1;
  return frame(title, `${chart.y} of ${chart.x}`, h("div", { class: "tk-label-counts" }, h("table", { "aria-label": title }, h("tbody", null, known.map(([name, value]) => h("tr", null, h("th", { scope: "row", title: name }, name), h("td", null, h("span", { class: "tk-bar-cell" }, h("i", { style: { "--w": `${(100 * Math.abs(value)) / most}%` } }), h("b", null, number(value))))))))), rows.length > known.length ? h("p", { class: "tk-soft tk-pane-words" }, `The first ${known.length} of ${count(rows.length)}.`) : null);
}

/** @param {string} title @param {any} chart @param {any[][]} rows @param {number} x */
function spreadOf(title, chart, rows, x) {
  const values = rows.map((row) => numberOf(row[x])).filter(Number.isFinite);
  if (!values.length) return null;
  const [low, high] = range(values);
  const bins = Math.min(40, Math.max(5, Math.round(Math.sqrt(values.length))));
  const counts = new Array(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))] += 1;
  const svg = axes(`${title}: ${plural(values.length, "value")}`, [low, high], [0, Math.max(...counts)], chart, (at) => counts.map((n, i) => {
    const [from, to] = [low + ((high - low) * i) / bins, low + ((high - low) * (i + 1)) / bins];
    return s("rect", { x: at.x(from) + 0.5, width: Math.max(1, at.x(to) - at.x(from) - 1), y: at.y(n), height: Math.max(0, at.y(0) - at.y(n)), style: "color: var(--s1)" }, s("title", {}, `${number(from)} to ${number(to)}: ${count(n)}`));
  }));
  return frame(title, `how ${chart.x} is spread`, svg);
}

/** @param {string} title @param {any[][]} rows @param {number} y truth @param {number} x answer @param {number} value */
function matrix(title, rows, y, x, value) {
  const names = [...new Set(rows.flatMap((row) => [String(row[y]), String(row[x])]))].slice(0, 60);
  const cells = new Map(rows.map((row) => [`${row[y]}\u0000${row[x]}`, numberOf(row[value]) || 0]));
  return heatTable({
    label: title,
    corner: "truth ↓ answered →",
    hasCounts: true,
    columns: names.map((word) => ({ word })),
    rows: names.map((truth) => {
      const counts = names.map((answer) => cells.get(`${truth}\u0000${answer}`) ?? 0);
      const sum = counts.reduce((total, n) => total + n, 0);
      return { word: truth, n: count(sum), cells: counts.map((n, i) => ({ value: sum ? n / sum : null, t: n ? n / sum : null, words: n ? count(n) : "·", ring: names[i] === truth, title: `${truth} taken for ${names[i]}: ${count(n)} of ${count(sum)}` })) };
    }),
  });
}
