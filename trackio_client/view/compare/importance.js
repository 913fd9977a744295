// @ts-check
/** Which parameters go with a metric, how strongly and how surely; which cannot be told apart; what was left out and why. */
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { Asked } from "./answers.js";
import { ofButton } from "./choosing.js";
import { csvOf, save } from "../base/files.js";
import { signed } from "./differtable.js";
import { s } from "./svg.js";
import { count, number, plural, revived } from "../base/words.js";

const BY = { best: "its best", last: "its last" };
const LIVE_MS = 15_000;
const LEFT_OUT_AT_FIRST = 8;
const SHAPES = /** @type {Record<string, string>} */ ({ rises: "rises with it", falls: "falls with it", turns: "turns: best in between" });

export class Importance {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    this.state = parts.state;
    this.answer = null;
    this.allLeft = false;
    const { state } = this;
    this.metric = menuButton({ label: "", title: "Metric", items: () => this.metrics(), choose: (metric) => state.set({ compareMetric: metric }) });
    this.by = menuButton({ label: "", title: "Value of a metric", items: () => Object.entries(BY).map(([value, label]) => ({ value, label: `${label} value`, chosen: value === this.answer?.by })), choose: (by) => state.set({ compareAt: by }) });
    const csv = h("button", { class: "tk-btn sm", title: "This table as a CSV file", on: { click: () => this.answer && save(`${state.get("project")}-importance.csv`, "text/csv", this.csv()) } }, icon("download"), "CSV");
    this.bar = h("div", { class: "tk-compare-bar" }, ofButton(state), h("span", { class: "tk-control" }, h("span", null, "What goes with"), this.metric), h("span", { class: "tk-control" }, h("span", null, "Value"), this.by), h("span", { class: "tk-grow" }), csv);
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    this.lead = h("div", { class: "tk-panel tk-verdicts", role: "status", hidden: true });
    this.table = h("div", { class: "tk-panel tk-differ-frame", tabindex: "0", role: "region", "aria-label": "Importance of parameters", hidden: true });
    this.left = h("div", { class: "tk-compare-left" });
    this.note = h("p", { class: "tk-compare-note" });
    fill(root, this.bar, this.said, this.lead, this.table, this.note, this.left);
    this.asked = new Asked({ ask: ({ project, metric, by, experiments }) => parts.source.importance(project, metric, by, experiments), paint: (answer) => this.paint(answer), pane: this.said });
    setInterval(() => document.hidden || root.hidden || state.get("view") !== "compare" || !this.isLive() || this.ask(true), LIVE_MS);
  }

  isLive() {
    return this.state.get("experiments").some((/** @type {any} */ row) => row.state === "running");
  }

  metrics() {
    const now = this.metricNow();
    return (this.state.get("metrics") ?? []).map((/** @type {any} */ each) => ({ value: each.metric, label: each.metric, chosen: each.metric === now }));
  }

  metricNow() {
    const metrics = this.state.get("metrics");
    const chosen = this.state.get("compareMetric");
    return chosen ?? (metrics?.length ? this.parts.rows.result()?.slice("metric:".length) ?? metrics[0].metric : null);
  }

  /** @param {Set<string>} _keys */
  update(_keys) {
    if (!this.parts.source.importance) {
      this.bar.hidden = true;
      return void fill(this.lead, h("p", null, h("b", null, "Importance is reckoned by a server. "), "This page has none: it draws what was pushed to the repo. Open the Space, or ask in Python: ", h("code", null, "Api().importance(project, metric)"))), void (this.lead.hidden = false);
    }
    const metric = this.metricNow();
    this.metric.say(metric ?? "no metric yet");
    if (metric) this.ask(false);
  }

  /** @param {boolean} again */
  ask(again) {
    const of = this.state.get("compareOf");
    const isSome = of === "ticked" || this.state.get("search");
    const experiments = isSome ? this.parts.rows.rows(of).map((/** @type {any} */ row) => row.id).sort() : [];
    const at = this.state.get("compareAt");
    if (isSome && !experiments.length) {
      this.asked.forget();
      this.lead.hidden = false;
      this.table.hidden = true;
      return void fill(this.lead, h("p", null, of === "ticked" ? "No experiment is ticked." : "The search finds no experiment."));
    }
    return this.asked.want({ project: this.state.get("project"), metric: this.metricNow(), by: at === "common" ? null : at, experiments }, { again });
  }

  /** @param {any} answer */
  paint(answer) {
    this.answer = answer;
    this.by.say(BY[/** @type {keyof typeof BY} */ (answer.by)]);
    this.lead.hidden = false;
    fill(this.lead, h("p", null, h("b", null, answer.says)), answer.together.map((/** @type {any} */ each) => h("p", { class: "tk-warn-line" }, icon("help"), each.says)));
    this.table.hidden = !answer.parameters.length;
    const heads = ["parameter", "association", "", "95 % interval", "p", "p, corrected", "n", answer.goal ? "best at" : ""];
    fill(this.table, h("table", { class: "tk-differ tk-importance", "aria-label": "Importance of parameters" },
      h("thead", null, h("tr", null, heads.map((word, i) => h("th", { scope: "col", class: [1, 3, 4, 5, 6].includes(i) ? "num" : null }, i === 2 ? scale() : word)))),
      h("tbody", null, answer.parameters.map((/** @type {any} */ each) => this.row(each)))));
    const ways = [...new Set(answer.parameters.map((/** @type {any} */ each) => each.p_by))].join(" and ");
    const without = answer.without ? ` ${plural(answer.without, "experiment")} ${answer.without === 1 ? "has" : "have"} no finite value of it and ${answer.without === 1 ? "is" : "are"} left out.` : "";
    text(this.note, answer.parameters.length ? `Numbers: Spearman’s ρ, interval by Bonett and Wright; kinds and numbers that turn: η² of a rank test (Kruskal–Wallis), interval by noncentral F. p by ${ways}, corrected for ${plural(answer.parameters.length, "parameter")} by Holm. An association, not a cause.${without}` : without.trim());
    this.paintLeft();
  }

  /** @param {any} each */
  row(each) {
    const [low, high, value] = [each.low, each.high, each.value].map(revived);
    const sure = each.p_holm < 0.05;
    const name = h("button", { class: "tk-link tk-groups-metric", title: `${each.name} against ${this.answer.metric}` }, each.name);
    name.addEventListener("click", () => this.state.set({ comparePart: "scatter", compareX: `config:${each.name}`, compareY: `metric:${this.answer.metric}` }));
    const measure = each.measure === "rho" ? "ρ" : "η²";
    const show = (/** @type {number} */ v) => (each.measure === "rho" ? signed(v, (w) => w.toFixed(2)) : v.toFixed(2));
    const known = Number.isFinite(low) && Number.isFinite(high);
    return h("tr", { class: sure ? "sure" : null },
      h("th", { scope: "row", class: "tk-differ-key" }, h("span", null, name, h("small", null, each.shape ? SHAPES[each.shape] : each.kind === "kind" ? "kind" : ""))),
      h("td", { class: "num", title: `${measure} = ${value}` }, h("span", { class: "tk-soft" }, `${measure} `), h(sure ? "b" : "span", null, show(value))),
      h("td", { class: "tk-bar-cell" }, bar(each, value, low, high, known)),
      h("td", { class: "num" }, known ? `${show(low)} to ${show(high)}` : h("span", { class: "tk-soft" }, "too few")),
      h("td", { class: "num", title: `by ${each.p_by}` }, pWords(each.p)),
      h("td", { class: "num" }, h(sure ? "b" : "span", null, pWords(each.p_holm))),
      h("td", { class: "num", title: `${count(each.values)} different values` }, count(each.n)),
      h("td", { class: "tk-best", title: each.best ?? "" }, each.best ?? ""));
  }

  paintLeft() {
    const { left_out: left } = this.answer;
    if (!left.length) return void fill(this.left);
    const shown = this.allLeft ? left : left.slice(0, LEFT_OUT_AT_FIRST);
    const more = left.length > LEFT_OUT_AT_FIRST && h("button", { class: "tk-link" }, this.allLeft ? "Show fewer" : `Show ${count(left.length - LEFT_OUT_AT_FIRST)} more`);
    more && more.addEventListener("click", () => ((this.allLeft = !this.allLeft), this.paintLeft()));
    fill(this.left, h("h2", { class: "tk-compare-h" }, `Left out: ${plural(left.length, "parameter")}`), h("dl", { class: "tk-left-out" }, shown.map((/** @type {any} */ each) => [h("dt", { title: each.name }, each.name), h("dd", null, each.why)])), more);
  }

  csv() {
    return csvOf([["parameter", "kind", "measure", "value", "95 % low", "95 % high", "p", "p (Holm)", "p by", "n", "values", "shape", "best at"], ...this.answer.parameters.map((/** @type {any} */ each) => [each.name, each.kind, each.measure, revived(each.value), revived(each.low), revived(each.high), each.p, each.p_holm, each.p_by, each.n, each.values, each.shape, each.best])]);
  }
}

