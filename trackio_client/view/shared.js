// The page behind a share link, the same in another site's frame, and the same as a file: charts, and what they are of.

import { readAddress } from "./data/address.js";
import { swatchOf } from "./base/colors.js";
import { controls } from "./charts/controls.js";
import { fill, h, text } from "./base/dom.js";
import { Columns } from "./data/columns.js";
import { Experiments } from "./data/experiments.js";
import { MetricGrid } from "./charts/grid.js";
import { brandMark, icon, sign, stateWord } from "./base/icons.js";
import { openMenu } from "./base/menu.js";
import { ConfigPanel, SummaryPanel } from "./experiment/panels.js";
import { SnapshotSource } from "./data/snapshot.js";
import { LinkSource } from "./sharing/source.js";
import { PageState } from "./data/state.js";
import { Theme } from "./base/theme.js";
import { age, capital, clock, clockMinutes, count, duration, iso, number, plural } from "./base/words.js";

const DETAIL_EVERY_MS = 5000;
const LIVE_MS = 4000; // between two looks for new points: a link may stand open on a hundred screens
const NEVER_MS = 2 ** 31 - 1;
const THEMES = { system: "Like the system", light: "Light", dark: "Dark" };
const LISTED = 6; // experiments one below the other; more stand side by side
const WIDE_ENOUGH = 4; // experiments whose config is compared side by side at first sight
const GONE = [404, 410];

const GOES_ON = new Set(["running", "paused", "lost_contact"]); // states that are others by and by

class SharedPage {
  /** @param {{source: any, kind: "page"|"embed"|"snapshot", name: string}} parts */
  constructor({ source, kind, name }) {
    Object.assign(this, { source, kind, name });
    const { ticks: _, project: __, view, experiment: ___, ...said } = readAddress(location.search || `?${source.data?.state ?? ""}`);
    this.state = new PageState({ project: name, ...said });
    this.wanted = view;
    this.only = new URLSearchParams(location.search).getAll("metric"); // of an embedded page: some charts of many
    this.theme = kind === "embed" ? null : new Theme(this.state); // a frame follows the page around it: the system
    this.experiments = new Experiments(this.state, source);
    this.details = new Map();
    this.isOver = false;
    this.isChart = typeof source.data?.chart === "string"; // a file of one chart
    this.build();
    this.experiments.addEventListener("contact", () => this.heard());
    this.state.follow(["experiments", "progress"], () => this.rows());
    this.experiments.open();
  }

  get isLive() {
    return this.kind !== "snapshot";
  }

  build() {
    const { kind, state, source } = this;
    this.fresh = h("span", { class: "tk-live tk-fresh" });
    this.away = h("div", { class: "tk-shared-away", role: "status", hidden: true });
    this.head = h("div", { class: "tk-shared-head" });
    this.bar = h("div", { class: "tk-controls" });
    this.legend = h("div", { class: "tk-shared-legend" });
    this.empty = h("div", null);
    const charts = h("div", { class: "tk-shared-charts" }, this.empty);
    this.below = h("div", { class: "tk-shared-below" });
    this.aside = h("div", { class: "tk-shared-aside" });
    this.both = h("div", { class: "tk-shared-both" }, h("div", { class: "tk-shared-left" }, charts, this.below), this.aside);
    const inside = kind === "embed" ? [this.away, this.legend, charts] : [this.away, this.head, h("div", { class: "tk-bar" }, this.bar), this.both];
    const body = h("div", { class: "tk-body", tabindex: "-1" }, inside);
    const top = kind === "embed" ? null : h("header", { class: "tk-top" }, h("div", { class: "tk-brand" }, brandMark(), h("b", { class: "tk-shared-name", title: this.name }, this.name)), h("span", { class: "tk-grow" }), this.fresh, this.themes());
    this.root = h("div", { class: `tk tk-shared ${kind} charts`, id: "trackio" }, top, body);
    if (this.only.length === 1 || this.isChart) this.root.classList.add("alone");
    if (this.isChart) this.root.classList.add("one");
    if (kind !== "embed") controls(this.bar, state, { byMetric: this.source.byMetric !== false, only: this.source.otherAxes && [], columns: this.isChart ? undefined : new Columns(state, source) });
    document.querySelector(".tk-shared-plain")?.remove();
    document.body.append(this.root);
    this.grid = new MetricGrid(charts, { state, source, every_ms: this.isLive ? LIVE_MS : NEVER_MS });
    this.grid.addEventListener("contact", () => this.heard());
    setInterval(() => document.hidden || this.tell(), 1000);
  }

