"""The index of a repo: which seqs of which writer it holds, in which files. It is the truth about what is durable.

It lies in slots, `index/<4 hex>.json`, of at most 64 experiments each, in order of their first push. Experiments that
are written together lie together, so a flush of 32 writers rewrites one or two small files; slots by hash would make
it 28 of 256 (docs/design.md has the figures). A slot is replaced in the very commit that changes what it tells.

    {"trackio_index": 1,
     "experiments": {"exp_…": {"project": "mnist", "writers": {"w_…": [generation, [[0, 100]], "digest", points, []]}}},
     "files": {"metrics/ab/….parquet": [1000, 9000, [0, 0, 100]]},
     "deleted": {"exp_…": {"project": "mnist", "writers": ["w_…"]}}}

The last member of a writer is its holes: [[first_seq, end_seq, reason], …]. Of a file stand its rows, its bytes, and
what it holds: writer, first seq, end seq, and so on, the writer by its place among the sorted names of this slot's
writers. A file is named in each slot whose writers it holds rows of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trackio_client.errors import NotOurs
from trackio_client.store.columns import Digest
from trackio_client.store.holdings import Cold, Holding
from trackio_client.store.spans import minus, of_holes
from trackio_client.wire.batches import Hole, Ranges, ranges
from trackio_client.wire.events import is_id

SLOT_EXPERIMENTS = 64
SLOT_BYTES = 96 * 1024
"""A slot that has grown above this takes no new experiment: it is rewritten whole at each change."""
_PATH = re.compile(r"index/([0-9a-f]{4,6})\.json")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of metrics or events and what it holds of one slot's writers; or of blobs, and whose events cite it."""

    path: str
    rows: int
    bytes: int
    windows: dict[str, Ranges]


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A deleted experiment."""

    project: str
    writers: tuple[str, ...]


@dataclass(slots=True)
class Slot:
    """Up to 64 experiments. Changed only by whoever plans a commit, on a copy."""

    number: int
    projects: dict[str, str] = field(default_factory=dict)
    """By experiment id."""
    writers: dict[str, Holding] = field(default_factory=dict)
    """By writer id."""
    files: dict[str, DataFile] = field(default_factory=dict)
    deleted: dict[str, Tombstone] = field(default_factory=dict)
    raw: bytes = b""
    """As it lies in the repo; empty if it is not there yet."""

    @property
    def path(self) -> str:
        return slot_path(self.number)

    def copy(self) -> Slot:
        return Slot(
            self.number, dict(self.projects), dict(self.writers), dict(self.files), dict(self.deleted), self.raw
        )

    def of(self, experiment_id: str) -> list[Holding]:
        """The writers of an experiment."""
        return [w for w in self.writers.values() if w.experiment_id == experiment_id]

    @property
    def has_room(self) -> bool:
        return len(self.projects) + len(self.deleted) < SLOT_EXPERIMENTS and len(self.raw) < SLOT_BYTES

    def dump(self) -> bytes:
        """Its bytes in the repo; equal slots have equal bytes."""
        experiments: dict[str, Any] = {
            name: {"project": project, "writers": {}} for name, project in sorted(self.projects.items())
        }
        for name, w in sorted(self.writers.items()):
            holes = [[h.first_seq, h.end_seq, h.reason] for h in w.holes]
            experiments[w.experiment_id]["writers"][name] = [
                w.generation,
                w.held,
                w.digest.hex(),
                w.digest.points,
                holes,
            ]
        place = {name: n for n, name in enumerate(sorted(self.writers))}
        files = {
            f.path: [
                f.rows,
                f.bytes,
                [n for w, held in sorted(f.windows.items()) for a, b in held for n in (place[w], a, b)],
            ]
            for _, f in sorted(self.files.items())
        }
        deleted = {name: {"project": t.project, "writers": list(t.writers)} for name, t in sorted(self.deleted.items())}
        content = {"trackio_index": 1, "experiments": experiments, "files": files, "deleted": deleted}
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def slot_path(number: int) -> str:
    """Where a slot of the index lies."""
    return f"index/{number:04x}.json"


def rows_path(number: int) -> str:
    """Where the rows of a slot's experiments lie."""
    return f"experiments/{number:04x}.parquet"


def slot_number(path: str) -> int | None:
    """The slot that lies at a path of the repo, or None: the file is not ours."""
    found = _PATH.fullmatch(path)
    return int(found[1], 16) if found and slot_path(int(found[1], 16)) == path else None


