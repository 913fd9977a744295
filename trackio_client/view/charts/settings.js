// @ts-check
/**
 * What a reader set of single charts, and the derived charts they made: kept by project in this browser, and in the address,
 * so that a link shows the same. What a chart does not set itself is as the controls above all charts say.
 */
import { remember, remembered } from "../base/remember.js";
import { ExpressionError, formatted, namesOf, parse } from "./expression.js";

/**
 * @typedef {{x?: string, y?: [number | null, number | null], log?: boolean, logX?: boolean, smooth?: boolean, apart?: boolean, replaced?: boolean}} Own of one chart; `apart`: zoom and cursor are its alone
 * @typedef {{expr: string, name?: string, unit?: string}} Derived `expr` in the form of `formatted`
 */

export const DERIVED = "= "; // before an expression it is the name of its chart: no metric begins like this by accident
const MOST = 40; // derived charts, and charts with settings, of a project

/** @param {any} state @param {string} metric @returns {Own} */
export const ownOf = (state, metric) => state.get("own")?.[metric] ?? {};

/** Changes what a chart sets itself; `undefined` gives a setting back to the page. @param {any} state @param {string} metric @param {Own | null} patch null: all of it */
export function setOwn(state, metric, patch) {
  const now = patch ? { ...ownOf(state, metric), ...patch } : {};
  const kept = Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.every((v) => v === null))));
  const all = { ...(state.get("own") ?? {}) };
  delete all[metric];
  if (Object.keys(kept).length) all[metric] = kept;
  state.set({ own: Object.fromEntries(Object.entries(all).slice(-MOST)) });
  keep(state, "own");
}

/** @param {any} state @param {Derived} made @param {string} [instead] the expression that it replaces */
export function putDerived(state, made, instead) {
  const before = /** @type {Derived[]} */ (state.get("derived") ?? []);
  const place = before.findIndex(({ expr }) => expr === (instead ?? made.expr));
  const next = before.filter(({ expr }, i) => i === place || expr !== made.expr);
  if (place < 0) next.push(made);
  else next[next.indexOf(before[place])] = made;
  state.set({ derived: next.slice(-MOST) });
  keep(state, "derived");
}

/** @param {any} state @param {string} expr */
export function dropDerived(state, expr) {
  state.set({ derived: (state.get("derived") ?? []).filter((/** @type {Derived} */ each) => each.expr !== expr) });
  keep(state, "derived");
}

/** @param {any} state @param {"own" | "derived"} key */
function keep(state, key) {
  const project = state.get("project") ?? "";
  const of = { ...remembered().charts };
  of[project] = { ...of[project], [key]: state.get(key) };
  remember({ charts: of });
}

/** Takes up what this browser remembers of the project, where the address says nothing of it. @param {any} state */
export function followProject(state) {
  /** @type {string | null} */ let open = null;
  state.follow(["project", "own", "derived"], () => {
    const project = state.get("project");
    if (project === null) return;
    const kept = remembered().charts?.[project] ?? {};
    const left = open !== null && open !== project; // what stands there belongs to the project before
    open = project;
    if (left || state.get("own") === null) state.set({ own: checkedOwn(kept.own) });
    if (left || state.get("derived") === null) state.set({ derived: checkedDerived(kept.derived) });
  });
}

/** The charts of derived series, as rows like those of metrics: beside the first metric of each.
 * @param {Derived[] | null} derived @param {any[]} metrics @returns {any[]} */
export function derivedMetrics(derived, metrics) {
  const byName = new Map(metrics.map((row) => [row.metric, row]));
  return (derived ?? []).map(({ expr, name, unit }) => {
    const { tree, error } = treeOf(expr);
    const names = tree ? namesOf(tree) : [];
    const rows = names.map((each) => byName.get(each)).filter(Boolean);
    const steps = new Set(rows.map((row) => row.step_metric ?? null));
    return {
      metric: DERIVED + expr, group: rows[0]?.group ?? "derived", title: name || expr, name: name || expr, unit: unit || null, goal: null,
      step_metric: steps.size === 1 ? [...steps][0] : null, experiments: 0, names, tree, error,
      lacking: metrics.length ? names.filter((each) => !byName.has(each)) : [],
    };
  });
}

