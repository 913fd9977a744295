// @ts-check
/** Tells when a watched experiment ends or alerts, also while the tab is hidden: the page asks for the watched ones, slowly, for as long as
 * there are any. Browsers let a hidden page's clock tick once a minute at most, and none at all once it is closed. */
import { isMarked, mark, marked, onMarks } from "../base/marks.js";
import { remember, remembered } from "../base/remember.js";
import { toast } from "../base/toast.js";
import { eventOf } from "../data/state.js";
import { stateWord } from "../base/icons.js";
import { capital, plural } from "../base/words.js";

const EVERY_MS = 15_000;
const MOST = 20; // watched at once: each is a request
const LOOKED_AT = 50; // alerts of a project, the newest
const ENDS = ["finished", "failed", "interrupted"];

export class Watch {
  /** @param {{source: any, state: import("../data/state.js").PageState, open: (id: string, event?: string | null) => void}} parts */
  constructor({ source, state, open }) {
    this.source = source;
    this.state = state;
    this.open = open;
    this.timer = 0;
    this.isAsking = false;
    /** @type {Set<string>} those whose silence was told already */ this.silent = new Set();
    onMarks(() => this.plan());
    state.addEventListener("change", (/** @type {any} */ event) => (event.detail.has("experiments") || event.detail.has("progress")) && this.look(state.get("experiments")));
    document.addEventListener("visibilitychange", () => !document.hidden && this.unflash());
    this.plan();
  }

  /** Begin or end to watch; asks for permission at the press that begins it. @param {any} row */
  async turn(row, on = !isMarked("watched", row.id)) {
    if (!on) {
      mark("watched", [row.id], false);
      return void toast(`You are not told when “${row.name}” ends.`, { undo: () => mark("watched", [row.id], true) });
    }
    if (ENDS.includes(row.state)) return void toast(`“${row.name}” has ended: ${stateWord(row.state)}.`);
    if (marked("watched").length >= MOST) return void toast(`${MOST} experiments are watched. Stop watching one of them first.`, { isTrouble: true });
    mark("watched", [row.id], true);
    keepTold(row.id, row.alert_count ?? 0);
    const may = await permission();
    const off = () => mark("watched", [row.id], false);
    if (may === "granted") toast(`This browser tells you when “${row.name}” ends, and of its alerts, as long as a page of this server is open.`, { undo: off });
    else if (may === "denied") toast(`You are told here, in the page and in its title, when “${row.name}” ends or alerts. Notifications are blocked for this address: allow them in the browser's settings of the site.`, { undo: off });
    else toast(`You are told here, in the page and in its title, when “${row.name}” ends or alerts. This browser gives no notifications to a page without https.`, { undo: off });
  }

  plan() {
    clearTimeout(this.timer);
    if (marked("watched").length) this.timer = setTimeout(() => this.ask(), EVERY_MS);
  }

