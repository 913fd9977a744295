// @ts-check
/** Which metrics of an experiment are told together: training and validation of the same thing, and what steers them. */

import { capital } from "../base/words.js";

/** @typedef {{metric: string, quantity: string, of: string, title: string, points: number, goal: string | null}} Known
 * @typedef {{key: string, title: string, train: string[], evaluation: string[], names: Record<string, string>, greater: boolean}} Pair */

const SETS = 3; // evaluation sets drawn beside one training curve
/** Of a page that was told no quantities: the usual names. @type {[RegExp, string][]} */
const USUAL = [
  [/^(train[/_.])?loss$/i, "training loss"],
  [/^(eval|val|valid|validation)[/_.]loss$/i, "evaluation loss"],
  [/^(train[/_.])?(learning_rate|lr)$/i, "learning rate"],
  [/^(train[/_.])?grad(ient)?_norm$/i, "gradient norm"],
];

/** @param {string} metric @param {any} told what the project knows of it @param {number} points @returns {Known} */
export function quantityOf(metric, told, points) {
  const quantity = told?.quantity ?? USUAL.find(([pattern]) => pattern.test(metric))?.[1] ?? metric;
  const title = String(told?.title ?? metric);
  return { metric, quantity, of: title.includes(" · ") ? title.split(" · ").slice(1).join(" · ") : "", title, points, goal: told?.goal ?? null };
}

/** What was logged most often, of these the shortest name: beside the Trainer's `loss` stands `train_loss`, one closing mean.
 * @param {Known[]} list */
const first = (list) => [...list].sort((a, b) => Number(b.points > 1) - Number(a.points > 1) || a.metric.length - b.metric.length || b.points - a.points)[0];

/** Things that training and validation both tell, the loss first; without any, what was logged most. @param {Known[]} known @returns {Pair[]} */
export function pairsOf(known) {
  const things = new Map();
  for (const each of known) {
    const match = /^(training|evaluation) (.+)$/.exec(each.quantity);
    if (!match) continue;
    const thing = things.get(match[2]) ?? { training: [], evaluation: [] };
    thing[match[1]].push(each);
    things.set(match[2], thing);
  }
  const pairs = [...things].map(([thing, { training, evaluation }]) => pair(thing, training, evaluation)).filter(({ train, evaluation }) => train.length + evaluation.length);
  const both = pairs.filter(({ train, evaluation, key }) => key === "loss" || (train.length && evaluation.length));
  const order = (/** @type {Pair} */ { key }) => ["loss", "F1", "accuracy"].indexOf(key) + 1 || 9;
  if (both.length) return both.sort((a, b) => order(a) - order(b));
  if (pairs.length) return pairs.slice(0, 8);
  const most = first(known.filter(({ points }) => points > 1));
  return most ? [{ key: most.metric, title: most.title, train: [most.metric], evaluation: [], names: {}, greater: most.goal === "max" }] : [];
}

/** @param {string} thing @param {Known[]} training @param {Known[]} evaluation @returns {Pair} */
function pair(thing, training, evaluation) {
  const own = training.filter(({ of }) => !of);
  const train = first(own.length ? own : training);
  const sets = new Map();
  for (const each of [...evaluation].sort((a, b) => a.metric.length - b.metric.length)) if (!sets.has(each.of)) sets.set(each.of, each);
  const chosen = [...sets.values()].slice(0, SETS);
  return {
    key: thing,
    title: capital(thing),
    train: train && train.points > 1 ? [train.metric] : train && !chosen.length ? [train.metric] : [],
    evaluation: chosen.map(({ metric }) => metric),
    names: Object.fromEntries(chosen.map(({ metric, of }) => [metric, of ? `validation ${of}` : "validation"])),
    greater: (train ?? chosen[0])?.goal === "max",
  };
}

/** What steers: learning rate and gradient norm. @param {Known[]} known */
export function beside(known) {
  const of = (/** @type {string} */ quantity) => first(known.filter((each) => each.quantity === quantity && each.points > 1));
  const [rate, norm] = [of("learning rate"), of("gradient norm")];
  return [
    ...(rate ? [{ metric: rate.metric, title: "Learning rate", color: "--s4", isNoisy: false }] : []),
    ...(norm ? [{ metric: norm.metric, title: "Gradient norm", color: "--s7", isNoisy: true }] : []),
  ];
}
