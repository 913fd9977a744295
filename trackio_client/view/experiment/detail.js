// One experiment: its state with the evidence, charts, errors, texts, log lines that follow, summary, config, marks.

import { Contents } from "./contents.js";
import { fill, h } from "../base/dom.js";
import { Head } from "./head.js";
import { Journal } from "./journal.js";
import { MetricGrid } from "../charts/grid.js";
import { ownZoom, withOwnZoom } from "../data/ownzoom.js";
import { hasEnded } from "../base/icons.js";
import { noMetrics, skeleton } from "../base/notices.js";
import { Pane } from "./pane.js";
import { ConfigPanel, SummaryPanel, facts, hostsOf } from "./panels.js";
import { age, capital } from "../base/words.js";

const EVERY_MS = 3000;
const MOST_HEARD = 8;
const SHARE = 8; // of ten thousand metrics an answer takes a second to make and to draw: it is asked for more seldom
const CHANGES = ["event_count", "point_count", "last_event_s", "last_heard_s", "ranks", "state", "generation", "notes_version", "name", "group", "tags", "archived", "receipt", "missing"]; // one is another whenever there is something to draw
/** Groups of charts that begin folded here: the panels below, and the System view, tell the same in less room. */
const TOLD_ELSEWHERE = ["label", "time", "speed", "system", "train_sample"];
const slot = () => h("div", null);
const CALLOUT = { failed: "fail", interrupted: "warn", lost_contact: "lost", paused: "warn" };

export class ExperimentView {
  /**
   * @param {HTMLElement} root
   * @param {{state: import("../data/state.js").PageState, source: any, experiments: import("../data/experiments.js").Experiments,
   *          words: typeof import("../base/notices.js").SERVER_WORDS}} parts
   */
  constructor(root, { state, source, experiments, words }) {
    Object.assign(this, { root, state, source, experiments, words });
    this.id = null;
    this.heard = new Map(); // by id: what was last heard of those that were open stands while nobody answers
    state.follow(["view", "experiment"], () => this.choose());
    state.follow(["lead"], () => this.lead());
    state.follow(["event"], () => this.journal?.drawMarks());
    state.addEventListener("change", (/** @type {any} */ event) => {
      if ((event.detail.has("experiments") || event.detail.has("progress")) && this.head) this.paintHead();
      if (event.detail.has("metrics") && this.head) {
        this.chooseMetrics();
        this.summary.paint(this.detail, this.order);
      }
    });
    document.addEventListener("visibilitychange", () => !document.hidden && this.id && this.ask());
    setInterval(() => document.hidden || (this.detail && this.head && this.paintHead()), 5000);
  }

  choose() {
    const id = this.state.get("view") === "experiment" ? this.state.get("experiment") : null;
    if (id === this.id) return;
    this.close();
    if (this.id && this.state.get("event")?.startsWith(`${this.id.slice(-8)}:`)) this.state.set({ event: null }); // its own way there was for once
    this.id = id;
    if (!id) return;
    this.blink = setTimeout(() => !this.detail && fill(this.root, skeleton()), 150);
    this.ask();
  }

  /** To what a sign on a chart stands for, once the page is there. */
  async lead() {
    const mark = this.state.get("lead");
    if (!mark || mark.experiment !== this.id || !this.head) return;
    this.state.set({ lead: null });
    const { Leading } = await import("./leading.js");
    if (mark.experiment !== this.id) return;
    this.leading?.close();
    this.leading = new Leading(this.root, mark);
  }

  close() {
    this.leading?.close();
    clearTimeout(this.timer);
    clearTimeout(this.blink);
    this.grid?.close();
    this.scope?.close();
    this.journal?.close();
    this.told?.close();
    this.head?.close();
    this.contents?.close();
    this.grid = this.scope = this.journal = this.told = this.detail = this.head = this.contents = null;
    // What was said of one experiment is said again of the next.
    this.unknown = false;
    this.hosts = [];
    this.wasNone = this.calloutKey = this.aboutKey = this.metricNames = undefined;
    this.root.replaceChildren();
  }

  async ask() {
    clearTimeout(this.timer);
    const id = this.id;
    const asked_ms = performance.now();
    try {
      const detail = await this.source.experiment(id);
      if (id !== this.id) return;
      clearTimeout(this.blink);
      const first = !this.detail;
      const told = JSON.stringify(CHANGES.map((name) => detail[name]));
      const isNew = first || told !== this.toldKey;
      this.toldKey = told;
      this.detail = detail;
      this.heard.delete(id);
      this.heard.set(id, detail);
      if (this.heard.size > MOST_HEARD) this.heard.delete(this.heard.keys().next().value);
      if (first) this.build();
      if (isNew) this.paint();
      else this.paintHead();
      this.lead();
    } catch (error) {
      if (id !== this.id) return;
      this.refused(error);
    }
    if (id === this.id && !document.hidden) this.timer = setTimeout(() => this.ask(), Math.max(EVERY_MS, SHARE * (performance.now() - asked_ms)));
  }

