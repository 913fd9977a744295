// @ts-check
/** Words that are edited where they stand: a pencil, Enter takes them, Escape leaves them as they were, the focus goes back. */

import { h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { toast } from "../base/toast.js";

/** @type {WeakMap<any, Promise<boolean>>} */
const asked = new WeakMap();

/** Whether who reads may also edit; a page without a server has nothing to edit. @param {any} source @returns {Promise<boolean>} */
export function mayEdit(source) {
  if (!source.session || !source.edit) return Promise.resolve(false);
  let answer = asked.get(source);
  if (!answer) {
    answer = Promise.resolve(source.session()).then(({ role }) => role === "writer" || role === "owner");
    answer.catch(() => asked.delete(source)); // a network that was away: asked again
    asked.set(source, answer);
  }
  return answer;
}

/**
 * @typedef {Object} Words
 * @property {string} what  "name": said to screen readers, and on the button
 * @property {(value: any) => any} draw what is to be seen of a value: a text or nodes
 * @property {(value: any) => string} write the value as it is typed
 * @property {(typed: string) => any} read the value of what was typed; throws an Error that says what is wrong
 * @property {(value: any) => Promise<any>} save
 * @property {string} [tag] of the element that shows it
 * @property {string} [add] on the button while there is nothing
 * @property {string} [hint] in the field
 * @property {() => string[]} [known] what others have: offered while one types
 */

export class InPlace {
  /** @param {Words} words */
  constructor(words) {
    this.words = words;
    this.value = /** @type {any} */ (undefined);
    this.may = false;
    this.shown = h(words.tag ?? "span", { class: "tk-place-words" });
    this.pencil = h("button", { class: "tk-pencil", title: `Edit the ${words.what}`, "aria-label": `Edit the ${words.what}`, hidden: true, on: { click: () => this.open() } }, icon("pencil"));
    this.adder = words.add ? h("button", { class: "tk-add", hidden: true, on: { click: () => this.open() } }, words.add) : null;
    this.root = h("span", { class: `tk-place ${words.what}` }, this.shown, this.pencil, this.adder);
  }

  /** @param {boolean} may */
  allow(may) {
    this.may = may;
    this.#buttons();
  }

  /** @param {any} value */
  paint(value) {
    const key = JSON.stringify(value ?? null);
    if (key === this.key) return;
    [this.key, this.value] = [key, value];
    if (!this.form) this.#draw();
  }

  #draw() {
    const drawn = this.words.draw(this.value);
    if (typeof drawn === "string") text(this.shown, drawn);
    else this.shown.replaceChildren(...[drawn].flat().filter(Boolean));
    if (this.words.tag === "h1") this.shown.title = drawn;
    this.#buttons();
  }

  #buttons() {
    const isEmpty = this.words.write(this.value) === "";
    this.pencil.hidden = !this.may || (isEmpty && this.adder !== null);
    if (this.adder) this.adder.hidden = !this.may || !isEmpty;
    this.shown.hidden = isEmpty && this.adder !== null;
  }

  open() {
    if (this.form) return;
    const { what, write, hint = "", known } = this.words;
    const list = known ? h("datalist", { id: `tk-known-${what}` }, known().map((each) => h("option", { value: each }))) : null;
    this.field = h("input", { type: "text", "aria-label": `The ${what}`, placeholder: hint, maxlength: "4000", spellcheck: "false", autocomplete: "off", list: list ? `tk-known-${what}` : null });
    this.field.value = write(this.value);
    this.field.size = Math.min(60, Math.max(16, this.field.value.length + 2));
    this.said = h("span", { class: "tk-error-text", role: "alert" });
    const leave = h("button", { class: "tk-btn sm", type: "button", title: "Leave it as it was (Escape)", on: { click: () => this.close() } }, "Cancel");
    this.button = h("button", { class: "tk-btn sm primary", title: "Save (Enter)" }, "Save");
    this.form = h("form", { class: "tk-place-form" }, h("span", { class: "tk-field sm" }, this.field), list, this.button, leave, this.said);
    this.form.addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), this.take()));
    this.form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation(); // "j", "x" and "/" are letters here
      if (event.key === "Escape") this.close();
    });
    this.root.classList.add("open");
    this.root.append(this.form);
    this.field.focus();
    this.field.select();
  }

  /** @param {{focus?: boolean}} [how] */
  close({ focus = true } = {}) {
    this.form?.remove();
    this.form = null;
    this.root.classList.remove("open");
    this.#draw();
    if (focus) (this.pencil.hidden ? this.adder : this.pencil)?.focus();
  }

  async take() {
    const { what, write, read, save } = this.words;
    const before = this.value;
    let value;
    try {
      value = read(this.field.value);
    } catch (error) {
      text(this.said, /** @type {Error} */ (error).message);
      return void this.field.focus();
    }
    if (write(value) === write(before)) return this.close();
    [this.button.disabled, this.field.readOnly] = [true, true];
    try {
      await save(value);
    } catch (error) {
      [this.button.disabled, this.field.readOnly] = [false, false];
      text(this.said, `Not saved. ${/** @type {Error} */ (error).message}`);
      return void this.field.focus();
    }
    [this.key, this.value] = [JSON.stringify(value ?? null), value];
    this.close();
    const said = write(value);
    toast(said ? `The ${what} is “${said.length > 60 ? `${said.slice(0, 60)}…` : said}” now.` : `The ${what} was taken away.`, { undo: () => save(before) });
  }
}

/** A name as the server takes it. @param {string} typed @param {string} what */
export function aName(typed, what) {
  const name = typed.trim();
  if (!name) throw new Error(`A ${what} needs at least one letter.`);
  if (name.length > 256) throw new Error(`A ${what} has at most 256 letters, this one has ${name.length}.`);
  return name;
}

/** Tags, parted by commas, each once. @param {string} typed @param {string[]} [known] those that it has: one may hold a comma */
export function someTags(typed, known = []) {
  const whole = known.filter((tag) => tag.includes(",")).sort((a, b) => b.length - a.length);
  const marked = whole.reduce((text, tag, i) => text.replace(tag, () => `\0${i}\0`), typed);
  const tags = [...new Set(marked.split(",").map((each) => each.trim().replace(/\0(\d+)\0/g, (_, i) => whole[i])).filter(Boolean))];
  for (const tag of tags) aName(tag, "tag");
  if (tags.length > 100) throw new Error(`At most 100 tags, these are ${tags.length}.`);
  return tags;
}