  themes() {
    const button = h("button", { class: "tk-btn bare icon", "aria-label": "Theme", title: "Theme", "aria-haspopup": "listbox" }, icon("theme"));
    button.addEventListener("click", () =>
      openMenu(button, {
        title: "Theme",
        items: Object.entries(THEMES).map(([value, label]) => ({ value, label, chosen: this.theme.choice === value })),
        choose: (choice) => this.theme.choose(choice),
      }),
    );
    return button;
  }

  /** The list came, or something of it changed. */
  rows() {
    const rows = this.state.get("experiments");
    if (!rows.length || this.isOver) return;
    const lacking = rows.filter((row) => !row.shown && !this.seen?.has(row.id)).map((row) => row.id);
    this.seen = new Set(rows.map((row) => row.id));
    if (lacking.length) return void this.experiments.tick(lacking, true); // at first all; later as the reader ticks
    this.loadMetrics(rows);
    if (this.kind === "embed") return this.paintLegend(rows);
    this.paintHead(rows);
    if (!this.isChart) this.loadDetails(rows);
    if (this.kind === "page") this.offerPlaces();
  }

  /** Media and artifacts, which come after the charts. A frame shows charts alone, and a file holds no other. */
  async offerPlaces() {
    if (this.placing) return;
    this.placing = true;
    const { Places } = await import("./sharing/places.js");
    if (this.isOver) return;
    const { state, source, root, both: charts, wanted } = this;
    this.places = new Places({ state, source, columns: new Columns(state, source), root, charts, wanted });
    this.head.after(this.places.nav);
    charts.after(this.places.body);
  }

  async loadMetrics(rows) {
    const sum = rows.reduce((total, row) => total + (row.metric_count ?? 0), 0);
    if (sum === this.metricCount) return;
    this.metricCount = sum;
    try {
      const { metrics } = await this.source.metrics();
      const wanted = this.only.length ? metrics.filter(({ metric }) => this.only.includes(metric)).map((each) => ({ ...each, hidden: false })) : metrics;
      this.order = wanted.map(({ metric }) => metric);
      this.state.set({ metrics: wanted });
      fill(this.empty, wanted.length ? null : this.noCharts(metrics));
      this.paintAside();
    } catch {
      this.metricCount = -1; // the next poll of the list asks again, and tells what is wrong
    }
  }

  noCharts(metrics) {
    const [title, words] = metrics.length ? ["No such metric", `Nothing here logged ${this.only.join(", ")}.`] : ["No numbers yet", "Charts appear by themselves with the first that is logged."];
    return h("section", { class: "tk-notice" }, h("h1", null, title), h("p", { class: "tk-soft" }, words));
  }

  /** Config and summary: of one experiment again and again, of several once and when one ends. */
  async loadDetails(rows) {
    const now = performance.now();
    if (this.loading || now < (this.nextDetail ?? 0)) return;
    this.loading = true;
    this.nextDetail = now + DETAIL_EVERY_MS;
    try {
      for (const row of rows) {
        const held = this.details.get(row.id);
        if (held && held.last_event_s === row.last_event_s && held.state === row.state && held.name === row.name) continue;
        if (held && rows.length > WIDE_ENOUGH && row.state === "running") continue;
        this.details.set(row.id, await this.source.experiment(row.id));
      }
      this.paintAside();
    } catch {
      // What is there stays; the poll of the list tells what is wrong.
    } finally {
      this.loading = false;
    }
  }

