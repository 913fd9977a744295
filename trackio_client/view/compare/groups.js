// @ts-check
/** Two groups of experiments, mostly seeds of two settings: who is in which, and how they differ, metric by metric. */
import { labelOf, partition } from "../charts/grouping.js";
import { BUT_SEED, withoutSeed } from "../base/seeds.js";
import { fill, h, refill, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { every } from "../data/pace.js";
import { Asked } from "./answers.js";
import { GroupFigures } from "./groupfigures.js";
import { csvOf, save } from "../base/files.js";
import { signed } from "./differtable.js";
import { s } from "./svg.js";
import { columnFormat, count, duration, exact, listed, number, plural } from "../base/words.js";

const MOST = 100; // experiments a group
const LIVE_MS = every(10_000);
const AT = { common: "at the last common step", best: "best", last: "last" };
const BEYOND = 5; // standard deviations that the picture of an interval reaches
const AT_FIRST = 12;

/** @typedef {{label: string, rows: any[]}} Group */

export class Groups {
  /** @param {HTMLElement} root @param {any} parts */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    this.state = parts.state;
    this.all = false;
    this.metric = "";
    this.answer = null;
    const { state } = this;
    this.by = menuButton({ label: "", title: "Put experiments into groups by", several: true, items: () => this.ways(), choose: (by) => state.set({ compareBy: this.nextBy(by), compareFirst: null, compareSecond: null }) });
    this.first = menuButton({ label: "", title: "First group", items: () => this.choices(0), choose: (label) => state.set({ compareFirst: label }) });
    this.second = menuButton({ label: "", title: "Second group", items: () => this.choices(1), choose: (label) => state.set({ compareSecond: label }) });
    this.at = menuButton({ label: "", title: "Value of a metric", items: () => Object.entries(AT).map(([value, label]) => ({ value, label, chosen: value === this.atNow() })), choose: (at) => state.set({ compareAt: at }) });
    this.turn = h("button", { class: "tk-btn sm icon", title: "Swap the groups", "aria-label": "Swap the groups", on: { click: () => this.swap() } }, icon("sort"));
    this.pairs = h("span", { class: "tk-control" }, this.dot(0), this.first, h("span", null, "against"), this.dot(1), this.second, this.turn);
    const csv = h("button", { class: "tk-btn sm", title: "This table as a CSV file", on: { click: () => this.answer && save(`${state.get("project")}-groups.csv`, "text/csv", this.csv()) } }, icon("download"), "CSV");
    this.bar = h("div", { class: "tk-compare-bar" }, h("span", { class: "tk-control" }, h("span", null, "Groups by"), this.by), this.pairs, h("span", { class: "tk-control" }, h("span", null, "Values"), this.at), h("span", { class: "tk-grow" }), csv);
    this.said = h("div", { class: "tk-compare-said", role: "status", hidden: true });
    this.hand = h("div", { class: "tk-panel tk-hand", hidden: true });
    this.verdict = h("div", { class: "tk-panel tk-verdicts", role: "status", hidden: true });
    this.figures = new GroupFigures({ source: parts.source, choose: (/** @type {string} */ metric) => this.choose(metric) });
    this.table = h("div", { class: "tk-panel tk-differ-frame", tabindex: "0", role: "region", "aria-label": "Groups, metric by metric", hidden: true },
      h("table", { class: "tk-differ tk-versus", "aria-label": "Groups, metric by metric" }, this.head = h("thead", null), this.body = h("tbody", null)), this.more = h("div", null));
    this.note = h("p", { class: "tk-compare-note" });
    this.none = h("section", { class: "tk-notice", hidden: true });
    fill(root, this.bar, this.hand, this.none, this.said, this.verdict, this.figures.root, this.table, this.note);
    this.asked = new Asked({ ask: ({ first, second, at }) => parts.source.groups(first, second, at), paint: (answer) => this.came(answer), pane: this.said });
    setInterval(() => this.again(), LIVE_MS);
  }

  /** Figures of experiments that run grow old: ask again while this part is seen. */
  async again() {
    if (document.hidden || this.root.hidden || this.state.get("view") !== "compare" || !this.asked.answered || !this.asked.key) return;
    const rows = (this.chosen() ?? []).flatMap((group) => group.rows);
    if (!rows.some((row) => row.state === "running")) return;
    const key = this.asked.key;
    await this.asked.want(JSON.parse(key), { again: true });
    if (key === this.asked.key) this.figures.again();
  }

  /** @param {number} side */
  dot(side) {
    return h("i", { class: "tk-swatch", style: { background: `var(--s${side + 1})` } });
  }

  atNow() {
    return this.state.get("compareAt") in AT ? this.state.get("compareAt") : "common";
  }

  /** @returns {string[]} */
  byNow() {
    const said = this.state.get("compareBy");
    return said?.length ? said : [this.usualWay()];
  }

  get isByHand() {
    return this.byNow().includes("hand");
  }

  /** "By hand" stands alone; the usual way gives way to what is chosen first. @param {string} way */
  nextBy(way) {
    if (way === "hand") return ["hand"];
    const said = (this.state.get("compareBy") ?? []).filter((/** @type {string} */ each) => each !== "hand");
    const next = said.includes(way) ? said.filter((/** @type {string} */ each) => each !== way) : [...said, way];
    return next.length ? next : null;
  }

  /** By name without the seed, or by group, whichever makes groups. */
  usualWay() {
    const rows = this.parts.rows.rows("all");
    const makes = (/** @type {string} */ by) => [...grouped(rows, [by], () => undefined).values()].filter((each) => each.length > 1).length > 1;
    return makes("name") ? "name" : makes("group") ? "group" : "hand";
  }

  async ways() {
    const keys = await this.parts.columns.configKeys();
    const by = this.state.get("compareBy") ?? [];
    const item = (/** @type {string} */ value, group = "") => ({ value, label: value === "hand" ? "by hand" : labelOf(value), group, chosen: by.includes(value) });
    return [...["name", BUT_SEED, "group", "hand"].map((value) => item(value)), ...keys.map((/** @type {string} */ key) => item(`config:${key}`, "Config"))];
  }

  /** All groups there are, by label. @returns {Map<string, any[]>} */
  groups() {
    const rows = this.parts.rows.rows("all");
    if (this.isByHand) {
      const [first, second] = ["compareFirst", "compareSecond"].map((key) => String(this.state.get(key) ?? "").split(".").filter(Boolean));
      const of = (/** @type {string[]} */ tails) => this.state.get("experiments").filter((/** @type {any} */ row) => tails.some((tail) => row.id.endsWith(tail)));
      return new Map([["first", of(first)], ["second", of(second).filter((/** @type {any} */ row) => !of(first).includes(row))]]);
    }
    return grouped(rows, this.byNow(), (row, key) => this.parts.rows.value(row, key));
  }

  /** @returns {[Group, Group] | null} */
  chosen() {
    const groups = this.groups();
    if (this.isByHand) {
      const [first, second] = [groups.get("first") ?? [], groups.get("second") ?? []];
      return first.length && second.length ? [{ label: nameOf(first, "first"), rows: first }, { label: nameOf(second, "second"), rows: second }] : null;
    }
    const ticked = (/** @type {any[]} */ rows) => Number(rows.some((row) => row.shown));
    const order = [...groups].sort(([, a], [, b]) => Number(b.length > 1) - Number(a.length > 1) || ticked(b) - ticked(a) || b.length - a.length || a[0].created_s - b[0].created_s);
    const [one, two] = ["compareFirst", "compareSecond"].map((key) => (groups.has(this.state.get(key)) ? this.state.get(key) : null));
    const first = one ?? order.find(([label]) => label !== two)?.[0];
    const second = two ?? order.find(([label]) => label !== first)?.[0];
    if (first === undefined || second === undefined || first === second) return null;
    return [{ label: first, rows: groups.get(first) ?? [] }, { label: second, rows: groups.get(second) ?? [] }];
  }

  /** @param {number} side */
  choices(side) {
    const chosen = this.chosen();
    const groups = [...this.groups()].sort(([, a], [, b]) => b.length - a.length);
    return groups.filter(([label]) => label !== chosen?.[1 - side].label).map(([label, rows]) => ({ value: label, label: label || "no name", note: plural(rows.length, "experiment"), chosen: label === chosen?.[side].label }));
  }

  swap() {
    const chosen = this.chosen();
    if (!chosen) return;
    if (this.isByHand) this.state.set({ compareFirst: this.state.get("compareSecond"), compareSecond: this.state.get("compareFirst") });
    else this.state.set({ compareFirst: chosen[1].label, compareSecond: chosen[0].label });
  }

  /** @param {Set<string>} keys */
  async update(keys) {
    const by = this.byNow();
    if (!this.parts.source.groups) {
      for (const each of [this.bar, this.hand, this.table]) each.hidden = true;
      this.none.hidden = false;
      return fill(this.none, h("h1", null, "Groups are compared by a server"), h("p", { class: "tk-soft" }, "This page has none: it draws what was pushed to the repo. Open the Space, or ask in Python:"), h("pre", { class: "tk-code" }, "Api().compare_groups(first, second)"));
    }
    const run = (this.run = (this.run ?? 0) + 1);
    if (by.some((key) => key.includes(":"))) await this.parts.rows.have(by).catch(() => {});
    if (run !== this.run) return undefined;
    const byHand = this.isByHand;
    this.by.say(byHand ? "by hand" : by.map(labelOf).join(", "));
    this.at.say(AT[/** @type {keyof typeof AT} */ (this.atNow())]);
    const chosen = this.chosen();
    this.paintHand(byHand);
    this.pairs.hidden = byHand;
    this.none.hidden = chosen !== null || byHand;
    if (!chosen) {
      for (const each of [this.verdict, this.table, this.figures.root]) each.hidden = true;
      this.note.textContent = "";
      this.asked.forget();
      const words = by.join() === "name" ? "No two names are the same but for a seed (“lr3e-4-seed1”, “lr3e-4-s2”)." : "There are fewer than two groups by this.";
      return refill(this.none, h("h1", null, "No two groups"), h("p", { class: "tk-soft" }, `${words} Choose another way above, or put experiments into groups by hand.`), h("button", { class: "tk-btn", on: { click: () => this.state.set({ compareBy: ["hand"] }) } }, "By hand"));
    }
    const [first, second] = chosen;
    this.first.say(`${first.label || "no name"}, ${count(first.rows.length)}`);
    this.second.say(`${second.label || "no name"}, ${count(second.rows.length)}`);
    this.labels = [first.label || "no name", second.label || "no name"];
    const ids = chosen.map((group) => group.rows.slice(0, MOST).map((row) => row.id));
    this.names = new Map(chosen.flatMap((group) => group.rows.map((row) => [row.id, row.name])));
    if (keys.has("compareFigure") && keys.size === 1 && this.answer) return this.came(this.answer);
    await this.asked.want({ first: ids[0], second: ids[1], at: this.atNow() });
    return undefined;
  }

  /** A row an experiment, with the group it is in. @param {boolean} shown */
  paintHand(shown) {
    this.hand.hidden = !shown;
    if (!shown) return;
    const groups = this.groups();
    const ticked = this.state.get("experiments").filter((/** @type {any} */ row) => row.shown || [...groups.values()].some((rows) => rows.includes(row)));
    const key = JSON.stringify([ticked.map((/** @type {any} */ row) => [row.id, row.name]), [...groups.values()].map((rows) => rows.map((row) => row.id))]);
    if (key === this.handKey) return;
    this.handKey = key;
    const side = (/** @type {any} */ row) => (groups.get("first")?.includes(row) ? "first" : groups.get("second")?.includes(row) ? "second" : "");
    const focus = /** @type {any} */ (document.activeElement)?.dataset?.hand;
    fill(this.hand,
      h("div", { class: "tk-panel-head" }, h("h2", null, "Groups by hand"), h("span", { class: "tk-soft" }, "the ticked experiments")),
      ticked.length ? null : h("p", { class: "tk-compare-note" }, "Tick experiments in the list at the left: they stand here."),
      h("div", { class: "tk-hand-rows" }, ticked.map((/** @type {any} */ row) => h("div", { role: "group", "aria-label": row.name, class: "tk-hand-row" },
        ["first", "second", ""].map((word, i) => {
          const button = h("button", { class: "tk-hand-side", "aria-pressed": String(side(row) === word), data: { hand: `${row.id} ${word}` } }, i < 2 ? this.dot(i) : null, word || "neither");
          button.addEventListener("click", () => this.put(row, word));
          return button;
        }), h("span", { class: "tk-name", title: row.name }, row.name)))));
    if (focus) /** @type {any} */ ([...this.hand.querySelectorAll("button")].find((/** @type {any} */ each) => each.dataset.hand === focus))?.focus();
  }

  /** @param {any} row @param {string} word */
  put(row, word) {
    const groups = this.groups();
    const tails = (/** @type {string} */ side) => {
      const rows = (groups.get(side) ?? []).filter((each) => each !== row);
      return [...rows, ...(side === word ? [row] : [])].map((each) => each.id.slice(-8)).join(".") || null;
    };
    this.state.set({ compareBy: ["hand"], compareFirst: tails("first"), compareSecond: tails("second") });
  }

  /** @param {any} answer */
  came(answer) {
    this.answer = answer;
    const result = this.state.get("compareMetric") ?? this.parts.rows.result()?.slice("metric:".length);
    this.metric = [this.state.get("compareFigure"), result].find((name) => answer.metrics.some((/** @type {any} */ each) => each.metric === name)) ?? answer.metrics.find((/** @type {any} */ each) => each.verdict)?.metric ?? "";
    this.paint();
  }

  /** @param {string} metric */
  choose(metric) {
    this.metric = metric;
    this.state.set({ compareFigure: metric });
    this.paint();
  }

  paint() {
    const { answer } = this;
    const labels = /** @type {string[]} */ (this.labels);
    const one = answer.metrics.find((/** @type {any} */ each) => each.metric === this.metric);
    this.verdict.hidden = this.table.hidden = !answer.metrics.length;
    refill(this.verdict, answer.metrics.length ? [one && h("p", { class: "tk-verdict-line" }, verdictOf(one, labels)), others(answer.metrics, one, labels), warnings(answer, one)] : null);
    this.figures.paint({ answer, one, labels, names: /** @type {Map<string, string>} */ (this.names), key: this.asked.key });
    this.paintTable();
    const left = answer.left_out.length ? ` ${plural(answer.left_out.length, "metric")} ${answer.left_out.length === 1 ? "is" : "are"} left out, because only one of the groups logged ${answer.left_out.length === 1 ? "it" : "them"}.` : "";
    text(this.note, answer.metrics.length ? `Bands: mean ± standard deviation. Intervals: ${answer.method}. Of ${plural(answer.metrics.length, "metric")}, about one in twenty would miss 0 by chance alone.${left}` : "The groups share no metric with numbers.");
  }

  paintTable() {
    const { answer } = this;
    const [a, b] = /** @type {string[]} */ (this.labels);
    const shown = this.all ? answer.metrics : answer.metrics.slice(0, AT_FIRST);
    const heads = ["metric", `${a}, mean ± sd`, `${b}, mean ± sd`, "difference", "95 % interval", "in deviations", "effect", "verdict"];
    const more = answer.metrics.length > AT_FIRST && h("button", { class: "tk-link" }, this.all ? "Show fewer" : `Show ${plural(answer.metrics.length - AT_FIRST, "more metric")}`);
    more && more.addEventListener("click", () => ((this.all = !this.all), this.paintTable()));
    refill(this.head, h("tr", null, heads.map((word, i) => h("th", { scope: "col", class: i && i < 7 ? (i === 5 ? "mid" : "num") : null, title: i === 5 ? "The interval in pooled standard deviations, from −5 to +5" : i === 6 ? "Hedges’ g" : null }, i === 1 || i === 2 ? h("span", null, this.dot(i - 1), word) : word))));
    refill(this.body, shown.map((/** @type {any} */ each) => this.row(each)));
    refill(this.more, more);
  }

  /** @param {any} each one metric */
  row(each) {
    const labels = /** @type {string[]} */ (this.labels);
    const { first, second, difference, effect } = each;
    const format = each.metric === "duration" ? duration : columnFormat([first.mean, second.mean, difference?.value, difference?.low, difference?.high]);
    const label = (/** @type {number} */ v) => signed(v, format);
    const mean = (/** @type {any} */ group) => (group.mean === null ? h("span", { class: "tk-soft" }, group.not_finite.length ? "no finite value" : "–") : [h("span", { title: exact(group.mean) }, format(group.mean)), h("small", null, group.sd === null ? " one seed" : ` ± ${format(group.sd)}`, group.not_finite.length + group.without ? `, n = ${group.n}` : "")]);
    const name = h("button", { class: "tk-link tk-groups-metric", "aria-pressed": String(each.metric === this.metric), title: `${each.metric}${each.step === null ? "" : ` at step ${number(each.step)}`}: its curves and dots` }, each.metric === "duration" ? "duration" : each.metric);
    name.addEventListener("click", () => this.choose(each.metric));
    const known = difference && difference.low !== null;
    return h("tr", { class: each.metric === this.metric ? "at" : null },
      h("th", { scope: "row", class: "tk-differ-key" }, h("span", null, name, each.metric === "duration" ? h("small", null, "of those that ended") : null)),
      h("td", { class: "num" }, mean(first)), h("td", { class: "num" }, mean(second)),
      h("td", { class: "num", title: difference ? exact(difference.value) : "" }, difference ? signed(difference.value, format) : "–"),
      h("td", { class: "num" }, known ? `${label(difference.low)} to ${label(difference.high)}` : "–"),
      h("td", { class: "tk-whisker" }, whisker(each)),
      h("td", { class: "num", title: effect?.g === null || !effect ? "no spread to measure it by" : `Hedges’ g ${number(effect.g)}, ${effect.word}` }, effect?.g === null || !effect ? "–" : effect.g.toFixed(2).replace("-", "\u2212")),
      h("td", null, shortVerdict(each, labels)));
  }

  csv() {
    const [a, b] = /** @type {string[]} */ (this.labels);
    const of = (/** @type {any} */ each) => [each.metric, each.step, each.first.n, each.first.mean, each.first.sd, each.second.n, each.second.mean, each.second.sd, each.difference?.value, each.difference?.low, each.difference?.high, each.difference?.p, each.effect?.g, each.verdict ? (each.verdict.is_tie ? "tie" : each.verdict.lower ? `${each.verdict.lower === "first" ? a : b} lower` : "") : ""];
    return csvOf([["metric", "step", `${a} n`, `${a} mean`, `${a} sd`, `${b} n`, `${b} mean`, `${b} sd`, "difference", "95 % low", "95 % high", "p (Welch)", "Hedges g", "verdict"], ...this.answer.metrics.map(of)]);
  }
}

