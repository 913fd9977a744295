"""The monitor: each method and readable field, and that what it is told is in the store."""

from __future__ import annotations

import inspect
import json
import math
import multiprocessing
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import trackio_client
from tests.monitor.looking import events, experiments, kept, points
from trackio_client.cli.main import main
from trackio_client.errors import UsageError
from trackio_client.monitor import Monitor, SmolLM3Monitor
from trackio_client.monitor.history import MOST
from trackio_client.reader import Api


@pytest.mark.requirement("S1.17")
def test_the_constructor_takes_the_keywords_that_scripts_give():
    assert SmolLM3Monitor is Monitor is trackio_client.SmolLM3Monitor
    given = {
        "experiment_name": "a", "trackio_url": None, "trackio_token": None, "enable_tracking": True,
        "log_artifacts": True, "log_metrics": True, "log_config": True, "hf_token": None, "dataset_repo": None,
        "monitoring_mode": None,
    }  # fmt: skip
    assert SmolLM3Monitor(**given).experiment_name == "a"
    assert list(inspect.signature(Monitor).parameters)[:10] == list(given)  # by place, too


@pytest.mark.requirement("S1.18", "S1.19")
def test_its_fields_can_be_read_and_every_public_method_can_be_called_b3():
    before = datetime.now(UTC)
    monitor = Monitor("fields", monitoring_mode="none", log_config=False)
    assert monitor.experiment_id.startswith("exp_")
    assert (monitor.experiment_name, monitor.enable_tracking) == ("fields", True)
    assert (monitor.monitoring_mode, monitor.dataset_repo) == ("none", None)
    assert before <= monitor.start_time <= datetime.now(UTC)
    assert monitor.metrics_history == []
    assert monitor.artifacts == []
    assert (monitor.log_config_enabled, monitor.log_metrics_enabled) == (False, True)
    methods = [name for name, _ in inspect.getmembers(Monitor, inspect.isfunction) if not name.startswith("_")]
    assert len(methods) >= 12
    assert all(callable(getattr(monitor, name)) for name in methods)


@pytest.mark.requirement("S1.20", "S1.62")
def test_every_parameter_is_stored_nested_ones_too_with_a_snapshot_that_shows_no_secret_b18(monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "canary-of-the-environment")
    monitor = Monitor("config")
    monitor.log_config({"lr": 3e-4, "model": {"layers": 12, "names": ["a", "b"]}, "hf_token": "hf_" + "c" * 34,
                        "note": "see canary-of-the-environment"})  # fmt: skip
    monitor.log_configuration({"seed": 7})
    monitor.close()
    config = kept(monitor.experiment_id).config
    assert config["model"] == {"layers": 12, "names": ["a", "b"]}
    assert (config["lr"], config["seed"], config["hf_token"]) == (3e-4, 7, "***")
    first, second = (Path(path) for path in monitor.artifacts)
    assert first.name.startswith("config_config_")
    whole = "".join(path.read_text() for path in Path(first).parent.iterdir())
    assert "canary" not in whole
    assert "ccc" not in whole
    assert json.loads(second.read_text())["experiment_id"] == monitor.experiment_id


