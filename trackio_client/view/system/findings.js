// @ts-check
/**
 * What the hardware's numbers say by themselves: a GPU that idles, one that is slower than the others, memory that is nearly
 * full. Each is computed from the points, says from when to when, and is left out where the data do not show it.
 */
import { count, duration, number } from "../base/words.js";

const IDLE = 10; // % of use: below it a GPU does nothing that counts
const HALF = 50; // % of use, where a point is a mean of several readings
const LEAST_IDLE = 6; // points
const LEAST_ODD = 12;
const LEAST_S = 60;
const SLOWER = 8; // points of use below the median of the others
const WAITS = 25; // % of a step that waits for data: from there on it is worth a word
const FULL = 0.97; // of a device's memory

/**
 * @typedef {{x: ArrayLike<number>, y: ArrayLike<number>, n: number, single?: boolean}} Points  y at x, seconds
 * @typedef {{name: string, utilization: Points | null, temperature?: Points | null, heat?: Points | null, memory?: {points: Points, total: number} | null}} Device
 * @typedef {{kind: "idle" | "slow" | "heat" | "memory", devices: string[], from: number, to: number, isOpen: boolean, head: string, rest: string}} Finding
 *   `isOpen`: it lasts to the end of what is known; `from`, `to`: the evidence, on the axis
 */

/** The stretch with the greatest sum of weights (Kadane 1984). @param {number[]} weights @returns {{from: number, to: number, sum: number} | null} places, both within */
export function stretch(weights) {
  let best = null;
  let [sum, from] = [0, 0];
  for (const [i, weight] of weights.entries()) {
    if (!Number.isFinite(weight)) continue;
    if (sum <= 0) (sum = 0), (from = i);
    sum += weight;
    if (sum > 0 && (!best || sum > best.sum)) best = { from, to: i, sum };
  }
  return best;
}

/** @param {Points} points @param {number} from @param {number} to */
function meanIn({ x, y, n }, from, to) {
  let [sum, found] = [0, 0];
  for (let i = 0; i < n; i++) if (x[i] >= from && x[i] <= to && Number.isFinite(y[i])) (sum += y[i]), found++;
  return found ? sum / found : null;
}

/** @param {Points} points @param {number} at */
function near({ x, y, n }, at) {
  let [low, high] = [0, n - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < at) low = middle + 1;
    else high = middle;
  }
  return n ? (low > 0 && at - x[low - 1] < x[low] - at ? y[low - 1] : y[low]) : NaN;
}

/** @param {number[]} list */
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
/** @param {number} value */
const whole = (value) => number(Math.round(value));
/** @param {string} name */
const large = (name) => name.replace(/\bgpu (?=\d)/g, "GPU "); // an experiment may be called gpu-…

/**
 * @param {{devices: Device[], wait: Points | null, stepTime: Points | null, training: [number, number] | null, where: (x: number) => string}} what
 *   `wait`: % of a step; `training`: where steps were logged: a GPU that does nothing before or after is no finding
 * @returns {Finding[]} the gravest first
 */
export function findings({ devices, wait, stepTime, training, where }) {
  return [...slow(devices, stepTime, where), ...idle(devices, wait, training, where), ...hot(devices, where), ...full(devices, where)];
}

/** @param {Finding["isOpen"]} isOpen @param {number} from @param {number} to @param {(x: number) => string} where */
const when = (isOpen, from, to, where) => (isOpen ? `since ${where(from)}` : `between ${where(from)} and ${where(to)}`);

