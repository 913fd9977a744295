// @ts-check
/** Which charts a reader keeps on top, and which they put away. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { toast } from "../base/toast.js";
import { plural } from "../base/words.js";
import { listOf, setList } from "./arrangement.js";

const NAMED = 8; // put away ones that have a button of their own

/** @param {any} state @returns {string[]} metrics, in their order on top */
export const pinsOf = (state) => listOf(state, "pins");

/** @param {any} state @param {string} metric */
export function togglePin(state, metric) {
  const before = pinsOf(state);
  setList(state, "pins", before.includes(metric) ? before.filter((each) => each !== metric) : [...before, metric]);
}

/** Puts a chart away, with the way back. @param {any} state @param {string} metric @param {string} title */
export function hide(state, metric, title) {
  setList(state, "hides", [...listOf(state, "hides").filter((each) => each !== metric), metric]);
  toast(`${title} is hidden.`, { undo: () => unhide(state, metric) });
}

/** @param {any} state @param {string} metric */
export const unhide = (state, metric) => setList(state, "hides", listOf(state, "hides").filter((each) => each !== metric));

/** The line below all charts that names what was put away, and brings it back. */
export class PutAway {
  /** @param {any} state */
  constructor(state) {
    this.state = state;
    this.node = h("div", { class: "tk-put-away", role: "group", "aria-label": "Hidden charts", hidden: true });
    this.key = "";
  }

  /** Those of these metrics that are to be drawn: not those put away, but for the one that a link is about.
   * @param {any[]} metrics @returns {any[]} */
  rest(metrics) {
    const hides = new Set(listOf(this.state, "hides"));
    const linked = this.state.get("chart");
    const away = hides.size ? metrics.filter(({ metric }) => hides.has(metric) && metric !== linked) : [];
    this.#paint(away);
    return away.length ? metrics.filter(({ metric }) => !hides.has(metric) || metric === linked) : metrics;
  }

  /** @param {any[]} away */
  #paint(away) {
    const key = away.map(({ metric }) => metric).join("\n");
    if (key === this.key) return;
    this.key = key;
    this.node.hidden = !away.length;
    const one = (/** @type {any} */ each) => {
      const name = each.names ? each.title : each.metric;
      const button = h("button", { class: "tk-chip", title: `Show ${name} again`, "aria-label": `Show ${name} again` }, h("span", null, name), icon("close"));
      button.addEventListener("click", () => {
        unhide(this.state, each.metric);
        /** @type {HTMLElement | null} */ (this.node.querySelector("button"))?.focus();
      });
      return button;
    };
    const all = h("button", { class: "tk-link" }, away.length > 1 ? "Show all" : "Show it");
    all.addEventListener("click", () => {
      const gone = new Set(away.map(({ metric }) => metric));
      setList(this.state, "hides", listOf(this.state, "hides").filter((name) => !gone.has(name)));
    });
    fill(this.node, h("span", { class: "tk-soft" }, `${plural(away.length, "chart")} hidden by you:`), away.slice(0, NAMED).map(one), away.length > NAMED ? h("span", { class: "tk-soft" }, `and ${away.length - NAMED} more`) : null, all);
  }
}
