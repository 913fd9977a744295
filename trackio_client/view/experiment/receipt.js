// @ts-check
/** Whether all that was logged is here, in a line below the head: "Complete", or which events are missing, since when, and what to do. */

import { fill, h } from "../base/dom.js";
import { hasEnded, icon } from "../base/icons.js";
import { copy } from "../base/notices.js";
import { clock, count, duration, iso, listed, plural } from "../base/words.js";

const FIRST_HOLES = 3;
const LIVE = ["running", "paused"];

/**
 * @typedef {{step?: number, time_s?: number}} Place
 * @typedef {{writer_id: string, first: number, last: number, events: number, reason: string, rank?: number, host?: string, after?: Place, before?: Place}} Hole
 * @typedef {{rank?: number, host?: string, generation?: number, started_s?: number}} Untold
 * @typedef {{events: number, points: number, durable: number, where: "repo" | "disk" | null, missing: number, holes: Hole[], untold: Untold[],
 *   told_by: "client" | "import" | "hand" | "trackio", attached: number, refused: number, left_out: {holes: number, untold: number}}} Receipt
 * @typedef {{kind: "whole" | "open" | "missing", head: string, words: string[], holes: string[], todo: string, line: string}} Told
 *   `kind`: all is here; all that came is here, and there may be more elsewhere; something is known to be missing. `line` is one to copy
 */

/** @param {Receipt | undefined} receipt @param {any} row @param {number} now_s @returns {Told | null} null: nobody here can tell */
export function receiptWords(receipt, row, now_s) {
  if (!receipt) return row.missing > 0 ? { kind: "missing", head: `${plural(row.missing, "event")} missing.`, words: ["The server or command that holds the experiment names them."], holes: [], todo: "", line: "" } : null;
  const here = `${plural(receipt.events, "event")}, each here once`;
  const rest = [durableWords(receipt), refusedWords(receipt)];
  const told = (/** @type {Told["kind"]} */ kind, /** @type {string} */ head, /** @type {string[]} */ words) => ({ kind, head, words: [...words, ...rest].filter(Boolean), holes: [], todo: "", line: "" });
  if (receipt.missing) return missing(receipt, row, now_s, rest);
  if (receipt.told_by === "import") return told("whole", "Imported whole:", [`${here}. What its file did not hold nobody can tell here.`]);
  if (receipt.told_by === "hand") return told("whole", "Complete:", [`${here}. They are told by hand, and each was answered as it came.`]);
  if (receipt.told_by === "trackio") return told("open", "What came is here:", [`${here}. Trackio's client counts nothing for us: what it could not send, it alone knows.`]);
  const untold = receipt.untold.filter((each) => !isOfNow(each, row));
  const open = receipt.untold.length > untold.length || (!receipt.untold.length && !hasEnded(row.state));
  if (open && row.state === "lost_contact") {
    const now = receipt.untold.filter((each) => isOfNow(each, row));
    const there = hostsOf(now);
    return { ...told("open", "0 events missing up to the last word:", [`${here}. What was logged after ${row.last_heard_s ? clock(row.last_heard_s, now_s) : "it"} is on ${there} and comes by itself if the trainer still runs.`]), todo: "If it does not, send it from there, as the user who trained:", line: syncLine(row) };
  }
  if (open && LIVE.includes(row.state)) return withEarlier(told("open", "0 events missing so far:", [`${here}.`]), untold, row, now_s);
  if (!receipt.untold.length) return told("whole", "Complete:", [`${here}.${attachedWords(receipt)}`]);
  return withEarlier(told("open", "0 events missing of what came:", [`${here}.`]), receipt.untold, row, now_s, receipt.left_out.untold);
}

/** Whether a process belongs to the newest start of one that has not ended. @param {Untold} each @param {any} row */
const isOfNow = (each, row) => [...LIVE, "lost_contact"].includes(row.state) && (each.generation ?? 0) === (row.generation ?? 0);

/** Processes that told no end: each may have logged more than came. @param {Told} told @param {Untold[]} untold @param {any} row @param {number} now_s @param {number} [more] @returns {Told} */
function withEarlier(told, untold, row, now_s, more = 0) {
  if (!untold.length) return told;
  const ranks = untold.filter((each) => each.rank !== undefined);
  const several = untold.length + more > 1;
  const who = ranks.length === untold.length ? `${several ? "Ranks" : "Rank"} ${listed([...ranks.map((each) => String(each.rank)), ...(more ? [`${count(more)} more`] : [])])}`
    : several ? `${count(untold.length + more)} processes of it` : `The process started ${untold[0].started_s ? `at ${clock(untold[0].started_s, now_s)} ` : ""}`.trim();
  const words = `${who} told no end: what ${several ? "they" : "it"} logged and did not send would still be on ${hostsOf(untold)}. From there, as the user who trained, this sends it, or says that nothing waits:`;
  return { ...told, words: [...told.words, words], line: syncLine(row) };
}

