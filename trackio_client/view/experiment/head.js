// @ts-check
/** The head of an experiment's page: what it is called, its state and since when, how far it is, what was noted; edited in place. */

import { variableOf } from "../base/colors.js";
import { fill, h, text } from "../base/dom.js";
import { hasEnded, icon, sign, stateWord } from "../base/icons.js";
import { copy } from "../base/notices.js";
import { age, capital, clock, duration, iso, number, plural, revived } from "../base/words.js";
import { codeButton } from "./code.js";
import { InPlace, aName, mayEdit, someTags } from "./editing.js";
import { Notes } from "./notes.js";
import { ReceiptLine } from "./receipt.js";

const LOSSES = ["train/loss", "loss", "train_loss", "eval/loss", "eval_loss", "val/loss", "val_loss"];

export class Head {
  /** @param {{source: any, id: string, detail: any, state: import("../data/state.js").PageState, leave: () => void, edited: (detail: any) => void}} parts */
  constructor({ source, id, detail, state, leave, edited }) {
    Object.assign(this, { source, id, state, detail });
    this.row = detail;
    const edit = async (/** @type {Record<string, any>} */ changes) => edited(await source.edit(id, changes));
    const others = (/** @type {string} */ key) => [...new Set(state.get("experiments").flatMap((/** @type {any} */ each) => each[key] ?? []))].filter(Boolean).map(String).sort().slice(0, 200);
    this.name = new InPlace({ what: "name", tag: "h1", draw: (value) => String(value ?? ""), write: (value) => String(value ?? ""), read: (typed) => aName(typed, "name"), save: (name) => edit({ name }) });
    this.tags = new InPlace({
      what: "tags", add: "Add tags", hint: "tags, parted by commas", draw: (value) => (value ?? []).map((/** @type {string} */ tag) => h("span", { class: "tk-tag" }, tag)),
      write: (value) => (value ?? []).join(", "), read: (typed) => someTags(typed, this.row.tags ?? []), save: (tags) => edit({ tags }), known: () => others("tags"),
    });
    this.group = new InPlace({
      what: "group", add: "Add to a group", hint: "a group of this project", draw: (value) => ["Group ", h("b", null, String(value ?? ""))], write: (value) => String(value ?? ""),
      read: (typed) => (typed.trim() ? aName(typed, "group") : null), save: (group) => edit({ group }), known: () => others("group"),
    });
    this.notes = new Notes({ source, id, saved: edited });
    this.dot = h("i", { class: "tk-dot" });
    this.sign = h("span", { class: "tk-state" });
    const button = h("button", { class: "tk-btn sm tk-id", title: "Copy the experiment's id" }, h("span", { class: "tk-copy-icon" }, icon("copy")), h("span", { class: "tk-mono" }, id));
    button.addEventListener("click", () => copy(id, button.firstChild));
    const use = source.session ? codeButton({ row: () => this.row, needsToken: async () => (await source.session()).can_log_out === true, artifact: () => this.artifact }) : null;
    this.crumb = h("button", { class: "tk-crumb", title: "All experiments of the project", on: { click: leave } }, detail.project);
    this.facts = h("div", { class: "tk-facts" });
    this.words = h("span", { class: "tk-facts-words" });
    this.facts.append(this.words, this.group.root);
    this.receipt = new ReceiptLine();
    this.bar = h("i", null);
    this.progress = h("div", { class: "tk-progress", role: "progressbar", "aria-label": "Steps of the training", "aria-valuemin": "0", "aria-valuemax": "100", hidden: true }, this.bar);
    this.root = h("header", { class: "tk-head" },
      h("div", { class: "tk-head-line" },
        h("span", { class: "tk-title" }, this.crumb, h("span", { class: "tk-soft" }, "/"), this.dot, this.name.root), this.sign, this.tags.root, h("span", { class: "tk-grow" }),
        h("span", { class: "tk-head-buttons" }, use, this.#file(), button)),
      this.facts, this.progress, this.receipt.root, this.notes.root);
    this.#allow();
  }

  async #allow() {
    const may = await mayEdit(this.source).catch(() => false);
    for (const each of [this.name, this.tags, this.group, this.notes]) each.allow(may);
  }

  close() {
    this.notes.close();
  }

  /** The whole page of this experiment to keep or send; a page without a server has none to give. */
  #file() {
    if (!this.source.snapshot) return null;
    return h("a", { class: "tk-btn sm", href: this.source.snapshot(this.id), download: "", title: "Save charts and numbers as one HTML file, which opens without a server" }, icon("download"), "HTML");
  }

