// @ts-check
/** Where it ran: code and its changes, packages, machine, command line; and what could not be captured, with why. */

import { copyButton } from "./checkpoints.js";
import { binary, listOf } from "./failure.js";
import { fill, h, later, text } from "../base/dom.js";
import { Pane, pairs } from "./pane.js";
import { count, plural } from "../base/words.js";

const MOST_ROWS = 400;
/** What is reckoned from what else is known, also of an experiment whose machine told nothing. */
const RECKONED = new Set(["time", "hashes", "seeds", "model", "data"]);

/** @param {any} value */
const plainWords = (value) => (value === null || value === undefined || value === "" ? null : typeof value === "object" ? null : String(value));

/** Values as [dotted name, text], lists joined. @param {any} values @param {string} [before] @returns {[string, string][]} */
function flatWords(values, before = "") {
  return Object.entries(values ?? {}).flatMap(([name, value]) => {
    if (value === null || value === undefined || value === "") return [];
    if (Array.isArray(value)) return value.length ? [/** @type {[string, string]} */ ([before + name, value.map((each) => (typeof each === "object" ? JSON.stringify(each) : String(each))).join(", ")])] : [];
    if (typeof value === "object") return flatWords(value, `${before}${name} `);
    const words = /bytes$/.test(name) && typeof value === "number" ? binary(value) : String(value);
    return [/** @type {[string, string]} */ ([(before + name).replace(/_bytes$/, "").replaceAll("_", " "), words])];
  });
}

export class EnvironmentPanel {
  /** @param {{source?: any}} [given] source: where files lie, by their hash */
  constructor({ source } = {}) {
    this.source = source;
    this.pane = new Pane("Environment");
    this.root = this.pane.root;
  }

  /** @param {any} environment {values, not_captured} as the experiment's detail tells it, or the values alone */
  paint(environment) {
    const values = environment?.values ?? environment;
    const missing = listOf(environment?.not_captured);
    const there = values && typeof values === "object" && Object.keys(values).some((name) => !RECKONED.has(name));
    this.pane.show(Boolean(there));
    if (!there) return;
    const key = JSON.stringify(environment);
    if (key === this.key) return;
    this.key = key;
    const { git, packages, command, command_line: line = command, not_captured: _, model: __, data: ___, variables, ...rest } = values; // model and data have panels of their own
    const words = Array.isArray(line) ? line.join(" ") : plainWords(line?.line ?? line?.command ?? line);
    fill(this.pane.body, words ? this.command(words) : null, git ? this.git(git) : null, this.rest(rest, variables), packages ? new Packages(packages).root : null, missing.length ? this.missing(missing) : null);
  }

  /** @param {string} words */
  command(words) {
    return h("div", { class: "tk-command" }, h("pre", { tabindex: "0", "aria-label": "Command line" }, words), copyButton(words, "Copy the command line"));
  }

  /** @param {any} git */
  git(git) {
    const commit = plainWords(git.commit ?? git.sha);
    const diff = plainWords(git.diff?.text ?? git.diff ?? git.patch);
    const cut = git.diff?.truncated ?? git.diff_truncated ?? git.diff_cut;
    const changed = git.changed_files ?? git.files_changed ?? git.diff?.files;
    const dirty = git.dirty ?? git.is_dirty;
    return [
      pairs([
        ["commit", commit ? h("span", { class: "tk-inline" }, h("code", { title: commit }, commit.slice(0, 10)), copyButton(commit, "Copy the commit"), dirty === true ? `with changes${Array.isArray(changed) ? ` in ${plural(changed.length, "file")}` : typeof changed === "number" ? ` in ${plural(changed, "file")}` : ""}` : dirty === false ? "nothing changed since" : null) : null],
        ["branch", plainWords(git.branch)],
        ["remote", plainWords(git.remote ?? git.remote_url ?? git.url)],
        ["message", plainWords(git.message ?? git.subject)],
      ]),
      diff ? h("details", { class: "tk-more-box" }, h("summary", null, `Changes since the commit${cut ? `, the first ${count(diff.length)} characters` : ""}`), diffOf(diff), copyButton(diff, "Copy the changes")) : this.file(git),
    ];
  }

  /** A difference too long for the page: a file of its own. @param {any} git */
  file(git) {
    const address = git.diff_file ? this.source?.blob?.(String(git.diff_file), "changes.diff") : null;
    return address ? h("p", { class: "tk-pane-words" }, h("a", { href: address, download: "changes.diff" }, `Changes since the commit, ${binary(git.diff_bytes)}`)) : null;
  }

