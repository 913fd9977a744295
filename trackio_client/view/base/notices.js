// What stands where charts cannot: nothing yet, waiting, wrong address, no access, nobody there. Each says what to do.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { clock, count } from "./words.js";

/** A line to copy. @param {string} code @param {string} [word] what it is */
export function copyLine(code, word = "Copy") {
  const button = h("button", { class: "tk-btn bare icon tk-copy", title: word, "aria-label": word }, icon("copy"));
  button.addEventListener("click", () => copy(code, button));
  return h("div", { class: "tk-code" }, h("pre", { tabindex: "0" }, code), button);
}

/** Put text on the clipboard and say so at the button. @param {string} words @param {HTMLElement} button */
export async function copy(words, button) {
  const before = button.title;
  try {
    await navigator.clipboard.writeText(words);
    button.replaceChildren(icon("check"));
    button.title = "Copied";
  } catch {
    // Clipboards are closed to pages without https: show the text, chosen, for the reader's own keys.
    window.prompt("Copy with Ctrl+C", words);
  }
  setTimeout(() => {
    button.replaceChildren(icon("copy"));
    button.title = before;
  }, 1500);
}

function page(title, lead, ...rest) {
  return h("section", { class: "tk-notice" }, h("h1", null, title), lead && h("p", { class: "tk-soft" }, lead), rest);
}

