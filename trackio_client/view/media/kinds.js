// @ts-check
/** How each kind of medium is shown. What a user logged is text, an address of a file, or numbers; never markup of the page. */

import { copyButton, size } from "../experiment/checkpoints.js";
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";

/**
 * @typedef {Object} Tools
 * @property {any} source `blob(sha256)` gives an address, or null where files cannot be reached
 * @property {(entry: import("../experiment/facts.js").Entry) => Promise<any>} content
 * @property {(entries: any[]) => Promise<any[]>} [contents] of many at once; without it a medium shows one step only
 * @property {() => void} [turned] a medium wants other steps than before
 * @property {string} name
 *
 * @typedef {Object} Medium
 * @property {boolean} [all] shows every step at once, by `showAll(entries)`
 * @property {(items: any[], entry: any) => any} [show]
 * @property {(entries: any[]) => any} [showAll]
 * @property {() => void} [close]
 */

/** @param {string} kind @param {HTMLElement} stage @param {Tools} tools @returns {Promise<Medium>} */
export async function mediumOf(kind, stage, tools) {
  if (kind === "image") return (await import("./image.js")).images(stage, tools);
  if (kind === "table") return (await import("./table.js")).tables(stage, tools);
  if (kind === "histogram") return (await import("./histogram.js")).histograms(stage, tools);
  if (kind === "object3d") return (await import("./solid.js")).objects(stage, tools);
  if (kind === "trace") return (await import("./trace.js")).traces(stage, tools);
  if (kind === "plotly") return (await import("./figure.js")).figures(stage, tools);
  const show = { audio: sound, video: film, html: page, markdown: prose }[kind] ?? file;
  return { show: (items) => fill(stage, items.map((item) => show(item, tools))) };
}

/** The address of an item's file, or null. @param {any} item @param {Tools} tools @param {string} [name] when it is for saving @returns {string | null} */
export const addressOf = (item, tools, name) => (item?.file && tools.source.blob ? tools.source.blob(item.file, name) : null);

/** Under which an item's file is saved. @param {any} item @param {string} name of the medium */
export function fileName(item, name) {
  if (item.name) return String(item.name);
  const kind = /^[\w-]+\/(?:x-)?([\w-]+)/.exec(item.mime ?? "")?.[1];
  return `${name.split("/").at(-1)}${kind && kind !== "octet-stream" ? `.${kind}` : ""}`;
}

/** What a server gave for a file, as text. @param {any} item @param {Tools} tools @returns {Promise<string>} */
export async function textOf(item, tools) {
  const address = addressOf(item, tools);
  if (!address) throw new Error(tools.source.elsewhere ?? "its file cannot be reached from this page.");
  const response = await fetch(address, { credentials: "same-origin" });
  if (!response.ok) throw new Error(response.status === 404 ? "its file has not arrived yet." : `the server answered ${response.status}.`);
  return response.text();
}

/** @param {any} item */
export const captionOf = (item) => (item.caption === undefined || item.caption === null || item.caption === "" ? null : h("figcaption", null, String(item.caption)));

/** Said where a file should be and is not. @param {any} item @param {Tools} tools */
export const absent = (item, /** @type {Tools} */ tools) => h("p", { class: "tk-absent tk-soft" }, item?.caption ? [String(item.caption), ": "] : item?.path ? [String(item.path), ": "] : null, item?.not_kept ? `not kept: ${item.not_kept}` : tools.source.elsewhere ?? "its file is not on this page.");

/** @param {any} item @param {Tools} tools */
function sound(item, tools) {
  const address = addressOf(item, tools);
  const about = [item.sample_rate ? `${item.sample_rate.toLocaleString("en-US")} Hz` : null, typeof item.duration_s === "number" ? `${item.duration_s.toFixed(1)} s` : null].filter(Boolean).join(", ");
  return h("figure", { class: "tk-sound" }, address ? h("audio", { controls: true, preload: "none", src: address, "aria-label": item.caption ?? tools.name }) : absent(item, tools), captionOf(item), about ? h("span", { class: "tk-soft" }, about) : null);
}

