// @ts-check
/** The table of a comparison: a column an experiment, rows of settings, metrics and surroundings; what differs from the base
 * is on the chosen ground, with the difference beside a metric. */
import { swatchOf } from "../base/colors.js";
import { h, refill } from "../base/dom.js";
import { middle } from "../base/fit.js";
import { icon, sign, stateWord } from "../base/icons.js";
import { matcher } from "../base/matching.js";
import { openMenu } from "../base/menu.js";
import { grouped } from "../experiment/config.js";
import { csvOf } from "../base/files.js";
import { textDiff } from "./textdiff.js";
import { columnFormat, count, duration, exact, number, plural, revived } from "../base/words.js";

const LONG = 48; // letters from which on a value is told by what differs, and in full in a row below
const HASH = 10; // letters of a commit that tell it from others
const METRICS_AT_FIRST = 14;
const NUMBERS_AT = /** @type {Record<string, string>} */ ({ common: "at_step", best: "best", last: "last" });

export class DifferTable {
  /** @param {{state: any, open: (id: string) => void, makeBase: (id: string) => void, untick: (id: string) => void, leave: (key: string) => void}} parts */
  constructor(parts) {
    this.parts = parts;
    /** @type {any[][]} */ this.rows = [];
    this.openRows = new Set();
    this.all = false; // metrics: every one, not only the first
    this.head = h("thead", null);
    this.body = h("tbody", null);
    this.table = h("table", { class: "tk-differ", "aria-label": "Comparison" }, this.head, this.body);
    this.root = h("div", { class: "tk-panel tk-differ-frame", tabindex: "0", role: "region", "aria-label": "Comparison" }, this.table);
  }

  /** @param {{answer: any, rows: any[], base: any, at: string, same: boolean, find: string, left: Set<string>}} what */
  paint(what) {
    this.what = what;
    const { rows, base } = what;
    this.columns = [base, ...rows.filter((row) => row.id !== base.id)];
    this.rows = [["", ...this.columns.map((row) => row.name)], ["id", ...this.columns.map((row) => row.id)]];
    this.matches = matcher(what.find);
    refill(this.head, h("tr", null, h("td", { class: "tk-differ-key" }), this.columns.map((row) => this.heading(row, row === base))));
    const sections = [...this.settings(), ...this.numbers(), ...this.course(), ...this.surroundings()];
    refill(this.body, sections.length ? sections : h("tr", null, h("td", { class: "tk-differ-none", colspan: String(this.columns.length + 1) }, this.matches ? `No key or metric holds “${what.find}”.` : "Nothing differs.")));
  }

  csv() {
    return csvOf(this.rows);
  }

  /** @param {any} row @param {boolean} isBase */
  heading(row, isBase) {
    const button = h("button", { class: "tk-differ-name", "aria-haspopup": "listbox", title: `${row.name}, ${stateWord(row.state)}` },
      h("i", { class: "tk-swatch", style: { background: swatchOf(row.color) } }), middle(row.name), row.state === "finished" ? null : sign(row.state));
    button.addEventListener("click", () =>
      openMenu(button, {
        title: row.name,
        items: [...(isBase ? [] : [{ value: "base", label: "Compare against this" }]), { value: "open", label: "Open the experiment" }, { value: "untick", label: "Take it out of the comparison" }],
        choose: (what) => (what === "base" ? this.parts.makeBase(row.id.slice(-8)) : what === "open" ? this.parts.open(row.id) : this.parts.untick(row.id)),
      }));
    return h("th", { scope: "col", data: { id: row.id }, class: isBase ? "base" : null }, isBase ? h("span", { class: "tk-tag" }, "base") : null, button);
  }

  /** @param {string} title @param {any[]} lines @param {any} [after] */
  section(title, lines, after = null) {
    if (!lines.length) return [];
    return [h("tr", { class: "tk-differ-group" }, h("th", { colspan: String(this.columns.length + 1), scope: "rowgroup" }, h("span", null, title, after))), ...lines];
  }

  // Settings

  settings() {
    const { answer, same } = this.what;
    const differing = Object.entries(answer.config);
    const equal = same ? Object.entries(answer.same).map(([key, value]) => [key, Object.fromEntries(this.columns.map((row) => [row.id, value]))]) : [];
    const found = [...differing, ...equal].sort(([a], [b]) => a.localeCompare(b)).filter(([key, values]) => this.isWanted(key, values));
    const groups = grouped(/** @type {any} */ (found));
    return [...groups].flatMap(([group, entries]) => this.section(groups.size > 1 || group !== "Other" ? `Config, ${group.toLowerCase()}` : "Config", entries.flatMap(([key, values]) => this.setting(key, values))));
  }

