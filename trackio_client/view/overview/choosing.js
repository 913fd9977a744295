// @ts-check
/** What of a project a person with three minutes must see: which experiments, in which order, by which two metrics. */

const LOSSES = ["train/loss", "loss", "train_loss", "training_loss"];
const SCORES = /(^|[/_])(f1|f1_micro|f1_macro|accuracy|acc|auc|auroc|bleu|rouge\w*|reward|map|miou|exact_match|pass@?\w*)$/i;
const NOT_EVALUATED = /^(train|system|time|grad|optim|lr)/i;

/**
 * @typedef {{metric: string, goal: "min" | "max" | null, title?: string}} Metric
 * @typedef {Object} Chosen
 * @property {any[]} alive they run, or are paused
 * @property {any[]} trouble failed, interrupted, lost contact: the newest first
 * @property {any[]} best by the headline metric, the best first
 * @property {any[]} ended the newest first
 * @property {Record<string, number>} counts by state
 */

/** The metric that tells how a training goes: its loss. @param {any[]} metrics @returns {Metric | null} */
export function lossOf(metrics) {
  const open = metrics.filter((each) => !each.hidden && each.group !== "system");
  const named = LOSSES.map((name) => open.find((each) => each.metric === name)).find(Boolean);
  return named ?? open.find((each) => each.goal === "min") ?? open[0] ?? null;
}

/** The metric by which experiments are compared: a score of evaluations if there is one, else their loss. @param {any[]} metrics
 * @param {string | null | undefined} wanted the reader's choice @returns {Metric | null} */
export function headlineOf(metrics, wanted) {
  const chosen = metrics.find((each) => each.metric === wanted);
  if (chosen) return chosen;
  const evaluated = metrics.filter((each) => !each.hidden && each.goal && !NOT_EVALUATED.test(each.metric));
  // The one that most experiments have; of those the shortest name: "eval/f1" before "eval/PER/f1".
  const scores = evaluated.filter((each) => each.goal === "max" && SCORES.test(each.metric));
  const by = (/** @type {any} */ a, /** @type {any} */ b) => (b.experiments ?? 0) - (a.experiments ?? 0) || a.metric.split("/").length - b.metric.split("/").length;
  return [...scores].sort(by)[0] ?? evaluated.find((each) => each.goal === "min") ?? evaluated[0] ?? null;
}

/** @param {any[]} rows @param {{headline: Metric | null, isOut: (row: any) => boolean}} how `isOut`: archived, or hidden by the reader @returns {Chosen} */
export function chosenOf(rows, { headline, isOut }) {
  /** @type {Chosen} */
  const chosen = { alive: [], trouble: [], best: [], ended: [], counts: {} };
  const column = headline ? `metric:${headline.metric}` : "";
  for (const row of rows) {
    if (isOut(row)) continue;
    chosen.counts[row.state] = (chosen.counts[row.state] ?? 0) + 1;
    if (row.state === "running" || row.state === "paused") chosen.alive.push(row);
    else if (row.state === "finished") chosen.ended.push(row);
    else chosen.trouble.push(row);
    if (headline?.goal && Number.isFinite(row.columns[column])) chosen.best.push(row);
  }
  const newest = (/** @type {any} */ a, /** @type {any} */ b) => (b.since_s ?? b.created_s) - (a.since_s ?? a.created_s) || (a.id < b.id ? 1 : -1);
  const sense = headline?.goal === "max" ? -1 : 1;
  chosen.alive.sort((a, b) => Number(a.state === "paused") - Number(b.state === "paused") || newest(a, b));
  chosen.trouble.sort(newest);
  chosen.ended.sort(newest);
  chosen.best.sort((a, b) => sense * (a.columns[column] - b.columns[column]) || a.created_s - b.created_s);
  return chosen;
}

/** How far it is: steps done of those planned, and the seconds left at the speed so far; null where nobody said how many.
 * @param {any} row @param {number} now_s @returns {{share: number, total: number, left_s: number | null} | null} */
export function progressOf(row, now_s) {
  const total = Number(row.columns["config:max_steps"]);
  if (!(total > 0) || row.last_step === null || row.last_step === undefined) return null;
  const share = Math.min(1, row.last_step / total);
  const took_s = row.last_event_s - row.created_s;
  // A resumed one began further on: what it did before took other seconds.
  const isSteady = row.generation === 0 && share > 0.005 && took_s > 5;
  const left_s = isSteady && row.state === "running" ? Math.max(0, ((1 - share) / share) * took_s - Math.max(0, now_s - row.last_event_s)) : null;
  return { share, total, left_s };
}

/**
 * How a curve goes, in a word: is it healthy?
 * @param {{x: ArrayLike<number>, mean: ArrayLike<number>, n: number, bad?: ArrayLike<number>[] | null} | undefined} curve
 * @param {"min" | "max" | null} goal
 * @returns {{word: string, isBad: boolean} | null} null: too little to tell
 */
export function healthOf(curve, goal) {
  if (!curve || !goal) return null;
  const sense = goal === "max" ? -1 : 1;
  const good = [];
  let lastBad = -1;
  for (let i = 0; i < curve.n; i++) {
    if (Number.isFinite(curve.mean[i])) good.push(i);
    if (!Number.isFinite(curve.mean[i]) || curve.bad?.some((column) => column[i] > 0)) lastBad = i;
  }
  if (lastBad >= 0 && lastBad === curve.n - 1) {
    const since = good.length ? good[good.length - 1] + 1 : 0;
    return { word: `not a number since step ${Math.round(curve.x[Math.min(since, lastBad)]).toLocaleString("en-US")}`, isBad: true };
  }
  if (good.length < 8) return null;
  const at = (/** @type {number} */ i) => sense * curve.mean[good[i]];
  const width = Math.max(2, Math.round(good.length / 12));
  const around = (/** @type {number} */ end) => {
    let sum = 0;
    for (let i = end - width; i < end; i++) sum += at(i);
    return sum / width;
  };
  let lowest = Infinity;
  let where = 0;
  for (let end = width; end <= good.length; end++) if (around(end) < lowest) (lowest = around(end)), (where = end - 1);
  const last = around(good.length);
  const drop = around(width) - lowest;
  const range = Math.max(drop, 1e-12);
  if (last - lowest > 0.25 * range && good.length - where > width) return { word: `${goal === "min" ? "rises" : "falls"} since step ${Math.round(curve.x[good[where]]).toLocaleString("en-US")}`, isBad: true };
  const lately = around(Math.max(width, good.length - Math.round(good.length / 4))) - last;
  if (lately > 0.02 * range) return { word: goal === "min" ? "falling" : "rising", isBad: false };
  return { word: "flat", isBad: false };
}
