// @ts-check
/** Remembers what the page showed before each change of it – ticks, filters, axes, views – so that Ctrl+Z takes it back and Ctrl+Shift+Z does it again. What
 * follows quickly, as letters of a search do, is one step. */
import { isTyping } from "../base/dom.js";
import { forget, forgetTaken, lastStep, lastTaken, remembering, turnedAt } from "../base/undo.js";
import { redoStep, undoStep } from "../base/toast.js";
import { addressOf, goTo } from "../data/address.js";

const SETTLES_MS = 500;
const PLACES = ["project", "view", "experiment"];
const SAME_MS = 50; // a button tells of its step as it changes the page

/** @param {{state: import("../data/state.js").PageState, experiments: import("../data/experiments.js").Experiments}} parts */
export function steps({ state, experiments }) {
  const now = () => ({ address: addressOf(state, null), ticks: experiments.ticksByHand() });
  let before = now();
  let latest = before; // the state as of the last change
  let pending = ""; // what kind of change is not settled yet
  let timer = 0;
  let began_ms = 0; // when it began
  let isOurs = false;
  const own = /** @type {{step: import("../base/undo.js").Step, from: Shown}[]} */ ([]);
  const add = (/** @type {Shown} */ from, /** @type {Shown} */ next, words = wordsFor(from, next)) => {
    const show = (/** @type {Shown} */ shown) => {
      settle(); // what was changed a moment ago is a step of its own
      isOurs = true;
      goTo(shown.address.startsWith("?") ? shown.address : "", state, experiments, shown.ticks);
      settle();
      isOurs = false;
    };
    own.push({ step: remembering(words, () => show(from), () => show(next)), from });
  };
  const settle = (next = now()) => {
    clearTimeout(timer);
    timer = 0;
    latest = next;
    if (same(next, before)) return;
    const from = before;
    before = next;
    if (isOurs || !projectOf(from.address)) return;
    // What a button did has its own way back, ticks that went with it included.
    const last = lastStep();
    if (last && last.at_ms >= began_ms && !own.some(({ step }) => step === last)) return;
    add(from, next);
  };
  state.addEventListener("change", (/** @type {any} */ event) => {
    const next = now();
    if (same(next, latest)) return; // new rows, ages, what hangs on the pointer
    const kind = PLACES.some((key) => event.detail.has(key)) ? "place" : [...event.detail].sort().join();
    const isTurned = performance.now() - turnedAt() < SAME_MS; // what a button did is taken back: no step of its own, and it can be done again
    if (timer && (isTurned || kind !== pending)) settle(latest);
    if (isTurned) {
      const was = isOurs;
      isOurs = true;
      settle(next);
      isOurs = was;
      return;
    }
    latest = next;
    pending = kind;
    if (timer) clearTimeout(timer);
    else began_ms = performance.now() - SAME_MS;
    timer = setTimeout(() => settle(), SETTLES_MS);
  });
  // Back leads to before one of our steps: that one and those after it are not taken back once more. Where it leads anywhere else, as
  // Forward does, it is a step itself.
  let left = before;
  state.addEventListener("leaving", () => {
    settle(); // what was changed a moment ago is a step of its own
    left = before;
    isOurs = true;
  });
  state.addEventListener("arrived", () => {
    settle();
    isOurs = false;
    if (alike(left, before)) return;
    const at = own.findLastIndex(({ step, from }) => !step.isTaken && alike(from, before));
    if (at >= 0) for (const { step } of own.splice(at)) forget(step);
    else if (projectOf(left.address)) add(left, before, WORDS.view);
    forgetTaken();
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    const isBack = key === "z" && !event.shiftKey;
    const isAgain = (key === "z" && event.shiftKey) || (key === "y" && event.ctrlKey && !event.shiftKey);
    if (!isBack && !isAgain) return;
    settle();
    const step = isBack ? lastStep() : lastTaken();
    if (!step) return;
    event.preventDefault();
    if (isBack) undoStep(step);
    else redoStep(step);
  });
}

/** @typedef {{address: string, ticks: string[] | null}} Shown */

/** @param {Shown} a @param {Shown} b */
const same = (a, b) => a.address === b.address && (a.ticks === b.ticks || JSON.stringify(a.ticks) === JSON.stringify(b.ticks));

/** The same to the reader: ticks may stand in another order, or by the ends of their ids alone. @param {Shown} a @param {Shown} b */
const alike = (a, b) => same({ ...a, ticks: ends(a.ticks) }, { ...b, ticks: ends(b.ticks) });

/** @param {string[] | null} ticks */
const ends = (ticks) => ticks && ticks.map((id) => id.slice(-8)).sort();

/** @param {string} address */
const projectOf = (address) => new URLSearchParams(address.startsWith("?") ? address : "").get("project");

/** @param {Shown} from @param {Shown} to */
function wordsFor(from, to) {
  if (from.address === to.address) return "the ticks";
  const [a, b] = [new URLSearchParams(from.address), new URLSearchParams(to.address)];
  const changed = [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key));
  const words = new Set(changed.map((key) => WORDS[key] ?? key)); // a zoom may be of both axes
  return words.size === 1 ? [...words][0] : "the last change";
}

/** @type {Record<string, string>} */
const WORDS = { project: "the choice of a project", view: "the change of view", experiment: "opening an experiment", filter: "the metric filter", search: "the search", x: "the x axis", smooth: "the smoothing", sort: "the order", zoom: "the zoom", zoomy: "the zoom", log: "the logarithmic axis" };
