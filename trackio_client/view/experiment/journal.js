// What an experiment said in words: log lines that follow, texts, errors, marks. Only what is new is asked for.

import { bringIntoView } from "../base/bring.js";
import { every } from "../data/pace.js";
import { fill, h } from "../base/dom.js";
import { eventOf } from "../data/state.js";
import { nameOf } from "./leading.js";
import { LogPanel } from "./log.js";
import { Pane, plainTable } from "./pane.js";
import { when } from "../base/times.js";
import { count, iso, number, plural } from "../base/words.js";

const EVERY_MS = 2000;
const FIRST_LINES = 400; // events; each may hold several lines
const FIRST = { error: 20, text: 100, mark: 50 }; // rows of each panel
const MORE = 500; // rows that a button adds
const PAGE = 1000; // events of one answer
const MOST_PAGES = 20; // in one turn: a training that told hundreds of thousands shows the first of them meanwhile
const KINDS = ["text", "error", "mark", "refused"];

export class Journal {
  /** @param {{source: any, id: string, name?: () => string, event?: () => string | null}} parts `event`: the one that a link is about */
  constructor({ source, id, name, event = () => null }) {
    this.event = event;
    this.source = source;
    this.id = id;
    this.closed = false;
    this.errors = new Pane("Errors", { key: "errors" });
    this.texts = new Pane("Texts", { key: "texts" });
    this.marks = new Pane("Marks and checkpoints", { key: "marks" });
    this.log = new LogPanel({ source, id, name });
    this.after = { console: 0, words: 0 };
    this.found = { error: [], text: [], mark: [] };
    this.left = /** @type {{error?: any, checkpoints?: boolean}} */ ({});
    this.most = { ...FIRST };
    this.errors.root.addEventListener("trackio-tell", (event) => this.tell("error", this.listedErrors(), event.detail));
    this.marks.root.addEventListener("trackio-tell", (event) => this.tell("mark", this.listedMarks(), event.detail));
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
    if (!this.closed) this.timer = setTimeout(() => this.poll(), this.live ? every(EVERY_MS) : every(EVERY_MS) * 5);
  }

  async askLog() {
    const first = this.after.console === 0;
    const ask = first ? { kinds: ["console"], limit: FIRST_LINES, newest: true } : { kinds: ["console"], after: this.after.console, limit: 1000 };
    const { events } = await this.source.events(this.id, ask);
    if (this.closed || !events.length) return;
    this.after.console = events.at(-1).position;
    this.log.add(events, first);
  }

  /** All that was told since, page after page. */
  async askWords() {
    for (let page = 0; page < MOST_PAGES; page++) {
      const { events, more } = await this.source.events(this.id, { kinds: KINDS, after: this.after.words, limit: PAGE });
      if (this.closed || !events.length) return;
      this.after.words = events.at(-1).position;
      for (const { content } of events) this.found[content.kind === "refused" ? "error" : content.kind]?.push(content);
      this.isBehind = Boolean(more);
      if (!more || page % 5 === 0) this.draw();
      if (!more) return;
    }
    this.draw();
  }

