"""Run random histories, find one that breaks a promise, and make it short enough to read."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.model.chances import drawn_features, steps_of
from tests.model.quiet import count_out, settle
from tests.model.rules import BrokenPromiseError
from tests.model.world import World

STEPS = 90
Step = tuple[str, int]


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


def history(seed: int) -> tuple[frozenset[str], list[Step]]:
    """The features and steps that a seed means."""
    rng = Random(seed)
    features = drawn_features(rng)
    kinds, weights = steps_of(features)
    chosen = rng.choices(kinds, weights, k=STEPS)
    return features, [("start", rng.randrange(1 << 16)), *((kind, rng.randrange(1 << 16)) for kind in chosen)]


def run(features: frozenset[str], steps: list[Step], planted: str = "", said: list[str] | None = None) -> None:
    """One history from the beginning to rest. Raises BrokenPromiseError; what happened is appended to `said`."""
    world = World(features, planted)
    for kind, r in steps:
        done = world.do(kind, r) if said is None else _told(world, kind, r, said)
        if done is None:
            continue
    settle(world)
    count_out(world)


def _told(world: World, kind: str, r: int, said: list[str]) -> str | None:
    said.append(f"({kind})")  # stands if the step itself breaks the promise
    done = world.do(kind, r)
    said.pop()
    if done is not None:
        said.append(done)
    return done


def find(seeds: range, planted: str = "") -> Finding | None:
    """The first seed whose history breaks a promise, shrunk."""
    for seed in seeds:
        features, steps = history(seed)
        try:
            run(features, steps, planted)
        except BrokenPromiseError as broken:
            return _shrunk(seed, features, steps, planted, broken.promise)
    return None


def _breaks(features: frozenset[str], steps: list[Step], planted: str, promise: str) -> bool:
    try:
        run(features, steps, planted)
    except BrokenPromiseError as broken:
        return broken.promise == promise
    return False


def _shrunk(seed: int, features: frozenset[str], steps: list[Step], planted: str, promise: str) -> Finding:
    """Leave out ever smaller pieces as long as the same promise breaks."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if _breaks(features, fewer, planted, promise):
                steps = fewer
            else:
                at += size
        size //= 2
    said: list[str] = []
    detail = ""
    try:
        run(features, steps, planted, said)
    except BrokenPromiseError as broken:
        detail = str(broken).partition(": ")[2]
    return Finding(seed, promise, detail, features, steps, said)
