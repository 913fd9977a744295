// @ts-check
/** The data of a page that is a file: what stands in it, given in the shape of the HTTP API's source. */
import { decode } from "../charts/frames.js";
import { SourceError } from "./source.js";

const AXES = ["step", "time", "relative"];

export class SnapshotSource {
  /** @param {any} data what space/sharing/snapshot.py wrote into the file */
  constructor(data) {
    this.data = data;
    /** Nothing comes later: what needs a server is not offered. */
    this.isFile = true;
    this.byMetric = false;
    /** @type {Map<string, Promise<import("../charts/frames.js").Answer>>} */ this.axes = new Map();
  }

  async experiments() {
    return { experiments: this.data.experiments, cursor: 0, now_s: this.data.taken_s, gone: [] };
  }

  /** @param {string} id */
  async experiment(id) {
    return this.data.details[id];
  }

  /** @param {string} id */
  async training(id) {
    return this.data.training?.[id] ?? null;
  }

  /** @param {string} _id @param {{after?: number}} [options] */
  async index(_id, { after = 0 } = {}) {
    const entries = (this.data.entries ?? []).map((/** @type {any} */ each) => each.entry).filter((/** @type {any} */ entry) => entry.position > after);
    return { entries, after: entries.at(-1)?.position ?? after };
  }

  /** @param {string} _id @param {any} entry */
  async entry(_id, { writer_id, seq }) {
    return this.data.entries.find((/** @type {any} */ each) => each.entry.writer_id === writer_id && each.entry.seq === seq).held;
  }

  async metrics() {
    return { metrics: this.data.metrics };
  }

  /** @param {string} id @param {{kinds?: string[], after?: number}} [options] */
  async events(id, { kinds = [], after = 0 } = {}) {
    const events = (this.data.events[id] ?? []).filter((/** @type {any} */ e) => e.position > after && (!kinds.length || kinds.includes(e.content.kind)));
    return { events, more: false };
  }

  /** @param {import("./source.js").SeriesAsk} ask @returns {Promise<import("../charts/frames.js").Answer>} */
  async series(ask) {
    if (!AXES.includes(ask.x)) {
      throw new SourceError({ status: 400, title: `This file has no axis ${ask.x}.`, detail: "It holds step, wall time and relative time.", hint: "Other axes need the server." });
    }
    const all = await this.#axis(ask.x);
    if (ask.cursor) return { ...all, reset: false, series: null, blocks: [], bytes: 0 };
    const series = [];
    const blocks = [];
    for (const [i, info] of (all.series ?? []).entries()) {
      if (!ask.metrics.includes(info.metric)) continue;
      blocks.push(...all.blocks.filter((block) => block.series === i).map((block) => ({ ...block, series: series.length })));
      series.push(info);
    }
    return { ...all, series, blocks };
  }

  /** Points for a CSV. @param {import("./source.js").SeriesAsk} ask */
  async points(ask) {
    const { series, blocks } = await this.series({ ...ask, x: "step" });
    const short = (series ?? []).find((info, i) => blocks.find((block) => block.series === i && block.n < info.points));
    if (short) throw new SourceError({ status: 400, title: "This file holds what a chart shows, not every point.", hint: `${short.metric} has ${short.points} of them on the server.` });
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
    if (!answer) this.axes.set(x, (answer = unpacked(this.data.series[x]).then(decode)));
    return answer;
  }
}

/** @param {string | undefined} packed base64 of gzip @returns {Promise<ArrayBuffer>} */
async function unpacked(packed) {
  if (!packed) throw new SourceError({ status: 404, title: "No numbers were logged when this file was made." });
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).arrayBuffer();
}
