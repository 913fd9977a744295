// @ts-check
/** What is wrong with what stands in a field, in words beside it. */
import { h } from "./dom.js";

let made = 0;

/** Below a field, while something is wrong with it. Stands in what holds the field: the field's label, or a box of its own.
 * @param {HTMLInputElement} field @returns {{node: HTMLElement, tell: (words: string | null) => void}} */
export function troubleOf(field) {
  const node = h("span", { class: "tk-trouble", id: `tk-trouble-${(made += 1)}`, role: "status", hidden: true });
  field.setAttribute("aria-describedby", node.id);
  return {
    node,
    tell: (words) => {
      field.setAttribute("aria-invalid", String(!!words));
      node.hidden = !words;
      if (node.textContent !== (words ?? "")) node.textContent = words ?? "";
    },
  };
}
