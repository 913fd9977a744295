"""The pages of a link: HTML of our own, written on the server, so that chats and search robots see what people see.

Everything a user named is escaped. The words and numbers stand in the page itself; `view/shared.js` then draws the live
charts in their place.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import HTMLResponse, Response

from trackio_client.snapshot.numbers import STATES, best_numbers, headline, number
from trackio_client.view import STYLES, modules

SCRIPT: Final = "shared.js"
SHARED: Final = (*STYLES, "styles/shared.css")
_FRAMES: Final = {"page": "'self' https://huggingface.co https://*.hf.space", "embed": "*"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)


def page_of(
    details: Sequence[Mapping[str, Any]],
    *,
    name: str,
    address: str,
    root: str,
    address_of: Callable[[str], str],
    embed: bool = False,
) -> Response:
    """The answer to a link that opens.

    `address` is the link's absolute address, `root` the path its own requests go to; `address_of` gives the address of
    a file of `trackio_client.view`.
    """
    told = headline(details)
    frames = _FRAMES["embed" if embed else "page"]
    headers = {
        "Cache-Control": "no-store",  # revoked means revoked, in the browser's memory too
        "Content-Security-Policy": _POLICY + frames,
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
    body = _body(details, name=name, told=told, root=root, embed=embed)
    return HTMLResponse(_head(name, told, address, address_of) + body, 200, headers)


def _head(name: str, told: str, address: str, address_of: Callable[[str], str]) -> str:
    title, image = f"{name} · Trackio", f"{address}/preview.png"
    meta = {
        "og:type": "website", "og:site_name": "Trackio", "og:title": name, "og:description": told, "og:url": address,
        "og:image": image, "og:image:type": "image/png", "og:image:width": "1200", "og:image:height": "630",
        "og:image:alt": f"A curve of {name}. {told}",
    }  # fmt: skip
    twitter = {
        "twitter:card": "summary_large_image", "twitter:title": name, "twitter:description": told,
        "twitter:image": image,
    }  # fmt: skip
    lines = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{html.escape(title)}</title>",
        f'<meta name="description" content="{html.escape(told)}">',
        *(f'<meta property="{key}" content="{html.escape(value)}">' for key, value in meta.items()),
        *(f'<meta name="{key}" content="{html.escape(value)}">' for key, value in twitter.items()),
        f'<link rel="icon" href="{address_of("icon.svg")}">',
        *(f'<link rel="stylesheet" href="{address_of(style)}">' for style in SHARED),
        *(f'<link rel="modulepreload" href="{address_of(module)}">' for module in modules(SCRIPT)),
        f'<script type="module" src="{address_of(SCRIPT)}"></script></head>',
    ]
    return "".join(lines)


def _body(details: Sequence[Mapping[str, Any]], *, name: str, told: str, root: str, embed: bool) -> str:
    """What stands there before the script has drawn, and for those who have none."""
    rows = "".join(_row(detail) for detail in details)
    kind = "embed" if embed else "page"
    title = html.escape(name)
    return (
        f'<body class="tk-shared-body" data-root="{html.escape(root)}" data-kind="{kind}" data-name="{title}">'
        f'<main class="tk-shared-plain"><h1>{title}</h1><p>{html.escape(told)}</p>'
        f"<table><thead><tr><th>Experiment</th><th>State</th><th>Step</th><th>Best</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></main></body></html>"
    )


def _row(detail: Mapping[str, Any]) -> str:
    best = "; ".join(f"{each.word} {each.metric} {number(each.value)}" for each in best_numbers(detail["summary"]))
    step = "" if detail["last_step"] is None else f"{detail['last_step']:,}"
    cells = (detail["name"], STATES.get(detail["state"], detail["state"]), step, best)
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>"
