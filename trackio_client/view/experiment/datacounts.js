// @ts-check
/** What a training learns from: how much per split, and how often each label stands there. */

import { fill, h } from "../base/dom.js";
import { Pane, plainTable } from "./pane.js";
import { columnFormat, count, exact, number, plural, revived } from "../base/words.js";

const COUNTS = /** @type {[string[], string][]} */ ([
  [["num_lines", "num_rows", "num_examples", "num_samples", "rows"], "rows"],
  [["num_tokens", "tokens"], "tokens"],
  [["num_entity_tokens"], "entity tokens"],
  [["num_o_tokens"], "O tokens"],
  [["num_entities"], "entities"],
  [["o_entity_ratio"], "O : entity"],
]);
const FIRST_LABELS = 12;

export class DataPanel {
  constructor() {
    this.pane = new Pane("Data");
    this.root = this.pane.root;
    this.all = false;
  }

  /** @param {any} training */
  paint(training) {
    const config = training?.run_config ?? {};
    const splits = Object.entries(config.dataset_counts ?? {}).filter(([, counts]) => counts && typeof counts === "object");
    this.pane.show(splits.length > 0);
    if (!splits.length) return;
    const key = JSON.stringify([splits, config.label_list]);
    if (key === this.key) return;
    this.key = key;
    this.splits = splits;
    this.list = config.label_list;
    this.draw();
  }

  draw() {
    const splits = /** @type {[string, any][]} */ (this.splits);
    const of = (/** @type {any} */ counts, /** @type {string[]} */ names) => names.map((name) => revived(counts[name])).find((value) => value !== undefined && value !== null);
    const columns = COUNTS.filter(([names]) => splits.some(([, counts]) => of(counts, names) !== undefined));
    const head = [h("th", { scope: "col" }, "split"), ...columns.map(([names, word]) => h("th", { class: "num", scope: "col", title: names[0] }, word))];
    const rows = splits.map(([name, counts]) => h("tr", null, h("td", { title: name }, name), columns.map(([names]) => {
      const value = of(counts, names);
      return h("td", { class: "num", title: value === undefined ? whyNot(counts) : exact(value) }, value === undefined ? "–" : number(value));
    })));
    const why = splits.map(([name, counts]) => (whyNot(counts) ? `${name}: ${whyNot(counts)}` : "")).filter(Boolean);
    this.pane.say(this.list?.length ? plural(this.list.length, "label") : "");
    fill(this.pane.body, plainTable({ label: "Counts of the data", head, rows, class: "tk-data" }), why.length ? h("p", { class: "tk-pane-words" }, why.join("; ")) : null, this.labels(splits));
  }

  /** @param {[string, any][]} splits */
  labels(splits) {
    const known = splits.filter(([, counts]) => counts.label_counts && Object.keys(counts.label_counts).length);
    if (!known.length) return null;
    const names = [...new Set(known.flatMap(([, counts]) => Object.keys(counts.label_counts)))];
    const firstSplit = known[0][1].label_counts;
    names.sort((a, b) => (firstSplit[b] ?? 0) - (firstSplit[a] ?? 0) || a.localeCompare(b));
    // "O" stands for everything that is nothing: beside it no other bar would be seen.
    const most = known.map(([, counts]) => Math.max(1, ...names.filter((name) => name !== "O").map((name) => counts.label_counts[name] ?? 0)));
    const shown = this.all ? names : names.slice(0, FIRST_LABELS);
    const format = columnFormat([]);
    const row = (/** @type {string} */ name) =>
      h("tr", null, h("th", { scope: "row", title: name }, name), known.map(([split, counts], i) => {
        const n = counts.label_counts[name] ?? 0;
        return h("td", { title: `${name} in ${split}: ${exact(n)}` }, h("span", { class: "tk-bar-cell" }, h("i", { class: n > most[i] ? "over" : null, style: { "--w": `${Math.min(100, (100 * n) / most[i])}%` } }), h("b", null, format(n))));
      }));
    const more = names.length - shown.length;
    return h("div", { class: "tk-label-counts" },
      h("table", { "aria-label": "How often each label stands in the data" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, "label"), known.map(([name]) => h("th", { scope: "col" }, name)))), h("tbody", null, shown.map(row))),
      more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${plural(more, "more label")}`) : null);
  }
}

/** @param {any} counts */
function whyNot(counts) {
  const said = counts.not_recorded ?? counts.why;
  return said ? `not recorded: ${typeof said === "string" ? said : Object.values(said).join("; ")}` : "";
}
