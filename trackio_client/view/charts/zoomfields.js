// @ts-check
/** The two fields in which a reader types what is shown of an x axis, and the box at a button that such fields stand in. */
import { h } from "../base/dom.js";
import { EXAMPLES, placeOf, written } from "./spans.js";

const NAMES = /** @type {Record<string, string>} */ ({ time: "moment", relative: "time since the start", step: "step" });

/**
 * @typedef {[number, number]} Range
 * @param {{x: () => string, shown: () => Range, whole: () => Range | undefined, zoomed: () => Range | null, zoom: (to: Range) => any, back: () => any,
 *   tell: (words: string, ...wrong: HTMLInputElement[]) => void, done: () => void, shut: () => void}} what
 *   `x`: the kind of axis; `back`: to all of it; `tell` says what is wrong with what was typed, or nothing; `done`: it was taken
 * @returns {{from: HTMLInputElement, to: HTMLInputElement, paint: () => void}}
 */
export function zoomFields({ x, shown, whole, zoomed, zoom, back, tell, done, shut }) {
  const edge = (/** @type {0 | 1} */ end, /** @type {string} */ label) => {
    const input = h("input", { class: "tk-chartset-number", type: "text", autocomplete: "off", spellcheck: "false", "aria-label": label });
    return typing(input, () => {
      const before = shown();
      const next = /** @type {Range} */ ([...before]);
      const all = whole() ?? before;
      next[end] = input.value.trim() === "" ? all[end] : placeOf(x(), input.value);
      const example = EXAMPLES[/** @type {keyof typeof EXAMPLES} */ (x())] ?? "0.5";
      const words = !Number.isFinite(next[end]) ? `“${input.value.slice(0, 30)}” is no ${NAMES[x()] ?? "number"}. Write it as ${example}.` : next[0] >= next[1] ? "The zoom must begin before it ends." : "";
      tell("", from, to);
      tell(words, input);
      if (words || next.every((each, i) => each === before[i])) return;
      if (next[0] <= all[0] && next[1] >= all[1]) back();
      else zoom(next);
      requestAnimationFrame(done); // when it is drawn
    }, shut);
  };
  const [from, to] = [edge(0, "Zoom from"), edge(1, "Zoom to")];
  const paint = () => {
    const [all, now] = [whole(), zoomed()];
    for (const [input, end] of /** @type {[HTMLInputElement, 0 | 1][]} */ ([[from, 0], [to, 1]])) {
      if (document.activeElement !== input) input.value = now ? written(x(), now[end]) : "";
      input.placeholder = all ? written(x(), all[end]) : "";
    }
  };
  return { from, to, paint };
}

/** A field whose words count when they are done. @param {HTMLInputElement} input @param {() => void} take @param {() => void} shut */
export function typing(input, take, shut) {
  input.addEventListener("change", take);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    event.stopPropagation();
    if (event.key === "Enter") take();
    if (event.key === "Escape") shut();
  });
  return input;
}

/** Shows a box below its button, and gives the focus back when it goes. @param {HTMLElement} box with `popover` @param {HTMLElement} button @param {() => void} paint */
export function openBox(box, button, paint) {
  box.addEventListener("toggle", (/** @type {any} */ event) => {
    if (event.newState !== "closed") return;
    box.remove();
    button.setAttribute("aria-expanded", "false");
    if (!document.activeElement || document.activeElement === document.body) button.focus();
  });
  (button.closest("dialog[open], .tk") ?? document.body).append(box);
  paint();
  box.showPopover();
  button.setAttribute("aria-expanded", "true");
  const at = button.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(at.right - box.offsetWidth, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - box.offsetHeight - 8))}px`;
}
