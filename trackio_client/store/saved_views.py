"""Saved views: states of the page that people named, by project.

A view is the query of an address; whatever a page may hold there can be saved, also by pages that are yet to come. They
are no events: events belong to an experiment, and a view must outlive each of those it shows. They live in
`views.sqlite` beside the store and travel with a dataset repo as one small file (`state`, `adopt`). Of two states of a
view the one that was changed last stands, deletion included, so the order of joining does not matter.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from trackio_client.errors import NotFound, NotReady, StoreError, UsageError
from trackio_client.store.schema import named
from trackio_client.wire.events import MAX_STEP, checked_name

MOST: Final = 500
"""Views of a project: a list that a person can still read."""
MOST_ADDRESS_CHARACTERS: Final = 8000
"""What browsers, servers and proxies take in an address."""
_FORMAT: Final = 1
_MOST_BYTES: Final = 16 * 1024 * 1024
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"


class NameTaken(UsageError):
    """Another view of the project has this name."""

    def __init__(self, view: SavedView) -> None:
        super().__init__(
            f"project {view.project!r:.300} has a view {view.name!r:.300} already. "
            "Choose another name, or replace that view"
        )
        self.view = view


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """One view, also when it was deleted: what was deleted can be taken back."""

    id: str
    project: str
    name: str
    address: str
    """The query of the page's address without its project: "view=compare&shown=…"; "" is the page as it opens."""
    by: str | None = None
    """Who saved it, where that is known."""
    created_us: int
    changed_us: int
    """Microseconds since 1970 UTC, later than any change that was known when it was made, whatever the clock says."""
    deleted: bool = False

    def told(self) -> dict[str, Any]:
        """As the API and `Api` tell it."""
        return {
            "id": self.id, "name": self.name, "address": self.address, "by": self.by,
            "created_s": self.created_us / 1e6, "changed_s": self.changed_us / 1e6,
        }  # fmt: skip


class SavedViews:
    """All of a store. Methods may be called from any thread, and by several processes on one file."""

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        """`path` None keeps them in memory. Raises StoreError when the file cannot be read."""
        self._clock = clock
        self._path = path or Path("the saved views in memory")
        self._lock = threading.RLock()
        self._ready = True
        self._closed = False
        self._last_state = b""
        self.on_change: Callable[[], None] = lambda: None
        """Called after a change here: whoever pushes the state to a repo hears of it."""
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path or ":memory:", timeout=5, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS view (id TEXT PRIMARY KEY, project TEXT, content TEXT NOT NULL)"
            )
            self._db.execute("CREATE INDEX IF NOT EXISTS by_project ON view (project)")
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the saved views in {path} cannot be read: {error}. Move the file away to start without them; what "
                "was pushed to a dataset repo comes back from there"
            ) from error

    def close(self) -> None:
        """Let the file go. The state can still be asked for: the last push comes when all else is closed."""
        with self._lock:
            if not self._closed:
                self._last_state = self.state()
                self._closed = True
                self._db.close()

    # --- what people do ---------------------------------------------------------------------------------------------

    def of(self, project: str) -> list[SavedView]:
        """The views of a project, by name. Raises NotReady."""
        with self._lock:
            self._check_ready()
            return sorted(
                (view for view in self._of(project) if not view.deleted),
                key=lambda view: (view.name.casefold(), view.created_us, view.id),
            )

    def save(self, project: str, name: str, address: str, *, by: str | None = None) -> SavedView:
        """A new view. Raises NameTaken, UsageError, NotReady, StoreError."""
        with self._lock:
            self._check_ready()
            with self._written():
                there = self._of(project)
                wanted = SavedView(
                    id="v_" + "".join(secrets.choice(_ALPHABET) for _ in range(12)),
                    project=checked_name(project, "project"),
                    name=self._free(there, checked_name(name, "name")),
                    address=checked_address(address),
                    by=by,
                    created_us=(now := self._after(there)),
                    changed_us=now,
                )
                if sum(not view.deleted for view in there) >= MOST:
                    raise UsageError(f"project {project!r:.300} has {MOST} saved views. Delete those that nobody opens")
                self._put(wanted)
        self.on_change()
        return wanted

    def change(
        self,
        project: str,
        id_: str,
        *,
        name: str | None = None,
        address: str | None = None,
        deleted: bool | None = None,
    ) -> SavedView:
        """Rename a view, give it another address, delete it or take that back; None leaves as it is.

        Raises NotFound, NameTaken, UsageError, NotReady, StoreError.
        """
        with self._lock:
            self._check_ready()
            with self._written():
                there = self._of(project)
                view = next((each for each in there if each.id == id_), None)
                if view is None:
                    raise NotFound(f"project {project!r:.300} has no saved view of the id {id_!r:.80}")
                changed = replace(
                    view,
                    name=view.name if name is None else checked_name(name, "name"),
                    address=view.address if address is None else checked_address(address),
                    deleted=view.deleted if deleted is None else deleted,
                )
                if changed == view:
                    return view
                if not changed.deleted:
                    self._free([each for each in there if each.id != id_], changed.name)
                changed = replace(changed, changed_us=self._after(there))
                self._put(changed)
        self.on_change()
        return changed

    # --- surviving the disk -----------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Answer nothing until `adopt` was called: this disk was wiped, and the dataset repo knows the views."""
        self._ready = False

    def state(self) -> bytes:
        """All views, deleted ones too, for a file of the dataset repo; empty when there never was one."""
        with self._lock:
            if self._closed:
                return self._last_state
            views = sorted(self._all(), key=lambda view: view.id)
        if not views:
            return b""
        content = {"trackio_views": _FORMAT, "views": [asdict(view) for view in views]}
        return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()

    def adopt(self, raw: bytes | None) -> None:
        """Join a state from elsewhere to ours; None when there is none. Raises UsageError: it cannot be read."""
        theirs = [] if raw is None else _views_of(raw)
        with self._lock:
            if not self._closed:
                with self._written():
                    mine = {view.id: view for view in self._all()}
                    for view in theirs:
                        if view.id not in mine or _rank(view) > _rank(mine[view.id]):
                            self._put(view)
            self._ready = True

    # --- the file ---------------------------------------------------------------------------------------------------

    def _check_ready(self) -> None:
        if not self._ready:
            raise NotReady("the saved views are still being read from the dataset repo", retry_after_s=1)

    def _written(self) -> _Transaction:
        return _Transaction(self._db, self._path)

    def _of(self, project: str) -> list[SavedView]:
        rows = self._db.execute("SELECT content FROM view WHERE project = ?", (project,)).fetchall()
        return [_view(json.loads(text)) for (text,) in rows]

    def _all(self) -> list[SavedView]:
        return [_view(json.loads(text)) for (text,) in self._db.execute("SELECT content FROM view").fetchall()]

    def _put(self, view: SavedView) -> None:
        row = (view.id, view.project, json.dumps(asdict(view)))
        self._db.execute("INSERT OR REPLACE INTO view VALUES (?, ?, ?)", row)

    def _after(self, there: list[SavedView]) -> int:
        now_us = int(self._clock() * 1e6)
        return max([now_us, *(view.changed_us + 1 for view in there)])

    @staticmethod
    def _free(there: list[SavedView], name: str) -> str:
        for view in there:
            if not view.deleted and view.name == name:
                raise NameTaken(view)
        return name


