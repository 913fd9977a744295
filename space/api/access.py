"""What was handed out: tokens and share links, their names, ends and revocations. No secret is among it.

It lives in `v1/access.sqlite` beside the store. A Space loses its disk, so the same state travels with the dataset
repo: `access_state()` gives it as bytes, `adopt_access()` takes it in. Two states join by union, a revocation wins, so
the order of joining does not matter, and what was revoked anywhere stays revoked. Until a Space has read the state of
its repo (`hold()` … `adopt_access()`), nothing that was handed out opens anything: `NotReady`.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from space.api.tokens import ID_BYTES, LAST_S, Claim, Kind, Signer, claim_of, new_id
from trackio_client.errors import StoreError, UsageError
from trackio_client.store.schema import named
from trackio_client.wire.events import checked_name, is_id

MOST_LIVE: Final = 1000
"""Tokens and links that are neither revoked nor ended: a list that a person can still read."""
MOST_SHARED: Final = 100
"""Experiments in one link."""
MEDIA: Final = "media"
ARTIFACTS: Final = "artifacts"
SHOWABLE: Final = (MEDIA, ARTIFACTS)
"""What a link can show of its experiments beside charts and numbers."""
USUAL: Final = (MEDIA,)
"""What one shows of it whose maker did not say, those of earlier versions too: media stood on their pages."""
FOUND_AGAIN: Final = "found again"
"""Name of a token that is ours by its seal, while the list had lost it."""
_DAY_S: Final = 86_400
_FORMAT: Final = 1
_MOST_BYTES: Final = 16 * 1024 * 1024


class NotReady(Exception):
    """The state has not been read from the repo yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One token or link that was handed out."""

    id: str
    kind: Kind
    name: str
    experiments: tuple[str, ...] = ()
    """What a link shows, in the order it was given; empty for tokens."""
    shows: tuple[str, ...] = USUAL
    """Of SHOWABLE, in that order."""
    created_s: float
    end_s: int = 0
    """Seconds UTC; 0 for never."""
    revoked_s: float | None = None
    used_day: int | None = None
    """Day it was last used, counted from 1970."""

    def is_live(self, now_s: float) -> bool:
        """Whether it opens anything now."""
        return self.revoked_s is None and (not self.end_s or now_s < self.end_s)

    @property
    def scope(self) -> tuple[str, ...]:
        """What its seal is about: nobody widens a link by editing a list. No id holds a ":"."""
        return self.experiments if self.shows == USUAL else (*self.experiments, f"shows:{','.join(self.shows)}")

    def to_json(self) -> dict[str, Any]:
        more = {} if self.shows == USUAL else {"shows": list(self.shows)}
        return more | {
            "id": self.id, "kind": self.kind.name.lower(), "name": self.name, "experiments": list(self.experiments),
            "created_s": self.created_s, "end_s": self.end_s, "revoked_s": self.revoked_s, "used_day": self.used_day,
        }  # fmt: skip


class Access:
    """The state, in memory and on disk; any thread may ask."""

    def __init__(
        self, path: Path | None, *, secret: str | None, clock: Callable[[], float] = time.time, ready: bool = True
    ) -> None:
        """`path` None keeps it in memory. `secret` is TRACKIO_WRITE_TOKEN; a server without one makes its own.

        Raises StoreError when the file cannot be read.
        """
        self._clock = clock
        self._lock = threading.RLock()
        self._ready = ready
        self._closed = False
        self._seen = -1
        self._entries: dict[str, Entry] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Called after a token or link was made or revoked: whoever pushes the state to a repo hears of it."""
        try:
            self._path = path or Path("the list of tokens and share links in memory")
            self._db = _opened(path)
            self.signer = Signer((secret or self._own_secret()).encode())
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the list of tokens and share links in {path} cannot be read: {error}. Move the file away to start "
                "without it: what was revoked is then known only from the dataset repo; another TRACKIO_WRITE_TOKEN "
                "ends everything that was ever handed out"
            ) from error

    def close(self) -> None:
        """Let the file go. The state can still be asked for: the last push comes when all else is closed."""
        with self._lock:
            self._refresh()
            self._closed = True
            self._db.close()

    # --- what callers show ------------------------------------------------------------------------------------------

    def entry_of(self, text: str) -> Entry | None:
        """The live entry of a token as it was given, else None: cut, edited, of another server, revoked or ended.

        Raises NotReady when it may be good, but nobody can know yet whether it was revoked.
        """
        claim = claim_of(text)
        return None if claim is None else self._live(claim)

    def _live(self, claim: Claim) -> Entry | None:
        with self._lock:
            if claim.kind is not Kind.SHARE and not self.signer.is_sealed(claim):
                return None
            if not self._ready:
                raise NotReady
            self._refresh()
            now_s = self._clock()
            entry = self._entries.get(claim.id)
            if entry is None and claim.kind is not Kind.SHARE:
                # Ours by its seal, and not in the list: the disk was lost before the list reached the repo. A trainer
                # that holds it must not stop; now it stands in the list again, where it can be revoked.
                entry = Entry(id=claim.id, kind=claim.kind, name=FOUND_AGAIN, created_s=now_s, end_s=claim.end_s)
                self._note(entry)
            if entry is None or (entry.kind, entry.end_s) != (claim.kind, claim.end_s) or not entry.is_live(now_s):
                return None
            if not self.signer.is_sealed(claim, entry.scope):
                return None
            if entry.used_day != (today := int(now_s // _DAY_S)):
                entry = replace(entry, used_day=today)
                self._note(entry)
            return entry

    def is_live(self, id_: str) -> bool:
        """Whether the token of this id still opens anything. Raises NotReady."""
        with self._lock:
            if not self._ready:
                raise NotReady
            self._refresh()
            return (entry := self._entries.get(id_)) is not None and entry.is_live(self._clock())

    # --- what owners do ---------------------------------------------------------------------------------------------

    def now_s(self) -> float:
        return self._clock()

    def add(
        self, kind: Kind, name: str, *, end_s: float | None = None, experiments: Sequence[str] = (),
        shows: Sequence[str] = USUAL,
    ) -> tuple[Entry, str]:  # fmt: skip
        """Hand one out: its entry and its text. Raises UsageError, NotReady, StoreError."""
        end = _checked_end(end_s, self._clock())
        shown = tuple(dict.fromkeys(experiments))
        if kind is Kind.SHARE and not 0 < len(shown) <= MOST_SHARED:
            raise UsageError(f"a link shows 1 to {MOST_SHARED} experiments, got {len(shown)}")
        with self._lock:
            if not self._ready:
                raise NotReady
            self._refresh()
            if sum(entry.is_live(self._clock()) for entry in self._entries.values()) >= MOST_LIVE:
                raise UsageError(f"{MOST_LIVE:,} tokens and links are in use. Revoke those that nobody needs")
            entry = Entry(
                id=new_id(), kind=kind, name=checked_name(name, "name"), experiments=shown, shows=checked_shows(shows),
                created_s=round(self._clock(), 3), end_s=end,
            )  # fmt: skip
            self._keep(entry)
        self.on_change()
        return entry, self.text_of(entry)

    def text_of(self, entry: Entry) -> str:
        """The token's text again: it follows from the entry and the secret."""
        return self.signer.token(entry.kind, entry.id, entry.end_s, entry.scope)

    def revoke(self, id_: str, *, share: bool) -> bool:
        """Close one for good. False when there is none of this id. Raises NotReady, StoreError."""
        with self._lock:
            if not self._ready:
                raise NotReady
            self._refresh()
            entry = self._entries.get(id_)
            if entry is None or (entry.kind is Kind.SHARE) is not share:
                return False
            if entry.revoked_s is None:
                self._keep(replace(entry, revoked_s=round(self._clock(), 3)))
        self.on_change()
        return True

    def live(self, *, share: bool) -> list[Entry]:
        """Those that open something now, newest first."""
        with self._lock:
            self._refresh()
            now_s = self._clock()
            found = [e for e in self._entries.values() if (e.kind is Kind.SHARE) is share and e.is_live(now_s)]
        return sorted(found, key=lambda entry: (-entry.created_s, entry.id))

    # --- surviving the disk -----------------------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether revocations are known, so that tokens and links may open anything."""
        return self._ready

    def hold(self) -> None:
        """Open nothing until `adopt_access` was called: the dataset repo may know of revocations that we do not."""
        self._ready = False

    def access_state(self) -> bytes:
        """What must survive the disk, for a file in the dataset repo. It holds names and ids, no token and no hash.

        What has ended is left out: its end stands in the token itself.
        """
        with self._lock:
            self._refresh()
            now_s = self._clock()
            kept = [e for e in self._entries.values() if not e.end_s or e.end_s > now_s]
        content = {"trackio_access": _FORMAT, "entries": [e.to_json() for e in sorted(kept, key=lambda e: e.id)]}
        return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()

    def adopt_access(self, state: bytes | None) -> None:
        """Join a state from elsewhere to ours; None when the repo has none. Afterwards links and tokens open.

        Raises UsageError when it cannot be read; then everything that was handed out stays closed.
        """
        theirs = [] if state is None else _entries_of(state)
        with self._lock:
            self._refresh()
            for entry in theirs:
                mine = self._entries.get(entry.id)
                joined = entry if mine is None else _joined(mine, entry)
                if joined != mine:
                    self._put(joined)
            self._ready = True

    # --- the file ---------------------------------------------------------------------------------------------------

    def _keep(self, entry: Entry) -> None:
        try:
            self._put(entry)
        except sqlite3.Error as error:
            raise named(error, self._path) from error

    def _put(self, entry: Entry) -> None:
        with self._db:
            text = json.dumps(entry.to_json())
            self._db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?)", (entry.id, text))
        self._entries[entry.id] = entry

    def _note(self, entry: Entry) -> None:
        with suppress(sqlite3.Error):  # a full disk must not close a link
            self._put(entry)
        self._entries[entry.id] = entry

    def _refresh(self) -> None:
        """Read again what another process of this machine wrote."""
        if self._closed:
            return
        seen = self._db.execute("PRAGMA data_version").fetchone()[0]
        if seen == self._seen:
            return
        rows = self._db.execute("SELECT content FROM entry").fetchall()
        self._entries = {entry.id: entry for (text,) in rows for entry in [_entry(json.loads(text))]}
        self._seen = seen

    def _own_secret(self) -> str:
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_urlsafe(32),))
        return str(self._db.execute("SELECT content FROM secret").fetchone()[0])


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # a server without a token keeps its own secret here
    db = sqlite3.connect(path or ":memory:", timeout=5, check_same_thread=False)
    db.execute("PRAGMA synchronous = FULL")  # a revocation that was answered is never lost
    db.execute("CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID")
    db.execute("CREATE TABLE IF NOT EXISTS secret (one INTEGER PRIMARY KEY CHECK (one = 1), content TEXT NOT NULL)")
    db.commit()
    return db


