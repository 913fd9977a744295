// @ts-check
/** The table's columns: which there are, what a row holds in each, how wide they are; kept by project in this browser and in the address. */
import { BUT_SEED } from "../base/seeds.js";
import { remember, remembered } from "../base/remember.js";
import { iso } from "../base/words.js";

/** What every row has. `kind`: "text", "num", "time" (a moment) or "span" (a length of time). */
const OWN = {
  name: { label: "name", kind: "text", width: 232, read: (/** @type {any} */ row) => row.name },
  state: { label: "state", kind: "text", width: 128, read: (/** @type {any} */ row) => row.state },
  steps: { label: "steps", kind: "num", width: 88, read: (/** @type {any} */ row) => row.last_step },
  age: { label: "age", kind: "time", width: 76, read: (/** @type {any} */ row) => row.created_s },
  duration: { label: "duration", kind: "span", width: 116, read: (/** @type {any} */ row) => row.duration_s },
  created: { label: "created", kind: "time", width: 152, read: (/** @type {any} */ row) => row.created_s },
  group: { label: "group", kind: "text", width: 128, read: (/** @type {any} */ row) => row.group },
  job_type: { label: "job type", kind: "text", width: 112, read: (/** @type {any} */ row) => row.job_type },
  tags: { label: "tags", kind: "text", width: 176, read: (/** @type {any} */ row) => (row.tags?.length ? row.tags : undefined) },
  notes: { label: "notes", kind: "text", width: 260, read: (/** @type {any} */ row) => row.columns.notes },
  points: { label: "values", kind: "num", width: 96, read: (/** @type {any} */ row) => row.point_count },
  missing: { label: "events missing", kind: "num", width: 128, read: (/** @type {any} */ row) => row.missing },
  alerts: { label: "alerts", kind: "num", width: 112, read: (/** @type {any} */ row) => row.alert_count || undefined },
  alert: { label: "gravest alert", kind: "text", width: 124, read: (/** @type {any} */ row) => row.alert_level },
  id: { label: "id", kind: "text", width: 208, read: (/** @type {any} */ row) => row.id },
};
const FIRST = ["state", "steps", "age", "duration"];
const FIRST_METRICS = 5;
const STATISTICS = { last: "last", best: "best", min: "lowest", max: "highest", mean: "mean" };
export const LEAST = 56;
export const MOST = 640;

/** @param {string} key */
const own = (key) => (Object.hasOwn(OWN, key) ? OWN[/** @type {keyof typeof OWN} */ (key)] : undefined);

/** "metric:eval/loss" -> ["metric", "eval/loss"]; ["", key] of what every row has. @param {string} key */
export function partsOf(key) {
  const at = key.indexOf(":");
  return own(key) || at < 0 ? ["", key] : [key.slice(0, at), key.slice(at + 1)];
}

/** What stands above a column. @param {string} key */
export function labelOf(key) {
  const known = own(key);
  if (known) return known.label;
  if (key === BUT_SEED) return "everything but the seed";
  const [kind, name] = partsOf(key);
  return kind in STATISTICS ? `${name} ${STATISTICS[/** @type {keyof typeof STATISTICS} */ (kind)]}` : name;
}

/** @param {string} key @returns {"text" | "num" | "time" | "span" | "any"} "any" of what only the rows can tell */
export function kindOf(key) {
  const known = own(key);
  if (known) return /** @type {any} */ (known.kind);
  return key === BUT_SEED ? "text" : key.startsWith("config:") ? "any" : "num";
}

/** @param {any} row @param {string} key */
export function readCell(row, key) {
  const known = own(key);
  return known ? known.read(row) : row.columns[key];
}

