"""Projects and experiments as plain JSON: what the API, the page, the command line and `Api` show of them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, ProjectNotFound, UsageError
from trackio_client.queries import spread
from trackio_client.queries.alertlevels import alert_counts
from trackio_client.queries.definitions import goal_of, standing
from trackio_client.queries.editing import notes_version
from trackio_client.queries.filtering import STATISTICS, Filter
from trackio_client.queries.seedless import BUT_SEED, Settings
from trackio_client.queries.states import LOSSES, LOST_CONTACT_S, state_of
from trackio_client.store.binning import IN_BIN, goes_at_s
from trackio_client.store.contract import ExperimentRecord, MetricSummary, Store, StoredEvent
from trackio_client.wire.batches import digest_sum
from trackio_client.wire.events import DEMO, DEMO_PREFIX, plain

MOST_EVENTS: Final = 10_000
"""Events in one answer when no limit is asked for less: more are asked for with `after`."""
OF_METRICS: Final = ("metric", *STATISTICS)
KINDS: Final = ("config", *OF_METRICS)
"""Of columns; and `notes`."""
NOTES: Final = "notes"
MOST_NOTES: Final = 2_000
"""Characters of the notes in a list."""


def list_projects(store: Store) -> dict[str, Any]:
    """{"projects": [{"project", "experiments", "last_event_s"}]}, newest first."""
    return {
        "projects": [
            {"project": project, "experiments": count, "last_event_s": last}
            for project, count, last in store.projects()
        ]
    }


def list_experiments(
    store: Store,
    project: str,
    now_s: float,
    *,
    since: int = 0,
    columns: Sequence[str] = (),
    lost_contact_s: float = LOST_CONTACT_S,
    filter: str = "",
    archived: bool | None = None,
) -> dict[str, Any]:
    """The experiments of a project, newest first; with `since`, those that changed after that cursor.

    `gone` are the ids of those that were deleted after that cursor, put into the bin, or are no longer among those
    that were asked for: `filter` is an expression (expression.py), `archived` asks for those that are, or are not.

    `columns` are `config:<key>` (nested keys with "/" or "."), `metric:<name>` (its last value, or what its
    definition says), `last:`, `best:` (by its goal), `min:`, `max:` or `mean:<name>`, `notes`, or `but:seed` (which
    experiments are seeds of one setting, seedless.py); `now_s` is the store's clock. That contact was lost is no change
    that `since` tells, for nothing came: who keeps a list asks for all of it when a running one is silent for
    `lost_contact_s`.

    Raises:
        ProjectNotFound: nothing was ever logged to it. UsageError: a column of another form. FilterError.
    """
    _check_columns(columns)
    wanted = Filter(filter)
    cursor = store.position()  # before the list: what comes between is told again rather than missed
    if since > cursor:  # a cursor of a store that is no more
        since = 0
    records = store.experiments(project, since=since)
    gone = [experiment for experiment, of, _ in store.deleted(since) if of == project] if since else []
    gone += [record.experiment_id for record in store.experiments(project, since=since, binned=True)] if since else []
    if not records and not gone:
        check_project(store, project)
    fit = records if archived is None else [record for record in records if record.archived == archived]
    asked = list(dict.fromkeys([*columns, *wanted.columns]))
    settings = _settings(store.experiments(project) if since and BUT_SEED in columns else records, columns)
    rows = rows_of(store, fit, now_s, columns=asked, lost_contact_s=lost_contact_s, settings=settings)
    if not wanted.is_empty:
        rows = [row for row in rows if wanted.holds(row, now_s)]
    if since and len(rows) < len(records):
        here = {row["experiment_id"] for row in rows}
        gone += [record.experiment_id for record in records if record.experiment_id not in here]
    if len(asked) > len(columns):
        for row in rows:
            row["columns"] = {column: row["columns"][column] for column in columns if column in row["columns"]}
    return {"experiments": rows, "cursor": cursor, "now_s": now_s, "lost_contact_s": lost_contact_s, "gone": gone}


def list_cells(store: Store, project: str, columns: Sequence[str]) -> dict[str, Any]:
    """{"experiments": [id], "columns": {column: [value]}}: columns for a list that is held already, null where absent.

    Columns are those of `list_experiments`. Raises ProjectNotFound, UsageError.
    """
    _check_columns(columns)
    records = store.experiments(project)
    if not records:
        check_project(store, project)
    metrics = list(dict.fromkeys(name for kind, _, name in (c.partition(":") for c in columns) if kind in OF_METRICS))
    values = _summaries(store, [record.experiment_id for record in records], metrics) if metrics else {}
    settings = _settings(records, columns)
    cells = [_columns(record, columns, values.get(record.experiment_id, {}), settings) for record in records]
    return {
        "experiments": [record.experiment_id for record in records],
        "columns": {column: [each.get(column) for each in cells] for column in columns},
    }


def _check_columns(columns: Sequence[str]) -> None:
    for column in columns:
        if column not in (NOTES, BUT_SEED) and (column.partition(":")[0] not in KINDS or not column.partition(":")[2]):
            kinds = ", ".join(f"'{kind}:<name>'" for kind in KINDS)
            raise UsageError(f"a column is {kinds}, '{BUT_SEED}' or 'notes', got {column!r:.80}")


def check_project(store: Store, project: str) -> None:
    """Raises ProjectNotFound, with what exists."""
    known = [name for name, _, _ in store.projects()]
    if project not in known:
        raise ProjectNotFound(f"there is no project {project!r:.300}. {_exist('Projects', known)}")


def rows_of(
    store: Store,
    records: Sequence[ExperimentRecord],
    now_s: float,
    *,
    columns: Sequence[str] = (),
    lost_contact_s: float = LOST_CONTACT_S,
    settings: Settings | None = None,
) -> list[dict[str, Any]]:
    """One row an experiment, as a list shows it. `settings` are for the column `but:seed`."""
    metrics = list(dict.fromkeys(name for kind, _, name in (c.partition(":") for c in columns) if kind in OF_METRICS))
    values = _summaries(store, [r.experiment_id for r in records], metrics) if metrics else {}
    silent = [r.experiment_id for r in records if r.end is None and now_s - r.last_heard_s > lost_contact_s]
    losses = _summaries(store, silent, LOSSES) if silent else {}
    told = alert_counts(store, [r.experiment_id for r in records])
    return [
        _row(record, now_s, lost_contact_s, losses.get(record.experiment_id, {}), told.get(record.experiment_id))
        | {"columns": _columns(record, columns, values.get(record.experiment_id, {}), settings)}
        for record in records
    ]


def experiment_detail(
    store: Store, experiment_id: str, now_s: float, *, lost_contact_s: float = LOST_CONTACT_S
) -> dict[str, Any]:
    """Everything about one experiment but its points and events.

    What users said is free JSON, where "NaN" may be a text: their numbers that are none stand as {"$float": "NaN"}.

    Raises:
        ExperimentNotFound: with its id and what to do.
    """
    record = find_experiment(store, experiment_id)
    series = {each.metric: each for each in spread.summaries(store, [experiment_id]).get(experiment_id, [])}
    told = alert_counts(store, [experiment_id]).get(experiment_id)
    return _row(record, now_s, lost_contact_s, series, told) | {
        "columns": {},
        "config": plain(record.config),
        "summary": {name: _summary(each, record.definitions.get(name, {})) for name, each in series.items()},
        "user_summary": plain(record.user_summary),
        "definitions": record.definitions,
        "notes": record.notes,
        "notes_version": notes_version(record.notes),
        "end": record.end,
        "client": record.client,
        "writers": record.writers,
        "event_count": record.event_count,
    }


def find_experiment(store: Store, experiment_id: str, *, in_bin: bool = False) -> ExperimentRecord:
    """The record; of one in the bin only with `in_bin`. Raises ExperimentNotFound in words for people."""
    try:
        record = store.experiment(experiment_id)
    except ExperimentNotFound:
        raise ExperimentNotFound(
            f"there is no experiment {experiment_id!r:.160} here: it was never logged to this store, or was deleted. "
            f"{_exist('Projects', [name for name, _, _ in store.projects()])}"
        ) from None
    if record.binned is not None and not in_bin:
        day = time.strftime("%Y-%m-%d", time.gmtime(goes_at_s(record)))
        raise ExperimentNotFound(
            f"experiment {record.name!r:.160} ({experiment_id}) {IN_BIN} and goes for good on {day}; what its "
            f"training still logs is kept. To bring it back: trackio-client undelete {experiment_id}"
        )
    return record


def list_events(
    store: Store,
    experiment_id: str,
    *,
    kinds: Sequence[str] = (),
    after: int = 0,
    limit: int | None = None,
    newest: bool = False,
) -> dict[str, Any]:
    """{"events": [{"position", "seq", "writer_id", "content"}], "more"} in order of arrival.

    Events of one commit share a position, and are never parted: a page ends between two positions, so that the last
    one is where the next page goes on. It is shorter than the limit, or longer where one commit holds more than that.
    `more` says whether there is a next page; of the newest there is none.

    Raises:
        ExperimentNotFound.
    """
    find_experiment(store, experiment_id)
    most = MOST_EVENTS if limit is None else min(limit, MOST_EVENTS)
    wanted = list(kinds) or None
    if newest:
        found, more = store.events(experiment_id, kinds=wanted, after=after, limit=most, newest=True), False
    else:
        found, more = _page(store, experiment_id, wanted, after, most)
    return {
        "events": [
            {"position": e.position, "seq": e.seq, "writer_id": e.writer_id, "content": e.content} for e in found
        ],
        "more": more,
    }


def _page(
    store: Store, experiment_id: str, kinds: list[str] | None, after: int, most: int
) -> tuple[list[StoredEvent], bool]:
    while True:
        found = store.events(experiment_id, kinds=kinds, after=after, limit=most + 1)
        if len(found) <= most:
            return found, False
        if whole := [event for event in found if event.position < found[-1].position]:
            return whole, True
        most *= 2  # all of it is of one commit


def list_receipts(store: Store, experiment_id: str) -> dict[str, Any]:
    """What is held of each writer, and of all: counts and the digest, which is the sum of the writers'.

    Raises ExperimentNotFound.
    """
    find_experiment(store, experiment_id, in_bin=True)  # a training that goes on hears what is kept of it
    receipts = store.receipts(experiment_id)
    return {
        "receipts": [r.to_json() for r in receipts],
        "events": sum(r.events for r in receipts),
        "points": sum(r.points for r in receipts),
        "digest": digest_sum(r.digest for r in receipts),
    }


def _row(
    record: ExperimentRecord,
    now_s: float,
    lost_contact_s: float,
    series: Mapping[str, MetricSummary],
    alerts: tuple[int, str] | None,
) -> dict[str, Any]:
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


def _summary(series: MetricSummary, definition: Mapping[str, Any]) -> dict[str, Any]:
    goal = goal_of(series.metric, definition)
    shown = {"shown": standing(series, definition)} if definition.get("summary") else {}
    return {
        **shown,
        "last": series.last,
        "last_step": series.last_step,
        "last_time_s": series.last_time_s,
        "min": series.min,
        "min_step": series.min_step,
        "max": series.max,
        "max_step": series.max_step,
        "best": {"min": series.min, "max": series.max}.get(goal or ""),
        "best_step": {"min": series.min_step, "max": series.max_step}.get(goal or ""),
        "goal": goal,
        "mean": series.mean,
        "points": series.points,
        "bad": series.bad,
        "first_step": series.first_step,
    }


def _summaries(store: Store, experiments: Sequence[str], metrics: Sequence[str]) -> dict[str, dict[str, MetricSummary]]:
    found = spread.summaries(store, experiments, metrics)
    return {experiment: {each.metric: each for each in summaries} for experiment, summaries in found.items()}


def _settings(records: Sequence[ExperimentRecord], columns: Sequence[str]) -> Settings | None:
    return Settings(record.config for record in records) if BUT_SEED in columns else None


def _columns(
    record: ExperimentRecord, columns: Sequence[str], series: Mapping[str, MetricSummary], settings: Settings | None
) -> dict[str, Any]:
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


def _exist(what: str, names: Sequence[str]) -> str:
    if not names:
        return "Nothing was logged here yet."
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return f"{what} here: {', '.join(repr(name)[:60] for name in names[:8])}{more}."
