// Experiments as a table: chosen columns of config and metrics, sorted by any, thousands of rows, a file to take away.

import { swatchOf, variableOf } from "../base/colors.js";
import { eachFrame, fill, h, text } from "../base/dom.js";
import { icon, sign, stateWord } from "../base/icons.js";
import { sorted, valueOf } from "../base/listing.js";
import { filtered } from "../base/query.js";
import { openMenu } from "../base/menu.js";
import { remember, remembered } from "../base/remember.js";
import { age, columnFormat, count, duration, exact, iso, number } from "../base/words.js";

const ROW = 32;
const SPARE = 8;
const FIRST_METRICS = 5;
const FIXED = { name: "name", state: "state", steps: "steps", age: "age", duration: "duration" };

export class TableView {
  /**
   * @param {HTMLElement} root
   * @param {{state: import("../data/state.js").PageState, experiments: import("../data/experiments.js").Experiments,
   *          columns: import("../data/columns.js").Columns, open: (id: string) => void}} parts
   */
  constructor(root, { state, experiments, columns, open }) {
    Object.assign(this, { root, state, experiments, columns, open });
    this.rows = [];
    this._build();
    state.follow(["experiments", "progress", "search", "sort", "columns", "metrics", "view"], () => this.redraw());
    setInterval(() => document.hidden || root.hidden || this.draw(), 5000);
  }

  _build() {
    this.note = h("span", { class: "tk-soft", role: "status" });
    const choose = h("button", { class: "tk-btn sm", "aria-haspopup": "listbox", title: "Choose columns" }, icon("columns"), "Columns");
    choose.addEventListener("click", () =>
      openMenu(choose, { title: "Columns", several: true, items: this.columns.items(this.chosen()), choose: (column) => this.toggle(column) }));
    const file = h("button", { class: "tk-btn sm", title: "The listed experiments as a CSV file" }, icon("download"), "CSV");
    file.addEventListener("click", () => this.save());
    this.head = h("thead", null);
    this.above = h("tr", { class: "tk-space", "aria-hidden": "true" }, h("td", null));
    this.below = h("tr", { class: "tk-space", "aria-hidden": "true" }, h("td", null));
    this.lines = h("tbody", null);
    this.table = h("table", { class: "tk-table", "aria-label": "Experiments" }, this.head, this.lines);
    this.scroller = h("div", { class: "tk-table-scroll", tabindex: "0" }, this.table);
    fill(this.root, h("div", { class: "tk-table-bar" }, this.note, h("span", { class: "tk-grow" }), choose, file), this.scroller);
    const soon = eachFrame(() => this.draw());
    this.scroller.addEventListener("scroll", soon, { passive: true });
    new ResizeObserver(soon).observe(this.scroller);
    this.lines.addEventListener("click", (event) => this.clicked(event));
    this.head.addEventListener("click", (event) => {
      const key = event.target.closest("th")?.dataset.key;
      if (key) this.state.set({ sort: nextSort(key, this.state.get("sort")) });
    });
  }

  /** The columns that were chosen, or the first metrics of the project. */
  chosen() {
    const kept = remembered().columns?.[this.state.get("project")];
    return this.state.get("columns") ?? kept ?? this.first();
  }

  first() {
    const metrics = (this.state.get("metrics") ?? []).filter((each) => each.group !== "system" && !each.hidden);
    const likely = this.columns.likely(metrics);
    const rest = metrics.map((each) => `metric:${each.metric}`).filter((column) => column !== likely);
    return [...(likely ? [likely] : []), ...rest].slice(0, FIRST_METRICS);
  }

  toggle(column) {
    const now = this.chosen();
    const columns = now.includes(column) ? now.filter((each) => each !== column) : [...now, column];
    remember({ columns: { ...remembered().columns, [this.state.get("project")]: columns } });
    this.state.set({ columns });
  }

  redraw() {
    if (this.state.get("view") !== "table") return;
    if (!this.state.get("columns") && this.state.get("metrics")) {
      const columns = this.chosen();
      if (columns.length) return this.state.set({ columns, usualColumns: columns }); // rows are asked for with them; this comes again
    }
    const all = this.state.get("experiments");
    this.rows = sorted(filtered(all, this.state.get("search")), this.state.get("sort"));
    this.keys = ["name", "state", "steps", "age", "duration", ...(this.state.get("columns") ?? [])];
    this.formats = Object.fromEntries((this.state.get("columns") ?? []).map((key) => [key, columnFormat(this.rows.slice(0, 500).map((row) => row.columns[key]))]));
    this.best = Object.fromEntries((this.state.get("columns") ?? []).map((key) => [key, this.bestOf(key)]));
    const listed = this.rows.length === all.length ? count(all.length) : `${count(this.rows.length)} of ${count(all.length)}`;
    text(this.note, `${listed} experiments, ${count(all.filter((row) => row.shown).length)} shown in charts`);
    this.drawHead();
    this.made = new Map();
    this.draw();
    return undefined;
  }

  /** The best value of a metric with a goal; only that is bold. */
  bestOf(key) {
    const goal = key.startsWith("metric:") && (this.state.get("metrics") ?? []).find((each) => `metric:${each.metric}` === key)?.goal;
    if (!goal) return undefined;
    const values = this.rows.map((row) => row.columns[key]).filter((value) => Number.isFinite(value));
    if (values.length < 2) return undefined;
    return values.reduce((a, b) => (goal === "min" ? Math.min(a, b) : Math.max(a, b)));
  }

