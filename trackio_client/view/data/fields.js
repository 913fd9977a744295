// @ts-check
/**
 * What of a page stands in its address: a line a key of the state. A view adds its own lines here, with the key's usual
 * value in `DEFAULTS` of state.js; what is as usual is left out of the address.
 */
import { readColors, writeColors } from "../base/owncolors.js";
import { readDerived, readOwn, writeDerived, writeOwn } from "../charts/settings.js";
import { LONGEST } from "../charts/arrangement.js";
import { DEFAULTS } from "./state.js";

const KINDS = ["none", "ema", "mean", "gaussian"];

/**
 * @typedef {Object} Field
 * @property {string} name in the address
 * @property {string} key of the state
 * @property {(text: string) => any} read what stood in the address; undefined for what is no value
 * @property {(value: any) => string} write
 * @property {boolean} [isPlace] a change of it is a step that Back takes back
 * @property {(get: (key: string) => any) => any} [usual] instead of DEFAULTS
 */

/** @param {string} name @param {string} [key] @returns {Field} */
export const words = (name, key = name) => ({ name, key, read: (text) => text || undefined, write: String });
/** @param {string} name @param {string} key @returns {Field} */
export const flag = (name, key) => ({ name, key, read: (text) => (text === "1" ? true : text === "0" ? false : undefined), write: (value) => (value ? "1" : "0") });
/** Only a comma within a name is encoded, once more than the address does. @param {string} name @param {string} [key] @returns {Field} */
export const list = (name, key = name) => ({ name, key, read: (text) => text.split(",").map(decoded).filter(Boolean), write: (value) => value.map((/** @type {string} */ each) => each.replace(/[%,]/g, encodeURIComponent)).join(",") });
/** One of these words. @param {string} name @param {string[]} known @param {string} [key] @returns {Field} */
export const choice = (name, known, key = name) => ({ name, key, read: (text) => (known.includes(text) ? text : undefined), write: String });

/** Names of charts, while they are few: a list that would fill the address stays in this browser. @param {string} name @param {string} key @returns {Field} */
const arranged = (name, key) => {
  const { read, write } = list(name, key);
  const short = (/** @type {string[]} */ names) => (write(names).length > LONGEST ? "" : write(names));
  return { name, key, read, write: short, usual: (get) => (short(get(key) ?? []) ? [] : (get(key) ?? [])) };
};

