// @ts-check
/** Tabs of views that most projects have nothing for: there is none until something is there, or a link opened the view. */

import { remember, remembered } from "../base/remember.js";
import { VIEWS } from "./views.js";

const AFTER_MS = 1500; // after the first charts
const AGAIN_MS = 60_000;

/** @param {any} shell of shell.js: its `offered` and `links` are those of all tabs, and afterwards those that are shown */
export function offering(shell) {
  const { state, source } = shell;
  const all = shell.offered;
  const asked = all.filter((/** @type {any} */ [, view]) => view.hasSome).map((/** @type {any} */ [name]) => name);
  if (!asked.length) return;
  /** @param {string} name @returns {string[]} projects in which something was seen */
  const known = (name) => remembered().offered?.[name] ?? [];
  const isShown = (/** @type {string} */ name) => !asked.includes(name) || name === state.get("view") || known(name).includes(state.get("project"));
  const draw = () => {
    shell.offered = all.filter((/** @type {any} */ [name]) => isShown(name));
    for (const link of shell.links) link.hidden = !isShown(link.dataset.view);
  };
  const ask = async () => {
    const project = state.get("project");
    if (document.hidden || !project) return;
    for (const name of asked) {
      if (known(name).includes(project)) continue;
      const has = await /** @type {any} */ (VIEWS)[name].hasSome(source, project).catch(() => false);
      if (has) remember({ offered: { ...remembered().offered, [name]: [...known(name), project].slice(-200) } });
    }
    draw();
  };
  let timer = 0;
  state.follow(["project", "view"], (/** @type {Set<string>} */ keys) => {
    draw();
    if (!keys.has("project")) return;
    clearTimeout(timer);
    timer = setTimeout(ask, AFTER_MS);
  });
  setInterval(ask, AGAIN_MS);
}
