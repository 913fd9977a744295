// @ts-check
/** Histograms of a name: all steps as a heat map or as percentiles, or one step as bars; read out by pointer and by keys, and as a table. */

import { Ink } from "../base/colors.js";
import { fill, h, text } from "../base/dom.js";
import { remember, remembered } from "../base/remember.js";
import { count, number, plural } from "../base/words.js";
import { plainTable } from "../experiment/pane.js";
import { SHARES, histogramOf, quantile } from "./bins.js";
import { Fetcher } from "./fetch.js";
import { HEIGHT, LAST_ROW, barsOf, frameOf, paintBars, paintHeat, paintPercentiles, placeAt, rowOf, share, spreadOf, strength } from "./spreads.js";

const MOST_STEPS = 200; // drawn: a panel has two pixels for each
const MOST_ALONE = 80; // where each is a question of its own
const WAYS = /** @type {Record<string, string>} */ ({ steps: "Over steps", percentiles: "Percentiles", one: "One step" });
const SHARE_WORDS = SHARES.map((each) => (each === 0 ? "lowest" : each === 1 ? "highest" : each === 0.5 ? "median" : `${Math.round(each * 100)} %`));

/** A value of a bin's edge, in as many figures as a reader uses. @param {number | null} value */
const short = (value) => (value === null ? "–" : number(Number(value.toPrecision(4))));

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function histograms(stage, tools) {
  return new Histograms(stage, tools);
}

class Histograms {
  /** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools */
  constructor(stage, tools) {
    this.tools = tools;
    this.ink = new Ink();
    this.fetcher = tools.contents ? new Fetcher(tools.contents, tools.source.contents ? MOST_STEPS : MOST_ALONE) : null;
    const said = remembered().histogramAs;
    this.way = !this.fetcher ? "one" : said in WAYS ? said : "steps";
    /** @type {import("./spreads.js").Spread | null} */ this.spread = null;
    /** @type {import("./bins.js").Histogram | null} of the one step */ this.one = null;
    this.place = { column: -1, row: -1 }; // what is pointed at; −1: nothing
    this.total = 0;
    this.isTable = false;
    this.canvas = h("canvas", { class: "tk-hist", height: String(HEIGHT), tabindex: "0", role: "img" });
    this.mark = h("i", { class: "tk-hist-mark", hidden: true });
    this.holder = h("div", { class: "tk-hist-frame" }, this.canvas, this.mark);
    this.table = h("div", { class: "tk-hist-table", hidden: true });
    this.said = h("p", { class: "tk-hist-words tk-soft", role: "status" });
    this.scale = h("p", { class: "tk-hist-scale tk-soft" });
    this.buttons = Object.entries(WAYS).map(([way, word]) => h("button", { class: "tk-hist-way", data: { way }, on: { click: () => this.turn(way) } }, word));
    this.asTable = h("button", { class: "tk-btn sm", "aria-pressed": "false", title: "The same as a table", on: { click: () => this.turnTable() } }, "Table");
    const bar = h("div", { class: "tk-hist-bar" }, this.fetcher ? h("span", { class: "tk-hist-ways", role: "group", "aria-label": `How ${tools.name} is shown` }, this.buttons) : null, h("span", { class: "tk-grow" }), this.asTable);
    fill(stage, bar, this.holder, this.table, this.said, this.scale);
    this.listen();
    this.tell();
  }

  /** Whether every step is wanted: the panel then has no stepper. */
  get all() {
    return this.way !== "one";
  }

