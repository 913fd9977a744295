// @ts-check
/** What the model answers to the same samples at each evaluation: right, wrong, missed, surely wrong; step by step. */

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { menuButton } from "./menu.js";
import { Pane } from "./pane.js";
import { number, plural, revived } from "./words.js";

const MOST_SAMPLES = 60;
const KINDS = { right: "right", correct: "right", wrong: "wrong", false_positive: "false positive", missed: "missed", false_negative: "missed", confident_wrong: "most confident wrong", most_confident_wrong: "most confident wrong" };

/** @param {any} kind */
const kindWord = (kind) => KINDS[/** @type {keyof typeof KINDS} */ (kind)] ?? String(kind ?? "sample").replaceAll("_", " ");
/** @param {any} data @returns {any[]} */
const samplesOf = (data) => data?.samples ?? data?.predictions ?? data?.items ?? [];

export class PredictionsPanel {
  /** @param {(entry: import("./facts.js").Entry) => Promise<any>} content */
  constructor(content) {
    this.content = content;
    this.pane = new Pane("Predictions");
    this.root = this.pane.root;
    /** @type {import("./facts.js").Entry[]} one an evaluation */ this.entries = [];
    this.at = -1; // of entries; -1 follows the newest
    this.kind = "";
    this.back = h("button", { class: "tk-btn sm icon", "aria-label": "Evaluation before", title: "Evaluation before (←)" }, icon("right"));
    this.next = h("button", { class: "tk-btn sm icon", "aria-label": "Next evaluation", title: "Next evaluation (→)" }, icon("right"));
    this.back.firstElementChild?.classList.add("tk-turned");
    this.range = h("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Evaluation" });
    this.range.addEventListener("input", () => this.to(Number(this.range.value)));
    this.back.addEventListener("click", () => this.to(this.place() - 1));
    this.next.addEventListener("click", () => this.to(this.place() + 1));
    this.kinds = menuButton({ label: "All kinds", title: "Kind of sample", items: () => [{ value: "", label: "All kinds", chosen: !this.kind }, ...this.known().map((kind) => ({ value: kind, label: kindWord(kind), chosen: kind === this.kind }))], choose: (value) => ((this.kind = value), this.paint()) });
    this.pane.tools.append(this.kinds, this.back, this.range, this.next);
    this.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target === this.range || !["ArrowLeft", "ArrowRight"].includes(event.key) || /^(INPUT|TEXTAREA|SELECT)$/.test(/** @type {any} */ (event.target).tagName)) return;
    event.preventDefault();
    this.to(this.place() + (event.key === "ArrowRight" ? 1 : -1));
  }

  place() {
    return this.at < 0 ? this.entries.length - 1 : this.at;
  }

  known() {
    return [...new Set(samplesOf(this.data).map((/** @type {any} */ each) => each.kind).filter(Boolean))];
  }

  /** @param {number} place */
  to(place) {
    const last = this.entries.length - 1;
    const next = Math.max(0, Math.min(last, place));
    this.at = next === last ? -1 : next; // at the newest one stays with what comes
    this.load();
  }

  /** @param {import("./facts.js").Entry[]} entries */
  add(entries) {
    if (!entries.length) return;
    // Of an evaluation told twice (a resumed training) the later one counts.
    const byStep = new Map([...this.entries, ...entries].map((entry) => [entry.step ?? `at ${entry.position}`, entry]));
    this.entries = [...byStep.values()].sort((a, b) => (a.step ?? 0) - (b.step ?? 0) || a.position - b.position);
    this.pane.show(true);
    this.pane.whenSeen(() => this.load());
    if (this.pane.isSeen) this.load();
  }

  async load() {
    const place = this.place();
    const entry = this.entries[place];
    this.range.max = String(this.entries.length - 1);
    this.range.value = String(place);
    this.range.style.setProperty("--p", `${this.entries.length > 1 ? (100 * place) / (this.entries.length - 1) : 100}%`);
    this.back.disabled = place <= 0;
    this.next.disabled = place >= this.entries.length - 1;
    this.range.hidden = this.back.hidden = this.next.hidden = this.entries.length < 2;
    const at = [entry.step === null ? null : `step ${number(entry.step)}`, entry.epoch === null ? null : `epoch ${number(entry.epoch)}`].filter(Boolean).join(", ");
    this.range.setAttribute("aria-valuetext", at || `evaluation ${place + 1}`);
    this.pane.say(`${at || `evaluation ${place + 1}`}; ${place + 1} of ${plural(this.entries.length, "evaluation")}`);
    try {
      const content = await this.content(entry);
      if (this.entries[this.place()] !== entry) return;
      this.data = content.data ?? content;
      this.paint();
    } catch (error) {
      if (!this.data) fill(this.pane.body, h("p", { class: "tk-pane-words tk-soft" }, `These predictions did not come: ${/** @type {Error} */ (error).message}`));
    }
  }

  paint() {
    const all = samplesOf(this.data);
    const samples = this.kind ? all.filter((each) => each.kind === this.kind) : all;
    this.kinds.hidden = this.known().length < 2;
    this.kinds.say(this.kind ? kindWord(this.kind) : "All kinds");
    const scroll = this.pane.body.scrollTop;
    fill(this.pane.body, h("div", { class: "tk-samples" }, samples.slice(0, MOST_SAMPLES).map(sampleOf)), samples.length > MOST_SAMPLES ? h("p", { class: "tk-pane-words tk-soft" }, `${plural(samples.length - MOST_SAMPLES, "more sample")}: choose a kind to see fewer.`) : null, samples.length ? null : h("p", { class: "tk-pane-words tk-soft" }, "No sample of this kind at this evaluation."));
    this.pane.body.scrollTop = scroll;
  }

  close() {
    this.pane.close();
  }
}

