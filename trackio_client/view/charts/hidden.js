// @ts-check
/** Metrics that a script hid with `define_metric(hidden=True)`: how many there are, and the way to see them. */
import { h } from "../base/dom.js";
import { plural } from "../base/words.js";

export class HiddenMetrics {
  /** @param {() => void} turned other metrics are to be drawn */
  constructor(turned) {
    this.turned = turned;
    this.isShown = false;
    this.node = h("p", { class: "tk-hidden-metrics tk-soft", hidden: true });
  }

  /** Those that are drawn of all, and a line about the others. @param {any[]} all @param {string[]} pins drawn in any case @returns {any[]} */
  rest(all, pins) {
    const open = all.filter(({ metric, hidden }) => !hidden || pins.includes(metric));
    this.#say(all.length - open.length);
    return this.isShown ? all : open;
  }

  /** @param {number} count */
  #say(count) {
    this.node.hidden = !count;
    if (!count) return;
    const turn = h("button", { class: "tk-link", "aria-pressed": String(this.isShown) }, this.isShown ? "Hide" : "Show");
    turn.addEventListener("click", () => {
      this.isShown = !this.isShown;
      this.turned();
      /** @type {HTMLElement | null} */ (this.node.querySelector("button"))?.focus();
    });
    this.node.replaceChildren(`${plural(count, "metric")} ${count === 1 ? "is" : "are"} hidden, as the script defined. `, turn);
  }
}