@pytest.mark.requirement("S1.21", "S1.22", "S1.23")
def test_metrics_are_kept_with_step_time_and_order_b11():
    monitor = Monitor("metrics")
    monitor.log_metrics({"loss": 2.0}, step=10)
    monitor.log_metrics({"loss": 1.5, "global_step": 20})
    monitor.log_metrics({"loss": 1.4, "train/step": 25})
    monitor.log_metrics({"loss": 1.25})
    monitor.log_metrics({"loss": math.nan})
    monitor.close()
    stored = points(monitor.experiment_id, "loss")
    assert stored[:4] == [(10, 2.0), (20, 1.5), (25, 1.4), (26, 1.25)]
    assert stored[4][0] == 27
    assert math.isnan(stored[4][1])
    assert [entry["step"] for entry in monitor.metrics_history] == [10, 20, 25, 26, 27]
    assert monitor.metrics_history[1]["metrics"] == {"loss": 1.5, "global_step": 20}
    told = datetime.fromisoformat(monitor.metrics_history[-1]["timestamp"])
    assert abs((told - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.requirement("S1.23")
def test_more_calls_than_are_remembered_do_not_fill_the_memory_and_all_are_in_the_store():
    monitor = Monitor("long", quiet=True)
    for step in range(MOST + 500):
        monitor.log_metrics({"loss": float(step)}, step=step)
    monitor.close()
    assert len(monitor.metrics_history) == MOST
    assert monitor.metrics_history.total == MOST + 500
    assert monitor.metrics_history[0]["step"] == 500
    assert [entry["step"] for entry in monitor.metrics_history[-2:]] == [MOST + 498, MOST + 499]
    assert kept(monitor.experiment_id).point_count == MOST + 500


@pytest.mark.requirement("S1.21")
def test_the_callers_dicts_are_as_they_were_b24():
    monitor = Monitor("dicts")
    metrics, results, config = {"loss": 1.0, "nested": {"a": 1}}, {"eval_loss": 0.5}, {"lr": 1, "deep": {"x": [1]}}
    summary = {"final": 1}
    before = repr((metrics, results, config, summary))
    monitor.log_metrics(metrics, step=1)
    monitor.log_evaluation_results(results, step=1)
    monitor.log_config(config)
    monitor.log_training_summary(summary)
    assert repr((metrics, results, config, summary)) == before


@pytest.mark.requirement("S1.24")
def test_a_reading_that_raises_takes_no_other_with_it_and_nothing_is_0_b23(monkeypatch):
    monitor = Monitor("hardware")
    monitor._readings._loading.join()
    gpus, host = monitor._readings._sampler._open()
    monkeypatch.setattr(gpus, "read", lambda **asked: {"gpu_0_memory_allocated": 1.5})
    monkeypatch.setattr(host, "_process", None)
    host._at -= 5.0  # as if five seconds had gone by
    monitor.log_metrics({"loss": 1.0}, step=4)
    monitor.log_system_metrics(step=4)
    monitor.log_system_metrics()
    monitor.close()
    stored = kept(monitor.experiment_id)
    assert {"system/cpu_percent", "system/memory_percent", "system/gpu_0_memory_allocated"} <= set(stored.metrics)
    assert not any("utilization" in name or "process" in name for name in stored.metrics)
    assert points(monitor.experiment_id, "system/gpu_0_memory_allocated") == [(4, 1.5)]  # the later of one step
    assert len(points(monitor.experiment_id, "system/cpu_percent")) == 1


@pytest.mark.requirement("S1.25", "S2.14")
def test_each_checkpoint_is_a_record_of_its_own_with_the_size_of_all_its_files_b22(tmp_path):
    for name, sizes in (("checkpoint-10", (100, 23)), ("checkpoint-20", (1000,))):
        for number, size in enumerate(sizes):
            file = tmp_path / name / "deep" / f"{number}.bin"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x" * size)
    (tmp_path / "checkpoint-20" / "link").symlink_to(tmp_path / "checkpoint-20" / "deep" / "0.bin")
    monitor = Monitor("checkpoints")
    monitor.log_model_checkpoint(tmp_path / "checkpoint-10", step=10)
    monitor.log_model_checkpoint(str(tmp_path / "checkpoint-20"), 20)
    monitor.log_checkpoint("gs://bucket/run/30", 30)
    monitor.log_checkpoint("gs://bucket/run/40", 40, size_bytes=5_000)
    monitor.log_model_checkpoint(tmp_path / "nothing-here", step=50)
    monitor.close()
    with Api() as api:
        told = api.source.summary(monitor.experiment_id)["checkpoints"]
    assert [(one["step"], one.get("bytes")) for one in told] == [
        (10, 123),
        (20, 1000),
        (30, None),
        (40, 5_000),
        (50, None),
    ]
    assert told[2]["path"] == "gs://bucket/run/30"
    assert told[2]["not_recorded"] == {"bytes": "it is not on this machine"}
    assert "no such file" in told[4]["not_recorded"]["bytes"]
    assert len(monitor.artifacts) == 5


@pytest.mark.requirement("S1.26")
def test_an_evaluation_is_logged_under_one_prefix_and_kept_in_full_b19():
    monitor = Monitor("evaluation")
    results = {"eval_loss": 0.5, "bleu": 1.0, "epoch": 2.0, "by_label": {"PER": {"f1": 0.25}}, "words": ["a", None],
               "bad": math.nan}  # fmt: skip
    monitor.log_evaluation_results(results, step=20)
    monitor.close()
    names = set(kept(monitor.experiment_id).metrics)
    assert names == {"eval_loss", "eval_bleu", "epoch", "eval_by_label/PER/f1", "eval_bad"}
    assert points(monitor.experiment_id, "eval_loss") == [(20, 0.5)]
    path, log = monitor.artifacts
    assert Path(log).name.startswith("training_log_evaluation_")
    assert Path(path).name.startswith("eval_results_step_20_")
    content = json.loads(Path(path).read_text(), parse_constant=lambda word: pytest.fail(f"bare {word}"))
    assert content["words"] == ["a", None]
    assert content["bad"] == "NaN"


@pytest.mark.requirement("S1.20", "S1.26", "S1.27")
def test_config_evaluations_plots_summary_and_log_become_artifacts_of_the_experiment(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(1, 1))
    axes.plot([1, 2])
    (tmp_path / "report.txt").write_text("all is well")
    monitor = Monitor("artifacts")
    monitor.log_config({"lr": 1})
    for step in (10, 20):
        monitor.log_metrics({"loss": 1 / step}, step=step)
        monitor.log_evaluation_results({"f1": step / 100, "curve": figure}, step=step)
    monitor.log_artifact(tmp_path / "report.txt", type="report")
    monitor.log_training_summary({"steps": 20})
    monitor.close()
    pyplot.close(figure)
    told = events(monitor.experiment_id, "artifact")
    assert [each["type"] for each in told] == ["config", "evaluation", "evaluation", "report", "summary", "log"]
    store = tmp_path / "data" / "v1" / "blobs"
    contents = [next(store.rglob(each["files"][0]["file"])).read_text() for each in told]
    assert json.loads(contents[2])["f1"] == 0.2
    assert contents[3] == "all is well"
    assert json.loads(contents[5])["entries"][0]["metrics"] == {"loss": 0.1}
    pictures = events(monitor.experiment_id, "media")
    assert [(each["name"], each["step"], each["media"]) for each in pictures] == [
        ("eval_curve", 10, "image"), ("eval_curve", 20, "image"),
    ]  # fmt: skip


@pytest.mark.requirement("S1.27")
def test_the_summary_says_how_long_it_took_and_makes_nothing_up_b21():
    monitor = Monitor("summary")
    monitor.log_training_summary({"total_steps": 7, "best": {"f1": 0.5}})
    monitor.close()
    summary = kept(monitor.experiment_id).summary
    assert summary["total_steps"] == 7
    assert 0 < summary["experiment_duration_seconds"] < 60
    assert summary["experiment_duration_hours"] == pytest.approx(summary["experiment_duration_seconds"] / 3600)
    assert "final_loss" not in summary
    assert json.loads(Path(monitor.artifacts[0]).read_text())["best"] == {"f1": 0.5}


@pytest.mark.requirement("S1.30")
def test_the_first_final_status_stands_however_often_it_is_closed_b20():
    monitor = Monitor("ends")
    monitor.log_metrics({"loss": 1.0}, step=0)
    with pytest.raises(UsageError, match="finished"):
        monitor.close("paused")
    monitor.close("failed")
    monitor.close()
    trackio_client.finish()
    monitor.log_metrics({"loss": 2.0}, step=1)  # told, not recorded, not raised
    found = kept(monitor.experiment_id)
    assert (found.state, found.generation, found.last_step) == ("failed", 0, 0)


@pytest.mark.requirement("S1.30")
def test_with_marks_a_failure_by_the_exception_it_is_left_with():
    monitor = Monitor("with")
    with pytest.raises(ZeroDivisionError), monitor:
        monitor.log_metrics({"a": 1 / 0}, step=0)
    found = kept(monitor.experiment_id)
    assert (found.state, found.end["error"]) == ("failed", "ZeroDivisionError")


@pytest.mark.requirement("S1.57")
def test_the_importer_reads_the_files_that_a_monitor_leaves(home, tmp_path, capsys):
    monitor = Monitor("names / with ümlaut & <b>", quiet=True)
    monitor.log_config({"lr": 0.5})
    monitor.log_evaluation_results({"f1": 0.75}, step=4)
    monitor.log_training_summary({"best_f1": 0.75})
    monitor.close()
    folder = Path(monitor.artifacts[0]).parent
    capsys.readouterr()
    assert main(["import", str(folder), "--project", "imported"]) == 0
    (found,) = experiments("imported")
    assert found.state == "finished"
    assert points(found.experiment_id, "eval_f1") == [(4, 0.75)]
    assert found.config["lr"] == 0.5


@pytest.mark.requirement("S1.31")
def test_names_that_trainings_log_stay_as_they_are():
    names = [
        "loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "mean_token_accuracy", "total_tokens",
        "padding_tokens", "truncated_tokens", "throughput", "step_time", "batch_size", "seq_len", "token_acc",
        "train/gate_ortho", "train/center", "perplexity", "bleu_score", "my metric 🦦 <i>'\"", "a/b/c",
    ]  # fmt: skip
    monitor = Monitor("names")
    monitor.log_metrics({name: float(number) for number, name in enumerate(names)}, step=2)
    monitor.close()
    assert set(kept(monitor.experiment_id).metrics) == set(names)
    assert points(monitor.experiment_id, "train/center") == [(2, float(names.index("train/center")))]


def test_what_makes_no_sense_is_said_and_training_goes_on(capsys):
    monitor = Monitor("odd")
    monitor.log_metrics(None)  # type: ignore[arg-type]
    monitor.log_metrics({"a": object()}, step=1)
    monitor.log_metrics({"a": 1.0}, step="soon")  # type: ignore[arg-type]
    monitor.log_config("text")
    monitor.log_evaluation_results([1, 2])  # type: ignore[arg-type]
    monitor.log_training_summary(None)  # type: ignore[arg-type]
    monitor.log_system_metrics(step=-3)
    monitor.log_metrics({"b": 1.0}, step=2)
    monitor.close()
    said = capsys.readouterr().err
    assert said.count("log_config() takes a dict of parameters, got str") == 1
    assert kept(monitor.experiment_id).metrics == ["b"]


def test_a_disk_that_takes_no_files_is_said_once_and_nothing_else_is_lost(home, capsys):
    (home / "data" / "v1").mkdir(parents=True)
    (home / "data" / "v1" / "monitor").write_text("a file where a folder should be")
    monitor = Monitor("no files")
    for step in range(3):
        monitor.log_evaluation_results({"f1": step / 10}, step=step)
    monitor.close()
    assert capsys.readouterr().err.count("no file of the evaluation can be kept") == 1
    assert points(monitor.experiment_id, "eval_f1") == [(0, 0.0), (1, 0.1), (2, 0.2)]


def test_threads_may_log_at_once():
    monitor = Monitor("threads", quiet=True)

    def log(number):
        for step in range(100):
            monitor.log_metrics({f"m{number}": 1.0}, step=step)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monitor.close()
    assert kept(monitor.experiment_id).point_count == 800
    assert monitor.metrics_history.total == 800


@pytest.mark.requirement("S1.59")
def test_without_transformers_the_callback_names_what_to_install(monkeypatch):
    from trackio_client.errors import MissingExtra

    monitor = Monitor("bare")
    for name in [name for name in sys.modules if name.startswith(("transformers", "trackio_client.integrations.tra"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match=r"pip install .*transformers"):
        monitor.create_monitoring_callback()
    with pytest.raises(MissingExtra, match=r"pip install .*transformers"):
        trackio_client.training_arguments({})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_may_log_too():
    monitor = Monitor("forks", quiet=True)
    monitor.log_metrics({"parent": 1.0}, step=1)
    until = time.monotonic() + 60
    while not monitor.experiment._writer.sender.has_answered and time.monotonic() < until:
        time.sleep(0.02)  # a fork amid an import would wait for the import's lock
    child = multiprocessing.get_context("fork").Process(target=lambda: monitor.log_metrics({"child": 2.0}, step=1))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    monitor.close()
    assert kept(monitor.experiment_id).metrics == ["child", "parent"]
