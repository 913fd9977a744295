"""`install_as`: libraries that import trackio or wandb find ours, and what they tell is recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import trackio_client
from trackio_client.errors import UsageError
from trackio_client.reader import Api

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
pytest.importorskip("transformers")
pytest.importorskip("trl")


class Outcome:
    """What a program printed, and what it recorded."""

    def __init__(self, program: str, folder: Path) -> None:
        ours = {name: text for name, text in os.environ.items() if not name.startswith(("TRACKIO_", "WANDB_"))}
        more = {
            "TRACKIO_DIR": str(folder / "data"), "TRACKIO_QUIET": "1", "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1",
            "WANDB_PROJECT": "evals", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1",
            "TRL_EXPERIMENTAL_SILENCE": "1",
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, str(PROGRAMS / program), str(folder)],
            env=ours | more, cwd=folder, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        self.said = [line for line in done.stderr.splitlines() if line.startswith("trackio:")]
        [line] = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
        self.found: dict[str, Any] = json.loads(line.removeprefix("FOUND "))
        self.api = Api(folder / "data")

    def run(self, run_id: str) -> Any:
        return self.api.run(run_id)

    def media(self, run_id: str) -> dict[str, str]:
        return {e["content"]["name"]: e["content"]["media"] for e in self.api.source.events(run_id, ["media"])}


@pytest.fixture(scope="module")
def as_trackio(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Outcome("as_trackio.py", tmp_path_factory.mktemp("as-trackio"))


@pytest.fixture(scope="module")
def as_wandb(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Outcome("as_wandb.py", tmp_path_factory.mktemp("as-wandb"))


def test_transformers_reports_to_trackio_and_ours_records_it(as_trackio: Outcome) -> None:
    [run] = as_trackio.api.runs("hub")
    assert (run.name, run.state) == ("callback", "finished")
    assert as_trackio.found["callback"].startswith("transformers.")
    losses = [row["train/loss"] for row in run.scan_history(keys=["train/loss"])]
    assert losses == pytest.approx(as_trackio.found["losses"])
    assert [row["_step"] for row in run.scan_history(keys=["train/loss"])] == [2, 4]
    assert run.config["model/num_parameters"] > 100
    assert run.config["max_steps"] == 4


def test_pushing_a_model_publishes_nothing_and_that_is_said_once(as_trackio: Outcome) -> None:
    assert [line for line in as_trackio.said if "published" in line] != []
    assert len([line for line in as_trackio.said if "published" in line]) == 1
    assert as_trackio.found["tags"] is None
    assert as_trackio.found["trl"]["url"] is None


def test_trl_logs_its_completions_with_pictures_and_its_rollouts(as_trackio: Outcome) -> None:
    told = as_trackio.found["trl"]
    assert told["project"] == "trl"
    assert as_trackio.media(told["id"]) == {"completions": "table", "rollouts": "trace"}
    [table] = [
        e["content"] for e in as_trackio.api.source.events(told["id"], ["media"]) if e["content"]["media"] == "table"
    ]
    [[cell]] = [row[3] for row in table["items"][0]["data"]]
    assert cell["$media"] == "image"
    assert (cell["width"], cell["height"]) == (4, 4)
    assert len(b"".join(as_trackio.api.source.file(cell["file"]))) == cell["bytes"]
    [trace] = [
        e["content"] for e in as_trackio.api.source.events(told["id"], ["media"]) if e["content"]["media"] == "trace"
    ]
    assert trace["step"] == 3
    assert trace["items"][0]["metadata"]["completion_tokens"] == 2


def test_accelerate_logs_with_trackio(as_trackio: Outcome) -> None:
    run = as_trackio.run(as_trackio.found["accelerate"])
    assert (run.project, run.name, run.config["lr"]) == ("loop", "tracker", 0.1)
    assert next(run.scan_history(keys=["loss"]))["_step"] == 3


@pytest.mark.requirement("S3.61")
def test_lighteval_logs_its_results_with_ours_in_trackios_place(as_trackio: Outcome) -> None:
    run = as_trackio.run(as_trackio.found["lighteval"])
    assert (run.project, run.state) == ("evals", "finished")
    found = {name: run.summary[name] for name in run.metrics}
    assert found == {"all/acc": 0.5, "gsm8k/0/acc": 0.5, "gsm8k/0/acc_stderr": 0.1}


def test_axolotl_keeps_its_configuration(as_trackio: Outcome, tmp_path: Path) -> None:
    run = as_trackio.run(as_trackio.found["axolotl"])
    [file] = run.files()
    assert file.name == "axolotl.yml"
    assert file.read() == b"base_model: tiny\n"


def test_transformers_reports_to_wandb_with_definitions_and_its_environment(as_wandb: Outcome) -> None:
    run = as_wandb.run(as_wandb.found["transformers"]["id"])
    assert (run.project, run.name, run.tags) == ("wp", "callback", ["a", "b"])
    losses = [row["train/loss"] for row in run.scan_history(keys=["train/loss"])]
    assert losses == pytest.approx(as_wandb.found["transformers"]["losses"])
    assert run.definitions["train/loss"]["step_metric"] == "train/global_step"
    assert {"train_runtime", "train_loss"} <= set(run.summary)


def test_accelerate_logs_numbers_pictures_and_tables_with_wandb(as_wandb: Outcome) -> None:
    run_id = as_wandb.found["accelerate"]
    assert as_wandb.media(run_id) == {"seen": "image", "table": "table"}
    assert as_wandb.run(run_id).config["lr"] == 0.1


def test_lightnings_wandb_logger_writes_to_ours(as_wandb: Outcome) -> None:
    run = as_wandb.run(as_wandb.found["lightning"])
    assert (run.project, run.name, run.state) == ("lightning", "logger", "finished")
    assert run.config == {"lr": 0.1, "key": "value"}
    assert as_wandb.media(run.id) == {"seen": "image", "words": "table"}
    assert run.summary["loss"] == 0.25
    assert [row["_step"] for row in run.scan_history(keys=["loss"])] == [3]  # told as trainer/global_step


def test_another_name_is_refused() -> None:
    with pytest.raises(UsageError, match="'trackio' or 'wandb'"):
        trackio_client.install_as("mlflow")
