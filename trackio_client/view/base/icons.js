// One set of outlined icons, 16 × 16, and the signs of the states, 14 × 14. Each carries a word for who cannot see it.

const ICONS = {
  more: '<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2"/>',
  search: '<circle cx="7" cy="7" r="4.25"/><path d="m10.3 10.3 3.2 3.2"/>',
  down: '<path d="m4.5 6.5 3.5 3.5 3.5-3.5"/>',
  left: '<path d="m9.5 4.5-3.5 3.5 3.5 3.5"/>',
  right: '<path d="m6.5 4.5 3.5 3.5-3.5 3.5"/>',
  up: '<path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7"/>',
  falling: '<path d="M8 3.5v9M4.5 9 8 12.5 11.5 9"/>',
  help: '<circle cx="8" cy="8" r="5.75"/><path d="M6.4 6.4a1.7 1.7 0 1 1 2.4 1.7c-.5.2-.8.5-.8 1M8 11.2h.01"/>',
  theme: '<circle cx="8" cy="8" r="5.75"/><path d="M8 2.25v11.5A5.75 5.75 0 0 0 8 2.25z" fill="currentColor"/>',
  list: '<path d="M6 4h7.5M6 8h7.5M6 12h7.5M2.75 4h.01M2.75 8h.01M2.75 12h.01"/>',
  panel: '<rect x="2.25" y="3" width="11.5" height="10" rx="1.5"/><path d="M6.25 3v10"/>',
  copy: '<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"/>',
  tune: '<path d="M2.5 5h6M12 5h1.5M2.5 11h1.5M8 11h5.5"/><circle cx="10.2" cy="5" r="1.6"/><circle cx="6" cy="11" r="1.6"/>',
  sort: '<path d="M5 3v10M5 13l-2.25-2.25M5 13l2.25-2.25M11 13V3M11 3 8.75 5.25M11 3l2.25 2.25"/>',
  plus: '<path d="M8 3.25v9.5M3.25 8h9.5"/>',
  check: '<path d="m3 8.5 3.2 3.2L13 5"/>',
  missing: '<path d="M2 8h3.25M10.75 8H14M6.5 5.25l3 5.5" stroke-width="1.6"/>',
  close: '<path d="m4 4 8 8M12 4l-8 8"/>',
  columns: '<rect x="2.25" y="3" width="11.5" height="10" rx="1.5"/><path d="M6.1 3v10M9.9 3v10"/>',
  download: '<path d="M8 2.5V10M4.75 7 8 10.25 11.25 7M3 13.25h10"/>',
  link: '<path d="M6.75 9.25a2.6 2.6 0 0 0 3.7 0l2.1-2.1a2.6 2.6 0 1 0-3.7-3.7l-.9.9M9.25 6.75a2.6 2.6 0 0 0-3.7 0l-2.1 2.1a2.6 2.6 0 1 0 3.7 3.7l.9-.9"/>',
  away: '<path d="M8 2.25a5.75 5.75 0 1 1-.01 0z" stroke-dasharray="2.4 2.1"/>',
  person: '<circle cx="8" cy="5.25" r="2.75"/><path d="M2.75 13.5a5.25 5.25 0 0 1 10.5 0"/>',
  pencil: '<path d="m10.9 2.9 2.2 2.2-7.6 7.6-2.9.7.7-2.9zM9.4 4.4l2.2 2.2"/>',
  code: '<path d="M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5"/>',
  expand: '<path d="M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9"/>',
  star: '<path d="m8 2.4 1.7 3.6 3.9.5-2.9 2.7.8 3.9L8 11.2l-3.5 1.9.8-3.9-2.9-2.7 3.9-.5z"/>',
  starred: '<path d="m8 2.4 1.7 3.6 3.9.5-2.9 2.7.8 3.9L8 11.2l-3.5 1.9.8-3.9-2.9-2.7 3.9-.5z" fill="currentColor"/>',
  alert: '<path d="M8 2.75 14 13H2z"/><path d="M8 6.75v2.75M8 11.25h.01"/>',
  bell: '<path d="M4 11V7.25a4 4 0 0 1 8 0V11l1 1.25H3zM6.75 14.25h2.5"/>',
  ringing: '<path d="M4 11V7.25a4 4 0 0 1 8 0V11l1 1.25H3z" fill="currentColor"/><path d="M6.75 14.25h2.5"/>',
  views: '<path d="M4.5 2.75h7v10.5L8 10.75l-3.5 2.5z"/>',
  command: '<path d="m4 5 3 3-3 3M8.5 11.5H13"/>',
  project: '<path d="M2.5 4.5a1 1 0 0 1 1-1h3l1.5 1.75h4.5a1 1 0 0 1 1 1v5.25a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z"/>',
};

