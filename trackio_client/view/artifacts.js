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
    const files = artifact.files ?? artifact.manifest?.files ?? [];
    const bytes = artifact.bytes ?? artifact.size_bytes ?? (files.length ? files.reduce((/** @type {number} */ sum, /** @type {any} */ file) => sum + (file.bytes ?? 0), 0) : undefined);
    const from = artifact.from_experiment ?? artifact.logged_by ?? artifact.experiment_id;
    const users = artifact.used_by ?? artifact.consumers ?? [];
    const details = h("details", { class: "tk-artifact" },
      h("summary", null, h("b", { title: artifact.name }, artifact.name), h("span", { class: "tk-tag" }, version(artifact.version)), (artifact.aliases ?? []).map((/** @type {any} */ alias) => h("span", { class: "tk-tag" }, String(alias))), h("span", { class: "tk-soft" }, [artifact.type, way === "used" ? "used" : null, files.length ? plural(files.length, "file") : null, bytes === undefined ? null : size(bytes)].filter(Boolean).join(", "))),
      h("div", { class: "tk-artifact-body" },
        artifact.description ? h("p", { class: "tk-pane-words" }, String(artifact.description)) : null,
        h("p", { class: "tk-pane-words" }, way === "used" && from ? ["From ", this.link(from, artifact.from_name)] : null, users.length ? ["Used by ", users.map((/** @type {any} */ each, /** @type {number} */ i) => [i ? ", " : "", this.link(typeof each === "string" ? each : each.experiment_id, each.name)])] : null, artifact.time_s ? h("span", { class: "tk-soft" }, ` ${iso(artifact.time_s)}`) : null),
        artifact.metadata && Object.keys(artifact.metadata).length ? h("pre", { class: "tk-text" }, JSON.stringify(artifact.metadata, null, 1)) : null,
        files.length ? this.files(artifact, files) : h("p", { class: "tk-soft tk-pane-words" }, way === "used" ? "Its files stand at the experiment that logged it." : "It holds no file.")),
    );
    return details;
  }

  /** @param {string} id @param {any} name */
  link(id, name) {
    return h("a", { href: `?${new URLSearchParams({ experiment: id })}`, title: id }, name ?? id);
  }

  /** @param {any} artifact @param {any[]} files */
  files(artifact, files) {
    const row = (/** @type {any} */ file) => {
      const hash = file.file ?? file.sha256;
      const address = hash && this.source.blob ? this.source.blob(hash) : null;
      const name = String(file.path ?? file.name ?? hash);
      return h("tr", null,
        h("td", { class: "tk-path", title: name }, h("span", null, name), hash ? copyButton(hash, "Copy its SHA-256") : null),
        h("td", { class: "num" }, file.bytes === null || file.bytes === undefined ? "–" : size(file.bytes)),
        h("td", null, address ? h("a", { class: "tk-btn sm icon", href: address, download: name.split("/").at(-1), title: `Download ${name}`, "aria-label": `Download ${name}` }, icon("download")) : file.reference ? h("span", { class: "tk-soft", title: file.reference }, "elsewhere") : null));
    };
    const more = files.length - FIRST_FILES;
    return [plainTable({ label: `Files of ${artifact.name}`, head: ["file", "size", ""].map((word, i) => h("th", { class: i === 1 ? "num" : "", scope: "col", "aria-label": word || "download" }, word)), rows: files.slice(0, FIRST_FILES).map(row) }), more > 0 ? h("p", { class: "tk-soft tk-pane-words" }, `${plural(more, "more file")} not listed.`) : null];
  }
}

/** @param {any} version */
const version = (version) => (version === null || version === undefined ? "no version yet" : /^v/.test(String(version)) ? String(version) : `v${version}`);
