"""Python programs that begin where what takes seconds was imported long ago.

`python app.py` takes four seconds of a core until it answers, three and a half of them for imports, and the tests start
it a hundred and fifty times. Here a process imports all that once and then forks: each program runs in a process of its
own, with its own folder, environment and output, and is signalled, killed and waited for like any other. What the
imports read of the environment must be what it was then; where it is not, and on other systems than Linux, the program
is started as ever. That `python app.py` starts by itself is held by tests/space/test_process.py.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final, Protocol

ROOT = Path(__file__).resolve().parents[1]
SPACE: Final = ("space.server", "space.ui.app")
_READ_WHEN_USED: Final = ("TRACKIO_", "SPACE_", "GRADIO_SERVER_", "PYTEST_", "NO_PROXY", "no_proxy")
"""Beginnings of the variables that nothing reads while it is imported."""
_POLL_S: Final = 0.02
_MOST: Final = 3
"""Processes that wait with their imports, 150 MB each."""


class Process(Protocol):
    """What tests need of a process: `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


def started(
    argv: list[str], *, cwd: Path, env: Mapping[str, str], log: IO[Any], start_new_session: bool = False
) -> Process:
    """`python <argv>`, a script and its arguments, that writes to `log`; it has imported a Space's modules."""
    if sys.platform == "linux" and (forks := _forks_for(env)) is not None:
        return forks.started(argv, cwd=cwd, env=env, log=log, start_new_session=start_new_session)
    return subprocess.Popen(
        [sys.executable, *argv], cwd=cwd, env=dict(env), stdout=log, stderr=log, start_new_session=start_new_session
    )


def _forks_for(env: Mapping[str, str]) -> _Forks | None:
    """The process for this environment. One that a single start has is not worth the imports."""
    read = tuple(sorted((name, said) for name, said in env.items() if not name.startswith(_READ_WHEN_USED)))
    with _MAKING:
        _STARTS[read] = _STARTS.get(read, 0) + 1
        if read not in _FORKS and _STARTS[read] > 1:
            _FORKS[read] = _Forks(env)
            idle = [each for each in _FORKS if not _FORKS[each].has_living() and each != read]
            for each in idle[: max(0, len(_FORKS) - _MOST)]:
                _FORKS.pop(each).end()
        if found := _FORKS.pop(read, None):
            _FORKS[read] = found  # the last used stands last
        return found


class Forked:
    """A process that another one forked for us, and that tells us how it ended."""

    def __init__(self, pid: int, told: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = told
        self._reading = threading.Lock()

    def poll(self) -> int | None:
        with self._reading:
            if self.returncode is None and select.select([self._told], [], [], 0)[0]:
                self.returncode = int(os.read(self._told, 16) or -signal.SIGKILL)
                os.close(self._told)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(_POLL_S)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _Forks:
    """The process that has imported, and our end of what we say to it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._asking = threading.Lock()
        self._forked: list[Forked] = []
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
                cwd=ROOT, env={**env, "PYTHONPATH": str(ROOT)}, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def started(
        self, argv: list[str], *, cwd: Path, env: Mapping[str, str], log: IO[Any], start_new_session: bool
    ) -> Forked:
        told, tell = os.pipe()
        asked = {"argv": argv, "cwd": str(cwd), "env": dict(env), "session": start_new_session}
        with self._asking:
            socket.send_fds(self._door, [json.dumps(asked).encode()], [log.fileno(), tell])
            os.close(tell)
            self._forked.append(Forked(int(self._door.recv(16)), told))
            return self._forked[-1]

    def has_living(self) -> bool:
        self._forked = [each for each in self._forked if each.poll() is None]
        return bool(self._forked)

    def end(self) -> None:
        self._door.close()
        self._process.wait()


_FORKS: dict[tuple[tuple[str, str], ...], _Forks] = {}
_STARTS: dict[tuple[tuple[str, str], ...], int] = {}
_MAKING = threading.Lock()


@atexit.register
def _end() -> None:
    for each in _FORKS.values():
        each.end()


def _forking(door: socket.socket) -> list[str]:
    """Fork whenever asked to, and tell how each ended; ends with who asks. Returns in the forked processes only."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    tells: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([door, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
            while tells and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                tell = tells.pop(ended[0])
                with contextlib.suppress(BrokenPipeError):
                    os.write(tell, str(os.waitstatus_to_exitcode(ended[1])).encode())
                os.close(tell)
        if door not in ready:
            continue
        words, (*fds,), _, _ = socket.recv_fds(door, 1 << 20, 2)
        if not words:
            os._exit(0)
        asked, (log, tell) = json.loads(words), fds
        if (pid := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (woken, wake, tell, *tells.values()):
                os.close(other)
            door.close()
            _become(asked, log)
            return list(asked["argv"])
        tells[pid] = tell
        os.close(log)
        door.send(str(pid).encode())


def _become(asked: dict[str, Any], log: int) -> None:
    if asked["session"]:
        os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as _door:
        for _name in SPACE:
            importlib.import_module(_name)
        gc.freeze()  # pages of what was imported stay shared
        sys.argv = _forking(_door)
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