/** How to log the first experiment. @param {string|null} project */
export function firstSteps(project) {
  const address = location.origin;
  const name = project ?? "my-project";
  const quoted = JSON.stringify(name);
  return [
    h("h2", null, "1. Install, once"),
    copyLine("pip install trackio-client"),
    h("h2", null, "2. Say where, in the shell that starts the training"),
    copyLine(`export TRACKIO_URL=${address}`),
    h("p", { class: "tk-soft" }, "If this server asks for a token: ", h("code", null, "export TRACKIO_TOKEN=…"), ", the server's TRACKIO_WRITE_TOKEN."),
    h("h2", null, "3. Log"),
    copyLine(`import trackio_client as trackio\n\nwith trackio.init(${quoted}) as experiment:\n    experiment.log({"train/loss": 0.5}, step=0)`),
    h("h2", null, "Or from the Transformers Trainer"),
    copyLine("from trackio_client.integrations.transformers import TrackioCallback\n\ntrainer = Trainer(…, callbacks=[TrackioCallback()])"),
    h("h2", null, "Or bring logs that you have"),
    copyLine(`trackio-client import PATH --project ${/^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`}`),
  ];
}

/** Nothing was ever logged to this server. */
export function noProjects() {
  return page("No experiments yet", "Log one from the machine that trains. It appears here by itself.", firstSteps(null));
}

/** A project that nobody logged to. @param {string} project @param {string[]} others @param {(project: string) => void} open */
export function noExperiments(project, others, open) {
  return page(
    `No experiments in “${project}” yet`,
    "Log one from the machine that trains. It appears here by itself. If you expected some, check the project's name.",
    others.length ? h("p", null, "Projects on this server: ", others.slice(0, 12).map((name) => h("button", { class: "tk-btn sm", on: { click: () => open(name) } }, name))) : null,
    firstSteps(project),
  );
}

/** Experiments are there, none of them ticked. @param {number} total @param {() => void} show */
export function nothingTicked(total, show) {
  return page(
    "No experiment is ticked",
    `Tick some of the ${count(total)} experiments in the list to see their charts, or press x on a row.`,
    h("button", { class: "tk-btn", on: { click: show } }, "Show the newest ten"),
  );
}

/** Ticked experiments without one number. @param {boolean} several @param {boolean} ended  all of them */
export function noMetrics(several, ended) {
  const who = several ? "The experiments shown" : "This experiment";
  return page(
    ended ? "No metric was logged" : "No metric logged yet",
    ended ? `${who} ended without logging a number. The next one does it so:` : `${who} ${several ? "have" : "has"} logged no number so far. Charts appear with the first.`,
    copyLine('experiment.log({"train/loss": 0.5}, step=0)'),
  );
}

/** A filter that no metric's name passes. @param {number} [unlisted] metrics that the page knows only the number of */
export function noHits(filter, total, clear, unlisted = 0) {
  const more = unlisted ? ` ${count(unlisted)} more are not listed on this page, which lists an experiment's 400 most important.` : "";
  return page(`No metric holds “${filter}”`, `It was looked for in the names of ${count(total)} metrics of this project.${more}`, h("button", { class: "tk-btn", on: { click: clear } }, "Clear the filter"));
}

/** No hardware was recorded. */
export function noSystem() {
  return page(
    "No hardware recorded",
    "Use of GPU, memory and CPU is read on the machine that trains, every 10 seconds from init on, unless TRACKIO_HARDWARE_S or hardware_s is 0:",
    copyLine("import trackio_client\n\ntrackio_client.init(hardware_s=10)"),
    h("p", { class: "tk-soft" }, "Or log numbers of your own under ", h("code", null, "system/"), ": they are drawn here, against time."),
  );
}

/** An id in the address that this server does not know. */
export function unknownExperiment(id, project, back) {
  return page(
    "There is no such experiment here",
    `“${id}” was never logged to this server, or was deleted. If it is only now starting, this page opens it as soon as it is known.`,
    h("p", null, "Ids look like ", h("code", null, "exp_20261121_091204_k3fq2xwa"), ". ", "To see what this server holds, on its machine:"),
    copyLine("trackio-client list"),
    project ? h("button", { class: "tk-btn", on: { click: back } }, `Experiments of ${project}`) : h("button", { class: "tk-btn", on: { click: back } }, "All projects"),
  );
}

/** The server wants a token. @param {(token: string) => Promise<void>} send */
export function noAccess(send) {
  const field = h("input", { type: "password", name: "token", autocomplete: "current-password", "aria-label": "Token", placeholder: "Token", required: true });
  const said = h("p", { class: "tk-error-text", role: "alert" });
  const form = h("form", { class: "tk-token" }, h("label", { class: "tk-field" }, field), h("button", { class: "tk-btn primary" }, "Open"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    try {
      await send(field.value.trim());
    } catch (error) {
      said.textContent = /** @type {any} */ (error).message;
      field.select();
    }
  });
  return page(
    "This server asks for a token",
    "It is the TRACKIO_WRITE_TOKEN that the server was started with. This browser keeps it as a cookie that scripts cannot read.",
    form,
    said,
  );
}

/** Any other refusal. */
export function failed(error, again) {
  return page(
    error.title ?? "The server could not answer",
    [error.detail, error.hint].filter(Boolean).join(" ") || error.message,
    h("button", { class: "tk-btn", on: { click: again } }, "Try again"),
  );
}

/** What the line above everything says while nobody answers: seen, and what it means. @returns {[string, string]}
 * @param {{since_s: number|null, error?: any}} contact @param {boolean} hasData */
function awayWords(contact, hasData) {
  const since = clock(contact.since_s ?? Date.now() / 1000);
  const status = contact.error?.status ?? 0; // 0: nobody answered at all
  const seen = status === 429 ? `The server asks to wait since ${since}: too many requests came from here.`
    : status ? `The server answers with an error (${status}) since ${since}.` : `No answer from the server since ${since}.`;
  return [
    seen,
    hasData ? "What you see stays as it was. Trainers keep their events and send them later. This page goes on by itself." : "Trainers keep their events and send them later. This page goes on by itself once the server answers.",
  ];
}

/** The line above everything while nobody answers. @param {{next_ms: number|null}} contact @param {[string, string]} words @param {() => void} again */
export function awayBar(contact, [seen, means], again) {
  const left = h("span", null);
  const bar = h(
    "div",
    { class: "tk-away", role: "status" },
    h("div", null, h("b", null, seen), " ", left),
    h("p", null, means),
    h("button", { class: "tk-btn sm", on: { click: again } }, "Try now"),
  );
  bar.tell = () => {
    const s = Math.ceil(((contact.next_ms ?? 0) - performance.now()) / 1000);
    left.textContent = s > 0 ? `Next try in ${s} s.` : "Trying.";
  };
  bar.tell();
  return bar;
}

/** What is said of a server; a page without one has words of its own (repowords.js). */
export const SERVER_WORDS = {
  /** @param {any} _error @param {(token: string) => Promise<void>} send */
  access: (_error, send) => noAccess(send),
  away: awayWords,
  noProjects,
  noExperiments,
  unknownExperiment,
};

/** Grey shapes for what is to come, shown only when it takes longer than a blink. */
export function skeleton() {
  const chart = () => h("div", { class: "tk-bones" }, h("i"), h("i"), h("i"), h("i"));
  return h("div", { class: "tk-bones-all", "aria-label": "Loading", role: "status" }, chart(), chart(), chart(), chart(), chart(), chart());
}
