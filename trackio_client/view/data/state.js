// What the page knows and what was chosen on it, in one place. Everything else reads it and listens.

/**
 * @typedef {"running"|"finished"|"failed"|"interrupted"|"lost_contact"|"paused"} ExperimentState
 *
 * @typedef {object} Experiment  one row of `/v1/experiments`, plus what the page decides about it
 * @property {string} id
 * @property {string} name
 * @property {string|null} group
 * @property {ExperimentState} state
 * @property {number} color  the number of its colour: colors.js makes hue, dashes and shade of it
 * @property {boolean} dash  another one that is shown has its hue, so it is dashed
 * @property {boolean} shown  ticked: it is drawn
 * @property {number} created_s
 * @property {number|null} last_step
 * @property {Record<string, any>} columns  "config:lr", "metric:eval/loss" … as far as they were asked for
 *
 * @typedef {object} Values
 * @property {string|null} project
 * @property {Experiment[]} experiments  all of the project, a new array whenever one came, went, was ticked or renamed or
 *     changed its state; numbers that grow are changed in place, and counted in `progress`
 * @property {string|null} hot  the experiment under the pointer, in the side bar or in a chart
 * @property {string} view  a key of VIEWS in shell/views.js: "overview", "metrics", "compare", "labels", "system", "media", "table", "bin"
 *     or "experiment"
 * @property {string|null} experiment  the one that is open
 * @property {string} x  "step" (or what a metric was defined to be drawn against), BY_STEP, "time", "relative" or a metric
 * @property {{kind: "none"|"ema"|"mean"|"gaussian", amount: number}} smoothing  amount 0 … 0.99
 * @property {boolean} logY
 * @property {boolean} band
 * @property {boolean} clip
 * @property {string} filter  text that a metric's name must hold
 * @property {any} zoom  what the charts make of it @property {any} zoomY
 * @property {"light"|"dark"} theme  the one in force
 * @property {string[]|null} groups  only metrics of these groups ("system"); null: all
 * @property {"nobody"|"viewer"|"writer"|"owner"|null} may
 */

/** The axis of a reader who wants the step, whatever `define_metric` said. */
export const BY_STEP = "_step";

/** What an address calls an event of an experiment: the end of its id, and the event's time. @param {string} id @param {number | null} time_s */
export const eventOf = (id, time_s) => (time_s === null ? null : `${id.slice(-8)}:${Math.round(time_s * 1e6)}`);

export const DEFAULTS = Object.freeze({
  project: null,
  experiments: [],
  metrics: null,
  progress: 0, // counts the times that rows of `experiments` changed in place: steps, columns, ages of a running one
  hot: null,
  view: "metrics",
  experiment: null,
  event: null, // the one of it that a link is about: eventOf
  x: "step",
  smoothing: Object.freeze({ kind: "ema", amount: 0.6 }),
  logY: false,
  logX: false,
  dashes: false, // lines of hues that look alike to the colour-blind differ by dashes, too
  by: null, // what experiments are drawn as groups by: "group", "name" (without its seed), "but:seed", "config:lr"
  facet: null, // of whose values each has a chart of its own, one key or two: "group", "name", "but:seed", "state", "tag", "config:lr"
  facetLacks: null, // those of them that no shown experiment has
  spread: "sd", // of a group: "sd", "se" or "range"
  derived: null, // charts of expressions; null until the project is open (charts/settings.js)
  own: null, // what single charts set themselves
  band: true,
  clip: true,
  ranks: false, // each rank of an experiment is a line, instead of their mean and range
  filter: "",
  zoom: null,
  zoomY: null, // the y range of each metric that was zoomed both ways
  theme: "light",
  groups: null,
  may: null, // the role of who reads here, once the server told it: what menus may offer
  chart: null, // the one that a link is about
  chartOf: null, // of charts for each value, the name of the one
  full: false, // it stands over the whole window
  pins: null, // charts on top, put away, moved: what this browser remembers of the project, until the address says
  hides: null,
  order: null,
  colors: null, // that the reader gave to experiments; null until the project is open (base/owncolors.js)
  size: 320, // the least width of a chart, px
  search: "",
  sort: "-age",
  column: null, // of the side bar
  sideBy: null, // what its list is grouped by: "group", "none", "name", "but:seed", "config:lr"; null until the project is open
  columns: null, // of the table
  tableGroups: Object.freeze([]), // columns that it is grouped by
  tableFolds: Object.freeze([]), // groups that are not as they begin, folded or open, in short (table/view.js)
  tableBase: null, // the end of the id of the one whose numbers others are compared with
  tablePins: Object.freeze([]), // columns that stay in place beside the name
  tableAsks: Object.freeze([]), // columns that it needs now: of those in view, sorted or grouped by
  usualColumn: null, // what they are before anybody chose: not worth a place in the address
  usualColumns: null,
  folded: false,
  // Compare: which of its ways, against whom, which value of a metric, groups, axes, ranges (compare/*.js)
  comparePart: "differ",
  compareBase: null,
  compareSame: false,
  compareAt: "common",
  compareFind: "",
  compareLeave: null, // keys that are left out; null until the project is open (compare/leaving.js)
  compareBy: null,
  compareFirst: null,
  compareSecond: null,
  compareMetric: null,
  compareFigure: null, // the metric whose curves Groups draws; null: the result
  compareOf: "all",
  compareAxes: null,
  compareRanges: null,
  compareLogs: null,
  compareX: null,
  compareY: null,
  compareColor: null,
  compareHeight: null,
  linePair: null, // of an experiment's time line: what stands against what; null: the loss
  lineX: null, // what it runs along; null: as the charts
  labelScore: "f1", // of the Labels view: what is scored, in which order, …
  labelOrder: "support",
  labelAt: "last", // the evaluation at which experiments are compared: "last", "best", "step:1200"
  labelSet: null, // of entities or of labels; null: what stands first
  labelOf: null, // the experiment that is shown in full; null: the newest
  labelSearch: "",
  labels: null, // drawn as curves; null: the first of the order
  confusionBy: "row",
  mediaNames: null, // of the Media view: what is shown; null: the first name
  mediaStep: null, // what was logged last up to it; null: the last of each
  mediaAs: "experiments",
  mediaBy: null, // the setting of "groups"
  mediaSize: "middle",
  artifactName: null, // of the Artifacts view: the one that is open, …
  artifactVersion: null, // its version ("v3", an alias, a digest); null: the latest
  artifactAgainst: null, // the version beside it
  artifactSearch: "",
  artifactSort: null, // null: the newest first
  artifactType: null,
  devices: null, // of the System view: words that a device's name must hold
  unsaved: null, // the name of a saved view that the address asks for and nobody has
  marks: 0, // counts the reader's changes of base/marks.js
  overviewBy: null, // the metric by which the Overview tells which are best; null: the likeliest
  overviewColumns: null, // what rows must carry for the Overview
  lead: null, // the sign of a chart that the page of its experiment is to lead to (experiment/leading.js)
  unread: null, // parts of the address that could not be read
});

