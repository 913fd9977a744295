// @ts-check
/** Each time that the experiment was taken up again: when, after how long a gap, from which step, and what was different then. */

import { fill, h } from "../base/dom.js";
import { nameOf } from "./leading.js";
import { Pane, plainTable } from "./pane.js";
import { when } from "../base/times.js";
import { count, duration, iso, number, plural } from "../base/words.js";

const FIRST_ROWS = 20;
const FIRST_CHANGES = 6; // of one restart
const KINDS = ["start", "config", "end"];
const COMMIT = 10; // letters that tell one from others

/**
 * @typedef {{time_s: number, generation: number, step: number | null, ended: string | null, ended_s: number | null, changes: string[]}} Restart
 */

/** What the events tell of restarts, the first one first. @param {{writer_id: string, content: any}[]} events in order of arrival @returns {Restart[]} */
export function restartsOf(events) {
  /** @type {Map<number, {content: any, config: Record<string, string>, commit?: string}>} */ const starts = new Map();
  /** @type {Map<string, number>} */ const writers = new Map();
  const ends = events.filter(({ content }) => content.kind === "end").map(({ content }) => ({ time_s: Number(content.time_us) / 1e6, state: String(content.state ?? "") }));
  for (const { writer_id: writer, content } of events) {
    if (content.kind === "start" && !content.process?.rank) {
      const generation = content.generation ?? 0;
      writers.set(writer, generation);
      if (!starts.has(generation)) starts.set(generation, { content, config: flat(content.config) });
    } else if (content.kind === "config" && !content.edited) {
      Object.assign(starts.get(writers.get(writer) ?? -1)?.config ?? {}, flat(content.values));
    } else if (content.kind === "environment" && !content.rank) {
      const [start, commit] = [starts.get(writers.get(writer) ?? -1), commitOf(content.values)];
      if (start && commit) start.commit = commit;
    }
  }
  const order = [...starts].sort(([a], [b]) => a - b);
  /** @type {Record<string, string>} */ let known = {};
  /** @type {string | undefined} */ let last; // commit: of the newest before that told one
  return order.flatMap(([generation, { content, config, commit }], i) => {
    const code = last && commit && last !== commit ? [`git commit ${last} → ${commit}`] : [];
    const changes = i ? [...placeOf(order[i - 1][1].content, content), ...code, ...changesOf(known, config)] : [];
    known = { ...known, ...config };
    last = commit ?? last;
    if (!generation) return [];
    const time_s = Number(content.time_us) / 1e6;
    const since = i ? Number(order[i - 1][1].content.time_us) / 1e6 : -Infinity;
    const end = ends.filter((each) => each.time_s <= time_s && each.time_s >= since).at(-1);
    return [{ time_s, generation, step: typeof content.steps_from === "number" ? content.steps_from : null, ended: end?.state ?? null, ended_s: end?.time_s ?? null, changes }];
  });
}

/** A commit as people tell it apart, and whether there were changes since. @param {any} values of an environment @returns {string | undefined} */
export function commitOf(values) {
  const { commit, dirty } = values?.git ?? {};
  return typeof commit === "string" && commit ? `${commit.slice(0, COMMIT)}${dirty === true ? " with changes" : ""}` : undefined;
}

/** Settings that are other than before; what the new one does not name stays. @param {Record<string, string>} before @param {Record<string, string>} now */
const changesOf = (before, now) => Object.keys(now).filter((key) => before[key] !== now[key]).map((key) => (key in before ? `${key} ${before[key]} → ${now[key]}` : `${key} ${now[key]} is new`));

/** Where and by what it ran, where that is another. @param {any} before @param {any} now @returns {string[]} */
function placeOf(before, now) {
  const facts = (/** @type {any} */ { process = {}, client = {} }) => ({
    host: process.host, processes: process.world_size, command: Array.isArray(process.command) && process.command.length ? process.command.join(" ") : null, client: client.version, language: client.language,
  });
  const [old, fresh] = [facts(before), facts(now)];
  const names = /** @type {(keyof typeof old)[]} */ (Object.keys(fresh));
  const known = (/** @type {any} */ value) => value !== null && value !== undefined;
  return names.filter((name) => known(old[name]) && known(fresh[name]) && old[name] !== fresh[name]).map((name) => `${name} ${old[name]} → ${fresh[name]}`);
}

/** @param {any} value @param {string} [before] @returns {Record<string, string>} */
function flat(value, before = "") {
  const isPlain = (/** @type {any} */ each) => each && typeof each === "object" && !Array.isArray(each) && !("$float" in each);
  return Object.assign({}, ...Object.entries(value ?? {}).map(([key, each]) => (isPlain(each) ? flat(each, `${before}${key}.`) : { [before + key]: typeof each === "object" ? (each?.$float ?? JSON.stringify(each)) : String(each) })));
}