  /** Which line is which, where nothing else tells. */
  paintLegend(rows) {
    const key = rows.map((row) => [row.name, row.color].join()).join("\n");
    if (key === this.headKey || rows.length < 2) return;
    this.headKey = key;
    fill(this.legend, rows.map((row) => h("span", { title: row.name }, h("i", { class: "tk-shared-swatch", style: { "--c": swatchOf(row.color) } }), row.name)));
  }

  paintHead(rows) {
    const now_s = this.experiments.now_s();
    const key = JSON.stringify(rows.map((row) => [row.name, row.state, row.shown, row.tags, row.color]));
    if (key !== this.headKey) {
      this.headKey = key;
      this.facts = h("div", { class: "tk-facts" });
      this.lines = new Map();
      this.head.classList.toggle("many", (rows.length > 1 || this.isChart) && rows.length <= LISTED);
      this.head.classList.toggle("crowd", rows.length > LISTED);
      fill(this.head, rows.length === 1 && !this.isChart ? this.oneHead(rows[0]) : rows.map((row) => this.line(row)));
    }
    if (rows.length === 1 && !this.isChart) return this.oneFacts(rows[0], now_s);
    for (const row of rows) {
      const line = this.lines.get(row.id);
      if (line) text(line, row.last_step === null || row.last_step === undefined ? "no step yet" : `step ${count(row.last_step)}`);
    }
    return undefined;
  }

  /** A file knows no more than what was when it was saved. @param {string} state @param {boolean} isWhole with the time */
  stateWords(state, isWhole) {
    if (this.isLive || !GOES_ON.has(state)) return stateWord(state);
    return `${stateWord(state)} when saved${isWhole ? `, ${clock(this.source.data.taken_s)}` : ""}`;
  }

  oneHead(row) {
    return [
      h("div", { class: "tk-head-line" },
        h("span", { class: "tk-soft" }, row.project), h("span", { class: "tk-soft" }, "/"), h("h1", { title: row.name }, row.name),
        h("span", { class: `tk-state ${row.state}` }, sign(row.state, false), capital(this.stateWords(row.state, true))),
        (row.tags ?? []).map((tag) => h("span", { class: "tk-tag" }, tag))),
      this.facts,
      row.evidence && row.state !== "running" && row.state !== "finished" ? h("p", { class: "tk-notes" }, row.evidence) : null,
      this.notes?.root ?? null,
    ];
  }

  oneFacts(row, now_s) {
    const live = row.state === "running";
    const parts = [
      row.last_step === null || row.last_step === undefined ? null : ["Step ", count(row.last_step)],
      [live ? (this.isLive ? "Running " : "Ran until then ") : "Ran ", duration(live ? now_s - row.created_s : row.duration_s)],
      ["Since ", clock(row.created_s, now_s), iso(row.created_s)],
      live ? null : ["Last event ", clock(row.last_event_s, now_s), iso(row.last_event_s)],
      ["", plural(row.metric_count ?? 0, "metric")],
      ["", plural(row.point_count ?? 0, "value")],
      row.group ? ["Group ", row.group] : null,
    ].filter(Boolean);
    const words = parts.map(([before, value]) => before + value).join("|");
    if (words === this.factWords && this.facts.firstChild) return;
    this.factWords = words;
    fill(this.facts, parts.map(([before, value, hover]) => h("span", hover ? { title: hover } : null, before, h("b", null, value))));
  }

  /** One of several: what it is, and whether it is drawn. */
  line(row) {
    const tick = h("input", { type: "checkbox", class: "tk-tick", "aria-label": `Show ${row.name}`, style: { "--c": swatchOf(row.color) } });
    tick.checked = row.shown;
    tick.addEventListener("change", () => this.experiments.tick([row.id], tick.checked));
    const step = h("span", { class: "tk-soft tk-shared-step" });
    this.lines.set(row.id, step);
    const node = h("label", { class: row.dash ? "tk-shared-line dash" : "tk-shared-line" }, tick, h("i", { class: "tk-shared-swatch", style: { "--c": swatchOf(row.color) } }), h("b", { title: row.name }, row.name), h("span", { class: `tk-state ${row.state}` }, sign(row.state, false), this.stateWords(row.state, false)), step);
    node.addEventListener("pointerenter", () => this.state.set({ hot: row.id }));
    node.addEventListener("pointerleave", () => this.state.set({ hot: null }));
    return node;
  }

