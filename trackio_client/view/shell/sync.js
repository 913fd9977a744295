// @ts-check
// The line above the charts that says where the experiments are at home, when there is something to know: the push to
// the dataset repo is hindered, history is still being loaded from it, or nothing here survives a restart.

import { fill, h } from "../base/dom.js";
import { count } from "../base/words.js";
import { every } from "../data/pace.js";

const ASK_EVERY_MS = 20_000;
const WHILE_LOADING_MS = 2_000;

/** What to say of a server's sync state, or null. The first is the fact, the second what it means.
 * @param {{sync: any, keeps: boolean}} told @returns {{fact: string, means: string, warn: boolean} | null} */
export function syncWords({ sync, keeps }) {
  if (!sync) {
    if (keeps) return null;
    return {
      fact: "Nothing here survives a restart of this server.",
      means: "Its disk is lost then, and no dataset repo is set. Trainers keep their logs meanwhile. To keep experiments: set TRACKIO_DATASET_REPO and HF_TOKEN in the Space's settings.",
      warn: true,
    };
  }
  const waiting = sync.behind_events ? ` ${count(sync.behind_events)} events wait for it.` : "";
  if (sync.problem) {
    return {
      fact: sync.ready ? `The push to the dataset ${sync.repo} is hindered.${waiting}` : `The dataset ${sync.repo} cannot be read yet.`,
      means: `${sentence(sync.problem)} ${sync.ready ? "Charts stay live, trainings go on, and nothing is lost." : "Trainers keep what they log until it can."}`,
      warn: true,
    };
  }
  if (!sync.ready) return { fact: `Reading what the dataset ${sync.repo} holds.`, means: "Trainers are answered as soon as that is known.", warn: false };
  const { experiments = 0, rows = 0, problem = null } = sync.loading ?? {};
  if (experiments) {
    return {
      fact: `Loading the history of ${experiments === 1 ? "1 experiment" : `${count(experiments)} experiments`} from the dataset ${sync.repo}.`,
      means: problem ? sentence(problem) : `${count(rows)} rows to go. What you open comes first.`,
      warn: Boolean(problem),
    };
  }
  const strange = sync.not_ours?.length ?? 0;
  const held = sync.held_back?.length ?? 0;
  if (strange || held) {
    const first = strange ? `${sync.not_ours[0].path}: ${sync.not_ours[0].reason}` : sync.held_back[0];
    return {
      fact: strange ? `${strange === 1 ? "1 file" : `${count(strange)} files`} of the dataset ${sync.repo} cannot be read.` : `${held === 1 ? "1 log" : `${count(held)} logs`} did not come as told.`,
      means: `${sentence(first)} All else is served; nothing is overwritten.`,
      warn: true,
    };
  }
  return null;
}

/** @param {string} text */
function sentence(text) {
  const trimmed = text.trim();
  return `${trimmed[0]?.toUpperCase() ?? ""}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
}

/** Keep the line up to date while the page is looked at. A source without a server has no such state.
 * @param {HTMLElement} slot @param {any} source */
export function syncBar(slot, source) {
  if (!source.sync) return;
  let said = "";
  let timer = 0;
  const ask = async () => {
    clearTimeout(timer);
    let next = ASK_EVERY_MS;
    if (!document.hidden) {
      try {
        const told = await source.sync();
        const words = syncWords(told);
        if (told.sync?.loading?.experiments || told.sync?.ready === false) next = every(WHILE_LOADING_MS);
        const now = words ? `${words.fact} ${words.means}` : "";
        if (now !== said) {
          said = now;
          fill(slot, ...(words ? [h("div", { class: words.warn ? "tk-away" : "tk-away calm", role: "status" }, h("div", null, h("b", null, words.fact)), h("p", null, words.means))] : []));
        }
      } catch {
        // Who is away or refuses is told by the line of the list itself.
      }
    }
    timer = setTimeout(ask, next);
  };
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  ask();
}
