// The line on top: which project, the search, what runs, how fresh the page is, theme, help.

import { h, isTyping, later, text } from "../base/dom.js";
import { queryOf } from "../base/query.js";
import { brandMark, icon, sign } from "../base/icons.js";
import { menuButton, openMenu } from "../base/menu.js";
import { age, clockMinutes, count, plural } from "../base/words.js";

const OWN_AFTER_MS = 600;
const THEMES = { system: "Like the system", light: "Light", dark: "Dark" };

/**
 * @param {HTMLElement} root
 * @param {{state: import("../data/state.js").PageState, experiments: import("../data/experiments.js").Experiments, source: any,
 *          theme: import("../base/theme.js").Theme, foldSide: () => void,
 *          openProject: (project: string) => void, showPalette: () => void, showSaved: () => void, help: () => void}} parts
 */
export function topBar(root, { state, experiments, source, theme, foldSide, openProject, showPalette, showSaved, help: openHelp }) {
  const chooser = menuButton({
    label: "Projects",
    title: "Choose a project",
    class: "tk-btn bare tk-project",
    items: () => projectItems(state, source),
    choose: openProject,
    empty: "No project yet. One appears with the first experiment.",
  });
  const fold = h("button", { class: "tk-btn bare icon tk-wide", title: "Fold the list of experiments (b)", "aria-label": "Fold the list of experiments" }, icon("panel"));
  fold.addEventListener("click", foldSide);

  const field = h("input", { type: "search", placeholder: "Search experiments", title: "Words of a name, group, tag or state; lr>0.001, state=failed, eval/loss<0.3; /…/ is a regular expression", "aria-label": "Search experiments", spellcheck: "false", autocomplete: "off" });
  const trouble = h("span", { class: "tk-search-trouble", role: "status", hidden: true });
  const search = h("label", { class: "tk-field tk-search" }, icon("search"), field, h("kbd", { "aria-hidden": "true" }, "/"), trouble);
  state.follow(["search"], () => {
    text(trouble, queryOf(state.get("search") ?? "").trouble);
    trouble.hidden = !trouble.textContent;
  });
  field.addEventListener("input", () => state.set({ search: field.value.trim() }));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (field.value) state.set({ search: (field.value = "") });
    else field.blur();
  });

  const running = h("b", null);
  const live = h("span", { class: "tk-live tk-running", title: "Running experiments of this project" }, sign("running", false), running, h("span", { class: "tk-wide" }, " running"));
  const fresh = h("span", { class: "tk-live tk-fresh" });
  const find = h("button", { class: "tk-btn bare icon tk-narrow", "aria-label": "Search experiments", title: "Search experiments" }, icon("search"));
  find.addEventListener("click", () => {
    root.classList.toggle("searching");
    if (root.classList.contains("searching")) field.focus();
  });
  const themes = h("button", { class: "tk-btn bare icon", "aria-label": "Theme", title: "Theme", "aria-haspopup": "listbox" }, icon("theme"));
  themes.addEventListener("click", () =>
    openMenu(themes, {
      title: "Theme",
      items: Object.entries(THEMES).map(([value, label]) => ({ value, label, chosen: theme.choice === value })),
      choose: (choice) => theme.choose(choice),
    }),
  );
  const views = h("button", { class: "tk-btn bare icon tk-wide", "aria-label": "Saved views", title: "Saved views", "aria-haspopup": "dialog" }, icon("views"));
  views.addEventListener("click", showSaved);
  const palette = h("button", { class: "tk-btn bare icon", "aria-label": "Go to, or do", title: "Go to, or do (Ctrl+K)", "aria-haspopup": "dialog" }, icon("command"));
  palette.addEventListener("click", showPalette);
  const help = h("button", { class: "tk-btn bare icon tk-wide", "aria-label": "Keyboard and help", title: "Keyboard and help (?)" }, icon("help"));
  help.addEventListener("click", openHelp);
  const own = h("span", { class: "tk-own" });
  root.append(
    h("div", { class: "tk-brand" }, brandMark(), chooser),
    fold, search, h("span", { class: "tk-grow" }), live, fresh, find, palette, views, own, themes, help,
  );
  // Who one is matters to no chart: asked when the first of them may stand.
  if (source.session) setTimeout(() => import("./account.js").then(({ account }) => account(own, { state, source }), () => {}), OWN_AFTER_MS);

  state.follow(["project", "experiments", "search"], () => {
    chooser.say(state.get("project") ?? "Choose a project");
    const now = state.get("experiments").filter((row) => row.state === "running").length;
    live.hidden = !state.get("experiments").length;
    live.classList.toggle("none", now === 0);
    text(running, count(now));
    if (field.value.trim() !== state.get("search")) field.value = state.get("search"); // what is typed is there without its spaces
  });
  const tell = () => {
    const { phase, since_s } = experiments.contact;
    fresh.classList.toggle("away", phase === "away");
    if (phase === "away") return text(fresh, `not live since ${clockMinutes(since_s ?? 0)}`);
    if (phase !== "ready") return text(fresh, "");
    const pushed_s = source.as_of_s?.(); // without a server: when the repo got something new
    if (pushed_s) {
      fresh.title = `The newest push to the repo. It is looked for again every ten seconds.`;
      return text(fresh, `as of ${clockMinutes(pushed_s)}`);
    }
    return text(fresh, `updated ${age((performance.now() - experiments.updated_ms) / 1000)} ago`);
  };
  experiments.addEventListener("contact", tell);
  setInterval(() => document.hidden || tell(), 1000);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      event.preventDefault();
      root.classList.add("searching");
      field.focus();
      field.select();
    } else if (event.key === "?") openHelp();
    else if (event.key === "b") foldSide();
  });
  field.addEventListener("blur", later(() => field.value || root.classList.remove("searching"), 150));
}

async function projectItems(state, source) {
  const { projects } = await source.projects();
  const now_s = Date.now() / 1000;
  return projects.map((each) => ({
    value: each.project,
    label: each.project,
    note: `${plural(each.experiments, "experiment")}, ${age(now_s - each.last_event_s)} ago`,
    chosen: each.project === state.get("project"),
  }));
}
