// The address holds all that makes a view, so that a link shows the same to someone else and Back works.
//   /?project=…&experiment=…&view=…&shown=…&x=…&smooth=ema:0.6&log=1&filter=…&search=…&sort=-age&column=…&columns=…

import { DEFAULTS } from "./state.js";
import { later } from "../base/dom.js";

export const VIEWS = ["metrics", "system", "table", "experiment"];
const KINDS = ["none", "ema", "mean", "gaussian"];
const PLACES = ["project", "view", "experiment"]; // a change of these is a step that Back takes back
const MAX_LISTED = 150; // ids in an address: 9 characters each, well below what servers and chats cut

/**
 * What an address says; absent keys are absent here too.
 * @param {string} search  "?project=…"
 */
export function readAddress(search) {
  const query = new URLSearchParams(search);
  /** @type {Record<string, any>} */
  const said = {};
  const take = (name, key, read) => {
    if (!query.has(name)) return;
    const value = read(query.get(name) ?? "");
    if (value !== undefined) said[key] = value;
  };
  take("project", "project", (value) => value || undefined);
  take("experiment", "experiment", (value) => value || undefined);
  take("view", "view", (value) => (VIEWS.includes(value) ? value : undefined));
  take("x", "x", (value) => value || undefined);
  take("smooth", "smoothing", (value) => {
    const [kind, amount] = value.split(":");
    const number = Number(amount ?? DEFAULTS.smoothing.amount);
    return KINDS.includes(kind) && number >= 0 && number < 1 ? { kind, amount: number } : undefined;
  });
  for (const [name, key] of [["log", "logY"], ["band", "band"], ["clip", "clip"]]) take(name, key, (value) => value === "1");
  for (const name of ["filter", "search", "sort", "column"]) take(name, name, (value) => value);
  take("columns", "columns", (value) => value.split(",").map(decodeURIComponent).filter(Boolean));
  take("shown", "ticks", (value) => (value === "" ? [] : value.split(",")));
  if (said.experiment && !said.view) said.view = "experiment";
  if (said.view === "experiment" && !said.experiment) delete said.view;
  return said;
}

/**
 * The address of a state; what is as always is left out.
 * @param {{get(key: string): any}} state @param {string[]|null} ticks  ids ticked by hand, null while nobody did
 */
export function addressOf(state, ticks) {
  const query = new URLSearchParams();
  const project = state.get("project");
  const view = state.get("view");
  if (project) query.set("project", project);
  if (view === "experiment" && state.get("experiment")) query.set("experiment", state.get("experiment"));
  else if (view !== DEFAULTS.view) query.set("view", view);
  if (state.get("x") !== DEFAULTS.x) query.set("x", state.get("x"));
  const { kind, amount } = state.get("smoothing");
  if (kind !== DEFAULTS.smoothing.kind || amount !== DEFAULTS.smoothing.amount) query.set("smooth", `${kind}:${amount}`);
  for (const [name, key] of [["log", "logY"], ["band", "band"], ["clip", "clip"]]) {
    if (state.get(key) !== DEFAULTS[key]) query.set(name, state.get(key) ? "1" : "0");
  }
  for (const name of ["filter", "search", "sort", "column"]) {
    const usual = name === "column" ? state.get("usualColumn") : DEFAULTS[name];
    if (state.get(name) && state.get(name) !== usual) query.set(name, state.get(name));
  }
  const columns = state.get("columns");
  if (columns && columns.join() !== state.get("usualColumns")?.join()) query.set("columns", columns.map(encodeURIComponent).join(","));
  if (ticks && ticks.length <= MAX_LISTED) query.set("shown", shortened(ticks).join(","));
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
  return text ? `?${text}` : location.pathname;
}

/** Ids by their last 8 characters where these tell them apart. @param {string[]} ids */
function shortened(ids) {
  const tails = ids.map((id) => id.slice(-8));
  return new Set(tails).size === ids.length ? tails : ids;
}

/** Keep the browser's address like the state. Returns a function that stops it. */
export function followAddress(state, experiments) {
  let last = location.search;
  let place = PLACES.map((key) => state.get(key)).join("\n");
  const write = () => {
    const next = addressOf(state, experiments.ticksByHand());
    const here = PLACES.map((key) => state.get(key)).join("\n");
    if (next !== last) history[here === place ? "replaceState" : "pushState"](null, "", next);
    last = next;
    place = here;
  };
  const soon = later(write, 150); // a slider moves 60 times a second; Chromium takes 200 changes in 30 s
  const onChange = (event) => {
    if (PLACES.some((key) => event.detail.has(key))) write();
    else if (![...event.detail].every((key) => ["hot", "zoom", "metrics", "theme", "progress"].includes(key))) soon();
  };
  const onBack = () => {
    last = location.search;
    const said = readAddress(location.search);
    const back = Object.fromEntries(["project", "view", "experiment", "filter", "search"].map((key) => [key, said[key] ?? DEFAULTS[key]]));
    if (back.project === null) back.project = state.get("project");
    place = PLACES.map((key) => back[key]).join("\n");
    state.set({ ...back, ...Object.fromEntries(Object.entries(said).filter(([key]) => key !== "ticks" && !(key in back))) });
    if (said.ticks) experiments.tickListed(said.ticks);
    last = addressOf(state, experiments.ticksByHand());
  };
  state.addEventListener("change", onChange);
  addEventListener("popstate", onBack);
  return () => {
    state.removeEventListener("change", onChange);
    removeEventListener("popstate", onBack);
  };
}