/** What a filter calls a column: a name that stands in quotes where it must. @param {string} key */
export function filterName(key) {
  const [kind, name] = partsOf(key);
  const said = !kind ? (key === "tags" ? "tag" : key) : kind === "config" || kind === "metric" ? (own(name) ? `${kind}.${name}` : name) : `${kind}(${name})`;
  return /[\s"'=<>~!]|^[(/]|^(and|or|not)$/i.test(said) ? `"${said.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"` : said;
}

/** A value as a file or a filter takes it. @param {any} row @param {string} key */
export function plainCell(row, key) {
  const value = readCell(row, key);
  if (value === undefined || value === null) return undefined;
  if (kindOf(key) === "time") return iso(value);
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? value.join(" ") : value;
}

export class TableColumns {
  /** @param {import("../data/state.js").PageState} state @param {import("../data/columns.js").Columns} known @param {any} source */
  constructor(state, known, source) {
    this.state = state;
    this.known = known;
    this.source = source;
  }

  /** @param {string} key @param {any} [otherwise] */
  kept(key, otherwise) {
    return remembered().table?.[this.state.get("project")]?.[key] ?? otherwise;
  }

  /** @param {Record<string, any>} patch */
  keep(patch) {
    const project = this.state.get("project");
    const table = remembered().table ?? {};
    remember({ table: { ...table, [project]: { ...table[project], ...patch } } });
  }

  /** Those that are shown, after the name: chosen here, by the link, or the first metrics of the project. @returns {string[] | null} */
  chosen() {
    const said = this.state.get("columns") ?? this.kept("columns");
    if (said) return said.filter((/** @type {string} */ key) => key !== "name");
    const metrics = this.state.get("metrics");
    if (!metrics) return null;
    const open = metrics.filter((/** @type {any} */ each) => each.group !== "system" && !each.hidden);
    const likely = this.known.likely(open);
    const rest = open.map((/** @type {any} */ each) => `metric:${each.metric}`).filter((/** @type {string} */ column) => column !== likely);
    return [...FIRST, ...[...(likely ? [likely] : []), ...rest].slice(0, FIRST_METRICS)];
  }

  /** @param {string[]} columns */
  choose(columns) {
    this.keep({ columns });
    this.state.set({ columns, tablePins: (this.state.get("tablePins") ?? []).filter((/** @type {string} */ key) => columns.includes(key)) });
  }

  /** @param {string} key */
  toggle(key) {
    const now = this.chosen() ?? [];
    this.choose(now.includes(key) ? now.filter((each) => each !== key) : [...now, key]);
  }

  /** Those that a column stands among: what is kept in place stands before all others, whichever order they were chosen in.
   * @param {string} key */
  among(key) {
    const [chosen, pins] = [this.chosen() ?? [], this.pins()];
    return pins.includes(key) ? pins.filter((each) => chosen.includes(each)) : chosen.filter((each) => !pins.includes(each));
  }

  /** To a place among those that it stands among, 0 the first. @param {string} key @param {number} place */
  move(key, place) {
    const rest = this.among(key).filter((each) => each !== key);
    const next = [...rest.slice(0, place), key, ...rest.slice(place)];
    const pins = this.pins();
    if (!pins.includes(key)) return this.choose((this.chosen() ?? []).map((each) => (pins.includes(each) ? each : /** @type {string} */ (next.shift()))));
    this.keep({ pins: next });
    return this.state.set({ tablePins: next });
  }

  /** Whether one place to the left (-1) or right (1) there is one to change with. @param {string} key @param {number} by */
  canShift(key, by) {
    const now = this.among(key);
    const at = now.indexOf(key);
    return at >= 0 && at + by >= 0 && at + by < now.length;
  }

  /** One place to the left (-1) or right (1). @param {string} key @param {number} by */
  shift(key, by) {
    if (!this.canShift(key, by)) return false;
    this.move(key, this.among(key).indexOf(key) + by);
    return true;
  }

  /** The place among those that it stands among, if it is let go before or behind another column; null where it would leave them.
   * @param {string} key @param {string} over @param {boolean} behind @returns {number | null} */
  placeAt(key, over, behind) {
    const isPinned = this.pins().includes(key);
    const pinned = this.pins().filter((each) => each !== key && this.chosen()?.includes(each));
    const rest = this.among(key).filter((each) => each !== key);
    const seen = ["name", ...pinned, ...(isPinned ? (this.chosen() ?? []).filter((each) => !this.pins().includes(each)) : rest)];
    const place = seen.indexOf(over) + Number(behind) - (isPinned ? 1 : 1 + pinned.length);
    return place >= 0 && place <= rest.length ? place : null;
  }

  /** @returns {string[]} */
  pins() {
    return this.state.get("tablePins") ?? [];
  }

  /** @param {string} key */
  pin(key) {
    const now = this.pins();
    const next = now.includes(key) ? now.filter((each) => each !== key) : [...now, key];
    this.keep({ pins: next });
    this.state.set({ tablePins: next });
  }

  /** @param {string} key */
  width(key) {
    const kept = this.kept("widths", {})[key];
    if (kept >= LEAST && kept <= MOST) return kept;
    const known = own(key);
    const spread = this.state.get("tableGroups")?.length && kindOf(key) !== "text" && kindOf(key) !== "time"; // mean ± sd takes its room
    const against = this.state.get("tableBase") && !known && !key.startsWith("config:") ? 76 : 0; // the difference beside the value
    if (known) return innerWidth < 720 && key === "name" ? 148 : innerWidth < 720 && key === "state" ? 60 : spread ? Math.max(known.width, kindOf(key) === "span" ? 208 : 132) : known.width;
    return Math.max((spread ? 148 : 108) + against, Math.min(220, labelOf(key).length * 7 + 44));
  }

  /** @param {string} key @param {number} px */
  resize(key, px) {
    this.keep({ widths: { ...this.kept("widths", {}), [key]: Math.round(Math.max(LEAST, Math.min(MOST, px))) } });
  }

  /** What can be added. @param {string[]} chosen @returns {Promise<import("../base/menu.js").Item[]>} */
  async items(chosen) {
    const metrics = this.state.get("metrics") ?? [];
    const item = (/** @type {string} */ value, /** @type {string} */ label, /** @type {string} */ group, note = "") => ({ value, label, group, note, chosen: chosen.includes(value) });
    const always = Object.keys(OWN).filter((key) => key !== "name" && (key !== "notes" || this.source.cells)).map((key) => item(key, labelOf(key), "Of every experiment"));
    const measured = metrics.map((/** @type {any} */ each) => item(`metric:${each.metric}`, each.metric, "Metrics, as their definition says or the last value"));
    const keys = (await this.known.configKeys()).map((key) => item(`config:${key}`, key, "Config"));
    // A page without a server knows last values alone.
    const figures = this.source.cells ? metrics.flatMap((/** @type {any} */ each) => Object.keys(STATISTICS).filter((kind) => kind !== "best" || each.goal)
      .map((kind) => item(`${kind}:${each.metric}`, labelOf(`${kind}:${each.metric}`), "Metrics in other numbers"))) : [];
    const shown = [...always, ...measured, ...keys, ...figures];
    const known = new Set(shown.map((each) => each.value));
    return [...chosen.filter((key) => !known.has(key)).map((key) => item(key, labelOf(key), "Shown")), ...shown];
  }

  /** Every column that a file can have: what every row has, all metrics, all keys of configs. @returns {Promise<string[]>} */
  async every() {
    const metrics = (this.state.get("metrics") ?? []).map((/** @type {any} */ each) => `metric:${each.metric}`);
    return [...Object.keys(OWN).filter((key) => key !== "age" && key !== "id"), ...(await this.known.configKeys()).map((key) => `config:${key}`), ...metrics];
  }
}

