// The list of experiments beside the charts: tick, colour, name, state, one value, age. Only rows in view are in the DOM.

import { alertWords, alertsSign } from "../base/alerts.js";
import { swatchOf, variableOf } from "../base/colors.js";
import { eachFrame, h, isTyping, text } from "../base/dom.js";
import { fitMiddle } from "../base/fit.js";
import { icon, sign, stateWord } from "../base/icons.js";
import { followKept, keep } from "../base/kept.js";
import { SORTS, grouped, sorted, wordsOfOrder } from "../base/listing.js";
import { filtered, queryOf } from "../base/query.js";
import { isMarked, isOut } from "../base/marks.js";
import { menuButton, openMenu } from "../base/menu.js";
import { remember, remembered } from "../base/remember.js";
import { BUT_SEED } from "../base/seeds.js";
import { age, columnFormat, count, exact, iso, plural } from "../base/words.js";
import { hide, rowItems, star, watch } from "./rowmenu.js";

const ROW = 32;
const MARK_WORDS = { starred: "starred", ringing: "watched", missing: "events are missing" };
const SPARE = 6; // rows made above and below what is seen
const DEMO_PX = 40; // what the mark of made-up data takes of the name
const ALERTS_PX = 16; // and their number
const MOST_TICKED = 100; // more lines than that say nothing, and cost everyone

export class SideBar {
  /**
   * @param {HTMLElement} root
   * @param {{state: import("../data/state.js").PageState, source: any, experiments: import("../data/experiments.js").Experiments,
   *          columns: import("../data/columns.js").Columns, open: (id: string) => void}} parts
   */
  constructor(root, { state, source, experiments, columns, open }) {
    this.source = source;
    this.state = state;
    this.experiments = experiments;
    this.columns = columns;
    this.open = open;
    this.folded = new Set(remembered().foldedGroups ?? []);
    this.lines = [];
    this.hits = [];
    this.at = -1; // the row that the keyboard stands on
    this.anchor = /** @type {string|null} */ (null); // where a shift-click range begins
    this.pool = new Map();
    this.root = root;
    this._build();
    this.showsOut = false; // those that are archived, or hidden by the reader
    state.follow(["experiments", "progress", "search", "sort", "column", "metrics", "marks", "sideBy"], eachFrame(() => this.arrange()));
    followKept(state, "sideBy", (kept) => (typeof kept === "string" && kept ? kept : "group"));
    state.follow(["project"], () => (this.showsOut = false));
    state.addEventListener("change", (/** @type {any} */ event) => {
      if (event.detail.has("hot") || event.detail.has("experiment") || event.detail.has("view")) this.paintMarks();
    });
    experiments.addEventListener("contact", () => this.hits.length || this.sayNone(state.get("experiments").length));
    setInterval(() => document.hidden || this.draw(), 5000); // ages
  }

  _build() {
    this.all = h("input", { type: "checkbox", class: "tk-box", "aria-label": "Show all listed experiments", title: "Show or hide all listed" });
    this.all.addEventListener("change", () => this.tickAll());
    this.shown = h("span", { class: "tk-side-count", role: "status" });
    this.value = menuButton({
      label: "value",
      title: "Value to show beside each experiment",
      class: "tk-side-col",
      items: () => this.columns.items([this.state.get("column")], { steps: true }),
      choose: (column) => this.state.set({ column }),
    });
    const order = h("button", { class: "tk-side-sort", title: "Sort, group", "aria-label": "Sort or group the experiments", "aria-haspopup": "listbox" }, icon("sort"));
    const choose = (value) => (value.startsWith(BY) ? keep(this.state, "sideBy", value.slice(BY.length)) : this.state.set({ sort: value }));
    order.addEventListener("click", () => openMenu(order, { title: "Sort or group by", items: this.orderItems(), choose }));
    const head = h("div", { class: "tk-side-head" }, this.all, this.shown, order, this.value, h("span", { class: "tk-side-age" }, "age"));
    this.sizer = h("div", { class: "tk-side-sizer" });
    this.scroller = h(
      "div",
      { class: "tk-side-rows", role: "list", "aria-label": "Experiments", tabindex: "0" },
      this.sizer,
    );
    this.none = h("div", { class: "tk-side-none", hidden: true });
    this.out = h("div", { class: "tk-side-out", hidden: true });
    this.root.append(head, this.none, this.scroller, this.out);
    this.draw = this.draw.bind(this);
    const soon = eachFrame(this.draw);
    this.scroller.addEventListener("scroll", soon, { passive: true });
    new ResizeObserver(soon).observe(this.scroller);
    this.sizer.addEventListener("click", (event) => this.clicked(event));
    this.sizer.addEventListener("pointerover", (event) => this.hover(event));
    this.scroller.addEventListener("pointerleave", () => this.state.set({ hot: null }));
    document.addEventListener("keydown", (event) => this.key(event));
  }