  /** @param {string} key @param {any} values */
  isWanted(key, values) {
    return !this.what.left.has(key) && (!this.matches || this.matches(key, ...Object.values(values).map(plain)));
  }

  /** @param {string} key @param {Record<string, any>} values by experiment */
  setting(key, values) {
    const base = this.columns[0];
    const held = this.columns.map((row) => (row.id in values ? revived(values[row.id]) : undefined));
    const isLong = held.some((value) => plain(value).length > LONG || (typeof value === "string" && value.includes("\n")));
    const isOpen = isLong && this.openRows.has(key);
    this.rows.push([key, ...held]);
    const cells = held.map((value, i) => {
      const differs = i > 0 && plain(value) !== plain(held[0]);
      const words = value === undefined ? h("span", { class: "tk-soft" }, "–") : differs && held[0] !== undefined && (isLong || Array.isArray(value)) ? textDiff(plain(held[0]), plain(value)) : said(value);
      return h("td", { class: [differs && "differs", isLong && "long"].filter(Boolean).join(" "), title: value === undefined ? "not set" : exact(plain(value)).slice(0, 2000) }, isLong ? h("div", { class: "tk-differ-long" }, words) : words);
    });
    const name = h("span", { title: key }, key);
    const fold = isLong && h("button", { class: "tk-differ-fold", "aria-expanded": String(isOpen), title: isOpen ? "Fold" : "Show in full", "aria-label": `${key} in full` }, icon(isOpen ? "down" : "right"));
    fold && fold.addEventListener("click", () => {
      isOpen ? this.openRows.delete(key) : this.openRows.add(key);
      this.paint(this.what);
      /** @type {HTMLElement | undefined} */ ([...this.body.querySelectorAll(".tk-differ-fold")].find((/** @type {any} */ each) => each.getAttribute("aria-label") === `${key} in full`))?.focus();
    });
    const leave = h("button", { class: "tk-differ-leave", title: "Leave this key out of comparisons", "aria-label": `Leave ${key} out`, on: { click: () => this.parts.leave(key) } }, icon("close"));
    const line = h("tr", null, h("th", { scope: "row", class: "tk-differ-key" }, h("span", null, fold, name, leave)), cells);
    if (!isOpen) return [line];
    const full = this.columns.map((row, i) => h("div", null, h("b", null, row.name, row === base ? " (base)" : ""), h("pre", null, i === 0 || held[0] === undefined || held[i] === undefined ? plain(held[i]) || "–" : textDiff(plain(held[0]), plain(held[i]), { whole: true }))));
    return [line, h("tr", { class: "tk-differ-full" }, h("td", { colspan: String(this.columns.length + 1) }, full))];
  }

  // Numbers

