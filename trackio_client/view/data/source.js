// @ts-check
/** Where a page gets its data: the HTTP API. The static page and reports give the charts another object of this shape. */
import { decode } from "../charts/frames.js";

const SERIES_TYPE = "application/vnd.trackio.series";
const LONGEST_ADDRESS = 4000; // proxies refuse from about 8,000 on

/**
 * @typedef {Object} SeriesAsk
 * @property {string[]} experiments @property {string[]} metrics @property {string} x
 * @property {number} [max_points] @property {number | null} [from_x] @property {number | null} [to_x]
 * @property {string | null} [cursor]
 * @property {"mean" | "each"} [ranks] each of several ranks by its own name, as "loss@rank=1"
 */

/** What went wrong with a request: seen, wanted, what to do; and when to try again. */
export class SourceError extends Error {
  /** @param {{status?: number, title: string, detail?: string, hint?: string, retry_s?: number | null, type?: string, [more: string]: any}} what */
  constructor({ status = 0, title, detail = "", hint = "", retry_s = null, type = "", ...more }) {
    super([title, detail, hint].filter(Boolean).join(" "));
    this.name = "SourceError";
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.hint = hint;
    this.type = type;
    /** What else the problem tells: what stands now, what is wanted. */
    this.more = more;
    /** Seconds that the server asked us to wait. */
    this.retry_s = retry_s;
    /** The question was right and the server is away, busy or starting: ask again later. */
    this.passing = status === 0 || status === 408 || status === 429 || status >= 500;
  }

  /** The same, to be tried again in so many seconds. @param {number} retry_s */
  in(retry_s) {
    const { status, title, detail, hint, type, more } = this;
    return new SourceError({ ...more, status, title, detail, hint, type, retry_s });
  }
}

export class HttpSource {
  /** @param {{root?: string, token?: string | null, fetch?: typeof fetch, timeout_s?: number}} [options]
   *  `root` is the address before /v1; a token is needed only where there is no cookie. */
  constructor({ root = "", token = null, fetch: ask = globalThis.fetch.bind(globalThis), timeout_s = 20 } = {}) {
    this.root = root;
    this.token = token;
    this.fetch = ask;
    this.timeout_s = timeout_s;
    /** Until when nothing is read, and why: who asks to wait means all of a page. @type {{until_ms: number, error: SourceError} | null} */
    this.waiting = null;
  }

  /** Somebody wants it tried now. */
  hurry() {
    this.waiting = null;
  }

  /** @returns {Promise<any>} {"projects": […]} */
  projects() {
    return this.json("/v1/projects");
  }

  /** @param {string} project @param {number} [since] cursor of the last answer @param {string[]} [columns] */
  experiments(project, since, columns = []) {
    const query = new URLSearchParams({ project, archived: "1" });
    if (since !== undefined && since !== null) query.set("since", String(since));
    for (const column of columns) query.append("column", column);
    return this.json(`/v1/experiments?${query}`);
  }

  /** Columns for rows that are here: {experiments: [id], columns: {column: [value]}}. @param {string} project @param {string[]} columns @returns {Promise<any>} */
  cells(project, columns) {
    const query = new URLSearchParams({ project });
    for (const column of columns) query.append("column", column);
    return this.json(`/v1/cells?${query}`);
  }

  /** Tag, untag, archive or bring back. @param {{experiments: string[], archived?: boolean, add_tags?: string[], remove_tags?: string[]}} wish @returns {Promise<{edited: string[]}>} */
  editMany(wish) {
    return this.send("/v1/edits", wish);
  }

  /** What was deleted within seven days. @param {string} project @returns {Promise<any>} */
  bin(project) {
    return this.json(`/v1/bin?${new URLSearchParams({ project })}`);
  }

  /** Put experiments into the bin, take them out, or free them for good. @param {"put" | "restore" | "free"} what @param {string[]} experiments @returns {Promise<any>} */
  binned(what, experiments) {
    return this.send(what === "put" ? "/v1/bin" : `/v1/bin/${what}`, { experiments });
  }

