"""Records of experiments as older Spaces and monitors kept them: what becomes of each column."""

from __future__ import annotations

import json

import pytest

from tests.exchange.held import Held
from trackio_client.errors import UsageError
from trackio_client.exchange.experiments_file import read
from trackio_client.exchange.past import deliver

ENTRY = {"timestamp": "2025-07-20T11:20:01.780908", "step": 25, "metrics": {"loss": 1.1659, "grad_norm": 10.3125}}
RECORD = {
    "id": "exp_20250720_130853", "name": "petite-elle-l-aime-3", "description": "SmolLM3 fine-tuning",
    "created_at": "2025-07-20T11:20:01.780908", "status": "completed", "metrics": [ENTRY],
    "parameters": {"lr": 3.5e-6, "hf_token": "hf_abcdefghijklmnopqrstuv"}, "artifacts": ["out/checkpoint-2000"],
    "logs": [{"timestamp": "2025-07-20T11:20:02", "level": "WARNING", "message": "slow disk"}, "done"],
}  # fmt: skip


def entry(step, **metrics):
    return {"timestamp": f"2025-07-20T12:{step // 60:02}:{step % 60:02}", "step": step, "metrics": metrics}


def brought(path, held, project="p"):
    return [deliver(run, project, held) for run in read(path).runs]


def written(tmp_path, content, name="trackio_experiments.json"):
    path = tmp_path / name
    path.write_text(json.dumps(content))
    return path


def local(**records):
    return {"experiments": records, "current_experiment": next(iter(records), None), "last_updated": "2025-07-21"}


@pytest.mark.requirement("S1.57", "S1.46", "S1.49")
def test_every_column_of_the_local_file_has_its_place(tmp_path):
    held = Held()
    (done,) = brought(written(tmp_path, local(exp_20250720_130853=RECORD)), held)
    assert (done.name, done.state, done.entries, done.points) == ("petite-elle-l-aime-3", "finished", 1, 2)
    start, (config,) = held.starts[done.experiment_id], held.of(done.experiment_id, "config")
    assert start["notes"] == "SmolLM3 fine-tuning"
    assert start["time_us"] == 1753010401780908
    assert config["values"]["lr"] == 3.5e-6
    assert config["values"]["hf_token"] == "***"
    assert config["values"]["imported"]["experiment_id"] == "exp_20250720_130853"
    assert "UTC" in config["values"]["imported"]["zone"]
    (mark,) = held.of(done.experiment_id, "mark")
    assert (mark["mark"], mark["step"], mark["data"]) == ("checkpoint", 2000, {"path": "out/checkpoint-2000"})
    said = [(line["stream"], line["lines"]) for line in held.of(done.experiment_id, "console")]
    assert said == [("stderr", ["WARNING: slow disk"]), ("stdout", ["done"])]
    assert brought(written(tmp_path, local(x=RECORD), "moved.json"), held)[0].added_events == 0


@pytest.mark.requirement("S1.47")
def test_steps_and_times_among_the_metrics_are_no_metrics(tmp_path):
    inner = {"loss": 0.5, "timestamp": "2025-07-20T11:20:01", "step": 7}
    record = RECORD | {"metrics": [{"timestamp": "2025-07-20T11:20:01", "step": None, "metrics": inner}, {"loss": 0.4}]}
    (run,) = read(written(tmp_path, local(a=record))).runs
    assert [(one.step, one.values) for one in run.entries] == [(7, {"loss": 0.5}), (8, {"loss": 0.4})]


