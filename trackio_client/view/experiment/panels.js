// @ts-check
// What stands beside an experiment's charts whatever its training tells: every metric in numbers, the config, where it ran.

import { count, listed } from "../base/words.js";

export { ConfigPanel } from "./config.js";
export { SummaryPanel } from "./summary.js";

const MOST_HOSTS = 8; // named before the others are counted

/** All machines that an experiment ran on, the first one first: of its starts, its ranks, its programs. @param {any} detail @param {string[]} [starts] hosts that are known otherwise @returns {string[]} */
export function hostsOf({ client = {}, environment = {}, ranks = {}, receipt = {} }, starts = []) {
  const { values, earlier = [], ranks: others = [] } = environment ?? {};
  const found = [(client.process ?? client).host, ...starts, ...[...earlier, { values }, ...others].map((each) => each.values?.host), ...(ranks?.ranks ?? []).map((/** @type {any} */ each) => each.host), ...(receipt?.untold ?? []).map((/** @type {any} */ each) => each.host)];
  return [...new Set(found.filter(Boolean).map(String))];
}

/** Where and by what an experiment ran, as far as its client told. @param {any} detail @param {string[]} [hosts] all of them @returns {[string, string][]} */
export function facts({ client = {}, parent, job_type: job }, hosts = []) {
  const process = client.process ?? client;
  const program = client.client ?? client;
  const named = [
    hosts.length > 1 ? ["hosts", hostWords(hosts)] : ["host", process.host],
    ["process", process.pid && `pid ${process.pid}`],
    ["rank", process.world_size > 1 ? `${process.rank} of ${process.world_size}` : undefined],
    ["client", program.version && `${program.name ?? program.language ?? "python"} client ${program.version}`],
    ["job type", job],
    ["forked from", parent && (Array.isArray(parent) ? `${parent[0]} at step ${parent[1]}` : `${parent.experiment_id} at step ${parent.step}`)],
  ];
  return named.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => /** @type {[string, string]} */ ([name, String(value)]));
}

/** @param {string[]} hosts */
const hostWords = (hosts) => listed(hosts.length > MOST_HOSTS ? [...hosts.slice(0, MOST_HOSTS), `${count(hosts.length - MOST_HOSTS)} more`] : hosts);
