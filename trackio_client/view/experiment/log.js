// @ts-check
/** The log of an experiment: what it printed, as it prints it. It follows until the reader scrolls; nothing moves under a selection. */

import { LongList } from "./lines.js";
import { LineReader, columnsOf, plainOf, lastState, rowsOf, runsOf } from "./loglines.js";
import { Pane } from "./pane.js";
import { h, later, text } from "../base/dom.js";
import { save } from "../base/files.js";
import { icon } from "../base/icons.js";
import { matcher, mistakeIn } from "../base/matching.js";
import { menuButton } from "../base/menu.js";
import { troubleOf } from "../base/trouble.js";
import { count, iso, plural } from "../base/words.js";

/** @typedef {import("./loglines.js").Line & {columns: number}} Line */

const FIRST_EVENTS = 400; // each may hold several lines
const PAGE_EVENTS = 10_000; // as many as one answer holds
const MOST_LINES = 200_000; // kept in the page; a file has all of them
const LINE_PX = 18;
const LEVELS = { all: "All lines", warn: "Warnings and errors", error: "Errors", stderr: "stderr", stdout: "stdout" };

export class LogPanel {
  /** @param {{source: any, id: string, name?: () => string}} parts */
  constructor({ source, id, name = () => id }) {
    this.source = source;
    this.id = id;
    this.name = name;
    this.isLive = true;
    this.pane = new Pane("Log", { key: "log", class: "tk-log-pane" });
    this.root = this.pane.root;
    this.reader = new LineReader();
    this.lines = /** @type {Line[]} */ ([]);
    this.hits = /** @type {number[] | null} */ (null); // of a search: places in `lines`
    this.left = 0; // older lines that are no longer kept
    this.unseen = 0;
    this.level = "all";
    this.follows = true;
    this.columns = 120;
    this.#build();
  }

