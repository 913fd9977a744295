// @ts-check
/** A chart as a picture for papers and chats: title, plot, and a legend that names every line. PNG and SVG have one layout,
 * and the plot is painted by the chart itself. */
import { variableOf } from "../../base/colors.js";
import { formatNumber } from "../scales.js";
import { escaped, plainColor, SvgContext } from "./record.js";
import { drawTwin, ThemedInk } from "./twin.js";

const WIDTH = 800; // at least; a chart that is opened larger keeps its size
const PLOT = 360;
const HEAD = 44;
const SIDE = 16;
const ROW = 20;
const SWATCH = 18;
const MOST = 120; // names
const SCALE = 2; // pixels of a PNG a pixel of the layout
const COLORS = 90; // 10 hues × 3 shades × what follows repeats

/** @typedef {import("../chart.js").Chart} Chart @typedef {"light" | "dark"} Theme
 * @typedef {{line: any, name: string, value: string, x: number, y: number, room: number}} Entry of the legend
 * @typedef {{chart: Chart, title: string, unit: string, ink: ThemedInk, width: number, plot: number, height: number, entries: Entry[], rows: number, more: number, colorOf: (line: any) => string}} Sheet */

/** The last word of a line, as the page's legend has it. @param {any} line */
const lastOf = (line) => {
  const value = line.whole.last();
  return value === null ? "" : formatNumber(value);
};

/** Where everything stands. @param {any} grid @param {Chart} chart @param {Theme} theme @returns {Sheet} */
export function sheetOf(grid, chart, theme) {
  const ink = new ThemedInk(theme);
  const here = new Map(Array.from({ length: COLORS }, (_, i) => [grid.ink.of(variableOf(i)), variableOf(i)]));
  const colorOf = (/** @type {any} */ line) => (here.has(line.color) ? ink.of(here.get(line.color)) : line.color);
  const width = Math.max(WIDTH, Math.round(chart.width));
  const plot = Math.max(PLOT, Math.round(chart.height));
  const ruler = new SvgContext();
  ruler.font = ink.font;
  const lines = chart.model?.lines ?? [];
  const shown = lines.slice(0, MOST);
  const wide = shown.map((line) => SWATCH + 6 + ruler.measureText(line.name).width + 8 + ruler.measureText(lastOf(line)).width + 24);
  const columns = Math.max(1, Math.floor((width - 2 * SIDE) / Math.min(width - 2 * SIDE, Math.max(140, ...wide))));
  const column = (width - 2 * SIDE) / columns;
  const rows = Math.ceil(shown.length / columns);
  const entries = shown.map((line, i) => {
    const value = lastOf(line);
    // Down the columns, as one reads a list.
    return { line, name: line.name, value, x: SIDE + Math.floor(i / rows) * column, y: HEAD + plot + 14 + (i % rows) * ROW, room: column - SWATCH - 6 - 8 - ruler.measureText(value).width - 16 };
  });
  const more = lines.length - shown.length;
  const height = HEAD + plot + (rows ? 14 + rows * ROW + 8 : 0) + (more ? ROW : 0);
  return { chart, title: chart.name, unit: chart.metric.unit ?? "", ink, width, plot, height, entries, rows, more, colorOf };
}