  drawHead() {
    const sort = this.state.get("sort");
    const cells = this.keys.map((key) => {
      const now = sort.replace(/^-/, "") === key;
      const falling = now && sort.startsWith("-") !== (key === "age");
      const label = FIXED[key] ?? this.columns.label(key);
      return h(
        "th",
        { class: [kindOf(key), key === "name" && "tk-pin", now && "by"].filter(Boolean).join(" "), data: { key }, title: key.includes(":") ? key.replace(":", ": ") : label, "aria-sort": now ? (falling ? "descending" : "ascending") : undefined, scope: "col" },
        h("button", null, h("span", null, label), now ? icon(falling ? "falling" : "up") : null),
      );
    });
    fill(this.head, h("tr", null, h("th", { class: "tk-pick" }), cells));
  }

  draw() {
    if (this.root.hidden || !this.keys) return;
    const view = this.scroller;
    const from = Math.max(0, Math.floor(view.scrollTop / ROW) - SPARE);
    const to = Math.min(this.rows.length, Math.ceil((view.scrollTop + (view.clientHeight || 800)) / ROW) + SPARE);
    this.above.firstChild.style.height = `${from * ROW}px`;
    this.below.firstChild.style.height = `${(this.rows.length - to) * ROW}px`;
    for (const gap of [this.above, this.below]) gap.firstChild.colSpan = this.keys.length + 1;
    const now_s = this.experiments.now_s();
    const nodes = this.rows.slice(from, to).map((row) => {
      let node = this.made.get(row.id);
      if (!node) this.made.set(row.id, (node = this.makeRow(row)));
      const old = node.querySelector(".tk-age");
      if (old) text(old, age(now_s - row.created_s));
      return node;
    });
    if (this.made.size > 600) this.made = new Map(this.rows.slice(from, to).map((row, i) => [row.id, nodes[i]]));
    this.lines.replaceChildren(...(from ? [this.above] : []), ...nodes, ...(to < this.rows.length ? [this.below] : []));
  }

  makeRow(row) {
    const tick = h("input", { type: "checkbox", class: "tk-tick", "aria-label": `Show ${row.name} in charts` });
    tick.checked = row.shown;
    const cells = this.keys.map((key) => h("td", { class: [kindOf(key), key === "name" && "tk-pin"].filter(Boolean).join(" ") }, this.cell(row, key)));
    const style = { "--c": `var(${variableOf(row.color)})`, "--swatch": swatchOf(row.color) };
    return h("tr", { data: { id: row.id }, class: row.shown ? "on" : "", style }, h("td", { class: "tk-pick" }, tick), cells);
  }

  cell(row, key) {
    if (key === "name") return h("a", { class: "tk-name", href: `?${new URLSearchParams({ project: row.project, experiment: row.id })}`, title: row.name }, row.name);
    if (key === "state") return h("span", { class: `tk-state ${row.state}`, title: stateWord(row.state) }, sign(row.state, false), h("span", null, stateWord(row.state)));
    if (key === "age") return h("span", { class: "tk-age", title: iso(row.created_s) });
    if (key === "duration") return h("span", { title: exact(row.duration_s) + " s" }, duration(row.duration_s));
    if (key === "steps") return row.last_step === null || row.last_step === undefined ? h("span", { class: "tk-soft" }, "–") : number(row.last_step);
    const value = row.columns[key];
    if (value === undefined || value === null) return h("span", { class: "tk-soft" }, "–");
    if (typeof value === "object") return h("span", { class: "tk-mono", title: JSON.stringify(value) }, JSON.stringify(value));
    const words = this.formats[key](value);
    return h(value === this.best[key] ? "b" : "span", { title: exact(value) }, words);
  }

  clicked(event) {
    const id = event.target.closest("tr")?.dataset.id;
    if (!id) return;
    if (event.target.matches("input")) this.experiments.tick([id], event.target.checked);
    else if (event.target.closest("a") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.open(id);
    }
  }

  save() {
    const cellOf = (row, key) => (key === "age" ? iso(row.created_s) : valueOf(row, key));
    const head = ["experiment_id", ...this.keys.map((key) => (key === "age" ? "created" : key === "duration" ? "duration_s" : key))];
    const lines = [head, ...this.rows.map((row) => [row.id, ...this.keys.map((key) => (key === "state" ? row.state : cellOf(row, key)))])];
    const csv = lines.map((line) => line.map(quoted).join(",")).join("\r\n");
    const link = h("a", { href: URL.createObjectURL(new Blob([csv], { type: "text/csv" })), download: `${this.state.get("project")}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
}

/** A value as a CSV field; one that a spreadsheet would run as a formula gets an apostrophe. */
function quoted(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const words = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function kindOf(key) {
  return key === "name" || key === "state" ? "" : "num";
}

/** A first click sorts the way one mostly wants, the second turns it round. */
function nextSort(key, now) {
  const first = key === "name" || key === "state" || key.startsWith("metric:") || key.startsWith("config:") ? key : `-${key}`;
  if (now === first) return first.startsWith("-") ? key : `-${key}`;
  return first;
}
