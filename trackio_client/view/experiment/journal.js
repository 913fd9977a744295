// What an experiment said in words: log lines that follow, texts, errors, marks. Only what is new is asked for.

import { bringIntoView } from "../base/bring.js";
import { fill, h } from "../base/dom.js";
import { eventOf } from "../data/state.js";
import { LogPanel } from "./log.js";
import { Pane, plainTable } from "./pane.js";
import { clock, count, iso, number, plural } from "../base/words.js";

const EVERY_MS = 2000;
const FIRST_LINES = 400; // events; each may hold several lines
const FIRST_ERRORS = 20;
const KINDS = ["text", "error", "mark", "refused"];

export class Journal {
  /** @param {{source: any, id: string, name?: () => string, event?: () => string | null}} parts `event`: the one that a link is about */
  constructor({ source, id, name, event = () => null }) {
    this.event = event;
    this.source = source;
    this.id = id;
    this.closed = false;
    this.errors = new Pane("Errors");
    this.texts = new Pane("Texts");
    this.marks = new Pane("Marks and checkpoints");
    this.log = new LogPanel({ source, id, name });
    this.after = { console: 0, words: 0 };
    this.found = { error: [], text: [], mark: [] };
    this.left = /** @type {{error?: any, checkpoints?: boolean}} */ ({});
    this.allErrors = false;
    this.live = true;
    this.poll();
  }

  get live() {
    return this.isLive;
  }

  set live(isLive) {
    this.isLive = isLive;
    this.log.live(isLive);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    for (const panel of [this.errors, this.texts, this.marks, this.log]) panel.close();
  }

  async poll() {
    clearTimeout(this.timer);
    if (!document.hidden) {
      try {
        await Promise.all([this.askLog(), this.askWords()]);
      } catch {
        // The bar above the page says that nobody answers; the next round asks again.
      }
    }
    if (!this.closed) this.timer = setTimeout(() => this.poll(), this.live ? EVERY_MS : EVERY_MS * 5);
  }

  async askLog() {
    const first = this.after.console === 0;
    const ask = first ? { kinds: ["console"], limit: FIRST_LINES, newest: true } : { kinds: ["console"], after: this.after.console, limit: 1000 };
    const { events } = await this.source.events(this.id, ask);
    if (this.closed || !events.length) return;
    this.after.console = events.at(-1).position;
    this.log.add(events, first);
  }

  async askWords() {
    const { events } = await this.source.events(this.id, { kinds: KINDS, after: this.after.words, limit: 1000 });
    if (this.closed || !events.length) return;
    this.after.words = events.at(-1).position;
    for (const { content } of events) this.found[content.kind === "refused" ? "error" : content.kind]?.push(content);
    this.drawErrors();
    this.drawTexts();
    this.drawMarks();
  }

  /** What a panel of the page tells already, and fuller. @param {{error?: any, checkpoints?: boolean}} told */
  leave(told) {
    const key = JSON.stringify([told.error?.error, told.error?.message, told.checkpoints]);
    if (key === this.leftKey) return;
    this.leftKey = key;
    this.left = told;
    this.drawErrors();
    this.drawMarks();
  }

