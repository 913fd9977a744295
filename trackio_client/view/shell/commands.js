// @ts-check
/** What the palette offers: each entry says what it does in the words of its button elsewhere. */
import { icon } from "../base/icons.js";
import { lastStep, lastTaken } from "../base/undo.js";
import { redoStep, toast, undoStep } from "../base/toast.js";
import { addressOf } from "../data/address.js";
import { age, count, plural } from "../base/words.js";
import { showPalette, signOf } from "./palette.js";
import { star, watch } from "./rowmenu.js";
import { savedOf } from "./saved.js";

const THEMES = { light: "Light theme", dark: "Dark theme", system: "Theme like the system" };

/** @param {any} shell  of shell.js */
export function palette(shell) {
  const { state, experiments, source, theme } = shell;
  showPalette(() => {
    const rows = state.get("experiments");
    const go = (/** @type {string} */ view) => () => state.set({ view, experiment: null });
    const views = shell.offered.map(([/** @type {string} */ view, { label }], /** @type {number} */ i) => ({ kind: "Views", label, keys: String(i + 1), mark: () => icon("views"), run: go(view) }));
    const opened = state.get("view") === "experiment" && rows.find((/** @type {any} */ row) => row.id === state.get("experiment"));
    const [step, taken] = [lastStep(), lastTaken()];
    const actions = [
      { label: "Copy the link to this view", run: () => copyLink(shell) },
      ...(source.points ? [{ label: "Copy what is shown as text for an assistant", run: async () => (await import("./brief.js")).copyBrief(shell) }] : []),
      ...(step ? [{ label: "Undo", note: step.words, keys: "Ctrl+Z", run: () => undoStep(step) }] : []),
      ...(taken ? [{ label: "Redo", note: taken.words, keys: "Ctrl+Shift+Z", run: () => redoStep(taken) }] : []),
      { label: "Save this view, and open others", run: () => shell.showSaved() },
      ...(opened ? [{ label: `Star “${opened.name}”`, run: () => star(opened) }, { label: `Tell me when “${opened.name}” ends`, run: () => watch(opened) }] : []),
      { label: "Show the newest ten experiments", run: () => experiments.tickNewest() },
      { label: "Show only what runs", run: () => experiments.tickOnly(rows.filter((/** @type {any} */ row) => row.state === "running").map((/** @type {any} */ row) => row.id)) },
      { label: "Show no experiment", run: () => experiments.tickOnly([]) },
      { label: "Clear search and filter", run: () => state.set({ search: "", filter: "" }) },
      { label: "Zoom out", run: () => state.set({ zoom: null, zoomY: null }) },
      { label: state.get("logY") ? "Linear y axis" : "Logarithmic y axis", run: () => state.set({ logY: !state.get("logY") }) },
      ...["step", "relative", "time"].filter((x) => x !== state.get("x")).map((x) => ({ label: `x axis: ${{ step: "step", relative: "relative time", time: "wall time" }[x]}`, run: () => state.set({ x, zoom: null, zoomY: null }) })),
      ...Object.entries(THEMES).map(([value, label]) => ({ label, run: () => theme.choose(value) })),
      { label: state.get("folded") ? "Show the list of experiments" : "Fold the list of experiments", keys: "b", run: () => shell.foldSide() },
      { label: "Keyboard and help", keys: "?", run: () => shell.showHelp() },
    ].map((entry) => ({ kind: "Do", mark: () => icon("command"), ...entry }));
    const now_s = experiments.now_s();
    const sorted = [...rows].sort((a, b) => Number(b.state === "running") - Number(a.state === "running") || b.created_s - a.created_s);
    const listed = sorted.map((row) => ({ kind: "Experiments", label: row.name, note: [row.group, `${age(now_s - row.created_s)} ago`].filter(Boolean).join(" · "), mark: signOf(row), run: () => state.set({ view: "experiment", experiment: row.id }) }));
    const metrics = (state.get("metrics") ?? []).map((/** @type {any} */ each) => ({ kind: "Metrics", label: each.metric, note: `in ${plural(each.experiments ?? 0, "experiment")}`, mark: () => icon("tune"), run: () => state.set({ view: "metrics", experiment: null, filter: each.metric }) }));
    const projects = source.projects().then(({ projects: all }) => all.filter((/** @type {any} */ each) => each.project !== state.get("project")).map((/** @type {any} */ each) => ({ kind: "Projects", label: each.project, note: `${count(each.experiments)} · ${age(now_s - each.last_event_s)} ago`, mark: () => icon("project"), run: () => shell.openProject(each.project) })));
    const saved = savedOf(shell).then((all) => all.map((view) => ({ kind: "Saved views", label: view.name, note: view.isOwn ? "yours, in this browser" : (view.by ?? "for all readers"), mark: () => icon("views"), run: () => shell.openSaved(view) })));
    return [views, saved, actions, listed, metrics, projects];
  });
}

/** The whole state, also what this reader's browser would remember: whoever opens it sees the same. @param {any} shell */
export async function copyLink({ state, experiments }) {
  const ticks = experiments.ticksByHand() ?? state.get("experiments").filter((/** @type {any} */ row) => row.shown).map((/** @type {any} */ row) => row.id);
  const link = new URL(addressOf(state, ticks), location.href).href;
  const tooMany = ticks.length > 0 && !new URL(link).searchParams.has("shown");
  try {
    await navigator.clipboard.writeText(link);
    toast(tooMany ? `Copied a link to this view, without its ${count(ticks.length)} ticks: an address holds fewer.` : "Copied a link to this view, with the experiments that are shown now.");
  } catch {
    window.prompt("Copy with Ctrl+C", link); // clipboards are closed to pages without https
  }
}
