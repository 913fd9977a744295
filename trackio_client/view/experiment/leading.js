// @ts-check
/** From a sign of something that happened to where the page tells of it: the panel, and in it the entry. Panels come one by one, and
 * those above push it down: it is brought back until the reader moves. */

import { kindOf } from "./lane.js";

const LAST = "Time line";

/** @typedef {{kind: string, step: number | null, time_s: number}} Happened */

const SOON_MS = 1500; // by then the panels of a page that answers stand; the time line has a sign of everything, and stands first
const PATIENCE_MS = 3000; // for the entry; then its panel will do
const LONGEST_MS = 15_000; // for any panel at all
const SETTLED_MS = 4000;
const HANDS = ["wheel", "touchmove", "keydown", "pointerdown"];

export class Leading {
  /** @param {HTMLElement} root of the page @param {Happened} event @param {{except?: HTMLElement | null, wait?: boolean, none?: () => void}} [how] `except`: the panel that one comes from */
  constructor(root, event, { except = null, wait = true, none } = {}) {
    this.root = root;
    this.event = event;
    this.except = except;
    this.none = none;
    /** @type {HTMLElement | null} the panel that tells of it */ this.panel = null;
    /** @type {HTMLElement | null} its entry there, or the panel */ this.found = null;
    this.began = performance.now();
    this.isWaiting = wait;
    this.settled = 0;
    this.frame = 0;
    this.onHand = () => this.close();
    this.watch = new MutationObserver(() => (this.frame ||= requestAnimationFrame(() => this.#look())));
    this.watch.observe(root, { childList: true, subtree: true, attributeFilter: ["hidden"] });
    this.size = new ResizeObserver(() => this.found && this.#bring());
    this.late = [SOON_MS, PATIENCE_MS, LONGEST_MS].map((wait_ms) => setTimeout(() => this.#look(), wait_ms));
    // The press that led here is not a move of the reader's.
    setTimeout(() => this.isClosed || HANDS.forEach((name) => document.addEventListener(name, this.onHand, { passive: true, capture: true })), 0);
    this.#look();
  }

  close() {
    this.isClosed = true;
    for (const each of [...this.late, this.settled]) clearTimeout(each);
    cancelAnimationFrame(this.frame);
    this.watch.disconnect();
    this.size.disconnect();
    for (const name of HANDS) document.removeEventListener(name, this.onHand, { capture: true });
  }

  #look() {
    this.frame = 0;
    if (this.isClosed) return;
    if (this.found) return this.found.isConnected ? undefined : this.#again(); // its panel was drawn anew
    const waited = this.isWaiting ? performance.now() - this.began + 50 : Infinity;
    const panels = this.#panels().filter((each) => waited >= SOON_MS || each.getAttribute("aria-label") !== LAST);
    for (const panel of panels) {
      const entry = this.#entry(panel);
      if (entry) return this.#show(panel, entry);
    }
    if (waited < PATIENCE_MS) return;
    if (panels.length) return this.#show(panels[0], panels[0]);
    if (waited < LONGEST_MS) return;
    this.close();
    this.none?.();
  }

  /** The panels that tell of its kind, the fullest first; at last the time line, on which it has its sign. @returns {HTMLElement[]} */
  #panels() {
    const all = /** @type {HTMLElement[]} */ ([...this.root.querySelectorAll("section.tk-pane[aria-label]")]).filter((each) => !each.hidden && each !== this.except);
    return [...kindOf(this.event.kind).panels, LAST].flatMap((title) => all.filter((each) => each.getAttribute("aria-label") === title));
  }

  /** Of the same step and kind, else of the same step; of several the nearest in time. @param {HTMLElement} panel @returns {HTMLElement | null} */
  #entry(panel) {
    const { kind, step, time_s } = this.event;
    if (kind === "end") return panel; // the log has no entry of it, but its last lines
    const all = /** @type {HTMLElement[]} */ ([...panel.querySelectorAll("[data-happened]")]);
    const off = (/** @type {HTMLElement} */ each) => (each.dataset.time && time_s ? Math.abs(Number(each.dataset.time) - time_s) : 0);
    const same = step !== null ? all.filter((each) => each.dataset.step === String(step)) : all.filter((each) => (each.dataset.time ? off(each) < 1 : all.length === 1));
    const kinds = same.filter((each) => each.dataset.happened === kind);
    const hit = (kinds.length ? kinds : same.filter((each) => !each.dataset.happened)).sort((a, b) => off(a) - off(b))[0];
    if (hit) return hit;
    const more = panel.querySelector(".tk-more");
    if (!all.length || !(more instanceof HTMLElement) || this.isAsked) return null;
    this.isAsked = true; // among those that are not shown yet
    more.click();
    return this.#entry(panel);
  }

  /** @param {HTMLElement} panel @param {HTMLElement} entry */
  #show(panel, entry) {
    const fold = panel.querySelector(".tk-pane-fold");
    if (fold instanceof HTMLElement && fold.getAttribute("aria-expanded") === "false") fold.click();
    for (const name of ["tk-led", "tk-flash"]) for (const each of this.root.querySelectorAll(`.${name}`)) each.classList.remove(name);
    void panel.offsetWidth; // begins the animation again
    this.panel = panel;
    this.found = entry;
    this.#mark();
    const target = entry === panel ? (fold ?? panel) : entry;
    if (!target.matches("button, [tabindex]")) target.setAttribute("tabindex", "-1");
    if (target instanceof HTMLElement) target.focus({ preventScroll: true });
    this.size.observe(this.root.querySelector(".tk-detail") ?? this.root);
    this.settled = setTimeout(() => this.close(), SETTLED_MS);
    this.#bring();
  }

  #mark() {
    this.panel?.classList.add("tk-flash");
    if (this.found !== this.panel) this.found?.classList.add("tk-led");
  }

  #again() {
    const entry = this.panel && this.#entry(this.panel);
    if (!entry) return;
    this.found = entry;
    this.#mark();
    this.#bring();
  }

  /** Only what scrolls by itself is moved, never the frame around it. */
  #bring() {
    const { found, panel } = this;
    const body = found?.closest(".tk-body");
    if (!found || !panel || !body) return found?.scrollIntoView({ block: "center" });
    const box = found.closest(".tk-panel-scroll");
    if (box && panel.contains(box)) box.scrollTop += middleOf(found) - middleOf(box);
    const [at, room] = [found.getBoundingClientRect(), body.getBoundingClientRect()];
    // An entry into the middle, a whole panel below what stays at the top.
    body.scrollTop += found === panel ? at.top - room.top - 64 : middleOf(found) - middleOf(body);
  }
}

/** @param {Element} node */
function middleOf(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return (top + bottom) / 2;
}
