// @ts-check
/** For a person with three minutes: what is alive and how it goes, what failed and why, which is best, what ended lately. A line an
 * experiment, the same in each part, with its curve as large as a word. While the view is hidden it asks and draws nothing. */
import { eachFrame, fill, h, text } from "../base/dom.js";
import { icon, sign } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { remember, remembered } from "../base/remember.js";
import { isOut } from "../base/marks.js";
import { clock, count, listed, plural } from "../base/words.js";
import { AlertsPart } from "./alerts.js";
import { chosenOf, headlineOf, lossOf } from "./choosing.js";
import { Line } from "./line.js";
import { Sparks } from "./spark.js";

const EVERY_MS = 5000;
const FIRST = { alive: 24, trouble: 6, best: 6, ended: 6 };
const MORE = 24;
const AWAY_S = 600; // a visit that ended longer ago than this: what came since is new
const STATES = ["running", "paused", "lost_contact", "failed", "interrupted", "finished"];

export class OverviewView {
  /** @param {HTMLElement} root @param {import("../shell/views.js").Parts} parts */
  constructor(root, { state, source, experiments, open }) {
    Object.assign(this, { root, state, experiments, open });
    this.state = state;
    this.experiments = experiments;
    this.sparks = new Sparks(source);
    this.shown = { ...FIRST };
    this.since_s = 0;
    this.redraw = eachFrame(() => this.draw());
    this.alerts = new AlertsPart({ state, source, came: () => this.redraw(), open });
    this.build();
    state.follow(["experiments", "progress", "metrics", "view", "theme", "marks", "overviewBy"], (/** @type {Set<string>} */ keys) => {
      if (keys.has("metrics") || keys.has("overviewBy")) this.choose();
      this.redraw();
    });
    state.follow(["project"], () => this.opened());
    state.follow(["view"], () => this.look());
    state.follow(["hot"], () => this.light());
    setInterval(() => this.isSeen() && this.redraw(), EVERY_MS);
    document.addEventListener("visibilitychange", () => (this.look(), this.redraw()));
    addEventListener("pagehide", () => this.leave());
  }

  isSeen() {
    return this.state.get("view") === "overview" && !document.hidden;
  }

  /** Whether the reader looks now: a page that stays open all day is visited whenever it is looked at after a while. */
  look() {
    const was = this.isLooking;
    this.isLooking = this.isSeen();
    if (was && !this.isLooking) this.leave();
    if (was || !this.isLooking) return;
    const last = Number(remembered().visits?.[this.state.get("project")]);
    if (!(last > 0 && this.experiments.now_s() - last > AWAY_S)) return;
    this.since_s = last;
    this.alerts.looked();
  }

  /** What stood here is known from now on. */
  leave() {
    if (!this.project) return;
    remember({ visits: { ...remembered().visits, [this.project]: Math.round(this.experiments.now_s()) } });
    this.alerts.keep(this.project);
  }

  build() {
    this.sum = h("div", { class: "tk-ov-states" });
    this.news = h("p", { class: "tk-ov-news tk-soft", role: "status" });
    this.by = menuButton({
      label: "metric",
      title: "Metric to compare by",
      class: "tk-sel",
      items: () => (this.state.get("metrics") ?? []).filter((/** @type {any} */ each) => each.group !== "system").map((/** @type {any} */ each) => ({ value: each.metric, label: each.metric, note: each.goal === "min" ? "lower is better" : each.goal === "max" ? "higher is better" : "", chosen: each.metric === this.headline?.metric })),
      choose: (metric) => {
        remember({ overviewBy: { ...remembered().overviewBy, [this.state.get("project")]: metric } });
        this.state.set({ overviewBy: metric });
      },
    });
    /** @type {Record<string, {node: HTMLElement, list: HTMLElement, note: HTMLElement, more: HTMLElement, lines: Map<string, Line>, none: HTMLElement}>} */
    this.parts = {
      alive: this.part("alive", "Alive now", "Nothing runs. What is started appears here by itself."),
      trouble: this.part("trouble", "Failed or silent", ""),
      best: this.part("best", "Best", "", this.by),
      ended: this.part("ended", "Ended lately", ""),
    };
    fill(this.root, h("div", { class: "tk-ov" }, h("div", { class: "tk-ov-top" }, this.sum, this.news), this.parts.alive.node, this.parts.trouble.node, this.alerts.node, this.parts.best.node, this.parts.ended.node));
    this.root.addEventListener("pointerover", (/** @type {any} */ event) => this.state.set({ hot: event.target.closest?.("[data-id]")?.dataset.id ?? null }));
    this.root.addEventListener("pointerleave", () => this.state.set({ hot: null }));
  }