/** @param {any} item @param {Tools} tools */
function film(item, tools) {
  const address = addressOf(item, tools);
  if (!address) return absent(item, tools);
  if (/^image\//.test(item.mime ?? "")) return h("figure", { class: "tk-film" }, h("img", { src: address, alt: item.caption ?? tools.name, loading: "lazy" }), captionOf(item)); // a GIF, where there was no encoder
  const video = h("video", { controls: true, preload: "metadata", loop: true, playsinline: true, src: address, "aria-label": item.caption ?? tools.name });
  video.muted = true;
  return h("figure", { class: "tk-film" }, video, captionOf(item));
}

/** Said to the browser inside a user's page: nothing of it reaches the network, or us. */
const POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data: blob:; media-src data: blob:; style-src \'unsafe-inline\'; font-src data:; SCRIPTS">';

/** A user's HTML in a frame of its own origin. Its scripts run only when asked to, and there only. @param {any} item @param {Tools} tools */
function page(item, tools) {
  const holder = h("div", { class: "tk-page-frame" });
  const draw = (/** @type {string} */ html, /** @type {boolean} */ runs) => {
    const frame = h("iframe", { sandbox: runs ? "allow-scripts" : "", referrerpolicy: "no-referrer", loading: "lazy", title: item.caption ?? tools.name });
    frame.srcdoc = POLICY.replace("SCRIPTS", runs ? "script-src 'unsafe-inline' 'unsafe-eval'" : "script-src 'none'") + html;
    const run = tools.source.runsScripts !== false && /<script|\son\w+=/i.test(html) && !runs ? h("button", { class: "tk-btn sm" }, "Run its scripts") : null;
    run?.addEventListener("click", () => draw(html, true));
    fill(holder, run ? h("div", { class: "tk-pane-words" }, h("span", { class: "tk-soft" }, "Shown without its scripts, which would run in this frame alone, without a network. "), run) : null, frame);
  };
  if (item.not_kept) return absent(item, tools);
  const given = item.text;
  if (typeof given === "string") draw(given, false);
  else textOf(item, tools).then((html) => draw(html, false), (error) => fill(holder, h("p", { class: "tk-soft tk-pane-words" }, `Not shown: ${error.message}`)));
  return h("figure", null, holder, captionOf(item));
}

/** @param {any} item @param {Tools} tools */
function prose(item, tools) {
  const holder = h("div", { class: "tk-prose" });
  const draw = async (/** @type {string} */ words) => fill(holder, (await import("../base/markdown.js")).markdown(words));
  if (item.not_kept) return absent(item, tools);
  const given = item.text;
  if (typeof given === "string") draw(given);
  else textOf(item, tools).then(draw, (error) => fill(holder, h("p", { class: "tk-soft" }, `Not shown: ${error.message}`)));
  return h("figure", null, holder, captionOf(item));
}

/** Anything else: what it is, and a way to take it home. @param {any} item @param {Tools} tools */
export function file(item, tools) {
  if (item.not_kept) return absent(item, tools);
  const name = fileName(item, tools.name);
  const address = addressOf(item, tools, name);
  const words = [item.format ?? item.mime, typeof item.bytes === "number" ? size(item.bytes) : null].filter(Boolean).join(", ");
  return h("figure", { class: "tk-file" }, h("p", null, h("span", { class: "tk-soft" }, words || "a file"), " ", address ? h("a", { class: "tk-btn sm", href: address, download: name }, icon("download"), "Download") : null, item.file ? copyButton(item.file, "Copy its SHA-256") : null), captionOf(item), item.file && !address ? h("p", { class: "tk-soft tk-absent" }, tools.source.elsewhere ?? "its file is not on this page.") : null, address || item.file ? null : typeof (item.text ?? item.value) === "string" ? h("pre", { class: "tk-text" }, item.text ?? item.value) : null);
}
