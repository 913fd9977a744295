// @ts-check
/** What a reader does with one experiment of the list: star it, hide it, be told when it ends, which is this browser's own; and what
 * writers and owners do for everybody. */
import { isMarked, mark } from "../base/marks.js";
import { openMenu } from "../base/menu.js";
import { HUE_NAMES, ownHue, setHue } from "../base/owncolors.js";
import { toast } from "../base/toast.js";
import { plural } from "../base/words.js";
import { actionsOf } from "../table/actions.js";

/** @param {any} row */
export function star(row) {
  const on = !isMarked("starred", row.id);
  mark("starred", [row.id], on);
  toast(on ? `“${row.name}” is starred: it stands first in your lists.` : `“${row.name}” is not starred any more.`, { undo: () => mark("starred", [row.id], !on), redo: () => mark("starred", [row.id], on) });
}

/** Out of the lists of this browser, and out of the charts; or back. @param {any[]} rows @param {any} experiments */
export function hide(rows, experiments) {
  const on = !rows.every((row) => isMarked("hidden", row.id));
  const ids = rows.map((row) => row.id);
  const before = experiments.ticksByHand();
  const apply = () => {
    mark("hidden", ids, on);
    if (on && before) experiments.tick(ids, false); // else the newest ten of those that are left are shown
  };
  apply();
  const who = rows.length === 1 ? `“${rows[0].name}”` : plural(rows.length, "experiment");
  toast(on ? `${who} is hidden in this browser. Others see it as before.` : `${who} is in your lists again.`, {
    undo: () => {
      mark("hidden", ids, !on);
      before ? experiments.tickListed(before) : experiments.tickNewest();
    },
    redo: apply,
  });
}

/** @param {any} row */
export function watch(row) {
  document.dispatchEvent(new CustomEvent("trackio-watch", { detail: row })); // the shell has what watches
}

/** Its colour in charts and lists: one of the palette, or the automatic one again. @param {any} row @param {any} state @param {HTMLElement} at */
function openColors(row, state, at) {
  const now = ownHue(state.get("colors"), row.id);
  const items = [
    { value: "", label: "automatic", note: "by its place among all experiments", chosen: now === undefined },
    ...HUE_NAMES.map((label, hue) => ({ value: String(hue), label, swatch: `var(--s${hue + 1})`, chosen: now === hue })),
  ];
  const choose = (/** @type {string} */ value) => {
    setHue(state, row.id, value === "" ? null : Number(value));
    const words = value === "" ? `“${row.name}” has its automatic colour again.` : `“${row.name}” is ${HUE_NAMES[Number(value)]} in this browser, and in links from it.`;
    toast(words, { undo: () => setHue(state, row.id, now ?? null), redo: () => setHue(state, row.id, value === "" ? null : Number(value)) });
  };
  openMenu(at, { title: `Colour of ${row.name}`, items, choose });
}

/** The menu of a row. @param {any} row @param {{experiments: any, source: any, may: string | null, open: (id: string) => void, at: HTMLElement}} parts `may`: the role of who reads; `at`: where it opened */
export function rowItems(row, { experiments, source, may, open, at }) {
  const actions = actionsOf(row, { experiments, source, may });
  const ends = row.state === "finished" || row.state === "failed" || row.state === "interrupted";
  const items = [
    { value: "only", label: "Show only this one", note: "o" },
    { value: "open", label: "Open", note: "Enter" },
    { value: "star", label: isMarked("starred", row.id) ? "Remove the star" : "Star", note: "s" },
    { value: "hide", label: isMarked("hidden", row.id) ? "Back into my lists" : "Hide from my lists", note: "h" },
    { value: "color", label: "Colour …" },
    ...(ends && !isMarked("watched", row.id) ? [] : [{ value: "watch", label: isMarked("watched", row.id) ? "Do not tell me when it ends" : "Tell me when it ends", note: "w" }]),
    { value: "id", label: "Copy its id" },
    ...actions.map(({ value, label, note }) => ({ value, label, note, group: "For everybody" })),
  ];
  /** @type {Record<string, () => any>} */
  const acts = {
    only: () => experiments.tickOnly([row.id]),
    open: () => open(row.id),
    star: () => star(row),
    hide: () => hide([row], experiments),
    watch: () => watch(row),
    color: () => setTimeout(() => openColors(row, experiments.state, at)), // when this menu is gone
    id: () => copyId(row.id),
    ...Object.fromEntries(actions.map(({ value, run }) => [value, run])),
  };
  return { items, run: (/** @type {string} */ value) => acts[value]?.() };
}

/** @param {string} id */
async function copyId(id) {
  try {
    await navigator.clipboard.writeText(id);
    toast(`Copied ${id}.`);
  } catch {
    window.prompt("Copy with Ctrl+C", id); // clipboards are closed to pages without https
  }
}
