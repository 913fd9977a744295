// @ts-check
/** One version of an artifact: who made and used it, what it says, code that uses it, its files; or what differs from another one. */

import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { copyLine, skeleton } from "../base/notices.js";
import { when } from "../base/times.js";
import { count, plural } from "../base/words.js";
import { copyButton, size } from "../experiment/checkpoints.js";
import { inPython } from "../experiment/code.js";
import { quoted } from "../experiment/copies.js";
import { elsewhere, versionWord } from "../experiment/artifacts.js";
import { plainTable } from "../experiment/pane.js";
import { differenceOf } from "./differ.js";
import { addressOf } from "./names.js";
import { fits, wordOf } from "./opened.js";

const FILES = 200; // drawn at once
const LINKS = 12;

export class VersionPanel {
  /** @param {{state: import("../data/state.js").PageState, source: any, open: (id: string) => void}} parts */
  constructor({ state, source, open }) {
    this.state = state;
    this.source = source;
    this.open = open;
    /** @type {string | undefined} */ this.asked = undefined;
    /** @type {any[]} */ this.versions = [];
    this.root = h("section", { class: "tk-panel tk-artifact-version", "aria-label": "Version" });
    /** @type {Map<string, any>} by name, version and what the list says of it */ this.held = new Map();
    this.shown = FILES;
  }

  forget() {
    this.held.clear();
    this.asked = undefined;
    this.root.replaceChildren();
  }