  /** @param {any} row what the page and the list know together @param {any} detail @param {any} training @param {number} now_s by the server's clock */
  paint(row, detail, training, now_s) {
    [this.row, this.detail] = [row, detail];
    text(this.crumb, row.project);
    this.dot.hidden = row.color === undefined;
    if (row.color !== undefined) this.dot.style.setProperty("--c", `var(${variableOf(row.color)})`);
    this.name.paint(row.name);
    this.tags.paint(row.tags ?? []);
    this.group.paint(row.group ?? null);
    this.notes.paint(detail);
    if (row.state !== this.stateWord) {
      this.stateWord = row.state;
      this.sign.className = `tk-state ${row.state}`;
      fill(this.sign, sign(row.state, false), capital(stateWord(row.state)));
    }
    this.#paintFacts(row, detail, training, now_s);
    this.receipt.paint(detail, row, now_s);
  }

  /** @param {any} row @param {any} detail @param {any} training @param {number} now_s */
  #paintFacts(row, detail, training, now_s) {
    const live = row.state === "running";
    const heard = Math.max(row.last_heard_s ?? 0, detail.last_heard_s ?? 0);
    const known = row.last_step !== null && row.last_step !== undefined;
    const total = stepsOf(detail, training);
    const share = known && total && row.last_step <= total ? row.last_step / total : null;
    const spent = (live ? now_s : row.last_event_s) - row.created_s;
    const end = endOf(row, detail);
    // What is left takes as long a step as what was done; a training that went on from a checkpoint began later than at step 0.
    const first = training?.run_config?.resumed_from_step ?? 0;
    const left = live && share !== null && row.last_step > first + 10 && spent > 30 && !row.generation ? (spent * (total - row.last_step)) / (row.last_step - first) : null;
    const loss = LOSSES.find((name) => detail.summary?.[name]);
    const last = loss ? revived(detail.summary[loss].last) : undefined;
    /** @type {([string, string, string?] | null)[]} */
    const parts = [
      live && heard ? ["Heard ", `${age(now_s - heard)} ago`, iso(heard)] : null,
      known ? ["Step ", total && total >= row.last_step ? `${row.last_step.toLocaleString("en-US")} of ${total.toLocaleString("en-US")}` : row.last_step.toLocaleString("en-US")] : null,
      left ? ["About ", `${duration(Math.max(60, left))} left`, "at the speed so far"] : null,
      [live ? "Running " : "Ran ", duration(live ? now_s - row.created_s : end === null ? row.duration_s : end - row.created_s)],
      ["Since ", clock(row.created_s, now_s), iso(row.created_s)],
      live ? null : end === null ? ["Last event ", clock(row.last_event_s, now_s), iso(row.last_event_s)] : ["Ended ", clock(end, now_s), iso(end)],
      last === undefined || last === null ? null : ["Last loss ", number(last), `${loss}, ${String(last)}`],
      ["", plural(row.metric_count ?? 0, "metric")],
      ["", plural(row.point_count ?? 0, "value")],
      reopened(row, training),
    ];
    const told = /** @type {[string, string, string?][]} */ (parts.filter(Boolean));
    const words = told.map(([before, value]) => before + value).join("|");
    if (words !== this.said) {
      this.said = words;
      fill(this.words, told.map(([before, value, hover]) => h("span", hover ? { title: hover } : null, before, h("b", null, value))));
    }
    this.progress.hidden = !live || share === null;
    if (share !== null) {
      this.bar.style.setProperty("--w", `${Math.min(100, share * 100)}%`);
      this.progress.setAttribute("aria-valuenow", String(Math.floor(share * 100)));
    }
  }
}

/** When it ended, or logged its last number: an edit of its notes is an event, too, and comes later. @param {any} row @param {any} detail @returns {number | null} */
function endOf(row, detail) {
  if (!hasEnded(row.state) || !(row.since_s >= row.created_s)) return null;
  const last = Object.values(detail.summary ?? {}).reduce((most, /** @type {any} */ each) => Math.max(most, Number(each.last_time_s) || 0), 0);
  return Math.max(row.since_s, last);
}

/** How many steps the training is to take, as far as it said. @param {any} detail @param {any} training @returns {number | null} */
function stepsOf(detail, training) {
  const said = [training?.run_config?.max_steps, training?.run_config?.schedule?.max_steps, detail.config?.max_steps, detail.config?.total_steps].map(revived);
  return said.find((each) => Number.isInteger(each) && each > 0) ?? null;
}

/** Why it was opened again after its end, as far as is known. @param {any} row @param {any} training @returns {[string, string, string?] | null} */
function reopened(row, training) {
  if (!row.generation) return null;
  const times = `opened again ${plural(row.generation, "time")}`;
  const from = training?.run_config?.resumed_from_step;
  if (from) return ["Resumed ", `from step ${number(from)}`, times];
  const after = [training?.evaluations_after_training?.length ? "evaluated" : "", training?.exports?.length ? "exported" : ""].filter(Boolean);
  if (after.length) return ["", `${capital(after.join(" and "))} after training`, times];
  return ["Resumed ", plural(row.generation, "time")];
}
