// @ts-check
/** What the hardware did between evaluations: the mean of the newest window, and mean and greatest of all of them. */

import { fill, h } from "../base/dom.js";
import { Pane, plainTable } from "./pane.js";
import { exact, number, plural, revived } from "../base/words.js";

/** Which readings come first: what most trainings are slow or stop for. */
const ORDER = [/^gpu_.*utilization/, /^gpu_.*memory/, /^gpu_.*(temperature|power)/, /^gpu_/, /^cpu/, /^memory/, /^process/, /./];
const FIRST_ROWS = 12;

/** Mean and greatest of a reading over windows, each as heavy as its readings. @param {any[]} windows of one name, {mean, max, readings} */
export function over(windows) {
  let [sum, weight, most] = [0, 0, -Infinity];
  for (const each of windows) {
    const [mean, max, readings] = [revived(each.mean), revived(each.max), Number(each.readings) || 1];
    if (Number.isFinite(mean)) (sum += mean * readings), (weight += readings);
    if (Number.isFinite(max)) most = Math.max(most, max);
  }
  return { mean: weight ? sum / weight : null, max: most === -Infinity ? null : most, readings: weight };
}

export class HardwarePanel {
  /** @param {(metric: string) => any} metric what the project knows of a metric: its title and unit */
  constructor(metric) {
    this.metric = metric;
    this.pane = new Pane("Hardware");
    this.root = this.pane.root;
    this.all = false;
  }

  /** @param {any} training */
  paint(training) {
    const windows = (training?.epoch_metrics ?? []).map((/** @type {any} */ entry) => entry.hardware).filter((/** @type {any} */ each) => each && Object.keys(each).length);
    this.pane.show(windows.length > 0);
    if (!windows.length) return;
    const key = `${windows.length} ${JSON.stringify(windows.at(-1))} ${Boolean(this.metric("system/cpu_percent"))}`;
    if (key === this.key) return;
    this.key = key;
    this.windows = windows;
    this.draw();
  }

  draw() {
    const windows = /** @type {any[]} */ (this.windows);
    const place = (/** @type {string} */ name) => ORDER.findIndex((pattern) => pattern.test(name));
    const names = [...new Set(windows.flatMap((each) => Object.keys(each)))].sort((a, b) => place(a) - place(b) || a.localeCompare(b, undefined, { numeric: true }));
    this.pane.say(`over ${plural(windows.length, "evaluation")}`);
    const shown = this.all ? names : names.slice(0, FIRST_ROWS);
    const cell = (/** @type {any} */ value) => h("td", { class: "num", title: typeof value === "number" ? exact(value) : "not read" }, typeof value === "number" && Number.isFinite(value) ? number(Number(value.toPrecision(3))) : "–");
    const row = (/** @type {string} */ name) => {
      const known = this.metric(`system/${name}`);
      const all = over(windows.map((each) => each[name]).filter(Boolean));
      const title = known?.title ?? name.replaceAll("_", " ");
      return h("tr", null, h("th", { scope: "row", title: `system/${name}` }, title, known?.unit ? h("span", { class: "tk-soft" }, ` ${known.unit}`) : null), cell(revived(windows.at(-1)[name]?.mean)), cell(all.mean), cell(all.max));
    };
    const head = [["", "reading"], ["newest", "mean between the last two evaluations"], ["mean", "over all evaluations"], ["most", "over all evaluations"]].map(([word, title], i) => h("th", { class: i ? "num" : "", scope: "col", title, "aria-label": word ? null : title }, word));
    const more = names.length - shown.length;
    fill(this.pane.body, plainTable({ label: "Hardware", head, rows: shown.map(row), class: "tk-beside" }),
      more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${plural(more, "more reading")}`) : null);
  }
}
