"""Each line of docs/from-wandb.md and docs/from-trackio.md runs, and says what the page says it says."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import trackio_client
from trackio_client import calls, install, sweeping
from trackio_client.lifecycle import process

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `(?P<code>.+?)` \| (?P<outcome>[^|]+) \|$")


class Line(NamedTuple):
    """One row of the table."""

    section: str
    code: str
    outcome: str


def lines_of(page: str) -> list[Line]:
    section, found = "", []
    for text in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            section = text.strip("# ")
        elif row := ROW.match(text):
            found.append(Line(section, row["code"].replace("`` | ``", "|"), row["outcome"].strip()))
    return found


PAGES = ("from-wandb.md", "from-trackio.md")
LINES = [pytest.param(line, id=f"{page}-{at}") for page in PAGES for at, line in enumerate(lines_of(page), 1)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with files that the lines speak of, and a store of its own."""
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_TOKEN", "TRACKIO_MODE", "TRACKIO_SPACE_ID", "HF_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    monkeypatch.setenv("TRACKIO_FLUSH_S", "0.02")
    monkeypatch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "model.pt").write_bytes(b"weights")
    (folder / "train.py").write_text("print('train')")
    (folder / "settings.json").write_text('{"lr": 1}')
    (folder / "curves.csv").write_text("step,loss\n0,2.0\n1,1.0\n")
    import PIL.Image

    PIL.Image.new("RGB", (4, 3)).save(folder / "picture.png")
    for notices in (calls._said, sweeping._said, install._said):
        monkeypatch.setattr(notices, "told", {})
        monkeypatch.setattr(notices, "is_quiet", True)
    monkeypatch.setattr(calls, "_printed", set())
    yield folder
    for experiment in process.live.copy():
        experiment.finish(timeout_s=2)
    process.current = None
    process.take_early_config()


def names(module: Any) -> dict[str, Any]:
    """What the lines call by name."""
    import argparse
    import os

    import matplotlib.figure
    import numpy
    import pandas
    import plotly.graph_objects
    import torch
    from matplotlib import pyplot

    def train() -> None:
        run = module.init(project="p")
        run.log({"loss": run.config["lr"]})

    figure = matplotlib.figure.Figure()
    figure.subplots().plot([1, 2])
    table = trackio_client.Table(columns=["a", "b"], data=[[1, 2], [2, 3]])
    return {
        "wandb": module, "trackio": module, "train": train, "figure": figure, "table": table,
        "array": numpy.random.default_rng(0).random((6, 5, 3)), "mask": numpy.zeros((6, 5), dtype=int),
        "model": torch.nn.Linear(2, 2), "plotly_figure": plotly.graph_objects.Figure(data=[{"y": [1, 2]}]),
        "argparse": argparse, "os": os, "numpy": numpy, "pandas": pandas, "torch": torch, "pyplot": pyplot,
    }  # fmt: skip


def a_run_before() -> None:
    """A finished run of the project p, id and name `before`."""
    run = trackio_client.init(project="p", name="before", experiment_id="before", config={"lr": 0.5})
    for step in range(3):
        run.log({"loss": 1 / (step + 1)}, step=step)
    run.save("model.pt")
    run.log_model("model.pt", name="net")
    run.finish()


@pytest.mark.requirement("S1.40", "S1.41", "S1.43")
@pytest.mark.filterwarnings("ignore::UserWarning:matplotlib", "ignore::UserWarning:trackio_client")
@pytest.mark.parametrize("line", LINES)
def test_every_line_of_the_page_runs_and_says_what_the_page_says(
    line: Line, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = names(trackio_client)
    needs_before = line.section == "Api" or "before" in line.code
    if needs_before:
        a_run_before()
    if line.section == "Api":
        given["api"] = trackio_client.Api()
    elif line.section != "init":
        given["run"] = trackio_client.init(project="p")
    if "dir=" in line.code:
        monkeypatch.delenv("TRACKIO_DIR")
    capsys.readouterr()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"matplotlib.*|plotly.*")
        exec(compile(line.code, "line", "exec"), given)
    trackio_client.finish()
    told = [text for text in capsys.readouterr().err.splitlines() if text.startswith("trackio:")]
    told = [text for text in told if "events with" not in text]  # the receipt of what waits here, when offline
    assert bool(told) == ("said" in line.outcome), told
    if "said once" in line.outcome:
        assert len(told) == 1


def test_the_pages_have_every_name_that_the_lists_of_what_people_type_hold() -> None:
    text = "\n".join(line.code for page in PAGES for line in lines_of(page))
    assert len(LINES) > 100
    for name in WANTED:
        assert re.search(rf"\b{name}\b", text), f"{name} is in none of the lines"


WANTED = """
entity project dir id name notes tags config config_exclude_keys config_include_keys allow_val_change group job_type
mode force reinit resume resume_from fork_from save_code tensorboard sync_tensorboard monitor_gym settings anonymous
data step commit exit_code base_path policy step_metric step_sync hidden summary overwrite criterion log_freq idx
log_graph unwatch title text level wait_duration aliases log_artifact use_artifact log_model use_model link_model
login setup teardown sweep agent controller restore plot plot_table Settings termlog Error columns rows dataframe
dtype optional allow_mixed_types log_mode add_data add_row add_column get_column get_dataframe iterrows caption
grouping classes boxes masks file_type np_histogram num_bins sample_rate fps format inject path url start_time
resumed offline disabled status log_code display to_html mark_preempting runs filters order projects artifact state
history scan_history files file logged_artifacts update delete space_id bucket_id private freeze sync Trace spans
Markdown log_system log_gpu log_cpu show import_csv import_tf_events delete_project context_vars server_url
dataset_id embed auto_log_gpu gpu_log_interval auto_log_cpu cpu_log_interval webhook_url webhook_min_level
AlertLevel
""".split()  # noqa: SIM905 (a list of them would be 140 lines)
