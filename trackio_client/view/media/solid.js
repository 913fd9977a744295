// @ts-check
/** Point clouds and meshes (OBJ, STL, PLY as text, points as JSON), turned with the mouse or the arrow keys. Others are downloaded. */

import { Ink } from "../base/colors.js";
import { fill, h } from "../base/dom.js";
import { addressOf, captionOf, file } from "./kinds.js";
import { plural } from "../base/words.js";

const HEIGHT = 280;
const MOST_POINTS = 300_000;
const MOST_FACES = 60_000;
const MOST_BYTES = 32 * 2 ** 20;

/** @typedef {{points: Float32Array, colors: Uint8Array | null, faces: Uint32Array | null}} Shape  x, y, z of each point; r, g, b; three points a face */

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function objects(stage, tools) {
  return {
    async show(items) {
      fill(stage, await Promise.all(items.map(async (item) => {
        const shape = await shapeOf(item, tools).catch(() => null);
        return shape ? h("figure", null, viewer(shape, tools.name), captionOf(item)) : file(item, tools);
      })));
    },
  };
}

/** @param {any} item @param {import("./kinds.js").Tools} tools @returns {Promise<Shape | null>} */
async function shapeOf(item, tools) {
  const address = addressOf(item, tools);
  if (!address || (item.bytes ?? 0) > MOST_BYTES) return null;
  const format = String(item.format ?? item.file_type ?? item.name?.split(".").at(-1) ?? "").toLowerCase().replace(/^\./, "");
  if (!/^(obj|stl|ply|pts\.json)$/.test(format)) return null; // glb and gltf: a library would be larger than this page
  const response = await fetch(address, { credentials: "same-origin" });
  if (!response.ok) return null;
  const bytes = await response.arrayBuffer();
  if (format === "stl") return fromStl(bytes);
  if (format === "ply") return fromPly(bytes);
  const text = new TextDecoder().decode(bytes);
  if (format === "obj") return fromObj(text);
  const said = JSON.parse(text);
  return fromPoints(Array.isArray(said) ? said : (said.points ?? []));
}

/** Rows of x, y, z; of a class; or of r, g, b. @param {any[]} rows @returns {Shape | null} */
export function fromPoints(rows) {
  const step = Math.max(1, Math.ceil(rows.length / MOST_POINTS));
  const kept = rows.filter((row, i) => i % step === 0 && Array.isArray(row) && row.slice(0, 3).every(Number.isFinite) && row.length >= 3);
  if (!kept.length) return null;
  const hasColors = kept[0].length >= 6;
  return { points: Float32Array.from(kept.flatMap((row) => row.slice(0, 3))), colors: hasColors ? Uint8Array.from(kept.flatMap((row) => row.slice(3, 6))) : null, faces: null };
}

/** @param {string} text @returns {Shape | null} */
export function fromObj(text) {
  const points = [];
  const faces = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "v") points.push(...rest.slice(0, 3).map(Number));
    else if (word === "f") {
      const corners = rest.map((each) => Number.parseInt(each, 10)).map((at) => (at < 0 ? points.length / 3 + at : at - 1));
      for (let i = 2; i < corners.length; i += 1) faces.push(corners[0], corners[i - 1], corners[i]);
    }
  }
  return checked(points, faces);
}

/** Text or binary. @param {ArrayBuffer} bytes @returns {Shape | null} */
export function fromStl(bytes) {
  const view = new DataView(bytes);
  const n = bytes.byteLength >= 84 ? view.getUint32(80, true) : 0;
  const points = [];
  if (n > 0 && bytes.byteLength === 84 + 50 * n) {
    for (let i = 0; i < n; i += 1) for (let k = 0; k < 9; k += 1) points.push(view.getFloat32(84 + 50 * i + 12 + 4 * k, true));
  } else {
    for (const found of new TextDecoder().decode(bytes).matchAll(/vertex\s+(\S+)\s+(\S+)\s+(\S+)/g)) points.push(Number(found[1]), Number(found[2]), Number(found[3]));
  }
  return checked(points, Array.from({ length: points.length / 3 }, (_, i) => i));
}

const PLY_SIZES = { char: 1, uchar: 1, int8: 1, uint8: 1, short: 2, ushort: 2, int16: 2, uint16: 2, int: 4, uint: 4, int32: 4, uint32: 4, float: 4, float32: 4, double: 8, float64: 8 };

