// @ts-check
/**
 * An experiment's time line: loss with validation beside it and the gap shaded, learning rate, gradient norm, and what
 * happened, on one x axis with one cursor.
 */
import { fill, h } from "../base/dom.js";
import { BY_STEP, PageState } from "../data/state.js";
import { evaluationsOf } from "../charts/evaluations.js";
import { MarkFeed, placeOf } from "../charts/marks.js";
import { formatX } from "../charts/scales.js";
import { zoomBy } from "../charts/zoom.js";
import { menuButton } from "../base/menu.js";
import { Asked } from "../stack/asked.js";
import { Stack, extentOf } from "../stack/stack.js";
import { putZoom, zoomKey, zoomOf } from "../stack/zoomed.js";
import { growth, growthWords, peakOf } from "./gap.js";
import { Lane, kindOf } from "./lane.js";
import { flash, leadTo, nameOf } from "./leading.js";
import { Pane } from "./pane.js";
import { beside, pairsOf, quantityOf } from "./pairs.js";
import { TimeTable } from "./timetable.js";
import { capital, count, duration, number } from "../base/words.js";

const STILL = { kind: /** @type {"ema"} */ ("ema"), amount: 0 };
const MOST_TIMES = 20; // the median: a peak up to there is shown in full, one beyond would flatten the rest
const SHARE_AHEAD = 0.5; // of what is done: a training at 1 % of its steps would be a plot of nothing

export class TimelinePanel {
  /** @param {{source: any, id: string, metric: (name: string) => any, state?: any}} parts */
  constructor({ source, id, metric, state = new PageState() }) {
    this.id = id;
    this.metric = metric;
    this.state = state;
    this.pane = new Pane("Time line", { class: "tk-timeline" });
    this.root = this.pane.root;
    this.asked = new Asked(source);
    this.feed = new MarkFeed(source);
    this.choose = menuButton({ label: "", title: "What stands against what", items: () => this.pairs().map(({ key, title }) => ({ value: key, label: title, chosen: key === this.now?.key })), choose: (key) => state.set({ linePair: key === this.pairs()[0]?.key ? null : key }) });
    this.axes = menuButton({ label: "step", title: "What the time line runs along", items: () => [["", "as the charts"], ["step", "step"], ["relative", "time since the start"], ["time", "time of day"]].map(([value, label]) => ({ value, label, chosen: value === (state.get("lineX") ?? "") })), choose: (value) => state.set({ lineX: value || null }) });
    this.words = h("p", { class: "tk-timeline-words", role: "status", hidden: true });
    const holder = h("div", null);
    this.stack = new Stack(holder, { state, name: "line", label: "Time line: loss, learning rate, gradient norm and events on one x axis" });
    this.out = h("button", { class: "tk-btn sm", hidden: true, title: "Back to the whole time line (double-click)", on: { click: () => this.stack.back(this.stack.strips[0], true) } }, "Zoom out");
    const closer = h("button", { class: "tk-btn sm", title: "Closer around the cursor (+, two fingers, drag)", on: { click: () => this.stack.strips[0] && zoomBy(/** @type {any} */ (this.stack.strips[0]), 0.5) } }, "Zoom in");
    this.lane = new Lane((kind, mark) => this.open(kind, mark));
    this.drawn = h("div", null, holder, this.lane.node, this.lane.legend);
    this.table = new TimeTable(this);
    this.pane.tools.append(this.stack.where, closer, this.out, this.choose, this.axes, this.table.button);
    fill(this.pane.body, this.words, this.drawn, this.table.root);
    this.stack.addEventListener("zoom", (/** @type {any} */ { detail }) => putZoom(state, zoomKey(this.x, "line"), detail));
    this.stack.addEventListener("seen", () => this.layOut());
    this.stack.addEventListener("drawn", () => this.drawLane());
    this.asked.addEventListener("data", () => this.came());
    this.feed.addEventListener("marks", () => (this.stack.redraw(), this.table.draw()));
    this.stops = [state.follow(["x", "smoothing", "zoom", "linePair", "lineX"], () => this.layOut())];
  }

  close() {
    for (const stop of this.stops) stop();
    this.asked.close();
    this.table.close();
    this.stack.close();
    this.pane.close();
  }

  /** @param {any} training @param {any} detail */
  paint(training, detail) {
    this.training = training ?? this.training;
    this.detail = detail?.experiment_id ? detail : (this.detail ?? detail);
    const summary = this.detail?.summary ?? {};
    const names = Object.keys(summary).filter((name) => !name.startsWith("system/")).sort();
    const key = JSON.stringify([names.map((name) => [name, this.metric(name)?.quantity]), this.detail?.state, this.training?.run_summary?.max_steps]);
    if (key !== this.key) {
      this.key = key;
      this.known = names.map((name) => quantityOf(name, this.metric(name), summary[name]?.points ?? 1));
      this.pane.show(this.pairs().length > 0);
      this.layOut();
    }
    if (!this.isSeen) return;
    this.feed.follow([this.asking]);
  }


