// @ts-check
/** One row an evaluation: what was measured, the best marked by the metric that decides, training loss last and mean apart. */

import { add, fill, h } from "../base/dom.js";
import { openMenu } from "../base/menu.js";
import { icon } from "../base/icons.js";
import { Pane, plainTable } from "./pane.js";
import { remember, remembered } from "../base/remember.js";
import { columnFormat, count, duration, exact, number, plural, revived } from "../base/words.js";

const FIRST_ROWS = 60;
const NO_COLUMNS = new Set(["time_s", "position", "best"]);
/** Columns that come first, in this order, where they are there; `*` stands for whatever an evaluation measured. */
const ORDER = ["epoch", "global_step", "step", "train_loss", "train_loss_mean", "train_loss_last", "eval_loss", "*", "learning_rate", "grad_norm_mean", "grad_norm_max", "clipped_share", "eval_runtime"];
/** What is told elsewhere, or seldom asked for: columns that are there for who chooses them. */
const SPEED = /runtime|per_second|_steps?$|compilation|preparation|^time_|_time$|throughput|flos|seconds|^cost|threshold|_last$|grad_norm$/;
const WORDS = { global_step: "step", train_loss_last: "train loss, last", train_loss_mean: "train loss, mean", learning_rate: "learning rate", eval_runtime: "runtime", grad_norm_mean: "grad norm, mean", grad_norm_max: "grad norm, max", clipped_share: "clipped" };
const USUAL = new Set(["epoch", "global_step", "step", "train_loss_last", "eval_runtime"]);
/** Many a training has forty columns: of what is beside the scores these are enough at first. */
const RARE = /^(train_sample_|gap_|entropy_|entities_)|strict|_(p10|p90|spread)$|entity_rate|entity_ratio|entropy/;
const FIRST_RARE = new Set(["gap_loss", "gap_f1", "gap_accuracy"]);
/** Scores of an evaluation in the order in which they are asked for. */
const SCORES = [/^eval_f1$/, /^eval_precision$/, /^eval_recall$/, /^eval_accuracy$/, /f1$/, /./];
const MOST_COLUMNS = 11; // chosen without being asked

/** What a column is called. @param {string} name */
const label = (name) => WORDS[/** @type {keyof typeof WORDS} */ (name)] ?? name.replaceAll("_", " ");

/** What stands inside an evaluation and is a column too: where, what it is called. */
const INSIDE = /** @type {[string[], string][]} */ ([
  [["train_sample", "metrics"], "train_sample_"],
  [["train_sample", "gap"], "gap_"],
  [["prediction_entropy"], "entropy_"],
  [["entity_rates"], "entities_"],
]);
const INSIDE_OF = { entropy_: ["mean", "spread", "p10", "p90"], entities_: ["ratio", "predicted_rate", "gold_rate"] };

/** Numbers of an evaluation by name; texts and lists are no column. @param {any} entry @returns {[string, any][]} */
export function cells(entry) {
  const own = Object.entries(entry);
  for (const [path, before] of INSIDE) {
    const inside = path.reduce((/** @type {any} */ at, key) => at?.[key], entry);
    const names = INSIDE_OF[/** @type {keyof typeof INSIDE_OF} */ (before)];
    for (const [name, value] of Object.entries(inside ?? {})) if (!names || names.includes(name)) own.push([before + name, value]);
  }
  return own.map(([name, value]) => /** @type {[string, any]} */ ([name, revived(value)])).filter(([name, value]) => !NO_COLUMNS.has(name) && (typeof value === "number" || typeof value === "boolean"));
}

/** Every column of these evaluations, in the order of the table. @param {any[]} entries */
export function columnsOf(entries) {
  const names = new Set(entries.flatMap((entry) => cells(entry).map(([name]) => name)));
  if (names.has("global_step")) names.delete("step");
  if (names.has("train_loss_mean")) names.delete("train_loss"); // the same number under its plain name
  const star = ORDER.indexOf("*");
  const place = (/** @type {string} */ name) => {
    const at = ORDER.indexOf(name);
    return at >= 0 ? at : SPEED.test(name) ? ORDER.length : star;
  };
  const score = (/** @type {string} */ name) => (name.startsWith("eval_") ? SCORES.findIndex((pattern) => pattern.test(name)) : 0);
  const kind = (/** @type {string} */ name) => (/^gap_/.test(name) ? 3 : /^train_/.test(name) ? 2 : /^eval_/.test(name) ? 0 : 4);
  return [...names].sort((a, b) => place(a) - place(b) || kind(a) - kind(b) || score(a) - score(b) || a.localeCompare(b));
}

/** The evaluation that decides, and by what: as the server tells it. @param {any} training @returns {{metric: string, greater: boolean, entry: any, value: number} | null} */
export function bestOf(training) {
  const { run_summary: summary, epoch_metrics: entries = [] } = training ?? {};
  const metric = summary?.best_metric;
  if (typeof metric !== "string") return null;
  const same = (/** @type {any} */ entry) => summary.best_step !== undefined && entry.global_step === summary.best_step;
  const value = revived(summary.best_value);
  const entry = entries.find(same) ?? entries.find((/** @type {any} */ each) => revived(each[metric]) === value);
  return entry && typeof value === "number" ? { metric, greater: summary.goal === "max", entry, value } : null;
}

