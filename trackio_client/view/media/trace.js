// @ts-check
/** A trace: the messages of a conversation, and its spans as a tree with how long each took and what it used. */

import { fill, h } from "../base/dom.js";
import { picture } from "./image.js";
import { absent, captionOf, textOf } from "./kinds.js";
import { count, duration, number, plural, revived } from "../base/words.js";

const MOST_SPANS = 500;
const LONG = 1200; // characters of a message shown before it is unfolded

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function traces(stage, tools) {
  return {
    async show(items) {
      const whole = await Promise.all(items.map(async (item) => (item.messages || !item.file ? item : { ...item, ...JSON.parse(await textOf(item, tools)) })));
      fill(stage, whole.map((item) => (item.not_kept ? absent(item, tools) : traceOf(item, tools))));
    },
  };
}

/** @param {any} item @param {import("./kinds.js").Tools} tools */
function traceOf(item, tools) {
  const { messages = [], spans = [], metadata } = item;
  const roots = treeOf(spans);
  const all = roots.flatMap(function walk(/** @type {any} */ each) { return [each, ...each.children.flatMap(walk)]; });
  const timed = all.filter((each) => Number.isFinite(each.start) && Number.isFinite(each.end)); // one that tells no times has no bar
  const began = Math.min(...timed.map((each) => each.start));
  const ended = Math.max(...timed.map((each) => each.end));
  const tokens = item.total_tokens ?? (item.input_tokens ?? 0) + (item.output_tokens ?? 0);
  const took = typeof item.duration_ms === "number" ? item.duration_ms / 1000 : ended - began;
  const about = [item.span_count ? plural(item.span_count, "span") : null, Number.isFinite(took) && took > 0 ? duration(took) : null, tokens ? plural(tokens, "token") : null, typeof item.cost_usd === "number" ? `$${number(item.cost_usd)}` : null, item.status].filter(Boolean).join(", ");
  return h("figure", { class: "tk-trace" }, captionOf(item), about ? h("p", { class: "tk-soft" }, about) : null,
    messages.length ? h("div", { class: "tk-messages" }, messages.map((/** @type {any} */ each) => messageOf(each, tools))) : null,
    roots.length ? h("div", { class: "tk-spans", role: "tree", "aria-label": "Spans" }, roots.map((each) => spanOf(each, began, Math.max(ended - began, 1e-9), 1))) : null,
    spans.length > all.length ? h("p", { class: "tk-soft" }, `The first ${MOST_SPANS} of ${count(spans.length)} spans.`) : null,
    metadata && Object.keys(metadata).length ? h("details", { class: "tk-more-box" }, h("summary", null, "Metadata"), h("pre", { class: "tk-text" }, JSON.stringify(metadata, null, 1))) : null);
}

/** @param {any} content */
function plainText(content) {
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map((part) => (typeof part === "string" ? part : (part?.text ?? `[${part?.$media ?? part?.type ?? "part"}]`))).join("\n");
  return content === null || content === undefined ? "" : JSON.stringify(content, null, 1);
}

/** Media that stand in a content, a few. @param {any} content @returns {any[]} */
function mediaIn(content) {
  if (!content || typeof content !== "object") return [];
  if (typeof content.$media === "string") return [content];
  return Object.values(content).flatMap(mediaIn).slice(0, 12);
}

/** @param {any} message @param {import("./kinds.js").Tools} tools */
function messageOf(message, tools) {
  const words = plainText(message.content);
  const role = String(message.role ?? "message");
  const calls = message.tool_calls ?? [];
  return h("div", { class: `tk-message ${role === "assistant" ? "answer" : ""}` }, h("b", null, [role, message.name].filter(Boolean).join(" · ")),
    words.length > LONG ? h("details", null, h("summary", null, `${words.slice(0, 200)}…`), h("pre", { tabindex: "0" }, words)) : h("pre", null, words),
    mediaIn(message.content).filter((each) => each.$media === "image").map((each) => picture(each, tools)),
    calls.length ? h("pre", { class: "tk-soft" }, calls.map((/** @type {any} */ call) => `${call.function?.name ?? call.name ?? "call"}(${plainText(call.function?.arguments ?? call.arguments ?? "")})`).join("\n")) : null);
}

