// @ts-check
/** What a metric of two groups looks like: both means along the steps with their spread, the difference with its interval,
 * and a dot for each seed. */
import { fill, h, refill } from "../base/dom.js";
import { openMenu } from "../base/menu.js";
import { icon } from "../base/icons.js";
import { formatTick, niceTicks } from "../charts/scales.js";
import { s, area, path } from "./svg.js";
import { columnFormat, exact, number } from "../base/words.js";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [400, 220, 56, 14, 8, 30];
const [LATER, STEEP] = [0.25, 0.5]; // where the last three quarters take less than half of the height, the beginning runs out of the picture

export class GroupFigures {
  /** @param {{source: any, choose: (metric: string) => void}} parts */
  constructor(parts) {
    this.parts = parts;
    this.run = 0;
    this.asked = "";
    /** @type {{asked: string, said: string} | null} */ this.shown = null; // curves
    this.curves = h("div", { class: "tk-figure-body" });
    this.gap = h("div", { class: "tk-figure-body" });
    this.dots = h("div", { class: "tk-figure-body" });
    this.titles = [0, 1, 2].map(() => h("div", { class: "tk-chart-head" }));
    this.root = h("div", { class: "tk-figures", hidden: true }, [this.curves, this.gap, this.dots].map((body, i) => h("section", { class: "tk-panel tk-figure" }, this.titles[i], body)));
  }

  /** @param {{answer: any, one: any, labels: string[], names: Map<string, string>, key: string}} what */
  paint(what) {
    this.what = what;
    const { one, labels } = what;
    this.root.hidden = !one || one.metric === "duration" ? !one : false;
    if (!one) return;
    const pick = h("button", { class: "tk-chart-title tk-figure-pick", "aria-haspopup": "listbox", title: "Another metric" }, one.metric === "duration" ? "duration" : one.metric, icon("down"));
    const items = () => /** @type {any} */ (this.what).answer.metrics.map((/** @type {any} */ each) => ({ value: each.metric, label: each.metric, chosen: each.metric === one.metric }));
    pick.addEventListener("click", () => openMenu(pick, { title: "Metric", items: items(), choose: (metric) => this.parts.choose(metric) }));
    refill(this.titles[0], pick, h("span", { class: "tk-grow" }), labels.map((label, i) => h("span", { class: "tk-figure-label", title: label }, h("i", { class: "tk-swatch", style: { background: `var(--s${i + 1})` } }), label)));
    refill(this.titles[1], h("h3", { class: "tk-chart-title", title: `${labels[0]} − ${labels[1]}` }, `${labels[0]} − ${labels[1]}`), h("span", { class: "tk-chart-unit" }, "95 % interval"));
    refill(this.titles[2], h("h3", { class: "tk-chart-title" }, one.step === null ? one.metric : `${one.metric} at step ${number(one.step)}`), h("span", { class: "tk-chart-unit" }, "a dot a seed"));
    this.paintDots();
    this.fetch();
  }

  async fetch() {
    const { one, key } = /** @type {any} */ (this.what);
    const asked = `${one.metric} ${key}`;
    if (asked === this.asked) return;
    this.asked = asked;
    const run = ++this.run;
    const say = (/** @type {string} */ words) => [this.curves, this.gap].forEach((body) => fill(body, h("p", { class: "tk-figure-none" }, words)));
    if (one.metric === "duration") return say("A duration has no curve.");
    try {
      const ids = JSON.parse(key);
      const answer = await this.parts.source.groupCurves(ids.first, ids.second, one.metric);
      if (run !== this.run) return;
      if (!answer.steps.length) return say("The groups have no steps in common.");
      this.shown = { asked, said: JSON.stringify(answer) };
      this.paintCurves(answer);
    } catch (error) {
      if (run !== this.run) return;
      this.asked = "";
      say(/** @type {Error} */ (error).message);
    }
  }

  /** Ask anew for the curves that stand here; an answer that does not come leaves them as they are. */
  async again() {
    const { what, asked } = this;
    if (!what?.one || this.shown?.asked !== asked) return;
    const run = ++this.run;
    const ids = JSON.parse(what.key);
    const answer = await this.parts.source.groupCurves(ids.first, ids.second, what.one.metric).catch(() => null);
    const said = JSON.stringify(answer);
    if (run !== this.run || !answer?.steps.length || said === this.shown?.said) return;
    this.shown = { asked, said };
    this.paintCurves(answer);
  }

