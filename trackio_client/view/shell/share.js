// Links for people who have nothing else: made, copied and revoked in one dialog. Only owners get here.

import { fill, h, text } from "../base/dom.js";
import { copyField, endOf, endWords, endsField, openDialog, takeBack } from "../base/handing.js";
import { icon } from "../base/icons.js";
import { copy } from "../base/notices.js";
import { listed, plural } from "../base/words.js";

const MOST = 100; // experiments in a link
const NAMED = 4; // in the dialog's words

/** @param {{state: import("../data/state.js").PageState, source: any}} parts */
export function showShare({ state, source }) {
  const rows = chosen(state);
  const body = openDialog("Share");
  if (!body) return;
  new ShareDialog(body, { rows, source }).load();
}

/** What is looked at: the open experiment, or those that are ticked. @param {import("../data/state.js").PageState} state */
function chosen(state) {
  const rows = state.get("experiments");
  const one = state.get("view") === "experiment" && rows.find((row) => row.id === state.get("experiment"));
  return one ? [one] : rows.filter((row) => row.shown);
}

class ShareDialog {
  /** @param {HTMLElement} root @param {{rows: any[], source: any}} parts */
  constructor(root, { rows, source }) {
    Object.assign(this, { root, rows, source });
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
    const form = h("form", { class: "tk-share-form" },
      h("p", null, "Who has the link sees the live charts, config, summary, tags and notes of ", h("b", null, names), ". Nothing else, and they can change nothing."),
      h("label", null, h("span", null, "Name, as people see it"), h("span", { class: "tk-field" }, this.name)),
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
      const link = await this.source.share({ experiments: this.rows.map((row) => row.id), name: this.name.value.trim() || null, ends_s });
      this.answer.shares.unshift(link);
      fill(this.made, this.address(link));
      this.made.querySelector("input")?.select();
      this.drawList();
    } catch (error) {
      text(this.said, error.message);
    } finally {
      this.button.disabled = false;
    }
  }

  /** The link just made, to copy. */
  address(link) {
    const frame = `<iframe src="${link.embed}" width="100%" height="480" style="border:0"></iframe>`;
    const here = /^(localhost|127\.|\[::1\])/.test(new URL(link.address).hostname);
    return [
      copyField("Link", link.address),
      copyField("For another page", frame),
      here ? h("p", { class: "tk-soft" }, "This server is reached from this machine only, and so is the link.") : null,
    ];
  }

  /** What works without a server too. */
  file() {
    if (this.rows.length !== 1) return null;
    const [row] = this.rows;
    return h("p", { class: "tk-share-file" }, h("a", { class: "tk-btn sm", href: this.source.snapshot(row.id), download: "" }, icon("download"), "Save as one HTML file"), h("span", { class: "tk-soft" }, "Charts and numbers as they are now; opens without a server."));
  }

  drawList() {
    const { shares } = this.answer;
    if (!shares.length) return void fill(this.list);
    const lines = shares.map((link) => {
      const take = h("button", { class: "tk-btn bare icon sm", title: "Copy the link", "aria-label": `Copy the link ${link.name}` }, icon("copy"));
      take.addEventListener("click", () => copy(link.address, take));
      const end = h("button", { class: "tk-btn sm" }, "Revoke");
      end.addEventListener("click", () => this.revoke(link, end));
      const facts = [plural(link.experiments.length, "experiment"), endWords(link.ends_s), link.used_day ? `last opened ${link.used_day}` : "not opened yet"];
      return h("li", null, h("div", null, h("b", { title: link.name }, link.name), h("span", { class: "tk-soft" }, facts.join(" · "))), take, end);
    });
    return void fill(this.list, h("h2", null, `${shares.length === 1 ? "1 link opens" : `${shares.length} links open`} now`), h("ul", null, lines));
  }

  revoke(link, button) {
    return takeBack(this, button, async () => {
      await this.source.unshare(link.id);
      this.answer.shares = this.answer.shares.filter((each) => each.id !== link.id);
    });
  }
}
