# ruff: noqa: E501 (a page in one text)
"""The page of a server that asks for its token, before anything else of it is shown. It loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from space.api.problems import Problem, answer
from space.api.roles import Role
from space.api.sessions import SESSION_S, set_cookie
from space.settings import SpaceSettings

if TYPE_CHECKING:
    from space.api.gate import Gate


def login_page(settings: SpaceSettings) -> str:
    """The page's HTML; with the Hub's button where the Hub can be asked who someone is."""
    return _PAGE.replace("<!-- hub -->", _HUB if settings.hub.can_log_in else "")


def start_session(request: Request, settings: SpaceSettings, gate: Gate) -> Response:
    """The answer to POST /v1/session: a cookie for the role that the request proved, to its token's end at most."""
    caller = request.scope["trackio_caller"]
    if caller.role is Role.NOBODY or not caller.subject:
        raise Problem("unauthorized", "The token is missing.", "Send it in the header X-Trackio-Token.")
    response = answer({"session": "ok", "role": caller.role.name.lower()})
    if settings.token is not None and not caller.subject.startswith("hub:"):  # the Hub's session has its own end
        value = gate.sessions.make(caller.role, caller.subject, end_s=caller.end_s)
        set_cookie(response, value, SESSION_S, in_frame=in_frame(request, settings))
    return response


def session_json(request: Request, settings: SpaceSettings, gate: Gate) -> dict[str, Any]:
    """Who the asker is, and what the page may offer: the answer to GET /v1/session."""
    caller = request.scope["trackio_caller"]
    kind, _, name = caller.subject.partition(":")
    return {
        "role": caller.role.name.lower(),
        "user": name if kind == "hub" else None,
        "can_log_out": settings.token is not None and bool(caller.subject),
        "can_log_in_with_hub": settings.hub.can_log_in,
    }


def in_frame(request: Request, settings: SpaceSettings) -> bool:
    """Whether the page may stand in the Hub's frame, where cookies travel by other rules."""
    return settings.on_space or request.headers.get("host", "").lower().endswith(".hf.space")


_HUB = """<a class="hub" href="/oauth/login">Log in with Hugging Face</a><p class="or">or with a token</p>"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Trackio: token</title>
<style>
:root { --ground: #f6f7f9; --sheet: #fff; --ink: #1a1e24; --soft: #59636e; --line: #c8ced6; --accent: #5145cd; --on: #fff; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0e1115; --sheet: #151a20; --ink: #e7eaee; --soft: #9aa5b1; --line: #3a444f; --accent: #a5a0ff; --on: #14122b; --bad: #ff9d94 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
main { width: min(440px, 100%); background: var(--sheet); border: 1px solid var(--line); border-radius: 6px; padding: 24px }
h1 { font-size: 18px; margin: 0 0 8px } p { margin: 0 0 16px; color: var(--soft) } code { font-size: 13px }
form { display: flex; gap: 8px } input { flex: 1; min-width: 0; font: inherit; padding: 8px; border: 1px solid var(--line); border-radius: 6px; background: var(--ground); color: var(--ink) }
.hub { display: block; padding: 8px 16px; border-radius: 6px; background: var(--accent); color: var(--on); text-align: center; text-decoration: none } .or { margin: 12px 0 8px }
button { font: inherit; padding: 8px 16px; border: 0; border-radius: 6px; background: var(--accent); color: var(--on); cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px } #said { margin: 12px 0 0; color: var(--bad); min-height: 21px }
</style></head><body><main>
<h1>This server asks for a token</h1>
<p>It is the <code>TRACKIO_WRITE_TOKEN</code> that the server was started with, or a token that its owner made for you. This browser is then known by a cookie that scripts cannot read.</p>
<!-- hub --><form id="form"><input id="token" name="token" type="password" autocomplete="current-password" aria-label="Token" placeholder="Token" required autofocus><button>Open</button></form>
<p id="said" role="alert"></p>
</main><script>
const hub = document.querySelector(".hub");
if (hub && window.top !== window) hub.target = "_blank"; // the Hub's own log-in refuses to stand in a frame
const said = document.getElementById("said"), field = document.getElementById("token");
async function open_(token) {
  said.textContent = "";
  let answer;
  try {
    answer = await fetch("/v1/session", { method: "POST", headers: { "X-Trackio-Token": token.trim() }, credentials: "same-origin" });
  } catch { said.textContent = "No answer from the server. Try again when it is up."; return; }
  if (answer.ok) location.reload();
  else if (answer.status === 401 || answer.status === 403) said.textContent = "This is not a token of this server. Copy it again, without spaces.";
  else said.textContent = "The server answered " + answer.status + ". Try again.";
}
document.getElementById("form").addEventListener("submit", (event) => { event.preventDefault(); open_(field.value); });
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) { history.replaceState(null, "", location.pathname + location.search); open_(given); }
</script></body></html>
"""
