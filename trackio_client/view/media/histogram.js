// @ts-check
/** Histograms over the steps: how a distribution moves, as a heat map; or the one of a step as bars. */

import { Ink } from "../base/colors.js";
import { fill, h, text } from "../base/dom.js";
import { Fetcher } from "./fetch.js";
import { number, plural, revived } from "../base/words.js";

const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 24;

/** Edges (n + 1) and counts (n), or null. @param {any} item @returns {{edges: number[], counts: number[]} | null} */
export function histogramOf(item) {
  const edges = item?.bins?.map(revived);
  const counts = item?.counts?.map(revived);
  if (!Array.isArray(edges) || !Array.isArray(counts) || !counts.length || edges.length !== counts.length + 1) return null;
  return edges.every(Number.isFinite) ? { edges, counts } : null;
}

/** The value below which a share of the cases lies. @param {{edges: number[], counts: number[]}} one @param {number} share */
export function quantile({ edges, counts }, share) {
  const total = counts.reduce((sum, n) => sum + n, 0);
  let below = 0;
  for (const [i, n] of counts.entries()) {
    if (below + n >= share * total && n > 0) return edges[i] + (edges[i + 1] - edges[i]) * ((share * total - below) / n);
    below += n;
  }
  return edges[edges.length - 1];
}

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function histograms(stage, tools) {
  const ink = new Ink();
  const canvas = h("canvas", { class: "tk-hist", height: String(HEIGHT), tabindex: "0", role: "img" });
  const said = h("p", { class: "tk-hist-words tk-soft", role: "status" });
  const fetcher = new Fetcher(tools.content);
  /** @type {{step: number, one: {edges: number[], counts: number[]}}[]} */ let columns = [];
  let left = 0;
  let chosen = -1;
  fill(stage, canvas, said);
  const draw = () => {
    ink.forget();
    paint(canvas, ink, columns, chosen);
    const at = columns[chosen < 0 ? columns.length - 1 : chosen];
    if (!at) return;
    const [low, middle, high] = [0.05, 0.5, 0.95].map((share) => number(Number(quantile(at.one, share).toPrecision(4))));
    const words = `step ${number(at.step)}: 90 % between ${low} and ${high}, median ${middle}, ${plural(at.one.counts.reduce((sum, n) => sum + n, 0), "value")}`;
    text(said, `${words}${left && chosen < 0 ? `; ${columns.length} of ${columns.length + left} steps drawn` : ""}`);
    canvas.setAttribute("aria-label", `${tools.name}: ${words}`);
  };
  const choose = (/** @type {number} */ next) => {
    chosen = next;
    draw();
  };
  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    choose(Math.max(0, Math.min(columns.length - 1, Math.floor(((event.clientX - box.left - LEFT) / (box.width - LEFT - 8)) * columns.length))));
  });
  canvas.addEventListener("pointerleave", () => choose(-1));
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    choose(Math.max(0, Math.min(columns.length - 1, (chosen < 0 ? columns.length - 1 : chosen) + by)));
  });
  const sizes = new ResizeObserver(draw);
  sizes.observe(canvas);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  const themed = new MutationObserver(draw);
  themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return {
    all: true,
    async showAll(entries) {
      const got = await fetcher.ask(entries);
      columns = got.map(({ entry, content }) => ({ step: entry.step ?? entry.position, one: histogramOf((content.items ?? [])[0]) })).filter((each) => each.one !== null).map((each) => /** @type {any} */ (each));
      left = entries.length - got.length;
      if (!columns.length) text(said, "No histogram of a form that this page draws.");
      draw();
    },
    close() {
      sizes.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", draw);
    },
  };
}

/** @param {HTMLCanvasElement} canvas @param {Ink} ink @param {{step: number, one: {edges: number[], counts: number[]}}[]} columns @param {number} chosen */
function paint(canvas, ink, columns, chosen) {
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, HEIGHT];
  if (!width || !columns.length) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  g.scale(ratio, ratio);
  let low = Math.min(...columns.map(({ one }) => one.edges[0]));
  let high = Math.max(...columns.map(({ one }) => /** @type {number} */ (one.edges.at(-1))));
  if (low === high) (low -= 0.5), (high += 0.5);
  const [right, floor] = [width - 8, height - BOTTOM];
  const y = (/** @type {number} */ value) => floor - ((value - low) / (high - low)) * (floor - 8);
  const wide = (right - LEFT) / columns.length;
  g.fillStyle = ink.of("--s1");
  for (const [i, { one }] of columns.entries()) {
    // Density, not count: bins may differ in width from step to step.
    const density = one.counts.map((n, j) => n / Math.max(one.edges[j + 1] - one.edges[j], 1e-300));
    const top = Math.max(...density) || 1;
    for (const [j, each] of density.entries()) {
      if (!each) continue;
      g.globalAlpha = 0.08 + 0.92 * Math.sqrt(each / top);
      const [above, below] = [y(one.edges[j + 1]), y(one.edges[j])];
      g.fillRect(LEFT + i * wide, above, Math.max(1, wide - (wide > 6 ? 1 : 0)), Math.max(1, below - above));
    }
  }
  g.globalAlpha = 1;
  if (chosen >= 0) {
    g.strokeStyle = ink.of("--text");
    g.strokeRect(LEFT + chosen * wide + 0.5, 8.5, Math.max(1, wide - 1), floor - 9);
  }
  g.font = ink.font;
  g.fillStyle = ink.of("--soft");
  g.textAlign = "right";
  g.textBaseline = "middle";
  for (const value of [high, (low + high) / 2, low]) g.fillText(number(Number(value.toPrecision(3))), LEFT - 6, Math.max(10, Math.min(floor - 4, y(value))));
  g.textBaseline = "top";
  g.textAlign = "left";
  g.fillText(number(columns[0].step), LEFT, floor + 6);
  g.textAlign = "right";
  if (columns.length > 1) g.fillText(`${number(columns[columns.length - 1].step)} step`, right, floor + 6);
}
