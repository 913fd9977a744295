"""Projects of the package trackio: made by Trackio itself (trackio_data/SOURCE.txt), read without it."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.exchange.held import Held
from trackio_client.errors import UsageError
from trackio_client.exchange import trackio_parquet, trackio_sqlite
from trackio_client.exchange.kinds import readings_at
from trackio_client.exchange.past import deliver

DATA = Path(__file__).parent / "trackio_data"
NEW, OLD = DATA / "0.43.0" / "finetuning.db", DATA / "0.20.0" / "finetuning.db"


def brought(path, held):
    return {one.name: one for reading in readings_at(path) for one in (deliver(r, "p", held) for r in reading.runs)}


@pytest.mark.requirement("S1.57")
@pytest.mark.parametrize("path", [NEW, OLD])
def test_both_runs_come_in_with_every_value_nan_and_infinity_too(path):
    held = Held()
    done = brought(path, held)
    assert set(done) == {"warm/up 🚀", "second"}
    first, second = done["warm/up 🚀"].experiment_id, done["second"].experiment_id
    loss = held.series(first, "train/loss")
    assert loss[:5] == [(step, 1 / (step + 1)) for step in range(5)]
    assert loss[5][0] == 5
    assert math.isnan(loss[5][1])
    assert held.series(first, "grad_norm") == [(5, math.inf)]
    assert held.series(first, "nested/a") == [(step, float(step)) for step in range(5)]
    assert held.series(second, "accuracy") == [(10, 10.0), (20, 20.0), (20, 20.0)]
    texts = [text["values"].get("note") for text in held.of(first, "text")]
    assert texts[:5] == ["warm"] + ["hot"] * 4
    config = held.of(first, "config")[0]["values"]
    assert (config["lr"], config["seed"], config["api_key"]) == (1e-4, 7, "***")
    assert all(one.added_events == 0 for one in brought(path, held).values())


def test_hardware_alerts_group_and_media_have_their_places():
    held = Held()
    done = brought(NEW, held)
    first = done["warm/up 🚀"].experiment_id
    assert held.series(first, "system/gpu_0_utilization") == [(0, 93.0)]
    assert held.series(first, "system/gpu_0_memory_used") == [(0, 17.25)]
    assert held.series(first, "system/cpu_percent") == [(0, 3.5)]
    (alert,) = held.of(first, "mark")
    assert (alert["mark"], alert["step"], alert["title"]) == ("alert", 5, "Loss is NaN")
    assert alert["data"] == {"text": "at step 5", "level": "error"}
    assert held.starts[done["second"].experiment_id]["group"] == "sweep"
    (media,) = [text["values"] for text in held.of(first, "text") if "weights" in text["values"]]
    assert json.loads(media["weights"])["values"] == [1, 2]
    assert "no word on how a run ended" in done["second"].evidence


def test_the_parquet_export_of_a_project_is_the_same_import(tmp_path):
    held = Held()
    before = brought(NEW, held)
    for file in NEW.parent.glob("*.parquet"):
        shutil.copy(file, tmp_path)
    (reading,) = readings_at(tmp_path)
    again = [deliver(run, "p", held) for run in reading.runs]
    assert {one.experiment_id for one in again} == {one.experiment_id for one in before.values()}
    assert [one.added_events for one in again] == [0, 0]
    assert {run.project for run in reading.runs} == {"finetuning"}


def test_a_static_export_with_its_folder_is_read_too(tmp_path):
    folder = tmp_path / "finetuning"
    (folder / "aux").mkdir(parents=True)
    shutil.copy(NEW.with_suffix(".parquet"), folder / "metrics.parquet")
    for name, there in (("_system", "system_metrics"), ("_configs", "configs")):
        shutil.copy(NEW.with_name(f"finetuning{name}.parquet"), folder / "aux" / f"{there}.parquet")
    (reading,) = readings_at(tmp_path)
    assert {(run.name, run.project) for run in reading.runs} == {("warm/up 🚀", "finetuning"), ("second", "finetuning")}


def test_a_project_that_grew_goes_on(tmp_path):
    path, held = tmp_path / "p.db", Held()
    shutil.copy(NEW, path)
    first = brought(path, held)["second"]
    with sqlite3.connect(path) as db:
        row = "(run_id, timestamp, run_name, step, metrics) SELECT run_id, '2030-01-01T00:00:00', run_name, 30, ?"
        db.execute(f"INSERT INTO metrics {row} FROM metrics WHERE run_name = 'second' LIMIT 1", ('{"accuracy": 30}',))
    db.close()
    again = brought(path, held)["second"]
    assert again.experiment_id == first.experiment_id
    assert held.series(first.experiment_id, "accuracy")[-1] == (30, 30.0)
    assert brought(path, held)["second"].added_events == 0


def test_the_file_is_not_touched_and_nothing_is_made_beside_it(tmp_path):
    path = tmp_path / "p.db"
    shutil.copy(NEW, path)
    before = path.read_bytes()
    assert len(list(trackio_sqlite.read(path).runs)) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["p.db"]
    assert path.read_bytes() == before


def test_rows_that_a_running_trackio_has_only_in_its_log_are_read(tmp_path):
    path = tmp_path / "p.db"
    shutil.copy(NEW, path)
    writer = sqlite3.connect(path)
    writer.execute("UPDATE metrics SET metrics = ? WHERE step = 10", ('{"accuracy": 11}',))
    writer.commit()
    assert Path(f"{path}-wal").stat().st_size
    found = {run.name: [entry.values for entry in run.entries] for run in trackio_sqlite.read(path).runs}
    assert found["second"][0] == {"accuracy": 11.0}
    writer.close()


def test_bad_rows_are_named_and_counted_and_the_rest_comes_in(tmp_path):
    path, held = tmp_path / "p.db", Held()
    shutil.copy(NEW, path)
    with sqlite3.connect(path) as db:
        bad = [("{", 1), ("[1]", 2), ('{"a": 1}', -4), ('{"a": 1e999, "b": 1' + "0" * 400 + "}", 5)]
        for metrics, step in bad:
            row = "(run_id, timestamp, run_name, step, metrics) VALUES ('x', 'never', '', ?, ?)"
            db.execute(f"INSERT INTO metrics {row}", (step, metrics))
        db.execute("UPDATE configs SET config = 'no' WHERE run_name = 'second'")
    db.close()
    done = brought(path, held)
    notes = " ".join(done["run"].notes)
    assert done["run"].entries == 1
    assert held.series(done["run"].experiment_id, "b") == [(5, math.inf)]
    for words in ("no JSON", "[1], and no object", "step must be"):
        assert words in notes
    assert "no JSON" in held.of(done["second"].experiment_id, "config")[0]["values"]["unreadable_config"]


def test_metrics_that_stand_as_json_in_an_old_parquet_are_read(tmp_path):
    pq, pa = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("pyarrow")
    rows = [
        {"id": 1, "timestamp": "2025-09-01T10:00:00", "run_name": "a", "step": 3, "metrics": '{"x": "NaN", "y": 2}'}
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "old.parquet")
    (run,) = trackio_parquet.read(tmp_path / "old.parquet").runs
    (entry,) = run.entries
    assert (entry.step, list(entry.values), entry.values["y"], entry.time_s) == (3, ["x", "y"], 2.0, 1756720800.0)


@pytest.mark.parametrize("kept", [100, 5000, 40_000, 100_000])
def test_a_file_that_is_cut_off_is_refused_with_its_name(tmp_path, kept):
    path = tmp_path / "cut.db"
    path.write_bytes(NEW.read_bytes()[:kept])
    with pytest.raises(UsageError, match=r"cut\.db"):
        sum(len(list(run.entries)) for run in trackio_sqlite.read(path).runs)


def test_a_sqlite_file_of_something_else_says_what_is_missing(tmp_path):
    db = sqlite3.connect(tmp_path / "other.db")
    db.execute("CREATE TABLE metrics (a)")
    db.commit()
    db.close()
    with pytest.raises(UsageError, match=r"no project of Trackio: its 'metrics' has \['a'\]"):
        readings_at(tmp_path / "other.db")
    with pytest.raises(UsageError, match="nothing to import"):
        readings_at(tmp_path)
