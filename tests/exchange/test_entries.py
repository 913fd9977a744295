"""Entries of older Trackio monitors: nested and flat, in one list or one a line."""

from __future__ import annotations

import json

import pytest

from trackio_client.cli.main import main
from trackio_client.errors import UsageError
from trackio_client.exchange.experiments_file import read
from trackio_client.reader import Api

NESTED = {"timestamp": "2025-07-20T11:20:01", "step": 25, "metrics": {"loss": 1.16, "grad_norm": 10.3, "note": "warm"}}
FLAT = {"timestamp": "2025-07-20T11:26:39+00:00", "step": 50, "loss": 1.165, "learning_rate": 2.2e-7}


def written(tmp_path, content, name="entries.json"):
    path = tmp_path / name
    lines = [json.dumps(one) for one in content] if name.endswith(".jsonl") else [json.dumps(content)]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.requirement("S1.47")
@pytest.mark.parametrize("name", ["entries.json", "entries.jsonl"])
def test_nested_and_flat_entries_come_in_with_their_steps_and_times(tmp_path, monkeypatch, capsys, name):
    monkeypatch.delenv("TRACKIO_URL", raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    path = written(tmp_path, [NESTED, FLAT], name)
    for added in (True, False):
        assert main(["import", str(path), "--project", "old", "--json"]) == 0
        (one,) = json.loads(capsys.readouterr().out)["imported"]
        assert bool(one["added_events"]) is added
    with Api() as api:
        (kept,) = api.experiments("old")
        loss = api.series(kept.experiment_id, "loss")
        assert (loss.steps.tolist(), loss.values.tolist()) == ([25, 50], [1.16, 1.165])
        assert loss.times_s.tolist() == pytest.approx([1753010401.0, 1753010799.0], abs=1e-5)
        assert api.series(kept.experiment_id, "learning_rate").values.tolist() == [2.2e-7]
        assert (kept.name, kept.state) == ("entries", "finished")


@pytest.mark.requirement("S1.47", "S1.49")
def test_a_record_of_an_experiment_brings_its_name_parameters_and_status(tmp_path):
    record = {"experiment_id": "exp_20250720_130853", "name": "petite", "status": "failed"}
    path = written(tmp_path, {**record, "parameters": {"lr": 1}, "metrics": json.dumps([NESTED, FLAT])})
    (run,) = read(path).runs
    assert (run.name, run.state, run.config, len(list(run.entries))) == ("petite", "failed", {"lr": 1}, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "holds no entries"),
        ([3], "left out an entry: it must be an object"),
        ([{"step": 1.5, "loss": 1}], "whole number"),
        ([{"step": True, "loss": 1}], "whole number"),
        ({"loss": 1}, "neither experiments"),
        ("loss", "neither experiments"),
    ],
)
def test_what_is_no_list_of_entries_is_named_with_its_place(tmp_path, content, words):
    with pytest.raises(UsageError, match=words):
        list(read(written(tmp_path, content)).runs)


def test_an_entry_with_a_strange_time_is_kept_without_it(tmp_path):
    (run,) = read(written(tmp_path, [{"timestamp": "yesterday", "loss": 1, "step": 3}, NESTED])).runs
    assert [(entry.step, entry.time_s is None) for entry in run.entries] == [(3, True), (25, False)]
    assert "ISO 8601" in "".join(run.notes)


def test_entries_that_cannot_be_read_are_named_and_counted_and_the_rest_is_taken(tmp_path):
    (run,) = read(written(tmp_path, [NESTED, 3, {"step": -1, "a": 1}, {"step": -1, "a": 1}, FLAT])).runs
    assert [entry.step for entry in run.entries] == [25, 50]
    notes = list(run.notes)
    assert any("it is int: 3, first at entry 1 of" in note for note in notes)
    assert any("(2×)" in note for note in notes)
