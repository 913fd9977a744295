// @ts-check
/** The artifacts of a project: all names, or one of them with its versions. What is open stands in the address. */

import { fill, h } from "../base/dom.js";
import { copyLine, skeleton } from "../base/notices.js";
import { Names } from "./names.js";
import { Opened } from "./opened.js";

const EVERY_MS = 15_000;
const KEYS = ["artifactName", "artifactVersion", "artifactAgainst", "artifactSearch", "artifactSort", "artifactType"];

export class ArtifactsView {
  /** @param {HTMLElement} root @param {import("../shell/views.js").Parts} parts */
  constructor(root, { state, source, open }) {
    this.root = root;
    this.state = state;
    this.source = source;
    /** @type {any[] | null} */ this.rows = null;
    this.said = "";
    /** @type {any} */ this.trouble = null;
    this.names = new Names(state);
    this.opened = new Opened({ state, source, open });
    this.notice = h("div", null);
    this.notice.append(skeleton());
    root.append(this.notice, this.names.root, this.opened.root);
    state.follow(["project"], (/** @type {Set<string>} */ keys) => this.#moved(keys));
    state.follow(["view", ...KEYS], () => this.#draw());
    setInterval(() => this.#isSeen() && this.ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.#isSeen() && this.ask());
  }

  #isSeen() {
    return this.state.get("view") === "artifacts" && !document.hidden && this.state.get("project");
  }

  /** Names are those of a project; what comes with the new one, as Back brings it, stays. @param {Set<string>} keys */
  #moved(keys) {
    const project = this.state.get("project");
    if (this.project && project !== this.project) this.state.set(Object.fromEntries(KEYS.slice(0, 4).filter((key) => !keys.has(key)).map((key) => [key, key === "artifactSearch" ? "" : null])));
    this.project = project;
    this.rows = this.trouble = null;
    this.opened.forget();
    this.#draw();
  }

  async ask() {
    const project = this.state.get("project");
    if (this.asking === project) return;
    this.asking = project;
    try {
      const { artifacts } = await this.source.projectArtifacts(project);
      if (project !== this.state.get("project")) return;
      [this.rows, this.trouble] = [artifacts, null];
    } catch (error) {
      if (project === this.state.get("project")) this.trouble = /** @type {any} */ (error);
    } finally {
      this.asking = null;
    }
    this.#draw();
  }

  #draw() {
    if (this.state.get("view") !== "artifacts") return;
    if (this.rows === null && !this.trouble && this.#isSeen()) this.ask();
    const name = this.state.get("artifactName");
    const has = this.rows !== null && this.rows.length > 0;
    this.names.root.hidden = !has || Boolean(name);
    this.opened.root.hidden = !has || !name;
    this.notice.hidden = has;
    if (!has) return this.#say();
    if (name) this.opened.paint(this.rows ?? [], name);
    else this.names.paint(this.rows ?? [], this.trouble);
    return undefined;
  }

  #say() {
    const key = this.trouble ? `trouble ${this.trouble.message}` : this.rows ? "none" : "waiting";
    if (key === this.said) return;
    this.said = key;
    if (this.trouble) {
      const again = h("button", { class: "tk-btn", on: { click: () => this.ask() } }, "Try again");
      return void fill(this.notice, h("section", { class: "tk-notice" }, h("h1", null, this.trouble.title ?? "The artifacts did not come"), h("p", { class: "tk-soft" }, this.trouble.detail ?? this.trouble.message, " ", this.trouble.hint), again));
    }
    if (!this.rows) return void fill(this.notice, skeleton());
    fill(this.notice, h("section", { class: "tk-notice" }, h("h1", null, "No artifact yet"),
      h("p", { class: "tk-soft" }, "Log a model, a data set or any folder under a name: each new content becomes a version, and what uses it is remembered."),
      copyLine('experiment.log_artifact("out/model", name="model", type="model")')));
  }
}