  sortItems() {
    const now = this.state.get("sort");
    const column = this.state.get("column");
    const keys = [...Object.entries(SORTS), ...(column?.includes(":") ? [[column, this.columns.label(column)]] : [])];
    return keys.flatMap(([key, label]) =>
      ["-", ""].map((way) => ({ value: way + key, label, note: wayWord(key, way), chosen: now === way + key })),
    );
  }

  async orderItems() {
    const by = this.by;
    const keys = await this.columns.configKeys();
    const item = (value, label, group) => ({ value: BY + value, label, group, chosen: by === value });
    const known = by.startsWith("config:") && !keys.includes(by.slice(7)) ? [by.slice(7), ...keys] : keys;
    const own = { group: "group, as logged", none: "no groups", name: "name without seed", ...(keys.length ? { [BUT_SEED]: "everything but the seed" } : {}) };
    return [
      ...this.sortItems().map((each) => ({ ...each, group: "Sort by" })),
      ...Object.entries(own).map(([value, label]) => item(value, label, "Group by")),
      ...known.map((key) => item(`config:${key}`, key, "Group by config")),
    ];
  }

  get by() {
    return this.state.get("sideBy") ?? "group";
  }

  /** Filter, sort and group anew; then draw what is in view. */
  arrange() {
    const state = this.state;
    const all = state.get("experiments");
    const found = sorted(filtered(all, state.get("search")), state.get("sort"));
    // Who asks for archived ones by name gets them.
    const asksForOut = /\barchived\b/.test(state.get("search") ?? "");
    this.hits = this.showsOut || asksForOut ? found : found.filter((row) => !isOut(row));
    const here = this.lines[this.at]?.row?.id; // where the keys stand: a new experiment pushes the others down
    this.lines = linesOf(this.hits, this.folded, this.by);
    this.at = here === undefined ? -1 : this.lines.findIndex((line) => line.row?.id === here);
    this.sayOut(found);
    const ticked = all.filter((row) => row.shown).length;
    const listed = this.showsOut ? all.length : all.length - all.filter(isOut).length;
    text(this.shown, `${count(ticked)} of ${count(listed)}`);
    this.shown.title = `${count(ticked)} of ${count(listed)} experiments are shown in the charts`;
    const listedTicked = this.hits.filter((row) => row.shown).length;
    this.all.checked = listedTicked > 0 && listedTicked === this.hits.length;
    this.all.indeterminate = listedTicked > 0 && listedTicked < this.hits.length;
    const column = state.get("column");
    this.value.say(column ? this.columns.label(column) : "value");
    this.read = column?.includes(":") ? (row) => row.columns[column] : column === "steps" ? (row) => row.last_step : () => undefined;
    this.format = columnFormat(this.hits.slice(0, 500).map(this.read));
    this.sizer.style.height = `${this.lines.length * ROW}px`;
    this.none.hidden = this.hits.length > 0;
    if (!this.hits.length) this.sayNone(all.length);
    this.draw();
  }

  /** How many are out of sight, and the way to see them. @param {any[]} found */
  sayOut(found) {
    const hidden = found.filter((row) => isMarked("hidden", row.id)).length;
    const archived = found.filter((row) => row.archived === true && !isMarked("hidden", row.id)).length;
    this.out.hidden = hidden + archived === 0;
    if (this.out.hidden) return;
    const words = [hidden && `${count(hidden)} hidden by you`, archived && `${count(archived)} archived`].filter(Boolean).join(", ");
    const key = `${words} ${this.showsOut}`;
    if (key === this.outKey) return;
    this.outKey = key;
    const turn = h("button", { class: "tk-link", "aria-pressed": String(this.showsOut) }, this.showsOut ? "Put away" : "Show");
    turn.addEventListener("click", () => {
      this.showsOut = !this.showsOut;
      this.arrange();
      this.out.querySelector("button")?.focus();
    });
    this.out.replaceChildren(words, turn);
  }

