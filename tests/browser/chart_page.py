"""A page with nothing but charts, and a small server behind it that answers as `wire/asks.py` says."""

from __future__ import annotations

import gzip
import json
import math
import random
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from trackio_client.wire.asks import BAD_COUNTS, BLOCK_HEAD, ONE_VALUE, SERIES_MAGIC, SERIES_TYPE, WIDE

VIEW = Path(__file__).parents[2] / "trackio_client" / "view"
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
DRAWN = """window.ready && grid.inView().length > 0
  && grid.inView().every((c) => c.model && !c.model.status.waiting && c.view)"""
"""Every chart in view has its answer and its size, and was painted with both."""
HTML = """<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>charts</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/lib/styles/page.css"><style>
.tk{{position:static;display:block;overflow:visible}}
*{{box-sizing:border-box}}body{{margin:0;background:var(--ground);color:var(--text);
font:14px/20px system-ui,sans-serif}}
</style><link rel="stylesheet" href="/lib/styles/charts.css"><div class="tk" id="root"></div>
<script type="module">
import {{ MetricGrid }} from "/lib/charts/grid.js";
import {{ HttpSource }} from "/lib/data/source.js";
import {{ followProject }} from "/lib/charts/settings.js";
import {{ PageState }} from "/lib/data/state.js";
const setup = await (await fetch("/setup")).json();
const experiments = setup.experiments.map((e, order) => ({{ ...e, color: order }}));
const state = new PageState({{ ...setup.state, theme: "{theme}", experiments, metrics: setup.metrics }});
followProject(state);
const parts = {{ state, source: new HttpSource(), every_ms: setup.every_ms }};
const grid = new MetricGrid(document.getElementById("root"), parts);
Object.assign(window, {{ state, grid, ready: true, chart: (metric) => grid.charts.get(metric) }});
</script></html>"""


@dataclass
class Pair:
    """One series, as it grows."""

    x: list[float]
    values: list[float]
    times: list[float] | None = None
    wide: bool = False  # float64 on the wire


@dataclass
class ChartServer:
    """What the page is told. `series[(experiment, metric)]` may grow while a page is open."""

    experiments: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    series: dict[tuple[str, str], Pair]
    state: dict[str, Any] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    listed: list[dict[str, Any]] = field(default_factory=list)
    every_ms: int = 300
    without_axis: set[str] = field(default_factory=set)
    """Experiments that have no other x axis than step and time."""
    fail: Callable[[dict[str, Any]], tuple[int, dict[str, str], dict[str, Any]] | None] | None = None
    delay_s: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    sent_bytes: list[int] = field(default_factory=list)
    port: int = 0
    _cursors: dict[str, dict[tuple[str, str], tuple[int, float]]] = field(default_factory=dict)

    def url(self, theme: str = "light") -> str:
        return f"http://127.0.0.1:{self.port}/?theme={theme}"

    def answer(self, ask: dict[str, Any]) -> bytes:
        """The binary answer to one question."""
        before = self._cursors.get(ask.get("cursor") or "", {})
        held: dict[tuple[str, str], tuple[int, float]] = {}
        infos, blocks = [], []
        for metric in ask["metrics"]:
            for experiment in ask["experiments"]:
                pair = self.series.get((experiment, metric))
                if pair is None or not pair.x:
                    continue
                if experiment in self.without_axis and ask["x"] not in ("step", "time", "relative"):
                    continue
                columns = pair.times if ask["x"] in ("time", "relative") and pair.times else pair.x
                x, v = np.array(columns, float), np.array(pair.values, float)
                if ask["x"] == "relative" and pair.times:
                    x -= x[0]
                inside = (x >= ask.get("from_x", -math.inf)) & (x <= ask.get("to_x", math.inf))
                x, v = x[inside], v[inside]
                if not len(x):
                    continue
                keep, width, block = pack_series(
                    x, v, ask.get("max_points"), before.get((experiment, metric)), pair.wide
                )
                held[experiment, metric] = (len(x), width)
                if block is not None:
                    blocks.append(struct.pack(BLOCK_HEAD, len(infos), block[0], 0, keep, block[1]) + block[2])
                bad = {"nan": np.isnan(v), "posinf": v == np.inf, "neginf": v == -np.inf}
                infos.append(
                    {"experiment_id": experiment, "metric": metric, "points": len(x), "width": width}
                    | {name: int(found.sum()) for name, found in bad.items()}
                )
        cursor = str(len(self._cursors) + 1)
        self._cursors[cursor] = held
        head = {"cursor": cursor, "x": ask["x"], "reset": not before, "blocks": len(blocks), "now_s": time.time()}
        head["series"] = None if before and list(before) == list(held) else infos
        encoded = json.dumps(head).encode()
        return SERIES_MAGIC + struct.pack("<I", len(encoded)) + encoded + b"".join(blocks)


