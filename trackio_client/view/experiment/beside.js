// @ts-check
/** Validation beside a fixed sample of the training set: a gap that grows is what a model learns by heart. */

import { fill, h } from "../base/dom.js";
import { Pane, plainTable } from "./pane.js";
import { columnFormat, count, exact, number, plural, revived } from "../base/words.js";

const FIRST = ["loss", "f1", "precision", "recall", "accuracy"];
/** @param {string} name */
const place = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** @param {any} value */
const known = (value) => (typeof value === "number" ? value : null);

/** The newest evaluation that measured both. @param {any[]} entries */
const newest = (entries) => [...entries].reverse().find((entry) => entry.train_sample?.metrics && Object.keys(entry.train_sample.metrics).length);

export class BesidePanel {
  constructor() {
    this.pane = new Pane("Train and validation");
    this.root = this.pane.root;
  }

  /** @param {any} training */
  paint(training) {
    const entry = newest(training?.epoch_metrics ?? []);
    this.pane.show(entry !== undefined);
    if (!entry) return;
    const trend = training.run_summary?.train_sample_gap ?? {};
    const key = JSON.stringify([entry.global_step, entry.train_sample, trend]);
    if (key === this.key) return;
    this.key = key;
    const { metrics, gap = {}, samples } = entry.train_sample;
    const names = Object.keys(metrics).sort((a, b) => place(a) - place(b));
    const at = [entry.global_step === undefined ? null : `step ${number(entry.global_step)}`, entry.epoch === undefined ? null : `epoch ${number(entry.epoch)}`].filter(Boolean).join(", ");
    this.pane.say([typeof samples === "number" ? plural(samples, "row") : null, at].filter(Boolean).join(", "));
    const rows = names.map((name) => [metrics[name], entry[`eval_${name}`], gap[name], trend[name]?.first].map(revived));
    const formats = [columnFormat(rows.flatMap(([ours, theirs]) => [ours, theirs])), columnFormat(rows.flatMap(([, , now, first]) => [now, first]))];
    const cell = (/** @type {any} */ value, /** @type {(value: any) => string} */ format) => h("td", { class: "num", title: known(value) === null ? "not recorded" : exact(value) }, known(value) === null ? "–" : format(value));
    const line = (/** @type {string} */ name, /** @type {any[]} */ [ours, theirs, now, first]) =>
      h("tr", null, h("th", { scope: "row", title: name }, name.replaceAll("_", " ")), cell(ours, formats[0]), cell(theirs, formats[0]), cell(now, formats[1]), cell(first, formats[1]));
    const head = ["", "sample", "validation", "gap", "at first"].map((word, i) => h("th", { class: i ? "num" : "", scope: "col", "aria-label": word || "metric", title: i === 3 ? "training sample less validation" : i === 4 ? `gap at the first of ${count(trend[names[0]]?.evaluations ?? 1)} evaluations` : null }, word));
    fill(this.pane.body, plainTable({ label: "Train and validation", head, rows: names.map((name, i) => line(name, rows[i])), class: "tk-beside" }));
  }
}
