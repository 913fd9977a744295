// @ts-check
/** The media of a project: those of the ticked experiments side by side, by name, by step or in groups of a setting. */

import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { copyLine, skeleton } from "../base/notices.js";
import { count, listed, plural, revived } from "../base/words.js";
import { Rows } from "../compare/rows.js";
import { Held } from "./held.js";
import { Wall } from "./wall.js";
import { MOST_COLUMNS, loggedOf, namesOf, sectionsOf, stepsOf } from "./cells.js";

const LATER_MS = 11_000; // values of the configs are asked for every ten seconds at most
const WAYS = /** @type {Record<string, string>} */ ({ experiments: "side by side", names: "experiment × name", steps: "experiment × step", groups: "groups of a setting" });
const SIZES = /** @type {Record<string, string>} */ ({ small: "small", middle: "middle", large: "large" });
const KEYS = ["mediaNames", "mediaStep", "mediaAs", "mediaBy", "mediaSize"];

export class MediaView {
  /** @param {HTMLElement} root @param {{state: import("../data/state.js").PageState, source: any, columns: any, open?: (id: string) => void}} parts
   * without `open` it is for people who look on: experiments have no page, and nobody logs */
  constructor(root, { state, source, columns, open }) {
    this.root = root;
    this.state = state;
    this.source = source;
    this.columns = columns;
    this.open = open;
    this.values = new Rows({ state, source, columns });
    this.held = new Held(source, () => state.get("view") === "media" && !root.hidden);
    /** @type {any[]} */ this.rows = [];
    this.build(open);
    this.held.addEventListener("change", () => ((this.logged = null), this.draw()));
    this.stops = [
      state.follow(["experiments", "progress", "view", "project"], (/** @type {Set<string>} */ keys) => this.ticked(keys)),
      state.follow(KEYS, () => this.draw()),
    ];
  }

  /** @param {((id: string) => void) | undefined} open */
  build(open) {
    const { state } = this;
    const plain = (/** @type {Record<string, string>} */ words, /** @type {string} */ key) => () => Object.entries(words).map(([value, label]) => ({ value, label, chosen: state.get(key) === value }));
    this.menus = {
      names: menuButton({ label: "", title: "Names", several: true, items: () => this.offered(), choose: (name) => this.toggle(name), empty: "Nothing was logged yet." }),
      as: menuButton({ label: "", title: "Arrange", items: plain(WAYS, "mediaAs"), choose: (value) => this.arrange(value) }),
      by: menuButton({ label: "", title: "Setting", items: async () => (await this.columns.configKeys()).map((/** @type {string} */ key) => ({ value: key, label: key, chosen: key === state.get("mediaBy") })), choose: (value) => state.set({ mediaBy: value }), empty: "The newest experiments have no config." }),
      size: menuButton({ label: "", title: "Size", items: plain(SIZES, "mediaSize"), choose: (value) => state.set({ mediaSize: value }) }),
    };
    const control = (/** @type {string} */ word, /** @type {HTMLElement} */ node) => h("span", { class: "tk-control" }, h("span", null, word), node);
    this.by = control("By", this.menus.by);
    this.range = h("input", { type: "range", min: "0", max: "0", "aria-label": "Step" });
    const chosen = later(() => this.toStep(Number(this.range.value)), 60);
    this.range.addEventListener("input", () => (this.sayStep(Number(this.range.value)), chosen()));
    this.stepWords = h("span", { class: "tk-media-step" });
    this.stepper = h("span", { class: "tk-control tk-wall-step" }, h("span", null, "Step"), this.range, this.stepWords);
    this.told = h("span", { class: "tk-soft tk-labels-told", role: "status" });
    const words = h("span", null);
    const sheet = h("button", { class: "tk-btn sm tk-narrow tk-sheet-button", "aria-haspopup": "dialog" }, icon("list"), words);
    sheet.addEventListener("click", () => this.root.closest(".tk")?.classList.toggle("sheet"));
    state.follow(["experiments"], () => text(words, `${count(state.get("experiments").filter((/** @type {any} */ row) => row.shown).length)} of ${count(state.get("experiments").length)} experiments`));
    this.bar = h("div", { class: "tk-labels-bar" }, control("Names", this.menus.names), control("Arrange", this.menus.as), this.by, this.stepper, control("Size", this.menus.size), this.told);
    this.none = h("div", { class: "tk-labels-none" });
    const wall = h("div", { class: "tk-wall-root" });
    this.wall = new Wall(wall, { source: this.source, open });
    this.wallRoot = wall;
    fill(this.root, open ? h("div", { class: "tk-compare-sheet tk-narrow" }, sheet) : null, this.bar, this.none, wall);
  }