/** @param {Device[]} devices @param {Points | null} wait @param {[number, number] | null} training @param {(x: number) => string} where @returns {Finding[]} */
function idle(devices, wait, training, where) {
  const found = [];
  for (const { name, utilization } of devices) {
    if (!utilization) continue;
    const { x, y, n, single = true } = utilization;
    const inside = (/** @type {number} */ i) => !training || (x[i] >= training[0] && x[i] <= training[1]);
    const limit = single ? IDLE : HALF;
    const worst = stretch(Array.from({ length: n }, (_, i) => (!inside(i) || !Number.isFinite(y[i]) ? NaN : y[i] < limit ? 1 : -1)));
    if (!worst || worst.to - worst.from + 1 < LEAST_IDLE || x[worst.to] - x[worst.from] < LEAST_S) continue;
    const [from, to] = [x[worst.from], x[worst.to]];
    let [low, all] = [0, 0];
    for (let i = worst.from; i <= worst.to; i++) if (Number.isFinite(y[i])) (all += 1), (low += y[i] < limit ? 1 : 0);
    found.push({ name, from, to, single, share: low / all, mean: meanIn(utilization, from, to) ?? 0, isOpen: worst.to >= n - 2 });
  }
  return together(found).map((group) => {
    const [first] = group;
    const [from, to] = [Math.min(...group.map((each) => each.from)), Math.max(...group.map((each) => each.to))];
    const isOpen = group.every((each) => each.isOpen);
    const one = group.length === 1;
    const names = one ? large(first.name) : group.length === devices.length ? (group.length === 2 ? "Both GPUs" : `All ${count(devices.length)} GPUs`) : `${large(first.name)} and ${count(group.length - 1)} more`;
    const mean = (/** @type {"share" | "mean"} */ key) => group.reduce((sum, each) => sum + each[key], 0) / group.length;
    const head = first.single ? `${names} idle ${whole(100 * mean("share"))} % of the time ${when(isOpen, from, to, where)}` : `${names} ${one ? "is" : "are"} used ${whole(mean("mean"))} % ${when(isOpen, from, to, where)}`;
    const waits = wait ? meanIn(wait, from, to) : null;
    const rest = waits === null ? "The share of data wait was not recorded." : waits >= WAITS ? `Data wait is ${whole(waits)} % of a step there.` : `Data wait is only ${whole(waits)} % of a step there: it waits for something else.`;
    return { kind: "idle", devices: group.map(({ name }) => name), from, to, isOpen, head: waits !== null && waits >= WAITS ? `${head} while data wait is ${whole(waits)} %.` : `${head}.`, rest: waits !== null && waits >= WAITS ? outside(/** @type {Points} */ (wait), from, to) : rest };
  });
}

/** What it is elsewhere: a figure alone says little. @param {Points} wait @param {number} from @param {number} to */
function outside({ x, y, n }, from, to) {
  let [sum, found] = [0, 0];
  for (let i = 0; i < n; i++) if ((x[i] < from || x[i] > to) && Number.isFinite(y[i])) (sum += y[i]), found++;
  return found > 5 ? `At other times a step waits ${whole(sum / found)} % for data.` : "";
}

/** Stretches that overlap by half of the shorter are one. @template {{from: number, to: number}} T @param {T[]} all @returns {T[][]} */
function together(all) {
  /** @type {T[][]} */ const groups = [];
  for (const each of all) {
    const same = groups.find(([first]) => Math.min(first.to, each.to) - Math.max(first.from, each.from) > 0.5 * Math.min(first.to - first.from, each.to - each.from));
    if (same) same.push(each);
    else groups.push([each]);
  }
  return groups;
}

