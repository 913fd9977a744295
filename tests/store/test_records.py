"""Lists read an experiment anew only when it changed, and keep no more than fits.

That what is kept is true is looked at wherever a test lists experiments: `kept_records_are_true` in tests/conftest.py.
"""

from __future__ import annotations

import pytest

from tests.store.trainer import Trainer, taken
from trackio_client.store import records


@pytest.fixture
def read(monkeypatch):
    """The experiments whose record was read from the store's rows."""
    seen = []
    real = records._record
    monkeypatch.setattr(records, "_record", lambda row, *rest: seen.append(row[1]) or real(row, *rest))
    monkeypatch.setattr(records.Records, "listed", _UNCHECKED)
    return seen


_UNCHECKED = records.Records.listed


def logged(store, count=3):
    trainers = [Trainer(f"w_{i}", f"exp_{i}").start(config={"lr": 0.1 * i}) for i in range(count)]
    for trainer in trainers:
        taken(trainer.send(store))
    return trainers


def test_only_what_changed_is_read_anew(store, read):
    trainers = logged(store)
    first = store.experiments()
    assert sorted(read) == ["exp_0", "exp_1", "exp_2"]
    read.clear()
    again = store.experiments()
    assert read == []
    assert all(a is b for a, b in zip(first, again, strict=True))
    taken(trainers[1].steps(2).send(store))
    assert store.experiments()[1].metric_count == 1
    assert read == ["exp_1"]
    store.delete("exp_1")
    assert [each.experiment_id for each in store.experiments()] == ["exp_2", "exp_0"]


def test_one_experiment_alone_is_ones_own(store):
    """Whoever looks at one may write into what it gets: a list is not changed by that."""
    logged(store)
    store.experiments()
    store.experiment("exp_1").config["lr"] = "mine"
    assert store.experiments()[1].config == {"lr": 0.1}


def test_no_more_is_kept_than_fits(store, read, monkeypatch):
    logged(store, 12)
    monkeypatch.setattr(records, "MOST_HELD", 10)
    assert len(store.experiments()) == 12
    assert len(store._records._held) == 10
    size = store._records._characters
    monkeypatch.setattr(records, "MOST_HELD_CHARACTERS", size - 1)
    taken(Trainer("w_new", "exp_new").start().send(store))
    taken(Trainer("w_long", "exp_long").start(config={"text": "x" * size}).send(store))
    assert len(store.experiments()) == 14
    held = [record.experiment_id for _, record, _ in store._records._held.values()]
    assert "exp_new" in held
    assert "exp_long" not in held, "it alone would push out the others"
    assert store._records._characters == sum(size for _, _, size in store._records._held.values()) < size