@pytest.mark.requirement("S1.50")
def test_a_record_that_grew_goes_on_though_the_old_system_joined_its_steps(tmp_path):
    held = Held()
    early = RECORD | {"metrics": [entry(25, loss=1.0), entry(50, loss=0.9)], "status": "running"}
    (first,) = brought(written(tmp_path, local(a=early)), held)
    # as `_collapse_by_step` writes it: step 50 now holds the hardware too, under a later time
    joined = entry(50, loss=0.9, cpu_percent=3.0) | {"timestamp": "2025-07-20T12:00:59"}
    late = RECORD | {
        "metrics": [entry(25, loss=1.0), joined, entry(75, loss=0.8)],
        "last_updated": "2025-07-20T13:00:00",
    }
    for added in (True, False):
        (again,) = brought(written(tmp_path, local(a=late)), held)
        assert again.experiment_id == first.experiment_id
        assert bool(again.added_events) is added
    assert held.series(first.experiment_id, "loss") == [(25, 1.0), (50, 0.9), (75, 0.8)]
    assert held.series(first.experiment_id, "cpu_percent") == [(50, 3.0)]
    assert [end["state"] for end in held.of(first.experiment_id, "end")] == ["interrupted", "finished"]
    assert brought(written(tmp_path, local(a=early)), held)[0].added_events == 0


def test_rows_of_one_id_are_one_experiment_joined_without_repeats(tmp_path):
    rows = [
        RECORD | {"metrics": [entry(25, loss=1.0)], "parameters": {"a": 1}, "status": "running"},
        RECORD | {"metrics": [entry(25, loss=1.0), entry(50, loss=0.5)], "parameters": {"b": 2}},
        RECORD | {"id": "exp_2", "name": "another/run 🚀", "created_at": "2025-07-22T10:00:00+02:00"},
    ]
    one, other = read(written(tmp_path, rows)).runs
    assert [entry.step for entry in one.entries] == [25, 50]
    assert (one.config, one.state) == ({"a": 1, "b": 2}, "finished")
    assert "joined 2 rows" in "".join(one.notes)
    assert (other.name, other.started_s) == ("another/run 🚀", 1753010401.780908)


def test_a_broken_column_is_named_and_the_rest_of_the_record_comes_in(tmp_path):
    record = RECORD | {
        "metrics": json.dumps([entry(1, loss=2.0), entry(2, loss=1.0)])[:-20],
        "parameters": "{'lr': 1}", "logs": "plain\ntext", "status": "sleepy", "created_at": "long ago",
    }  # fmt: skip
    (run,) = read(written(tmp_path, local(a=record))).runs
    assert [entry.step for entry in run.entries] == [1]
    assert [line.lines for line in run.more["l"]] == [("plain",), ("text",)]
    notes = " ".join(run.notes)
    for words in (
        "'metrics' is no JSON",
        "1 whole entries",
        "left out 'parameters'",
        "no state 'sleepy'",
        "created_at",
    ):
        assert words in notes
    assert run.state == "interrupted"


def test_a_record_paused_and_then_completed_is_not_left_paused(tmp_path):
    held = Held()
    for status, edits in (("paused", ["paused"]), ("completed", ["paused", None]), ("completed", ["paused", None])):
        (done,) = brought(written(tmp_path, local(a=RECORD | {"status": status})), held)
        assert [edit["state"] for edit in held.edits(done.experiment_id)] == edits


def test_rows_that_are_no_records_are_named_and_the_others_come_in(tmp_path):
    reading = read(written(tmp_path, [RECORD, 3, None, {"status": "running", "parameters": {}, "logs": []}]))
    assert len(list(reading.runs)) == 1
    skipped = " ".join(reading.skipped)
    assert "it is int, first at item 1" in skipped
    assert "neither an experiment_id" in skipped


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ('{"experiments": {"a": {"id"', "cut off"),
        ("<html>", "is no JSON"),
        ('{"a": 1}', "Its keys are 'a'"),
        ("[" * 100_000, "nested too deeply"),
        ('{"metrics": ' + "9" * 5000 + "}", "no JSON that can be read"),
        ('"\xff', "no text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, text, words):
    path = tmp_path / "trackio_experiments.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=words):
        list(read(path).runs)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_file_too_large_to_be_read_at_once_says_so_before_it_is_read(tmp_path, name):
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(2**30 + 1)  # a hole: it takes no room
    with pytest.raises(UsageError, match="Cut it in parts"):
        read(path)