  /** @param {Set<string>} keys */
  ticked(keys) {
    const project = this.state.get("project");
    if (keys.has("project") && this.project && project && project !== this.project) {
      // Names and settings are those of a project; what comes with the new one, as Back brings it, stays.
      this.state.set(Object.fromEntries(["mediaNames", "mediaStep", "mediaBy"].filter((key) => !keys.has(key)).map((key) => [key, null])));
    }
    this.project = project ?? this.project;
    if (this.state.get("view") !== "media") return;
    const rows = this.state.get("experiments").filter((/** @type {any} */ row) => row.shown).sort((/** @type {any} */ a, /** @type {any} */ b) => b.created_s - a.created_s);
    const key = JSON.stringify(rows.map((/** @type {any} */ row) => [row.id, row.name, row.color]));
    this.held.want(rows);
    if (key === this.rowKey && !keys.has("view")) return;
    this.rowKey = key;
    this.rows = this.held.rows;
    this.logged = null;
    this.draw();
  }

  /** Names that the menu offers. */
  offered() {
    const chosen = this.names();
    const lost = chosen.filter((/** @type {string} */ name) => !this.all.some((each) => each.name === name));
    return [...this.all.map(({ name, media, experiments }) => ({ value: name, label: name, note: `${media}, ${plural(experiments, "experiment")}`, chosen: chosen.includes(name) })), ...lost.map((/** @type {string} */ name) => ({ value: name, label: name, note: "not logged by these", chosen: true }))];
  }

  /** The chosen names: until anybody chose, the first. @returns {string[]} */
  names() {
    return this.state.get("mediaNames") ?? this.all.slice(0, 1).map(({ name }) => name);
  }

  /** @param {string} name */
  toggle(name) {
    const names = this.names();
    const next = names.includes(name) ? names.filter((each) => each !== name) : [...names, name];
    this.state.set({ mediaNames: next.length ? next : null });
  }

  /** Groups need a setting: the first that there is. @param {string} value */
  async arrange(value) {
    const keys = value === "groups" && !this.state.get("mediaBy") ? await this.columns.configKeys().catch(() => []) : [];
    this.state.set({ mediaAs: value, ...(keys.length ? { mediaBy: keys[0] } : {}) });
  }

  /** @param {number} place among the steps; the last is everyone's last */
  toStep(place) {
    this.state.set({ mediaStep: place >= this.steps.length - 1 ? null : this.steps[place] });
  }

  /** @param {number} place */
  sayStep(place) {
    const words = place >= this.steps.length - 1 ? "last of each" : `up to ${count(this.steps[place])}`;
    text(this.stepWords, words);
    this.range.setAttribute("aria-valuetext", words);
    this.range.style.setProperty("--p", `${this.steps.length > 1 ? (100 * place) / (this.steps.length - 1) : 100}%`);
  }

  draw() {
    const { state } = this;
    if (state.get("view") !== "media") return;
    this.logged ??= loggedOf(new Map(this.rows.flatMap(({ id }) => (this.held.known.has(id) ? [[id, /** @type {any} */ (this.held.known.get(id))]] : []))));
    this.all = namesOf(this.logged, this.rows);
    this.bar.hidden = this.wallRoot.hidden = !this.all.length;
    this.empty(!this.all.length);
    if (!this.all.length) return;
    const names = this.names();
    const known = names.filter((name) => this.all.some((each) => each.name === name));
    const as = state.get("mediaAs");
    const step = state.get("mediaStep");
    this.steps = stepsOf(this.logged, this.rows, known);
    this.say(names, known, as, step);
    const by = as === "groups" ? state.get("mediaBy") : null;
    this.root.dataset.size = state.get("mediaSize");
    this.group(by);
    const group = (/** @type {any} */ row) => {
      const value = by ? revived(this.values.value(row, `config:${by}`)) : undefined;
      return `${by ?? "no setting chosen"}${by ? ` = ${value === undefined ? "not set" : typeof value === "object" ? JSON.stringify(value) : String(value)}` : ""}`;
    };
    const sections = sectionsOf({ logged: this.logged, rows: this.rows, names: known, step, as, group });
    this.wall.paint(sections, JSON.stringify([names, as, by, this.rowKey]));
  }

