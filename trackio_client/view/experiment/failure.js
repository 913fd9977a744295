// @ts-check
/** Why a training failed: kind, message, trace, the last metrics; out of memory with its numbers. And what was not recorded. */

import { size } from "./checkpoints.js";
import { fill, h } from "../base/dom.js";
import { Pane, pairs, splitBar } from "./pane.js";
import { count, exact, number, plural, revived } from "../base/words.js";

const KINDS = { out_of_memory: "Out of memory", gpu: "The GPU itself", cuda: "CUDA", nan: "Not a number", data: "Reading the data", interrupted: "Interrupted", killed: "A process was killed", unknown: "" };

/** @param {any} word */
const kindWord = (word) => KINDS[/** @type {keyof typeof KINDS} */ (word)] ?? String(word ?? "").replaceAll("_", " ");

/** How it failed, of the rank that failed first. @param {any} training @returns {any} */
function failureOf(training) {
  return training?.failures?.[0] ?? null;
}

export class FailurePanel {
  constructor() {
    this.pane = new Pane("Why it failed", { key: "failure" });
    this.root = this.pane.root;
  }

  /** @param {any} training @param {any} detail */
  paint(training, detail) {
    const error = failureOf(training);
    const memory = error?.out_of_memory ?? null;
    const others = (training?.failures?.length ?? 1) - 1;
    // Of one that lost contact the line above says all that is known; one that was interrupted knows why itself.
    const told = error && (detail?.state === "failed" || (detail?.state === "interrupted" && error.trace));
    this.pane.show(Boolean(told));
    if (!told) return;
    const key = JSON.stringify([error, others]);
    if (key === this.key) return;
    this.key = key;
    const kind = kindWord(memory ? "out_of_memory" : error?.kind);
    const ranks = training?.run_config?.world_size > 1 || error?.rank > 0;
    this.pane.say([kind, error?.rank === null || error?.rank === undefined || !ranks ? null : `first on rank ${error.rank}`, error?.step === null || error?.step === undefined ? null : `step ${number(error.step)}`, error?.epoch === null || error?.epoch === undefined ? null : `epoch ${number(error.epoch)}`].filter(Boolean).join(", "));
    const name = error?.error;
    const trace = error?.trace;
    const last = error?.last_metrics;
    const gpu = error?.gpu?.means ?? (error?.gpu ? `the message names ${error.gpu.what}` : null);
    this.error = error;
    fill(
      this.pane.body,
      name || error?.message ? h("div", { class: "tk-error" }, h("p", null, h("b", null, name ?? "Error")), error?.message ? h("pre", { tabindex: "0" }, String(error.message)) : null, gpu ? h("p", { class: "tk-soft" }, `${error.gpu.xid ? `Xid ${error.gpu.xid}: ` : ""}${gpu}.`) : null, trace ? h("details", null, h("summary", null, "Stack trace"), h("pre", { tabindex: "0" }, String(trace))) : null) : null,
      memory ? memoryCard(memory) : null,
      last && Object.keys(last).length ? h("div", { class: "tk-sub" }, h("h3", null, `Last numbers before it${error.last_metrics_step === undefined || error.last_metrics_step === null ? "" : `, step ${number(error.last_metrics_step)}`}`), numbers(last)) : null,
      others > 0 ? h("p", { class: "tk-pane-words" }, `${plural(others, "more error")} followed: ${training.failures.slice(1, 4).map((/** @type {any} */ each) => [each.error, each.rank === undefined || each.rank === null ? null : `on rank ${each.rank}`].filter(Boolean).join(" ")).join("; ")}${others > 3 ? " …" : "."}`) : null,
    );
  }
}

/** @param {Record<string, any>} values */
function numbers(values) {
  const known = Object.entries(values).map(([name, value]) => /** @type {[string, any]} */ ([name, revived(value)])).filter(([, value]) => typeof value === "number");
  return h("div", { class: "tk-last" }, known.map(([name, value]) => h("span", { title: exact(value) }, name, " ", h("b", null, number(value)))));
}