  /** @param {any} answer */
  paintCurves(answer) {
    const { labels } = /** @type {any} */ (this.what);
    const { steps, first, second, difference } = answer;
    const lines = [first, second].map((each, i) => ({ color: `var(--s${i + 1})`, label: labels[i], value: each.mean, low: each.low, high: each.high }));
    fill(this.curves, frame(steps, lines, `Mean of both groups along ${steps.length} steps`, false));
    fill(this.gap, frame(steps, [{ color: "var(--s1)", label: "difference", value: difference.value, low: difference.low, high: difference.high }], "Difference of the means along the steps", true));
  }

  paintDots() {
    const { one, labels, names } = /** @type {any} */ (this.what);
    const groups = [one.first, one.second];
    const values = groups.flatMap((each) => Object.values(each.values));
    if (!values.length) return void refill(this.dots, h("p", { class: "tk-figure-none" }, "No finite value."));
    const [low, high] = padded(Math.min(...values), Math.max(...values));
    const left = 14;
    const format = columnFormat(groups.flatMap((each) => [each.mean, each.sd]));
    const toX = (/** @type {number} */ v) => left + ((v - low) / (high - low)) * (WIDTH - left - RIGHT);
    const { ticks, step } = niceTicks(low, high, 4);
    const rows = groups.map((each, i) => {
      const y = 52 + i * 80;
      const placed = beeswarm(Object.entries(each.values).map(([id, value]) => ({ id, value, x: toX(value) })));
      const spread = each.sd === null || each.mean === null ? null : [Math.max(low, each.mean - each.sd), Math.min(high, each.mean + each.sd)];
      return s("g", null,
        s("text", { class: "name", x: left, y: y - 26 }, clipped(labels[i], 44)),
        spread && s("rect", { class: "spread", x: toX(spread[0]), y: y - 5, width: Math.max(1, toX(spread[1]) - toX(spread[0])), height: 10, rx: 3, style: `fill:var(--s${i + 1})` }),
        placed.map(({ id, value, x, up }) => s("circle", { cx: x, cy: y + up, r: 4, style: `fill:var(--s${i + 1})` }, s("title", null, `${names.get(id) ?? id}: ${exact(value)}`))),
        each.mean !== null && s("line", { class: "mean", x1: toX(each.mean), x2: toX(each.mean), y1: y - 11, y2: y + 11 }),
        each.mean !== null && s("text", { x: left, y: y + 28 }, `mean ${format(each.mean)}${each.sd === null ? "" : ` ± ${format(each.sd)} (sd)`}, n = ${each.n}`));
    });
    const label = groups.map((each, i) => `${labels[i]}: ${Object.values(each.values).map((value) => number(value)).join(", ")}`).join("; ");
    refill(this.dots, s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
      ticks.map((tick) => [s("line", { class: "grid", x1: toX(tick), x2: toX(tick), y1: TOP, y2: HEIGHT - BOTTOM }), s("text", { class: "x", x: toX(tick), y: HEIGHT - 12 }, formatTick(tick, step))]), rows));
  }
}

/** Curves with their bands over steps. @param {number[]} steps @param {{color: string, label: string, value: number[], low: number[], high: number[]}[]} lines
 * @param {string} label @param {boolean} zero whether 0 is in the picture, as a line of its own */
