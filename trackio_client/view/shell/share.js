// Links for people who have nothing else: made, copied and revoked in one dialog. Only owners get here.

import { addressOf } from "../data/address.js";
import { ownZoom } from "../data/ownzoom.js";
import { ScopedState } from "../data/state.js";
import { fill, h, text } from "../base/dom.js";
import { copyField, endOf, endWords, endsField, openDialog, takeBack } from "../base/handing.js";
import { icon } from "../base/icons.js";
import { copy } from "../base/notices.js";
import { listed, plural } from "../base/words.js";

const MOST = 100; // experiments in a link
const MOST_FILED = 50; // in a file
const NAMED = 4; // in the dialog's words
const LONGEST = 2000; // letters of a view in an address
/** What a link can show beside charts and numbers, and how that is called. */
const SHOWN = { media: "Media: pictures, sounds, films, tables, histograms and texts", artifacts: "Artifacts: names, versions, and their files to download" };
const OTHER_VIEWS = Object.keys(SHOWN);
/** What of a page's address a link takes up, and how it is called. */
const CARRIED = { view: "the open view", media: "names of media", upto: "step of media", arranged: "arrangement of media", setting: "setting of media", pictures: "size of media", x: "x axis", smooth: "smoothing", log: "log y", logx: "log x", by: "groups", facet: "charts for each value", spread: "spread", derive: "derived charts", own: "settings of charts", band: "band", color: "colours", clip: "outliers", filter: "filter", zoom: "zoom", zoomy: "zoom of y axes", line: "time line", linex: "axis of the time line", pin: "pinned charts", hide: "hidden charts", order: "order of charts" };

/** Makes links to what is looked at, or to `rows`; of one chart, where `metric` names it. Other views may open it.
 * @param {{state: import("../data/state.js").PageState, source: any, rows?: any[], metric?: string | null}} parts */
export function showShare({ state, source, rows = chosen(state), metric = null }) {
  const body = openDialog(metric ? `Share ${metric}` : "Share");
  if (!body) return;
  new ShareDialog(body, { rows, source, metric, view: viewOf(state) }).load();
}

/** What is looked at: the open experiment, or those that are ticked. @param {import("../data/state.js").PageState} state */
function chosen(state) {
  const rows = state.get("experiments");
  const one = state.get("view") === "experiment" && rows.find((row) => row.id === state.get("experiment"));
  return one ? [one] : rows.filter((row) => row.shown);
}

/** How the charts look now, as a link carries it. @param {import("../data/state.js").PageState} state @returns {URLSearchParams} */
export function viewOf(state) {
  // A link to one experiment shows its zoom alone, and needs no name for it; a chart's own page knows no other.
  const one = state.get("view") === "experiment" && !(state instanceof ScopedState) ? state.get("experiment") : null;
  const seen = one ? state.scope({ zoom: ownZoom(one, state.get("zoom")) }) : state;
  const all = new URLSearchParams(addressOf(seen, null).replace(/^[^?]*/, ""));
  if (one) /** @type {import("../data/state.js").ScopedState} */ (seen).close();
  const view = new URLSearchParams([...all].filter(([name, value]) => name in CARRIED && (name !== "view" || OTHER_VIEWS.includes(value))));
  return String(view).length > LONGEST ? new URLSearchParams() : view;
}

class ShareDialog {
  /** @param {HTMLElement} root @param {{rows: any[], source: any, metric: string | null, view: URLSearchParams}} parts */
  constructor(root, { rows, source, metric, view }) {
    Object.assign(this, { root, rows, source, metric, view });
    this.asSeen = h("input", { type: "checkbox", class: "tk-box" });
    this.asSeen.checked = true;
    this.asSeen.addEventListener("change", () => this.last && fill(this.made, this.address(this.last)));
    this.boxes = Object.fromEntries(OTHER_VIEWS.map((word) => [word, h("input", { type: "checkbox", class: "tk-box" })]));
    this.boxes.media.checked = !metric; // a link to one chart is made for that; files go out only when somebody says so
    this.made = h("div", { class: "tk-share-made" });
    this.list = h("div", { class: "tk-share-list" });
    this.said = h("p", { class: "tk-share-said", role: "alert" });
  }

  async load() {
    try {
      this.answer = await this.source.shares();
    } catch (error) {
      return void fill(this.root, h("p", null, error.message));
    }
    const { can_share, why_not } = this.answer;
    fill(this.root, can_share ? this.form() : h("p", null, why_not), this.said, this.made, this.file(), this.list);
    this.drawList();
  }

