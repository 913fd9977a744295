// @ts-check
/** The dialog in which a reader makes a chart of an expression: what is wrong is said while it is typed, and where. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { ExpressionError, FUNCTIONS, formatted, namesOf, parse, written } from "./expression.js";
import { dropDerived, putDerived } from "./settings.js";

const OFFERED = 8; // metrics at once: more are found by typing
const WORD = /[\p{L}_][\p{L}\p{N}_.@/-]*$/u;

/** @param {any} state @param {{chart?: import("./chart.js").Chart | null, back?: HTMLElement | null, root?: HTMLElement | null}} [how] `chart`: the derived one to change */
export function openDeriving(state, { chart = null, back = null, root = null } = {}) {
  const before = chart ? (state.get("derived") ?? []).find((/** @type {any} */ each) => `= ${each.expr}` === chart.metric.metric) : null;
  const known = (state.get("metrics") ?? []).map((/** @type {any} */ { metric }) => metric);
  const text = h("textarea", { class: "tk-derive-text", rows: "2", spellcheck: "false", autocomplete: "off", placeholder: "train/loss - eval/loss", "aria-label": "Expression", "aria-describedby": "tk-derive-says" });
  text.value = before?.expr ?? "";
  const says = h("p", { class: "tk-derive-says", id: "tk-derive-says", role: "status" });
  const place = h("pre", { class: "tk-derive-place", "aria-hidden": "true", hidden: true });
  const offers = h("div", { class: "tk-derive-offers", role: "group", "aria-label": "Metrics" });
  const field = (/** @type {string} */ label, /** @type {string} */ placeholder, /** @type {string} */ value) => {
    const input = h("input", { type: "text", class: "tk-derive-field", maxlength: "100", placeholder, autocomplete: "off" });
    input.value = value;
    return { input, node: h("label", null, h("span", null, label), input) };
  };
  const name = field("Name", "the expression", before?.name ?? "");
  const unit = field("Unit", "none", before?.unit ?? "");
  const save = h("button", { class: "tk-btn primary", type: "submit" }, before ? "Save" : "Add chart");
  const remove = before ? h("button", { class: "tk-btn", type: "button", on: { click: () => (dropDerived(state, before.expr), dialog.close()) } }, "Remove") : null;
  const close = h("button", { class: "tk-btn bare icon", type: "button", "aria-label": "Close", title: "Close (Esc)", on: { click: () => dialog.close() } }, icon("close"));
  const form = h("form", { method: "dialog", class: "tk-derive-form" }, text, place, says, offers,
    h("div", { class: "tk-derive-fields" }, name.node, unit.node),
    h("p", { class: "tk-soft tk-derive-help" }, `+ − * / ^ and ${Object.keys(FUNCTIONS).join(", ")}. A slash in a metric's name belongs to the name; with spaces around it divides. Metrics with different steps meet at those of the sparser one, each with its last value there.`),
    h("div", { class: "tk-derive-buttons" }, save, remove));
  const dialog = h("dialog", { class: "tk-dialog tk-derive-dialog", "aria-label": before ? "Change the derived chart" : "New derived chart" },
    h("div", { class: "tk-dialog-head" }, h("h2", null, before ? "Derived chart" : "New derived chart"), close), form);

  /** @returns {import("./expression.js").Tree | null} */
  const check = () => {
    const typed = text.value;
    try {
      const tree = parse(typed, known.length ? known : undefined);
      const names = namesOf(tree);
      if (!names.length) throw new ExpressionError("there is no metric in it, so it has no steps", 0);
      tell(names.length === 1 ? `One metric: ${names[0]}` : `${names.length} metrics: ${names.join(", ")}`, false, null);
      return tree;
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      // An empty field is not wrong yet.
      tell(typed.trim() ? error.message : "", !!typed.trim(), typed.trim() ? error : null);
      return null;
    }
  };
  const tell = (/** @type {string} */ words, /** @type {boolean} */ wrong, /** @type {ExpressionError | null} */ error) => {
    says.textContent = words;
    says.classList.toggle("wrong", wrong);
    text.setAttribute("aria-invalid", String(wrong));
    save.disabled = wrong || !text.value.trim();
    const line = text.value.replaceAll("\n", " ");
    const from = error ? Math.max(0, error.column - 1 - 40) : 0;
    place.hidden = !error;
    place.textContent = error ? `${line.slice(from, from + 60)}\n${" ".repeat(error.column - 1 - from)}^` : "";
  };
  const offer = () => {
    const word = (WORD.exec(text.value.slice(0, text.selectionStart))?.[0] ?? "").toLowerCase();
    // "eval/loss-tra" may be one name or the end of a difference: what matches first counts, the longer first.
    const starts = [0, ...[...word.matchAll(/[-/]/g)].map(({ index }) => index + 1)];
    let [begun, hits] = ["", /** @type {string[]} */ ([])];
    for (const from of starts) {
      begun = word.slice(from);
      hits = [];
      for (const metric of known) {
        if (!metric.toLowerCase().includes(begun) || metric.toLowerCase() === begun) continue;
        hits.push(metric);
        if (hits.length === OFFERED) break;
      }
      if (hits.length || known.some((/** @type {string} */ metric) => metric.toLowerCase() === begun)) break;
    }
    fill(offers, hits.map((metric) => h("button", { type: "button", class: "tk-derive-offer", on: { click: () => take(metric, begun.length) } }, metric)));
  };
  const take = (/** @type {string} */ metric, /** @type {number} */ length) => {
    const end = text.selectionStart;
    text.setRangeText(written(metric), end - length, end, "end");
    text.focus();
    typed();
  };
  const typed = () => {
    check();
    offer();
  };
  text.addEventListener("input", typed);
  text.addEventListener("click", offer);
  text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    const tree = check();
    if (!tree) {
      event.preventDefault();
      return text.focus();
    }
    const made = { expr: formatted(tree), ...(name.input.value.trim() ? { name: name.input.value.trim() } : {}), ...(unit.input.value.trim() ? { unit: unit.input.value.trim() } : {}) };
    putDerived(state, made, before?.expr);
    const show = () => document.querySelector(`.tk-chart[data-metric="${CSS.escape(`= ${made.expr}`)}"]`)?.scrollIntoView({ block: "nearest" });
    requestAnimationFrame(() => requestAnimationFrame(show));
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    back?.focus();
  });
  dialog.addEventListener("keydown", (/** @type {Event} */ event) => event.stopPropagation());
  (root?.closest(".tk") ?? back?.closest(".tk") ?? document.body).append(dialog);
  dialog.showModal();
  text.focus();
  typed();
}
