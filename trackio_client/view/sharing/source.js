// @ts-check
/** Where the page behind a link gets its data. */

import { HttpSource } from "../data/source.js";

const MOST_COLUMNS = 20; // as many a link gives at once

/** The API below a link's own address: it knows one list of experiments and no project. */
export class LinkSource extends HttpSource {
  /** @param {any} options */
  constructor(options) {
    super(options);
    this.artifacts = this.replaced = /** @type {any} */ (undefined); // it lists artifacts its own way: linkArtifacts
    this.snapshot = this.snapshots = this.shares = /** @type {any} */ (undefined); // and makes none
    /** Scripts of a user's page run nowhere but on the server's own page. */
    this.runsScripts = false;
  }

  /** @param {string} _project @param {number} [_since] @param {string[]} [columns] of the config; a link gives no other */
  experiments(_project, _since, columns = []) {
    const wanted = columns.filter((column) => column.startsWith("config:")).slice(0, MOST_COLUMNS);
    return this.json(`/v1/experiments${wanted.length ? `?${new URLSearchParams(wanted.map((column) => ["column", column]))}` : ""}`);
  }

  metrics() {
    return this.json("/v1/metrics");
  }

  /** Whether there is anything beside charts: {media, artifacts}. */
  holds() {
    return this.json("/v1/holds");
  }

  /** Versions of all artifacts, newest first: {artifacts, total}. @param {{offset: number, limit: number}} page */
  linkArtifacts({ offset, limit }) {
    return this.json(`/v1/artifacts?${new URLSearchParams({ offset: String(offset), limit: String(limit) })}`);
  }

  /** One of them with its files. @param {{project: string, name: string, digest: string}} version */
  linkArtifact({ project, name, digest }) {
    return this.json(`/v1/artifacts/${encodeURIComponent(digest)}?${new URLSearchParams({ project, name })}`);
  }
}
