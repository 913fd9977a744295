"""A repo in memory that follows the Hub's rules: what tests and the model of the protocol use for one."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from trackio_client.errors import HubError, HubMoved, HubRefused, NotOurs
from trackio_client.hub.target import Head, RepoFile

HOUR_S = 3600.0
ORIGIN = re.compile(r"\[([^\[\]]+)\]$")
"""A pusher's mark at the end of a commit's title."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What one call of a method meets."""

    error: HubError
    on: str = "commit"
    """head, files, read, fetch, commit or create."""
    after: bool = False
    """The work is done all the same and the answer lost: a commit that happened and was not heard of."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a MemoryTarget."""

    id: str
    title: str
    at_s: float
    files: tuple[str, ...]
    """Paths that it added, replaced or deleted."""
    added_bytes: int
    before: Mapping[str, bytes | None]
    """What stood at these paths until then, None for nothing: trees of old commits are made by going back."""


class MemoryTarget:
    """Commits with parents, in memory. hub/target.py says what each method promises.

    Args:
        repo: its name, `owner/name`.
        exists: whether it is there before `create`.
        clock: seconds, for `Head.hour`; only differences count.
        failures: what calls will meet: the first that is for the called method, then it is used up.
            `target.failures.append(Failure(HubAway("504"), after=True))` adds one.
        keeps: how many commits can still be read; more than that and a long simulation would hold every file it
            ever replaced.
    """

    def __init__(
        self,
        repo: str = "me/exp",
        *,
        exists: bool = True,
        clock: Callable[[], float] = time.monotonic,
        failures: Iterable[Failure] = (),
        keeps: int = 1000,
    ) -> None:
        self.repo = repo
        self.failures = deque(failures)
        self.calls: list[str] = []
        """Names of the methods that were called, in order."""
        self.commits: list[Commit] = []
        """Oldest first. The first is what the Hub makes with the repo."""
        self.is_private: bool | None = None
        self._clock, self._keeps = clock, keeps
        self._tree: dict[str, bytes] = {}
        self._made = 0
        self._lock = threading.RLock()
        if exists:
            self._create(None)

    def head(self) -> Head:
        with self._answering("head"):
            now_s, commits = self._clock(), self._existing()
            recent = commits[bisect_right(commits, now_s - HOUR_S, key=lambda c: c.at_s) :]
            marks = {found[1] for commit in recent if (found := ORIGIN.search(commit.title))}
            return Head(commits[-1].id, len(recent), now_s - recent[0].at_s if recent else 0.0, len(marks))

    def files(self, commit: str, prefix: str) -> Sequence[RepoFile]:
        with self._answering("files"):
            below = prefix.strip("/") + "/" if prefix.strip("/") else ""
            tree = self._tree_at(commit)
            return [RepoFile(p, len(tree[p]), blob_id(tree[p])) for p in sorted(tree) if p.startswith(below)]

    def read(self, path: str, commit: str) -> bytes:
        with self._answering("read"):
            return self._file(path, commit)

    def fetch(self, path: str, commit: str, into: Path) -> None:
        with self._answering("fetch"):
            into.write_bytes(self._file(path, commit))

    def commit(self, parent: str, add: Mapping[str, bytes | Path], delete: Sequence[str], title: str) -> str:
        contents = {path: given if isinstance(given, bytes) else given.read_bytes() for path, given in add.items()}
        with self._answering("commit"):
            head = self._existing()[-1].id
            if parent != head:
                raise HubMoved(f"{self.repo} is at commit {head[:8]}, not at {parent[:8]}.")
            if missing := [path for path in delete if path not in self._tree]:
                raise HubRefused(f"{self.repo} has no file {missing[0]!r} that could be deleted.", status=404)
            changed = {path: content for path, content in contents.items() if self._tree.get(path) != content}
            if not changed and not delete:
                return parent
            return self._append(title, changed, delete)

    def create(self, *, private: bool | None = None) -> bool:
        with self._answering("create"):
            return self._create(private)

    def squash(self, title: str) -> str:
        with self._answering("squash"):
            self._existing()
            self.commits.clear()
            return self._append(title, dict(self._tree), ())

    def _create(self, private: bool | None) -> bool:
        if self.commits:
            return False
        self.is_private = private is not False
        self._append("initial commit", {".gitattributes": b""}, ())
        return True

    def _append(self, title: str, add: Mapping[str, bytes], delete: Sequence[str]) -> str:
        paths = tuple(dict.fromkeys((*add, *delete)))
        before = {path: self._tree.get(path) for path in paths}
        for path in delete:
            self._tree.pop(path, None)
        self._tree.update(add)
        self._made += 1
        seed = f"{self.repo} {self._made} {title} {sorted(paths)}"  # no chance in it: a run can be repeated
        commit_id = hashlib.sha1(seed.encode()).hexdigest()
        self.commits.append(Commit(commit_id, title, self._clock(), paths, sum(map(len, add.values())), before))
        if len(self.commits) > self._keeps:
            self.commits[-self._keeps - 1] = replace(self.commits[-self._keeps - 1], before={})
        return commit_id

    def _existing(self) -> list[Commit]:
        if not self.commits:
            raise HubRefused(f"There is no dataset repo {self.repo}.", status=404)
        return self.commits

    def _tree_at(self, commit: str) -> dict[str, bytes]:
        if commit == self._existing()[-1].id:
            return self._tree
        tree = dict(self._tree)
        for later in reversed(self.commits[-self._keeps :]):
            if later.id == commit:
                return tree
            for path, content in later.before.items():
                if content is None:
                    tree.pop(path, None)
                else:
                    tree[path] = content
        raise HubRefused(f"{self.repo} has no commit {commit!r}.", status=404)

    def _file(self, path: str, commit: str) -> bytes:
        content = self._tree_at(commit).get(path)
        if content is None:
            raise NotOurs(path, f"it is not in {self.repo} at commit {commit[:8]}")
        return content

    @contextmanager
    def _answering(self, method: str) -> Iterator[None]:
        with self._lock:
            self.calls.append(method)
            failure = next((f for f in self.failures if f.on == method), None)
            if failure is not None:
                self.failures.remove(failure)
                if not failure.after:
                    raise failure.error
            yield
            if failure is not None:
                raise failure.error


def blob_id(content: bytes) -> str:
    """Git's name for these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