  draw() {
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

  /** Somebody looks for one of these: as many rows as it takes. @param {"error" | "mark"} kind @param {any[]} events @param {string} place */
  tell(kind, events, place) {
    const at = events.findIndex((event) => placeOfEvent(event) === place);
    if (at < 0 || events.length - at <= this.most[kind]) return;
    this.most[kind] = events.length - at;
    this.draw();
  }

  /** Buttons for those that are not drawn. @param {keyof typeof FIRST} kind @param {number} total @param {string} word */
  more(kind, total, word) {
    const left = total - this.most[kind];
    if (left <= 0) return null;
    const button = (words, most) => h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.most[kind] = most), this.draw()) } }, words);
    const all = button(`Show ${left === 1 ? `1 earlier ${word}` : `all ${count(total)}`}`, Infinity);
    return left > MORE ? [button(`Show ${count(MORE)} earlier ${word}s`, this.most[kind] + MORE), all] : all;
  }

  /** "the last 50 of 1,200". @param {keyof typeof FIRST} kind @param {number} total @param {string} word */
  counted(kind, total, word) {
    const words = total > this.most[kind] ? `the last ${count(this.most[kind])} of ${count(total)}` : word ? plural(total, word) : count(total);
    return this.isBehind ? `${words}, more are on their way` : words;
  }

  listedErrors() {
    const { error } = this.left;
    const isTold = (/** @type {any} */ event) => event.kind === "error" && error && event.error === error.error && String(event.message ?? "").slice(0, 200) === String(error.message ?? "").slice(0, 200);
    return this.found.error.filter((event) => !isTold(event));
  }

  drawErrors() {
    const found = this.listedErrors();
    this.errors.show(found.length > 0);
    this.errors.say(this.counted("error", found.length, "error"));
    const open = new Set([...this.errors.body.querySelectorAll("details[open]")].map((/** @type {any} */ each) => each.dataset.key)); // a trace that is read stays open
    fill(this.errors.body, last(found, this.most.error).map((event) => errorOf(event, open)), this.more("error", found.length, "error"));
  }

  drawTexts() {
    const rows = this.found.text.flatMap((event) => Object.entries(event.values ?? {}).map(([name, words]) => ({ name, words, step: event.step, time_s: event.time_us / 1e6 })));
    this.texts.show(rows.length > 0);
    this.texts.say(this.counted("text", rows.length, ""));
    const line = (row) => h("tr", null, h("td", { class: "num tk-soft", title: iso(row.time_s) }, stepOf(row.step)), h("td", { title: row.name }, row.name), h("td", null, h("pre", { class: "tk-text", tabindex: "0" }, String(row.words))));
    this.fillTable(this.texts.body, plainTable({ label: "Texts", class: "tk-texts", head: headOf(["step", "name", "text"]), rows: last(rows, this.most.text).map(line) }), this.more("text", rows.length, "text"));
  }

  listedMarks() {
    return this.left.checkpoints ? this.found.mark.filter((event) => event.mark !== "checkpoint") : this.found.mark;
  }

  drawMarks() {
    const found = this.listedMarks();
    this.marks.show(found.length > 0);
    this.marks.say(this.counted("mark", found.length, ""));
    const wanted = this.event();
    const isWanted = (event) => wanted !== null && eventOf(this.id, event.time_us / 1e6) === wanted;
    const at = wanted === null ? -1 : found.findIndex(isWanted);
    if (at >= 0 && wanted !== this.brought) this.most.mark = Math.max(this.most.mark, found.length - at);
    const line = (event) =>
      h("tr", { class: isWanted(event) ? "tk-wanted" : null, data: { at: placeOfEvent(event) } }, h("td", { class: "num", title: iso(event.time_us / 1e6) }, stepOf(event.step)), h("td", null, event.mark), h("td", { title: detailOf(event) }, saidBy(event)));
    this.fillTable(this.marks.body, plainTable({ label: "Marks and checkpoints", class: "tk-marks", head: headOf(["step", "mark", "what"]), rows: last(found, this.most.mark).map(line) }), this.more("mark", found.length, "mark"));
    this.bring(wanted);
  }

  /** A frame keeps the place that it was scrolled to. @param {HTMLElement} body @param {HTMLElement} table @param {any} buttons */
  fillTable(body, table, buttons) {
    const place = body.firstElementChild?.scrollTop ?? 0;
    fill(body, table, buttons);
    if (place) table.scrollTop = place;
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

/** The newest first. @param {any[]} rows @param {number} most */
const last = (rows, most) => (rows.length > most ? rows.slice(-most) : [...rows]).reverse();

/** @param {any} event */
const placeOfEvent = ({ kind, mark, step, time_us }) => nameOf({ experiment: "", kind: kind === "mark" ? String(mark ?? "note") : kind, step: step ?? null, time_s: time_us / 1e6, title: "" });

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
  const where = [event.step === null || event.step === undefined ? "" : `, step ${number(event.step)}`, event.rank === null || event.rank === undefined ? "" : `, rank ${event.rank}`];
  return h("div", { class: "tk-error", data: { at: placeOfEvent(event) } }, h("p", null, h("b", null, event.error ?? "Error"), " ", h("span", { class: "tk-soft" }, when(time_s), where)), h("pre", { tabindex: "0" }, event.message ?? ""), event.trace ? h("details", { data: { key }, open: open.has(key) }, h("summary", null, "Stack trace"), h("pre", { tabindex: "0" }, event.trace)) : null);
}
