// @ts-check
/** Tells when a watched experiment ends or alerts, also while the tab is hidden: the page asks for the watched ones, slowly, for as long as
 * there are any. Browsers let a hidden page's clock tick once a minute at most, and none at all once it is closed. */
import { isMarked, mark, marked, onMarks } from "../base/marks.js";
import { remember, remembered } from "../base/remember.js";
import { toast } from "../base/toast.js";
import { eventOf } from "../data/state.js";
import { hasEnded, stateWord } from "../base/icons.js";
import { capital, plural } from "../base/words.js";

const EVERY_MS = 15_000;
const MOST = 20; // watched at once: each is a request
const LOOKED_AT = 50; // alerts of a project, the newest

export class Watch {
  /** @param {{source: any, state: import("../data/state.js").PageState, open: (id: string, event?: string | null) => void}} parts */
  constructor({ source, state, open }) {
    this.source = source;
    this.state = state;
    this.open = open;
    this.timer = 0;
    this.isAsking = false;
    /** @type {Map<string, number>} since when those are silent whose silence this page told: storage may be forbidden */ this.silences = new Map();
    /** @type {Map<string, string>} names, for what is said of those that are gone */ this.names = new Map();
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
    if (hasEnded(row.state)) return void toast(`“${row.name}” has ended: ${stateWord(row.state)}.`);
    if (marked("watched").length >= MOST) return void toast(`${MOST} experiments are watched. Stop watching one of them first.`, { isTrouble: true });
    mark("watched", [row.id], true);
    keepTold("alertsTold", row.id, row.alert_count ?? 0);
    const may = await permission();
    const off = () => mark("watched", [row.id], false);
    if (may === "granted") toast(`This browser tells you when “${row.name}” ends, and of its alerts, as long as a page of this server is open.`, { undo: off });
    else if (may === "denied") toast(`You are told here, in the page and in its title, when “${row.name}” ends or alerts. Notifications are blocked for this address: allow them in the browser's settings of the site.`, { undo: off });
    else toast(`You are told here, in the page and in its title, when “${row.name}” ends or alerts. This browser gives no notifications to a page without https.`, { undo: off });
  }

  plan() {
    const isWatching = marked("watched").length > 0;
    if (!isWatching) {
      clearTimeout(this.timer);
      this.timer = 0;
      return;
    }
    // A clock that goes is left alone: this is called whenever another tab remembers anything, and it would never come to its end.
    this.timer ||= setTimeout(() => ((this.timer = 0), this.ask()), EVERY_MS);
  }

  /** Of what the page polls anyway nothing more is asked. @param {any[]} rows */
  look(rows) {
    if (!marked("watched").length) return;
    for (const row of rows) if (isMarked("watched", row.id)) this.heard(row);
  }

  async ask() {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      await this.askAll();
    } finally {
      this.isAsking = false;
      this.plan();
    }
  }

  /** One after the other. */
  async askAll() {
    const here = document.hidden ? new Set() : new Set(this.state.get("experiments").map((/** @type {any} */ row) => row.id));
    for (const id of marked("watched").filter((each) => !here.has(each))) {
      try {
        this.heard({ ...(await this.source.experiment(id)), id });
      } catch (error) {
        if ([404, 410].includes(/** @type {any} */ (error).status)) this.gone(id);
      }
    }
  }

  /** It was deleted: nobody will hear of its end. @param {string} id */
  gone(id) {
    if (!isMarked("watched", id)) return;
    mark("watched", [id], false);
    const name = this.names.get(id);
    toast(`${name ? `“${name}”` : "An experiment"}, which you watched, was deleted. You are not told of its end.`, { isTrouble: true, stays_ms: 60_000 });
  }

  /** @param {any} row */
  heard(row) {
    this.names.set(row.id, row.name);
    this.heardAlerts(row);
    if (row.state === "lost_contact") return this.heardSilence(row);
    if (!hasEnded(row.state)) return;
    const isFirst = claimed(`${row.id} ${row.state} ${row.generation}`); // else another tab of this browser has told it
    mark("watched", [row.id], false);
    if (isFirst) this.tell(row);
  }

  /** It may come back, and fall silent once more: still watched, and told by when it was last heard. @param {any} row */
  heardSilence(row) {
    const since_s = row.since_s ?? row.last_heard_s ?? 0;
    const told_s = Math.max(remembered().silencesTold?.[row.id] ?? -Infinity, this.silences.get(row.id) ?? -Infinity);
    if (since_s <= told_s) return; // here, or in another tab
    this.silences.set(row.id, since_s);
    keepTold("silencesTold", row.id, since_s);
    this.tell(row);
  }

  /** Alerts that it told since the last look, by what its row says: one notification for all of them. @param {any} row */
  async heardAlerts(row) {
    const now = row.alert_count ?? 0;
    const before = remembered().alertsTold?.[row.id];
    if (before === now) return;
    keepTold("alertsTold", row.id, now); // also where there are fewer: the server holds less of it than it did
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

/** What of an experiment was told to this reader: how many alerts, and its silence since when. The oldest are forgotten.
 * @param {"alertsTold" | "silencesTold"} of @param {string} id @param {number} value */
function keepTold(of, id, value) {
  const { [id]: _, ...others } = remembered()[of] ?? {};
  remember({ [of]: Object.fromEntries([...Object.entries(others), [id, value]].slice(-100)) });
}

/** Whether this page is the first of the browser's tabs to say it. @param {string} what */
function claimed(what) {
  const told = Array.isArray(remembered().told) ? remembered().told : [];
  if (told.includes(what)) return false;
  remember({ told: [...told.slice(-99), what] });
  return true;
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