  sayNone(total) {
    const search = this.state.get("search");
    if (this.experiments.contact.phase !== "ready" && !search) return this.none.replaceChildren(); // the middle says what is wrong
    if (!total || !search) return this.none.replaceChildren(h("p", null, this.state.get("project") ? "No experiments yet." : "No project is open."));
    const clear = h("button", { class: "tk-btn sm", on: { click: () => this.state.set({ search: "" }) } }, "Show all");
    return this.none.replaceChildren(h("p", null, `None of ${count(total)} experiments ${queryOf(search).terms.length ? `fits “${search}”` : `holds “${search}” in its name, group, tags or state`}.`), clear);
  }

  /** Put the rows that are in view into the DOM; a row that stays keeps its element, and so focus and hover. */
  draw() {
    if (this.wide !== this.scroller.clientWidth) {
      this.wide = this.scroller.clientWidth;
      this.room = 0; // for a name; measured at the first row
    }
    const top = this.scroller.scrollTop;
    const from = Math.max(0, Math.floor(top / ROW) - SPARE);
    const to = Math.min(this.lines.length, Math.ceil((top + (this.scroller.clientHeight || 600)) / ROW) + SPARE);
    const stay = new Set();
    for (let i = from; i < to; i++) {
      const line = this.lines[i];
      const key = line.row ? line.row.id : `group ${this.by} ${line.head}`;
      stay.add(key);
      let node = this.pool.get(key);
      if (!node) {
        node = line.row ? this.makeRow(line.row) : this.makeHead(line);
        this.pool.set(key, node);
        this.sizer.append(node);
      }
      if (node.place !== i) node.style.transform = `translateY(${(node.place = i) * ROW}px)`;
      line.row ? this.paintRow(node, line.row) : this.paintHead(node, line);
    }
    for (const [key, node] of this.pool) {
      if (stay.has(key)) continue;
      node.remove();
      this.pool.delete(key);
    }
    this.paintMarks();
  }

  makeRow(row) {
    const tick = h("input", { type: "checkbox", class: "tk-tick", tabindex: "-1" });
    const name = h("a", { class: "tk-name", tabindex: "-1" });
    const state = h("span", { class: "tk-row-state" });
    const value = h("span", { class: "tk-row-value" });
    const old = h("span", { class: "tk-row-age" });
    const marks = h("span", { class: "tk-row-marks" });
    const demo = row.demo ? h("span", { class: "tk-demo", title: "Made-up data, not a training" }, "demo") : null;
    const more = h("button", { class: "tk-row-more", tabindex: "-1", "aria-haspopup": "listbox" }, icon("more"));
    const node = h("div", { class: "tk-row", role: "listitem", data: { id: row.id } }, tick, h("span", { class: "tk-row-who" }, name, demo, marks), state, value, old, more);
    node.parts = { tick, name, state, value, old, marks, more };
    return node;
  }