/** @param {Receipt} receipt @param {any} row @param {number} now_s @param {string[]} rest @returns {Told} */
function missing(receipt, row, now_s, rest) {
  const since = receipt.holes.map((each) => each.after?.time_s ?? each.before?.time_s).filter((each) => each !== undefined);
  const head = `${plural(receipt.missing, "event")} missing${since.length ? ` since ${clock(Math.min(.../** @type {number[]} */ (since)), now_s)}` : ""}.`;
  const holes = receipt.holes.map((each) => holeWords(each, now_s));
  if (receipt.left_out.holes) holes.push(`${plural(receipt.left_out.holes, "more hole")}.`);
  const todo = `Where ${hostsOf(receipt.holes)} still has the log, this fills the hole; else it stays named here. Run it there, as the user who trained:`;
  return { kind: "missing", head, words: [`${plural(receipt.events, "event")} are here, each once.`, ...rest].filter(Boolean), holes, todo, line: syncLine(row) };
}

/** "Events 400 to 411 of rank 3 (node-2): between step 40 (12:03:10) and step 52 (12:04:00). The client no longer holds them." @param {Hole} hole @param {number} now_s */
export function holeWords(hole, now_s) {
  const which = hole.events === 1 ? `Event ${count(hole.first)}` : `Events ${count(hole.first)} to ${count(hole.last)}`;
  const of = hole.rank === undefined ? hole.host ?? `writer ${hole.writer_id}` : `rank ${hole.rank}${hole.host ? ` (${hole.host})` : ""}`;
  const at = (/** @type {Place | undefined} */ place) => (place ? [place.step === undefined ? "" : `step ${count(place.step)}`, place.time_s === undefined ? "" : clock(place.time_s, now_s)].filter(Boolean).join(", ") : "");
  const [after, before] = [at(hole.after), at(hole.before)];
  const between = after && before ? `, between ${after} and ${before}` : before ? `, before ${before}` : after ? `, after ${after}` : "";
  const took = hole.after?.time_s !== undefined && hole.before?.time_s !== undefined && hole.before.time_s > hole.after.time_s ? ` (${duration(hole.before.time_s - hole.after.time_s)})` : "";
  return `${which} of ${of}${between}${took}: ${hole.reason}.`;
}

/** @param {{host?: string}[]} from */
function hostsOf(from) {
  const hosts = [...new Set(from.map((each) => each.host).filter(Boolean))].map(String);
  if (!hosts.length) return "the machine where it ran";
  return listed(hosts.length > 3 ? [...hosts.slice(0, 3), `${count(hosts.length - 3)} more`] : hosts);
}

/** @param {any} row */
const syncLine = (row) => `trackio-client sync ${row.experiment_id ?? row.id}`;

/** @param {Receipt} receipt */
function durableWords({ events, durable, where }) {
  if (!events) return "";
  if (where === null) return "This server's disk is not kept: the trainer keeps them as well.";
  if (durable >= events) return where === "repo" ? "All of them are in the repo." : "They are on a disk that is kept.";
  const left = events - durable;
  return where === "repo" ? `${count(left)} of them ${left === 1 ? "is" : "are"} not in the repo yet: the trainer keeps what is not.` : "";
}

/** @param {Receipt} receipt */
const refusedWords = ({ refused }) => (refused ? `${plural(refused, "call")} of log() ${refused === 1 ? "was" : "were"} not taken when made: the log below says why.` : "");

/** @param {Receipt} receipt */
const attachedWords = ({ attached }) => (attached ? ` ${attached === 1 ? "One process" : `${count(attached)} processes`} that logged along ${attached === 1 ? "tells" : "tell"} no end: of ${attached === 1 ? "it" : "them"} this is what came.` : "");

/** The line itself. */
export class ReceiptLine {
  constructor() {
    this.root = h("div", { class: "tk-receipt", role: "status", hidden: true });
    this.isOpen = false;
    this.key = "";
  }

  /** @param {any} detail @param {any} row @param {number} now_s */
  paint(detail, row, now_s) {
    const told = receiptWords(detail.receipt, row, now_s);
    const key = JSON.stringify([told, this.isOpen]);
    if (key === this.key) return;
    this.key = key;
    this.root.hidden = told === null;
    if (!told) return;
    this.root.className = `tk-receipt ${told.kind}`;
    const button = told.line ? h("button", { class: "tk-btn sm", title: "Copy the command" }, h("span", { class: "tk-copy-icon" }, icon("copy")), h("span", { class: "tk-mono" }, told.line)) : null;
    button?.addEventListener("click", () => copy(told.line, button.firstChild));
    const shown = this.isOpen ? told.holes : told.holes.slice(0, FIRST_HOLES);
    const more = told.holes.length - shown.length;
    fill(this.root, h("p", { title: detail.receipt ? `digest and counts: /v1/experiments/${row.experiment_id ?? row.id}/receipts` : null }, icon(told.kind === "missing" ? "missing" : "check"), h("b", null, told.head), " ", told.words.join(" ")),
      shown.length ? h("ul", null, shown.map((words) => h("li", null, words))) : null,
      more > 0 ? h("button", { class: "tk-link", on: { click: () => ((this.isOpen = true), this.paint(detail, row, now_s)) } }, `Show ${plural(more, "more hole")}`) : null,
      told.todo ? h("p", null, told.todo) : null, button);
  }
}