  refused(error) {
    clearTimeout(this.blink);
    if (error.passing !== false && !this.detail && this.heard.has(this.id)) {
      this.detail = this.heard.get(this.id);
      this.build();
      this.paint();
    } else if (error.status === 404 && !this.unknown) {
      this.heard.delete(this.id);
      this.close(); // it may have stood here until somebody deleted it
      this.unknown = true;
      const project = this.state.get("project");
      fill(this.root, this.words.unknownExperiment(this.id, project, () => this.leave()));
    } else if (!this.detail && !this.unknown) fill(this.root, h("section", { class: "tk-notice" }, h("h1", null, error.title ?? "No answer"), h("p", { class: "tk-soft" }, error.detail, " ", error.hint)));
  }

  leave() {
    if (this.state.get("project")) this.state.set({ view: "metrics", experiment: null });
    else location.href = location.pathname;
  }

  build() {
    const { detail, state, source } = this;
    if (state.get("project") !== detail.project) state.set({ project: detail.project });
    this.head = new Head({ source, id: this.id, detail, state, leave: () => this.leave(), edited: (answer) => this.edited(answer) });
    this.callout = h("div", { data: { pane: "state" }, tabindex: "-1" });
    this.charts = h("div", { class: "tk-detail-charts", data: { section: "Charts" }, tabindex: "-1" });
    this.summary = new SummaryPanel();
    this.config = new ConfigPanel();
    this.about = new Pane("Where it ran");
    this.journal = new Journal({ source, id: this.id, name: () => this.detail?.name ?? this.id, event: () => state.get("event") });
    // What a training tells beside its curves comes with modules of its own: charts do not wait for them.
    const places = { above: slot(), below: slot(), beside: slot(), last: slot(), wide: slot() };
    this.tell(places);
    const left = h("div", { class: "tk-stack" }, this.callout, places.above, this.charts, this.journal.errors.root, this.summary.root, places.below, this.journal.texts.root, this.journal.log.root, places.wide);
    const right = h("div", { class: "tk-stack tk-aside" }, places.beside, this.config.root, this.journal.marks.root, places.last, this.about.root);
    const body = h("div", { class: "tk-detail" }, left, right);
    this.contents = new Contents({ body, above: this.head.root });
    fill(this.root, this.head.root, this.contents.root, body);
    const id = this.id;
    const own = { zoomY: null, hot: null, groups: null, metrics: null };
    // Only this one, ticked whatever the side bar says; its row carries the colour it has everywhere.
    const derived = { experiments: (rows) => rows.filter((row) => row.id === id).map((row) => ({ ...row, shown: true })), zoom: (all) => ownZoom(id, all) };
    this.scope = state.scope(own, derived, { zoom: (mine, all) => withOwnZoom(id, mine, all) });
    this.empty = h("div", null);
    const holder = h("div", null);
    fill(this.charts, this.empty, holder);
    this.grid = new MetricGrid(holder, { state: this.scope, source, folds: { key: "foldsOne", usual: TOLD_ELSEWHERE, first: 8 } });
  }

  /** @param {Record<"above" | "below" | "beside" | "last" | "wide", HTMLElement>} places */
  async tell(places) {
    const { id, source, state } = this;
    this.places = places;
    const loaded = await import("./facts.js").catch(() => null);
    if (!loaded) return void setTimeout(() => this.places === places && this.tell(places), EVERY_MS); // a network that was away
    const { Facts } = loaded;
    if (this.places !== places || !this.head) return; // the reader went on meanwhile
    const metric = (name) => (this.state.get("metrics") ?? []).find((each) => each.metric === name);
    this.told = new Facts({ source, id, tells: (told) => this.journal?.leave(told), ran: (hosts) => id === this.id && this.head && ((this.hosts = hosts), this.paintAbout()), metric, state: this.scope });
    for (const [name, place] of Object.entries(places)) place.replaceWith(this.told[name]);
    this.told.paint(this.detail);
  }

  paint() {
    this.paintHead();
    this.told?.paint(this.detail);
    this.chooseMetrics();
    this.summary.paint(this.detail, this.order);
    this.config.paint(this.detail.config ?? {});
    this.paintAbout();
    const none = Object.keys(this.detail.summary ?? {}).length ? "" : hasEnded(this.row().state) ? "ended" : "so far";
    if (none !== this.wasNone) fill(this.empty, none ? noMetrics(false, none === "ended") : null);
    this.wasNone = none;
    this.journal.live = this.row().state === "running" || this.row().state === "lost_contact";
  }

