// @ts-check
/**
 * What the machine does while it trains: loss, step time and where it goes, each GPU in a row, the host, all on one time axis;
 * what the numbers say by themselves; and below every chart of hardware as it was logged.
 */
import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { noSystem, skeleton } from "../base/notices.js";
import { remember, remembered } from "../base/remember.js";
import { MetricGrid } from "../charts/grid.js";
import { formatDuration } from "../charts/scales.js";
import { bringIntoView } from "../base/bring.js";
import { Pane } from "../experiment/pane.js";
import { Asked } from "../stack/asked.js";
import { Stack, extentOf } from "../stack/stack.js";
import { putZoom, zoomOf } from "../stack/zoomed.js";
import { clockMinutes, count, duration, plural } from "../base/words.js";
import { devicesOf, gpuReadings, hostReadings } from "./devices.js";
import { findings } from "./findings.js";
import { seriesIn, sharesOf, specsOf } from "./specs.js";
import { deviceTable } from "./table.js";

const EVERY_MS = 5000; // hardware is read every ten seconds
const DETAILS_MS = 15_000; // of one that runs: a rank may join late
const MOST = 6; // experiments on one axis: more rows are no picture
const MOST_DEVICES = 64;
/** Beside the hardware: quantities of the training. */
const TRAINING = ["training loss", "step time", "wait for data", "compute time", "time between steps", "share of waiting for data"];
export const ROWS = /** @type {Record<string, string>} */ ({ utilization: "Utilisation", memory: "Memory", temperature: "Temperature", power: "Power" });

export class SystemView {
  /** @param {HTMLElement} root @param {import("../shell/views.js").Parts} parts */
  constructor(root, { state, source }) {
    this.root = root;
    this.state = state;
    this.source = source;
    /** @type {Map<string, any>} */ this.details = new Map();
    this.hardware = new Asked(ofEachRank(source), { every_ms: EVERY_MS });
    this.training = new Asked(source, { every_ms: EVERY_MS });
    this.scope = state.scope({ groups: ["system"] });
    this.build();
    for (const asked of [this.hardware, this.training]) asked.addEventListener("data", () => this.came());
    this.hardware.addEventListener("data", () => this.stack.inView && this.askDetails());
    this.stops = [
      state.follow(["experiments", "view", "project", "metrics"], () => this.ticked()),
      state.follow(["x", "zoom", "devices", "smoothing"], () => this.layOut()),
    ];
  }

  build() {
    const { state } = this;
    this.told = h("div", { class: "tk-findings" });
    this.pane = new Pane("On one time axis", { key: "system axis" });
    this.table = new Pane("Devices", { key: "system devices" });
    const holder = h("div", null);
    this.stack = new Stack(holder, { state, name: "system", label: "Loss, step time, GPUs and host on one time axis" });
    this.out = h("button", { class: "tk-btn sm", hidden: true, on: { click: () => this.zoom(null) } }, "Zoom out");
    this.search = h("input", { type: "search", placeholder: "Devices", "aria-label": "Devices whose name holds", spellcheck: "false" });
    this.search.addEventListener("input", later(() => state.set({ devices: this.search.value.trim() || null }), 60));
    this.field = h("label", { class: "tk-field sm" }, icon("search"), this.search);
    this.pane.tools.append(this.stack.where, this.out, this.field);
    this.reasons = h("p", { class: "tk-pane-words", hidden: true });
    fill(this.pane.body, this.reasons, holder);
    this.empty = h("div", { class: "tk-system-none" });
    const grid = h("div", null);
    this.charts = h("details", { class: "tk-system-all", open: remembered().systemAll !== false }, h("summary", null, h("h2", null, "All hardware metrics"), h("span", { class: "tk-soft" }, "as they were logged")), grid);
    this.charts.addEventListener("toggle", () => {
      remember({ systemAll: this.charts.open });
      this.openCharts(grid);
    });
    this.box = h("div", { class: "tk-system" }, this.told, this.pane.root, this.table.root);
    fill(this.root, this.empty, this.box, this.charts);
    this.openCharts(grid);
    this.stack.addEventListener("zoom", (/** @type {any} */ { detail }) => this.zoom(detail));
    this.stack.addEventListener("seen", () => this.layOut());
  }

