// @ts-check
/** Code that goes on with an experiment, or reads it: to copy, with this server's own address. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openDialog } from "../base/handing.js";
import { copyLine } from "../base/notices.js";
import { fill } from "../base/dom.js";
import { quoted } from "./copies.js";

/** A text as Python writes it. @param {string} words */
export function inPython(words) {
  return JSON.stringify(words).replace(/[\u007f-\u00a0\u2028\u2029\ud800-\udfff]/g, (letter) => (/[\ud800-\udfff]/.test(letter) ? letter : `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`));
}

/**
 * @typedef {{experiment_id: string, project: string, name: string, created_s: number, generation?: number}} Row
 * @param {Row} row @param {{address: string, needsToken: boolean, artifact?: string}} where
 * @returns {{title: string, words: string, code: string}[]}
 */
export function snippets(row, { address, needsToken, artifact }) {
  const { experiment_id: id, project, name } = row;
  const url = quoted(address);
  const token = needsToken ? " With TRACKIO_TOKEN set." : "";
  const year = new Date(row.created_s * 1000).getUTCFullYear();
  const day = new Date(row.created_s * 1000).toISOString().slice(0, 10);
  const link = `${address}/?experiment=${encodeURIComponent(id)}`;
  const tex = (/** @type {string} */ words) => words.replace(/[\\{}$&#%_^~]/g, (sign) => (sign === "\\" ? "\\textbackslash{}" : sign === "~" || sign === "^" ? `\\${sign}{}` : `\\${sign}`));
  return [
    {
      title: "Resume this",
      words: `In the script that goes on with it: what it logs from now on belongs to this experiment.${token}`,
      code: `import trackio_client\n\nexperiment = trackio_client.init(\n    ${inPython(project)},\n    experiment_id=${inPython(id)},\n    resume="must",\n    trackio_url=${inPython(address)},\n)`,
    },
    {
      title: "Load this in pandas",
      words: `A row a step, a column a metric; every point as it was logged.${token}`,
      code: `import trackio_client\n\napi = trackio_client.Api(${inPython(address)})\nhistory = api.history(${inPython(id)})\nconfig = api.experiment(${inPython(id)}).config`,
    },
    {
      title: "From the command line",
      words: `State, config, summary and checkpoints as JSON; the page as one HTML file.${token}`,
      code: [
        `trackio-client show ${quoted(id)} --url ${url} --summary --json > ${quoted(`${id}.json`)}`,
        `curl -sSf ${needsToken ? '-H "X-Trackio-Token: $TRACKIO_TOKEN" ' : ""}-o ${quoted(`${id}.html`)} ${quoted(`${address}/v1/experiments/${encodeURIComponent(id)}/snapshot.html`)}`,
        ...(artifact ? [`trackio-client artifacts get ${quoted(artifact)} --project ${quoted(project)} --url ${url}`] : []),
      ].join("\n"),
    },
    {
      title: "Cite",
      words: "For a paper or a report.",
      code: `@misc{${id.replace(/[^\w-]/g, "")},\n  title        = {${tex(name)} (${tex(project)})},\n  year         = {${year}},\n  howpublished = {Training run, begun ${day}},\n  url          = {${link}}\n}`,
    },
  ];
}

/** The button and its dialog. @param {{row: () => Row, needsToken: () => Promise<boolean>, artifact?: () => string | undefined}} parts */
export function codeButton({ row, needsToken, artifact }) {
  const button = h("button", { class: "tk-btn sm", title: "Code that resumes, loads or cites this experiment", "aria-haspopup": "dialog" }, icon("code"), "Use");
  button.addEventListener("click", async () => {
    const body = openDialog("Use this experiment");
    if (!body) return;
    const address = location.origin + location.pathname.replace(/\/+$/, "");
    const found = snippets(row(), { address, needsToken: await needsToken().catch(() => false), artifact: artifact?.() });
    fill(body, found.map(({ title, words, code }) => h("section", { class: "tk-use" }, h("h3", null, title), h("p", { class: "tk-soft" }, words), copyLine(code, `Copy: ${title}`))));
  });
  return button;
}
