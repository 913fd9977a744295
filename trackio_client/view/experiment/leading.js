// @ts-check
/** From a sign on the time line to where the page tells more of it: its panel, and in it its own line. */

import { bringIntoView } from "../base/bring.js";

/** The name of a mark's line, wherever it is listed. @param {import("../charts/marks.js").Mark} mark */
export const placeOf = ({ kind, step, time_s, at }) => at ?? (BY_STEP.includes(kind) ? `${kind} ${step ?? ""}` : `${kind} ${step ?? ""} ${Math.round(time_s * 1e6)}`);
const BY_STEP = ["checkpoint", "evaluation"]; // one a step, and told by panels that know no time

/**
 * Go to the first of these panels that stands and lists the mark, else to the first that stands.
 * @param {Element} page @param {string[]} keys of panels @param {import("../charts/marks.js").Mark | undefined} mark @returns {boolean} whether there was one
 */
export function leadTo(page, keys, mark) {
  const standing = keys.map((key) => page.querySelector(`[data-pane="${key}"]`)).filter((each) => each instanceof HTMLElement && each.checkVisibility());
  const panels = /** @type {HTMLElement[]} */ (standing);
  const lineIn = (/** @type {HTMLElement} */ panel) => {
    const find = () => (mark ? /** @type {HTMLElement | null} */ (panel.querySelector(`[data-at="${CSS.escape(placeOf(mark))}"]`)) : null);
    const found = find();
    if (found || !mark) return found;
    panel.dispatchEvent(new CustomEvent("trackio-tell", { detail: placeOf(mark) })); // lines that were left out are drawn
    return find();
  };
  const panel = panels.find(lineIn) ?? panels[0];
  if (!panel) return false;
  const fold = panel.querySelector('.tk-pane-fold[aria-expanded="false"]');
  if (fold instanceof HTMLElement) fold.click();
  const line = lineIn(panel);
  bringIntoView(panel);
  if (line) show(line);
  flash(panel);
  if (line) flash(line);
  const target = panel.querySelector(".tk-pane-fold") ?? panel;
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
  return true;
}

/** Within the frame that the line scrolls in. @param {HTMLElement} line */
function show(line) {
  const frame = line.closest(".tk-panel-scroll");
  if (frame && frame.scrollHeight > frame.clientHeight) frame.scrollTop += line.getBoundingClientRect().top - frame.getBoundingClientRect().top - 60;
}

/** @param {HTMLElement} node */
export function flash(node) {
  node.classList.remove("tk-flash");
  void node.offsetWidth; // begins the animation again
  node.classList.add("tk-flash");
}