  paintRow(node, row) {
    const { tick, name, state, value, old, marks, more } = node.parts;
    const signs = `${isMarked("starred", row.id) ? "starred " : ""}${isMarked("watched", row.id) ? "ringing " : ""}${row.missing > 0 ? "missing" : ""}`.trim();
    const told = `${signs}|${alertWords(row)}`;
    if (node.signs !== told) {
      node.signs = told;
      marks.replaceChildren(...signs.split(" ").filter(Boolean).map((each) => icon(each, MARK_WORDS[each])), ...(row.alert_count > 0 ? [alertsSign(row)] : []));
      node.room = -1; // the name has another width now
    }
    node.classList.toggle("out", isOut(row));
    if (node.row !== row || node.said !== this.state.get("progress") || node.column !== this.state.get("column") || node.format !== this.format) {
      node.row = row;
      node.said = this.state.get("progress");
      node.column = this.state.get("column");
      node.format = this.format;
      node.style.setProperty("--c", `var(${variableOf(row.color)})`);
      node.style.setProperty("--swatch", swatchOf(row.color));
      node.classList.toggle("off", !row.shown);
      node.classList.toggle("dash", row.dash);
      tick.checked = row.shown;
      tick.setAttribute("aria-label", `Show ${row.name}`);
      more.setAttribute("aria-label", `What to do with ${row.name}`);
      more.title = "Star, hide, watch …";
      name.title = [row.name, row.group && `group ${row.group}`, row.tags?.length && `tags ${row.tags.join(", ")}`, row.missing > 0 && `${plural(row.missing, "event")} missing: its page names them`, row.id].filter(Boolean).join("\n");
      name.href = `?${new URLSearchParams({ project: row.project, experiment: row.id })}`;
      if (node.state !== row.state) {
        state.replaceChildren(sign((node.state = row.state)));
        state.title = capitalised(row);
      }
      const read = this.read(row);
      text(value, read === undefined ? "" : this.format(read));
      value.title = read === undefined || read === null ? "" : exact(read);
    }
    const room = (this.room ||= name.parentElement.clientWidth) - 16 * marks.childElementCount - (row.alert_count > 1 ? ALERTS_PX : 0) - (row.demo ? DEMO_PX : 0);
    if (name.words !== row.name || name.room !== room) this.fitName(name, row.name, room);
    text(old, age(this.experiments.now_s() - row.created_s));
    old.title = iso(row.created_s);
  }

  fitName(name, words, room) {
    this.font ??= fontOf(name);
    name.words = words;
    name.room = room;
    text(name, fitMiddle(words, room, this.font));
    if (name.textContent === words) name.removeAttribute("aria-label");
    else name.setAttribute("aria-label", words);
  }

  makeHead(line) {
    const caret = h("span", { class: "tk-caret" });
    const button = h("button", { class: "tk-group-fold" }, caret, h("b", { title: line.head }, titleOf(line.head, this.by)), h("span", { class: "tk-group-count" }));
    const node = h("div", { class: "tk-group", role: "listitem", data: { group: line.head } }, button);
    node.parts = { caret, button, number: button.lastChild };
    return node;
  }

  paintHead(node, line) {
    const folded = this.folded.has(line.head);
    if (node.folded !== folded) node.parts.caret.replaceChildren(icon((node.folded = folded) ? "right" : "down"));
    node.parts.button.setAttribute("aria-expanded", String(!folded));
    text(node.parts.number, count(line.count));
  }

  /** Hovered, open, and under the keyboard: marks that change often and touch nothing else. */
  paintMarks() {
    const hot = this.state.get("hot");
    const open = this.state.get("view") === "experiment" ? this.state.get("experiment") : null;
    const at = this.lines[this.at]?.row?.id;
    for (const [id, node] of this.pool) {
      node.classList.toggle("hot", id === hot);
      node.classList.toggle("here", id === open);
      node.classList.toggle("at", id === at);
    }
  }

