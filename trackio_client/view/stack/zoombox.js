// @ts-check
/** The box behind ⋯ of a strip in which a reader types what its stack shows of the x axis: a zoom without dragging. */
import { h } from "../base/dom.js";
import { openBox, zoomFields } from "../charts/zoomfields.js";

/** @param {import("./stack.js").Stack} stack @param {import("./strip.js").Strip} strip @param {HTMLElement} button */
export function openZoom(stack, strip, button) {
  const trouble = h("p", { class: "tk-chartset-trouble", role: "alert", hidden: true });
  const tell = (/** @type {string} */ words, /** @type {HTMLInputElement[]} */ ...wrong) => {
    trouble.textContent = words;
    trouble.hidden = !words;
    for (const input of wrong) input.setAttribute("aria-invalid", String(!!words));
  };
  const { from, to, paint } = zoomFields({
    x: () => stack.x, shown: () => stack.zoomed ?? stack.domain, whole: () => stack.domain, zoomed: () => stack.zoomed,
    zoom: (range) => stack.zoom(strip, range, null), back: () => stack.back(strip, true), tell, done: () => paint(), shut: () => box.hidePopover(),
  });
  const box = h("div", { class: "tk-menu tk-chartset", popover: "auto", role: "dialog", "aria-label": `Zoom of ${strip.spec.title}` },
    h("div", { class: "tk-chartset-head" }, h("b", null, "Zoom to …")),
    h("div", { class: "tk-chartset-row" }, h("span", null, "zoom"), h("span", { class: "tk-chartset-what" }, from, h("span", { class: "tk-soft" }, "to"), to)), trouble,
    h("p", { class: "tk-chartset-note tk-soft" }, "Of all plots on this axis. The address of the page carries it."));
  openBox(box, button, paint);
  from.focus();
}
