// @ts-check
/** The field for filter expressions: coloured as it is typed, the place of a mistake marked, names of columns at hand. */
import { fill, h, text } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { queryOf } from "../base/query.js";
import { filterName } from "./columns.js";

const TOKENS = /\/(?:[^/\\\s]|\\.)+\/(?=[\s)]|$)|"(?:[^"\\]|\\.)*"?|<=|>=|!=|!~|==|[=<>~(),]|\s+|[^\s=<>~!(),"]+|./gu;
const SIGN = /^(?:<=|>=|!=|!~|==|[=<>~])$/;
const WORD = /^(?:and|or|not|is|in|null)$/i;
/** What a reader may want to say, and how. */
const EXAMPLES = [
  ["lr > 1e-4 and optimizer = \"adam w\"", "config and metrics by name"],
  ["eval/loss < 0.3 or min(eval/loss) < 0.2", "last, best, min, max, mean"],
  ["state in (failed, lost_contact)", "one of several"],
  ["not tag = baseline", "without a tag"],
  ["name ~ /seed[12]$/", "a pattern, in either case"],
  ["duration > 2h and created > 2026-11-01", "times; days are UTC"],
  ["grad_norm is null", "was not logged"],
  ["archived = true", "what is out of the usual lists"],
];

export class FilterField {
  /** @param {import("../data/state.js").PageState} state @param {() => Promise<import("../base/menu.js").Item[]>} names */
  constructor(state, names) {
    this.state = state;
    this.field = h("input", { type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-label": "Filter experiments", placeholder: "Filter: lr > 1e-4 and not tag = baseline", "aria-describedby": "tk-filter-trouble" });
    this.paint = h("div", { class: "tk-filter-paint", "aria-hidden": "true" });
    this.trouble = h("span", { class: "tk-filter-trouble", id: "tk-filter-trouble", "aria-live": "polite", hidden: true });
    const add = h("button", { class: "tk-btn bare icon sm", title: "Insert a name", "aria-label": "Insert a name of a column", "aria-haspopup": "listbox" }, icon("plus"));
    add.addEventListener("click", () => openMenu(add, { title: "Names of columns", items: names(), choose: (key) => this.insert(`${filterName(key)} `) }));
    const help = h("button", { class: "tk-btn bare icon sm", title: "How to filter", "aria-label": "How to filter", "aria-haspopup": "listbox" }, icon("help"));
    help.addEventListener("click", () => openMenu(help, { title: "Examples", items: EXAMPLES.map(([value, note]) => ({ value, label: value, note })), choose: (value) => this.put(value) }));
    this.root = h("div", { class: "tk-field tk-filter" }, icon("search"), h("div", { class: "tk-filter-text" }, this.paint, this.field), add, help, this.trouble);
    this.field.addEventListener("input", () => this.state.set({ search: this.field.value.trim() }));
    this.field.addEventListener("scroll", () => this.slide());
    for (const name of ["keyup", "click", "focus", "blur"]) this.field.addEventListener(name, () => this.slide());
    this.field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.field.value ? this.put("") : this.field.blur();
    });
    state.follow(["search"], () => this.draw());
  }

  /** @param {string} value */
  put(value) {
    this.field.value = value;
    this.state.set({ search: value.trim() });
    this.field.focus();
  }

  /** At the caret, with a space before where one is needed. @param {string} words */
  insert(words) {
    const { value, selectionStart: at, selectionEnd: end } = this.field;
    const before = value.slice(0, at ?? value.length);
    const joined = `${before}${before && !/[\s(]$/.test(before) ? " " : ""}${words}`;
    this.put(joined + value.slice(end ?? value.length));
    this.field.setSelectionRange(joined.length, joined.length);
  }

  draw() {
    const said = this.state.get("search") ?? "";
    if (this.field.value.trim() !== said) this.field.value = said;
    const typed = this.field.value;
    const { trouble, mistake } = queryOf(said);
    const indent = typed.length - typed.trimStart().length;
    fill(this.paint, painted(typed, mistake ? mistake.at + indent : null));
    text(this.trouble, trouble);
    this.trouble.hidden = !trouble;
    this.root.classList.toggle("wrong", Boolean(trouble));
    this.field.setAttribute("aria-invalid", String(Boolean(trouble)));
    this.slide();
  }

  slide() {
    this.paint.style.transform = `translateX(${-this.field.scrollLeft}px)`;
  }
}

/** What was typed in pieces with their kinds, and a mark where it is wrong: at a character, or behind the last.
 * @param {string} typed @param {number | null} at  counted in characters */
function painted(typed, at) {
  const tokens = typed.match(TOKENS) ?? [];
  const nodes = [];
  let place = 0;
  tokens.forEach((token, i) => {
    const next = tokens.slice(i + 1).find((each) => each.trim());
    const kind = SIGN.test(token) ? "sign" : WORD.test(token) ? "word" : token.startsWith('"') || token.startsWith("/") ? "quoted" : next && SIGN.test(next) && token.trim() ? "name" : "";
    const size = [...token].length;
    const isWrong = at !== null && at >= place && at < place + size;
    nodes.push(h("span", { class: [kind, isWrong && "wrong"].filter(Boolean).join(" ") || undefined }, token));
    place += size;
  });
  if (at !== null && at >= place) nodes.push(h("span", { class: "wrong" }, "\u00a0\u00a0"));
  return nodes;
}
