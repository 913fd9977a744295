// @ts-check
/** Everything by its name: views, saved views, actions, projects, experiments, metrics. Typed words are looked for in all of them; a
 * name that begins with what was typed stands first. Made anew at each opening, so that nothing of it is old. */
import { fill, h, text } from "../base/dom.js";
import { icon, sign } from "../base/icons.js";

const MOST = 60; // rows made; more nobody reads
const OF_A_KIND = 8; // while nothing is typed, and of each kind at first

/** @typedef {{kind: string, label: string, note?: string, mark?: () => Node, keys?: string, run: () => any}} Entry */

/** @type {HTMLDialogElement | null} */
let open = null;

/** @param {() => (Entry[] | Promise<Entry[]>)[]} entries what is there at once, and what is still to be fetched */
export function showPalette(entries) {
  if (open?.isConnected) return;
  const field = h("input", { type: "text", placeholder: "Go to a view, experiment, metric, project, or do something", "aria-label": "Go to, or do", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "true", "aria-controls": "tk-palette-list", "aria-autocomplete": "list" });
  const list = h("div", { class: "tk-palette-list", id: "tk-palette-list", role: "listbox", "aria-label": "Found" });
  const foot = h("div", { class: "tk-palette-foot tk-soft", role: "status" });
  const dialog = h("dialog", { class: "tk-dialog tk-palette", "aria-label": "Go to, or do" }, h("label", { class: "tk-field" }, icon("search"), field), list, foot);
  open = dialog;
  /** @type {{entry: Entry, low: string}[]} */
  let all = [];
  /** @type {Entry[]} */
  let hits = [];
  let at = 0;

  const draw = () => {
    hits = found(all, field.value);
    at = Math.max(0, Math.min(at, hits.length - 1));
    let kind = "";
    const rows = [];
    for (const [i, entry] of hits.entries()) {
      if (entry.kind !== kind) rows.push(h("div", { class: "tk-menu-group", role: "presentation" }, (kind = entry.kind)));
      const row = h("div", { class: "tk-palette-row", role: "option", id: `tk-palette-${i}`, "aria-selected": String(i === at), data: { i } },
        h("span", { class: "tk-palette-mark" }, entry.mark?.() ?? null),
        h("span", { class: "tk-menu-label" }, entry.label),
        entry.note ? h("span", { class: "tk-menu-note" }, entry.note) : null,
        entry.keys ? h("kbd", null, entry.keys) : null);
      rows.push(row);
    }
    fill(list, rows);
    text(foot, hits.length ? (hits.length >= MOST ? `The first ${MOST}: type more to find others.` : "") : `Nothing here holds “${field.value.trim()}”.`);
    foot.hidden = !foot.textContent;
    choose(at);
  };

  const choose = (/** @type {number} */ next) => {
    list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    at = next;
    const row = list.querySelector(`[data-i="${at}"]`);
    row?.setAttribute("aria-selected", "true");
    row?.scrollIntoView({ block: "nearest" });
    if (row) field.setAttribute("aria-activedescendant", row.id);
    else field.removeAttribute("aria-activedescendant");
  };

  const run = (/** @type {number} */ i) => {
    const entry = hits[i];
    if (!entry) return;
    dialog.close();
    entry.run();
  };

  field.addEventListener("input", () => ((at = 0), draw(), (list.scrollTop = 0)));
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by) {
      event.preventDefault();
      const next = at + by;
      choose(Math.abs(by) === 1 ? (next + hits.length) % Math.max(1, hits.length) : Math.max(0, Math.min(hits.length - 1, next)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(at);
    }
  });
  dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") event.preventDefault(), dialog.close();
    event.stopPropagation();
  });
  list.addEventListener("click", (/** @type {any} */ event) => run(Number(event.target.closest(".tk-palette-row")?.dataset.i ?? -1)));
  list.addEventListener("pointermove", (/** @type {any} */ event) => {
    const row = event.target.closest(".tk-palette-row");
    if (row && Number(row.dataset.i) !== at && (event.movementX || event.movementY)) choose(Number(row.dataset.i));
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());

  (document.querySelector(".tk") ?? document.body).append(dialog);
  dialog.showModal();
  field.focus();
  const parts = entries();
  /** @type {Entry[][]} */
  const here = parts.map(() => []);
  const put = () => {
    all = here.flat().map((entry) => ({ entry, low: `${entry.label} ${entry.note ?? ""} ${entry.kind}`.toLowerCase() }));
    draw();
  };
  parts.forEach((part, i) => {
    if (Array.isArray(part)) here[i] = part;
    else part.then((came) => ((here[i] = came), dialog.isConnected && put()), () => {}); // the page's own polls say what is wrong
  });
  put();
}

/** What holds all words, kinds in their order; of a kind first what begins with them. @param {{entry: Entry, low: string}[]} all @param {string} typed @returns {Entry[]} */
export function found(all, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const whole = words.join(" ");
  /** @type {Map<string, Entry[][]>} by kind, then by how well they fit: nothing is sorted, for there may be 10,000 */
  const kinds = new Map();
  for (const { entry, low } of all) {
    if (!words.every((word) => low.includes(word))) continue;
    // `low` begins with the label.
    const end = entry.label.length;
    const rank = !words.length ? 1 : low.startsWith(whole) ? (end === whole.length ? 0 : 1) : words.every((word) => low.lastIndexOf(word, end - word.length) >= 0) ? 2 : 3;
    let ranks = kinds.get(entry.kind);
    if (!ranks) kinds.set(entry.kind, (ranks = [[], [], [], []]));
    if (ranks[rank].length < MOST) ranks[rank].push(entry);
  }
  const groups = [...kinds.values()].map((ranks) => ({ best: ranks.findIndex((each) => each.length), hits: ranks.flat() }));
  // With something typed, the kind of the best hit stands first; without, kinds stand as they were given.
  if (words.length) groups.sort((a, b) => a.best - b.best);
  const room = words.length ? Math.max(OF_A_KIND, Math.floor(MOST / Math.max(1, groups.length))) : OF_A_KIND;
  return groups.flatMap(({ hits }) => hits.slice(0, room)).slice(0, MOST);
}

/** @param {any} row @returns {() => Node} */
export const signOf = (row) => () => sign(row.state);