/** @param {any} value */
function confidence(value) {
  const known = revived(value);
  return typeof known === "number" ? `${(known * 100).toFixed(1)} %` : null;
}

/** @param {any} sample */
function sampleOf(sample) {
  const gold = sample.gold ?? sample.label ?? sample.reference;
  const predicted = sample.predicted ?? sample.prediction ?? sample.answer;
  const sure = confidence(sample.confidence ?? sample.probability);
  const tokens = sample.tokens ?? (Array.isArray(sample.input) ? sample.input : null);
  const kind = kindWord(sample.kind);
  const isRight = /right/.test(kind);
  const head = h("div", { class: "tk-sample-head" }, h("span", { class: `tk-tag ${isRight ? "good" : "bad"}` }, kind), h("span", { class: "tk-soft" }, [sample.id === undefined ? null : `sample ${sample.id}`, sure ? `confidence ${sure}` : null, sample.loss === undefined ? null : `loss ${number(revived(sample.loss))}`].filter(Boolean).join(", ")));
  if (tokens && (Array.isArray(gold) || Array.isArray(predicted) || sample.entities)) return h("article", { class: "tk-sample" }, head, ...taggedText(tokens.map(String), gold ?? [], predicted ?? []));
  const input = sample.input ?? sample.text ?? sample.prompt;
  const same = JSON.stringify(gold) === JSON.stringify(predicted);
  return h("article", { class: "tk-sample" }, head, input === undefined || input === null ? null : h("p", { class: "tk-sample-text" }, typeof input === "object" ? JSON.stringify(input) : String(input)),
    h("dl", { class: "tk-pair" }, gold === undefined ? null : [h("dt", null, "gold"), h("dd", null, words(gold))], predicted === undefined ? null : [h("dt", null, "answered"), h("dd", { class: gold === undefined ? null : same ? "good" : "bad" }, words(predicted))]));
}

/** @param {any} value */
const words = (value) => (value === null ? "nothing" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** A tag's label and whether it begins a span: "B-person" -> ["person", true]. @param {any} tag @returns {[string, boolean]} */
function partsOf(tag) {
  const found = /^([BILUSE])[-_](.+)$/.exec(String(tag ?? "O"));
  return found ? [found[2], found[1] !== "I" && found[1] !== "L" && found[1] !== "E"] : [tag === "O" || tag === null || tag === undefined ? "" : String(tag), false];
}

/** Runs of tokens with one label. @param {string[]} tokens @param {any[]} tags @returns {{words: string[], from: number, label: string}[]} */
export function spansOf(tokens, tags) {
  /** @type {{words: string[], from: number, label: string}[]} */ const runs = [];
  for (const [i, token] of tokens.entries()) {
    const [label, begins] = partsOf(tags[i]);
    const last = runs.at(-1);
    if (last && last.label === label && !(begins && label)) last.words.push(token);
    else runs.push({ words: [token], from: i, label });
  }
  return runs;
}

/** Gold above, prediction below, the same words; a span that only one of them has is marked. @param {string[]} tokens @param {any[]} gold @param {any[]} predicted */
function taggedText(tokens, gold, predicted) {
  const line = (/** @type {string} */ name, /** @type {any[]} */ tags, /** @type {any[]} */ other) => {
    const others = new Set(spansOf(tokens, other).filter(({ label }) => label).map(({ from, words: run, label }) => `${from} ${run.length} ${label}`));
    const parts = spansOf(tokens, tags).map(({ words: run, from, label }, i) => {
      const space = i ? " " : "";
      if (!label) return `${space}${run.join(" ")}`;
      const agrees = others.has(`${from} ${run.length} ${label}`);
      return [space, h("mark", { class: agrees ? "good" : name === "gold" ? "miss" : "bad", title: agrees ? `${label}: both` : name === "gold" ? `${label}: missed or other` : `${label}: not in gold` }, run.join(" "), h("sub", null, label))];
    });
    return [h("dt", null, name), h("dd", null, parts)];
  };
  return [h("dl", { class: "tk-pair tk-tagged" }, line("gold", gold, predicted), line("answered", predicted, gold))];
}

