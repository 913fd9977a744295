// @ts-check
/**
 * Hands on a chart: pointer, touch and keys become cursor, zoom and highlight. Drag zooms x, shift-drag both, a
 * double click goes back one step, 0 all the way; a finger that taps or slides moves the cursor, the page still scrolls up
 * and down, and two fingers zoom (pinch.js).
 */
import { fromX, fromY, toX, toY } from "./lines.js";
import { Pinch } from "./pinch.js";

const DRAG = 5; // pixels; less is a click
const NEAR = 12; // pixels from a line that still mean it
const REST_MS = 60; // a selection's end stays about where it is: it will most likely be let go there
const STILL = 0.03; // of the selection's width: how far it may move and is at rest

/** @param {import("./chart.js").Chart} chart */
export function listen(chart) {
  const { plot, host } = chart;
  /** @type {{at: [number, number], id: number} | null} */ let press = null;
  let rest = { timer: 0, at: NaN };
  const pinch = new Pinch(chart);
  const at = (/** @type {PointerEvent | MouseEvent} */ event) => /** @type {[number, number]} */ ([event.offsetX, event.offsetY]);

  /** The x that a selection spans. @returns {[number, number]} */
  const spanned = () => {
    const { selection, view } = /** @type {any} */ (chart);
    return ordered(fromX(view, inside(selection.a[0], view.L, view.R)), fromX(view, inside(selection.b[0], view.L, view.R)));
  };
  const looksAhead = () => {
    const { a, b } = /** @type {any} */ (chart.selection);
    if (Math.abs(b[0] - rest.at) <= Math.max(1, STILL * Math.abs(b[0] - a[0]))) return;
    clearTimeout(rest.timer);
    rest = { at: b[0], timer: window.setTimeout(() => chart.selection && chart.view && chart.host.foresee?.(chart, spanned()), REST_MS) };
  };

  plot.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => {
    if (!chart.view || event.target instanceof HTMLButtonElement) return;
    if (event.pointerType === "touch") return void (pinch.down(event) || move(chart, at(event), true));
    if (event.button !== 0) return;
    press = { at: at(event), id: event.pointerId };
  });
  plot.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (pinch.move(event) || !chart.view) return;
    const here = at(event);
    if (press && !(event.buttons & 1)) stop(event); // released where nobody told us: above the plot, or out of the window
    if (press && (chart.selection || Math.abs(here[0] - press.at[0]) > DRAG || (event.shiftKey && Math.abs(here[1] - press.at[1]) > DRAG))) {
      if (!chart.selection) plot.setPointerCapture(press.id);
      chart.selection = { a: press.at, b: here, both: event.shiftKey };
      if (Math.abs(here[0] - press.at[0]) > DRAG) looksAhead();
    }
    move(chart, here, false);
  });
  const stop = (/** @type {PointerEvent} */ event) => {
    if (pinch.up(event)) return;
    const { selection, view } = chart;
    press = null;
    clearTimeout(rest.timer);
    rest.at = NaN;
    if (!selection || !view) return void (chart.selection = null);
    const x = spanned();
    chart.selection = null;
    const [a, b] = [selection.a, selection.b];
    if (event.type === "pointerup" && Math.abs(a[0] - b[0]) > DRAG) {
      host.zoom(chart, x, selection.both ? ordered(fromY(view, inside(a[1], view.T, view.B)), fromY(view, inside(b[1], view.T, view.B))) : null);
    } else host.giveUp?.(chart);
    chart.overlay();
  };
  plot.addEventListener("pointerup", stop);
  plot.addEventListener("pointercancel", stop);
  plot.addEventListener("pointerleave", (/** @type {PointerEvent} */ event) => {
    if (event.pointerType !== "touch" && !chart.selection) host.leave(chart);
  });
  plot.addEventListener("dblclick", () => host.back(chart));
  plot.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const mark = markAt(chart, event.offsetX, event.offsetY, /** @type {any} */ (event).pointerType === "touch");
    if (mark) host.openMark(chart, mark);
  });
  plot.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    if (!chart.view || !(event.ctrlKey || event.metaKey)) return; // the plain wheel scrolls the page
    event.preventDefault();
    scale(chart, fromX(chart.view, event.offsetX), event.deltaY > 0 ? 1.25 : 0.8);
  }, { passive: false });
  plot.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (key(chart, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
  plot.addEventListener("blur", () => host.leave(chart));
}

/** @param {number} a @param {number} b @returns {[number, number]} */
const ordered = (a, b) => (a < b ? [a, b] : [b, a]);
/** @param {number} v @param {number} low @param {number} high */
const inside = (v, low, high) => Math.max(low, Math.min(high, v));

/** @param {import("./chart.js").Chart} chart @param {[number, number]} here @param {boolean} tap */
function move(chart, [px, py], tap) {
  const view = chart.view;
  if (!view) return;
  const x = fromX(view, inside(px, view.L, view.R));
  const values = chart.valuesAt(x);
  let nearest = null;
  let best = NEAR;
  for (const { line, index, value } of values) {
    const d = Math.abs(toY(view, between(line, index, x, value)) - py);
    if (d < best) (best = d), (nearest = line.id);
  }
  chart.host.cursor(chart, x, { hot: chart.selection ? null : nearest, mark: markAt(chart, px, py, tap), tap });
}

/** Value of a line at x, on the segment between two points. @param {any} line @param {number} i @param {number} x @param {number} value */
function between({ series, values }, i, x, value) {
  const k = x > series.x[i] ? i + 1 : i - 1;
  if (k < 0 || k >= series.n || !Number.isFinite(values[k]) || series.x[k] === series.x[i]) return value;
  return value + ((values[k] - value) * (x - series.x[i])) / (series.x[k] - series.x[i]);
}

/** @param {import("./chart.js").Chart} chart @param {number} px @param {number} py @param {boolean} [isFinger] which needs more room */
function markAt(chart, px, py, isFinger = false) {
  const [up, down, beside] = isFinger ? [18, 12, 14] : [12, 6, 7];
  if (!chart.view || py < chart.view.B - up || py > chart.view.B + down) return null;
  return markNear(chart, px, beside);
}

/** @param {import("./chart.js").Chart} chart @param {number} px @param {number} [beside] */
function markNear(chart, px, beside = 7) {
  const near = (chart.clusters ?? []).filter((c) => Math.abs(c.x - px) <= beside);
  return near.sort((a, b) => Math.abs(a.x - px) - Math.abs(b.x - px))[0] ?? null;
}

/** Where the cursor stands, if that is in view, else the middle. @param {import("./chart.js").Chart} chart */
const middleOf = ({ cursorX, domain: [x0, x1] }) => (cursorX !== null && x0 <= cursorX && cursorX <= x1 ? cursorX : (x0 + x1) / 2);

/** A step in or out, for who neither drags nor types. @param {import("./chart.js").Chart} chart @param {number} factor below 1: in */
export const zoomBy = (chart, factor) => chart.view && chart.model && scale(chart, middleOf(chart), factor);

/** Zooms x around a place. @param {import("./chart.js").Chart} chart @param {number} around @param {number} factor */
function scale(chart, around, factor) {
  const [x0, x1] = chart.domain;
  const [low, high] = /** @type {any} */ (chart.model).domain;
  const log = chart.view?.logX && around > 0 && x0 > 0; // then as many pixels, not as many steps
  const wanted = log ? [around * (x0 / around) ** factor, around * (x1 / around) ** factor] : [around - (around - x0) * factor, around + (x1 - around) * factor];
  const next = [Math.max(low, wanted[0]), Math.min(high, wanted[1])];
  if (next[0] <= low && next[1] >= high) chart.host.back(chart, true);
  else if (next[1] > next[0]) chart.host.zoom(chart, next, null, true);
}

/** @param {import("./chart.js").Chart} chart @param {KeyboardEvent} event @returns {boolean} handled */
function key(chart, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !chart.view || !chart.model) return false;
  const { host } = chart;
  const [x0, x1] = chart.domain;
  const here = middleOf(chart);
  const size = x1 - x0;
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight": {
      const sign = event.key === "ArrowLeft" ? -1 : 1;
      if (event.shiftKey) {
        const [low, high] = chart.model.domain;
        const by = inside(sign * size * 0.25, low - x0, high - x1);
        if (chart.model.zoom && by) host.zoom(chart, [x0 + by, x1 + by], null, true);
      } else {
        const to = inside(next(chart, here, sign), x0, x1);
        host.cursor(chart, to, { hot: chart.hot, mark: markNear(chart, toX(chart.view, to)), tap: true, said: true });
      }
      return true;
    }
    case "Home":
    case "End":
      host.cursor(chart, event.key === "Home" ? x0 : x1, { hot: chart.hot, mark: null, tap: true, said: true });
      return true;
    case "+":
    case "=":
      scale(chart, here, 0.5);
      return true;
    case "-":
    case "_":
      scale(chart, here, 2);
      return true;
    case "0":
    case "Backspace":
      host.back(chart, event.key === "0");
      return true;
    case "Escape":
      if (chart.host.isFull || (chart.cursorX === null && !chart.model.zoom)) return false; // over the whole window it closes that, and what is zoomed stays
      chart.cursorX !== null ? host.leave(chart) : host.back(chart, true);
      return true;
    case "Enter":
      host.full(chart);
      return true;
    case "e": {
      const mark = chart.cursorX === null ? null : markNear(chart, toX(chart.view, chart.cursorX));
      if (mark) host.openMark(chart, mark);
      return mark !== null;
    }
    case "t":
      host.table(chart);
      return true;
    case "l":
      host.log(chart);
      return true;
    default:
      return false;
  }
}

/** The next place of the cursor: a hundredth of the view, but at least the next point. @param {import("./chart.js").Chart} chart
 * @param {number} x @param {number} sign */
function next(chart, x, sign) {
  const [x0, x1] = chart.domain;
  const far = x + (sign * (x1 - x0)) / 100;
  let best = null;
  for (const { series } of chart.lines) {
    if (!series.rising) continue;
    const i = sign > 0 ? series.from(far) : series.from(far + 1e-9 * Math.abs(far)) - 1;
    if (i < 0 || i >= series.n) continue;
    if (best === null || (sign > 0 ? series.x[i] < best : series.x[i] > best)) best = series.x[i];
  }
  return best ?? far;
}