  /** @param {"alive" | "trouble" | "best" | "ended"} key @param {string} title @param {string} empty @param {any} [tool] */
  part(key, title, empty, tool) {
    const list = h("div", { class: "tk-ov-list", role: "list", "aria-label": title });
    const note = h("span", { class: "tk-soft" });
    const more = h("button", { class: "tk-link", hidden: true });
    const none = h("p", { class: "tk-soft tk-ov-none", hidden: true }, empty);
    more.addEventListener("click", () => {
      this.shown[key] += MORE;
      this.redraw();
    });
    const node = h("section", { class: `tk-ov-part ${key}`, "aria-label": title }, h("div", { class: "tk-ov-head" }, h("h2", null, title), tool, note, h("span", { class: "tk-grow" }), more), none, list);
    return { node, list, note, more, none, lines: new Map() };
  }

  /** Another project: what was shown, fetched and new goes. */
  opened() {
    if (this.isLooking) this.leave();
    this.project = this.state.get("project");
    this.sparks.forget();
    this.alerts.forget();
    this.shown = { ...FIRST };
    for (const part of Object.values(this.parts)) {
      part.lines.clear();
      part.list.replaceChildren();
    }
    this.since_s = 0;
    this.isLooking = false;
    this.look();
    this.choose();
  }

  /** Which two metrics stand in the lines; the rows are asked for their values. */
  choose() {
    const metrics = this.state.get("metrics") ?? [];
    this.loss = lossOf(metrics);
    this.headline = headlineOf(metrics, this.state.get("overviewBy"));
    const named = [this.loss?.metric, this.headline?.metric].filter(Boolean).map((metric) => `metric:${metric}`);
    this.state.set({ overviewColumns: [...new Set([...named, "config:max_steps"])] });
  }

  draw() {
    if (!this.isSeen()) return;
    const rows = this.state.get("experiments");
    const chosen = chosenOf(rows, { headline: this.headline ?? null, isOut: (row) => isOut(row) });
    this.alerts.draw(rows, this.experiments.now_s());
    this.drawTop(chosen, rows);
    const drawn = new Map();
    for (const key of /** @type {("alive" | "trouble" | "best" | "ended")[]} */ (["alive", "trouble", "best", "ended"])) {
      for (const row of this.drawPart(key, chosen[key], chosen)) drawn.set(row.id, row);
    }
    const metrics = /** @type {string[]} */ ([...new Set([this.loss?.metric, this.headline?.metric].filter(Boolean))]);
    // Which are best nobody knows before their values are here: all of them are asked for together.
    if (!this.experiments.lacksColumns()) this.sparks.ask([...drawn.values()], metrics).then((came) => came && this.redraw());
    this.light();
  }

