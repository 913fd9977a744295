// Which experiments a list shows, in which order, in which groups: plain functions, quick for 10,000 rows.

import { gravity } from "./alerts.js";
import { BUT_SEED, settingNames, withoutSeed, wordOf } from "./seeds.js";

/** What rows can be sorted by, beside columns such as "metric:eval/loss" and "config:lr". */
export const SORTS = Object.freeze({
  age: "Age",
  name: "Name",
  state: "State",
  steps: "Steps",
  duration: "Duration",
});

const ALIVE_FIRST = ["running", "lost_contact", "paused", "failed", "interrupted", "finished"];
/** @type {Record<string, (row: any) => any>} */
const READ = {
  age: (row) => -row.created_s,
  created: (row) => row.created_s,
  name: (row) => row.name,
  id: (row) => row.id,
  group: (row) => row.group,
  job_type: (row) => row.job_type,
  tags: (row) => (row.tags?.length ? row.tags.join(" ") : null),
  state: (row) => ALIVE_FIRST.indexOf(row.state),
  steps: (row) => row.last_step,
  duration: (row) => row.duration_s,
  points: (row) => row.point_count,
  missing: (row) => row.missing,
  alerts: (row) => row.alert_count || null,
  alert: (row) => (row.alert_level ? gravity(row.alert_level) : null),
};

/** What a row holds under a sort key or column. @param {any} row @param {string} key */
export function valueOf(row, key) {
  return Object.hasOwn(READ, key) ? READ[key](row) : row.columns?.[key];
}

/** What comes first of a column whose order is neither that of letters nor of numbers. @param {string} key @param {boolean} falling @returns {string | null} */
export function wordsOfOrder(key, falling) {
  if (key === "state") return falling ? "finished first" : "running first";
  if (key === "alert") return falling ? "gravest first" : "slightest first";
  return null;
}

/** An order as it stands in the address: keys with "-" in front for falling, the first decides, commas between. @param {string} sort
 * @returns {{key: string, falling: boolean}[]} */
export function orderOf(sort) {
  return sort.split(",").filter(Boolean).map((part) => {
    const falling = part.startsWith("-");
    return { key: (falling ? part.slice(1) : part).replaceAll("%2C", ",").replaceAll("%25", "%"), falling };
  });
}

/** @param {{key: string, falling: boolean}[]} order */
export function sortOf(order) {
  return order.map(({ key, falling }) => (falling ? "-" : "") + key.replaceAll("%", "%25").replaceAll(",", "%2C")).join(",");
}

/**
 * Sorted by one or several keys (`orderOf`); what has no value stands last both ways.
 * @param {any[]} rows @param {string} sort
 */
export function sorted(rows, sort) {
  // "-age" is how people say it: newest first, the smallest age on top.
  const order = orderOf(sort).map(({ key, falling }) => ({ key, sense: (falling ? -1 : 1) * (key === "age" ? -1 : 1) }));
  const keyed = rows.map((row) => ({ row, values: order.map(({ key }) => valueOf(row, key)) }));
  keyed.sort((a, b) => {
    for (let i = 0; i < order.length; i++) {
      const found = compare(a.values[i], b.values[i], order[i].sense);
      if (found) return found;
    }
    return b.row.created_s - a.row.created_s || (a.row.id < b.row.id ? 1 : -1);
  });
  return keyed.map(({ row }) => row);
}

/** @param {any} value */
function missing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** @param {any} a @param {any} b @param {number} sense */
function compare(a, b, sense) {
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  if (typeof a === "number" && typeof b === "number") return (a < b ? -1 : a > b ? 1 : 0) * sense;
  return collator.compare(wordsOf(a), wordsOf(b)) * sense;
}

/** @param {any} value */
function wordsOf(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a row's group is called, by the key that the list is grouped by; "" for those that have none.
 * @param {any[]} rows @param {string} by "group", "none", "name" (without its seed), "but:seed" or "config:lr" @returns {((row: any) => string) | null} */
function headsOf(rows, by) {
  if (by === "none") return null;
  if (by === "group") return rows.some((row) => row.group) ? (row) => row.group ?? "" : null;
  if (by === "name") return (row) => withoutSeed(row.name);
  if (by === BUT_SEED) {
    const names = settingNames(rows.map((row) => row.columns?.[by]));
    return (row) => names.get(row.columns?.[by]?.same) ?? "";
  }
  const label = by.slice(by.indexOf(":") + 1);
  return (row) => (missing(row.columns?.[by]) ? "" : `${label} ${wordOf(row.columns[by])}`);
}

/**
 * Rows under their groups, folded groups without their rows. One list without heads when nobody used a group.
 * @param {any[]} rows  in order @param {Set<string>} folded @param {string} [by] see `headsOf`
 * @returns {Array<{head: string, count: number, rows: any[]} | {row: any}>}
 */
export function grouped(rows, folded, by = "group") {
  const headOf = headsOf(rows, by);
  if (!headOf) return rows.map((row) => ({ row }));
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const row of rows) {
    const name = headOf(row);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name)?.push(row);
  }
  const lines = [];
  for (const [head, members] of groups) {
    lines.push({ head, count: members.length, rows: members });
    if (!folded.has(head)) for (const row of members) lines.push({ row });
  }
  return lines;
}
