// The page: top bar, side bar, tabs, and one of the views; what stands there when a view cannot.

import { followAddress, isWhole, keptTicks, readAddress } from "../data/address.js";
import { Columns } from "../data/columns.js";
import { KEPT, controls, sizeOf } from "../charts/controls.js";
import { fill, h, text } from "../base/dom.js";
import { sideEdge } from "./edge.js";
import { Experiments } from "../data/experiments.js";
import { hasEnded, icon } from "../base/icons.js";
import { marked } from "../base/marks.js";
import { matcher } from "../base/matching.js";
import { offering } from "./offering.js";
import { SERVER_WORDS, awayBar, failed, noHits, noMetrics, nothingTicked, skeleton } from "../base/notices.js";
import { remember, remembered } from "../base/remember.js";
import { SideBar } from "./sidebar.js";
import { steps } from "./steps.js";
import { strangers } from "./strangers.js";
import { tabs } from "./tabs.js";
import { every } from "../data/pace.js";
import { DEFAULTS, PageState } from "../data/state.js";
import { Theme } from "../base/theme.js";
import { topBar } from "./topbar.js";
import { count } from "../base/words.js";
import { VIEWS, tabsOf } from "./views.js";

const SKELETON_AFTER_MS = 150;
const FIRST_MS = 2000; // while there is no project yet

