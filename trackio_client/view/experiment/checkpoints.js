// @ts-check
/** Every checkpoint that was saved: where, how large, how good, best by which metric, still there or deleted. */

import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { copy } from "../base/notices.js";
import { Pane, plainTable } from "./pane.js";
import { columnFormat, exact, number, plural, revived } from "../base/words.js";

const FIRST_ROWS = 40;

/** "1.50 GB": decimal, as disks are sold. @param {number | null | undefined} bytes */
export function size(bytes) {
  if (typeof bytes !== "number" || !Number.isFinite(bytes)) return "–";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) (value /= 1000), (unit += 1);
  return `${unit ? value.toPrecision(3) : value} ${units[unit]}`;
}

/** A button that copies a text and says so. @param {string} words @param {string} what */
export function copyButton(words, what) {
  const button = h("button", { class: "tk-copy-small", title: what, "aria-label": what }, icon("copy"));
  button.addEventListener("click", () => copy(words, button));
  return button;
}

/** @param {any} one */
const bytesOf = (one) => one.bytes ?? one.size_bytes;
/** @param {any} one */
const pathOf = (one) => one.absolute_path ?? one.path ?? one.s3_path ?? "";
/** @param {any} one */
const isGone = (one) => one.deleted === true || one.kept === false || one.exists === false;

/** By which metrics a checkpoint is the best: [metric, value]. @param {any} one @param {string} named the metric that decides @returns {[string, any][]} */
function bests(one, named) {
  /** @type {string[]} */ const by = [...(one.best_by ?? [])];
  if (one.is_best && !by.includes(named)) by.unshift(named);
  return by.sort((a, b) => Number(b === named) - Number(a === named)).map((name) => [name, one.metrics?.[name]]);
}

export class CheckpointsPanel {
  constructor() {
    this.pane = new Pane("Checkpoints", { key: "checkpoints" });
    this.root = this.pane.root;
    this.all = false;
    this.root.addEventListener("trackio-tell", () => !this.all && this.list && ((this.all = true), this.draw()));
  }

  /** @param {any} training */
  paint(training) {
    const list = training?.checkpoints ?? [];
    this.pane.show(list.length > 0);
    if (!list.length) return;
    const key = JSON.stringify(list);
    if (key === this.key) return;
    this.key = key;
    this.list = list;
    this.total = training.run_summary?.checkpoint_bytes_kept;
    this.draw();
  }

  draw() {
    const list = /** @type {any[]} */ (this.list);
    const kept = list.filter((one) => !isGone(one));
    const known = kept.map(bytesOf).filter((value) => typeof value === "number");
    const total = this.total ?? (known.length ? known.reduce((sum, value) => sum + value, 0) : undefined);
    this.pane.say(`${kept.length} kept${list.length > kept.length ? `, ${list.length - kept.length} deleted` : ""}${total === undefined ? "" : `, ${size(total)}`}`);
    const named = list.map((one) => one.deciding_metric).find(Boolean) ?? "eval_loss";
    const metric = list.some((one) => one.metrics?.[named] !== undefined) ? named : Object.keys(list.map((one) => one.metrics).find((metrics) => metrics && Object.keys(metrics).length) ?? {})[0];
    const valueOf = (/** @type {any} */ one) => revived(one.metrics?.[metric]);
    const format = columnFormat(list.map(valueOf));
    const shown = this.all ? list : list.slice(-FIRST_ROWS);
    const row = (/** @type {any} */ one) => {
      const path = String(pathOf(one));
      const name = path.split("/").filter(Boolean).at(-1) ?? `step ${number(one.step)}`;
      const value = valueOf(one);
      const by = bests(one, named);
      const words = by.map(([each, at]) => `${each}${at === undefined ? "" : ` ${exact(revived(at))}`}`).join(", ");
      const short = by.some(([each]) => each === named) ? "best" : `best ${by.length > 1 ? `by ${by.length}` : by[0]?.[0].replace(/^eval_/, "")}`;
      const tags = by.length ? h("span", { class: "tk-tag", title: `best by ${words}` }, short) : null;
      return h("tr", { class: isGone(one) ? "tk-gone" : null, data: { at: `checkpoint ${one.step ?? ""}` } },
        h("td", { class: "num" }, one.step === undefined || one.step === null ? "–" : number(one.step)),
        h("td", { class: "tk-path", title: path }, h("span", null, name), path && !isGone(one) ? copyButton(path, "Copy its path") : null, tags, isGone(one) ? h("span", { class: "tk-tag" }, "deleted") : null),
        h("td", { class: "num", title: value === undefined || value === null ? "no evaluation belongs to it" : exact(value) }, value === undefined || value === null ? "–" : format(value)),
        h("td", { class: "num", title: bytesOf(one) === undefined || bytesOf(one) === null ? "its size was not recorded" : `${number(bytesOf(one))} bytes${one.files === undefined ? "" : ` in ${plural(one.files, "file")}`}` }, size(bytesOf(one))));
    };
    const head = [["step", "num"], ["checkpoint", ""], [metric ?? "metric", "num"], ["size", "num"]].map(([word, kind]) => h("th", { class: kind, scope: "col", title: word }, word));
    const more = list.length - shown.length;
    fill(this.pane.body, plainTable({ label: "Checkpoints", head, rows: shown.map(row).reverse(), class: "tk-checkpoints" }),
      more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${plural(more, "earlier one")}`) : null);
  }
}