  numbers() {
    const { answer, at } = this.what;
    const wanted = answer.numbers.filter((/** @type {any} */ each) => (each.group !== "system" || this.all || this.matches) && (!this.matches || this.matches(each.metric)));
    const of = (/** @type {any} */ each) => (at === "best" && !each.goal ? each.last : each[NUMBERS_AT[at]] ?? {});
    const having = wanted.filter((/** @type {any} */ each) => this.columns.some((row) => row.id in of(each)));
    const shown = this.all || this.matches ? having : having.slice(0, METRICS_AT_FIRST);
    const steps = new Map();
    for (const each of shown) if (each.step !== null) steps.set(each.step, (steps.get(each.step) ?? 0) + 1);
    const step = at === "common" ? [...steps].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] : undefined;
    const title = at === "best" ? "Metrics, the best of each by its goal" : at === "last" || step === undefined ? "Metrics, last value" : `Metrics at step ${number(step)}, the last that ${shown.some((/** @type {any} */ each) => this.columns.some((row) => !(row.id in each.last))) ? "all who logged them" : this.columns.length === 2 ? "both" : `all ${this.columns.length}`} have`;
    const hidden = answer.numbers.filter((/** @type {any} */ each) => this.columns.some((row) => row.id in of(each))).length - shown.length;
    const turn = !this.matches && (hidden > 0 || this.all) && h("button", { class: "tk-link" }, this.all ? "Show fewer" : `Show ${plural(hidden, "more metric")}`);
    turn && turn.addEventListener("click", () => {
      this.all = !this.all;
      this.paint(this.what);
      /** @type {HTMLElement | null} */ (this.body.querySelector(".tk-differ-group .tk-link"))?.focus();
    });
    const lines = shown.map((/** @type {any} */ each) => this.line(each.metric, at === "common" && each.step !== step && each.step !== null ? `step ${number(each.step)}` : at === "best" && !each.goal ? "last" : each.unit ?? "", of(each), each.goal, each));
    return this.section(title, lines, turn);
  }

  /** One row of numbers: the difference to the base with its sign, the value, the best bold.
   * @param {string} name @param {string} note @param {Record<string, any>} values @param {string | null} goal @param {any} [each] @param {(value: any) => string} [words] */
  line(name, note, values, goal, each = null, words = undefined) {
    const held = this.columns.map((row) => (row.id in values ? revived(values[row.id]) : undefined));
    const finite = held.filter((value) => Number.isFinite(value));
    const best = goal && finite.length > 1 ? (goal === "min" ? Math.min(...finite) : Math.max(...finite)) : undefined;
    const format = words ?? columnFormat(finite);
    // 1e308 less −1e308 is more than a number holds: then there is none to show.
    const gaps = held.map((value, i) => (i && Number.isFinite(value) && Number.isFinite(held[0]) && Number.isFinite(value - held[0]) ? value - held[0] : null));
    // As many decimals as the values have, unless that would make a difference of it that looks like none.
    const gapFormat = (/** @type {any} */ gap) => (words || /[1-9]/.test(format(gap)) ? format(gap) : number(gap));
    this.rows.push([note ? `${name} (${note})` : name, ...held]);
    const cells = held.map((value, i) => {
      if (value === undefined) return h("td", { class: "num", title: "not logged" }, h("span", { class: "tk-soft" }, "–"));
      const gap = gaps[i];
      const isBest = value === best && finite.some((other) => other !== best);
      const title = [exact(value), each?.steps?.[this.columns[i].id] !== undefined ? `last step ${number(each.steps[this.columns[i].id])}` : null, gap ? `${exact(Math.abs(gap))} ${gap < 0 ? "less" : "more"} than the base${held[0] ? ` (${signed((gap / Math.abs(held[0])) * 100, (v) => number(Number(v.toPrecision(3))))} %)` : ""}` : null].filter(Boolean).join(", ");
      return h("td", { class: "num", title }, gap === null ? null : h("span", { class: "tk-differ-gap" }, gap === 0 ? "=" : signed(gap, gapFormat)), h(isBest ? "b" : "span", null, format(value)));
    });
    return h("tr", null, h("th", { scope: "row", class: "tk-differ-key", title: name }, h("span", null, h("span", null, name), note ? h("small", null, note) : null)), cells);
  }

  course() {
    const lines = [];
    const of = (/** @type {(row: any) => any} */ value) => Object.fromEntries(this.columns.map((row) => [row.id, value(row)]).filter(([, each]) => each !== null && each !== undefined));
    if (!this.matches || this.matches("state")) {
      this.rows.push(["state", ...this.columns.map((row) => row.state)]);
      lines.push(h("tr", null, h("th", { scope: "row", class: "tk-differ-key" }, "state"), this.columns.map((row) => h("td", null, h("span", { class: `tk-state ${row.state}` }, sign(row.state, false), h("span", null, stateWord(row.state)))))));
    }
    if (!this.matches || this.matches("last step")) lines.push(this.line("last step", "", of((row) => row.last_step), null));
    if (!this.matches || this.matches("duration")) lines.push(this.line("duration", "", of((row) => row.duration_s), null, null, duration));
    return this.section("Course", lines);
  }

  surroundings() {
    const { answer } = this.what;
    if (!answer.environment) return [];
    const found = Object.entries(answer.environment).filter(([key, values]) => this.isWanted(key, values));
    const first = (/** @type {string} */ key) => (/^git\./.test(key) ? 0 : /^(gpu|cpu|memory|platform|python|host)/.test(key) ? 1 : key.startsWith("packages.") ? 3 : 2);
    found.sort(([a], [b]) => first(a) - first(b) || a.localeCompare(b));
    return this.section(`Environment, ${found.length ? `${count(found.length)} ${found.length === 1 ? "entry differs" : "entries differ"}` : ""}`, found.flatMap(([key, values]) => this.setting(key, /** @type {any} */ (values))));
  }
}

/** A difference with its sign. @param {number} gap @param {(value: any) => string} format */
export function signed(gap, format) {
  const words = format(Math.abs(gap));
  if (gap === 0) return words;
  return `${gap < 0 ? "\u2212" : "+"}${words}`;
}

/** A value as text, to compare and to copy. @param {any} value @returns {string} */
export function plain(value) {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (typeof value === "number") return exact(value);
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) return value.map((each) => plain(each)).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A value in a cell. @param {any} value */
const said = (value) => (typeof value === "number" ? number(value) : /^[0-9a-f]{40,64}$/.test(plain(value)) ? plain(value).slice(0, HASH) : plain(value));
