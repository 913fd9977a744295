// @ts-check
/** One experiment's overview, `view/<2>/<experiment>.bin` of a dataset repo (trackio_client/hub/files/overview.py describes it). */
import { decode } from "../charts/frames.js";

/**
 * @typedef {import("../charts/frames.js").Block} Block
 * @typedef {import("../charts/frames.js").SeriesInfo} SeriesInfo
 * @typedef {{info: SeriesInfo, block: Block | null}} Curve
 * @typedef {Object} Overview
 * @property {any} detail config, summary, user_summary, definitions, notes, client, writers
 * @property {{seq: number, writer_id: string, content: any}[]} events the newest, in order of arrival
 * @property {{metrics: number, names: string[], events: number}} left_out
 * @property {Map<string, Map<string, Curve>>} curves by x ("step", "relative"), then by metric
 */

/** Reads a file. Throws Error with what was seen and wanted.
 * @param {ArrayBuffer} packed @returns {Promise<Overview>} */
export async function open(packed) {
  const buffer = await unpacked(packed);
  const magic = buffer.byteLength >= 8 ? String.fromCharCode(...new Uint8Array(buffer, 0, 4)) : "";
  if (magic !== "TKV1") throw new Error(`An overview begins with ${JSON.stringify(magic)}, wanted "TKV1".`);
  const size = new DataView(buffer).getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, size)));
  /** @type {Overview["curves"]} */ const curves = new Map();
  let at = 8 + size;
  for (const { x, bytes } of head.answers) {
    if (at + bytes > buffer.byteLength) throw new Error(`An overview ends at byte ${buffer.byteLength}, wanted ${at + bytes}: it was cut on the way.`);
    curves.set(x, curvesOf(decode(buffer.slice(at, at + bytes))));
    at += bytes;
  }
  return { detail: head.detail, events: head.events, left_out: head.left_out, curves };
}

/** @param {import("../charts/frames.js").Answer} answer @returns {Map<string, Curve>} */
function curvesOf(answer) {
  /** @type {Curve[]} */ const list = (answer.series ?? []).map((info) => ({ info, block: null }));
  for (const block of answer.blocks) if (list[block.series]) list[block.series].block = block;
  return new Map(list.map((curve) => [curve.info.metric, curve]));
}

/** @param {ArrayBuffer} packed @returns {Promise<ArrayBuffer>} */
export async function unpacked(packed) {
  const head = new Uint8Array(packed, 0, Math.min(2, packed.byteLength));
  if (head[0] !== 0x1f || head[1] !== 0x8b) return packed; // something on the way has unpacked it already
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** The folder and name of an experiment's overview: hub/files/views.py computes the same. @param {string} id */
export function pathOf(id) {
  let folder = 0;
  for (const byte of new TextEncoder().encode(id)) folder = (folder * 31 + byte) % 256;
  return `view/${folder.toString(16).padStart(2, "0")}/${id}.bin`;
}
