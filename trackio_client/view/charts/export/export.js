// @ts-check
/** What a chart gives to take away: one entry a form, each makes a file and its name. Fetched when somebody asks for one. */
import { save } from "../../base/files.js";
import { remembered } from "../../base/remember.js";
import { pageOf } from "./page.js";
import { pngOf, sheetOf, svgOf } from "./picture.js";
import { jsonOf } from "./plotly.js";
import { pointsOf } from "./points.js";

/** @typedef {import("../chart.js").Chart} Chart @typedef {"png" | "svg" | "html" | "csv" | "json"} Form */

/** @type {Record<Form, {mime: string, make: (grid: any, chart: Chart, theme: "light" | "dark") => Promise<BlobPart>}>} */
const FORMS = {
  png: { mime: "image/png", make: pngOf },
  svg: { mime: "image/svg+xml", make: async (grid, chart, theme) => svgOf(grid, chart, theme) },
  html: { mime: "text/html", make: (grid, chart) => pageOf(grid, chart) },
  csv: { mime: "text/csv", make: (grid, chart) => pointsOf(grid, chart) },
  json: { mime: "application/json", make: async (grid, chart, theme) => jsonOf(chart, sheetOf(grid, chart, theme).ink, sheetOf(grid, chart, theme).colorOf) },
};

/** The theme of pictures: the page's, unless the reader wants them light. @param {any} grid @returns {"light" | "dark"} */
export const themeOf = (grid) => (remembered().lightPictures ? "light" : grid.state.get("theme") === "dark" ? "dark" : "light");

/** @param {any} grid @param {Chart} chart @param {Form} form @returns {Promise<Blob>} */
export async function make(grid, chart, form) {
  if (!chart.model?.lines.length && form !== "csv") throw new Error("There is nothing drawn in this chart to take away.");
  const { mime, make: made } = FORMS[form];
  return new Blob([await made(grid, chart, themeOf(grid))], { type: mime });
}

/** Makes a file and has the browser save it; what goes wrong is said in the chart. @param {any} grid @param {Chart} chart @param {Form} form */
export async function download(grid, chart, form) {
  try {
    save(`${chart.name}.${form === "json" ? "plotly.json" : form}`, FORMS[form].mime, await make(grid, chart, form));
  } catch (error) {
    chart.say(`Not saved. ${/** @type {Error} */ (error).message}`);
  }
}
