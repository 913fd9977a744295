"""`define_metric` whole: the axis, its values where calls leave them out, the summary, what is hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import trackio_client
from trackio_client.defining import Definitions, definition_of
from trackio_client.reader import Api
from trackio_client.store.columns import Run
from trackio_client.wire.events import SUMMARIES

pytestmark = pytest.mark.requirement("S1.41")


def told(bench: Any) -> dict[str, dict[str, Any]]:
    """What the log says of each metric, the last of several."""
    return {
        event["metric"]: {key: event.get(key) for key in ("step_metric", "summary", "hidden", "goal")}
        for event in bench.events("define")
    }


def values(bench: Any, metric: str) -> list[tuple[int, float]]:
    return [(step, value) for name, step, value in bench.points() if name == metric]


def test_a_call_without_the_step_metric_gets_its_last_value(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("epoch")
        run.define_metric("val/*", step_metric="epoch")
        run.log({"val/f1": 0.1})  # there is no epoch yet
        for epoch in (1, 2):
            run.log({"loss": 1.0, "epoch": epoch})
            run.log({"loss": 0.9})
            run.log({"val": {"f1": epoch / 10}})
    assert values(bench, "val/f1") == [(0, 0.1), (3, 0.1), (6, 0.2)]
    assert values(bench, "epoch") == [(1, 1.0), (3, 1.0), (4, 2.0), (6, 2.0)]


def test_a_step_metric_that_is_a_steps_name_does_not_choose_the_step_of_a_call_without_it(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("*", step_metric="train/global_step", step_sync=True)
        run.log({"train/loss": 2.0, "train/global_step": 10})
        run.log({"mine": 1.0})
        run.log({"mine": 2.0})
        run.log({"train/loss": 1.0, "train/global_step": 20})
    assert values(bench, "mine") == [(11, 1.0), (12, 2.0)]  # at step 10 the second would stand for both
    assert values(bench, "train/global_step") == [(10, 10.0), (11, 10.0), (12, 10.0), (20, 20.0)]


def test_a_value_that_stands_at_the_step_is_not_written_again(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("f1", step_metric="epoch")
        run.log({"epoch": 3}, step=7)
        run.log({"f1": 0.5}, step=7)
        run.log({"f1": 0.6}, step=8, commit=False)
    assert values(bench, "epoch") == [(7, 3.0), (8, 3.0)]


def test_step_sync_false_leaves_calls_as_they_are(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("f1", "epoch", False)
        run.log({"epoch": 1})
        run.log({"f1": 0.5})
    assert values(bench, "epoch") == [(0, 1.0)]


def test_hardware_is_not_meant_by_a_star_and_brackets_are_letters(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("*", step_metric="epoch")
        run.define_metric("layer[0]/*", hidden=True)
        run.log({"epoch": 1, "layer[0]/w": 1.0, "layer0/w": 1.0, "system/gpu": 3.0})
    assert told(bench).keys() == {"layer[0]/w", "layer0/w"}
    assert told(bench)["layer[0]/w"]["hidden"] is True
    assert told(bench)["layer0/w"]["hidden"] is None


def test_a_definition_comes_before_the_first_value(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("a*", hidden=True)
        run.log({"ab": 1.0})
    kinds = ["metrics" if isinstance(part, Run) else part.content["kind"] for part in bench.store.decoded()]
    assert kinds.index("define") < kinds.index("metrics")


def test_each_word_of_the_summary_gives_the_number_that_it_says(bench: Any) -> None:
    wanted = {"last": 2.0, "copy": 2.0, "min": 1.0, "max": 9.0, "mean": 4.0, "first": 4.0, "best": 1.0}
    with bench.init() as run:
        for word in SUMMARIES:
            run.define_metric(word, summary=word)
        run.define_metric("accuracy", summary="best")
        run.define_metric("several", summary="max,min")
        for value in (4.0, 9.0, 1.0, 2.0):
            run.log(dict.fromkeys((*SUMMARIES, "accuracy", "several"), value))
        assert {name: run.summary[name] for name in run.summary if name in SUMMARIES} == wanted
        assert (run.summary["accuracy"], run.summary["several"], run.summary["several"]["min"]) == (9.0, 9.0, 1.0)
        assert "none" not in run.summary
        with pytest.raises(KeyError):
            run.summary["none"]
        assert len(run.summary) == len(list(run.summary))
        run.summary["none"] = 7
        assert run.summary["none"] == 7


def test_a_pattern_said_twice_adds_to_itself() -> None:
    known = Definitions()
    known.add(definition_of("val/*", "epoch", None, None, None), overwrite=False, names=tuple)
    [(name, said)] = known.add(
        definition_of("val/*", None, True, None, None), overwrite=False, names=lambda: ["val/f1"]
    )
    assert (name, said.step_metric, said.hidden) == ("val/f1", "epoch", True)
    [(_, bare)] = known.add(definition_of("val/*", None, None, "max", None), overwrite=True, names=lambda: ["val/f1"])
    assert (bare.step_metric, bare.hidden, bare.goal) == (None, None, "max")


def test_the_function_takes_arguments_in_their_order(bench: Any) -> None:
    with bench.init():
        trackio_client.define_metric("f1", "epoch", True, True, "max", "maximize", True)
    assert told(bench) == {"f1": {"step_metric": "epoch", "summary": "max", "hidden": True, "goal": "max"}}


def test_api_answers_what_was_defined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    with trackio_client.init("p", experiment_id="one", mode="online", capture_console=False, hardware_s=0) as run:
        for word in SUMMARIES:
            run.define_metric(word, summary=word, hidden=word == "min" or None)
        for value in (4.0, 9.0, 1.0, 2.0):
            run.log(dict.fromkeys(SUMMARIES, value))
    with Api(tmp_path) as api:
        found = api.run("p/one")
        summary = {name: value for name, value in found.summary.items() if not name.startswith("_")}
        assert found.definitions["min"] == {"step_metric": None, "goal": "min", "summary": "min", "hidden": True}
        assert summary == {"last": 2.0, "copy": 2.0, "min": 1.0, "max": 9.0, "mean": 4.0, "first": 4.0, "best": 1.0}
        assert [each.id for each in api.runs("p", {"summary_metrics.max": {"$gt": 8}})] == ["one"]
