// @ts-check
/** Named views: of the project, which all its readers open and writers save, and a reader's own, kept by this browser. A view is the
 * query of an address, without its project. */
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openDialog } from "../base/handing.js";
import { remember, remembered } from "../base/remember.js";
import { toast } from "../base/toast.js";
import { when } from "../base/times.js";
import { count } from "../base/words.js";
import { MAX_LISTED, addressOf, goTo } from "../data/address.js";

const MOST_OWN = 200;
const WRITES = ["writer", "owner"];

/** @typedef {{id: string, name: string, address: string, by?: string | null, changed_s: number, isOwn: boolean}} View */

/** All views of the project that is open, the reader's own first. @param {any} shell @returns {Promise<View[]>} */
export async function savedOf({ state, source }) {
  const project = state.get("project");
  if (!project) return [];
  const shared = source.views ? (await source.views(project)).views : [];
  return [...ownOf(project), ...shared.map((/** @type {any} */ view) => ({ ...view, isOwn: false }))];
}

/** @param {string} project @returns {View[]} */
export function ownOf(project) {
  const kept = remembered().views?.[project];
  return Array.isArray(kept) ? kept.map((view) => ({ ...view, isOwn: true })) : [];
}

/** @param {string} project @param {View[]} views */
function keepOwn(project, views) {
  remember({ views: { ...remembered().views, [project]: views.slice(0, MOST_OWN).map(({ id, name, address, changed_s }) => ({ id, name, address, changed_s })) } });
}

/** Show a view. @param {any} shell @param {View} view */
export function openView({ state, experiments }, view) {
  const project = state.get("project");
  goTo(`?${new URLSearchParams({ project })}&${view.address}`, state, experiments);
}

/** The state as a view keeps it. Ticks that nobody chose by hand are left out: they are "the newest ten" of whenever it is opened.
 * @param {any} shell */
export function addressNow({ state, experiments }) {
  const query = new URLSearchParams(addressOf(state, experiments.ticksByHand()).replace(/^[^?]*\??/, ""));
  query.delete("project");
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%7E", "~").replaceAll("%20", "+");
}

/** What a view leaves out: more ticks than an address holds. @param {any} shell */
const withoutTicks = ({ experiments }) => {
  const ticks = experiments.ticksByHand()?.length ?? 0;
  return ticks > MAX_LISTED ? ` It leaves out which ${count(ticks)} are ticked: ${count(MAX_LISTED)} at most stand in a view.` : "";
};

export class Saved {
  /** @param {any} shell */
  constructor(shell) {
    this.shell = shell;
    this.role = "";
  }

  /** The dialog: save, open, rename, replace, delete. */
  async show() {
    const body = openDialog("Saved views");
    if (!body) return;
    this.body = body;
    this.dialog = /** @type {HTMLDialogElement} */ (body.closest("dialog"));
    const { source, state } = this.shell;
    this.project = state.get("project");
    if (!this.project) return void fill(body, h("p", { class: "tk-soft" }, "Open a project first."));
    this.said = h("p", { class: "tk-share-said", role: "alert" });
    this.list = h("div", { class: "tk-saved-list" });
    this.role ||= source.views && source.session ? await source.session().then((/** @type {any} */ who) => who.role, () => "") : "";
    fill(body, this.form(), this.said, this.list);
    this.name.focus();
    await this.draw();
  }

  get mayShare() {
    return WRITES.includes(this.role);
  }

  form() {
    this.name = h("input", { type: "text", maxlength: "256", placeholder: "Name of this view", "aria-label": "Name of this view", autocomplete: "off", required: true });
    this.forAll = h("input", { type: "checkbox", class: "tk-box", checked: this.mayShare });
    const button = h("button", { class: "tk-btn primary" }, "Save this view");
    const why = this.mayShare ? null : h("p", { class: "tk-soft" }, this.shell.source.views ? "It is kept in this browser. To save one for all readers, log in as a writer." : "It is kept in this browser.");
    const form = h("form", { class: "tk-saved-form" }, h("div", { class: "tk-saved-new" }, h("span", { class: "tk-field" }, this.name), button),
      this.mayShare ? h("label", { class: "tk-toggle tk-saved-all" }, this.forAll, "For all readers of the project; else in this browser alone") : why);
    form.addEventListener("submit", (/** @type {any} */ event) => {
      event.preventDefault();
      this.save(this.name.value.trim(), this.mayShare && this.forAll.checked);
    });
    return form;
  }

