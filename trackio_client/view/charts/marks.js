// @ts-check
/** What happened beside the numbers – checkpoints, evaluations, restarts, alerts, errors, ends – fetched and drawn on the x axis. */
import { clock, count } from "../base/words.js";
import { toX } from "./lines.js";

/** The gravest first: within ten pixels marks become one, which shows the gravest of them. */
const RANK = ["error", "alert", "restart", "finding", "note", "checkpoint", "end", "evaluation"];
const COLORS = { error: "--fail", alert: "--lost", restart: "--warn", finding: "--accent", note: "--soft", checkpoint: "--soft", end: "--soft", evaluation: "--control" };
const NEAR = 10;
const CALM = 0.5; // of the axis, that evaluations alone may take: more would be a comb
const TOLD = 4; // of a cluster, in the list beside the cursor
const PAGE = 200;
const EVERY_MS = 5000;
const AT_ONCE = 4; // requests of a page that opens: one by one its signs would come as many round trips later as it shows experiments
const AGAIN = 1; // requests a turn about experiments that are known already: an event comes late by seconds, no number does

/**
 * @typedef {{experiment: string, kind: string, step: number | null, time_s: number, title: string, at?: string}} Mark `at`: the name of its line in a panel, where that is not told by the rest
 * @typedef {{x: number, kind: string, marks: Mark[]}} Cluster
 * @typedef {{id: string, last_event_s?: number | null, generation?: number}} Asked an experiment
 */

/** Marks at pixels, near ones joined. @param {Mark[]} marks @param {(m: Mark) => number | null} place x on the axis
 * @param {import("./lines.js").View} v @returns {Cluster[]} */
export function cluster(marks, place, v) {
  const placed = [];
  for (const mark of marks) {
    const at = place(mark);
    if (at === null) continue;
    const x = toX(v, at);
    if (x >= v.L - 1 && x <= v.R + 1) placed.push({ x, mark });
  }
  placed.sort((a, b) => a.x - b.x);
  /** @type {Cluster[]} */ const clusters = [];
  for (const { x, mark } of placed) {
    const last = clusters.at(-1);
    if (last && x - last.x < NEAR) {
      last.marks.push(mark);
      if (rank(mark.kind) < rank(last.kind)) last.kind = mark.kind;
    } else clusters.push({ x, kind: mark.kind, marks: [mark] });
  }
  return clusters;
}

/** Without evaluations where they would stand along all of the axis: a zoom shows them.
 * @param {Mark[]} marks @param {(m: Mark) => number | null} place @param {import("./lines.js").View} v @returns {Cluster[]} */
export function calmClusters(marks, place, v) {
  const all = cluster(marks, place, v);
  const plain = all.filter(({ kind }) => kind === "evaluation").length;
  return plain * NEAR <= CALM * (v.R - v.L) ? all : cluster(marks.filter(({ kind }) => kind !== "evaluation"), place, v);
}

/** The one that a cluster is shown as. @param {Cluster} cluster @returns {Mark} */
export const gravest = ({ kind, marks }) => marks.find((mark) => mark.kind === kind) ?? marks[0];

/** What a cluster says, the gravest first. @param {Cluster} cluster @param {(id: string) => string} nameOf "" where there is one experiment only */
export function told({ marks }, nameOf) {
  const sorted = [...marks].sort((a, b) => rank(a.kind) - rank(b.kind));
  const lines = sorted.slice(0, TOLD).map(({ experiment, kind, step, time_s, title }) => {
    const [head, said] = title.startsWith(kind) ? [title, ""] : [kind, title]; // "checkpoint-400" needs no word before it
    return { head, words: [said, nameOf(experiment), step === null ? (time_s ? clock(time_s) : "") : `step ${count(step)}`].filter(Boolean).join(", ") };
  });
  return { lines, more: Math.max(0, marks.length - TOLD) };
}

/** On the axis of a chart, or null. An error without a step belongs to the step that was reached.
 * @param {Mark} mark @param {string} x @param {{created_s?: number, last_step?: number | null} | undefined} row */
export function placeOf({ kind, step, time_s }, x, row) {
  if (x === "step") return step ?? (kind === "error" ? (row?.last_step ?? null) : null);
  if (!time_s || (x !== "time" && x !== "relative")) return null;
  return x === "time" ? time_s : time_s - (row?.created_s ?? NaN);
}

/** @param {string} kind */
const rank = (kind) => (RANK.includes(kind) ? RANK.indexOf(kind) : RANK.indexOf("note"));

/** @param {CanvasRenderingContext2D} g @param {Cluster[]} clusters @param {number} B @param {import("../base/colors.js").Ink} ink */
export function paintMarks(g, clusters, B, ink) {
  for (const { x, kind, marks } of clusters) {
    g.fillStyle = g.strokeStyle = ink.of(COLORS[/** @type {keyof typeof COLORS} */ (kind)] ?? "--soft");
    shape(g, Math.round(x) + 0.5, B, kind);
    const grave = marks.filter((m) => m.kind === kind).length;
    if (grave < 2 || kind === "evaluation" || kind === "end") continue;
    g.fillStyle = ink.of("--soft");
    g.textAlign = "left";
    g.fillText(String(grave), x + 7, B - 6);
  }
}

