"""W&B's and Trackio's `Api` on ours: runs by filter and order, histories, files, changes; of a file and of a Space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trackio_client
from tests.reader.test_api import url  # noqa: F401  (a fixture: a Space over `folder`)
from trackio_client.errors import ExperimentNotFound, MetricNotFound, NotFound, ProjectNotFound, UsageError
from trackio_client.lifecycle import process
from trackio_client.reader import Api
from trackio_client.reader.filters import matches
from trackio_client.reader.run import STATES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "weights.bin").write_bytes(b"w" * 10)
    for at, (name, tags, code) in enumerate([("slow", ["old"], 0), ("quick", ["old", "best"], 0), ("broken", [], 1)]):
        run = trackio_client.init(
            "digits", name, tags=tags, group=f"g{at % 2}", config={"lr": 0.1 * (at + 1), "model": {"width": 8 * at}},
            directory=folder, capture_console=False, quiet=True, notes=f"note {at}",
        )  # fmt: skip
        for step in range(10):
            run.log(
                {"loss": 10.0 - at - step, "system/cpu": 1.0} | ({"f1": step / 10} if step % 5 == 0 else {}), step=step
            )
        run.log({"seen": trackio_client.Image(np.full((2, 2), at, np.uint8), caption="c")}, step=9)
        run.summary["score"] = at
        run.alert("late", "by far", level="warn")
        run.save(folder / "weights.bin")
        run.log_artifact(folder / "weights.bin", name="net", type="model")
        run.finish(exit_code=code)
    process.current = None
    return folder


@pytest.fixture(params=["file", "http"])
def api(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Api(folder if request.param == "file" else request.getfixturevalue("url")) as api:
        yield api


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (None, ["slow", "quick", "broken"]),
        ({"state": "finished"}, ["slow", "quick"]),
        ({"state": {"$in": ["failed", "crashed"]}}, ["broken"]),
        ({"config.lr": {"$gt": 0.15, "$lt": 0.25}}, ["quick"]),
        ({"config.model.width": 16}, ["broken"]),
        ({"config.never": None}, ["slow", "quick", "broken"]),
        ({"config.never": {"$exists": True}}, []),
        ({"tags": "best"}, ["quick"]),
        ({"tags": {"$nin": ["best"]}}, ["slow", "broken"]),
        ({"display_name": {"$regex": "^[sq]"}}, ["slow", "quick"]),
        ({"summary_metrics.score": {"$gte": 1}}, ["quick", "broken"]),
        ({"summary_metrics.loss": {"$lt": "text"}}, []),
        ({"$or": [{"name": "slow"}, {"$and": [{"group": "g0"}, {"state": "failed"}]}]}, ["slow", "broken"]),
        ({"$not": {"group": "g0"}}, ["quick"]),
        ({"created_at": {"$gt": "2020-01-01"}, "notes": {"$ne": "note 0"}}, ["quick", "broken"]),
    ],
)
def test_runs_are_those_that_pass_the_filter(api: Api, filters: Any, names: list[str]) -> None:
    assert [run.name for run in api.runs("anyone/digits", filters=filters)] == names


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("-created_at", ["broken", "quick", "slow"]),
        ("+summary_metrics.loss", ["broken", "quick", "slow"]),
        ("-config.lr.value", ["broken", "quick", "slow"]),
        ("-summary_metrics.never", ["broken", "quick", "slow"]),
        ("+name", ["broken", "quick", "slow"]),
    ],
)
def test_runs_come_in_the_order_that_is_asked_for(api: Api, order: str, names: list[str]) -> None:
    assert [run.name for run in api.runs("digits", order=order)] == names


def test_wrong_questions_name_what_there_is(api: Api) -> None:
    with pytest.raises(UsageError, match=r"\$gt"):
        len(api.runs("digits", filters={"state": {"$near": 1}}))
    with pytest.raises(UsageError, match="summary_metrics"):
        len(api.runs("digits", filters={"colour": 1}))
    with pytest.raises(ProjectNotFound, match="digits"):
        len(api.runs("nothing"))
    with pytest.raises(ExperimentNotFound, match="slow"):
        api.run("digits/never")
    with pytest.raises(MetricNotFound, match="loss"):
        api.run("digits/slow").history(keys=["never"])
    with pytest.raises(NotFound, match="weights"):
        api.run("digits/slow").file("never")
    with pytest.raises(UsageError, match="group"):
        api.sweep("digits/x")


def test_a_run_is_found_by_path_id_and_name_and_tells_who_it_is(api: Api) -> None:
    run = api.run("digits/quick")
    assert api.run(run.id) == api.run(f"me/digits/{run.id}") == run
    assert (run.state, run.group, run.notes, run.lastHistoryStep) == ("finished", "g1", "note 1", 9)
    assert (run.path, run.created_at[:2], run.tags) == (["digits", run.id], "20", ["old", "best"])
    assert (run.url is None) == ("://" not in api.address)
    assert set(STATES.values()) == {"killed", "crashed", "running"}
    [project] = api.projects()
    assert (project, project.name, len(project.runs())) == ("digits", "digits", 3)
    with Api({"project": "digits", "base_url": api.address}) as other:
        assert len(other.runs()) == 3


def test_histories_have_a_row_a_step(api: Api) -> None:
    run = api.run("digits/slow")
    table = run.history(samples=4, keys=["loss"])
    assert table["_step"].tolist() == [0, 3, 6, 9]
    assert table["loss"].tolist() == [10.0, 7.0, 4.0, 1.0]
    assert list(run.history().columns) == ["_step", "_timestamp", "_runtime", "f1", "loss"]
    assert "system/cpu" in run.history(stream="system").columns
    rows = list(run.scan_history(keys=["f1", "loss"]))
    assert [(row["_step"], row["f1"], row["loss"]) for row in rows] == [(0, 0.0, 10.0), (5, 0.5, 5.0)]
    assert [row["_step"] for row in run.scan_history(min_step=2, max_step=4)] == [2, 3]
    assert [row["loss"] for row in run.history(x_axis="loss", pandas=False)] == [float(n) for n in range(1, 11)]
    assert len(api.runs("digits").histories(keys=["loss"])) == 30


def test_the_summary_holds_last_values_that_know_the_rest(api: Api) -> None:
    summary = api.run("digits/quick").summary
    assert (summary["loss"], summary["loss"]["max"], summary["loss"].min) == (0.0, 9.0, 0.0)
    assert (summary["score"], summary["_step"], summary.get("never")) == (1, 9, None)


def test_files_are_what_was_saved_and_what_media_hold(api: Api, tmp_path: Path) -> None:
    run = api.run("digits/quick")
    names = [file.name for file in run.files()]
    assert names[1:] == ["weights.bin"]
    assert names[0].startswith("media/image/seen_9_")
    with run.file("weights.bin").download(tmp_path) as file:
        assert file.read() == "w" * 10
    with pytest.raises(UsageError, match="replace=True"):
        run.file("weights.bin").download(tmp_path)
    run.file("weights.bin").download(tmp_path, exist_ok=True).close()
    assert run.file(names[0]).read().startswith(b"\x89PNG")
    run.file("weights.bin").name = "../outside"
    saved = run.file("weights.bin")
    saved.name = "../outside"
    with pytest.raises(UsageError, match="leads out"):
        saved.download(tmp_path)


def test_artifacts_and_alerts_of_a_run(api: Api, tmp_path: Path) -> None:
    run = api.run("digits/quick")
    assert {artifact.name for artifact in run.logged_artifacts()} == {"net", f"files-{run.id}"}
    assert (Path(api.artifact("digits/net:latest").download(tmp_path)) / "weights.bin").read_bytes() == b"w" * 10
    assert api.artifact_exists("digits/net:v0")
    assert not api.artifact_exists("digits/net:v9")
    assert [(one["title"], one["text"], one["step"]) for one in run.alerts(level="WARN")] == [("late", "by far", 9)]
    assert [one["run"] for one in api.alerts("digits")] == ["slow", "quick", "broken"]


def test_a_run_is_changed_and_keeps_what_it_had(api: Api) -> None:
    run = api.run("digits/broken")
    kind = "file" if run.url is None else "http"
    run.tags.append(kind)
    run.config["seed"] = kind
    run.summary["f2"] = 0.5
    run.notes = kind
    run.update()
    again = api.run(run.id)
    assert kind in again.tags
    assert (again.config["seed"], again.config["model"], again.summary["f2"], again.notes) == (
        kind,
        {"width": 16},
        0.5,
        kind,
    )
    del run.config["seed"]
    run.update()
    assert "seed" not in api.run(run.id).config
    before = len(api.source.events(run.id, ["edit", "config", "summary"]))
    run.update()
    assert len(api.source.events(run.id, ["edit", "config", "summary"])) == before


def test_operators_compare_as_mongodb_does() -> None:
    values = {"a": 3, "tags": ["x", "y"], "t": "Text", "none": None}
    look = values.get
    for passes, filters in [
        (True, {"a": {"$not": {"$gt": 5}}}), (False, {"none": {"$gt": 5}}), (True, {"none": {"$ne": 5}}),
        (True, {"tags": {"$all": ["x", "y"]}}), (False, {"tags": {"$all": ["x", "z"]}}), (True, {"tags": ["x", "y"]}),
        (True, {"t": {"$regex": "^te", "$options": "i"}}), (False, {"t": {"$regex": "^te"}}),
        (False, {"a": {"$regex": "3"}}),
        (True, {"$nor": [{"a": 4}, {"a": 5}]}), (True, {"tags": {"$in": ["z", "x"]}}), (True, {}),
    ]:  # fmt: skip
        assert matches(look, filters) is passes, filters
