"""One experiment as one HTML file: charts, numbers and config, opened with a double-click, for ever, without a network.

Browsers load no module from file://, so the modules travel in an import map of data: addresses, and their imports are
named instead of relative. The points are the pages' own binary answers, packed, one a kind of x axis.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from space.api.access import Entry
from space.api.problems import dump
from space.api.tokens import Kind
from space.sharing.numbers import headline
from space.sharing.pages import SCRIPT, SHARED
from space.sharing.scope import Shared
from trackio_client.queries.series import read_buckets
from trackio_client.store.contract import Store
from trackio_client.view import modules, resolved, source
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import RECORD

AXES: Final = ("step", "time", "relative")
FACTS: Final = "experiment/facts.js"
BUCKETS: Final = 1000
"""As many a series as a page asks for."""
_FEWER_FROM: Final = 300
"""Metrics above which buckets become fewer: a file of more than about 10 MB passes no mail."""
_MOST_MARKS: Final = 1000
_IMPORT: Final = re.compile(r"""((?:\bfrom|\bimport)\s*\(?\s*)(["'])(\.{1,2}/[\w./-]+\.js)\2""")
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def snapshot_html(store: Store, experiment_id: str, *, lost_contact_s: float) -> bytes:
    """The file. Raises ExperimentNotFound."""
    now_s = time.time()
    entry = Entry(id="0" * 12, kind=Kind.SHARE, name="", experiments=(experiment_id,), created_s=now_s)
    shared = Shared(store, entry, now_s=now_s, lost_contact_s=lost_contact_s)
    detail = shared.detail(experiment_id)
    metrics = shared.metrics()
    data = {
        "taken_s": round(now_s, 3),
        "experiments": shared.rows(),
        "details": {experiment_id: detail},
        "training": {experiment_id: shared.summary(experiment_id)},
        "entries": _entries(shared, experiment_id),
        "metrics": metrics,
        "events": {experiment_id: shared.events(experiment_id, [], limit=_MOST_MARKS)["events"]},
        "series": _series(store, experiment_id, [each["metric"] for each in metrics], now_s),
    }
    return _page(detail, data).encode()


def _entries(shared: Shared, experiment_id: str) -> list[dict[str, Any]]:
    """The confusion of labels at the newest evaluation. Media stay on the server: a file of them passes no mail."""
    entries = [each for each in shared.index(experiment_id)["entries"] if each["kind"] == RECORD]
    where = ("writer_id", "seq", "position")
    return [
        {"entry": each, "held": shared.held(experiment_id, **{name: each[name] for name in where})}
        for each in entries[-1:]
    ]


def file_name(name: str, experiment_id: str) -> str:
    """A name for the file that every system takes."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]
    return f"{plain or experiment_id}.html"


def _series(store: Store, experiment_id: str, metrics: list[str], now_s: float) -> dict[str, str]:
    if not metrics:
        return {}
    buckets = BUCKETS if len(metrics) <= _FEWER_FROM else max(100, BUCKETS * _FEWER_FROM // len(metrics))
    query = SeriesQuery(experiments=(experiment_id,), metrics=tuple(metrics), max_points=buckets)
    return {axis: _packed(read_buckets(store, replace(query, x=axis), now_s)) for axis in AXES}


def _packed(raw: bytes) -> str:
    return base64.b64encode(gzip.compress(raw, 6, mtime=0)).decode()


def _page(detail: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    styles = "\n".join(source(name).decode() for name in SHARED)
    name, told = html.escape(str(detail["name"])), html.escape(headline([detail]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f'<title>{name} · Trackio</title><meta name="description" content="{told}"><style>{styles}</style>'
        f'<script type="importmap">{_import_map()}</script></head>'
        f'<body class="tk-shared-body" data-kind="snapshot" data-name="{name}">'
        f'<main class="tk-shared-plain"><h1>{name}</h1><p>{told}</p></main>'
        f'<script type="application/json" id="trackio-data">{_json(data)}</script>'
        f'<script type="module">import "trackio/{SCRIPT}";</script></body></html>'
    )


def _json(data: Any) -> str:
    """JSON that ends no script element, whatever a user named something."""
    text = dump(data).decode("utf-8", "replace")
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _import_map() -> str:
    # With what a training tells, but without what else is fetched when wanted: the large view needs plotly's 4 MB.
    names = sorted({*modules(SCRIPT), *modules(FACTS)})
    return json.dumps({"imports": {f"trackio/{name}": _address(name) for name in names}})


def _address(name: str) -> str:
    named = _IMPORT.sub(lambda m: f"{m[1]}{m[2]}trackio/{resolved(name, m[3])}{m[2]}", source(name).decode())
    return "data:text/javascript;base64," + base64.b64encode(named.encode()).decode()