export class EvaluationsPanel {
  constructor() {
    this.pane = new Pane("Evaluations", { key: "evaluations" });
    this.root = this.pane.root;
    this.all = false;
    this.root.addEventListener("trackio-tell", () => !this.all && this.entries && ((this.all = true), this.draw()));
    this.choose = h("button", { class: "tk-btn sm", "aria-haspopup": "listbox", title: "Choose columns" }, icon("columns"), "Columns");
    this.choose.addEventListener("click", () =>
      openMenu(this.choose, { title: "Columns", several: true, items: this.columns.map((name) => ({ value: name, label: name, chosen: this.shown().includes(name) })), choose: (name) => this.toggle(name) }));
    this.pane.tools.append(this.choose);
    /** @type {string[]} */ this.columns = [];
    /** @type {any[]} */ this.after = [];
  }

  /** @param {any} training */
  paint(training) {
    const entries = training?.epoch_metrics ?? [];
    this.pane.show(entries.length > 0);
    if (!entries.length) return;
    this.after = training.evaluations_after_training ?? [];
    const key = JSON.stringify([entries.length, entries.at(-1), training.run_summary?.best_step, this.after]);
    if (key === this.key) return;
    this.key = key;
    this.entries = entries;
    this.best = bestOf(training);
    this.columns = columnsOf(entries.length > 300 ? [...entries.slice(0, 20), ...entries.slice(-280)] : entries);
    this.draw();
  }

  /** @returns {string[]} */
  shown() {
    const kept = (remembered().evaluations ?? []).filter((/** @type {string} */ name) => this.columns.includes(name));
    if (kept.length) return this.columns.filter((name) => kept.includes(name));
    const usual = this.columns.filter((name) => (!SPEED.test(name) && !RARE.test(name)) || USUAL.has(name) || FIRST_RARE.has(name));
    const decides = this.best?.metric;
    const first = usual.slice(0, MOST_COLUMNS);
    return decides && !first.includes(decides) ? [...first.slice(0, -1), decides] : first;
  }

  /** @param {string} name */
  toggle(name) {
    const now = this.shown();
    remember({ evaluations: now.includes(name) ? now.filter((each) => each !== name) : [...now, name] });
    this.draw();
  }

  draw() {
    const { entries, best } = this;
    const columns = this.shown();
    const way = best ? `; best by ${best.metric}${best.greater ? "" : ", lowest"}` : "";
    this.pane.say(`${plural(entries.length, "evaluation")}${way}`);
    const shown = (this.all ? entries : entries.slice(-FIRST_ROWS)).map((/** @type {any} */ entry) => ({ entry, values: new Map(cells(entry)) }));
    const formats = new Map(columns.map((name) => [name, formatOf(name, shown.map((/** @type {any} */ { values }) => values.get(name)))]));
    const rows = shown.map((/** @type {any} */ { entry, values }) => this.row(entry, values, columns, formats)).reverse();
    const head = columns.map((name) => h("th", { class: "num", scope: "col", title: name, "aria-sort": name === columns[0] ? "descending" : null }, label(name)));
    const more = entries.length - rows.length;
    const button = more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${count(more)} earlier`) : null;
    const place = this.pane.body.firstElementChild?.scrollTop ?? 0;
    fill(this.pane.body, plainTable({ label: "Evaluations", head: [...head, h("th", { "aria-label": "best" })], rows, class: "tk-evaluations" }), button);
    if (this.after.length) add(this.pane.body, this.later());
    if (place && this.pane.body.firstElementChild) this.pane.body.firstElementChild.scrollTop = place;
  }

  /** Evaluations after the training, perhaps of another model: the best one, or on another set. */
  later() {
    const columns = columnsOf(this.after).filter((name) => !SPEED.test(name) && !RARE.test(name)).slice(0, MOST_COLUMNS);
    const rows = this.after.map((/** @type {any} */ entry) => new Map(cells(entry)));
    const formats = new Map(columns.map((name) => [name, formatOf(name, rows.map((/** @type {Map<string, any>} */ values) => values.get(name)))]));
    const cell = (/** @type {Map<string, any>} */ values, /** @type {string} */ name) => h("td", { class: "num", title: exact(values.get(name)) }, values.has(name) ? /** @type {any} */ (formats.get(name))(values.get(name)) : "–");
    const head = columns.map((name) => h("th", { class: "num", scope: "col", title: name }, label(name)));
    return h("div", { class: "tk-sub tk-later" }, h("h3", null, "After the training"), plainTable({ label: "Evaluations after the training", head, rows: rows.map((/** @type {Map<string, any>} */ values) => h("tr", null, columns.map((name) => cell(values, name)))), class: "tk-evaluations" }));
  }

  /** @param {any} entry @param {Map<string, any>} values @param {string[]} columns @param {Map<string, (value: any) => string>} formats */
  row(entry, values, columns, formats) {
    const isBest = entry === this.best?.entry;
    const cell = (/** @type {string} */ name) => {
      const value = values.get(name);
      const words = value === undefined || value === null ? "–" : /** @type {any} */ (formats.get(name))(value);
      return h("td", { class: "num", title: value === undefined ? "not recorded at this evaluation" : exact(value) }, isBest && name === this.best?.metric ? h("b", null, words) : words);
    };
    return h("tr", { class: isBest ? "tk-best" : null, data: { at: `evaluation ${entry.global_step ?? ""}` } }, columns.map(cell), h("td", { class: "tk-tags" }, isBest ? h("span", { class: "tk-tag" }, "best") : null, entry.final ? h("span", { class: "tk-tag" }, "final") : null));
  }
}

/** @param {string} name @param {any[]} values */
function formatOf(name, values) {
  if (name === "eval_runtime" || name.endsWith("runtime")) return duration;
  if (name === "epoch") return (/** @type {any} */ value) => number(value);
  return columnFormat(values);
}
