// @ts-check
/** What a training tells beside its curves, on its experiment's page: panels that stand only when there is something in them. */

import { ArtifactsPanel } from "./artifacts.js";
import { BesidePanel } from "./beside.js";
import { CheckpointsPanel } from "./checkpoints.js";
import { ConfusionPanel } from "./confusion.js";
import { CoursePanel } from "./course.js";
import { DataPanel } from "./datacounts.js";
import { contentsOf } from "../data/contents.js";
import { h } from "../base/dom.js";
import { EnvironmentPanel } from "./environment.js";
import { EvaluationsPanel } from "./evaluations.js";
import { FailurePanel, GapsPanel } from "./failure.js";
import { HardwarePanel } from "./hardware.js";
import { LabelsPanel } from "./labels.js";
import { MediaPanels } from "../media/media.js";
import { ModelPanel } from "./modelcard.js";
import { PredictionsPanel } from "./predictions.js";
import { RanksPanel } from "./ranks.js";
import { RestartsPanel } from "./restarts.js";
import { TimelinePanel } from "./timeline.js";

const EVERY_MS = 3000;
const RESTED_MS = 15_000; // of an experiment that has ended: a late record or file of it may still come
const KINDS = ["record", "media", "artifact", "artifact_used"];

/**
 * @typedef {Object} Entry  what is known of a record, a medium or an artifact before its content is asked for
 * @property {number} position @property {string} writer_id @property {number} seq @property {string} kind
 * @property {string | null} name @property {number | null} step @property {number | null} epoch @property {number | null} time_s
 * @property {string} [media] @property {number} [items]
 */

