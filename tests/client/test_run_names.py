"""What a run of W&B and Trackio can be told: commit, definitions, alerts, files, watch, sweeps."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trackio_client
from trackio_client import foreign, sweeping
from trackio_client.alerts import AlertLevel
from trackio_client.defining import Definitions, definition_of
from trackio_client.errors import UsageError
from trackio_client.lifecycle import process
from trackio_client.media import Histogram, Image


def test_commit_false_keeps_the_step_and_is_recorded_at_once(bench: Any) -> None:
    with bench.init() as run:
        run.log({"a": 1}, commit=False)
        run.log({"b": 2}, commit=False)
        run.log({"c": 3})
        run.log({"d": 4})
        run.log({"e": 5}, step=9, commit=False)
        run.log({"f": 6})
        run.log({"g": 7}, step=3, commit=False)
        run.log({"h": 8})
    assert [(name, step) for name, step, _ in bench.points()] == [
        ("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 9), ("f", 9), ("g", 3), ("h", 10),
    ]  # fmt: skip


def test_numbers_texts_and_media_of_one_call_have_one_step(bench: Any, capsys: Any) -> None:
    with bench.init() as run:
        run.log({"loss": 0.5, "note": "x", "deep": {"im": [Image(np.zeros((2, 2)))]}, "odd": object()}, step=4)
        run.log({"h": Histogram([1, 2])})
        run.log({"bad": Image("missing.png"), "loss": 1.0})
        run.log({"bad": Image("missing.png"), "loss": 2.0})
    assert bench.points() == [("loss", 4, 0.5), ("loss", 6, 1.0), ("loss", 7, 2.0)]
    told = [(event["name"], event["media"], event["step"]) for event in bench.events("media")]
    assert told == [("deep/im", "image", 4), ("h", "histogram", 5), ("bad", "image", 6), ("bad", "image", 7)]
    [image] = [event for event in bench.events("media") if event["name"] == "deep/im"]
    assert [blob["sha256"] for blob in image["blobs"]] == [image["items"][0]["file"]]
    assert "no file" in bench.events("media")[2]["items"][0]["not_kept"]
    assert sum("'bad'" in line for line in capsys.readouterr().err.splitlines()) == 1


def test_secrets_in_captions_and_small_tables_are_masked(bench: Any) -> None:
    secret = "hf_" + "a" * 30
    with bench.init() as run:
        run.log(
            {"t": trackio_client.Table(columns=["a"], data=[[secret]]), "i": Image(np.zeros((1, 1)), caption=secret)}
        )
    assert secret not in json.dumps(bench.events("media"))


# --- definitions and the summary ----------------------------------------------------------------------------------


def test_a_pattern_defines_metrics_that_are_there_and_that_come(bench: Any) -> None:
    with bench.init() as run:
        run.log({"train/loss": 1.0, "other": 1.0})
        run.define_metric("train/*", step_metric="train/step", summary="min")
        run.define_metric("train/exact", summary="max")
        for value in (3.0, 2.0, 4.0):
            run.log({"train/loss": value, "train/late": value, "train/exact": value})
        assert (run.summary["train/late"], run.summary["train/exact"], run.summary["other"]) == (2.0, 4.0, 1.0)
    told = {event["metric"]: (event["step_metric"], event["goal"]) for event in bench.events("define")}
    assert told == {
        "train/loss": ("train/step", "min"), "train/late": ("train/step", "min"), "train/exact": (None, "max"),
    }  # fmt: skip
    assert len(bench.events("define")) == 3


def test_a_later_definition_adds_to_an_earlier_one_unless_it_overwrites() -> None:
    known = Definitions()
    known.add(definition_of("a", "x", None, "min", None), overwrite=False, names=tuple)
    [(_, added)] = known.add(definition_of("a", None, True, None, None), overwrite=False, names=tuple)
    assert (added.step_metric, added.goal, added.hidden) == ("x", "min", True)
    [(_, bare)] = known.add(definition_of("a", None, None, None, None), overwrite=True, names=tuple)
    assert bare.fields() == {"step_metric": None, "goal": None}
    for summary, goal in (("median", None), (None, "up")):
        with pytest.raises(UsageError, match="must be"):
            definition_of("a", None, None, summary, goal)


def test_a_thousand_names_under_a_pattern_end(bench: Any) -> None:
    with bench.init() as run:
        run.define_metric("*", step_metric="step")
        for at in range(3):
            run.log({f"m{n}": 1.0 for n in range(at * 1000, at * 1000 + 1000)})
    assert len(bench.events("define")) == 2000
    assert len(bench.points()) == 3000


def test_a_number_of_the_summary_is_a_number_and_knows_the_rest(bench: Any) -> None:
    with bench.init() as run:
        run.log({"loss": 2.0})
        run.log({"loss": 3.0})
        loss = run.summary["loss"]
        assert isinstance(loss, float)
        assert (loss, loss + 1, loss.min, loss["max"], loss.points) == (3.0, 4.0, 2.0, 3.0, 2)
        assert json.dumps(dict(run.summary)) == '{"loss": 3.0}'
        run.summary.test = {"f1": 1}
        run.summary["test"]["f1"] = 2
        run.summary["test"].deep = {"a": 1}
        run.summary.test.deep["a"] = 5
        assert not hasattr(run.summary, "never")
    assert bench.events("summary")[-1]["values"] == {"test": {"f1": 2, "deep": {"a": 5}}}


# --- alerts -------------------------------------------------------------------------------------------------------


def test_an_alert_is_told_with_its_level_and_not_again_while_it_waits(bench: Any, capsys: Any) -> None:
    with bench.init() as run:
        run.log({"a": 1})
        run.alert("loss", "is high", level="WARN", wait_duration=datetime.timedelta(hours=1))
        run.alert("loss", "is high", level=AlertLevel.ERROR, wait_duration=1)
        run.alert("other", level="critical")
        run.alert("third", level="purple")
    told = [(event["title"], event["data"], event["step"]) for event in bench.events("mark")]
    assert told == [
        ("loss", {"text": "is high", "level": "warn"}, 0),
        ("other", {"text": "", "level": "error"}, 0),
        ("third", {"text": "", "level": "warn"}, 0),
    ]
    assert "purple" in capsys.readouterr().err
    assert (AlertLevel("INFO"), AlertLevel("warning"), AlertLevel.WARN == "warn") == ("info", "warn", True)


# --- arguments of init --------------------------------------------------------------------------------------------


def test_arguments_of_others_are_mapped_kept_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKIO_DIR", raising=False)
    monkeypatch.delenv("HF_USERNAME", raising=False)
    found = foreign.translated(
        {
            "project": "p", "id": "x", "dir": "runs", "entity": "team", "space_id": "me/space", "mode": "dryrun",
            "config": {"a": 1, "b": 2}, "config_include_keys": ["a"], "reinit": "return_previous", "force": True,
            "fork_from": "y?_step=5", "save_code": True, "monitor_gym": True, "auto_log_gpu": True,
            "gpu_log_interval": 3,
            "settings": foreign.Settings(silent=True, init_timeout=9, run_group="g"), "name": None,
        }
    )  # fmt: skip
    assert found.named == {
        "project": "p", "experiment_id": "x", "directory": Path("runs/trackio-runs"), "trackio_url": "me/space",
        "mode": "offline", "config": {"a": 1}, "fork_from": "y@5", "hardware_s": 3.0, "quiet": True, "group": "g",
        "name": None,
    }  # fmt: skip
    assert found.noted == {
        "settings": {"init_timeout": 9}, "dir": "runs", "entity": "team", "save_code": True, "monitor_gym": True,
    }  # fmt: skip
    assert (found.keeps_main_file, found.finish_previous, len(found.said)) == (True, False, 2)


@pytest.mark.parametrize(
    "given",
    [
        {"id": "a", "experiment_id": "b"},
        {"space_id": "a/b", "server_url": "http://127.0.0.1"},
        {"resume_from": "a"},
        {"config": "missing.json"},
    ],
)
def test_arguments_that_contradict_each_other_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        foreign.translated(given)


def test_what_is_kept_stands_on_the_experiment(bench: Any, capsys: Any) -> None:
    with bench.init(entity="team", sync_tensorboard=True, anonymous="must") as run:
        assert (run.entity, run.path) == ("team", f"team/digits/{run.id}")
    [record] = bench.events("record")[:1] or [None]
    kept = [event["data"] for event in bench.events("record") if event["record"] == "init_arguments"]
    assert kept == [{"entity": "team", "sync_tensorboard": True, "anonymous": "must"}]
    assert record is not None
    assert len([line for line in capsys.readouterr().err.splitlines() if "init()" in line]) == 1


def test_a_run_taken_back_goes_on_from_that_step(bench: Any) -> None:
    with bench.init(id="one") as run:
        for step in range(5):
            run.log({"loss": float(step)}, step=step)
    with bench.init(resume_from="one?_step=2") as run:
        run.log({"loss": 30.0})
    assert bench.points()[-1] == ("loss", 3, 30.0)
    assert [event["generation"] for event in bench.events("start")] == [0, 1]


def test_an_open_run_is_finished_returned_or_left(bench: Any) -> None:
    first = bench.init()
    assert bench.init(reinit="return_previous") is first
    second = bench.init(reinit="create_new")
    assert not first.is_finished
    bench.init(reinit=True)
    assert second.is_finished


# --- files --------------------------------------------------------------------------------------------------------


def test_files_code_and_the_runs_folder_are_kept(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    (work / "pack").mkdir(parents=True)
    (work / ".venv").mkdir()
    for name in ("a.pt", "b.pt", "pack/code.py", ".venv/hidden.py"):
        (work / name).write_text(name)
    monkeypatch.chdir(work)
    with bench.init() as run:
        assert sorted(Path(path).name for path in run.save("*.pt")) == ["a.pt", "b.pt"]
        assert run.save(work / "pack", base_path=work) == [str(work / "pack/code.py")]
        assert run.save("nothing*") == []
        run.log_code(".")
        with run.restore("a.pt") as file:
            assert file.read() == "a.pt"
        (Path(run.dir) / "sub").mkdir()
        (Path(run.dir) / "sub/late.txt").write_text("late")
    told = [(event["type"], sorted(file["path"] for file in event["files"])) for event in bench.events("artifact")]
    assert told == [
        ("files", ["a.pt", "b.pt"]), ("files", ["pack/code.py"]), ("code", ["pack/code.py"]),
        ("files", ["sub/late.txt"]),
    ]  # fmt: skip


# --- watch --------------------------------------------------------------------------------------------------------


def test_watch_counts_gradients_and_parameters_as_torch_has_them(bench: Any) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 1))
    with bench.init() as run:
        run.watch(model, log="all", log_freq=2)
        run.watch(model, log="all", log_freq=2)  # again changes nothing
        for _ in range(4):
            model.zero_grad()
            model(torch.ones(3, 4)).sum().backward()
        gradient = model[0].weight.grad.numpy().copy()
        model.eval()
        model(torch.ones(3, 4))
    found = {(event["name"], event["step"]) for event in bench.events("media")}
    names = [f"{index}.{kind}" for index in (0, 1) for kind in ("weight", "bias")]
    assert {name for name, _ in found} == {f"{what}/{name}" for what in ("gradients", "parameters") for name in names}
    assert len(bench.events("media")) == 2 * 8
    last = [event for event in bench.events("media") if event["name"] == "gradients/0.weight"][-1]["items"][0]
    counts, edges = np.histogram(gradient, bins=64)
    assert last["bins"][0] == pytest.approx(edges[0])
    assert last["bins"][-1] == pytest.approx(edges[-1])
    assert sum(last["counts"]) == gradient.size
    assert np.abs(np.cumsum(last["counts"]) - np.cumsum(counts)).max() <= 1
    assert not model._forward_pre_hooks


def test_watch_leaves_no_hook_and_survives_nan_and_frozen_parts(bench: Any, capsys: Any) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 1)
    model.bias.requires_grad = False
    with bench.init() as run:
        run.watch(model, log_freq=1)
        (model(torch.tensor([[float("nan"), 1.0]]))).sum().backward()
        run.unwatch(model)
        run.watch("no model")
        assert run.watches == []
        with pytest.raises(UsageError, match="gradients"):
            run.watch(model, log="everything")
    [event] = bench.events("media")
    assert (event["name"], event["items"][0]["bad"], sum(event["items"][0]["counts"])) == ("gradients/weight", 1, 1)
    assert model.weight._backward_hooks is None or not model.weight._backward_hooks
    assert "torch.nn.Module" in capsys.readouterr().err


# --- sweeps -------------------------------------------------------------------------------------------------------


def test_a_grid_tries_every_combination_and_a_failed_run_stops_nothing(bench: Any, capsys: Any) -> None:
    seen: list[dict[str, Any]] = []

    def train() -> None:
        run = bench.init(config={"lr": 0, "own": 1})
        seen.append(run.config.as_dict())
        if len(seen) == 2:
            raise RuntimeError("diverged")
        run.log({"loss": run.config.lr})

    parameters = {
        "lr": {"values": [1, 2]},
        "model": {"parameters": {"width": {"values": [8, 16]}, "depth": {"value": 3}}},
    }
    sweep = trackio_client.sweep({"method": "grid", "name": "search", "parameters": parameters}, project="digits")
    trackio_client.agent(sweep, function=train)
    assert [(one["lr"], one["model"]["width"], one["own"]) for one in seen] == [
        (1, 8, 1),
        (1, 16, 1),
        (2, 8, 1),
        (2, 16, 1),
    ]
    assert [event["state"] for event in bench.events("end")] == ["finished", "failed", "finished", "finished"]
    assert {event["group"] for event in bench.events("start")} == {"search"}
    assert process.assigned is None
    assert "diverged" in capsys.readouterr().err


def test_chances_are_within_their_bounds_and_repeat_with_a_seed() -> None:
    parameters = {
        "a": {"min": 1, "max": 3}, "b": {"min": 0.0, "max": 1.0},
        "c": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
        "d": {"distribution": "q_uniform", "min": 0, "max": 10, "q": 5},
        "e": {"values": ["x", "y"], "probabilities": [0, 1]},
        "f": {"distribution": "normal", "mu": 5, "sigma": 0.1},
    }  # fmt: skip
    drawn = [sweeping.Sweep({"parameters": parameters, "seed": 3}).next() for _ in range(2)]
    assert drawn[0] == drawn[1]
    sweep = sweeping.Sweep({"parameters": parameters})
    for one in (sweep.next() for _ in range(200)):
        assert one is not None
        assert one["a"] in (1, 2, 3)
        assert 0 <= one["b"] <= 1
        assert 1e-5 <= one["c"] <= 1e-1 * (1 + 1e-9)
        assert one["d"] in (0, 5, 10)
        assert one["e"] == "y"
        assert 3 < one["f"] < 7
    for wrong in ({}, {"a": 5}, {"a": {"distribution": "uniform"}}):
        with pytest.raises(UsageError):
            trackio_client.sweep({"parameters": wrong})


def test_a_sweep_of_another_process_is_said(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping._said, "told", {})
    trackio_client.agent("sweep_elsewhere", function=lambda: None)
    assert "knows no sweep" in capsys.readouterr().err
