"""One of several processes on one store: `several.py ROLE FILE NAME`. Any exception ends it with its text."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

from tests.store.trainer import Trainer, taken
from trackio_client.errors import ExperimentNotFound, MetricNotFound
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.frames import Schema

STEPS, BATCH = 1500, 50


def write(path: Path, name: str) -> None:
    """Append, look at what is held, merge now and then, and open the store anew in the middle."""
    store, chance = open_store(path), random.Random(name)
    trainer = Trainer(name, f"exp_{int(name[2:]) % 2}", schema=Schema(("loss", "lr"))).start().steps(STEPS)
    while trainer.sent < len(trainer.log):
        taken(trainer.send(store, end=trainer.sent + chance.randrange(1, 2 * BATCH)))
        assert store.receipt(name).accepted == ((0, trainer.sent),)
        if chance.random() < 0.3:
            store.merge(budget_s=0.002)
        if chance.random() < 0.05:
            store.close()
            store = open_store(path)
    store.close()


def read(path: Path, name: str) -> None:
    """Until its input ends: each answer is as of one commit, and what was there stays there."""
    store, seen = open_store(path), 0
    while True:
        found = 0
        for record in store.experiments():
            try:
                points = store.points(record.experiment_id, "loss")
            except (ExperimentNotFound, MetricNotFound):
                continue
            for writer in range(len(points.writers)):
                seqs = np.sort(points.seqs[points.writer_of == writer])
                assert seqs.tolist() == list(range(1, len(seqs) + 1)), "each point once, without a gap"
            assert len(points.steps) >= record.point_count // 2
            asked = SeriesQuery(experiments=(record.experiment_id,), metrics=("loss", "lr"), max_points=100)
            shown = store.buckets(asked).series
            assert shown[record.experiment_id, "loss"].points >= max(points.steps) + 1
            store.summaries([record.experiment_id])
            found += len(points.steps)
        assert found >= seen
        seen = found
        print(found, flush=True)
        if sys.stdin.readline() == "":
            return


def merge(path: Path, name: str) -> None:
    """Merge for ever."""
    store = open_store(path)
    while True:
        print("merging", flush=True)
        store.merge(budget_s=0.02)


if __name__ == "__main__":
    {"write": write, "read": read, "merge": merge}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