/** Keys and values; `change` carries the set of keys that are different now, in one event for one `set`. */
export class PageState extends EventTarget {
  /** @param {Partial<Values>} [values] */
  constructor(values = {}) {
    super();
    /** @type {Record<string, any>} */
    this._values = { ...DEFAULTS, ...values };
  }

  /** @param {string} key */
  get(key) {
    return this._values[key];
  }

  /** @param {Record<string, any>} patch */
  set(patch) {
    const changed = new Set();
    for (const [key, value] of Object.entries(patch)) {
      if (same(this._values[key], value)) continue;
      this._values[key] = value;
      changed.add(key);
    }
    if (changed.size) this.dispatchEvent(new CustomEvent("change", { detail: changed }));
  }

  /**
   * Call `then` now and whenever one of the keys changes. Returns a function that stops it.
   * @param {string[]} keys
   * @param {(changed: Set<string>) => void} then
   */
  follow(keys, then) {
    const listen = (/** @type {any} */ event) => {
      if (keys.some((key) => event.detail.has(key))) then(event.detail);
    };
    this.addEventListener("change", listen);
    then(new Set(keys));
    return () => this.removeEventListener("change", listen);
  }

  /** A state of a part of the page: see ScopedState. */
  scope(own = {}, derived = {}, back = {}) {
    return new ScopedState(this, own, derived, back);
  }
}

/**
 * A part of the page that sees the whole page's state through glasses: keys in `own` are its alone, keys in `derived`
 * are made from the parent's value of the same key, all others are the parent's. Charts need not know that they
 * stand on the System view or in one experiment.
 */
export class ScopedState extends PageState {
  /**
   * @param {PageState} parent
   * @param {Record<string, any>} own
   * @param {Record<string, (value: any) => any>} derived
   * @param {Record<string, (value: any, theirs: any) => any>} [back]  what the parent's value becomes when a derived one is set here
   */
  constructor(parent, own, derived, back = {}) {
    super();
    this._values = { ...own };
    this._parent = parent;
    this._derived = derived;
    this._back = back;
    this._seen = new Map(); // key -> [the parent's value, ours]: a derived array stays the same object while it may
    this._listen = (/** @type {any} */ event) => {
      const changed = new Set([...event.detail].filter((key) => !(key in this._values)));
      if (changed.size) this.dispatchEvent(new CustomEvent("change", { detail: changed }));
    };
    parent.addEventListener("change", this._listen);
  }

  get(key) {
    if (key in this._values) return this._values[key];
    const value = this._parent.get(key);
    if (!(key in this._derived)) return value;
    const seen = this._seen.get(key);
    if (seen && seen[0] === value) return seen[1];
    const made = this._derived[key](value);
    this._seen.set(key, [value, made]);
    return made;
  }

  set(patch) {
    /** @type {Record<string, any>} */
    const mine = {};
    /** @type {Record<string, any>} */
    const theirs = {};
    for (const [key, value] of Object.entries(patch)) {
      if (key in this._values) mine[key] = value;
      else theirs[key] = key in this._back ? this._back[key](value, this._parent.get(key)) : value;
    }
    super.set(mine);
    if (Object.keys(theirs).length) this._parent.set(theirs);
  }

  /** Stop listening to the parent; call it when the part leaves the page. */
  close() {
    this._parent.removeEventListener("change", this._listen);
  }
}

function same(a, b) {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  // Small plain values (smoothing, columns) compare by content; arrays of experiments are new whenever they differ.
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.length < 64 && a.every((value, i) => typeof value !== "object" && value === b[i]);
  }
  if (Array.isArray(a) || Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}