/** @param {Device[]} devices @param {Points | null} stepTime @param {(x: number) => string} where @returns {Finding[]} */
function slow(devices, stepTime, where) {
  const read = devices.filter(({ utilization }) => utilization?.n);
  if (read.length < 3) return [];
  const found = [];
  for (const device of read) {
    const { x, y, n } = /** @type {Points} */ (device.utilization);
    const others = read.filter((each) => each !== device).map(({ utilization }) => /** @type {Points} */ (utilization));
    const middle = Array.from({ length: n }, (_, i) => median(others.map((each) => near(each, x[i]))));
    const worst = stretch(middle.map((m, i) => m - y[i] - SLOWER / 2));
    if (!worst || worst.to - worst.from + 1 < LEAST_ODD || x[worst.to] - x[worst.from] < 2 * LEAST_S) continue;
    const [from, to] = [x[worst.from], x[worst.to]];
    const [own, theirs] = [meanIn({ x, y, n }, from, to) ?? 0, meanIn({ x, y: middle, n }, from, to) ?? 0];
    if (theirs - own >= SLOWER) found.push({ device, from, to, own, theirs, isOpen: worst.to >= n - 3, isWhole: worst.from < 3 && worst.to >= n - 3 });
  }
  return together(found).map((group) => {
    const [from, to] = [Math.min(...group.map((each) => each.from)), Math.max(...group.map((each) => each.to))];
    const slowest = group.map(({ device }) => device);
    const mean = (/** @type {"own" | "theirs"} */ key) => group.reduce((sum, each) => sum + each[key], 0) / group.length;
    const heats = (/** @type {Device[]} */ list) => list.map(({ temperature }) => (temperature ? meanIn(temperature, from, to) : null)).filter((v) => v !== null);
    const [heat, others] = [heats(slowest), heats(read.filter((each) => !slowest.includes(each)))];
    const held = slowest.some(({ heat: told }) => told && (meanIn(told, from, to) ?? 0) > 0.5);
    const names = slowest.map(({ name }) => large(name));
    const who = names.length > 2 ? `${names[0]} and ${names.length - 1} more are` : `${names.join(" and ")} ${names.length > 1 ? "are" : "is"}`;
    const rest = [heat.length && others.length ? `${whole(median(/** @type {number[]} */ (heat)))} °C against ${whole(median(/** @type {number[]} */ (others)))} °C.` : "", held ? "The driver says that heat holds it down." : "", longer(stepTime, from, to)].filter(Boolean).join(" ");
    const time = group.every(({ isWhole }) => isWhole) ? "all the time" : when(group.every(({ isOpen }) => isOpen), from, to, where);
    return { kind: /** @type {const} */ ("slow"), devices: slowest.map(({ name }) => name), from, to, isOpen: group.every(({ isOpen }) => isOpen), head: `${who} slower than the others ${time}: ${whole(mean("own"))} % utilised against ${whole(mean("theirs"))} %.`, rest };
  });
}

/** What it costs. @param {Points | null} stepTime @param {number} from @param {number} to */
function longer(stepTime, from, to) {
  if (!stepTime?.n) return "";
  const [there, before] = [meanIn(stepTime, from, to), meanIn(stepTime, -Infinity, from - 1e-9)];
  return there !== null && before !== null && there > 1.05 * before ? `A step takes ${duration3(there)} there, ${duration3(before)} before.` : "";
}

/** @param {number} seconds */
const duration3 = (seconds) => (seconds < 1 ? `${number(Number((seconds * 1000).toPrecision(3)))} ms` : seconds < 10 ? `${number(Number(seconds.toPrecision(3)))} s` : duration(seconds));

/** Held down by heat, where that made it no slower than others: there may be no others. @param {Device[]} devices @param {(x: number) => string} where @returns {Finding[]} */
function hot(devices, where) {
  const told = devices.length > 2 ? [] : devices;
  return told.flatMap(({ name, heat }) => {
    const worst = heat ? stretch(Array.from({ length: heat.n }, (_, i) => heat.y[i] - 0.5)) : null;
    if (!heat || !worst || heat.x[worst.to] - heat.x[worst.from] < LEAST_S) return [];
    const [from, to] = [heat.x[worst.from], heat.x[worst.to]];
    const isOpen = worst.to >= heat.n - 2;
    return [{ kind: /** @type {const} */ ("heat"), devices: [name], from, to, isOpen, head: `${large(name)} is held down by heat ${when(isOpen, from, to, where)}.`, rest: `${duration(to - from)}, as its driver says.` }];
  });
}

/** @param {Device[]} devices @param {(x: number) => string} where @returns {Finding[]} */
function full(devices, where) {
  return devices.flatMap(({ name, memory }) => {
    if (!memory?.total) return [];
    const { x, y, n } = memory.points;
    let top = -1;
    for (let i = 0; i < n; i++) if (Number.isFinite(y[i]) && (top < 0 || y[i] > y[top])) top = i;
    if (top < 0 || y[top] < FULL * memory.total) return [];
    return [{ kind: /** @type {const} */ ("memory"), devices: [name], from: x[Math.max(0, top - 10)], to: x[Math.min(n - 1, top + 10)], isOpen: false, head: `${large(name)} came to ${number(Number(y[top].toPrecision(4)))} of ${number(Number(memory.total.toPrecision(4)))} GiB at ${where(x[top])}.`, rest: `${whole((100 * y[top]) / memory.total)} % of its memory: a longer sample may fail.` }];
  });
}