  paintAside() {
    if (this.kind === "embed" || this.isChart) return;
    const rows = this.state.get("experiments");
    const details = rows.map((row) => this.details.get(row.id));
    if (details.some((each) => !each)) return;
    if (rows.length === 1) this.paintOne(details[0]);
    else this.paintMany(rows, details);
  }

  paintOne(detail) {
    if (!this.summary) {
      this.summary = new SummaryPanel();
      this.config = new ConfigPanel();
      this.beside = h("div", null);
      fill(this.aside, this.beside, this.summary.root, this.config.root);
      this.addFacts(detail);
    }
    this.paintNotes(detail);
    this.told?.paint(detail);
    this.summary.paint(detail, this.order);
    this.summary.root.hidden = !Object.keys(detail.summary ?? {}).length;
    this.config.paint(detail.config ?? {});
    this.config.root.hidden = !Object.keys(detail.config ?? {}).length;
  }

  /** Notes read here as on the experiment's own page. @param {any} detail */
  async paintNotes(detail) {
    if (!detail.notes && !this.notes) return;
    if (!this.notes) {
      const { Notes } = await import("./experiment/notes.js");
      if (this.isOver || this.notes) return;
      this.notes = new Notes({ source: this.source, id: detail.experiment_id, saved: () => {} });
      // Of files a link gives the media alone: a picture that it keeps back is named.
      this.notes.root.addEventListener("error", (event) => event.target instanceof HTMLImageElement && event.target.replaceWith(event.target.alt), true);
      this.headKey = "";
      this.paintHead(this.state.get("experiments"));
    }
    this.notes.paint(detail);
  }

  /** What the training told beside its curves, as far as a link shows it. @param {any} detail */
  async addFacts(detail) {
    const { Facts } = await import("./experiment/facts.js");
    if (this.isOver) return;
    const metric = (/** @type {string} */ name) => (this.state.get("metrics") ?? []).find((/** @type {any} */ each) => each.metric === name);
    this.told = new Facts({ source: this.source, id: detail.experiment_id, metric, state: this.state });
    fill(this.below, this.told.above, this.told.below);
    this.beside.replaceWith(this.told.beside);
    this.aside.append(this.told.last);
    this.told.paint(detail);
  }

  /** Several: their last values side by side, and where their configs differ. */
  paintMany(rows, details) {
    const names = (this.order ?? []).filter((name) => details.some((detail) => name in (detail.summary ?? {})) && !name.startsWith("system/"));
    const values = names.map((name) => [name, details.map((detail) => detail.summary?.[name]?.best ?? detail.summary?.[name]?.last)]);
    const goals = new Map(names.map((name) => [name, details.map((detail) => detail.summary?.[name]?.goal).find(Boolean)]));
    fill(this.aside,
      table("Numbers", "best where low or high is better, else the last", rows, values.map(([name, cells]) => [name, cells.map(number), best(cells, goals.get(name))])),
      table("Config", "where they differ", rows, differences(details)));
  }

  heard() {
    const list = this.experiments.contact;
    const feeds = this.grid?.contact ?? list;
    const error = list.error ?? feeds.error;
    if (GONE.includes(error?.status)) return this.over();
    const phase = list.phase === "away" || feeds.phase === "away" ? "away" : list.phase;
    this.away.hidden = !(phase === "away" || phase === "failed");
    if (!this.away.hidden) text(this.away, `${phase === "away" ? "Not live now: the page tries again by itself." : ""} ${error?.message ?? ""}`.trim());
    this.tell();
    return undefined;
  }

  /** The link was revoked, or ended, while the page was open: what it showed goes. */
  over() {
    if (this.isOver) return;
    this.isOver = true;
    this.grid.close();
    this.told?.close();
    this.places?.close();
    fill(this.root, h("section", { class: "tk-notice tk-shared-over" }, h("h1", null, "This link is not valid any more"), h("p", { class: "tk-soft" }, "It has ended, or was revoked. Ask whoever sent it to you for a new one.")));
  }