const SIGNS = {
  running: '<circle class="tk-pulse" cx="7" cy="7" r="6" fill="currentColor" stroke="none"/><circle cx="7" cy="7" r="3" fill="currentColor" stroke="none"/>',
  finished: '<path d="m3 7.5 2.6 2.6L11 4.5"/>',
  failed: '<path d="m3.5 3.5 7 7M10.5 3.5l-7 7"/>',
  interrupted: '<circle cx="7" cy="7" r="4.5"/><path d="m3.9 10.1 6.2-6.2"/>',
  paused: '<path d="M5 3.5v7M9 3.5v7"/>',
  lost_contact: '<path d="M4.75 5.1a2.3 2.3 0 1 1 3.3 2.1c-.7.3-1.05.7-1.05 1.4M7 11h.01"/>',
};

const WORDS = {
  running: "running",
  finished: "finished",
  failed: "failed",
  interrupted: "interrupted",
  paused: "paused",
  lost_contact: "lost contact",
};

/** @type {Map<string, SVGElement>} */
const made = new Map();

function svg(key, markup) {
  let node = made.get(key);
  if (!node) {
    const holder = document.createElement("template");
    holder.innerHTML = markup; // constants of this file only
    node = /** @type {SVGElement} */ (holder.content.firstChild);
    made.set(key, node);
  }
  return /** @type {SVGElement} */ (node.cloneNode(true));
}

/** An icon; without a word it is decoration and hidden from screen readers. @param {keyof typeof ICONS} name */
export function icon(name, word = "") {
  const node = svg(`icon ${name}`, `<svg class="tk-i" viewBox="0 0 16 16" aria-hidden="true">${ICONS[name]}</svg>`);
  if (word) {
    node.setAttribute("role", "img");
    node.removeAttribute("aria-hidden");
    node.setAttribute("aria-label", word);
  }
  return node;
}

/** The word of a state as people read it. @param {string} state */
export function stateWord(state) {
  return WORDS[state] ?? state.replaceAll("_", " ");
}

/** Whether nothing more is expected of who is in this state. @param {string} state */
export const hasEnded = (state) => ["finished", "failed", "interrupted"].includes(state);

/**
 * The sign of a state: a shape of its own, so that it is told apart without colour; its word shows on hover.
 * @param {string} state @param {boolean} [alone]  false where the word stands beside it: then it is said once
 */
export function sign(state, alone = true) {
  const known = state in SIGNS ? state : "lost_contact";
  const word = stateWord(state);
  const node = svg(
    `sign ${known}`,
    `<svg class="tk-st ${known}" viewBox="0 0 14 14" role="img"><title></title>${SIGNS[known]}</svg>`,
  );
  if (alone) {
    node.setAttribute("aria-label", word);
    /** @type {Element} */ (node.firstChild).textContent = word;
  } else {
    node.removeAttribute("role");
    node.setAttribute("aria-hidden", "true");
    node.firstChild?.remove();
  }
  return node;
}

/** The mark of the product. */
export function brandMark() {
  return svg(
    "brand",
    '<svg class="tk-brandmark" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M2.5 3.5c1 8 4 11.5 15 12.5"/><path d="M2.5 9.5c2 3 4.5 3.5 6 2.5s4-5 9-6.5" opacity=".5"/></svg>',
  );
}
