// @ts-check
/** A figure of Plotly: drawn when it is opened, by the library that draws one chart large. */

import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { plotly } from "../charts/large.js";
import { absent, captionOf, textOf } from "./kinds.js";

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function figures(stage, tools) {
  return { show: (items) => fill(stage, items.map((item) => card(item, tools))) };
}

/** @param {any} item @param {import("./kinds.js").Tools} tools */
function card(item, tools) {
  if (!item.file && !item.figure) return absent(item, tools);
  const said = h("span", { class: "tk-soft", role: "status" });
  const open = h("button", { class: "tk-btn sm" }, icon("panel"), "Open the figure");
  open.addEventListener("click", async () => {
    if (tools.source.large === false) return void (said.textContent = "Opening a figure needs plotly, which was not deployed with this page.");
    said.textContent = "Loading";
    try {
      const figure = item.figure ?? JSON.parse(await textOf(item, tools));
      said.textContent = "";
      await show(typeof figure === "string" ? JSON.parse(figure) : figure, tools.name, item.caption);
    } catch (error) {
      said.textContent = `Not drawn: ${/** @type {Error} */ (error).message}`;
    }
    return undefined;
  });
  return h("figure", { class: "tk-figure" }, h("p", null, open, " ", said), captionOf(item));
}

/** @param {any} figure @param {string} name @param {any} caption */
async function show(figure, name, caption) {
  const plot = h("div", { class: "tk-large-plot tk-figure-plot" });
  const close = h("button", { class: "tk-chart-more", "aria-label": "Close", title: "Close (Esc)" }, icon("close"));
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "tk-large", "aria-label": name }, h("header", { class: "tk-chart-head" }, h("h3", { class: "tk-chart-title" }, name), h("span", { class: "tk-chart-unit" }, caption ?? ""), h("span", { class: "tk-grow" }), close), plot));
  (document.querySelector(".tk") ?? document.body).append(dialog);
  const Plotly = await plotly();
  dialog.addEventListener("close", () => (Plotly.purge(plot), dialog.remove()));
  close.addEventListener("click", () => dialog.close());
  dialog.showModal();
  const { width: _, height: __, autosize: ___, ...layout } = figure.layout ?? {};
  await Plotly.newPlot(plot, figure.data ?? [], { ...layout, autosize: true }, { responsive: true, displaylogo: false, scrollZoom: true });
  if (Array.isArray(figure.frames) && figure.frames.length) await Plotly.addFrames(plot, figure.frames);
}
