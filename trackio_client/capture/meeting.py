"""Where the ranks of one launch find each other's word: rank 0 leaves one, the others look for it.

Two places, both asked: the key-value store of torch.distributed (of the process group, else of torchrun's agent, which
is there before any process group), and a small file in the data folder, named by the launch. No collective operation,
and no read that waits in the store: a rank that never comes must not hold the others up. Who waits looks again and
again, and gives up after a time of its own choosing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol

from trackio_client.capture.launcher import identity, launcher
from trackio_client.capture.ranks import Ranks

CONNECT_S: Final = 5.0
"""Longest wait for torchrun's agent to answer; it is there before its ranks are."""
OLD_S: Final = 7 * 86_400.0
"""After it a file of a launch is nobody's: removed when the next one is written."""
_LOOK_S, _SELDOM_S = 0.02, 0.25  # between looks, at first and later
_TROUBLE = (RuntimeError, OSError, ValueError, AttributeError, TypeError)  # of a store whose other end is gone

Word = Mapping[str, Any]


class Place(Protocol):
    """Holds the newest word under a key."""

    def put(self, key: str, word: Word) -> None: ...

    def get(self, key: str) -> Word | None: ...


class FilePlace:
    """A folder that processes of one machine share, and those of a cluster whose folders are shared."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, word: Word) -> None:
        """Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clear()
        path = self._folder / f"{key}.json"
        partly = path.with_suffix(f".{os.getpid()}")
        partly.write_text(json.dumps(word), encoding="utf-8")
        partly.replace(path)

    def get(self, key: str) -> Word | None:
        try:
            found = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _clear(self) -> None:
        now = time.time()
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):
                if now - path.stat().st_mtime > OLD_S:
                    path.unlink()


class TorchPlace:
    """A key-value store of torch.distributed."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def put(self, key: str, word: Word) -> None:
        """Raises one of _TROUBLE."""
        self._store.set(f"trackio/{key}", json.dumps(word))

    def get(self, key: str) -> Word | None:
        """`check` answers at once; `get` of a key that is there, too."""
        if not self._store.check([f"trackio/{key}"]):
            return None
        found = json.loads(self._store.get(f"trackio/{key}"))
        return found if isinstance(found, dict) else None


class Meeting:
    """The places of one launch."""

    def __init__(self, ranks: Ranks, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.ranks = ranks
        self.launch = _launch(ranks, environ)
        store = _torch_store(environ)
        self._places: list[Place] = ([] if store is None else [TorchPlace(store)]) + [FilePlace(folder)]

    def key(self, *given: object) -> str:
        """Of one call of all ranks, the same on all of them."""
        return blake2b(repr((self.launch, given)).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    def tell(self, key: str, word: Word) -> bool:
        """Leave a word for the others. False: no place took it, and nobody will find it."""
        told = {**word, "restarts": self.ranks.restarts, "host": socket.gethostname(), "by": identity(os.getpid())}
        taken = [_took(place, key, told) for place in self._places]  # all are told, not only the first that takes it
        return any(taken)

    def before(self, key: str) -> Word | None:
        """What rank 0 told before the launcher started all ranks again."""
        for place in self._places:
            word = _quietly(lambda place=place: place.get(key))  # type: ignore[misc]
            if word is not None and _whole(word.get("restarts")) < self.ranks.restarts:
                found: Word = word
                return found
        return None

    def word(self, key: str) -> Word | None:
        """What rank 0 of this launch told under a key, if it has."""
        for place in self._places:
            word = _quietly(lambda place=place: place.get(key))  # type: ignore[misc]
            if word is not None and self._is_of_now(word, place):
                found: Word = word
                return found
        return None

    def hear(
        self,
        look: Callable[[float], Word | None],
        timeout_s: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Word | None:
        """What `look` finds, asked again and again with the seconds gone by; None when it finds nothing in time."""
        began, pause = time.monotonic(), _LOOK_S
        while True:
            gone = time.monotonic() - began
            if (found := look(gone)) is not None:
                return found
            if gone + pause > timeout_s:
                return None
            sleep(pause)
            pause = min(_SELDOM_S, pause * 1.3)

    def _is_of_now(self, word: Word, place: Place) -> bool:
        """Not what an earlier launch or start left under the same key: a notebook launches twice, under one parent."""
        if _whole(word.get("restarts")) != self.ranks.restarts:
            return False
        if isinstance(place, TorchPlace) or word.get("host") != socket.gethostname():
            return True
        pid, _, _ = str(word.get("by")).partition("@")
        return pid.isdecimal() and identity(int(pid)) == word.get("by")


def _launch(ranks: Ranks, environ: Mapping[str, str]) -> str:
    if ranks.launch is not None:
        return ranks.launch
    # torchrun's ranks have a run, and after a restart perhaps another port; others' are told apart by the port.
    names = ("TORCHELASTIC_RUN_ID",) if "TORCHELASTIC_RUN_ID" in environ else ("MASTER_ADDR", "MASTER_PORT")
    where = " ".join(environ.get(name, "") for name in names)
    return f"{launcher()} {where} {ranks.world_size}"


def _whole(value: Any) -> int:
    return value if type(value) is int else -1


def _took(place: Place, key: str, word: Word) -> bool:
    try:
        place.put(key, word)
    except _TROUBLE:
        return False
    return True


def _quietly(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except _TROUBLE:
        return None


def _torch_store(environ: Mapping[str, str]) -> Any:
    """Of the default process group, else of torchrun's agent. None if the program has not imported torch."""
    distributed = sys.modules.get("torch.distributed")
    if distributed is None:
        return None
    try:
        if distributed.is_available() and distributed.is_initialized():
            return sys.modules["torch.distributed.distributed_c10d"]._get_default_store()
        if environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
            return None
        address, port = environ["MASTER_ADDR"], int(environ["MASTER_PORT"])
        return distributed.TCPStore(address, port, None, False, timedelta(seconds=CONNECT_S))
    except (*_TROUBLE, KeyError):
        return None
