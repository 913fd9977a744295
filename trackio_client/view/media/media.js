// @ts-check
/** What was logged that is no number, a panel a name, walked through by step. Nothing is fetched before it is seen. */

import { size } from "../experiment/checkpoints.js";
import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { mediumOf } from "./kinds.js";
import { Pane } from "../experiment/pane.js";
import { remember, remembered } from "../base/remember.js";
import { count, listed, number, plural } from "../base/words.js";

const FIRST_PANELS = 24; // made at once; a training with hundreds of names asks for more
const MOST_STEPS = 20_000; // of a name that are kept in the page: the oldest go first
const WIDE = new Set(["table", "trace", "html", "plotly", "markdown"]);

/** @typedef {import("../experiment/facts.js").Entry} Entry */

/** The place of the step nearest to one, of entries sorted by step. @param {Entry[]} entries @param {number} step */
export function nearest(entries, step) {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stepOf(entries[middle]) < step) low = middle + 1;
    else high = middle;
  }
  const before = Math.max(0, low - 1);
  return Math.abs(stepOf(entries[before]) - step) <= Math.abs(stepOf(entries[low]) - step) ? before : low;
}

/** @param {Entry} entry */
const stepOf = (entry) => entry.step ?? entry.position;

export class MediaPanels {
  /** @param {{source: any, content: (entry: Entry) => Promise<any>, contents: (entries: Entry[]) => Promise<any[]>}} parts */
  constructor({ source, content, contents }) {
    this.source = source;
    this.content = content;
    this.contents = contents;
    /** @type {Map<string, MediaPanel>} */ this.panels = new Map();
    this.pending = /** @type {Map<string, Entry[]>} */ (new Map()); // of names that have no panel yet
    this.step = /** @type {number | null} */ (null); // that was chosen last; null follows the newest
    this.together = remembered().mediaTogether ?? true;
    const box = h("input", { type: "checkbox", class: "tk-box" });
    box.checked = this.together;
    box.addEventListener("change", () => {
      this.together = box.checked;
      remember({ mediaTogether: this.together });
      if (this.together && this.step !== null) this.chose(null, this.step);
    });
    this.link = h("label", { class: "tk-control tk-toggle", hidden: true, title: "A step chosen in one panel shows the nearest in the others" }, box, "Steps together");
    this.note = h("span", { class: "tk-section-count" });
    this.more = h("button", { class: "tk-btn sm tk-more", hidden: true });
    this.more.addEventListener("click", () => this.make(FIRST_PANELS));
    this.lacks = h("p", { class: "tk-soft tk-media-lacks", hidden: true });
    this.grid = h("div", { class: "tk-media-grid" });
    this.root = h("section", { class: "tk-media", hidden: true, "aria-label": "Media" }, h("div", { class: "tk-media-head" }, h("h2", null, "Media"), this.note, h("span", { class: "tk-grow" }), this.link), this.lacks, this.grid, this.more);
  }

  /** What is in the repo and not on this page. @param {{names: number, steps: number, files: number, bytes: number, repo: string} | null | undefined} left */
  tell(left) {
    const parts = [left?.names ? plural(left.names, "name") : null, left?.steps ? plural(left.steps, "step") : null, left?.files ? `${plural(left.files, "file")} (${size(left.bytes)})` : null].filter((each) => each !== null);
    this.lacks.hidden = !parts.length;
    text(this.lacks, parts.length ? `Not in this page's copy: ${listed(/** @type {string[]} */ (parts))}. All of it is in ${left?.repo}: trackio-client pull ${left?.repo}` : "");
  }

  /** @param {Entry[]} entries */
  add(entries) {
    if (!entries.length) return;
    /** @type {Map<string, Entry[]>} */ const byName = new Map();
    for (const entry of entries) {
      const name = `${entry.media ?? ""}\n${entry.name ?? ""}`;
      byName.set(name, [...(byName.get(name) ?? []), entry]);
    }
    for (const [name, found] of byName) {
      const panel = this.panels.get(name);
      if (panel) panel.add(found);
      else this.pending.set(name, [...(this.pending.get(name) ?? []), ...found]);
    }
    this.make(Math.max(0, FIRST_PANELS - this.panels.size));
    this.root.hidden = false;
    this.root.dispatchEvent(new Event("trackio-pane", { bubbles: true }));
  }

