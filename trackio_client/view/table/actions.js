// @ts-check
/** What is done with chosen experiments: shown in charts, tagged, archived, deleted. Each can be taken back by Undo. */
import { h, text } from "../base/dom.js";
import { isMarked, mark } from "../base/marks.js";
import { openMenu } from "../base/menu.js";
import { toast } from "../base/toast.js";
import { count, plural } from "../base/words.js";

const AT_ONCE = 500; // experiments in one request
const MOST_SHOWN = 100; // lines in charts: more say nothing, and cost everyone

/** Call with parts of a long list, one after the other; returns all that the answers name. @param {string[]} ids @param {(some: string[]) => Promise<any>} call
 * @param {string} field @returns {Promise<string[]>} */
async function inParts(ids, call, field) {
  const done = [];
  for (let i = 0; i < ids.length; i += AT_ONCE) done.push(...(await call(ids.slice(i, i + AT_ONCE)))[field]);
  return done;
}

/** @typedef {[string, () => Promise<any>, () => Promise<any>]} Said what was done, what takes it back, and what does it again
 * @typedef {{source: any, experiments: any}} Parts */

/** Out of the usual lists, or back if all are out. @param {any[]} rows @param {Parts} parts @returns {Promise<Said>} */
async function setArchived(rows, { source }) {
  const on = !rows.every((row) => row.archived);
  const change = (/** @type {string[]} */ ids, /** @type {boolean} */ archived) => inParts(ids, (some) => source.editMany({ experiments: some, archived }), "edited");
  const edited = await change(rows.map((row) => row.id), on);
  const words = on ? `Archived ${plural(edited.length, "experiment")}: out of the usual lists, and found with archived = true.` : `${plural(edited.length, "experiment")} back in the usual lists.`;
  return [words, () => change(edited, !on), () => change(edited, on)];
}

/** @param {any[]} rows @param {Parts} parts @returns {Promise<Said>} */
async function putIntoBin(rows, { source }) {
  const watched = rows.map((row) => row.id).filter((id) => isMarked("watched", id)); // who deletes need not be told of it
  const put = async (/** @type {string[]} */ ids) => {
    const done = await inParts(ids, (some) => source.binned("put", some), "binned");
    if (watched.length) mark("watched", watched, false);
    return done;
  };
  const restore = async () => {
    await inParts(binned, (some) => source.binned("restore", some), "restored");
    if (watched.length) mark("watched", watched, true);
  };
  const binned = await put(rows.map((row) => row.id));
  return [
    `Deleted ${plural(binned.length, "experiment")}. In the bin for seven days; what was pushed to a dataset repo stays in its history.`,
    restore,
    () => put(binned),
  ];
}

/** Say that it pauses, or runs: of a training that was stopped for a while, or goes on. @param {any} row @param {Parts} parts @returns {Promise<Said>} */
async function setPaused(row, { source }) {
  const on = row.state !== "paused";
  const change = (/** @type {boolean} */ paused) => source.edit(row.id, { state: paused ? "paused" : "running" });
  await change(on);
  return [on ? `“${row.name}” is marked as paused. Its training is not touched.` : `“${row.name}” is not marked as paused any more.`, () => change(!on), () => change(on)];
}

/** Do it, say it, offer to take it back; and look at the list at once. @param {() => Promise<Said>} act @param {Parts} parts */
async function did(act, { experiments }) {
  const then = async (/** @type {() => Promise<any>} */ call) => (await call(), experiments.ask());
  try {
    const [words, back, again] = await act();
    toast(words, { undo: () => then(back), redo: () => then(again) });
  } catch (error) {
    toast(`That was not done: ${/** @type {Error} */ (error).message}`, { isTrouble: true });
  } finally {
    experiments.ask();
  }
}

/** What may be done with one experiment by who reads here: items of a menu, each with what it does.
 * @param {any} row @param {Parts & {may: string | null}} parts `may`: the role of who reads @param {() => void} [gone] it was deleted: its own page has nothing to show any more
 * @returns {{value: string, label: string, note?: string, run: () => any}[]} */
export function actionsOf(row, parts, gone = () => {}) {
  const { source, may } = parts;
  const canEdit = Boolean(source.editMany) && (may === "writer" || may === "owner");
  const pauses = canEdit && (row.state === "running" || row.state === "lost_contact" || row.state === "paused");
  return [
    ...(pauses ? [{ value: "pause", label: row.state === "paused" ? "Mark as running again" : "Mark as paused", run: () => did(() => setPaused(row, parts), parts) }] : []),
    ...(canEdit ? [{ value: "archive", label: row.archived ? "Unarchive" : "Archive", note: "for everybody", run: () => did(() => setArchived([row], parts), parts) }] : []),
    ...(source.binned && may === "owner" ? [{ value: "delete", label: "Delete", note: "into the bin", run: () => did(() => putIntoBin([row], parts).then((said) => (gone(), said)), parts) }] : []),
  ];
}

