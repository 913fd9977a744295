// @ts-check
/** Scroll to a part of the page: only what scrolls by itself is moved, never the frame around it. */

/** @param {HTMLElement} node */
export function bringIntoView(node) {
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  const body = node.closest(".tk-body");
  if (!body) return node.scrollIntoView({ block: "start", behavior });
  const above = node.getBoundingClientRect().top - body.getBoundingClientRect().top;
  return body.scrollTo({ top: body.scrollTop + above - 12, behavior });
}
