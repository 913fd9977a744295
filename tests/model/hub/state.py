"""The state of the model with a repo: who is there, what is on its way, and what only the checker knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.model.hub.place import Place
from tests.model.hub.pusher import Pusher, Upload
from tests.model.hub.repo import Key, Repo
from tests.model.messages import Message


class State:
    """Everything; `trainers.py` and `world.py` are what may happen to it."""

    def __init__(self, features: frozenset[str], planted: str = "") -> None:
        self.features, self.planted = features, planted
        self.repo = Repo()
        names = ["A"] + ["B"] * ("two Spaces" in features)
        self.places = {name: Place(name, planted, self.repo) for name in names}
        if "serverless" in features:
            self.places["S"] = Place("S", planted, self.repo, is_staging=True)
        if "laptop" in features:
            self.places["P"] = Place("P", planted, self.repo, keeps=True)
        if "fall-back" in features:
            self.places["local"] = Place("local", planted, None, keeps=True)
        self.sent: list[Upload] = []  # commits on their way
        self.pushers: list[Pusher] = []
        for place in [place for place in self.places.values() if place.repo is not None]:
            for _ in range(1 + place.is_staging):
                self.pushers.append(Pusher(len(self.pushers), place, self.repo, planted, self.sent))
        self.spools: list[Any] = []
        self.senders: list[Any] = []
        self.messages: list[Message] = []
        self.calls = self.requests = 0
        self.parts_fail = False
        self.watches = True
        """Whether it is checked after each step; else what comes of a bug in the end is seen."""
        self.generations: dict[str, int] = {}
        self.ever_deleted: set[str] = set()
        self.written: dict[Key, int] = {}
        self.lost: set[tuple[str, int]] = set()
        """(writer, file) that somebody deleted by hand from the writer's machine."""
        self.rotten: set[int] = set()
        """Files that somebody deleted by hand from a store's disk."""
        self.actions: dict[str, Callable[[int], str | None]] = {
            name.removeprefix("_do_"): getattr(self, name) for name in dir(self) if name.startswith("_do_")
        }
