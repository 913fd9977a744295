// @ts-check
/** What the model answers to the same samples at each evaluation: right, wrong, missed, surely wrong; step by step. */

import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { Pane } from "./pane.js";
import { piecesOf, textOf } from "../base/pieces.js";
import { grouped, setsOf } from "./stepped.js";
import { count, number, plural, revived } from "../base/words.js";

const MOST_SAMPLES = 60;
const PANEL = "panel"; // the samples that are told at every evaluation

export class PredictionsPanel {
  /** @param {(entry: import("./facts.js").Entry) => Promise<any>} content */
  constructor(content) {
    this.content = content;
    this.pane = new Pane("Predictions");
    this.root = this.pane.root;
    /** @type {import("./stepped.js").Group[]} one an evaluation */ this.groups = [];
    this.at = -1; // of them; -1 follows the newest
    this.of = PANEL; // or "kind wrong", "label person"
    /** @type {Map<string, any>} by evaluation set */ this.sets = new Map();
    this.set = /** @type {string | null} */ (null);
    this.back = h("button", { class: "tk-btn sm icon tk-turned-button", "aria-label": "Evaluation before", title: "Evaluation before (←)" }, icon("right"));
    this.next = h("button", { class: "tk-btn sm icon", "aria-label": "Next evaluation", title: "Next evaluation (→)" }, icon("right"));
    this.range = h("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Evaluation" });
    this.range.addEventListener("input", () => this.to(Number(this.range.value)));
    this.back.addEventListener("click", () => this.to(this.place() - 1));
    this.next.addEventListener("click", () => this.to(this.place() + 1));
    this.which = menuButton({ label: "", title: "Which samples", items: () => this.choices(), choose: (value) => ((this.of = value), this.paint()) });
    this.setMenu = menuButton({ label: "", title: "Evaluation set", items: () => [...this.sets.keys()].map((value) => ({ value, label: value || "evaluation", chosen: value === this.set })), choose: (value) => ((this.set = value), this.paint()) });
    this.which.hidden = this.setMenu.hidden = true; // until there is something to choose from
    this.pane.tools.append(this.setMenu, this.which, this.back, this.range, this.next);
    this.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!["ArrowLeft", "ArrowRight"].includes(event.key) || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.to(this.place() + (event.key === "ArrowRight" ? 1 : -1));
  }

  place() {
    return this.at < 0 ? this.groups.length - 1 : this.at;
  }

  /** The samples of the panel, of a kind, or with an error of a label. @returns {import("../base/menu.js").Item[]} */
  choices() {
    const { counts = {}, by_kind: kinds = {}, by_label: labels = {}, panel = [] } = this.data() ?? {};
    const one = (/** @type {string} */ value, /** @type {string} */ label, note = "", group = "") => ({ value, label, note, group, chosen: value === this.of });
    return [
      one(PANEL, "Always the same", plural(panel.length, "sample")),
      ...Object.keys(kinds).map((kind) => one(`kind ${kind}`, kind, counts[kind] === undefined ? "" : count(counts[kind]), "By kind")),
      ...Object.keys(labels).map((label) => one(`label ${label}`, label, "", "With an error of")),
    ];
  }

  data() {
    return this.sets.get(this.set ?? "") ?? [...this.sets.values()][0];
  }

  /** @returns {any[]} */
  chosen() {
    const { shown = [], panel = [], by_kind: kinds = {}, by_label: labels = {} } = this.data() ?? {};
    const ids = this.of === PANEL ? panel : this.of.startsWith("kind ") ? kinds[this.of.slice(5)] : labels[this.of.slice(6)];
    const byId = new Map(shown.map((/** @type {any} */ sample) => [sample.id, sample]));
    return (ids ?? []).map((/** @type {any} */ id) => byId.get(id)).filter(Boolean);
  }

  /** @param {number} place */
  to(place) {
    const last = this.groups.length - 1;
    const next = Math.max(0, Math.min(last, place));
    this.at = next === last ? -1 : next; // at the newest one stays with what comes
    this.load();
  }

  /** @param {import("./facts.js").Entry[]} entries */
  add(entries) {
    if (!entries.length) return;
    const here = this.at < 0 ? null : this.groups[this.at].step;
    this.groups = grouped(this.groups, entries);
    if (here !== null) this.at = this.groups.findIndex(({ step }) => step === here);
    this.pane.show(true);
    this.pane.whenSeen(() => this.load());
    if (this.pane.isSeen) this.load();
  }

  async load() {
    const place = this.place();
    const group = this.groups[place];
    const last = this.groups.length - 1;
    this.range.max = String(last);
    this.range.value = String(place);
    this.range.style.setProperty("--p", `${last ? (100 * place) / last : 100}%`);
    this.back.disabled = place <= 0;
    this.next.disabled = place >= last;
    this.range.hidden = this.back.hidden = this.next.hidden = last < 1;
    const at = [group.step === null ? null : `step ${number(group.step)}`, group.epoch === null ? null : `epoch ${number(Number(group.epoch))}`].filter(Boolean).join(", ") || `evaluation ${place + 1}`;
    this.range.setAttribute("aria-valuetext", at);
    this.pane.say(`${at}; ${count(place + 1)} of ${plural(last + 1, "evaluation")}`);
    if (group === this.shown) return;
    try {
      const sets = await setsOf(group, this.content);
      if (this.groups[this.place()] !== group) return; // the reader went on
      this.shown = group;
      this.sets = sets;
      if (this.set === null || !sets.has(this.set)) this.set = sets.keys().next().value ?? null;
      this.paint();
    } catch (error) {
      if (this.groups[this.place()] === group) this.fail(/** @type {Error} */ (error));
    }
  }

  /** The heading names an evaluation whose samples are not here: those of another one do not stay below it. @param {Error} error */
  fail(error) {
    Object.assign(this, { shown: undefined, sets: new Map(), list: undefined });
    this.which.hidden = this.setMenu.hidden = true;
    const again = h("button", { class: "tk-btn sm", on: { click: () => this.load() } }, "Try again");
    fill(this.pane.body, h("p", { class: "tk-pane-words" }, `These predictions did not come: ${error.message} `, again));
  }

  paint() {
    const choices = this.choices();
    if (!choices.some(({ value }) => value === this.of)) this.of = PANEL;
    const samples = this.chosen();
    this.which.hidden = false;
    this.which.say(choices.find(({ value }) => value === this.of)?.label ?? "");
    this.setMenu.hidden = this.sets.size < 2;
    this.setMenu.say(this.set || "evaluation");
    const { counts = {}, samples: total, left_out: left } = this.data() ?? {};
    const told = Object.entries(counts).map(([kind, n]) => `${count(Number(n))} ${kind}`).join(", ");
    const words = [typeof total === "number" ? `Of ${plural(total, "sample")}: ${told}.` : "", left ? `${plural(left, "sample")} found no room in this record.` : ""].filter(Boolean).join(" ");
    const scroll = this.list?.scrollTop ?? 0;
    this.list = h("div", { class: "tk-samples", tabindex: "0", role: "region", "aria-label": "Samples" }, samples.slice(0, MOST_SAMPLES).map(sampleOf));
    fill(this.pane.body, words ? h("p", { class: "tk-pane-words tk-samples-words" }, words) : null, samples.length ? this.list : h("p", { class: "tk-pane-words" }, "None of this kind at this evaluation."));
    this.list.scrollTop = scroll; // the same samples stay in view from one evaluation to the next
  }

  close() {
    this.pane.close();
  }
}

