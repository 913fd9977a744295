// @ts-check
/** The first script of a page without a server: the same shell as the Space's, drawing from a dataset repo. */
import { h } from "./base/dom.js";
import { HubFiles } from "./data/hubfiles.js";
import { clientHere, comeBack } from "./data/oauth.js";
import { RepoSource } from "./data/repo.js";
import { Shell } from "./shell/shell.js";
import { repoWords } from "./data/repowords.js";

/** @type {{repo: string, endpoint: string, private: boolean, large: boolean, every_s: number}} */
const settings = JSON.parse(document.getElementById("trackio-settings")?.textContent ?? "{}");

async function start() {
  if (!globalThis.crypto?.subtle) throw new Error("it needs https, and this address has none");
  if (!globalThis.DecompressionStream) throw new Error("it needs a browser of 2023 or newer");
  const client = clientHere(settings.endpoint);
  const files = new HubFiles(settings);
  const early = /** @type {any} */ (globalThis).trackioEarly;
  if (early) files.early.set("view/head.json", early);
  let said = "";
  try {
    files.token = await comeBack(client);
  } catch (error) {
    said = /** @type {Error} */ (error).message;
  }
  const source = new RepoSource({ files, every_ms: settings.every_s * 1000 });
  source.large = settings.large;
  const shell = new Shell({ source, words: repoWords({ source, client, said }) });
  document.body.append(shell.root);
}

start().catch((error) => {
  document.body.append(h("p", { class: "tk-plain-error" }, `This page could not start: ${error.message}.`));
  throw error;
});
