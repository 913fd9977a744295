"""What people type: read as it is meant, or refused with where and what."""

from __future__ import annotations

import math

import pytest

from trackio_client.errors import UsageError
from trackio_client.managing.told import ids_of, metrics_of, parameters_of, state_wanted, status_of, step_of


def refused(call, given):
    with pytest.raises(UsageError) as error:
        call(given)
    return str(error.value)


@pytest.mark.requirement("S1.65")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('{"loss": 0.5 "x": 1}', ["column 14", """'"x": 1}'"""]),
        ("{'loss': 1}", ["column 2", "JSON has double quotes"]),
        ('{"loss": 0.5,\n "acc": }', ["line 2, column 9", "'}' stands"]),
        ('{"loss": 0.5', ["column 13", "the end stands"]),
        ("", ["are missing"]),
        ("[1, 2]", ["must be a JSON object, got a list"]),
        ("0.5", ["got a number"]),
        ("{}", ["are empty"]),
        ('{"loss": "low"}', ["'loss' must be a number, got 'low'"]),
        ('{"loss": null}', ["got nothing (null)"]),
        ('{"loss": [1]}', ["'loss' must be a number"]),
        ('{"loss": 1, "loss": 2}', ["'loss' twice"]),
        ('{"a": {"b": 1}, "a/b": 2}', ["'a/b' stands twice"]),
        ('{"": 1}', ["must not be empty"]),
        ('{"big": 1' + "0" * 400 + "}", ["beyond every float"]),
        ("{" * 5000, ["column 2"]),
        (3, ["are missing"]),
    ],
)
def test_metrics_that_are_none_are_refused_with_place_and_fault(given, said):
    text = refused(metrics_of, given)
    assert [words for words in said if words not in text] == [], text


def test_metrics_may_be_nested_true_or_no_number_at_all():
    found = metrics_of('{"train": {"loss": 0.5}, "done": true, "bad": NaN, "far": -Infinity, "🦦 <b>": 1e308}')
    assert found["train/loss"] == 0.5
    assert found["done"] == 1.0
    assert math.isnan(found["bad"])
    assert found["far"] == -math.inf
    assert found["🦦 <b>"] == 1e308
    assert metrics_of({"loss": 1}) == {"loss": 1.0}


def test_steps_are_told_as_number_or_text_or_not_at_all():
    assert [step_of(given) for given in (None, "", "  ", "12", 12, 12.0, "1,000", "2e3")] == [
        None, None, None, 12, 12, 12, 1000, 2000,
    ]  # fmt: skip
    for given in ("1.5", "-1", "soon", "nan", "1e400", 2**63, True and "0x1"):
        assert "step must be" in refused(step_of, given)


@pytest.mark.requirement("S1.68")
def test_the_four_statuses_are_states_of_ours_and_back():
    assert [status_of(state_wanted(word)) for word in ("running", "Completed ", "failed", "paused")] == [
        "running", "completed", "failed", "paused",
    ]  # fmt: skip
    assert status_of("interrupted") == status_of("lost_contact") == "failed"
    assert "one of running, completed, failed, paused; got 'done'" in refused(state_wanted, "done")
    assert "got None" in refused(state_wanted, None)


def test_ids_come_with_commas_once_each():
    assert ids_of(" a, b ,,a") == ["a", "b"]
    assert ids_of(["x", "y"]) == ["x", "y"]
    assert "no experiment is named" in refused(ids_of, " , ")


def test_parameters_are_any_object():
    assert parameters_of('{"lr": 3e-4, "m": {"n": [1, null]}}') == {"lr": 3e-4, "m": {"n": [1, None]}}
    assert "are empty" in refused(parameters_of, "{}")
