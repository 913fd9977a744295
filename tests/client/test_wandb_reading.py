"""Scripts that read, save and search, as users of W&B write them (docs/from-wandb.md)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.client.wandb_place import a_place

pytestmark = [
    pytest.mark.requirement("S1.40", "S1.43"),
    pytest.mark.filterwarnings("ignore::UserWarning:trackio_client"),
]


@pytest.fixture
def wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with a_place(tmp_path, monkeypatch) as module:
        yield module


@pytest.fixture
def four(wandb: Any) -> Any:
    """Four runs: a learning rate each, the even ones tagged."""
    for at in range(4):
        config = {"lr": 10.0**-at, "optimizer": {"name": "adam"}, "_wandb": 1}
        with wandb.init(project="p", name=f"n{at}", tags=["even"] if at % 2 == 0 else [], config=config) as run:
            for step in range(5):
                run.log({"acc": step * at / 10, "loss": 1 - step / 10})
            run.summary["final"] = {"f1": at}
    return wandb.Api()


def test_the_export_of_a_project_that_the_documentation_shows(four: Any, tmp_path: Path) -> None:
    summaries, configs, names = [], [], []
    for run in four.runs("p"):
        summaries.append(run.summary._json_dict)
        configs.append({key: value for key, value in run.config.items() if not key.startswith("_")})
        names.append(run.name)
    pd.DataFrame({"summary": summaries, "config": configs, "name": names}).to_csv(tmp_path / "project.csv")
    assert names == ["n0", "n1", "n2", "n3"]
    assert configs[1] == {"lr": 0.1, "optimizer": {"name": "adam"}}
    assert (summaries[3]["acc"], summaries[3]["_step"], summaries[3]["final"]) == (pytest.approx(1.2), 4, {"f1": 3})


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({"config.lr": 0.1}, "1"),
        ({"config.lr.value": {"$ne": 1}}, "123"),
        ({"config.optimizer.name": "adam"}, "0123"),
        ({"config.optimizer.value.name": "adam"}, "0123"),
        ({"$or": [{"config.lr": 1}, {"display_name": "n3"}]}, "03"),
        ({"tags": "even"}, "02"),
        ({"tags": {"$in": ["even", "odd"]}}, "02"),
        ({"display_name": {"$regex": "^n[01]"}}, "01"),
        ({"summary_metrics.acc": {"$gte": 0.8}}, "23"),
        ({"summary_metrics.final.f1": 3}, "3"),
        ({"summary_metrics.loss.min": {"$lt": 0.7}}, "0123"),
        ({"$and": [{"created_at": {"$lt": "2999-01-01T00:00:00"}}, {"created_at": {"$gt": "2020-01-01"}}]}, "0123"),
        ({"state": {"$nin": ["failed", "crashed"]}}, "0123"),
        ({"jobType": None, "$not": {"display_name": "n0"}}, "123"),
    ],
)
def test_filters_choose_runs_as_mongodb_would(four: Any, filters: dict[str, Any], wanted: str) -> None:
    assert [run.name for run in four.runs("p", filters=filters)] == [f"n{each}" for each in wanted]


def test_orders_and_pages(four: Any) -> None:
    assert [run.name for run in four.runs("p", order="-summary_metrics.acc", per_page=2)] == ["n3", "n2", "n1", "n0"]
    assert [run.name for run in four.runs("p", order="+config.lr")] == ["n3", "n2", "n1", "n0"]
    assert (len(four.runs("p")), four.runs("p")[-1].name) == (4, "n3")


def test_history_is_a_frame_and_scan_history_gives_every_row(four: Any) -> None:
    run = four.runs("p")[2]
    frame = run.history(keys=["acc", "loss"])
    assert list(frame["acc"]) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert set(run.history().columns) == {"_step", "_timestamp", "_runtime", "acc", "loss"}
    assert [row["loss"] for row in run.scan_history(keys=["loss"], min_step=1, max_step=3)] == [0.9, 0.8]
    assert len(run.history(samples=3)) == 3


def test_what_is_changed_afterwards_stays(four: Any) -> None:
    run = four.runs("p")[0]
    run.config["seed"] = 1
    run.summary["f1"] = 0.5
    run.tags.append("best")
    run.update()
    again = four.run(f"p/{run.id}")
    assert (again.config["seed"], again.summary["f1"], again.tags) == (1, 0.5, ["even", "best"])


# --- artifacts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(wandb: Any) -> Any:
    """An artifact with files, a new file, a reference and a table, logged by the run `up`."""
    Path("mnist/sub").mkdir(parents=True)
    Path("mnist/a.txt").write_text("a")
    Path("mnist/sub/b.txt").write_text("b")
    with wandb.init(project="p", job_type="upload", id="up") as run:
        artifact = wandb.Artifact(name="mnist", type="dataset", description="digits", metadata={"n": 3})
        artifact.add_dir(local_path="mnist")
        with artifact.new_file("new.json") as file:
            file.write("{}")
        artifact.add_reference("https://example.com/x.csv", name="ref.csv")
        artifact.add(wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]]), "table")
        run.log_artifact(artifact, aliases=["best"])
        artifact.wait()
    return wandb


def test_an_artifact_is_downloaded_whole_and_in_parts(data: Any) -> None:
    with data.init(project="p", job_type="train") as run:
        artifact = run.use_artifact("mnist:latest", type="dataset")
        folder = Path(artifact.download())
        assert (folder / "a.txt").read_text() + (folder / "sub/b.txt").read_text() == "ab"
        assert (artifact.versioned_name, artifact.type, artifact.metadata["n"]) == ("mnist:v0", "dataset", 3)
        assert Path(artifact.get_entry("a.txt").download()).read_text() == "a"
        assert [each.name for each in artifact.files()] == ["a.txt", "new.json", "ref.csv", "sub/b.txt", "table"]
        assert Path(artifact.files(names=["sub/b.txt"])[0].download(root="there")).read_text() == "b"
        assert artifact.get_entry("a.txt").size == 1
        table = artifact.get("table")
        assert (table.columns, table.data) == (["a", "b"], [[1, "x"], [2, "y"]])
        assert artifact.get("a.txt") is None
        assert artifact.get("nothing") is None


def test_aliases_and_metadata_of_a_logged_artifact_are_saved(data: Any) -> None:
    api = data.Api()
    artifact = api.artifact("p/mnist:v0")
    artifact.aliases.append("prod")
    artifact.metadata["checked"] = True
    artifact.description = "checked digits"
    artifact.save()
    found = api.artifact("p/mnist:prod")
    assert (sorted(found.aliases), found.version) == (["best", "latest", "prod"], "v0")
    assert (found.metadata, found.description) == ({"n": 3, "checked": True}, "checked digits")
    assert [each["experiment_id"] for each in found.logged_by()] == ["up"]
    assert len(api.run("p/up").logged_artifacts()) == 1
    with pytest.raises(data.UsageError, match="was not logged"):
        data.Artifact("new", "dataset").save()


def test_the_versions_of_an_artifact_are_listed_newest_first(data: Any) -> None:
    with data.init(project="p") as run:
        Path("mnist/a.txt").write_text("other")
        run.log_artifact("mnist", name="mnist", type="dataset").wait()
    found = data.Api().artifact_versions("dataset", "p/mnist")
    assert [(each.versioned_name, each.file_count) for each in found] == [("mnist:v1", 2), ("mnist:v0", 5)]


# --- files, alerts, sweeps, tables ------------------------------------------------------------------------------------


def test_saved_files_are_found_again(wandb: Any) -> None:
    Path("checkpoints").mkdir()
    Path("model.h5").write_text("m")
    Path("checkpoints/checkpoint-1.pt").write_text("1")
    run = wandb.init(project="p", id="saved")
    wandb.save("model.h5")
    wandb.save("checkpoints/checkpoint*")
    (Path(run.dir) / "inside.txt").write_text("x")
    wandb.finish()
    found = wandb.Api().run("p/saved")
    assert sorted(file.name for file in found.files()) == ["checkpoints/checkpoint-1.pt", "inside.txt", "model.h5"]
    Path("model.h5").unlink()
    with found.file("model.h5").download(replace=True) as file:
        assert file.read() == "m"
    assert Path("model.h5").is_file()


def test_alerts_are_kept_and_not_repeated_while_they_wait(wandb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with wandb.init(project="p", id="alerts") as run:
        for _ in range(2):
            wandb.alert(
                title="Low accuracy", text="below 0.5", level=wandb.AlertLevel.WARN,
                wait_duration=datetime.timedelta(minutes=5),
            )  # fmt: skip
        run.alert("other", "text", level="ERROR")
    told = [(each["title"], each["level"]) for each in wandb.Api().run("p/alerts").alerts()]
    assert told == [("Low accuracy", "warn"), ("other", "error")]


def test_a_sweep_of_the_documentation(wandb: Any) -> None:
    described = {
        "method": "random",
        "metric": {"goal": "minimize", "name": "score"},
        "parameters": {
            "x": {"max": 0.1, "min": 0.01},
            "y": {"values": [1, 3, 7]},
            "optimizer": {"parameters": {"lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1}}},
        },
    }

    def main() -> None:
        with wandb.init(project="sweeps") as run:
            run.log({"score": run.config.x**3 + run.config.y})

    wandb.agent(wandb.sweep(sweep=described, project="sweeps"), function=main, count=3)
    runs = wandb.Api().runs("sweeps", order="+summary_metrics.score")
    assert len(runs) == 3
    for run in runs:
        assert 0.01 <= run.config["x"] <= 0.1
        assert 1e-5 <= run.config["optimizer"]["lr"] <= 1e-1
        assert run.summary["score"] == pytest.approx(run.config["x"] ** 3 + run.config["y"])


def test_a_table_that_grows_row_by_row_is_kept_as_it_was_at_each_log(wandb: Any) -> None:
    with wandb.init(project="p", id="table") as run:
        table = wandb.Table(columns=["id", "image", "guess"])
        for at in range(2):
            table.add_data(at, wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8)), f"g{at}")
        run.log({"guesses": table})
        table.add_data(2, None, "late")
        run.log({"guesses": table})
        grows = wandb.Table(columns=["a"], log_mode="INCREMENTAL")
        for at in range(3):
            grows.add_data(at)
            run.log({"grows": grows})
    told = [e["content"] for e in wandb.Api().source.events("table", ["media"])]
    counts = [(each["name"], each["items"][0]["rows"]) for each in told]
    assert counts == [("guesses", 2), ("guesses", 3), *([("grows", 1)] * 3)]


def test_an_offline_run_waits_here(wandb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with wandb.init(project="p", mode="offline", id="off") as run:
        run.log({"a": 1})
        assert run.offline
    wandb.sync()
    assert wandb.Api().run("p/off").summary["a"] == 1