class _Transaction:
    """Reading and writing as one, also for another process; what fails leaves all as it was."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def __enter__(self) -> None:
        self._do("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._do("COMMIT")
            return
        self._take_back()
        if isinstance(error, sqlite3.Error):
            raise named(error, self._path) from error

    def _do(self, words: str) -> None:
        try:
            self._db.execute(words)
        except sqlite3.Error as error:
            self._take_back()  # a COMMIT that found no room leaves the transaction open
            raise named(error, self._path) from error

    def _take_back(self) -> None:
        if self._db.in_transaction:  # a full disk may have ended it already
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")


def path_beside(store: Path) -> Path:
    """Where the views of a store's file lie."""
    return store.parent / "views.sqlite"


def checked_address(address: Any) -> str:
    """The query of an address as a view keeps it. Raises UsageError."""
    if not isinstance(address, str):
        raise UsageError(f"address must be text like 'view=table&sort=-age', got {address!r:.80}")
    query = address.strip().removeprefix("?")
    if len(query) > MOST_ADDRESS_CHARACTERS:
        raise UsageError(
            f"the view's address has {len(query):,} characters, at most {MOST_ADDRESS_CHARACTERS:,} are kept. "
            "Tick fewer experiments, or choose them by a search"
        )
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in query) or "#" in query or "://" in query:
        raise UsageError(f"address must be the query of a page's address, got {address!r:.80}")
    try:
        query.encode()
    except UnicodeEncodeError:
        raise UsageError("address holds half of a surrogate pair and is no text") from None
    return query


def _rank(view: SavedView) -> tuple[int, str]:
    return view.changed_us, json.dumps(asdict(view), sort_keys=True)


def _views_of(raw: bytes) -> list[SavedView]:
    try:
        if len(raw) > _MOST_BYTES:
            raise ValueError(f"{len(raw):,} bytes")
        content = json.loads(raw)
        if content["trackio_views"] != _FORMAT:
            raise ValueError(f"form {content['trackio_views']!r:.40}; this version knows form {_FORMAT}")
        return [_view(each) for each in content["views"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, UsageError) as error:
        raise UsageError(f"the saved views in the dataset repo cannot be read: {error!s:.200}") from error


def _view(content: dict[str, Any]) -> SavedView:
    id_, by, times = content["id"], content["by"], (content["created_us"], content["changed_us"])
    if not isinstance(id_, str) or not id_.startswith("v_") or not all(letter in _ALPHABET for letter in id_[2:]):
        raise ValueError(f"a view with the id {id_!r:.80}")
    if not all(type(time_us) is int and 0 <= time_us <= MAX_STEP - 1 for time_us in times):
        raise ValueError(f"the times of the view {id_} are {times!r:.80}")
    return SavedView(
        id=id_,
        project=checked_name(content["project"], "project"),
        name=checked_name(content["name"], "name"),
        address=checked_address(content["address"]),
        by=None if by is None else str(by)[:300],
        created_us=times[0],
        changed_us=times[1],
        deleted=content["deleted"] is True,
    )


__all__ = ["MOST", "NameTaken", "SavedView", "SavedViews", "checked_address", "path_beside"]
