"""Reading a repo at a commit: its index, the rows of its experiments. What did not change is not read again."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from trackio_client.errors import NotOurs
from trackio_client.hub.files import tables
from trackio_client.hub.index import Index, cold_files, parse, rows_path, slot_number
from trackio_client.hub.target import RepoFile, Target
from trackio_client.store.holdings import Adopted

TOGETHER = 12
"""Files read at once: a GET of the Hub takes 50 to 100 ms, most of it waiting."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Told:
    """What a repo tells of one experiment, beside its data."""

    header: dict[str, Any] | None
    digest: str
    """Of the rows that the header covers."""


class RepoReader:
    """Reads one repo. Files are remembered by their content, so a look at a new head reads what changed."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.not_ours: dict[str, str] = {}
        """What could not be read: path and why. It is left alone."""
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, bytes]] = {}
        self._indexes: tuple[str, Index] | None = None

    def index(self, commit: str) -> Index:
        """The index at a commit. Raises HubErrors."""
        with self._lock:
            if self._indexes is not None and self._indexes[0] == commit:
                return self._indexes[1]
        listed = [file for file in self.target.files(commit, "index") if slot_number(file.path) is not None]
        index = Index(commit)
        for file, raw in zip(listed, self._all(listed, commit), strict=True):
            try:
                slot = parse(raw, file.path)
                index.slots[slot.number] = slot
                self._fine(file.path)
            except NotOurs as error:
                index.unreadable.append(error)
                self._named(error)
        index = Index(commit, index.slots, index.unreadable)
        self.remember(index)
        return index

    @property
    def latest(self) -> Index | None:
        """The index read or made last."""
        with self._lock:
            return self._indexes[1] if self._indexes else None

    def remember(self, index: Index) -> None:
        """Take an index that is known without reading: that of the commit just made."""
        with self._lock:
            self._indexes = (index.commit, index)

    def rows(self, commit: str, slots: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
        """The rows of the experiments of these slots. A slot without any, or with unreadable ones, is absent."""
        wanted = {rows_path(number): number for number in slots}
        listed = [file for file in self.target.files(commit, "experiments") if file.path in wanted]
        found: dict[int, list[dict[str, Any]]] = {}
        for file, raw in zip(listed, self._all(listed, commit), strict=True):
            try:
                found[wanted[file.path]] = tables.read_experiments(raw, name=file.path)
                self._fine(file.path)
            except NotOurs as error:
                self._named(error)
        return found

    def adopted(self, index: Index, experiments: Iterable[str]) -> list[Adopted]:
        """What the repo says of these experiments, ready for `Store.adopt`. Raises HubErrors."""
        wanted: dict[int, list[str]] = {}
        for name in experiments:
            number = index.slot_of(name)
            if number is not None and name in index.slots[number].projects:
                wanted.setdefault(number, []).append(name)
        rows = self.rows(index.commit, wanted) if wanted else {}
        found = []
        for number, names in wanted.items():
            slot, told = index.slots[number], told_of(rows.get(number, []))
            for name in names:
                known = told.get(name)
                found.append(
                    Adopted(
                        experiment_id=name,
                        project=slot.projects[name],
                        header=known.header if known else None,
                        header_digest=known.digest if known else "",
                        writers=slot.of(name),
                        files=cold_files(slot, name),
                    )
                )
        return found

    def read(self, path: str, commit: str, blob: str) -> bytes:
        """A file of small size; not read again while its content is the same."""
        with self._lock:
            known = self._kept.get(path)
        if known is not None and known[0] == blob:
            return known[1]
        raw = self.target.read(path, commit)
        self.keep(path, raw, blob)
        return raw

    def keep(self, path: str, raw: bytes, blob: str | None = None) -> None:
        """Remember a file. Without `blob`, one that was just written: git's name for its content is used."""
        name = blob or hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest()
        with self._lock:
            self._kept[path] = (name, raw)

    def _all(self, files: list[RepoFile], commit: str) -> list[bytes]:
        return together(lambda file: self.read(file.path, commit, file.blob), files)

    def _named(self, error: NotOurs) -> None:
        with self._lock:
            self.not_ours[error.path] = error.reason

    def _fine(self, path: str) -> None:
        with self._lock:
            self.not_ours.pop(path, None)


def together(action: Callable[[Any], T], things: Iterable[Any]) -> list[T]:
    """The results of an action over many things, several at once, in their order."""
    things = list(things)
    if len(things) < 2:
        return [action(thing) for thing in things]
    with ThreadPoolExecutor(min(TOGETHER, len(things)), "trackio-hub") as pool:
        return list(pool.map(action, things))


def told_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Told]:
    """By experiment what its row holds for restoring; a row without it says nothing."""
    found = {}
    for row in rows:
        try:
            content = json.loads(row["trackio"])
            header, digest = content["header"], content["digest"]
            if isinstance(header, dict) and isinstance(digest, str):
                found[str(row["experiment_id"])] = Told(header, digest)
        except (KeyError, TypeError, ValueError, RecursionError):
            continue
    return found
