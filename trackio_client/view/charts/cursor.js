// @ts-check
/** The cursor that all linked charts share, and the list of values beside the chart it stands on – never on it. */
import { GroupSeries } from "./averages.js";
import { h } from "../base/dom.js";
import { told } from "./marks.js";
import { replacedRows } from "./replaced.js";
import { formatExact, formatNumber, formatX } from "./scales.js";

const MOST = 12;
const GAP = 6;
const LINGER_MS = 120; // from one chart to the next the list must not blink
const CALM_MS = 100; // after the last new points below a cursor that stands still its list is written anew

export class Cursor {
  /** @param {HTMLElement} root @param {any} state @param {() => void} soon asks for a frame: `place` before charts are painted, `fill` after */
  constructor(root, state, soon) {
    this.root = root;
    this.soon = soon;
    this.state = state;
    this.list = h("div", { class: "tk-tip", role: "presentation", hidden: true });
    this.spoken = h("div", { class: "tk-spoken", role: "status", "aria-live": "polite" });
    root.append(this.list, this.spoken);
    /** @type {import("./chart.js").Chart | null} */ this.chart = null;
    this.x = 0;
    this.moved = false; // the list is not of here any more
    this.leaving = 0;
    this.filling = 0;
    this.mark = /** @type {any} */ (null);
    this.tapped = false;
  }

  /** @param {import("./chart.js").Chart} chart @param {number} x @param {{hot: string | null, mark: any, tap: boolean, said?: boolean}} what */
  move(chart, x, { hot, mark, tap, said = false }) {
    clearTimeout(this.leaving);
    this.chart = chart;
    this.x = x;
    this.mark = mark;
    this.tapped = tap;
    this.state.set({ hot });
    this.said = said;
    this.again();
  }

  /** The page moved below it. */
  again() {
    this.moved = true;
    this.soon();
  }

  /** @param {boolean} [now] */
  leave(now = false) {
    clearTimeout(this.leaving);
    const gone = () => {
      this.chart = null;
      this.state.set({ hot: null });
      this.again();
    };
    if (now) gone();
    else this.leaving = window.setTimeout(gone, LINGER_MS);
  }

  /** Puts the line on every chart of the same axis. @param {import("./chart.js").Chart[]} charts those in view
   * @returns {import("./chart.js").Chart[]} those where it moved */
  place(charts) {
    const { chart } = this;
    const kind = chart?.model?.x;
    const moved = [];
    for (const each of charts) {
      const x = chart && each.model?.x === kind && (each === chart || (each.linked && chart.linked) || each.metric.metric === chart.metric.metric) ? this.x : null;
      if (x === each.cursorX) continue;
      each.cursorX = x;
      moved.push(each);
    }
    return moved;
  }

  /** The list of the values there, once no more come: writing it costs a layout of the page. */
  fillSoon() {
    clearTimeout(this.filling);
    this.filling = window.setTimeout(() => this.fill(), CALM_MS);
  }

