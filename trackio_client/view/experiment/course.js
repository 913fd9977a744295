// @ts-check
/** How the training goes: what is best so far, whether patience runs out, where its time goes, what it costs, how long still. */

import { fill, h } from "../base/dom.js";
import { bestOf } from "./evaluations.js";
import { Pane, pairs, splitBar } from "./pane.js";
import { duration, exact, number, plural, revived } from "../base/words.js";

/** Parts of the time, in the order of the bar: what they are called in a summary, the word, the colour. */
const PARTS = /** @type {[string, string, string][]} */ ([
  ["compute_seconds", "computing", "compute"],
  ["data_seconds", "waiting for data", "wait"],
  ["between", "between steps", "rest"],
  ["evaluation_seconds", "evaluating", "eval"],
  ["saving_seconds", "saving", "save"],
  ["recording_seconds", "recording", "record"],
]);

/** A large number in words: 1.24 × 10¹⁵. @param {any} value */
function large(value) {
  const known = revived(value);
  if (typeof known !== "number" || !Number.isFinite(known)) return null;
  if (known < 1e9) return number(known);
  const power = Math.floor(Math.log10(known));
  return `${(known / 10 ** power).toFixed(2)} × 10${[...String(power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
}

/** The first of these names that holds a number. @param {any[]} holders @param {string[]} names */
function known(holders, names) {
  for (const holder of holders) {
    for (const name of names) {
      const value = revived(holder?.[name]);
      if (typeof value === "number" && Number.isFinite(value)) return value;
    }
  }
  return null;
}

export class CoursePanel {
  constructor() {
    this.pane = new Pane("Training");
    this.root = this.pane.root;
  }

  /** @param {any} training @param {any} detail */
  paint(training, detail) {
    const { run_summary: summary = {}, epoch_metrics: entries = [] } = training ?? {};
    const last = entries.at(-1) ?? {};
    const time = summary?.time ?? {};
    const lines = [...this.best(training), ...this.stopping((summary?.early_stopping ?? training?.run_config?.early_stopping ?? {}), entries), ...this.times(time, summary ?? {}, last, detail), ...this.cost([summary, last], detail?.state === "running"), ...this.gradients([summary, last]), ...entities(last.entity_rates), ...setup(training?.run_config), ...identities(training?.run_config?.identity)];
    const split = splitOf(time, summary?.train_runtime_seconds) ?? stepSplit(last);
    // How long it ran stands in the head: alone it is no panel.
    const isTold = lines.some(([name, value]) => (value ?? "") !== "" && name !== "trained for");
    this.pane.show(isTold || split !== null);
    if (!isTold && split === null) return;
    const key = JSON.stringify([lines.map(([name, value, hover]) => [name, value instanceof Node ? value.textContent : value, hover]), split]);
    if (key === this.key) return;
    this.key = key;
    this.pane.say(detail?.state === "running" ? "so far" : "");
    fill(this.pane.body, pairs(lines), split && this.split(split));
  }

  /** @param {any} training @returns {[string, any, string?][]} */
  best(training) {
    const best = bestOf(training ?? {});
    if (!best) return [];
    const at = [best.entry.global_step ?? best.entry.step, best.entry.epoch];
    const words = `${number(best.value)} at ${at[0] === undefined ? "" : `step ${number(at[0])}`}${at[1] === undefined || at[1] === null ? "" : `${at[0] === undefined ? "" : ", "}epoch ${number(at[1])}`}`;
    return [[`best ${best.metric}`, h("span", { title: exact(best.value) }, words)]];
  }

  /** @param {any} stopping @param {any[]} entries @returns {[string, any, string?][]} */
  stopping(stopping, entries) {
    const patience = known([stopping], ["patience"]);
    const since = known([stopping], ["evaluations_since_best"]);
    const used = known([stopping], ["counter", "evaluations_since_best"]);
    /** @type {[string, any, string?][]} */ const lines = [];
    if (patience !== null) {
      const on = Math.min(patience, Math.max(0, used ?? 0));
      const pips = patience <= 20 ? h("span", { class: "tk-pips", "aria-hidden": "true" }, Array.from({ length: patience }, (_, i) => h("i", { class: i < on ? "on" : null }))) : null;
      const words = stopping.triggered === true ? `ended it${stopping.stopped_at_step === undefined ? "" : ` at step ${number(stopping.stopped_at_step)}`}` : used === null ? `after ${plural(patience, "evaluation")} without gain` : `${number(used)} of ${number(patience)} evaluations without gain`;
      lines.push(["early stopping", h("span", { class: "tk-inline" }, pips, words), stopping.threshold ? `a gain is more than ${number(stopping.threshold)}` : undefined]);
    } else if (stopping.stopped_at_step !== undefined) lines.push(["stopped early", `at step ${number(stopping.stopped_at_step)} by ${stopping.stopped_by ?? "a callback"}`]);
    const steps = known([stopping], ["steps_since_best"]);
    if (entries.length && (since || steps)) lines.push(["since the best", [since === null ? null : plural(since, "evaluation"), steps === null ? null : plural(steps, "step")].filter(Boolean).join(", ")]);
    return lines;
  }

  /** @param {any} time @param {any} summary @param {any} last @param {any} detail @returns {[string, any, string?][]} */
  times(time, summary, last, detail) {
    const left = known([summary, last], ["time_left_seconds", "time_left"]);
    const ran = known([summary, last], ["train_runtime_seconds", "seconds_since_begin"]);
    const step = known([time, last], ["step_time"]);
    const evaluating = known([time], ["evaluation_seconds"]);
    const samples = known([time, last], ["samples_per_second"]);
    const tokens = known([time, last], ["throughput"]);
    const flos = known([summary, last], ["total_flos"]);
    const seen = known([summary?.tokens], ["seen"]);
    return [
      ["left", left !== null && detail?.state === "running" ? `about ${duration(left)}` : null],
      ["trained for", ran === null ? null : duration(ran)],
      ["a step takes", step === null ? null : step < 1 ? `${number(step * 1000)} ms` : duration(step)],
      ["evaluations took", evaluating ? duration(evaluating) : null], // 0 where there was none
      ["throughput", [samples === null ? null : `${number(Number(samples.toPrecision(4)))} samples/s`, tokens === null ? null : `${number(Number(tokens.toPrecision(4)))} tokens/s`].filter(Boolean).join(", ")],
      ["tokens seen", seen === null ? null : number(seen), summary?.tokens?.counted],
      ["operations", large(flos), flos === null ? undefined : `${exact(flos)} floating point operations`],
    ];
  }

  /** @param {any[]} holders @param {boolean} runs @returns {[string, any, string?][]} */
  cost(holders, runs) {
    const cost = known(holders, ["cost"]);
    const total = runs ? known(holders, ["cost_expected"]) : null; // of one that ended it is what was once expected
    const price = known(holders, ["price_per_hour"]);
    if (cost === null) return [];
    return [["cost", `${cost.toFixed(2)}${total === null ? "" : `, about ${total.toFixed(2)} at the end`}${price === null ? "" : ` at ${number(price)} an hour`}`]];
  }

  /** @param {any[]} holders @returns {[string, any, string?][]} */
  gradients(holders) {
    const share = known(holders, ["clipped_share"]);
    const most = known(holders, ["clip_threshold"]);
    if (share === null) return [];
    return [["gradients clipped", `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} % of steps${most === null ? "" : `, above ${number(most)}`}`]];
  }

  /** @param {{share: number, word: string, kind: string, seconds: number | null}[]} split */
  split(split) {
    const legend = split.filter(({ share }) => share >= 0.005).map(({ share, word, kind }) => h("span", null, h("i", { class: kind }), `${word} ${(share * 100).toFixed(0)} %`));
    const words = split.map(({ share, word, kind, seconds }) => ({ share, kind, word: `${word}: ${(share * 100).toFixed(1)} %${seconds === null ? "" : `, ${duration(seconds)}`}` }));
    return h("div", { class: "tk-split-all" }, h("h3", null, "Where the time goes"), splitBar(words, words.map(({ word }) => word).join(", ")), h("div", { class: "tk-split-legend" }, legend));
  }
}

/** @typedef {{share: number, word: string, kind: string, seconds: number | null}[]} Split */

/** @param {Record<string, number | null>} seconds @param {boolean} isShare @returns {Split | null} */
function partsOf(seconds, isShare) {
  const total = Object.values(seconds).reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
  if (!total) return null;
  return PARTS.filter(([name]) => seconds[name]).map(([name, word, kind]) => ({ share: /** @type {number} */ (seconds[name]) / total, word, kind, seconds: isShare ? null : seconds[name] }));
}

/** The whole training's time by part: what no part names stands between the steps. @param {any} time @param {any} whole seconds @returns {Split | null} */
export function splitOf(time, whole) {
  const seconds = Object.fromEntries(PARTS.map(([name]) => [name, known([time], [name])]));
  if (seconds.compute_seconds === null) return null;
  const told = Object.values(seconds).reduce((/** @type {number} */ sum, value) => sum + (value ?? 0), 0);
  if (typeof whole === "number" && whole > told) seconds.between = whole - told;
  return partsOf(seconds, false);
}

/** While it runs: what a step is spent on, as of the last evaluation. @param {any} entry @returns {Split | null} */
function stepSplit(entry) {
  const of = (/** @type {string} */ name) => known([entry], [name]);
  if (of("compute_time") === null) return null;
  return partsOf({ compute_seconds: of("compute_time"), data_seconds: of("data_wait_time"), between: of("between_steps_time") }, true);
}

/** How often entities are answered, beside how often they are there. @param {any} rates @returns {[string, any, string?][]} */
function entities(rates) {
  const [answered, gold, ratio] = ["predicted_rate", "gold_rate", "ratio"].map((name) => known([rates], [name]));
  if (answered === null || gold === null) return [];
  const percent = (/** @type {number} */ share) => `${number(Number((share * 100).toPrecision(3)))}`;
  return [["entities answered", `${percent(answered)} in 100 tokens, gold has ${percent(gold)}`, `${ratio === null ? "" : `${exact(ratio)} times as many; `}at the last evaluation`]];
}

/** What was set for the whole of it. @param {any} config run_config @returns {[string, any, string?][]} */
function setup(config) {
  const { trainer, effective_batch_size: batch, schedule = {}, callbacks = [], world_size: ranks } = config ?? {};
  const plan = [schedule.scheduler, schedule.warmup_steps ? `${number(schedule.warmup_steps)} steps of warm-up` : null, schedule.max_steps ? `over ${number(schedule.max_steps)} steps` : null, schedule.optimizer].filter(Boolean).join(", ");
  return [
    ["trainer", trainer, [config?.training_arguments_class, config?.data_collator, ...callbacks].filter(Boolean).join("\n") || undefined],
    ["effective batch", typeof batch === "number" ? `${number(batch)}${ranks > 1 ? `, of ${number(ranks)} processes` : ""}` : null],
    ["schedule", plan],
  ];
}

/** What two experiments must share to be compared: the evaluation set and the labels. @param {any} identity @returns {[string, any, string?][]} */
function identities(identity) {
  const hover = "Two experiments are compared fairly when this is the same in both";
  const code = (/** @type {any} */ id) => h("code", { title: `${id}. ${hover}` }, String(id).replace(/^all:/, "").slice(0, 10));
  const sets = Object.entries(identity?.evaluation_sets ?? {});
  const told = sets.filter(([, set]) => set?.id).map(([name, set]) => /** @type {[string, any, string?]} */ ([sets.length > 1 ? `set ${name}` : "evaluation set", h("span", null, code(set.id), set.rows === undefined ? "" : `, ${plural(set.rows, "row")}`), hover]));
  const labels = identity?.labels;
  return labels?.id ? [...told, ["label set", h("span", null, code(labels.id), labels.count === undefined ? "" : `, ${plural(labels.count, "label")}`), hover]] : told;
}
