"""Run random histories, find one that breaks a promise, and make it short enough to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.model import chances, quiet
from tests.model.hub import chances as hub_chances
from tests.model.hub import quiet as hub_quiet
from tests.model.hub.world import HubWorld
from tests.model.rules import BrokenPromiseError
from tests.model.world import World

Step = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Model:
    """A world, what may happen in it, and what must hold at its end."""

    world: Callable[[frozenset[str], str], Any]
    drawn_features: Callable[[Random], frozenset[str]]
    steps_of: Callable[[frozenset[str]], tuple[Sequence[str], Sequence[int]]]
    settle: Callable[[Any], None]
    count_out: Callable[[Any], None]
    steps: int
    """Of a history."""


SPINE = Model(World, chances.drawn_features, chances.steps_of, quiet.settle, quiet.count_out, 90)
"""Client and store: from a call to a receipt."""
HUB = Model(HubWorld, hub_chances.drawn_features, hub_chances.steps_of, hub_quiet.settle, hub_quiet.count_out, 120)
"""Stores and a repo: from a receipt to a commit, and back onto an empty disk."""
Features = Callable[[frozenset[str]], frozenset[str]]
"""Changes what a seed drew: for histories in which something surely may, or may not, happen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A history that breaks a promise."""

    seed: int
    promise: str
    detail: str
    features: frozenset[str]
    steps: list[Step]
    said: list[str]

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}: {self.promise}: {self.detail}",
            f"  possible here: {', '.join(sorted(self.features))}",
        ]
        lines += [f"  {number:3} {line}" for number, line in enumerate(self.said, 1)]
        return "\n".join([*lines, "  then everything that lives works until nothing moves" * (self.said[-1:] != ["…"])])


def history(seed: int, model: Model = SPINE, features: Features | None = None) -> tuple[frozenset[str], list[Step]]:
    """The features and steps that a seed means."""
    rng = Random(seed)
    drawn = model.drawn_features(rng)
    if features is not None:
        drawn = features(drawn)
    kinds, weights = model.steps_of(drawn)
    chosen = rng.choices(kinds, weights, k=model.steps)
    return drawn, [("start", rng.randrange(1 << 16)), *((kind, rng.randrange(1 << 16)) for kind in chosen)]


def run(
    features: frozenset[str],
    steps: list[Step],
    planted: str = "",
    said: list[str] | None = None,
    model: Model = SPINE,
) -> None:
    """One history from the beginning to rest. Raises BrokenPromiseError; what happened is appended to `said`."""
    world = model.world(features, planted)
    for kind, r in steps:
        if said is None:
            world.do(kind, r)
        else:
            _told(world, kind, r, said)
    model.settle(world)
    model.count_out(world)


def _told(world: Any, kind: str, r: int, said: list[str]) -> None:
    said.append(f"({kind})")  # stands if the step itself breaks the promise
    done = world.do(kind, r)
    said.pop()
    if done is not None:
        said.append(done)


def find(seeds: range, planted: str = "", model: Model = SPINE, features: Features | None = None) -> Finding | None:
    """The first seed whose history breaks a promise, shrunk."""
    for seed in seeds:
        drawn, steps = history(seed, model, features)
        try:
            run(drawn, steps, planted, model=model)
        except BrokenPromiseError as broken:
            return _shrunk(seed, drawn, steps, planted, broken.promise, model)
    return None


def _breaks(features: frozenset[str], steps: list[Step], planted: str, promise: str, model: Model) -> bool:
    try:
        run(features, steps, planted, model=model)
    except BrokenPromiseError as broken:
        return broken.promise == promise
    return False


def _shrunk(
    seed: int, features: frozenset[str], steps: list[Step], planted: str, promise: str, model: Model
) -> Finding:
    """Leave out ever smaller pieces as long as the same promise breaks."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if _breaks(features, fewer, planted, promise, model):
                steps = fewer
            else:
                at += size
        size //= 2
    said: list[str] = []
    detail = ""
    try:
        run(features, steps, planted, said, model)
    except BrokenPromiseError as broken:
        detail = str(broken).partition(": ")[2]
    return Finding(seed, promise, detail, features, steps, said)