/** @param {any} value */
function confidence(value) {
  const known = revived(value);
  return typeof known === "number" && Number.isFinite(known) ? `${(known * 100).toFixed(1)} %` : null;
}

/** @param {any} value */
const words = (value) => (value === null || value === undefined ? "nothing" : Array.isArray(value) ? value.map(words).join(", ") || "nothing" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What the model was given, in words. @param {any} input */
function inputOf(input) {
  if (input === null || input === undefined) return null;
  if (typeof input !== "object") return String(input);
  if (typeof input.text === "string") return input.text;
  if (Array.isArray(input.numbers)) return `input numbers ${input.numbers.join(" ")}`;
  if (Object.keys(input).length === 1 && "row" in input) return null;
  return Object.entries(input).map(([name, value]) => `${name}: ${words(value)}`).join("\n");
}

/** @param {any} sample {id, row, kinds, input, gold, predicted, confidence}; of tokens also tokens */
export function sampleOf(sample) {
  const kinds = sample.kinds ?? [];
  const head = h("div", { class: "tk-sample-head" }, kinds.map((/** @type {string} */ kind) => h("span", { class: `tk-tag ${kind === "right" ? "good" : "bad"}` }, kind)), h("span", { class: "tk-soft", title: `sample ${sample.id}` }, [sample.row === undefined ? null : `row ${number(sample.row)}`, confidence(sample.confidence) ? `confidence ${confidence(sample.confidence)}` : null].filter(Boolean).join(", ")));
  if (Array.isArray(sample.tokens) && Array.isArray(sample.gold)) {
    const cut = sample.tokens_left_out ? h("p", { class: "tk-soft tk-sample-cut" }, `${plural(sample.tokens_left_out, "token")} of it not shown`) : null;
    return h("article", { class: "tk-sample" }, head, taggedText(sample.tokens.map(String), sample.gold, sample.predicted ?? [], sample.confidences ?? []), cut);
  }
  const text = inputOf(sample.input);
  const isRight = JSON.stringify(sample.gold) === JSON.stringify(sample.predicted);
  return h("article", { class: "tk-sample" }, head, text ? h("p", { class: "tk-sample-text" }, text) : null,
    h("dl", { class: "tk-pair" }, h("dt", null, "gold"), h("dd", null, words(sample.gold)), h("dt", null, "answered"), h("dd", { class: isRight ? "good" : "bad" }, words(sample.predicted))));
}

/** A tag's label and whether it begins a span: "B-person" -> ["person", true]. @param {any} tag @returns {[string, boolean]} */
function partsOf(tag) {
  const found = /^([BILUSE])[-_](.+)$/.exec(String(tag ?? "O"));
  return found ? [found[2], !"ILE".includes(found[1])] : [tag === "O" || tag === null || tag === undefined ? "" : String(tag), false];
}

/** Runs of tokens with one label. @param {string[]} tokens @param {any[]} tags @returns {{from: number, to: number, label: string}[]} */
export function spansOf(tokens, tags) {
  /** @type {{from: number, to: number, label: string}[]} */ const runs = [];
  for (const i of tokens.keys()) {
    const [label, begins] = partsOf(tags[i]);
    const last = runs.at(-1);
    if (last && last.label === label && !(begins && label)) last.to = i + 1;
    else runs.push({ from: i, to: i + 1, label });
  }
  return runs;
}

/** Gold above, answer below, the same words; what only one of them has is marked. @param {string[]} tokens @param {any[]} gold @param {any[]} predicted @param {any[]} sure */
function taggedText(tokens, gold, predicted, sure) {
  const pieces = piecesOf(tokens);
  const line = (/** @type {string} */ name, /** @type {any[]} */ tags, /** @type {any[]} */ other) => {
    const others = new Set(spansOf(tokens, other).map(({ from, to, label }) => `${from} ${to} ${label}`));
    const parts = spansOf(tokens, tags).map(({ from, to, label }, i) => {
      const text = textOf(pieces, from, to);
      const gap = i ? pieces[from].gap : "";
      if (!label) return gap + text;
      const agrees = others.has(`${from} ${to} ${label}`);
      const how = sure.slice(from, to).map(confidence).filter(Boolean).join(", ");
      const title = [label, agrees ? "in both" : name === "gold" ? "not answered so" : "not in gold", name === "gold" || !how ? null : `confidence ${how}`].filter(Boolean).join("; ");
      return [gap, h("mark", { class: agrees ? "good" : name === "gold" ? "miss" : "bad", title }, text, h("sub", null, label))];
    });
    return [h("dt", null, name), h("dd", null, parts)];
  };
  return h("dl", { class: "tk-pair tk-tagged" }, line("gold", gold, predicted), line("answered", predicted, gold));
}
