// @ts-check
/** The tabs: a link to each view, and the keys that lead there, its number or `g` and its letter. */
import { h, isTyping } from "../base/dom.js";
import { ownActions } from "./ownactions.js";

const LEADS_MS = 1500; // `g` waits so long for the key after it

/** @param {any} shell of shell.js: it gets `links`, one for each of its `offered` views */
export function tabs(shell) {
  const { state, source, experiments, tabs: root } = shell;
  const links = shell.offered.map((/** @type {any} */ [view, { label }]) => {
    const link = h("a", { href: "#", data: { view } }, label);
    link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      state.set({ view, experiment: null });
    });
    return link;
  });
  shell.links = links;
  root.append(...links, ownActions({ state, source, experiments }));
  state.follow(["view", "project"], () => {
    const project = state.get("project");
    for (const link of links) {
      const { view } = link.dataset;
      link.toggleAttribute("aria-current", false);
      if (view === state.get("view")) link.setAttribute("aria-current", "page");
      link.href = `?${new URLSearchParams({ ...(project ? { project } : {}), ...(view === "metrics" ? {} : { view }) })}`;
    }
    requestAnimationFrame(() => inSight(root, links));
  });
  document.addEventListener("keydown", (event) => byNumber(shell, event));
  document.addEventListener("keydown", leading(shell), true);
}

/** Where tabs have no room for all, the current one is in sight. @param {HTMLElement} root @param {HTMLElement[]} links */
function inSight(root, links) {
  const here = links.find((link) => link.hasAttribute("aria-current"));
  if (!here || root.scrollWidth <= root.clientWidth) return;
  const [all, one] = [root.getBoundingClientRect(), here.getBoundingClientRect()];
  root.scrollLeft += one.left - all.left - (all.width - one.width) / 2;
}

const isElsewhere = (/** @type {KeyboardEvent} */ event) => isTyping(event.target) || document.querySelector("dialog[open]");

/** @param {any} shell @param {KeyboardEvent} event */
function byNumber(shell, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event)) return;
  const [view] = shell.offered[Number(event.key) - 1] ?? [];
  if (view) shell.state.set({ view, experiment: null });
}

/** Keys that lead to others: Ctrl+K, and `g` before the letter or number of a view. They come before all others. @param {any} shell */
function leading(shell) {
  let led_ms = -Infinity;
  return (/** @type {KeyboardEvent} */ event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!document.querySelector("dialog[open]")) shell.showPalette();
      return;
    }
    const waits = performance.now() - led_ms < LEADS_MS;
    led_ms = -Infinity;
    if (event.ctrlKey || event.metaKey || event.altKey || isElsewhere(event)) return;
    if (event.key === "g" && !waits) {
      led_ms = performance.now();
      event.stopImmediatePropagation();
    } else if (waits) {
      const [view] = shell.offered.find((/** @type {any} */ [, { key }], /** @type {number} */ i) => key === event.key || String(i + 1) === event.key) ?? [];
      if (!view) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      shell.state.set({ view, experiment: null });
    }
  };
}