  /** @param {import("./choosing.js").Chosen} chosen @param {any[]} rows */
  drawTop(chosen, rows) {
    const known = STATES.filter((name) => chosen.counts[name]);
    const holed = rows.filter((row) => row.missing > 0 && !isOut(row)).length;
    const key = [...known.map((name) => `${name} ${chosen.counts[name]}`), holed].join();
    if (key !== this.sumKey) {
      this.sumKey = key;
      const gaps = holed ? h("button", { class: "tk-ov-state missing", title: "List them in the table", on: { click: () => this.state.set({ view: "table", search: "missing > 0" }) } }, icon("missing"), h("b", null, count(holed)), ` ${holed === 1 ? "lacks" : "lack"} events`) : null;
      fill(this.sum, [...known.map((name) => {
        const button = h("button", { class: `tk-ov-state ${name}`, title: "List them in the table" }, sign(name, false), h("b", null, count(chosen.counts[name])), " ", WORDS[name]);
        button.addEventListener("click", () => this.state.set({ view: "table", search: `state=${name}` }));
        return button;
      }), gaps]);
    }
    text(this.news, newsOf(rows, this.since_s));
    this.news.hidden = !this.news.textContent;
  }

  /** @param {"alive" | "trouble" | "best" | "ended"} key @param {any[]} all @param {import("./choosing.js").Chosen} chosen @returns {any[]} rows that stand there */
  drawPart(key, all, chosen) {
    const part = this.parts[key];
    // Two that can be compared: one alone is no best.
    const isThere = key === "best" ? all.length > 1 : key === "alive" || all.length > 0;
    part.node.hidden = !isThere;
    if (!isThere) return [];
    const rows = all.slice(0, this.shown[key]);
    part.none.hidden = all.length > 0 || key !== "alive";
    if (key === "best") {
      this.by.say(this.headline?.metric ?? "metric");
      text(part.note, `${this.headline?.goal === "min" ? "the lowest" : "the highest"} last value of ${plural(all.length, "experiment")}`);
    } else text(part.note, all.length > rows.length ? `${count(rows.length)} of ${count(all.length)}` : "");
    part.more.hidden = all.length <= rows.length || key === "best";
    text(part.more, `Show ${count(Math.min(MORE, all.length - rows.length))} more`);
    const keep = new Set(rows.map((row) => row.id));
    for (const [id, line] of part.lines) {
      if (keep.has(id)) continue;
      line.node.remove();
      part.lines.delete(id);
    }
    const bests = new Set(chosen.best.slice(0, 1).map((row) => row.id));
    rows.forEach((row, i) => {
      let line = part.lines.get(row.id);
      if (!line) part.lines.set(row.id, (line = new Line(key, this.open)));
      // Only what moved is moved: focus and the reader's place stay.
      if (part.list.children[i] !== line.node) part.list.insertBefore(line.node, part.list.children[i] ?? null);
      line.paint(row, { loss: this.loss ?? null, headline: this.headline ?? null, sparks: this.sparks, now_s: this.experiments.now_s(), rank: i + 1, isBest: chosen.best.length > 1 && bests.has(row.id), isNew: this.since_s > 0 && row.created_s > this.since_s });
    });
    return rows;
  }

  light() {
    const hot = this.state.get("hot");
    for (const { lines } of Object.values(this.parts)) for (const [id, line] of lines) line.node.classList.toggle("hot", id === hot);
  }
}

/** @type {Record<string, string>} */
const WORDS = { running: "running", paused: "paused", lost_contact: "lost contact", failed: "failed", interrupted: "interrupted", finished: "finished" };

/** What came since the last visit. @param {any[]} all @param {number} since_s */
function newsOf(all, since_s) {
  if (!since_s) return "";
  const rows = all.filter((row) => !isOut(row)); // nobody looks for what was put away
  const began = rows.filter((row) => row.created_s > since_s).length;
  const ends = (/** @type {string} */ state) => rows.filter((row) => row.state === state && row.since_s > since_s).length;
  const parts = [began && `${count(began)} started`, ...["failed", "lost_contact", "interrupted", "finished"].map((state) => ends(state) && `${count(ends(state))} ${WORDS[state]}`)].filter(Boolean);
  return parts.length ? `Since your last visit (${clock(since_s)}): ${listed(/** @type {string[]} */ (parts))}.` : `Nothing began or ended since your last visit (${clock(since_s)}).`;
}
