// @ts-check
/** The GPUs and hosts of experiments, put together from metrics by their names: which device measures what, of which rank. */

const GPU = /^(?:system[/.])?(?:gpu|cuda)[_./:]?(\d+(?:_mig_\d+)?)[_./]([a-z_]+)$/i;
const RANK = "@rank=";
/** What of the names that others use is meant (as wire/hardware_names.py has it), where no quantity was told. */
const ALIASES = /** @type {Record<string, string>} */ ({ gpu: "utilization", util: "utilization", utilisation: "utilization", memory: "memory_percent", memoryallocated: "memory_percent", temp: "temperature", powerwatts: "power", power_usage: "power" });
/** Of a device, in the order of the page. */
export const WANTED = ["utilization", "memory_used", "memory_percent", "memory_total", "memory_allocated", "temperature", "power", "power_limit", "sm_clock", "throttled_thermal", "throttled_power"];
/** Of a host: the metrics of a strip, its title and unit. @type {{key: string, title: string, unit: string, names: [string, string][]}[]} */
export const HOST = [
  { key: "cpu", title: "CPU", unit: "%", names: [["cpu_percent", "machine"], ["process_cpu_percent", "process"], ["children_cpu_percent", "its workers"]] },
  { key: "memory", title: "Memory", unit: "GiB", names: [["memory_used", "used"], ["process_memory", "process"]] },
  { key: "disk", title: "Disk", unit: "MB/s", names: [["disk_read", "read"], ["disk_write", "written"]] },
  { key: "network", title: "Network", unit: "MB/s", names: [["network_sent", "sent"], ["network_received", "received"]] },
];

/**
 * @typedef {{metric: string, of: string, what: string}} Reading
 * @typedef {{key: string, experiment: any, name: string, of: string, rank: number, host: string | null, get: (what: string) => {series: any, whole: any} | null}} Device
 */

/** What of a GPU a metric measures, or null. @param {{metric: string, quantity?: string}} known @returns {Reading | null} */
export function readingOf({ metric, quantity }) {
  const match = GPU.exec(metric);
  if (!match) return null;
  const told = quantity?.startsWith("GPU ") ? quantity.slice(4).replaceAll(" ", "_") : match[2].toLowerCase();
  return { metric, of: match[1], what: ALIASES[told] ?? told };
}

/** The metrics of GPUs that the page draws. @param {any[]} metrics of the project @returns {Reading[]} */
export function gpuReadings(metrics) {
  return metrics.map(readingOf).filter((each) => each !== null && WANTED.includes(each.what)).map((each) => /** @type {Reading} */ (each));
}

/** The metrics of hosts: the strip's key, the word of the line. @param {any[]} metrics @returns {{metric: string, key: string, word: string}[]} */
export function hostReadings(metrics) {
  const names = new Map(metrics.map(({ metric }) => [metric.replace(/^system[/.]/, ""), metric]));
  return HOST.flatMap(({ key, names: wanted }) => wanted.flatMap(([name, word]) => (names.has(name) ? [{ metric: /** @type {string} */ (names.get(name)), key, word }] : [])));
}

/**
 * The devices that were read: of each experiment, each rank that reads its machine, each GPU.
 * @param {any[]} experiments @param {Reading[]} readings @param {(id: string) => any} detailOf what is known of an experiment
 * @param {(id: string, metric: string) => {series: any, whole: any} | null} get @returns {Device[]}
 */
export function devicesOf(experiments, readings, detailOf, get) {
  const devices = [];
  const ids = [...new Set(readings.map(({ of }) => of))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  for (const experiment of experiments) {
    const ranks = detailOf(experiment.id)?.ranks?.ranks ?? [];
    const hosts = new Map(ranks.map((/** @type {any} */ each) => [each.rank, each.host ?? null]));
    const several = new Set(hosts.values()).size > 1;
    for (const rank of hosts.size ? [...hosts.keys()].sort((a, b) => a - b) : [0]) {
      for (const of of ids) {
        const own = new Map(readings.filter((each) => each.of === of).map(({ metric, what }) => [what, metric]));
        const find = (/** @type {string} */ what) => {
          const metric = own.get(what);
          return metric === undefined ? null : get(experiment.id, rank ? `${metric}${RANK}${rank}` : metric);
        };
        if (![...own.keys()].some((what) => find(what))) continue;
        const host = hosts.get(rank) ?? null;
        const gpu = `gpu ${of.replace("_mig_", " MIG ")}`;
        const name = [experiments.length > 1 ? experiment.name : null, several ? (host ?? `rank ${rank}`) : null, gpu].filter(Boolean).join(" ");
        devices.push({ key: `${experiment.id} ${rank} ${of}`, experiment, name, of, rank, host, get: find });
      }
    }
  }
  return devices;
}

/** Last finite value of a series. @param {{series: any, whole: any} | null} found */
export const lastOf = (found) => found?.whole.last() ?? null;

/** Memory of a device: used of total, GiB, or a share. @param {Device} device */
export function memoryOf(device) {
  const used = device.get("memory_used") ?? device.get("memory_allocated");
  const total = lastOf(device.get("memory_total"));
  if (used && total) return { found: used, high: total, unit: "GiB" };
  const share = device.get("memory_percent");
  if (share) return { found: share, high: 100, unit: "%" };
  return used ? { found: used, high: null, unit: "GiB" } : null;
}

/** The mean in a range, of what was measured there. @param {any} series @param {number} from @param {number} to */
export function meanIn(series, from, to) {
  let [sum, n] = [0, 0];
  for (let i = series.from(from); i < series.n && series.x[i] <= to; i++) if (Number.isFinite(series.mean[i])) (sum += series.mean[i]), n++;
  return n ? sum / n : null;
}