  #build() {
    this.field = h("input", { type: "search", placeholder: "Filter lines", "aria-label": "Filter log lines", spellcheck: "false", title: "Words that a line holds, or /a regular expression/" });
    this.field.addEventListener("input", later(() => this.search(), 60));
    this.levels = menuButton({ label: LEVELS.all, title: "Which lines", items: () => Object.entries(LEVELS).map(([value, label]) => ({ value, label, chosen: value === this.level })), choose: (value) => this.choose(value) });
    this.button = h("button", { class: "tk-btn sm tk-follow", "aria-pressed": "true", on: { click: () => this.follow(!this.follows) } });
    this.save = h("button", { class: "tk-btn sm icon", title: "Save the whole log as a text file", "aria-label": "Save the whole log as a text file", on: { click: () => this.download() } }, icon("download"));
    this.trouble = troubleOf(this.field);
    this.pane.tools.append(h("label", { class: "tk-field sm" }, this.field, this.trouble.node), this.levels, this.button, this.save);
    this.box = h("div", { class: "tk-log", role: "log", "aria-live": "off", tabindex: "0", "aria-label": "Log lines" });
    this.none = h("p", { class: "tk-pane-words", hidden: true });
    this.earlier = h("button", { class: "tk-btn sm tk-log-earlier", hidden: true, on: { click: () => this.loadEarlier() } }, "Show earlier lines");
    this.pane.body.append(this.earlier, this.none, this.box);
    this.list = new LongList(this.box, { height: LINE_PX, make: (i) => this.#row(i) });
    this.box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.sight = new ResizeObserver(() => this.#sized());
    this.sight.observe(this.box);
  }

  close() {
    this.sight?.disconnect();
    this.pane.close();
    this.isClosed = true;
  }

  /** The page of the experiment is drawn anew, every few seconds. @param {boolean} isLive */
  live(isLive) {
    this.#date();
    if (this.isLive === isLive) return;
    this.isLive = isLive;
    this.#say();
  }

  /** Events of the console, in their order. @param {{content: any, writer_id?: string, seq?: number, position?: number}[]} events @param {boolean} [isFirst] */
  add(events, isFirst = false) {
    if (isFirst) {
      this.first = events[0]?.position ?? null;
      this.firstSeen = new Set(events.filter((each) => each.position === this.first).map(keyOf));
      this.earlier.hidden = events.length < FIRST_EVENTS;
    }
    const before = this.lines.length;
    this.#take(this.lines, events);
    if (this.lines.length === before) return;
    this.pane.show(true);
    const over = this.lines.length - MOST_LINES;
    if (over > 0) {
      this.lines.splice(0, over);
      this.left += over;
      return this.#redraw();
    }
    if (!this.follows) this.unseen += this.lines.length - before;
    if (this.hits) {
      for (let i = before; i < this.lines.length; i += 1) if (this.#isHit(this.lines[i])) this.hits.push(i);
    }
    if (this.box.hidden && this.hits?.length) return this.#redraw(); // until now none was a hit
    this.list.extend(this.hits?.length ?? this.lines.length, (i) => this.#rows(this.#line(i)));
    this.#toEnd();
    this.#say();
  }

  /** The first lines were of today, and it is another day: their own stands above them. */
  #date() {
    const [first] = this.lines;
    if (!first || first.level === "day" || dayOf(first.time_s) === dayOf(Date.now() / 1000)) return;
    this.lines.unshift(dayLine(first.time_s));
    const top = this.box.scrollTop;
    this.#redraw();
    if (!this.follows) this.box.scrollTop = top + (this.hits ? 0 : LINE_PX); // what is read stays where it is
  }

  /** @param {Line[]} lines @param {{content: any}[]} events */
  #take(lines, events, reader = this.reader) {
    for (const { content } of events) {
      for (const line of reader.read(content)) {
        const day = dayOf(line.time_s);
        const last = lines.at(-1);
        if (day !== (last ? dayOf(last.time_s) : dayOf(Date.now() / 1000))) lines.push(dayLine(line.time_s));
        lines.push(Object.assign(line, { columns: columnsOf(line.words) }));
      }
    }
  }

  /** @param {number} i of those that are shown */
  #line(i) {
    return this.lines[this.hits ? this.hits[i] : i];
  }

  /** @param {Line} line */
  #rows(line) {
    if (line.columns <= this.columns) return 1;
    return line.columns === line.words.length ? Math.ceil(line.columns / this.columns) : rowsOf([{ text: line.words, style: "" }], this.columns).length;
  }

