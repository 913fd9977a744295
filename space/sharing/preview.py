"""The picture that a chat shows for a link: 1200 × 630, drawn from the real curve. Light, for it stands on any ground.

Lines are drawn at twice the size and made smaller, which smooths them. Text is Pillow's own font: a server has no other
for sure; a name in letters that it lacks is then told by the chat's own text, which stands beside the picture.
"""

from __future__ import annotations

import io
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from space.sharing.scope import Shared
from trackio_client.queries import spread
from trackio_client.snapshot.numbers import STATES, main_metric, number
from trackio_client.store.contract import Store
from trackio_client.wire.asks import SeriesQuery

WIDTH: Final = 1200
HEIGHT: Final = 630
FRESH_S: Final = 60.0
"""A picture is drawn at most once in this time for a link."""
_KEPT: Final = 64
_BUCKETS: Final = 500
_MOST_LINES: Final = 40
_CROWD: Final = 10
"""Lines above which each is thinner."""
_FARTHEST: Final = 1e307
"""Twice as far, and the distance of two values is beyond all floats."""
_GROUND, _TEXT, _SOFT, _LINE, _ACCENT = "#ffffff", "#1a1e24", "#59636e", "#dfe3e8", "#5145cd"
_HUES: Final = (
    "#4269d0", "#b68504", "#ec614c", "#429d89", "#34a24a", "#d96895", "#a463f2", "#6d8fc6", "#9c6b4e", "#8a8e96",
)  # fmt: skip
"""As view/base/colors.js has them for the light theme."""
_STATE_INK: Final = {"running": "#1a7f37", "failed": "#c4282e", "lost_contact": "#a8480a"}
_PLOT: Final = (112, 236, WIDTH - 56, HEIGHT - 96)

Floats = npt.NDArray[np.float64]