/** @param {any} memory allocated, reserved, total in bytes; batch, sequence; suggestion */
export function memoryCard(memory) {
  const of = (/** @type {string} */ name) => revived(memory[`${name}_bytes`]);
  const [allocated, reserved, total, wanted] = ["allocated", "reserved", "total", "tried"].map(of);
  const has = (/** @type {any} */ value) => typeof value === "number" && Number.isFinite(value);
  const parts = has(total) && total > 0 && has(allocated)
    ? [{ share: allocated / total, word: `allocated ${binary(allocated)}`, kind: "alloc" }, ...(has(reserved) && reserved > allocated ? [{ share: (reserved - allocated) / total, word: `reserved beyond it ${binary(reserved - allocated)}`, kind: "reserve" }] : []), { share: Math.max(0, 1 - Math.max(allocated, has(reserved) ? reserved : 0) / total), word: "not taken by this process's allocator", kind: "free" }]
    : null;
  const advice = memory.suggestions ?? [];
  const device = memory.of === "host" ? "host" : (memory.device_name ?? memory.device);
  return h(
    "div",
    { class: "tk-sub tk-memory" },
    h("h3", null, "Memory when it ran out", device === undefined || device === null ? "" : ` (${typeof device === "number" ? `device ${device}` : device})`),
    parts ? splitBar(parts, parts.map(({ word }) => word).join(", ")) : null,
    pairs([
      ["allocated", has(allocated) ? binary(allocated) : "not recorded", exact(allocated)],
      ["reserved", has(reserved) ? binary(reserved) : "not recorded", exact(reserved)],
      ["total", has(total) ? binary(total) : "not recorded", exact(total)],
      ["asked for", has(wanted) ? binary(wanted) : null],
      ["batch", words(memory.batch_size)],
      ["accumulated over", memory.gradient_accumulation_steps > 1 ? `${memory.gradient_accumulation_steps} batches` : null],
      ["sequence", words(memory.sequence_length)],
      ["shapes", memory.batch_shapes ? Object.entries(memory.batch_shapes).map(([name, shape]) => `${name} ${words(shape)}`).join(", ") : null],
    ]),
    memory.not_recorded ? h("p", { class: "tk-pane-words" }, `Not recorded: ${memory.not_recorded}.`) : null,
    advice.length ? h("div", { class: "tk-advice" }, h("b", null, "Try"), h("ul", null, advice.map((/** @type {any} */ each) => h("li", null, String(each))))) : null,
  );
}

/** @param {any} value */
const words = (value) => (value === null || value === undefined ? null : typeof value === "number" ? number(value) : Array.isArray(value) ? value.join(" × ") : String(value));

/** Memory is told in powers of two, as the tools that allocate it do. @param {number} bytes */
export function binary(bytes) {
  if (bytes < 2 ** 20) return size(bytes);
  if (bytes < 2 ** 30) return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  if (bytes < 2 ** 40) return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  return bytes < 2 ** 50 ? `${(bytes / 2 ** 40).toFixed(2)} TiB` : `${(bytes / 2 ** 50).toFixed(2)} PiB`;
}

/** What is missing and why, and what of ours went wrong: told, so that nobody takes it for zero. */
export class GapsPanel {
  constructor() {
    this.pane = new Pane("Not recorded", { shut: false });
    this.root = this.pane.root;
  }

  /** @param {any} training */
  paint(training) {
    const faults = training?.faults ?? [];
    const missing = listOf(training?.not_recorded);
    this.pane.show(faults.length + missing.length > 0);
    const key = JSON.stringify([faults, missing]);
    if (key === this.key) return;
    this.key = key;
    this.pane.words.textContent = faults.length && missing.length ? "Not recorded, and faults of the recorder" : faults.length ? "Faults of the recorder" : "Not recorded";
    this.pane.say([missing.length ? plural(missing.length, "fact") : "", faults.length ? plural(faults.length, "fault") : ""].filter(Boolean).join(", "));
    const line = (/** @type {any} */ fault) =>
      h("div", { class: "tk-fault" }, h("p", null, h("b", null, fault.where ?? "somewhere"), " ", h("span", { class: "tk-soft" }, [fault.error, fault.count > 1 ? `${count(fault.count)} times` : null, fault.step === null || fault.step === undefined ? null : `first at step ${number(fault.step)}`].filter(Boolean).join(", "))), fault.message ? h("p", { class: "tk-fault-text" }, String(fault.message)) : null);
    fill(
      this.pane.body,
      missing.length ? h("dl", { class: "tk-kv tk-why" }, missing.map(({ what, why }) => [h("dt", { title: what }, String(what).replaceAll("_", " ")), h("dd", { title: why }, why)])) : null,
      faults.length ? h("div", { class: "tk-faults" }, h("p", { class: "tk-soft" }, "Training went on. What is named here was not recorded as it should have been."), faults.map(line)) : null,
    );
  }
}

/** @param {any} found @returns {{what: string, why: string}[]} */
export function listOf(found) {
  if (!found) return [];
  if (Array.isArray(found)) return found.map((each) => ({ what: String(each.what ?? each.name ?? ""), why: String(each.why ?? each.reason ?? "") }));
  return Object.entries(found).map(([what, why]) => ({ what, why: String(why) }));
}
