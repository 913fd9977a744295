// @ts-check
/** One strip over the whole window, drawn as the small one is and live as it is; left and right of it the others of its stack. */

import { h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { Stack } from "./stack.js";

const HEAD = 96; // pixels that are not plot: the strip's own head, and room around it
const LEAST = 160;
const MOST_ROW = 40; // pixels a row of cells

/** @param {Stack} stack @param {import("./strip.js").Strip} strip */
export function openFull(stack, strip) {
  if (document.querySelector("dialog.tk-full[open]")) return;
  new FullStrip(stack, strip.spec.key).open();
}

class FullStrip {
  /** @param {Stack} stack @param {string} key of the strip */
  constructor(stack, key) {
    this.stack = stack;
    this.key = key;
    const button = (/** @type {string} */ sign, /** @type {string} */ title, /** @type {() => void} */ run) => h("button", { class: "tk-btn bare icon", "aria-label": title, title, on: { click: run } }, icon(sign));
    this.title = h("h2", { class: "tk-full-title" });
    this.before = button("left", "Chart before this one (Page up)", () => this.go(-1));
    this.after = button("right", "Next chart (Page down)", () => this.go(1));
    this.place = h("div", { class: "tk-full-strip" });
    this.inner = new Stack(this.place, { state: stack.state, label: strip(stack, key)?.spec.title ?? "", name: stack.name });
    this.inner.isFull = true;
    const head = h("header", { class: "tk-full-head" }, this.before, this.after, h("div", { class: "tk-full-name" }, this.title), h("span", { class: "tk-grow" }), this.inner.where, button("close", "Close (Esc)", () => this.dialog.close()));
    this.dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "tk-full tk-full-of-strip" }, head, this.place));
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key === "PageUp" || event.key === "PageDown") (event.preventDefault(), this.go(event.key === "PageUp" ? -1 : 1));
      event.stopPropagation(); // keys of the page below have no meaning here
    });
    this.dialog.addEventListener("close", () => this.#closed());
    this.inner.addEventListener("leave", () => this.dialog.close());
    this.inner.addEventListener("zoom", (/** @type {any} */ { detail }) => stack.zoomFrom(detail));
    this.onShown = () => this.draw();
    stack.addEventListener("shown", this.onShown);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.place);
  }

  open() {
    (this.stack.node.closest(".tk") ?? document.body).append(this.dialog);
    this.dialog.showModal();
    this.draw();
    this.inner.strips[0]?.plot.focus();
  }

  draw() {
    const { stack, inner } = this;
    const shown = strip(stack, this.key) ?? stack.strips[0];
    if (!shown) return this.dialog.close();
    this.key = shown.spec.key;
    const at = stack.strips.indexOf(shown);
    text(this.title, shown.spec.title);
    this.dialog.setAttribute("aria-label", shown.spec.title);
    this.before.disabled = at <= 0;
    this.after.disabled = at >= stack.strips.length - 1;
    const height = Math.max(LEAST, this.place.clientHeight - HEAD);
    const { rows } = shown.spec;
    inner.show([{ ...shown.spec, height, ...(rows ? { rowHeight: Math.min(MOST_ROW, Math.floor(height / Math.max(1, rows.length))) } : {}) }], { x: stack.x, domain: stack.domain, left: stack.left, ahead: stack.ahead, zoom: stack.zoomed });
  }

  /** @param {number} by */
  go(by) {
    const { strips } = this.stack;
    const next = strips[strips.findIndex(({ spec }) => spec.key === this.key) + by];
    if (!next) return;
    this.key = next.spec.key;
    this.draw();
    this.inner.strips[0]?.plot.focus();
  }

  #closed() {
    this.stack.removeEventListener("shown", this.onShown);
    this.sizes.disconnect();
    this.inner.close();
    this.dialog.remove();
    const shown = strip(this.stack, this.key);
    shown?.plot.scrollIntoView({ block: "nearest" });
    shown?.plot.focus({ preventScroll: true });
  }
}

/** @param {Stack} stack @param {string} key */
const strip = (stack, key) => stack.strips.find(({ spec }) => spec.key === key);
