"""A commit in the making: changed slots of the index, files to add and to delete, on top of one head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trackio_client.hub.index import DataFile, Index, Slot, Tombstone, data_of, lacking, span
from trackio_client.store.columns import Digest
from trackio_client.store.holdings import Holding
from trackio_client.store.spans import common, minus, of_holes
from trackio_client.wire.batches import Hole, Ranges, ranges

MOST_VALUES = 2_000_000
"""Single values in one commit: about 20 MB, and 100 MB of memory while it is made."""
MOST_SLOTS = 14
"""Slots changed in one commit: each is three files (index, rows, list)."""
MOST_FILES = 95
"""Files added or deleted in one commit. The Hub asks for 50 to 100."""


@dataclass(frozen=True, slots=True)
class Window:
    """Seqs of one writer that the head lacks and this store has."""

    holding: Holding
    ranges: Ranges
    """With what is in holes."""

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        """(writer, low, high) of what there are frames for."""
        return [(self.holding.writer_id, low, high) for low, high in self.data]

    @property
    def data(self) -> Ranges:
        """Those of the seqs that are in no hole."""
        return minus(self.ranges, of_holes(self.holding.holes))


class Draft:
    """Changes on top of an index. Slots are copied when they are first changed."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.add: dict[str, bytes | Path] = {}
        self.delete: set[str] = set()
        self.slots: dict[int, Slot] = {}

    def slot(self, number: int) -> Slot:
        """A slot that may be changed."""
        if number not in self.slots:
            known = self.index.slots.get(number)
            self.slots[number] = known.copy() if known else Slot(number)
        return self.slots[number]

    def place(self, experiment_id: str, project: str) -> Slot:
        """The slot of an experiment: where it is, else the newest one with room, else a new one."""
        number = self.index.slot_of(experiment_id)
        if number is None:
            number = next((n for n, s in self.slots.items() if experiment_id in s.projects), None)
        if number is None:
            newest = max([*self.index.slots, *self.slots], default=None)
            if newest is not None and (self.slots.get(newest) or self.index.slots[newest]).has_room:
                number = newest
            else:
                number = max(self.index.next_slot(), -1 if newest is None else newest + 1)
        slot = self.slot(number)
        slot.projects[experiment_id] = project
        return slot

    def hold(self, slot: Slot, window: Window, digest: Digest) -> None:
        """Note that the commit holds these seqs; `digest` is that of their rows."""
        mine, known = window.holding, slot.writers.get(window.holding.writer_id)
        held = ranges([*(known.held if known else ()), *window.ranges])
        data = ranges([*(data_of(known) if known else ()), *window.data])
        # A hole is what nobody has rows of: what another store filled is none any more.
        named = dict.fromkeys((*(known.holes if known else ()), *mine.holes))
        holes = tuple(
            Hole(first_seq=low, end_seq=high, reason=hole.reason)
            for hole in named
            for low, high in minus(common(((hole.first_seq, hole.end_seq),), held), data)
        )
        total = (known.digest if known else Digest()) + digest
        frames = span(held) - span(of_holes(holes))
        slot.writers[mine.writer_id] = Holding(
            writer_id=mine.writer_id,
            experiment_id=mine.experiment_id,
            generation=max(mine.generation, known.generation if known else 0),
            held=held,
            holes=holes,
            digest=Digest(total.low, total.high, frames, total.points),
        )

    def add_file(self, path: str, content: Path, rows: int, windows: Mapping[str, Ranges]) -> None:
        """Add a data file and name it in the slots of its writers (whose experiments must have been placed)."""
        size = content.stat().st_size
        self.add[path] = content
        for slot in self.slots.values():
            mine = {writer: held for writer, held in windows.items() if writer in slot.writers}
            if mine:
                slot.files[path] = DataFile(path, rows, size, mine)

    def name_file(self, path: str, rows: int, size: int, windows: Mapping[str, Ranges]) -> None:
        """Name a file in the slots of the writers that cite it (placed before), beside what is named of it already."""
        for writer in windows:
            self._slot_of_writer(writer)
        for slot in self.slots.values():
            mine = {writer: held for writer, held in windows.items() if writer in slot.writers}
            if mine:
                known = slot.files[path].windows if path in slot.files else {}
                joined = {w: ranges([*known.get(w, ()), *mine.get(w, ())]) for w in {**known, **mine}}
                slot.files[path] = DataFile(path, rows, size, joined)

    def _slot_of_writer(self, writer: str) -> None:
        known = self.index.writer(writer)
        if known is not None and (number := self.index.slot_of(known.experiment_id)) is not None:
            self.slot(number)

    def drop_files(self, paths: Iterable[str]) -> None:
        """Take data files out of the index and out of the repo."""
        for path in paths:
            for number, slot in self.index.slots.items():
                if path in slot.files:
                    self.slot(number).files.pop(path, None)
            self.delete.add(path)

    def bury(self, experiment_id: str, tombstone: Tombstone) -> None:
        """Delete an experiment: a tombstone instead of its writers; files that hold nothing else go at once."""
        number = self.index.slot_of(experiment_id)
        slot = self.slot(number) if number is not None else self.place(experiment_id, tombstone.project)
        writers = {w.writer_id for w in slot.of(experiment_id)} | set(tombstone.writers)
        slot.projects.pop(experiment_id, None)
        for writer in writers:
            slot.writers.pop(writer, None)
        for path, each in list(slot.files.items()):
            left = {writer: held for writer, held in each.windows.items() if writer not in writers}
            if len(left) == len(each.windows):
                continue
            if left:
                slot.files[path] = replace(each, windows=left)
            else:
                del slot.files[path]
                others = any(path in self._now(n).files for n in {*self.index.slots, *self.slots})
                if not others and not self.index.unreadable:  # a slot that cannot be read may name it too
                    self.delete.add(path)
        slot.deleted[experiment_id] = Tombstone(tombstone.project, tuple(sorted(writers)))

    def _now(self, number: int) -> Slot:
        return self.slots.get(number) or self.index.slots[number]

    def changes(self) -> tuple[dict[str, bytes | Path], list[str]]:
        """What to add and to delete, the changed slots of the index with it."""
        add = dict(self.add)
        for number, slot in self.slots.items():
            known = self.index.slots.get(number)
            slot.raw = slot.dump()
            if known is None or known.raw != slot.raw:
                add[slot.path] = slot.raw
        return add, sorted(self.delete)

    def after(self, commit: str) -> Index:
        """The index that this draft makes once it is committed."""
        return Index(commit, {**self.index.slots, **self.slots}, self.index.unreadable, set(self.index.taken))


