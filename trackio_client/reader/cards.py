"""What a notebook shows of what `Api` gives: cards and tables (trackio_client/notebook)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from trackio_client.errors import TrackioError
from trackio_client.notebook.card import Card, card_html, plain, rows_html, rows_markdown
from trackio_client.notebook.curve import curve_svg
from trackio_client.snapshot.numbers import best_numbers, main_metric

if TYPE_CHECKING:
    from trackio_client.reader.api import Api
    from trackio_client.reader.experiment import LoggedExperiment

_POINTS: Final = 240
"""Of a curve: more than its picture has pixels for."""
_FULL: Final = 12
"""Experiments of a list whose numbers are asked for: each is a question."""


def card_of(one: LoggedExperiment, *, has_curve: bool = True) -> Card:
    """Everything of one. What cannot be had now is left out: a notebook shows what there is."""
    listed = one.as_json()
    summary: dict[str, Any] = {}
    config: Mapping[str, Any] = {}
    curve, metric = "", None
    try:
        summary, config = _computed(one), one.config
        metric = main_metric([{"summary": summary}]) if has_curve else None
        if metric is not None:
            series = one.series(metric, max_points=_POINTS)
            curve = curve_svg(series.steps.tolist(), series.values.tolist(), metric)
    except TrackioError:
        curve = ""
    return Card(
        name=str(listed["name"]),
        experiment_id=one.experiment_id,
        project=one.project,
        state=str(listed["state"]),
        evidence=one.evidence,
        step=one.last_step,
        config=config,
        numbers=[(best.metric, best.word, best.value) for best in best_numbers(summary, 8)],
        curve=curve,
        metric=metric or "",
        url=page_of(one),
        kept=f"Kept in {one.api_address}",
    )


def _computed(one: LoggedExperiment) -> dict[str, Any]:
    """Per metric its numbers; NaN and infinities as floats."""
    found = {}
    for name, told in one.summary.items():
        if isinstance(told, dict) and "points" in told:
            goal = told.get("goal")
            last = told.get("last")
            best = told.get("best", told.get("min" if goal == "min" else "max"))
            known = isinstance(last, (int, float)) and not (
                isinstance(last, float) and math.isnan(last) and goal is None
            )
            found[name] = {"goal": goal, "best": best, "last": last if known else None, "points": told["points"]}
    return found


def page_of(one: LoggedExperiment) -> str | None:
    """Where to watch it; None for a store on this machine."""
    if "://" not in one.api_address:
        return None
    return f"{one.api_address}/?{urlencode({'project': one.project, 'experiment': one.experiment_id})}"


class Experiments(list["LoggedExperiment"]):
    """A list that a notebook shows as a table."""

    def _cards(self) -> list[Card]:
        return [card_of(one, has_curve=False) if at < _FULL else _listed_card(one) for at, one in enumerate(self)]

    def _repr_html_(self) -> str:
        count = f"{len(self):,} experiment{'s' * (len(self) != 1)}"
        return rows_html(self._cards(), count) if self else f"<p>{count}</p>"

    def _repr_markdown_(self) -> str:
        return rows_markdown([_listed_card(one) for one in self])


def _listed_card(one: LoggedExperiment) -> Card:
    """Of what the list told alone: nothing is asked."""
    listed = one.as_json()
    return Card(
        str(listed["name"]), one.experiment_id, one.project, str(listed["state"]), step=one.last_step, url=page_of(one)
    )


def api_html(api: Api) -> str:
    """Where it reads from, and its projects."""
    try:
        projects = api.source.projects()
    except TrackioError as error:
        return f"<p><code>{escape(repr(api))}</code></p><p>{escape(str(error))}</p>"
    rows = "".join(
        f'<tr style="background:none"><td style="text-align:left">{escape(str(one["project"]))}</td>'
        f"<td>{int(one.get('experiments') or 0):,}</td></tr>"
        for one in projects[:50]
    )
    heads = '<tr><th style="text-align:left">Project</th><th>Experiments</th></tr>'
    table = f"<table><thead>{heads}</thead><tbody>{rows}</tbody></table>" if rows else "<p>No project yet.</p>"
    return f"<p><code>{escape(repr(api))}</code></p>{table}"


def api_markdown(api: Api) -> str:
    """The same as Markdown."""
    try:
        projects = api.source.projects()
    except TrackioError as error:
        return f"{plain(repr(api))}: {plain(str(error))}"
    lines = [f"| {plain(str(one['project']))} | {int(one.get('experiments') or 0):,} |" for one in projects[:50]]
    return "\n".join([plain(repr(api)), "", "| project | experiments |", "|---|---:|", *lines])


__all__ = ["Experiments", "api_html", "api_markdown", "card_html", "card_of", "page_of"]
