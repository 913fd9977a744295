// @ts-check
/** Says in one line what was just done, with a button that undoes it. It goes by itself, but not from under a pointer or
 * the keyboard; Ctrl+Z takes the same step back also when it has gone. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { doAgain, remembering, takeBack } from "./undo.js";

const STAYS_MS = 8000;
const STAYS_WITH_UNDO_MS = 12000; // long enough to read, regret and reach
const MOST = 3;

/**
 * @param {string} words what was done: "Deleted 3 experiments."
 * @param {{undo?: () => any, redo?: () => any, word?: string, isTrouble?: boolean, stays_ms?: number, act?: {word: string, run: () => any}}} [how] `undo` may be a promise's function: what it
 *   throws is said; `redo` does it again after that; `word` stands on the button ("Undo"); `isTrouble`: it did not work, and stays until it is closed;
 *   `act` is another button, which undoes nothing
 * @returns {{close: () => void}}
 */
export function toast(words, { undo, redo, act, word = "Undo", isTrouble = false, stays_ms = undo ? STAYS_WITH_UNDO_MS : STAYS_MS } = {}) {
  const place = region();
  const step = undo ? remembering(words, undo, redo) : null;
  const shut = h("button", { class: "tk-btn bare icon sm", "aria-label": "Close", title: "Close" }, icon("close"));
  const node = h("div", { class: isTrouble ? "tk-toast trouble" : "tk-toast" }, h("span", { class: "tk-toast-words" }, words));
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    if (node.contains(document.activeElement)) /** @type {HTMLElement | null} */ (document.querySelector(".tk-body"))?.focus({ preventScroll: true });
    node.remove();
    if (!place.childElementCount) place.hidePopover?.();
  };
  if (step) {
    const back = h("button", { class: "tk-btn sm", title: `${word} (Ctrl+Z)` }, word);
    back.addEventListener("click", () => (close(), undoStep(step)));
    node.append(back);
  }
  if (act) {
    const button = h("button", { class: "tk-btn sm" }, act.word);
    button.addEventListener("click", () => (close(), act.run()));
    node.append(button);
  }
  node.append(shut);
  shut.addEventListener("click", close);
  const leave = () => {
    clearTimeout(timer);
    if (!isTrouble && !node.matches(":hover, :focus-within")) timer = setTimeout(close, stays_ms);
  };
  for (const name of ["pointerenter", "focusin"]) node.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) node.addEventListener(name, () => setTimeout(leave, 0));
  // A live region is read when something comes into it, not when it comes itself.
  requestAnimationFrame(() => {
    place.append(node);
    while (place.childElementCount > MOST) place.firstElementChild?.remove();
    if (!place.matches(":popover-open")) place.showPopover?.();
    leave();
  });
  if (step) onTaken(step, close);
  return { close };
}

/** Take a step back and say so; what went wrong is said, too. @param {import("./undo.js").Step} step */
export const undoStep = (step) => saying(takeBack(step), step, "Taken back", "taken back");

/** Do again what was taken back, and say so. @param {import("./undo.js").Step} step */
export const redoStep = (step) => saying(doAgain(step), step, "Done again", "done again");

/** @param {Promise<void>} doing @param {import("./undo.js").Step} step @param {string} done @param {string} wanted */
async function saying(doing, { words }, done, wanted) {
  try {
    await doing;
    toast(`${done}: ${words.replace(/[.]$/, "")}.`, { stays_ms: 3000 });
  } catch (error) {
    toast(`That could not be ${wanted}: ${/** @type {Error} */ (error).message}`, { isTrouble: true });
  }
}

/** Close a toast whose step was taken back by the keyboard. @param {import("./undo.js").Step} step @param {() => void} close */
function onTaken(step, close) {
  const { undo } = step;
  step.undo = () => (close(), undo());
}

/** Where toasts stand: above all else, also above an open dialog, whose outside cannot be pressed. @returns {HTMLElement} */
function region() {
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.querySelector(".tk") ?? document.body;
  const there = /** @type {HTMLElement | null} */ (host.querySelector(":scope > .tk-toasts"));
  if (there) return there;
  const made = h("div", { class: "tk-toasts", role: "status", "aria-live": "polite", popover: "manual" });
  host.append(made);
  return made;
}
