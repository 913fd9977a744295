// @ts-check
/** What happened, as signs on the x axis of the strips above: a word on hover and focus, a click goes to where it is told. */

import { fill, h } from "../base/dom.js";
import { cluster, gravest } from "../charts/marks.js";
import { formatX } from "../charts/scales.js";
import { clock, count, plural } from "../base/words.js";

/** A kind: its sign, the word, and the keys of the panels that tell more of it. @type {Record<string, {path: string, word: string, class: string, panels: string[]}>} */
export const KINDS = {
  error: { path: "M3 3l8 8M11 3l-8 8", word: "error", class: "error", panels: ["failure", "errors", "marks", "state"] },
  alert: { path: "M7 2l5.5 10h-11z", word: "alert", class: "alert solid", panels: ["marks"] },
  restart: { path: "M11 7a4 4 0 1 1-8 0 4 4 0 1 1 8 0", word: "restart", class: "restart", panels: ["restarts", "marks"] },
  finding: { path: "M7 2l5 5-5 5-5-5z", word: "finding", class: "finding solid", panels: ["marks"] },
  note: { path: "M7 2.5l4.5 4.5L7 11.5 2.5 7z", word: "note", class: "note", panels: ["marks", "texts"] },
  checkpoint: { path: "M4 4h6v6H4z", word: "checkpoint", class: "checkpoint solid", panels: ["checkpoints", "marks"] },
  end: { path: "M7 2v10M4 2h6M4 12h6", word: "end", class: "end", panels: ["log", "state"] },
  evaluation: { path: "M7 3v8", word: "evaluation", class: "evaluation", panels: ["evaluations", "marks"] },
};
const TOLD = 5; // in one sign's words

/** @typedef {import("../charts/marks.js").Mark} Mark */

/** @param {string} kind */
export const kindOf = (kind) => KINDS[kind] ?? KINDS.note;