  clicked(event) {
    const head = event.target.closest(".tk-group");
    if (head) return this.fold(head.dataset.group);
    const node = event.target.closest(".tk-row");
    if (!node) return undefined;
    const id = node.dataset.id;
    this.at = this.lines.findIndex((line) => line.row?.id === id);
    if (event.target.closest(".tk-row-more")) return this.menu(node.row, event.target.closest(".tk-row-more"));
    if (event.target.closest("a")) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return undefined; // a link like any other
      event.preventDefault();
      return this.open(id);
    }
    const on = event.target.matches("input") ? event.target.checked : !node.row.shown;
    this.tick(id, on, event.shiftKey);
    return undefined;
  }

  /** @param {any} row @param {HTMLElement} button */
  menu(row, button) {
    const { items, run } = rowItems(row, { experiments: this.experiments, source: this.source, may: this.state.get("may"), open: this.open, at: button });
    openMenu(button, { title: row.name, items, choose: (value) => run(value) });
  }

  tick(id, on, range) {
    const ids = this.lines.filter((line) => line.row).map((line) => line.row.id); // as the reader sees them
    const from = range && this.anchor ? ids.indexOf(this.anchor) : -1;
    const to = ids.indexOf(id);
    const which = from < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.anchor = id;
    this.experiments.tick(which, on);
  }

  tickAll() {
    const some = this.hits.some((row) => row.shown);
    const areFull = this.hits.slice(0, MOST_TICKED).every((row) => row.shown); // another press would tick the same ones
    if (some && (!this.all.checked || areFull)) return this.experiments.tick(this.hits.map((row) => row.id), false);
    return this.experiments.tick(this.hits.slice(0, MOST_TICKED).map((row) => row.id), this.all.checked);
  }

  fold(group) {
    this.folded.has(group) ? this.folded.delete(group) : this.folded.add(group);
    remember({ foldedGroups: [...this.folded] });
    this.arrange();
  }

  hover(event) {
    this.state.set({ hot: event.target.closest(".tk-row")?.dataset.id ?? null });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (!this.scroller.offsetParent) return; // folded away
    const row = this.lines[this.at]?.row;
    const act = {
      j: () => this.walk(1),
      k: () => this.walk(-1),
      x: () => row && this.tick(row.id, !row.shown, false),
      X: () => row && this.tick(row.id, true, true),
      o: () => (row ?? this.hot()) && this.experiments.tickOnly([(row ?? this.hot()).id]),
      s: () => row && star(row),
      h: () => row && hide([row], this.experiments),
      w: () => row && watch(row),
      m: () => row && this.menu(row, this.pool.get(row.id)?.parts.more),
      Enter: () => row && event.target === this.scroller && this.open(row.id),
    }[event.key];
    if (!act) return;
    if (event.key !== "Enter" || event.target === this.scroller) event.preventDefault();
    act();
  }

  hot() {
    return this.hits.find((row) => row.id === this.state.get("hot"));
  }

  /** Move the keyboard's row, over group heads, and bring it into view. */
  walk(by) {
    let next = this.at;
    do next += by;
    while (this.lines[next] && !this.lines[next].row);
    if (!this.lines[next]) return;
    this.at = next;
    const top = next * ROW;
    const view = this.scroller;
    if (top < view.scrollTop) view.scrollTop = top;
    else if (top + ROW > view.scrollTop + view.clientHeight) view.scrollTop = top + ROW - view.clientHeight;
    view.focus({ preventScroll: true });
    this.draw();
    this.state.set({ hot: this.lines[next].row.id });
  }
}

const BY = "by ";
const STARRED = "\u0000starred";
const OTHERS = "\u0000others";

/** The lines of the list: the reader's starred ones first, under a head of their own. @param {any[]} rows @param {Set<string>} folded @param {string} by */
function linesOf(rows, folded, by) {
  const starred = rows.filter((row) => isMarked("starred", row.id));
  if (!starred.length) return grouped(rows, folded, by);
  const others = rows.filter((row) => !isMarked("starred", row.id));
  const under = (head, members) => [{ head, count: members.length, rows: members }, ...(folded.has(head) ? [] : members.map((row) => ({ row })))];
  return [...under(STARRED, starred), ...(grouped(others, folded, by).some((line) => "head" in line) ? grouped(others, folded, by) : others.length ? under(OTHERS, others) : [])];
}

/** @param {string} head @param {string} by */
const titleOf = (head, by) => ({ [STARRED]: "Starred", [OTHERS]: "All others", "": by === BUT_SEED ? "no settings" : by.startsWith("config:") ? `no ${by.slice(7)}` : "no group" })[head] ?? head;

/** What a canvas takes as a font; the style's own shorthand is empty where figures are tabular. @param {Element} node */
function fontOf(node) {
  const { fontWeight, fontSize, fontFamily } = getComputedStyle(node);
  return `${fontWeight} ${fontSize} ${fontFamily}`;
}

function capitalised(row) {
  return row.evidence ? `${stateWord(row.state)}: ${typeof row.evidence === "string" ? row.evidence : ""}` : stateWord(row.state);
}

function wayWord(key, way) {
  if (key === "age") return way ? "newest first" : "oldest first";
  if (key === "name") return way ? "z to a" : "a to z";
  return wordsOfOrder(key, way) ?? (way ? "largest first" : "smallest first");
}
