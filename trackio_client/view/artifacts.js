// @ts-check
/** Artifacts that an experiment logged and used: versions, aliases, files to download, where they come from and go to. */

import { copyButton, size } from "./checkpoints.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { Pane, plainTable } from "./pane.js";
import { iso, plural } from "./words.js";

const FIRST_FILES = 100;

export class ArtifactsPanel {
  /** @param {{source: any}} parts */
  constructor({ source }) {
    this.source = source;
    this.pane = new Pane("Artifacts");
    this.root = this.pane.root;
  }

  /** @param {string} id */
  async ask(id) {
    if (!this.source.artifacts) return;
    try {
      this.paint(await this.source.artifacts(id));
    } catch {
      // The next event of an artifact asks again.
    }
  }

  /** @param {any} found {logged: [...], used: [...]} */
  paint(found) {
    const [logged, used] = [found?.logged ?? [], found?.used ?? []];
    this.pane.show(logged.length + used.length > 0);
    const key = JSON.stringify(found);
    if (key === this.key) return;
    this.key = key;
    this.pane.say([logged.length ? `${logged.length} logged` : "", used.length ? `${used.length} used` : ""].filter(Boolean).join(", "));
    fill(this.pane.body, logged.map((/** @type {any} */ each) => this.one(each, "logged")), used.map((/** @type {any} */ each) => this.one(each, "used")));
  }

  /** @param {any} artifact @param {"logged" | "used"} way */
  one(artifact, way) {
    const files = artifact.files ?? [];
    const { bytes, file_count: held = files.length, from_experiment: from, used_by: users = [], used: sources = [] } = artifact;
    const about = [artifact.type, way === "used" ? "used" : null, held ? plural(held, "file") : null, typeof bytes === "number" ? size(bytes) : null];
    const line = (/** @type {string} */ word, /** @type {any} */ body) => h("p", { class: "tk-pane-words" }, h("span", null, word, " "), body);
    return h("details", { class: "tk-artifact" },
      h("summary", null, h("b", { title: artifact.name }, artifact.name), h("span", { class: "tk-tag" }, version(artifact.version)), (artifact.aliases ?? []).map((/** @type {any} */ alias) => h("span", { class: "tk-tag" }, String(alias))), h("span", { class: "tk-soft" }, about.filter(Boolean).join(", "))),
      h("div", null,
        artifact.description ? h("p", { class: "tk-pane-words" }, String(artifact.description)) : null,
        way === "used" && from ? line("Logged by", this.link(from, artifact.from_name)) : null,
        sources.length ? line("Made from", listOf(sources.map((/** @type {any} */ each) => `${each.name}:${version(each.version)}`))) : null,
        users.length ? line("Used by", users.map((/** @type {any} */ each, /** @type {number} */ i) => [i ? ", " : "", this.link(each.experiment_id, each.name)])) : null,
        h("p", { class: "tk-pane-words" }, artifact.time_s ? `${iso(artifact.time_s)} ` : null, artifact.digest ? [h("code", { title: artifact.digest }, String(artifact.digest).slice(0, 12)), copyButton(artifact.digest, "Copy its digest")] : null),
        artifact.metadata && Object.keys(artifact.metadata).length ? h("pre", { class: "tk-text", tabindex: "0" }, JSON.stringify(artifact.metadata, null, 1)) : null,
        files.length ? this.files(artifact, files) : h("p", { class: "tk-soft tk-pane-words" }, way === "used" && !from ? "Its project is not on this server." : "It holds no file.")));
  }

  /** @param {string} id @param {any} name */
  link(id, name) {
    return h("a", { href: `?${new URLSearchParams({ experiment: id })}`, title: id }, name ?? id);
  }

  /** @param {any} artifact @param {any[]} files */
  files(artifact, files) {
    const row = (/** @type {any} */ file) => {
      const hash = file.file;
      const address = hash && this.source.blob ? this.source.blob(hash) : null;
      const name = String(file.path ?? hash);
      return h("tr", null,
        h("td", { class: "tk-path", title: name }, h("span", null, name), hash ? copyButton(hash, "Copy its SHA-256") : null),
        h("td", { class: "num" }, file.bytes === null || file.bytes === undefined ? "–" : size(file.bytes)),
        h("td", null, address ? h("a", { class: "tk-btn sm icon", href: address, download: name.split("/").at(-1), title: `Download ${name}`, "aria-label": `Download ${name}` }, icon("download")) : file.reference ? h("span", { class: "tk-soft", title: file.reference }, "elsewhere") : null));
    };
    const more = files.length - FIRST_FILES;
    return [plainTable({ label: `Files of ${artifact.name}`, head: ["file", "size", ""].map((word, i) => h("th", { class: i === 1 ? "num" : "", scope: "col", "aria-label": word || "download" }, word)), rows: files.slice(0, FIRST_FILES).map(row) }), more > 0 ? h("p", { class: "tk-soft tk-pane-words" }, `${plural(more, "more file")} not listed.`) : null];
  }
}

/** @param {string[]} names */
const listOf = (names) => names.slice(0, 12).join(", ") + (names.length > 12 ? ` and ${names.length - 12} more` : "");
/** @param {any} version */
const version = (version) => (version === null || version === undefined ? "no version yet" : /^v/.test(String(version)) ? String(version) : `v${version}`);
