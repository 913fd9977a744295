// @ts-check
/**
 * Where a page without a server gets its data: a dataset repo of the Hub. The same shape as HttpSource (source.js).
 *
 * One small file, `view/head.json`, is asked for at most every ten seconds, and only while somebody asks this source: a
 * hidden page asks nothing. It names the lists by their hash, the lists name the overviews by theirs, and only what
 * differs is fetched. Everything else is answered from memory.
 */
import { BUT_SEED, settingsOf } from "../base/seeds.js";
import { Galleries } from "./gallery.js";
import { HubFiles, hashOf } from "./hubfiles.js";
import { Newer, headOf, listOf, metricsOf, nested, shownRow, stateOf } from "./lists.js";
import { open as openOverview, pathOf } from "./overview.js";
import { SourceError } from "./source.js";

const EVERY_MS = 10_000;
const LONGEST_WAIT_MS = 300_000;
const TOGETHER = 8; // requests at once
const FIRST_LISTS = 6; // of 64 experiments each, the newest; a page with more draws before the others have come
const ALERTS_OF = 12; // experiments whose overview is fetched for their alerts
const LEVELS = ["info", "warn", "error"];
const HEAD = "view/head.json";

/**
 * @typedef {import("./lists.js").Row} Row
 * @typedef {{hash: string, rows: Map<string, Row>, metrics: import("./lists.js").Named[]}} Held
 * @typedef {{hash: string, overview: import("./overview.js").Overview, version: number, checked: string}} Drawn `checked`: the row's hash when it was last looked for
 */

