// @ts-check
/**
 * The notes of an experiment: Markdown as it reads, edited in place. What is typed is kept in this browser until it is saved. Who saves
 * after somebody else is shown both texts and chooses; nobody's words are written over unseen.
 */

import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { markdown } from "../base/markdown.js";
import { remember, remembered } from "../base/remember.js";
import { toast } from "../base/toast.js";
import { when } from "../base/times.js";

const MOST_LETTERS = 100_000; // the server takes as many
const MOST_DRAFTS = 20;
const FOLDED_PX = 240;
const HINT = "What was tried, what was seen, what comes next. Markdown: **bold**, lists, tables, `code`, [links](https://…), ![pictures](sha256:…) by the hash of a file.";

/** @typedef {{text: string, version: string, time_s: number}} Draft  version: of the notes that it was begun from */

export class Notes {
  /** @param {{source: any, id: string, saved: (detail: any) => void}} parts */
  constructor({ source, id, saved }) {
    this.source = source;
    this.id = id;
    this.saved = saved;
    this.may = false;
    this.notes = "";
    this.version = /** @type {string | undefined} */ (undefined);
    this.isFolded = true;
    this.body = h("div", { class: "tk-notes-body" });
    this.more = h("button", { class: "tk-link", hidden: true, on: { click: () => this.#fold(!this.isFolded) } });
    this.pencil = h("button", { class: "tk-pencil", title: "Edit the notes", "aria-label": "Edit the notes", hidden: true, on: { click: () => this.edit() } }, icon("pencil"));
    this.adder = h("button", { class: "tk-add", hidden: true, on: { click: () => this.edit() } }, "Add notes");
    this.draft = h("p", { class: "tk-notes-draft", hidden: true });
    this.shown = h("div", { class: "tk-notes", hidden: true }, this.body, this.pencil);
    this.root = h("section", { class: "tk-notes-all", "aria-label": "Notes" }, this.shown, this.more, this.adder, this.draft);
  }

  /** @param {boolean} may */
  allow(may) {
    this.may = may;
    this.#show();
  }

  /** @param {any} detail as the server tells it */
  paint({ notes, notes_version: version }) {
    if (this.isPainted && (notes ?? "") === this.notes && version === this.version) return;
    this.isPainted = true;
    this.notes = notes ?? "";
    this.version = version;
    if (this.form && version !== this.begun) text(this.said, "Somebody else saved other notes meanwhile. When you save, you see both.");
    fill(this.body, markdown(this.notes, { blob: (sha256) => this.source.blob?.(sha256) ?? null }));
    this.#show();
  }

  #show() {
    const isEmpty = !this.notes.trim();
    const open = Boolean(this.form);
    this.shown.hidden = open || isEmpty;
    this.pencil.hidden = !this.may;
    this.adder.hidden = open || !isEmpty || !this.may;
    this.#fold(this.isFolded);
    const kept = this.may && !open ? draftOf(this.id) : null;
    this.draft.hidden = !kept || kept.text === this.notes;
    if (this.draft.hidden || !kept) return;
    fill(this.draft, "Notes that you began ", when(kept.time_s), " are not saved. ",
      h("button", { class: "tk-link", on: { click: () => this.edit() } }, "Go on"), " or ",
      h("button", { class: "tk-link", on: { click: () => (keep(this.id, null), this.#show()) } }, "forget them"), ".");
  }

  /** @param {boolean} isFolded */
  #fold(isFolded) {
    this.isFolded = isFolded;
    this.shown.classList.toggle("folded", isFolded);
    const isLong = !this.shown.hidden && this.body.scrollHeight > FOLDED_PX + 40;
    this.shown.classList.toggle("long", isLong);
    this.more.hidden = !isLong;
    text(this.more, isFolded ? "Show all of the notes" : "Show less");
  }

  edit() {
    if (this.form) return;
    const kept = draftOf(this.id);
    this.begun = kept?.version ?? this.version;
    this.field = h("textarea", { class: "tk-notes-field", "aria-label": "Notes, in Markdown", placeholder: HINT, maxlength: String(MOST_LETTERS), spellcheck: "true", rows: "6" });
    this.field.value = kept?.text ?? this.notes;
    this.preview = h("div", { class: "tk-notes-body tk-notes-preview", hidden: true });
    this.look = h("button", { class: "tk-btn sm", type: "button", "aria-pressed": "false", on: { click: () => this.#look() } }, "Preview");
    this.said = h("span", { class: "tk-notes-said", role: "status" });
    this.save = h("button", { class: "tk-btn sm primary", title: "Save (Ctrl+Enter)" }, "Save");
    const leave = h("button", { class: "tk-btn sm", type: "button", title: "Leave them as they were (Escape)", on: { click: () => this.#leave() } }, "Cancel");
    this.form = h("form", { class: "tk-notes-form" }, this.field, this.preview, h("div", { class: "tk-notes-tools" }, this.save, leave, this.look, this.said));
    this.form.addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), this.send(this.field.value, this.begun)));
    this.form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      event.stopPropagation(); // letters are letters here, no keys of the page
      if (event.key === "Escape") this.#leave();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) (event.preventDefault(), this.send(this.field.value, this.begun));
    });
    const save = later(() => this.form && keep(this.id, this.field.value === this.notes ? null : { text: this.field.value, version: this.begun ?? "", time_s: Date.now() / 1000 }), 250);
    this.field.addEventListener("input", () => (save(), this.#grow()));
    this.root.append(this.form);
    this.#show();
    if (this.begun !== this.version) text(this.said, "Somebody else saved other notes since you began these. When you save, you see both.");
    this.#grow();
    this.field.focus();
  }

  #grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(480, Math.max(120, this.field.scrollHeight + 2))}px`;
  }

  #look() {
    const isLook = this.preview.hidden;
    if (isLook) fill(this.preview, this.field.value.trim() ? markdown(this.field.value, { blob: (sha256) => this.source.blob?.(sha256) ?? null }) : h("p", { class: "tk-soft" }, "Nothing yet."));
    [this.preview.hidden, this.field.hidden] = [!isLook, isLook];
    this.look.setAttribute("aria-pressed", String(isLook));
    text(this.look, isLook ? "Go on writing" : "Preview");
    if (!isLook) this.field.focus();
  }

  /** Leave the form; what was typed and not saved can be had back. */
  #leave() {
    const typed = this.field.value;
    const begun = this.begun ?? "";
    keep(this.id, null);
    this.#close();
    if (typed !== this.notes) toast("The notes are as they were.", { word: "Go on editing", undo: () => (keep(this.id, { text: typed, version: begun, time_s: Date.now() / 1000 }), this.edit()) });
  }

  #close() {
    this.form?.remove();
    this.form = null;
    this.#show();
    (this.adder.hidden ? this.pencil : this.adder).focus();
  }

  /** @param {string} notes @param {string | undefined} version that they were begun from */
  async send(notes, version) {
    if (this.isSending) return;
    if (this.both === undefined && notes === this.notes && version === this.version) return void (keep(this.id, null), this.#close());
    this.isSending = true;
    this.save.disabled = true;
    try {
      const detail = await this.source.edit(this.id, { notes: notes.trim() ? notes : null, ...(version ? { notes_version: version } : {}) });
      keep(this.id, null);
      this.both?.remove();
      this.both = undefined;
      this.#close();
      this.saved(detail);
    } catch (error) {
      const { status, more = {}, message } = /** @type {any} */ (error);
      if (status === 409 && "notes_version" in more) this.#compare(notes, more.notes ?? "", more.notes_version);
      else text(this.both?.querySelector("[role=status]") ?? this.said, `Not saved. ${message} What you wrote is kept in this browser.`);
    }
    this.isSending = false;
    this.save.disabled = false;
  }

  /** Two texts, side by side. @param {string} mine @param {string} theirs @param {string} version of theirs */
  #compare(mine, theirs, version) {
    keep(this.id, { text: mine, version: this.begun ?? "", time_s: Date.now() / 1000 });
    this.both?.remove();
    const field = h("textarea", { class: "tk-notes-field", "aria-label": "Your notes", rows: "10" });
    field.value = mine;
    const button = (/** @type {string} */ words, /** @type {string} */ title, /** @type {() => void} */ then, name = "") => h("button", { class: `tk-btn sm ${name}`, type: "button", title, on: { click: then } }, words);
    const take = () => {
      keep(this.id, null);
      this.both?.remove();
      this.both = undefined;
      this.#close();
      this.paint({ notes: theirs, notes_version: version });
      toast("Your text was left out; theirs stands.", { word: "Go on with mine", undo: () => (keep(this.id, { text: mine, version, time_s: Date.now() / 1000 }), this.edit()) });
    };
    this.both = h("div", { class: "tk-notes-both", role: "alertdialog", "aria-label": "Two texts of the same notes" },
      h("p", null, h("b", null, "Not saved: somebody else saved other notes after you began."), " Take from theirs what you want into yours and save it, or keep one of the two as it is."),
      h("div", { class: "tk-notes-two" },
        h("div", null, h("h3", null, "Yours"), field),
        h("div", null, h("h3", null, "Theirs, saved meanwhile"), h("pre", { class: "tk-text tk-notes-theirs", tabindex: "0", "aria-label": "Their notes" }, beside(theirs, mine)))),
      h("div", { class: "tk-notes-tools" },
        button("Save mine", "The text on the left, as it is now, replaces theirs", () => this.send(field.value, version), "primary"),
        button("Take theirs", "Leave yours out", take),
        button("Both, one below the other", "Theirs first, then yours: to go on from there", () => ((field.value = `${theirs.trimEnd()}\n\n${field.value}`), field.focus())),
        h("span", { class: "tk-notes-said", role: "status" })));
    this.both.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.stopPropagation());
    field.addEventListener("input", later(() => keep(this.id, { text: field.value, version: this.begun ?? "", time_s: Date.now() / 1000 }), 250));
    if (this.form) this.form.hidden = true;
    this.root.append(this.both);
    field.focus();
  }

  /** Another experiment is opened: a draft stays in the browser. */
  close() {
    this.form?.remove();
  }
}

/** Lines of a text; those that the other lacks are marked. @param {string} words @param {string} other */
function beside(words, other) {
  const known = new Set(other.split("\n").map((line) => line.trim()));
  return words.split("\n").map((line, i) => [i ? "\n" : "", line.trim() && !known.has(line.trim()) ? h("ins", null, line) : line]);
}

/** @param {string} id @returns {Draft | null} */
function draftOf(id) {
  const kept = remembered().drafts?.[id];
  return kept && typeof kept.text === "string" ? kept : null;
}

/** @param {string} id @param {Draft | null} draft */
function keep(id, draft) {
  const { [id]: _, ...others } = remembered().drafts ?? {};
  const newest = Object.entries(others).sort(([, a], [, b]) => b.time_s - a.time_s).slice(0, MOST_DRAFTS - 1);
  remember({ drafts: Object.fromEntries(draft ? [[id, draft], ...newest] : newest) });
}