  listen() {
    this.canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
      const box = this.canvas.getBoundingClientRect();
      this.point(event.clientX - box.left, event.clientY - box.top);
    });
    this.canvas.addEventListener("pointerleave", () => this.choose({ column: -1, row: -1 }));
    this.canvas.addEventListener("blur", () => this.choose({ column: -1, row: -1 }));
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.canvas);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.draws = () => this.draw();
    this.dark.addEventListener("change", this.draws);
    this.themed = new MutationObserver(this.draws);
    this.themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  /** @param {string} way */
  turn(way) {
    this.way = way;
    this.place = { column: -1, row: -1 };
    remember({ histogramAs: way });
    this.tell();
    this.tools.turned?.();
  }

  turnTable() {
    this.isTable = !this.isTable;
    this.tell();
    this.draw();
  }

  tell() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.way === this.way));
    this.asTable.setAttribute("aria-pressed", String(this.isTable));
    this.holder.hidden = this.isTable;
    this.table.hidden = !this.isTable;
  }

  /** @param {any[]} entries */
  async showAll(entries) {
    const got = await /** @type {Fetcher} */ (this.fetcher).ask(entries);
    const columns = got.map(({ entry, content }) => ({ step: entry.step ?? entry.position, one: histogramOf((content.items ?? [])[0]) })).filter((each) => each.one !== null && each.one.total > 0);
    this.total = entries.length;
    this.left = entries.length - got.length;
    this.lost = got.length - columns.length;
    this.spread = columns.length ? spreadOf(/** @type {any} */ (columns)) : null;
    this.draw();
  }

  /** @param {any[]} items */
  show(items) {
    this.one = histogramOf(items[0]);
    this.draw();
  }

  draw() {
    const isOne = this.way === "one";
    const has = isOne ? this.one : this.spread;
    this.holder.hidden = this.isTable || !has;
    if (!has) {
      this.table.hidden = true;
      this.scale.hidden = true;
      return void text(this.said, isOne || this.total ? "No histogram of a form that this page draws: it has no values, or no edges in order." : "");
    }
    this.table.hidden = !this.isTable;
    if (this.isTable) fill(this.table, isOne ? this.binTable() : this.stepTable());
    this.ink.forget();
    if (!this.isTable && this.canvas.clientWidth) this.paint();
    this.say();
    return undefined;
  }

  paint() {
    if (this.way === "one") paintBars(this.canvas, this.ink, /** @type {any} */ (this.one), this.place.column);
    else if (this.way === "steps") paintHeat(this.canvas, this.ink, /** @type {any} */ (this.spread));
    else paintPercentiles(this.canvas, this.ink, /** @type {any} */ (this.spread));
  }

  /** @param {number} px @param {number} py */
  point(px, py) {
    if (this.way !== "one") return void (this.spread && this.choose(placeAt(frameOf(this.canvas, this.spread), this.spread, px, py)));
    if (!this.one) return undefined;
    const { place } = barsOf(this.canvas, this.one);
    const after = this.one.edges.findIndex((edge) => place(edge) > px);
    return this.choose({ column: after < 0 ? this.one.counts.length - 1 : Math.max(0, after - 1), row: -1 });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const last = this.way === "one" ? (this.one?.counts.length ?? 0) - 1 : (this.spread?.columns.length ?? 0) - 1;
    if (last < 0) return;
    const column = this.place.column < 0 ? (this.way === "one" ? -1 : last + 1) : this.place.column;
    const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [column - 1, 0], ArrowRight: [column + 1, 0], Home: [0, 0], End: [last, 0] });
    if (this.way === "steps") Object.assign(moves, { ArrowUp: [column, 1], ArrowDown: [column, -1] });
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(last, move[0]));
    const row = this.place.row < 0 ? this.fullest(next) : this.place.row;
    this.choose({ column: next, row: Math.max(0, Math.min(LAST_ROW, row + move[1])) });
  }

  /** The row of a step where most values lie: keys begin there. @param {number} column */
  fullest(column) {
    const shares = this.spread?.shares[column] ?? [];
    return shares.indexOf(Math.max(...shares));
  }

  /** @param {{column: number, row: number}} place */
  choose(place) {
    if (place.column === this.place.column && place.row === this.place.row) return;
    this.place = place;
    if (this.way === "one" && this.one) this.paint();
    this.say();
  }

  /** What is pointed at, or the last step; where the mark stands; what the colours mean. */
  say() {
    const isHeat = this.way === "steps";
    this.scale.hidden = this.way === "one";
    this.said.classList.toggle("long", this.way === "percentiles"); // room for all nine: nothing moves while one points
    text(this.said, this.way === "one" ? this.oneWords() : this.spreadWords());
    if (this.way !== "one") {
      const { spread } = this;
      const notes = [this.left ? `${count(/** @type {any} */ (spread).columns.length)} of ${count(this.total)} steps are drawn, evenly chosen.` : null, this.lost ? `${plural(/** @type {number} */ (this.lost), "step")} without values ${this.lost === 1 ? "is" : "are"} left out.` : null];
      const key = isHeat
        ? [h("span", { class: "tk-hist-key", "aria-hidden": "true" }, [0, 0.04, 0.16, 0.36, 0.64, 1].map((at) => h("i", { style: { "--a": String(strength(at, 1)) } }))), `0 to ${share(/** @type {any} */ (spread).most)} of a step's values. `]
        : ["Bands: lowest to highest, 7 to 93 %, 16 to 84 %, 31 to 69 %; the line is the median. "];
      fill(this.scale, key, notes.filter(Boolean).join(" "));
    }
    this.canvas.setAttribute("aria-label", `${this.tools.name}, ${WAYS[this.way].toLowerCase()}: ${this.said.textContent} Arrow keys read it out.`);
    this.putMark(isHeat);
  }

  /** @param {boolean} isHeat */
  putMark(isHeat) {
    const { column, row } = this.place;
    this.mark.hidden = this.isTable || this.way === "one" || column < 0 || !this.spread || !this.canvas.clientWidth;
    if (this.mark.hidden) return;
    const frame = frameOf(this.canvas, /** @type {any} */ (this.spread));
    const [low, high] = rowOf(/** @type {any} */ (this.spread), Math.max(0, row));
    const [left, right] = isHeat ? [frame.from[column], frame.from[column + 1]] : [frame.x(/** @type {any} */ (this.spread).columns[column].step) - 0.5, frame.x(/** @type {any} */ (this.spread).columns[column].step) + 0.5];
    const [top, bottom] = isHeat ? [frame.y(high), frame.y(low)] : [8, frame.floor];
    const px = (/** @type {number} */ value) => `${value}px`;
    for (const [name, value] of Object.entries({ "--x": left, "--y": top, "--w": Math.max(isHeat ? 3 : 1, right - left), "--h": Math.max(3, bottom - top) })) this.mark.style.setProperty(name, px(value));
    this.mark.classList.toggle("line", !isHeat);
  }

  oneWords() {
    const one = /** @type {import("./bins.js").Histogram} */ (this.one);
    const at = this.place.column;
    if (at >= 0 && at < one.counts.length) return `${short(one.edges[at])} to ${short(one.edges[at + 1])}: ${plural(one.counts[at], "value")}, ${share(one.counts[at] / (one.total || 1))}.`;
    const bad = one.bad ? ` ${plural(one.bad, "value")} NaN or infinite, in no bin.` : "";
    return `${plural(one.total, "value")}: 90 % between ${short(quantile(one, 0.05))} and ${short(quantile(one, 0.95))}, median ${short(quantile(one, 0.5))}.${bad}`;
  }

  spreadWords() {
    const { columns, shares, quantiles } = /** @type {import("./spreads.js").Spread} */ (this.spread);
    const { column, row } = this.place;
    const at = Math.min(columns.length - 1, column < 0 ? columns.length - 1 : column);
    const { step, one } = columns[at];
    if (this.way === "percentiles") return `step ${number(step)}: ${quantiles[at].map((value, i) => `${SHARE_WORDS[i]} ${short(value)}`).join(", ")}.`;
    if (column < 0 || row < 0) return `step ${number(step)}: 90 % between ${short(quantile(one, 0.05))} and ${short(quantile(one, 0.95))}, median ${short(quantile(one, 0.5))}, ${plural(one.total, "value")}${one.bad ? `, ${count(one.bad)} NaN or infinite` : ""}.`;
    const [low, high] = rowOf(/** @type {any} */ (this.spread), row);
    return `step ${number(step)}, ${short(low)} to ${short(high)}: ${share(shares[at][row])} of ${plural(one.total, "value")}.`;
  }

  stepTable() {
    const { columns, quantiles } = /** @type {import("./spreads.js").Spread} */ (this.spread);
    const head = ["step", ...SHARE_WORDS, "values"].map((word) => h("th", { scope: "col" }, word));
    const rows = columns.map(({ step, one }, i) => h("tr", null, h("th", { scope: "row" }, number(step)), quantiles[i].map((value) => h("td", { class: "num" }, short(value))), h("td", { class: "num" }, count(one.total))));
    return plainTable({ label: `${this.tools.name} by step`, head, rows });
  }

  binTable() {
    const one = /** @type {import("./bins.js").Histogram} */ (this.one);
    const head = ["from", "to", "values", "share"].map((word) => h("th", { scope: "col" }, word));
    const rows = one.counts.map((n, i) => h("tr", null, h("th", { scope: "row" }, short(one.edges[i])), [short(one.edges[i + 1]), count(n), share(n / (one.total || 1))].map((word) => h("td", { class: "num" }, word))));
    return plainTable({ label: `${this.tools.name}, bins of one step`, head, rows });
  }

  close() {
    this.sizes?.disconnect();
    this.themed?.disconnect();
    this.dark?.removeEventListener("change", /** @type {any} */ (this.draws));
  }
}