/** @type {Field[]} */
export const FIELDS = [
  {
    // Of another experiment than the one that is open, it says nothing.
    ...words("event"),
    read: (text) => (/^[\w.-]{1,8}:\d{1,16}$/.test(text) ? text : undefined),
    usual: (get) => (get("view") === "experiment" && get("experiment")?.endsWith(String(get("event")).split(":")[0]) ? null : get("event")),
  },
  words("x"),
  {
    name: "smooth",
    key: "smoothing",
    read: (text) => {
      const [kind, amount] = text.split(":");
      const number = Number(amount ?? DEFAULTS.smoothing.amount);
      return KINDS.includes(kind) && number >= 0 && number < 1 ? { kind, amount: number } : undefined;
    },
    write: ({ kind, amount }) => `${kind}:${amount}`,
  },
  flag("log", "logY"),
  flag("logx", "logX"),
  { ...list("by"), usual: () => [] },
  { ...list("facet"), usual: () => [] },
  choice("spread", ["sd", "se", "range"]),
  words("best", "overviewBy"),
  { name: "derive", key: "derived", read: readDerived, write: writeDerived, usual: () => [] },
  { name: "own", key: "own", read: readOwn, write: writeOwn, usual: () => ({}) },
  flag("band", "band"),
  flag("dashes", "dashes"),
  { ...words("size"), read: (text) => (/^\d{2,4}$/.test(text) ? Number(text) : undefined) },
  flag("clip", "clip"),
  flag("ranks", "ranks"),
  words("filter"),
  words("chart"),
  words("chartof", "chartOf"),
  { ...flag("full", "full"), isPlace: true },
  arranged("pin", "pins"),
  arranged("hide", "hides"),
  arranged("order", "order"),
  { name: "color", key: "colors", read: readColors, write: writeColors, usual: () => ({}) },
  words("search"),
  { ...list("group", "tableGroups"), usual: () => [] },
  { ...list("folds", "tableFolds"), usual: () => [] },
  words("against", "tableBase"),
  { ...list("pinned", "tablePins"), usual: () => [] },
  words("sort"),
  {
    // Per x axis and group of charts, and per chart that is not linked: zoom=step~train:100:2000
    name: "zoom",
    key: "zoom",
    read: readZoom,
    write: writeZoom,
  },
  { ...words("listby", "sideBy"), usual: () => "group" },
  { name: "zoomy", key: "zoomY", read: readZoom, write: writeZoom }, // the same for y, per metric
  { ...words("column"), usual: (get) => get("usualColumn") },
  { ...list("columns"), usual: (get) => get("usualColumns") },
  { ...choice("part", ["differ", "groups", "parallel", "scatter", "contour", "importance"], "comparePart"), isPlace: true },
  words("base", "compareBase"),
  flag("same", "compareSame"),
  choice("at", ["common", "best", "last"], "compareAt"),
  words("find", "compareFind"),
  { ...list("leave", "compareLeave"), usual: () => [] },
  { ...list("groupby", "compareBy"), usual: () => [] },
  words("first", "compareFirst"),
  words("second", "compareSecond"),
  words("result", "compareMetric"),
  words("figure", "compareFigure"),
  choice("of", ["all", "ticked"], "compareOf"),
  list("axes", "compareAxes"),
  { ...list("ranges", "compareRanges"), usual: () => [] },
  { ...list("logs", "compareLogs"), usual: () => [] },
  words("across", "compareX"),
  words("up", "compareY"),
  words("paint", "compareColor"),
  words("height", "compareHeight"),
  // The time line of an experiment
  words("line", "linePair"),
  choice("linex", ["step", "relative", "time"], "lineX"),
  // Labels
  choice("score", ["f1", "precision", "recall"], "labelScore"),
  choice("labelorder", ["support", "worst", "best", "changed", "name"], "labelOrder"),
  { ...words("evaluation", "labelAt"), read: (text) => (/^(last|best|step:\d{1,15})$/.test(text) ? text : undefined) },
  words("labelset", "labelSet"),
  words("labelsof", "labelOf"),
  words("label", "labelSearch"),
  list("labels"),
  choice("confusion", ["row", "column", "none"], "confusionBy"),
  // Media
  { ...list("media", "mediaNames"), isPlace: true },
  { name: "upto", key: "mediaStep", read: (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined), write: String },
  { ...choice("arranged", ["experiments", "names", "steps", "groups"], "mediaAs"), isPlace: true },
  words("setting", "mediaBy"),
  choice("pictures", ["small", "middle", "large"], "mediaSize"),
  // Artifacts
  { ...words("artifact", "artifactName"), isPlace: true },
  { ...words("version", "artifactVersion"), isPlace: true },
  { ...words("beside", "artifactAgainst"), isPlace: true },
  words("artifacts", "artifactSearch"),
  { ...words("artifactsby", "artifactSort"), read: (text) => (/^-?(name|type|versions|latest|bytes|updated)$/.test(text) ? text : undefined) },
  words("artifacttype", "artifactType"),
  // System
  words("devices"),
];

/** @param {string} text @returns {Record<string, [number, number]> | undefined} */
function readZoom(text) {
  /** @type {Record<string, [number, number]>} */
  const zoom = {};
  for (const each of text.split(",")) {
    const [key, from, to, ...more] = each.split(":");
    const range = /** @type {[number, number]} */ ([Number(from), Number(to)]);
    if (!key || !from || !to || more.length || !range.every(Number.isFinite) || !(range[0] < range[1])) return undefined;
    zoom[decoded(key.replaceAll("~", "%20"))] = range;
  }
  return zoom;
}

/** @param {Record<string, [number, number]>} zoom */
function writeZoom(zoom) {
  return Object.entries(zoom).map(([key, [from, to]]) => `${encodeURIComponent(key).replaceAll("~", "%7E").replaceAll("%20", "~")}:${short(from)}:${short(to)}`).join(",");
}

/** A number of a range without figures that no screen shows. @param {number} value */
const short = (value) => String(Number(value.toPrecision(12)));

/** @param {string} text a part that was encoded once more, for the comma's sake; one that was cut is taken as it is */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