def pack_series(
    x: np.ndarray, v: np.ndarray, max_points: int | None, before: tuple[int, float] | None, wide: bool = False
) -> tuple[int, float, tuple[int, int, bytes] | None]:
    """Buckets that stay, bucket width, and (mode, buckets, columns) or None when nothing is new."""
    bad = ~np.isfinite(v)
    if max_points is None or len(x) <= max_points:
        keep = before[0] if before and before[1] == 0 else 0
        if keep == len(x):
            return keep, 0, None
        data = (
            x[keep:].astype("<f8").tobytes()
            + np.where(bad, np.nan, v)[keep:].astype("<f8" if wide else "<f4").tobytes()
        )
        return (
            keep,
            0,
            (
                ONE_VALUE | (WIDE if wide else 0) | (BAD_COUNTS if bad.any() else 0),
                len(x) - keep,
                data + _counts(v[keep:]) * bool(bad.any()),
            ),
        )
    span = (x[-1] - x[0]) / max_points
    width = 2.0 ** math.ceil(math.log2(span))
    bucket = np.floor(x / width).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(bucket) > 0])
    ends = np.r_[starts[1:], len(x)]
    keep = 0
    if before and before[1] == width:
        keep = int(np.searchsorted(ends, before[0], side="right"))
        keep = min(keep, len(starts) - 1) if before[0] < len(x) else len(starts)
    if keep == len(starts):
        return keep, width, None
    finite = np.where(bad, np.nan, v)
    columns: list[list[float]] = [[], [], []]
    with np.errstate(all="ignore"):
        for a, b in zip(starts[keep:], ends[keep:], strict=True):
            part = finite[a:b][~bad[a:b]]
            stats = (part.min(), part.max(), part.mean()) if len(part) else (np.nan,) * 3
            for column, value in zip(columns, stats, strict=True):
                column.append(float(value))
    counts = b""
    if bad.any():
        for test in (np.isnan(v), v == np.inf, v == -np.inf):
            counts += np.add.reduceat(test.astype(np.uint16), starts)[keep:].astype("<u2").tobytes()
    data = x[ends[keep:] - 1].astype("<f8").tobytes() + np.array(columns, "<f8").tobytes() + counts
    return keep, width, (WIDE | (BAD_COUNTS if counts else 0), len(starts) - keep, data)


def _counts(v: np.ndarray) -> bytes:
    return b"".join(test.astype("<u2").tobytes() for test in (np.isnan(v), v == np.inf, v == -np.inf))