export class RepoSource {
  /** @param {{files: HubFiles, every_ms?: number, now_ms?: () => number}} parts */
  constructor({ files, every_ms = EVERY_MS, now_ms = () => performance.now() }) {
    this.files = files;
    /** Whether the library that draws one chart large lies beside this page. */
    this.large = false;
    this.every_ms = every_ms;
    this.now_ms = now_ms;
    /** @type {import("./lists.js").Head | null} */ this.head = null;
    /** @type {Map<string, Held>} by slot */ this.lists = new Map();
    /** @type {Map<string, Drawn>} by experiment */ this.drawn = new Map();
    /** @type {Map<string, Promise<void>>} */ this.fetching = new Map();
    /** @type {Map<string, number>} when an overview that did not come may be asked for again */ this.resting = new Map();
    /** @type {Map<string, Promise<void>>} projects whose lists are kept up to date, and their first coming */ this.opened = new Map();
    this.version = 1; // rises with every change of a row
    this.changed = /** @type {Map<string, number>} */ (new Map()); // experiment -> version
    this.gone = /** @type {Map<string, number>} */ (new Map()); // deleted experiment -> version
    this.states = /** @type {Map<string, string>} */ (new Map());
    this.polling = /** @type {Promise<void> | null} */ (null);
    this.nextAt = 0;
    this.failures = 0;
    this.trouble = /** @type {SourceError | null} */ (null);
    this.galleries = new Galleries({ get: (path) => this.#get(path), every_ms, now_ms });
    this.running = 0;
    /** @type {(() => void)[]} */ this.queue = [];
    /** @type {Map<string, Map<string, number>>} */ this.positions = new Map();
  }

  /** A user's page is shown without its scripts: this page lets no script run that is not its own. */
  get runsScripts() {
    return false;
  }

  /** Said where a file should be that this page has no copy of. */
  get elsewhere() {
    return `its file is not in this page's copy, which holds 2 MiB an experiment; it lies in the dataset ${this.files.repo}.`;
  }

  /** What a chart says when it is zoomed into more finely than this page can show. */
  get overview() {
    return `This page draws an overview of at most 800 places a curve. Finer points: open the experiment in a Trackio Space, or datasets.load_dataset("${this.files.repo}", "metrics").`;
  }

  /** When the repo last got something new, seconds since 1970; null while that is not known. */
  as_of_s() {
    return this.head?.time_s ?? null;
  }

  /** Ask the Hub with the next question, whatever was agreed to wait. */
  hurry() {
    this.nextAt = 0;
  }

  // Questions

  async projects() {
    await this.#fresh();
    /** @type {Map<string, {project: string, experiments: number, last_event_s: number}>} */ const found = new Map();
    for (const { projects } of this.head?.lists.values() ?? []) {
      for (const [project, [experiments, last]] of Object.entries(projects)) {
        const known = found.get(project) ?? { project, experiments: 0, last_event_s: 0 };
        known.experiments += experiments;
        known.last_event_s = Math.max(known.last_event_s, last);
        found.set(project, known);
      }
    }
    return { projects: [...found.values()].filter((each) => each.experiments).sort((a, b) => b.last_event_s - a.last_event_s) };
  }

  /** @param {string} project @param {number} [since] @param {string[]} [columns] */
  async experiments(project, since, columns = []) {
    await this.#open(project);
    const now_s = Date.now() / 1000;
    const rows = [...this.#rows(project)];
    for (const row of rows) this.#age(row, now_s);
    const whole = since === undefined || since === null;
    const told = whole ? rows : rows.filter((row) => (this.changed.get(row.experiment_id) ?? 0) > since);
    const gone = whole ? [] : [...this.gone].filter(([, version]) => version > since).map(([id]) => id);
    const settings = columns.includes(BUT_SEED) ? settingsOf(rows.map((row) => row.config)) : [];
    return { experiments: told.map((row) => shownRow(row, columns, now_s, settings[rows.indexOf(row)])), cursor: this.version, now_s, lost_contact_s: Infinity, gone };
  }

  /** @param {string} project @param {string[]} [experiments] */
  async metrics(project, experiments = []) {
    await this.#open(project);
    const named = new Map([...this.lists.values()].flatMap((held) => held.metrics.map((each) => [each.metric, each])));
    const wanted = new Set(experiments);
    return { metrics: metricsOf([...this.#rows(project)].filter((row) => !wanted.size || wanted.has(row.experiment_id)), named) };
  }

  /** @param {string} id */
  async experiment(id) {
    const row = await this.#find(id);
    await this.#draw([id]);
    const now_s = Date.now() / 1000;
    const detail = this.drawn.get(id)?.overview.detail;
    const summary = Object.fromEntries([...row.last].filter(([, [, points]]) => points).map(([metric, [last, points]]) => [metric, { last, points }]));
    return { ...shownRow(row, [], now_s), event_count: row.events, config: nested(row.config), user_summary: {}, definitions: {}, client: {}, ...detail, summary: { ...summary, ...detail?.summary } };
  }

  /** What its training told, as far as the overview has room for it; null when it told nothing. @param {string} id */
  async training(id) {
    await this.#draw([id]);
    return this.drawn.get(id)?.overview.detail.training ?? null;
  }

  /** The media that the repo has a copy of for pages, and in `left_out` what it has no copy of.
   * @param {string} id @param {{after?: number}} [options] */
  async index(id, { after = 0 } = {}) {
    await this.#fresh();
    const row = this.#row(id) ?? (await this.#find(id));
    const found = await this.galleries.index(id, row.view?.media?.hash, after);
    return { ...found, left_out: found.left_out && { ...found.left_out, repo: this.files.repo } };
  }

  /** @param {string} id @param {import("../experiment/facts.js").Entry} entry */
  async entry(id, entry) {
    return this.galleries.entry(id, entry);
  }

  /** Of how many experiments at once: each is a file of up to 2 MiB. */
  get mediaOf() {
    return 24;
  }

  /** Media of several experiments, as far as the repo has a copy for pages. @param {string[]} ids @returns {Promise<any>} */
  async media(ids) {
    const found = await Promise.all(ids.map(async (id) => /** @type {const} */ ([id, await this.index(id)])));
    return { experiments: Object.fromEntries(found.map(([id, { entries, left_out: left }]) => [id, { entries, more: Boolean(left?.steps || left?.names) }])) };
  }

  /** @param {import("./contents.js").Wanted[]} wanted @returns {Promise<any[]>} */
  async contents(wanted) {
    return wanted.map(({ experiment, entry }) => this.galleries.entry(experiment, entry).content);
  }

  /** @param {string} sha256 @returns {string | null} */
  blob(sha256) {
    return this.galleries.address(sha256);
  }

  /** The newest events of each kind that the overview holds. A position is ours: it grows as events become known here.
   * @param {string} id @param {{kinds?: string[], after?: number, limit?: number, newest?: boolean}} [options] */
  async events(id, { kinds = [], after = 0, limit = 10_000, newest = false } = {}) {
    await this.#draw([id]);
    let known = this.positions.get(id);
    if (!known) this.positions.set(id, (known = new Map()));
    const found = [];
    for (const { writer_id, seq, content } of this.drawn.get(id)?.overview.events ?? []) {
      const key = `${writer_id} ${seq}`;
      const position = known.get(key) ?? known.size + 1;
      known.set(key, position);
      if (position > after && (!kinds.length || kinds.includes(content.kind))) found.push({ position, seq, writer_id, content });
    }
    found.sort((a, b) => a.position - b.position);
    return { events: newest ? found.slice(-limit) : found.slice(0, limit), more: !newest && found.length > limit };
  }

  /** The curves as the overviews hold them: all of the axis, whatever range is asked for.
   * @param {import("./source.js").SeriesAsk} ask @returns {Promise<import("../charts/frames.js").Answer>} */
  async series({ experiments, metrics, x, cursor }) {
    if (!["step", "relative", "time"].includes(x)) {
      throw new SourceError({ status: 400, title: "Not on this page.", detail: `A curve against ${x} needs every point, and this page has an overview.`, hint: "Choose step or time, or open the experiment in a Trackio Space." });
    }
    await this.#draw(experiments);
    const versions = experiments.map((id) => this.drawn.get(id)?.version ?? 0);
    const now = versions.join(".");
    if (cursor === now) return { cursor: now, x, reset: false, now_s: Date.now() / 1000, series: null, blocks: [], bytes: 0 };
    const before = cursor ? cursor.split(".").map(Number) : [];
    const series = [];
    const blocks = [];
    for (const [place, id] of experiments.entries()) {
      for (const metric of metrics) {
        const curve = this.#curve(id, metric, x);
        if (!curve) continue;
        series.push(curve.info);
        if (curve.block && before[place] !== versions[place]) blocks.push({ ...curve.block, series: series.length - 1, keep: 0 });
      }
    }
    return { cursor: now, x, reset: !cursor, now_s: Date.now() / 1000, series, blocks, bytes: 0 };
  }

  /** Every point for a file, where the overview holds every point. @param {import("./source.js").SeriesAsk} ask */
  async points({ experiments, metrics }) {
    await this.#draw(experiments);
    const series = [];
    for (const id of experiments) {
      for (const metric of metrics) {
        const curve = this.#curve(id, metric, "step");
        if (!curve?.block) continue;
        if (!curve.block.single || curve.block.n < curve.info.points) throw new SourceError({ status: 400, title: "This page holds an overview only.", detail: `Every point: datasets.load_dataset("${this.files.repo}", "metrics").` });
        series.push({ experiment_id: id, metric, steps: curve.block.x, values: curve.block.mean });
      }
    }
    return { series };
  }

  /** The newest alerts that the overviews hold, of the experiments that were last heard of: each is a file of its own.
   * @param {string} project @param {{limit?: number}} [options] @returns {Promise<any>} */
  async alerts(project, { limit = 200 } = {}) {
    await this.#open(project);
    const told = [...this.#rows(project)].filter((row) => row.alert_count > 0 && !row.archived).sort((a, b) => b.last_event_s - a.last_event_s);
    const ids = told.slice(0, ALERTS_OF).map((row) => row.experiment_id);
    await this.#draw(ids);
    const alerts = ids.flatMap((id) => (this.drawn.get(id)?.overview.events ?? []).filter(({ content }) => content.mark === "alert").map(({ writer_id, seq, content }) => ({
      experiment_id: id, writer_id, seq, position: 0, time_s: content.time_us / 1e6, step: content.step ?? null, title: content.title ?? null, text: content.data?.text ?? null,
      level: LEVELS.includes(content.data?.level) ? content.data.level : "warn",
    }))).sort((a, b) => b.time_s - a.time_s);
    const all = told.reduce((sum, row) => sum + row.alert_count, 0);
    const shown = Math.min(limit, alerts.length);
    return { alerts: alerts.slice(0, limit), more: shown < all, left_out: shown < all ? `This page has the newest ${shown} of ${all}, of at most ${ALERTS_OF} experiments` : "" };
  }

  /** Why a chart is empty although one of these experiments logged its metric, or null.
   * @param {string} metric @param {string[]} ids */
  lacks(metric, ids) {
    const logged = ids.filter((id) => this.#row(id)?.last.get(metric)?.[1]);
    if (!logged.length) return null;
    const few = logged.some((id) => this.drawn.has(id));
    return few ? `Left out of the overview, which holds at most 64 KiB an experiment. Its points: datasets.load_dataset("${this.files.repo}", "metrics").` : "Its overview is not in the repo yet. It comes with one of the next pushes.";
  }

  /** How many metrics an experiment of this project has that no list names: at least so many. @param {string} project */
  unlisted(project) {
    const lacking = (/** @type {Row} */ row) => row.metric_count - [...row.last.values()].filter(([, points]) => points).length;
    return [...this.#rows(project)].reduce((most, row) => Math.max(most, lacking(row)), 0);
  }

  // What is held

  /** @param {string} project */
  *#rows(project) {
    for (const { rows } of this.lists.values()) for (const row of rows.values()) if (row.project === project) yield row;
  }

  /** @param {string} id @returns {Row | undefined} */
  #row(id) {
    for (const { rows } of this.lists.values()) if (rows.has(id)) return rows.get(id);
    return undefined;
  }

  /** @param {string} id @param {string} metric @param {string} x @returns {import("./overview.js").Curve | null} */
  #curve(id, metric, x) {
    const curve = this.drawn.get(id)?.overview.curves.get(x === "time" ? "relative" : x)?.get(metric);
    if (!curve || x !== "time" || !curve.block) return curve ?? null;
    const began = this.#row(id)?.created_s ?? 0;
    return { info: curve.info, block: { ...curve.block, x: curve.block.x.map((at) => at + began) } };
  }

  /** A state that changes without a push: silence. @param {Row} row @param {number} now_s */
  #age(row, now_s) {
    const { state } = stateOf(row, now_s);
    const before = this.states.get(row.experiment_id);
    if (before === state) return;
    this.states.set(row.experiment_id, state);
    if (before) this.changed.set(row.experiment_id, ++this.version);
  }

  // From the repo

  /** The head, at most so old; what went wrong with the last look is told until one goes well. */
  async #fresh() {
    const sleeps = this.head && globalThis.document?.hidden; // a timer that was set before the page was hidden
    if (!this.polling && !sleeps && this.now_ms() >= this.nextAt) {
      const poll = this.#poll().finally(() => (this.polling = null));
      this.polling = poll;
    }
    if (this.polling && (!this.head || this.trouble)) await this.polling;
    if (this.trouble) throw this.#told();
  }

  #told() {
    const { status, title, detail, hint, type } = /** @type {SourceError} */ (this.trouble);
    return new SourceError({ status, title, detail, hint, type, retry_s: Math.max(1, (this.nextAt - this.now_ms()) / 1000) });
  }

  async #poll() {
    this.nextAt = this.now_ms() + this.every_ms;
    try {
      const head = headOf(await this.#get(HEAD));
      this.head = head;
      await this.#follow([...this.opened.keys()]);
      this.#heal();
      this.trouble = null;
      this.failures = 0;
    } catch (error) {
      if (error instanceof SourceError && error.type === "missing") {
        this.head ??= { generation: 0, time_s: 0, lists: new Map() }; // nothing was pushed yet
        this.trouble = null;
        return;
      }
      this.trouble = troubleOf(error);
      const wait = Math.max((this.trouble.retry_s ?? 0) * 1000, this.every_ms) * 2 ** this.failures++;
      this.nextAt = this.now_ms() + Math.min(LONGEST_WAIT_MS, wait) * (0.9 + 0.2 * Math.random());
    }
  }

  /** Keep a project's lists up to date from now on; wait for them the first time. @param {string} project */
  async #open(project) {
    await this.#fresh();
    let come = this.opened.get(project);
    if (!come) this.opened.set(project, (come = this.#follow([project])));
    try {
      await come;
    } catch (error) {
      this.opened.delete(project);
      throw troubleOf(error);
    }
  }

  /** Fetch the lists of these projects that are not held as the head names them, the newest first.
   * @param {string[]} projects */
  async #follow(projects) {
    const lists = [...(this.head?.lists ?? [])].filter(([slot, { hash, projects: of }]) => projects.some((each) => each in of || this.#has(slot, each)) && this.lists.get(slot)?.hash !== hash);
    const slots = lists.map(([slot]) => slot).sort().reverse();
    const first = slots.slice(0, FIRST_LISTS).map((slot) => this.#list(slot));
    const rest = slots.slice(FIRST_LISTS).map((slot) => this.#list(slot));
    for (const each of rest) each.catch(() => {}); // the next look finds what is missing
    await Promise.all(first);
  }

  /** @param {string} slot @param {string} project */
  #has(slot, project) {
    return [...(this.lists.get(slot)?.rows.values() ?? [])].some((row) => row.project === project);
  }

  /** @param {string} slot @returns {Promise<void>} */
  #list(slot) {
    return this.#once(`list ${slot}`, async () => {
      const bytes = await this.#get(`view/list/${slot}.json`);
      const { rows, metrics } = listOf(bytes);
      const before = this.lists.get(slot)?.rows ?? new Map();
      // Of another content than the head says: it is newer, or older; either way the next look compares again.
      this.lists.set(slot, { hash: await hashOf(bytes), rows, metrics });
      this.version++;
      for (const [id, row] of rows) if (JSON.stringify(before.get(id), maps) !== JSON.stringify(row, maps)) this.changed.set(id, this.version);
      for (const id of before.keys()) if (!rows.has(id)) this.gone.set(id, this.version);
      for (const id of rows.keys()) this.gone.delete(id);
    });
  }

  /** @param {string} id @returns {Promise<Row>} */
  async #find(id) {
    await this.#fresh();
    if (!this.#row(id)) await Promise.all([...(this.head?.lists.keys() ?? [])].filter((slot) => !this.lists.has(slot)).map((slot) => this.#list(slot)));
    const row = this.#row(id);
    if (!row) throw new SourceError({ status: 404, title: "There is no such experiment here.", detail: `“${id}” is not in “${this.files.repo}”.` });
    if (!this.opened.has(row.project)) this.opened.set(row.project, this.#follow([row.project]));
    return row;
  }

  /** Overviews: wait for those that were never there, and fetch anew in the background what has changed.
   * @param {string[]} ids */
  async #draw(ids) {
    const waits = [];
    for (const id of ids) {
      const view = (this.#row(id) ?? (await this.#find(id).catch(() => null)))?.view;
      const held = this.drawn.get(id);
      if (!view || held?.hash === view.hash || this.now_ms() < (this.resting.get(id) ?? 0)) continue;
      const come = this.#overview(id, view.hash);
      if (!held) waits.push(come);
      else come.catch(() => {});
    }
    const came = await Promise.allSettled(waits);
    const failed = came.filter((each) => each.status === "rejected");
    // One that does not come must not keep the others from being drawn; when none comes, the Hub is away.
    if (failed.length && failed.length === came.length && !ids.some((id) => this.drawn.has(id))) throw /** @type {any} */ (failed[0]).reason;
  }

  /** @param {string} id @param {string} wanted @returns {Promise<void>} */
  #overview(id, wanted) {
    return this.#once(id, async () => {
      try {
        const bytes = await this.#get(pathOf(id));
        const hash = await hashOf(bytes);
        const held = this.drawn.get(id);
        // Not yet (or no longer) the one that the list names: what is drawn stays, and the next look decides.
        if (hash !== wanted) this.#rest(id);
        if (hash !== wanted && held) return;
        this.drawn.set(id, { hash, overview: await openOverview(bytes), version: (held?.version ?? 0) + 1, checked: wanted });
      } catch (error) {
        this.#rest(id);
        throw troubleOf(error);
      }
    });
  }

  /** @param {string} id */
  #rest(id) {
    this.resting.set(id, this.now_ms() + this.every_ms);
  }

