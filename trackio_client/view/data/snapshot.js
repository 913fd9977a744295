// @ts-check
/** The data of a page that is a file: what stands in it, given in the shape of the HTTP API's source. */
import { decode } from "../charts/frames.js";
import { flat } from "./columns.js";
import { SourceError } from "./source.js";


export class SnapshotSource {
  /** @param {any} data what trackio_client/snapshot/page.py wrote into the file, or charts/export/page.js */
  constructor(data) {
    this.data = data;
    /** Nothing comes later: what needs a server is not offered. */
    this.isFile = true;
    this.large = false; // Plotly stays where it is
    /** Metrics that are an axis of others, as a script defined it. */
    this.otherAxes = Object.keys(data.series).filter((axis) => axis !== "step" && axis !== "time");
    this.byMetric = this.otherAxes.length > 0;
    const defined = new Map(data.metrics.map((/** @type {any} */ each) => [each.metric, each.step_metric]));
    /** @type {(metric: string, axis: string) => boolean} */ this.has = (metric, axis) => defined.get(metric) === axis;
    /** @type {Map<string, number>} */ this.began = new Map(data.experiments.map((/** @type {any} */ row) => [row.experiment_id, row.created_s]));
    /** @type {Map<string, Promise<import("../charts/frames.js").Answer>>} */ this.axes = new Map();
  }

  /** @param {string} [_project] @param {number} [_since] @param {string[]} [columns] */
  async experiments(_project, _since, columns = []) {
    const rows = this.data.experiments.map((/** @type {any} */ row) => ({ ...row, columns: { ...row.columns, ...this.#ofConfig(row.experiment_id, columns) } }));
    return { experiments: rows, cursor: 0, now_s: this.data.taken_s, gone: [] };
  }

  /** What a config says of these columns. @param {string} id @param {string[]} columns */
  #ofConfig(id, columns) {
    const wanted = new Set(columns);
    return Object.fromEntries(flat(this.data.details[id]?.config ?? {}).map(([key, value]) => [`config:${key}`, value]).filter(([key]) => wanted.has(key)));
  }

  /** @param {string} id */
  async experiment(id) {
    return this.data.details[id];
  }

  /** @param {string} id */
  async training(id) {
    return this.data.training?.[id] ?? null;
  }

  /** @param {string} id @param {{after?: number}} [options] */
  async index(id, { after = 0 } = {}) {
    const entries = (this.data.entries?.[id] ?? []).map((/** @type {any} */ each) => each.entry).filter((/** @type {any} */ entry) => entry.position > after);
    return { entries, after: entries.at(-1)?.position ?? after };
  }

  /** @param {string} id @param {any} entry */
  async entry(id, { writer_id, seq }) {
    return this.data.entries[id].find((/** @type {any} */ each) => each.entry.writer_id === writer_id && each.entry.seq === seq).held;
  }

  async metrics() {
    return { metrics: this.data.metrics.map((/** @type {any} */ { ranked, ...each }) => each) }; // a file holds their mean
  }

  /** @param {string} id @param {{kinds?: string[], after?: number}} [options] */
  async events(id, { kinds = [], after = 0 } = {}) {
    const events = (this.data.events[id] ?? []).filter((/** @type {any} */ e) => e.position > after && (!kinds.length || kinds.includes(e.content.kind)));
    return { events, more: false };
  }

  /** @param {import("./source.js").SeriesAsk} ask @returns {Promise<import("../charts/frames.js").Answer>} */
  async series(ask) {
    const all = await this.#axis(ask.x);
    const lacking = this.otherAxes.includes(ask.x) && ask.metrics.find((metric) => !this.has(metric, ask.x));
    if (lacking) throw new SourceError({ status: 400, title: `This file does not hold ${lacking} against ${ask.x}.`, detail: "It holds step, wall time, relative time, and what a script defined as the axis of a metric.", hint: "Other axes need the server." });
    if (ask.cursor) return { ...all, reset: false, series: null, blocks: [], bytes: 0 };
    const series = [];
    const blocks = [];
    for (const [i, info] of (all.series ?? []).entries()) {
      if (!ask.metrics.includes(info.metric) || !ask.experiments.includes(info.experiment_id)) continue;
      blocks.push(...all.blocks.filter((block) => block.series === i).map((block) => ({ ...block, series: series.length })));
      series.push(info);
    }
    return { ...all, series, blocks };
  }

  /** Points for a CSV. @param {import("./source.js").SeriesAsk} ask */
  async points(ask) {
    const { series, blocks } = await this.series({ ...ask, x: "step" });
    const short = (series ?? []).find((info, i) => blocks.find((block) => block.series === i && block.n < info.points));
    if (short) throw new SourceError({ status: 400, title: "This file holds what a chart shows, not every point.", hint: `${short.metric} has ${short.points} of them where it was logged.` });
    return {
      series: blocks.map((block) => {
        const { experiment_id, metric } = /** @type {any} */ (series)[block.series];
        return { experiment_id, metric, steps: [...block.x], values: [...block.mean], times_s: [] };
      }),
    };
  }

  /** @param {string} x */
  #axis(x) {
    let answer = this.axes.get(x);
    if (!answer) this.axes.set(x, (answer = x === "relative" ? this.#relative() : unpacked(this.data.series[x]).then(decode)));
    return answer;
  }

  /** Seconds since each experiment began: wall time less that. */
  async #relative() {
    const answer = await this.#axis("time");
    const blocks = answer.blocks.map((block) => {
      const began = this.began.get(answer.series?.[block.series].experiment_id ?? "") ?? 0;
      return { ...block, x: block.x.map((at) => at - began) };
    });
    return { ...answer, blocks };
  }
}

/** @param {string | undefined} packed base64 of gzip @returns {Promise<ArrayBuffer>} */
async function unpacked(packed) {
  if (!packed) throw new SourceError({ status: 404, title: "This file holds no numbers for this axis." });
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).arrayBuffer();
}
