// @ts-check
/** The bytes of an answer of GET /v1/series, as trackio_client/wire/asks.py tells them: `decode` of frames.js backwards. */

const ONE_VALUE = 1;
const BAD_COUNTS = 2;
const WIDE = 4;
const LAST = 8;

/** @param {import("../frames.js").Answer} answer whole, not what changed @returns {Uint8Array} */
export function encode({ series, blocks, x, now_s }) {
  const head = new TextEncoder().encode(JSON.stringify({ cursor: "", x, reset: true, blocks: blocks.length, now_s: now_s ?? 0, series: series ?? [] }));
  const start = new Uint8Array(8);
  start.set(new TextEncoder().encode("TKS2"));
  new DataView(start.buffer).setUint32(4, head.length, true);
  const parts = [start, head, ...blocks.flatMap(columns)];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** @param {import("../frames.js").Block} block @returns {Uint8Array[]} */
function columns({ series, n, single, x, low, high, mean, bad, last }) {
  const wide = mean instanceof Float64Array;
  const info = new DataView(new ArrayBuffer(12));
  info.setUint16(0, series, true);
  info.setUint8(2, (single ? ONE_VALUE : 0) | (bad ? BAD_COUNTS : 0) | (wide ? WIDE : 0) | (last === undefined ? 0 : LAST));
  info.setUint32(8, n, true);
  const Values = wide ? Float64Array : Float32Array;
  const bytes = (/** @type {any} */ column) => new Uint8Array(column.slice(0, n).buffer);
  const values = (single ? [mean] : [low, high, mean]).map((column) => bytes(Values.from(/** @type {any} */ (column).subarray(0, n))));
  return [new Uint8Array(info.buffer), bytes(x), ...values, ...(bad ?? []).map(bytes), ...(last === undefined ? [] : [new Uint8Array(Float64Array.of(last).buffer)])];
}

/** base64 of gzip, as a file holds it. @param {Uint8Array} bytes @returns {Promise<string>} */
export async function packed(bytes) {
  const small = new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(new CompressionStream("gzip"));
  return base64(new Uint8Array(await new Response(small).arrayBuffer()));
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
