"""Merging small files of a repo into larger ones, so that their number does not follow that of the flushes.

Sixteen files of one kind and size class are merged when there are so many: those below 512 KiB together, whatever
experiments they hold, larger ones experiment by experiment. Of what is merged, an experiment of 32,768 rows or more
gets a file of its own; the small ones share. A size class is sixteen times the last, and files from 4 MiB on stay as
they are. So a repo holds, of metrics and of events, at most about 15 small files, 15 larger ones an experiment, and a
file for each 4 MiB, and a row is uploaded three times more at most. 32 writers that flush every five minutes for a
month make 8,640 flushes: tests/hub/test_growth.py counts what is left of them.

All parts are at the parent of the commit that replaces them, and the rows of the new file have the digest of the old
ones (protocol rule 15); else nothing is committed.
"""

from __future__ import annotations

import logging
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from trackio_client.errors import NotOurs
from trackio_client.hub.blobs import FOLDER
from trackio_client.hub.draft import MOST_FILES, MOST_SLOTS, Draft
from trackio_client.hub.files import tables
from trackio_client.hub.files.packs import Packed, read_pack, write_pack
from trackio_client.hub.files.parquet import check_name, content_name
from trackio_client.hub.index import DataFile, Index
from trackio_client.hub.reading import RepoReader, together
from trackio_client.hub.target import Head
from trackio_client.store.columns import Digest
from trackio_client.store.holdings import PointRows, digests
from trackio_client.store.spans import common, minus
from trackio_client.wire.batches import Ranges, ranges

log = logging.getLogger("trackio.hub")

SMALLEST = 32 * 1024
CLASS = 16
LARGE = 4 * 1024 * 1024
"""Bytes of a file that is not merged any more."""
TOGETHER_BYTES = 24 * 1024 * 1024
"""Merged in one commit: about 2.5 million values, 200 MB of memory."""
ENOUGH = 16
"""Files of a class that are worth merging."""
OWN_ROWS = 32_768
SHARED_ROWS = 131_072
KINDS = ("metrics", "events", FOLDER)


@dataclass(frozen=True, slots=True)
class Group:
    """Files to be merged with each other."""

    kind: str
    files: tuple[DataFile, ...]


def size_class(size: int) -> int:
    """0 for files below 512 KiB, 1 below 8 MiB …"""
    return max(0, int(math.log(max(1, size) / SMALLEST, CLASS)))


def plan(index: Index, skip: Iterable[str] = ()) -> list[Group]:
    """What to merge in one commit; [] while there are few files.

    Nothing while a part of the index cannot be read: a file may hold rows that only that part knows of.
    """
    if index.unreadable:
        return []
    left_out = set(skip)
    owner = {name: w.experiment_id for name, w in index.writers.items()}

    def experiments_of(file: DataFile) -> set[str]:
        return {owner[writer] for writer in file.windows if writer in owner}

    def place(file: DataFile) -> tuple[int, str]:
        return min((index.slot_of(name) or 0 for name in experiments_of(file)), default=0), file.path

    groups: dict[tuple[str, str], list[DataFile]] = defaultdict(list)
    for path, file in index.files().items():
        kind = path.partition("/")[0]
        if kind not in KINDS or not path.endswith(".parquet") or file.bytes >= LARGE or path in left_out:
            continue
        # Small files share, whoever they are of: else a thousand short experiments would be a thousand files.
        who = ""
        if size_class(file.bytes) > 0:
            experiments = experiments_of(file)
            who = min(experiments) if len(experiments) == 1 else "*"
        groups[kind, who].append(file)
    full = [(key, sorted(files, key=place)) for key, files in groups.items() if len(files) >= ENOUGH]
    full.sort(key=lambda pair: (-len(pair[1]), pair[0]))
    found: list[Group] = []
    operations, size, slots = 0, 0, set[int]()
    for (kind, _), files in full:
        taken: list[DataFile] = []
        for file in files:
            more = {n for w in file.windows if (n := index.slot_of(owner.get(w, ""))) is not None}
            # A file that goes is one operation, and its rows make about one new one at most.
            if operations + 2 * (len(taken) + 1) > MOST_FILES - MOST_SLOTS or len(slots | more) > MOST_SLOTS:
                break
            if size + file.bytes > TOGETHER_BYTES:
                break
            taken.append(file)
            slots |= more
            size += file.bytes
        if len(taken) >= 2:
            found.append(Group(kind, tuple(taken)))
            operations += 2 * len(taken)
    return found


