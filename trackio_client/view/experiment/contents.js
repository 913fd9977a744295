// @ts-check
/**
 * What stands on a long page: a line that stays at the top, with a link to every panel, and an address for each (#errors). On a phone the
 * links are a menu.
 */

import { eachFrame, fill, h, text } from "../base/dom.js";
import { icon, sign } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { copy } from "../base/notices.js";

/** The panel that the page's address named when it was opened: the shell writes the address anew before any panel stands. */
let arrived = /^#[^=]+$/.test(location.hash) ? decoded(location.hash.slice(1)) : "";
const HANDS = ["wheel", "touchmove", "keydown", "pointerdown"];
const SETTLED_MS = 15_000; // a large page on a slow line; whoever moves it is not pulled back

/** "Why it failed" → "why-it-failed". @param {string} title */
export const slugOf = (title) => title.toLowerCase().normalize("NFKD").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");

export class Contents {
  /** @param {{body: HTMLElement, above: HTMLElement}} parts body: in which the panels stand; above: what is seen before the page is scrolled */
  constructor({ body, above }) {
    this.body = body;
    this.above = above;
    this.links = h("div", { class: "tk-contents-links" });
    this.button = h("button", { class: "tk-btn sm tk-contents-button", "aria-haspopup": "listbox", "aria-expanded": "false", on: { click: () => this.#menu() } }, icon("list"), "On this page");
    this.state = h("span", { class: "tk-contents-state" });
    this.name = h("b", null);
    this.whose = h("button", { class: "tk-contents-name", title: "To the top", hidden: true, on: { click: () => this.#top() } }, this.state, this.name);
    this.root = h("nav", { class: "tk-contents", "aria-label": "On this page" }, this.whose, this.links, this.button);
    this.draw = eachFrame(() => this.#draw());
    this.look = eachFrame(() => this.#look());
    body.addEventListener("trackio-pane", this.draw);
    this.watch = new MutationObserver((changes) => changes.some(({ addedNodes, removedNodes }) => [...addedNodes, ...removedNodes].some((each) => each instanceof HTMLElement && (each.matches(".tk-pane, .tk-stack") || each.querySelector(".tk-pane")))) && this.draw());
    this.watch.observe(body, { childList: true, subtree: true });
    this.onHash = () => this.go(location.hash.slice(1));
    addEventListener("hashchange", this.onHash);
    this.wanted = arrived; // until its panel stands, or the reader goes elsewhere
    arrived = "";
    this.onHand = () => (this.wanted = this.chosen = "");
    for (const name of HANDS) document.addEventListener(name, this.onHand, { passive: true, capture: true });
    // Panels above the wanted one fill when they come into view, and push it down: it is brought back until the reader moves.
    this.size = new ResizeObserver(() => this.wanted && this.#bring(this.wanted));
    this.size.observe(body);
    requestAnimationFrame(() => {
      this.scroller = /** @type {HTMLElement | null} */ (this.root.closest(".tk-body"));
      this.scroller?.addEventListener("scroll", this.look, { passive: true });
      this.draw();
    });
  }

  close() {
    this.isClosed = true;
    this.watch.disconnect();
    this.size.disconnect();
    for (const name of HANDS) document.removeEventListener(name, this.onHand, { capture: true });
    removeEventListener("hashchange", this.onHash);
    this.scroller?.removeEventListener("scroll", this.look);
  }

  /** @param {{name: string, state: string}} row */
  paint({ name, state }) {
    text(this.name, name);
    if (state !== this.stateWord) fill(this.state, sign((this.stateWord = state)));
  }

  /** @returns {HTMLElement[]} panels that stand, in the order of the page */
  #panes() {
    return [...this.body.querySelectorAll(".tk-pane[aria-label], [data-section]")].filter((each) => /** @type {HTMLElement} */ (each).offsetParent !== null).map((each) => /** @type {HTMLElement} */ (each));
  }

  #draw() {
    if (this.isClosed) return;
    const panes = this.#panes();
    const titles = panes.map(titleOf);
    const key = titles.join("\n");
    if (key !== this.key) {
      this.key = key;
      this.byTitle = new Map(panes.map((pane) => [titleOf(pane), pane]));
      fill(this.links, [...this.byTitle.keys()].map((title) => h("a", { href: `#${slugOf(title)}`, data: { title }, on: { click: (/** @type {MouseEvent} */ event) => this.#follow(event, title) } }, title)));
      for (const pane of panes) linkOf(pane);
    }
    this.#look();
    if (this.wanted && this.wanted !== this.reached && titles.some((title) => slugOf(title) === this.wanted)) {
      const wanted = (this.reached = this.wanted);
      history.replaceState(history.state, "", `${location.search}#${wanted}`);
      requestAnimationFrame(() => wanted === this.wanted && this.go(wanted));
    }
  }

  /** Which of them is in view, and whether the head is. */
  #look() {
    if (this.isClosed || !this.root.isConnected) return;
    this.whose.hidden = this.above.getBoundingClientRect().bottom >= this.root.getBoundingClientRect().top - 4;
    const line = this.root.getBoundingClientRect().bottom + 120;
    /** @type {HTMLElement | null} */ let here = null;
    for (const pane of this.#panes()) {
      const { top, bottom } = pane.getBoundingClientRect();
      if (top < line && bottom > line - 100) here = pane;
      if (here) break;
    }
    const chosen = this.chosen ? this.byTitle?.get(this.chosen) : null; // at the end of the page it may not come to the top
    if (chosen?.offsetParent && chosen.getBoundingClientRect().top < innerHeight - 60) here = chosen;
    const title = here ? titleOf(here) : null;
    if (title === this.here) return;
    this.here = title;
    for (const link of /** @type {HTMLElement[]} */ ([...this.links.children])) {
      const isHere = link.dataset.title === title;
      if (isHere) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
      if (isHere) this.links.scrollTo({ left: link.offsetLeft - this.links.clientWidth / 2, behavior: "auto" });
    }
  }

  /** @param {MouseEvent} event @param {string} title */
  #follow(event, title) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#open(title);
  }

  /** @param {string} title */
  #open(title) {
    history.replaceState(history.state, "", `${location.search}#${slugOf(title)}`);
    this.go(slugOf(title));
  }

  /** Bring a panel into view, unfold it, and take the focus there. @param {string} slug */
  go(slug) {
    const wanted = decoded(slug);
    const pane = this.#bring(wanted);
    if (!pane) return;
    setTimeout(() => ((this.wanted = wanted), (this.chosen = titleOf(pane)), this.look()), 0); // after the press that led here
    setTimeout(() => this.wanted === wanted && (this.wanted = ""), SETTLED_MS);
    const fold = /** @type {HTMLElement | null} */ (pane.querySelector(".tk-pane-fold"));
    if (fold?.getAttribute("aria-expanded") === "false") fold.click();
    this.#bring(wanted);
    (fold ?? pane).focus({ preventScroll: true });
    pane.classList.remove("tk-arrived");
    requestAnimationFrame(() => pane.classList.add("tk-arrived"));
  }

  /** @param {string} wanted @returns {HTMLElement | undefined} */
  #bring(wanted) {
    const pane = this.#panes().find((each) => slugOf(titleOf(each)) === wanted);
    const { scroller } = this;
    // Not scrollIntoView(): it moves every box around it, the page's frame, too.
    if (pane && scroller) scroller.scrollTop += pane.getBoundingClientRect().top - scroller.getBoundingClientRect().top - this.root.offsetHeight - 8;
    return pane;
  }

  #top() {
    history.replaceState(history.state, "", location.pathname + location.search);
    this.scroller?.scrollTo({ top: 0 });
  }

  #menu() {
    if (this.button.getAttribute("aria-expanded") === "true") return;
    const items = [...(this.byTitle ?? new Map()).keys()].map((title) => ({ value: title, label: title, chosen: title === this.here }));
    const menu = openMenu(this.button, { title: "On this page", items, choose: (title) => setTimeout(() => this.#open(title), 0) });
    menu.classList.add("tk-sheet-menu");
  }
}

/** @param {HTMLElement} pane */
const titleOf = (pane) => pane.dataset.section ?? pane.getAttribute("aria-label") ?? "";

/** @param {string} words */
function decoded(words) {
  try {
    return decodeURIComponent(words);
  } catch {
    return words;
  }
}

/** A button beside a panel's heading that copies the address of this panel. @param {HTMLElement} pane */
function linkOf(pane) {
  const head = pane.querySelector(":scope > .tk-panel-head");
  const before = head?.querySelector(":scope > .tk-grow");
  if (!before || head?.querySelector(":scope > .tk-pane-link")) return;
  const title = titleOf(pane);
  const button = h("button", { class: "tk-pane-link", title: "Copy the link to this panel", "aria-label": "Copy the link to this panel" }, icon("link"));
  button.addEventListener("click", async () => {
    await copy(`${location.origin}${location.pathname}${location.search}#${slugOf(title)}`, button);
    setTimeout(() => button.replaceChildren(icon("link")), 1510);
  });
  before.before(button);
}
