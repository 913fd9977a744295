// @ts-check
/** One artifact: its versions, newest first, and the one that is chosen, alone or beside another. */

import { fill, h, text } from "../base/dom.js";
import { middle } from "../base/fit.js";
import { icon } from "../base/icons.js";
import { skeleton } from "../base/notices.js";
import { when } from "../base/times.js";
import { count, plural } from "../base/words.js";
import { size } from "../experiment/checkpoints.js";
import { plainTable } from "../experiment/pane.js";
import { versionWord } from "../experiment/artifacts.js";
import { addressOf } from "./names.js";
import { VersionPanel } from "./version.js";

const AT_ONCE = 100; // versions asked for and drawn at once

export class Opened {
  /** @param {{state: import("../data/state.js").PageState, source: any, open: (id: string) => void}} parts */
  constructor({ state, source, open }) {
    this.state = state;
    this.source = source;
    /** @type {string | undefined} */ this.name = undefined;
    /** @type {string | undefined} */ this.stamp = undefined;
    /** @type {string | undefined} */ this.key = undefined;
    /** @type {any} */ this.trouble = null;
    this.panel = new VersionPanel({ state, source, open });
    this.back = h("button", { class: "tk-crumb", title: "All artifacts of the project", on: { click: () => state.set({ artifactName: null, artifactVersion: null, artifactAgainst: null }) } }, "Artifacts");
    this.title = h("h2", null);
    this.about = h("span", { class: "tk-soft" });
    this.list = h("section", { class: "tk-panel tk-artifact-versions", "aria-label": "Versions" });
    this.more = h("button", { class: "tk-btn sm tk-more", hidden: true });
    this.more.addEventListener("click", () => this.ask(this.versions.length));
    this.root = h("div", { class: "tk-artifacts tk-artifact-one", hidden: true },
      h("div", { class: "tk-artifact-head" }, this.back, h("span", { class: "tk-soft" }, "/"), this.title, this.about),
      h("div", { class: "tk-artifact-columns" }, h("div", { class: "tk-stack" }, this.list, this.more), h("div", { class: "tk-stack" }, this.panel.root)));
    /** @type {any[]} */ this.versions = [];
    this.total = 0;
  }

  forget() {
    this.name = this.stamp = this.key = undefined;
    this.versions = [];
    this.panel.forget();
  }

  /** @param {any[]} rows all artifacts of the project @param {string} name */
  paint(rows, name) {
    const row = rows.find((each) => each.name === name);
    const stamp = JSON.stringify(row ?? null);
    if (name !== this.name) this.forget();
    text(this.title, name);
    this.title.title = name;
    this.name = name;
    if (!row) {
      this.panel.root.hidden = this.more.hidden = true;
      text(this.about, "");
      this.key = undefined;
      return void fill(this.list, h("p", { class: "tk-soft tk-pane-words" }, `There is no artifact “${name}” in this project: it was never logged here, or went with the experiment that made it.`));
    }
    this.panel.root.hidden = false;
    text(this.about, [row.type, plural(row.versions, "version")].filter(Boolean).join(", "));
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.ask(0);
    }
    this.draw();
  }

  /** The versions from a place on; from 0 on all that were shown are asked for again. @param {number} offset */
  async ask(offset) {
    const [name, project] = [this.name, this.state.get("project")];
    const limit = offset ? AT_ONCE : Math.max(AT_ONCE, this.versions.length);
    try {
      const { versions, total } = await this.source.artifactVersions(project, name, { offset, limit });
      if (name !== this.name || project !== this.state.get("project")) return;
      const before = offset ? this.versions.filter((each) => !versions.some((/** @type {any} */ other) => other.digest === each.digest)) : [];
      [this.versions, this.total, this.trouble] = [[...before, ...versions], total, null];
    } catch (error) {
      if (name !== this.name) return;
      this.stamp = undefined; // the next look at the names asks again
      this.trouble = /** @type {any} */ (error);
    }
    this.draw();
  }

  draw() {
    const wanted = this.state.get("artifactVersion");
    const chosen = wanted ?? wordOf(this.versions[0]);
    const against = this.state.get("artifactAgainst");
    const key = JSON.stringify([this.versions.map((each) => [each.digest, each.version, each.aliases, each.used_by?.length]), chosen, against, this.trouble?.message, this.total]);
    if (key !== this.key) {
      this.key = key;
      this.#list(chosen, against);
    }
    if (chosen) this.panel.paint({ name: this.name ?? "", version: chosen, against, versions: this.versions, known: this.versions.find((each) => fits(each, chosen)) });
  }

  /** @param {string | undefined} chosen @param {string | null} against */
  #list(chosen, against) {
    if (!this.versions.length) return void fill(this.list, this.trouble ? h("p", { class: "tk-pane-words" }, `${this.trouble.title ?? ""} ${this.trouble.detail ?? this.trouble.message} `, h("button", { class: "tk-btn sm", on: { click: () => this.ask(0) } }, "Try again")) : skeleton());
    const head = ["version", "size", "files", "made by", "when", "used"].map((word) => h("th", { class: ["size", "files", "used"].includes(word) ? "num" : "", scope: "col" }, word));
    const focused = this.list.contains(document.activeElement) ? document.activeElement?.textContent : null;
    fill(this.list, plainTable({ label: "Versions", class: "tk-artifact-rows", head, rows: this.versions.map((each) => this.#row(each, chosen, against)) }));
    if (focused) /** @type {any} */ ([...this.list.querySelectorAll("td a")].find((each) => each.textContent === focused))?.focus();
    const left = this.total - this.versions.length;
    this.more.hidden = left <= 0;
    fill(this.more, icon("down"), `Show ${count(Math.min(left, AT_ONCE))} more of ${count(left)} older versions`);
    return undefined;
  }

  /** @param {any} each @param {string | undefined} chosen @param {string | null} against */
  #row(each, chosen, against) {
    const word = wordOf(each);
    const isHere = fits(each, chosen);
    const link = h("a", { href: addressOf(this.state, { artifact: each.name, version: word }), title: each.digest, "aria-current": isHere ? "true" : null }, versionWord(each.version));
    link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.state.set({ artifactVersion: word, artifactAgainst: fits(each, against ?? undefined) ? null : against });
    });
    const maker = each.from_name ?? each.from_experiment;
    return h("tr", { class: [isHere ? "here" : "", fits(each, against ?? undefined) ? "against" : ""].join(" ") },
      h("td", null, link, " ", (each.aliases ?? []).map((/** @type {string} */ alias) => h("span", { class: "tk-tag" }, alias))),
      h("td", { class: "num" }, size(each.bytes)), h("td", { class: "num" }, count(each.file_count ?? 0)), h("td", { class: "tk-artifact-maker", title: [...new Set([maker, each.from_experiment])].join("\n") }, middle(maker ?? "–")),
      h("td", null, when(each.time_s, "ago")), h("td", { class: "num" }, each.used_by?.length ? count(each.used_by.length) : "–"));
  }
}

/** What names a version in an address: v3, or its digest while it has no number. @param {any} version */
export const wordOf = (version) => (version === undefined ? undefined : version.version === null ? version.digest : `v${version.version}`);

/** @param {any} version @param {string | undefined} word v3, an alias or a digest */
export const fits = (version, word) => word !== undefined && (wordOf(version) === word || version.digest === word || (version.aliases ?? []).includes(word));
