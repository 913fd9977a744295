// @ts-check
/** What stands in a plot beside or instead of its lines: that it waits, is empty, failed, or lacks some experiments. */
import { h } from "../base/dom.js";
import { plural } from "../base/words.js";
import { formatCount } from "./scales.js";

const SKELETON_MS = 150; // one that comes before would only flicker

export class Standing {
  /** @param {import("./chart.js").Chart} chart */
  constructor(chart) {
    this.chart = chart;
    this.noteKey = "";
    this.lackKey = "";
    this.waitingSince = 0;
    this.note = h("div", { class: "tk-chart-note", hidden: true });
    this.lack = h("div", { class: "tk-chart-lack", hidden: true });
    this.skeleton = h("div", { class: "tk-skeleton", "aria-hidden": "true", hidden: true }, h("i"), h("i"), h("i"), h("i"));
    chart.plot.append(this.skeleton, this.note);
    chart.valuesNode.before(this.lack); // in the head: on the plot it would hide lines
  }

  /** Said in the plot's place, whose size stays. @returns {boolean} whether it waits */
  tell() {
    const { chart } = this;
    const model = /** @type {import("./chart.js").Model} */ (chart.model);
    const { waiting, error } = model.status;
    const empty = model.lines.length === 0;
    let note = "";
    if (empty && error) note = `error ${error.message} ${error.detail ?? ""}`;
    else if (empty && !waiting) note = `none ${model.shown} ${model.others} ${model.lacks ?? ""} ${model.lacking} ${model.x}`;
    if (note !== this.noteKey) {
      this.noteKey = note;
      this.note.hidden = !note;
      this.note.replaceChildren();
      if (note.startsWith("error")) this.#failed(error);
      else if (note) this.#absent(model);
    }
    this.#some(empty ? 0 : model.lacking, model);
    const wait = empty && waiting && !note;
    if (wait && !this.waitingSince) {
      this.waitingSince = Date.now();
      setTimeout(() => chart.model && this.tell(), SKELETON_MS + 10);
    } else if (!wait) this.waitingSince = 0;
    this.skeleton.hidden = !(wait && Date.now() - this.waitingSince >= SKELETON_MS);
    if (chart.canvases) for (const canvas of chart.canvases) canvas.hidden = !!note || wait;
    return wait;
  }

  /** @param {any} error */
  #failed(error) {
    const { chart } = this;
    const button = chart.metric.error ? h("button", { class: "tk-btn", on: { click: (/** @type {Event} */ e) => chart.host.derive(chart, e.currentTarget) } }, "Change it") : h("button", { class: "tk-btn", on: { click: () => chart.host.retry() } }, "Try again");
    this.note.append(h("b", null, error.title ?? "This chart cannot be drawn."), h("span", null, error.title ? [error.detail, error.hint].filter(Boolean).join(" ") : error.message), button);
  }

  /** @param {import("./chart.js").Model} model */
  #absent(model) {
    const { chart } = this;
    const { metric } = chart;
    if (model.lacking) {
      const who = model.shown === 1 ? "The shown experiment has" : `None of the ${formatCount(model.shown)} shown experiments has`;
      this.note.append(h("b", null, metric.names ? metric.title : metric.metric), h("span", null, `${who} ${model.shown === 1 ? "no " : ""}${model.x} to draw it against.`), this.#byStep());
      return;
    }
    if (model.lacks) return this.note.append(h("b", null, metric.names ? metric.title : metric.metric), h("span", null, model.lacks));
    const who = model.shown === 1 ? "the shown experiment" : `the ${formatCount(model.shown)} shown experiments`;
    if (metric.names) return this.note.append(h("b", null, metric.title), h("span", null, `${model.shown === 1 ? "The shown experiment has" : `None of ${who} has`} ${model.shown === 1 ? "no common steps of " : ""}${model.shown === 1 ? metric.names.join(" and ") : `${metric.names.join(" and ")} over common steps`}.`));
    this.note.append(h("b", null, metric.metric), h("span", null, `Not logged by ${who}.`));
    const n = model.others;
    if (!n) return;
    this.note.append(h("button", { class: "tk-link", on: { click: () => chart.host.show(chart) } }, n === 1 ? "1 other has it" : `${formatCount(n)} others have it`));
  }

  /** Some have no metric to stand against: said in the head, above the lines of the others. @param {number} lacking @param {import("./chart.js").Model} model */
  #some(lacking, model) {
    const key = lacking ? `${lacking} ${model.shown} ${model.x}` : "";
    if (key === this.lackKey) return;
    this.lackKey = key;
    this.lack.hidden = !key;
    this.lack.replaceChildren();
    this.chart.valuesNode.hidden = !!key; // the best of some is not the best
    const short = model.x.split("/").at(-1);
    if (key) this.lack.append(h("span", { title: `${plural(lacking, "experiment")} logged ${this.chart.metric.metric} without ${model.x} at the same steps` }, `${formatCount(lacking)} of ${formatCount(model.shown)} have no ${short}`), this.#byStep("use the step"));
  }

  #byStep(words = "Draw against the step") {
    return h("button", { class: "tk-link", title: "Draw this chart against the step", on: { click: () => this.chart.host.byStep(this.chart) } }, words);
  }
}
