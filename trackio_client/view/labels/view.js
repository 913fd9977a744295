// @ts-check
/** The labels of a project: how each is scored over the evaluations and over the experiments, which are taken for which. */

import { colorOf, dashOf, variableOf } from "../base/colors.js";
import { fill, h, later, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { copyLine, skeleton } from "../base/notices.js";
import { ConfusionPanel } from "../experiment/confusion.js";
import { bestOf } from "../experiment/evaluations.js";
import { Pane } from "../experiment/pane.js";
import { seriesOf } from "../stack/points.js";
import { Stack, extentOf } from "../stack/stack.js";
import { putZoom, zoomKey, zoomOf } from "../stack/zoomed.js";
import { count, number, plural } from "../base/words.js";
import { answered, entityRates } from "./rates.js";
import { byEvaluation, byExperiment, csvButton, scaleOf } from "./heat.js";
import { Trainings } from "./kept.js";
import { ORDERS, SCORES, chosen, evaluationsOf, remarks, rowsOf, setsOf, some, sorted, valueOf } from "./scores.js";

const MOST_ROWS = 400; // of a heat map at once; the search finds the others
const FIRST_CURVES = 8;
const KEYS = ["labelScore", "labelOrder", "labelSet", "labelOf", "labelAt", "labelSearch", "labels", "confusionBy", "zoom"];

export class LabelsView {
  /** @param {HTMLElement} root @param {import("../shell/views.js").Parts} parts */
  constructor(root, { state, source, open }) {
    this.root = root;
    this.state = state;
    this.source = source;
    this.openOne = open;
    this.trainings = new Trainings(source, () => state.get("view") === "labels" && !root.hidden);
    this.all = false;
    this.width = 0;
    /** @type {any} */ this.shown = null;
    this.build();
    this.trainings.addEventListener("change", () => this.draw());
    this.stops = [
      state.follow(["experiments", "progress", "view", "project"], () => this.ticked()),
      state.follow(KEYS, () => this.draw()),
    ];
    new ResizeObserver(([{ contentRect }]) => {
      if (!contentRect.width || Math.abs(contentRect.width - this.width) < 8) return;
      this.width = contentRect.width;
      this.draw();
    }).observe(this.evaluated.body);
  }

  build() {
    const { state } = this;
    const menu = (/** @type {string} */ title, /** @type {string} */ key, /** @type {() => import("../base/menu.js").Item[]} */ items) => menuButton({ label: "", title, items: () => items().map((item) => ({ ...item, chosen: item.chosen ?? item.value === state.get(key) })), choose: (value) => state.set({ [key]: value }) });
    const plain = (/** @type {Record<string, string>} */ words) => () => Object.entries(words).map(([value, label]) => ({ value, label }));
    this.menus = {
      one: menu("Experiment", "labelOf", () => this.columns().map(({ row }) => ({ value: row.id, label: row.name, chosen: row.id === this.shown?.row.id }))),
      score: menu("Score", "labelScore", plain(SCORES)),
      set: menu("Scores of what", "labelSet", () => this.sets().map((value) => ({ value, label: value, chosen: value === this.shown?.set }))),
      order: menu("Order labels by", "labelOrder", plain(ORDERS)),
      at: menu("Evaluation", "labelAt", () => [{ value: "last", label: "each one's last" }, { value: "best", label: "each one's best" }, ...(this.shown?.evaluations ?? []).filter((/** @type {any} */ each) => each.step !== null).reverse().map((/** @type {any} */ each) => ({ value: `step:${each.step}`, label: `step ${count(each.step)}`, note: each.epoch === null ? "" : `epoch ${number(each.epoch)}` }))]),
    };
    this.search = h("input", { type: "search", placeholder: "Search labels", "aria-label": "Search labels", spellcheck: "false" });
    this.search.addEventListener("input", later(() => state.set({ labelSearch: this.search.value.trim() }), 40));
    const control = (/** @type {string} */ word, /** @type {HTMLElement} */ node) => h("span", { class: "tk-control" }, h("span", null, word), node);
    this.told = h("span", { class: "tk-soft tk-labels-told" });
    this.ofSet = control("Of", this.menus.set);
    this.bar = h("div", { class: "tk-labels-bar" }, control("Experiment", this.menus.one), control("Score", this.menus.score), this.ofSet, control("Order", this.menus.order), control("Compared at", this.menus.at), h("label", { class: "tk-field sm" }, icon("search"), this.search), this.told);
    this.evaluated = new Pane("Label by evaluation", { key: "labels evaluations" });
    this.beside = new Pane("Label by experiment", { key: "labels experiments" });
    this.curves = new Pane("Curves", { key: "labels curves" });
    this.rates = new Pane("Answered and there", { key: "labels rates" });
    this.confusion = new ConfusionPanel((entry) => this.source.entry(this.shown.row.id, entry).then((/** @type {any} */ { content }) => content));
    this.confusion.onNorm = (/** @type {string} */ norm) => state.set({ confusionBy: norm });
    this.evaluated.tools.append(csvButton(() => this.file()));
    this.beside.tools.append(csvButton(() => this.fileBeside()));
    this.only = h("button", { class: "tk-btn sm", hidden: true, on: { click: () => state.set({ labels: null }) } }, "The usual");
    this.out = h("button", { class: "tk-btn sm", hidden: true, on: { click: () => this.stack.back(this.stack.strips[0], true) } }, "Zoom out");
    const holder = h("div", null);
    this.stack = new Stack(holder, { state, name: "labels", label: "Score of each label against the step" });
    this.curves.tools.append(this.stack.where, this.out, this.only);
    fill(this.curves.body, holder);
    this.held(this.stack);
    const rated = h("div", null);
    this.rateHolder = h("div", null);
    this.rateStack = new Stack(rated, { state, name: "rates", label: "Entities answered and entities there, against the step" });
    fill(this.rates.body, rated, this.rateHolder);
    this.held(this.rateStack);
    this.rateBox = rated;
    this.grid = h("div", { class: "tk-labels-grid" }, h("div", { class: "tk-stack" }, this.evaluated.root, this.curves.root, this.rates.root), h("div", { class: "tk-stack" }, this.beside.root, this.confusion.root));
    this.none = h("div", { class: "tk-labels-none" });
    fill(this.root, this.bar, this.none, this.grid);
  }

  /** Its zoom stands in the address. @param {Stack} stack */
  held(stack) {
    stack.addEventListener("zoom", (/** @type {any} */ { detail }) => putZoom(this.state, zoomKey(stack.x, stack.name), detail));
  }

  /** One of the compared goes up to where one is looked at. @param {string} id */
  choose(id) {
    this.state.set({ labelOf: id });
    this.root.scrollIntoView({ block: "start" });
  }

  ticked() {
    if (this.state.get("view") !== "labels") return;
    const rows = this.state.get("experiments").filter((/** @type {any} */ row) => row.shown).sort((/** @type {any} */ a, /** @type {any} */ b) => b.created_s - a.created_s);
    const key = JSON.stringify(rows.map((/** @type {any} */ row) => [row.id, row.name, row.color]));
    this.rows = rows;
    this.trainings.want(rows);
    if (key !== this.rowKey) {
      this.rowKey = key;
      this.draw();
    }
  }

  /** The ticked experiments whose labels were scored. @returns {{row: any, training: any, evaluations: import("./scores.js").Evaluation[]}[]} */
  columns() {
    return (this.rows ?? []).map((/** @type {any} */ row) => {
      const training = this.trainings.of(row.id);
      const held = this.cache?.get(training);
      const evaluations = held ?? evaluationsOf(training);
      if (training) (this.cache ??= new WeakMap()).set(training, evaluations);
      return { row, training, evaluations };
    }).filter((/** @type {any} */ { evaluations }) => evaluations.length);
  }

  sets() {
    return setsOf(this.columns().map(({ evaluations }) => evaluations));
  }

  draw() {
    const { state } = this;
    if (state.get("view") !== "labels") return;
    const columns = this.columns();
    const one = columns.find(({ row }) => row.id === state.get("labelOf")) ?? columns[0];
    this.bar.hidden = this.grid.hidden = !one;
    this.empty(!one);
    if (!one) return;
    const sets = this.sets();
    const set = sets.includes(state.get("labelSet")) ? state.get("labelSet") : (Object.keys(one.evaluations.at(-1)?.tables ?? {})[0] ?? sets[0]);
    const key = state.get("labelScore");
    const rows = rowsOf(one.evaluations, set, key);
    const wanted = sorted(rows, state.get("labelOrder"), state.get("labelSearch"));
    const before = this.shown?.row.id;
    this.shown = { ...one, set, key, rows, wanted, best: bestOf(one.training)?.entry, score: SCORES[key] };
    this.sayMenus(sets);
    this.drawn = this.colors(rows, wanted);
    this.drawEvaluations();
    this.drawBeside(columns, set, key);
    this.drawCurves();
    this.drawRates();
    this.follow(before !== one.row.id);
  }

  /** @param {string[]} sets */
  sayMenus(sets) {
    const { state, menus } = this;
    const { row, set, score, rows, wanted, evaluations } = this.shown;
    menus.one.say(row.name);
    menus.score.say(score);
    menus.set.say(set);
    this.ofSet.hidden = sets.length < 2;
    menus.order.say(ORDERS[state.get("labelOrder")]);
    const at = state.get("labelAt");
    menus.at.say(at === "last" ? "each one's last" : at === "best" ? "each one's best" : `step ${count(at.slice(5))}`);
    if (document.activeElement !== this.search && this.search.value !== state.get("labelSearch")) this.search.value = state.get("labelSearch");
    const found = wanted.length < rows.length ? `${count(wanted.length)} of ${plural(rows.length, "label")}` : plural(rows.length, "label");
    text(this.told, `${found}, ${plural(evaluations.length, "evaluation")}${this.trainings.left ? `; the newest ${this.trainings.rows.length} of ${count(this.rows.length)} ticked experiments` : ""}`);
  }

  /** Which labels are drawn as curves, each with its colour: by its name, so that it stays when others come and go.
   * @param {import("./scores.js").Row[]} rows @param {import("./scores.js").Row[]} wanted @returns {Map<string, number>} */
  colors(rows, wanted) {
    const own = this.state.get("labels");
    const names = own ? own.filter((/** @type {string} */ name) => rows.some((row) => row.name === name)) : wanted.filter(({ isSum, last }) => !isSum && last !== null).slice(0, FIRST_CURVES).map(({ name }) => name);
    const order = rows.map(({ name }) => name).sort((a, b) => (a < b ? -1 : 1));
    const hues = new Map();
    const found = new Map();
    for (const name of [...names].sort((a, b) => order.indexOf(a) - order.indexOf(b))) {
      const hue = order.indexOf(name) % 10;
      found.set(name, colorOf(hue, hues.get(hue) ?? 0));
      hues.set(hue, (hues.get(hue) ?? 0) + 1);
    }
    return found;
  }

  /** @param {string} name */
  toggle(name) {
    const names = [...this.drawn.keys()];
    const next = names.includes(name) ? names.filter((each) => each !== name) : [...names, name];
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.closest("section")?.getAttribute("aria-label");
    this.state.set({ labels: next });
    const again = [...this.root.querySelectorAll(`section[aria-label="${CSS.escape(focused ?? "")}"] .tk-label-name`)].find((each) => each.textContent === name);
    if (again instanceof HTMLElement) again.focus();
  }

  drawEvaluations() {
    const { evaluated, shown } = this;
    const { wanted, evaluations, best, score } = shown;
    evaluated.show(true);
    text(evaluated.words, `${score}, label × evaluation`);
    const rows = this.all ? wanted : wanted.slice(0, MOST_ROWS);
    const { table, high, shown: columns } = byEvaluation({ rows, evaluations, best, width: this.width || 600, score, drawn: this.drawn, toggle: (name) => this.toggle(name) });
    evaluated.say([shown.row.name, columns < evaluations.length ? `${columns} of ${count(evaluations.length)} evaluations, all in the file` : ""].filter(Boolean).join("; "));
    const more = wanted.length - rows.length;
    this.keeping(evaluated.body, () => fill(evaluated.body, rows.length ? table : h("p", { class: "tk-pane-words" }, `No label holds “${this.state.get("labelSearch")}”.`),
      more > 0 ? h("button", { class: "tk-btn sm tk-more", on: { click: () => ((this.all = true), this.draw()) } }, `Show ${count(more)} more`) : null,
      h("p", { class: "tk-pane-words tk-heat-words" }, h("span", null, [rows.length > 1 || evaluations.length > 1 ? "Ringed: a label's highest. A label's name draws its curve." : "", ...remarks(wanted, evaluations)].filter(Boolean).join(" ")), scaleOf(high))));
  }

  /** @param {any[]} columns @param {string} set @param {string} key */
  drawBeside(columns, set, key) {
    const { beside, state } = this;
    beside.show(columns.length > 1);
    if (columns.length < 2) return;
    const at = state.get("labelAt");
    this.compared = columns.map(({ row, training, evaluations }) => ({ row, evaluation: chosen(training, evaluations.filter((/** @type {any} */ each) => each.tables[set]), at) }));
    const others = columns.flatMap(({ evaluations }) => rowsOf(evaluations, set, key));
    const names = [...new Map([...others.reverse(), ...this.shown.rows].map((row) => [row.name, row])).values()];
    const wanted = sorted(names, state.get("labelOrder"), state.get("labelSearch"));
    this.comparedRows = wanted;
    text(beside.words, `${this.shown.score}, label × experiment`);
    beside.say(at === "last" ? "last evaluation of each" : at === "best" ? "best evaluation of each" : `at step ${count(at.slice(5))}, or the last before it`);
    const { table, high } = byExperiment({ names: wanted.slice(0, this.all ? Infinity : MOST_ROWS), columns: this.compared, set, score: this.shown.score, key, drawn: this.drawn, toggle: (name) => this.toggle(name), chosen: this.shown.row.id, open: (id) => this.choose(id) });
    const silent = this.compared.map(({ row, evaluation }) => ({ name: row.name, never: Object.entries(evaluation?.tables[set] ?? {}).filter(([, one]) => one?.support > 0 && one?.predicted === 0).map(([label]) => label) })).filter(({ never }) => never.length);
    const words = ["Ringed: highest of the row.", ...silent.slice(0, 2).map(({ name, never }) => `${name} never answers ${some(never, 3)}.`)];
    this.keeping(beside.body, () => fill(beside.body, table, h("p", { class: "tk-pane-words tk-heat-words" }, h("span", null, words.join(" ")), scaleOf(high))));
  }

  /** Where a table was scrolled to stays when it is made again. @param {HTMLElement} body @param {() => void} make */
  keeping(body, make) {
    const { scrollTop = 0, scrollLeft = 0 } = body.querySelector(".tk-heat-frame") ?? {};
    make();
    const frame = body.querySelector(".tk-heat-frame");
    if (frame && (scrollTop || scrollLeft)) Object.assign(frame, { scrollTop, scrollLeft });
  }

  drawCurves() {
    const { curves, shown, stack } = this;
    const { evaluations, score, rows } = shown;
    const isStep = evaluations.every((/** @type {any} */ each) => each.step !== null);
    const x = evaluations.map((/** @type {any} */ each, /** @type {number} */ i) => (isStep ? each.step : each.epoch ?? i));
    curves.show(evaluations.length > 1 && new Set(x).size > 1);
    text(curves.words, `${score} per label`);
    const own = Boolean(this.state.get("labels"));
    this.only.hidden = !own;
    curves.say(own ? plural(this.drawn.size, "label") : `${this.drawn.size} of ${plural(rows.length, "label")}, by ${ORDERS[this.state.get("labelOrder")]}`);
    const lines = [...this.drawn].flatMap(([name, color]) => {
      const row = rows.find((/** @type {any} */ each) => each.name === name);
      const known = x.map((/** @type {number} */ at, /** @type {number} */ i) => [at, row.values[i]]).filter((/** @type {any} */ [, v]) => v !== null);
      return known.length ? [{ id: name, name, color: variableOf(color), dash: dashOf(color), live: false, series: seriesOf(name, known.map(([at]) => at), known.map(([, v]) => v)) }] : [];
    });
    const words = lines.map(({ name, series }) => `${name} ${number(series.last())}`).join(", ");
    const axis = isStep ? "step" : "epoch";
    const zoom = zoomOf(this.state, zoomKey(axis, stack.name));
    this.out.hidden = !zoom;
    stack.show([{ key: "curves", title: score, height: 300, lines, isNamed: true, clip: false, none: "Choose labels: their names in the table above draw their curves.", words: `at the last evaluation: ${words}` }], { x: axis, domain: extentOf(lines.map(({ series }) => series)) ?? [0, 1], zoom });
  }

  drawRates() {
    const { wanted, evaluations, row } = this.shown;
    const table = answered(wanted);
    const rates = entityRates(evaluations);
    this.rates.show(Boolean(table || rates));
    this.rates.say(row.name);
    this.rateBox.hidden = !rates;
    if (rates) {
      const line = (/** @type {string} */ name, /** @type {string} */ color, /** @type {number[]} */ y) => ({ id: name, name, color, dash: [], live: false, series: seriesOf(name, rates.x, y) });
      const lines = [line("there", "--s10", rates.gold), line("answered", "--s1", rates.predicted)];
      this.rateStack.show([{ key: "rates", title: "Entities in 100 tokens", height: 110, lines, clip: false, none: "Not recorded." }], { x: "step", domain: extentOf(lines.map(({ series }) => series)) ?? [0, 1], zoom: zoomOf(this.state, zoomKey("step", this.rateStack.name)) });
    }
    fill(this.rateHolder, table);
  }

  /** The confusion of the experiment that is shown. @param {boolean} isOther */
  async follow(isOther) {
    const { confusion, shown, source } = this;
    if (isOther) {
      this.after = 0;
      confusion.forget();
      confusion.pane.show(false);
    }
    confusion.norm = this.state.get("confusionBy");
    if (confusion.bySet.size) confusion.draw();
    confusion.paint(shown.training);
    if (!source.index || !source.entry || this.asking) return;
    this.asking = true;
    try {
      const { entries, after } = await source.index(shown.row.id, { kinds: ["record"], after: this.after });
      if (this.shown.row.id === shown.row.id) {
        this.after = after;
        confusion.add(entries.filter((/** @type {any} */ each) => each.name === "confusion"));
      }
    } catch {
      // What is there stays; the bar above the page tells when nobody answers.
    } finally {
      this.asking = false;
    }
    if (this.shown.row.id !== shown.row.id) this.follow(true); // another was chosen meanwhile
  }

  /** @param {boolean} isEmpty */
  empty(isEmpty) {
    this.none.hidden = !isEmpty;
    if (!isEmpty) return;
    const { trouble, isWaiting } = this.trainings;
    const key = trouble ? `trouble ${trouble.message}` : isWaiting ? "waiting" : "none";
    if (key === this.emptyKey && this.none.firstChild) return;
    this.emptyKey = key;
    if (!this.source.training) return void fill(this.none, h("section", { class: "tk-notice" }, h("h1", null, "No labels on this page"), h("p", { class: "tk-soft" }, "What trainings tell beside their curves is not part of it. Open the project in a Trackio Space.")));
    if (trouble) return void fill(this.none, h("section", { class: "tk-notice" }, h("h1", null, trouble.title ?? "The scores did not come"), h("p", { class: "tk-soft" }, trouble.message), h("button", { class: "tk-btn", on: { click: () => (this.trainings.held.clear(), this.trainings.ask()) } }, "Try again")));
    if (isWaiting) return void fill(this.none, skeleton());
    fill(this.none, h("section", { class: "tk-notice" }, h("h1", null, "No label was scored by the ticked experiments"),
      h("p", { class: "tk-soft" }, "Log a score of each label at each evaluation, and they stand here side by side: over the evaluations, and over the experiments."),
      copyLine('experiment.log({"eval/label/person/f1": 0.61,\n                "eval/label/person/support": 429}, step=step)'),
      h("p", { class: "tk-soft" }, "With the Transformers Trainer they come by themselves, with the confusion of labels:"),
      copyLine("from trackio_client.integrations.transformers import TrackioCallback\n\ntrainer = Trainer(…, callbacks=[TrackioCallback()])")));
  }

  file() {
    const { row, set, key, wanted, evaluations } = this.shown;
    const head = ["label", "support", "predicted", ...evaluations.map((/** @type {any} */ each) => each.where)];
    return { name: `${row.name}-${key}-${set}`, rows: [head, ...wanted.map((/** @type {any} */ each) => [each.name, each.support, each.predicted, ...each.values])] };
  }

  fileBeside() {
    const { set, key } = this.shown;
    const rows = this.comparedRows.map((/** @type {any} */ { name, support }) => [name, support, ...this.compared.map((/** @type {any} */ { evaluation }) => valueOf(evaluation?.tables[set]?.[name], key))]);
    return { name: `${this.state.get("project")}-${key}-${set}`, rows: [["label", "support", ...this.compared.map((/** @type {any} */ { row }) => row.name)], ...rows] };
  }

  close() {
    for (const stop of this.stops) stop();
    this.trainings.close();
    this.stack.close();
    this.rateStack.close();
  }
}
