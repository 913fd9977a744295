// @ts-check
/** The edge between the list of experiments and the charts: drag it, or move it with the arrow keys; a double click puts
 * it back. The browser remembers where it stands. */
import { h } from "../base/dom.js";
import { remember, remembered } from "../base/remember.js";

const USUAL = 296;
const LEAST = 220;
const MOST = 560;
const BY_KEY = 16;

/** @param {HTMLElement} root carries the width as --side-width @param {HTMLElement} side */
export function sideEdge(root, side) {
  const edge = h("div", { class: "tk-edge tk-wide", role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Width of the list", "aria-valuemin": LEAST, "aria-valuemax": MOST, title: "Drag to make the list wider" });
  let width = USUAL;
  const put = (/** @type {number} */ to) => {
    width = Math.round(Math.max(LEAST, Math.min(MOST, innerWidth / 2, to)));
    root.style.setProperty("--side-width", `${width}px`);
    edge.setAttribute("aria-valuenow", String(width));
  };
  const keep = () => remember({ side: width });
  edge.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    const from = width - event.clientX;
    const move = (/** @type {PointerEvent} */ at) => put(from + at.clientX);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("lostpointercapture", () => (edge.removeEventListener("pointermove", move), keep()), { once: true });
  });
  edge.addEventListener("dblclick", () => (put(USUAL), keep()));
  edge.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: -BY_KEY, ArrowRight: BY_KEY }[event.key];
    if (!by) return;
    event.preventDefault();
    put(width + by);
    keep();
  });
  put(Number(remembered().side) || USUAL);
  side.append(edge);
}