/** Cut to a width, with a mark. @param {any} g @param {string} text @param {number} room */
function fitted(g, text, room) {
  if (g.measureText(text).width <= room) return text;
  const letters = [...text];
  let [low, high] = [0, letters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (g.measureText(`${letters.slice(0, middle).join("")}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return `${letters.slice(0, low).join("")}…`;
}

/** Everything but the plot. @param {any} g a context @param {Sheet} sheet */
function paintFrame(g, { title, unit, ink, width, plot, height, entries, rows, more, colorOf, chart }) {
  g.fillStyle = ink.of("--panel");
  g.fillRect(0, 0, width, height);
  g.textBaseline = "middle";
  g.textAlign = "left";
  g.font = `600 ${ink.font.replace("12px", "16px")}`;
  g.fillStyle = ink.of("--text");
  const name = fitted(g, title, width - 2 * SIDE - 120);
  g.fillText(name, SIDE, HEAD / 2);
  const after = SIDE + g.measureText(name).width + 8;
  g.font = ink.font;
  g.fillStyle = ink.of("--soft");
  const { smoothing, logX } = /** @type {any} */ (chart.model);
  const said = [unit, chart.log ? "log y" : "", logX ? "log x" : "", smoothing.amount > 0 ? `smoothed, ${{ ema: "EMA", gaussian: "Gaussian", mean: "moving mean" }[/** @type {"ema"} */ (smoothing.kind)]} ${smoothing.amount.toFixed(2)}` : ""].filter(Boolean).join(" · ");
  g.fillText(said, after, HEAD / 2 + 1);
  for (const { line, name: full, value, x, y, room } of entries) {
    g.strokeStyle = colorOf(line);
    g.lineWidth = 2;
    g.setLineDash(line.dash);
    g.beginPath();
    g.moveTo(x, y + ROW / 2);
    g.lineTo(x + SWATCH, y + ROW / 2);
    g.stroke();
    g.setLineDash([]);
    g.fillStyle = ink.of("--text");
    const cut = fitted(g, full, room);
    g.fillText(cut, x + SWATCH + 6, y + ROW / 2);
    g.fillStyle = ink.of("--soft");
    g.fillText(value, x + SWATCH + 6 + g.measureText(cut).width + 8, y + ROW / 2);
  }
  if (more) g.fillText(`and ${more} more`, SIDE, HEAD + plot + 14 + (rows + 0.5) * ROW);
}

/** A PNG, twice as fine as the layout. @param {any} grid @param {Chart} chart @param {Theme} theme @returns {Promise<Blob>} */
export async function pngOf(grid, chart, theme) {
  const sheet = sheetOf(grid, chart, theme);
  const paper = (/** @type {number} */ w, /** @type {number} */ hgt) => Object.assign(document.createElement("canvas"), { width: w * SCALE, height: hgt * SCALE });
  const out = paper(sheet.width, sheet.height);
  const g = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
  g.scale(SCALE, SCALE);
  paintFrame(g, sheet);
  const layers = [0, 1, 2].map(() => paper(0, 0));
  drawTwin(chart, { width: sheet.width, height: sheet.plot, ink: sheet.ink, colorOf: sheet.colorOf, layers });
  for (const layer of layers) g.drawImage(layer, 0, HEAD, sheet.width, sheet.plot);
  return new Promise((done, failed) => out.toBlob((blob) => (blob ? done(blob) : failed(new Error("The browser made no picture of it: it may be too large."))), "image/png"));
}

/** An SVG: paths and texts, nothing embedded. @param {any} grid @param {Chart} chart @param {Theme} theme @returns {string} */
export function svgOf(grid, chart, theme) {
  const sheet = sheetOf(grid, chart, theme);
  const frame = new SvgContext("f");
  paintFrame(frame, sheet);
  const records = [0, 1, 2].map((i) => new SvgContext(`l${i}-`));
  const layers = records.map((record) => ({ width: 0, height: 0, style: {}, hidden: false, getContext: () => record }));
  drawTwin(chart, { width: sheet.width, height: sheet.plot, ink: sheet.ink, colorOf: sheet.colorOf, layers });
  const names = sheet.entries.map(({ name }) => name).join(", ");
  const { color } = plainColor(sheet.ink.of("--panel"));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${sheet.width}" height="${sheet.height}" viewBox="0 0 ${sheet.width} ${sheet.height}" role="img" style="background:${color}">`,
    `<title>${escaped([sheet.title, sheet.unit].filter(Boolean).join(", "))}</title><desc>${escaped(`${sheet.title} against ${chart.model?.x}: ${names}`)}</desc>`,
    `<defs>${[frame, ...records].flatMap((record) => record.defs).join("")}</defs>`,
    `<g>${frame.out.join("")}</g>`,
    ...records.map((record, i) => `<g id="${["axes", "lines", "marks"][i]}" transform="translate(0 ${HEAD})">${record.out.join("")}</g>`),
    "</svg>\n",
  ].join("\n");
}
