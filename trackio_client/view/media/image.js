// @ts-check
/** Images of a step: a grid, captions, boxes and masks laid over, one opened large. */

import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { absent, addressOf, captionOf, fileName } from "./kinds.js";

const HUES = 10; // --s1 … --s10

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function images(stage, tools) {
  /** @type {Set<string>} layers that were switched off */ const off = new Set();
  return {
    show(items) {
      const layers = [...new Set(items.flatMap((item) => [...Object.keys(item.boxes ?? {}).map((key) => `box ${key}`), ...Object.keys(item.masks ?? {}).map((key) => `mask ${key}`)]))];
      const grid = h("div", { class: `tk-images ${items.length === 1 ? "one" : ""}` });
      const draw = () => fill(grid, items.map((item) => picture(item, tools, off)));
      const toggle = (/** @type {string} */ layer) => {
        const box = h("input", { type: "checkbox", class: "tk-box" });
        box.checked = !off.has(layer);
        box.addEventListener("change", () => (off[box.checked ? "delete" : "add"](layer), draw()));
        return h("label", { class: "tk-control tk-toggle" }, box, layer.replace(" ", ": "));
      };
      fill(stage, layers.length ? h("div", { class: "tk-layers" }, layers.map(toggle)) : null, grid);
      draw();
    },
  };
}

/** @param {any} item @param {import("./kinds.js").Tools} tools @param {Set<string>} off */
export function picture(item, tools, off = new Set()) {
  const address = addressOf(item, tools);
  if (!address) return absent(item, tools);
  const image = h("img", { src: address, alt: item.caption ?? tools.name, loading: "lazy", decoding: "async", width: item.width, height: item.height });
  image.classList.toggle("small", Boolean(item.width && item.width <= 96)); // pixels of a digit stay pixels
  const frame = h("button", { class: "tk-picture", title: "Open large" }, image);
  image.addEventListener("error", () => fill(frame, h("span", { class: "tk-soft" }, "The picture did not come. Its file may still be on the way.")), { once: true });
  const lay = () => overlays(frame, image, item, tools, off);
  if (item.boxes || item.masks) {
    if (image.complete && image.naturalWidth) lay();
    else image.addEventListener("load", lay, { once: true });
  }
  frame.addEventListener("click", () => large(item, tools, off));
  return h("figure", null, frame, captionOf(item));
}

/** @param {HTMLElement} frame @param {HTMLImageElement} image @param {any} item @param {import("./kinds.js").Tools} tools @param {Set<string>} off */
function overlays(frame, image, item, tools, off) {
  const [width, height] = [item.width || image.naturalWidth || 1, item.height || image.naturalHeight || 1];
  for (const [key, mask] of Object.entries(item.masks ?? {})) {
    if (!off.has(`mask ${key}`)) maskLayer(frame, mask, tools);
  }
  for (const [key, set] of Object.entries(item.boxes ?? {})) {
    if (off.has(`box ${key}`)) continue;
    for (const box of (set.boxes ?? []).slice(0, 500)) frame.append(boxLayer(box, set.classes ?? {}, width, height));
  }
}

