// What belongs to all charts, once above them: x axis, smoothing, band, log scale, outliers, which metrics.

import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { mistakeIn } from "../base/matching.js";
import { menuButton } from "../base/menu.js";
import { remember } from "../base/remember.js";
import { BUT_SEED, withoutSeed } from "../base/seeds.js";
import { troubleOf } from "../base/trouble.js";
import { count, plural } from "../base/words.js";
import { SPREADS } from "./averages.js";
import { facetLabel } from "./facets.js";
import { labelOf, partition } from "./grouping.js";
import { followProject } from "./settings.js";
import { BY_STEP } from "../data/state.js";

const AXES = { step: "step", relative: "relative time", time: "wall time" };
const DEFINED = "auto, as defined";
const KINDS = { none: "none", ema: "EMA", mean: "moving mean", gaussian: "Gaussian" };
export const NARROWEST = 220; // px, of a chart
const WIDEST = 900;
const TICKS = [232, 320, 520];
/** What this browser remembers of them. */
export const KEPT = ["x", "smoothing", "band", "logY", "logX", "clip", "size", "spread", "dashes"];
const EPOCH = /(^|[/_])epochs?$/i;
const SEVERAL_SPREADS = { sd: "± standard deviation", se: "± standard error", range: "lowest to highest" };
const RANKS = ["Each rank a line", "instead of their mean and range"];
const DISPLAY = {
  band: ["Min–max band", "from the lowest to the highest value of each pixel"],
  clip: ["Clip outliers", "their number is told"],
  logX: ["Logarithmic x axis", "what is not above 0 is marked"],
  dashes: ["Dashes for alike colours", "where hues are hard to tell"],
};

/** @param {HTMLElement} root @param {import("../data/state.js").PageState} state
 * @param {{byMetric?: boolean, only?: string[], hasFacets?: boolean, columns?: import("../data/columns.js").Columns}} [can] whether curves can be drawn against another metric, which takes every
 *   point, and which of them the reader may choose; `columns` knows the keys of the configuration */
export function controls(root, state, { byMetric = true, only, columns, hasFacets = true } = {}) {
  followProject(state);
  // Where a script said with define_metric what its metrics are drawn against, that is the usual axis.
  const axes = () => (byMetric && (state.get("metrics") ?? []).some((each) => each.step_metric) ? { step: DEFINED, [BY_STEP]: "step", relative: AXES.relative, time: AXES.time } : AXES);
  const epochs = () => (byMetric ? (state.get("metrics") ?? []).map((/** @type {any} */ { metric }) => metric).filter((/** @type {string} */ metric) => EPOCH.test(metric) && (!only || only.includes(metric))).slice(0, 2) : []);
  const axis = menuButton({
    label: "step",
    title: "x axis",
    items: () => [
      ...Object.entries(axes()).map(([value, label]) => ({ value, label, chosen: state.get("x") === value })),
      ...epochs().map((metric) => ({ value: metric, label: "epoch", note: metric === "epoch" ? "" : metric, chosen: state.get("x") === metric })),
      ...((byMetric && state.get("metrics")) || []).filter(({ metric }) => !only || only.includes(metric)).map(({ metric }) => ({ value: metric, label: metric, group: "Another metric", chosen: state.get("x") === metric })),
    ],
    choose: (x) => state.set({ x, zoom: null, zoomY: null }),
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
  const trouble = troubleOf(filter);
  const display = menuButton({
    label: "Display",
    title: "Band, outliers, logarithmic x axis, dashes",
    several: true,
    items: () => Object.entries(ranked(state) ? { ...DISPLAY, ranks: RANKS } : DISPLAY).map(([value, [label, note]]) => ({ value, label, note, chosen: !!state.get(value) })),
    choose: (key) => state.set({ [key]: !state.get(key) }),
  });
  const group = menuButton({
    label: "no groups",
    class: "tk-sel tk-group-by",
    title: "Group experiments and draw their means",
    several: true,
    items: () => groupings(state, columns),
    choose: (key) => state.set({ by: toggled(state.get("by") ?? [], key) }),
  });
  const facet = menuButton({
    label: "one chart",
    class: "tk-sel tk-facet-by",
    title: "A chart for each value of a parameter, or for each combination of two",
    items: () => facetings(state, columns),
    choose: (key) => state.set({ facet: nextFacet(state.get("facet") ?? [], key) }),
  });
  const spread = menuButton({
    label: SPREADS.sd,
    title: "Spread of a group",
    items: () => Object.entries(SEVERAL_SPREADS).map(([value, label]) => ({ value, label, chosen: state.get("spread") === value })),
    choose: (value) => state.set({ spread: value }),
  });
  const derive = h("button", { class: "tk-btn sm bare tk-derive", title: "A chart of an expression, such as train/loss - eval/loss", "aria-haspopup": "dialog" }, icon("plus"), h("span", null, "Derived"));
  derive.addEventListener("click", async () => (await import("./deriving.js")).openDeriving(state, { back: derive }));
  const all = h(
    "div",
    { class: "tk-controls-all" },
    h("span", { class: "tk-control" }, h("span", null, "x"), axis),
    h("span", { class: "tk-control" }, h("span", null, "Smoothing"), kind, slider, amount),
    h("span", { class: "tk-control tk-grouping" }, group, spread, hasFacets ? facet : null),
    toggle(state, "logY", "Log y", "Logarithmic y axis"),
    display,
    derive,
    h("span", { class: "tk-control tk-wide" }, h("span", null, "Size"), size, ticks),
  );
  const sheet = h("button", { class: "tk-btn sm tk-narrow", "aria-expanded": "false" }, icon("tune"), "Axes, smoothing");
  sheet.addEventListener("click", () => {
    const open = root.classList.toggle("open");
    sheet.setAttribute("aria-expanded", String(open));
  });
  fill(root, sheet, all, h("span", { class: "tk-grow" }), h("label", { class: "tk-field tk-metric-filter" }, icon("search"), filter, trouble.node));

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
    trouble.tell(mistakeIn(state.get("filter")));
  });
  state.follow(["by", "spread"], () => {
    const by = state.get("by") ?? [];
    group.say(by.length ? `by ${by.map((key) => (key === BUT_SEED ? "all but seed" : labelOf(key))).join(", ")}` : "no groups");
    spread.hidden = !by.length;
    spread.say(SPREADS[/** @type {keyof typeof SPREADS} */ (state.get("spread"))] ?? SPREADS.sd);
  });
  state.follow(["facet", "facetLacks"], () => {
    const lacks = (/** @type {string} */ key) => (state.get("facetLacks") ?? []).includes(key);
    const keys = state.get("facet") ?? [];
    facet.say(keys.length ? `per ${keys.map((key) => (lacks(key) ? `${facetLabel(key)}: none has it` : facetLabel(key))).join(", ")}` : "one chart");
    facet.classList.toggle("tk-lacks", keys.some(lacks));
  });
  state.addEventListener("change", (/** @type {any} */ event) => {
    for (const key of KEPT) if (event.detail.has(key)) remember({ [key]: state.get(key) });
  });
}

