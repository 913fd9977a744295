// @ts-check
/** The box behind ⋯ in which a reader sets one chart's own x axis, range, scales and smoothing. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { BY_STEP } from "../data/state.js";
import { isNoisy } from "./order.js";
import { formatNumber } from "./scales.js";

const AXES = { [BY_STEP]: "step", relative: "relative time", time: "wall time" };

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {HTMLElement} button */
export function openSettings(grid, chart, button) {
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
      const typed = input.value.trim().replace("−", "-").replaceAll(/(?<=\d),(?=\d{3}(\D|$))/g, "");
      const value = typed === "" ? null : Number(typed);
      const other = chart.own.y?.[end ? 0 : 1] ?? null;
      const words = value === null ? "" : !Number.isFinite(value) ? `“${input.value.slice(0, 30)}” is no number. Write it as 0.5 or 1e-3.` : chart.log && !(value > 0) ? "A logarithmic axis has no place for numbers that are not above 0." : other !== null && (end ? value <= other : value >= other) ? "The lower end must be below the upper one." : "";
      trouble.textContent = words;
      trouble.hidden = !words;
      input.setAttribute("aria-invalid", String(!!words));
      if (!words) set({ y: end ? [other, value] : [value, other] });
    };
    input.addEventListener("change", take);
    input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation();
      if (event.key === "Enter") take();
      if (event.key === "Escape") box.hidePopover();
    });
    return input;
  };
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
    scaleY.say(["linear", "logarithmic"]);
    scaleX.say(["linear", "logarithmic"]);
    smooth.say(["off", "on"]);
    reset.hidden = !Object.keys(own).length;
  }

  fill(box,
    h("div", { class: "tk-chartset-head" }, h("b", null, nameOf(chart)), reset),
    row("x axis", axis), row("x scale", scaleX.select), row("y axis", low, h("span", { class: "tk-soft" }, "to"), high), row("y scale", scaleY.select), row("smoothing", smooth.select), trouble,
    h("p", { class: "tk-chartset-note tk-soft" }, "Kept in this browser for this project. The link to this chart carries it."));
  box.addEventListener("toggle", (/** @type {any} */ event) => {
    if (event.newState !== "closed") return;
    box.remove();
    button.setAttribute("aria-expanded", "false");
    if (!document.activeElement || document.activeElement === document.body) button.focus();
  });
  (button.closest("dialog[open], .tk") ?? document.body).append(box);
  paint();
  box.showPopover();
  button.setAttribute("aria-expanded", "true");
  const at = button.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(at.right - box.offsetWidth, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - box.offsetHeight - 8))}px`;
  axis.focus();
}

/** @param {import("./chart.js").Chart} chart */
const nameOf = (chart) => (chart.metric.names ? (chart.metric.title ?? chart.metric.metric) : chart.metric.metric);
