"""`import`, `list`, `show`, `delete` over a local store, with real logs of the Hugging Face Trainer."""

import json
from pathlib import Path

import pytest

from trackio_client.cli.main import main
from trackio_client.errors import UsageError
from trackio_client.reader import Api

DATA = Path(__file__).resolve().parents[1] / "exchange" / "data"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def imported(capsys, *arguments):
    assert main(["import", str(DATA), "--project", "real", "--json", *arguments]) == 0
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)["imported"]}


def test_four_real_logs_come_in_and_a_second_import_changes_nothing(capsys, home):
    first = imported(capsys)
    assert set(first) == {"metamath", "mt5-rouge", "overfit-multi-eval", "whisper-wer"}
    with Api() as api:
        before = {one.experiment_id: api.source.receipts(one.experiment_id) for one in api.experiments("real")}
    again = imported(capsys)
    assert all(one["added_events"] == 0 for one in again.values())
    with Api() as api:
        after = {one.experiment_id: api.source.receipts(one.experiment_id) for one in api.experiments("real")}
    assert before == after
    assert len(after) == 4


@pytest.mark.requirement("S1.31")
def test_their_curves_are_there_by_the_names_of_the_trainer(capsys):
    ids = {name: one["experiment_id"] for name, one in imported(capsys).items()}
    with Api() as api:
        loss = api.series(ids["mt5-rouge"], "loss")
        assert (loss.steps[0], round(loss.values[0], 1)) == (10, 25.5)
        assert (loss.steps[-1], round(loss.values[-1], 2)) == (7000, 2.24)
        words, wer = api.experiment(ids["whisper-wer"]), api.series(ids["whisper-wer"], "eval_wer")
        assert wer.steps[wer.values.argmin()] == 15000
        assert words.summary["eval_loss"]["min_step"] == 12000
        assert words.state == "finished"
        over = api.series(ids["overfit-multi-eval"], "eval_g0_loss")
        assert (len(over.values), over.values.argmin(), round(over.values.min(), 4)) == (31, 1, 1.1138)
        for name in ("loss", "learning_rate", "grad_norm"):
            assert len(api.series(ids["metamath"], name).steps) == 128
        unfinished = api.experiment(ids["mt5-rouge"])
        assert (unfinished.state, "7,000 of 9,411" in unfinished.evidence) == ("interrupted", True)
        assert "holds no times" in unfinished.config["imported"]["times"]
        marks = api.source.events(ids["whisper-wer"], ["mark"])
        assert any("Best checkpoint" in mark["content"]["title"] for mark in marks)


def test_a_log_that_grew_goes_on_in_the_same_experiment(tmp_path, capsys):
    path = tmp_path / "run" / "trainer_state.json"
    path.parent.mkdir()
    history = [{"loss": 1 / (i + 1), "step": i + 1} for i in range(20)]
    found = []
    for count in (5, 20, 5):
        path.write_text(json.dumps({"log_history": history[:count], "max_steps": 20, "global_step": count}))
        assert main(["import", str(path.parent), "--project", "p", "--json"]) == 0
        (one,) = json.loads(capsys.readouterr().out)["imported"]
        with Api() as api:
            kept = api.experiment(one["experiment_id"])
            found.append((one["experiment_id"], kept.state, len(kept.series("loss").steps)))
    assert len({one[0] for one in found}) == 1
    assert [one[1:] for one in found] == [("interrupted", 5), ("finished", 20), ("finished", 20)]


def test_lists_and_pages_of_text_fit_eighty_columns_and_end_well(capsys):
    imported(capsys)
    assert main(["list"]) == 0
    assert main(["list", "real"]) == 0
    assert main(["show", "whisper-wer"]) == 0
    out = capsys.readouterr().out
    assert "eval_wer" in out
    assert "The log reaches the last step, 15,000 of 15,000." in out
    tables = [line for line in out.splitlines() if line.startswith(("exp_", "ID", "METRIC", "eval_", "real"))]
    assert max(len(line) for line in tables) <= 80
    assert main(["show", "whisper-wer", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["held"]["points"] > 400
    assert main(["show", "exp_import_"]) == 3
    assert "means 4 experiments" in capsys.readouterr().err


def test_delete_asks_first_and_then_it_is_gone(capsys):
    one = imported(capsys)["metamath"]["experiment_id"]
    assert main(["delete", one]) == 2
    assert "Say --yes" in capsys.readouterr().err
    assert main(["delete", one, "--yes"]) == 0
    assert main(["show", one]) == 3
    capsys.readouterr()
    assert len(imported(capsys)) == 4  # who imports again wants it again
    with Api() as api:
        assert len(api.experiments("real")) == 4


@pytest.mark.requirement("S2.83")
def test_what_was_deleted_is_listed_and_restored_or_freed_at_once(capsys):
    one, two = (imported(capsys)[name]["experiment_id"] for name in ("metamath", "whisper-wer"))
    assert main(["delete", one, two, "--yes"]) == 0
    said = capsys.readouterr().out
    assert f"trackio-client undelete {one}" in said
    assert "stays in the history of that repo" in said
    assert main(["bin", "--json"]) == 0
    assert {row["experiment_id"] for row in json.loads(capsys.readouterr().out)["experiments"]} == {one, two}
    assert main(["undelete", one]) == 0
    assert main(["undelete", one]) == 3
    assert "is not in the bin" in capsys.readouterr().err
    assert main(["delete", two, "--now", "--yes"]) == 0
    assert main(["bin"]) == 0
    assert "The bin is empty." in capsys.readouterr().out
    with Api() as api:
        left = api.experiments("real")
        assert (one in map(str, left), two in map(str, left), len(left)) == (True, False, 3)
        assert [str(each) for each in api.experiments("real", f"id = {one} or id = {two}")] == [one]
        with pytest.raises(UsageError, match="column 7: expected a value behind ="):
            api.experiments("real", "name =")
        api.delete(one)
        assert [row["experiment_id"] for row in api.bin("real")] == [one]
        assert api.restore(one).experiment_id == one
