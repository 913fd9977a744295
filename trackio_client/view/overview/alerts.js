// @ts-check
/** What the trainings of a project told by alert(), the newest first. One question brings them, and only when the rows say that there
 * are others than before. Which of them are new since the reader last looked is remembered in this browser. */
import { fill, h, text } from "../base/dom.js";
import { middle } from "../base/fit.js";
import { remember, remembered } from "../base/remember.js";
import { swatchOf, variableOf } from "../base/colors.js";
import { isOut } from "../base/marks.js";
import { alertSign } from "../base/alerts.js";
import { when } from "../base/times.js";
import { capital, count, plural } from "../base/words.js";
import { eventOf } from "../data/state.js";

const FIRST = 6;
const MORE = 24;
const ASKED = 300;

/** @typedef {{experiment_id: string, writer_id: string, seq: number, time_s: number | null, step: number | null, title: string | null, text: string | null, level: string}} Alert */

export class AlertsPart {
  /** @param {{state: import("../data/state.js").PageState, source: any, came: () => void, open: (id: string, event: string | null) => void}} parts */
  constructor({ state, source, came, open }) {
    this.state = state;
    this.source = source;
    this.came = came;
    this.open = open;
    this.list = h("div", { class: "tk-ov-list", role: "list", "aria-label": "Alerts" });
    this.note = h("span", { class: "tk-soft" });
    this.more = h("button", { class: "tk-link", hidden: true });
    this.node = h("section", { class: "tk-ov-part alerts", "aria-label": "Alerts", hidden: true }, h("div", { class: "tk-ov-head" }, h("h2", null, "Alerts"), this.note, h("span", { class: "tk-grow" }), this.more), this.list);
    this.more.addEventListener("click", () => {
      this.shown += MORE;
      this.came();
    });
    /** @type {Alert[]} */ this.alerts = [];
    /** @type {Map<string, HTMLElement>} */ this.lines = new Map();
    /** @type {Map<string, any>} those of the reader's lists that told alerts */ this.rows = new Map();
    this.held = ""; // what the rows said of alerts when these were fetched
    this.leftOut = ""; // said where not all can be shown
    this.isAsking = false;
    this.isKnown = false; // what there is was fetched
    this.shown = FIRST;
    /** The newest that was looked at before; null on a first visit, of which nothing is new. @type {number | null} */
    this.seen_s = null;
  }

  /** Another project. */
  forget() {
    Object.assign(this, { alerts: [], rows: new Map(), held: "", leftOut: "", isAsking: false, isKnown: false, shown: FIRST });
    this.list.replaceChildren();
    this.node.hidden = true;
    this.looked();
  }

  /** Those of experiments in the reader's lists. @returns {Alert[]} */
  listed() {
    return this.alerts.filter((alert) => this.rows.has(alert.experiment_id));
  }

  /** How many came since the reader last looked. */
  news() {
    return this.seen_s === null ? 0 : this.listed().filter((alert) => this.isNew(alert)).length;
  }

  /** @param {Alert} alert */
  isNew(alert) {
    return this.seen_s !== null && (alert.time_s ?? 0) > this.seen_s;
  }

  /** The reader leaves: what stood here is known. @param {string} project */
  keep(project) {
    if (!this.isKnown) return;
    remember({ alertsSeen: { ...remembered().alertsSeen, [project]: Math.max(this.seen_s ?? 0, ...this.alerts.map((alert) => alert.time_s ?? 0)) } });
  }

  /** The reader is back after a while: what came since is new. */
  looked() {
    const seen = remembered().alertsSeen?.[this.state.get("project")];
    this.seen_s = typeof seen === "number" ? seen : null;
    this.lines.clear();
  }

