"""Whatever stands in a file: it is imported, and once more without a change, or refused with a UsageError."""

from __future__ import annotations

import json
import sqlite3

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.exchange.held import Held
from trackio_client.errors import UsageError
from trackio_client.exchange.kinds import readings_at
from trackio_client.exchange.past import deliver

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
texts = some.text(max_size=12) | some.sampled_from(
    ["NaN", "1e999", "2025-07-20T11:20:01", "9" * 5000, "[1", "{}", '[{"a": 1}]', "completed", "\ud800", "tensor(0.5)"]
)
leaves = some.none() | some.booleans() | some.integers() | some.floats() | texts
anything = some.recursive(
    leaves, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(texts, inner, max_size=3), max_leaves=8
)
names = some.sampled_from(["timestamp", "step", "metrics", "loss", "a/b", "", "global_step", "experiment_id"]) | texts
entry = some.dictionaries(names, anything, max_size=5) | anything
entries = some.lists(entry, max_size=4)
columns = {
    "experiment_id": anything, "id": anything, "name": anything, "description": anything, "created_at": anything,
    "status": anything, "metrics": entries | entries.map(json.dumps) | anything, "parameters": anything,
    "artifacts": some.lists(anything, max_size=3) | anything, "logs": some.lists(anything, max_size=3) | anything,
    "last_updated": anything,
}  # fmt: skip
sure = ("name", "status", "metrics", "parameters")  # a record is told by them
record = some.fixed_dictionaries(
    {name: columns[name] for name in sure}, optional={name: columns[name] for name in columns if name not in sure}
)


def imported_twice_or_refused(path):
    held = Held()
    for again in (False, True):
        try:
            for reading in readings_at(path):
                for run in reading.runs:
                    brought(run, held, again)
        except UsageError:
            return


def brought(run, held, again):
    try:
        done = deliver(run, "p", held)
    except UsageError:
        return
    assert not again or done.added_events == 0
    list(run.notes)


@quick
@given(
    some.lists(record | entry, max_size=3)
    | some.fixed_dictionaries({"experiments": some.dictionaries(texts, record | anything, max_size=3) | anything})
    | record
    | anything
)
def test_any_json_is_imported_or_refused(tmp_path, content):
    path = tmp_path / "trackio_experiments.json"
    path.write_text(json.dumps(content))
    imported_twice_or_refused(path)


@quick
@given(some.lists(record | entry | texts, max_size=4), some.integers(0, 40))
def test_any_lines_are_imported_or_refused(tmp_path, rows, cut):
    path = tmp_path / "entries.jsonl"
    text = "\n".join(json.dumps(row) for row in rows)
    path.write_text(text[: len(text) - cut])
    imported_twice_or_refused(path)


@quick
@given(
    some.dictionaries(
        some.sampled_from(
            ["config_a_20250727_151307", "config_a", "training_summary_a_20250727_151307", "config__99999999_999999",
             "eval_results_step_5_20250727_151307", "eval_results_step_unknown_20250727_151307", "eval_results_step_-1"]
        ),
        some.dictionaries(names | some.sampled_from(["status", "error", "experiment_name"]), anything) | anything,
        max_size=4,
    )
)  # fmt: skip
def test_any_files_of_the_monitor_are_imported_or_refused(tmp_path_factory, files):
    folder = tmp_path_factory.mktemp("monitor")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    imported_twice_or_refused(folder)


row = some.fixed_dictionaries(
    {
        "experiment_id": some.none() | texts, "name": some.none() | texts, "status": some.none() | texts,
        "metrics": some.none() | entries.map(json.dumps) | texts, "parameters": some.none() | anything.map(json.dumps),
        "created_at": some.none() | texts,
    }
)  # fmt: skip


@quick
@given(some.lists(row, min_size=1, max_size=4))
def test_any_rows_of_the_old_table_are_imported_or_refused(tmp_path, rows):
    path = tmp_path / "train.parquet"
    plain = [{key: text and text.replace("\ud800", "") for key, text in one.items()} for one in rows]
    schema = pa.schema([(name, pa.string()) for name in plain[0]])
    pq.write_table(pa.Table.from_pylist(plain, schema), path)
    imported_twice_or_refused(path)


cells = some.none() | some.integers(-(2**63), 2**63 - 1) | some.floats() | texts | some.binary(max_size=20)
cells = (cells | anything.map(json.dumps) | anything.map(lambda content: json.dumps(content).encode())).map(
    lambda cell: cell.replace("\ud800", "") if isinstance(cell, str) else cell
)
rows_of = some.lists(some.tuples(cells, cells, cells, cells), max_size=5)


@quick
@given(rows_of, some.lists(some.tuples(cells, cells), max_size=3))
def test_any_rows_of_a_trackio_project_are_imported_or_refused(tmp_path, rows, configs):
    path = tmp_path / "project.db"
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    for table in ("metrics", "system_metrics"):
        db.execute(f"CREATE TABLE {table} (timestamp, run_name, step, metrics)")
        db.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", rows)
    db.execute("CREATE TABLE configs (run_name, config)")
    db.execute("CREATE TABLE alerts (run_name, timestamp, title, text, level, step)")
    db.executemany("INSERT INTO configs VALUES (?, ?)", configs)
    db.executemany("INSERT INTO alerts VALUES (?, ?, ?, ?, 1, 2)", rows)
    db.commit()
    db.close()
    imported_twice_or_refused(path)


@quick
@given(
    some.binary(max_size=200), some.sampled_from(["a.json", "a.jsonl", "a.db", "a.parquet", "trainer_state.json", "a"])
)
def test_any_bytes_are_refused_or_imported(tmp_path, content, name):
    for head in (b"", b"SQLite format 3\x00", b"PAR1", b'{"experiments": '):
        path = tmp_path / name
        path.write_bytes(head + content)
        imported_twice_or_refused(path)


def test_json_that_is_nested_deep_is_imported_without_its_depths(tmp_path):
    path = tmp_path / "trackio_experiments.json"
    for depth in (60, 300, 900):
        deep = "[" * depth + "]" * depth
        deeper = '{"a": ' * depth + "1" + "}" * depth
        record = f'"name": "x", "status": {deep}, "parameters": {deeper}, "artifacts": [{deep}], "logs": [{deeper}]'
        path.write_text(
            '{"experiments": {"e": {' + record + f', "metrics": [{{"m": {deeper}}}, {deep}, {deeper}]' + "}}}"
        )
        imported_twice_or_refused(path)


@pytest.mark.parametrize("size", [5_000_000])
def test_an_artifact_or_setting_too_large_for_any_store_is_told(tmp_path, size):
    path = tmp_path / "old.json"
    record = {
        "name": "x", "status": "failed", "description": "D" * size, "parameters": {"a": "B" * size, "lr": 1},
        "metrics": [{"step": 1, "note": "C" * size}], "artifacts": [{"name": "m.bin", "data": "A" * size}],
        "logs": ["E" * size],
    }  # fmt: skip
    path.write_text(json.dumps([record]))
    (reading,) = readings_at(path)
    held = Held()
    (run,) = reading.runs
    done = deliver(run, "p", held)
    (mark,) = held.of(done.experiment_id, "mark")
    assert "more characters were not imported" in mark["data"]["data"]
    (config,) = held.of(done.experiment_id, "config")
    assert config["values"]["lr"] == 1
    assert "more characters were not imported" in config["values"]["a"]
    assert sum(len(frame) for frames in held.writers.values() for frame in frames) < 500_000