  /** Panels of the next names, in the order of names. @param {number} most */
  make(most) {
    const names = [...this.pending.keys()].sort((a, b) => a.split("\n")[1].localeCompare(b.split("\n")[1])).slice(0, most);
    for (const name of names) {
      const entries = /** @type {Entry[]} */ (this.pending.get(name));
      this.pending.delete(name);
      const panel = new MediaPanel(entries[0], this);
      this.panels.set(name, panel);
      const after = [...this.panels.values()].filter((each) => each !== panel && each.name.localeCompare(panel.name) > 0).sort((a, b) => a.name.localeCompare(b.name))[0];
      this.grid.insertBefore(panel.root, after?.root ?? null);
      panel.add(entries);
    }
    this.link.hidden = this.panels.size < 2;
    text(this.note, plural(this.panels.size + this.pending.size, "name"));
    this.more.hidden = !this.pending.size;
    text(this.more, `Show ${count(Math.min(FIRST_PANELS, this.pending.size))} more of ${count(this.pending.size)}`);
  }

  /** A step was chosen in one of them. @param {MediaPanel | null} panel @param {number | null} step */
  chose(panel, step) {
    this.step = step;
    if (!this.together) return;
    for (const each of this.panels.values()) if (each !== panel) each.follow(step);
  }

  close() {
    for (const panel of this.panels.values()) panel.close();
  }
}

/** One entry a step. What one call logged may be several events, one after the other; a step logged again has the later.
 * @param {any[]} held @param {Entry[]} fresh @returns {any[]} with `parts`, the events */
export function joined(held, fresh) {
  const byStep = new Map(held.map((entry) => [stepOf(entry), entry]));
  for (const entry of fresh) {
    const before = byStep.get(stepOf(entry));
    const last = before?.parts.at(-1);
    const goesOn = last && last.writer_id === entry.writer_id && last.seq + 1 === entry.seq;
    const parts = goesOn ? [...before.parts, entry] : [entry];
    byStep.set(stepOf(entry), { ...entry, items: parts.reduce((/** @type {number} */ sum, /** @type {Entry} */ part) => sum + (part.items ?? 0), 0), parts });
  }
  return [...byStep.values()].sort((a, b) => stepOf(a) - stepOf(b));
}

