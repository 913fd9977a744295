"""The files that a page without a server draws from, for the experiments that a commit touches.

`lists` says what each holds, `overview` what a chart needs. Here: which are made in which commit. A commit may take up
some 40 overviews; the others wait their turn, those that waited longest first. Rows are cheap and made whenever they
say something new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trackio_client.errors import ExperimentNotFound
from trackio_client.hub.files.gallery import has_media, renewed
from trackio_client.hub.files.lists import (
    HEAD_PATH,
    Row,
    hash_of,
    knows_no_less,
    list_path,
    merge_head,
    merge_list,
    read_head,
    read_list,
)
from trackio_client.hub.files.overview import bounded, importance, overview
from trackio_client.queries import spread
from trackio_client.queries.definitions import standing
from trackio_client.queries.rows import rows_of
from trackio_client.store.contract import ExperimentRecord, MetricSummary, Store
from trackio_client.wire.events import plain

CONFIG_BYTES: Final = 6_000
"""Of one experiment's config in a list; what it shares with most others of the slot costs nothing."""
MOST_METRICS: Final = 400
"""Metrics of one experiment that a list tells the last value of."""
GROWTH: Final = 0.02
LONGEST_S: Final = 3600.0
"""An overview of one that runs is made anew when it has grown so much, or is so old."""
Read = Callable[[str], bytes | None]


def overview_path(experiment_id: str) -> str:
    """Where the overview of an experiment lies: in one of 256 folders, which pages must be able to compute too."""
    folder = 0
    for character in experiment_id.encode():
        folder = (folder * 31 + character) % 256
    return f"view/{folder:02x}/{experiment_id}.bin"


def gallery_path(experiment_id: str) -> str:
    """Where the copy of its media lies, beside its overview."""
    return overview_path(experiment_id).removesuffix(".bin") + ".media"


@dataclass(slots=True)
class _Slot:
    """A list as it is at the head, and what becomes of it."""

    existing: bytes | None
    rows: dict[str, Row]
    """As they are at the head."""
    names: dict[str, None] = field(default_factory=dict)
    """Experiments whose rows are made anew."""
    gone: list[str] = field(default_factory=list)