/** Groups of those that have a value of every key, by label: of one key its value alone. @param {any[]} rows @param {string[]} by
 * @param {(row: any, key: string) => any} read @returns {Map<string, any[]>} */
function grouped(rows, by, read) {
  const found = new Map();
  for (const { name, rows: members, has } of partition(rows, by, { read, bare: by.length === 1 })) if (has) found.set(name, members);
  return found;
}

/** What they are all called but for the seed. @param {any[]} rows @param {string} other where they have no name in common */
function nameOf(rows, other) {
  const names = new Set(rows.map((row) => withoutSeed(row.name)));
  return names.size === 1 ? [...names][0] : other;
}

/** A tie, or who is lower. @param {any} each @param {string[]} labels */
function shortVerdict(each, labels) {
  const { verdict } = each;
  if (!verdict) return h("span", { class: "tk-soft" }, "not finite");
  if (verdict.is_tie === null) return h("span", { class: "tk-soft" }, "one seed tells no spread");
  if (verdict.is_tie) return h("span", { class: "tk-soft" }, "tie");
  const word = labels[verdict.lower === "first" ? 0 : 1];
  return verdict.better ? [h("b", null, labels[verdict.better === "first" ? 0 : 1]), " better"] : `${word} lower`;
}

/** The sentence about the chosen metric. @param {any} each @param {[string, string] | string[]} labels */
export function verdictOf(each, [a, b]) {
  const { verdict, difference, first, second } = each;
  const name = each.metric === "duration" ? "duration" : each.metric;
  if (!difference) return [h("b", null, `${name} cannot be compared: `), "a group has no finite value."];
  const format = each.metric === "duration" ? duration : columnFormat([first.mean, second.mean, difference.value, difference.low, difference.high]);
  const at = each.step === null ? "" : ` at step ${number(each.step)}`;
  const gap = `${a} − ${b} = ${signed(difference.value, format)}`;
  if (verdict.is_tie === null) return [h("b", null, `${name}${at}: `), `${gap}. With one seed in a group there is no interval: log at least two, better five.`];
  const interval = `95 % interval ${signed(difference.low, format)} to ${signed(difference.high, format)}`;
  const seeds = `(${first.n} and ${second.n} seeds, Welch)`;
  if (verdict.is_tie) return [h("b", null, `A tie in ${name}${at}. `), `${gap}, ${interval}, which holds 0 ${seeds}.`];
  const winner = verdict.better ? (verdict.better === "first" ? a : b) : verdict.lower === "first" ? a : b;
  return [h("b", null, `${winner} ${verdict.better ? "is better" : "is lower"} in ${name}${at}. `), `${gap}, ${interval}, without 0 ${seeds}.`];
}

