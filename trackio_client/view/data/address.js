// @ts-check
// The address holds all that makes a view, so that a link shows the same to someone else and Back works.
//   /?project=…&experiment=…&view=…&shown=…&x=…&smooth=ema:0.6&log=1&filter=…&search=…&sort=-age&column=…&columns=…
// What can stand in it is listed in fields.js.

import { FIELDS } from "./fields.js";
import { DEFAULTS } from "./state.js";
import { later } from "../base/dom.js";

const PLACES = ["project", "view", "experiment", ...FIELDS.filter((field) => field.isPlace).map((field) => field.key)];
const KEYS = new Set(["project", "view", "experiment", "experiments", "usualColumn", "usualColumns", ...FIELDS.map((field) => field.key)]);
const LONGEST_FIELD = 6000; // letters: servers cut an address of more than a few times that. This browser remembers the columns all the same
// A slider moves 60 times a second; Chromium takes 200 changes in 30 s, and what it does after each would fall into what
// a zoom draws. So what is dragged is written when it stands still, all else soon: whoever loads the page anew finds it.
const DRAGGED = new Set(["zoom", "zoomY", "smoothing", "size"]);
const STANDS_MS = 400;
const SOON_MS = 100;
export const MAX_LISTED = 300; // ids in an address: 9 characters each, well below what servers and chats cut

/**
 * What an address says; absent keys are absent here too.
 * @param {string} search  "?project=…"
 * @returns {Record<string, any>}
 */
export function readAddress(search) {
  const query = new URLSearchParams(search);
  /** @type {Record<string, any>} */
  const said = {};
  /** @type {string[]} what stood there and could not be read: told to the reader, not passed over */
  const unread = [];
  for (const key of ["project", "experiment"]) if (query.get(key)) said[key] = query.get(key);
  if (/^[a-z]+$/.test(query.get("view") ?? "")) said.view = query.get("view"); // the shell knows which there are
  for (const { name, key, read } of FIELDS) {
    const value = query.has(name) ? read(query.get(name) ?? "") : undefined;
    if (value !== undefined) said[key] = value;
    else if (query.get(name)) unread.push(`${name}=${query.get(name)}`);
  }
  if (query.get("view") && !said.view) unread.push(`view=${query.get("view")}`);
  if (unread.length) said.unread = unread;
  if (query.get("saved")) said.saved = query.get("saved");
  const shown = query.get("shown");
  if (shown !== null) said.ticks = shown === "" ? [] : shown.split(",");
  if (said.experiment && !said.view) said.view = "experiment";
  if (said.view === "experiment" && !said.experiment) delete said.view;
  return said;
}

/** Whether an address holds more than a place: then it is somebody's view. @param {string} search */
export function isWhole(search) {
  const query = new URLSearchParams(search);
  return query.has("shown") || FIELDS.some(({ name }) => name !== "event" && query.has(name)); // an event is a place, too
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
  for (const { name, key, write, usual } of FIELDS) {
    const value = state.get(key);
    if (value === null || value === undefined || value === "") continue;
    const text = write(value);
    const always = usual ? usual((each) => state.get(each)) : DEFAULTS[/** @type {keyof typeof DEFAULTS} */ (key)];
    if (text.length <= LONGEST_FIELD && (always === null || always === undefined || text !== write(always))) query.set(name, text);
  }
  if (ticks && ticks.length <= MAX_LISTED) query.set("shown", shortened(ticks).join(","));
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%7E", "~");
  return text ? `?${text}` : location.pathname;
}

/** Ids by their last 8 characters where these tell them apart. @param {string[]} ids */
function shortened(ids) {
  const tails = ids.map((id) => id.slice(-8));
  return new Set(tails).size === ids.length ? tails : ids;
}

/** What stays with an entry of the browser's history: ticks that its address has no room for. @param {string[] | null} ticks */
const entryOf = (ticks) => (ticks && ticks.length > MAX_LISTED ? { shown: shortened(ticks) } : null);

/** The ticks that stay with the entry that is shown; a link has none. @returns {string[] | null} */
export const keptTicks = () => (Array.isArray(history.state?.shown) ? history.state.shown : null);

/** All that an address says of a state, what it leaves out as usual. @param {string} search @param {{get(key: string): any}} state
 * @returns {Record<string, any>} */
