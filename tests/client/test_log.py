"""log(): steps, values, and what happens to what cannot be logged."""

from __future__ import annotations

import math
import threading
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest


@pytest.mark.requirement("S1.21", "S1.23", "S1.31")
def test_every_number_arrives_with_its_step(bench: Any) -> None:
    with bench.init() as experiment:
        experiment.log({"loss": 0.5, "grad_norm": 2.0}, step=3)
        experiment.log({"loss": 0.25, "my own/ünï name": 1})
    assert bench.points() == [("loss", 3, 0.5), ("grad_norm", 3, 2.0), ("loss", 4, 0.25), ("my own/ünï name", 4, 1.0)]


def test_a_step_is_one_more_than_the_highest_and_given_ones_may_repeat_and_go_back(bench: Any) -> None:
    with bench.init() as experiment:
        for step in (None, None, 10, 10, 2, None):
            experiment.log({"a": 1.0}, step=step)
    assert [step for _, step, _ in bench.points()] == [0, 1, 10, 10, 2, 11]


@pytest.mark.requirement("S1.22")
def test_without_a_step_it_is_taken_from_the_metrics_that_name_one(bench: Any) -> None:
    with bench.init() as experiment:
        for step in (5, 6):
            experiment.log({"loss": 1.0, "train/global_step": step})
        experiment.log({"loss": 1.0})
    assert [step for name, step, _ in bench.points() if name == "loss"] == [5, 6, 7]


def test_numbers_of_every_kind_are_taken(bench: Any) -> None:
    torch = pytest.importorskip("torch")
    given = {
        "bool": True, "int": 7, "numpy32": np.float32(0.5), "numpy_int": np.int64(3), "array0": np.array(1.5),
        "array1": np.array([2.5]), "decimal": Decimal("0.125"), "fraction": Fraction(1, 4),
        "tensor": torch.tensor(4.0), "grad": torch.tensor(5.0, requires_grad=True),
        "half": torch.tensor(0.5, dtype=torch.bfloat16), "count": torch.tensor([6]),
    }  # fmt: skip
    with bench.init() as experiment:
        for _ in range(2):  # the second call has its schema already
            experiment.log(given)
    found = {name: value for name, _, value in bench.points()}
    assert found == {
        "bool": 1.0, "int": 7.0, "numpy32": 0.5, "numpy_int": 3.0, "array0": 1.5, "array1": 2.5, "decimal": 0.125,
        "fraction": 0.25, "tensor": 4.0, "grad": 5.0, "half": 0.5, "count": 6.0,
    }  # fmt: skip
    assert len(bench.points()) == 24


@pytest.mark.requirement("S2.32")
def test_nan_and_infinities_are_values(bench: Any) -> None:
    with bench.init() as experiment:
        experiment.log({"a": math.nan, "b": math.inf, "c": -math.inf, "d": torch_nan()})
    values = [value for _, _, value in bench.points()]
    assert math.isnan(values[0])
    assert values[1:3] == [math.inf, -math.inf]
    assert math.isnan(values[3])


def torch_nan() -> Any:
    return np.float16("nan")


def test_nested_dicts_become_paths_and_texts_are_kept(bench: Any) -> None:
    with bench.init() as experiment:
        experiment.log({"eval": {"cat": {"f1": 0.5}, "note": "better"}, "loss": 1}, step=2)
    assert bench.points() == [("eval/cat/f1", 2, 0.5), ("loss", 2, 1.0)]
    assert [(event["step"], event["values"]) for event in bench.events("text")] == [(2, {"eval/note": "better"})]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (object(), "object"),
        (None, "NoneType"),
        ([1, object()], "list"),
        (1j, "complex"),
        (10**400, "too large"),
        (b"1", "bytes"),
        (np.array([1j, 2j]), "numpy.ndarray of shape (2,)"),
    ],
)
def test_what_cannot_be_logged_is_named_once_and_the_rest_is_kept(
    bench: Any, capsys: Any, value: Any, said: str
) -> None:
    with bench.init() as experiment:
        for step in range(3):
            experiment.log({"loss": 0.5, "odd": value}, step=step)
    told = [line for line in capsys.readouterr().err.splitlines() if "'odd'" in line]
    assert len(told) == 1
    assert said in told[0]
    assert [name for name, _, _ in bench.points()] == ["loss"] * 3
    assert [(e["count"], e["first_step"], e["last_step"]) for e in bench.events("refused")][-1:] != []


