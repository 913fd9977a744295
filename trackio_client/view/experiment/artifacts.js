// @ts-check
/** Artifacts that an experiment logged and used: versions, aliases, files to download, where they come from and go to. */

import { copyButton, size } from "./checkpoints.js";
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { Pane, plainTable } from "./pane.js";
import { when } from "../base/times.js";
import { plural } from "../base/words.js";

const FIRST_FILES = 100;
const FIRST_LINKS = 12;

export class ArtifactsPanel {
  /** @param {{source: any, state?: any}} parts */
  constructor({ source, state }) {
    this.source = source;
    this.state = state;
    this.pane = new Pane("Artifacts");
    this.root = this.pane.root;
    this.listed = h("div", null);
    this.pane.body.append(this.listed);
  }

  /** @param {string} id */
  async ask(id) {
    if (!this.source.artifacts) return;
    this.id = id;
    try {
      this.paint(await this.source.artifacts(id));
      if (this.source.lineage) this.pane.whenSeen(() => this.askLineage());
      if (this.pane.isSeen) await this.askLineage();
    } catch {
      // The next event of an artifact asks again.
    }
  }

  /** The picture of where all of it comes from: its module and its data are fetched when the panel is seen. */
  async askLineage() {
    try {
      const [{ Lineage }, graph] = await Promise.all([import("./lineage.js"), this.source.lineage(this.id)]);
      this.lineage ??= new Lineage({ open: (id) => this.go(id) });
      if (!this.lineage.root.isConnected) this.pane.body.prepend(this.lineage.root);
      this.lineage.paint(this.id ?? "", graph);
    } catch {
      // The list below says the same; the next event of an artifact asks again.
    }
  }

  /** @param {string} id */
  go(id) {
    if (this.state) this.state.set({ view: "experiment", experiment: id });
    else location.search = `?${new URLSearchParams({ experiment: id })}`;
  }

  /** @param {any} found {logged: [...], used: [...]} */
  paint(found) {
    const [logged, used] = [found?.logged ?? [], found?.used ?? []];
    this.pane.show(logged.length + used.length > 0);
    const key = JSON.stringify(found);
    if (key === this.key) return;
    this.key = key;
    this.pane.say([logged.length ? `${logged.length} logged` : "", used.length ? `${used.length} used` : ""].filter(Boolean).join(", "));
    // What the reader has opened stays open when another artifact comes.
    this.open = new Set([...this.listed.querySelectorAll("details[open]")].map((/** @type {any} */ each) => each.dataset.key));
    fill(this.listed, logged.map((/** @type {any} */ each) => this.one(each, "logged")), used.map((/** @type {any} */ each) => this.one(each, "used")));
  }

  /** @param {any} artifact @param {"logged" | "used"} way */
  one(artifact, way) {
    const files = artifact.files ?? [];
    const { bytes, file_count: held = files.length, from_experiment: from, logged_by: makers = [], used_by: users = [], used: sources = [] } = artifact;
    const others = way === "logged" ? makers.filter((/** @type {any} */ each) => each.experiment_id !== this.id) : [];
    const about = [artifact.type, way === "used" ? "used" : null, held ? plural(held, "file") : null, typeof bytes === "number" ? size(bytes) : null];
    const line = (/** @type {string} */ word, /** @type {any} */ body) => h("p", { class: "tk-pane-words" }, h("span", null, word, " "), body);
    const key = [way, artifact.project, artifact.name, artifact.digest].join("\n");
    return h("details", { class: "tk-artifact", data: { key }, open: this.open?.has(key) },
      h("summary", null, h("b", { title: artifact.name }, artifact.name), h("span", { class: "tk-tag" }, versionWord(artifact.version)), (artifact.aliases ?? []).map((/** @type {any} */ alias) => h("span", { class: "tk-tag" }, String(alias))), h("span", { class: "tk-soft" }, about.filter(Boolean).join(", "))),
      h("div", null,
        artifact.description ? h("p", { class: "tk-pane-words" }, String(artifact.description)) : null,
        way === "used" && from ? line("Logged by", this.link(from, artifact.from_name)) : null,
        others.length ? line("Logged by others too:", this.links(others)) : null,
        sources.length ? line("Made from", listOf(sources.map((/** @type {any} */ each) => `${each.name}:${versionWord(each.version)}`))) : null,
        users.length ? line("Used by", this.links(users)) : null,
        h("p", { class: "tk-pane-words tk-inline" }, artifact.time_s ? h("span", null, "Logged ", when(artifact.time_s)) : null, artifact.digest ? [h("code", { title: artifact.digest }, String(artifact.digest).slice(0, 12)), copyButton(artifact.digest, "Copy its digest")] : null),
        artifact.metadata && Object.keys(artifact.metadata).length ? h("pre", { class: "tk-text", tabindex: "0" }, JSON.stringify(artifact.metadata, null, 1)) : null,
        files.length ? this.files(artifact, files) : h("p", { class: "tk-soft tk-pane-words" }, way === "used" && !from ? "Its project is not on this server." : "It holds no file.")));
  }