/** Text with faces, or binary points as our own writer makes them. @param {ArrayBuffer} bytes @returns {Shape | null} */
export function fromPly(bytes) {
  const start = new TextDecoder("latin1").decode(new Uint8Array(bytes, 0, Math.min(4096, bytes.byteLength)));
  const end = /end_header\r?\n/.exec(start);
  if (!end) return null;
  const head = start.slice(0, end.index).split(/\r?\n/);
  const countOf = (/** @type {string} */ name) => Number(head.find((line) => line.startsWith(`element ${name} `))?.split(" ")[2] ?? 0);
  const [vertices, faces] = [countOf("vertex"), countOf("face")];
  if (/format ascii/.test(start)) return plainPly(new TextDecoder().decode(bytes).slice(end.index + end[0].length).split(/\r?\n/), vertices, faces);
  if (!/format binary_little_endian/.test(start) || head.some((line) => line.startsWith("property list")) || vertices > MOST_POINTS * 2) return null;
  /** @type {Record<string, [number, string]>} */ const places = {};
  let stride = 0;
  for (const line of head) {
    const [, type, name] = /^property (\w+) (\w+)$/.exec(line) ?? [];
    if (!name) continue;
    places[name] = [stride, type];
    stride += PLY_SIZES[/** @type {keyof typeof PLY_SIZES} */ (type)] ?? NaN;
  }
  const at = end.index + end[0].length;
  if (!places.x || !(bytes.byteLength - at >= stride * vertices)) return null;
  const view = new DataView(bytes, at);
  const hasColors = Boolean(places.red && places.green && places.blue);
  const points = new Float32Array(vertices * 3);
  const colors = hasColors ? new Uint8Array(vertices * 3) : null;
  for (let i = 0; i < vertices; i += 1) {
    for (const [k, name] of ["x", "y", "z"].entries()) points[3 * i + k] = places[name][1].startsWith("d") ? view.getFloat64(i * stride + places[name][0], true) : view.getFloat32(i * stride + places[name][0], true);
    if (colors) for (const [k, name] of ["red", "green", "blue"].entries()) colors[3 * i + k] = view.getUint8(i * stride + places[name][0]);
  }
  return vertices && points.every(Number.isFinite) ? { points, colors, faces: null } : null;
}

/** @param {string[]} lines @param {number} vertices @param {number} faces */
function plainPly(lines, vertices, faces) {
  const points = lines.slice(0, vertices).flatMap((line) => line.trim().split(/\s+/).slice(0, 3).map(Number));
  const corners = lines.slice(vertices, vertices + faces).flatMap((line) => {
    const [, ...at] = line.trim().split(/\s+/).map(Number);
    return at.slice(2).flatMap((_, i) => [at[0], at[i + 1], at[i + 2]]);
  });
  return checked(points, corners);
}

/** @param {number[]} points @param {number[]} faces @returns {Shape | null} */
function checked(points, faces) {
  if (!points.length || !points.every(Number.isFinite) || points.length / 3 > MOST_POINTS * 4) return null;
  const n = points.length / 3;
  if (faces.length / 3 > MOST_FACES || faces.some((at) => !(at >= 0 && at < n))) return { points: Float32Array.from(points), colors: null, faces: null };
  return { points: Float32Array.from(points), colors: null, faces: faces.length ? Uint32Array.from(faces) : null };
}

/** @param {Shape} shape @param {string} name */
function viewer(shape, name) {
  const ink = new Ink();
  const n = shape.points.length / 3;
  const words = shape.faces ? plural(shape.faces.length / 3, "face") : plural(n, "point");
  const canvas = h("canvas", { class: "tk-3d", height: String(HEIGHT), tabindex: "0", role: "img", "aria-label": `${name}: ${words}. Arrow keys turn it, plus and minus change the size.` });
  let [turn, tilt, zoom] = [0.6, 0.4, 1];
  let frame = 0;
  const draw = () => {
    frame = 0;
    if (!canvas.isConnected) return;
    ink.forget();
    paint(canvas, shape, ink, turn, tilt, zoom);
  };
  const soon = () => (frame ||= requestAnimationFrame(draw));
  canvas.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    turn += event.movementX / 120;
    tilt = Math.max(-1.5, Math.min(1.5, tilt + event.movementY / 120));
    soon();
  });
  canvas.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    if (!event.ctrlKey && !event.altKey && document.activeElement !== canvas) return; // the page scrolls until it was clicked
    event.preventDefault();
    zoom = Math.max(0.2, Math.min(8, zoom * (event.deltaY > 0 ? 0.9 : 1.1)));
    soon();
  }, { passive: false });
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const key = event.key;
    if (key === "ArrowLeft" || key === "ArrowRight") turn += key === "ArrowLeft" ? -0.15 : 0.15;
    else if (key === "ArrowUp" || key === "ArrowDown") tilt = Math.max(-1.5, Math.min(1.5, tilt + (key === "ArrowUp" ? -0.15 : 0.15)));
    else if (key === "+" || key === "=" || key === "-") zoom = Math.max(0.2, Math.min(8, zoom * (key === "-" ? 0.9 : 1.1)));
    else return;
    event.preventDefault();
    soon();
  });
  new ResizeObserver(soon).observe(canvas);
  return h("div", { class: "tk-3d-frame" }, canvas, h("p", { class: "tk-soft" }, `${words}. Drag to turn.`));
}