@dataclass(slots=True)
class Work:
    """What one commit is to take up."""

    windows: list[Window] = field(default_factory=list)
    bury: dict[str, Tombstone] = field(default_factory=dict)
    is_all: bool = True
    """Nothing is left for the next commit."""

    def __bool__(self) -> bool:
        return bool(self.windows or self.bury)

    @property
    def experiments(self) -> list[str]:
        return list(dict.fromkeys(w.holding.experiment_id for w in self.windows))


def plan(
    index: Index,
    holdings: Sequence[Holding],
    tombstones: Mapping[str, Tombstone],
    *,
    trusted: Mapping[str, Ranges] | None = None,
    skip: Iterable[str] = (),
) -> Work:
    """What the head lacks, bounded by what one commit may hold (protocol rule 10).

    Args:
        index: of the head.
        holdings: of the store.
        tombstones: of the store, by experiment.
        trusted: per writer what an earlier head held; given while a part of the index cannot be read, so that nothing
            is pushed twice.
        skip: writers that are held back.
    """
    work, values, slots = Work(), 0, set[int]()
    fresh = 0
    for name, tombstone in tombstones.items():
        if not index.is_deleted(name):  # also one that was never pushed: its writers must not bring it back
            number = index.slot_of(name)
            number = index.next_slot() if number is None else number
            if number not in slots and len(slots) >= MOST_SLOTS:
                work.is_all = False
                continue
            slots.add(number)
            work.bury[name] = tombstone
    left_out = set(skip)
    for holding in holdings:
        name = holding.experiment_id
        if name in tombstones or index.is_deleted(name) or holding.writer_id in left_out:
            continue
        known = index.writer(holding.writer_id)
        if known is not None and known.experiment_id != name:
            continue
        missing = lacking(holding, known)
        if trusted:
            missing = minus(missing, trusted.get(holding.writer_id, ()))
        if not missing:
            continue
        number = index.slot_of(name)
        if number is None:  # a new experiment: it comes behind the last one
            number = index.next_slot() + fresh // 64
            fresh += 1
        if values >= MOST_VALUES or (number not in slots and len(slots) >= MOST_SLOTS):
            work.is_all = False
            continue
        slots.add(number)
        some = _bounded(holding, missing, MOST_VALUES - values)
        work.is_all = work.is_all and some == missing
        values += _values(holding, some)
        work.windows.append(Window(holding, some))
    return work


def _values(holding: Holding, some: Ranges) -> int:
    """About how many values lie under these seqs."""
    each = (holding.digest.points + holding.digest.events) / max(1, holding.digest.events)
    return int(span(some) * each)


def _bounded(holding: Holding, missing: Ranges, most: int) -> Ranges:
    """The first of these seqs, as many as hold about `most` values; at least one."""
    if _values(holding, missing) <= most:
        return missing
    each = (holding.digest.points + holding.digest.events) / max(1, holding.digest.events)
    frames, taken = max(1, int(most / each)), list[tuple[int, int]]()
    for low, high in missing:
        taken.append((low, min(high, low + frames)))
        frames -= taken[-1][1] - low
        if frames <= 0:
            break
    return tuple(taken)
