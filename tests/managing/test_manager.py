"""The calls of page, endpoints and client over a real store: what they change, what they refuse."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from trackio_client.errors import ExperimentNotFound, MetricNotFound, Unavailable, UsageError
from trackio_client.managing.manager import PROJECT, Manager
from trackio_client.managing.served import ServedSource
from trackio_client.store.open import open_store
from trackio_client.wire.events import CONFIG, DEMO_PREFIX, END


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def manager(store):
    def append(batch):
        (outcome,) = store.append([batch])
        if isinstance(outcome, Exception):
            raise outcome

    return Manager(ServedSource(store, append, lost_contact_s=60.0))


@pytest.mark.requirement("S1.64", "S1.67")
def test_what_is_created_is_on_the_list_at_once_and_told_in_full(manager):
    first = manager.create("  first ", "a try")
    second = manager.create('<b>"quoted"</b> 🦦', project="other/one")
    assert [row["id"] for row in manager.experiments()] == [second["id"], first["id"]]
    assert (first["project"], first["name"], first["status"]) == (PROJECT, "first", "running")
    assert first["id"] == first["experiment_id"]
    manager.log_metrics(first["id"], '{"loss": 0.5}', "3")
    manager.log_parameters(first["id"], '{"lr": 0.1, "m": {"n": 1}}')
    found = manager.details(first["id"])
    assert found["description"] == "a try"
    assert found["parameters"] == {"lr": 0.1, "m": {"n": 1}}
    assert (found["metrics_count"], found["parameters_count"], found["artifacts_count"]) == (1, 2, 0)
    assert found["latest_metrics"]["loss"]["value"] == 0.5
    assert found["latest_metrics"]["loss"]["step"] == 3
    with pytest.raises(UsageError, match="must not be empty"):
        manager.create("   ")


@pytest.mark.requirement("S1.65")
def test_without_a_step_each_call_has_one_of_its_own_also_when_many_log_at_once(manager):
    own = manager.create("many")["id"]
    with ThreadPoolExecutor(8) as threads:
        steps = list(threads.map(lambda i: manager.log_metrics(own, {"loss": float(i)})["step"], range(40)))
    assert sorted(steps) == list(range(40))
    assert manager.metrics(own)["metrics"]["loss"]["points"] == 40
    assert manager.log_metrics(own, {"loss": 1}, 100)["step"] == 100
    assert manager.log_metrics(own, {"loss": 1})["step"] == 101


def test_of_a_repeated_step_the_later_value_stands(manager):
    own = manager.create("twice")["id"]
    manager.log_metrics(own, {"loss": 1}, 5)
    manager.log_metrics(own, {"loss": 2}, 5)
    assert manager.metrics(own)["metrics"]["loss"]["values"] == [2.0]


@pytest.mark.requirement("S1.65", "S1.68")
def test_an_unknown_experiment_is_an_error_and_makes_nothing(manager):
    for call in (
        lambda: manager.log_metrics("exp_nope", {"loss": 1}),
        lambda: manager.log_parameters("exp_nope", {"a": 1}),
        lambda: manager.update_status("exp_nope", "failed"),
        lambda: manager.details("exp_nope"),
        lambda: manager.details("../<b>"),
        lambda: manager.simulate("exp_nope"),
        lambda: manager.plot("exp_nope"),
    ):
        with pytest.raises(ExperimentNotFound, match=r"exp_nope|<b>"):
            call()
    with pytest.raises(UsageError, match="no experiment is named"):
        manager.log_metrics("", {"loss": 1})
    assert manager.experiments() == []


@pytest.mark.requirement("S1.68")
@pytest.mark.parametrize("before", ["running", "completed", "failed", "paused"])
def test_every_status_leads_to_every_other(manager, before):
    own = manager.create("any")["id"]
    for after in ("running", "completed", "failed", "paused"):
        assert manager.update_status(own, before)["status"] == before
        assert manager.update_status(own, after)["status"] == after
        manager.log_metrics(own, {"loss": 1.0})
        assert manager.details(own)["status"] == after
    assert manager.metrics(own)["metrics"]["loss"]["points"] == 4


@pytest.mark.requirement("S1.68")
def test_the_status_of_a_training_that_fell_silent_can_be_set_too(manager, store):
    from tests.space.conftest import batch

    store.append([batch()])
    manager.source._lost_contact_s = -1.0
    assert manager.details("exp_a")["state"] == "lost_contact"
    before = store.experiment("exp_a").last_heard_s
    manager.update_status("exp_a", "running")
    assert store.experiment("exp_a").last_heard_s > before
    assert manager.update_status("exp_a", "failed")["evidence"] == "Set to failed by hand."
    assert manager.update_status("exp_a", "completed")["state"] == "finished"


def test_the_same_status_twice_tells_one_end(manager, store):
    own = manager.create("once")["id"]
    for _ in range(3):
        manager.update_status(own, "completed")
    assert len(store.events(own, kinds=[END])) == 1


@pytest.mark.requirement("S1.62")
def test_secrets_in_parameters_and_names_do_not_reach_the_store(manager, store):
    own = manager.create("secret", "my token is hf_abcdefghijklmnopqrstuvwxyz1234")["id"]
    manager.log_parameters(own, {"hf_token": "hf_abcdefghijklmnopqrstuvwxyz1234", "password": "hunter22"})
    told = json.dumps([event.content for event in store.events(own)])
    assert "abcdefghijkl" not in told
    assert "hunter22" not in told
    assert len(store.events(own, kinds=[CONFIG])) == 1


@pytest.mark.requirement("S1.70")
def test_demo_data_is_made_marked_and_deleted_by_one_call_each(manager, store):
    real = manager.create("real")["id"]
    row = manager.create_demo()
    assert row["id"].startswith(DEMO_PREFIX)
    assert (row["project"], row["tags"], row["demo"], row["status"]) == ("demo", ["demo"], True, "completed")
    found = manager.metrics(row["id"])["metrics"]
    assert set(found) == {"loss", "accuracy", "learning_rate", "gpu_memory_gb", "step_time"}
    assert all(one["points"] >= 20 for one in found.values())
    assert found["loss"]["values"][-1] < found["loss"]["values"][0]
    assert "Made-up" in manager.details(row["id"])["description"]
    assert {one["id"]: one["demo"] for one in manager.experiments()} == {row["id"]: True, real: False}
    with pytest.raises(UsageError, match="no demo data"):
        manager.delete_demo([row["id"], real])
    manager.create_demo()
    assert len(manager.delete_demo()["deleted"]) == 2
    assert [one["id"] for one in manager.experiments()] == [real]


@pytest.mark.requirement("S1.70")
def test_simulated_data_mark_their_experiment_and_never_mix_with_real_ones(manager):
    own = manager.create("empty")["id"]
    row = manager.simulate(own)
    assert row["demo"]
    assert row["tags"] == ["demo"]
    assert row["points_count"] == 300
    manager.update_status(own, "failed")
    manager.update_status(own, "running")
    assert manager.details(own)["demo"]
    with pytest.raises(UsageError, match="holds 300 logged values already"):
        manager.simulate(own)


@pytest.mark.requirement("S1.81")
def test_plots_are_plotly_json_with_gaps_for_what_cannot_be_drawn(manager):
    go = pytest.importorskip("plotly.graph_objects")
    own = manager.create("curve")["id"]
    for value in ("0.5", "NaN", "0.25"):
        manager.log_metrics(own, f'{{"loss": {value}}}')
    figure = manager.plot(own, "loss")
    json.dumps(figure, allow_nan=False)
    assert figure["data"][0]["y"] == [0.5, None, 0.25]
    assert "1 value is NaN" in figure["layout"]["annotations"][0]["text"]
    assert len(go.Figure(figure).data) == 1
    with pytest.raises(MetricNotFound, match=r"has no metric 'lss'\. It has: 'loss'"):
        manager.plot(own, "lss")


@pytest.mark.requirement("S1.74", "S1.81")
def test_a_comparison_draws_all_that_is_shared_and_names_what_is_not_there(manager):
    go = pytest.importorskip("plotly.graph_objects")
    ids = [manager.create(name)["id"] for name in ("a", "b")]
    for i, own in enumerate(ids):
        manager.log_parameters(own, {"lr": 0.1 * (i + 1), "same": 1})
        manager.log_metrics(own, {"loss": 1.0 - i, "accuracy": 0.5, f"only/{i}": 1})
    found = manager.comparison(", ".join(ids))
    assert set(found["metrics"]) == {"loss", "accuracy"}
    assert found["metrics"]["loss"] == dict(zip(ids, (1.0, 0.0), strict=True))
    assert set(found["parameters"]) == {"lr"}
    assert len(go.Figure(found["figure"]).data) == 4
    with pytest.raises(ExperimentNotFound, match="zzz"):
        manager.comparison(f"{ids[0]},zzz")
    with pytest.raises(UsageError, match="got 1"):
        manager.comparison(ids[0])


def test_after_an_append_that_failed_the_next_one_goes_in(store):
    refuse = [False]

    def append(batch):
        if refuse[0]:
            raise Unavailable("the disk is full")
        (outcome,) = store.append([batch])
        if isinstance(outcome, Exception):
            raise outcome

    manager = Manager(ServedSource(store, append, lost_contact_s=60.0), remembers=True)
    own = manager.create("stubborn")["id"]
    manager.log_metrics(own, {"loss": 1}, 0)
    refuse[0] = True
    with pytest.raises(Unavailable):
        manager.log_metrics(own, {"loss": 2}, 1)
    refuse[0] = False
    manager.log_metrics(own, {"loss": 3}, 2)
    assert manager.metrics(own)["metrics"]["loss"]["steps"] == [0, 2]


def test_what_is_told_by_hand_is_not_lost_in_a_minute_but_in_a_day(manager, store):
    from trackio_client.queries.states import state_of

    own = manager.create("patient")["id"]
    record = store.experiment(own)
    assert state_of(record, record.last_heard_s + 3600).word == "running"
    assert state_of(record, record.last_heard_s + 90_000).word == "lost_contact"
