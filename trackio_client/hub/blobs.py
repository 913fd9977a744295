"""Files on their way to a repo: in the commit of the events that cite them, or in one before it (protocol rule 21).

Small ones are packed, `blobs/<2>/<hash>.parquet`; large ones lie there as they are, `blobs/<2>/<sha256>`. The index
names both as it names files of rows: by the seqs of the events that cite them. So an event finds its file again without
a list of hashes, which would make the index as long as a year of pictures; and what deleting an experiment leaves to
nobody goes with it.

What a commit cannot hold is brought before: large files in commits of their own, which nobody cites until the events
follow (a push that is killed between the two finds them there by their names); of small ones, the events after those
that fit wait for the next commit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from trackio_client.blobs import Blob, BlobFolder, cited_in
from trackio_client.hub.draft import Draft, Window
from trackio_client.hub.files.packs import Packed, write_pack
from trackio_client.hub.files.parquet import content_name
from trackio_client.hub.index import Index
from trackio_client.store.holdings import EventRow
from trackio_client.store.spans import common
from trackio_client.wire.batches import Ranges, ranges

FOLDER = "blobs"
LARGE_BYTES = 4 * 1024 * 1024
"""From here on a file is not packed."""
PACK_BYTES = 16 * 1024 * 1024
"""Of one pack: what is fetched to show one picture, and most likely the others beside it."""
MOST_PACKED_BYTES = 20 * PACK_BYTES
"""In one commit; the other files of a commit have room beside these packs."""
MOST_LARGE, MOST_LARGE_BYTES = 40, 1024**3
"""Large files in one commit."""
MOST_HOMES = 200_000


@dataclass(frozen=True, slots=True)
class Cited:
    """One event and the files that it cites."""

    experiment_id: str
    writer_id: str
    seq: int
    blobs: tuple[Blob, ...]


@dataclass(slots=True)
class Plan:
    """What one commit brings, and how much of it does not fit."""

    small: list[tuple[Blob, Cited]] = field(default_factory=list)
    large: dict[str, tuple[Blob, list[Cited]]] = field(default_factory=dict)
    there: list[tuple[str, Cited]] = field(default_factory=list)
    """(path, event): files that the repo has already."""
    first: list[Blob] = field(default_factory=list)
    """Large files that must go in a commit before this one; then this one is made anew."""
    lost: dict[str, list[str]] = field(default_factory=dict)
    """Experiment and the files (by hash) that this store does not have: their events go without them."""

    def lose(self, experiment_id: str, sha256: str) -> None:
        """An event of this experiment goes without this file."""
        lost = self.lost.setdefault(experiment_id, [])
        if sha256 not in lost:
            lost.append(sha256)


def large_path(sha256: str) -> str:
    """Where a large file lies in a repo."""
    return f"{FOLDER}/{sha256[:2]}/{sha256}"


def is_pack(path: str) -> bool:
    return path.startswith(FOLDER + "/") and path.endswith(".parquet")


def citations(rows: Iterable[EventRow]) -> list[Cited]:
    """The events among these that cite files, in order."""
    found = []
    for row in rows:
        if b'"blobs"' not in row.raw:
            continue
        try:
            blobs = cited_in(json.loads(row.raw))
        except (ValueError, AttributeError, RecursionError):
            continue
        if blobs:
            found.append(Cited(row.experiment_id, row.writer_id, row.seq, tuple(blobs)))
    return found


def that_fit(
    windows: Sequence[Window], rows: Sequence[EventRow], is_new: Callable[[str, str], bool]
) -> list[Window] | None:
    """The windows, cut before the first event whose small files do not fit into the commit; None if all do."""
    by_writer: dict[str, list[Cited]] = {}
    for each in sorted(citations(rows), key=lambda cited: cited.seq):
        by_writer.setdefault(each.writer_id, []).append(each)
    seen: set[str] = set()
    size, is_full = 0, False
    found: list[Window] = []
    for window in windows:
        cut: int | None = None
        for cited in by_writer.get(window.holding.writer_id, ()):
            fresh = [b for b in cited.blobs if b.bytes < LARGE_BYTES and b.sha256 not in seen]
            own = sum(blob.bytes for blob in fresh if is_new(cited.experiment_id, blob.sha256))
            if own and (is_full or (seen and size + own > MOST_PACKED_BYTES)):
                cut, is_full = cited.seq, True
                break
            size += own
            seen |= {b.sha256 for b in cited.blobs}
        kept = window.ranges if cut is None else common(window.ranges, ((0, cut),))
        if kept:
            found.append(Window(window.holding, kept))
    return found if is_full else None


class Outgoing:
    """Puts files into drafts. One for a Committer: it remembers what it brought, so that nothing goes twice."""

    def __init__(self, folder: BlobFolder) -> None:
        self._folder = folder
        self._homes: dict[tuple[str, str], str] = {}  # small files that this process brought: (experiment, hash) → pack

    def is_new(self, index: Index) -> Callable[[str, str], bool]:
        """Whether the repo is not known to have a file for an experiment."""
        known = index.files()
        return lambda experiment_id, sha256: self._homes.get((experiment_id, sha256)) not in known

    def plan(self, index: Index, rows: Sequence[EventRow], listed: Callable[[], set[str]]) -> Plan:
        """What a commit of these events brings.

        Args:
            index: of the head.
            rows: the events.
            listed: paths below `blobs/` at the head; asked only where it matters.
        """
        found, known, small = Plan(), index.files(), set[str]()
        there: set[str] | None = None
        for cited in citations(rows):
            for blob in cited.blobs:
                home, path = self._homes.get((cited.experiment_id, blob.sha256)), large_path(blob.sha256)
                if home is not None and home in known:
                    found.there.append((home, cited))
                elif blob.sha256 in found.large:
                    found.large[blob.sha256][1].append(cited)
                elif blob.bytes >= LARGE_BYTES:
                    there = listed() if there is None else there
                    if path in there or self._folder.has(blob):
                        found.large[blob.sha256] = (blob, [cited])
                        if path not in there:
                            found.first.append(blob)
                    else:
                        found.lose(cited.experiment_id, blob.sha256)
                elif blob.sha256 in small or self._folder.has(blob):
                    found.small.append((blob, cited))
                    small.add(blob.sha256)
                else:
                    found.lose(cited.experiment_id, blob.sha256)
        if len(found.first) <= MOST_LARGE and sum(blob.bytes for blob in found.first) <= MOST_LARGE_BYTES:
            found.first = []
        else:
            found.first = _portion(found.first)
        return found

    def ahead(self, blobs: Iterable[Blob]) -> dict[str, bytes | Path]:
        """Large files for a commit of their own."""
        return {large_path(b.sha256): path for b in blobs if (path := self._folder.checked(b.sha256)) is not None}

    def put(self, draft: Draft, found: Plan, place: Path, listed: Callable[[], set[str]]) -> dict[tuple[str, str], str]:
        """Put the files into a draft whose writers are placed; where the small ones lie then, for `brought`."""
        known = draft.index.files() if found.there else {}
        for home, cited in found.there:
            draft.name_file(home, known[home].rows, known[home].bytes, _windows([cited]))
        there = listed() if found.large else set()
        for sha256, (blob, cited_by) in found.large.items():
            path = large_path(sha256)
            if path not in there:
                here = self._folder.checked(sha256)
                if here is None:  # damaged since: the event goes without it, as one whose file was lost before
                    for each in cited_by:
                        found.lose(each.experiment_id, sha256)
                    continue
                draft.add[path] = here
            draft.name_file(path, 1, blob.bytes, _windows(cited_by))
        homes: dict[tuple[str, str], str] = {}
        for number, pack in enumerate(_packs(found.small)):
            file = place / f"blobs-{number}.parquet"
            whose: dict[Blob, set[str]] = {}
            for blob, cited in pack:
                whose.setdefault(blob, set()).add(cited.experiment_id)
            packed = []
            for blob, names in whose.items():
                if (content := self._content(blob)) is not None:
                    packed.append(Packed(blob, tuple(names), content))
                    continue
                for name in names:
                    found.lose(name, blob.sha256)
            if not packed:
                continue
            windows = _windows([cited for _, cited in pack])
            count = write_pack(file, packed, held=windows)
            path = content_name(FOLDER, file)
            draft.add[path] = file
            draft.name_file(path, count, file.stat().st_size, windows)
            homes |= {(name, each.blob.sha256): path for each in packed for name in each.experiments}
        return homes

    def _content(self, blob: Blob) -> bytes | None:
        path = self._folder.checked(blob.sha256)
        return None if path is None else path.read_bytes()

    def brought(self, homes: Mapping[tuple[str, str], str]) -> None:
        """A commit with these packs happened."""
        if len(self._homes) > MOST_HOMES:
            self._homes.clear()
        self._homes |= homes


def _portion(blobs: Sequence[Blob]) -> list[Blob]:
    taken: list[Blob] = []
    for blob in blobs:
        if taken and (len(taken) >= MOST_LARGE or sum(b.bytes for b in taken) + blob.bytes > MOST_LARGE_BYTES):
            break
        taken.append(blob)
    return taken


def _packs(small: Sequence[tuple[Blob, Cited]]) -> list[list[tuple[Blob, Cited]]]:
    """Files that lie together: in the order of their events, each once, with all events that cite it."""
    order = sorted(small, key=lambda pair: (pair[1].experiment_id, pair[1].writer_id, pair[1].seq))
    packs: list[list[tuple[Blob, Cited]]] = []
    of: dict[str, int] = {}
    size = PACK_BYTES + 1
    for blob, cited in order:
        at = of.get(blob.sha256)
        if at is None:
            if not packs or size + blob.bytes > PACK_BYTES:
                packs.append([])
                size = 0
            at = of[blob.sha256] = len(packs) - 1
            size += blob.bytes
        packs[at].append((blob, cited))
    return packs


def _windows(cited: Iterable[Cited]) -> dict[str, Ranges]:
    """Per writer the seqs of these events, with gaps closed: a pack of pictures is one range and not a thousand."""
    found: dict[str, list[int]] = {}
    for each in cited:
        found.setdefault(each.writer_id, []).append(each.seq)
    return {writer: _closed(sorted(set(seqs))) for writer, seqs in found.items()}


def _closed(seqs: list[int], gap: int = 10_000) -> Ranges:
    """Ranges around ascending seqs; what lies between two of them is closed unless it is very long."""
    cuts = [n + 1 for n, (a, b) in enumerate(pairwise(seqs)) if b - a > gap]
    starts = [0, *cuts]
    return ranges((seqs[a], seqs[b - 1] + 1) for a, b in zip(starts, [*cuts, len(seqs)], strict=True))