  /** Of what the page polls anyway nothing more is asked. @param {any[]} rows */
  look(rows) {
    if (!marked("watched").length) return;
    for (const row of rows) if (isMarked("watched", row.id)) this.heard(row);
  }

  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    const here = document.hidden ? new Set() : new Set(this.state.get("experiments").map((/** @type {any} */ row) => row.id));
    for (const id of marked("watched").filter((each) => !here.has(each))) {
      try {
        this.heard({ ...(await this.source.experiment(id)), id });
      } catch (error) {
        if (/** @type {any} */ (error).status === 404 || /** @type {any} */ (error).status === 410) mark("watched", [id], false); // it was deleted
      }
    }
    this.isAsking = false;
    this.plan();
  }

  /** @param {any} row */
  heard(row) {
    this.heardAlerts(row);
    const ended = ENDS.includes(row.state);
    if (!ended && row.state !== "lost_contact") {
      if (this.silent.delete(row.id)) unclaim(`${row.id} lost_contact ${row.generation}`); // it may be lost once more
      return;
    }
    if (!ended && this.silent.has(row.id)) return;
    if (!claimed(`${row.id} ${row.state} ${row.generation}`)) {
      if (ended) mark("watched", [row.id], false);
      return; // another tab of this browser has told it
    }
    if (ended) mark("watched", [row.id], false);
    else this.silent.add(row.id); // it may come back: still watched
    this.tell(row);
  }

  /** Alerts that it told since the last look, by what its row says: one notification for all of them. @param {any} row */
  async heardAlerts(row) {
    const now = row.alert_count ?? 0;
    const before = remembered().alertsTold?.[row.id];
    if (before === now) return;
    keepTold(row.id, now); // also where there are fewer: the server holds less of it than it did
    if (!(now > before) || !claimed(`${row.id} alerts ${now}`)) return;
    let fresh = [];
    try {
      const { alerts } = await this.source.alerts(row.project, { limit: LOOKED_AT });
      fresh = alerts.filter((/** @type {any} */ alert) => alert.experiment_id === row.id).slice(0, now - before);
    } catch {
      // That there is one is known all the same.
    }
    const [first] = fresh;
    const more = now - before > 1 ? `and ${plural(now - before - 1, "earlier alert")}` : "";
    const words = [first?.title ?? plural(now - before, "new alert"), first?.text === first?.title ? "" : first?.text, first ? more : ""].filter(Boolean);
    this.say(row, { title: `${row.name}: alert`, body: words.join("\n"), words: words.join(". "), isTrouble: (first?.level ?? row.alert_level) !== "info", event: first ? eventOf(row.id, first.time_s) : null });
  }

  /** @param {any} row */
  tell(row) {
    const why = row.state === "finished" ? "" : (row.evidence ?? "");
    this.say(row, { title: `${row.name}: ${stateWord(row.state)}`, body: why, words: why, isTrouble: row.state !== "finished" });
  }

  /** In the page, in its title while it is hidden, and by the browser. @param {any} row
   * @param {{title: string, body: string, words: string, isTrouble: boolean, event?: string | null}} what */
  say(row, { title, body, words, isTrouble, event = null }) {
    const go = () => {
      window.focus();
      if (row.project !== this.state.get("project")) this.state.set({ project: row.project });
      this.open(row.id, event);
    };
    toast(`${capital(title)}. ${words}`.trim(), { isTrouble, stays_ms: 60_000, act: { word: "Open", run: go } });
    if (document.hidden) this.flash(title);
    if (globalThis.Notification?.permission !== "granted") return;
    try {
      const shown = new Notification(title, { body: [row.project, body].filter(Boolean).join("\n").slice(0, 300), tag: `trackio ${row.id}${event ? " alert" : ""}` });
      shown.onclick = () => (go(), shown.close());
    } catch {
      // Phones want a service worker for it; the title and the line in the page say it.
    }
  }

  /** @param {string} words */
  flash(words) {
    this.before ??= document.title;
    document.title = `● ${words}`;
  }

  unflash() {
    if (this.before === undefined) return;
    document.title = this.before;
    this.before = undefined;
  }
}

/** How many alerts of an experiment were told to this reader. @param {string} id @param {number} count */
function keepTold(id, count) {
  const known = Object.entries({ ...remembered().alertsTold, [id]: count }).slice(-100);
  remember({ alertsTold: Object.fromEntries(known) });
}

/** @returns {string[]} what this browser's tabs have said */
const toldHere = () => (Array.isArray(remembered().told) ? remembered().told : []);

/** Whether this page is the first of the browser's tabs to say it. @param {string} what */
function claimed(what) {
  const told = toldHere();
  if (told.includes(what)) return false;
  remember({ told: [...told.slice(-99), what] });
  return true;
}

/** What is over may be told again when it comes again. @param {string} what */
function unclaim(what) {
  const told = toldHere();
  if (told.includes(what)) remember({ told: told.filter((each) => each !== what) });
}

/** @returns {Promise<"granted" | "denied" | "none">} */
async function permission() {
  if (!globalThis.Notification || !globalThis.isSecureContext) return "none";
  if (Notification.permission !== "default") return Notification.permission;
  try {
    const said = await Notification.requestPermission();
    return said === "default" ? "denied" : said;
  } catch {
    return "none";
  }
}
