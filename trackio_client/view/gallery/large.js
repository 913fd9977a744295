// @ts-check
/** One medium of the wall large, with the ones before and after it a key away. */

import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { absent, addressOf, fileName, mediumOf } from "../media/kinds.js";
import { framed } from "../media/image.js";
import { count } from "../base/words.js";
import { stepWords } from "./cells.js";

export class Large {
  /** @param {import("./wall.js").Wall} wall */
  constructor(wall) {
    this.wall = wall;
    /** @type {HTMLDialogElement | null} */ this.dialog = null;
    /** @type {any} */ this.medium = null;
  }

  /** @param {import("./cells.js").Cell} cell @param {number} item of a picture's step; −1: the last */
  async show(cell, item) {
    if (!this.dialog) this.build();
    this.cell = cell;
    this.say(cell, "");
    try {
      const { items } = await this.wall.content(cell);
      if (this.cell !== cell || !this.dialog) return;
      const isPicture = cell.entry?.media === "image";
      this.items = isPicture ? items : [items];
      this.item = item < 0 ? this.items.length - 1 : Math.min(item, this.items.length - 1);
      const one = items[isPicture ? this.item : 0] ?? {};
      const tools = this.wall.tools(cell);
      this.medium?.close?.();
      this.medium = null;
      // Not `disabled`: the one just pressed keeps the focus.
      for (const [button, by] of /** @type {const} */ ([[this.before, -1], [this.after, 1]])) button.setAttribute("aria-disabled", String(!this.beside(by)));
      this.say(cell, [isPicture && items.length > 1 ? `${this.item + 1} of ${count(items.length)}` : null, one.caption, one.width ? `${one.width} × ${one.height}` : null].filter(Boolean).join(" · "));
      const name = fileName(one, tools.name);
      const address = addressOf(one, tools, name);
      this.save.hidden = !address;
      if (address) this.save.setAttribute("href", address), this.save.setAttribute("download", name);
      if (isPicture) return void fill(this.stage, addressOf(one, tools) ? framed(one, tools) : absent(one, tools));
      const holder = h("div", { class: "tk-large-medium" });
      fill(this.stage, holder);
      this.medium = await mediumOf(String(cell.entry?.media), holder, tools);
      await this.medium.show(items, cell.entry);
    } catch (error) {
      if (this.dialog) fill(this.stage, h("p", { class: "tk-soft" }, `This did not come: ${/** @type {Error} */ (error).message}`));
    }
  }

  build() {
    const key = (/** @type {string} */ words, /** @type {string} */ name, /** @type {() => void} */ call, more = "") => h("button", { class: `tk-btn bare icon ${more}`, "aria-label": words, title: words, on: { click: call } }, icon(name));
    this.title = h("h3", { class: "tk-chart-title" });
    this.words = h("span", { class: "tk-chart-unit", role: "status" });
    this.save = h("a", { class: "tk-btn sm icon", title: "Download", "aria-label": "Download", hidden: true }, icon("download"));
    this.stage = h("div", { class: "tk-large-stage", tabindex: "-1" });
    this.before = key("The one before (left arrow)", "left", () => this.go(-1));
    this.after = key("The next one (right arrow)", "right", () => this.go(1));
    const dialog = h("dialog", { class: "tk-large tk-large-cell", "aria-label": "One medium, large" },
      h("header", { class: "tk-chart-head" }, this.title, this.words, h("span", { class: "tk-grow" }), this.before, this.after, this.save, key("Close (Esc)", "close", () => dialog.close())), this.stage);
    this.dialog = dialog;
    dialog.addEventListener("close", () => {
      this.medium?.close?.();
      this.medium = this.dialog = null;
      dialog.remove();
      const place = this.wall.placed.find(({ cell }) => isSame(cell, this.cell)) ?? this.wall.placed.find(({ button }) => button);
      this.wall.roving(place);
      place?.button?.focus();
    });
    dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      // In a field, a player or a figure the arrows are its own.
      if (!by || /** @type {HTMLElement} */ (event.target).closest("input, canvas, audio, video, [role='region']")) return;
      event.preventDefault();
      this.go(by);
    });
    (document.querySelector(".tk") ?? document.body).append(dialog);
    dialog.showModal();
  }

  /** @param {import("./cells.js").Cell} cell @param {string} words */
  say(cell, words) {
    text(this.title, cell.row.name);
    this.title.title = cell.row.name;
    text(this.words, [cell.name, stepWords(cell), words].filter(Boolean).join(" · "));
    this.words.title = this.words.textContent;
  }

  /** @param {number} by */
  go(by) {
    const next = this.beside(by);
    if (next) this.show(...next);
  }

  /** What stands that many places from the one shown: a picture of the same step, else the nearest of the next cell.
   * @param {number} by @returns {[import("./cells.js").Cell, number] | null} */
  beside(by) {
    const next = (this.item ?? 0) + by;
    if (this.items && this.cell && next >= 0 && next < this.items.length) return [this.cell, next];
    const cells = this.wall.placed.filter(({ button }) => button).map(({ cell }) => cell);
    const here = cells.findIndex((cell) => isSame(cell, this.cell)); // cells are made anew when others come
    const other = here < 0 ? undefined : cells[here + by];
    return other ? [other, by > 0 ? 0 : -1] : null;
  }

  close() {
    this.dialog?.close();
  }
}

/** Whether two cells are of one place on the wall, whenever they were made. @param {import("./cells.js").Cell} a @param {import("./cells.js").Cell | null | undefined} b */
const isSame = (a, b) => a === b || (b !== null && b !== undefined && a.row.id === b.row.id && a.name === b.name && stepWords(a) === stepWords(b));
