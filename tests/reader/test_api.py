"""`Api` over a store's file and over HTTP: the same answers, and errors that name what exists."""

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.ports import free_port
from trackio_client.errors import ExperimentNotFound, MetricNotFound, ProjectNotFound, Unavailable, UsageError
from trackio_client.reader import Api
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import plain
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

ROOT = Path(__file__).resolve().parents[2]
BEGAN_US = 1_790_000_000_000_000
ID, OTHER = "exp_20260921_120000_aaaaaaaa", "exp_20260921_130000_bbbbbbbb"


def batch(experiment_id, name, rows, *, config, ended):
    """An experiment as its writer would send it: rows of (step, {metric: value})."""
    start = {"kind": "start", "time_us": BEGAN_US, "project": "digits", "name": name, "config": config, "tags": ["a"]}
    frames, schemas = [event_frame(plain(start | {"generation": 0}))], {}
    for i, (step, values) in enumerate(rows):
        schema = schemas.setdefault(tuple(values), Schema(tuple(values)))
        frames.append(metrics_frame(schema, step, BEGAN_US + 1000 * (i + 1), values.values()))
    if ended:
        frames.append(event_frame({"kind": "end", "time_us": BEGAN_US + 10**9, "state": ended, "exit_code": 0}))
    body = b"".join([schema.frame for schema in schemas.values()] + frames)
    return Batch(
        writer_id=f"w_{name}", experiment_id=experiment_id, project="digits", generation=0,
        first_seq=0, count=len(frames), first_held=0, body=body,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rows = [(step, {"train/loss": math.exp(-step / 10), "lr": 1e-3}) for step in range(40)]
    rows += [(10, {"train/loss": 0.25, "lr": 1e-3}), (40, {"train/loss": math.nan}), (41, {"train/loss": math.inf})]
    rows += [(step, {"eval/f1": step / 40}) for step in (0, 20, 40)]
    store = open_store(folder / "v1" / "store.sqlite")
    outcomes = store.append(
        [
            batch(ID, "first", rows, config={"lr": 1e-3, "opt": {"name": "adam"}, "limit": math.inf}, ended="finished"),
            batch(OTHER, "<b>second</b>", [(0, {"train/loss": 1.0})], config={}, ended="failed"),
        ]
    )
    store.close()
    assert all(isinstance(outcome, Receipt) for outcome in outcomes), outcomes
    return folder


@pytest.fixture(scope="module")
def url(folder):
    port = free_port()
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("TRACKIO_", "GRADIO_", "SPACE_", "HF_"))}
    told = {"TRACKIO_DIR": str(folder), "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
    offline = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    with (folder / "space.log").open("wb") as log:
        command, environment = [sys.executable, "-m", "space"], ours | told | offline
        space = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    address, until = f"http://127.0.0.1:{port}", time.monotonic() + 120
    try:
        while time.monotonic() < until and space.poll() is None:
            try:
                if httpx.get(f"{address}/v1/health", timeout=10, trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            pytest.fail((folder / "space.log").read_text()[-3000:])
        yield address
    finally:
        space.terminate()
        space.wait(60)


@pytest.fixture(params=["file", "http"])
def api(request, folder, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("TRACKIO_URL", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with Api(folder if request.param == "file" else request.getfixturevalue("url")) as api:
        yield api


def test_projects_and_experiments_are_listed_with_what_is_known_of_them(api):
    assert api.projects() == ["digits"]
    found = {one.experiment_id: one for one in api.experiments("digits")}
    assert set(found) == {ID, OTHER}
    one = found[ID]
    assert (one.name, one.project, one.state, one.tags, one.last_step) == ("first", "digits", "finished", ["a"], 41)
    assert one.config == {"lr": 1e-3, "opt": {"name": "adam"}, "limit": math.inf}
    assert one.metrics == ["eval/f1", "lr", "train/loss"]
    assert one.summary["eval/f1"]["max"] == 1.0
    assert one.created_s == BEGAN_US / 1e6
    assert str(one) == ID
    assert "finished" in repr(one)


def test_a_table_in_a_notebook_escapes_what_users_wrote(api):
    html = api.experiment(OTHER)._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;second" in html


@pytest.mark.requirement("S1.21", "S2.32")
def test_a_series_is_sorted_keeps_the_later_value_of_a_step_and_its_infinities(api):
    series = api.series(ID, "train/loss")
    assert series.steps.tolist() == list(range(42))
    assert series.values[10] == 0.25
    assert np.isnan(series.values[40])
    assert series.values[41] == math.inf
    assert series.times_s[0] == pytest.approx(BEGAN_US / 1e6 + 0.001, abs=1e-6)
    assert (series.steps.dtype, series.values.dtype, series.times_s.dtype) == (np.int64, np.float64, np.float64)


@pytest.mark.requirement("S1.23")
def test_repeats_give_every_point_in_order_of_arrival(api):
    series = api.series(ID, "train/loss", repeats=True)
    assert series.steps.tolist() == [*range(40), 10, 40, 41]


def test_a_thinned_series_keeps_its_ends_and_a_range_is_a_range(api):
    thin = api.series(ID, "lr", max_points=4)
    assert (thin.steps[0], thin.steps[-1]) == (0, 39)
    assert len(thin.steps) < 20
    assert api.series(ID, "lr", from_step=5, to_step=7).steps.tolist() == [5, 6, 7]
    with pytest.raises(UsageError, match="max_points must be at least 4"):
        api.series(ID, "lr", max_points=2)


def test_a_history_has_a_row_a_step_and_gaps_where_nothing_was_logged(api):
    pandas = pytest.importorskip("pandas")
    table = api.history(ID)
    assert list(table.columns) == ["eval/f1", "lr", "train/loss"]
    assert (table.index.name, len(table)) == ("step", 42)
    assert table["eval/f1"].dropna().to_dict() == {0: 0.0, 20: 0.5, 40: 1.0}
    chosen = api.history(ID, ["lr"])
    assert isinstance(chosen, pandas.DataFrame)
    assert list(chosen.columns) == ["lr"]
    with pytest.raises(MetricNotFound):
        api.history(ID, ["absent"])


def test_what_does_not_exist_is_answered_with_what_does(api):
    with pytest.raises(ProjectNotFound, match="Did you mean one of: 'digits'"):
        api.experiments("digit")
    with pytest.raises(ExperimentNotFound, match=f"its id is {ID}"):
        api.experiment("first")
    with pytest.raises(ExperimentNotFound, match=ID):
        api.series("exp_20260921_120000_aaaaaaab", "lr")
    with pytest.raises(MetricNotFound, match="'train/loss'"):
        api.series(ID, "train_loss")
    for strange in ("", "..", "a/b", "x" * 5000, "😀"):
        with pytest.raises(ExperimentNotFound):
            api.experiment(strange)


def test_a_file_and_a_space_over_it_give_the_same_answers(folder, url, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with Api(folder) as near, Api(url) as far:
        for one in (ID, OTHER):
            here, there = near.experiment(one), far.experiment(one)
            assert here.summary.keys() == there.summary.keys()
            assert (here.config, here.state, here.evidence) == (there.config, there.state, there.evidence)
            assert near.source.receipts(one) == far.source.receipts(one)
            for metric in here.metrics:
                a, b = near.series(one, metric), far.series(one, metric)
                assert a.steps.tolist() == b.steps.tolist()
                assert a.times_s.tolist() == b.times_s.tolist()
                assert a.values.tobytes() == b.values.tobytes()


def test_a_path_with_nothing_and_an_address_with_nobody_say_what_to_give(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(UsageError, match="there is nothing at"):
        Api(tmp_path / "absent")
    with pytest.raises(UsageError, match="holds no store"):
        Api(tmp_path)
    with pytest.raises(Unavailable, match="cannot be reached"):
        Api("http://127.0.0.1:9").projects()


def test_reading_a_machine_where_nothing_was_logged_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("TRACKIO_URL", raising=False)
    with Api() as api:
        assert api.projects() == []
        with pytest.raises(ExperimentNotFound):
            api.experiment(ID)
    assert not (tmp_path / "data").exists()