  get asking() {
    return { id: this.id, last_event_s: this.detail?.last_event_s, generation: this.detail?.generation };
  }

  /** Whether somebody looks at the strips, or at the table in their place. */
  get isSeen() {
    return this.table.isOn ? this.table.isSeen : this.stack.inView;
  }

  pairs() {
    return pairsOf(this.known ?? []);
  }

  get x() {
    const asked = this.state.get("lineX") ?? this.state.get("x");
    return asked === "time" || asked === "relative" ? asked : asked === BY_STEP ? "step" : "step";
  }

  /** Which strips stand there, and what is to be asked for. */
  layOut() {
    if (!this.known) return;
    const pairs = this.pairs();
    this.now = pairs.find(({ key }) => key === this.state.get("linePair")) ?? pairs[0];
    this.choose.hidden = pairs.length < 2;
    if (this.now) this.choose.say(this.now.title);
    this.axes.say({ step: "step", relative: "since the start", time: "time of day" }[this.x]);
    this.others = beside(this.known);
    const metrics = this.now ? [...this.now.train, ...this.now.evaluation, ...this.others.map(({ metric }) => metric)] : [];
    const zoom = zoomOf(this.state, zoomKey(this.x, "line"));
    this.out.hidden = !zoom;
    this.asked.want({ x: this.x, zoom, pairs: this.isSeen ? metrics.map((metric) => ({ experiment: this.id, metric })) : [] });
    if (this.isSeen) this.feed.follow([this.asking]);
    this.came();
  }

  /** New points: what the strips show now. */
  came() {
    const { now } = this;
    if (!now || !this.isSeen) return;
    const live = this.detail?.state === "running";
    const held = (/** @type {string} */ metric) => this.asked.get(this.id, metric);
    const line = (/** @type {string} */ metric, /** @type {string} */ name, /** @type {string} */ color, smooth = true) => {
      const found = held(metric);
      return found ? [{ id: metric, name, color, dash: [], live, smooth, ...found }] : [];
    };
    const smoothing = this.state.get("smoothing");
    const amount = smoothing?.kind === "none" ? STILL : smoothing;
    const evaluations = now.evaluation.flatMap((metric, i) => line(metric, now.names[metric], ["--s3", "--s5", "--s9"][i % 3], false));
    const trains = now.train.flatMap((metric) => line(metric, "train", "--s1"));
    const growing = this.gap(trains[0], evaluations[0]);
    const specs = [
      {
        key: now.key, title: now.title, hover: [...now.train, ...now.evaluation].join(", "), height: 172, smoothing: amount, lines: [...trains, ...evaluations],
        gap: trains.length && evaluations.length ? { low: trains[0].id, high: evaluations[0].id, from: growing?.since ?? null } : null,
        none: this.asked.isWaiting ? "Loading" : "No value yet.",
      },
      ...this.others.map(({ metric, title, color, isNoisy }) => {
        const lines = line(metric, title, color, isNoisy);
        const peak = isNoisy && lines[0] ? peakOf({ x: lines[0].series.x, y: lines[0].series.high, n: lines[0].series.n }) : null;
        return { key: metric, title, hover: metric, height: 76, smoothing: isNoisy ? amount : STILL, lines, clip: isNoisy && (peak?.times ?? Infinity) > MOST_TIMES, none: this.asked.isWaiting ? "Loading" : "No value yet.",
          notes: peak ? [{ x: peak.x, y: peak.y, words: `${number(peak.y)} at ${this.where(peak.x)}, ${number(Math.round(peak.times))} × the median` }] : [] };
      }),
    ];
    const extent = extentOf([...trains, ...evaluations, ...this.others.map(({ metric }) => held(metric))].map((each) => each?.whole ?? null)) ?? [0, 1];
    const ahead = this.ahead(extent, live);
    this.say(growing);
    this.stack.show(specs, { x: this.x, domain: [extent[0], ahead?.to ?? extent[1]], ahead, zoom: zoomOf(this.state, zoomKey(this.x, "line")) });
    this.table.draw();
  }

  /** @param {any} train @param {any} evaluation */
  gap(train, evaluation) {
    if (!train || !evaluation) return null;
    const points = (/** @type {any} */ { whole }) => ({ x: whole.x, y: whole.mean, n: whole.n });
    return growth(points(train), points(evaluation), this.now?.greater);
  }

