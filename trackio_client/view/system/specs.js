// @ts-check
/** The strips of the System view, from what is known: the training above, devices, then the host. */

import { variableOf } from "../base/colors.js";
import { gapped } from "../stack/points.js";
import { HOST, lastOf, memoryOf } from "./devices.js";

const ROWS_FROM = 4; // devices; fewer are better seen as lines
const HUES = ["--s1", "--s2", "--s4", "--s7"];
/** Where a step's time goes, the wait first: on the ground, where its height is read. @type {[string, string, string][]} */
const PARTS = [
  ["wait for data", "data wait", "--s2"],
  ["time between steps", "other", "--s4"],
  ["compute time", "compute", "--s8"],
];
const NONE = { kind: /** @type {"ema"} */ ("ema"), amount: 0 };

/**
 * The parts of a step in percent, at each point; null where they were not told. From their seconds; else from the share of data wait alone.
 * @param {(quantity: string) => {whole: any} | null | undefined} of @returns {{x: Float64Array, shares: Float64Array[], n: number, parts: {name: string, color: string}[]} | null}
 */
export function sharesOf(of) {
  const told = PARTS.map(([quantity, name, color]) => ({ series: of(quantity)?.whole, name, color }));
  const [wait, , compute] = told;
  if (wait.series?.n && compute.series?.n) {
    const { n } = wait.series;
    const near = told.map(({ series }) => (series ? (/** @type {number} */ i) => (series.x[i] === wait.series.x[i] ? series.mean[i] : series.mean[series.nearest(wait.series.x[i])]) : () => 0));
    const shares = PARTS.map(() => new Float64Array(n));
    for (let i = 0; i < n; i++) {
      const seconds = near.map((value) => Math.max(0, value(i) || 0));
      const sum = seconds.reduce((all, each) => all + each, 0);
      shares.forEach((column, k) => (column[i] = sum > 0 ? (100 * seconds[k]) / sum : 0));
    }
    return { x: wait.series.x.subarray(0, n), shares, n, parts: told.map(({ name, color }) => ({ name, color })) };
  }
  const share = of("share of waiting for data")?.whole;
  if (!share?.n) return null;
  const waits = Float64Array.from({ length: share.n }, (_, i) => share.mean[i]);
  return { x: share.x.subarray(0, share.n), shares: [waits, waits.map((value) => Math.max(0, 100 - value))], n: share.n, parts: [{ name: "data wait", color: "--s2" }, { name: "the rest of a step", color: "--s8" }] };
}

/** @param {{experiments: any[], devices: import("./devices.js").Device[], trains: any[], hosts: {metric: string, key: string, word: string}[], training: any, hardware: any, smoothing: any, isWaiting: boolean}} what
 * @returns {import("../stack/strip.js").Spec[]} */
export function specsOf({ experiments, devices, trains, hosts, training, hardware, smoothing, isWaiting }) {
  const soft = smoothing?.kind === "none" ? NONE : smoothing;
  const several = experiments.length > 1;
  const none = isWaiting ? "Loading" : "Not logged.";
  const first = (/** @type {any} */ experiment, /** @type {string} */ quantity) => trains.filter((each) => each.quantity === quantity).map(({ metric }) => training.get(experiment.id, metric)).find(Boolean);
  const lines = (/** @type {string} */ quantity) => experiments.flatMap((experiment) => {
    const found = first(experiment, quantity);
    return found ? [{ id: experiment.id, name: experiment.name, color: variableOf(experiment.color), dash: [], live: experiment.state === "running", ...found }] : [];
  });
  /** @type {import("../stack/strip.js").Spec[]} */ const specs = [];
  const loss = lines("training loss");
  if (loss.length || !devices.length) specs.push({ key: "loss", title: "Loss", height: 96, lines: loss, smoothing: soft, none });
  const time = lines("step time");
  if (time.length) specs.push({ key: "step time", title: "Step time", unit: "s", height: 64, lines: time, smoothing: soft, none });
  const shares = several ? null : experiments.map((experiment) => sharesOf((quantity) => first(experiment, quantity)))[0];
  if (shares) specs.push({ key: "shares", title: "Where a step’s time goes", unit: "%", height: 72, parts: shares.parts, shares });
  else if (several) {
    const waits = lines("share of waiting for data");
    if (waits.length) specs.push({ key: "wait", title: "Data wait", unit: "% of a step", height: 64, lines: waits, smoothing: soft, none });
  }
  if (devices.length && specs.length) specs[specs.length - 1].hasAxis = true; // the page is long: the axis is told in each part of it
  specs.push(...deviceSpecs(devices, isWaiting));
  if (specs.length) specs[specs.length - 1].hasAxis = true;
  for (const { key, title, unit } of HOST) {
    const own = hosts.filter((each) => each.key === key);
    const found = experiments.flatMap((experiment) => own.flatMap(({ metric, word }, i) => {
      const known = hardware.get(experiment.id, metric);
      // Of several experiments the machine alone: three lines each would be a tangle.
      return known && (!several || i === 0) ? [line(`${experiment.id} ${metric}`, several ? experiment.name : word, several ? variableOf(experiment.color) : HUES[i], known, experiment)] : [];
    }));
    if (found.length) specs.push({ key: `host ${key}`, title, hover: `${title} of the host`, unit, height: 60, lines: found, clip: false, none });
  }
  return specs;
}

