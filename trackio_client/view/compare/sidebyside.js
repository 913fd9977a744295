// @ts-check
/** The ticked experiments side by side: whether they may be compared, what of their settings differs, every metric beside it,
 * where they ran, and a chart of each metric that they share. */
import { controls } from "../charts/controls.js";
import { MetricGrid } from "../charts/grid.js";
import { fill, h, later, refill, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { save } from "../base/files.js";
import { Asked, comparisonOf } from "./answers.js";
import { followLeft, leaveOut, leftOut } from "./leaving.js";
import { DifferTable } from "./differtable.js";
import { toast } from "../base/toast.js";
import { count, plural } from "../base/words.js";

const MOST = 50; // experiments that the server sets side by side
const LIVE_MS = 10_000;
const AT = { common: "At the last common step", best: "Best", last: "Last" };

export class SideBySide {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    const { state } = parts;
    this.state = state;
    this.answer = null;
    this.asked_ms = 0;
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    this.verdict = h("div", { class: "tk-compare-verdict", role: "status", hidden: true });
    this.count = h("span", { class: "tk-soft" });
    this.only = h("input", { type: "checkbox", class: "tk-box" });
    this.only.addEventListener("change", () => state.set({ compareSame: !this.only.checked }));
    this.base = menuButton({ label: "", title: "Compare against", items: () => this.bases(), choose: (id) => state.set({ compareBase: id }) });
    this.at = menuButton({
      label: "", title: "Value of a metric",
      items: () => Object.entries(AT).filter(([value]) => value !== "common" || parts.source.compare).map(([value, label]) => ({ value, label, chosen: value === this.atNow() })),
      choose: (value) => state.set({ compareAt: value }),
    });
    this.find = h("input", { type: "search", placeholder: "Key or metric", "aria-label": "Find a key or metric", spellcheck: "false" });
    this.find.addEventListener("input", later(() => state.set({ compareFind: this.find.value.trim() }), 60));
    followLeft(state);
    this.leave = menuButton({ label: "", title: "Leave keys out of the comparison", several: true, items: () => this.keys(), choose: (key) => (key ? this.leaveKey(key) : leaveOut(state, [])), empty: "Nothing differs here." });
    this.ids = h("input", { type: "text", placeholder: "Ids or names, with commas", "aria-label": "Compare these: ids or names, with commas", spellcheck: "false", autocomplete: "off" });
    const form = h("form", { class: "tk-compare-ids" }, h("label", { class: "tk-field sm" }, this.ids), h("button", { class: "tk-btn sm" }, "Compare"));
    form.addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), this.pick()));
    this.idsSaid = h("span", { class: "tk-error-text", role: "alert" });
    const csv = h("button", { class: "tk-btn sm", title: "This table as a CSV file", on: { click: () => this.table.rows.length && save(`${state.get("project")}-comparison.csv`, "text/csv", this.table.csv()) } }, icon("download"), "CSV");
    this.file = h("button", { class: "tk-btn sm", title: "Charts and settings of these experiments as one HTML file that needs no server", hidden: !parts.source.snapshots }, icon("download"), "HTML");
    this.file.addEventListener("click", () => this.saveHtml());
    this.bar = h("div", { class: "tk-compare-bar" },
      h("label", { class: "tk-control tk-toggle" }, this.only, "Only what differs"),
      h("span", { class: "tk-control" }, h("span", null, "Against"), this.base),
      h("span", { class: "tk-control" }, h("span", null, "Metrics"), this.at),
      h("label", { class: "tk-field sm tk-compare-find" }, icon("search"), this.find), this.leave,
      h("span", { class: "tk-grow" }), csv, this.file);
    this.table = new DifferTable({ state, open: parts.open, makeBase: (/** @type {string} */ id) => state.set({ compareBase: id }), untick: (/** @type {string} */ id) => parts.experiments.tick([id], false), leave: (/** @type {string} */ key) => this.leaveKey(key, true) });
    this.chartsHead = h("h2", { class: "tk-compare-h" });
    this.chartControls = h("div", { class: "tk-controls tk-compare-controls" });
    controls(this.chartControls, state, { byMetric: !parts.source.overview, columns: parts.columns });
    const sizes = this.chartControls.querySelector("datalist");
    if (sizes) this.chartControls.querySelector(`[list="${sizes.id}"]`)?.setAttribute("list", (sizes.id = "tk-compare-sizes")); // the shell's own has the other
    this.charts = h("div", { class: "tk-compare-charts" });
    this.body = h("div", null, this.bar, h("div", { class: "tk-compare-head" }, this.heading = h("h2", { class: "tk-compare-h" }), this.count, h("span", { class: "tk-grow" }), form), this.idsSaid, this.table.root, this.chartsHead, this.chartControls, this.charts);
    this.few = h("section", { class: "tk-notice", hidden: true });
    fill(root, this.verdict, this.said, this.few, this.body);
    this.asked = new Asked({ ask: (key) => this.fetch(key), paint: (answer) => this.came(answer), pane: this.said });
    this.live = setInterval(() => this.again(), LIVE_MS);
  }

  ticked() {
    return this.state.get("experiments").filter((/** @type {any} */ row) => row.shown);
  }

  atNow() {
    const chosen = this.state.get("compareAt");
    return chosen in AT && (chosen !== "common" || this.parts.source.compare) ? chosen : "last";
  }

  /** The base is the chosen one while it is ticked, else the oldest. */
  baseNow() {
    const rows = this.ticked();
    const chosen = this.state.get("compareBase");
    const found = chosen && rows.find((/** @type {any} */ row) => row.id.endsWith(chosen));
    return found || [...rows].sort((a, b) => a.created_s - b.created_s)[0];
  }

  /** What can be left out: what differs, what is shown, and what is left out already. */
  keys() {
    const left = leftOut(this.state);
    const { config = {}, same = {}, environment = {} } = this.answer ?? {};
    const of = (/** @type {any} */ values, /** @type {string} */ group) => Object.keys(values ?? {}).sort().map((key) => ({ value: key, label: key, group, chosen: left.includes(key) }));
    const here = [...of(config, "Config that differs"), ...(this.state.get("compareSame") ? of(same, "Config that is the same") : of(Object.fromEntries(Object.entries(same).filter(([key]) => left.includes(key))), "Config that is the same")), ...of(environment, "Environment")];
    const elsewhere = left.filter((key) => !here.some(({ value }) => value === key)).map((key) => ({ value: key, label: key, group: "Not in this comparison", chosen: true }));
    return [...(left.length ? [{ value: "", label: `Bring all ${count(left.length)} back` }] : []), ...here, ...elsewhere];
  }

  /** Out, or in again. @param {string} key @param {boolean} [tells] */
  leaveKey(key, tells = false) {
    const before = leftOut(this.state);
    leaveOut(this.state, before.includes(key) ? before.filter((each) => each !== key) : [...before, key]);
    if (tells) toast(`${key} is left out of comparisons in this project.`, { undo: () => leaveOut(this.state, before) });
  }

  bases() {
    const base = this.baseNow();
    return this.ticked().map((/** @type {any} */ row) => ({ value: row.id.slice(-8), label: row.name, chosen: row === base }));
  }

  /** @param {Set<string>} keys */
  update(keys) {
    const rows = this.ticked();
    const enough = rows.length > 1;
    this.few.hidden = enough;
    this.body.hidden = !enough;
    if (!enough) {
      this.asked.forget();
      this.verdict.hidden = true;
      return this.sayFew(rows.length);
    }
    this.only.checked = !this.state.get("compareSame");
    this.base.say(this.baseNow().name);
    this.at.say(AT[/** @type {keyof typeof AT} */ (this.atNow())]);
    if (document.activeElement !== this.find) this.find.value = this.state.get("compareFind") ?? "";
    // Only steps and durations grew: that can wait for a reader who marks text to copy it.
    if (keys.size === 1 && keys.has("progress") && this.isMarking()) return undefined;
    const shown = rows.slice(0, MOST);
    if (keys.has("experiments") || keys.has("comparePart") || keys.has("project")) this.asked.want({ experiments: shown.map((/** @type {any} */ row) => row.id) });
    this.paint();
    return undefined;
  }

  /** @param {{experiments: string[]}} key */
  async fetch({ experiments }) {
    this.asked_ms = performance.now();
    const { source } = this.parts;
    if (source.compare) return source.compare(experiments);
    return comparisonOf(await Promise.all(experiments.map((id) => source.experiment(id))));
  }

  isMarking() {
    const chosen = getSelection();
    return Boolean(chosen && !chosen.isCollapsed && this.table.root.contains(chosen.anchorNode));
  }

  again() {
    if (document.hidden || this.root.hidden || this.state.get("view") !== "compare" || !this.asked.answered) return;
    const rows = this.ticked();
    const isLive = rows.some((/** @type {any} */ row) => row.state === "running");
    if (!isLive || this.isMarking()) return;
    this.asked.want({ experiments: rows.slice(0, MOST).map((/** @type {any} */ row) => row.id) }, { again: true });
  }

  /** @param {any} answer */
  came(answer) {
    this.answer = answer;
    this.paint();
  }

  paint() {
    const { answer } = this;
    if (!answer) return;
    const rows = new Map(this.ticked().map((/** @type {any} */ row) => [row.id, row]));
    const shown = answer.experiments.filter((/** @type {any} */ each) => rows.has(each.experiment_id)).map((/** @type {any} */ each) => rows.get(each.experiment_id));
    if (shown.length < 2) return;
    this.sayVerdict(answer.comparable);
    const differ = Object.keys(answer.config).length;
    const all = differ + Object.keys(answer.same).length;
    const more = rows.size > MOST ? `, the first ${MOST} of ${count(rows.size)} ticked` : "";
    text(this.heading, `${capitalCount(shown.length)} experiments${more}`);
    const differing = all ? `${count(differ)} of ${plural(all, "config key")} ${differ === 1 ? "differs" : "differ"}` : "none of them has a config";
    const left = new Set(leftOut(this.state));
    const n = [...left].filter((key) => key in answer.config || key in answer.same || key in (answer.environment ?? {})).length;
    this.leave.say(left.size ? `${count(left.size)} left out` : "Leave out");
    text(this.count, n ? `${differing}, ${plural(n, "key")} left out` : differing);
    this.table.paint({ left, answer, rows: shown, base: this.baseNow(), at: this.atNow(), same: this.state.get("compareSame"), find: this.state.get("compareFind") ?? "" });
    this.paintCharts(answer, shown);
  }

  /** @param {any} comparable */
  sayVerdict(comparable) {
    this.verdict.hidden = !comparable;
    if (!comparable) return;
    const kind = { same: "ok", different: "bad" }[/** @type {string} */ (comparable.verdict)] ?? "open";
    const lead = { ok: "Comparable. ", bad: "Not comparable. ", open: "" }[kind];
    this.verdict.className = `tk-compare-verdict ${kind}`;
    refill(this.verdict, icon(kind === "ok" ? "check" : kind === "bad" ? "close" : "help"), h("p", null, h("b", null, lead), comparable.says.replace(/^Not comparable: /, "")));
  }

  /** @param {number} ticked */
  sayFew(ticked) {
    const all = this.state.get("experiments").length;
    const newest = h("button", { class: "tk-btn", on: { click: () => this.parts.experiments.tickNewest() } }, "Tick the newest ten");
    const form = h("form", { class: "tk-token" }, h("label", { class: "tk-field" }, this.fewIds = h("input", { type: "text", placeholder: "Ids or names, with commas", "aria-label": "Compare these: ids or names, with commas" })), h("button", { class: "tk-btn primary" }, "Compare"));
    const said = h("p", { class: "tk-error-text", role: "alert" });
    form.addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), this.pickFrom(this.fewIds, said)));
    const words = all < 2 ? "This project has one experiment so far. With a second one, they stand side by side here." : "Tick two or more in the list at the left, or name them here.";
    const key = `${ticked} ${all}`;
    if (this.few.dataset.key === key) return;
    this.few.dataset.key = key;
    fill(this.few, h("h1", null, ticked ? "One experiment is ticked" : "No experiment is ticked"), h("p", { class: "tk-soft" }, words), all < 2 ? null : [form, said, newest]);
  }

  pick() {
    this.pickFrom(this.ids, this.idsSaid);
  }

  /** Tick what was named: ids, their ends, or names. @param {HTMLInputElement} field @param {HTMLElement} said */
  pickFrom(field, said) {
    const rows = this.state.get("experiments");
    const unknown = [];
    const found = new Set();
    for (const word of field.value.split(",").map((each) => each.trim()).filter(Boolean)) {
      const hits = rows.filter((/** @type {any} */ row) => row.id === word || row.name === word);
      const near = hits.length ? hits : rows.filter((/** @type {any} */ row) => word.length >= 4 && row.id.endsWith(word));
      if (!near.length) unknown.push(word);
      for (const row of near) found.add(row.id);
    }
    const name = (/** @type {string} */ word) => `“${word.slice(0, 60)}”`;
    text(said, unknown.length ? `This project has no experiment with the id or name ${unknown.slice(0, 3).map(name).join(", ")}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ""}.` : found.size === 1 ? "One experiment is no comparison: name a second one." : "");
    if (found.size < 2 || unknown.length) return;
    field.value = "";
    this.parts.experiments.tickOnly([...found]);
  }

  /** @param {any} answer @param {any[]} rows */
  paintCharts(answer, rows) {
    const shared = new Set(answer.numbers.filter((/** @type {any} */ each) => rows.filter((row) => row.id in each.last).length > 1).map((/** @type {any} */ each) => each.metric));
    const metrics = (this.state.get("metrics") ?? []).filter((/** @type {any} */ each) => shared.has(each.metric));
    this.chartControls.hidden = !metrics.length;
    text(this.chartsHead, metrics.length ? `${plural(metrics.length, "shared metric")}, one chart each` : "No metric that two of them share");
    const key = metrics.map((/** @type {any} */ each) => each.metric).join("\n");
    if (key === this.chartsKey && this.chartsOf === this.state.get("project")) return;
    this.chartsKey = key;
    this.chartsOf = this.state.get("project");
    if (this.scope) this.scope.set({ metrics });
    else {
      this.scope = this.state.scope({ metrics });
      this.grid = new MetricGrid(this.charts, { state: this.scope, source: this.parts.source });
    }
  }

  saveHtml() {
    const address = this.parts.source.snapshots?.(this.ticked().slice(0, MOST).map((/** @type {any} */ row) => row.id));
    if (address) h("a", { href: address, download: "" }).click();
  }
}

/** "Four", "12": small numbers as words at the beginning of a line. @param {number} n */
function capitalCount(n) {
  return ["", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"][n] || count(n);
}
