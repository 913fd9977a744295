"""Runs of other tools as events of ours: the same import changes nothing, a longer log goes on."""

import json

import pytest

from tests.exchange.held import Held
from trackio_client.exchange.hf_trainer import read_log
from trackio_client.exchange.past import deliver

HISTORY = [{"loss": 3.0 - i / 10, "learning_rate": 1e-4, "step": 10 * (i + 1)} for i in range(12)]


def log(folder, history, **state):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "trainer_state.json"
    path.write_text(json.dumps({"log_history": history, "max_steps": 120, **state}))
    return read_log(path)


def test_the_same_import_changes_nothing_wherever_the_file_lies(tmp_path):
    held = Held()
    first = deliver(log(tmp_path / "a", HISTORY, global_step=120), "p", held)
    before = {writer: list(kept) for writer, kept in held.writers.items()}
    again = deliver(log(tmp_path / "moved", HISTORY, global_step=120), "p", held)
    assert (first.added_events, again.added_events) == (12 + 1 + 2, 0)  # entries, start, config and end
    assert again.experiment_id == first.experiment_id
    assert held.writers == before


def test_a_longer_log_of_the_same_run_goes_on(tmp_path):
    held = Held()
    first = deliver(log(tmp_path, HISTORY[:5], global_step=50), "p", held)
    grown = deliver(log(tmp_path, HISTORY, global_step=120), "p", held)
    assert grown.experiment_id == first.experiment_id
    assert (first.state, grown.state) == ("interrupted", "finished")
    assert (first.points, grown.points, grown.added_events) == (10, 24, 7 + 2)


def test_a_shorter_log_of_the_same_run_adds_no_end(tmp_path):
    held = Held()
    deliver(log(tmp_path, HISTORY, global_step=120), "p", held)
    shorter = deliver(log(tmp_path, HISTORY[:5], global_step=50), "p", held)
    assert shorter.added_events == 0
    assert "a longer log of this run was imported before" in shorter.notes[-1]


def test_runs_that_begin_alike_are_told_apart_and_stay_apart(tmp_path):
    other = [*HISTORY[:3], *({**entry, "loss": 9.0} for entry in HISTORY[3:])]
    held = Held()
    first = deliver(log(tmp_path, HISTORY), "p", held)
    second = deliver(log(tmp_path, other), "p", held)
    assert first.experiment_id != second.experiment_id
    assert deliver(log(tmp_path, other), "p", held).experiment_id == second.experiment_id
    assert deliver(log(tmp_path, HISTORY), "p", held).added_events == 0


def test_one_file_in_two_projects_is_two_experiments(tmp_path):
    held, run = Held(), log(tmp_path, HISTORY)
    assert deliver(run, "p", held).experiment_id != deliver(run, "q", held).experiment_id


def test_a_deleted_import_can_be_imported_again(tmp_path):
    held, run = Held(), log(tmp_path, HISTORY)
    first = deliver(run, "p", held)
    held.deleted.add(first.experiment_id)
    again = deliver(run, "p", held)
    assert again.experiment_id != first.experiment_id
    assert again.points == first.points


def test_times_never_go_back_and_the_experiment_says_that_they_are_made(tmp_path):
    held = Held()
    done = deliver(log(tmp_path, [*HISTORY, {"train_runtime": 60.0, "step": 120}, {"loss": 1.0, "step": 5}]), "p", held)
    start = held.starts[done.experiment_id]
    assert start["imported"]["us_a_step"] == 500_000
    assert "holds no times" in start["imported"]["times"]
    (history,) = [kept for writer, kept in held.writers.items() if writer.endswith("_h")]
    times = [int.from_bytes(f[32:40], "little") for f in history if f[7] == 1]
    assert times == sorted(times)
    assert times[1] - times[0] == 10 * 500_000


@pytest.mark.requirement("S2.32")
def test_a_long_log_is_cut_into_batches_that_each_stand_alone(tmp_path):
    many = [{f"m{k}": float("nan") if k == 3 else k * i for k in range(40)} | {"step": i} for i in range(6000)]
    held = Held()
    done = deliver(log(tmp_path, many), "p", held)  # Held decodes each batch with its own schemas
    assert done.points == 40 * 6000
    assert deliver(log(tmp_path, many), "p", held).added_events == 0