@pytest.mark.parametrize("step", [1.5, -1, 2**63, "3", math.nan, [1]])
def test_a_step_that_cannot_be_is_said_counted_and_harmless(bench: Any, capsys: Any, step: Any) -> None:
    with bench.init() as experiment:
        experiment.log({"loss": 1.0})
        for _ in range(2):
            experiment.log({"loss": 2.0}, step=step)
        experiment.log({"loss": 3.0})
    told = [line for line in capsys.readouterr().err.splitlines() if "step must be" in line]
    assert len(told) == 1
    assert "'loss'" in told[0]
    assert [value for _, _, value in bench.points()] == [1.0, 3.0]
    assert sum(event["count"] for event in bench.events("refused")) == 2


def test_whole_steps_of_other_types_are_taken(bench: Any) -> None:
    with bench.init() as experiment:
        for step in (np.int64(4), 5.0, np.float32(6), True):
            experiment.log({"a": 0.0}, step=step)
        experiment.log({"a": 0.0})
    assert [step for _, step, _ in bench.points()] == [4, 5, 6, 1, 7]


@pytest.mark.parametrize("name", ["", "  ", "n" * 300, "a\nb", 7, None, "\ud800"])
def test_a_name_that_cannot_be_is_said_and_the_rest_is_kept(bench: Any, capsys: Any, name: Any) -> None:
    with bench.init() as experiment:
        experiment.log({name: 1.0, "loss": 2.0})
    assert "left out" in capsys.readouterr().err
    assert bench.points() == [("loss", 0, 2.0)]


@pytest.mark.parametrize("name", ["a/b", 'quo"te', "it's", "🚀", "<script>alert(1)</script>", "n" * 256, "../../x"])
def test_any_printable_name_is_kept_as_it_is(bench: Any, name: str) -> None:
    with bench.init() as experiment:
        experiment.log({name: 1.0})
    assert bench.points() == [(name, 0, 1.0)]


@pytest.mark.parametrize("metrics", [None, 5, "loss", [("a", 1)], {"a"}])
def test_what_is_no_dict_is_said_and_training_goes_on(bench: Any, capsys: Any, metrics: Any) -> None:
    with bench.init() as experiment:
        experiment.log(metrics)
        experiment.log({"loss": 1.0})
    assert "takes a dict" in capsys.readouterr().err
    assert bench.points() == [("loss", 0, 1.0)]


def test_a_list_of_names_that_were_logged_is_not_taken_for_metrics(bench: Any) -> None:
    with bench.init() as experiment:
        experiment.log({"a": 1.0})
        experiment.log(["a"])
    assert bench.points() == [("a", 0, 1.0)]


def test_an_empty_call_changes_nothing(bench: Any) -> None:
    with bench.init() as experiment:
        experiment.log({})
        experiment.log({"a": 1.0})
    assert bench.points() == [("a", 0, 1.0)]


def test_the_callers_dict_is_left_as_it_was(bench: Any) -> None:
    given = {"a": 1.0, "b": {"c": 2}, "t": "x"}
    with bench.init() as experiment:
        experiment.log(given)
    assert given == {"a": 1.0, "b": {"c": 2}, "t": "x"}


def test_ten_thousand_metrics_in_one_call_all_arrive(bench: Any) -> None:
    with bench.init() as experiment:
        experiment.log({f"layer/{i}/weight": float(i) for i in range(12_000)})
    assert len(bench.points()) == 12_000


def test_threads_on_one_experiment_lose_nothing_and_share_no_step(bench: Any) -> None:
    experiment = bench.init()

    def work(number: int) -> None:
        for i in range(500):
            experiment.log({f"t{number}": float(i), "x": 0.0})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    experiment.finish()
    assert sorted(step for name, step, _ in bench.points() if name == "x") == list(range(4000))
    for number in range(8):
        assert [value for name, _, value in bench.points() if name == f"t{number}"] == [float(i) for i in range(500)]


def test_a_loop_that_invents_names_does_not_grow_the_process(bench: Any) -> None:
    from trackio_client.delivery.spool import MAX_SCHEMAS

    with bench.init() as experiment:
        for i in range(MAX_SCHEMAS + 100):
            experiment.log({f"name{i}": 1.0})
        assert len(experiment._writer.spool.current.schemas) <= MAX_SCHEMAS
    assert len(bench.points()) == MAX_SCHEMAS + 100


def test_after_finish_a_call_is_said_once_and_ignored(bench: Any, capsys: Any) -> None:
    experiment = bench.init()
    experiment.finish()
    for _ in range(3):
        experiment.log({"a": 1.0})
    assert capsys.readouterr().err.count("after finish()") == 1
    assert bench.points() == []