  drawErrors() {
    const { error } = this.left;
    const isTold = (/** @type {any} */ event) => event.kind === "error" && error && event.error === error.error && String(event.message ?? "").slice(0, 200) === String(error.message ?? "").slice(0, 200);
    const found = this.found.error.filter((event) => !isTold(event));
    this.errors.show(found.length > 0);
    this.errors.say(plural(found.length, "error"));
    const shown = this.allErrors ? found : found.slice(-FIRST_ERRORS);
    const open = new Set([...this.errors.body.querySelectorAll("details[open]")].map((/** @type {any} */ each) => each.dataset.key)); // a trace that is read stays open
    fill(this.errors.body, [...shown].reverse().map((event) => errorOf(event, open)),
      found.length > shown.length ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.allErrors = true), this.drawErrors()) } }, `Show ${plural(found.length - shown.length, "earlier error")}`) : null);
  }

  drawTexts() {
    const rows = this.found.text.flatMap((event) => Object.entries(event.values ?? {}).map(([name, words]) => ({ name, words, step: event.step, time_s: event.time_us / 1e6 })));
    this.texts.show(rows.length > 0);
    this.texts.say(rows.length > 100 ? `the last 100 of ${count(rows.length)}` : count(rows.length));
    const line = (row) => h("tr", null, h("td", { class: "num tk-soft", title: iso(row.time_s) }, stepOf(row.step)), h("td", { title: row.name }, row.name), h("td", null, h("pre", { class: "tk-text", tabindex: "0" }, String(row.words))));
    fill(this.texts.body, plainTable({ label: "Texts", class: "tk-texts", head: headOf(["step", "name", "text"]), rows: rows.slice(-100).reverse().map(line) }));
  }

  drawMarks() {
    const found = this.left.checkpoints ? this.found.mark.filter((event) => event.mark !== "checkpoint") : this.found.mark;
    this.marks.show(found.length > 0);
    this.marks.say(count(found.length));
    const wanted = this.event();
    const isWanted = (event) => wanted !== null && eventOf(this.id, event.time_us / 1e6) === wanted;
    const line = (event) =>
      h("tr", { class: isWanted(event) ? "tk-wanted" : "" }, h("td", { class: "num", title: iso(event.time_us / 1e6) }, stepOf(event.step)), h("td", null, event.mark), h("td", { title: detailOf(event) }, saidBy(event)));
    fill(this.marks.body, plainTable({ label: "Marks and checkpoints", head: headOf(["step", "mark", "what"]), rows: found.filter((event, i) => i >= found.length - 50 || isWanted(event)).reverse().map(line) }));
    this.bring(wanted);
  }

  /** Bring the event that a link is about into view, once. @param {string | null} wanted */
  bring(wanted) {
    const row = /** @type {HTMLElement | null} */ (this.marks.body.querySelector(".tk-wanted"));
    if (wanted === this.brought || !row) return;
    this.brought = wanted;
    const fold = /** @type {HTMLElement | null} */ (this.marks.root.querySelector('.tk-pane-fold[aria-expanded="false"]'));
    fold?.click();
    requestAnimationFrame(() => row.isConnected && bringIntoView(row));
  }
}

/** @param {string[]} names  the first is a number's */
const headOf = (names) => names.map((word, i) => h("th", { class: i ? "" : "num", scope: "col" }, word));

function stepOf(step) {
  return step === null || step === undefined ? "–" : number(step);
}

/** What a mark says: its title, and the words that came with it (an alert's). */
function saidBy(event) {
  const words = event.data?.text;
  return [event.title, typeof words === "string" && words !== event.title ? words : null].filter(Boolean).join(": ") || detailOf(event);
}

function detailOf(event) {
  return Object.entries(event.data ?? {}).map(([key, value]) => `${key.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ");
}

/** @param {any} event @param {Set<string>} open */
function errorOf(event, open) {
  const time_s = event.time_us / 1e6;
  const key = `${event.time_us} ${event.error}`;
  if (event.kind === "refused") {
    return h("div", { class: "tk-error" }, h("p", null, h("b", null, `${plural(event.count ?? 0, "log() call")} not recorded`), " ", h("span", { class: "tk-soft" }, `steps ${stepOf(event.first_step)} to ${stepOf(event.last_step)}: ${event.reason ?? ""}`)));
  }
  const where = [clock(time_s), event.step === null || event.step === undefined ? null : `step ${number(event.step)}`, event.rank === null || event.rank === undefined ? null : `rank ${event.rank}`].filter(Boolean).join(", ");
  return h("div", { class: "tk-error" }, h("p", null, h("b", null, event.error ?? "Error"), " ", h("span", { class: "tk-soft", title: iso(time_s) }, where)), h("pre", { tabindex: "0" }, event.message ?? ""), event.trace ? h("details", { data: { key }, open: open.has(key) }, h("summary", null, "Stack trace"), h("pre", { tabindex: "0" }, event.trace)) : null);
}