/** @param {string} id @param {string} name @param {string} color @param {{series: any, whole: any}} found @param {any} experiment */
const line = (id, name, color, { series, whole }, experiment) => ({ id, name, color, dash: [], live: experiment.state === "running", series: gapped(series), whole, smooth: false });

/** @param {import("./devices.js").Device[]} devices @param {boolean} isWaiting @returns {import("../stack/strip.js").Spec[]} */
function deviceSpecs(devices, isWaiting) {
  const powers = devices.map((device) => lastOf(device.get("power_limit")) ?? lastOf(device.get("power"))).filter((v) => v !== null);
  const kinds = /** @type {{key: string, title: string, unit: string, of: (device: any) => any, low: number | null, high: number | null}[]} */ ([
    { key: "utilization", title: "GPU utilisation", unit: "%", of: (device) => device.get("utilization"), low: 0, high: 100 },
    { key: "memory", title: "GPU memory", unit: "% of what it has", of: (device) => share(memoryOf(device)), low: 0, high: 100 },
    { key: "temperature", title: "GPU temperature", unit: "°C", of: (device) => device.get("temperature"), low: null, high: null },
    { key: "power", title: "GPU power", unit: "W", of: (device) => device.get("power"), low: 0, high: powers.length ? Math.max(.../** @type {number[]} */ (powers)) : null },
  ]);
  const specs = [];
  for (const { key, title, unit, of, low, high } of kinds) {
    const found = devices.map((device) => ({ device, known: of(device) }));
    if (!found.some(({ known }) => known)) continue;
    const own = found.filter(({ known }) => known);
    const none = isWaiting ? "Loading" : "Not read.";
    if (devices.length < ROWS_FROM) {
      const lines = own.map(({ device, known }, i) => line(device.key, device.name, HUES[i % HUES.length], known, device.experiment));
      specs.push({ key, title, unit, height: 72, lines, clip: false, range: key === "utilization" || key === "memory" ? /** @type {[number, number]} */ ([0, 100]) : null, none });
      continue;
    }
    const [least, most] = endsOf(own.map(({ known }) => known.whole), low, high, key);
    specs.push({ key, title, unit, low: least, high: most, rowHeight: devices.length > 24 ? 8 : devices.length > 12 ? 11 : 14, rows: found.map(({ device, known }) => ({ name: device.name, series: known?.series ?? null })), none, words: `${devices.length} devices` });
  }
  return specs;
}

/** A scale that shows differences: from where the values begin, unless they come near zero. @param {any[]} all @param {number | null} low @param {number | null} high @param {string} key @returns {[number, number]} */
function endsOf(all, low, high, key) {
  const values = [];
  for (const series of all) for (let i = 0; i < series.n; i += Math.max(1, Math.floor(series.n / 200))) if (Number.isFinite(series.mean[i])) values.push(series.mean[i]);
  values.sort((a, b) => a - b);
  const at = (/** @type {number} */ q) => values[Math.floor(q * (values.length - 1))] ?? 0;
  const top = high ?? Math.ceil(at(1) / 10) * 10;
  const begin = Math.floor(at(0.02) / 10) * 10;
  if (key === "memory") return [0, top];
  return [low === null || begin >= 0.4 * top ? Math.min(begin, top - 10) : 0, Math.max(top, begin + 10)];
}

/** Memory in percent of what the device has. @param {ReturnType<typeof memoryOf>} memory */
function share(memory) {
  if (!memory?.high) return null;
  if (memory.unit === "%") return memory.found;
  const scaled = (/** @type {any} */ series) => percent(series, /** @type {number} */ (memory.high));
  return { series: scaled(memory.found.series), whole: scaled(memory.found.whole) };
}

/** @type {WeakMap<any, {version: number, made: any}>} */ const percents = new WeakMap();

/** @param {any} series @param {number} total */
function percent(series, total) {
  const held = percents.get(series);
  if (held?.version === series.version) return held.made;
  const made = Object.create(series);
  const scaled = (/** @type {ArrayLike<number>} */ column) => Float64Array.from({ length: series.n }, (_, i) => (100 * column[i]) / total);
  made.mean = scaled(series.mean);
  made.low = series.single ? made.mean : scaled(series.low);
  made.high = series.single ? made.mean : scaled(series.high);
  percents.set(series, { version: series.version, made });
  return made;
}

/** Every series of a strip, for the range of the axis. @param {import("../stack/strip.js").Spec} spec */
export const seriesIn = (spec) => [...(spec.lines ?? []).map(({ series, whole }) => whole ?? series), ...(spec.rows ?? []).map(({ series }) => series)];
