// @ts-check
/** A panel of an experiment's page: hidden until something is in it, folded by its heading, filled when it is seen. */

import { h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { remember, remembered } from "../base/remember.js";

const AHEAD = "240px"; // what is about to be seen is made

export class Pane {
  /** @param {string} title @param {{key?: string, shut?: boolean, class?: string}} [how] `key` remembers whether it is folded, and is what others find it by */
  constructor(title, { key = title, shut = false, class: name = "" } = {}) {
    this.key = key;
    this.title = title;
    this.words = h("h2", null, title);
    this.note = h("span", { class: "tk-soft" });
    this.tools = h("span", { class: "tk-pane-tools" });
    this.body = h("div", { class: "tk-panel-body", id: `tk-pane-${(Pane.made += 1)}` });
    this.fold = h("button", { class: "tk-pane-fold", "aria-controls": this.body.id }, icon("down"), this.words);
    this.head = h("div", { class: "tk-panel-head" }, this.fold, this.note, h("span", { class: "tk-grow" }), this.tools);
    this.root = h("section", { class: `tk-panel tk-pane ${name}`, hidden: true, "aria-label": title, data: { pane: key } }, this.head, this.body);
    this.fold.addEventListener("click", () => this.shut(!this.isShut, true));
    this.shut(remembered().shut?.[key] ?? shut);
    /** @type {IntersectionObserver | null} */ this.sight = null;
    this.isSeen = false;
  }

  /** @param {boolean} isShut @param {boolean} [byHand] */
  shut(isShut, byHand = false) {
    this.isShut = isShut;
    this.body.hidden = isShut;
    this.tools.hidden = isShut;
    this.fold.setAttribute("aria-expanded", String(!isShut));
    if (!byHand) return;
    remember({ shut: { ...remembered().shut, [this.key]: isShut } });
    if (!isShut) this.root.dispatchEvent(new Event("trackio-open"));
  }

  /** @param {boolean} isThere */
  show(isThere) {
    if (this.root.hidden !== isThere) return;
    this.root.hidden = !isThere;
    this.root.dispatchEvent(new Event("trackio-pane", { bubbles: true }));
  }

  /** @param {string} words */
  say(words) {
    text(this.note, words);
    this.note.title = words;
  }

  /** Call `make` once the panel is in view (or near it) and open; nothing is fetched or drawn before. @param {() => void} make */
  whenSeen(make) {
    this.sight?.disconnect();
    const look = () => {
      if (this.isSeen || this.isShut || !this.root.isConnected) return;
      this.isSeen = true;
      this.sight?.disconnect();
      make();
    };
    this.sight = new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && look(), { rootMargin: AHEAD });
    this.sight.observe(this.root);
    this.root.addEventListener("trackio-open", look);
  }

  close() {
    this.sight?.disconnect();
  }
}
Pane.made = 0;

/** A list of names with values: what is null, undefined or "" is left out. @param {[string, any, string?][]} pairs name, value (text or nodes), hover */
export function pairs(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return h("dl", { class: "tk-kv tk-pairs" }, known.map(([name, value, hover]) => [h("dt", { title: name }, name), h("dd", { title: hover ?? (typeof value === "string" ? value : null) }, value)]));
}

/** A table in a frame that scrolls by itself. @param {{label: string, head: any[], rows: any[], class?: string}} what  `head` cells and rows are made by the caller */
export function plainTable({ label, head, rows, class: name = "" }) {
  return h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": label }, h("table", { class: `tk-plain ${name}` }, h("thead", null, h("tr", null, head)), h("tbody", null, rows)));
}

/** A bar of parts beside each other. @param {{share: number, word: string, kind?: string}[]} parts @param {string} label */
export function splitBar(parts, label) {
  return h("div", { class: "tk-split", role: "img", "aria-label": label }, parts.map(({ share, word, kind }) => h("i", { class: kind, title: word, style: { "--w": `${Math.max(0, share * 100)}%` } })));
}