  /** @param {number} i */
  #row(i) {
    const line = this.#line(i);
    const { level, stream, time_s } = line;
    if (level === "day") return h("div", { class: "day" }, line.words);
    const rows = rowsOf(line.raw ? runsOf(line.raw) : [{ text: line.words, style: "" }], this.columns);
    const word = this.word;
    const words = rows.map((runs) => h("span", null, runs.map(({ text: part, style }) => (style ? h("i", { class: style }, marked(part, word)) : marked(part, word)))));
    const found = this.hits ? { click: () => this.inContext(this.hits?.[i] ?? i) } : null;
    const title = [iso(time_s), stream, found ? "click: this line among the others" : ""].filter(Boolean).join(", ");
    return h("div", { class: [level, stream === "stderr" ? "stderr" : "", found ? "hit" : ""].filter(Boolean).join(" ") || null, on: found ?? {} }, h("time", { title }, timeOf(time_s)), h("div", null, words));
  }

  search() {
    const typed = this.field.value.trim();
    this.matches = matcher(typed);
    this.trouble?.tell(mistakeIn(typed));
    this.word = /^[^/\s]\S*$/.test(typed) ? typed.toLowerCase() : "";
    this.#redraw();
  }

  /** @param {string} level */
  choose(level) {
    this.level = level;
    /** @type {any} */ (this.levels).say(LEVELS[/** @type {keyof typeof LEVELS} */ (level)]);
    this.#redraw();
  }

  /** @param {Line} line */
  #isHit({ level, stream, words }) {
    if (this.level === "error" && level !== "error") return false;
    if (this.level === "warn" && level !== "error" && level !== "warn") return false;
    if ((this.level === "stderr" || this.level === "stdout") && stream !== this.level) return false;
    return this.matches ? level !== "day" && this.matches(words) : true;
  }

  #redraw() {
    this.hits = this.matches || this.level !== "all" ? [...this.lines.keys()].filter((i) => this.#isHit(this.lines[i])) : null;
    const nothing = this.hits?.length === 0;
    this.none.hidden = !nothing;
    this.box.hidden = nothing;
    if (nothing) text(this.none, `None of ${plural(this.lines.length, "line")} ${this.matches ? `holds “${this.field.value.trim()}”` : `is of this kind: ${LEVELS[/** @type {keyof typeof LEVELS} */ (this.level)].toLowerCase()}`}${this.matches && this.level !== "all" ? ` among ${LEVELS[/** @type {keyof typeof LEVELS} */ (this.level)].toLowerCase()}` : ""}.`);
    this.list.reset(this.hits?.length ?? this.lines.length, (i) => this.#rows(this.#line(i)));
    this.#toEnd();
    this.#say();
  }

  /** A line that was found, among its neighbours. @param {number} place in all lines */
  inContext(place) {
    if (String(getSelection() ?? "")) return; // the reader marks words to copy them
    this.field.value = "";
    [this.matches, this.word] = [null, ""];
    this.trouble?.tell(null);
    this.follows = false;
    this.choose("all");
    this.list.show(place);
    const node = this.list.drawn.get(place);
    node?.classList.add("found");
    this.box.focus({ preventScroll: true });
  }

  /** @param {boolean} follows */
  follow(follows) {
    this.follows = follows;
    if (follows) this.unseen = 0;
    this.#toEnd();
    this.#say();
  }

  #toEnd() {
    const chosen = getSelection();
    const marks = chosen && !chosen.isCollapsed && this.box.contains(chosen.anchorNode);
    if (!this.follows || marks) return;
    this.box.scrollTop = this.box.scrollHeight;
    this.list.draw();
  }

  #scrolled() {
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < LINE_PX + 6;
    if (atEnd === this.follows) return;
    this.follows = atEnd;
    if (atEnd) this.unseen = 0;
    this.#say();
  }

  #sized() {
    const width = this.box.clientWidth;
    if (!width || width === this.width) return;
    this.width = width;
    this.letter ||= letterOf(this.box);
    const columns = Math.max(16, Math.floor((width - (width < 480 ? 76 : 108)) / this.letter));
    if (columns === this.columns) return;
    const [top, place] = [this.follows, this.list.at(this.box.scrollTop)];
    this.columns = columns;
    this.list.reset(this.hits?.length ?? this.lines.length, (i) => this.#rows(this.#line(i)));
    if (top) this.#toEnd();
    else this.box.scrollTop = this.list.tops[place] * LINE_PX;
  }

  #say() {
    const shown = this.hits ? `${count(this.hits.length)} of ${plural(this.lines.length, "line")}` : plural(this.lines.length, "line");
    this.pane.say([shown, this.left ? `${count(this.left)} older ones left out: the file has them` : ""].filter(Boolean).join(", "));
    this.button.hidden = !this.isLive && this.follows;
    this.button.setAttribute("aria-pressed", String(this.follows));
    text(this.button, this.follows ? "Following" : this.unseen ? `To the end, ${count(this.unseen)} new` : "To the end");
    this.button.title = this.follows ? "New lines come into view by themselves. Press, or scroll up, to stay where you are." : this.isLive ? "Go to the newest line and follow" : "Go to the last line";
  }

  /** Everything before the first line that is here. */
  async loadEarlier() {
    this.earlier.disabled = true;
    try {
      const found = [];
      await this.#pages((events) => {
        const older = events.filter((each) => each.position < this.first || (each.position === this.first && !this.firstSeen?.has(keyOf(each))));
        found.push(...older);
        text(this.earlier, `${plural(found.length, "part")} so far`);
        return older.length === events.length;
      });
      /** @type {Line[]} */ const lines = [];
      this.#take(lines, found, new LineReader());
      const [rows, top] = [this.list.tops.at(-1) ?? 0, this.box.scrollTop];
      const room = MOST_LINES - this.lines.length;
      this.left += Math.max(0, lines.length - room);
      if (this.lines[0]?.level === "day" && lines.length && dayOf(lines[lines.length - 1].time_s) === this.lines[0].words) this.lines.shift();
      this.lines = [...lines.slice(Math.max(0, lines.length - room)), ...this.lines];
      this.earlier.hidden = true;
      const follows = this.follows;
      this.#redraw();
      if (!follows) this.box.scrollTop = top + ((this.list.tops.at(-1) ?? 0) - rows) * LINE_PX; // what is read stays where it is
    } catch (error) {
      text(this.earlier, "Show earlier lines");
      this.pane.say(`Earlier lines did not come: ${/** @type {Error} */ (error).message}`);
    }
    this.earlier.disabled = false;
  }

  /** All events of the console from the first on, until `take` wants no more. @param {(events: any[]) => boolean} take */
  async #pages(take) {
    for (let after = 0, more = true; more && !this.isClosed; ) {
      const answer = await this.source.events(this.id, { kinds: ["console"], after, limit: PAGE_EVENTS });
      if (!answer.events.length || !take(answer.events)) return;
      after = answer.events.at(-1).position;
      more = answer.more === true;
    }
  }

  /** Each line with its time in UTC, without colours: as long as it is, not only what the page keeps. */
  async download() {
    this.save.disabled = true;
    try {
      /** @type {string[]} */ const parts = [];
      await this.#pages((events) => {
        for (const { content } of events) {
          const when = iso(content.time_us / 1e6);
          if (content.dropped) parts.push(`${when} [${plural(content.dropped, "line")} left out by the limit on captured output]\n`);
          for (const line of content.lines ?? []) parts.push(`${when} ${plainOf(lastState(String(line)))}\n`);
        }
        return true;
      });
      save(`${this.name() || "experiment"}.log`, "text/plain;charset=utf-8", ...parts);
    } catch (error) {
      this.pane.say(`The log was not saved: ${/** @type {Error} */ (error).message}`);
    }
    this.save.disabled = false;
  }
}