  /** The list of the values there. */
  fill() {
    const { chart, list } = this;
    clearTimeout(this.filling);
    this.moved = false;
    if (!chart?.model || !chart.view || chart.selection) {
      list.hidden = true;
      return;
    }
    const { model } = chart;
    const values = chart.valuesAt(this.x).sort((a, b) => b.value - a.value);
    const smoothed = model.smoothing.amount > 0 && values.some(({ line }) => line.values !== line.series.mean);
    const hot = this.state.get("hot");
    const rows = values.slice(0, MOST);
    const held = values.find(({ line }) => line.id === hot || line.members?.includes(hot));
    if (held && !rows.includes(held)) rows[MOST - 1] = held;
    const word = { ema: "EMA", gaussian: "Gauss", mean: "mean" }[model.smoothing.kind];
    const head = h("div", { class: "tk-tip-head" }, h("b", null, formatX(model.x, this.x)), smoothed ? h("span", null, `${word} ${model.smoothing.amount.toFixed(2)}`) : null);
    const body = rows.map(({ line, index, value, raw }) =>
      h("div", { class: line.id === held?.line.id ? "tk-tip-row hot" : "tk-tip-row" },
        h("i", { class: line.dash.length ? "tk-swatch dashed" : "tk-swatch", style: { "--c": line.color } }),
        h("span", { class: "tk-tip-name" }, line.name),
        spreadOf(line, index),
        smoothed && raw !== value && (!line.members || line.rank !== undefined) ? h("span", { class: "tk-tip-raw" }, formatNumber(raw)) : null,
        h("b", { title: formatExact(value) }, formatNumber(value))));
    body.push(...replacedRows(chart.view, model.replaced ?? [], this.x));
    if (!body.length) body.push(h("div", { class: "tk-tip-row soft" }, "no value here"));
    if (values.length > MOST) body.push(h("div", { class: "tk-tip-row soft" }, `+ ${values.length - MOST} more`));
    const happened = this.mark ? told(this.mark, (id) => this.#nameOf(id)) : { lines: [], more: 0 };
    const marks = happened.lines.map(({ head, words }) => h("div", { class: "tk-tip-mark" }, h("b", null, head), ` ${words}`));
    if (happened.more) marks.push(h("div", { class: "tk-tip-mark soft" }, `+ ${happened.more} more`));
    list.replaceChildren(head, ...body, ...marks);
    list.hidden = false;
    this.#place(chart);
    const near = happened.lines.map(({ head, words }) => `. ${head} ${words}`).join("");
    if (this.said) this.spoken.textContent = `${formatX(model.x, this.x)}: ${rows.map(({ line, value }) => `${line.name} ${formatNumber(value)}`).join(", ") || "no value"}${near}${near ? ". E leads there" : ""}`;
  }

  /** Of which experiment something is, where there are several. @param {string} id */
  #nameOf(id) {
    const shown = this.state.get("experiments").filter((/** @type {any} */ row) => row.shown);
    return shown.length > 1 ? (shown.find((/** @type {any} */ row) => row.id === id)?.name ?? "") : "";
  }

  /** Right of the chart, else left, else below, else above. @param {import("./chart.js").Chart} chart */
  #place(chart) {
    const { list } = this;
    const at = chart.node.getBoundingClientRect();
    const clip = this.root.getBoundingClientRect();
    const [w, high] = [list.offsetWidth, list.offsetHeight];
    let [left, top] = [at.right + GAP, at.top + 36];
    const narrow = innerWidth <= 760;
    if (narrow || left + w > innerWidth - 4) {
      left = at.left - GAP - w;
      if (narrow || left < Math.max(4, clip.left - 8)) {
        left = Math.max(8, Math.min(at.left + 12, innerWidth - w - 8));
        top = at.bottom + GAP - 2;
        if (top + high > innerHeight - 4 && at.top - GAP - high > 4) top = at.top - GAP - high;
      }
    } else top = Math.max(8, Math.min(top, innerHeight - high - 8));
    list.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}

/** Of a group's mean: over how many, and how far they lie apart. @param {import("./lines.js").Line} line @param {number} index */
function spreadOf({ series, members, rank }, index) {
  if (!members || rank !== undefined) return null;
  if (!(series instanceof GroupSeries)) return h("span", { class: "tk-tip-spread" }, "n 1");
  const n = series.count[index];
  const by = series.spread === "se" ? series.deviation[index] / Math.sqrt(n) : series.deviation[index];
  const apart = n < 2 ? "" : series.spread === "range" ? `${formatNumber(series.lowest[index])} to ${formatNumber(series.highest[index])}` : `± ${formatNumber(by)}`;
  return h("span", { class: "tk-tip-spread" }, `${apart} n ${n}${n < series.members ? ` of ${series.members}` : ""}`.trim());
}