  /** @param {string} experiment */
  experiment(experiment) {
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}`);
  }

  /** @param {string} project @param {string[]} [experiments] */
  metrics(project, experiments = []) {
    const query = new URLSearchParams({ project });
    for (const id of experiments) query.append("experiment", id);
    return this.json(`/v1/metrics?${query}`);
  }

  /** @param {string} experiment @param {{kinds?: string[], after?: number, limit?: number, newest?: boolean}} [options] */
  events(experiment, { kinds = [], after, limit, newest } = {}) {
    const query = new URLSearchParams();
    for (const kind of kinds) query.append("kind", kind);
    if (after !== undefined) query.set("after", String(after));
    if (limit !== undefined) query.set("limit", String(limit));
    if (newest) query.set("newest", "1");
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/events?${query}`);
  }

  /** What the trainings of a project told by alert(), the newest first: {alerts, more}. @param {string} project @param {{limit?: number}} [options] @returns {Promise<any>} */
  alerts(project, { limit = 200 } = {}) {
    return this.json(`/v1/alerts?${new URLSearchParams({ project, limit: String(limit) })}`);
  }

  /** What its training tells: run_config, epoch_metrics, run_summary, checkpoints … @param {string} experiment @returns {Promise<any>} */
  training(experiment) {
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/summary`);
  }

  /** What was recorded beside the numbers, without its content: {entries, after}. @param {string} experiment
   * @param {{kinds?: string[], after?: number}} [options] @returns {Promise<any>} */
  index(experiment, { kinds = [], after = 0 } = {}) {
    const query = new URLSearchParams({ after: String(after) });
    for (const kind of kinds) query.append("kind", kind);
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/index?${query}`);
  }

  /** One entry of it, with its content. @param {string} experiment @param {import("../experiment/facts.js").Entry} entry @returns {Promise<any>} */
  entry(experiment, { writer_id, seq }) {
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/index/${encodeURIComponent(writer_id)}/${seq}`);
  }

  /** Media of several experiments without their content: {experiments: {id: {entries, more}}}. @param {string[]} experiments at most 300 @returns {Promise<any>} */
  media(experiments) {
    return this.send("/v1/media", { experiments });
  }

  /** Contents of entries in that order, null for what is not here; fewer than asked for where more would be too much at once.
   * @param {{experiment: string, entry: import("../experiment/facts.js").Entry}[]} wanted at most 256 @returns {Promise<any[]>} */
  async contents(wanted) {
    const entries = wanted.map(({ experiment, entry }) => [experiment, entry.writer_id, entry.seq]);
    return (await this.send("/v1/contents", { entries })).contents;
  }

  /** Experiments side by side: {comparable, config, same, environment, numbers …}. @param {string[]} experiments @returns {Promise<any>} */
  compare(experiments) {
    return this.json(`/v1/compare?${new URLSearchParams(experiments.map((id) => ["experiment", id]))}`);
  }

  /** Which parameters go with a metric. @param {string} project @param {string} metric @param {string | null} by @param {string[]} experiments none: all
   * @returns {Promise<any>} */
  importance(project, metric, by, experiments) {
    return this.send("/v1/importance", { project, metric, ...(by ? { by } : {}), experiment: experiments });
  }

  /** Two groups, metric by metric. @param {string[]} first @param {string[]} second @param {string} by @returns {Promise<any>} */
  groups(first, second, by) {
    return this.send("/v1/groups", { first, second, by });
  }

  /** The means of two groups along the steps. @param {string[]} first @param {string[]} second @param {string} metric @returns {Promise<any>} */
  groupCurves(first, second, metric) {
    return this.send("/v1/groups/curves", { first, second, metric });
  }

  /** All artifacts of a project: {artifacts}. @param {string} project @returns {Promise<any>} */
  projectArtifacts(project) {
    return this.json(`/v1/artifacts?${new URLSearchParams({ project })}`);
  }

  /** @param {string} project @returns {Promise<boolean>} whether it has any */
  async hasArtifacts(project) {
    return (await this.json(`/v1/artifacts?${new URLSearchParams({ project, any: "1" })}`)).any === true;
  }

  /** Versions of one, newest first: {versions, total}. @param {string} project @param {string} name @param {{offset: number, limit: number}} page @returns {Promise<any>} */
  artifactVersions(project, name, { offset, limit }) {
    return this.json(`/v1/artifacts?${new URLSearchParams({ project, name, offset: String(offset), limit: String(limit) })}`);
  }

  /** One version with its files and lineage. @param {string} project @param {string} wanted name:v3, name:alias or name:digest @returns {Promise<any>} */
  artifact(project, wanted) {
    return this.json(`/v1/artifacts/${encodeURIComponent(wanted)}?${new URLSearchParams({ project })}`);
  }

  /** Artifacts logged and used. @param {string} experiment @returns {Promise<any>} */
  artifacts(experiment) {
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/artifacts`);
  }

  /** Where its artifacts come from and where they went: {nodes, edges, more}. @param {string} experiment @returns {Promise<any>} */
  lineage(experiment) {
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/lineage`);
  }

  /** Points of a metric that a resume logged again: {branches}. @param {string} experiment @param {string} metric @returns {Promise<any>} */
  replaced(experiment, metric) {
    return this.json(`/v1/experiments/${encodeURIComponent(experiment)}/replaced?${new URLSearchParams({ metric })}`);
  }

  /** The address of a file, by its hash; null for what is no hash. @param {string} sha256
   * @param {string} [name] under which it is saved: what the server says of it goes before a link's own `download`
   * @returns {string | null} */
  blob(sha256, name = "") {
    if (!/^[0-9a-f]{64}$/.test(sha256)) return null;
    const said = name.split("/").at(-1)?.slice(0, 200);
    return `${this.root}/v1/blobs/${sha256}${said ? `?${new URLSearchParams({ name: said })}` : ""}`;
  }

  /** Who one is here: {role, user, can_log_out, can_log_in_with_hub}. @returns {Promise<any>} */
  session() {
    return this.json("/v1/session");
  }

  /** Where push to and restore from the dataset repo stand: {sync, keeps}. @returns {Promise<any>} */
  sync() {
    return this.json("/v1/sync");
  }

  /** The address of one experiment as an HTML file. @param {string} experiment */
  snapshot(experiment) {
    return `${this.root}/v1/experiments/${encodeURIComponent(experiment)}/snapshot.html`;
  }

  /** The address of several beside each other as one HTML file. @param {string[]} experiments at most 50
   * @param {{name?: string, state?: string}} [how] `state`: what of a page's address it opens with */
  snapshots(experiments, { name = "", state = "" } = {}) {
    const query = new URLSearchParams(experiments.map((id) => ["experiment", id]));
    if (name) query.set("name", name);
    if (state) query.set("state", state);
    return `${this.root}/v1/snapshot.html?${query}`;
  }

  /** Tokens that were handed out; owners only. @returns {Promise<any>} */
  tokens() {
    return this.json("/v1/tokens");
  }

  /** Hand out a token; it is told this once. @param {{name: string, role: string, ends_s: number | null}} wish @returns {Promise<any>} */
  handOut(wish) {
    return this.send("/v1/tokens", wish);
  }

  /** Revoke a token. @param {string} id */
  async takeBack(id) {
    await this.request(`/v1/tokens/${encodeURIComponent(id)}`, { method: "DELETE", headers: { Accept: "application/json" } });
  }

  /** The saved views of a project. @param {string} project @returns {Promise<any>} {views: […]} */
  views(project) {
    return this.json(`/v1/projects/${encodeURIComponent(project)}/views`);
  }

  /** @param {string} project @param {{name: string, address: string}} view @returns {Promise<any>} */
  saveView(project, view) {
    return this.send(`/v1/projects/${encodeURIComponent(project)}/views`, view);
  }

  /** @param {string} project @param {string} id @param {{name?: string, address?: string, deleted?: boolean}} changes @returns {Promise<any>} */
  async changeView(project, id, changes) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    return (await this.request(`/v1/projects/${encodeURIComponent(project)}/views/${encodeURIComponent(id)}`, { method: "PATCH", headers, body: JSON.stringify(changes) })).json();
  }

  /** The links that open now; owners only. @returns {Promise<any>} */
  shares() {
    return this.json("/v1/shares");
  }

  /** Make a link. @param {{experiments: string[], name: string | null, ends_s: number | null, shows?: ("media" | "artifacts")[]}} wish @returns {Promise<any>} */
  share(wish) {
    return this.send("/v1/shares", wish);
  }

  /** @param {string} path @param {any} content @returns {Promise<any>} */
  async send(path, content) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    return (await this.request(path, { method: "POST", headers, body: JSON.stringify(content) })).json();
  }

  /** Change name, group, tags or notes; the experiment as it is then. @param {string} experiment @param {Record<string, any>} changes @returns {Promise<any>} */
  async edit(experiment, changes) {
    const headers = { Accept: "application/json", "Content-Type": "application/json" };
    return (await this.request(`/v1/experiments/${encodeURIComponent(experiment)}`, { method: "PATCH", headers, body: JSON.stringify(changes) })).json();
  }

  /** Revoke a link. @param {string} id */
  async unshare(id) {
    await this.request(`/v1/shares/${encodeURIComponent(id)}`, { method: "DELETE", headers: { Accept: "application/json" } });
  }

  /** Buckets of series, decoded. @param {SeriesAsk} ask @param {AbortSignal} [signal]
   * @returns {Promise<import("../charts/frames.js").Answer>} */
  async series(ask, signal) {
    const response = await this.#series(ask, SERIES_TYPE, signal);
    return decode(await response.arrayBuffer());
  }

  /** Every point as it was logged, for a file. @param {SeriesAsk} ask */
  async points(ask) {
    return (await this.#series(ask, "application/json")).json();
  }

  /** @param {SeriesAsk} ask @param {string} accept @param {AbortSignal} [signal] */
  #series(ask, accept, signal) {
    const query = new URLSearchParams();
    for (const id of ask.experiments) query.append("experiment", id);
    for (const metric of ask.metrics) query.append("metric", metric);
    query.set("x", ask.x);
    if (ask.max_points) query.set("max_points", String(ask.max_points));
    if (ask.from_x !== null && ask.from_x !== undefined) query.set("from_x", String(ask.from_x));
    if (ask.to_x !== null && ask.to_x !== undefined) query.set("to_x", String(ask.to_x));
    if (ask.cursor) query.set("cursor", ask.cursor);
    if (ask.ranks) query.set("ranks", ask.ranks);
    const address = `/v1/series?${query}`;
    if (address.length <= LONGEST_ADDRESS) return this.request(address, { headers: { Accept: accept }, signal });
    const body = Object.fromEntries(Object.entries(ask).filter(([, value]) => value !== null && value !== undefined));
    return this.request("/v1/series", { method: "POST", headers: { Accept: accept, "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  }

  /** @param {string} path @returns {Promise<any>} */
  async json(path) {
    return (await this.request(path, { headers: { Accept: "application/json" } })).json();
  }

  /** Fetches, or throws SourceError. @param {string} path @param {RequestInit & {headers: Record<string, string>}} init @returns {Promise<Response>} */
  async request(path, init) {
    const isRead = (init.method ?? "GET") === "GET" || ["/v1/series", "/v1/media", "/v1/contents"].includes(path);
    if (isRead && this.waiting) {
      const left_s = (this.waiting.until_ms - performance.now()) / 1000;
      if (left_s > 0) throw this.waiting.error.in(left_s);
      this.waiting = null;
    }
    if (this.token) init.headers["X-Trackio-Token"] = this.token;
    const timer = new AbortController();
    const late = setTimeout(() => timer.abort(), this.timeout_s * 1000);
    const abort = () => timer.abort();
    init.signal?.addEventListener("abort", abort);
    let response;
    try {
      response = await this.fetch(this.root + path, { credentials: "same-origin", ...init, signal: timer.signal });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new SourceError({ title: "No answer from the server.", detail: timer.signal.aborted ? `Waited ${this.timeout_s} s.` : "", hint: "Is it running, and are you connected?" });
    } finally {
      clearTimeout(late);
      init.signal?.removeEventListener("abort", abort);
    }
    if (response.ok) return response;
    const error = await problemOf(response);
    if (error.status === 429 && error.retry_s) this.waiting = { until_ms: performance.now() + error.retry_s * 1000, error };
    throw error;
  }
}

/** @param {Response} response @returns {Promise<SourceError>} */
async function problemOf(response) {
  const wait = Number(response.headers.get("Retry-After"));
  const retry_s = response.headers.has("Retry-After") && Number.isFinite(wait) ? wait : null;
  const type = response.headers.get("Content-Type") ?? "";
  if (type.includes("json")) {
    try {
      const problem = await response.json();
      if (typeof problem.title === "string") return new SourceError({ ...problem, status: response.status, retry_s });
    } catch {
      // Not JSON after all: the words below fit.
    }
  }
  const hint = response.status === 401 || response.status === 403 ? "Open the page's address with its token again." : "Something between this page and the server answered in its place.";
  return new SourceError({ status: response.status, title: `The server answered ${response.status}.`, hint, retry_s });
}
