"""A dataset repo as destination, seen from this machine: the folder where experiments wait for it, and its pusher.

    TRACKIO_DIR/v1/hub/<owner>--<name>/
        store.sqlite   what the trainers of this machine logged for the repo; all of them append to it
        pusher.lock    held by the one process that pushes it (`python -m trackio_client.hub.pusher`)
        pusher.json    what that process said last
        pusher.log     what it printed

Trainers append here and never talk to the Hub: huggingface_hub and pyarrow are the pusher's. It outlives them, and when
it is killed too, the next process of that destination or `trackio-client sync` goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trackio_client.delivery.address import repo_of
from trackio_client.delivery.locks import FileLock
from trackio_client.delivery.transport import Known, StoreTransport
from trackio_client.errors import Behind, DeliveryError, StoreError, StoreFull, Unavailable, UsageError
from trackio_client.settings import DATASETS, Settings
from trackio_client.wire.batches import Batch, Receipt

if TYPE_CHECKING:
    import subprocess

    from trackio_client.store.sqlite import SqliteStore

STOPPED = "it was asked to stop"
"""Why a pusher ended that nobody should start again but a person, or the next training."""
FRESH_S, PATIENCE_S = 2.0, 5.0
"""When an experiment is resumed: how old the pusher's look at the repo may be, and how long it is waited for."""
MODULE = "trackio_client.hub.pusher"
_ALONE = 0x00000208
"""On Windows: without a console, in a process group of its own."""
LOG_BYTES = 1024 * 1024
"""Above it the pusher's log begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PusherState:
    """What a pusher wrote last. Times are seconds since 1970 UTC, for people only."""

    repo: str
    pid: int = 0
    started_s: float = 0.0
    said_s: float = 0.0
    ready: str = ""
    """The incarnation of the store that knows what the repo's head held; a store of another one must wait."""
    looked_s: float = 0.0
    """When the repo's head was read last."""
    commit: str | None = None
    committed_s: float | None = None
    events: int = 0
    """Frames that are in the store and not in the repo."""
    values: int = 0
    next_in_s: float | None = None
    """Until the next push, counted from `said_s`."""
    problem: str | None = None
    ended: str | None = None
    """Why it ended; None while it runs, and when it was killed."""

    def write(self, path: Path) -> None:
        """Replace the file. Raises OSError."""
        temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
        temporary.write_text(json.dumps(asdict(self)), encoding="utf-8")
        temporary.replace(path)


