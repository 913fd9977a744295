"""The state of everything in the model: the machines, what is on its way, and what only the checker knows.

The ghosts are `written` (which calls stand at (writer, seq) in some log), `returned` (calls that returned to their
trainer) and `excused` (calls that a disk took with it after it had kept them, or before it had to).
"""

from __future__ import annotations

from collections.abc import Callable

from tests.model.client import Process, Sender, Spool
from tests.model.messages import Frame, Message
from tests.model.store import Key, Store


class State:
    """Everything; `trainers.py`, `network.py` and `disks.py` are what may happen to it."""

    def __init__(self, features: frozenset[str], planted: str = "") -> None:
        self.features, self.planted = features, planted
        servers = 2 if "two servers" in features else 1
        self.stores = {
            "space": Store("space", planted, persistent="persistent" in features, servers=servers),
            "local": Store("local", planted, persistent=True, servers=servers),
        }
        self.processes: list[Process] = []
        self.senders: list[Sender] = []
        self.spools: list[Spool] = []
        self.messages: list[Message] = []
        self.full = False
        self.machines = 1
        self.calls = self.requests = self.writers = 0
        self.generations: dict[str, int] = {}
        self.written: dict[Key, set[int]] = {}
        self.returned: dict[int, tuple[Process, Frame]] = {}
        self.excused: set[int] = set()
        self.actions: dict[str, Callable[[int], str | None]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")
        }