def parse(raw: bytes, path: str) -> Slot:
    """The slot in these bytes. Raises NotOurs if a single field is not what it should be."""
    number = slot_number(path)
    try:
        if number is None:
            raise ValueError("no name of a slot")
        content = json.loads(raw)
        if content["trackio_index"] != 1:
            raise ValueError(f"version {content['trackio_index']!r:.20} is not known: upgrade trackio-client")
        slot = Slot(number, raw=raw)
        for name, each in content["experiments"].items():
            slot.projects[_id(name)] = _text(each["project"])
            for writer, (generation, held, digest, points, holes) in each["writers"].items():
                slot.writers[_id(writer)] = _holding(writer, name, generation, held, digest, points, holes)
        names = sorted(slot.writers)
        for path_, (rows, size, held) in content["files"].items():
            windows: dict[str, list[tuple[int, int]]] = {}
            for place, low, high in zip(held[::3], held[1::3], held[2::3], strict=True):
                windows.setdefault(names[_count(place)], []).append((_count(low), _count(high)))
            slot.files[path_] = DataFile(
                _text(path_), _count(rows), _count(size), {name: ranges(pairs) for name, pairs in windows.items()}
            )
        for name, each in content["deleted"].items():
            slot.deleted[_id(name)] = Tombstone(_text(each["project"]), tuple(_id(w) for w in each["writers"]))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotOurs(path, f"no part of an index of ours ({error!s:.100})") from None
    return slot


def _holding(writer: str, experiment: str, generation: Any, held: Any, digest: Any, points: Any, holes: Any) -> Holding:
    found = _ranges(held)
    named = tuple(Hole(first_seq=_count(a), end_seq=_count(b), reason=_text(why)) for a, b, why in holes)
    frames = span(found) - sum(h.end_seq - h.first_seq for h in named)
    if not (isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{32}", digest)) or frames < 0:
        raise ValueError(f"a digest of writer {writer}")
    return Holding(
        writer_id=writer,
        experiment_id=experiment,
        generation=_count(generation),
        held=found,
        holes=named,
        digest=Digest(int(digest[16:], 16), int(digest[:16], 16), frames, _count(points)),
    )


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r:.40} is no count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r:.40} is no text")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise ValueError(f"{value!r:.40} is no id")
    return value


def _ranges(pairs: Any) -> Ranges:
    return ranges((_count(a), _count(b)) for a, b in pairs)


# --- the whole index --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Index:
    """All slots at one commit. Never changed: a plan makes new slots."""

    commit: str
    slots: dict[int, Slot] = field(default_factory=dict)
    unreadable: list[NotOurs] = field(default_factory=list)
    """Files in `index/` that are damaged or somebody else's. They are kept, and their numbers are not used."""
    taken: set[int] = field(default_factory=set)
    """Numbers of slots that may not be used for new ones."""

    def __post_init__(self) -> None:
        """Look-ups over all slots."""
        self.taken |= {n for each in self.unreadable if (n := slot_number(each.path)) is not None}
        self._slot_of = {name: s.number for s in self.slots.values() for name in (*s.deleted, *s.projects)}
        self._writers = {name: w for s in self.slots.values() for name, w in s.writers.items()}

    _slot_of: dict[str, int] = field(default_factory=dict)
    _writers: dict[str, Holding] = field(default_factory=dict)

    def slot_of(self, experiment_id: str) -> int | None:
        """The number of the slot that knows an experiment, deleted ones too."""
        return self._slot_of.get(experiment_id)

    def writer(self, writer_id: str) -> Holding | None:
        return self._writers.get(writer_id)

    @property
    def writers(self) -> Mapping[str, Holding]:
        return self._writers

    def is_deleted(self, experiment_id: str) -> bool:
        number = self._slot_of.get(experiment_id)
        return number is not None and experiment_id in self.slots[number].deleted

    def tombstones(self) -> Iterator[tuple[str, Tombstone]]:
        for slot in self.slots.values():
            yield from slot.deleted.items()

    def experiments(self) -> Iterator[tuple[str, str, Slot]]:
        """(experiment id, project, slot) of all that are not deleted."""
        for slot in self.slots.values():
            for name, project in slot.projects.items():
                yield name, project, slot

    def files(self) -> dict[str, DataFile]:
        """All data files with what they hold of all slots together."""
        found: dict[str, DataFile] = {}
        for slot in self.slots.values():
            for path, each in slot.files.items():
                known = found.get(path)
                found[path] = each if known is None else replace(known, windows={**known.windows, **each.windows})
        return found

    def next_slot(self) -> int:
        """The number that a new slot gets."""
        return max([-1, *self.slots, *self.taken]) + 1


def cold_files(slot: Slot, experiment_id: str) -> list[Cold]:
    """The files that hold rows of an experiment."""
    mine = {w.writer_id for w in slot.of(experiment_id)}
    found = []
    for path, each in slot.files.items():
        if path.startswith("blobs/"):  # what events cite: it comes when it is asked for
            continue
        windows = {writer: held for writer, held in each.windows.items() if writer in mine}
        if windows:
            found.append(Cold(experiment_id, path, windows, each.rows))
    return found


# --- ranges -----------------------------------------------------------------------------------------------------------


def span(held: Ranges) -> int:
    """How many seqs there are in these ranges."""
    return sum(end - start for start, end in held)


def data_of(holding: Holding) -> Ranges:
    """The seqs of which there are rows: held, and in no hole."""
    return minus(holding.held, of_holes(holding.holes))


def lacking(here: Holding, there: Holding | None) -> Ranges:
    """What is held here and not there; seqs that are a hole there and rows here are lacking too."""
    if there is None:
        return here.held
    return ranges([*minus(here.held, there.held), *minus(data_of(here), data_of(there))])
