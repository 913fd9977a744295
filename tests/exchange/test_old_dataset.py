"""The old single-table dataset as Parquet: rows with columns of JSON text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.exchange.held import Held
from trackio_client.errors import UsageError
from trackio_client.exchange.kinds import readings_at
from trackio_client.exchange.past import deliver


def row(own="exp_20250720_130853", **changed):
    entries = [{"timestamp": "2025-07-20T11:20:01", "step": 25, "metrics": {"loss": 1.5, "lr": 1e-5}}]
    told = {
        "experiment_id": own, "name": f"run of {own}", "description": "about", "created_at": "2025-07-20T11:20:01",
        "status": "completed", "metrics": json.dumps(entries), "parameters": '{"batch_size": 8}',
        "artifacts": '["config_x.json"]', "logs": "[]", "last_updated": "2025-07-20T14:00:00",
    }  # fmt: skip
    return told | changed


def written(folder, *rows, name="data/train-00000-of-00001.parquet"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def brought(path, held=None):
    held = held or Held()
    return [deliver(run, "p", held) for reading in readings_at(path) for run in reading.runs]


@pytest.mark.requirement("S1.46", "S1.57")
def test_each_row_is_an_experiment_and_a_second_import_changes_nothing(tmp_path):
    held = Held()
    written(tmp_path, row(), row("exp_2", status="failed"), row("exp_3", status="running"))
    (tmp_path / "README.md").write_text("---\nconfigs: []\n---\n")
    done = brought(tmp_path, held)
    assert [(one.name, one.state) for one in done] == [
        ("run of exp_20250720_130853", "finished"), ("run of exp_2", "failed"), ("run of exp_3", "interrupted"),
    ]  # fmt: skip
    first = done[0].experiment_id
    assert held.series(first, "loss") == [(25, 1.5)]
    assert held.of(first, "config")[0]["values"]["batch_size"] == 8
    assert held.of(first, "end")[0]["time_us"] == 1753020000_000_002
    assert [one.added_events for one in brought(tmp_path, held)] == [0, 0, 0]


def test_the_same_experiment_from_the_local_file_and_from_the_dataset_is_one(tmp_path):
    held = Held()
    (first,) = brought(written(tmp_path, row()), held)
    local = row() | {"id": "exp_20250720_130853"}
    for name in ("metrics", "parameters", "artifacts", "logs"):
        local[name] = json.loads(local[name])
    local.pop("last_updated")
    path = tmp_path / "trackio_experiments.json"
    path.write_text(json.dumps({"experiments": {"exp_20250720_130853": local}}))
    (again,) = brought(path, held)
    assert again.experiment_id == first.experiment_id
    assert held.series(first.experiment_id, "loss") == [(25, 1.5)]
    assert len(held.of(first.experiment_id, "mark")) == 1


def test_a_creation_time_is_the_same_as_text_and_as_a_time(tmp_path):
    held = Held()
    (first,) = brought(written(tmp_path, row(), name="text.parquet"), held)
    when = datetime(2025, 7, 20, 13, 20, 1, tzinfo=timezone(timedelta(hours=2)))
    (again,) = brought(written(tmp_path, row(created_at=when), name="time.parquet"), held)
    assert again.experiment_id == first.experiment_id


def test_rows_of_one_experiment_in_two_files_are_joined(tmp_path):
    more = [{"step": 50, "metrics": {"loss": 1.0}}]
    written(tmp_path, row(status="running"), row("other"), name="data/train-00000-of-00002.parquet")
    written(tmp_path, row(metrics=json.dumps(more)), name="data/train-00001-of-00002.parquet")
    held = Held()
    done = {one.name: one for one in brought(tmp_path, held)}
    joined = done["run of exp_20250720_130853"]
    assert (len(done), joined.state, joined.entries) == (2, "finished", 2)
    assert held.series(joined.experiment_id, "loss") == [(25, 1.5), (50, 1.0)]


def test_columns_of_other_types_and_missing_ones_are_read(tmp_path):
    when = datetime(2025, 7, 20, 11, 20, 1, tzinfo=UTC)
    nested = [{"step": 1, "timestamp": when, "metrics": {"loss": 2.0}}, {"step": 2, "timestamp": when, "metrics": None}]
    path = written(
        tmp_path, {"experiment_id": "a", "name": "typed", "created_at": when, "status": None, "metrics": nested}
    )
    held = Held()
    (done,) = brought(path, held)
    assert (done.state, held.series(done.experiment_id, "loss")) == ("interrupted", [(1, 2.0)])
    assert held.starts[done.experiment_id]["time_us"] == 1753010401_000_000


def test_rows_without_an_id_or_with_broken_columns_are_named_and_the_rest_comes_in(tmp_path):
    path = written(
        tmp_path, row(), row("b", metrics="[{", parameters="x"), row("", name="", metrics="[]"), row("c", metrics="{}")
    )
    (reading,) = readings_at(path)
    runs = list(reading.runs)
    assert [run.name for run in runs] == ["run of exp_20250720_130853", "run of b", "run of c"]
    assert "row 3 of train-00000" in " ".join(reading.skipped)
    assert "left out 'parameters'" in " ".join(runs[1].notes)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"text": ["a"], "label": [1]}, "its columns are label, text"),
        ({"experiment_id": ["e"], "writer_id": ["w"], "seq": [1], "metric": ["m"]}, "trackio-client pull"),
        ({"run_name": ["a"], "lr": [1.0]}, "a part of a project of Trackio"),
    ],
)
def test_a_foreign_parquet_says_what_it_holds(tmp_path, columns, words):
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table(columns), path)
    for asked in (path, tmp_path):
        with pytest.raises(UsageError, match=words):
            readings_at(asked)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1", b"<html>"])
def test_a_damaged_parquet_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "train.parquet"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"train\.parquet"):
        readings_at(path)


def test_pages_that_are_damaged_in_the_middle_are_told(tmp_path):
    path = written(tmp_path, row(), row("b"))
    content = bytearray(path.read_bytes())
    content[20:200] = b"\xff" * 180
    path.write_bytes(bytes(content))
    (reading,) = readings_at(path)
    with pytest.raises(UsageError, match="breaks off"):
        list(reading.runs)