class _Handler(BaseHTTPRequestHandler):
    server_state: ChartServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._series(body)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        state = self.server_state
        if address.path == "/":
            self._send(HTML.format(theme=query.get("theme", ["light"])[0]).encode(), "text/html")
        elif address.path == "/setup":
            setup = {"experiments": state.experiments, "metrics": state.metrics, "state": state.state}
            self._send(json.dumps(setup | {"every_ms": state.every_ms}).encode(), "application/json")
        elif address.path == "/lib/plotly.min.js":
            import plotly

            self._send(
                (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes(), "text/javascript"
            )
        elif address.path.startswith("/lib/"):
            file = VIEW / address.path.removeprefix("/lib/")
            self._send(file.read_bytes(), TYPES[file.suffix])
        elif address.path == "/v1/experiments":
            self._send(json.dumps({"experiments": state.listed}).encode(), "application/json")
        elif address.path.endswith("/events"):
            found = state.events.get(address.path.split("/")[3], [])
            after = int(query.get("after", ["-1"])[0])
            self._send(json.dumps({"events": [e for e in found if e["position"] > after]}).encode(), "application/json")
        elif address.path == "/v1/series":
            ask: dict[str, Any] = {"experiments": query["experiment"], "metrics": query["metric"], "x": query["x"][0]}
            for name, read in (("max_points", int), ("from_x", float), ("to_x", float), ("cursor", str)):
                if name in query:
                    ask[name] = read(query[name][0])
            self._series(ask)
        else:
            self._send(b"{}", "application/json", 404)

    def _series(self, ask: dict[str, Any]) -> None:
        state = self.server_state
        state.asked.append(ask)
        time.sleep(state.delay_s)
        if state.fail and (failure := state.fail(ask)):
            status, headers, problem = failure
            self._send(json.dumps(problem).encode(), "application/problem+json", status, headers)
        elif self.headers.get("Accept") != SERIES_TYPE:
            series = [
                {
                    "experiment_id": e,
                    "metric": m,
                    "steps": pair.x,
                    "values": pair.values,
                    "times_s": pair.times or pair.x,
                }
                for (e, m), pair in state.series.items()
                if e in ask["experiments"] and m in ask["metrics"]
            ]
            self._send(json.dumps({"series": series, "cursor": ""}).encode(), "application/json")
        else:
            body = state.answer(ask)
            state.sent_bytes.append(len(body))
            self._send(body, SERIES_TYPE)

    def _send(self, body: bytes, kind: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
        if len(body) > 2000 and kind.startswith("text"):
            body, headers = gzip.compress(body, 1), {**(headers or {}), "Content-Encoding": "gzip"}
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(state: ChartServer) -> Iterator[ChartServer]:
    """Serve on a free port of this machine until the block ends."""
    handler = type("Handler", (_Handler,), {"server_state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.port = server.server_address[1]
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def experiment(number: int, **more: Any) -> dict[str, Any]:
    """A row as the page's state holds it."""
    base = {"id": f"exp_{number}", "name": f"run-{number}", "group": None, "state": "running", "shown": True}
    return (
        base
        | {"created_s": 1_700_000_000 + number, "last_event_s": 1_700_000_100, "last_step": 0, "columns": {}}
        | more
    )


def metric(name: str, **more: Any) -> dict[str, Any]:
    """A row of /v1/metrics."""
    group, _, rest = name.partition("/")
    return {"metric": name, "group": group, "name": rest or name, "unit": None, "goal": None, "experiments": 1} | more


def falling(points: int, level: float = 1.0, noise: float = 0.02, seed: int = 0) -> Pair:
    rng = random.Random(seed)
    values = [level + 3 * math.exp(-i / points * 6) + rng.gauss(0, noise) for i in range(points)]
    return Pair([float(i) for i in range(points)], values)


def one(pair: Pair, name: str = "train/loss", **more: Any) -> ChartServer:
    return ChartServer([experiment(0)], [metric(name)], {("exp_0", name): pair}, **more)


def several(count: int, points: int = 200) -> ChartServer:
    series = {(f"exp_{e}", "train/loss"): falling(points, 1 + e / 10, seed=e) for e in range(count)}
    return ChartServer([experiment(e) for e in range(count)], [metric("train/loss", goal="min")], series)


def held(server: ChartServer) -> threading.Event:
    """The server answers no more before this is set: what stands meanwhile can be looked at at leisure."""
    may_answer = threading.Event()

    def wait(ask: dict[str, Any]) -> None:
        may_answer.wait(60)

    server.fail = wait
    return may_answer


COLUMN = """([name, layer, x]) => {
  const c = chart(name), canvas = c.canvases[layer], at = Math.round((x * c.view.kx + c.view.bx) * c.ratio);
  const data = canvas.getContext("2d").getImageData(at - 1, 0, 3, canvas.height).data;
  const seen = []; // rows with ink in any of three columns
  for (let y = 0; y < canvas.height; y++) {
    for (let k = 0; k < 3; k++) if (data[(y * 3 + k) * 4 + 3] > 60) { seen.push(y / c.ratio); break; }
  }
  return { seen, T: c.view.T, B: c.view.B };
}"""
"""Where a layer of a chart has ink in the pixel column of an x; T and B are the plot's edges."""
