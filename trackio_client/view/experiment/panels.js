// @ts-check
// What stands beside an experiment's charts whatever its training tells: every metric in numbers, the config, where it ran.

export { ConfigPanel } from "./config.js";
export { SummaryPanel } from "./summary.js";

/** Where and by what an experiment ran, as far as its client told. @param {any} detail @returns {[string, string][]} */
export function facts({ client = {}, parent, job_type: job, created_s: created }) {
  const process = client.process ?? client;
  const named = [
    ["host", process.host],
    ["process", process.pid && `pid ${process.pid}`],
    ["rank", process.world_size > 1 ? `${process.rank} of ${process.world_size}` : undefined],
    ["client", client.version && `${client.language ?? "python"} client ${client.version}`],
    ["job type", job],
    ["forked from", parent && (Array.isArray(parent) ? `${parent[0]} at step ${parent[1]}` : `${parent.experiment_id} at step ${parent.step}`)],
  ];
  return named.filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => /** @type {[string, string]} */ ([name, String(value)]));
}
