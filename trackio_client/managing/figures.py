"""Series as Plotly JSON: plain dicts, `plotly.graph_objects.Figure(figure)` draws them. Needs no plotly."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.store.contract import Series

COLORS: Final = (
    "#4269d0", "#b68504", "#ec614c", "#429d89", "#34a24a", "#d96895", "#a463f2", "#6d8fc6", "#9c6b4e", "#8a8e96",
)  # fmt: skip
"""As on our pages (view/base/colors.js)."""
MAX_POINTS: Final = 2000
"""Of one line: first, last, lowest and highest of all points stay."""
_PANEL: Final = 260
"""Height of one chart of a comparison, in pixels."""


def metric_figure(name: str, metric: str, series: Series, *, demo: bool = False) -> dict[str, Any]:
    """One metric of one experiment against its step."""
    line, bad = _line(series, name, 0)
    title = f"{metric} – {name}" + (" (demo data)" if demo else "")
    return {"data": [line], "layout": _layout(title, metric) | ({"annotations": [_note(bad)]} if bad else {})}


def comparison_figure(
    names: Mapping[str, str], found: Mapping[tuple[str, str], Series], metrics: Sequence[str]
) -> dict[str, Any]:
    """A chart for each metric, one above the other, a line for each experiment that logged it.

    `names` are by id, in the order of the lines' colours.
    """
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "title": {"text": f"{len(names)} experiments"},
        "height": 80 + _PANEL * max(1, len(metrics)),
    }
    height = 1 / max(1, len(metrics))
    named: set[str] = set()
    for place, metric in enumerate(metrics):
        axis = "" if place == 0 else str(place + 1)
        top = 1 - place * height
        layout[f"yaxis{axis}"] = {"title": {"text": metric}, "domain": [max(0.0, top - height * 0.82), top]}
        layout[f"xaxis{axis}"] = {"anchor": f"y{axis}", "title": {"text": "step"}}
        for color, (own, name) in enumerate(names.items()):
            if (series := found.get((own, metric))) is None:
                continue
            line, _ = _line(series, name, color)
            data.append(
                {**line, "xaxis": f"x{axis}", "yaxis": f"y{axis}", "legendgroup": own, "showlegend": own not in named}
            )
            named.add(own)
    return {"data": data, "layout": layout}


def _line(series: Series, name: str, color: int) -> tuple[dict[str, Any], int]:
    values = [value if math.isfinite(value) else None for value in map(float, series.values)]
    line = {
        "type": "scatter", "mode": "lines+markers" if len(values) < 40 else "lines", "name": name,
        "x": [int(step) for step in series.steps], "y": values, "connectgaps": False,
        "line": {"color": COLORS[color % len(COLORS)], "width": 1.5},
    }  # fmt: skip
    return line, values.count(None)


def _layout(title: str, metric: str) -> dict[str, Any]:
    return {
        "title": {"text": title},
        "xaxis": {"title": {"text": "step"}},
        "yaxis": {"title": {"text": metric}},
        "hovermode": "x unified",
    }


def _note(bad: int) -> dict[str, Any]:
    text = f"{bad:,} value{'s are' if bad != 1 else ' is'} NaN or infinite and cannot be drawn"
    return {"text": text, "xref": "paper", "yref": "paper", "x": 0, "y": 1.06, "showarrow": False, "align": "left"}