class Views:
    """Makes the files of one repo; remembers only whose turn it was."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._turn = 0
        self._made: dict[str, int] = {}

    def changes(
        self,
        store: Store,
        experiments: Sequence[str],
        slots: Mapping[str, int],
        gone: Mapping[str, int],
        read: Read,
        *,
        most: int,
    ) -> tuple[dict[str, bytes], list[str]]:
        """What a commit is to hold of `view/`, and the experiments whose overview is still to be made.

        Args:
            store: what rows and overviews are made from. An experiment that it no longer holds is passed over.
            experiments: those that changed.
            slots: the slot of each of them, and of others in the same slots: a list that is missing or cannot be read
                is made of all of them.
            gone: experiments that were deleted or put into the bin, by slot.
            read: the content of a file at the commit's parent, None if it is not there.
            most: overviews in this commit, at most.
        """
        now_s = self._clock()
        lists = self._lists(experiments, slots, gone, read)
        rows = _rows(store, [name for each in lists.values() for name in each.names], now_s)
        cold = {each.experiment_id for each in store.cold(list(rows))}
        known = {name: row for each in lists.values() for name, row in each.rows.items()}
        changing = {slots[name] for name, row in rows.items() if name not in known or _says_more(row, known[name])}
        files: dict[str, bytes] = {}
        later: list[str] = []
        room = most
        for name in self._in_turn(rows):
            row, before = rows[name], known.get(name)
            if before is not None and not knows_no_less(row, before):
                continue  # somebody who holds more of it has pushed: theirs stands
            if before is not None and not _says_more(row, before):
                row = rows[name] = before  # as of when it last said something
            due = _is_due(row, before, now_s)
            if not due:
                if due is None:
                    later.append(name)
                continue
            cost = 1 if slots[name] in changing else 2  # its list is rewritten for it
            if cost > room or name in cold:
                later.append(name)  # a picture of a part would be taken for the whole
                continue
            try:
                if has_media(store, name) and cost + 1 > room:
                    later.append(name)
                    continue
                content = overview(store, store.experiment(name))
                media, copied = renewed(store, name, (before or {}).get("view"), runs=row["state"] == "running")
            except (ExperimentNotFound, KeyError):
                rows.pop(name)  # deleted while this was made
                continue
            self._made[name] = self._turn
            said = {"hash": hash_of(content), "bytes": len(content), "knows": _size(row), "at_s": round(now_s, 3)}
            rows[name] = row | {"view": said | ({"media": media} if media else {})}
            if copied is not None:
                files[gallery_path(name)] = copied
                room -= 1
                changing.add(slots[name])
            if before is None or (before["view"] or {}).get("hash") != said["hash"]:
                files[overview_path(name)] = content
                room -= cost
                changing.add(slots[name])
        changed: dict[int, bytes] = {}
        for number, each in lists.items():
            mine = {name: rows[name] for name in each.names if name in rows}
            content = merge_list(each.existing, mine, each.gone)
            if content != each.existing:
                changed[number] = files[list_path(number)] = content
        head = read(HEAD_PATH)
        if read_head(head) is None:
            changed = _lost(read, max(lists, default=-1)) | changed
        if changed:
            files[HEAD_PATH] = merge_head(head, changed, now_s)
        return files, later

    def _lists(
        self, experiments: Sequence[str], slots: Mapping[str, int], gone: Mapping[str, int], read: Read
    ) -> dict[int, _Slot]:
        lists: dict[int, _Slot] = {}
        for number in dict.fromkeys([*(slots[name] for name in experiments), *gone.values()]):
            existing = read(list_path(number))
            lists[number] = _Slot(existing, read_list(existing) or {})
        for name in experiments:
            lists[slots[name]].names[name] = None
        for name, number in slots.items():  # what a list lacks: pushed before there were lists, or lost with a bad one
            if number in lists and name not in lists[number].rows and name not in gone:
                lists[number].names[name] = None
        for name, number in gone.items():
            lists[number].gone.append(name)
            self._made.pop(name, None)
        return lists

    def _in_turn(self, rows: Mapping[str, Row]) -> list[str]:
        """Those that waited longest first, the newest of them first: 64 that always run all get their turn."""
        self._turn += 1
        return sorted(rows, key=lambda name: (self._made.get(name, 0), -rows[name]["last_event_s"], name))


def _size(row: Row) -> int:
    """Values and events that a row was made of: what an overview is compared by."""
    return int(row["point_count"]) + int(row["events"])


def _says_more(row: Row, known: Row) -> bool:
    return (row["generation"], _size(row), row["state"]) != (known["generation"], _size(known), known["state"])


def _is_due(row: Row, known: Row | None, now_s: float) -> bool | None:
    """Whether an experiment's overview is to be made anew; None: not now, but with one of the next commits.

    Not at every push, or a month of 32 that run would leave 10 GB of overviews in the repo's history (36 KB × 288 a
    day each); a curve that is 2 % longer looks the same. One that ended, or fell silent, is drawn to its end.
    """
    view = row["view"] or (known or {}).get("view")
    if known is None or view is None:
        return True
    more = _size(row) - int(view.get("knows", 0))
    if more == 0:
        return False
    is_quiet = not _says_more(row, known)
    if is_quiet or row["state"] != "running" or more > GROWTH * _size(row):
        return True
    return True if now_s - float(view.get("at_s", 0)) > LONGEST_S else None


def _lost(read: Read, last: int) -> dict[int, bytes]:
    """The lists that lie in the repo, up to this slot: for a head that is missing or cannot be read."""
    found = {number: read(list_path(number)) for number in range(last + 1)}
    return {number: content for number, content in found.items() if content is not None and read_list(content)}


def _rows(store: Store, names: Sequence[str], now_s: float) -> dict[str, Row]:
    records: list[ExperimentRecord] = []
    for name in names:
        try:
            record = store.experiment(name)
        except ExperimentNotFound:
            continue
        if record.binned is None:
            records.append(record)
    summaries = spread.summaries(store, [record.experiment_id for record in records])
    told = zip(records, rows_of(store, records, now_s), strict=True)
    return {
        record.experiment_id: _row(record, row, summaries.get(record.experiment_id, []), now_s) for record, row in told
    }


def _row(record: ExperimentRecord, row: dict[str, Any], series: Sequence[MetricSummary], now_s: float) -> Row:
    del row["columns"]
    if len(series) > MOST_METRICS:
        series = sorted(series, key=lambda each: importance(each.metric))[:MOST_METRICS]
    last: dict[str, Any] = {each.metric: [plain(each.last), each.points] for each in series}
    for name, value in list(record.user_summary.items())[:MOST_METRICS]:  # set by a person: stands first
        if isinstance(value, int | float):
            last[name] = [plain(value), last.get(name, [0, 0])[1]]
    if defined := {each.metric: said for each in series if (said := _defined(record, each))}:
        row = row | {"defined": defined}
    return row | {
        "as_of_s": round(now_s, 3),
        "events": record.event_count,
        "last": last,
        "config": flat(bounded(plain(record.config), CONFIG_BYTES)),
        "view": None,
    }


def _defined(record: ExperimentRecord, series: MetricSummary) -> dict[str, Any]:
    """Of what `define_metric` said of a metric, what a list goes by; {} of most, also where it said an axis alone."""
    definition = record.definitions.get(series.metric, {})
    if not any(definition.get(key) is not None for key in ("hidden", "goal", "summary")):
        return {}
    said: dict[str, Any] = {"hidden": bool(definition.get("hidden")), "goal": definition.get("goal")}
    if definition.get("summary") and series.metric not in record.user_summary:
        said["shown"] = plain(standing(series, definition))
    return {key: value for key, value in said.items() if value is not None}


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """A nested config with dotted keys, as pages name its columns."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value and "$float" not in value:
            found |= flat(value, f"{before}{key}.")
        else:
            found[before + key] = value
    return found