export class Facts {
  /** @param {{source: any, id: string, tells?: (told: {error: any, checkpoints: boolean}) => void, ran?: (hosts: string[]) => void, metric?: (name: string) => any, state?: any}} parts
   * `tells` hears what panels show that others need not; `ran` hears where it was started; `metric` knows titles and units; `source` may lack any of `training`, `index`, `entry`, `artifacts`: its panels stay away */
  constructor({ source, id, tells = () => {}, ran = () => {}, metric = () => null, state }) {
    this.source = source;
    this.id = id;
    this.tells = tells;
    this.live = true;
    this.failures = 0; // one after the other
    this.closed = false;
    this.failure = new FailurePanel();
    this.timeline = new TimelinePanel({ source, id, metric, state });
    this.restarts = new RestartsPanel({ source, id, ran });
    this.evaluations = new EvaluationsPanel();
    this.labels = new LabelsPanel();
    this.confusion = new ConfusionPanel((entry) => this.content(entry));
    this.predictions = new PredictionsPanel((entry) => this.content(entry));
    this.media = new MediaPanels({ source, content: (entry) => this.content(entry), contents: (entries) => this.contentsOf(entries) });
    this.course = new CoursePanel();
    this.gap = new BesidePanel();
    this.hardware = new HardwarePanel(metric);
    this.checkpoints = new CheckpointsPanel();
    this.model = new ModelPanel();
    this.data = new DataPanel();
    this.ranks = new RanksPanel();
    this.environment = new EnvironmentPanel({ source });
    this.artifacts = new ArtifactsPanel({ source, state });
    this.gaps = new GapsPanel();
    /** Above the charts, below them, and beside them: is it healthy, how good is it. */
    this.above = h("div", { class: "tk-stack" }, this.failure.root, this.timeline.root);
    this.below = h("div", { class: "tk-stack" }, this.restarts.root, this.evaluations.root, this.labels.root, this.confusion.root, this.predictions.root, this.media.root);
    this.beside = h("div", { class: "tk-stack" }, this.course.root, this.gap.root, this.checkpoints.root);
    /** With what: below the config; and what needs the width of the charts. */
    this.last = h("div", { class: "tk-stack" }, this.model.root, this.data.root, this.hardware.root, this.ranks.root, this.environment.root, this.gaps.root);
    this.wide = h("div", { class: "tk-stack" }, this.artifacts.root);
    this.after = 0;
    this.fresh = false; // records have come since the summary was asked for
    /** @type {Map<string, Promise<any>>} */ this.contents = new Map();
    this.onShown = () => document.hidden || this.poll();
    document.addEventListener("visibilitychange", this.onShown);
    this.poll();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onShown);
    for (const panel of this.panels()) panel.close?.();
  }

  /** @returns {any[]} */
  panels() {
    return [this.failure, this.timeline, this.restarts, this.evaluations, this.labels, this.confusion, this.predictions, this.media, this.course, this.gap, this.checkpoints, this.model, this.data, this.hardware, this.ranks, this.environment, this.artifacts, this.gaps];
  }

  async poll() {
    clearTimeout(this.timer);
    if (this.closed) return;
    if (!document.hidden) {
      // One that fails says nothing about the other; the bar above the page tells when nobody answers.
      const asked = await Promise.allSettled([this.#askIndex(), this.training ? null : this.#askTraining()]);
      this.failures = asked.some((each) => each.status === "rejected") ? this.failures + 1 : 0;
      if (this.#isOld()) await this.#askTraining().catch(() => {});
    }
    const wait = this.live ? EVERY_MS : this.failures ? Math.min(RESTED_MS, EVERY_MS * 2 ** (this.failures - 1)) : RESTED_MS;
    if (!this.closed && !document.hidden) this.timer = setTimeout(() => this.poll(), wait);
  }

  /** The experiment as its page polls it: environment and state. @param {any} detail */
  paint(detail) {
    this.live = detail.state === "running" || detail.state === "lost_contact";
    this.detail = detail;
    this.ranks.paint(detail.ranks);
    this.environment.paint(detail.environment ?? null);
    this.restarts.paint(detail);
    this.timeline.paint(this.training ?? null, detail); // curves alone make one
    if (this.training) this.#paintTraining();
  }

  /** Whether the summary has more to tell: there are new records; or, of who records none, new numbers now and then. */
  #isOld() {
    if (!this.training) return false;
    const heard = this.detail?.last_event_s;
    const isStill = heard === this.heard && this.detail?.state === this.told;
    return this.fresh || (!isStill && performance.now() - this.asked_ms > RESTED_MS);
  }

  async #askTraining() {
    if (!this.source.training) return;
    [this.fresh, this.asked_ms, this.heard, this.told] = [false, performance.now(), this.detail?.last_event_s, this.detail?.state];
    const training = await this.source.training(this.id);
    if (this.closed || !training) return;
    const key = JSON.stringify(training);
    if (key === this.key) return;
    this.key = key;
    this.training = training;
    this.#paintTraining();
  }

  #paintTraining() {
    for (const panel of [this.failure, this.timeline, this.evaluations, this.labels, this.confusion, this.course, this.gap, this.checkpoints, this.model, this.data, this.hardware, this.gaps]) {
      panel.paint(this.training, this.detail ?? {});
    }
    this.tells({ error: this.failure.root.hidden ? null : this.failure.error, checkpoints: !this.checkpoints.root.hidden });
  }

  async #askIndex() {
    if (!this.source.index) return;
    const { entries, after, left_out: left } = await this.source.index(this.id, { kinds: KINDS, after: this.after });
    if (this.closed) return;
    this.media.tell(left);
    if (!entries.length) return;
    this.after = after;
    const of = (/** @type {string} */ kind) => entries.filter((/** @type {Entry} */ each) => each.kind === kind);
    this.fresh ||= of("record").length > 0;
    this.confusion.add(of("record").filter((/** @type {Entry} */ each) => each.name === "confusion"));
    this.predictions.add(of("record").filter((/** @type {Entry} */ each) => each.name === "predictions"));
    this.media.add(of("media"));
    if (of("artifact").length || of("artifact_used").length) this.artifacts.ask(this.id);
  }

  /** Contents of many entries, in their order. @param {Entry[]} entries @returns {Promise<any[]>} */
  contentsOf(entries) {
    return contentsOf(this.source, entries.map((entry) => ({ experiment: this.id, entry })));
  }

  /** The content of an entry; the last ones that were asked for are kept. @param {Entry} entry @returns {Promise<any>} */
  content(entry) {
    const key = `${entry.writer_id} ${entry.seq}`;
    let asked = this.contents.get(key);
    if (!asked) {
      asked = this.source.entry(this.id, entry).then((/** @type {any} */ { content }) => content);
      asked?.catch(() => this.contents.delete(key));
    }
    this.contents.delete(key);
    this.contents.set(key, /** @type {Promise<any>} */ (asked)); // the newest last
    while (this.contents.size > 120) this.contents.delete(/** @type {string} */ (this.contents.keys().next().value));
    return /** @type {Promise<any>} */ (asked);
  }
}
