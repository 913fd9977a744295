// @ts-check
/** One experiment on the Overview: what it is, how far and how well, its curve, its two numbers, its last word. */
import { swatchOf, variableOf } from "../base/colors.js";
import { fill, h, text } from "../base/dom.js";
import { middle } from "../base/fit.js";
import { sign, stateWord } from "../base/icons.js";
import { age, capital, clock, count, duration, exact, iso, number, plural } from "../base/words.js";
import { healthOf, progressOf } from "./choosing.js";
import { draw, spark } from "./spark.js";

const QUIET_S = 45; // of a running one: three signs of life that did not come

export class Line {
  /** @param {string} part "alive", "trouble", "best" or "ended" @param {(id: string) => void} open */
  constructor(part, open) {
    this.part = part;
    this.rank = h("span", { class: "tk-ov-rank" });
    this.sign = h("span", { class: "tk-ov-sign" });
    this.name = h("a", { class: "tk-ov-name" });
    this.more = h("span", { class: "tk-ov-more tk-soft" });
    this.words = h("span", { class: "tk-ov-words" });
    this.bar = h("i", null);
    this.meter = h("span", { class: "tk-ov-meter", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true }, this.bar);
    this.curve = spark();
    this.loss = figure("loss");
    this.headline = figure("headline");
    this.old = h("span", { class: "tk-ov-old tk-soft" });
    this.node = h("div", { class: `tk-ov-line ${part}`, role: "listitem" },
      h("span", { class: "tk-ov-lead" }, part === "best" ? this.rank : this.sign),
      h("div", { class: "tk-ov-who" }, this.name, this.more),
      h("div", { class: "tk-ov-what" }, this.words, this.meter),
      this.curve, this.loss.node, this.headline.node, this.old);
    this.name.addEventListener("click", (/** @type {any} */ event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      open(this.id);
    });
  }

  /** @param {any} row @param {{loss: import("./choosing.js").Metric | null, headline: import("./choosing.js").Metric | null, sparks: import("./spark.js").Sparks,
   *   now_s: number, rank: number, isBest: boolean, isNew: boolean}} with_ */
  paint(row, { loss, headline, sparks, now_s, rank, isBest, isNew }) {
    this.id = row.id;
    if (this.node.dataset.id !== row.id) this.node.dataset.id = row.id;
    this.node.style.setProperty("--c", `var(${variableOf(row.color)})`);
    this.node.style.setProperty("--swatch", swatchOf(row.color));
    if (this.state !== row.state) fill(this.sign, sign((this.state = row.state)));
    text(this.rank, String(rank));
    if (this.name.textContent !== row.name) fill(this.name, middle(row.name));
    this.name.title = [row.name, row.id].join("\n");
    this.name.href = `?${new URLSearchParams({ project: row.project, experiment: row.id })}`;
    text(this.more, [isNew ? "new" : "", row.group, ...(row.tags ?? [])].filter(Boolean).join(" · "));
    const isLive = row.state === "running";
    // The best are drawn by what makes them that; all others by their loss.
    const shown = this.part === "best" ? headline : (sparks.of(row.id, loss?.metric) ? loss : (headline ?? loss));
    const curve = sparks.of(row.id, shown?.metric);
    draw(this.curve, curve, { label: shown ? `${shown.metric} of ${row.name}${curve ? "" : ": not logged"}` : "", isLive });
    const health = isLive ? healthOf(sparks.of(row.id, loss?.metric), loss?.goal ?? null) : null;
    this.say(row, now_s, health, loss);
    this.loss.paint(loss, row, false);
    this.headline.paint(headline?.metric === loss?.metric ? null : headline, row, isBest);
    const heard_s = isLive ? row.last_heard_s : (row.since_s ?? row.last_event_s);
    text(this.old, `${age(now_s - heard_s)}${isLive ? "" : " ago"}`);
    this.old.title = `${isLive ? "Last heard" : capital(stateWord(row.state))}: ${clock(heard_s, now_s)} (${iso(heard_s)})`;
  }

  /** How far it is, or how it ended. @param {any} row @param {number} now_s @param {{word: string, isBad: boolean} | null} health @param {import("./choosing.js").Metric | null} loss */
  say(row, now_s, health, loss) {
    const isLive = row.state === "running" || row.state === "paused";
    const done = isLive ? progressOf(row, now_s) : null;
    this.meter.hidden = !done;
    if (done) {
      this.bar.style.width = `${(100 * done.share).toFixed(1)}%`;
      this.meter.setAttribute("aria-valuenow", String(Math.round(100 * done.share)));
      this.meter.setAttribute("aria-label", `Progress of ${row.name}`);
    }
    let words;
    let isBad = false;
    if (this.part === "trouble") {
      words = `${capital(stateWord(row.state))}. ${row.evidence ?? ""}`;
    } else if (isLive) {
      const steps = row.last_step === null || row.last_step === undefined ? "no step yet" : done ? `step ${count(row.last_step)} of ${count(done.total)}` : `step ${count(row.last_step)}`;
      const quiet_s = now_s - row.last_heard_s;
      isBad = health?.isBad === true || quiet_s > QUIET_S;
      words = [
        row.state === "paused" ? "paused" : null,
        steps,
        done?.left_s ? `${duration(done.left_s)} left` : null,
        row.state === "running" && quiet_s > QUIET_S ? `silent for ${age(quiet_s)}` : null,
        health ? `${loss?.metric.split("/").at(-1)} ${health.word}` : null,
      ].filter(Boolean).join(" · ");
    } else {
      words = `${capital(stateWord(row.state))} after ${duration(row.duration_s)}${row.last_step === null || row.last_step === undefined ? "" : `, step ${count(row.last_step)}`}`;
    }
    if (row.missing > 0) {
      words = `${plural(row.missing, "event")} missing · ${words}`;
      isBad = true;
    }
    text(this.words, words);
    this.words.title = this.part === "trouble" ? words : "";
    this.node.classList.toggle("bad", isBad);
  }
}

/** A number over the name of its metric. @param {"loss" | "headline"} place */
function figure(place) {
  const value = h("b", null);
  const name = h("span", { class: "tk-soft" });
  const node = h("span", { class: `tk-ov-figure ${place}` }, value, name);
  return {
    node,
    /** @param {import("./choosing.js").Metric | null} metric @param {any} row @param {boolean} isBest */
    paint(metric, row, isBest) {
      const held = metric ? row.columns[`metric:${metric.metric}`] : undefined;
      text(value, !metric || held === undefined ? "" : number(held));
      text(name, !metric || held === undefined ? "" : metric.metric);
      node.classList.toggle("best", isBest);
      node.title = metric && held !== undefined ? `${metric.metric}, last: ${exact(held)}${isBest ? ", the best of the project" : ""}` : "";
    },
  };
}
