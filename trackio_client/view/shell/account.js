// Who one is here, and what that allows: the Share button of owners, logging in and out. Asked when the charts stand.

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";

const CONFIGURATION = "/configuration/";
const MANAGE = "/manage/";
const WORDS = { nobody: "Not logged in", viewer: "Viewer: may read", writer: "Writer: may log and edit", owner: "Owner" };

/**
 * @param {HTMLElement} slot  where the buttons stand
 * @param {{state: import("../data/state.js").PageState, source: any}} parts
 */
export async function account(slot, { state, source }) {
  if (!source.session) return; // a page without a server
  let who;
  try {
    who = await source.session();
  } catch {
    return; // the page's own requests tell what is wrong
  }
  state.set({ may: who.role });
  if (who.role === "owner") slot.append(shareButton(state, source));
  if (who.can_log_out || who.can_log_in_with_hub) slot.append(whoButton(who, source));
  else if (who.role === "owner") slot.append(serverButton());
}

/** For the owner of a server without a token, who has no account to open a menu of. */
function serverButton() {
  const button = h("button", { class: "tk-btn bare icon", title: "Manage and configure", "aria-label": "Manage and configure", "aria-haspopup": "listbox" }, icon("tune"));
  const items = [
    { value: "manage", label: "Manage experiments", group: "This server" },
    { value: "configuration", label: "Configuration", group: "This server" },
  ];
  button.addEventListener("click", () => openMenu(button, { title: "This server", items, choose: (value) => CHOICES[value](null) }));
  return button;
}

function shareButton(state, source) {
  const button = h("button", { class: "tk-btn bare tk-share", title: "Share by a link", "aria-haspopup": "dialog" }, icon("link"), h("span", { class: "tk-wide" }, "Share"));
  button.setAttribute("aria-label", "Share by a link");
  button.addEventListener("click", async () => {
    const { showShare } = await import("./share.js");
    showShare({ state, source });
  });
  return button;
}

function whoButton(who, source) {
  const name = who.user ? `${who.user}: ${WORDS[who.role].toLowerCase()}` : WORDS[who.role];
  const button = h("button", { class: "tk-btn bare icon", "aria-label": `Account. ${name}`, title: name, "aria-haspopup": "listbox" }, icon("person"));
  button.addEventListener("click", () => {
    const items = [];
    if (who.can_log_in_with_hub && !who.user) items.push({ value: "in", label: "Log in with Hugging Face", group: name });
    if (who.role === "owner" || who.role === "writer") items.push({ value: "manage", label: "Manage experiments", group: name });
    if (who.role === "owner" && who.can_log_out) items.push({ value: "tokens", label: "Tokens for trainers and people", group: name });
    if (who.role === "owner") items.push({ value: "configuration", label: "Configuration", group: name });
    if (who.can_log_out) items.push({ value: "out", label: "Log out", group: name });
    openMenu(button, { title: "Account", items, choose: (value) => CHOICES[value](source) });
  });
  return button;
}

/** @type {Record<string, (source: any) => any>} */
const CHOICES = {
  in: logIn,
  out: logOut,
  configuration: () => (location.href = CONFIGURATION),
  manage: () => (location.href = MANAGE),
  tokens: async (source) => (await import("./tokens.js")).showTokens(source),
};

async function logOut() {
  await fetch("/v1/session", { method: "DELETE", credentials: "same-origin" }).catch(() => null);
  location.reload();
}

function logIn() {
  const address = `/oauth/login?${new URLSearchParams({ next: location.pathname + location.search })}`;
  // The Hub's log-in refuses to stand in a frame.
  if (window.top !== window) window.open(address, "_blank");
  else location.href = address;
}
