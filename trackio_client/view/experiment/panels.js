// The tables beside an experiment's charts: every metric in numbers, the config, where it ran.

import { flat } from "../data/columns.js";
import { fill, h, later, text } from "../base/dom.js";
import { exact, number, plural, revived } from "../base/words.js";

/** Min, max, mean, last, points and last step of each metric. */
export class SummaryPanel {
  constructor() {
    this.note = h("span", { class: "tk-soft" });
    this.body = h("tbody", null);
    const head = ["metric", "last", "min", "max", "mean", "points", "step"].map((name, i) => h("th", { class: i ? "num" : "", scope: "col" }, name));
    this.root = h(
      "section",
      { class: "tk-panel" },
      h("div", { class: "tk-panel-head" }, h("h2", null, "Summary"), this.note),
      h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Summary" }, h("table", { class: "tk-plain tk-summary" }, h("thead", null, h("tr", null, head)), this.body)),
    );
    this.lines = new Map();
  }

  /** @param {any} detail @param {string[]} order metrics as the charts stand; what it does not name comes after */
  paint({ summary = {}, user_summary: given = {} }, order = []) {
    const place = new Map(order.map((name, i) => [name, i]));
    const names = Object.keys(summary).sort((a, b) => (place.get(a) ?? 1e9) - (place.get(b) ?? 1e9) || a.localeCompare(b));
    const own = Object.entries(given ?? {}).filter(([name]) => !(name in summary));
    text(this.note, names.length ? plural(names.length, "metric") : "nothing logged yet");
    for (const name of names) this.line(name, summary[name]);
    for (const [name, value] of own) this.line(name, { last: value, set: true });
    const standing = [...names, ...own.map(([name]) => name)].join("\n");
    if (standing !== this.standing) this.body.append(...standing.split("\n").filter(Boolean).map((name) => this.lines.get(name)));
    this.standing = standing;
    for (const [name, line] of this.lines) if (!(name in summary) && !own.some(([key]) => key === name)) line.remove();
  }

  line(name, values) {
    let line = this.lines.get(name);
    if (!line) {
      line = h("tr", null, h("td", { title: name }, name), [0, 1, 2, 3, 4, 5].map(() => h("td", { class: "num" })));
      this.lines.set(name, line);
    }
    if (!line.isConnected) this.body.append(line);
    const cells = [values.last, values.min, values.max, values.mean, values.points].map(revived);
    cells.forEach((value, i) => {
      const cell = line.children[i + 1];
      text(cell, value === undefined ? "" : number(value));
      cell.title = value === undefined || value === null ? "" : exact(value);
      const at = i === 1 ? values.min_step : i === 2 ? values.max_step : undefined;
      if (at !== undefined && at !== null) cell.title += `, at step ${number(at)}`;
    });
    text(line.children[6], values.set ? "set by hand" : values.last_step === undefined ? "" : number(values.last_step));
    if (values.first_step !== undefined) line.children[6].title = `steps ${number(values.first_step)} to ${number(values.last_step)}`;
  }
}

/** What the experiment was started with, with a search. */
export class ConfigPanel {
  constructor() {
    this.note = h("span", { class: "tk-soft" });
    this.field = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the config", spellcheck: "false" });
    this.box = h("label", { class: "tk-field sm" }, this.field);
    this.list = h("dl", { class: "tk-kv", tabindex: "0", "aria-label": "Config" });
    this.root = h("section", { class: "tk-panel" }, h("div", { class: "tk-panel-head" }, h("h2", null, "Config"), this.note, h("span", { class: "tk-grow" }), this.box), this.list);
    this.field.addEventListener("input", later(() => this.draw(), 20));
    this.entries = [];
  }

  /** @param {any} config */
  paint(config) {
    const key = JSON.stringify(config);
    if (key === this.key) return;
    this.key = key;
    this.entries = flat(config);
    this.box.hidden = this.entries.length < 10;
    this.draw();
  }

  draw() {
    const search = this.field.value.toLowerCase().trim();
    const hits = this.entries.filter(([name, value]) => !search || `${name} ${shown(value)}`.toLowerCase().includes(search));
    text(this.note, this.entries.length ? plural(this.entries.length, "key") : "none given");
    const groups = this.entries.length >= GROUPED_FROM ? grouped(hits) : new Map([["", hits]]);
    fill(
      this.list,
      [...groups].map(([group, entries]) => [group ? h("dt", { class: "tk-kv-group" }, group) : null, entries.map(([name, value]) => [h("dt", { title: name }, name), h("dd", { class: "tk-mono", title: shown(value) }, shown(value))])]),
      this.entries.length && !hits.length ? h("dd", { class: "tk-soft tk-kv-none" }, `No key or value holds “${search}”.`) : null,
      this.entries.length ? null : h("dd", { class: "tk-soft tk-kv-none" }, "Give it at the start: ", h("code", null, "trackio.init(config={…})")),
    );
  }
}

const GROUPED_FROM = 16; // keys: fewer are seen at a glance
/** What a key is about, by its words. The first that fits counts. @type {[string, RegExp][]} */
const KEY_GROUPS = [
  ["Data", /^(data(set|loader)?|split|tokenizer)([._]|$)|(^|\.)(dataloader_\w+|dataset_\w+|data_\w+|max_(seq_)?length|remove_unused_columns|label_names|group_by_length|packing|text_field|include_\w+_for_metrics)/i],
  ["Model", /^(model|base_model|lora|peft|adapters?|architecture)([._]|$)|(^|\.)(hidden_\w+|num_(hidden_)?layers|num_attention_heads|vocab_size|(torch_)?dtype|n_(layer|head|embd)|intermediate_size|id2label|label2id|num_labels)$/i],
  ["Training", /(^|[._])(learning_rate|lr|epoch|num_train_epochs|max_steps|steps?|batch|optim|adam|weight_decay|warmup|scheduler|gradient|grad|max_grad_norm|seed|bf16|fp16|tf32|precision|loss|label_smoothing|momentum|beta\d?|epsilon|accumulation|patience|dropout|per_device|eval_|save_|load_best|metric_for|greater_is|compile|liger|neftune|deepspeed|fsdp)/i],
];

/** Entries by what they are about, in a fixed order; empty groups are absent. @param {[string, any][]} entries @returns {Map<string, [string, any][]>} */
export function grouped(entries) {
  const order = ["Model", "Training", "Data", "Other"];
  const found = new Map(order.map((name) => [name, /** @type {[string, any][]} */ ([])]));
  for (const entry of entries) found.get(KEY_GROUPS.find(([, pattern]) => pattern.test(entry[0]))?.[0] ?? "Other")?.push(entry);
  return new Map([...found].filter(([, list]) => list.length));
}

function shown(value) {
  if (value === null) return "None";
  if (typeof value === "object") return "$float" in value ? value.$float : JSON.stringify(value);
  return String(value);
}

/** Where and by what an experiment ran, as far as its client told. @returns {[string, string][]} */
export function facts({ client = {}, parent, job_type: job, created_s: created }) {
  const process = client.process ?? client;
  const named = [
    ["host", process.host],
    ["process", process.pid && `pid ${process.pid}`],
    ["rank", process.world_size > 1 ? `${process.rank} of ${process.world_size}` : undefined],
    ["client", client.version && `${client.language ?? "python"} client ${client.version}`],
    ["job type", job],
    ["forked from", parent && (Array.isArray(parent) ? `${parent[0]} at step ${parent[1]}` : `${parent.experiment_id} at step ${parent.step}`)],
  ];
  return named.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => [name, String(value)]);
}
