"""`trackio-client import`: what it recognises, says and leaves out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from trackio_client.cli.importing import KINDS as SHOWN
from trackio_client.cli.main import main
from trackio_client.exchange.kinds import KINDS
from trackio_client.reader import Api

DATA = Path(__file__).resolve().parents[1] / "exchange"
RECORD = {
    "name": "old",
    "status": "completed",
    "parameters": {"lr": 1},
    "metrics": [{"step": 1, "metrics": {"loss": 2}}],
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mixed(folder):
    """One thing of each kind, something broken, and something of nobody's."""
    folder.mkdir()
    shutil.copytree(DATA / "data" / "metamath", folder / "trainer")
    shutil.copy(DATA / "trackio_data" / "0.43.0" / "finetuning.db", folder)
    (folder / "trackio_experiments.json").write_text(json.dumps({"experiments": {"exp_1": RECORD}}))
    (folder / "config_run_20250727_151307.json").write_text('{"a": 1}')
    (folder / "backup.json").write_text('{"experiments": {"exp_1": {"na')
    (folder / "tokenizer.json").write_text('{"vocab": {}}')
    return folder


def test_a_folder_with_a_bit_of_everything_comes_in_and_what_is_broken_is_named(home, capsys):
    assert main(["import", str(mixed(home / "logs")), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["kind"] for one in said["imported"]} == {"trainer", "trackio", "experiments", "monitor"}
    assert {one["project"] for one in said["imported"] if one["kind"] == "trackio"} == {"finetuning"}
    (left,) = said["skipped"]
    assert "backup.json is no JSON" in left
    assert main(["import", str(home / "logs"), "--json"]) == 0
    assert [one["added_events"] for one in json.loads(capsys.readouterr().out)["imported"]] == [0] * 5


def test_dry_run_says_what_would_come_in_and_makes_no_store(home, capsys):
    assert main(["import", str(mixed(home / "logs")), "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "Found 5 runs in projects" in out
    assert "Nothing was imported (--dry-run)." in out
    assert not (home / "home").exists()


def test_the_receipt_names_each_experiment_its_values_and_what_is_odd(home, capsys):
    (home / "old.json").write_text(json.dumps([RECORD | {"metrics": [{"step": 1, "loss": 1}, {"step": -1}, 5]}]))
    assert main(["import", "old.json", "--project", "p"]) == 0
    out = capsys.readouterr().out
    assert "old: 1 entry, 1 value, 4 new events" in out
    assert "finished: The record says completed." in out
    assert "left out an entry: step must be" in out
    assert "1 run in project 'p', 1 value, 4 new events" in out


def test_kind_reads_a_file_or_a_part_of_a_folder_as_asked(home, capsys):
    folder = mixed(home / "logs")
    assert main(["import", str(folder), "--kind", "monitor", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["imported"]] == ["run"]
    assert main(["import", str(folder / "finetuning.db"), "--kind", "experiments"]) == 2
    assert "no JSON" in capsys.readouterr().err
    assert main(["import", str(folder), "--kind", "mlflow"]) == 2
    assert "there is no kind 'mlflow'. Kinds: trainer, experiments" in capsys.readouterr().err
    assert all(kind in SHOWN for kind in KINDS)


def test_the_folder_of_real_data_is_looked_through_and_only_logs_of_trainings_are_taken(test_data, capsys):
    assert main(["import", str(test_data), "--dry-run", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["kind"] for one in said["imported"]} == {"trainer"}
    assert len(said["imported"]) == len(list(test_data.rglob("trainer_state.json")))
    assert said["skipped"] == []


def test_a_real_progress_log_comes_in_at_the_steps_that_it_names(test_data, capsys):
    path = test_data / "llama-factory-grpo" / "trainer_log.jsonl"
    if not path.exists():
        pytest.skip("no such log among the test data")
    assert main(["import", str(path), "--project", "p", "--name", "grpo"]) == 0
    with Api() as api:
        (kept,) = api.experiments("p")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        told = {line["current_steps"]: line["loss"] for line in lines if line.get("loss") is not None}
        loss = kept.series("loss")
        assert dict(zip(loss.steps.tolist(), loss.values.tolist(), strict=True)) == told


def test_a_name_fits_one_run_only(home, capsys):
    assert main(["import", str(mixed(home / "logs")), "--name", "mine"]) == 2
    assert "--name fits one run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b"", "is empty"),
        ("a.json", b"{}", "neither experiments"),
        ("a.json", b"[]", "holds no entries"),
        ("a.jsonl", b"{\n{\n", "holds no line of JSON"),
        ("a.txt", b"hello", "none of the files that can be imported"),
        ("a.db", b"SQLite format 3\x00" + b"x" * 600, "cannot be read as a project of Trackio"),
        ("a.parquet", b"PAR1", "cannot be read as Parquet"),
        ("trainer_state.json", b"[1]", "is no trainer_state.json"),
        ("a.json", b'{"experiments": {"a": 3}}', "left out a row"),
    ],
)
def test_a_file_of_another_kind_is_one_line_and_exit_code_2(home, capsys, name, content, words):
    (home / name).write_bytes(content)
    assert main(["import", name]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert len(told.err.strip().splitlines()) == 1


def test_an_experiment_that_was_paused_in_the_old_record_ends_when_the_record_says_so(home, capsys):
    for status, shown in (("running", "interrupted"), ("paused", "paused"), ("completed", "finished")):
        (home / "old.json").write_text(json.dumps([RECORD | {"status": status}]))
        for added in (True, False):
            assert main(["import", "old.json", "--project", "p", "--json"]) == 0
            (one,) = json.loads(capsys.readouterr().out)["imported"]
            assert bool(one["added_events"]) is added
        with Api() as api:
            (kept,) = api.experiments("p")
            assert kept.state == shown


@pytest.mark.requirement("S1.50", "S1.57")
def test_a_record_that_was_joined_anew_by_the_old_system_goes_on_in_a_real_store(home, capsys):
    def entry(step, **metrics):
        return {"timestamp": f"2025-07-20T12:00:{step}", "step": step, "metrics": metrics}

    versions = [
        [entry(10, loss=1.0), entry(20, loss=0.9)],
        [entry(10, loss=1.0), entry(20, loss=0.9, cpu_percent=3.0), entry(30, loss=float("nan"))],
    ]
    ids = set()
    for version, count in ((0, 2), (1, 4), (1, 4), (0, 4)):
        (home / "old.json").write_text(json.dumps([RECORD | {"experiment_id": "exp_1", "metrics": versions[version]}]))
        assert main(["import", "old.json", "--project", "p", "--json"]) == 0
        (one,) = json.loads(capsys.readouterr().out)["imported"]
        ids.add(one["experiment_id"])
        with Api() as api:
            (kept,) = api.experiments("p")
            assert kept.point_count == count
    assert len(ids) == 1