  /** The few lines that tell the machine, and all of it folded. @param {any} values @param {any} variables */
  rest(values, variables) {
    const { python, platform, cpu, memory, gpu, gpus = gpu, driver, cuda, container, seeds, host, user, program } = values;
    const devices = (Array.isArray(gpus) ? gpus : (gpus?.devices ?? [])).map((/** @type {any} */ each) => each?.name ?? each);
    const counted = [...new Set(devices)].map((name) => `${devices.filter((/** @type {any} */ each) => each === name).length} × ${name}`).join(", ");
    const all = flatWords(values);
    const own = Object.entries(variables ?? {});
    return [
      pairs([
        ["host", [host, user ? `as ${user}` : null].filter(Boolean).join(" ")],
        ["script", program?.script ? h("span", { title: [program.script, program.script_sha256].filter(Boolean).join("\n") }, String(program.script).split("/").at(-1)) : null],
        ["folder", program?.folder],
        ["python", python?.version ? `${python.implementation && python.implementation !== "CPython" ? `${python.implementation} ` : ""}${python.version}` : null, python?.executable],
        ["system", [platform?.distribution ?? platform?.system, platform?.machine].filter(Boolean).join(", "), platform?.kernel],
        ["CPU", [cpu?.model, cpu?.available || cpu?.logical ? plural(cpu.available ?? cpu.logical, "core") : null].filter(Boolean).join(", ")],
        ["memory", memory?.total_bytes ? binary(memory.total_bytes) : null],
        ["GPU", counted],
        ["driver", [plainWords(driver?.version ?? driver), cuda ? `CUDA ${plainWords(cuda?.version ?? cuda) ?? ""}` : null].filter(Boolean).join(", ")],
        ["container", plainWords(container?.kind ?? container)],
        ["seeds", seeds ? flatWords(seeds).map(([name, value]) => `${name} ${value}`).join(", ") : null],
      ]),
      all.length ? h("details", { class: "tk-more-box" }, h("summary", null, "All that was found"), pairs(all)) : null,
      own.length ? h("details", { class: "tk-more-box" }, h("summary", null, plural(own.length, "environment variable")), pairs(own.map(([name, value]) => [name, h("code", null, String(value)), String(value)]))) : null,
    ];
  }

  /** @param {{what: string, why: string}[]} missing */
  missing(missing) {
    return h("details", { class: "tk-more-box" }, h("summary", null, `${plural(missing.length, "thing")} not captured`), h("dl", { class: "tk-kv tk-why" }, missing.map(({ what, why }) => [h("dt", { title: what }, what.replaceAll("_", " ")), h("dd", { title: why }, why)])));
  }
}

/** A diff, its lines told apart by sign and colour. @param {string} diff */
export function diffOf(diff) {
  const lines = diff.split("\n");
  const shown = lines.slice(0, 3000);
  const kind = (/** @type {string} */ line) => (/^(diff|index|---|\+\+\+)/.test(line) ? "file" : line.startsWith("@@") ? "at" : line.startsWith("+") ? "add" : line.startsWith("-") ? "del" : null);
  return h("pre", { class: "tk-diff", tabindex: "0", "aria-label": "Changes" }, shown.map((line) => h("span", { class: kind(line) }, `${line}\n`)), shown.length < lines.length ? `… ${plural(lines.length - shown.length, "more line")}: copy has all of them.` : null);
}

/** Installed packages, searchable. */
class Packages {
  /** @param {any} packages {name: version}, or a list of texts or pairs */
  constructor(packages) {
    const list = Array.isArray(packages) ? packages.map((each) => (Array.isArray(each) ? each : String(each).split("=="))) : Object.entries(packages);
    this.list = /** @type {[string, string][]} */ (list.map(([name, version]) => [String(name), String(version ?? "")])).sort(([a], [b]) => a.localeCompare(b));
    this.field = h("input", { type: "search", placeholder: "Find a package", "aria-label": "Find a package", spellcheck: "false" });
    this.said = h("p", { class: "tk-soft tk-pane-words", role: "status" });
    this.body = h("dl", { class: "tk-kv", tabindex: "0", "aria-label": "Packages" });
    this.root = h("details", { class: "tk-more-box" }, h("summary", null, plural(this.list.length, "package")), h("div", { class: "tk-pack-search" }, h("label", { class: "tk-field sm" }, this.field), copyButton(this.list.map(([name, version]) => `${name}==${version}`).join("\n"), "Copy all as requirements")), this.body, this.said);
    this.field.addEventListener("input", later(() => this.draw(), 20));
    this.root.addEventListener("toggle", () => this.root.open && this.draw());
  }

  draw() {
    const words = this.field.value.toLowerCase().trim();
    const hits = this.list.filter(([name, version]) => `${name} ${version}`.toLowerCase().includes(words));
    fill(this.body, hits.slice(0, MOST_ROWS).map(([name, version]) => [h("dt", { title: name }, name), h("dd", { class: "tk-mono", title: version }, version)]));
    text(this.said, !hits.length ? `No package holds “${this.field.value}”.` : hits.length > MOST_ROWS ? `The first ${MOST_ROWS} of ${count(hits.length)}.` : "");
  }
}