def shares(rows: Mapping[str, int]) -> list[list[str]]:
    """Which experiments share a file, by their numbers of rows."""
    found = [[name] for name, count in sorted(rows.items()) if count >= OWN_ROWS]
    shared: list[str] = []
    count = 0
    for name, own in sorted(rows.items()):
        if own >= OWN_ROWS:
            continue
        if shared and count + own > SHARED_ROWS:
            found.append(shared)
            shared, count = [], 0
        shared.append(name)
        count += own
    return [*found, shared] if shared else found


def bridged(
    index: Index, kind: str, parts: Iterable[str], windows: Mapping[str, Iterable[tuple[int, int]]]
) -> dict[str, Ranges]:
    """Per writer the ranges of a merged file, with gaps closed in which no other file of its kind has rows.

    The seqs of a gap are those of the other kind: without this, texts among a million steps would leave a range each.
    """
    left_out, others = set(parts), defaultdict[str, list[tuple[int, int]]](list)
    for path, file in index.files().items():
        if path not in left_out and path.partition("/")[0] == kind:
            for writer, held in file.windows.items():
                if writer in windows:
                    others[writer] += held
    found = {}
    for writer, pairs in windows.items():
        mine, taken = ranges(pairs), ranges(others[writer])
        known = index.writer(writer)
        gaps = tuple((a[1], b[0]) for a, b in pairwise(mine))
        free = [gap for gap in gaps if not common((gap,), taken) and (known is None or not minus((gap,), known.held))]
        found[writer] = ranges([*mine, *free])
    return found