  /** Forget what belongs to experiments that are no more. */
  #heal() {
    for (const id of this.drawn.keys()) if (!this.#row(id)) this.drawn.delete(id);
    this.galleries.heal((id) => this.#row(id) !== undefined);
  }

  /** One fetch of a thing at a time. @param {string} key @param {() => Promise<void>} work @returns {Promise<void>} */
  #once(key, work) {
    let under = this.fetching.get(key);
    if (!under) this.fetching.set(key, (under = work().finally(() => this.fetching.delete(key))));
    return under;
  }

  /** @param {string} path @returns {Promise<ArrayBuffer>} */
  async #get(path) {
    if (this.running >= TOGETHER) await new Promise((go) => this.queue.push(() => go(undefined)));
    this.running++;
    try {
      return await this.files.get(path);
    } finally {
      this.running--;
      this.queue.shift()?.();
    }
  }
}

/** @param {string} _key @param {any} value */
const maps = (_key, value) => (value instanceof Map ? [...value] : value);

/** @param {any} error @returns {SourceError} */
function troubleOf(error) {
  if (error instanceof SourceError) return error;
  if (error instanceof Newer) return new SourceError({ status: 400, type: "newer", title: "This page is older than what it is to draw.", detail: error.message, hint: "Deploy it again: trackio-client deploy --static." });
  // Something between here and the Hub answered in its place, or the answer was cut: it is asked again.
  return new SourceError({ title: "What came is no file of ours.", detail: String(error?.message ?? error).slice(0, 200) });
}