  /** @param {any[]} all rows of the project @param {number} now_s */
  draw(all, now_s) {
    const told = all.filter((row) => row.alert_count > 0);
    this.rows = new Map(told.filter((row) => !isOut(row)).map((row) => [row.id, row]));
    const key = told.map((row) => `${row.id} ${row.alert_count} ${row.archived}`).join("\n");
    this.ask(key);
    this.isKnown = all.length > 0 && key === this.held;
    const alerts = this.listed();
    this.node.hidden = alerts.length === 0;
    if (this.node.hidden) return;
    const shown = alerts.slice(0, this.shown);
    const total = [...this.rows.values()].reduce((sum, row) => sum + row.alert_count, 0);
    const fresh = this.news();
    text(this.note, [fresh && `${count(fresh)} new`, plural(total, "alert"), `of ${plural(this.rows.size, "experiment")}`].filter(Boolean).join(", ").replace(", of", " of") + (this.leftOut ? `. ${this.leftOut}` : ""));
    this.more.hidden = alerts.length <= shown.length;
    text(this.more, `Show ${count(Math.min(MORE, alerts.length - shown.length))} more`);
    const nodes = shown.map((alert) => {
      const row = this.rows.get(alert.experiment_id);
      const key = `${alert.writer_id} ${alert.seq} ${row.name} ${row.color} ${this.isNew(alert)}`;
      const made = this.lines.get(key) ?? this.line(alert, row, now_s);
      this.lines.set(key, made);
      return made;
    });
    if (nodes.length !== this.list.children.length || nodes.some((node, i) => node !== this.list.children[i])) fill(this.list, nodes);
  }

  /** @param {string} key what the rows say of alerts */
  async ask(key) {
    if (this.isAsking || key === this.held || !this.source.alerts) return;
    if (!key) return void Object.assign(this, { held: "", alerts: [] });
    this.isAsking = true;
    const project = this.state.get("project");
    try {
      const { alerts, left_out: leftOut = "" } = await this.source.alerts(project, { limit: ASKED });
      if (project !== this.state.get("project")) return;
      Object.assign(this, { alerts, leftOut, held: key });
      this.came();
    } catch {
      // The poll of the list tells what is wrong; the next drawing asks again.
    } finally {
      this.isAsking = false;
    }
  }

  /** @param {Alert} alert @param {any} row @param {number} now_s */
  line(alert, row, now_s) {
    const event = eventOf(alert.experiment_id, alert.time_s);
    const name = h("a", { class: "tk-ov-name", title: [row.name, row.id].join("\n") }, middle(row.name));
    name.href = `?${new URLSearchParams({ project: row.project, experiment: row.id, ...(event ? { event } : {}) })}`;
    const what = h("a", { class: "tk-ov-alert" }, alert.title || "Alert");
    what.href = name.href;
    for (const link of [name, what]) {
      link.addEventListener("click", (/** @type {any} */ click) => {
        if (click.ctrlKey || click.metaKey || click.shiftKey || click.button) return;
        click.preventDefault();
        this.open(row.id, event);
      });
    }
    const words = alert.text && alert.text !== alert.title ? alert.text : "";
    const node = h("div", { class: `tk-ov-line alert ${alert.level}${this.isNew(alert) ? " new" : ""}`, role: "listitem", data: { id: row.id } },
      h("span", { class: "tk-ov-lead" }, alertSign(alert.level)),
      h("div", { class: "tk-ov-said" }, h("span", null, this.isNew(alert) ? h("b", { class: "tk-ov-new" }, "new") : null, what), h("span", { class: "tk-ov-more", title: words }, words)),
      h("div", { class: "tk-ov-who" }, name),
      h("span", { class: "tk-soft tk-ov-step" }, alert.step === null ? "" : `step ${count(alert.step)}`),
      h("span", { class: "tk-soft tk-ov-when" }, alert.time_s === null ? null : when(alert.time_s, "clock", now_s)));
    node.setAttribute("aria-label", `${capital(alert.level)}: ${alert.title ?? "Alert"}`);
    node.style.setProperty("--c", `var(${variableOf(row.color)})`);
    node.style.setProperty("--swatch", swatchOf(row.color));
    return node;
  }
}