class Compactor:
    """Plans and makes commits that merge files."""

    def __init__(self, reader: RepoReader, *, origin: str, scratch: Path | None = None) -> None:
        self.reader = reader
        self.origin = origin
        self.scratch = scratch

    def step(self, head: Head, index: Index) -> str | None:
        """Merge what is worth merging in one commit on this head, and return its id, or None.

        Raises HubErrors; after HubMoved nothing happened.
        """
        groups = plan(index, self.reader.not_ours)
        if not groups:
            return None
        draft = Draft(index)
        with tempfile.TemporaryDirectory(prefix="trackio-", dir=self.scratch) as folder:
            merged = sum(self._merge(draft, head, group, Path(folder), n) for n, group in enumerate(groups))
            if not merged:
                return None
            add, delete = draft.changes()
            commit = self.reader.target.commit(
                head.commit, add, delete, f"Merge {merged} files into larger ones [{self.origin}]"
            )
            for path, content in add.items():
                if isinstance(content, bytes):
                    self.reader.keep(path, content)
        self.reader.remember(draft.after(commit))
        return commit

    def _merge(self, draft: Draft, head: Head, group: Group, folder: Path, number: int) -> int:
        """Put the merged files of a group into the draft; how many files they replace."""
        if group.kind == FOLDER:
            return self._merge_packs(draft, head, group, folder, number)
        places = [folder / f"{number}-{n}.parquet" for n in range(len(group.files))]
        together(
            lambda pair: self.reader.target.fetch(pair[0].path, head.commit, pair[1]),
            list(zip(group.files, places, strict=True)),
        )
        read = tables.read_metrics if group.kind == "metrics" else tables.read_events
        rows: list[Any] = []
        windows: dict[str, list[tuple[int, int]]] = defaultdict(list)
        taken: list[str] = []
        for file, place in zip(group.files, places, strict=True):
            try:
                check_name(file.path, place)
                found = list(read(place, file.windows, name=file.path))
            except NotOurs as error:
                self.reader.not_ours[file.path] = error.reason
                continue
            finally:
                place.unlink(missing_ok=True)
            rows += found
            taken.append(file.path)
            for writer, held in file.windows.items():
                windows[writer] += held
        if len(taken) < 2:
            return 0
        held_by = bridged(draft.index, group.kind, taken, windows)
        before = digests(rows)
        counts: dict[str, int] = defaultdict(int)
        for each in rows:
            counts[each.experiment_id] += len(each.seqs) if isinstance(each, PointRows) else 1
        touched = {n for w in windows if (n := self._slot(draft, w)) is not None}
        for slot in touched:
            draft.slot(slot)
        after: dict[str, Digest] = {}
        made: list[tuple[str, Path, int, dict[str, Ranges]]] = []
        for n, names in enumerate(shares(counts)):
            mine = [each for each in rows if each.experiment_id in set(names)]
            place = folder / f"merged-{number}-{n}.parquet"
            mine.sort(key=lambda each: (each.experiment_id, each.writer_id))
            writers = {each.writer_id for each in mine}
            mine_held = {writer: held_by[writer] for writer in sorted(writers)}
            (tables.write_metrics if group.kind == "metrics" else tables.write_events)(place, mine, held=mine_held)
            for writer, digest in digests(read(place, mine_held)).items():
                after[writer] = after.get(writer, Digest()) + digest
            made.append((content_name(group.kind, place), place, sum(counts[name] for name in names), mine_held))
        if before != after:
            log.error("merging %d files of %s gave other rows; they are left as they are", len(taken), group.kind)
            return 0
        draft.drop_files(taken)
        for path, place, count, mine_held in made:
            draft.add_file(path, place, count, mine_held)
            draft.delete.discard(path)
        return len(taken)

    def _merge_packs(self, draft: Draft, head: Head, group: Group, folder: Path, number: int) -> int:
        """As `_merge`, of packs of files: each file once, those that only deleted experiments cited left out."""
        living = {name for name, _, _ in draft.index.experiments()}
        files: dict[str, Packed] = {}
        windows: dict[str, list[tuple[int, int]]] = defaultdict(list)
        taken: list[str] = []
        for n, part in enumerate(group.files):
            place = folder / f"{number}-{n}.parquet"
            try:
                self.reader.target.fetch(part.path, head.commit, place)
                check_name(part.path, place)
                found = list(read_pack(place, name=part.path))
            except NotOurs as error:
                self.reader.not_ours[part.path] = error.reason
                continue
            finally:
                place.unlink(missing_ok=True)
            for each in found:
                known = files[each.blob.sha256].experiments if each.blob.sha256 in files else ()
                names = tuple(sorted({*known, *each.experiments} & living))
                if names:
                    files[each.blob.sha256] = each._replace(experiments=names)
            taken.append(part.path)
            for writer, held in part.windows.items():
                windows[writer] += held
        if len(taken) < 2:
            return 0
        for slot in {at for writer in windows if (at := self._slot(draft, writer)) is not None}:
            draft.slot(slot)
        draft.drop_files(taken)
        if files:
            place = folder / f"merged-{number}.parquet"
            held_by = {writer: ranges(pairs) for writer, pairs in sorted(windows.items())}
            count = write_pack(place, files.values(), held=held_by)
            path = content_name(FOLDER, place)
            draft.add_file(path, place, count, held_by)
            draft.delete.discard(path)
        return len(taken)

    def _slot(self, draft: Draft, writer: str) -> int | None:
        held = draft.index.writer(writer)
        return None if held is None else draft.index.slot_of(held.experiment_id)
