// @ts-check
/** What a link shows beside its charts, behind tabs: media and artifacts. No tab stands until one of its experiments has any. */

import { fill, h, later } from "../base/dom.js";
import { readAddress } from "../data/address.js";
import { FIELDS } from "../data/fields.js";
import { DEFAULTS } from "../data/state.js";

const EVERY_MS = 15_000; // between two looks for what there was none of
const LABELS = /** @type {Record<string, string>} */ ({ metrics: "Charts", media: "Media", artifacts: "Artifacts" });
const CHARTS = "metrics";
const KEYS = ["mediaNames", "mediaStep", "mediaAs", "mediaBy", "mediaSize", "artifactName", "artifactVersion"];
const OWN = FIELDS.filter(({ key }) => KEYS.includes(key));
const PLACES = ["view", ...OWN.filter(({ isPlace }) => isPlace).map(({ key }) => key)];

export class Places {
  /** @param {{state: import("../data/state.js").PageState, source: any, columns: any, root: HTMLElement, charts: HTMLElement, wanted?: string}} parts
   * `root` carries the class "charts" while these are shown; `wanted`: the view that the address asks for */
  constructor({ state, source, columns, root, charts, wanted }) {
    this.state = state;
    this.source = source;
    this.columns = columns;
    this.root = root;
    this.charts = charts;
    this.wanted = wanted;
    /** @type {Record<string, boolean>} */ this.has = { [CHARTS]: true };
    /** @type {Record<string, any>} */ this.views = {};
    /** @type {Record<string, HTMLElement>} */ this.panes = {};
    this.asked_ms = -Infinity;
    /** @type {number | null} */ this.heard = null; // the newest event at the last answer
    this.nav = h("nav", { class: "tk-tabs", "aria-label": "Views", hidden: true });
    this.body = h("div", { class: "tk-shared-places" });
    this.stops = [state.follow(["experiments", "progress"], () => this.look()), state.follow(["view"], () => this.draw()), followPlace(state, () => this.has)];
  }

  /** Ask what there is, while there is something that nobody has. */
  async look() {
    const rows = this.state.get("experiments");
    const heard = Math.max(0, ...rows.map((/** @type {any} */ row) => row.last_event_s ?? 0));
    if (!rows.length || this.busy || (this.has.media && this.has.artifacts) || heard === this.heard || performance.now() - this.asked_ms < EVERY_MS) return;
    this.busy = true;
    this.asked_ms = performance.now();
    try {
      this.has = { [CHARTS]: true, ...(await this.source.holds()) };
      this.heard = heard;
      this.#tabs();
    } catch {
      // The poll of the list tells what is wrong, and brings us here again.
    } finally {
      this.busy = false;
    }
    if (this.wanted && this.has[this.wanted]) this.state.set({ view: this.wanted });
    this.wanted = undefined;
  }

  #tabs() {
    const offered = Object.keys(LABELS).filter((view) => this.has[view]);
    this.nav.hidden = offered.length < 2;
    if (this.nav.hidden || this.nav.childElementCount === offered.length) return;
    fill(this.nav, offered.map((view) => {
      const link = h("a", { href: addressOf({ view }), data: { view } }, LABELS[view]);
      link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.state.set({ view });
      });
      return link;
    }));
    this.draw();
  }

  draw() {
    const view = this.has[this.state.get("view")] ? this.state.get("view") : CHARTS;
    this.root.classList.toggle("charts", view === CHARTS);
    this.charts.hidden = view !== CHARTS;
    for (const [name, pane] of Object.entries(this.panes)) pane.hidden = name !== view;
    for (const link of this.nav.children) link.ariaCurrent = /** @type {HTMLElement} */ (link).dataset.view === view ? "page" : null;
    if (view !== CHARTS && !this.panes[view]) this.#make(view);
  }

  /** @param {string} view */
  async #make(view) {
    const pane = (this.panes[view] = h("div", { class: `tk-view ${view}` }));
    this.body.append(pane);
    const { state, source, columns } = this;
    try {
      if (view === "media") this.views.media = new (await import("../gallery/view.js")).MediaView(pane, { state, source, columns });
      else this.views.artifacts = new (await import("./artifacts.js")).SharedArtifacts(pane, { state, source });
    } catch {
      const again = h("button", { class: "tk-btn", on: { click: () => (pane.remove(), delete this.panes[view], this.draw()) } }, "Try again");
      fill(pane, h("section", { class: "tk-notice" }, h("h1", null, "This part of the page did not come"), again));
    }
  }

  close() {
    for (const stop of this.stops) stop();
    for (const view of Object.values(this.views)) view.close();
  }
}

/** The page's address with these of its parts changed; null takes one out. @param {Record<string, string | null>} changes */
export function addressOf(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || (name === "view" && value === CHARTS)) query.delete(name);
    else query.set(name, value);
  }
  const text = String(query).replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%7E", "~");
  return (text ? `?${text}` : location.pathname) + location.hash;
}

/** Keep the address like the view and what is chosen in it, and the other way round for Back. What it says of charts stays as it came.
 * @param {import("../data/state.js").PageState} state @param {() => Record<string, boolean>} has @returns {() => void} that stops it */
function followPlace(state, has) {
  const usual = (/** @type {string} */ key) => DEFAULTS[/** @type {keyof typeof DEFAULTS} */ (key)];
  const write = (/** @type {boolean} */ isStep) => {
    /** @type {Record<string, string | null>} */ const said = { view: state.get("view") };
    for (const { name, key, write: worded } of OWN) said[name] = state.get(key) === usual(key) || state.get(key) === null ? null : worded(state.get(key));
    const next = addressOf(said);
    if (new URL(next, location.href).href !== location.href) history[isStep ? "pushState" : "replaceState"](null, "", next);
  };
  const soon = later(() => write(false), 150); // a slider moves 60 times a second
  const onChange = (/** @type {any} */ event) => {
    if (isBack) return;
    if (PLACES.some((key) => event.detail.has(key))) write(true);
    else if (KEYS.some((key) => event.detail.has(key))) soon();
  };
  let isBack = false;
  const onBack = () => {
    const said = readAddress(location.search);
    isBack = true;
    state.set({ view: has()[said.view] ? said.view : CHARTS, ...Object.fromEntries(KEYS.map((key) => [key, said[key] ?? usual(key)])) });
    isBack = false;
  };
  state.addEventListener("change", onChange);
  addEventListener("popstate", onBack);
  return () => {
    state.removeEventListener("change", onChange);
    removeEventListener("popstate", onBack);
  };
}
