// @ts-check
/** At the end of the tabs while one experiment is open: star it, be told when it ends; pause, archive or delete it. */
import { isMarked } from "../base/marks.js";
import { fill, h } from "../base/dom.js";
import { hasEnded, icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { actionsOf } from "../table/actions.js";
import { star, watch } from "./rowmenu.js";

/** @param {{state: import("../data/state.js").PageState, source: any, experiments: any}} parts @returns {HTMLElement} */
export function ownActions({ state, source, experiments }) {
  const node = h("span", { class: "tk-tabs-own", hidden: true });
  let said = "";
  state.follow(["view", "experiment", "experiments", "progress", "marks", "may"], () => {
    const row = state.get("view") === "experiment" ? state.get("experiments").find((/** @type {any} */ each) => each.id === state.get("experiment")) : undefined;
    node.hidden = !row;
    if (!row) return;
    const [starred, watched] = [isMarked("starred", row.id), isMarked("watched", row.id)];
    const actions = () => actionsOf(row, { source, experiments, may: state.get("may") }, () => state.set({ view: "table", experiment: null }));
    const key = `${actions().length} ${row.archived} ${row.id} ${starred} ${watched} ${row.state} ${row.name}`;
    if (key === said) return;
    said = key;
    const button = (/** @type {any} */ sign, /** @type {string} */ words, /** @type {boolean} */ on, /** @type {() => any} */ run) => {
      const made = h("button", { class: "tk-btn bare icon sm", title: words, "aria-label": words, "aria-pressed": String(on) }, icon(sign));
      made.addEventListener("click", run);
      return made;
    };
    const focused = [...node.children].indexOf(/** @type {any} */ (document.activeElement));
    fill(node,
      button(starred ? "starred" : "star", starred ? "Remove the star (s)" : "Star (s)", starred, () => star(row)),
      hasEnded(row.state) && !watched ? null : button(watched ? "ringing" : "bell", watched ? "Do not tell me when it ends (w)" : "Tell me when it ends (w)", watched, () => watch(row)),
      actions().length ? more(row, actions) : null);
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (node.children[focused])?.focus();
  });
  return node;
}

/** What writers and owners do with it. @param {any} row @param {() => ReturnType<typeof actionsOf>} actions */
function more(row, actions) {
  const words = `What to do with ${row.name}`;
  const button = h("button", { class: "tk-btn bare icon sm", title: "Pause, archive, delete …", "aria-label": words, "aria-haspopup": "listbox" }, icon("more"));
  button.addEventListener("click", () => openMenu(button, { title: row.name, items: actions(), choose: (value) => actions().find((each) => each.value === value)?.run() }));
  return button;
}
