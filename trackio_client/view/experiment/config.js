// @ts-check
/** What an experiment was started with: by what it is about, searchable, to copy in the form that the next run takes. */

import { copyMenu, flags, json, yaml } from "./copies.js";
import { flat } from "../data/columns.js";
import { fill, h, later } from "../base/dom.js";
import { matcher } from "../base/matching.js";
import { Pane } from "./pane.js";
import { count, plural, revived } from "../base/words.js";

const GROUPED_FROM = 16; // keys: fewer are seen at a glance
const SEARCH_FROM = 10;
const MOST_ROWS = 600; // made at once; the search finds the others
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

/** A value as Python would write it. @param {any} value */
export function shown(value) {
  const known = revived(value);
  if (known === null) return "None";
  if (typeof known === "boolean") return known ? "True" : "False";
  if (typeof known === "number") return Number.isNaN(known) ? "nan" : Number.isFinite(known) ? String(known) : known > 0 ? "inf" : "-inf";
  return typeof known === "object" ? JSON.stringify(known) : String(known);
}

export class ConfigPanel {
  constructor() {
    this.pane = new Pane("Config");
    this.root = this.pane.root;
    this.field = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the config", spellcheck: "false" });
    this.box = h("label", { class: "tk-field sm" }, this.field);
    this.list = h("dl", { class: "tk-kv", tabindex: "0", "aria-label": "Config" });
    this.copies = copyMenu("Copy the config", {
      "As JSON": () => json(this.config),
      "As YAML": () => yaml(this.config),
      "As flags of a command line": () => flags(this.entries),
    });
    this.pane.tools.append(this.box, this.copies);
    this.pane.body.append(this.list);
    this.field.addEventListener("input", later(() => this.draw(), 20));
    this.entries = /** @type {[string, any][]} */ ([]);
    this.config = {};
    this.pane.show(true);
  }

  /** @param {any} config */
  paint(config) {
    const key = JSON.stringify(config);
    if (key === this.key) return;
    this.key = key;
    this.config = config;
    this.entries = flat(config);
    this.box.hidden = this.entries.length < SEARCH_FROM;
    this.copies.hidden = !this.entries.length;
    this.draw();
  }

  draw() {
    const matches = matcher(this.field.value);
    const hits = this.entries.filter(([name, value]) => !matches || matches(name, shown(value)));
    this.pane.say(!this.entries.length ? "none given" : matches ? `${count(hits.length)} of ${plural(this.entries.length, "key")}` : plural(this.entries.length, "key"));
    const made = hits.slice(0, MOST_ROWS);
    const groups = this.entries.length >= GROUPED_FROM ? grouped(made) : new Map([["", made]]);
    const row = (/** @type {[string, any]} */ [name, value]) => [h("dt", { title: name }, name), h("dd", { class: "tk-mono", title: shown(value) }, shown(value))];
    fill(
      this.list,
      [...groups].map(([group, entries]) => [group ? h("dt", { class: "tk-kv-group" }, group) : null, entries.map(row)]),
      this.entries.length && !hits.length ? h("dd", { class: "tk-soft tk-kv-none" }, `No key or value holds “${this.field.value}”.`) : null,
      hits.length > made.length ? h("dd", { class: "tk-soft tk-kv-none" }, `The first ${count(MOST_ROWS)} of ${count(hits.length)}: type to find the others. Copy has all of them.`) : null,
      this.entries.length ? null : h("dd", { class: "tk-soft tk-kv-none" }, "Give it at the start: ", h("code", null, "trackio.init(config={…})")),
    );
  }
}