/** @type {Map<string, {tree: import("./expression.js").Tree | null, error: string}>} */
const trees = new Map();

/** @param {string} expr */
function treeOf(expr) {
  let held = trees.get(expr);
  if (held) return held;
  try {
    held = { tree: parse(expr), error: "" };
  } catch (error) {
    held = { tree: null, error: error instanceof ExpressionError ? error.message : String(error) };
  }
  trees.set(expr, held);
  return held;
}

// In the address: "metric~log:1~y:0..2" and "expression~name~unit", with commas between.

const escaped = (/** @type {string} */ text) => text.replace(/[%,~]/g, encodeURIComponent).replaceAll("~", "%7E");
const unescaped = (/** @type {string} */ text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // cut on its way: it is taken as it is
  }
};
const yes = (/** @type {string} */ text) => (text === "1" ? true : text === "0" ? false : undefined);
const end = (/** @type {string} */ text) => (text === "" || !Number.isFinite(Number(text)) ? null : Number(text));

/** @param {string} text @returns {Record<string, Own>} what is no setting is left out */
export function readOwn(text) {
  /** @type {Record<string, any>} */ const all = {};
  for (const part of text.split(",").filter(Boolean).slice(0, MOST)) {
    const [metric, ...fields] = part.split("~").map(unescaped);
    /** @type {Record<string, any>} */ const own = {};
    for (const field of fields) {
      const at = field.indexOf(":");
      const [key, value] = [field.slice(0, at), field.slice(at + 1)];
      if (key === "x") own.x = value;
      else if (key === "y") own.y = value.split("..").map(end);
      else if (key === "log" || key === "logX" || key === "smooth" || key === "apart" || key === "replaced") own[key] = yes(value);
    }
    all[metric] = own;
  }
  return checkedOwn(all);
}

/** @param {Record<string, Own>} all */
export function writeOwn(all) {
  const one = (/** @type {[string, any]} */ [key, value]) => `${key}:${key === "y" ? value.map((/** @type {any} */ v) => v ?? "").join("..") : typeof value === "boolean" ? Number(value) : value}`;
  return Object.entries(all).map(([metric, own]) => [metric, ...Object.entries(own).map(one)].map(escaped).join("~")).join(",");
}

/** @param {string} text @returns {Derived[]} */
export const readDerived = (text) =>
  checkedDerived(text.split(",").filter(Boolean).map((part) => {
    const [expr, name, unit] = part.split("~").map(unescaped);
    return { expr, name, unit };
  }));

/** @param {Derived[]} all */
export const writeDerived = (all) => all.map(({ expr, name, unit }) => [expr, name ?? "", unit ?? ""].map(escaped).join("~").replace(/~+$/, "")).join(",");

/** What a browser kept or an address said may be anything. @param {any} all @returns {Record<string, Own>} */
function checkedOwn(all) {
  /** @type {Record<string, Own>} */ const good = {};
  for (const [metric, own] of Object.entries(all && typeof all === "object" ? all : {}).slice(-MOST)) {
    /** @type {Own} */ const kept = {};
    if (typeof own?.x === "string" && own.x) kept.x = own.x;
    for (const key of /** @type {const} */ (["log", "logX", "smooth", "apart", "replaced"])) if (typeof own?.[key] === "boolean") kept[key] = own[key];
    const y = Array.isArray(own?.y) && own.y.length === 2 ? own.y.map((/** @type {any} */ v) => (Number.isFinite(v) ? v : null)) : null;
    if (y && y.some((/** @type {any} */ v) => v !== null) && !(y[0] !== null && y[1] !== null && y[0] >= y[1])) kept.y = y;
    if (metric && Object.keys(kept).length) good[metric] = kept;
  }
  return good;
}

/** @param {any} all @returns {Derived[]} */
function checkedDerived(all) {
  const good = (Array.isArray(all) ? all : []).filter((each) => typeof each?.expr === "string" && each.expr.trim());
  const text = (/** @type {any} */ v) => (typeof v === "string" && v ? v.slice(0, 100) : undefined);
  return good.slice(-MOST).map(({ expr, name, unit }) => {
    const { tree } = treeOf(expr);
    return { expr: tree ? formatted(tree) : expr, ...(text(name) ? { name: text(name) } : {}), ...(text(unit) ? { unit: text(unit) } : {}) };
  });
}
