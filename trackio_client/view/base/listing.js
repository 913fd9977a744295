// Which experiments a list shows, in which order, in which groups: plain functions, quick for 10,000 rows.

/** What rows can be sorted by, beside columns such as "metric:eval/loss" and "config:lr". */
export const SORTS = Object.freeze({
  age: "Age",
  name: "Name",
  state: "State",
  steps: "Steps",
  duration: "Duration",
});

const ALIVE_FIRST = ["running", "lost_contact", "paused", "failed", "interrupted", "finished"];
const READ = {
  age: (row) => -row.created_s,
  name: (row) => row.name,
  state: (row) => ALIVE_FIRST.indexOf(row.state),
  steps: (row) => row.last_step,
  duration: (row) => row.duration_s,
};

/** What a row holds under a sort key or column. @param {any} row @param {string} key */
export function valueOf(row, key) {
  return key in READ ? READ[key](row) : row.columns[key];
}

/**
 * Sorted by a key, "-" in front for falling; what has no value stands last both ways.
 * @param {any[]} rows @param {string} sort
 */
export function sorted(rows, sort) {
  const falling = sort.startsWith("-");
  const key = falling ? sort.slice(1) : sort;
  // "-age" is how people say it: newest first, the smallest age on top.
  const sense = (falling ? -1 : 1) * (key === "age" ? -1 : 1);
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const keyed = rows.map((row) => ({ row, value: valueOf(row, key) }));
  keyed.sort((a, b) => compare(a.value, b.value, sense, collator) || b.row.created_s - a.row.created_s || (a.row.id < b.row.id ? 1 : -1));
  return keyed.map(({ row }) => row);
}

function missing(value) {
  return value === null || value === undefined || Number.isNaN(value);
}

function compare(a, b, sense, collator) {
  if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b));
  if (typeof a === "number" && typeof b === "number") return (a - b) * sense;
  return collator.compare(String(a), String(b)) * sense;
}

/**
 * Rows under their groups, folded groups without their rows. One list without heads when nobody used a group.
 * @param {any[]} rows  in order @param {Set<string>} folded
 * @returns {Array<{head: string, count: number, rows: any[]} | {row: any}>}
 */
export function grouped(rows, folded) {
  if (!rows.some((row) => row.group)) return rows.map((row) => ({ row }));
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const row of rows) {
    const name = row.group ?? "";
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