@dataclass(frozen=True, slots=True)
class Staging:
    """The folder of one repo on this machine."""

    directory: Path
    repo: str

    @classmethod
    def of(cls, home: Path, repo: str) -> Staging:
        """The folder of `owner/name` under TRACKIO_DIR. Makes nothing. Names on the Hub hold no `--`."""
        return cls(home / "v1" / "hub" / repo.replace("/", "--"), repo)

    @property
    def destination(self) -> str:
        return DATASETS + self.repo

    @property
    def store_path(self) -> Path:
        return self.directory / "store.sqlite"

    @property
    def lock_path(self) -> Path:
        return self.directory / "pusher.lock"

    @property
    def state_path(self) -> Path:
        return self.directory / "pusher.json"

    @property
    def log_path(self) -> Path:
        return self.directory / "pusher.log"

    def open(self) -> SqliteStore:
        """The store, made when missing. Raises StoreErrors."""
        from trackio_client.store.open import open_store  # here: SQLite and numpy, on the thread that uses the store

        return open_store(self.store_path, persistent=False, destination=self.destination)

    def state(self) -> PusherState | None:
        """What the last pusher said; None if there was none, or it cannot be read."""
        try:
            said = json.loads(self.state_path.read_text(encoding="utf-8"))
            return PusherState(**{name: said[name] for name in PusherState.__slots__ if name in said})
        except (OSError, ValueError, TypeError):
            return None

    def pusher(self) -> PusherState | None:
        """What the pusher that runs now said; None if none runs. Its `pid` is 0 before its first word."""
        state = self.state()
        if state is not None and state.ended is None and self._is_pusher(state.pid):
            return state
        if self.is_free():
            return None
        return PusherState(repo=self.repo) if state is None or state.ended is not None else state

    def _is_pusher(self, pid: int) -> bool:
        """Whether the system says so at a glance: a process works in this folder, and is a pusher.

        The lock says it as well, but a trainer that asks it each second would one day fork while it holds it, and the
        child would hold it for as long as it lives.
        """
        try:
            folder, line = os.readlink(f"/proc/{pid}/cwd"), Path(f"/proc/{pid}/cmdline").read_bytes()  # noqa: PTH115
        except OSError:
            return False
        return folder == os.path.realpath(self.directory) and MODULE.encode() in line

    def ask(self) -> None:
        """Ask the pusher that is at work to push soon. Raises OSError."""
        self.ask_path.touch()

    @property
    def ask_path(self) -> Path:
        return self.directory / "pusher.ask"

    def is_free(self) -> bool:
        """Whether no pusher runs. The lock is held for an instant only; a pusher takes it with patience."""
        try:
            lock = FileLock.take(self.lock_path, create=False)
        except OSError:
            return True
        if lock is None:
            return False
        lock.release()
        return True

    def lock(self) -> FileLock | None:
        """The right to push; None while another process has it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        for left in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0):
            lock = FileLock.take(self.lock_path)
            if lock is not None or not left:
                return lock
            time.sleep(0.005)  # longer than a look takes
        return None


def stagings(home: Path) -> list[Staging]:
    """Those that there are under TRACKIO_DIR, by name."""
    found = []
    with contextlib.suppress(OSError):
        for directory in sorted((home / "v1" / "hub").iterdir()):
            with contextlib.suppress(UsageError):
                if (directory / "store.sqlite").is_file():
                    found.append(Staging(directory, repo_of(directory.name.replace("--", "/", 1))))
    return found


class StagingTransport(StoreTransport):
    """Appends to the store that a pusher brings to the repo.

    The store is only as durable as the repo, and may have been wiped after its events went there. What it seems to
    lack is therefore never given up (a named hole) before a pusher has read the repo's head for it (rule 9).
    """

    def __init__(self, staging: Staging, store: SqliteStore) -> None:
        super().__init__(store, staging.destination)
        self.staging = staging
        self._store = store
        self._asked_s: float | None = None

    def send(self, batch: Batch) -> Receipt:
        try:
            outcome = self._store.append([batch], holes=False)[0]
            if isinstance(outcome, Behind) and self.has_read():
                outcome = self._store.append([batch])[0]
        except StoreFull:
            raise
        except StoreError as error:
            raise Unavailable(f"the store in {self.staging.directory} did not take it: {error}") from error
        if isinstance(outcome, Behind):
            raise Unavailable(f"{outcome}. {self.staging.destination} must be read first, its pusher does that")
        if isinstance(outcome, DeliveryError):
            raise outcome
        if self.has_read():  # else a number might be given that stands in the repo already
            self._number(batch)
        return outcome

    def find(self, project: str, key: str) -> Known | None:
        """What the repo holds now, another machine's part too; after some seconds without it, what this machine knows.

        A pusher must be on its way: it reads the repo.
        """
        if self._asked_s is None:
            self._asked_s = time.time()
            with contextlib.suppress(OSError):
                self.staging.ask()
        found, state = super().find(project, key), self.staging.state()
        is_fresh = self.has_read() and state is not None and state.looked_s >= self._asked_s - FRESH_S
        if not is_fresh and (found is None or time.time() < self._asked_s + PATIENCE_S):
            raise Unavailable(f"{self.staging.destination} was not read yet")
        return found

    def has_read(self) -> bool:
        """Whether the store knows what the repo's head holds."""
        state = self.staging.state()
        return state is not None and state.ready == self._store.incarnation


# --- starting a pusher -------------------------------------------------------------------------------------------


def start_pusher(staging: Staging, settings: Settings) -> subprocess.Popen[bytes] | None:
    """Start a pusher that outlives this process and its group; None if this machine has no Python to start.

    What is returned ends at once: the pusher is a child of nobody, so that whoever ends all children of a trainer, or
    waits for them, does not meet it. If another pusher runs, it ends, too. Raises OSError.
    """
    import subprocess  # here: 3 ms that trainings without a repo need not pay

    if not sys.executable:
        return None
    staging.directory.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        if staging.log_path.stat().st_size > LOG_BYTES:
            staging.log_path.unlink()
    with staging.log_path.open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", MODULE, "--repo", staging.repo, "--detach"],
            cwd=staging.directory,  # `-m` looks for modules in the working folder first: not in the user's
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            creationflags=0 if os.name == "posix" else _ALONE,
        )
    if os.name == "posix":  # it ends in a moment, and must not stay as a zombie of a training that lasts for weeks
        threading.Thread(target=started.wait, name="trackio-pusher", daemon=True).start()
    return started


def _environment(settings: Settings, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Of a pusher. The token goes here and nowhere else: a command line can be read by all, a file stays."""
    env = {
        **environ,
        "TRACKIO_DIR": str(settings.directory),
        "TRACKIO_PUSH_INTERVAL_S": f"{settings.push_interval_s:g}",
    }
    if settings.hub_token:
        env["HF_TOKEN"] = settings.hub_token
    root = Path(__file__).resolve().parents[2]
    if root.name not in ("site-packages", "dist-packages"):  # a checkout: found by whatever this process was told
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), environ.get("PYTHONPATH")]))
    return env


def pids_of(staging: Staging, state: PusherState) -> Iterator[int]:
    """The process of a running pusher, if it is verified to be one: a pid alone may by now be anybody's."""
    if state.pid and staging.repo in (line := _command_line(state.pid)) and MODULE in line:
        yield state.pid


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    import subprocess

    with contextlib.suppress(OSError, subprocess.SubprocessError):  # macOS, BSD
        asked = ["ps", "-ww", "-p", str(pid), "-o", "command="]
        return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=False).stdout
    return ""
