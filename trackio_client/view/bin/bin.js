// @ts-check
/** What was deleted: when, by whom, and how long it can be restored. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { toast } from "../base/toast.js";
import { when } from "../base/times.js";
import { count, plural } from "../base/words.js";

const EVERY_MS = 15000;

export class BinView {
  /** @param {HTMLElement} root @param {import("../shell/views.js").Parts} parts */
  constructor(root, { state, source, experiments }) {
    this.root = root;
    this.state = state;
    this.source = source;
    this.experiments = experiments;
    this.role = "";
    /** @type {Set<string>} */
    this.chosen = new Set();
    source.session?.().then((/** @type {any} */ who) => ((this.role = who.role), this.draw()), () => {});
    state.follow(["project", "view"], () => this.ask());
    setInterval(() => document.hidden || root.hidden || this.ask(), EVERY_MS);
  }

  async ask() {
    if (this.state.get("view") !== "bin" || !this.state.get("project")) return;
    const before = JSON.stringify([this.told, this.error?.message]);
    try {
      this.told = await this.source.bin(this.state.get("project"));
      this.error = null;
    } catch (error) {
      this.error = /** @type {Error} */ (error);
    }
    if (this.root.firstChild && JSON.stringify([this.told, this.error?.message]) === before) return; // whoever stands in it stays there
    const here = new Set((this.told?.experiments ?? []).map((/** @type {any} */ row) => row.experiment_id));
    for (const id of [...this.chosen]) if (!here.has(id)) this.chosen.delete(id);
    this.draw();
  }

  get canDelete() {
    return this.role === "owner";
  }

  draw() {
    const back = h("a", { href: `?${new URLSearchParams({ project: this.state.get("project") ?? "", view: "table" })}` }, "Table");
    back.addEventListener("click", (event) => (event.preventDefault(), this.state.set({ view: "table" })));
    const words = h("p", { class: "tk-soft" }, "What was deleted stays here for seven days, out of all lists, charts, links and static pages, and then goes for good. What its training still logs is kept with it. What was pushed to a dataset repo stays in the history of that repo, also when it is freed here.");
    const rows = this.told?.experiments ?? [];
    const body = this.error ? h("p", { class: "tk-error-text", role: "alert" }, this.error.message)
      : !this.told ? h("p", { class: "tk-soft" }, "Loading")
      : rows.length ? this.list(rows) : h("p", { class: "tk-bin-empty" }, icon("check"), " The bin is empty.");
    fill(this.root, h("section", { class: "tk-bin" }, h("header", null, h("p", { class: "tk-soft" }, back, " / Bin"), h("h1", null, "Bin"), words), body));
  }

  /** @param {any[]} rows */
  list(rows) {
    const some = rows.filter((row) => this.chosen.has(row.experiment_id));
    const all = h("input", { type: "checkbox", class: "tk-box", "aria-label": "Choose all" });
    all.checked = some.length === rows.length;
    all.indeterminate = some.length > 0 && !all.checked;
    all.addEventListener("change", () => {
      for (const row of rows) all.checked ? this.chosen.add(row.experiment_id) : this.chosen.delete(row.experiment_id);
      this.draw();
    });
    const bar = this.canDelete ? h("div", { class: "tk-bin-bar" }, h("span", { class: "tk-soft" }, some.length ? `${count(some.length)} chosen` : plural(rows.length, "experiment")),
      this.button("Restore", "Back into all lists", some, () => this.restore(some)), this.button("Delete now", "For good, at once", some, () => this.sure(some), "danger")) : null;
    const heads = ["Name", "Last step", "Values", "Deleted", "By", "Freed in"].map((label, i) => h("th", { scope: "col", class: i === 1 || i === 2 ? "num" : "" }, label));
    return h("div", null, bar, h("div", { class: "tk-bin-scroll", tabindex: "0", role: "region", "aria-label": "Deleted experiments" }, h("table", { class: "tk-bin-table" },
      h("thead", null, h("tr", null, this.canDelete ? h("th", { class: "tk-bin-pick", scope: "col" }, all) : null, heads, this.canDelete ? h("th", { scope: "col" }, h("span", { class: "tk-unseen" }, "What to do")) : null)),
      h("tbody", null, rows.map((row) => this.row(row))))));
  }

  /** @param {any} row */
  row(row) {
    const now_s = this.experiments.now_s();
    const pick = h("input", { type: "checkbox", class: "tk-box", "aria-label": `Choose ${row.name}` });
    pick.checked = this.chosen.has(row.experiment_id);
    pick.addEventListener("change", () => {
      pick.checked ? this.chosen.add(row.experiment_id) : this.chosen.delete(row.experiment_id);
      this.draw();
    });
    return h("tr", { data: { id: row.experiment_id } },
      this.canDelete ? h("td", { class: "tk-bin-pick" }, pick) : null,
      h("td", { title: row.experiment_id }, h("b", null, row.name), row.group ? h("span", { class: "tk-soft" }, ` ${row.group}`) : null, (row.tags ?? []).map((/** @type {string} */ tag) => h("span", { class: "tk-tag" }, tag))),
      h("td", { class: "num" }, row.last_step === null ? "–" : count(row.last_step)), h("td", { class: "num" }, count(row.point_count)),
      h("td", null, when(row.binned_s, "ago", now_s), ", ", when(row.binned_s, "clock", now_s)), h("td", null, row.by || "–"),
      h("td", null, when(row.goes_s, "left", now_s)),
      this.canDelete ? h("td", { class: "tk-bin-acts" }, this.button("Restore", `Restore ${row.name}`, [row], () => this.restore([row])), this.button("Delete now", `Delete ${row.name} for good`, [row], () => this.sure([row]), "danger bare")) : null);
  }

  /** @param {string} label @param {string} title @param {any[]} rows @param {() => any} run */
  button(label, title, rows, run, kind = "") {
    const made = h("button", { class: `tk-btn sm ${kind}`, title }, label);
    made.disabled = rows.length === 0;
    made.addEventListener("click", run);
    return made;
  }

  /** @param {any[]} rows */
  async restore(rows) {
    const ids = rows.map((row) => row.experiment_id);
    await this.did(async () => {
      await this.source.binned("restore", ids);
      toast(rows.length === 1 ? `“${rows[0].name}” is restored.` : `${plural(rows.length, "experiment")} restored.`, { undo: async () => (await this.source.binned("put", ids), this.after()) });
    });
  }

  /** Ask before what nothing takes back. @param {any[]} rows */
  sure(rows) {
    const who = rows.length === 1 ? `“${rows[0].name}” with ${plural(rows[0].point_count, "value")}` : `${plural(rows.length, "experiment")} with ${plural(rows.reduce((sum, row) => sum + row.point_count, 0), "value")}`;
    const yes = h("button", { class: "tk-btn danger" }, "Delete for good");
    const no = h("button", { class: "tk-btn" }, "Keep in the bin");
    const box = h("dialog", { class: "tk-sure", "aria-label": "Delete for good" }, h("h2", null, "Delete for good?"), h("p", null, `${who}. Nothing brings this back here. What was pushed to a dataset repo stays in the history of that repo.`), h("div", { class: "tk-sure-bar" }, no, yes));
    (this.root.closest(".tk") ?? document.body).append(box); // the list below is made anew every few seconds
    box.addEventListener("close", () => box.remove());
    no.addEventListener("click", () => box.close());
    yes.addEventListener("click", () => {
      box.close();
      this.did(async () => {
        await this.source.binned("free", rows.map((row) => row.experiment_id));
        toast(`Freed ${rows.length === 1 ? `“${rows[0].name}”` : plural(rows.length, "experiment")}.`);
      });
    });
    box.showModal();
    no.focus();
  }

  /** @param {() => Promise<any>} act */
  async did(act) {
    try {
      await act();
    } catch (error) {
      toast(`That was not done: ${/** @type {Error} */ (error).message}`, { isTrouble: true });
    }
    await this.after();
  }

  async after() {
    this.experiments.ask();
    await this.ask();
  }
}
