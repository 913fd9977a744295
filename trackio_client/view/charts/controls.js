// What belongs to all charts, once above them: x axis, smoothing, band, log scale, outliers, which metrics.

import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { remember } from "../base/remember.js";
import { BY_STEP } from "../data/state.js";

const AXES = { step: "step", relative: "relative time", time: "wall time" };
const DEFINED = "auto, as defined";
const KINDS = { none: "none", ema: "EMA", mean: "moving mean", gaussian: "Gaussian" };
export const NARROWEST = 220; // px, of a chart
const WIDEST = 900;
const TICKS = [232, 320, 520];
/** What this browser remembers of them. */
export const KEPT = ["x", "smoothing", "band", "logY", "clip", "size"];

/** @param {HTMLElement} root @param {import("../data/state.js").PageState} state
 * @param {{byMetric?: boolean, only?: string[]}} [can] whether curves can be drawn against another metric, which takes every
 *   point, and which of them the reader may choose */
export function controls(root, state, { byMetric = true, only } = {}) {
  // Where a script said with define_metric what its metrics are drawn against, that is the usual axis.
  const axes = () => (byMetric && (state.get("metrics") ?? []).some((each) => each.step_metric) ? { step: DEFINED, [BY_STEP]: "step", relative: AXES.relative, time: AXES.time } : AXES);
  const axis = menuButton({
    label: "step",
    title: "x axis",
    items: () => [
      ...Object.entries(axes()).map(([value, label]) => ({ value, label, chosen: state.get("x") === value })),
      ...((byMetric && state.get("metrics")) || []).filter(({ metric }) => !only || only.includes(metric)).map(({ metric }) => ({ value: metric, label: metric, group: "Another metric", chosen: state.get("x") === metric })),
    ],
    choose: (x) => state.set({ x, zoom: null }),
  });
  const kind = menuButton({
    label: "EMA",
    title: "Smoothing",
    items: () => Object.entries(KINDS).map(([value, label]) => ({ value, label, chosen: state.get("smoothing").kind === value })),
    choose: (value) => state.set({ smoothing: { kind: value, amount: state.get("smoothing").amount } }),
  });
  const ticks = h("datalist", { id: "tk-sizes" }, TICKS.map((value) => h("option", { value: String(value) })));
  const size = h("input", { type: "range", min: String(NARROWEST), max: String(WIDEST), step: "4", list: "tk-sizes", class: "tk-size", "aria-label": "Size of the charts", title: "How wide a chart is at least" });
  size.addEventListener("input", () => state.set({ size: Number(size.value) }));
  state.follow(["size"], () => {
    const px = sizeOf(state.get("size"));
    if (Number(size.value) !== px) size.value = String(px);
    size.setAttribute("aria-valuetext", `at least ${px} pixels`);
    size.style.setProperty("--p", `${((px - NARROWEST) / (WIDEST - NARROWEST)) * 100}%`);
  });
  const slider = h("input", { type: "range", min: "0", max: "0.99", step: "0.01", "aria-label": "Amount of smoothing" });
  const amount = h("output", null);
  slider.addEventListener("input", () => state.set({ smoothing: { kind: state.get("smoothing").kind, amount: Number(slider.value) } }));
  const filter = h("input", { type: "search", placeholder: "Filter metrics", title: "Words that a name must hold; /…/ is a regular expression", "aria-label": "Filter metrics", spellcheck: "false", autocomplete: "off" });
  const search = later(() => state.set({ filter: filter.value.trim() }), 20);
  filter.addEventListener("input", search);
  const toggles = [
    toggle(state, "band", "Min–max band", "Shade between the lowest and highest value of each pixel"),
    toggle(state, "logY", "Log y", "Logarithmic y axis"),
    toggle(state, "clip", "Clip outliers", "Choose the y range without the few points far outside; their number is told"),
  ];
  const all = h(
    "div",
    { class: "tk-controls-all" },
    h("span", { class: "tk-control" }, h("span", null, "x"), axis),
    h("span", { class: "tk-control" }, h("span", null, "Smoothing"), kind, slider, amount),
    toggles,
    h("span", { class: "tk-control tk-wide" }, h("span", null, "Size"), size, ticks),
  );
  const sheet = h("button", { class: "tk-btn sm tk-narrow", "aria-expanded": "false" }, icon("tune"), "Axes, smoothing");
  sheet.addEventListener("click", () => {
    const open = root.classList.toggle("open");
    sheet.setAttribute("aria-expanded", String(open));
  });
  fill(root, sheet, all, h("span", { class: "tk-grow" }), h("label", { class: "tk-field tk-metric-filter" }, icon("search"), filter));

  state.follow(["x", "smoothing", "filter", "view", "metrics"], () => {
    const x = state.get("x");
    const timed = state.get("view") === "system" && x !== "relative" && x !== "time"; // hardware is never against steps
    const label = axes()[x];
    axis.say(timed ? "time" : label === DEFINED ? "auto" : (label ?? (x === BY_STEP ? AXES.step : x)));
    const { kind: now, amount: much } = state.get("smoothing");
    kind.say(KINDS[now]);
    slider.value = String(much);
    slider.disabled = now === "none";
    slider.style.setProperty("--p", `${(much / 0.99) * 100}%`);
    text(amount, now === "none" ? "" : much.toFixed(2));
    if (document.activeElement !== filter) filter.value = state.get("filter");
  });
  state.addEventListener("change", (/** @type {any} */ event) => {
    for (const key of KEPT) if (event.detail.has(key)) remember({ [key]: state.get(key) });
  });
}

/** The least width of a chart, px. @param {any} said */
export function sizeOf(said) {
  return typeof said === "number" && Number.isFinite(said) ? Math.min(WIDEST, Math.max(NARROWEST, said)) : 320;
}

function toggle(state, key, label, title) {
  const box = h("input", { type: "checkbox", class: "tk-box" });
  box.addEventListener("change", () => state.set({ [key]: box.checked }));
  state.follow([key], () => (box.checked = state.get(key)));
  return h("label", { class: "tk-control tk-toggle", title }, box, label);
}
