// @ts-check
/** The ranges of parallel coordinates as fields: what dragging does, by keyboard and exactly. */
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { menuButton } from "../base/menu.js";
import { troubleOf } from "../base/trouble.js";
import { number } from "../base/words.js";

export class RangeFields {
  /** @param {{set: (column: string, range: any) => void, move: (column: string, by: number) => void, remove: (column: string) => void}} parts */
  constructor(parts) {
    this.parts = parts;
    this.root = h("div", { class: "tk-panel tk-ranges" });
    this.key = "";
  }

  /** Made anew only for other axes or ranges: while something runs, the ends of axes move under who types.
   * @param {import("./axis.js").Axis[]} axes @param {Map<string, any>} ranges */
  paint(axes, ranges) {
    const key = JSON.stringify([axes.map(({ column, kind, kinds }) => [column, kind, kinds]), [...ranges]]);
    if (key === this.key) return this.sayEnds(axes);
    this.key = key;
    const before = /** @type {any} */ (document.activeElement);
    const focus = before?.dataset?.range;
    const typed = focus && before.value !== before.defaultValue ? before.value : null;
    fill(this.root, axes.map((axis, i) => this.line(axis, ranges.get(axis.column), i, axes.length)));
    const after = focus && /** @type {any} */ ([...this.root.querySelectorAll("[data-range]")].find((/** @type {any} */ each) => each.dataset.range === focus));
    after?.focus();
    if (after && typed !== null) after.value = typed; // half a number: what it replaces is the new field's own
    return undefined;
  }

  /** @param {import("./axis.js").Axis[]} axes */
  sayEnds(axes) {
    const ends = new Map(axes.flatMap((axis) => ["from", "to"].map((end) => [`${axis.column} ${end}`, endOf(axis, end)])));
    for (const field of this.root.querySelectorAll("input")) field.placeholder = ends.get(field.dataset.range ?? "") ?? field.placeholder;
  }

  /** @param {import("./axis.js").Axis} axis @param {any} range @param {number} i @param {number} of */
  line(axis, range, i, of) {
    const small = (/** @type {any} */ name, /** @type {string} */ word, /** @type {() => void} */ press, /** @type {boolean} */ off) =>
      h("button", { class: "tk-btn bare icon sm", title: word, "aria-label": `${axis.label}: ${word.toLowerCase()}`, disabled: off, data: { range: `${axis.column} ${word}` }, on: { click: press } }, icon(name));
    return h("div", { class: `tk-range${range ? " on" : ""}` },
      h("span", { class: "tk-range-name", title: axis.label }, axis.label),
      axis.kind === "kind" ? this.kinds(axis, range) : [this.bound(axis, range, "from"), h("span", { class: "tk-soft" }, "to"), this.bound(axis, range, "to")],
      h("span", { class: "tk-grow" }),
      small("right", "Move left", () => this.parts.move(axis.column, -1), i === 0),
      small("right", "Move right", () => this.parts.move(axis.column, 1), i === of - 1),
      small("close", "Remove the axis", () => this.parts.remove(axis.column), of <= 2));
  }

  /** @param {import("./axis.js").Axis} axis @param {any} range @param {"from" | "to"} end */
  bound(axis, range, end) {
    const field = h("input", { type: "text", inputmode: "decimal", placeholder: endOf(axis, end), value: range?.[end] ?? "", "aria-label": `${axis.label}, ${end}`, data: { range: `${axis.column} ${end}` }, spellcheck: "false" });
    const trouble = troubleOf(field);
    field.addEventListener("change", () => {
      const typed = field.value.trim().replace("\u2212", "-").replaceAll(",", "");
      const value = typed === "" ? undefined : Number(typed);
      const wrong = value !== undefined && !Number.isFinite(value);
      trouble.tell(wrong ? `“${field.value.trim().slice(0, 30)}” is no number. Write it as 0.5 or 1e-3.` : null);
      if (wrong) return;
      field.defaultValue = field.value; // nothing is half-typed here any more
      const next = { column: axis.column, from: range?.from, to: range?.to, [end]: value };
      this.parts.set(axis.column, next.from === undefined && next.to === undefined ? null : next);
    });
    return [h("label", { class: "tk-field sm" }, field), trouble.node];
  }

  /** @param {import("./axis.js").Axis} axis @param {any} range */
  kinds(axis, range) {
    const chosen = new Set(range?.kinds ?? axis.kinds);
    const label = range?.kinds ? (range.kinds.length === 1 ? range.kinds[0] : `${range.kinds.length} of ${axis.kinds.length}`) : "any";
    const button = menuButton({
      label, title: axis.label, several: true, items: () => axis.kinds.map((kind) => ({ value: kind, label: kind, chosen: chosen.has(kind) })),
      choose: (kind) => {
        chosen.has(kind) ? chosen.delete(kind) : chosen.add(kind);
        this.parts.set(axis.column, chosen.size === axis.kinds.length ? null : { column: axis.column, kinds: [...chosen] });
      },
    });
    button.setAttribute("aria-label", `${axis.label}: ${label}`);
    button.dataset.range = `${axis.column} kinds`;
    return button;
  }
}

/** @param {import("./axis.js").Axis} axis @param {string} end */
const endOf = (axis, end) => number(end === "from" ? axis.low : axis.high);
