// @ts-check
/** Every experiment as a table: any columns, filtered by expressions, sorted by several, in groups, and chosen to do something with them.
 * Only the rows and columns in view are in the page, so that 10,000 experiments and as many metrics scroll alike. */
import { copyComing } from "../base/clipboard.js";
import { eachFrame, fill, h, isTyping, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { orderOf, sorted } from "../base/listing.js";
import { isMarked, isOut, onMarks } from "../base/marks.js";
import { openMenu } from "../base/menu.js";
import { filtered, queryOf } from "../base/query.js";
import { BUT_SEED } from "../base/seeds.js";
import { toast } from "../base/toast.js";
import { age, count, plural } from "../base/words.js";
import { Actions } from "./actions.js";
import { baselineOf, openBaselines, setBaseline } from "./baseline.js";
import { Cells } from "./cells.js";
import { Choosing } from "./choosing.js";
import { TableColumns, kindOf, labelOf } from "./columns.js";
import { FilterField } from "./filterfield.js";
import { groupsOf, sortedGroups } from "./groups.js";
import { headCell } from "./head.js";
import { groupNode, rowNode, shortOf } from "./lines.js";

const taking = () => import("./taking.js"); // fetched when it is wanted: rows do not wait for it

const ROW = 32;
const SPARE = 8; // rows made above and below what is seen
const SPARE_PX = 240; // of columns, left and right of it
const PICK = 36;
const OPEN_UP_TO = 200; // rows: longer lists begin with folded groups
const MOST_MADE = 400;

export class TableView {
  /** @param {HTMLElement} root @param {import("../shell/views.js").Parts} parts */
  constructor(root, { state, source, experiments, columns, open }) {
    this.root = root;
    this.state = state;
    this.source = source;
    this.experiments = experiments;
    this.open = open;
    this.columns = new TableColumns(state, columns, source);
    this.choosing = new Choosing();
    /** @type {any[]} */ this.rows = [];
    /** @type {any[]} */ this.lines = [];
    this.at = /** @type {string | null} */ (null); // the row that the keyboard stands on
    this.dragging = /** @type {string | null} */ (null);
    this.showsOut = false;
    /** @type {Map<string, any>} */ this.made = new Map();
    this.window = [-1];
    this._build();
    state.follow(["project"], () => this.opened());
    state.follow(["experiments", "progress", "search", "sort", "columns", "metrics", "view", "tablePins", "tableGroups", "tableBase", "tableFolds"], () => this.redraw());
    onMarks(() => this.redraw());
    this.choosing.addEventListener("change", () => this.paintChosen());
    setInterval(() => document.hidden || root.hidden || this.tellAges(), 5000);
  }

  _build() {
    this.note = h("span", { class: "tk-soft tk-table-note", role: "status" });
    this.filter = new FilterField(this.state, () => this.columns.items([]));
    const menu = (/** @type {any} */ made, /** @type {string} */ words, /** @type {string} */ title, /** @type {(at: HTMLElement) => any} */ run) => {
      const button = h("button", { class: "tk-btn sm", "aria-haspopup": "listbox", title }, icon(made), h("span", null, words));
      button.addEventListener("click", () => run(button));
      return button;
    };
    this.out = h("button", { class: "tk-btn sm bare", hidden: true, title: "Archived, or hidden by you" });
    this.out.addEventListener("click", () => ((this.showsOut = !this.showsOut), this.redraw()));
    this.grouping = menu("list", "Group", "Group by columns", (at) => this.openGroups(at));
    const choose = menu("columns", "Columns", "Choose columns", async (at) => openMenu(at, { title: "Columns", several: true, items: this.columns.items(this.columns.chosen() ?? []), choose: (key) => this.columns.toggle(key) }));
    const take = menu("download", "CSV, LaTeX", "Take away what is listed", async (at) => (await taking()).openTaking(this, at));
    this.against = menu("sort", "Baseline", "Differences in percent to one experiment", (at) => openBaselines(this.state, this.rows, at));
    this.binned = h("button", { class: "tk-btn sm bare", hidden: true, title: "What was deleted within seven days" }, "Bin");
    this.binned.addEventListener("click", () => this.state.set({ view: "bin", experiment: null }));
    this.source.session?.().then((/** @type {any} */ who) => (this.binned.hidden = !(this.source.bin && /^(writer|owner)$/.test(who.role))), () => {});
    this.cols = h("colgroup", null);
    this.head = h("thead", null);
    this.above = h("tr", { class: "tk-space", "aria-hidden": "true" }, h("td", null));
    this.below = h("tr", { class: "tk-space", "aria-hidden": "true" }, h("td", null));
    this.body = h("tbody", null);
    this.table = h("table", { class: "tk-table", "aria-label": "Experiments" }, this.cols, this.head, this.body);
    this.scroller = h("div", { class: "tk-table-scroll", tabindex: "0", role: "region", "aria-label": "Table of experiments" }, this.table);
    this.none = h("div", { class: "tk-table-none", hidden: true });
    this.actions = new Actions({ state: this.state, source: this.source, experiments: this.experiments, choosing: this.choosing, copy: () => this.copy(), against: (id) => setBaseline(this.state, id) });
    fill(this.root, h("div", { class: "tk-table-bar" }, this.filter.root, this.note, this.out, h("span", { class: "tk-grow" }), h("span", { class: "tk-table-tools" }, this.grouping, this.against, choose, take, this.binned)), this.scroller, this.none, this.actions.root);
    const soon = eachFrame(() => this.draw());
    this.scroller.addEventListener("scroll", soon, { passive: true });
    new ResizeObserver(soon).observe(this.scroller);
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault()); // a range of rows, not of text
    document.addEventListener("keydown", (event) => this.key(event));
  }

  opened() {
    const [pins, groups] = [this.columns.kept("pins"), this.columns.kept("groups")];
    this.choosing.clear();
    if (!this.state.get("project") || this.knownProject === this.state.get("project")) return;
    const isFirst = this.knownProject === undefined; // what the address says stands before what is remembered
    this.knownProject = this.state.get("project");
    const said = (/** @type {string} */ key, /** @type {any} */ kept) => (isFirst && this.state.get(key)?.length ? this.state.get(key) : kept ?? []);
    this.state.set({ tablePins: said("tablePins", pins), tableGroups: said("tableGroups", groups), ...(isFirst ? {} : { tableBase: null, tableFolds: [] }) });
  }

  // --- what is listed ---------------------------------------------------------------------------------------------------

  redraw() {
    if (this.state.get("view") !== "table") return;
    const chosen = this.columns.chosen();
    if (!chosen) return;
    if (!this.state.get("columns")) return void this.state.set({ columns: chosen, usualColumns: chosen }); // this comes again
    const all = this.state.get("experiments");
    const search = this.state.get("search") ?? "";
    const found = filtered(all, search, this.experiments.now_s());
    const asksForOut = this.showsOut || /\barchived\b/.test(search);
    this.rows = sorted(asksForOut ? found : found.filter((/** @type {any} */ row) => !isOut(row)), this.state.get("sort"));
    const by = this.state.get("tableGroups") ?? [];
    const pins = this.columns.pins().filter((key) => chosen.includes(key));
    this.pinned = ["name", ...pins];
    this.others = chosen.filter((key) => !pins.includes(key));
    this.keys = [...this.pinned, ...this.others];
    this.cells = new Cells(this.rows, this.state.get("metrics") ?? [], () => this.experiments.now_s());
    this.groups = by.length ? this.grouped(by) : [];
    this.cells.groups = this.groups;
    this.cells.baseline = baselineOf(this.state);
    this.lines = by.length ? this.groups.flatMap((group) => [{ group }, ...(this.isFolded(group) ? [] : group.rows.map((row) => ({ row })))]) : this.rows.map((row) => ({ row }));
    this.choosing.keepOnly((id) => this.experiments.rows.has(id));
    this.say(all, found.filter(isOut), asksForOut);
    this.made = new Map();
    this.window = [-1];
    this.draw();
  }

  /** @param {string[]} by */
  grouped(by) {
    const groups = groupsOf(this.rows, by);
    const [first] = orderOf(this.state.get("sort"));
    if (!first || kindOf(first.key) === "text" || kindOf(first.key) === "time") return groups; // as their rows stand: states and alerts have an order of their own
    return sortedGroups(groups, first.key, first.falling);
  }

  /** @param {any[]} all @param {any[]} out those that the filter finds, and lists leave out @param {boolean} showsOut */
  say(all, out, showsOut) {
    const by = this.state.get("tableGroups") ?? [];
    const listed = this.rows.length === all.length ? plural(all.length, "experiment") : `${count(this.rows.length)} of ${count(all.length)}`;
    text(this.note, `${listed}${by.length ? ` in ${plural(this.groups.length, "group")}` : ""}`);
    const hidden = out.filter((row) => isMarked("hidden", row.id)).length;
    const which = [hidden && `${count(hidden)} hidden by you`, hidden < out.length && `${count(out.length - hidden)} archived`].filter(Boolean).join(", ");
    this.out.hidden = !out.length;
    text(this.out, this.showsOut ? `Put away ${which}` : `Show ${which}`);
    this.out.setAttribute("aria-pressed", String(showsOut));
    const base = this.state.get("tableBase");
    text(this.against.lastChild, base ? `Against ${this.cells.baseline?.name ?? "one that is not here"}` : "Baseline");
    text(this.grouping.lastChild, by.length ? `Group: ${by.map(labelOf).join(", ")}` : "Group");
    this.none.hidden = this.rows.length > 0;
    if (this.rows.length || !all.length) return;
    const search = this.state.get("search") ?? "";
    const clear = h("button", { class: "tk-btn sm" }, search ? "Show all" : "Show them");
    clear.addEventListener("click", () => (search ? this.state.set({ search: "" }) : ((this.showsOut = true), this.redraw())));
    fill(this.none, h("p", null, search ? `None of ${count(all.length)} experiments ${queryOf(search).terms.length ? "fits" : "holds"} “${search}”.` : `All ${count(all.length)} experiments are archived, or hidden by you.`), clear);
  }

  /** @param {import("./groups.js").Group} group */
  isFolded(group) {
    return (this.rows.length > OPEN_UP_TO) !== this.state.get("tableFolds").includes(shortOf(group.key));
  }

  // --- what is seen -----------------------------------------------------------------------------------------------------

  /** The columns in view beside those that stay in place, and the room before and behind them. */
  across() {
    const left = this.scroller.scrollLeft;
    const narrow = innerWidth < 720;
    const held = (narrow ? ["name"] : this.pinned).reduce((/** @type {number} */ sum, /** @type {string} */ key) => sum + this.columns.width(key), PICK);
    const seen = [left - SPARE_PX, left + (this.scroller.clientWidth || 1200) - held + SPARE_PX];
    let [x, before, behind] = [0, 0, 0];
    const shown = [];
    for (const key of this.others) {
      const width = this.columns.width(key);
      if (x + width < seen[0]) before += width;
      else if (x > seen[1]) behind += width;
      else shown.push(key);
      x += width;
    }
    return { shown, before, behind, from: shown.length ? this.others.indexOf(shown[0]) : 0 };
  }

  draw() {
    if (this.root.hidden || !this.keys) return;
    const across = this.across();
    const window = [across.from, across.shown.length, this.scroller.clientWidth];
    if (window.some((each, i) => each !== this.window[i])) {
      this.window = window;
      this.shown = across;
      this.made = new Map();
      this.drawHead();
      this.askFor(across.shown);
    }
    const view = this.scroller;
    const from = Math.max(0, Math.floor(view.scrollTop / ROW) - SPARE);
    const to = Math.min(this.lines.length, Math.ceil((view.scrollTop + (view.clientHeight || 800)) / ROW) + SPARE);
    this.above.firstChild.style.height = `${from * ROW}px`;
    this.below.firstChild.style.height = `${(this.lines.length - to) * ROW}px`;
    for (const gap of [this.above, this.below]) gap.firstChild.colSpan = this.pinned.length + this.shown.shown.length + 3;
    const nodes = this.lines.slice(from, to).map((line, i) => {
      const key = line.row ? line.row.id : `group ${line.group.key}`;
      let node = this.made.get(key);
      if (!node) this.made.set(key, (node = line.row ? rowNode(this, line.row) : groupNode(this, line.group)));
      node.setAttribute("aria-rowindex", String(from + i + 2));
      return node;
    });
    if (this.made.size > MOST_MADE) {
      const keys = this.lines.slice(from, to).map((line) => (line.row ? line.row.id : `group ${line.group.key}`));
      this.made = new Map(keys.map((key, i) => [key, nodes[i]]));
    }
    const wanted = [...(from ? [this.above] : []), ...nodes, ...(to < this.lines.length ? [this.below] : [])];
    if (wanted.length !== this.body.childNodes.length || wanted.some((node, i) => node !== this.body.childNodes[i])) {
      const focused = /** @type {HTMLElement | null} */ (this.body.contains(document.activeElement) ? document.activeElement : null);
      const line = focused?.closest("tr")?.dataset.id;
      this.body.replaceChildren(...wanted);
      if (focused && line) /** @type {HTMLElement | null} */ (this.body.querySelector(`tr[data-id="${CSS.escape(line)}"] input`))?.focus({ preventScroll: true });
    }
    this.table.setAttribute("aria-rowcount", String(this.lines.length + 1));
    this.table.setAttribute("aria-colcount", String(this.keys.length + 1));
  }

  /** Ask for what the columns in view need, and what sorts and groups. @param {string[]} shown */
  askFor(shown) {
    const needed = [...this.pinned, ...shown, ...orderOf(this.state.get("sort")).map(({ key }) => key), ...(this.state.get("tableGroups") ?? [])];
    const asks = [...new Set(needed.filter((key) => key.includes(":") || key === "notes"))];
    const now = this.state.get("tableAsks") ?? [];
    if (asks.some((key) => !now.includes(key))) this.state.set({ tableAsks: asks });
  }

  /** @param {number} place among those that stay in place */
  left(place) {
    return this.pinned.slice(0, place).reduce((/** @type {number} */ sum, /** @type {string} */ key) => sum + this.columns.width(key), PICK);
  }

  drawHead() {
    const { shown, before, behind, from } = this.shown;
    const col = (/** @type {number} */ width) => h("col", { style: { width: `${width}px` } });
    const total = this.keys.reduce((/** @type {number} */ sum, /** @type {string} */ key) => sum + this.columns.width(key), PICK);
    const spare = Math.max(0, this.scroller.clientWidth - total); // lines go on to the edge, columns keep their width
    fill(this.cols, col(PICK), this.pinned.map((/** @type {string} */ key) => col(this.columns.width(key))), col(before), shown.map((/** @type {string} */ key) => col(this.columns.width(key))), col(behind + spare));
    this.table.style.width = `${total + spare}px`;
    this.all = h("input", { type: "checkbox", class: "tk-box", "aria-label": "Choose all that are listed", title: "Choose all that are listed" });
    this.all.addEventListener("change", () => this.choosing.many(this.rows.map((row) => row.id), this.all.checked));
    const cell = (/** @type {string} */ key, /** @type {number} */ index, /** @type {number} */ place) =>
      headCell(this, key, { numeric: this.cells.isNumeric(key), pin: place >= 0, index, style: place >= 0 ? { left: `${this.left(place)}px` } : {} });
    fill(this.head, h("tr", { "aria-rowindex": "1" },
      h("th", { class: "tk-pick", scope: "col", "aria-colindex": "1" }, this.all),
      this.pinned.map((/** @type {string} */ key, /** @type {number} */ i) => cell(key, i + 2, i)), h("td", { class: "tk-gap" }),
      shown.map((/** @type {string} */ key, /** @type {number} */ i) => cell(key, this.pinned.length + from + i + 2, -1)), h("td", { class: "tk-gap" })));
    this.paintAll();
  }

  /** @param {string} id */
  classOf(id) {
    return [this.choosing.has(id) && "chosen", this.at === id && "at"].filter(Boolean).join(" ");
  }

  paintChosen() {
    for (const node of this.body.querySelectorAll("tr[data-id]")) {
      const chosen = this.choosing.has(node.dataset.id);
      node.className = this.classOf(node.dataset.id);
      node.setAttribute("aria-selected", String(chosen));
      node.querySelector(".tk-box").checked = chosen;
    }
    for (const key of [...this.made.keys()]) if (key.startsWith("group ")) this.made.delete(key); // their boxes count members
    for (const [id, node] of this.made) if (!node.isConnected) this.made.delete(id);
    this.paintAll();
    if (this.groups?.length) this.draw();
  }

  paintAll() {
    if (!this.all) return;
    const chosen = this.choosing.size ? this.rows.filter((row) => this.choosing.has(row.id)).length : 0;
    this.all.checked = chosen > 0 && chosen === this.rows.length;
    this.all.indeterminate = chosen > 0 && !this.all.checked;
  }

  tellAges() {
    const now_s = this.experiments.now_s();
    for (const node of this.body.querySelectorAll("tr[data-id]")) {
      const old = node.querySelector(".tk-age");
      const row = old && this.rows.find((each) => each.id === node.dataset.id);
      if (row) text(old, age(now_s - row.created_s));
    }
  }

  /** @param {string} key */
  focusHead(key) {
    /** @type {HTMLElement | null} */ (this.head.querySelector(`th[data-key="${CSS.escape(key)}"] .tk-head-sort`))?.focus();
  }

  /** The width that the longest text in view needs. @param {string} key */
  fitWidth(key) {
    const longest = this.rows.slice(0, 300).reduce((most, row) => Math.max(most, this.cells.words(row, key).length), labelOf(key).length + 3);
    return Math.round(longest * 7.4 + 26);
  }

  // --- what is done -----------------------------------------------------------------------------------------------------

  order() {
    return this.lines.filter((line) => line.row).map((line) => line.row.id);
  }

  /** @param {any} event */
  clicked(event) {
    const id = event.target.closest("tr")?.dataset.id;
    if (!id) return;
    if (event.target.matches("input")) return this.choosing.set(id, event.target.checked, event.shiftKey ? this.order() : null);
    if (event.target.closest("a")) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return undefined; // a link like any other
      event.preventDefault();
      return this.open(id);
    }
    if (event.shiftKey || event.ctrlKey || event.metaKey) this.choosing.set(id, event.shiftKey || !this.choosing.has(id), event.shiftKey ? this.order() : null);
    this.walkTo(id);
    return undefined;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.root.hidden || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open], .tk-menu")) return;
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 15, PageUp: -15 }[event.key];
    const isHere = this.root.contains(/** @type {Node} */ (event.target)) || event.target === document.body;
    if (step && isHere && !(/** @type {HTMLElement} */ (event.target).closest("th"))) {
      event.preventDefault();
      const ids = this.order();
      const now = this.at ? ids.indexOf(this.at) : -1;
      const next = ids[Math.max(0, Math.min(ids.length - 1, now + step))];
      if (next) this.walkTo(next, true);
    } else if (event.key === "x" && this.at) this.choosing.set(this.at, !this.choosing.has(this.at));
    else if (event.key === "X" && this.at) this.choosing.set(this.at, true, this.order());
    else if (event.key === "Enter" && this.at && (event.target === this.scroller || event.target === document.body)) this.open(this.at);
    else if (event.key === "Escape" && this.choosing.size) this.choosing.clear();
  }

  /** @param {string} id @param {boolean} [brings] scroll there */
  walkTo(id, brings = false) {
    this.at = id;
    if (brings) {
      const top = this.lines.findIndex((line) => line.row?.id === id) * ROW;
      const view = this.scroller;
      if (top < view.scrollTop) view.scrollTop = top;
      else if (top + 2 * ROW + 4 > view.scrollTop + view.clientHeight) view.scrollTop = top + 2 * ROW + 4 - view.clientHeight;
      view.focus({ preventScroll: true });
      this.draw();
    }
    for (const node of this.body.querySelectorAll("tr[data-id]")) node.className = this.classOf(node.dataset.id);
  }

  /** @param {HTMLElement} at */
  openGroups(at) {
    const by = this.state.get("tableGroups") ?? [];
    const items = this.columns.items(by).then((all) => all.filter((item) => !/^(?:age|created|id|notes|points)$/.test(item.value) && !/^(?:last|best|min|max|mean):/.test(item.value)).sort((a, b) => Number(b.chosen) - Number(a.chosen) || Number(b.value.startsWith("config:")) - Number(a.value.startsWith("config:"))));
    const settings = { value: BUT_SEED, label: labelOf(BUT_SEED), note: "seeds of one config are a group", chosen: by.includes(BUT_SEED) };
    openMenu(at, { title: "Group by", several: true, items: items.then((all) => [settings, ...all.filter(({ value }) => value !== BUT_SEED)]), choose: (key) => {
      const now = this.state.get("tableGroups") ?? [];
      const next = now.includes(key) ? now.filter((/** @type {string} */ each) => each !== key) : [...now, key];
      this.columns.keep({ groups: next });
      this.state.set({ tableGroups: next, tableFolds: [] });
    } });
  }

  copy() {
    const words = taking().then(({ markdownOfTaken }) => markdownOfTaken(this));
    const told = `Copied ${plural(this.taken().length, "row")} as a Markdown table.`;
    copyComing(words, told).catch((error) => toast(`Nothing was copied: ${error.message}`, { isTrouble: true }));
  }

  /** Those that are chosen, or all that are listed. */
  taken() {
    return this.choosing.size ? this.rows.filter((row) => this.choosing.has(row.id)) : this.rows;
  }
}
