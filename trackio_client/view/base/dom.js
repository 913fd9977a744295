// Elements from code. Text becomes text nodes, so no name or log line of a user is ever read as markup.

/**
 * @param {string} tag
 * @param {Record<string, any>|null} [props]  `on` holds listeners, `data` data-* attributes, `style` custom properties
 * @param {...any} children  elements, texts, lists of them; null, undefined and false are left out
 * @returns {any}
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") for (const [name, call] of Object.entries(value)) node.addEventListener(name, call);
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "style") for (const [name, text] of Object.entries(value)) node.style.setProperty(name, text);
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

/** @param {Element} node @param {any} child */
export function add(node, child) {
  if (Array.isArray(child)) for (const each of child) add(node, each);
  else if (child instanceof Node) node.append(child);
  else if (child !== null && child !== undefined && child !== false) node.append(String(child));
}

/** Replace what is in a node. @param {Element} node @param {...any} children */
export function fill(node, ...children) {
  node.replaceChildren();
  add(node, children);
  return node;
}

/** As `fill` with elements, but those that would look the same stay: focus, what is chosen of them, and a menu that stands open there. What
 * a kept element's listeners need must be in what it shows, or be looked up when they run. @param {Element} node @param {...any} children */
export function refill(node, ...children) {
  const wanted = fill(document.createElement(node.tagName), ...children);
  const looks = (/** @type {Element} */ each) => each.outerHTML.replace(/( aria-haspopup="[^"]*"[^>]*?) aria-expanded="[^"]*"/g, "$1"); // a menu was opened at it
  /** @type {Map<string, Element[]>} */
  const held = new Map();
  for (const each of node.children) held.set(looks(each), [...(held.get(looks(each)) ?? []), each]);
  const next = [...wanted.children].map((each) => held.get(looks(each))?.shift() ?? each);
  const focus = node.contains(document.activeElement) ? wordsOf(document.activeElement) : null;
  const stay = new Set(next);
  for (const each of [...node.childNodes]) if (!stay.has(/** @type {Element} */ (each))) each.remove(); // first, so that no kept one need be moved
  next.forEach((each, i) => node.childNodes[i] === each || node.insertBefore(each, node.childNodes[i] ?? null));
  if (focus !== null && !node.contains(document.activeElement)) /** @type {any} */ ([...node.querySelectorAll("button")].find((each) => wordsOf(each) === focus))?.focus({ preventScroll: true });
  return node;
}

/** @param {Element | null} node */
const wordsOf = (node) => node?.getAttribute("aria-label") ?? node?.textContent ?? "";

/** Set a text only when it differs: the DOM is left alone, and so is the reader's selection. */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/** True while the reader types: single keys then belong to the field. @param {any} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    && !/^(checkbox|radio|range|button)$/.test(/** @type {any} */ (target).type ?? "");
}

/** `call`, once, after no further call came for `wait_ms`. */
export function later(call, wait_ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...args), wait_ms);
  };
}

/** `call` at the next frame, however often it was asked for. */
export function eachFrame(call) {
  let asked = 0;
  return () => {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      call();
    });
  };
}