  /** @param {string} name @param {boolean} forAll */
  async save(name, forAll) {
    text(this.said, "");
    const { source } = this.shell;
    const address = addressNow(this.shell);
    const project = this.project;
    try {
      if (forAll) {
        const made = await source.saveView(project, { name, address });
        this.done(`Saved the view “${name}” for all readers.${withoutTicks(this.shell)}`, () => source.changeView(project, made.id, { deleted: true }));
      } else {
        const own = ownOf(project);
        if (own.some((view) => view.name === name)) throw new Error(`You have a view “${name}” already. Choose another name, or replace that one below.`);
        const id = `own_${Date.now().toString(36)}`;
        keepOwn(project, [...own, { id, name, address, changed_s: Date.now() / 1000, isOwn: true }]);
        this.done(`Saved the view “${name}” in this browser.${withoutTicks(this.shell)}`, () => keepOwn(project, ownOf(project).filter((view) => view.id !== id))); // it may have another name by then
      }
    } catch (error) {
      text(this.said, /** @type {Error} */ (error).message);
    }
  }

  async draw() {
    let views;
    try {
      views = await savedOf(this.shell);
    } catch (error) {
      views = ownOf(this.project);
      text(this.said, /** @type {Error} */ (error).message);
    }
    if (!views.length) return void fill(this.list, h("p", { class: "tk-soft" }, "No view is saved yet. A view is all that this page shows: experiments, filters, axes, smoothing, zoom."));
    const part = (/** @type {string} */ title, /** @type {View[]} */ some) => (some.length ? [h("h2", null, title), h("ul", null, some.map((view) => this.line(view)))] : []);
    fill(this.list, part("In this browser", views.filter((view) => view.isOwn)), part("Of the project", views.filter((view) => !view.isOwn)));
  }

  /** @param {View} view */
  line(view) {
    const may = view.isOwn || this.mayShare;
    const open = h("a", { class: "tk-saved-open", href: `?${new URLSearchParams({ project: this.project })}&${view.address}` }, view.name);
    open.addEventListener("click", (/** @type {any} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.dialog.close();
      this.shell.openSaved(view);
    });
    const button = (/** @type {any} */ name, /** @type {string} */ title, /** @type {() => any} */ run) => {
      const made = h("button", { class: "tk-btn bare icon sm", title, "aria-label": `${title}: ${view.name}` }, icon(name));
      made.addEventListener("click", run);
      return made;
    };
    return h("li", null, open, h("span", { class: "tk-soft" }, view.by ? `${view.by}, ` : null, when(view.changed_s, "ago")),
      may ? [button("pencil", "Rename", () => this.rename(view, open)), button("views", "Replace by what is shown now", () => this.change(view, { address: addressNow(this.shell) }, `“${view.name}” is now what is shown.${withoutTicks(this.shell)}`)), button("close", "Delete", () => this.change(view, { deleted: true }, `Deleted the view “${view.name}”.`))] : null);
  }

  /** @param {View} view @param {HTMLElement} line its link, in whose place the field stands: another view may have the same name */
  rename(view, line) {
    const field = h("input", { type: "text", value: view.name, maxlength: "256", "aria-label": `New name of ${view.name}` });
    const form = h("form", { class: "tk-field tk-saved-rename" }, field);
    form.addEventListener("submit", (/** @type {any} */ event) => {
      event.preventDefault();
      const name = field.value.trim();
      if (name && name !== view.name) this.change(view, { name }, `“${view.name}” is now “${name}”.`);
      else this.draw();
    });
    field.addEventListener("keydown", (/** @type {any} */ event) => event.key === "Escape" && (event.preventDefault(), event.stopPropagation(), this.draw()));
    line.replaceWith(form);
    field.focus();
    field.select();
  }

  /** @param {View} view @param {{name?: string, address?: string, deleted?: boolean}} changes @param {string} words */
  async change(view, changes, words) {
    text(this.said, "");
    const before = /** @type {any} */ (Object.fromEntries(Object.keys(changes).map((key) => [key, key === "deleted" ? false : view[/** @type {"name" | "address"} */ (key)]])));
    const { source } = this.shell;
    const project = this.project;
    const apply = async (/** @type {any} */ what) => {
      if (!view.isOwn) return source.changeView(project, view.id, what);
      const own = ownOf(project);
      if (what.deleted === true) return keepOwn(project, own.filter((each) => each.id !== view.id));
      if (what.deleted === false) return keepOwn(project, [...own, view]);
      if (what.name && own.some((each) => each.name === what.name && each.id !== view.id)) throw new Error(`You have a view “${what.name}” already.`);
      return keepOwn(project, own.map((each) => (each.id === view.id ? { ...each, ...what, changed_s: Date.now() / 1000 } : each)));
    };
    try {
      await apply(changes);
      this.done(words, () => apply(before));
    } catch (error) {
      text(this.said, /** @type {Error} */ (error).message);
    }
  }

  /** @param {string} words @param {() => any} undo */
  done(words, undo) {
    if (this.name) this.name.value = "";
    toast(words, { undo: async () => (await undo(), this.body?.isConnected && this.draw()) });
    this.draw();
  }
}
