// @ts-check
/** A chart drawn once more, at another size, in other colours, on other paper: by its own code, from its own model. */
import { Chart } from "../chart.js";
import { Ink } from "../../base/colors.js";

/** What belongs to the one on the page: its place, its paper, its pointer. */
const ITS_OWN = new Set(["host", "ink", "model", "lines", "view", "canvases", "said", "cursorX", "hot", "selection", "inView", "asTable", "width", "height", "waitingSince", "clusters", "headKey", "groundKey", "noteKey", "standing"]);
const RATIO = 2; // at one pixel a pixel lines are painted by a trick that vectors have no part in

/** Colours of a theme, whatever the page's is. */
export class ThemedInk extends Ink {
  /** @param {"light" | "dark"} theme */
  constructor(theme) {
    super();
    this.theme = theme;
    this.forget();
  }

  /** @param {string} name */
  of(name) {
    let color = this.known.get(name);
    if (color === undefined) {
      const probe = document.createElement("i");
      probe.style.cssText = `display:none;color-scheme:${this.theme};color:var(${name})`;
      document.documentElement.append(probe);
      color = getComputedStyle(probe).color;
      probe.remove();
      this.known.set(name, color);
    }
    return color;
  }
}

/**
 * Draws a chart on three layers, from the ground up.
 * @param {import("../chart.js").Chart} chart one that has a model
 * @param {{width: number, height: number, ink: Ink, colorOf: (line: any) => string, layers: any[]}} how `layers` have
 *   getContext, as canvases do; `colorOf` gives a line's colour in this ink
 * @returns {import("../chart.js").Chart}
 */
export function drawTwin(chart, { width, height, ink, colorOf, layers }) {
  const nobody = new Proxy({}, { get: () => () => undefined });
  const twin = new Chart(chart.metric, nobody, ink);
  for (const [key, value] of Object.entries(chart)) {
    if (!ITS_OWN.has(key) && !(value instanceof Node) && typeof value !== "function") /** @type {any} */ (twin)[key] = value;
  }
  Object.defineProperty(twin, "ratio", { value: RATIO });
  Object.assign(twin, { width, height, inView: true, asTable: false, canvases: layers });
  const model = /** @type {import("../chart.js").Model} */ (chart.model);
  twin.update({ ...model, lines: model.lines.map((line) => ({ ...line, color: colorOf(line) })) });
  twin.draw();
  return twin;
}