  /** @param {{name: string, version: string, against: string | null, versions: any[], known: any}} what `known`: the row of the list, if it is there */
  async paint({ name, version, against, versions, known }) {
    const stamp = JSON.stringify([name, version, against, known?.aliases, known?.used_by?.length]);
    if (stamp === this.asked) return;
    if (this.asked === undefined || !this.asked.startsWith(JSON.stringify([name, version]).slice(0, -1))) this.shown = FILES;
    this.asked = stamp;
    this.versions = versions;
    const late = setTimeout(() => stamp === this.asked && fill(this.root, skeleton()), 150);
    try {
      const [one, other] = await Promise.all([this.#have(name, version, known), against ? this.#have(name, against, known) : null]);
      if (stamp !== this.asked) return;
      clearTimeout(late);
      this.#draw(one, other);
    } catch (error) {
      clearTimeout(late);
      if (stamp !== this.asked) return;
      const { title = "", detail, message, hint = "", status } = /** @type {any} */ (error);
      const again = () => ((this.asked = undefined), this.paint({ name, version, against, versions, known }));
      fill(this.root, h("p", { class: "tk-pane-words" }, [status === 404 ? "" : title, detail ?? message, hint].filter(Boolean).join(" ")), h("p", { class: "tk-pane-words" }, status === 404 ? this.#pick("Open the latest", { artifactVersion: null, artifactAgainst: null }) : h("button", { class: "tk-btn sm", on: { click: again } }, "Try again")));
    }
  }

  /** @param {string} words @param {any} patch */
  #pick(words, patch) {
    return h("button", { class: "tk-btn sm", on: { click: () => this.state.set(patch) } }, words);
  }

  /** A version with its files: these never change; aliases and users do, and the list tells of those. @param {string} name @param {string} word @param {any} known */
  async #have(name, word, known) {
    const key = JSON.stringify([name, word, fits(known ?? {}, word) ? [known.aliases, known.used_by?.length] : null]);
    let found = this.held.get(key);
    if (!found) {
      found = await this.source.artifact(this.state.get("project"), `${name}:${word}`);
      this.held.set(key, found);
      if (this.held.size > 40) this.held.delete(/** @type {string} */ (this.held.keys().next().value));
    }
    return found;
  }

  /** @param {any} one @param {any} other */
  #draw(one, other) {
    const others = menuButton({
      label: "", title: "Compare with", empty: "There is no other version.",
      items: () => [{ value: "", label: "nothing", chosen: !other }, ...this.versions.filter((/** @type {any} */ each) => each.digest !== one.digest).map((/** @type {any} */ each) => ({ value: String(wordOf(each)), label: versionWord(each.version), note: (each.aliases ?? []).join(", "), chosen: each.digest === other?.digest }))],
      choose: (value) => this.state.set({ artifactAgainst: value || null }),
    });
    others.say(other ? versionWord(other.version) : "nothing");
    const head = h("div", { class: "tk-panel-head" }, h("h2", null, `${one.name}:${versionWord(one.version)}`), (one.aliases ?? []).map((/** @type {string} */ alias) => h("span", { class: "tk-tag" }, alias)), h("span", { class: "tk-grow" }),
      this.versions.length > 1 ? h("span", { class: "tk-control" }, h("span", null, "Compare with"), others) : null);
    fill(this.root, head, h("div", { class: "tk-panel-body" }, other ? this.#difference(other, one) : this.#whole(one)));
  }

  /** @param {any} one */
  #whole(one) {
    const { metadata = {}, files = [], logged_by: makers = [], used_by: users = [], used: sources = [] } = one;
    const line = (/** @type {string} */ word, /** @type {any} */ body) => h("p", { class: "tk-pane-words" }, h("span", { class: "tk-soft" }, word, " "), body);
    return [
      one.description ? h("p", { class: "tk-pane-words" }, String(one.description)) : null,
      line("Made by", [this.#experiments(makers), h("span", { class: "tk-soft" }, ", ", when(one.time_s))]),
      sources.length ? line("From", sources.slice(0, LINKS).map((/** @type {any} */ each, /** @type {number} */ i) => [i ? ", " : "", this.#artifact(each)])) : null,
      line("Used by", users.length ? this.#experiments(users) : h("span", { class: "tk-soft" }, "no experiment so far")),
      h("p", { class: "tk-pane-words tk-inline" }, h("span", { class: "tk-soft" }, [one.type, plural(files.length, "file"), size(one.bytes)].filter(Boolean).join(", ")), h("code", { title: one.digest }, String(one.digest).slice(0, 12)), copyButton(one.digest, "Copy its digest")),
      this.#lineage(one),
      Object.keys(metadata).length ? h("pre", { class: "tk-text", tabindex: "0", "aria-label": "Metadata" }, JSON.stringify(metadata, null, 1)) : null,
      h("details", { class: "tk-artifact-use" }, h("summary", null, "Use this"), codeOf(one, this.source.root ?? "").map(({ word, code }) => copyLine(code, `Copy: ${word}`))),
      files.length ? this.#files(one) : h("p", { class: "tk-soft tk-pane-words" }, "It holds no file."),
    ];
  }

  /** The picture of the experiment that made it, fetched when it is asked for. @param {any} one */
  #lineage(one) {
    const place = h("div", null);
    const button = h("button", { class: "tk-btn sm", on: { click: async () => {
      button.disabled = true;
      try {
        const [{ Lineage }, graph] = await Promise.all([import("../experiment/lineage.js"), this.source.lineage(one.from_experiment)]);
        const picture = new Lineage({ open: this.open });
        fill(place, picture.root);
        picture.paint(one.from_experiment, graph);
        if (picture.root.hidden) fill(place, h("p", { class: "tk-soft tk-pane-words" }, "Nothing was made from it, and it was made from nothing that was told."));
        button.hidden = true;
      } catch {
        button.disabled = false;
      }
    } } }, "Show where it comes from and where it went");
    return h("div", { class: "tk-artifact-lineage" }, button, place);
  }

  /** @param {any} one */
  #files(one) {
    const rows = one.files.slice(0, this.shown).map((/** @type {any} */ file) => {
      const name = String(file.path ?? file.file);
      const address = file.file && this.source.blob ? this.source.blob(file.file, name) : null;
      const save = () => h("a", { class: "tk-btn sm icon", href: address, download: name.split("/").at(-1), title: `Download ${name}`, "aria-label": `Download ${name}` }, icon("download"));
      return h("tr", null, h("td", { title: name }, h("div", { class: "tk-line" }, h("span", null, name), file.file ? copyButton(file.file, "Copy its SHA-256") : null)),
        h("td", { class: "num" }, file.bytes === null || file.bytes === undefined ? "–" : size(file.bytes)), h("td", null, address ? save() : elsewhere(file)));
    });
    const left = one.files.length - this.shown;
    const more = left > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.shown += FILES), this.#draw(one, null)) } }, `Show ${count(Math.min(left, FILES))} more of ${plural(left, "file")}`) : null;
    const wide = one.files.some((/** @type {any} */ file) => file.reference || file.not_kept) ? " wide" : "";
    return [plainTable({ class: `tk-files${wide}`, label: `Files of ${one.name}`, head: ["file", "size", ""].map((word, i) => h("th", { class: i === 1 ? "num" : "", scope: "col", "aria-label": word || "download" }, word)), rows }), more];
  }

  /** @param {any} before @param {any} now */
  #difference(before, now) {
    const found = differenceOf(before, now);
    const [was, is] = [versionWord(before.version), versionWord(now.version)];
    const { added, removed, changed, same, settings } = found;
    const told = [plural(added.length, "file") + " added", `${count(removed.length)} removed`, `${count(changed.length)} changed`, `${count(same)} the same`].join(", ");
    const word = (/** @type {any} */ value) => (value === undefined ? h("span", { class: "tk-none" }, "–") : h("span", { class: "tk-mono" }, typeof value === "string" ? value : JSON.stringify(value)));
    const bytes = (/** @type {any} */ file) => (file && typeof file.bytes === "number" ? size(file.bytes) : "–");
    const row = (/** @type {string} */ kind, /** @type {any} */ old, /** @type {any} */ file) => h("tr", { class: kind }, h("td", null, kind), h("td", { title: (file ?? old).path }, (file ?? old).path), h("td", { class: "num" }, bytes(old)), h("td", { class: "num" }, bytes(file)));
    const rows = [...changed.map(([old, file]) => row("changed", old, file)), ...added.map((file) => row("added", null, file)), ...removed.map((old) => row("removed", old, null))];
    const head = (/** @type {string[]} */ words, /** @type {boolean} */ nums) => words.map((each, i) => h("th", { class: nums && i > 1 ? "num" : "", scope: "col" }, each));
    return [
      h("p", { class: "tk-pane-words" }, `From ${was} to ${is}: ${told}; ${settings.length ? `${plural(settings.length, "entry").replace("entrys", "entries")} of its metadata differ${settings.length === 1 ? "s" : ""}` : "its metadata is the same"}; ${size(before.bytes)} before, ${size(now.bytes)} now.`),
      settings.length ? plainTable({ label: "Metadata that differs", class: "tk-artifact-settings", head: head(["", was, is], false), rows: settings.map(([key, old, value]) => h("tr", null, h("th", { scope: "row", title: key }, key.replace(/^metadata /, "")), h("td", null, word(old)), h("td", null, word(value)))) }) : null,
      rows.length ? plainTable({ label: "Files that differ", class: "tk-artifact-differ", head: head(["", "file", was, is], true), rows: rows.slice(0, this.shown) }) : null,
      rows.length > this.shown ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.shown += FILES), this.#draw(now, before)) } }, `Show more of ${plural(rows.length - this.shown, "file")}`) : null,
    ];
  }

  /** @param {any[]} experiments */
  #experiments(experiments) {
    const more = experiments.length - LINKS;
    return [experiments.slice(0, LINKS).map((each, i) => [i ? ", " : "", this.#link(each.name ?? each.experiment_id, `?${new URLSearchParams({ experiment: each.experiment_id })}`, each.experiment_id, () => this.open(each.experiment_id))]), more > 0 ? ` and ${count(more)} more` : null];
  }

  /** What it was made from: a version of an artifact, of this project or of another one. @param {any} each */
  #artifact(each) {
    const words = `${each.name}:${versionWord(each.version)}`;
    const version = each.version === null || each.version === undefined ? each.digest : `v${each.version}`;
    if (each.project && each.project !== this.state.get("project")) return `${each.project}/${words}`;
    return this.#link(words, addressOf(this.state, { artifact: each.name, version }), each.digest, () => this.state.set({ artifactName: each.name, artifactVersion: version, artifactAgainst: null }));
  }

  /** @param {string} words @param {string} href @param {string} title @param {() => void} go */
  #link(words, href, title, go) {
    const link = h("a", { href, title }, words);
    link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      go();
    });
    return link;
  }
}

/** @param {any} one @param {string} root of the server, "" for that of the page @returns {{word: string, code: string}[]} */
export function codeOf(one, root) {
  const address = root || location.origin + location.pathname.replace(/\/+$/, "");
  const version = String(wordOf(one));
  const whole = `${one.project}/${one.name}:${version}`;
  return [
    { word: "in a training, which is remembered", code: `artifact = experiment.use_artifact(${inPython(whole)})\nfolder = artifact.download()` },
    { word: "anywhere else", code: `import trackio_client\n\nartifact = trackio_client.Api(${inPython(address)}).artifact(${inPython(whole)})\nfolder = artifact.download()` },
    { word: "from the command line", code: `trackio-client artifacts get ${quoted(`${one.name}:${version}`)} --project ${quoted(one.project)} --url ${quoted(address)}` },
  ];
}