  /** The project's metrics that this experiment has: charts of the others would stand empty. */
  chooseMetrics() {
    const { summary = {}, definitions = {} } = this.detail;
    // What the list says of a metric may be another experiment's word.
    const known = (this.state.get("metrics") ?? []).filter(({ metric }) => metric in summary).map((each) => (definitions[each.metric] ? { ...each, hidden: Boolean(definitions[each.metric].hidden) } : { ...each, step_metric: null, hidden: false }));
    // Scores on the sample of the training set stand behind what the training itself says.
    const isBeside = ({ metric }) => /^train_sample[_/]/.test(metric);
    const own = [...known.filter((each) => !isBeside(each)), ...known.filter(isBeside)];
    this.order = own.map(({ metric }) => metric);
    const names = own.map(({ metric, step_metric: axis, hidden }) => [metric, axis, hidden].join("\t")).join("\n");
    if (names === this.metricNames && this.scope.get("metrics")) return;
    this.metricNames = names;
    this.scope.set({ metrics: own });
  }

  /** What the side bar's poll knows is newer than what the detail's poll knows, and the other way round. */
  row() {
    const listed = this.state.get("experiments").find((row) => row.id === this.id);
    return listed && listed.last_event_s >= this.detail.last_event_s ? { ...this.detail, ...listed } : this.detail;
  }

  paintHead() {
    const row = this.row();
    const now_s = this.experiments.now_s();
    this.head.paint(row, this.detail, this.told?.training ?? null, now_s);
    this.contents.paint(row);
    this.paintCallout(row, now_s);
  }

  /** What an edit answered is newer than what was polled. @param {any} detail */
  edited(detail) {
    if (detail.experiment_id !== this.id) return;
    this.detail = detail;
    const { name, tags, group } = detail;
    const rows = this.state.get("experiments");
    this.state.set({ experiments: rows.map((row) => (row.id === this.id ? Object.assign(row, { name, tags, group }) : row)) });
    this.paint();
    this.experiments.ask();
  }

  paintCallout(row, now_s) {
    const kind = CALLOUT[row.state];
    const words = kind ? calloutWords(row, now_s) : null;
    const key = words ? words.join("|") : "";
    if (key === this.calloutKey) return;
    this.calloutKey = key;
    fill(this.callout, words ? h("div", { class: `tk-callout ${kind}`, role: "status" }, h("p", null, h("b", null, words[0]), " ", words[1]), words[2] ? h("p", null, words[2]) : null) : null);
  }

  paintAbout() {
    const told = [...(this.detail.environment?.values?.host ? ["host", "process"] : []), ...(this.detail.ranks ? ["host", "process", "rank"] : [])]; // by panels of their own
    const hosts = hostsOf(this.detail, this.hosts);
    const known = facts(this.detail, hosts).filter(([name]) => !told.includes(name));
    const key = JSON.stringify(known);
    if (key === this.aboutKey) return;
    this.aboutKey = key;
    this.about.show(known.length > 0);
    fill(this.about.body, h("dl", { class: "tk-kv" }, known.map(([name, value]) => [h("dt", null, name), h("dd", { class: name === "hosts" ? "tk-mono tk-whole" : "tk-mono", title: name === "hosts" ? hosts.join("\n") : value }, value)])));
  }
}

/** What a state means: since when, what is known, what to do. @returns {[string, string, string?]} */
export function calloutWords(row, now_s) {
  const evidence = evidenceWords(row.evidence);
  const since = row.since_s ? `${age(now_s - row.since_s)} ago` : "";
  // The evidence of a lost contact names the last step itself.
  const told = /\bstep \d/.test(evidence) || row.last_step === null || row.last_step === undefined;
  const step = told ? "" : `Last step ${row.last_step.toLocaleString("en-US")}.`;
  if (row.state === "lost_contact") {
    return [`Lost contact ${since || "with it"}.`, [step, evidence].filter(Boolean).join(" "), "The trainer may still run: it keeps what it logs and sends it when it can."];
  }
  if (row.state === "failed") return [`Failed ${since}.`, [step, evidence].filter(Boolean).join(" ")];
  if (row.state === "paused") return [`Paused ${since}.`, evidence];
  return [`Interrupted ${since}.`, [step, evidence].filter(Boolean).join(" ")];
}

function evidenceWords(evidence) {
  if (!evidence) return "";
  const words = Array.isArray(evidence) ? evidence.join(". ") : typeof evidence === "string" ? evidence : Object.entries(evidence).map(([key, value]) => `${key.replaceAll("_", " ")} ${value}`).join(", ");
  return capital(/[.!?]$/.test(words) ? words : `${words}.`);
}
