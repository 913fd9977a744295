// @ts-check
/** The processes of an experiment that several of them made: where each ran, how it ended, what differs, who failed first. */

import { fill, h } from "../base/dom.js";
import { sign } from "../base/icons.js";
import { Pane, plainTable } from "./pane.js";
import { when } from "../base/times.js";
import { count, iso, plural } from "../base/words.js";

const FIRST_ROWS = 16;
/** A process's state: the sign it shares with experiments, the word. */
const STATES = /** @type {Record<string, [string, string, string]>} */ ({
  finished: ["finished", "finished", ""],
  failed: ["failed", "failed", ""],
  interrupted: ["interrupted", "interrupted", ""],
  running: ["running", "running", "It began and told no end; the experiment runs"],
  paused: ["paused", "paused", ""],
  lost_contact: ["lost_contact", "not heard", "It told no end, and nothing of the experiment is heard"],
  untold: ["lost_contact", "no end told", "It began, and did not say how it ended: killed, or cut off"],
  unheard: ["lost_contact", "never heard", "Others said that there is such a rank; it sent nothing"],
});

/** @typedef {{rank: number, host?: string, pid?: number, local_rank?: number, node?: number, device?: string, state: string, ended_s?: number, differs?: Record<string, [any, any]>, error?: {error?: string, message?: string, step?: number, time_s?: number}, is_first?: boolean}} Row */

export class RanksPanel {
  constructor() {
    this.pane = new Pane("Ranks");
    this.root = this.pane.root;
    this.all = false;
  }

  /** @param {{size: number, ranks: Row[], left_out: number} | null | undefined} told */
  paint(told) {
    this.pane.show(Boolean(told?.ranks.length));
    if (!told?.ranks.length) return;
    const key = JSON.stringify(told);
    if (key === this.key) return;
    this.key = key;
    this.told = told;
    this.draw();
  }

  draw() {
    const { size, ranks, left_out: beyond } = /** @type {any} */ (this.told);
    const of = (/** @type {(row: Row) => any} */ what) => ranks.filter(what).length;
    const hosts = new Set(ranks.map((/** @type {Row} */ row) => row.host).filter(Boolean)).size;
    const [failed, silent, differ] = [of((row) => row.state === "failed"), of((row) => ["untold", "unheard"].includes(row.state)), of((row) => row.differs)];
    this.pane.say([`${count(size)} on ${hosts ? plural(hosts, "host") : "hosts unknown"}`, failed ? `${count(failed)} failed` : null, silent ? `${count(silent)} silent` : null, differ ? `${count(differ)} unlike rank 0` : null].filter(Boolean).join(", "));
    const shown = this.all ? ranks : firstOf(ranks);
    const devices = ranks.some((/** @type {Row} */ row) => row.device);
    const head = ["rank", "host", devices ? "device" : null, "state"].filter(Boolean).map((word, i) => h("th", { class: i ? "" : "num", scope: "col" }, word));
    const more = ranks.length - shown.length;
    fill(this.pane.body, plainTable({ label: "Ranks", head, rows: shown.map((/** @type {Row} */ row) => rowsOf(row, devices)), class: "tk-ranks" }),
      more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${plural(more, "more rank")}`) : null,
      beyond > 0 ? h("p", { class: "tk-soft tk-pane-words" }, `${plural(beyond, "more rank")} not listed, none of which has more to tell than these.`) : null);
  }
}

/** The first ones, and before them those that have something to tell; by rank. @param {Row[]} ranks */
function firstOf(ranks) {
  if (ranks.length <= FIRST_ROWS) return ranks;
  const weight = (/** @type {Row} */ row) => (row.is_first ? 3 : row.error || row.state === "unheard" || row.state === "untold" ? 2 : row.differs ? 1 : 0);
  return [...ranks].sort((a, b) => weight(b) - weight(a) || a.rank - b.rank).slice(0, FIRST_ROWS).sort((a, b) => a.rank - b.rank);
}

/** A row, and under it what is to be said of this rank alone. @param {Row} row @param {boolean} devices */
function rowsOf(row, devices) {
  const [kind, word, hover] = STATES[row.state] ?? ["lost_contact", row.state, ""];
  const place = [row.local_rank === undefined ? null : `local rank ${row.local_rank}`, row.node === undefined ? null : `node ${row.node}`, row.pid === undefined ? null : `process ${row.pid}`].filter(Boolean).join(", ");
  const when = row.ended_s ? `${iso(row.ended_s)}, by the clock of its machine` : hover;
  const words = wordsOf(row);
  const told = h("tr", { class: [row.is_first ? "tk-first" : "", words ? "tk-goes-on" : ""].join(" ").trim() || null },
    h("th", { class: "num", scope: "row", title: place }, String(row.rank)),
    h("td", { class: "tk-rank-host", title: [row.host, place].filter(Boolean).join(", ") }, row.host ?? "–"),
    devices ? h("td", { class: "tk-rank-device", title: row.device ?? "no device of it was told" }, row.device ?? "–") : null,
    h("td", null, h("span", { class: `tk-state ${kind}`, title: when }, sign(kind, false), word), row.is_first ? h("span", { class: "tk-tag", title: "By the clocks of their machines; the others mostly fail because of it" }, "first") : null));
  return words ? [told, h("tr", { class: "tk-rank-more" }, h("td", null), h("td", { colspan: devices ? "3" : "2" }, words))] : told;
}

/** @param {Row} row */
function wordsOf(row) {
  const { error, differs } = row;
  const at = error ? [error.step === undefined ? "" : ` step ${count(error.step)}`, error.time_s ? [error.step === undefined ? " " : ", ", when(error.time_s)] : ""] : [];
  const failed = error ? h("p", { class: "tk-error-text" }, h("b", null, error.error ?? "Error"), error.message ? `: ${error.message}` : "", h("span", { class: "tk-soft" }, at)) : null;
  const other = Object.entries(differs ?? {}).map(([name, [here, there]]) => h("p", { class: "tk-soft" }, `${name.replaceAll(/[._]/g, " ")} `, h("b", null, String(here)), `, on rank 0 ${there}`));
  return failed || other.length ? [failed, other] : null;
}