def _checked_end(end_s: float | None, now_s: float) -> int:
    if end_s is None:
        return 0
    if isinstance(end_s, bool) or not isinstance(end_s, (int, float)) or not now_s < end_s <= LAST_S:
        raise UsageError(
            f"ends_s must be a time to come, in seconds since 1970 UTC (now is {now_s:.0f}), got {end_s!r:.80}"
        )
    return int(end_s)


def checked_shows(words: Any) -> tuple[str, ...]:
    """What a link is to show beside charts and numbers, in one order. Raises UsageError."""
    is_list = isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words)
    if not is_list or (unknown := [word for word in words if word not in SHOWABLE]):
        raise UsageError(
            f"shows must be a list of {' and '.join(map(repr, SHOWABLE))}, got {unknown[0] if is_list else words!r:.80}"
        )
    return tuple(word for word in SHOWABLE if word in words)


def _joined(a: Entry, b: Entry) -> Entry:
    """One entry of two about the same id. Neither order nor repetition matters."""
    revoked = [s for s in (a.revoked_s, b.revoked_s) if s is not None]
    days = [day for day in (a.used_day, b.used_day) if day is not None]
    first = min(a, b, key=lambda e: (e.name == FOUND_AGAIN, e.created_s, e.name, e.experiments, e.shows))
    return replace(first, revoked_s=min(revoked, default=None), used_day=max(days, default=None))