/** Whether an experiment has a metric of several ranks. @param {import("../data/state.js").PageState} state */
const ranked = (state) => state.get("ranks") || (state.get("metrics") ?? []).some((/** @type {any} */ each) => each.ranked);

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

/** What experiments can be grouped by. @param {import("../data/state.js").PageState} state @param {import("../data/columns.js").Columns} [columns] */
async function groupings(state, columns) {
  const by = state.get("by") ?? [];
  const rows = state.get("experiments");
  const shown = rows.filter((/** @type {any} */ row) => row.shown);
  const item = (/** @type {string} */ value, note = "", group = "") => ({ value, label: labelOf(value), note, group, chosen: by.includes(value) });
  const names = new Set(shown.map((/** @type {any} */ row) => withoutSeed(row.name))).size;
  const groups = new Set(shown.map((/** @type {any} */ row) => row.group)).size;
  const settled = shown.some((/** @type {any} */ row) => row.columns[BUT_SEED]) ? partition(shown, [BUT_SEED]).length : 0; // known once it was asked for
  const into = (/** @type {number} */ n) => `${plural(shown.length, "experiment")} into ${count(n)}`;
  const keys = columns ? await columns.configKeys() : [];
  const others = by.filter((/** @type {string} */ key) => key.startsWith("config:") && !keys.includes(key.slice(7)));
  return [
    item("name", into(names)),
    ...(keys.length || by.includes(BUT_SEED) ? [item(BUT_SEED, settled ? into(settled) : "experiments whose config is equal but for it")] : []),
    ...(rows.some((/** @type {any} */ row) => row.group) || by.includes("group") ? [item("group", into(groups))] : []),
    ...[...others, ...keys.map((key) => `config:${key}`)].map((key) => item(key, "", "Config")),
  ];
}

/** Of what each value can have a chart. @param {import("../data/state.js").PageState} state @param {import("../data/columns.js").Columns} [columns] */
async function facetings(state, columns) {
  const now = state.get("facet") ?? [];
  const rows = state.get("experiments");
  const keys = columns ? await columns.configKeys() : [];
  const others = now.filter((/** @type {string} */ key) => key.startsWith("config:") && !keys.includes(key.slice(7)));
  const own = ["name", ...(keys.length || now.includes(BUT_SEED) ? [BUT_SEED] : []), ...(rows.some((/** @type {any} */ row) => row.group) ? ["group"] : []), ...(rows.some((/** @type {any} */ row) => row.tags?.length) ? ["tag"] : []), "state"];
  const known = [...own.map((key) => ({ key, group: "" })), ...[...others, ...keys.map((key) => `config:${key}`)].map((key) => ({ key, group: "Config" }))];
  const [first, second] = now;
  const label = (/** @type {string} */ key) => (key === "name" ? labelOf(key) : facetLabel(key));
  const item = (/** @type {{key: string, group: string}} */ { key, group }) => ({ value: key, label: label(key), group, chosen: first === key });
  const also = known.filter(({ key }) => key !== first).map(({ key }) => ({ value: AND + key, label: `and ${label(key)}`, group: "Each combined with", chosen: second === key }));
  return [{ value: "", label: "one chart for all", chosen: !first }, ...known.map(item), ...(first ? [...(second ? [{ value: AND, label: "nothing else", group: "Each combined with" }] : []), ...also] : [])];
}

const AND = "and ";

/** @param {string[]} now @param {string} chosen a key, or one to combine the first with */
function nextFacet([first, second], chosen) {
  const next = chosen.startsWith(AND) ? [first, chosen.slice(AND.length)] : [chosen, second];
  return next[0] ? next.filter((key, i) => key && (!i || key !== next[0])) : null;
}

/** @param {string[]} list @param {string} one */
const toggled = (list, one) => (list.includes(one) ? list.filter((each) => each !== one) : [...list, one]);
