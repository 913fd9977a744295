"""Points that a resume logged again are told as they were, by the process that logged them first."""

from __future__ import annotations

import pytest

from tests.store.trainer import Trainer, taken
from trackio_client.errors import MetricNotFound
from trackio_client.queries.replaced import read_replaced
from trackio_client.store.open import open_store


def test_what_a_resume_logged_again_is_a_branch_of_its_own(tmp_path):
    store = open_store(tmp_path / "store.sqlite")
    first = Trainer().start()
    for step in range(10):
        first.step(step, 100.0 + step, time_us=step * 1_000_000)
    first.step(3, 55.0, time_us=20_000_000)  # its own second word is no branch
    taken(first.send(store))
    assert read_replaced(store, "exp_1", "loss")["branches"] == []
    again = Trainer(writer_id="w_0", generation=1).start(generation=1)
    for step in range(6, 9):
        again.step(step, 1.0 * step, time_us=(step + 100) * 1_000_000)
    taken(again.send(store))
    (branch,) = read_replaced(store, "exp_1", "loss")["branches"]
    assert (branch["steps"].tolist(), branch["values"].tolist()) == ([6, 7, 8], [106.0, 107.0, 108.0])
    assert (branch["from_step"], branch["to_step"], branch["points"], branch["replaced_s"]) == (6, 8, 3, 106.0)
    third = Trainer(writer_id="w_3", generation=2).start(generation=2).step(7, 0.5, time_us=300_000_000)
    taken(third.send(store))
    told = read_replaced(store, "exp_1", "loss")["branches"]
    assert [(each["steps"].tolist(), each["replaced_s"]) for each in told] == [([6, 7, 8], 106.0), ([7], 300.0)]
    with pytest.raises(MetricNotFound):
        read_replaced(store, "exp_1", "nothing")
    store.close()
