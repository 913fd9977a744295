"""Tells the environment of an experiment: on a thread that begins with `init`, as `environment` events.

The first event holds all that can be had within a second. A large repository may take git longer to compare: then the
first says so, and a second one follows. `end`, which `finish` calls, waits a moment for the first, tells what is there
if it does not come, and adds what only the end knows (libraries that were imported later).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from trackio_client.capture.environment.found import Found, nested
from trackio_client.capture.environment.scene import Scene
from trackio_client.masking import Masker

BEGIN_S: Final = 0.1
"""Before the thread looks: `init` and what follows it have the interpreter to themselves."""
END_S: Final = 1.5
"""Longest wait of a program's end for the first event."""
CUT: Final = "the program ended before it was looked at"
Tell = Callable[[dict[str, Any], dict[str, str]], None]
"""tell(values, not_captured): append one event. Called from the thread or from `end`."""


def masked_environment(values: dict[str, Any], masker: Masker) -> dict[str, Any]:
    """Values without secrets. A package whose name sounds like one of a secret keeps its version."""
    packages = {name: values[name] for name in ("packages", "conda") if name in values}
    masked: dict[str, Any] = masker.config({name: value for name, value in values.items() if name not in packages})
    if isinstance(command := values.get("command"), list):
        masked["command"] = masker.words(command)
    return masked | packages


class EnvironmentCapture:
    """Looks once, in the background. `start` costs the caller half a millisecond."""

    def __init__(self, scene: Scene, tell: Tell, mask: Callable[[str], str] = str) -> None:
        self._scene, self._tell, self._mask = scene, tell, mask
        self._found = Found()
        self._lock = threading.Lock()
        self._is_told = False
        self._is_over = False
        self._first = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trackio-environment", daemon=True)

    def start(self) -> EnvironmentCapture:
        self._thread.start()
        return self

    def end(self, timeout_s: float = END_S) -> None:
        """The program ends: nothing is told after this."""
        self._hurry.set()
        self._first.wait(timeout_s)
        with self._lock:
            self._is_over = True
            if not self._is_told:
                self._is_told = True
                partly = Found(dict(self._found.values), dict(self._found.not_captured))
                for name in ("git.dirty", "packages", "gpu.devices") if self._scene.is_main else ():
                    partly.lacks(name, CUT)
                self._say(partly)
                return
        self._say_late()

    def _run(self) -> None:
        self._hurry.wait(BEGIN_S)
        try:
            from trackio_client.capture.environment.gather import gather  # here: on the thread, as all that is slow
            from trackio_client.capture.environment.git import STATUS_S

            gather(self._scene, self._found)
            root = self._found.values.get("git.root")
            is_slow = self._scene.is_main and root is not None and not self._compare(root, STATUS_S)
            if is_slow:
                self._found.lacks("git.dirty", f"git took more than {STATUS_S:g} s")
            self._say_first()
            if is_slow and root is not None:
                self._compare_patiently(root)
        except Exception as error:  # a thread's outermost edge: the environment is a help, never a reason to stop
            _complain(error)
        finally:
            self._first.set()

    def _compare(self, root: str, timeout_s: float) -> bool:
        from trackio_client.capture.environment.git import Slow, from_program

        try:
            self._found.take(from_program(Path(root), self._scene.diff_bytes, timeout_s, self._mask))
        except Slow:
            return False
        return True

    def _say_first(self) -> None:
        with self._lock:
            if not self._is_told:
                self._is_told = True
                self._say(self._found)
        self._first.set()

    def _compare_patiently(self, root: str) -> None:
        from trackio_client.capture.environment.git import PATIENT_S, Slow, from_program

        try:
            more = from_program(Path(root), self._scene.diff_bytes, PATIENT_S, self._mask)
        except Slow:
            more = Found()
            more.lacks("git.dirty", f"git took more than {PATIENT_S:g} s")
        with self._lock:
            if not self._is_over:
                self._found.take(more)
                self._say(more)

    def _say_late(self) -> None:
        from trackio_client.capture.environment.gather import late

        known = self._found
        new = Found()
        try:
            for name, value in late(self._scene).values.items():
                if known.values.get(name) is None:  # a seed that was drawn from since says nothing new
                    new.put(name, value)
            if new.values:
                self._say(new)
        except Exception as error:  # an outermost edge, too: after this the experiment's end is told
            _complain(error)

    def _say(self, found: Found) -> None:
        values: Mapping[str, Any] = found.values
        reasons = dict(found.not_captured)
        if not self._scene.with_personal:
            from trackio_client.capture.environment.program import Anonymous

            anonymous = Anonymous()
            values, reasons = anonymous(dict(values)), anonymous(reasons)
        self._tell(nested(values), reasons)


def _complain(error: Exception) -> None:
    logging.getLogger("trackio_client").warning("the environment is not recorded: %s: %s", type(error).__name__, error)
