"""Rows of lists: an experiment each, with the columns that were asked for.

A row of an experiment that ended changes only with the experiment. Its record, which a store keeps as long as it is
true, keeps it, and the JSON of it beside (space/api/problems.py puts it in): of a list of a thousand, which every page
that is opened asks for, making and writing the rows was half of what it costs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.queries import spread
from trackio_client.queries.alertlevels import alert_counts
from trackio_client.queries.definitions import goal_of, standing
from trackio_client.queries.filtering import STATISTICS
from trackio_client.queries.seedless import BUT_SEED, Settings
from trackio_client.queries.states import LOSSES, LOST_CONTACT_S, state_of
from trackio_client.store.contract import ExperimentRecord, MetricSummary, Store
from trackio_client.wire.events import DEMO, DEMO_PREFIX, plain

OF_METRICS: Final = ("metric", *STATISTICS)
KINDS: Final = ("config", *OF_METRICS)
"""Of columns; and `notes`."""
NOTES: Final = "notes"
MOST_NOTES: Final = 2_000
"""Characters of the notes in a list."""


@dataclass(slots=True)
class Kept:
    """What stays of a row without its columns."""

    alerts: tuple[int, str] | None
    row: dict[str, Any]
    json: bytes | None = None
    """Of the row; whoever writes it first puts it here."""


class Row(dict[str, Any]):
    """A row whose JSON is kept, but for its columns, which come last in it. Read it only."""

    __slots__ = ("kept",)
    kept: Kept


def _kept(record: ExperimentRecord, alerts: tuple[int, str] | None) -> Kept:
    """The row of one that ended; two threads that come at once make the same."""
    held: Kept | None = record.made.get("row")
    if held is None or held.alerts != alerts:
        record.made["row"] = held = Kept(alerts, row_of(record, 0.0, 0.0, {}, alerts))
    return held


def check_columns(columns: Sequence[str]) -> None:
    """Raises UsageError for a column of another form."""
    for column in columns:
        if column not in (NOTES, BUT_SEED) and (column.partition(":")[0] not in KINDS or not column.partition(":")[2]):
            kinds = ", ".join(f"'{kind}:<name>'" for kind in KINDS)
            raise UsageError(f"a column is {kinds}, '{BUT_SEED}' or 'notes', got {column!r:.80}")


def rows_of(
    store: Store,
    records: Sequence[ExperimentRecord],
    now_s: float,
    *,
    columns: Sequence[str] = (),
    lost_contact_s: float = LOST_CONTACT_S,
    settings: Settings | None = None,
    keeps: bool = False,
) -> list[dict[str, Any]]:
    """One row an experiment, as a list shows it. `settings`: for `but:seed`; `keeps`: to write JSON of it only."""
    metrics = list(dict.fromkeys(name for kind, _, name in (c.partition(":") for c in columns) if kind in OF_METRICS))
    values = summaries_by_metric(store, [r.experiment_id for r in records], metrics) if metrics else {}
    silent = [r.experiment_id for r in records if r.end is None and now_s - r.last_heard_s > lost_contact_s]
    losses = summaries_by_metric(store, silent, LOSSES) if silent else {}
    told = alert_counts(store, [r.experiment_id for r in records])
    made: list[dict[str, Any]] = []
    for record in records:
        alerts = told.get(record.experiment_id)
        row: dict[str, Any]
        if keeps and record.end is not None:
            held = _kept(record, alerts)
            row = Row(held.row)
            row.kept = held
        else:
            row = row_of(record, now_s, lost_contact_s, losses.get(record.experiment_id, {}), alerts)
        row["columns"] = columns_of(record, columns, values.get(record.experiment_id, {}), settings) if columns else {}
        made.append(row)
    return made


def row_of(
    record: ExperimentRecord,
    now_s: float,
    lost_contact_s: float,
    series: Mapping[str, MetricSummary],
    alerts: tuple[int, str] | None,
) -> dict[str, Any]:
    """A row without its columns. `series`: summaries by metric, of which a last loss is told with a lost contact."""
    loss = next((series[name] for name in LOSSES if name in series), None)
    state = state_of(record, now_s, lost_contact_s=lost_contact_s, loss=loss)
    return {
        "experiment_id": record.experiment_id,
        "project": record.project,
        "name": record.name,
        "group": record.group,
        "job_type": record.job_type,
        "tags": list(record.tags),
        "state": state.word,
        "evidence": state.evidence,
        "since_s": state.since_s,
        "created_s": record.created_s,
        "last_event_s": record.last_event_s,
        "last_heard_s": record.last_heard_s,
        "duration_s": max(0.0, record.last_event_s - record.created_s),
        "last_step": record.last_step,
        "metric_count": record.metric_count,
        "point_count": record.point_count,
        "missing": record.missing_count,
        "alert_count": alerts[0] if alerts else 0,
        "alert_level": alerts[1] if alerts else None,
        "generation": record.generation,
        "archived": record.archived,
        "parent": None if record.parent is None else list(record.parent),
        "demo": is_demo(record),
    }


def is_demo(record: ExperimentRecord) -> bool:
    """Whether it is made-up data of the Manage page; a tag may be edited, this may not."""
    client = record.client.get("client")
    return record.experiment_id.startswith(DEMO_PREFIX) or (isinstance(client, dict) and client.get(DEMO) is True)


def summaries_by_metric(
    store: Store, experiments: Sequence[str], metrics: Sequence[str]
) -> dict[str, dict[str, MetricSummary]]:
    """{experiment: {metric: summary}}."""
    found = spread.summaries(store, experiments, metrics)
    return {experiment: {each.metric: each for each in summaries} for experiment, summaries in found.items()}


def settings_of(records: Sequence[ExperimentRecord], columns: Sequence[str]) -> Settings | None:
    """What the column `but:seed` needs, where it is asked for."""
    return Settings(record.config for record in records) if BUT_SEED in columns else None


def columns_of(
    record: ExperimentRecord, columns: Sequence[str], series: Mapping[str, MetricSummary], settings: Settings | None
) -> dict[str, Any]:
    """{column: value} of those that the experiment has."""
    cells: dict[str, Any] = {}
    for column in columns:
        kind, _, name = column.partition(":")
        if column == NOTES:
            if record.notes:
                cells[column] = record.notes[:MOST_NOTES]
        elif column == BUT_SEED:
            if settings is not None and record.config:
                cells[column] = settings.cell(record.config)
        elif kind in STATISTICS:
            if name in series and (number := _statistic(series[name], kind, record)) is not None:
                cells[column] = number
        elif kind == "metric":
            if name in record.user_summary:
                cells[column] = plain(record.user_summary[name])
            elif name in series and (number := standing(series[name], record.definitions.get(name, {}))) is not None:
                cells[column] = number
        elif (value := _nested(record.config, name)) is not None:
            cells[column] = plain(value)
    return cells


def _statistic(series: MetricSummary, kind: str, record: ExperimentRecord) -> Any:
    if kind == "best":
        kind = goal_of(series.metric, record.definitions.get(series.metric, {})) or ""
    value = {"last": series.last, "min": series.min, "max": series.max, "mean": series.mean}.get(kind)
    return None if value is None or (kind != "last" and math.isnan(value)) else plain(value)


def _nested(config: Mapping[str, Any], key: str) -> Any:
    """The value under `a/b` or `a.b`, whether the config is nested or flat."""
    if key in config:
        return config[key]
    found: Any = config
    for part in key.replace("/", ".").split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found