/** A box's place in shares of the picture. @param {any} box {box: [left, top, right, bottom], unit: "pixel" or absent for shares} @param {number} width @param {number} height */
export function placeOf(box, width, height) {
  const [left, top, right, bottom] = (box.box ?? []).map((/** @type {any} */ value, /** @type {number} */ i) => Number(value) / (box.unit === "pixel" ? [width, height][i % 2] : 1));
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/** @param {any} box @param {Record<string, any>} labels @param {number} width @param {number} height */
function boxLayer(box, labels, width, height) {
  const { x, y, w, h: tall } = placeOf(box, width, height);
  const share = (/** @type {number} */ value) => `${Math.max(0, Math.min(1, Number.isFinite(value) ? value : 0)) * 100}%`;
  const scores = Object.entries(box.scores ?? {}).map(([name, value]) => `${name} ${typeof value === "number" ? Number(value.toPrecision(3)) : value}`).join(", ");
  const name = box.caption ?? labels[box.class_id] ?? (box.class_id === undefined ? "" : `class ${box.class_id}`);
  const style = { "--x": share(x), "--y": share(y), "--w": share(w), "--h": share(tall), "--c": `var(--s${(Math.abs(Number(box.class_id) || 0) % HUES) + 1})` };
  return h("span", { class: `tk-image-box ${y < 0.08 ? "low" : ""}`, style, title: [name, scores].filter(Boolean).join(": ") }, name ? h("b", null, String(name)) : null);
}

/** Classes as colours over the picture: a mask's pixels are class numbers, 0 is nothing. @param {HTMLElement} frame @param {any} mask @param {import("./kinds.js").Tools} tools */
function maskLayer(frame, mask, tools) {
  const address = addressOf(mask, tools);
  if (!address) return;
  const canvas = h("canvas", { class: "tk-image-mask", "aria-hidden": "true" });
  frame.append(canvas);
  const source = new Image();
  source.onload = () => {
    canvas.width = source.naturalWidth;
    canvas.height = source.naturalHeight;
    const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
    g.drawImage(source, 0, 0);
    const pixels = g.getImageData(0, 0, canvas.width, canvas.height);
    const probe = getComputedStyle(frame);
    /** @type {Map<number, number[]>} */ const colors = new Map();
    const colorOf = (/** @type {number} */ id) => {
      let color = colors.get(id);
      if (!color) {
        const ink = h("i", { style: { color: `var(--s${(id % HUES) + 1})` } });
        frame.append(ink);
        colors.set(id, (color = (getComputedStyle(ink).color.match(/[\d.]+/g) ?? probe.color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number)));
        ink.remove();
      }
      return color;
    };
    const data = pixels.data;
    for (let i = 0; i < data.length; i += 4) {
      const id = data[i];
      if (!id) data[i + 3] = 0;
      else [data[i], data[i + 1], data[i + 2], data[i + 3]] = [...colorOf(id), 140];
    }
    g.putImageData(pixels, 0, 0);
  };
  source.src = address;
  const labels = Object.values(mask.classes ?? {});
  if (labels.length) frame.title = `Open large. Classes: ${labels.slice(0, 20).join(", ")}`;
}

/** A picture as large as there is room, with its boxes and masks. @param {any} item @param {import("./kinds.js").Tools} tools @param {Set<string>} [off] @returns {HTMLElement} */
export function framed(item, tools, off = new Set()) {
  const frame = h("div", { class: "tk-picture large" });
  const image = h("img", { src: addressOf(item, tools), alt: item.caption ?? tools.name });
  frame.append(image);
  image.addEventListener("load", () => overlays(frame, image, item, tools, off), { once: true });
  image.addEventListener("error", () => fill(frame, h("span", { class: "tk-soft" }, "The picture did not come. Its file may still be on the way.")), { once: true });
  return frame;
}

/** @param {any} item @param {import("./kinds.js").Tools} tools @param {Set<string>} off */
function large(item, tools, off) {
  const frame = framed(item, tools, off);
  const close = h("button", { class: "tk-chart-more", "aria-label": "Close", title: "Close (Esc)" }, icon("close"));
  const name = fileName(item, tools.name);
  const words = [item.caption, item.width ? `${item.width} × ${item.height}` : null].filter(Boolean).join(" · ");
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "tk-large tk-large-picture", "aria-label": item.caption ?? tools.name }, h("header", { class: "tk-chart-head" }, h("h3", { class: "tk-chart-title" }, tools.name), h("span", { class: "tk-chart-unit" }, words), h("span", { class: "tk-grow" }), h("a", { class: "tk-btn sm icon", href: addressOf(item, tools, name), download: name, title: "Download", "aria-label": "Download" }, icon("download")), close), h("div", { class: "tk-large-stage" }, frame)));
  (document.querySelector(".tk") ?? document.body).append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}