  /** @param {HTMLElement} grid */
  openCharts(grid) {
    if (this.charts.open) this.grid ??= new MetricGrid(grid, { state: this.scope, source: this.source });
  }

  /** Several experiments share no time of day worth drawing, as in the charts below (charts/grid.js). */
  get x() {
    const asked = this.state.get("x");
    return asked === "time" || asked === "relative" ? asked : this.shown.length > 1 ? "relative" : "time";
  }

  get zoomKey() {
    return `${this.x} system`;
  }

  get shown() {
    return this.rows ?? [];
  }

  /** The zoom is that of the charts below: both follow each other, and it stands in the address. @param {[number, number] | null} range */
  zoom(range) {
    putZoom(this.state, this.zoomKey, range);
  }

  ticked() {
    if (this.state.get("view") !== "system") return void this.layOut();
    const ticked = this.state.get("experiments").filter((/** @type {any} */ row) => row.shown).sort((/** @type {any} */ a, /** @type {any} */ b) => b.created_s - a.created_s);
    this.left = Math.max(0, ticked.length - MOST);
    this.rows = ticked.slice(0, MOST);
    const metrics = this.state.get("metrics");
    if (metrics) {
      this.gpus = gpuReadings(metrics);
      this.hosts = hostReadings(metrics);
      this.trains = metrics.filter((/** @type {any} */ { quantity, title }) => TRAINING.includes(quantity) && !String(title).includes(" · "));
    }
    this.askDetails();
    this.layOut();
  }

  /** Ranks with their hosts, and why something was not read: once each, and again when a state changed. */
  async askDetails() {
    if (!this.source.experiment) return;
    for (const { id, state } of this.shown) {
      const held = this.details.get(id);
      const now = performance.now();
      if (held && held.state === state && (state !== "running" || now - held.at < DETAILS_MS)) continue;
      this.details.set(id, { ...held, state, at: now });
      try {
        const { ranks, environment } = await this.source.experiment(id);
        this.details.set(id, { state, ranks, environment, at: now });
        this.came();
      } catch {
        this.details.delete(id); // the next change asks again
      }
    }
  }

  layOut() {
    if (!this.rows || !this.gpus) return;
    const isSeen = this.stack.inView && this.state.get("view") === "system";
    const zoom = zoomOf(this.state, this.zoomKey);
    const ids = isSeen ? this.shown.map((/** @type {any} */ { id }) => id) : [];
    const pairs = (/** @type {{metric: string}[]} */ metrics) => ids.flatMap((/** @type {string} */ experiment) => metrics.map(({ metric }) => ({ experiment, metric })));
    this.hardware.want({ x: this.x, zoom, pairs: pairs([...this.gpus, ...(this.hosts ?? [])]) });
    this.training.want({ x: this.x, zoom, pairs: pairs(this.trains) });
    if (isSeen) this.askDetails();
    this.came();
  }