/** Seconds, from seconds, milliseconds, nanoseconds or ISO. @param {any} span @param {string} end */
function timeOf(span, end) {
  for (const [name, scale] of /** @type {[string, number][]} */ ([[`${end}_s`, 1], [`${end}_time_s`, 1], [`${end}_time_ms`, 1e-3], [`${end}_ms`, 1e-3], [`${end}_time_ns`, 1e-9], [`${end}_ns`, 1e-9], [`${end}_time`, 1], [end, 1]])) {
    const value = revived(span[name]);
    if (typeof value === "number") return value * scale;
    if (typeof value === "string" && Number.isFinite(Date.parse(value))) return Date.parse(value) / 1000;
  }
  return NaN;
}

/** Spans below those that began them. @param {any} spans a list with parents by id, or nested @returns {any[]} */
export function treeOf(spans) {
  /** @type {Map<any, any>} */ const byId = new Map();
  const roots = [];
  let left = MOST_SPANS;
  const make = (/** @type {any} */ span, /** @type {number} */ depth) => {
    left -= 1;
    const start = timeOf(span, "start");
    const length = revived(span.duration_s ?? (span.duration_ms === undefined ? undefined : span.duration_ms / 1000) ?? span.duration);
    const end = Number.isFinite(timeOf(span, "end")) ? timeOf(span, "end") : start + (typeof length === "number" ? length : NaN);
    const usage = span.usage ?? {};
    const tokens = revived(usage.total_tokens ?? ((usage.input_tokens ?? usage.prompt_tokens ?? 0) + (usage.output_tokens ?? usage.completion_tokens ?? 0) || undefined));
    const node = { span, start, end, tokens: typeof tokens === "number" ? tokens : undefined, length: Number.isFinite(end - start) ? end - start : typeof length === "number" ? length : NaN, children: /** @type {any[]} */ ([]) };
    for (const child of depth < 40 ? (span.children ?? span.child_spans ?? span.spans ?? []) : []) if (left > 0) node.children.push(make(child, depth + 1));
    return node;
  };
  for (const span of Array.isArray(spans) ? spans : []) {
    if (left <= 0) break;
    const node = make(span, 0);
    const id = span.id ?? span.span_id;
    if (id !== undefined) byId.set(id, node);
    roots.push(node);
  }
  const parentOf = (/** @type {any} */ node) => byId.get(node.span.parent_id ?? node.span.parent_span_id ?? node.span.parent);
  const isAbove = (/** @type {any} */ node) => { const seen = new Set(); for (let at = parentOf(node); at; at = parentOf(at)) { if (at === node || seen.has(at)) return true; seen.add(at); } return false; };
  return roots.filter((node) => {
    const parent = parentOf(node);
    if (!parent || parent === node || isAbove(node)) return true; // parents in a ring are none
    parent.children.push(node);
    return false;
  });
}

/** @param {any} node @param {number} began @param {number} whole @param {number} level */
function spanOf(node, began, whole, level) {
  const { span } = node;
  const failed = /error|fail/i.test(String(span.status?.code ?? span.status ?? "")) || Boolean(span.error);
  const inside = Object.entries({ inputs: span.inputs ?? span.input, outputs: span.outputs ?? span.output, error: span.error, model: span.model, usage: span.usage, cost_usd: span.cost_usd, metadata: span.metadata }).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const bar = Number.isFinite(node.start) && Number.isFinite(node.end) ? h("span", { class: "tk-span-time", "aria-hidden": "true" }, h("i", { style: { "--x": `${(100 * (node.start - began)) / whole}%`, "--w": `${Math.max(0.5, (100 * (node.end - node.start)) / whole)}%` } })) : h("span", { class: "tk-span-time" });
  const line = [h("span", { class: "tk-span-name" }, h("b", { title: String(span.name ?? "span") }, String(span.name ?? "span")), span.type ?? span.kind ? h("span", { class: "tk-tag" }, String(span.type ?? span.kind)) : null, failed ? h("span", { class: "tk-tag bad" }, "error") : null), bar, h("span", { class: "num" }, Number.isFinite(node.length) ? duration(node.length) : "–"), h("span", { class: "num tk-soft" }, node.tokens === undefined ? "" : `${number(node.tokens)} tok`)];
  const more = h("div", { class: "tk-span-more" }, inside.map(([name, value]) => [h("span", { class: "tk-soft" }, name), h("pre", { class: "tk-text", tabindex: "0" }, plainText(value).slice(0, 20_000))]));
  const head = inside.length ? h("details", null, h("summary", { class: "tk-span" }, line), more) : h("div", { class: "tk-span" }, line);
  return h("div", { role: "treeitem", "aria-level": String(level), style: { "--level": String(level - 1) } }, head, node.children.length ? h("div", { role: "group" }, node.children.map((/** @type {any} */ child) => spanOf(child, began, whole, level + 1))) : null);
}
