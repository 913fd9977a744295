"""A store that has logged, a repo that it was pushed to, and what another store shows of that."""

from __future__ import annotations

from dataclasses import replace

from tests.store.repo import Repo
from tests.store.trainer import Trainer, taken
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.frames import Schema

LOSS = SeriesQuery(experiments=("exp_1",), metrics=("loss",))


def logged(store, trainer=None):
    """Something of everything, logged by one trainer."""
    trainer = trainer or Trainer(schema=Schema(("loss", "lr")))
    trainer.start(config={"lr": 0.1}, tags=["x"]).steps(900).event(kind="text", step=950, values={"a": "b"})
    taken(trainer.send(store))
    return trainer


def pushed(store, **how):
    repo = Repo()
    repo.push(store, **how)
    return repo


def shown(store):
    """Summaries. A mean is that of parts, and may differ in its last digit where these were cut otherwise."""
    return [each._replace(mean=round(each.mean, 9)) for each in store.summaries(["exp_1"])["exp_1"]]


def facts(store):
    record = store.experiment("exp_1")
    return replace(record, position=0, last_heard_s=0.0)
