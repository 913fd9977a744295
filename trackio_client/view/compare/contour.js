// @ts-check
/** A metric over two parameters: bands of a surface that is straight between neighbouring experiments, which stand on it as dots. */
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { formatTick, logTicks, niceTicks } from "../charts/scales.js";
import { axisFor, columnButton, loaded, logBox, ofButton, placeOn } from "./choosing.js";
import { wordsOn } from "./levelwords.js";
import { Dots } from "./dots.js";
import { save } from "../base/files.js";
import { SHADES, shades } from "./plane.js";
import { above, heightAt, surfaceOf } from "./surface.js";
import { count, listed, number, plural } from "../base/words.js";

const LEVELS = 10; // about: more bands cannot be told apart
const CLOSE = 8; // bands, above which a narrow page has room for every other number
const EDGE = 0.5; // px by which an area reaches over its neighbour's edge, so that no ground shows between them

/** @typedef {{at: number, words: string}} Level where on the height's axis one band ends and the next begins */

export class Contour {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    this.state = parts.state;
    const { state } = this;
    /** @type {import("./axis.js").Axis | null} */ this.height = null;
    /** @type {import("./surface.js").Surface} */ this.surface = surfaceOf([]);
    /** @type {Level[]} */ this.levels = [];
    /** @type {import("./levelwords.js").Word[]} */ this.numbers = []; // on the lines
    this.dots = new Dots({ parts, label: "Contour", draw: () => this.draw(), color: (dot) => this.bands()[this.bandOf(dot.z)], between: (x, y) => this.between(x, y) });
    this.z = columnButton(parts, { title: "Height", now: () => this.chosen().z, choose: (column) => column && state.set({ compareHeight: column }) });
    this.x = columnButton(parts, { title: "Across", now: () => this.chosen().x, choose: (column) => column && state.set({ compareX: column }) });
    this.y = columnButton(parts, { title: "Up", now: () => this.chosen().y, choose: (column) => column && state.set({ compareY: column }) });
    this.logs = /** @type {Record<string, ReturnType<typeof logBox>>} */ ({ x: logBox(state, "x", () => this.chosen().x), y: logBox(state, "y", () => this.chosen().y), z: logBox(state, "height", () => this.chosen().z) });
    const turn = h("button", { class: "tk-btn sm icon", title: "Swap the axes", "aria-label": "Swap the axes", on: { click: () => state.set({ compareX: this.chosen().y, compareY: this.chosen().x }) } }, icon("sort"));
    const csv = h("button", { class: "tk-btn sm", title: "These experiments as a CSV file", on: { click: () => save(`${state.get("project")}-contour.csv`, "text/csv", this.dots.csv()) } }, icon("download"), "CSV");
    this.scale = h("div", { class: "tk-scale", role: "img" });
    this.says = h("p", { class: "tk-compare-note", role: "status" });
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    const control = (/** @type {string} */ word, /** @type {any} */ node) => h("span", { class: "tk-control" }, h("span", null, word), node);
    fill(root, h("div", { class: "tk-compare-bar" }, ofButton(state), control("Height", this.z), this.logs.z.label, control("up", this.y), this.logs.y.label, control("across", this.x), this.logs.x.label, turn, h("span", { class: "tk-grow" }), csv),
      this.said, this.scale, h("div", { class: "tk-panel tk-plane-panel tk-scatter" }, this.dots.plane.root), this.says, this.dots.here, this.dots.details);
    setInterval(() => document.hidden || root.hidden || state.get("view") !== "compare" || this.load(), 10_000);
  }

  /** @param {Set<string>} keys */
  async update(keys) {
    if (keys.has("project")) this.usual = undefined;
    return this.load();
  }

  chosen() {
    const [x, y, z] = this.usual ?? [null, null, null];
    return { x: this.state.get("compareX") ?? x, y: this.state.get("compareY") ?? y, z: this.state.get("compareHeight") ?? z };
  }

  async load() {
    return loaded(this, async () => {
      if (!this.usual && Object.values(this.chosen()).some((column) => !column)) {
        if (!this.state.get("metrics")) return null;
        const columns = await this.parts.rows.usual(3, { numeric: true });
        const [x, y] = [...columns.slice(0, -1), "steps", "duration"];
        this.usual = [x, y, columns.at(-1)];
      }
      return Object.values(this.chosen());
    });
  }

  settle() {
    const { rows: held } = this.parts;
    const rows = held.rows(this.state.get("compareOf"));
    const chosen = this.chosen();
    const [x, y] = [chosen.x, chosen.y].map((column) => axisFor(this.parts, rows, column));
    const placed = rows.flatMap((/** @type {any} */ row) => {
      const [left, up, height] = [placeOn(held, row, x), placeOn(held, row, y), chosen.z ? held.value(row, chosen.z) : undefined];
      return left === null || up === null || (typeof height === "number" && !Number.isFinite(height)) || height === undefined ? [] : [{ row, x: left, y: up, z: 0 }];
    });
    // The scale is about what is drawn: an experiment that lacks a parameter does not widen it.
    const height = axisFor(this.parts, placed.map((/** @type {any} */ dot) => dot.row), chosen.z);
    for (const dot of placed) dot.z = placeOn(held, dot.row, height);
    this.height = height;
    this.axes = [x, y, height];
    this.missing = rows.length - placed.length;
    this.kinds = this.axes.flatMap((axis) => (axis?.kind === "kind" && axis.kinds.length ? [axis.label] : []));
    this.surface = surfaceOf(this.kinds.length ? [] : placed);
    this.levels = height && this.surface.triangles.length ? levelsOf(height, this.surface.spots.map((spot) => spot.z)) : [];
    this.x.say(x?.label ?? "choose");
    this.y.say(y?.label ?? "choose");
    this.z.say(height?.label ?? (chosen.z ? held.label(chosen.z) : "choose"));
    this.logs.x.say(x);
    this.logs.y.say(y);
    this.logs.z.say(height);
    this.dots.show(placed, x, y, [height]);
    this.paintScale();
    text(this.says, this.words().join(" "));
  }

  // The scale

  /** A colour a band, from low to high. */
  bands() {
    const colors = shades(this.dots.plane.isDark);
    const last = this.levels.length;
    return Array.from({ length: last + 1 }, (_, i) => colors[last ? Math.round((i / last) * (SHADES - 1)) : SHADES >> 1]);
  }

  /** @param {number} z */
  bandOf(z) {
    return this.levels.filter(({ at }) => z >= at).length;
  }

  paintScale() {
    const { height, levels } = this;
    this.scale.hidden = !height || !this.surface.triangles.length;
    if (this.scale.hidden || !height) return;
    const bands = this.bands();
    const heights = this.surface.spots.map((spot) => spot.z);
    const ends = [Math.min(...heights), Math.max(...heights)].map((at) => number(height.value(at)));
    const marks = levels.map(({ words }) => words);
    this.scale.setAttribute("aria-label", `${height.label} from ${ends[0]} to ${ends[1]}${marks.length ? `, bands end at ${marks.join(", ")}` : ""}`);
    const name = h("span", { class: "tk-soft" }, `${height.label}${height.kind === "log" ? ", log" : ""}`);
    fill(this.scale, name, h("div", { class: `tk-scale-bands${bands.length > CLOSE ? " close" : ""}` }, bands.map((color, i) => h("span", { class: "tk-scale-band" }, h("i", { style: { background: color } }), i ? h("span", null, marks[i - 1]) : null))),
      h("span", { class: "tk-soft" }, ends[0] === ends[1] ? `${ends[0]} everywhere` : `lowest ${ends[0]}, highest ${ends[1]}`));
  }

  // Words

  words() {
    const { height, surface } = this;
    const [x, y] = this.axes ?? [];
    if (!x || !y || !height) return [];
    const all = this.dots.all;
    const held = this.parts.rows;
    const lack = `${plural(this.missing ?? 0, "experiment")} ${this.missing === 1 ? "lacks" : "lack"} one of the three, or it is not finite.`;
    const left = this.missing && all.length ? [lack] : [];
    if (!all.length) {
      const none = [x, y, height].filter((axis) => !held.rows(this.state.get("compareOf")).some((/** @type {any} */ row) => held.value(row, axis.column) !== undefined));
      return [none.length ? `No experiment has ${listed(none.map((axis) => axis.label))}.` : `No experiment has finite numbers of all three: ${[x, y, height].map((axis) => axis.label).join(", ")}.`];
    }
    if (this.kinds?.length) return [`A surface lies over numbers; ${listed(this.kinds)} ${this.kinds.length === 1 ? "holds" : "hold"} words. Choose another, or look at Scatter.`, ...left];
    const where = `${plural(all.length, "experiment")} at ${plural(surface.places, "place")}`;
    if (!surface.triangles.length) {
      return [`A surface needs at least 4 places that are not on one line; here ${all.length === 1 ? "is" : "are"} ${where}${surface.places < 4 ? "" : ", all on one line"}. The dots stand where they are.`, ...left];
    }
    const end = (/** @type {string} */ word, /** @type {(a: any, b: any) => any} */ better) => {
      const { row } = all.reduce(better);
      const at = [x, y].map((axis) => `${axis.label} ${axis.words(held.value(row, axis.column))}`);
      return `${word} ${height.label}: ${height.words(held.value(row, height.column))}, ${row.name} at ${at.join(", ")}.`;
    };
    return [
      `${where}. Between neighbours the surface is a straight one (Delaunay triangles)${[x, y, height].some((axis) => axis.kind === "log") ? " on these axes" : ""}, a guess and no measurement; outside of the outermost places nothing is known and nothing drawn.`,
      surface.shared ? `${plural(surface.shared, "experiment")} share their place with others: the surface goes through their mean${height.kind === "log" ? " (of logarithms)" : ""}.` : "",
      surface.places > surface.spots.length ? `It goes through ${count(surface.spots.length)} of the places, evenly chosen; all dots are drawn.` : "",
      end("Lowest", (a, b) => (b.z < a.z ? b : a)), end("Highest", (a, b) => (b.z > a.z ? b : a)), ...left,
    ].filter(Boolean);
  }

  /** What the surface says where no dot is. @param {number} x @param {number} y */
  between(x, y) {
    const z = heightAt(this.surface, x, y);
    const [across, up] = this.axes ?? [];
    if (z === null || !this.height || !across || !up) return null;
    const line = (/** @type {string} */ name, /** @type {number} */ value) => h("div", { class: "tk-tip-row" }, h("span", { class: "tk-soft" }, name), h("span", { class: "tk-grow" }), h("b", null, number(value)));
    return [h("div", { class: "tk-tip-head" }, h("b", null, "Between experiments")), line(across.label, across.value(x)), line(up.label, up.value(y)), line(`${this.height.label}, about`, this.height.value(z))];
  }

  // Drawing

  draw() {
    const { dots } = this;
    const { plane, all } = dots;
    const g = plane.clear(plane.base);
    if (!dots.x || !dots.y) return;
    dots.drawAxes(g);
    const bands = this.bands();
    const found = [{ areas: this.surface.triangles.map((corners) => corners.map((i) => this.surface.spots[i])), lines: [] }, ...this.levels.map(({ at }) => above(this.surface, at))];
    g.lineWidth = EDGE * 2;
    found.forEach(({ areas }, i) => {
      g.fillStyle = g.strokeStyle = bands[i];
      g.beginPath();
      for (const area of areas) {
        area.forEach(({ x, y }, k) => (k ? g.lineTo(dots.left(x), dots.top(y)) : g.moveTo(dots.left(x), dots.top(y))));
        g.closePath();
      }
      g.fill();
      g.stroke();
    });
    // Lines between the bands: neither two shades nor a reader who tells them badly make one of two bands.
    g.strokeStyle = plane.ink.of("--panel");
    g.lineWidth = 1;
    g.beginPath();
    for (const [from, to] of found.flatMap(({ lines }) => lines)) {
      g.moveTo(dots.left(from.x), dots.top(from.y));
      g.lineTo(dots.left(to.x), dots.top(to.y));
    }
    g.stroke();
    this.#words(g, found.slice(1).map(({ lines }) => lines));
    // Dots have the ground's colour and the text's edge, which are seen on every band.
    const radius = all.length > 2000 ? 2 : all.length > 300 ? 3 : 4.5;
    g.fillStyle = plane.ink.of("--panel");
    g.strokeStyle = plane.ink.of("--text");
    g.lineWidth = all.length > 300 ? 1 : 1.5;
    for (const { x, y } of all) {
      g.beginPath();
      g.arc(dots.left(x), dots.top(y), radius, 0, 7);
      g.fill();
      g.stroke();
    }
    dots.overlay();
  }

  /** Their numbers on the lines. @param {CanvasRenderingContext2D} g @param {[import("./surface.js").Point, import("./surface.js").Point][][]} lines of each level */
  #words(g, lines) {
    const { dots } = this;
    const at = (/** @type {{x: number, y: number}} */ { x, y }) => ({ x: dots.left(x), y: dots.top(y) });
    const levels = this.levels.map(({ words }, i) => ({ words, lines: lines[i].map(([from, to]) => /** @type {[any, any]} */ ([at(from), at(to)])) }));
    const box = { left: dots.left(0), right: dots.left(1), top: dots.top(1), bottom: dots.top(0) };
    this.numbers = wordsOn(levels, dots.all.map(at), box, (words) => g.measureText(words).width);
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.lineJoin = "round";
    g.lineWidth = 4;
    g.strokeStyle = dots.plane.ink.of("--panel");
    g.fillStyle = dots.plane.ink.of("--text");
    for (const { x, y, words } of this.numbers) {
      g.strokeText(words, x, y);
      g.fillText(words, x, y);
    }
    g.textAlign = "left";
    g.textBaseline = "alphabetic";
  }
}

/** Round numbers within the heights; none where all are the same. @param {import("./axis.js").Axis} axis @param {number[]} heights places on it @returns {Level[]} */
function levelsOf(axis, heights) {
  const [from, to] = [Math.min(...heights), Math.max(...heights)];
  if (from === to) return [];
  const [low, high] = [axis.value(from), axis.value(to)];
  const nice = niceTicks(low, high, LEVELS);
  const found = axis.kind === "log" ? logTicks(low, high, LEVELS).map((value) => ({ value, words: number(value) })) : nice.ticks.map((value) => ({ value, words: formatTick(value, nice.step) }));
  return found.map(({ value, words }) => ({ at: /** @type {number} */ (axis.place(value)), words })).filter(({ at }) => at > from && at < to);
}