/** @param {CanvasRenderingContext2D} g @param {number} x @param {number} B @param {string} kind */
function shape(g, x, B, kind) {
  g.setLineDash([]);
  g.lineWidth = 1.75;
  g.beginPath();
  if (kind === "checkpoint") {
    g.rect(x - 2.5, B - 6, 5, 5);
    return g.fill();
  }
  if (kind === "alert") {
    g.moveTo(x, B - 9), g.lineTo(x + 5, B - 0.5), g.lineTo(x - 5, B - 0.5);
    return g.fill();
  }
  if (kind === "restart") g.arc(x, B - 4.5, 3.5, 0, 7);
  else if (kind === "error") g.moveTo(x - 4, B - 8), g.lineTo(x + 4, B), g.moveTo(x + 4, B - 8), g.lineTo(x - 4, B);
  else if (kind === "evaluation" || kind === "end") (g.lineWidth = 1.25), g.moveTo(x, B), g.lineTo(x, B - 5);
  else {
    g.moveTo(x, B - 8), g.lineTo(x + 4, B - 4), g.lineTo(x, B), g.lineTo(x - 4, B - 4);
    return g.fill();
  }
  g.stroke();
}

/** Fetches marks of the shown experiments: all once, then what is new of those that still run, the longest unasked first. */
export class MarkFeed extends EventTarget {
  /** @param {any} source */
  constructor(source) {
    super();
    this.source = source;
    /** @type {Map<string, {marks: Mark[], after: number | undefined, heard: any, at: number, resumes: number, starts: Mark[]}>} */
    this.held = new Map();
    this.busy = false;
  }

  /** @param {string[]} ids @returns {Mark[]} */
  of(ids) {
    return ids.flatMap((id) => {
      const { marks = [], starts = [] } = this.held.get(id) ?? {};
      return starts.length ? [...marks, ...starts] : marks;
    });
  }

  /** The experiments to ask about now: those never asked, and of those that logged since, the one that waits longest.
   * @param {Asked[]} experiments */
  due(experiments) {
    const now = Date.now();
    const known = experiments.filter(({ id, last_event_s }) => {
      const held = this.held.get(id);
      return held && held.heard !== last_event_s && now - held.at >= EVERY_MS;
    });
    known.sort((a, b) => (this.held.get(a.id)?.at ?? 0) - (this.held.get(b.id)?.at ?? 0));
    return [...experiments.filter(({ id }) => !this.held.has(id)), ...known.slice(0, AGAIN)];
  }

  /** Ask what is missing, of some experiments at a time. Called after each answer of the feeds; asks at most one page an experiment.
   * @param {Asked[]} experiments */
  async follow(experiments) {
    if (this.busy || !this.source.events) return;
    this.busy = true;
    const rest = this.due(experiments);
    let changed = false;
    const asking = async () => {
      try {
        for (let each = rest.shift(); each; each = rest.shift()) if (await this.#ask(each)) changed = true;
      } catch {
        // Marks are a help beside the curves; the feeds tell when the server is away, and the next answer asks again.
        rest.length = 0;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, asking));
    this.busy = false;
    if (changed) this.dispatchEvent(new Event("marks"));
  }

  /** @param {Asked} experiment @returns {Promise<boolean>} whether there are more marks */
  async #ask({ id, last_event_s, generation = 0 }) {
    const held = this.held.get(id) ?? { marks: [], after: undefined, heard: undefined, at: 0, resumes: 0, starts: [] };
    const { events, more } = await this.source.events(id, { kinds: ["mark", "error", "end"], after: held.after, limit: PAGE });
    let changed = events.length > 0;
    for (const { position, content } of events) {
      held.marks.push(markOf(id, content));
      held.after = position;
    }
    if (generation > held.resumes) {
      held.starts = await this.#resumes(id);
      held.resumes = generation;
      changed ||= held.starts.length > 0;
    }
    held.heard = more ? undefined : last_event_s;
    held.at = Date.now();
    this.held.set(id, held);
    return changed;
  }

  /** Starts after the first. Their own question, of all of them: one may have come before marks that are known already.
   * @param {string} id @returns {Promise<Mark[]>} */
  async #resumes(id) {
    const { events } = await this.source.events(id, { kinds: ["start"], limit: PAGE });
    const again = events.map((/** @type {any} */ { content }) => content).filter((/** @type {any} */ { generation, process }) => generation > 0 && !process?.rank);
    return again.map((/** @type {any} */ { steps_from: from, time_us }) => ({ experiment: id, kind: "restart", step: typeof from === "number" ? from : null, time_s: Number(time_us) / 1e6, title: "resumed" }));
  }
}

/** @param {string} experiment @param {any} content an event @returns {Mark} */
function markOf(experiment, content) {
  const { kind, step = null, time_us } = content;
  const shown = kind === "mark" ? String(content.mark ?? "note") : kind === "end" && content.state === "failed" ? "error" : kind;
  const title = kind === "error" ? [content.error, content.message].filter(Boolean).join(": ") : kind === "end" ? `ended: ${content.state}` : [content.title || shown, content.data?.text].filter((words) => words && typeof words === "string").join(": ");
  return { experiment, kind: shown, step, time_s: Number(time_us) / 1e6, title: String(title).slice(0, 200) };
}