  /** @param {import("./gap.js").Growth | null} growing */
  say(growing) {
    this.words.hidden = !growing;
    const words = growing ? growthWords(growing, (x) => this.where(x), this.now?.greater, capital(this.now?.names[this.now.evaluation[0]] ?? "validation")) : "";
    if (this.words.textContent !== words) this.words.textContent = words;
  }

  /** @param {number} x */
  where(x) {
    return formatX(this.x, this.x === "step" ? Math.round(x) : x);
  }

  /** The steps to come, where their number is known. @param {[number, number]} extent @param {boolean} live */
  ahead([first, last], live) {
    const most = this.training?.run_summary?.max_steps;
    if (!live || this.x !== "step" || typeof most !== "number" || !(most > last)) return null;
    const left_s = this.training?.run_summary?.time_left_seconds;
    const words = `${count(most - Math.round(last))} steps left${typeof left_s === "number" ? `, about ${duration(left_s)}` : ""}`;
    return { from: last, to: Math.min(most, last + Math.max(1, SHARE_AHEAD * (last - first))), words };
  }

  /** Everything that happened, evaluations among it. @returns {import("../charts/marks.js").Mark[]} */
  marks() {
    const own = this.feed.of([this.id]);
    const told = new Set(own.filter(({ kind }) => kind === "checkpoint").map(({ step }) => step));
    const saved = (this.training?.checkpoints ?? []).filter((/** @type {any} */ one) => typeof one.step === "number" && !told.has(one.step));
    const checkpoints = saved.map((/** @type {any} */ one) => ({ experiment: this.id, kind: "checkpoint", step: one.step, time_s: one.time_s ?? 0, title: String(one.path ?? "").split("/").at(-1) ?? "" }));
    // A failure belongs to the step that was reached, though it told none.
    const placed = own.map((mark) => (mark.step === null && mark.kind === "error" ? { ...mark, step: this.detail?.last_step ?? null, at: nameOf(mark) } : mark));
    const marks = [...placed.filter(({ kind }) => kind !== "evaluation"), ...checkpoints, ...this.evaluations(own)];
    return marks.sort((a, b) => (a.step ?? Infinity) - (b.step ?? Infinity));
  }

  /** @param {import("../charts/marks.js").Mark[]} own */
  evaluations(own) {
    const metric = this.now?.evaluation[0];
    const series = metric ? this.asked.get(this.id, metric)?.whole : null;
    const told = this.training?.epoch_metrics ?? [];
    if (this.x === "step" && told.length) return told.filter((/** @type {any} */ each) => typeof each.global_step === "number").map((/** @type {any} */ each) => ({ experiment: this.id, kind: "evaluation", step: each.global_step, time_s: 0, title: this.scoreOf(each) }));
    if (!series) return own.filter(({ kind }) => kind === "evaluation");
    return evaluationsOf(this.id, series, [0, series.n], this.x, this.detail?.created_s ?? 0, this.now?.names[metric ?? ""] ?? "");
  }

  /** @param {any} entry */
  scoreOf(entry) {
    const name = ["eval_loss", "eval_f1", "eval_accuracy"].find((each) => typeof entry[each] === "number");
    return name ? `${name.replace("eval_", "")} ${number(entry[name])}` : "";
  }

  drawLane() {
    const place = (/** @type {import("../charts/marks.js").Mark} */ mark) => placeOf(mark, this.x, this.detail);
    this.lane.draw(this.marks(), place, this.stack.view, this.x);
  }

  /** Keys of the panels that tell more of a kind: of an error that is not the one it failed by, not the failure. @param {string} kind @param {import("../charts/marks.js").Mark} [mark] */
  placesOf(kind, mark) {
    const { panels } = kindOf(kind);
    const failure = this.training?.failures?.[0];
    const isFailure = !mark || mark.title.startsWith("ended:") || (failure && mark.title === [failure.error, failure.message].filter(Boolean).join(": ").slice(0, 200));
    return kind !== "error" || isFailure ? panels : [...panels.filter((key) => key !== "failure"), "failure"];
  }

  get page() {
    return this.root.closest(".tk-view, .tk-shared, .tk") ?? document.body;
  }

  /** Go to where the page tells more of it; where no panel does, the table of the time line has its line. @param {string} kind @param {import("../charts/marks.js").Mark} [mark] */
  open(kind, mark) {
    if (leadTo(this.page, this.placesOf(kind, mark), mark)) return;
    this.table.show(true);
    const line = mark && this.table.lineOf(mark);
    if (line) flash(line);
  }
}