/** @param {number} p */
const pWords = (p) => (p < 0.0001 ? "< 0.0001" : number(Number(p.toPrecision(2))));

const [WIDTH, MIDDLE] = [200, 100];
/** A share as a place: kinds and turning numbers have no sign, and go to the right. @param {number} v */
const at = (v) => MIDDLE + v * (MIDDLE - 6);

/** @param {any} each @param {number} value @param {number} low @param {number} high @param {boolean} known */
function bar(each, value, low, high, known) {
  const root = (/** @type {number} */ v) => (each.measure === "rho" ? v : Math.sqrt(Math.max(0, v)));
  const [to, from, end] = [root(value), root(low), root(high)];
  return s("svg", { viewBox: `0 0 ${WIDTH} 20`, role: "img", "aria-label": `${each.measure} ${number(value)}${known ? `, ${number(low)} to ${number(high)}` : ""}`, class: each.p_holm < 0.05 ? "sure" : "tie" },
    s("line", { class: "zero", x1: MIDDLE, x2: MIDDLE, y1: 1, y2: 19 }),
    s("rect", { x: Math.min(MIDDLE, at(to)), y: 6, width: Math.abs(at(to) - MIDDLE), height: 8, rx: 2 }),
    known && s("line", { class: "whisker", x1: at(from), x2: at(end), y1: 10, y2: 10 }),
    known && [from, end].map((v) => s("line", { class: "whisker", x1: at(v), x2: at(v), y1: 7, y2: 13 })));
}

/** The numbers above the bars. */
function scale() {
  return s("svg", { viewBox: `0 0 ${WIDTH} 20`, "aria-hidden": "true" }, [-1, -0.5, 0, 0.5, 1].map((v) => s("text", { x: at(v), y: 14, "text-anchor": v === -1 ? "start" : v === 1 ? "end" : "middle" }, v === 0 ? "0" : signed(v, (w) => String(w).replace("0.", ".")))));
}