function frame(steps, lines, label, zero) {
  const from = steps[0] + (steps[steps.length - 1] - steps[0]) * LATER;
  const reach = (/** @type {number} */ begin) => {
    const shown = lines.flatMap(({ value, low, high }) => [value, low ?? [], high ?? []].flatMap((each) => each.filter((v, i) => Number.isFinite(v) && steps[i] >= begin)));
    return shown.length ? [Math.min(...shown), Math.max(...shown)] : null;
  };
  const whole = reach(-Infinity);
  if (!whole) return h("p", { class: "tk-figure-none" }, "No finite value.");
  const late = steps.length > 8 ? reach(from) : null;
  const isCut = late !== null && late[1] > late[0] && (late[1] - late[0]) < (whole[1] - whole[0]) * STEEP;
  let [low, high] = isCut ? late : whole;
  const begin = lines[0].value.find((v) => Number.isFinite(v)) ?? NaN; // noted at the end of the lines, where they are not
  if (zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  [low, high] = padded(low, high);
  const [x0, x1] = steps.length > 1 ? [steps[0], steps[steps.length - 1]] : [steps[0] - 1, steps[0] + 1];
  const toX = (/** @type {number} */ v) => LEFT + ((v - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const toY = (/** @type {number} */ v) => HEIGHT - BOTTOM - ((Math.max(low - (high - low), Math.min(high + (high - low), v)) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const ys = niceTicks(low, high, 4);
  const xs = niceTicks(x0, x1, 4);
  const id = `tk-clip-${Math.random().toString(36).slice(2)}`;
  const last = lines.map((line) => `${line.label} ${number(line.value.findLast((v) => Number.isFinite(v)) ?? null)} at step ${number(x1)}`).join(", ");
  const svg = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${label}: ${last}` },
    s("clipPath", { id }, s("rect", { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM })),
    ys.ticks.map((tick) => [s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: toY(tick), y2: toY(tick) }), s("text", { class: "y", x: LEFT - 8, y: toY(tick) + 4 }, formatTick(tick, ys.step))]),
    xs.ticks.filter((tick) => toX(tick) < WIDTH - 56).map((tick) => s("text", { class: "x", x: toX(tick), y: HEIGHT - 12 }, formatTick(tick, xs.step))),
    s("text", { class: "y", x: WIDTH - RIGHT, y: HEIGHT - 12 }, "step"),
    isCut && s("text", { class: "y", x: WIDTH - RIGHT, y: begin > high ? TOP + 12 : HEIGHT - BOTTOM - 8 }, `begins at ${number(begin)}, out of the picture`),
    zero && s("line", { class: "zero", x1: LEFT, x2: WIDTH - RIGHT, y1: toY(0), y2: toY(0) }),
    s("g", { "clip-path": `url(#${id})` },
      lines.map((line) => s("path", { class: "band", d: area(steps, line.low, line.high, toX, toY), style: `fill:${line.color}` })),
      lines.map((line) => (steps.length > 1 ? s("path", { class: "line", d: path(steps, line.value, toX, toY), style: `stroke:${line.color}` }) : s("circle", { cx: toX(steps[0]), cy: toY(line.value[0]), r: 4, style: `fill:${line.color}` })))),
    s("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" }));
  return withCursor(svg, steps, lines, toX);
}

/** A line under the pointer, and the values at it. @param {any} svg @param {number[]} steps @param {any[]} lines @param {(v: number) => number} toX */
function withCursor(svg, steps, lines, toX) {
  const said = h("div", { class: "tk-figure-tip", hidden: true });
  const cursor = svg.querySelector(".cursor");
  const move = (/** @type {PointerEvent} */ event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    let at = 0;
    for (let i = 1; i < steps.length; i++) if (Math.abs(toX(steps[i]) - x) < Math.abs(toX(steps[at]) - x)) at = i;
    cursor.setAttribute("x1", toX(steps[at]));
    cursor.setAttribute("x2", toX(steps[at]));
    cursor.setAttribute("visibility", "visible");
    said.hidden = false;
    fill(said, h("b", null, `step ${number(Math.round(steps[at]))}`), lines.map((line) => h("span", null, h("i", { class: "tk-swatch", style: { background: line.color } }), line.label, " ", h("b", null, number(line.value[at])), Number.isFinite(line.low?.[at]) ? ` (${number(line.low[at])} to ${number(line.high[at])})` : "")));
  };
  svg.addEventListener("pointermove", move);
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    said.hidden = true;
  });
  return [svg, said];
}

/** @param {number} low @param {number} high @returns {[number, number]} */
function padded(low, high) {
  if (low === high) return [low - (Math.abs(low) * 0.05 || 1), high + (Math.abs(high) * 0.05 || 1)];
  const room = (high / 2 - low / 2) * 0.12;
  return [low - room, high + room];
}

/** Dots that would cover each other move up and down in turn. @param {{id: string, value: number, x: number}[]} dots */
function beeswarm(dots) {
  const placed = /** @type {{id: string, value: number, x: number, up: number}[]} */ ([]);
  for (const dot of [...dots].sort((a, b) => a.x - b.x)) {
    const ups = [0, -8, 8, -14, 14];
    const up = ups.find((each) => !placed.some((other) => Math.hypot(other.x - dot.x, other.up - each) < 8)) ?? 0;
    placed.push({ ...dot, up });
  }
  return placed;
}

/** @param {string} words @param {number} most */
const clipped = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}…` : words);
