// @ts-check
/** Charts are put in another order by their heads, with a pointer, or by < and > while one has the focus. A finger scrolls:
 * there the chart's menu moves it. */
import { h } from "../base/dom.js";

const DRAG = 6; // pixels; less is a click
const EDGE = 56; // pixels from the end of what scrolls, where a dragged chart scrolls it
const SPEED = 14; // pixels a frame

/** @typedef {import("./chart.js").Chart} Chart
 * @typedef {{charts: Chart[], grid: HTMLElement}} Row charts of one section, in order */

/**
 * @param {HTMLElement} root where the charts stand @param {(node: Element) => {chart: Chart, row: Row} | null} find the chart of a node
 * @param {(chart: Chart, before: Chart | null) => void} move to another place of its section; null is the last one
 */
export function movable(root, find, move) {
  root.addEventListener("pointerdown", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.button !== 0 || event.pointerType === "touch" || !target.closest(".tk-chart-head") || target.closest("button, a, input")) return;
    const found = find(target);
    if (found && found.row.charts.length > 1) watch(event, found.chart, found.row, move);
  });
  root.addEventListener("keydown", (event) => {
    if ((event.key !== "<" && event.key !== ">") || event.ctrlKey || event.metaKey) return;
    const found = find(/** @type {Element} */ (event.target));
    if (!found || /** @type {Element} */ (event.target).closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    step(found.chart, found.row, event.key === "<" ? -1 : 1, move);
  });
}

/** One place earlier or later; the focus goes with it. @param {Chart} chart @param {Row} row @param {number} by
 * @param {(chart: Chart, before: Chart | null) => void} move @returns {boolean} whether there was such a place */
export function step(chart, row, by, move) {
  const at = row.charts.indexOf(chart);
  const to = at + by;
  if (at < 0 || to < 0 || to >= row.charts.length) return false;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  move(chart, by < 0 ? row.charts[to] : (row.charts[to + 1] ?? null));
  if (focused && chart.node.contains(focused)) focused.focus();
  chart.node.scrollIntoView({ block: "nearest" });
  chart.say(`Place ${to + 1} of ${row.charts.length}.`);
  return true;
}

/** From the press to the drop. @param {PointerEvent} press @param {Chart} chart @param {Row} row @param {(chart: Chart, before: Chart | null) => void} move */
function watch(press, chart, row, move) {
  const line = h("div", { class: "tk-drop", "aria-hidden": "true" });
  let dragging = false;
  let frame = 0;
  /** @type {{before: Chart | null} | null} */ let drop = null;
  let [x, y] = [press.clientX, press.clientY];
  const scroller = /** @type {HTMLElement | null} */ (chart.node.closest(".tk-body"));
  const stop = new AbortController();
  const { signal } = stop;

  const place = () => {
    drop = placeAt(row, x, y);
    if (!drop) return void (line.hidden = true);
    const beside = drop.before ?? row.charts[row.charts.length - 1];
    const at = beside.node.getBoundingClientRect();
    const edge = row.grid.getBoundingClientRect();
    line.hidden = false;
    line.style.left = `${(drop.before ? at.left - 7 : at.right + 5) - edge.left}px`;
    line.style.top = `${at.top - edge.top}px`;
    line.style.height = `${at.height}px`;
  };
  const scroll = () => {
    frame = requestAnimationFrame(scroll);
    if (!scroller) return;
    const box = scroller.getBoundingClientRect();
    const by = y < box.top + EDGE ? -SPEED : y > box.bottom - EDGE ? SPEED : 0;
    if (!by) return;
    scroller.scrollTop += by;
    place();
  };
  const end = () => {
    stop.abort();
    cancelAnimationFrame(frame);
    line.remove();
    chart.node.classList.remove("dragged");
    document.documentElement.classList.remove("tk-dragging");
  };
  addEventListener("pointermove", (event) => {
    [x, y] = [event.clientX, event.clientY];
    if (!dragging) {
      if (Math.hypot(x - press.clientX, y - press.clientY) < DRAG) return;
      dragging = true;
      chart.node.classList.add("dragged");
      document.documentElement.classList.add("tk-dragging");
      row.grid.append(line);
      scroll();
    }
    event.preventDefault();
    place();
  }, { signal });
  addEventListener("pointerup", () => {
    end();
    if (dragging && drop && drop.before !== chart) move(chart, drop.before);
  }, { signal });
  addEventListener("pointercancel", end, { signal });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    end();
  }, { signal, capture: true });
}

/** The place in a section that a point means; null outside of it. @param {Row} row @param {number} x @param {number} y @returns {{before: Chart | null} | null} */
function placeAt(row, x, y) {
  const edge = row.grid.getBoundingClientRect();
  if (y < edge.top - 24 || y > edge.bottom + 24) return null;
  /** @type {Chart | null} */ let nearest = null;
  let best = Infinity;
  for (const chart of row.charts) {
    const at = chart.node.getBoundingClientRect();
    const d = Math.hypot(Math.max(at.left - x, 0, x - at.right), 2 * Math.max(at.top - y, 0, y - at.bottom));
    if (d < best) (best = d), (nearest = chart);
  }
  if (!nearest) return null;
  const at = nearest.node.getBoundingClientRect();
  const i = row.charts.indexOf(nearest);
  return { before: x < (at.left + at.right) / 2 ? nearest : (row.charts[i + 1] ?? null) };
}
