// @ts-check
/** A row a device: what it does now, or did in the range in view, with the way it went. */

import { h } from "../base/dom.js";
import { plainTable } from "../experiment/pane.js";
import { gapped } from "../stack/points.js";
import { duration, exact, number } from "../base/words.js";
import { lastOf, meanIn, memoryOf } from "./devices.js";

const WIDE = 84;
const HIGH = 24;
const SVG = "http://www.w3.org/2000/svg";

/** @param {{whole: any} | null} found @param {[number, number]} range @param {[number, number]} ends of the y axis */
function spark(found, [x0, x1], [low, high]) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDE} ${HIGH}`);
  svg.setAttribute("class", "tk-spark");
  svg.setAttribute("aria-hidden", "true");
  if (!found) return svg;
  const series = gapped(found.whole);
  const cells = /** @type {{sum: number, n: number}[]} */ (Array.from({ length: WIDE / 2 + 1 }, () => ({ sum: 0, n: 0 })));
  const broken = new Set();
  for (let i = 0; i < series.n; i++) {
    if (series.x[i] < x0 || series.x[i] > x1) continue;
    const cell = Math.round(((series.x[i] - x0) / (x1 - x0 || 1)) * (WIDE / 2));
    if (!Number.isFinite(series.mean[i])) broken.add(cell);
    else (cells[cell].sum += series.mean[i]), cells[cell].n++;
  }
  let [path, pen, empty] = ["", "M", 0];
  cells.forEach(({ sum, n }, i) => {
    if (!n) return void (empty++, broken.has(i) && (pen = "M"));
    if (empty > 6) pen = "M";
    empty = 0;
    const y = HIGH - 2 - Math.max(0, Math.min(1, (sum / n - low) / (high - low || 1))) * (HIGH - 4);
    path += `${pen}${i * 2} ${y.toFixed(1)}`;
    pen = "L";
  });
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path || "M0 0");
  svg.append(line);
  return svg;
}

/** @param {number | null} value @param {number} [figures] */
const words = (value, figures = 3) => (value === null ? "–" : number(Number(value.toPrecision(figures))));

/**
 * @param {{devices: import("./devices.js").Device[], range: [number, number], isZoomed: boolean, findings: import("./findings.js").Finding[]}} what
 */
export function deviceTable({ devices, range, isZoomed, findings }) {
  const value = (/** @type {any} */ found) => (!found ? null : isZoomed ? meanIn(found.whole, ...range) : lastOf(found));
  const ends = (/** @type {string} */ what, /** @type {number} */ least, /** @type {number} */ most) => {
    let [low, high] = [least, most];
    for (const device of devices) {
      const whole = device.get(what)?.whole;
      if (whole) for (let i = 0; i < whole.n; i++) (low = Math.min(low, whole.mean[i])), (high = Math.max(high, whole.mean[i]));
    }
    return /** @type {[number, number]} */ ([low, high]);
  };
  const scale = { utilization: /** @type {[number, number]} */ ([0, 100]), temperature: ends("temperature", 60, 80), power: ends("power", 0, 1) };
  const cell = (/** @type {any} */ device, /** @type {"utilization" | "temperature" | "power"} */ what, /** @type {string} */ unit) => {
    const found = device.get(what);
    const now = value(found);
    const limit = what === "power" ? lastOf(device.get("power_limit")) : null;
    const title = found ? `${exact(now)} ${unit}${limit ? ` of ${number(limit)} W` : ""}` : "not read";
    return h("td", { title }, h("span", { class: "tk-device-value" }, h("b", null, words(now)), spark(found, range, limit ? [0, limit] : scale[what])));
  };
  const columns = COLUMNS.filter(([what]) => devices.some((device) => (what === "memory" ? memoryOf(device) : device.get(what))));
  const row = (/** @type {import("./devices.js").Device} */ device) => {
    const memory = memoryOf(device);
    const used = memory ? value(memory.found) : null;
    const share = memory?.high && used !== null ? used / memory.high : null;
    const clock = value(device.get("sm_clock"));
    const own = findings.find(({ devices: named }) => named.includes(device.name));
    const memoryCell = h("td", { title: memory ? `${exact(used)} ${memory.unit}${memory.high && memory.unit === "GiB" ? ` of ${number(Number(memory.high.toPrecision(4)))} GiB` : ""}` : "not read" }, h("span", { class: "tk-device-value" }, h("b", null, words(used)), h("span", { class: "tk-soft" }, memory?.unit === "GiB" && memory.high ? `of ${number(Math.round(memory.high))}` : (memory?.unit ?? "")), share === null ? null : h("i", { class: share > 0.95 ? "tk-device-bar full" : "tk-device-bar", style: { "--w": `${100 * Math.min(1, share)}%` } })));
    const clockCell = h("td", { class: "num", title: clock === null ? "not read" : `${exact(clock)} MHz` }, clock === null ? "–" : number(Math.round(clock)));
    const cells = { utilization: () => cell(device, "utilization", "%"), memory: () => memoryCell, temperature: () => cell(device, "temperature", "°C"), power: () => cell(device, "power", "W"), sm_clock: () => clockCell };
    return h("tr", { class: own ? "tk-device-odd" : null },
      h("th", { scope: "row", title: device.name }, device.name), columns.map(([what]) => cells[/** @type {"memory"} */ (what)]()),
      h("td", { class: "tk-device-state" }, own ? stateOf(own) : "nothing to report"));
  };
  const when = isZoomed ? "mean in the range in view" : "newest reading";
  const head = [["", "device"], ...columns, ["", "state"]].map(([what, word]) => h("th", { scope: "col", class: what === "sm_clock" ? "num" : null, title: what ? when : null }, word));
  return plainTable({ label: "Devices", head, rows: devices.map(row), class: "tk-devices" });
}

/** What devices may tell; a column that none tells is left out. @type {[string, string][]} */
const COLUMNS = [["utilization", "utilisation, %"], ["memory", "memory, GiB"], ["temperature", "temperature, °C"], ["power", "power, W"], ["sm_clock", "clock, MHz"]];

/** @param {import("./findings.js").Finding} finding */
function stateOf({ kind, from, to }) {
  const long = duration(to - from);
  return { slow: `slower than the others, ${long}`, idle: `idle, ${long}`, heat: `held down by heat, ${long}`, memory: "memory nearly full" }[kind];
}