function goal(search, state) {
  const said = readAddress(search);
  const places = ["project", "view", "experiment", ...FIELDS.map((field) => field.key)];
  const usual = Object.fromEntries(FIELDS.map(({ key, usual: always }) => [key, always ? always((each) => state.get(each)) : null]));
  const back = Object.fromEntries(places.map((key) => [key, said[key] ?? usual[key] ?? DEFAULTS[/** @type {keyof typeof DEFAULTS} */ (key)]]));
  if (back.project === null) back.project = state.get("project");
  return back;
}

/**
 * Show what an address says, from whatever is shown now: Back, a saved view, an undone step.
 * @param {string} search  "?project=…" @param {import("./state.js").PageState} state @param {any} experiments
 * @param {string[] | null} [ticks]  instead of those in the address; null for the newest ten
 */
export function goTo(search, state, experiments, ticks = readAddress(search).ticks ?? null) {
  const back = goal(search, state);
  const { view, project, experiment, ...rest } = back;
  // The place last: a view that is made now finds its axes and filter as they will be.
  const moves = project !== state.get("project");
  if (moves) state.set({ project, view, experiment });
  state.set(moves ? rest : { ...rest, view, experiment });
  state.set({ unread: readAddress(search).unread ?? null, unsaved: null });
  if (ticks) experiments.tickListed(ticks);
  else experiments.tickNewest();
}

/** Keep the browser's address like the state, which tells of Back and Forward by `leaving` and `arrived`. Returns a function that stops it.
 * @param {import("./state.js").PageState} state @param {any} experiments */
export function followAddress(state, experiments) {
  let last = location.search;
  const standing = () => PLACES.map((key) => state.get(key)).join("\n");
  let place = standing();
  let kept = keptTicks()?.join() ?? ""; // of `last`: the ticks beside it
  let due = ""; // of what has changed since it was written
  let dueTicks = /** @type {string[] | null} */ (null);
  let timer = 0;
  let isGoing = false; // to where Back leads: what is between is no address
  const write = () => {
    clearTimeout(timer);
    timer = 0;
    due = "";
    const ticks = experiments.ticksByHand();
    const next = addressOf(state, ticks);
    const entry = entryOf(ticks);
    const beside = entry?.shown.join() ?? "";
    const here = standing();
    // The panel that a link names (#log) stays with its page; a token is taken away by itself.
    const panel = here === place && /^#[^=]+$/.test(location.hash) ? location.hash : "";
    if (next !== last || beside !== kept) history[here === place ? "replaceState" : "pushState"](entry, "", next + panel);
    last = next;
    kept = beside;
    place = here;
  };
  const still = later(() => due && write(), STANDS_MS);
  const onChange = (/** @type {any} */ event) => {
    if (isGoing) return;
    if (PLACES.some((key) => event.detail.has(key))) {
      if (due) history.replaceState(entryOf(dueTicks), "", due + location.hash); // what one comes back to
      write();
    } else if ([...event.detail].some((key) => KEYS.has(key))) {
      dueTicks = experiments.ticksByHand();
      due = addressOf(state, dueTicks);
      if ([...event.detail].every((key) => DRAGGED.has(key))) still();
      else timer ||= setTimeout(write, SOON_MS);
    }
  };
  const onBack = () => {
    if (location.search === last && location.hash && !history.state) {
      const entry = entryOf(experiments.ticksByHand()); // a link to a panel of this page: a new entry, and no way back
      if (entry) history.replaceState(entry, "", location.href);
      return;
    }
    isGoing = true;
    state.dispatchEvent(new Event("leaving"));
    try {
      goTo(location.search, state, experiments, readAddress(location.search).ticks ?? keptTicks());
    } finally {
      isGoing = false;
      state.dispatchEvent(new Event("arrived"));
    }
    last = location.search;
    kept = keptTicks()?.join() ?? "";
    place = standing();
    write();
  };
  const onLeave = () => {
    if (due) write(); // what one comes back to
  };
  state.addEventListener("change", onChange);
  addEventListener("popstate", onBack);
  addEventListener("pagehide", onLeave);
  return () => {
    removeEventListener("pagehide", onLeave);
    state.removeEventListener("change", onChange);
    removeEventListener("popstate", onBack);
  };
}
