"""Headers: what lists show of an experiment whose rows still lie in a repo, and what becomes of it when they come."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest

from tests.store.adopted import LOSS, facts, logged, pushed
from tests.store.trainer import Trainer, audited, taken
from trackio_client.store.holdings import Cold


def test_without_a_header_counts_are_right_at_once_and_the_rest_when_all_is_there(store, other):
    logged(store)
    repo = pushed(store, files=3)
    other.adopt(repo.adopted(headers=False))
    (record,) = other.experiments()
    assert (record.point_count, record.event_count, record.project) == (1800, 902, "digits")
    repo.restore(other)
    assert facts(other) == facts(store)
    assert other.summaries(["exp_1"])["exp_1"][0]._replace(mean=0) == store.summaries(["exp_1"])["exp_1"][0]._replace(
        mean=0
    )


def test_a_header_of_other_rows_is_shown_until_all_is_there(store, other):
    trainer = logged(store)
    repo = pushed(store, share=0.5)
    (adopted,) = repo.adopted()
    assert adopted.header_digest != adopted.writers[0].digest.hex()
    other.adopt([adopted])
    assert (other.experiment("exp_1").name, other.experiment("exp_1").event_count) == ("exp_1", 451)
    assert other.headers(["exp_1"])["exp_1"]["digest"] == ""
    repo.restore(other)
    assert other.experiment("exp_1").last_step == 449
    assert other.summaries(["exp_1"])["exp_1"][0].points == 450
    taken(trainer.send(other, 0))
    assert other.receipt("w_1").digest == store.receipt("w_1").digest


@pytest.mark.requirement("S1.52")
def test_what_another_space_pushed_is_shown_at_once_from_its_header(store, other):
    trainer = logged(store)
    repo = pushed(store)
    other.adopt(repo.adopted())
    repo.restore(other)
    trainer.steps(100, first=900).event(kind="end", state="finished")
    taken(trainer.send(store))
    repo.push(store)
    at = other.position()
    other.adopt(repo.adopted())
    assert facts(other) == facts(store)
    assert other.summaries(["exp_1"]) == store.summaries(["exp_1"])
    assert [r.experiment_id for r in other.experiments(since=at)] == ["exp_1"]
    assert len(other.points("exp_1", "loss").steps) == 900
    repo.restore(other)
    audited(other)
    assert len(other.series(LOSS)[0]["exp_1", "loss"].steps) == 1000


def broken_headers(header):
    for field in header:
        for value in (None, "x", -1.5, [], {"a": 1}, [[1]], 2**70):
            if value != header[field]:
                yield {**header, field: value}
        yield {name: each for name, each in header.items() if name != field}
    for at in range(len(header["series"][0])):
        for value in ("x\ud800", {}, 2**64, float("nan")):
            series = copy.deepcopy(header["series"])
            series[0][at] = value
            yield {**header, "series": series}
    for field in ("name", "tags", "config", "end", "definitions", "summary", "client", "edited_state", "parent"):
        for value in (7, [1], {"a": 1}, "x"):
            yield {**header, "facts": {**header["facts"], field: value}}


def test_a_header_that_somebody_broke_breaks_nothing(store, engine, tmp_path):
    logged(store, Trainer().event(kind="end", state="finished"))
    repo = pushed(store)
    (adopted,) = repo.adopted()
    for n, header in enumerate(broken_headers(adopted.header)):
        name = f"exp_1_{n}"
        writer = replace(adopted.writers[0], writer_id=f"x_{n}", experiment_id=name)
        file = Cold(name, "f1", {f"x_{n}": writer.held}, 9)
        told = replace(adopted, experiment_id=name, header=header, writers=[writer], files=[file])
        store.adopt([told])
        assert store.experiment(name).point_count == 900
        json.dumps(store.headers([name]), allow_nan=False)
        store.summaries([name])
    assert n > 100
    store.experiments()
    store.metrics("digits")
