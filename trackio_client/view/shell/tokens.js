// Tokens of lesser roles for trainers and people: made, shown once, revoked. Only owners get here.

import { fill, h, text } from "../base/dom.js";
import { copyField, endOf, endWords, endsField, openDialog, takeBack } from "../base/handing.js";

const ROLES = { writer: "Writer: logs and edits", viewer: "Viewer: reads" };

/** @param {any} source */
export function showTokens(source) {
  const body = openDialog("Tokens");
  if (body) new TokenDialog(body, source).load();
}

class TokenDialog {
  /** @param {HTMLElement} root @param {any} source */
  constructor(root, source) {
    Object.assign(this, { root, source });
    this.made = h("div", { class: "tk-share-made" });
    this.list = h("div", { class: "tk-share-list" });
    this.said = h("p", { class: "tk-share-said", role: "alert" });
  }

  async load() {
    try {
      this.answer = await this.source.tokens();
    } catch (error) {
      return void fill(this.root, h("p", null, error.message));
    }
    fill(this.root, this.form(), this.said, this.made, this.list);
    this.drawList();
  }

  form() {
    this.name = h("input", { type: "text", required: true, maxlength: "256", placeholder: "cluster, Ada …", "aria-label": "Name of the token", autocomplete: "off" });
    this.role = h("select", { class: "tk-sel", "aria-label": "Role" }, Object.entries(ROLES).map(([value, words]) => h("option", { value }, words)));
    this.ends = endsField("When the token ends", 0);
    this.button = h("button", { class: "tk-btn primary" }, "Make token");
    const form = h("form", { class: "tk-share-form" },
      h("p", null, "For a trainer (TRACKIO_TOKEN) or a person. None of them deletes, shares or hands out tokens."),
      h("label", null, h("span", null, "Name, to know it by"), h("span", { class: "tk-field" }, this.name)),
      h("div", { class: "tk-share-line" }, this.role, h("label", { class: "tk-share-ends" }, h("span", null, "Ends"), this.ends), h("span", { class: "tk-grow" }), this.button));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.make();
    });
    return form;
  }

  async make() {
    this.button.disabled = true;
    text(this.said, "");
    try {
      const made = await this.source.handOut({ name: this.name.value.trim(), role: this.role.value, ends_s: endOf(this.ends, this.answer.now_s) });
      this.answer.tokens.unshift(made);
      this.madeId = made.id;
      fill(this.made, copyField(`${made.name}: shown this once`, made.token));
      this.made.querySelector("input")?.select();
      this.name.value = "";
      this.drawList();
    } catch (error) {
      text(this.said, error.message);
    } finally {
      this.button.disabled = false;
    }
  }

  drawList() {
    const { tokens } = this.answer;
    if (!tokens.length) return void fill(this.list);
    const lines = tokens.map((token) => {
      const end = h("button", { class: "tk-btn sm" }, "Revoke");
      end.addEventListener("click", () => this.revoke(token, end));
      const facts = [token.role, endWords(token.ends_s), token.used_day ? `last used ${token.used_day}` : "not used yet"];
      return h("li", null, h("div", null, h("b", { title: token.name }, token.name), h("span", { class: "tk-soft" }, facts.join(" · "))), h("span"), end);
    });
    return void fill(this.list, h("h2", null, tokens.length === 1 ? "1 token in use" : `${tokens.length} tokens in use`), h("ul", null, lines));
  }

  revoke(token, button) {
    return takeBack(this, button, async () => {
      await this.source.takeBack(token.id);
      this.answer.tokens = this.answer.tokens.filter((each) => each.id !== token.id);
    }, token.id === this.madeId);
  }
}