export class Shell {
  /**
   * @param {{source: any, search?: string, first?: {project?: string, experiments?: Promise<any>, projects?: Promise<any>},
   *     words?: Partial<typeof SERVER_WORDS>}} parts
   *     `first` holds requests that are under way since before this script ran; `words` what to say where no server is
   */
  constructor({ source, search = location.search, first = {}, words = {} }) {
    const said = readAddress(search);
    const kept = remembered();
    this.source = source;
    this.words = { ...SERVER_WORDS, ...words };
    this.first = first;
    this.offered = tabsOf(source);
    this.projects = /** @type {any[]|null} */ (null);
    // What this browser remembers is for an address that says nothing but a place: one that was sent shows what the sender saw, but
    // what eyes and windows need is the reader's own unless it is said.
    this.isSent = isWhole(search);
    const usual = this.isSent ? ["size", "dashes"] : KEPT;
    const known = Object.fromEntries(usual.filter((key) => key in kept).map((key) => [key, kept[key]]));
    const { ticks, saved, ...chosen } = said;
    this.asked = chosen;
    this.ticks = ticks ?? keptTicks(); // those of the address, or of the page before it was loaded anew, until the project is known
    this.state = new PageState({ ...known, folded: kept.folded ?? false, ...chosen });
    this.theme = new Theme(this.state);
    this.experiments = new Experiments(this.state, source);
    this.columns = new Columns(this.state, source);
    this._build();
    followAddress(this.state, this.experiments);
    strangers(this.said, this);
    this.wanted = saved ?? null; // the name of a saved view, until the project is known
    steps(this);
    this.state.follow(["project"], () => this._opened());
    this.state.follow(["view", "experiment", "experiments", "metrics", "filter", "project", "progress"], () => this.decide());
    this.state.follow(["size"], () => this._sized(sizeOf(this.state.get("size"))));
    this.state.follow(["folded"], () => this.root.classList.toggle("folded", this.state.get("folded")));
    this.experiments.addEventListener("contact", () => this.decide());
    this.experiments.addEventListener("again", () => this._start());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.root.classList.remove("sheet"));
    document.addEventListener("trackio-watch", (event) => this.watch().then((watch) => watch.turn(event.detail)));
    if (marked("watched").length) setTimeout(() => this.watch(), 3000);
    setInterval(() => this.away?.tell(), 1000);
    this._start();
  }

  /** @param {number} px  the least width of a chart */
  _sized(px) {
    this.root.style.setProperty("--chart-min", `${px}px`);
    this.root.dataset.size = px < 290 ? "small" : px > 420 ? "large" : "medium";
  }

  _build() {
    const state = this.state;
    const top = h("header", { class: "tk-top" });
    this.side = h("aside", { class: "tk-side", "aria-label": "Experiments" });
    this.tabs = h("nav", { class: "tk-tabs", "aria-label": "Views" });
    this.sheetWords = h("span", null);
    const sheet = h("button", { class: "tk-btn sm tk-narrow tk-sheet-button", "aria-haspopup": "dialog" }, icon("list"), this.sheetWords);
    sheet.addEventListener("click", () => this.root.classList.toggle("sheet"));
    this.bar = h("div", { class: "tk-controls" });
    this.slot = h("div", { class: "tk-slot" });
    const home = h("div", { class: "tk-slot" });
    this.said = h("div", { class: "tk-slot" });
    if (this.source.sync) setTimeout(() => import("./sync.js").then(({ syncBar }) => syncBar(home, this.source), () => {}), 1500); // after the first charts
    this.body = h("div", { class: "tk-body", tabindex: "-1" });
    const main = h("main", { class: "tk-main" }, this.tabs, this.slot, home, this.said, h("div", { class: "tk-bar" }, sheet, this.bar), this.body);
    // A chart whose metric only others logged offers to tick them.
    this.body.addEventListener("trackio-show", (/** @type {any} */ event) => this.experiments.tick(event.detail, true));
    const curtain = h("div", { class: "tk-curtain" });
    curtain.addEventListener("click", () => this.root.classList.remove("sheet"));
    this.root = h("div", { class: "tk", id: "trackio" }, top, h("div", { class: "tk-page" }, this.side, curtain, main));

    const close = h("button", { class: "tk-btn sm tk-sheet-close" }, "Done");
    close.addEventListener("click", () => this.root.classList.remove("sheet"));
    this.side.append(h("div", { class: "tk-sheet-head" }, h("b", null, "Experiments"), close));
    const open = (id, event = null) => {
      this.root.classList.remove("sheet");
      state.set({ view: "experiment", experiment: id, event });
    };
    topBar(top, { state, experiments: this.experiments, source: this.source, theme: this.theme, foldSide: () => this.foldSide(), openProject: (project) => this.openProject(project), showPalette: () => this.showPalette(), showSaved: () => this.showSaved(), help: () => this.showHelp() });
    this.sideBar = new SideBar(this.side, { state, source: this.source, experiments: this.experiments, columns: this.columns, open });
    sideEdge(this.root, this.side);
    controls(this.bar, state, { byMetric: !this.source.overview, columns: this.columns });
    tabs(this);
    offering(this);
    this._buildViews(open);
  }

  _buildViews(open) {
    const { state, source, experiments, columns } = this;
    const pane = (name, label) => h("section", { class: `tk-view ${name}`, hidden: true, "aria-label": label });
    this.panes = Object.fromEntries([...Object.entries(VIEWS).map(([name, { label }]) => [name, pane(name, label)]), ["notice", pane("notice", "Notice")]]);
    this.body.append(...Object.values(this.panes));
    const parts = { state, source, experiments, columns, words: this.words, open };
    /** Views are made when they are first looked at, and kept: scroll, zoom and what was fetched stay. */
    this.makers = Object.fromEntries(Object.entries(VIEWS).map(([name, { make }]) => [name, () => make(this.panes[name], parts)]));
    const metrics = this.makers.metrics;
    this.makers.metrics = () => this._firstDrawn(metrics());
    this.made = {};
  }

  /** Tell the page's head that the first chart stands: Gradio's own script has waited for it (space/ui/early.py). */
  _firstDrawn(grid) {
    grid.feeds.addEventListener("data", () => requestAnimationFrame(() => requestAnimationFrame(() => {
      performance.mark("trackio drawn");
      requestAnimationFrame(() => dispatchEvent(new Event("trackio:drawn"))); // the others in view are drawn in this frame
    })), { once: true });
    return grid;
  }

  async _start() {
    if (this.state.get("project")) return;
    const id = this.state.get("experiment");
    if (id) return; // the experiment's view finds its project
    try {
      const asked = this.first.projects?.catch(() => this.source.projects());
      this.first = { ...this.first, projects: undefined }; // an answer is used once
      const { projects } = await (asked ?? this.source.projects());
      this.projects = projects;
      const last = remembered().project;
      const project = (projects.find((each) => each.project === last) ?? projects[0])?.project;
      if (project && !this.state.get("project")) this.state.set({ project });
      if (!project) this._waitForFirst();
    } catch (error) {
      this.experiments._failed(error); // told like any other: away, or a refusal
    }
    this.decide();
  }

  _waitForFirst() {
    this.experiments._say({ phase: "ready", error: null, since_s: null, next_ms: null });
    this.experiments.updated_ms = performance.now();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.state.get("project") || this._start(), every(FIRST_MS));
  }

  _opened() {
    const project = this.state.get("project");
    if (!project) return;
    remember({ project });
    const { project: ready, experiments, metrics } = this.first;
    this.first = {};
    const under = ready === project; // the page's head has asked already
    this._metricsAsked = under ? metrics : undefined;
    this.experiments.open(under ? experiments : undefined);
    if (this.ticks) this.experiments.tickListed(this.ticks);
    this.ticks = null;
    if (!this.isSent) this.state.set({ overviewBy: remembered().overviewBy?.[project] ?? null });
    this.isSent = false;
    if (this.wanted) this._openWanted(project);
    this.state.set({ metrics: null, usualColumn: null, usualColumns: null });
    this._metricCount = -1;
  }

  /** The project's metrics, for the menus: again when an experiment has a new one. */
  async loadMetrics() {
    const project = this.state.get("project");
    const sum = this.state.get("experiments").reduce((total, row) => total + (row.metric_count ?? 0), 0);
    if (!project || sum === this._metricCount || this._loading) return;
    this._loading = true;
    try {
      const asked = this._metricsAsked;
      this._metricsAsked = undefined;
      const { metrics } = await (asked ?? this.source.metrics(project));
      if (project !== this.state.get("project")) return;
      this._metricCount = sum;
      const usualColumn = this.columns.likely(metrics);
      this.state.set({ metrics, usualColumn, column: this.state.get("column") ?? usualColumn });
    } catch {
      // The next poll of the experiments tells what is wrong, and asks again.
    } finally {
      this._loading = false;
    }
  }

  /** Choose what stands in the middle: a view, or words. */
  decide() {
    const view = this.state.get("view");
    if (!(view in VIEWS) || VIEWS[view].offered?.(this.source) === false) return void this.state.set({ view: DEFAULTS.view, unread: [...(this.state.get("unread") ?? []), `view=${view}`] }); // a link of another version, or one typed by hand
    const rows = this.state.get("experiments");
    const { phase } = this.experiments.contact;
    text(this.sheetWords, `${count(rows.filter((row) => row.shown).length)} of ${count(rows.length)} experiments`);
    document.title = this._title();
    this._away();
    if (rows.length) this.loadMetrics();
    const words = VIEWS[view].needs === "none" ? null : this._words(view, rows, phase);
    const { hasControls = false, isWhole = false } = VIEWS[view];
    this.root.classList.toggle("charts", hasControls && (view !== "experiment" || rows.length > 0) && (!words || /^(loading|filter)/.test(words[0])));
    this.root.classList.toggle("table", isWhole && !words);
    if (words) return this._say(words);
    this._show(view);
    return undefined;
  }

  /** @returns {[string, () => Node]|null}  a key, so that the same words are not written twice */
  _words(view, rows, phase) {
    const { error } = this.experiments.contact;
    const project = this.state.get("project");
    const again = () => (this.source.hurry?.(), project ? this.experiments.ask({ all: true }) : this._start());
    if (phase === "failed" && (error.status === 401 || error.status === 403)) return [`access ${error.type}`, () => this.words.access(error, (token) => this._login(token))];
    const absent = phase === "failed" && error.status === 404;
    if (phase === "failed" && !absent) return [`failed ${error.message}`, () => failed(error, again)];
    if (phase === "loading") return ["loading", skeleton];
    if (phase === "away" && !rows.length) return ["away", () => h("div")];
    if (!project) return ["projects", this.words.noProjects];
    if (!rows.length) return [`empty ${project}`, () => this._empty(project)];
    if (VIEWS[view].needs === "rows") return null;
    const ticked = rows.filter((row) => row.shown);
    if (!ticked.length) return [`ticks ${rows.length}`, () => nothingTicked(rows.length, () => this.experiments.tickNewest())];
    if (VIEWS[view].needs === "ticks") return null; // it says itself what it lacks
    const filter = this.state.get("filter");
    const named = this.state.get("metrics") ?? [];
    const matches = matcher(filter);
    if (matches && named.length && !named.some(({ metric }) => matches(metric))) {
      return [`filter ${filter}`, () => noHits(filter, named.length, () => this.state.set({ filter: "" }), this.source.unlisted?.(project) ?? 0)];
    }
    if (!ticked.some((row) => row.metric_count !== 0)) {
      const ended = ticked.every((row) => hasEnded(row.state));
      return [`metrics ${ticked.length > 1} ${ended}`, () => noMetrics(ticked.length > 1, ended)];
    }
    return null;
  }

  _empty(project) {
    const slot = h("div");
    const open = (name) => this.state.set({ project: name });
    const draw = (others) => fill(slot, this.words.noExperiments(project, others, open));
    draw([]);
    this.source.projects().then(({ projects }) => draw(projects.map((each) => each.project).filter((name) => name !== project)), () => {});
    return slot;
  }

  _show(view) {
    clearTimeout(this.blink);
    this.saying = null;
    for (const [name, pane] of Object.entries(this.panes)) pane.hidden = name !== view;
    this.made[view] ??= this.makers[view]();
    this.body.classList.toggle("whole", VIEWS[view].isWhole === true);
  }

  _say([key, make]) {
    if (this.saying === key) return;
    this.saying = key;
    const put = () => {
      if (this.saying !== key) return;
      for (const [name, pane] of Object.entries(this.panes)) pane.hidden = name !== "notice";
      fill(this.panes.notice, make());
      this.body.classList.remove("whole");
    };
    clearTimeout(this.blink);
    if (key === "loading") this.blink = setTimeout(put, SKELETON_AFTER_MS);
    else put();
  }

  _away() {
    const { phase, next_ms, since_s, error } = this.experiments.contact;
    if (phase !== "away") {
      this.away = null;
      this.slot.replaceChildren();
    } else if (this.away && this.away.said === `${since_s} ${error?.status}`) {
      this.away.contact.next_ms = next_ms; // the same words: the button stays under the pointer
    } else {
      const contact = { since_s, next_ms, error };
      const words = this.words.away(contact, this.state.get("experiments").length > 0);
      this.away = awayBar(contact, words, () => (this.source.hurry?.(), this.state.get("project") ? this.experiments.ask() : this._start()));
      this.away.said = `${since_s} ${error?.status}`;
      this.away.contact = contact;
      fill(this.slot, this.away);
    }
  }

  async _login(token) {
    await login(token);
    this.experiments.contact.phase = "loading";
    if (this.state.get("project")) await this.experiments.ask({ all: true });
    else await this._start();
  }

  _title() {
    const project = this.state.get("project");
    const open = this.state.get("view") === "experiment" && this.state.get("experiments").find((row) => row.id === this.state.get("experiment"));
    const parts = open ? [open.name, project] : [project, VIEWS[this.state.get("view")].label];
    return [...parts.filter(Boolean), "Trackio"].join(" · ");
  }

  openProject(project) {
    const view = this.state.get("view");
    this.state.set({ project, view: view === "experiment" ? "metrics" : view, experiment: null, filter: "", zoom: null, zoomY: null, column: null, columns: null });
  }

  async showPalette() {
    (await import("./commands.js")).palette(this);
  }

  async showHelp() {
    (await import("./help.js")).showHelp(this.offered.map(([, view]) => view));
  }

  async showSaved() {
    const { Saved } = await import("./saved.js");
    this.saved ??= new Saved(this);
    await this.saved.show();
  }

  /** @param {any} view */
  async openSaved(view) {
    (await import("./saved.js")).openView(this, view);
  }

  /** What tells of ends; fetched when something is watched. */
  watch() {
    const open = (id, event = null) => this.state.set({ view: "experiment", experiment: id, event });
    this._watch ??= import("./watch.js").then(({ Watch }) => new Watch({ source: this.source, state: this.state, open }));
    return this._watch;
  }

  /** The view that the address names by `saved=`. */
  async _openWanted(project) {
    const name = this.wanted;
    this.wanted = null;
    try {
      const { openView, savedOf } = await import("./saved.js");
      const view = (await savedOf(this)).find((each) => each.name === name);
      if (project !== this.state.get("project")) return;
      if (view) openView(this, view);
      else this.state.set({ unsaved: name });
    } catch (error) {
      this.state.set({ unsaved: name });
    }
  }

  foldSide() {
    const folded = !this.state.get("folded");
    remember({ folded });
    this.state.set({ folded });
  }

  /** What a Gradio listener may set: the query of the page. @param {Record<string, any>|null} query */
  ask(query) {
    if (!query || typeof query !== "object") return;
    const { shown, ...rest } = query;
    this.state.set(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined)));
    if (Array.isArray(shown)) this.experiments.tickListed(shown);
  }
}

/** Give the server the token once; it answers with a cookie. @param {string} token */
export async function login(token) {
  const response = await fetch("/v1/session", { method: "POST", headers: { "X-Trackio-Token": token }, credentials: "same-origin" }).catch(() => null);
  if (!response) throw new Error("No answer from the server. Try again when it is up.");
  if (!response.ok) throw new Error(response.status === 401 || response.status === 403 ? "This is not the server's token. Copy it again, without spaces." : `The server answered ${response.status}. Try again.`);
}