/** A kind's sign. @param {string} kind */
export function signOf(kind) {
  const { path, class: name } = kindOf(kind);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 14 14");
  svg.setAttribute("class", `tk-mark-sign ${name}`);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** What a sign says. @param {Mark[]} marks @param {string} x */
export function wordsOf(marks, x) {
  const lines = marks.slice(0, TOLD).map(({ kind, title, step, time_s }) => {
    const { word } = kindOf(kind);
    const where = [step === null ? null : `step ${count(step)}`, time_s ? clock(time_s) : null].filter(Boolean).join(", ");
    const name = KINDS[kind] ? word : kind;
    return { head: !title ? name : title.startsWith(name) ? title : `${name}: ${title}`, where: where || formatX(x, 0) };
  });
  return { lines, more: Math.max(0, marks.length - TOLD) };
}

export class Lane {
  /** @param {(kind: string, mark: Mark | undefined) => void} open what a click does */
  constructor(open) {
    this.open = open;
    this.rows = [["events", "events"], ["evaluations", "evaluations"]].map(([key, word]) => {
      const track = h("div", { class: "tk-lane-track", role: "toolbar", "aria-label": word });
      return { key, track, node: h("div", { class: "tk-lane-row", data: { lane: key } }, h("span", { class: "tk-lane-name" }, word), track) };
    });
    this.tip = h("div", { class: "tk-lane-tip", hidden: true, role: "presentation" });
    this.legend = h("div", { class: "tk-lane-legend" });
    this.node = h("div", { class: "tk-lane", hidden: true }, this.rows.map(({ node }) => node), this.tip);
    this.key = "";
    this.node.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Mark[]} marks @param {(mark: Mark) => number | null} place @param {import("../charts/lines.js").View | null} view @param {string} x */
  draw(marks, place, view, x) {
    const placed = marks.filter((mark) => place(mark) !== null);
    const drawn = { events: placed.filter(({ kind }) => kind !== "evaluation"), evaluations: placed.filter(({ kind }) => kind === "evaluation") };
    this.node.hidden = !marks.length;
    this.#legend(marks);
    if (!view) return;
    const key = JSON.stringify([x, marks.length, marks.at(-1), Math.round(view.kx * 1e6), Math.round(view.bx), view.R]);
    if (key === this.key) return;
    this.key = key;
    const focused = this.node.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.at : null;
    for (const { key: name, track, node } of this.rows) {
      const clusters = cluster(drawn[/** @type {"events" | "evaluations"} */ (name)], place, view);
      node.hidden = !drawn[/** @type {"events" | "evaluations"} */ (name)].length;
      fill(track, clusters.map((each, i) => this.#button(each, i, x)));
      if (focused) /** @type {HTMLElement | null} */ (track.querySelector(`[data-at="${CSS.escape(focused)}"]`))?.focus();
    }
  }

  /** @param {import("../charts/marks.js").Cluster} cluster @param {number} i @param {string} x */
  #button({ x: px, kind, marks }, i, x) {
    const { lines, more } = wordsOf(marks, x);
    const words = [...lines.map(({ head, where }) => `${head}, ${where}`), more ? `and ${count(more)} more` : ""].filter(Boolean).join("; ");
    const button = h("button", { class: "tk-mark", "aria-label": words, tabindex: i ? "-1" : "0", style: { "--x": `${px}px` }, data: { at: `${kind} ${marks[0].step ?? marks[0].time_s}` } }, signOf(kind), marks.length > 1 && kind !== "evaluation" ? h("span", { "aria-hidden": "true" }, String(marks.length)) : null);
    const show = () => this.#show(px, lines, more);
    const hide = () => (this.tip.hidden = true);
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, show);
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, hide);
    button.addEventListener("click", () => this.open(kind, gravest({ x: px, kind, marks })));
    return button;
  }

  /** @param {number} px @param {{head: string, where: string}[]} lines @param {number} more */
  #show(px, lines, more) {
    fill(this.tip, lines.map(({ head, where }) => h("div", null, h("b", null, head), h("span", { class: "tk-soft" }, ` ${where}`))), more ? h("div", { class: "tk-soft" }, `and ${count(more)} more`) : null);
    this.tip.hidden = false;
    const room = this.node.clientWidth;
    this.tip.style.left = `${Math.max(4, Math.min(px - 24, room - this.tip.offsetWidth - 4))}px`;
  }

  /** How many of each kind; evaluations with their distance. @param {Mark[]} marks */
  #legend(marks) {
    const of = Map.groupBy ? Map.groupBy(marks, ({ kind }) => kind) : new Map(Object.keys(KINDS).map((kind) => [kind, marks.filter((mark) => mark.kind === kind)]));
    const order = [...Object.keys(KINDS), ...[...of.keys()].filter((kind) => !KINDS[kind])];
    const told = order.filter((kind) => of.get(kind)?.length && kind !== "end").map((kind) => {
      const all = of.get(kind) ?? [];
      const word = KINDS[kind] ? kindOf(kind).word : kind;
      const steps = all.map(({ step }) => step ?? NaN);
      const gaps = new Set(steps.slice(1).map((step, i) => step - steps[i]));
      const every = kind === "evaluation" && all.length > 2 && gaps.size === 1 && Number.isFinite([...gaps][0]) ? `, every ${count([...gaps][0])} steps` : "";
      return { kind, words: `${plural(all.length, word)}${every}` };
    });
    const key = JSON.stringify(told);
    if (key === this.legendKey) return;
    this.legendKey = key;
    fill(this.legend, told.map(({ kind, words }) => h("button", { class: "tk-lane-kind", title: "Go to where it is told", on: { click: () => this.open(kind, of.get(kind)?.at(-1)) } }, signOf(kind), words)));
    this.legend.hidden = !told.length;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || !target.classList.contains("tk-mark")) return;
    event.preventDefault();
    const next = /** @type {HTMLElement | null} */ (by > 0 ? target.nextElementSibling : target.previousElementSibling);
    if (!next) return;
    target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
}