def _entries_of(state: bytes) -> list[Entry]:
    try:
        if len(state) > _MOST_BYTES:
            raise ValueError(f"{len(state):,} bytes")
        content = json.loads(state)
        if content["trackio_access"] != _FORMAT:
            raise ValueError(f"form {content['trackio_access']!r:.40}; this version knows form {_FORMAT}")
        return [_entry(each) for each in content["entries"]]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"the list of tokens and share links in the dataset repo cannot be read: {error!s:.200}. Until it can, "
            "none of them opens anything"
        ) from error


def _entry(content: dict[str, Any]) -> Entry:
    id_, experiments = str(content["id"]), tuple(content["experiments"])
    if len(bytes.fromhex(id_)) != ID_BYTES or not all(isinstance(each, str) and is_id(each) for each in experiments):
        raise ValueError(f"an entry with the id {id_!r:.40}")
    revoked, day = content["revoked_s"], content["used_day"]
    times = (float(content["created_s"]), float(content["end_s"]), float(revoked or 0), float(day or 0))
    if not all(0 <= each <= LAST_S for each in times):
        raise ValueError(f"a time of the entry {id_} is {times}")
    return Entry(
        id=id_.lower(),
        kind=Kind[content["kind"].upper()],
        name=str(content["name"])[:300],
        experiments=experiments,
        shows=tuple(str(word) for word in content.get("shows", USUAL)),  # a later version may know more words
        created_s=times[0],
        end_s=int(times[1]),
        revoked_s=None if revoked is None else times[2],
        used_day=None if day is None else int(day),
    )
