// @ts-check
/** Questions of this view: asked when they change, kept while they do not, the newest answer wins. */
import { fill, h } from "../base/dom.js";

const SKELETON_AFTER_MS = 150;

/** One question at a time; an answer to an older one is dropped. */
export class Asked {
  /** @param {{ask: (key: any) => Promise<any>, paint: (answer: any, key: any) => void, pane: HTMLElement}} parts
   *  `pane` says what is wrong, and that something is under way, when nothing is painted yet */
  constructor({ ask, paint, pane }) {
    Object.assign(this, { ask, paint, pane });
    /** @type {(key: any) => Promise<any>} */ this.ask = ask;
    /** @type {(answer: any, key: any) => void} */ this.paint = paint;
    this.pane = pane;
    this.run = 0;
    this.key = "";
    this.said = "";
    this.answered = false;
  }

  /** @param {any} key what decides the answer @param {{again?: boolean}} [how] ask although the key is the same */
  async want(key, { again = false } = {}) {
    const text = JSON.stringify(key);
    if (text === this.key && !again) return;
    const other = text !== this.key;
    this.key = text;
    const run = ++this.run;
    const waiting = setTimeout(() => run === this.run && other && this.say("Loading"), SKELETON_AFTER_MS);
    try {
      const answer = await this.ask(key);
      if (run !== this.run) return;
      const told = JSON.stringify(answer);
      if (other || told !== this.said) this.paint(answer, key);
      this.said = told;
      this.answered = true;
      this.say("");
    } catch (error) {
      if (run === this.run) this.failed(/** @type {any} */ (error), key);
    } finally {
      clearTimeout(waiting);
    }
  }

  /** @param {any} error @param {any} key */
  failed(error, key) {
    const again = h("button", { class: "tk-btn sm", on: { click: () => this.want(key, { again: true }) } }, "Try again");
    this.say([error.message, " ", again], true);
    this.key = error.passing ? this.key : "";
  }

  /** Forget, so that the next question is asked whatever it is. */
  forget() {
    this.run++;
    this.key = "";
    this.say("");
  }

  /** @param {any} words @param {boolean} [bad] */
  say(words, bad = false) {
    this.pane.hidden = !words;
    this.pane.className = `tk-compare-said${bad ? " bad" : ""}`;
    fill(this.pane, words);
  }
}

/** A comparison from what a page without a server knows of each: configs and last numbers. @param {any[]} details */
export function comparisonOf(details) {
  const flats = new Map(details.map((each) => [each.experiment_id, new Map(flat(each.config ?? {}))]));
  const keys = [...new Set([...flats.values()].flatMap((each) => [...each.keys()]))].sort();
  /** @type {Record<string, any>} */ const config = {};
  /** @type {Record<string, any>} */ const same = {};
  for (const key of keys) {
    const values = [...flats.values()].map((each) => (each.has(key) ? JSON.stringify(each.get(key)) : undefined));
    if (values.every((value) => value === values[0])) same[key] = flats.values().next().value?.get(key);
    else config[key] = Object.fromEntries([...flats].filter(([, each]) => each.has(key)).map(([id, each]) => [id, each.get(key)]));
  }
  const names = [...new Set(details.flatMap((each) => Object.keys(each.summary ?? {})))];
  const numbers = names.map((metric) => {
    const having = details.filter((each) => each.summary?.[metric]);
    const of = (/** @type {string} */ word) => Object.fromEntries(having.filter((each) => each.summary[metric][word] !== null && each.summary[metric][word] !== undefined).map((each) => [each.experiment_id, each.summary[metric][word]]));
    return { metric, goal: having[0]?.summary[metric].goal ?? null, step: null, at_step: {}, last: of("last"), best: of("best"), steps: of("last_step") };
  });
  return { comparable: null, experiments: details.map(({ experiment_id, name, state }) => ({ experiment_id, name, state })), config, same, environment: null, numbers, numbers_left_out: 0 };
}

/** @param {any} values @param {string} before @returns {[string, any][]} */
function flat(values, before = "") {
  return Object.entries(values).flatMap(([key, value]) =>
    value && typeof value === "object" && !Array.isArray(value) && !("$float" in value) && Object.keys(value).length ? flat(value, `${before}${key}.`) : [/** @type {[string, any]} */ ([before + key, value])]);
}