/** @param {{writer_id?: string, seq?: number}} event */
const keyOf = ({ writer_id: writer, seq }) => `${writer} ${seq}`;
/** @param {number} time_s */
const timeOf = (time_s) => new Date(time_s * 1000).toLocaleTimeString("en-GB");
/** @param {number} time_s */
const dayOf = (time_s) => new Date(time_s * 1000).toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
/** @param {number} time_s @returns {Line} */
const dayLine = (time_s) => ({ time_s, stream: "", level: "day", words: dayOf(time_s), raw: null, columns: 1 });

/** A text with what was looked for marked in it. @param {string} words @param {string | undefined} word */
function marked(words, word) {
  if (!word) return words;
  /** @type {any[]} */ const found = [];
  const low = words.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(word); at >= 0; at = low.indexOf(word, from)) {
    found.push(words.slice(from, at), h("mark", null, words.slice(at, at + word.length)));
    from = at + word.length;
  }
  return [...found, words.slice(from)];
}

/** The width of a letter of the log, px. @param {HTMLElement} box */
function letterOf(box) {
  const probe = h("span", { class: "tk-log-probe" }, "0".repeat(100));
  box.append(probe);
  const width = probe.getBoundingClientRect().width / 100;
  probe.remove();
  return width || 7.3;
}
