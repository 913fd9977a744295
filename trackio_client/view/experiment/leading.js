// @ts-check
/** From a sign of something that happened, on the time line or on a chart, to where the page tells more of it: its panel, and in it its
 * own line. */

import { bringIntoView } from "../base/bring.js";
import { kindOf } from "./lane.js";

/** @typedef {import("../charts/marks.js").Mark} Mark */

const LAST = "Time line"; // it has a sign of everything, and stands first: for what no other panel tells
const SOON_MS = 1500; // by then the panels of a page that answers stand
const PATIENCE_MS = 3000; // for the line; then its panel will do
const LONGEST_MS = 15_000; // for any panel at all
const SETTLED_MS = 4000;
const HANDS = ["wheel", "touchmove", "keydown", "pointerdown"];
const BY_STEP = ["checkpoint", "evaluation"]; // one a step, and told by panels that know no time

/** The name of a mark's line, wherever it is listed. @param {{kind: string, step: number | null, time_s: number, at?: string}} mark */
export function nameOf({ kind, step, time_s, at }) {
  if (at) return at;
  if (BY_STEP.includes(kind)) return `${kind} ${step ?? ""}`;
  const time_us = Math.round(time_s * 1e6);
  return kind === "restart" ? `${kind} ${time_us}` : `${kind} ${step ?? ""} ${time_us}`;
}

/** The panels with these keys that stand. @param {Element} page @param {string[]} keys @returns {HTMLElement[]} */
function standing(page, keys) {
  const found = keys.map((key) => page.querySelector(`[data-pane="${key}"]`)).filter((each) => each instanceof HTMLElement && each.checkVisibility());
  return /** @type {HTMLElement[]} */ (found);
}

/** @param {HTMLElement} panel @param {Mark | undefined} mark @returns {HTMLElement | null} */
function lineIn(panel, mark) {
  const find = () => (mark ? /** @type {HTMLElement | null} */ (panel.querySelector(`[data-at="${CSS.escape(nameOf(mark))}"]`)) : null);
  const found = find();
  if (found || !mark) return found;
  panel.dispatchEvent(new CustomEvent("trackio-tell", { detail: nameOf(mark) })); // lines that were left out are drawn
  return find();
}

/**
 * Go to the first of these panels that stands and lists the mark, else to the first that stands.
 * @param {Element} page @param {string[]} keys of panels @param {Mark | undefined} mark @returns {boolean} whether there was one
 */
export function leadTo(page, keys, mark) {
  const panels = standing(page, keys);
  const panel = panels.find((each) => lineIn(each, mark)) ?? panels[0];
  if (!panel) return false;
  show(page, panel, mark);
  return true;
}

/** @param {Element} page @param {HTMLElement} panel @param {Mark | undefined} mark @returns {HTMLElement} what is shown: the line, or the panel */
function show(page, panel, mark) {
  const fold = panel.querySelector('.tk-pane-fold[aria-expanded="false"]');
  if (fold instanceof HTMLElement) fold.click();
  const line = lineIn(panel, mark);
  for (const each of page.querySelectorAll(".tk-led")) each.classList.remove("tk-led");
  flash(panel);
  if (line) flash(line);
  line?.classList.add("tk-led");
  const target = line ?? panel.querySelector(".tk-pane-fold") ?? panel;
  if (!(target instanceof HTMLElement)) return panel;
  if (!target.matches("button, [tabindex]")) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
  bring(panel, line);
  return line ?? panel;
}

/** Only what scrolls by itself is moved, never the frame around it. @param {HTMLElement} panel @param {HTMLElement | null} line */
function bring(panel, line) {
  const body = panel.closest(".tk-body");
  if (!body || !line) return bringIntoView(panel);
  const frame = line.closest(".tk-panel-scroll");
  if (frame && panel.contains(frame)) frame.scrollTop += middleOf(line) - middleOf(frame);
  body.scrollTop += middleOf(line) - middleOf(body);
}

/** @param {Element} node */
function middleOf(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return (top + bottom) / 2;
}

/** @param {HTMLElement} node */
export function flash(node) {
  node.classList.remove("tk-flash");
  void node.offsetWidth; // begins the animation again
  node.classList.add("tk-flash");
}

/** The same on a page that is only coming: panels come one by one, and those above push others down. It is brought back until the
 * reader moves. */
export class Leading {
  /** @param {HTMLElement} root of the page @param {Mark} mark */
  constructor(root, mark) {
    this.root = root;
    this.mark = mark;
    /** @type {HTMLElement | null} the panel that tells of it */ this.panel = null;
    this.began = performance.now();
    this.isClosed = false;
    this.settled = 0;
    this.frame = 0;
    this.onHand = () => this.close();
    this.watch = new MutationObserver(() => (this.frame ||= requestAnimationFrame(() => this.#look())));
    this.watch.observe(root, { childList: true, subtree: true, attributeFilter: ["hidden"] });
    this.size = new ResizeObserver(() => this.panel && bring(this.panel, lineIn(this.panel, mark)));
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
    if (this.panel) return this.#again();
    const waited = performance.now() - this.began + 50;
    const panels = standing(this.root, [...kindOf(this.mark.kind).panels.filter((key) => key !== "state"), ...(waited < SOON_MS ? [] : [LAST])]);
    const panel = panels.find((each) => lineIn(each, this.mark)) ?? (waited < PATIENCE_MS ? null : panels[0]);
    if (panel) {
      this.panel = panel;
      show(this.root, panel, this.mark);
      this.size.observe(this.root.querySelector(".tk-detail") ?? this.root);
      this.settled = setTimeout(() => this.close(), SETTLED_MS);
    } else if (waited >= LONGEST_MS) this.close();
  }

  /** Its panel may have been drawn anew, or its line may only have come now. */
  #again() {
    const line = this.panel && lineIn(this.panel, this.mark);
    if (!line || line.classList.contains("tk-led")) return;
    show(this.root, /** @type {HTMLElement} */ (this.panel), this.mark);
  }
}
