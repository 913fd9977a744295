// @ts-check
/** The box behind ⋯ in which a reader sets what a chart shows of its x axis, and its own axis, range, scales and smoothing. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { BY_STEP } from "../data/state.js";
import { isNoisy } from "./order.js";
import { formatNumber } from "./scales.js";
import { numberOf } from "./spans.js";
import { openBox, typing, zoomFields } from "./zoomfields.js";

const AXES = { [BY_STEP]: "step", relative: "relative time", time: "wall time" };

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {HTMLElement} button @param {{zoom?: boolean}} [at] where it begins */
export function openSettings(grid, chart, button, { zoom = false } = {}) {
  const { state } = grid;
  const can = !grid.source.overview && grid.source.byMetric !== false;
  const set = (/** @type {import("./settings.js").Own} */ patch) => (grid.set(chart, patch), paint());
  const box = h("div", { class: "tk-menu tk-chartset", popover: "auto", role: "dialog", "aria-label": `Settings of ${nameOf(chart)}` });
  const trouble = h("p", { class: "tk-chartset-trouble", role: "alert", hidden: true });

  const axisWords = h("span", { class: "tk-sel-words" });
  const axis = h("button", { class: "tk-sel", "aria-haspopup": "listbox", "aria-label": "x axis of this chart" }, axisWords, icon("down"));
  axis.addEventListener("click", () => {
    const own = chart.own.x;
    const metrics = can ? (state.get("metrics") ?? []).map((/** @type {any} */ { metric }) => ({ value: metric, label: metric, group: "Another metric", chosen: own === metric })) : [];
    const items = [{ value: "", label: "as all charts", chosen: own === undefined }, ...Object.entries(AXES).map(([value, label]) => ({ value, label, chosen: own === value })), ...metrics];
    openMenu(axis, { title: "x axis of this chart", items, choose: (x) => set({ x: x || undefined }) });
  });

  const field = (/** @type {0 | 1} */ end, /** @type {string} */ label) => {
    const input = h("input", { class: "tk-chartset-number", type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": label });
    const take = () => {
      const value = input.value.trim() === "" ? null : numberOf(input.value);
      const other = chart.own.y?.[end ? 0 : 1] ?? null;
      const words = value === null ? "" : !Number.isFinite(value) ? `“${input.value.slice(0, 30)}” is no number. Write it as 0.5 or 1e-3.` : chart.log && !(value > 0) ? "A logarithmic axis has no place for numbers that are not above 0." : other !== null && (end ? value <= other : value >= other) ? "The lower end must be below the upper one." : "";
      tell(words, input);
      if (!words) set({ y: end ? [other, value] : [value, other] });
    };
    return typing(input, take, () => box.hidePopover());
  };
  const tell = (/** @type {string} */ words, /** @type {HTMLInputElement[]} */ ...wrong) => {
    trouble.textContent = words;
    trouble.hidden = !words;
    for (const input of wrong) input.setAttribute("aria-invalid", String(!!words));
  };
  const { from, to, paint: paintZoom } = zoomFields({
    x: () => grid.axisOf(chart), shown: () => chart.domain, whole: () => chart.model?.domain, zoomed: () => grid.zoomOf(chart),
    zoom: (range) => grid.zoom(chart, range, null), back: () => grid.back(chart, true), tell, done: () => paint(), shut: () => box.hidePopover(),
  });
  const together = h("select", { class: "tk-chartset-select", "aria-label": "Whose zoom and cursor" }, h("option", { value: "" }, `of the group ${chart.metric.group}`), h("option", { value: "1" }, "of this chart alone"));
  together.addEventListener("change", () => (grid.link(chart), requestAnimationFrame(paint)));
  const [low, high] = [field(0, "Lower end of the y axis"), field(1, "Upper end of the y axis")];

  /** @param {"log" | "logX" | "smooth"} key @param {string} label @param {() => boolean} usual */
  const choice = (key, label, usual) => {
    const select = h("select", { class: "tk-chartset-select", "aria-label": label });
    select.addEventListener("change", () => set({ [key]: select.value === "" ? undefined : select.value === "1" }));
    const say = (/** @type {[string, string]} */ [off, on]) => {
      fill(select, [["", `as all charts (${usual() ? on : off})`], ["0", off], ["1", on]].map(([value, words]) => h("option", { value }, words)));
      const own = chart.own[key];
      select.value = own === undefined ? "" : own ? "1" : "0";
    };
    return { select, say };
  };
  const scaleY = choice("log", "Scale of the y axis", () => state.get("logY"));
  const scaleX = choice("logX", "Scale of the x axis", () => state.get("logX"));
  const smooth = choice("smooth", "Smoothing", () => isNoisy(chart.metric));
  const reset = h("button", { class: "tk-link", on: { click: () => (grid.set(chart, null), (trouble.hidden = true), paint()) } }, "As all charts");
  const row = (/** @type {string} */ label, /** @type {any} */ ...what) => h("div", { class: "tk-chartset-row" }, h("span", null, label), h("span", { class: "tk-chartset-what" }, what));

  function paint() {
    const { own } = chart;
    axisWords.textContent = own.x === undefined ? "as all charts" : (AXES[/** @type {keyof typeof AXES} */ (own.x)] ?? own.x);
    const shown = chart.range;
    const told = (/** @type {number | undefined} */ value) => (value === undefined ? "auto" : `auto, ${formatNumber(value)}`);
    for (const [input, value, auto] of /** @type {[any, number | null, number | undefined][]} */ ([[low, own.y?.[0] ?? null, shown?.y0], [high, own.y?.[1] ?? null, shown?.y1]])) {
      if (document.activeElement !== input) input.value = value === null ? "" : String(value);
      input.placeholder = told(auto);
    }
    paintZoom();
    together.value = chart.linked ? "" : "1";
    scaleY.say(["linear", "logarithmic"]);
    scaleX.say(["linear", "logarithmic"]);
    smooth.say(["off", "on"]);
    reset.hidden = !Object.keys(own).length;
  }

  fill(box,
    h("div", { class: "tk-chartset-head" }, h("b", null, nameOf(chart)), reset),
    row("zoom", from, h("span", { class: "tk-soft" }, "to"), to), grid.isFull ? null : row("zoom goes", together),
    row("x axis", axis), row("x scale", scaleX.select), row("y axis", low, h("span", { class: "tk-soft" }, "to"), high), row("y scale", scaleY.select), row("smoothing", smooth.select), trouble,
    h("p", { class: "tk-chartset-note tk-soft" }, "Kept in this browser for this project, but for the zoom. The link to this chart carries all of it."));
  openBox(box, button, paint);
  (zoom ? from : axis).focus();
}

/** @param {import("./chart.js").Chart} chart */
const nameOf = (chart) => (chart.metric.names ? (chart.metric.title ?? chart.metric.metric) : chart.metric.metric);