  /** Have the values that experiments are grouped by. @param {string | null} by */
  group(by) {
    // Also for an experiment that starts later.
    const key = JSON.stringify([this.project, by, this.rows.map((/** @type {any} */ row) => row.id)]);
    if (!by || this.groupedBy === key) return;
    this.groupedBy = key;
    this.values.have([`config:${by}`]).then((/** @type {Map<string, any> | null} */ held) => {
      if (held && this.rows.some((/** @type {any} */ row) => !held.has(row.id))) setTimeout(() => this.groupAgain(), LATER_MS); // it began after that answer
      this.draw();
    }, () => (this.groupedBy = null));
  }

  groupAgain() {
    this.groupedBy = null; // asked for when it is drawn again: now, or when the view is opened
    if (!document.hidden && this.state.get("view") === "media") this.draw();
  }

  /** @param {string[]} names @param {string[]} known @param {string} as @param {number | null} step */
  say(names, known, as, step) {
    const { state, menus } = this;
    menus.names.say(names.length === 1 ? names[0] : plural(names.length, "name"));
    menus.as.say(WAYS[as]);
    menus.by.say(state.get("mediaBy") ?? "choose a setting");
    menus.size.say(SIZES[state.get("mediaSize")]);
    this.by.hidden = as !== "groups";
    this.stepper.hidden = as === "steps" || this.steps.length < 2;
    const place = step === null ? this.steps.length - 1 : Math.max(0, this.steps.findLastIndex((each) => each <= step));
    if (document.activeElement !== this.range || this.range.max !== String(this.steps.length - 1)) {
      this.range.max = String(Math.max(0, this.steps.length - 1));
      this.range.value = String(place);
    }
    this.sayStep(place);
    const lost = names.filter((name) => !known.includes(name));
    const having = this.rows.filter(({ id }) => known.some((name) => this.logged?.get(id)?.has(name))).length;
    const more = this.rows.filter(({ id }) => this.held.known.get(id)?.more).length;
    const notes = [
      `${count(having)} of ${plural(this.rows.length, "experiment")}`,
      lost.length ? `no ticked experiment logged ${listed(lost.map((name) => `“${name}”`))}` : null,
      as === "steps" && known.some((name) => stepsOf(/** @type {any} */ (this.logged), this.rows, [name]).length > MOST_COLUMNS) ? `${MOST_COLUMNS} of the steps, evenly chosen` : null,
      this.held.left ? `the newest ${count(this.rows.length)} of ${count(this.rows.length + this.held.left)} ticked` : null,
      more ? `of ${count(more)} only the newest calls` : null,
      this.held.trouble ? `not up to date: ${this.held.trouble.message}` : null,
    ];
    text(this.told, notes.filter(Boolean).join("; "));
  }

  /** @param {boolean} isEmpty */
  empty(isEmpty) {
    this.none.hidden = !isEmpty;
    if (!isEmpty) return;
    const { trouble, isWaiting } = this.held;
    const key = trouble ? `trouble ${trouble.message}` : isWaiting ? "waiting" : "none";
    if (key === this.emptyKey && this.none.firstChild) return;
    this.emptyKey = key;
    if (trouble) return void fill(this.none, h("section", { class: "tk-notice" }, h("h1", null, trouble.title ?? "The media did not come"), h("p", { class: "tk-soft" }, trouble.message), h("button", { class: "tk-btn", on: { click: () => this.held.ask() } }, "Try again")));
    if (isWaiting) return void fill(this.none, skeleton());
    fill(this.none, h("section", { class: "tk-notice" }, h("h1", null, "The ticked experiments logged no media"),
      !this.open ? h("p", { class: "tk-soft" }, "Tick others above: some of them did.") : h("p", { class: "tk-soft" }, "Log pictures, sounds, films, tables, histograms or texts under the same name in each experiment, and they stand here side by side."),
      this.open && copyLine('experiment.log({"val/samples": trackio.Image(picture, caption="a 7")}, step=step)')));
  }

  close() {
    for (const stop of this.stops) stop();
    this.held.close();
    this.wall.close();
  }
}