/** What the other metrics say, and who is quicker. @param {any[]} metrics @param {any} one @param {string[]} labels */
function others(metrics, one, [a, b]) {
  const rest = metrics.filter((each) => each !== one && each.metric !== "duration" && each.verdict?.is_tie !== null && each.verdict);
  const ties = rest.filter((each) => each.verdict.is_tie).length;
  const better = (/** @type {string} */ side) => rest.filter((each) => each.verdict.better === side).length;
  const words = [[ties, ties === 1 ? "is a tie" : "are ties"], [better("first"), `better with ${a}`], [better("second"), `better with ${b}`]].filter(([n]) => n).map(([n, word]) => `${n} ${word}`);
  const time = metrics.find((each) => each.metric === "duration" && each !== one && each.verdict?.is_tie === false);
  const [quick, slow] = time ? (time.verdict.lower === "first" ? [time.first, time.second] : [time.second, time.first]) : [null, null];
  return [
    rest.length ? h("p", null, `Of ${plural(rest.length, "other metric")}, ${words.length ? listed(words) : "none tells them apart"}.`) : null,
    quick && quick.mean > 0 ? h("p", null, h("b", null, `${time.verdict.lower === "first" ? a : b} is ${number(Number((slow.mean / quick.mean).toPrecision(2)))} × quicker: `), `${duration(quick.mean)} against ${duration(slow.mean)}.`) : null,
  ];
}

