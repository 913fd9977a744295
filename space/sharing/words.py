# ruff: noqa: E501 (a page in one text)
"""What stands in place of a link that does not open. Cut, edited, revoked, ended: one page, that tells them apart to nobody."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from space.api.problems import Problem, response_of

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow"><meta name="color-scheme" content="light dark"><title>{title}</title>{again}
<style>
:root {{ --ground: #f6f7f9; --sheet: #fff; --ink: #1a1e24; --soft: #59636e; --line: #dfe3e8 }}
@media (prefers-color-scheme: dark) {{ :root {{ --ground: #0e1115; --sheet: #151a20; --ink: #e7eaee; --soft: #9aa5b1; --line: #2a323b }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }}
main {{ width: min(480px, 100%); background: var(--sheet); border: 1px solid var(--line); border-radius: 6px; padding: 24px }}
h1 {{ font-size: 18px; line-height: 24px; font-weight: 600; margin: 0 0 8px }} p {{ margin: 0; color: var(--soft) }} p + p {{ margin-top: 8px }} a {{ color: light-dark(#5145cd, #a5a0ff) }} html {{ color-scheme: light dark }}
</style></head><body><main><h1>{title}</h1>{words}</main></body></html>
"""

_INVALID = (
    "This link is not valid",
    "It was never made, was cut or changed on its way, has ended, or was revoked.",
    "Ask whoever sent it to you for a new one. If you copied it by hand, copy it again, to its last letter.",
)
_STARTING = (
    "This page is starting",
    "The server has not yet read which links are valid.",
    "It looks again by itself in a few seconds.",
)
_SECURITY = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}


def link_refused(path: str, *, starting: bool = False) -> Response:
    """The answer to a link that does not open: a page for people, a problem for the page's own requests."""
    title, *words = _STARTING if starting else _INVALID
    if "/v1/" in path:
        problem = Problem("starting" if starting else "not-found", f"{title}. {words[0]}", words[1])
        problem.retry_after_s = 3 if starting else None
        return response_of(problem, _SECURITY)
    return refusal_page(503 if starting else 404, title, *words, again_s=3 if starting else None)


def refusal_page(status: int, title: str, *words: str, again_s: int | None = None) -> Response:
    """A page of words alone. The words are ours, never a user's."""
    again = "" if again_s is None else f'<meta http-equiv="refresh" content="{again_s}">'
    headers = {
        **_SECURITY,
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
    }
    if again_s is not None:
        headers["Retry-After"] = str(again_s)
    text = "".join(f"<p>{each}</p>" for each in words)
    return HTMLResponse(_PAGE.format(title=title, words=text, again=again), status, headers)
