"""Experiments as one HTML file: charts, numbers and configs, opened with a double-click, for ever, without a network.

Browsers load no module from file://, so the modules travel in an import map of data: addresses, and their imports are
named instead of relative. The points are the pages' own binary answers, packed: one against the step, one against wall
time (relative time is that less where an experiment began), and one for each metric that `define_metric` made an axis.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.queries.series import read_buckets
from trackio_client.queries.states import LOST_CONTACT_S
from trackio_client.snapshot.numbers import headline
from trackio_client.snapshot.shown import Shown
from trackio_client.store.contract import Store
from trackio_client.view import STYLES, modules, resolved, source
from trackio_client.view.bundle import without_comments
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.events import RECORD

SCRIPT: Final = "shared.js"
STYLED: Final = (*STYLES, "styles/shared.css")
LATER: Final = (
    "experiment/facts.js",
    "experiment/notes.js",
    *(f"charts/{name}.js" for name in ("full", "export/export", "deriving", "settingsbox")),
    "stack/full.js",
    "stack/zoombox.js",
)
"""What the page fetches when it is wanted, and a file holds. Not Plotly: it weighs as much as all the rest."""
MOST: Final = 50
"""Experiments in a file: more colours and lines than anybody tells apart."""
BUCKETS: Final = 1000
"""As many a series as a page asks for."""
FEWEST: Final = 60
"""Below it a curve would be a sketch; a file with so many series grows instead."""
POINTS_BYTES: Final = 3_000_000
"""Of all packed points, above which buckets become fewer: a file of 5 MB with page and base64 passes every mail."""
_MOST_AXES: Final = 6
_MOST_MARKS: Final = 1000
_MOST_LISTED: Final = 200
_IMPORT: Final = re.compile(r"""((?:\bfrom|\bimport)\s*\(?\s*)(["'])(\.{1,2}/[\w./-]+\.js)\2""")
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def snapshot_html(
    store: Store, experiments: Sequence[str], *, name: str | None = None, state: str = "",
    lost_contact_s: float = LOST_CONTACT_S,
) -> bytes:  # fmt: skip
    """The file. `state` is what of a page's address it opens with: "x=relative&smooth=ema:0.9".

    Raises:
        ExperimentNotFound: for the first that is not there. UsageError: none, or more than MOST.
    """
    wanted = tuple(dict.fromkeys(experiments))
    if not 1 <= len(wanted) <= MOST:
        raise UsageError(f"a file holds 1 to {MOST} experiments, got {len(wanted)}")
    now_s = time.time()
    shown = Shown(store, wanted, now_s=now_s, lost_contact_s=lost_contact_s)
    for each in wanted:
        if not shown.has(each):
            raise ExperimentNotFound(f"there is no experiment {each!r:.160}")
    details = shown.details()
    metrics = shown.metrics()
    points, buckets = _points(store, wanted, metrics, now_s)
    data = {
        "taken_s": round(now_s, 3),
        "state": state,
        "buckets": buckets,
        "experiments": shown.rows(),
        "details": {each["experiment_id"]: each for each in details},
        # What a training told beside its curves stands below those of one; of several there is no place for it.
        "training": {each: _shortened(shown.summary(each)) for each in wanted[:1] if len(wanted) == 1},
        "entries": {each: _entries(shown, each) for each in wanted[:1] if len(wanted) == 1},
        "metrics": metrics,
        "events": {each: shown.events(each, [], limit=_MOST_MARKS)["events"] for each in wanted},
        "series": points,
    }
    title = name or (details[0]["name"] if len(details) == 1 else f"{len(details)} experiments of {_projects(details)}")
    told = f"{headline(details)} As of {datetime.fromtimestamp(now_s, UTC):%Y-%m-%d %H:%M} UTC, when this was saved."
    return _page(str(title), told, data).encode("utf-8", "replace")


def file_name(name: str, experiment_id: str) -> str:
    """A name for the file that every system takes."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60]
    return f"{plain or experiment_id}.html"


def _projects(details: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(dict.fromkeys(str(each["project"]) for each in details))[:200]


def _entries(shown: Shown, experiment_id: str) -> list[dict[str, Any]]:
    """The confusion of labels at the newest evaluation. Media stay where they are: a file of them passes no mail."""
    entries = [each for each in shown.index(experiment_id)["entries"] if each["kind"] == RECORD]
    return [
        {"entry": each, "held": shown.held(experiment_id, writer_id=each["writer_id"], seq=each["seq"])}
        for each in entries[-1:]
    ]


def _shortened(value: Any) -> Any:
    """The newest of long lists: of an evaluation at every step the curves tell the rest."""
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    return [_shortened(item) for item in value[-_MOST_LISTED:]] if isinstance(value, list) else value


def _points(
    store: Store, experiments: tuple[str, ...], metrics: Sequence[Mapping[str, Any]], now_s: float
) -> tuple[dict[str, str], int]:
    """Packed answers by axis, and how many buckets a series has: as many as keep the file small."""
    if not metrics:
        return {}, BUCKETS
    axes = {"step": [str(each["metric"]) for each in metrics]}
    axes["time"] = axes["step"]
    for each in metrics:
        if each.get("step_metric") and (each["step_metric"] in axes or len(axes) < _MOST_AXES):
            axes.setdefault(str(each["step_metric"]), []).append(str(each["metric"]))
    buckets = BUCKETS
    while True:
        query = SeriesQuery(experiments=experiments, metrics=(), max_points=buckets)
        found = {
            axis: gzip.compress(read_buckets(store, replace(query, metrics=tuple(names), x=axis), now_s), 6, mtime=0)
            for axis, names in axes.items()
        }
        size = sum(map(len, found.values()))
        if size <= POINTS_BYTES or buckets == FEWEST:
            return {axis: base64.b64encode(raw).decode() for axis, raw in found.items()}, buckets
        buckets = max(FEWEST, min(buckets // 2, int(0.9 * buckets * POINTS_BYTES / size)))


def _page(name: str, told: str, data: Mapping[str, Any]) -> str:
    styles = without_comments("\n".join(source(style).decode() for style in STYLED))
    name, told = html.escape(name), html.escape(told)
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
    """JSON that ends no script element, whatever a user named something. NaN and ±inf are words, as in the HTTP API."""
    text = json.dumps(_worded(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _worded(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    if isinstance(value, Mapping):
        return {str(key): _worded(item) for key, item in value.items()}
    return [_worded(item) for item in value] if isinstance(value, (list, tuple)) else value


def _import_map() -> str:
    names = sorted({name for first in (SCRIPT, *LATER) for name in modules(first)})
    return json.dumps({"imports": {f"trackio/{name}": _address(name) for name in names}})


def _address(name: str) -> str:
    return "data:text/javascript;base64," + base64.b64encode(_named(name).encode()).decode()


def _named(name: str) -> str:
    """A module whose imports are named: from "../base/dom.js" becomes from "trackio/base/dom.js"."""
    text = without_comments(source(name).decode())
    return _IMPORT.sub(lambda m: f"{m[1]}{m[2]}trackio/{resolved(name, m[3])}{m[2]}", text)