export class Actions {
  /** @param {{state: any, source: any, experiments: any, choosing: import("./choosing.js").Choosing, copy: () => void, against: (id: string) => void}} parts */
  constructor({ state, source, experiments, choosing, copy, against }) {
    this.state = state;
    this.source = source;
    this.experiments = experiments;
    this.choosing = choosing;
    this.role = "";
    this.words = h("b", { role: "status" });
    const button = (/** @type {string} */ label, /** @type {string} */ title, /** @type {(button: HTMLElement) => any} */ run, kind = "") => {
      const made = h("button", { class: `tk-btn sm ${kind}`, title }, label);
      made.addEventListener("click", () => run(made));
      return made;
    };
    this.show = button("Show in charts", "Exactly these in all charts", () => this.showOnly(), "primary");
    this.tags = button("Tag", "Add or remove a tag", (at) => this.openTags(at));
    this.archive = button("Archive", "Out of the usual lists, for everybody", () => this.setArchived());
    this.remove = button("Delete", "Into the bin for seven days", () => this.delete(), "danger");
    const copies = button("Copy", "Copy these as a Markdown table", () => copy());
    this.against = button("Baseline", "Every metric's difference to this one, in percent", () => against(this.rows()[0].id));
    const clear = button("Clear", "Choose none (Escape)", () => this.choosing.clear(), "bare");
    this.root = h("div", { class: "tk-chosen-bar", role: "toolbar", "aria-label": "What to do with the chosen experiments", hidden: true }, this.words, this.show, this.against, this.tags, this.archive, this.remove, copies, clear);
    choosing.addEventListener("change", () => this.draw());
    source.session?.().then((/** @type {any} */ who) => this.draw((this.role = who.role)), () => {});
    this.draw();
  }

  get canEdit() {
    return Boolean(this.source.editMany) && (this.role === "writer" || this.role === "owner");
  }

  get canDelete() {
    return Boolean(this.source.binned) && this.role === "owner";
  }

  /** @returns {any[]} */
  rows() {
    return this.state.get("experiments").filter((/** @type {any} */ row) => this.choosing.has(row.id));
  }

  draw(_role = "") {
    const rows = this.rows();
    this.root.hidden = rows.length === 0;
    text(this.words, `${count(rows.length)} chosen`);
    this.against.hidden = rows.length !== 1;
    this.tags.hidden = this.archive.hidden = !this.canEdit;
    this.remove.hidden = !this.canDelete;
    text(this.archive, rows.length && rows.every((row) => row.archived) ? "Unarchive" : "Archive");
  }

  showOnly() {
    const rows = this.rows();
    const before = this.experiments.ticksByHand();
    this.experiments.tickOnly(rows.slice(0, MOST_SHOWN).map((row) => row.id));
    const rest = rows.length > MOST_SHOWN ? ` The first ${MOST_SHOWN} of them: charts of more say nothing.` : "";
    toast(`${plural(Math.min(rows.length, MOST_SHOWN), "experiment")} in the charts.${rest}`, { undo: () => (before ? this.experiments.tickListed(before) : this.experiments.tickNewest()) });
  }

  /** @param {HTMLElement} at */
  openTags(at) {
    const rows = this.rows();
    const all = new Map();
    for (const row of this.state.get("experiments")) for (const tag of row.tags ?? []) all.set(tag, 0);
    for (const row of rows) for (const tag of row.tags ?? []) all.set(tag, (all.get(tag) ?? 0) + 1);
    const field = h("input", { type: "text", placeholder: "New tag", "aria-label": "New tag", maxlength: "256", autocomplete: "off" });
    const add = h("button", { class: "tk-btn sm primary" }, "Add");
    const box = h("form", { class: "tk-tag-form" }, field, add);
    const items = [...all].sort(([a], [b]) => a.localeCompare(b)).map(([tag, n]) => ({ value: tag, label: tag, note: n === rows.length ? "all: press to remove" : n ? `${count(n)} of ${count(rows.length)}` : "", chosen: n === rows.length }));
    const menu = openMenu(at, { title: "Tags", items, choose: (tag) => this.tag(tag, all.get(tag) !== rows.length), empty: "No tag in this project yet." });
    menu.prepend(box);
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      const tag = field.value.trim();
      menu.hidePopover();
      if (tag) this.tag(tag, true);
    });
    setTimeout(() => field.focus(), 0);
  }

  /** @param {string} tag @param {boolean} on */
  async tag(tag, on) {
    const change = (/** @type {string[]} */ ids, /** @type {boolean} */ add) =>
      inParts(ids, (some) => this.source.editMany({ experiments: some, [add ? "add_tags" : "remove_tags"]: [tag] }), "edited");
    await this.did(async () => {
      const edited = await change(this.rows().map((row) => row.id), on);
      return [`${on ? `Tagged ${plural(edited.length, "experiment")} “${tag}”` : `Removed “${tag}” from ${plural(edited.length, "experiment")}`}.`, () => change(edited, !on), () => change(edited, on)];
    });
  }

  async setArchived() {
    await this.did(() => setArchived(this.rows(), this).then((said) => (this.choosing.clear(), said)));
  }

  async delete() {
    await this.did(() => putIntoBin(this.rows(), this).then((said) => (this.choosing.clear(), said)));
  }

  /** @param {() => Promise<Said>} act */
  async did(act) {
    this.root.classList.add("busy");
    await did(act, this);
    this.root.classList.remove("busy");
  }
}
