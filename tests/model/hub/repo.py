"""The repo of the model: commits with a parent, immutable files of rows, and the index that is replaced with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.model.messages import MODULUS, Frame, digest_part
from tests.model.rules import demand

Key = tuple[str, int]  # (writer, seq)
PER_HOUR = 6
"""Commits of all pushers together. The real number is 60; a small one is met more often."""


@dataclass(slots=True)
class Held:
    """What an index says of one writer. `held` includes the holes."""

    experiment: str
    generation: int
    held: set[int] = field(default_factory=set)
    holes: dict[int, str] = field(default_factory=dict)
    digest: int = 0

    def copy(self) -> Held:
        return Held(self.experiment, self.generation, set(self.held), dict(self.holes), self.digest)


Rows = tuple[tuple[Key, Frame], ...]


@dataclass(slots=True)
class Tree:
    """The repo at one commit."""

    number: int = 0
    index: dict[str, Held] = field(default_factory=dict)  # by writer
    windows: dict[str, set[Key]] = field(default_factory=dict)  # by file: what of it counts
    files: dict[str, Rows] = field(default_factory=dict)
    tombstones: dict[str, frozenset[str]] = field(default_factory=dict)  # by experiment its writers
    packs: dict[str, tuple[int, ...]] = field(default_factory=dict)  # files that events cite

    def copy(self) -> Tree:
        return Tree(
            self.number,
            {writer: held.copy() for writer, held in self.index.items()},
            {path: set(keys) for path, keys in self.windows.items()},
            dict(self.files),
            dict(self.tombstones),
            dict(self.packs),
        )

    def packed(self) -> set[int]:
        """The files that events cite, as far as they are there."""
        return {file for pack in self.packs.values() for file in pack}

    def rows(self) -> Iterator[tuple[Key, Frame]]:
        """All that counts."""
        for path, keys in self.windows.items():
            for key, frame in self.files.get(path, ()):
                if key in keys:
                    yield key, frame

    def where(self) -> dict[Key, str]:
        """The file of each row."""
        return {key: path for path, keys in self.windows.items() for key in keys}

    def held(self, writer: str) -> set[int]:
        known = self.index.get(writer)
        return known.held if known else set()

    def bury(self, experiment: str, writers: frozenset[str]) -> None:
        """A tombstone instead of an experiment."""
        writers |= {writer for writer, held in self.index.items() if held.experiment == experiment}
        for writer in writers:
            self.index.pop(writer, None)
        for path in list(self.windows):
            self.windows[path] = {key for key in self.windows[path] if key[0] not in writers}
            if not self.windows[path]:
                del self.windows[path], self.files[path]
        self.tombstones[experiment] = writers


class Repo:
    """Commits, oldest first. A commit says on which it was made; on another head nothing happens (412)."""

    def __init__(self) -> None:
        self.commits = [Tree()]
        self.in_hour = self.most_in_hour = 0
        self.checked = -1
        self.away = False

    @property
    def head(self) -> Tree:
        return self.commits[-1]

    def land(self, parent: int | None, tree: Tree) -> bool:
        """One commit reaches the repo. Without a parent its index is written over whatever stands there."""
        head = self.head
        if parent is not None and parent != head.number:
            return False
        files = {**head.files, **tree.files} if parent is None else tree.files
        made = tree.copy()
        made.files = {path: rows for path, rows in files.items() if path in tree.windows}
        made.number = head.number + 1
        self.commits.append(made)
        self.in_hour += 1
        self.most_in_hour = max(self.most_in_hour, self.in_hour)
        return True

    def check(self, written: dict[Key, int]) -> None:
        """What must hold of every head. `written` is the ghost: the call that stands at (writer, seq) in its log."""
        tree = self.head
        demand(self.most_in_hour <= PER_HOUR, "more commits than the hour has", self.most_in_hour)
        if self.checked == tree.number:
            return  # heads do not change
        self.checked = tree.number
        seen: set[Key] = set()
        sums: dict[str, int] = {}
        for key, frame in tree.rows():
            demand(key not in seen, "stored twice", f"{key[0]}#{key[1]} in the repo")
            seen.add(key)
            demand(written.get(key) == frame.call, "in a place that is not its own", f"{key} in the repo")
            sums[key[0]] = (sums.get(key[0], 0) + digest_part(*key, frame)) % MODULUS
        for path, keys in tree.windows.items():
            lacking = keys - {key for key, _ in tree.files.get(path, ())}
            demand(not lacking, "lost", f"{sorted(lacking)} are not in {path}, which the index names for them")
        for writer, held in tree.index.items():
            rows = {seq for name, seq in seen if name == writer}
            lacking_seqs = (held.held - set(held.holes)) ^ rows
            demand(not lacking_seqs, "lost", f"the index says other of {writer} than the files: {lacking_seqs}")
            demand(held.digest == sums.get(writer, 0), "the digest is not that of the rows", f"{writer} in the repo")
            demand(held.experiment not in tree.tombstones, "a deleted experiment came back", held.experiment)
        demand({key[0] for key in seen} <= set(tree.index), "rows of a writer that the index does not know")
        before = self.commits[-2] if len(self.commits) > 1 else tree
        gone = set(before.tombstones) - set(tree.tombstones)
        demand(not gone, "a tombstone is gone", gone)
        for writer, held in before.index.items():
            less = held.held - tree.held(writer)
            fine = not less or held.experiment in tree.tombstones
            demand(fine, "lost", f"a commit took {sorted(less)} of {writer} out of the repo")
