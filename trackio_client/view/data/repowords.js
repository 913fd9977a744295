// @ts-check
/** What a page without a server says where the Space's page speaks of its server; and the way in to a private repo. */
import { h } from "../base/dom.js";
import { copyLine } from "../base/notices.js";
import { isFramed, leave } from "./oauth.js";
import { clock } from "../base/words.js";

/**
 * @param {{source: import("./repo.js").RepoSource, client: {client_id: string, endpoint: string} | null, said: string}} parts
 *     `said` tells why the log-in that this page comes back from did not work
 */
export function repoWords({ source, client, said }) {
  const { repo, endpoint } = source.files;
  const address = `${endpoint}/datasets/${repo}`;
  const link = () => h("a", { href: address, target: "_blank", rel: "noreferrer" }, repo);
  return {
    /** @param {any} error */
    access(error) {
      if (error.type === "absent" || error.type === "refused") return page(error.title, `${error.detail} ${error.hint}`, client && source.files.token ? h("p", null, logIn(client, "Log in with another account")) : null);
      if (!client) return page(`“${repo}” is not open`, "It is private, it was made private, or there is no such dataset: the Hub does not tell strangers which. This page was deployed for a public one and has no log-in.", h("p", null, "Who owns it deploys the page again, with a log-in:"), copyLine(`trackio-client deploy --static --dataset ${repo}`));
      const title = error.type === "ended" ? "Your log-in has ended" : "Log in to see these experiments";
      return page(
        title,
        h("span", null, "They lie in ", link(), ", a dataset that is private: the Hub shows it to those who may read it."),
        said ? h("p", { class: "tk-error-text", role: "alert" }, said) : null,
        h("h2", null, "What a log-in here allows"),
        h("p", null, "The Hub asks whether this page may ", h("b", null, "read your repos"), " (read-repos). It has no narrower permission: the key that it gives opens every repo that you can read, private ones too."),
        h("p", null, "The page reads ", link(), " and nothing else, and sends the key to no one but the Hub. It keeps the key in this tab's memory only: a reload or closing the tab forgets it. It loads no script from elsewhere. Its code can be read in the Space's files."),
        h("p", null, "You can take the permission back at any time: on the Hub, Settings, Connected apps."),
        h("p", { class: "tk-login" }, isFramed() ? openAlone() : logIn(client, "Log in with Hugging Face")),
      );
    },
    /** @param {{since_s: number | null, error?: any}} contact @param {boolean} hasData @returns {[string, string]} */
    away(contact, hasData) {
      const { title = "No answer from the Hub.", detail = "", hint = "" } = contact.error ?? {};
      const since = clock(contact.since_s ?? Date.now() / 1000);
      return [`${title.replace(/\.$/, "")}, since ${since}.`, [detail, hint, hasData ? "What you see stays as it was." : "", "This page goes on by itself."].filter(Boolean).join(" ")];
    },
    noProjects() {
      return page(
        "No experiments in this dataset yet",
        h("span", null, "This page draws what lies in ", link(), ". Log to it from the machine that trains; what is new appears here within some minutes."),
        steps(repo, "my-project"),
      );
    },
    /** @param {string} project @param {string[]} others @param {(project: string) => void} open */
    noExperiments(project, others, open) {
      return page(
        `No experiments in “${project}” yet`,
        h("span", null, "None lies in ", link(), ". If you expected some, check the project's name."),
        others.length ? h("p", null, "Projects in this dataset: ", others.slice(0, 12).map((name) => h("button", { class: "tk-btn sm", on: { click: () => open(name) } }, name))) : null,
        steps(repo, project),
      );
    },
    /** @param {string} id @param {string | null} project @param {() => void} back */
    unknownExperiment(id, project, back) {
      return page(
        "There is no such experiment here",
        h("span", null, `“${id}” is not in `, link(), ", or was deleted. If it is only now starting, this page opens it with the first push."),
        h("button", { class: "tk-btn", on: { click: back } }, project ? `Experiments of ${project}` : "All projects"),
      );
    },
  };
}

/** @param {{client_id: string, endpoint: string}} client @param {string} label */
function logIn(client, label) {
  const button = h("button", { class: "tk-btn primary" }, label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await leave(client);
    } catch (error) {
      button.disabled = false;
      button.parentElement.append(h("span", { class: "tk-error-text", role: "alert" }, ` The log-in did not start: ${/** @type {Error} */ (error).message}`));
    }
  });
  return button;
}

/** Inside the Space's page the Hub's log-in does not open. */
function openAlone() {
  return h("a", { class: "tk-btn primary", href: location.href, target: "_blank" }, "Open in a tab of its own to log in");
}

/** @param {string} title @param {any} lead @param {...any} rest */
function page(title, lead, ...rest) {
  return h("section", { class: "tk-notice" }, h("h1", null, title), h("p", { class: "tk-soft" }, lead), rest);
}

/** @param {string} repo @param {string} project */
function steps(repo, project) {
  return [
    h("h2", null, "1. Install, once"),
    copyLine('pip install "trackio-client[hub]"'),
    h("h2", null, "2. Say where, in the shell that starts the training"),
    copyLine(`export TRACKIO_DATASET_REPO=${repo}\nexport HF_TOKEN=…`),
    h("h2", null, "3. Log"),
    copyLine(`import trackio_client as trackio\n\nwith trackio.init(${JSON.stringify(project)}) as experiment:\n    experiment.log({"train/loss": 0.5}, step=0)`),
  ];
}
