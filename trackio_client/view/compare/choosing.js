// @ts-check
/** Small pieces that several ways to compare have. */
import { fill, h } from "../base/dom.js";
import { menuButton } from "../base/menu.js";

const OF = { all: "All experiments", ticked: "The ticked" };

/** Whether all that the search finds is drawn, or what is ticked. @param {any} state */
export function ofButton(state) {
  const button = menuButton({ label: "", title: "Which experiments", items: () => Object.entries(OF).map(([value, label]) => ({ value, label, note: value === "all" && state.get("search") ? "that the search finds" : "", chosen: state.get("compareOf") === value })), choose: (of) => state.set({ compareOf: of }) });
  state.follow(["compareOf", "search"], () => button.say(state.get("compareOf") === "ticked" ? OF.ticked : state.get("search") ? "Those the search finds" : OF.all));
  return button;
}

/** What went wrong, with a button. @param {HTMLElement} pane @param {any} error @param {() => void} again */
export function trouble(pane, error, again) {
  pane.hidden = false;
  pane.className = "tk-compare-said bad";
  fill(pane, error.message, " ", h("button", { class: "tk-btn sm", on: { click: again } }, "Try again"));
}

/** A button with a menu of the columns. @param {any} parts @param {{title: string, now: () => string | null, choose: (column: string | null) => void, none?: string}} what */
export function columnButton(parts, { title, now, choose, none = "" }) {
  const items = async () => {
    const found = await parts.rows.items([now()]);
    return none ? [{ value: "", label: none, chosen: !now() }, ...found] : found;
  };
  const button = menuButton({ label: "", title, items, choose: (column) => choose(column || null) });
  return button;
}