  tell() {
    if (!this.isLive) return text(this.fresh, `saved ${clock(this.source.data.taken_s)}`);
    const { phase, since_s } = this.experiments.contact;
    this.fresh.classList.toggle("away", phase === "away");
    if (phase === "away") return text(this.fresh, `not live since ${clockMinutes(since_s ?? 0)}`);
    if (phase !== "ready") return text(this.fresh, "");
    return text(this.fresh, `updated ${age((performance.now() - this.experiments.updated_ms) / 1000)} ago`);
  }
}

/** What is compared, down the page, and the experiments across; many experiments go down instead.
 * @param {string} title @param {string} note @param {any[]} rows @param {[string, string[], number?][]} lines */
function table(title, note, rows, lines) {
  if (!lines.length) return null;
  const named = (/** @type {any} */ row) => [h("i", { class: "tk-shared-swatch", style: { "--c": swatchOf(row.color) } }), row.name];
  const cell = (/** @type {any} */ line, /** @type {number} */ i) => h("td", { class: "num", title: line[1][i] }, line[2] === i ? h("b", null, line[1][i]) : line[1][i]);
  const down = rows.length > WIDE_ENOUGH;
  const head = down
    ? lines.map(([name]) => h("th", { class: "num", scope: "col", title: name }, name))
    : rows.map((row) => h("th", { class: "num", scope: "col", title: row.name }, h("span", { class: "tk-shared-across" }, named(row))));
  const body = down
    ? rows.map((row, i) => h("tr", null, h("td", { title: row.name }, named(row)), lines.map((line) => cell(line, i))))
    : lines.map((line) => h("tr", null, h("td", { title: line[0] }, line[0]), rows.map((_, i) => cell(line, i))));
  return h("section", { class: "tk-panel" },
    h("div", { class: "tk-panel-head" }, h("h2", null, title), h("span", { class: "tk-soft" }, note)),
    h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": title }, h("table", { class: "tk-plain tk-shared-table" }, h("thead", null, h("tr", null, h("th", null, ""), head)), h("tbody", null, body))));
}

/** The place of the best, if one is. @param {any[]} cells @param {"min"|"max"|undefined} goal */
function best(cells, goal) {
  const known = cells.map((value, i) => [value, i]).filter(([value]) => typeof value === "number" && Number.isFinite(value));
  if (!goal || known.length < 2) return undefined;
  const [first] = [...known].sort(([a], [b]) => (goal === "min" ? a - b : b - a));
  return known.filter(([value]) => value === first[0]).length === 1 ? first[1] : undefined;
}

/** @param {any[]} details @returns {[string, string[]][]} */
function differences(details) {
  const flat = details.map((detail) => new Map(leaves(detail.config ?? {})));
  const names = [...new Set(flat.flatMap((each) => [...each.keys()]))];
  const lines = names.map((name) => /** @type {[string, string[]]} */ ([name, flat.map((each) => each.get(name) ?? "–")]));
  return lines.filter(([, cells]) => new Set(cells).size > 1);
}

/** @param {any} value a value of a config; of 0.1 + 0.2 the figures that somebody meant */
function wordOf(value) {
  if (value === null) return "None";
  if (typeof value === "number") return String(Number(value.toPrecision(12)));
  return typeof value === "object" ? (value.$float ?? JSON.stringify(value)) : String(value);
}

/** @param {any} value @param {string} [before] @returns {[string, string][]} */
function leaves(value, before = "") {
  return Object.entries(value).flatMap(([key, each]) =>
    each && typeof each === "object" && !Array.isArray(each) && !("$float" in each)
      ? leaves(each, `${before}${key}.`)
      : [/** @type {[string, string]} */ ([before + key, wordOf(each)])]);
}

const { kind, root, name } = document.body.dataset;
const data = document.getElementById("trackio-data");
new SharedPage({
  source: data ? new SnapshotSource(JSON.parse(data.textContent ?? "")) : new LinkSource({ root }),
  kind: /** @type {any} */ (kind),
  name: name ?? "",
});
