// @ts-check
/** The time line as a table: the figures of its curves, and what happened, in order, each with the way to where the page tells more of it. */

import { fill, h, text } from "../base/dom.js";
import { tableOf } from "../charts/figures.js";
import { plainTable } from "./pane.js";
import { kindOf, KINDS, signOf } from "./lane.js";
import { nameOf } from "./leading.js";
import { when } from "../base/times.js";
import { number, plural } from "../base/words.js";

const FIRST_ROWS = 200;

/** @typedef {import("../charts/marks.js").Mark} Mark */

export class TimeTable {
  /** @param {import("./timeline.js").TimelinePanel} line */
  constructor(line) {
    this.line = line;
    this.isOn = false;
    this.isSeen = false;
    this.all = false;
    this.key = "";
    this.button = h("button", { class: "tk-btn sm", "aria-pressed": "false", title: "The figures and events as a table (t)", on: { click: () => this.show(!this.isOn) } }, "Table");
    this.figures = h("div", { class: "tk-chart-table tk-timeline-figures", tabindex: "0" });
    this.events = h("div", null);
    this.root = h("div", { hidden: true }, this.figures, this.events);
    this.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "t" || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.show(false);
    });
    this.sight = new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting === this.isSeen) return;
      this.isSeen = entry.isIntersecting;
      if (this.isOn) line.layOut();
    }, { rootMargin: "160px 0px" });
    this.sight.observe(this.root);
  }

  close() {
    this.sight.disconnect();
  }

  /** @param {boolean} isOn */
  show(isOn) {
    if (isOn === this.isOn) return;
    this.isOn = isOn;
    if (isOn) this.isSeen = true; // it stands where the reader looks
    this.button.setAttribute("aria-pressed", String(isOn));
    this.root.hidden = !isOn;
    this.line.drawn.hidden = isOn;
    this.key = "";
    this.line.layOut();
    if (!isOn) this.line.stack.redraw();
    if (!this.root.contains(document.activeElement)) this.button.focus({ preventScroll: true });
  }

  /** @param {Mark} mark @returns {HTMLElement | null} */
  lineOf(mark) {
    const find = () => /** @type {HTMLElement | null} */ (this.events.querySelector(`[data-at="${CSS.escape(nameOf(mark))}"]`));
    if (!find()) (this.all = true), this.draw();
    return find();
  }

  draw() {
    if (!this.isOn) return;
    const { line } = this;
    const lines = line.stack.strips.flatMap((strip) => strip.tableLines().map((each) => ({ ...each, name: line.stack.strips.length > 1 && each.name !== strip.spec.title ? `${strip.spec.title}, ${each.name}` : each.name })));
    const marks = line.marks();
    const key = JSON.stringify([line.x, this.all, lines.map(({ name, whole }) => [name, whole.n, whole.version]), marks.length, marks.at(-1)]);
    if (key === this.key) return;
    this.key = key;
    tableOf(this.figures, { metric: "the time line", group: "" }, lines, line.x, { of: "curve", hint: "t shows the time line again" });
    this.#list(marks);
  }

  /** @param {Mark[]} marks */
  #list(marks) {
    const shown = this.all ? marks : marks.slice(-FIRST_ROWS);
    const left = marks.length - shown.length;
    const head = ["step", "time", "event", "what"].map((word, i) => h("th", { class: i ? "" : "num", scope: "col" }, word));
    const place = this.events.firstElementChild?.scrollTop ?? 0;
    const table = plainTable({ label: "Events of the time line", class: "tk-events", head, rows: [...shown].reverse().map((mark) => this.#row(mark)) });
    fill(this.events, marks.length ? table : h("p", { class: "tk-pane-words" }, "Nothing but numbers so far."),
      left > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${plural(left, "earlier event")}`) : null);
    table.scrollTop = place;
  }

  /** @param {Mark} mark */
  #row(mark) {
    const { kind, step, time_s, title } = mark;
    const word = KINDS[kind] ? kindOf(kind).word : kind;
    const leads = this.line.placesOf(kind, mark).some((key) => this.line.page.querySelector(`[data-pane="${key}"]`)?.checkVisibility());
    const what = h(leads ? "button" : "span", leads ? { class: "tk-link", title: "Go to where it is told", on: { click: () => this.line.open(kind, mark) } } : null);
    text(what, title || word);
    return h("tr", { data: { at: nameOf(mark) } }, h("td", { class: "num" }, step === null ? "–" : number(step)), h("td", null, time_s ? when(time_s) : "–"), h("td", null, h("span", { class: "tk-inline" }, signOf(kind), word)), h("td", { title }, what));
  }
}