  /** @param {any[]} experiments */
  links(experiments) {
    const more = experiments.length - FIRST_LINKS;
    return [experiments.slice(0, FIRST_LINKS).map((each, i) => [i ? ", " : "", this.link(each.experiment_id, each.name)]), more > 0 ? ` and ${plural(more, "more experiment")}` : null];
  }

  /** @param {string} id @param {any} name */
  link(id, name) {
    const link = h("a", { href: `?${new URLSearchParams({ experiment: id })}`, title: id }, name ?? id);
    link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || !this.state) return;
      event.preventDefault();
      this.go(id);
    });
    return link;
  }

  /** @param {any} artifact @param {any[]} files */
  files(artifact, files) {
    const row = (/** @type {any} */ file) => {
      const hash = file.file;
      const name = String(file.path ?? hash);
      const address = hash && this.source.blob ? this.source.blob(hash, name) : null;
      const save = () => h("a", { class: "tk-btn sm icon", href: address, download: name.split("/").at(-1), title: `Download ${name}`, "aria-label": `Download ${name}` }, icon("download"));
      return h("tr", null,
        h("td", { title: name }, h("div", { class: "tk-line" }, h("span", null, name), hash ? copyButton(hash, "Copy its SHA-256") : null)),
        h("td", { class: "num" }, file.bytes === null || file.bytes === undefined ? "–" : size(file.bytes)),
        h("td", null, address ? save() : elsewhere(file)));
    };
    const more = files.length - FIRST_FILES;
    const wide = files.some((file) => file.reference || file.not_kept) ? " wide" : "";
    return [plainTable({ class: `tk-files${wide}`, label: `Files of ${artifact.name}`, head: ["file", "size", ""].map((word, i) => h("th", { class: i === 1 ? "num" : "", scope: "col", "aria-label": word || "download" }, word)), rows: files.slice(0, FIRST_FILES).map(row) }), more > 0 ? h("p", { class: "tk-soft tk-pane-words" }, `${plural(more, "more file")} not listed.`) : null];
  }
}

/** A file whose content is not here: where it is, or why it was not kept. @param {any} file */
export function elsewhere(file) {
  const { reference, not_kept: why } = file;
  if (why) return h("span", { class: "tk-soft", title: `not kept: ${why}${reference ? `\n${reference}` : ""}` }, `not kept: ${why}`);
  if (!reference) return null;
  return h("div", { class: "tk-line" }, h("span", { class: "tk-soft", title: reference }, String(reference)), copyButton(String(reference), "Copy its address"));
}

/** @param {string[]} names */
const listOf = (names) => names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");
/** @param {any} version */
export const versionWord = (version) => (version === null || version === undefined ? "no version yet" : /^v/.test(String(version)) ? String(version) : `v${version}`);
