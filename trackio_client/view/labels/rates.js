// @ts-check
/** How often each label is answered beside how often it is there, and the same of entities over the evaluations. */

import { h } from "../base/dom.js";
import { plainTable } from "../experiment/pane.js";
import { count, exact, number, revived } from "../base/words.js";

const WIDEST = 4; // times as many, or as few: the ends of the bar
const SHOWN = 120;

/** Labels that are answered more or less often than they are there. @param {import("./scores.js").Row[]} rows */
export function answered(rows) {
  const known = rows.filter((row) => !row.isSum && row.predicted !== null && row.support !== null);
  if (!known.length) return null;
  const line = (/** @type {import("./scores.js").Row} */ { name, support, predicted }) => {
    const ratio = support ? /** @type {number} */ (predicted) / support : null;
    const place = ratio === null ? 0 : Math.max(-1, Math.min(1, Math.log(Math.max(ratio, 1e-9)) / Math.log(WIDEST)));
    const words = ratio === null ? (predicted ? "made up" : "–") : `${number(Number(ratio.toPrecision(3)))} ×`;
    return h("tr", null, h("th", { scope: "row", title: name }, name), h("td", { class: "num" }, count(support)), h("td", { class: "num" }, count(predicted)),
      h("td", { class: "tk-ratio-cell", title: ratio === null ? null : `${exact(ratio)} times as many answered as there are` }, h("span", { class: "tk-ratio", "aria-hidden": "true" }, h("i", { class: place < 0 ? "less" : "more", style: { "--from": `${50 + Math.min(0, place) * 50}%`, "--w": `${Math.abs(place) * 50}%` } })), h("b", null, words)));
  };
  const head = ["label", "there", "answered", "answered for each that is there"].map((word, i) => h("th", { class: i && i < 3 ? "num" : "", scope: "col" }, word));
  return plainTable({ label: "How often each label is answered", head, rows: known.slice(0, SHOWN).map(line), class: "tk-rates" });
}

/** Entities for each token, answered and there, over the evaluations. @param {import("./scores.js").Evaluation[]} evaluations */
export function entityRates(evaluations) {
  const points = evaluations.map(({ entry, step }) => ({ x: step ?? NaN, gold: revived(entry.entity_rates?.gold_rate), predicted: revived(entry.entity_rates?.predicted_rate) }));
  const known = points.filter(({ x, gold, predicted }) => Number.isFinite(x) && Number.isFinite(gold) && Number.isFinite(predicted));
  return known.length ? { x: known.map(({ x }) => x), gold: known.map(({ gold }) => 100 * gold), predicted: known.map(({ predicted }) => 100 * predicted) } : null;
}
