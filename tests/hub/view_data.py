"""Stores with experiments such as people have, and what a static page is to draw from, without a push."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.store.trainer import Trainer, taken
from trackio_client.hub.files.views import Views
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore
from trackio_client.wire.frames import Schema

NOW_S = 1_795_000_000.0
TRAIN = Schema(("train/loss", "train/learning_rate", "train/grad_norm", "train/epoch"))
EVAL = Schema(("eval/loss", "eval/accuracy", "eval/f1"))
SYSTEM = Schema(("system/gpu_0_utilization", "system/gpu_0_memory_used", "system/cpu_percent"))
ARGUMENTS = {f"argument_{n:02}": n / 7 for n in range(60)}
"""What all of a sweep share."""


def new_store(folder: Path) -> SqliteStore:
    """An empty store."""
    folder.mkdir(parents=True, exist_ok=True)
    return open_store(f"sqlite:///{folder / 'store.sqlite'}", persistent=False)


def training(
    number: int,
    steps: int = 1000,
    *,
    project: str = "digits",
    end: str | None = "finished",
    started_s: float | None = None,
    name: str | None = None,
    **start: Any,
) -> Trainer:
    """A fine-tuning of some hours: a loss that falls with noise, evaluations, hardware, a checkpoint, log lines."""
    chance = random.Random(number)
    began_s = NOW_S - 86_400 + number * 60 if started_s is None else started_s
    experiment = f"exp_20261121_{number:06}_{''.join(chance.choices('abcdefghijklmnopqrstuvwxyz234567', k=8))}"
    one = Trainer(f"w_{number:06}", experiment, project, schema=TRAIN)

    def at(step: float) -> int:
        return int((began_s + 3 * step) * 1e6)

    lr = 10 ** chance.uniform(-5, -3)
    config = {"lr": lr, "seed": number, "optimizer": {"name": "adamw", "weight_decay": 0.01}, **ARGUMENTS}
    one.event(
        kind="start", time_us=at(0), project=project, name=name or f"lr{lr:.1e}-seed{number}", config=config,
        process={"host": "node-1", "pid": 100 + number}, **start,
    )  # fmt: skip
    for step in range(steps):
        loss = 2.5 * math.exp(-step / (200 + 3000 * lr)) + 0.3 + chance.gauss(0, 0.05)
        one.step(step, loss, lr * (1 - step / steps), abs(chance.gauss(1, 0.3)), step / 250, time_us=at(step))
        if step % 100 == 99:
            worse = 2.5 * math.exp(-step / 300) + 0.4
            one.step(step, worse, 1 - worse / 4, 1 - worse / 3, time_us=at(step + 0.5), schema=EVAL)
        if step % 5 == 0:
            use = (90 + 8 * math.sin(step / 9), 31.5 + step / 500, chance.uniform(20, 40))
            one.step(step, *use, time_us=at(step + 0.2), schema=SYSTEM)
    if steps > 300:
        one.event(kind="mark", mark="checkpoint", title="checkpoint-300", step=300, time_us=at(300))
    one.event(kind="console", stream="stdout", lines=[f"step {steps}", "saved model"], time_us=at(steps))
    if end == "failed":
        one.event(
            kind="error", error="OutOfMemoryError", message="CUDA out of memory", step=steps, time_us=at(steps),
            trace="Traceback (most recent call last): …",
        )  # fmt: skip
    if end:
        one.event(kind="end", state=end, time_us=at(steps + 1), exit_code=0 if end == "finished" else 1)
    return one


def fill(store: SqliteStore, *trainings: Trainer) -> list[str]:
    """Append them and return their ids."""
    for one in trainings:
        body = b"".join((*(schema.frame for schema in (TRAIN, EVAL, SYSTEM)), *one.log[one.sent :]))
        taken(one.send(store, body=body))
    return [one.experiment_id for one in trainings]


class Repo:
    """What would lie in a repo's `view/`: flushes like a replicator's, without the rest."""

    def __init__(self, store: SqliteStore, *, now_s: float = NOW_S, files: Mapping[str, bytes] | None = None) -> None:
        self.store = store
        self.now_s = now_s
        self.files: dict[str, bytes] = dict(files or {})
        self.views = Views(clock=lambda: self.now_s)
        self.slots: dict[str, int] = {}
        self.later: list[str] = []

    def push(self, *experiments: str, gone: tuple[str, ...] = (), most: int = 40) -> dict[str, bytes]:
        """The files of one commit; without names all of the store."""
        names = experiments or tuple(record.experiment_id for record in self.store.experiments())
        for name in (*names, *gone):
            self.slots.setdefault(name, len(self.slots) // 64)
        asked = [*names, *(name for name in self.later if name not in names)]
        buried = {name: self.slots.pop(name) for name in gone}
        made, self.later = self.views.changes(self.store, asked, self.slots, buried, self.files.get, most=most)
        self.files |= made
        return made

    def push_all(self) -> None:
        """Commits until every overview is made."""
        self.push()
        while self.later:
            self.push(*self.later)
