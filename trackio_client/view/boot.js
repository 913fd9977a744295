// The first script of the page: starts the shell before Gradio has loaded, and gives it to Gradio's component.

import { HttpSource } from "./data/source.js";
import { Shell, login } from "./shell/shell.js";

/** @type {any} */
const page = (globalThis.trackioPage ??= {});

/** The one shell of this page, made on first use. */
export function shell() {
  if (!page.shell) {
    takeToken();
    page.shell = new Shell({ source: new HttpSource(), first: page.first ?? {} });
    document.body.append(page.shell.root);
  }
  return page.shell;
}

/**
 * Answer a Gradio component: the page's one shell, for its queries. The shell covers the window beside Gradio's root
 * rather than in it: it stands before Gradio has come, no update of Gradio can make it anew, and none of Gradio's rules
 * for tables, headings and ticks reach into it.
 * @param {HTMLElement} element  the component's, which has nothing to show itself
 */
export function mount(element) {
  element.hidden = true;
  return shell();
}

/** `/#token=…` gives the token once; it leaves the address before anything else reads it. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return;
  history.replaceState(null, "", location.pathname + location.search);
  login(token).catch(() => {}); // who came this far may read already; a wrong token changes nothing
}

shell();
