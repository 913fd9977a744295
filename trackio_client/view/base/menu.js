// A list that opens at a button: choose one, or several; with a search field when it is long. Arrow keys, Enter, Escape.

import { fill, h } from "./dom.js";
import { icon } from "./icons.js";

const SEARCH_FROM = 8;
const MOST = 200; // rows made at once; the search finds the others

/**
 * @typedef {{value: string, label: string, note?: string, group?: string, chosen?: boolean, swatch?: string}} Item  `swatch`: a colour of CSS
 *
 * @param {HTMLElement} button  where it opens; gets aria-expanded
 * @param {object} what
 * @param {string} what.title  said to screen readers, and the search field's placeholder
 * @param {Item[] | Promise<Item[]>} what.items
 * @param {(value: string) => void} what.choose
 * @param {boolean} [what.several]  stays open and shows ticks
 * @param {string} [what.empty]  said when nothing is there to choose
 */
export function openMenu(button, { title, items, choose, several = false, empty = "Nothing to choose from yet." }) {
  const list = h("div", { class: "tk-menu-list", role: "listbox", "aria-label": title, "aria-multiselectable": several || undefined });
  const field = h("input", { type: "text", placeholder: title, "aria-label": title, autocomplete: "off", spellcheck: "false" });
  const search = h("label", { class: "tk-field tk-menu-search", hidden: true }, icon("search"), field);
  const menu = h("div", { class: "tk-menu", popover: "auto" }, search, list);
  /** @type {Item[]} */
  let all = [];

  const draw = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = all.filter((item) => words.every((word) => `${item.label} ${item.note ?? ""}`.toLowerCase().includes(word)));
    let group = "";
    const rows = [];
    for (const item of hits.slice(0, MOST)) {
      if (item.group && item.group !== group) rows.push(h("div", { class: "tk-menu-group" }, (group = item.group)));
      rows.push(row(item));
    }
    if (!hits.length) rows.push(h("p", { class: "tk-menu-empty" }, all.length ? `Nothing here holds “${field.value}”.` : empty));
    if (hits.length > MOST) rows.push(h("p", { class: "tk-menu-empty" }, `${hits.length - MOST} more: type to find them.`));
    fill(list, rows);
  };

  const row = (item) => {
    const node = h(
      "button",
      { class: "tk-menu-row", role: "option", "aria-selected": item.chosen ? "true" : "false", title: item.label, tabindex: "-1" },
      h("span", { class: "tk-menu-check" }, item.chosen ? icon("check") : null),
      item.swatch ? h("i", { class: "tk-swatch tk-menu-swatch", style: { "--c": item.swatch } }) : null,
      h("span", { class: "tk-menu-label" }, item.label),
      item.note ? h("span", { class: "tk-menu-note" }, item.note) : null,
    );
    node.addEventListener("click", () => {
      choose(item.value);
      if (!several) return menu.hidePopover();
      item.chosen = !item.chosen;
      fill(node.firstChild, item.chosen ? icon("check") : null);
      node.setAttribute("aria-selected", String(item.chosen));
    });
    return node;
  };

  const place = () => {
    const at = button.getBoundingClientRect();
    const width = Math.max(200, Math.min(menu.offsetWidth, innerWidth - 16));
    menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
    // Above the button where it does not fit below and there is more room.
    const [below, above] = [innerHeight - at.bottom - 16, at.top - 16];
    const isAbove = menu.scrollHeight > below && above > below;
    menu.style.top = isAbove ? "auto" : `${at.bottom + 4}px`;
    menu.style.bottom = isAbove ? `${innerHeight - at.top + 4}px` : "auto";
    menu.style.maxHeight = `${Math.max(120, isAbove ? above : below)}px`;
  };

  const step = (by) => {
    const rows = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".tk-menu-row")]);
    const here = rows.indexOf(/** @type {any} */ (document.activeElement));
    const next = here + by;
    if (next < 0 && !search.hidden) field.focus();
    else rows[Math.max(0, Math.min(rows.length - 1, next))]?.focus();
  };

  menu.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      /** @type {HTMLElement|null} */ (list.querySelector(".tk-menu-row"))?.click();
    }
  });
  menu.addEventListener("toggle", (/** @type {any} */ event) => {
    if (event.newState !== "closed") return;
    button.setAttribute("aria-expanded", "false");
    menu.remove();
  });
  field.addEventListener("input", draw);

  (button.closest("dialog[open], .tk") ?? document.body).append(menu);
  button.setAttribute("aria-expanded", "true");
  menu.showPopover();
  place();
  fill(list, h("p", { class: "tk-menu-empty" }, "Loading"));
  Promise.resolve(items).then(
    (given) => {
      all = given;
      search.hidden = all.length < SEARCH_FROM;
      draw();
      place();
      if (!search.hidden) field.focus();
      else step(1);
    },
    (error) => fill(list, h("p", { class: "tk-menu-empty" }, `This list did not come: ${error.message}`)),
  );
  return menu;
}

/**
 * A button that shows what is chosen and opens a menu.
 * @param {{label: string, items: () => Item[]|Promise<Item[]>, choose: (value: string) => void, title: string,
 *          several?: boolean, class?: string, empty?: string}} what
 */
export function menuButton({ label, items, choose, title, several, class: name = "tk-sel", empty }) {
  const words = h("span", { class: "tk-sel-words" }, label);
  const button = h("button", { class: name, "aria-haspopup": "listbox", "aria-expanded": "false", title }, words, icon("down"));
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") return;
    openMenu(button, { title, items: items(), choose, several, empty });
  });
  button.say = (value) => {
    if (words.textContent !== value) words.textContent = value;
  };
  return button;
}