/** @param {any} answer @param {any} one */
function warnings(answer, one) {
  const found = [];
  const few = Math.min(one?.first.n ?? 99, one?.second.n ?? 99);
  if (answer.few && few > 1) found.push(`${few} seeds in a group: the interval leans on the assumption that seeds scatter normally. Five or more make it firmer.`);
  for (const side of ["first", "second"]) if (one?.[side].not_finite.length) found.push(`${plural(one[side].not_finite.length, "seed")} of the ${side} group diverged (NaN or infinite) and ${one[side].not_finite.length === 1 ? "is" : "are"} not in the mean.`);
  if (answer.comparable?.verdict === "different") found.push(answer.comparable.says);
  return found.map((words) => h("p", { class: "tk-warn-line" }, icon("help"), words));
}

/** The interval as a line, in standard deviations. @param {any} each */
function whisker(each) {
  const { difference, effect } = each;
  if (!difference || difference.low === null || !effect || effect.g === null || !difference.value) return "";
  const scale = Math.abs(effect.g / difference.value);
  const [low, middle, high] = [difference.low, difference.value, difference.high].map((value) => value * scale);
  const [width, half] = [160, 80];
  const at = (/** @type {number} */ v) => half + (Math.max(-BEYOND, Math.min(BEYOND, v)) / BEYOND) * (half - 8);
  if (low > BEYOND || high < -BEYOND) return h("span", { class: "tk-whisker-beyond" }, low > 0 ? `beyond ${BEYOND} ▶` : `◀ beyond ${BEYOND}`);
  const kind = each.verdict.is_tie ? "tie" : "sure";
  return s("svg", { viewBox: `0 0 ${width} 20`, class: kind, role: "img", "aria-label": `${number(low)} to ${number(high)} standard deviations` },
    s("line", { class: "zero", x1: half, x2: half, y1: 1, y2: 19 }), s("line", { x1: at(low), x2: at(high), y1: 10, y2: 10 }), s("circle", { cx: at(middle), cy: 10, r: 3.5 }));
}
