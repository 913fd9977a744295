"""Entries of older Trackio monitors: nested and flat, in one list or one a line."""

from __future__ import annotations

import json

import pytest

from trackio_client.cli.main import main
from trackio_client.errors import UsageError
from trackio_client.exchange.entries import holds_entries, read_entries
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
    assert holds_entries(path)
    run = read_entries(path)
    assert (run.name, run.state, run.config, len(run.entries)) == ("petite", "failed", {"lr": 1}, 2)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "holds no entries"),
        ([3], "entry 0 of"),
        ([{"step": 1.5, "loss": 1}], "whole number"),
        ([{"timestamp": "yesterday", "loss": 1}], "ISO 8601"),
        ({"metrics": {"loss": 1}}, "no list of entries"),
    ],
)
def test_what_is_no_list_of_entries_is_named_with_its_place(tmp_path, content, words):
    with pytest.raises(UsageError, match=words):
        read_entries(written(tmp_path, content))