/** @param {HTMLCanvasElement} canvas @param {Shape} shape @param {Ink} ink @param {number} turn @param {number} tilt @param {number} zoom */
function paint(canvas, { points, colors, faces }, ink, turn, tilt, zoom) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const width = canvas.clientWidth || 1;
  canvas.width = width * ratio;
  canvas.height = HEIGHT * ratio;
  const g = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  g.scale(ratio, ratio);
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 1) (low[i % 3] = Math.min(low[i % 3], points[i])), (high[i % 3] = Math.max(high[i % 3], points[i]));
  const middle = low.map((value, k) => (value + high[k]) / 2);
  const size = Math.max(...low.map((value, k) => high[k] - value)) || 1;
  const scale = ((Math.min(width, HEIGHT) * 0.7) / size) * zoom;
  const [ct, st, cx, sx] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
  const n = points.length / 3;
  const at = new Float32Array(n * 3);
  for (let i = 0; i < n; i += 1) {
    const [x, y, z] = [points[3 * i] - middle[0], points[3 * i + 1] - middle[1], points[3 * i + 2] - middle[2]];
    const [x1, z1] = [ct * x + st * z, -st * x + ct * z];
    const [y2, z2] = [cx * y - sx * z1, sx * y + cx * z1];
    const near = 1 / (1 - z2 / (size * 4));
    at[3 * i] = width / 2 + x1 * scale * near;
    at[3 * i + 1] = HEIGHT / 2 - y2 * scale * near;
    at[3 * i + 2] = z2;
  }
  const [r, gr, b] = (ink.of("--s1").match(/[\d.]+/g) ?? []).map(Number);
  if (!faces) {
    const order = Uint32Array.from({ length: n }, (_, i) => i).sort((p, q) => at[3 * p + 2] - at[3 * q + 2]);
    const dot = n > 20_000 ? 1 : n > 2000 ? 1.5 : 2.5;
    for (const i of order) {
      const light = 0.55 + 0.45 * Math.max(0, Math.min(1, 0.5 + at[3 * i + 2] / size));
      g.fillStyle = colors ? `rgb(${colors[3 * i]},${colors[3 * i + 1]},${colors[3 * i + 2]})` : `rgb(${r * light},${gr * light},${b * light})`;
      g.fillRect(at[3 * i] - dot / 2, at[3 * i + 1] - dot / 2, dot, dot);
    }
    return;
  }
  const m = faces.length / 3;
  const depth = Float32Array.from({ length: m }, (_, f) => at[3 * faces[3 * f] + 2] + at[3 * faces[3 * f + 1] + 2] + at[3 * faces[3 * f + 2] + 2]);
  const order = Uint32Array.from({ length: m }, (_, f) => f).sort((p, q) => depth[p] - depth[q]);
  for (const f of order) {
    const [p, q, s] = [faces[3 * f] * 3, faces[3 * f + 1] * 3, faces[3 * f + 2] * 3];
    const [ux, uy, uz, vx, vy, vz] = [at[q] - at[p], at[q + 1] - at[p + 1], (at[q + 2] - at[p + 2]) * scale, at[s] - at[p], at[s + 1] - at[p + 1], (at[s + 2] - at[p + 2]) * scale];
    const [nx, ny, nz] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    const light = 0.35 + 0.65 * (Math.abs(nz) / (Math.hypot(nx, ny, nz) || 1));
    g.fillStyle = g.strokeStyle = `rgb(${r * light},${gr * light},${b * light})`;
    g.beginPath();
    g.moveTo(at[p], at[p + 1]);
    g.lineTo(at[q], at[q + 1]);
    g.lineTo(at[s], at[s + 1]);
    g.closePath();
    g.fill();
    g.stroke();
  }
}
