"""A repo in a few lines: an index and files, pushed from one store and adopted by another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trackio_client.store.columns import Digest, EventAt, digest_of, digest_points
from trackio_client.store.contract import Store
from trackio_client.store.holdings import Adopted, Cold, EventRow, Extract, Holding, PointRows
from trackio_client.store.spans import common, inside, minus, of_holes
from trackio_client.wire.batches import Ranges, digest_sum, ranges

Cut = Callable[[str], int]
"""Which of several files an experiment's rows go to."""


@dataclass(frozen=True)
class File:
    """Rows of some writers, of metrics or of events or of both."""

    path: str
    windows: dict[str, Ranges]
    points: list[PointRows]
    events: list[EventRow]


@dataclass
class Repo:
    """What stores pushed."""

    writers: dict[str, Holding] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    headers: dict[str, dict[str, Any]] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def push(self, store: Store, *, files: int = 1, apart: bool = True, share: float = 1.0) -> None:
        """What the repo lacks of a store (or the first `share` of each writer's), cut into this many files.

        `apart`: events lie in files of their own, over the same windows.
        """
        with store.still():
            lacking = []
            for each in store.holdings():
                known = self.writers[each.writer_id].held if each.writer_id in self.writers else ()
                if missing := _first(minus(each.held, known), share):
                    lacking.append((each, missing))
            windows = {each.writer_id: missing for each, missing in lacking}
            rows = store.extract([(w, low, high) for w, pairs in windows.items() for low, high in pairs])
            for name, header in store.headers(list({each.experiment_id for each, _ in lacking})).items():
                self.headers[name] = header
                self.projects[name] = store.experiment(name).project
        for each, missing in lacking:
            self._hold(each, missing, rows)
        for index in range(files):
            mine = {w: _slice(pairs, index, files) for w, pairs in windows.items()}
            self._add({w: pairs for w, pairs in mine.items() if pairs}, rows.points, rows.events, apart)
        store.mark_durable(windows, holes={each.writer_id: each.holes for each, _ in lacking})

    def _hold(self, each: Holding, missing: Ranges, rows: Extract) -> None:
        known = self.writers.get(each.writer_id)
        held = ranges([*(known.held if known else ()), *missing])
        holes = tuple(hole for hole in each.holes if common(((hole.first_seq, hole.end_seq),), held))
        total = (known.digest if known else Digest()) + digest(rows, each.writer_id)
        frames = sum(b - a for a, b in minus(held, of_holes(holes)))
        total = Digest(total.low, total.high, frames, total.points)
        self.writers[each.writer_id] = replace(each, held=held, holes=holes, digest=total, durable=())

    def _add(
        self, windows: dict[str, Ranges], points: Iterable[PointRows], events: Iterable[EventRow], apart: bool
    ) -> None:
        some = [_within(rows, windows[rows.writer_id]) for rows in points if rows.writer_id in windows]
        some = [rows for rows in some if len(rows.seqs)]
        told = [e for e in events if any(low <= e.seq < high for low, high in windows.get(e.writer_id, ()))]
        for points_, events_ in [(some, []), ([], told)] if apart else [(some, told)]:
            self.made += 1
            self.files[f"f{self.made}"] = File(f"f{self.made}", windows, points_, events_)

    def compact(self, paths: Sequence[str]) -> None:
        """Some files as one."""
        old = [self.files.pop(path) for path in paths]
        windows: dict[str, Ranges] = {}
        for file in old:
            for writer, pairs in file.windows.items():
                windows[writer] = ranges([*windows.get(writer, ()), *pairs])
        self.made += 1
        points = [rows for file in old for rows in file.points]
        events = [row for file in old for row in file.events]
        self.files[f"f{self.made}"] = File(f"f{self.made}", windows, points, events)

    def adopted(self, *, headers: bool = True) -> list[Adopted]:
        """All experiments, as `Store.adopt` takes them."""
        found = []
        for name, project in self.projects.items():
            writers = [each for each in self.writers.values() if each.experiment_id == name]
            mine = {each.writer_id for each in writers}
            files = []
            for file in self.files.values():
                windows = {writer: pairs for writer, pairs in file.windows.items() if writer in mine}
                if windows:
                    count = sum(len(rows.seqs) for rows in file.points) + len(file.events)
                    files.append(Cold(name, file.path, windows, count))
            header = self.headers[name] if headers else None
            digest_ = header["digest"] if header else ""
            found.append(
                Adopted(
                    experiment_id=name, project=project, header=header, header_digest=digest_, writers=writers,
                    files=files,
                )
            )  # fmt: skip
        return found

    def load(self, store: Store, cold: Cold) -> None:
        """One file into a store, in parts."""
        file = self.files[cold.path]
        store.load(cold, (part for rows in file.points for part in _parts(rows)), iter(file.events))

    def restore(self, store: Store) -> None:
        """All that is cold."""
        while cold := store.cold():
            self.load(store, cold[0])


def digest(rows: Extract, writer_id: str) -> Digest:
    """Of the rows of one writer."""
    total = Digest()
    for part in rows.points:
        if part.writer_id == writer_id:
            columns = (part.seqs, part.steps, part.times_us, part.values)
            total = total + Digest(*digest_points(writer_id, part.metric, *columns), 0, len(part.seqs))
    for event in rows.events:
        if event.writer_id == writer_id:
            total = total + digest_of(writer_id, [EventAt(event.seq, {}, event.raw)])
    return total


def whole_digest(store: Store, experiment_id: str) -> str:
    return digest_sum(receipt.digest for receipt in store.receipts(experiment_id))


def _first(pairs: Ranges, share: float) -> Ranges:
    left, found = int(np.ceil(sum(b - a for a, b in pairs) * share)), []
    for low, high in pairs:
        found.append((low, min(high, low + left)))
        left -= found[-1][1] - low
    return ranges(found)


def _slice(pairs: Ranges, index: int, count: int) -> Ranges:
    seqs = np.concatenate([np.arange(a, b) for a, b in pairs])
    mine = seqs[len(seqs) * index // count : len(seqs) * (index + 1) // count]
    return ranges((int(seq), int(seq) + 1) for seq in mine)


def _within(rows: PointRows, pairs: Ranges) -> PointRows:
    return _taken(rows, inside(rows.seqs, pairs))


def _parts(rows: PointRows) -> list[PointRows]:
    """As row groups of a file cut a series."""
    return [_taken(rows, slice(start, start + 700)) for start in range(0, len(rows.seqs), 700)]


def _taken(rows: PointRows, which: Any) -> PointRows:
    columns = (rows.seqs[which], rows.steps[which], rows.times_us[which], rows.values[which])
    return PointRows(rows.experiment_id, rows.writer_id, rows.metric, *columns)
