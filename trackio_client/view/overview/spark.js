// @ts-check
/** A curve as large as a word: the line, the band from lowest to highest so that no spike is hidden, ✕ where values are none.
 * One request for all of about the same length; what did not grow is not asked for again. */
import { h } from "../base/dom.js";

const SVG = "http://www.w3.org/2000/svg";
export const WIDTH = 144;
export const HEIGHT = 32;
const POINTS = 72;
const PAD = 3;

/** @typedef {import("../charts/frames.js").Block} Block */

export class Sparks {
  /** @param {any} source */
  constructor(source) {
    this.source = source;
    /** @type {Map<string, Block>} by experiment and metric */ this.curves = new Map();
    /** @type {Map<string, string>} what was held when it was asked for */ this.held = new Map();
    this.isAsking = false;
  }

  /** @param {string} id @param {string | undefined} metric */
  of(id, metric) {
    return metric === undefined ? undefined : this.curves.get(`${id}\n${metric}`);
  }

  /** Fetch what grew. @param {any[]} rows @param {string[]} metrics @returns {Promise<boolean>} whether something came */
  async ask(rows, metrics) {
    const state = (/** @type {any} */ row) => `${row.point_count} ${row.generation} ${metrics.join("\n")}`;
    const grown = rows.filter((row) => this.held.get(row.id) !== state(row));
    if (!grown.length || !metrics.length || this.isAsking) return false;
    this.isAsking = true;
    try {
      const answers = await Promise.all(byLength(grown).map((experiments) => this.source.series({ experiments, metrics, x: "step", max_points: POINTS })));
      for (const { series, blocks } of answers) {
        for (const block of blocks) {
          const info = series?.[block.series];
          if (info) this.curves.set(`${info.experiment_id}\n${info.metric}`, block);
        }
      }
      for (const row of grown) this.held.set(row.id, state(row));
      return true;
    } catch {
      return false; // the poll of the list tells what is wrong; the next one asks again
    } finally {
      this.isAsking = false;
    }
  }

  forget() {
    this.curves.clear();
    this.held.clear();
  }
}

/** Ids of experiments of about the same length: buckets are as wide for all of one answer, and a short one beside a long one would
 * be drawn from two. @param {any[]} rows @returns {string[][]} */
function byLength(rows) {
  /** @type {Map<number, string[]>} */
  const groups = new Map();
  for (const row of rows) {
    const size = Math.floor(Math.log2((row.last_step ?? 0) + 16) / 2);
    const there = groups.get(size);
    if (there) there.push(row.id);
    else groups.set(size, [row.id]);
  }
  return [...groups.values()];
}

/** An empty one, to be drawn into. @returns {any} */
export function spark() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("class", "tk-ov-spark");
  svg.setAttribute("role", "img");
  for (const name of ["band", "line", "bad", "end"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("class", name);
    svg.append(path);
  }
  return h("span", { class: "tk-ov-sparks" }, svg);
}

/** @param {any} box @param {Block | undefined} curve @param {{label: string, isLive: boolean}} what */
export function draw(box, curve, { label, isLive }) {
  const svg = box.firstChild;
  if (svg.curve === curve && svg.isLive === isLive && svg.label === label) return;
  Object.assign(svg, { curve, isLive, label });
  svg.setAttribute("aria-label", label);
  box.title = label;
  const [band, line, bad, end] = svg.children;
  const { low, high, mean, x, n } = curve ?? { low: [], high: [], mean: [], x: [], n: 0 };
  const scale = scaleOf(mean, low, n);
  if (!scale) {
    for (const path of svg.children) path.removeAttribute("d");
    return;
  }
  const [x0, x1] = [x[0], x[n - 1]];
  const px = (/** @type {number} */ i) => round(x1 > x0 ? PAD + ((x[i] - x0) / (x1 - x0)) * (WIDTH - 2 * PAD) : WIDTH / 2);
  const py = (/** @type {number} */ value) => round(HEIGHT - PAD - Math.min(1, Math.max(0, (value - scale.low) / (scale.high - scale.low))) * (HEIGHT - 2 * PAD));
  let path = "";
  let crosses = "";
  /** @type {string[]} */ const upper = [];
  /** @type {string[]} */ const lower = [];
  let isOpen = false;
  let last = -1;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(mean[i])) {
      isOpen = false;
      crosses += `M${px(i) - 2} 1l4 4m0 -4l-4 4`;
      continue;
    }
    path += `${isOpen ? "L" : "M"}${px(i)} ${py(mean[i])}`;
    isOpen = true;
    last = i;
    upper.push(`${px(i)} ${py(high[i])}`);
    lower.unshift(`${px(i)} ${py(low[i])}`);
  }
  band.setAttribute("d", upper.length > 1 ? `M${[...upper, ...lower].join("L")}Z` : "");
  line.setAttribute("d", n === 1 ? `M${px(0) - 1} ${py(mean[0])}h2` : path);
  bad.setAttribute("d", crosses);
  end.setAttribute("d", isLive && last >= 0 ? `M${px(last)} ${py(mean[last])}h0.01` : "");
}

/** The range in which a curve tells something: of a training's first steps, which fall from far above, only a part.
 * @param {ArrayLike<number>} mean @param {ArrayLike<number>} low  @param {number} n */
function scaleOf(mean, low, n) {
  const values = Array.from({ length: n }, (_, i) => mean[i]).filter(Number.isFinite);
  if (!values.length) return null;
  values.sort((a, b) => a - b);
  const bottom = Math.min(values[0], ...finite(low, n));
  const top = values[Math.min(values.length - 1, Math.floor(values.length * 0.97))];
  const spread = top - values[0];
  return spread > 0 ? { low: Math.max(bottom, values[0] - spread), high: top } : { low: values[0] - 1, high: values[0] + 1 };
}

/** @param {ArrayLike<number>} values @param {number} n */
const finite = (values, n) => Array.from({ length: n }, (_, i) => values[i]).filter(Number.isFinite);

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;
