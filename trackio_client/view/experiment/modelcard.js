// @ts-check
/** The model: what it is, from what, how large, how much of it trains and which parts. */

import { fill, h } from "../base/dom.js";
import { binary } from "./failure.js";
import { Pane, pairs, splitBar } from "./pane.js";
import { exact, number, plural } from "../base/words.js";

/** "124.4 M": thousands, millions, billions of parameters. @param {any} n */
export function parameters(n) {
  if (typeof n !== "number" || !Number.isFinite(n)) return null;
  for (const [factor, unit] of /** @type {[number, string][]} */ ([[1e12, " T"], [1e9, " B"], [1e6, " M"], [1e3, " k"]])) if (n >= factor) return `${Number((n / factor).toPrecision(4))}${unit}`;
  return String(n);
}

/** @param {any} holder @param {string[]} names */
const first = (holder, names) => names.map((name) => holder[name]).find((value) => value !== undefined && value !== null && value !== "");

export class ModelPanel {
  constructor() {
    this.pane = new Pane("Model");
    this.root = this.pane.root;
  }

  /** @param {any} training */
  paint(training) {
    const model = training?.model;
    const there = model && typeof model === "object" && Object.keys(model).length > 0;
    this.pane.show(Boolean(there));
    if (!there) return;
    const key = JSON.stringify(model);
    if (key === this.key) return;
    this.key = key;
    const total = first(model, ["parameters", "parameters_total", "num_parameters", "total_parameters"]);
    const trained = first(model, ["parameters_trained", "trainable_parameters", "num_trainable_parameters", "trained_parameters"]);
    const share = typeof total === "number" && typeof trained === "number" && total > 0 ? trained / total : null;
    const adapters = Array.isArray(model.adapters) ? model.adapters : [];
    const base = first(model, ["base_model", "base", "name_or_path", "pretrained_model_name", "_name_or_path"]);
    const revision = first(model, ["revision", "base_revision", "commit_hash", "_commit_hash"]);
    const labels = first(model, ["labels", "label_list"]);
    const parts = first(model, ["trains"]);
    const shown = (/** @type {any} */ value) => (typeof value === "object" ? JSON.stringify(value) : String(value));
    this.pane.say(first(model, ["class", "class_name", "architecture"]) ?? "");
    fill(
      this.pane.body,
      pairs([
        ["based on", base && base !== true ? `${base}${revision ? ` at ${String(revision).slice(0, 10)}` : ""}` : null, revision ? `${base} at ${revision}` : undefined],
        ["parameters", total === undefined ? null : parameters(total), exact(total)],
        ["trained", trained === undefined ? null : h("span", { title: exact(trained) }, trained === 0 ? "none" : `${parameters(trained)}${share === null ? "" : `, ${share === 1 ? "all" : `${(share * 100).toFixed(share < 0.01 ? 2 : 1)} %`}`}`)],
        ["what trains", parts === undefined ? null : shown(parts).replaceAll("_", " ")],
        ...adapters.map((/** @type {any} */ each) => /** @type {[string, any]} */ (["adapter", adapter(each)])),
        ["layers", shape(model)],
        ["type", first(model, ["dtype", "torch_dtype"]) ?? null],
        ["device", first(model, ["device"]) ?? null],
        ["size", first(model, ["parameter_bytes"]) === undefined ? null : binary(model.parameter_bytes)],
        ["exported to", exportsOf(training)],
      ]),
      share !== null && share < 1 ? splitBar([{ share, word: `${parameters(trained)} trained`, kind: "alloc" }, { share: 1 - share, word: `${parameters(total - trained)} frozen`, kind: "free" }], `${(share * 100).toFixed(2)} % of the parameters train`) : null,
      Array.isArray(labels) && labels.length ? h("details", { class: "tk-more-box" }, h("summary", null, plural(labels.length, "label")), h("p", { class: "tk-chips" }, labels.map((label) => h("span", { class: "tk-tag" }, String(label))))) : null,
    );
  }
}

/** @param {any} training */
function exportsOf(training) {
  const list = training?.exports ?? [];
  if (!Array.isArray(list) || !list.length) return null;
  return list.map((each) => (typeof each === "string" ? each : (each.hub_model_id ?? each.absolute_path ?? each.path ?? ""))).filter(Boolean).join(", ");
}

/** @param {any} model */
function shape(model) {
  const layers = first(model, ["layers", "num_layers", "num_hidden_layers", "n_layer"]);
  const hidden = first(model, ["hidden_size", "n_embd", "d_model"]);
  const heads = first(model, ["num_attention_heads", "heads", "n_head"]);
  return [layers === undefined ? null : String(layers), hidden === undefined ? null : `${number(hidden)} wide`, heads === undefined ? null : plural(heads, "head")].filter(Boolean).join(", ") || null;
}

/** @param {any} one @returns {string} */
function adapter(one) {
  const modules = Array.isArray(one.target_modules) ? one.target_modules.join(", ") : one.target_modules;
  return [`${one.kind === "LORA" ? "LoRA" : (one.kind ?? "adapter")}${one.rank === undefined ? "" : ` rank ${one.rank}`}`, one.alpha === undefined ? null : `alpha ${one.alpha}`, one.dropout ? `dropout ${one.dropout}` : null, modules ? `on ${modules}` : null].filter(Boolean).join(", ");
}