class Previews:
    """Pictures of links, kept for a minute. One is drawn at a time: it costs a tenth of a second of one core."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], tuple[float, bytes]] = OrderedDict()

    def of(self, shared: Shared) -> bytes:
        """The picture as PNG."""
        key = (shared.entry.id, len(shared.records))  # one that was deleted leaves the picture at once
        with self._lock:
            drawn, raw = self._kept.get(key, (-math.inf, b""))
            if self._clock() - drawn >= FRESH_S:
                raw = draw(shared.store, shared.details(), shared.entry.name)
                self._kept[key] = (self._clock(), raw)
                self._kept.move_to_end(key)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return raw


@dataclass(frozen=True)
class _Curve:
    color: str
    x: Floats
    y: Floats


def draw(store: Store, details: Sequence[Mapping[str, Any]], name: str) -> bytes:
    """A picture of these experiments under a name, as PNG."""
    image = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), _GROUND)
    pen = ImageDraw.Draw(image)
    metric = main_metric(details)
    curves = [] if metric is None else _curves(store, details, metric)
    _head(pen, details, name)
    _figures(pen, details, metric)
    if curves:
        _plot(pen, curves)
    else:
        _text(pen, (56, 360), "No numbers yet", 32, _SOFT)
    pen.rectangle((0, 0, WIDTH * 2, 16), fill=_ACCENT)
    buffer = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=False, compress_level=6)
    return buffer.getvalue()


def _curves(store: Store, details: Sequence[Mapping[str, Any]], metric: str) -> list[_Curve]:
    having = [(n, each["experiment_id"]) for n, each in enumerate(details) if metric in each["summary"]][:_MOST_LINES]
    ids = tuple(each for _, each in having)
    found = spread.buckets(store, SeriesQuery(experiments=ids, metrics=(metric,), max_points=_BUCKETS)).series
    curves = []
    for n, experiment in having:
        if (buckets := found.get((experiment, metric))) is not None:
            finite = np.isfinite(buckets.mean)
            if finite.any():
                y = np.clip(buckets.mean[finite], -_FARTHEST, _FARTHEST)
                curves.append(_Curve(_HUES[n % len(_HUES)], buckets.x[finite], y))
    return curves


def _head(pen: ImageDraw.ImageDraw, details: Sequence[Mapping[str, Any]], name: str) -> None:
    _text(pen, (56, 46), _fitting(name, 52, WIDTH - 112), 52, _TEXT)
    left = 56.0
    states = list(dict.fromkeys(each["state"] for each in details))
    for state in states[:3]:
        ink = _STATE_INK.get(state, _SOFT)
        pen.ellipse(_twice(left, 134, left + 16, 150), fill=ink)
        count = sum(each["state"] == state for each in details)
        words = STATES.get(state, state) if len(details) == 1 else f"{count} {STATES.get(state, state).lower()}"
        left = _text(pen, (left + 26, 124), words, 28, ink) + 28
    last = max((each["last_step"] for each in details if each["last_step"] is not None), default=None)
    project = details[0]["project"] if details else ""
    more = " · ".join(part for part in (f"step {last:,}" if last is not None else "", project) if part)
    _text(pen, (left, 124), _fitting(more, 28, WIDTH - 200 - left), 28, _SOFT)
    _text(pen, (WIDTH - 56, 124), "Trackio", 28, _ACCENT, right=True)


def _figures(pen: ImageDraw.ImageDraw, details: Sequence[Mapping[str, Any]], metric: str | None) -> None:
    if metric is None:
        return
    drawn = [each for each in details if metric in each["summary"]][:_MOST_LINES]
    lasts = [each["summary"][metric]["last"] for each in drawn]
    lasts = [float(value) for value in lasts if isinstance(value, (int, float))]
    told = ""
    if len(lasts) == 1:
        told = number(lasts[0])
    elif lasts:
        told = f"{number(min(lasts))} to {number(max(lasts))}"
    width = _text(pen, (WIDTH - 56, 180), told, 36, _TEXT, right=True)
    some = f" ({len(drawn)} of {len(details)})" if len(drawn) < len(details) else ""
    _text(pen, (56, 184), _fitting(metric + some, 30, WIDTH - 180 - width), 30, _SOFT)


def _plot(pen: ImageDraw.ImageDraw, curves: Sequence[_Curve]) -> None:
    left, top, right, bottom = _PLOT
    x0, x1 = min(c.x[0] for c in curves), max(c.x[-1] for c in curves)
    y0, y1 = _range(curves)
    for value in _ticks(y0, y1, 4):
        y = bottom - (value - y0) / (y1 - y0) * (bottom - top)
        pen.line(_twice(left, y, right, y), fill=_LINE, width=2)
        _text(pen, (left - 14, y - 13), number(value), 22, _SOFT, right=True)
    for value in _ticks(x0, x1, 6) if x1 > x0 else [x0]:
        x = left + (value - x0) / ((x1 - x0) or 1) * (right - left)
        _text(pen, (x, bottom + 14), number(value), 22, _SOFT, center=True)
    for curve in curves:
        xs = left + (curve.x - x0) / ((x1 - x0) or 1) * (right - left)
        ys = bottom - (np.clip(curve.y, y0, y1) - y0) / (y1 - y0) * (bottom - top)
        points = [(float(x) * 2, float(y) * 2) for x, y in zip(xs, ys, strict=True)]
        if len(points) > 1:
            pen.line(points, fill=curve.color, width=6 if len(curves) <= _CROWD else 3, joint="curve")
        end = points[-1]
        pen.ellipse((end[0] - 9, end[1] - 9, end[0] + 9, end[1] + 9), fill=curve.color)


def _range(curves: Sequence[_Curve]) -> tuple[float, float]:
    """What the lines span, without the few points far outside that would press them flat."""
    values = np.concatenate([curve.y for curve in curves])
    low, high = float(values.min()), float(values.max())
    near, far = np.quantile(values, [0.02, 0.98])
    if high - low > 6 * (far - near) > 0:
        low, high = max(low, float(near - (far - near) / 2)), min(high, float(far + (far - near) / 2))
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two others."""
    size: float = 10.0 ** math.floor(math.log10((high - low) / about))
    step = next(size * each for each in (1, 2, 5, 10) if (high - low) / (size * each) <= about)
    first = math.ceil(low / step)
    return [float(f"{n * step:.12g}") for n in range(first, math.floor(high / step) + 1)]


@lru_cache(16)
def _font(size: int) -> Any:
    return ImageFont.load_default(size * 2)


def _text(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    words: str,
    size: int,
    ink: str,
    *,
    right: bool = False,
    center: bool = False,
) -> float:
    """Write words; the left edge of what stands to the right of them, or with `right` their width."""
    width = _width(words, size)
    left = at[0] - width if right else at[0] - width / 2 if center else at[0]
    pen.text((left * 2, at[1] * 2), words, font=_font(size), fill=ink)
    return width if right else left + width


def _width(words: str, size: int) -> float:
    return float(_font(size).getlength(words)) / 2


def _fitting(words: str, size: int, most: float) -> str:
    """The words, cut where the place ends. Line breaks of a name would write over what stands below."""
    words = " ".join(words.split())[:200]
    if _width(words, size) <= most:
        return words
    while words and _width(words + "…", size) > most:
        words = words[:-1]
    return words + "…"


def _twice(*place: float) -> tuple[float, ...]:
    return tuple(2 * each for each in place)