export class RestartsPanel {
  /** @param {{source: any, id: string, ran?: (hosts: string[]) => void}} parts `ran` hears the hosts of all starts */
  constructor({ source, id, ran = () => {} }) {
    this.ran = ran;
    this.source = source;
    this.id = id;
    this.pane = new Pane("Restarts", { key: "restarts" });
    this.root = this.pane.root;
    this.root.addEventListener("trackio-tell", () => !this.all && ((this.all = true), this.draw(), this.#gaps()));
    this.key = "";
    this.all = false;
    /** @type {Restart[]} */ this.restarts = [];
    /** When a number came last before each, seconds; null: none is known. @type {Map<number, number | null>} */ this.heard = new Map();
  }

  /** @param {any} detail */
  async paint(detail) {
    const { generation = 0, summary = {}, environment } = detail ?? {};
    // Environments are long: they are asked for only where they tell that the code changed, which comes after the start.
    const commits = new Set([environment?.values, ...(environment?.earlier ?? []).map((/** @type {any} */ each) => each.values)].map(commitOf).filter(Boolean));
    const key = `${generation} ${commits.size}`;
    if (!generation || key === this.key || !this.source.events) return;
    this.key = key;
    this.metric = Object.keys(summary).sort((a, b) => Number(a.startsWith("system/")) - Number(b.startsWith("system/")) || (summary[b].points ?? 0) - (summary[a].points ?? 0))[0];
    try {
      const { events } = await this.source.events(this.id, { kinds: commits.size > 1 ? [...KINDS, "environment"] : KINDS });
      this.restarts = restartsOf(events);
      this.ran(events.flatMap((/** @type {any} */ { content }) => (content.kind === "start" && content.process?.host ? [String(content.process.host)] : [])));
      this.draw();
      this.pane.whenSeen(() => this.#gaps());
      if (this.pane.isSeen) await this.#gaps();
    } catch {
      this.key = ""; // asked again with the next poll
    }
  }

  /** When the last number before each restart was logged: asked for once the panel is seen. */
  async #gaps() {
    const asked = this.shown.filter(({ generation }) => !this.heard.has(generation));
    await Promise.all(asked.map(async ({ generation, time_s }) => {
      try {
        const { blocks } = this.metric ? await this.source.series({ experiments: [this.id], metrics: [this.metric], x: "time", to_x: time_s, max_points: 4 }) : { blocks: [] };
        this.heard.set(generation, blocks[0] ? ([...blocks[0].x].filter((at) => at <= time_s).at(-1) ?? null) : null);
      } catch {
        // The row says when the end was told, if one was.
      }
    }));
    if (asked.length) this.draw();
  }

  get shown() {
    return [...(this.all ? this.restarts : this.restarts.slice(-FIRST_ROWS))].reverse();
  }

  draw() {
    const { restarts, shown } = this;
    this.pane.show(restarts.length > 0);
    this.pane.say(plural(restarts.length, "time"));
    const more = restarts.length - shown.length;
    const head = ["when", "from step", "after", "before it", "what was different"].map((word, i) => h("th", { class: i === 1 || i === 2 ? "num" : "", scope: "col" }, word));
    fill(this.pane.body, plainTable({ label: "Restarts", class: "tk-restarts", head, rows: shown.map((each) => this.#row(each)) }),
      more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw(), this.#gaps()) } }, `Show ${count(more)} earlier`) : null);
  }

  /** @param {Restart} restart */
  #row({ time_s, step, generation, ended, ended_s, changes }) {
    const last = Math.max(this.heard.get(generation) ?? -Infinity, ended_s ?? -Infinity);
    const gap = Number.isFinite(last) ? duration(Math.max(0, Number((time_s - last).toFixed(1)))) : "–";
    const before = ended ? `it had ended: ${ended}` : "no end was told";
    const more = changes.length - FIRST_CHANGES;
    return h("tr", { data: { at: nameOf({ kind: "restart", step, time_s }) } },
      h("td", null, when(time_s)), h("td", { class: "num" }, step === null ? "–" : number(step)),
      h("td", { class: "num", title: Number.isFinite(last) ? `The last that is known before it is of ${iso(last)}` : "Nothing is known of the time before it" }, gap), h("td", null, before),
      h("td", { title: changes.join("\n") }, changes.length ? [changes.slice(0, FIRST_CHANGES).map((each) => h("div", null, each)), more > 0 ? h("div", { class: "tk-soft" }, `and ${plural(more, "more")}`) : null] : h("span", { class: "tk-soft" }, "nothing that was recorded")));
  }

  close() {
    this.pane.close();
  }
}
