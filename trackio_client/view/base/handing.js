// What the dialogs that hand something out have in common: the dialog, an end, a text to copy, taking it back.

import { fill, h, text } from "./dom.js";
import { icon } from "./icons.js";
import { copy } from "./notices.js";
import { iso } from "./words.js";

const ENDS = { 1: "in 1 day", 7: "in 7 days", 30: "in 30 days", 365: "in a year", 0: "never" };
const DAY_S = 86_400;

/** @type {HTMLDialogElement|null} */
let open = null;

/** A dialog over the page: the element to fill, or null while another one stands. @param {string} title */
export function openDialog(title) {
  if (open?.isConnected) return null;
  const close = h("button", { class: "tk-btn bare icon", "aria-label": "Close", title: "Close" }, icon("close"));
  const body = h("div", { class: "tk-share-body" }, h("p", { class: "tk-soft" }, "Loading"));
  const dialog = h("dialog", { class: "tk-dialog tk-share-dialog", "aria-label": title }, h("div", { class: "tk-dialog-head" }, h("h2", null, title), close), body);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  open = dialog;
  (document.querySelector(".tk") ?? document.body).append(dialog);
  dialog.showModal();
  return body;
}

/** A choice of when it ends. @param {string} label @param {number} usual days, 0 for never */
export function endsField(label, usual) {
  const options = Object.entries(ENDS).sort(([a], [b]) => (Number(a) || Infinity) - (Number(b) || Infinity));
  return h("select", { class: "tk-sel", "aria-label": label }, options.map(([value, words]) => h("option", { value, selected: Number(value) === usual }, words)));
}

/** The chosen end in seconds since 1970, null for never. @param {HTMLSelectElement} field @param {number} now_s by the server's clock */
export function endOf(field, now_s) {
  const days = Number(field.value);
  return days ? Math.round(now_s + days * DAY_S) : null;
}

/** @param {number|null} ends_s */
export const endWords = (ends_s) => (ends_s ? `ends ${iso(ends_s).slice(0, 16).replace("T", " ")} UTC` : "never ends");

/**
 * Take back what was handed out: its button waits meanwhile, and what went wrong is said.
 * @param {{said: HTMLElement, made: HTMLElement, drawList: () => void}} dialog
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} end does it, and takes it off the list
 * @param {boolean} isMade it is the one that the dialog shows as just made; another must stay, for a token is shown once
 */
export async function takeBack(dialog, button, end, isMade) {
  button.disabled = true;
  text(dialog.said, "");
  try {
    await end();
    if (isMade) fill(dialog.made);
    dialog.drawList();
  } catch (error) {
    button.disabled = false;
    text(dialog.said, error.message);
  }
}

/** A text that is there to be copied. @param {string} label @param {string} value */
export function copyField(label, value) {
  const field = h("input", { type: "text", readonly: true, value, "aria-label": label });
  const button = h("button", { class: "tk-btn bare icon sm", type: "button", title: "Copy", "aria-label": `Copy: ${label}` }, icon("copy"));
  button.addEventListener("click", () => copy(value, button));
  return h("label", null, h("span", null, label), h("span", { class: "tk-field" }, field, button));
}