  /** The words and fields for a new link. */
  form() {
    const { rows } = this;
    if (!rows.length) return h("p", { class: "tk-soft" }, "Tick the experiments to share, or open one.");
    if (rows.length > MOST) return h("p", { class: "tk-soft" }, `A link shows at most ${MOST} experiments; ${rows.length} are ticked.`);
    const names = listed([...rows.slice(0, NAMED).map((row) => row.name), ...(rows.length > NAMED ? [`${rows.length - NAMED} more`] : [])]);
    const usual = rows.length === 1 ? rows[0].name : `${rows.length} experiments of ${rows[0].project}`;
    this.name = h("input", { type: "text", value: usual.slice(0, 200), maxlength: "256", "aria-label": "Name of the link", autocomplete: "off" });
    this.ends = endsField("When the link ends", 7);
    this.button = h("button", { class: "tk-btn primary" }, "Make link");
    const carried = [...this.view.keys()].map((name) => CARRIED[/** @type {keyof typeof CARRIED} */ (name)]);
    const form = h("form", { class: "tk-share-form" },
      this.metric ? h("p", null, "The link opens on ", h("b", null, this.metric), "; the frame for another page holds this chart alone.") : null,
      h("p", null, "Who has the link sees the live charts, config, summary, tags and notes of ", h("b", null, names), this.metric ? "" : ", and what is ticked here", ". Nothing else, and they can change nothing."),
      this.metric ? null : OTHER_VIEWS.map((word) => h("label", { class: "tk-share-seen" }, this.boxes[word], h("span", null, SHOWN[/** @type {keyof typeof SHOWN} */ (word)]))),
      h("label", null, h("span", null, "Name, as people see it"), h("span", { class: "tk-field" }, this.name)),
      carried.length ? h("label", { class: "tk-share-seen", title: "Turn it off for charts as they are at first" }, this.asSeen, h("span", null, `As you see it now: ${listed(carried)}`)) : null,
      h("div", { class: "tk-share-line" }, h("label", { class: "tk-share-ends" }, h("span", null, "Ends"), this.ends), h("span", { class: "tk-grow" }), this.button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.make();
    });
    return form;
  }

  async make() {
    this.button.disabled = true;
    text(this.said, "");
    const ends_s = endOf(this.ends, this.answer.now_s);
    try {
      const link = await this.source.share({ experiments: this.rows.map((row) => row.id), name: this.name.value.trim() || null, ends_s, shows: OTHER_VIEWS.filter((word) => this.boxes[word].checked) });
      this.answer.shares.unshift(link);
      this.last = link;
      fill(this.made, this.address(link));
      this.made.querySelector("input")?.select();
      this.drawList();
    } catch (error) {
      text(this.said, error.message);
    } finally {
      this.button.disabled = false;
    }
  }

  /** Of a link or a frame, with the view that it opens with. @param {string} base @param {boolean} isFrame */
  addressed(base, isFrame) {
    const query = new URLSearchParams(this.asSeen.checked ? this.view : undefined);
    if (this.metric) query.set(isFrame ? "metric" : "chart", this.metric);
    if (this.metric) for (const name of ["filter", "hide", "pin", "order"]) query.delete(name); // none may leave this one out
    const text = String(query).replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
    return text ? `${base}?${text}` : base;
  }

  /** A link to copy: just made, or one that opens already. */
  address(link) {
    const source = this.addressed(link.embed, true).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    const title = link.name.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
    const frame = `<iframe src="${source}" title="${title}" width="100%" height="${this.metric ? 320 : 480}" style="border:0" loading="lazy"></iframe>`;
    const here = /^(localhost|127\.|\[::1\])/.test(new URL(link.address).hostname);
    return [
      copyField("Link", this.addressed(link.address, false)),
      copyField("For another page", frame),
      here ? h("p", { class: "tk-soft" }, "This server is reached from this machine only, and so is the link.") : null,
    ];
  }

  /** What works without a server too. */
  file() {
    const { rows, source, view } = this;
    if (this.metric || !rows.length || rows.length > MOST_FILED || !source.snapshots) return null;
    const href = source.snapshots(rows.map((row) => row.id), { state: String(view) });
    const words = rows.length === 1 ? "Charts and numbers as they are now; opens without a server." : `Charts, numbers and configs of these ${rows.length} as they are now; opens without a server.`;
    return h("p", { class: "tk-share-file" }, h("a", { class: "tk-btn sm", href, download: "" }, icon("download"), "Save as one HTML file"), h("span", { class: "tk-soft" }, words));
  }

  /** Whether a link shows just what this dialog is about. @param {any} link */
  isSame(link) {
    return link.experiments.length === this.rows.length && this.rows.every((row) => link.experiments.includes(row.id));
  }

  drawList() {
    const { shares } = this.answer;
    if (!shares.length) return void fill(this.list);
    const lines = shares.map((link) => {
      const take = h("button", { class: "tk-btn bare icon sm", title: "Copy the link", "aria-label": `Copy the link ${link.name}` }, icon("copy"));
      take.addEventListener("click", () => copy(link.address, take));
      const end = h("button", { class: "tk-btn sm" }, "Revoke");
      end.addEventListener("click", () => this.revoke(link, end));
      const use = this.isSame(link) ? h("button", { class: "tk-btn sm", title: "Show the address and the frame of this link" }, "Use") : null;
      use?.addEventListener("click", () => {
        this.last = link;
        fill(this.made, this.address(link));
        this.made.querySelector("input")?.select();
      });
      const facts = [plural(link.experiments.length, "experiment"), link.shows?.length ? `with ${listed(link.shows)}` : "without media and artifacts", endWords(link.ends_s), link.used_day ? `last opened ${link.used_day}` : "not opened yet"];
      return h("li", null, h("div", null, h("b", { title: link.name }, link.name), h("span", { class: "tk-soft" }, facts.join(" · "))), use, take, end);
    });
    return void fill(this.list, h("h2", null, `${shares.length === 1 ? "1 link opens" : `${shares.length} links open`} now`), h("ul", null, lines));
  }

  revoke(link, button) {
    return takeBack(this, button, async () => {
      await this.source.unshare(link.id);
      if (link.id === this.last?.id) this.last = null;
      this.answer.shares = this.answer.shares.filter((each) => each.id !== link.id);
    }, link.id === this.last?.id);
  }
}
