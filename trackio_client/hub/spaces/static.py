"""The files of a static Space that draws a dataset repo: a page of ours that needs no server.

A static Space is free, and all its files can be read by whoever may see it: nothing here is secret. The name of the
dataset stands in it; of a private one, only a log-in with the Hub opens what is inside.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from trackio_client.errors import UsageError
from trackio_client.release import VERSION
from trackio_client.view import STYLES, modules, source

HUB: Final = "https://huggingface.co"
EVERY_S: Final = 10.0
"""30 questions in the 5 minutes in which the Hub allows an address without a log-in 3,000 files."""
SCOPE: Final = "read-repos"
"""The narrowest permission that reads a private dataset; it reads all others of its giver too, and the page says so."""
FIRST, MAIN, PAGE = "staticfirst.js", "static.js", "static.html"
FILED: Final = "shared.js"
"""The page of a chart that is saved as one HTML file, which the browser puts together (view/charts/export/page.js)."""
LIBRARY: Final = "plotly.min.js"
SERVERS: Final = frozenset({"shell/account.js", "shell/share.js", "shell/sync.js"})
"""For what only a server has; the page never fetches them."""
_REPO = re.compile(r"[\w.-]+/[\w.-]+")


def files_of_static_space(
    repo: str,
    *,
    private: bool,
    endpoint: str = HUB,
    title: str | None = None,
    library: bool = True,
    every_s: float = EVERY_S,
) -> dict[str, bytes]:
    """By path what the Space holds; the same arguments give the same bytes.

    Args:
        repo: the dataset, `owner/name`.
        private: whether it opens with a log-in only. The Space then asks the Hub for an OAuth client.
        endpoint: of the Hub that holds it.
        title: of the page and its card; else the dataset's name.
        every_s: how often an open page looks whether something was pushed.
        library: with plotly.js (4.5 MB, if plotly is installed), which draws one chart opened large.

    Raises:
        UsageError: a repo or an endpoint of another form.
    """
    if not _REPO.fullmatch(repo):
        raise UsageError(f"a dataset is named owner/name, got {repo!r:.120}")
    endpoint = endpoint.rstrip("/")
    if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).netloc:
        raise UsageError(f"the Hub's address begins with https://, got {endpoint!r:.120}")
    name = " ".join((title or repo).split())
    wanted = {*modules(MAIN, later=True), *modules(FILED)} - SERVERS
    found = {f"view/{name}": source(name) for name in sorted(wanted)}
    found |= {f"view/{style}": source(style) for style in (*STYLES, "styles/shared.css", "icon.svg")}
    plotly = _plotly() if library else None
    if plotly is not None:
        found[f"view/{LIBRARY}"] = plotly.read_bytes()
    settings = {"repo": repo, "endpoint": endpoint, "private": private, "large": plotly is not None, "every_s": every_s}
    found["index.html"] = _page(name, settings).encode()
    found["README.md"] = _card(name, repo, private).encode()
    return found


def policy(endpoint: str, script: str) -> str:
    """The page's Content-Security-Policy: scripts from the Space alone, and this inline one; words to the Hub alone.

    Styles may stand at elements, for plotly writes them so; nothing that a style can load lies elsewhere.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # Files lie at the Hub's CDN and its xet bridge: cdn-lfs.hf.co, cas-bridge.xethub.hf.co, cdn-lfs.huggingface.co.
    hosts = [endpoint]
    where = urlsplit(endpoint)
    if endpoint == HUB:
        hosts += ["https://*.huggingface.co", "https://*.hf.co"]
    else:
        hosts += [f"{where.scheme}://{where.hostname}:*"]
    rules = {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{digest}'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "blob:",  # sound and film, as pictures, out of the copy that was fetched
        "frame-src": "'self'",  # a user's page, without its scripts
        "connect-src": f"'self' blob: {' '.join(hosts)}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{rule} {value}" for rule, value in rules.items())


def _page(title: str, settings: dict[str, Any]) -> str:
    first = source(FIRST).decode()
    said = json.dumps(settings).replace("<", "\\u003c")
    fields = {
        "policy": html.escape(policy(settings["endpoint"], first)),
        "title": html.escape(title),
        "styles": "\n".join(f'<link rel="stylesheet" href="view/{style}">' for style in STYLES),
        "settings": said,
        "first": first,
        "modules": "\n".join(f'<link rel="modulepreload" href="view/{module}">' for module in modules(MAIN)),
        "address": html.escape(f"{settings['endpoint']}/datasets/{settings['repo']}"),
    }
    return re.sub(r"{{(\w+)}}", lambda field: fields[field[1]], source(PAGE).decode())


def _card(title: str, repo: str, private: bool) -> str:
    lines = [
        "---",
        f"title: {json.dumps(title[:80])}",
        "emoji: 📈",
        "colorFrom: indigo",
        "colorTo: gray",
        "sdk: static",
        "app_file: index.html",
        "pinned: false",
        "short_description: Experiments, drawn from a dataset",
        "tags:",
        "- trackio",
    ]
    if private:
        lines += ["hf_oauth: true", "hf_oauth_scopes:", f"- {SCOPE}"]
    else:
        lines += ["datasets:", f"- {repo}"]
    lines += ["---", "", f"# {title}", ""]
    lines += [
        f"The experiments in the dataset [{repo}](https://huggingface.co/datasets/{repo}), drawn by a page that",
        f"needs no server. Made by `trackio-client deploy --static` ({VERSION}); run it again to renew the page.",
    ]
    if private:
        lines += [
            "",
            "The dataset is private: the page asks you to log in. The Hub then asks whether it may read your repos",
            f"(`{SCOPE}`, the narrowest permission there is): its key opens every repo that you can read. The page",
            "reads this dataset and nothing else, keeps the key in the tab's memory, and loads no script from",
            "elsewhere.",
        ]
    return "\n".join(lines) + "\n"


def _plotly() -> Path | None:
    found = find_spec("plotly")
    for place in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(place) / "package_data" / LIBRARY).exists():
            return path
    return None
