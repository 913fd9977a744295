// The keys that the page knows, and how the charts are used.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";

const KEYS = [
  ["/", "search experiments"],
  ["j  k", "next, previous experiment"],
  ["x", "show or hide it"],
  ["Shift + x, Shift + click", "show or hide all from the last one to this one"],
  ["o", "show only this one"],
  ["Enter", "open it"],
  ["s  h  w", "star it, hide it, tell me when it ends"],
  ["m", "its menu"],
  ["1  2  3 …", "the views, in the order of their tabs"],
  null, // the views' letters
  ["Ctrl + K", "go to, or do: anything by its name"],
  ["Ctrl + Z", "take back ticks, filters, axes, a change of view"],
  ["Ctrl + Shift + Z, Ctrl + Y", "do again what was taken back"],
  ["b", "fold the list"],
  ["/words/", "in a search or filter: a regular expression"],
  ["lr>0.001  state=failed", "in the search: config, metric, tag, group, name, state, steps; = != < <= > >="],
  ["Escape", "clear the search, close what is open"],
];
const OF_ONE = [
  ["Tab", "to the next chart"],
  ["←  →, Home  End", "move the cursor: its values are read out"],
  ["+  −  0", "zoom in, out, back to everything"],
  ["Shift + ←  →", "move what a zoom shows"],
  ["Backspace", "back by one zoom"],
  ["l", "logarithmic y axis, and back"],
  ["t", "its table"],
  ["Enter", "alone over the whole window; there Page Up and Page Down go to the chart before and after"],
  ["<  >", "move it earlier or later in its group"],
  ["Escape", "leave the cursor, then the zoom; over the whole window, close it"],
];
const CHARTS = [
  ["Drag", "zoom along x; the other charts of the group follow"],
  ["Shift + drag", "zoom both ways"],
  ["Two fingers, Ctrl + wheel, + −", "zoom around the middle, the pointer, the cursor"],
  ["Double-click, double tap, Backspace", "one step back; 0 shows everything"],
  ["← →, a finger sideways", "move the cursor"],
  ["Click a sign, e", "open what happened there"],
  ["Point at a line", "it stands out in every chart and in the list"],
];

/** @type {HTMLDialogElement|null} */
let open = null;

/** @param {import("./views.js").View[]} views  those that have a tab */
export function showHelp(views) {
  if (open?.isConnected) return;
  const letters = ["g, then a letter", views.map(({ key, label }) => `${key} ${label}`).join(", ")];
  const rows = (pairs) => h("dl", { class: "tk-keys" }, pairs.map(([key, words]) => [h("dt", null, h("kbd", null, key)), h("dd", null, words)]));
  const close = h("button", { class: "tk-btn bare icon", "aria-label": "Close", title: "Close" }, icon("close"));
  const dialog = h(
    "dialog",
    { class: "tk-dialog", "aria-label": "Keyboard and help" },
    h("div", { class: "tk-dialog-head" }, h("h2", null, "Keyboard"), close),
    rows(KEYS.map((line) => line ?? letters)),
    h("h2", null, "Charts"),
    rows(CHARTS),
    h("h2", null, "A chart that has the keyboard"),
    rows(OF_ONE),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  open = dialog;
  (document.querySelector(".tk") ?? document.body).append(dialog);
  dialog.showModal();
}
