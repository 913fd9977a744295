"""Projects and experiments as plain JSON: what the API, the page, the command line and `Api` show of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound, ProjectNotFound
from trackio_client.queries import spread
from trackio_client.queries.alertlevels import alert_counts
from trackio_client.queries.definitions import goal_of, standing
from trackio_client.queries.editing import notes_version
from trackio_client.queries.filtering import Filter
from trackio_client.queries.rows import (
    OF_METRICS,
    check_columns,
    columns_of,
    row_of,
    rows_of,
    settings_of,
    summaries_by_metric,
)
from trackio_client.queries.seedless import BUT_SEED
from trackio_client.queries.states import LOST_CONTACT_S
from trackio_client.store.binning import IN_BIN, goes_at_s
from trackio_client.store.contract import ExperimentRecord, MetricSummary, Store, StoredEvent
from trackio_client.wire.batches import digest_sum
from trackio_client.wire.events import plain

MOST_EVENTS: Final = 10_000
"""Events in one answer when no limit is asked for less: more are asked for with `after`."""


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
    keeps: bool = False,
) -> dict[str, Any]:
    """The experiments of a project, newest first; with `since`, those that changed after that cursor.

    `gone` are the ids of those that were deleted after that cursor, put into the bin, or are no longer among those
    that were asked for: `filter` is an expression (expression.py), `archived` asks for those that are, or are not.

    `columns` are `config:<key>` (nested keys with "/" or "."), `metric:<name>` (its last value, or what its
    definition says), `last:`, `best:` (by its goal), `min:`, `max:` or `mean:<name>`, `notes`, or `but:seed` (which
    experiments are seeds of one setting, seedless.py); `now_s` is the store's clock. That contact was lost is no change
    that `since` tells, for nothing came: who keeps a list asks for all of it when a running one is silent for
    `lost_contact_s`.

    `keeps` is for who only writes the rows as JSON: they may be shared with the next list.

    Raises:
        ProjectNotFound: nothing was ever logged to it. UsageError: a column of another form. FilterError.
    """
    check_columns(columns)
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
    settings = settings_of(store.experiments(project) if since and BUT_SEED in columns else records, columns)
    rows = rows_of(store, fit, now_s, columns=asked, lost_contact_s=lost_contact_s, settings=settings, keeps=keeps)
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
    check_columns(columns)
    records = store.experiments(project)
    if not records:
        check_project(store, project)
    metrics = list(dict.fromkeys(name for kind, _, name in (c.partition(":") for c in columns) if kind in OF_METRICS))
    values = summaries_by_metric(store, [record.experiment_id for record in records], metrics) if metrics else {}
    settings = settings_of(records, columns)
    cells = [columns_of(record, columns, values.get(record.experiment_id, {}), settings) for record in records]
    return {
        "experiments": [record.experiment_id for record in records],
        "columns": {column: [each.get(column) for each in cells] for column in columns},
    }


def check_project(store: Store, project: str) -> None:
    """Raises ProjectNotFound, with what exists."""
    known = [name for name, _, _ in store.projects()]
    if project not in known:
        raise ProjectNotFound(f"there is no project {project!r:.300}. {_exist('Projects', known)}")


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
    return row_of(record, now_s, lost_contact_s, series, told) | {
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


def _exist(what: str, names: Sequence[str]) -> str:
    if not names:
        return "Nothing was logged here yet."
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return f"{what} here: {', '.join(repr(name)[:60] for name in names[:8])}{more}."
