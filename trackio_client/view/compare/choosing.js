// @ts-check
/** Small pieces that several ways to compare have. */
import { fill, h } from "../base/dom.js";
import { menuButton } from "../base/menu.js";
import { axisOf } from "./axis.js";

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

/** Bring the columns that a part draws, then let it settle. Of several questions at once the last counts.
 * @param {any} part with `parts`, `said`, `load` and `settle` @param {() => Promise<string[] | null>} wanted null: the metrics are on their way */
export async function loaded(part, wanted) {
  const run = (part.run = (part.run ?? 0) + 1);
  try {
    const columns = await wanted();
    if (!columns) return;
    await part.parts.rows.have(columns);
    if (run !== part.run) return;
    part.said.hidden = true;
    part.settle();
  } catch (error) {
    if (run === part.run) trouble(part.said, error, () => part.load());
  }
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

/** A box that reads a column by its logarithm; hidden where that cannot be. @param {any} state @param {string} word @param {() => string | null} column */
export function logBox(state, word, column) {
  const box = h("input", { type: "checkbox", class: "tk-box" });
  box.addEventListener("change", () => {
    const logs = (state.get("compareLogs") ?? []).filter((/** @type {string} */ each) => each !== column() && each !== `-${column()}`);
    state.set({ compareLogs: [...logs, box.checked ? column() : `-${column()}`] });
  });
  const label = h("label", { class: "tk-control tk-toggle" }, box, `log ${word}`);
  const say = (/** @type {import("./axis.js").Axis | null} */ axis) => {
    label.hidden = !axis?.canLog;
    box.checked = axis?.kind === "log";
  };
  return { label, say };
}

/** A column of these rows as an axis, by its logarithm if the reader said so. @param {any} parts @param {any[]} rows @param {string | null} column */
export function axisFor({ rows: held, state }, rows, column) {
  if (!column) return null;
  const logs = state.get("compareLogs") ?? [];
  return axisOf(column, held.label(column), rows.map((row) => held.value(row, column)), logs.includes(column) ? true : logs.includes(`-${column}`) ? false : null);
}

/** Where a row stands on an axis. @param {any} held @param {any} row @param {import("./axis.js").Axis | null} axis */
export function placeOn(held, row, axis) {
  const value = axis && held.value(row, axis.column);
  return value === undefined || !axis ? null : axis.place(value);
}