class MediaPanel {
  /** @param {Entry} first @param {MediaPanels} all */
  constructor(first, all) {
    this.all = all;
    this.kind = String(first.media ?? "file");
    this.name = String(first.name ?? "");
    this.pane = new Pane(this.name, { key: `media ${this.name}`, class: `tk-medium ${WIDE.has(this.kind) ? "wide" : ""}` });
    this.root = this.pane.root;
    this.root.dataset.media = this.kind;
    this.pane.show(true);
    this.pane.words.title = this.name;
    /** @type {Entry[]} by step */ this.entries = [];
    this.place = -1; // -1: the newest
    this.shown = /** @type {Entry | null} */ (null);
    this.range = h("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": `Step of ${this.name}` });
    this.back = h("button", { class: "tk-btn sm icon tk-turned-button", "aria-label": "Step before", title: "Step before" }, icon("right"));
    this.next = h("button", { class: "tk-btn sm icon", "aria-label": "Next step", title: "Next step" }, icon("right"));
    this.words = h("span", { class: "tk-media-step" });
    this.bar = h("div", { class: "tk-media-bar", hidden: true }, this.back, this.range, this.next, this.words);
    this.stage = h("div", { class: "tk-media-stage" });
    fill(this.pane.body, this.stage, this.bar);
    this.soon = later(() => this.load(), 40);
    this.range.addEventListener("input", () => this.to(Number(this.range.value)));
    this.back.addEventListener("click", () => this.to(this.at() - 1));
    this.next.addEventListener("click", () => this.to(this.at() + 1));
    this.medium = /** @type {any} */ (null);
  }

  at() {
    return this.place < 0 ? this.entries.length - 1 : Math.min(this.place, this.entries.length - 1);
  }

  /** @param {Entry[]} entries */
  add(entries) {
    const here = this.place < 0 ? null : this.entries[this.place];
    this.entries = joined(this.entries, entries).slice(-MOST_STEPS);
    if (here) this.place = nearest(this.entries, stepOf(here));
    else if (this.all.together && this.all.step !== null && this.entries.length > 1) this.place = nearest(this.entries, this.all.step);
    this.paintBar();
    this.pane.whenSeen(() => this.load());
    if (this.pane.isSeen) this.load();
  }

  /** @param {number} place */
  to(place) {
    const last = this.entries.length - 1;
    const at = Math.max(0, Math.min(last, place));
    this.place = at === last ? -1 : at;
    this.paintBar();
    this.soon();
    this.all.chose(this, at === last ? null : stepOf(this.entries[at]));
  }

  /** Another panel's step. @param {number | null} step */
  follow(step) {
    const at = step === null ? -1 : nearest(this.entries, step);
    if (at === this.place) return;
    this.place = at;
    this.paintBar();
    if (this.pane.isSeen) this.soon();
  }

  paintBar() {
    const at = this.at();
    const entry = this.entries[at];
    const whole = this.medium?.all ?? false; // a medium that shows all steps at once
    this.bar.hidden = this.entries.length < 2 || whole;
    this.range.max = String(this.entries.length - 1);
    this.range.value = String(at);
    this.range.style.setProperty("--p", `${this.entries.length > 1 ? (100 * at) / (this.entries.length - 1) : 100}%`);
    const step = entry.step === null ? "no step" : `step ${number(entry.step)}`;
    this.range.setAttribute("aria-valuetext", `${step}, ${at + 1} of ${this.entries.length}`);
    text(this.words, `${step} · ${count(at + 1)} of ${count(this.entries.length)}`);
    this.back.disabled = at <= 0;
    this.next.disabled = at >= this.entries.length - 1;
    this.pane.say([this.kind, whole ? plural(this.entries.length, "step") : entry.step === null ? null : step, !whole && (entry.items ?? 0) > 1 ? plural(/** @type {number} */ (entry.items), "item") : null].filter(Boolean).join(", "));
  }

  /** What all events of a step hold. @param {any} entry */
  async content(entry) {
    const parts = await Promise.all((entry.parts ?? [entry]).map((/** @type {Entry} */ part) => this.all.content(part)));
    return { ...parts[0], items: parts.flatMap((part) => part.items ?? []) };
  }

  /** The same of many entries, asked for together. @param {any[]} entries @returns {Promise<any[]>} */
  async contents(entries) {
    const parts = entries.map((entry) => entry.parts ?? [entry]);
    const found = await this.all.contents(parts.flat());
    let at = 0;
    return parts.map((each) => {
      const held = found.slice(at, (at += each.length)).filter(Boolean);
      return held.length ? { ...held[0], items: held.flatMap((part) => part.items ?? []) } : null;
    });
  }

  /** The medium shows other steps now: the bar below comes or goes with them. */
  turned() {
    this.shown = null;
    this.paintBar();
    this.load();
  }

  async load() {
    try {
      const content = (/** @type {any} */ entry) => this.content(entry);
      this.medium ??= await mediumOf(this.kind, this.stage, { source: this.all.source, content, contents: (entries) => this.contents(entries), turned: () => this.turned(), name: this.name });
      if (this.medium.all) {
        await this.medium.showAll(this.entries);
        return this.paintBar();
      }
      this.paintBar();
      const entry = this.entries[this.at()];
      if (entry === this.shown) return undefined;
      const { items } = await content(entry);
      if (this.entries[this.at()] !== entry) return undefined; // the slider went on
      this.shown = entry;
      const before = this.stage.offsetHeight;
      this.stage.style.minHeight = `${Math.min(before, 640)}px`; // nothing below jumps while a picture loads
      await this.medium.show(items, entry);
      setTimeout(() => (this.stage.style.minHeight = ""), 400);
    } catch (error) {
      fill(this.stage, h("p", { class: "tk-soft tk-pane-words" }, `This did not come: ${/** @type {Error} */ (error).message}`));
      this.medium = this.shown = null;
    }
    return undefined;
  }

  close() {
    this.pane.close();
    this.medium?.close?.();
  }
}
