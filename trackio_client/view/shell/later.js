// @ts-check
/** A view whose modules are fetched when it is first looked at. */
import { fill, h } from "../base/dom.js";
import { skeleton } from "../base/notices.js";

const SKELETON_AFTER_MS = 150;

/**
 * Fetch the modules of a view and make it in its pane: `later(pane, () => import("../compare/compare.js"), ({ CompareView }) =>
 * new CompareView(pane, parts))`. The address stands in quotes in `import("…")`: so it is found when a page is put together.
 * A server that is away is told in the pane, with a button.
 *
 * @template Modules
 * @param {HTMLElement} pane empty
 * @param {() => Promise<Modules>} fetch
 * @param {(modules: Modules) => any} make
 * @returns {{ready: Promise<any>}} `ready` gives what `make` gave
 */
export function later(pane, fetch, make) {
  let tell = (/** @type {any} */ _made) => {};
  const ready = new Promise((done) => (tell = done));
  const attempt = async () => {
    const waiting = setTimeout(() => fill(pane, skeleton()), SKELETON_AFTER_MS);
    let modules;
    try {
      modules = await fetch();
    } catch (error) {
      clearTimeout(waiting);
      // A browser remembers that a module could not be fetched; only a new page asks again.
      const again = h("button", { class: "tk-btn", on: { click: () => location.reload() } }, "Load the page again");
      const words = /** @type {Error} */ (error).message;
      return void fill(pane, h("section", { class: "tk-notice" }, h("h1", null, "This view could not be fetched"), h("p", { class: "tk-soft" }, `The server did not give its script: ${words}. The other views go on.`), again));
    }
    clearTimeout(waiting);
    fill(pane);
    tell(make(modules));
  };
  attempt();
  return { ready };
}
