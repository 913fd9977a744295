"""config and summary: how they read, and what they tell the store."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackio_client.configuration import Config
from trackio_client.values import jsonable


@pytest.mark.requirement("S1.43")
def test_config_reads_and_writes_as_attribute_and_as_mapping() -> None:
    told: list[tuple[dict[str, Any], list[str]]] = []
    c = Config({"a": 1}, lambda values, removed: told.append((values, removed)))
    c.x = 2
    c["y"] = 3
    c.update({"z": 4}, w=5)
    c.update(allow_val_change=True, a=6)
    del c.w
    assert (c.a, c["x"], c.y, c.get("z"), c.get("none", 9)) == (6, 2, 3, 4, 9)
    assert "x" in c
    assert list(c.keys()) == ["a", "x", "y", "z"]
    assert dict(c.items()) == {"a": 6, "x": 2, "y": 3, "z": 4}
    assert "allow_val_change" not in c
    assert told == [({"x": 2}, []), ({"y": 3}, []), ({"z": 4, "w": 5}, []), ({"a": 6}, []), ({}, ["w"])]


@pytest.mark.requirement("S1.43")
def test_a_missing_key_is_a_key_error_either_way() -> None:
    c = Config()
    for read in (lambda: c["none"], lambda: c.none):
        with pytest.raises(KeyError):
            read()
    assert not hasattr(c, "none")
    assert getattr(c, "none", 5) == 5


def test_nested_values_are_read_and_written_at_every_level(bench: Any) -> None:
    with bench.init(config={"model": {"width": 8, "head": {"bias": True}}}) as experiment:
        experiment.config.model.head.bias = False
        experiment.config["model"]["depth"] = 3
    assert experiment.config.model.head.bias is False
    assert bench.events("config")[-1]["values"] == {"model": {"width": 8, "head": {"bias": False}, "depth": 3}}
    assert copy.deepcopy(experiment.config.as_dict()) == {"model": {"width": 8, "head": {"bias": False}, "depth": 3}}


def test_configurations_of_every_kind_become_json(bench: Any) -> None:
    class Color(enum.Enum):
        RED = "red"

    @dataclasses.dataclass
    class Inner:
        path: Path = Path("a/b")
        sizes: tuple[int, ...] = (1, 2)

    given = argparse.Namespace(
        lr=np.float32(0.5),
        inner=Inner(),
        color=Color.RED,
        names={"b", "a"},
        odd=object,
        nan=float("nan"),
        array=np.arange(3),
    )
    with bench.init(config=given):
        pass
    [start] = bench.events("start")
    config = start["config"]
    assert (config["lr"], config["inner"], config["color"], config["names"]) == (
        0.5,
        {"path": "a/b", "sizes": [1, 2]},
        "red",
        ["a", "b"],
    )
    assert (config["nan"], config["array"]) == ({"$float": "NaN"}, [0, 1, 2])
    assert "object" in config["odd"]


def test_a_configuration_that_holds_itself_ends() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    assert "…" in str(jsonable(loop)) or str(jsonable(loop))


def test_the_summary_has_last_lowest_highest_and_best_of_what_was_logged_so_far(bench: Any) -> None:
    experiment = bench.init()
    experiment.define_metric("loss", goal="min")
    for step, value in [(0, 3.0), (1, 1.0), (2, 2.0), (1, 5.0), (3, float("nan")), (4, float("inf")), (5, 4.0)]:
        experiment.log({"loss": value}, step=step)
    loss = experiment.summary["loss"]
    assert (loss.last, loss.min, loss.min_step, loss.max, loss.max_step, loss.best, loss.points) == (
        4.0,
        1.0,
        1,
        5.0,
        1,
        1.0,
        7,
    )
    experiment.log({"loss": 0.5})
    assert experiment.summary["loss"]["best"] == 0.5
    experiment.summary["loss"] = "mine"
    experiment.summary.update(accuracy=0.9)
    assert (experiment.summary["loss"], experiment.summary["accuracy"]) == ("mine", 0.9)
    assert set(experiment.summary) == {"loss", "accuracy"}
    with pytest.raises(KeyError):
        experiment.summary["never"]
    experiment.finish()
    assert [event["values"] for event in bench.events("summary")] == [{"loss": "mine"}, {"accuracy": 0.9}]
    assert experiment.summary["accuracy"] == 0.9


@pytest.mark.parametrize("goal", ["up", "MIN", 1])
def test_a_goal_is_min_or_max(bench: Any, goal: Any) -> None:
    with pytest.raises(ValueError, match="'min' or 'max'"):
        bench.init().define_metric("loss", goal=goal)
