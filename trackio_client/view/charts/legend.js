// @ts-check
/** What the lines mean where experiments are drawn as groups: the side bar names experiments, and cannot tell. */
import { SPREADS } from "./averages.js";
import { dashOf, variableOf } from "../base/colors.js";
import { fill, h } from "../base/dom.js";
import { labelOf } from "./grouping.js";
import { formatCount } from "./scales.js";

const MOST = 24;

export class Legend {
  /** @param {import("./models.js").Models} models @param {any} state @param {import("../base/colors.js").Ink} ink */
  constructor(models, state, ink) {
    this.models = models;
    this.state = state;
    this.ink = ink;
    this.told = "";
    this.all = false;
    this.node = h("div", { class: "tk-groups", role: "group", "aria-label": "Groups", hidden: true });
  }

  paint() {
    const groups = this.models.groups();
    this.node.hidden = !groups?.length;
    const told = JSON.stringify([this.state.get("by"), this.state.get("spread"), this.state.get("dashes"), this.all, groups?.map(({ name, color, members, of }) => [name, color, members.length, of])]);
    if (told === this.told) return;
    this.told = told;
    if (!groups?.length) return void fill(this.node);
    const by = (this.state.get("by") ?? []).map(labelOf).join(", ");
    const spread = SPREADS[/** @type {keyof typeof SPREADS} */ (this.state.get("spread"))] ?? SPREADS.sd;
    const shown = this.all ? groups : groups.slice(0, MOST);
    const rest = groups.length - shown.length;
    fill(this.node,
      h("span", { class: "tk-groups-by", title: "Each line is the mean of the group's experiments that have a value there" }, `mean ${spread} by ${by}`),
      shown.map((group) => this.#one(group)),
      rest > 0 ? h("button", { class: "tk-link", on: { click: () => ((this.all = true), this.paint()) } }, `${formatCount(rest)} more`) : null);
  }

  /** @param {import("./grouping.js").Group} group */
  #one({ name, color, members, of }) {
    const id = `group:${name}`;
    const n = members.length;
    const count = n === of ? formatCount(n) : `${formatCount(n)} of ${formatCount(of)}`;
    const names = members.slice(0, 12).map((each) => each.name).join(", ") + (n > 12 ? ` and ${n - 12} more` : "");
    const node = h("span", { class: "tk-groups-one", tabindex: "0", title: `${n === of ? "" : `${formatCount(of - n)} of this group are not ticked. `}${names}` },
      h("i", { class: dashOf(color, this.state.get("dashes")).length ? "tk-swatch dashed" : "tk-swatch", style: { "--c": `var(${variableOf(color)})` } }), h("span", { class: "tk-groups-name" }, name), h("span", { class: "tk-soft" }, `n ${count}`));
    const on = () => this.state.set({ hot: id });
    const off = () => this.state.set({ hot: null });
    for (const [event, call] of /** @type {[string, () => void][]} */ ([["pointerenter", on], ["focus", on], ["pointerleave", off], ["blur", off]])) node.addEventListener(event, call);
    return node;
  }
}
