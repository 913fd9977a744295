// What an experiment said in words: log lines that follow, texts, errors, marks. Only what is new is asked for.

import { fill, h, later, text } from "../base/dom.js";
import { clock, count, iso, number, plural } from "../base/words.js";

const EVERY_MS = 2000;
const FIRST_LINES = 400; // events; each may hold several lines
const MOST_LINES = 5000; // kept in the page; older ones are counted
const KINDS = ["text", "error", "mark", "refused"];

function panel(title) {
  const note = h("span", { class: "tk-soft" });
  const body = h("div", { class: "tk-panel-body" });
  const head = h("div", { class: "tk-panel-head" }, h("h2", null, title), note, h("span", { class: "tk-grow" }));
  return Object.assign(h("section", { class: "tk-panel", hidden: true }, head, body), { note, body, head });
}

export class Journal {
  /** @param {{source: any, id: string}} parts */
  constructor({ source, id }) {
    this.source = source;
    this.id = id;
    this.live = true;
    this.closed = false;
    this.errors = panel("Errors");
    this.texts = panel("Texts");
    this.marks = panel("Marks and checkpoints");
    this.log = panel("Log");
    this.lines = /** @type {any[]} */ ([]);
    this.dropped = 0;
    this.after = { console: 0, words: 0 };
    this.found = { error: [], text: [], mark: [] };
    this.left = /** @type {{error?: any, checkpoints?: boolean}} */ ({});
    this._buildLog();
    this.poll();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }

  _buildLog() {
    this.filter = h("input", { type: "search", placeholder: "Filter lines", "aria-label": "Filter log lines", spellcheck: "false" });
    this.filter.addEventListener("input", later(() => this.drawLog(), 30));
    this.log.head.append(h("label", { class: "tk-field sm" }, this.filter));
    this.box = h("div", { class: "tk-log", role: "log", "aria-live": "off", tabindex: "0", "aria-label": "Log lines" });
    this.log.body.append(this.box);
    this.follows = true;
    this.box.addEventListener("scroll", () => {
      this.follows = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 24;
      this.sayLog();
    });
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
    const fresh = [];
    for (const { content } of events) {
      const time_s = content.time_us / 1e6;
      if (content.dropped) fresh.push({ time_s, kind: "skip", words: `${plural(content.dropped, "line")} left out by the limit on captured output` });
      for (const words of content.lines ?? []) fresh.push({ time_s, kind: kindOf(words, content.stream), words });
    }
    this.lines.push(...fresh);
    this.dropped += Math.max(0, this.lines.length - MOST_LINES);
    this.lines.splice(0, Math.max(0, this.lines.length - MOST_LINES));
    this.log.hidden = false;
    if (first || this.filter.value) this.drawLog();
    else this.append(fresh);
  }

  drawLog() {
    this.box.replaceChildren();
    this.append(this.lines);
  }

  append(lines) {
    const search = this.filter.value.toLowerCase().trim();
    const hits = search ? lines.filter((line) => line.words.toLowerCase().includes(search)) : lines;
    this.box.append(...hits.map(lineOf));
    while (this.box.childElementCount > MOST_LINES) this.box.firstChild.remove();
    if (search && !this.box.childElementCount) this.box.append(h("p", { class: "tk-soft" }, `None of the last ${count(this.lines.length)} lines holds “${this.filter.value}”.`));
    if (this.follows) this.box.scrollTop = this.box.scrollHeight;
    this.sayLog();
  }

  sayLog() {
    const way = !this.live ? "" : this.follows ? "follows; " : "scroll to the end to follow; ";
    text(this.log.note, `${way}${plural(this.lines.length, "line")}${this.dropped ? `, ${count(this.dropped)} older ones not shown` : ""}`);
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
    this.errors.hidden = !found.length;
    text(this.errors.note, plural(found.length, "error"));
    fill(this.errors.body, found.slice(-20).reverse().map(errorOf));
  }

  drawTexts() {
    const rows = this.found.text.flatMap((event) => Object.entries(event.values ?? {}).map(([name, words]) => ({ name, words, step: event.step, time_s: event.time_us / 1e6 })));
    this.texts.hidden = !rows.length;
    text(this.texts.note, rows.length > 100 ? `the last 100 of ${count(rows.length)}` : count(rows.length));
    const line = (row) => h("tr", null, h("td", { class: "num tk-soft", title: iso(row.time_s) }, stepOf(row.step)), h("td", null, row.name), h("td", null, h("pre", { class: "tk-text" }, String(row.words))));
    fill(this.texts.body, h("table", { class: "tk-plain tk-texts" }, h("thead", null, h("tr", null, ["step", "name", "text"].map((word, i) => h("th", { class: i ? "" : "num" }, word)))), h("tbody", null, rows.slice(-100).reverse().map(line))));
  }

  drawMarks() {
    const found = this.left.checkpoints ? this.found.mark.filter((event) => event.mark !== "checkpoint") : this.found.mark;
    this.marks.hidden = !found.length;
    text(this.marks.note, count(found.length));
    const line = (event) =>
      h("tr", null, h("td", { class: "num", title: iso(event.time_us / 1e6) }, stepOf(event.step)), h("td", null, event.mark), h("td", { title: detailOf(event) }, saidBy(event)));
    fill(this.marks.body, h("table", { class: "tk-plain" }, h("thead", null, h("tr", null, ["step", "mark", "what"].map((word, i) => h("th", { class: i ? "" : "num" }, word)))), h("tbody", null, found.slice(-50).reverse().map(line))));
  }
}

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

function kindOf(words, stream) {
  if (/\b(error|exception|traceback|fatal)\b/i.test(words)) return "error";
  if (/\bwarn(ing)?\b/i.test(words)) return "warn";
  return stream === "stderr" ? "stderr" : "";
}

function lineOf({ time_s, kind, words }) {
  return h("div", { class: kind || undefined }, h("time", { title: iso(time_s) }, clock(time_s).slice(-8)), h("span", null, words));
}

function errorOf(event) {
  const time_s = event.time_us / 1e6;
  if (event.kind === "refused") {
    return h("div", { class: "tk-error" }, h("p", null, h("b", null, `${plural(event.count ?? 0, "log() call")} not recorded`), " ", h("span", { class: "tk-soft" }, `steps ${stepOf(event.first_step)} to ${stepOf(event.last_step)}: ${event.reason ?? ""}`)));
  }
  const where = [clock(time_s), event.step === null || event.step === undefined ? null : `step ${number(event.step)}`, event.rank === null || event.rank === undefined ? null : `rank ${event.rank}`].filter(Boolean).join(", ");
  return h("div", { class: "tk-error" }, h("p", null, h("b", null, event.error ?? "Error"), " ", h("span", { class: "tk-soft", title: iso(time_s) }, where)), h("pre", null, event.message ?? ""), event.trace ? h("details", null, h("summary", null, "Stack trace"), h("pre", null, event.trace)) : null);
}
