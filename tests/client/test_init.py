"""init: arguments, resume, several experiments, before and after."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trackio_client as trackio
from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.lifecycle import process


@pytest.mark.requirement("S1.40", "S1.48")
def test_init_works_with_no_argument_and_is_named_by_its_id(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "my-work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    experiment = bench.init(None)
    assert experiment.project == "my-work"
    assert re.fullmatch(r"exp_\d{8}_\d{6}_[a-z2-7]{8}", str(experiment))
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d+", experiment.name)


@pytest.mark.requirement("S1.40")
def test_the_words_of_other_trackers_are_understood(bench: Any, capsys: Any) -> None:
    experiment = bench.init(
        None,
        project_name="p",
        experiment_name="e",
        trackio_token="t",
        hf_token="h",
        dataset_repo="a/b",
        monitoring_mode="both",
        odd=5,
    )
    assert (experiment.project, experiment.name) == ("p", "e")
    assert experiment.config.odd == 5
    assert "does not know odd" in capsys.readouterr().err


def test_the_project_is_given_or_in_the_environment(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_PROJECT", "from-environment")
    assert bench.init(None).project == "from-environment"
    assert bench.init("given").project == "given"


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": ""}, {"name": "n" * 300}, {"name": "a\nb"}, {"mode": "maybe"}, {"config": 5},
        {"fork_from": "exp_1"}, {"fork_from": "exp_1@-3"}, {"experiment_id": "../x"}, {"tags": ["", "b"]},
        {"trackio_url": "ftp://x"}, {"project_name": "other"}, {"resume": "must"},
    ],
)  # fmt: skip
def test_arguments_that_cannot_be_are_refused_with_a_clear_text(bench: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        bench.init(**{"project": "digits", **wrong})
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("name", ["a/b", "'quo\"tes'", "🚀 emoji", "<b>markup</b>"])
def test_names_for_people_are_kept_as_they_are(bench: Any, name: str) -> None:
    with bench.init(name, name=name, group=name, tags=name):
        pass
    [start] = bench.events("start")
    assert (start["project"], start["name"], start["group"], start["tags"]) == (name, name, name, [name])


@pytest.mark.requirement("S1.48")
def test_many_in_one_second_have_ids_of_their_own() -> None:
    from trackio_client.wire.events import new_experiment_id

    assert len({new_experiment_id(1e9) for _ in range(1000)}) == 1000


@pytest.mark.requirement("S1.42")
def test_before_init_each_function_warns_once_and_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "current", None)
    monkeypatch.setattr(trackio, "_warned", set())
    for call in (
        lambda: trackio.log({"a": 1}),
        trackio.finish,
        lambda: trackio.define_metric("a"),
        lambda: trackio.config,
    ):
        with pytest.warns(UserWarning, match="before init"):
            call()
        call()  # the second time it is silent: warnings are errors here


def test_module_functions_work_on_the_current_experiment_and_older_ones_stay_open(bench: Any) -> None:
    first, second = bench.init(name="first"), bench.init(name="second")
    trackio.log({"a": 2.0})
    first.log({"a": 1.0})
    trackio.config.lr = 0.5
    trackio.summary["score"] = 7
    trackio.define_metric("a", goal="min")
    trackio.finish()
    first.finish()
    of = {batch.experiment_id for batch in bench.store.batches}
    assert of == {str(first), str(second)}
    assert second.config.lr == 0.5
    assert second.summary["score"] == 7
    assert "lr" not in first.config
    assert [event["metric"] for event in bench.events("define")] == ["a"]
    assert sorted(value for _, _, value in bench.points()) == [1.0, 2.0]


def test_resume_goes_on_behind_the_highest_step_as_a_new_generation(bench: Any) -> None:
    with bench.init(name="long") as first:
        for step in (0, 7):
            first.log({"a": 0.0}, step=step)
    for again, key in enumerate(({"name": "long"}, {"experiment_id": str(first)}), start=1):
        with bench.init(resume="must", **key) as later:
            later.log({"a": 1.0})
        assert str(later) == str(first)
        assert later.name == "long"
        assert bench.store.batches[-1].generation == again
    assert [step for _, step, _ in bench.points()] == [0, 7, 8, 9]


def test_resume_by_its_words(bench: Any) -> None:
    with bench.init(name="one") as one:
        one.log({"a": 0.0})
    with bench.init(name="one") as other:
        pass
    assert str(other) != str(one)
    assert str(bench.init(name="none such", resume="allow")) not in (str(one), str(other))
    with pytest.raises(ExperimentNotFound, match="none such at all"):
        bench.init(name="none such at all", resume="must")
    with pytest.raises(ExperimentNotFound):
        bench.init(resume="exp_20200101_000000_abcdefgh")
    assert str(bench.init(resume=str(one))) == str(one)


def test_resume_auto_takes_up_what_did_not_finish(bench: Any) -> None:
    with bench.init("p", name="done"):
        pass
    fresh = bench.init("p", resume="auto")
    assert fresh.name != "done"
    fresh.log({"a": 1.0}, step=4)
    fresh.finish("failed")
    again = bench.init("p", resume=True)
    assert (str(again), again.step) == (str(fresh), 5)


def test_a_resume_on_a_machine_that_still_holds_the_log_knows_its_steps_without_a_store(bench: Any) -> None:
    from trackio_client.errors import Unavailable

    first = bench.init(name="kept", mode="online")
    first.log({"a": 1.0}, step=41)
    first._writer.sender.stop()
    first._writer.spool.abandon()  # what a kill leaves
    first.is_finished = True
    bench.store.find = lambda project, key: (_ for _ in ()).throw(Unavailable("nobody"))
    bench.store.failures.extend([Unavailable("nobody")] * 50)
    import trackio_client.opening as opening

    opening.LOOK_UP_S, before = 0.1, opening.LOOK_UP_S
    try:
        later = bench.init(name="kept", resume="must")
    finally:
        opening.LOOK_UP_S = before
    bench.store.failures.clear()
    assert (str(later), later.step, later.origin.generation) == (str(first), 42, 1)


def test_a_fork_of_an_experiment_names_its_parent_and_goes_on_behind_it(bench: Any) -> None:
    with bench.init(fork_from="exp_20200101_000000_abcdefgh@100") as experiment:
        experiment.log({"a": 1.0})
    [start] = bench.events("start")
    assert start["parent"] == {"experiment_id": "exp_20200101_000000_abcdefgh", "step": 100}
    assert bench.points() == [("a", 101, 1.0)]


def test_disabled_records_nothing(bench: Any) -> None:
    experiment = bench.init(mode="disabled")
    experiment.log({"a": 1.0})
    experiment.config.lr = 1
    experiment.finish()
    assert bench.spools() == []
    assert bench.store.batches == []


def test_offline_keeps_everything_until_it_is_sent(bench: Any, tmp_path: Path) -> None:
    from trackio_client.delivery.replay import pending, sync
    from trackio_client.opening import init

    with init("p", mode="offline", directory=tmp_path, capture_console=False, quiet=True) as experiment:
        experiment.log({"a": 1.0})
        assert experiment.summary["a"].last == 1.0
    spool = tmp_path / "v1" / "spool"
    assert [left.events for left in pending(spool)] == [3]
    [account] = sync(spool, lambda destination: bench.store)
    assert account.is_equal
    assert bench.points() == [("a", 0, 1.0)]


@pytest.mark.requirement("S1.49")
def test_an_unknown_end_is_refused_with_the_list_and_the_experiment_goes_on(bench: Any) -> None:
    experiment = bench.init()
    with pytest.raises(UsageError, match="finished, failed, interrupted"):
        experiment.finish("great")
    with pytest.raises(UsageError):
        experiment.finish("running")
    experiment.log({"a": 1.0})
    experiment.finish("completed")
    experiment.finish("failed")  # the first one stands
    assert [event["state"] for event in bench.events("end")] == ["finished"]
    assert len(bench.points()) == 1


@pytest.mark.requirement("S2.35")
def test_a_hundred_experiments_in_sequence_and_eight_at_once_lose_nothing(bench: Any) -> None:
    for number in range(100):
        with bench.init(name=f"e{number}") as experiment:
            experiment.log({"a": float(number)})
    together = [bench.init(name=f"t{number}") for number in range(8)]
    for number, experiment in enumerate(together):
        experiment.log({"b": float(number)})
    for experiment in together:
        experiment.finish()
    assert sorted(value for name, _, value in bench.points() if name == "a") == [float(n) for n in range(100)]
    assert sorted(value for name, _, value in bench.points() if name == "b") == [float(n) for n in range(8)]
    assert bench.spools() == []


@pytest.mark.requirement("S1.59")
def test_importing_is_light_and_silent() -> None:
    heavy = {"numpy", "httpx", "torch", "pandas", "gradio", "psutil"}
    program = f"import sys, trackio_client; print(sorted({{m.split('.')[0] for m in sys.modules}} & {heavy}))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_the_public_names_are_sorted_and_there() -> None:
    assert trackio.__all__ == sorted(trackio.__all__)
    assert {"init", "log", "finish", "config", "summary", "define_metric", "Experiment", "Api"} <= set(trackio.__all__)
    assert callable(trackio.init)
    assert trackio.Experiment.__name__ == "Experiment"