  /** New points, or another range: what stands on the page now. */
  came() {
    if (!this.rows || this.state.get("view") !== "system") return;
    const metrics = this.state.get("metrics");
    const none = metrics !== null && !this.gpus?.length && !this.hosts?.length;
    const logged = none && metrics.some((/** @type {any} */ { group }) => group === "system");
    this.box.hidden = none;
    this.charts.hidden = none && !logged;
    this.sayNone(none && !logged);
    if (none || !metrics) return;
    this.pane.show(true);
    const all = devicesOf(this.shown, this.gpus, (id) => this.details.get(id), (id, metric) => this.hardware.get(id, metric));
    const words = (this.state.get("devices") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const devices = all.filter(({ name }) => words.every((/** @type {string} */ word) => name.toLowerCase().includes(word))).slice(0, MOST_DEVICES);
    this.field.hidden = all.length <= 4;
    if (document.activeElement !== this.search) this.search.value = this.state.get("devices") ?? "";
    const zoom = zoomOf(this.state, this.zoomKey);
    this.out.hidden = !zoom;
    const given = { experiments: this.shown, devices, trains: this.trains, hosts: this.hosts ?? [], training: this.training, hardware: this.hardware, smoothing: this.state.get("smoothing"), isWaiting: this.hardware.isWaiting || this.training.isWaiting };
    const specs = specsOf(given);
    const domain = extentOf(specs.flatMap(seriesIn)) ?? (this.x === "time" ? [Date.now() / 1000 - 60, Date.now() / 1000] : [0, 60]);
    this.stack.show(specs, { x: this.x, domain, left: this.gutter(devices), zoom });
    const said = this.find(all);
    this.sayFindings(said);
    this.sayMachines(all, devices);
    this.table.show(devices.length > 0);
    this.table.say([plural(devices.length, "device"), devices.length < all.length ? `of ${count(all.length)}` : ""].filter(Boolean).join(" "));
    if (devices.length) this.drawTable({ devices, range: zoom ?? domain, isZoomed: Boolean(zoom), findings: said });
  }

  /** @param {any} what */
  drawTable(what) {
    const before = /** @type {HTMLElement | null} */ (this.table.body.firstElementChild);
    const next = deviceTable(what);
    if (before?.outerHTML === next.outerHTML) return; // what the reader has selected there stays selected
    const [place, hadFocus] = [before?.scrollLeft ?? 0, before !== null && document.activeElement === before];
    fill(this.table.body, next);
    if (place) next.scrollLeft = place;
    if (hadFocus) next.focus({ preventScroll: true });
  }

  /** Room for names of devices. @param {import("./devices.js").Device[]} devices */
  gutter(devices) {
    const g = /** @type {CanvasRenderingContext2D} */ ((this.measuring ??= document.createElement("canvas")).getContext("2d"));
    g.font = this.stack.ink.font;
    const widest = Math.max(0, ...devices.map(({ name }) => g.measureText(name).width));
    return Math.round(Math.max(56, Math.min(widest + 18, 160, (this.stack.width || 600) * 0.3)));
  }

  /** What the numbers say, an experiment at a time. @param {import("./devices.js").Device[]} all @returns {(import("./findings.js").Finding & {experiment: any})[]} */
  find(all) {
    const points = (/** @type {any} */ found) => (found?.whole.n ? { x: found.whole.x, y: found.whole.mean, n: found.whole.n, single: found.whole.single } : null);
    return this.shown.flatMap((/** @type {any} */ experiment) => {
      const own = all.filter((each) => each.experiment.id === experiment.id);
      const of = (/** @type {string} */ quantity) => this.trains.filter((/** @type {any} */ each) => each.quantity === quantity).map(({ metric }) => this.training.get(experiment.id, metric)).find(Boolean);
      const loss = of("training loss")?.whole;
      const shares = sharesOf(of);
      const wait = shares ? { x: shares.x, y: shares.shares[0], n: shares.n } : points(of("share of waiting for data"));
      const devices = own.map((device) => {
        const total = device.get("memory_total")?.whole.last();
        const used = points(device.get("memory_used"));
        return { name: device.name, utilization: points(device.get("utilization")), temperature: points(device.get("temperature")), heat: points(device.get("throttled_thermal")), memory: used && total ? { points: used, total } : null };
      });
      const training = loss?.n > 1 ? /** @type {[number, number]} */ ([loss.x[0], loss.x[loss.n - 1]]) : null;
      return findings({ devices, wait, stepTime: points(of("step time")), training, where: (at) => this.where(at) }).map((each) => ({ ...each, experiment }));
    });
  }

  /** @param {number} at */
  where(at) {
    return this.x === "time" ? clockMinutes(at) : formatDuration(at).replace(/ 0 (s|min)$/, "");
  }

  /** @param {(import("./findings.js").Finding & {experiment: any})[]} said */
  sayFindings(said) {
    const key = JSON.stringify(said.map(({ head, rest }) => [head, rest]));
    if (key === this.findingKey) return;
    this.findingKey = key;
    const line = (/** @type {any} */ { from, to, head, rest }) => {
      const evidence = h("button", { class: "tk-link", title: "Zoom all strips and charts to when it was so" }, "Evidence");
      evidence.addEventListener("click", () => {
        const margin = 0.25 * (to - from) + 1;
        this.zoom([from - margin, to + margin]);
        bringIntoView(this.pane.root);
      });
      return h("div", { class: "tk-finding", role: "status" }, h("p", null, h("b", null, head), rest ? ` ${rest}` : ""), evidence);
    };
    fill(this.told, said.map(line));
  }

  /** Which machines these are; and why some have no GPU here. @param {import("./devices.js").Device[]} all @param {import("./devices.js").Device[]} devices */
  sayMachines(all, devices) {
    const hosts = new Set(all.map(({ experiment, host }) => host ?? this.details.get(experiment.id)?.environment?.values?.host).filter(Boolean));
    const [first] = this.shown;
    const gpu = this.details.get(first?.id)?.environment?.values?.gpu;
    const model = this.shown.length === 1 && Array.isArray(gpu?.devices ?? gpu) ? (gpu.devices ?? gpu)[0]?.name : null;
    const series = all[0]?.get("utilization")?.whole;
    const every = series?.single && series.n > 2 ? Math.round((series.x[series.n - 1] - series.x[0]) / (series.n - 1)) : null;
    this.pane.say([[...hosts].join(", "), all.length ? `${count(all.length)} × ${model ?? "GPU"}` : "", every ? `read every ${duration(every).replace(".0", "")}` : "", devices.length < all.length ? `${count(devices.length)} shown` : "", this.left ? `the newest ${MOST} of ${count(MOST + this.left)} ticked experiments` : ""].filter(Boolean).join(", "));
    const lacking = this.hardware.isWaiting ? [] : this.shown.filter(({ id }) => !all.some(({ experiment }) => experiment.id === id));
    const words = byReason(lacking, ({ id }) => {
      const { environment } = this.details.get(id) ?? {};
      const why = reasonOf(environment?.not_captured ?? {});
      return `no GPU was read${why ? `: ${why}` : environment ? ", and nothing says why" : ""}.`;
    });
    this.reasons.hidden = !words.length;
    text(this.reasons, words.join(" "));
  }

  /** @param {boolean} none */
  sayNone(none) {
    const waiting = this.state.get("metrics") === null;
    const why = byReason(none ? this.shown : [], ({ id }) => {
      const reason = reasonOf(this.details.get(id)?.environment?.not_captured ?? {});
      return reason && `${reason}.`;
    });
    const key = `${none} ${waiting} ${why.join("\n")}`;
    if (key === this.noneKey) return;
    this.noneKey = key;
    fill(this.empty, none ? noSystem() : waiting ? skeleton() : null);
    if (why.length) this.empty.firstElementChild?.append(h("p", { class: "tk-soft" }, why.join(" ")));
  }

  close() {
    for (const stop of this.stops) stop();
    this.hardware.close();
    this.training.close();
    this.stack.close();
    this.grid?.close();
    this.scope.close();
  }
}

/** The same source, every rank by its own name: the mean over machines hides the one that is slow. @param {any} source */
function ofEachRank(source) {
  return new Proxy(source, { get: (target, name) => (name === "series" ? (/** @type {any} */ ask, /** @type {any} */ signal) => target.series({ ...ask, ranks: "each" }, signal) : typeof target[name] === "function" ? target[name].bind(target) : target[name]) });
}

/** What is said of several experiments, once for those of which it is the same, after their names.
 * @param {{id: string, name: string}[]} experiments @param {(experiment: {id: string, name: string}) => string | undefined} say @returns {string[]} */
function byReason(experiments, say) {
  /** @type {Map<string, string[]>} */ const found = new Map();
  for (const each of experiments) {
    const words = say(each);
    if (words) found.set(words, [...(found.get(words) ?? []), each.name]);
  }
  return [...found].slice(0, 3).map(([words, names]) => `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${count(names.length - 3)} more` : ""}: ${words}`);
}

/** Why no GPU was seen, as the environment says it. @param {Record<string, string>} reasons @returns {string | undefined} */
function reasonOf(reasons) {
  const key = ["gpu.devices", "gpu.driver", "gpu", "hardware", "environment"].find((each) => reasons[each]);
  return key && reasons[key].replace(/\.$/, "");
}
