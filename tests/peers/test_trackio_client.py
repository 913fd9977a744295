"""The real `trackio` 0.43 logs into our server: what it logged is there, once, and its command line reads it back."""

from __future__ import annotations

import json
import math

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trackio_client
from space.api.trackio.names import READS
from tests.peers.machines import TOKEN, begin

NAMES = ("plain", "a/b \"quoted\" 'x' 🦦 <b>&amp;</b>")


@pytest.fixture(scope="module", params=NAMES, ids=["plain", "markup"])
def logged(request, server, tmp_path_factory, peer):
    """A project and a run of that name, logged by the real client, and the run's id."""
    home = tmp_path_factory.mktemp("client")
    process = begin(peer, home, "everything.py", server.url, f"project {request.param}", request.param)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    run_id = next(line.split()[1] for line in output.splitlines() if line.startswith("id "))
    return f"project {request.param}", request.param, run_id


@pytest.mark.requirement("S3.61")
def test_a_script_for_trackio_logs_into_our_server_with_two_variables_set(server, logged):
    project, name, run_id = logged
    found = server.experiment(project)
    assert (found["name"], found["group"], found["last_step"]) == (name, "a group", 9)
    assert found["client"]["client"]["run_id"] == run_id
    own = found["experiment_id"]
    losses = server.series(own, "loss")
    assert losses == [(i, 1 / (i + 1)) for i in range(5)] + [(9, "NaN")]
    assert server.series(own, "nested/x") == [(i, float(i)) for i in range(5)]
    assert (server.series(own, "up"), server.series(own, "down")) == ([(9, "Infinity")], [(9, "-Infinity")])
    assert [text["values"] for text in server.events(own, "text")] == [{"word": "hi"}] * 5


def test_config_is_kept_without_its_secrets(server, logged):
    config = server.experiment(logged[0])["config"]
    assert (config["lr"], config["nested"], config["_Group"]) == (0.1, {"layers": 2}, "a group")
    assert config["hf_token"] == "***"
    assert config["_Created"].startswith("20")


def test_readings_stand_under_our_names_and_alerts_are_marks(server, logged):
    own = server.experiment(logged[0])["experiment_id"]
    assert [value for _, value in server.series(own, "system/gpu_0_temperature")] == [55.0]
    assert [value for _, value in server.series(own, "system/my/thing")] == [3.0]
    (mark,) = server.events(own, "mark")
    assert (mark["mark"], mark["title"], mark["step"]) == ("alert", "Careful", 9)
    assert mark["data"] == {"text": "the loss <b>", "level": "error"}


def test_its_command_line_reads_what_was_logged(server, logged, trackio):
    project, name, _ = logged
    run = ("--project", project, "--run", name, "--json")
    shown = trackio(
        server,
        ("list", "projects", "--json"),
        ("list", "runs", "--project", project, "--json"),
        ("list", "metrics", *run),
        ("get", "run", *run),
        ("get", "metric", "--metric", "loss", *run),
        ("get", "metric", "--metric", "loss", "--around", "2", "--window", "1", *run),
        ("get", "snapshot", "--step", "2", *run),
        ("list", "system-metrics", *run),
        ("get", "system-metric", *run),
        ("list", "alerts", "--project", project, "--json"),
        ("get", "run", *run[:-1]),
        ("get", "project", "--project", "nobody's project"),
    )
    projects, runs, metrics, summary, losses, around, snapshot, readings, reading, alerts = map(json.loads, shown[:10])
    assert project in projects["projects"]
    assert runs["runs"] == [name]
    assert metrics["metrics"] == ["down", "loss", "nested/x", "up", "word"]
    assert (summary["num_logs"], summary["last_step"], summary["config"]["lr"]) == (6, 9, 0.1)
    assert [(each["step"], each["value"]) for each in losses["values"]] == [
        *((i, 1 / (i + 1)) for i in range(5)), (9, None),
    ]  # fmt: skip
    assert [each["step"] for each in around["values"]] == [1, 2, 3]
    assert {metric: [each["value"] for each in values] for metric, values in snapshot["metrics"].items()} == {
        "loss": [1 / 3], "nested/x": [2.0], "word": ["hi"],
    }  # fmt: skip
    assert readings["system_metrics"] == ["cpu/0/utilization", "gpu/0/temp", "my/thing"]
    assert [(each["gpu/0/temp"], each["my/thing"]) for each in reading["system_metrics"]] == [(55.0, 3.0)]
    (alert,) = alerts["alerts"]
    assert (alert["run"], alert["title"], alert["text"], alert["level"]) == (name, "Careful", "the loss <b>", "error")
    assert f"Run: {name}" in shown[10]
    assert "lr: 0.1" in shown[10]
    assert "0" in shown[11]


def test_a_run_that_is_resumed_goes_on_in_the_same_experiment(server, run, tmp_path):
    first = run("everything.py", server.url, "resumed", "again")
    second = run("resumed.py", server.url, "resumed", "again")
    assert [line for line in first.splitlines() if line.startswith("id ")] == [
        line for line in second.splitlines() if line.startswith("id ")
    ]
    found = server.experiment("resumed")
    assert (found["generation"], found["config"]["lr"], found["last_step"]) == (1, 0.2, 10)
    own = found["experiment_id"]
    assert server.series(own, "loss")[-2:] == [(10, 7.0), (1, 8.0)]
    drawn = server.get(f"/v1/series?experiment={own}&metric=loss")["series"][0]
    assert drawn["values"][1] == 8.0, "of a step trained twice the later value stands"


def test_32_threads_of_1000_calls_all_arrive_once(server, run):
    run("threads.py", server.url, "threads", "32", "1000")
    own = server.experiment("threads")["experiment_id"]
    for thread in range(32):
        assert server.series(own, f"thread/{thread}") == [(thread * 1000 + i, float(i)) for i in range(1000)], (
            f"thread {thread}"
        )


def entry(log_id, step, value, **more):
    return {"project": "batches", "run": "twice", "run_id": "r1", "metrics": {"loss": value}, "step": step,
            "log_id": log_id, **more}  # fmt: skip


def test_a_call_counts_once_in_whatever_batch_it_comes_again(server):
    first, second, third = entry("a", 0, 1.0), entry("b", 1, 2.0), entry("c", 2, 3.0)
    server.call("bulk_log", logs=[first, second])
    server.call("bulk_log", logs=[first, second])
    server.call("bulk_log", logs=[third, second, third, first])
    own = server.experiment("batches")["experiment_id"]
    assert server.series(own, "loss") == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert server.get(f"/v1/experiments/{own}/receipts")["points"] == 3


def test_an_alert_and_a_reading_that_come_twice_count_once(server):
    alert = {"project": "twice", "run": "r", "run_id": "r2", "title": "t", "level": "warn", "alert_id": "x"}
    reading = {"project": "twice", "run": "r", "run_id": "r2", "metrics": {"a": 1.0}, "timestamp": None, "log_id": "y"}
    for _ in range(3):
        server.call("bulk_alert", alerts=[alert])
        server.call("bulk_log_system", logs=[reading])
    own = server.experiment("twice")["experiment_id"]
    assert len(server.events(own, "mark")) == 1
    assert server.series(own, "system/a") == [(0, 1.0)]


def test_calls_without_an_id_are_taken_as_they_come(server):
    for value in (1.0, 2.0):
        server.call("log", "old", "run", {"loss": value}, None, None)
    own = server.experiment("old")["experiment_id"]
    assert server.series(own, "loss") == [(0, 1.0), (1, 2.0)]


def test_what_cannot_be_kept_is_refused_by_name_and_the_rest_is_there(server):
    logs = [
        {"project": "odd", "run": "r", "run_id": "o", "metrics": metrics, "step": step, "log_id": str(number)}
        for number, (metrics, step) in enumerate(
            [({"a": 1}, -1), ({"a": 2}, 1.5), ("no metrics", 1), ({"a": 3, "b": [1, 2], "": 1}, 2), ({"x" * 999: 1}, 3)]
        )
    ]
    server.call("bulk_log", logs=logs)
    own = server.experiment("odd")["experiment_id"]
    assert server.series(own, "a") == [(2, 3.0)]
    reasons = " ".join(each["reason"] for each in server.events(own, "refused"))
    assert "got -1" in reasons
    assert "got 1.5" in reasons
    assert "no metrics" in reasons
    assert "256 characters" in reasons


@pytest.mark.parametrize(
    "body", [b"", b"[", b"[]", b'{"kwargs": 3}', b'{"args": [3]}', b'{"logs": [3]}', b'{"logs": [{"run": "x"}]}', b"3"]
)
def test_a_call_that_cannot_be_right_is_refused_with_a_reason(server, body):
    answer = server.http.post("/api/bulk_log", content=body, headers={"X-Trackio-Write-Token": TOKEN})
    if body == b"[]":
        assert answer.status_code == 400
        assert "'logs' is missing" in answer.json()["error"]
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert answer.json()["detail"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    | st.sampled_from(["NaN", "trackio.image", "trackio.table", "trackio.trace", "fuzz", "exp_fuzz"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["_type", "_value", "file_path", "messages", "bins", "values", "a", ""]), inner,
                      max_size=3),
    max_leaves=8,
)  # fmt: skip
OPTIONAL = "run_id metrics step config log_id timestamp title text level alert_id uploaded_file relative_path"
ENTRY = st.fixed_dictionaries(
    {"project": st.just("fuzz") | JSON, "run": st.just("r") | JSON},
    optional=dict.fromkeys(OPTIONAL.split(), JSON),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["bulk_log", "bulk_log_system", "bulk_alert", "bulk_upload_media"]), entries=st.lists(ENTRY)
)
def test_whatever_is_sent_the_server_answers_and_goes_on(server, name, entries):
    argument = {"bulk_alert": "alerts", "bulk_upload_media": "uploads"}.get(name, "logs")
    body = json.dumps({"kwargs": {argument: entries}})
    answer = server.http.post(f"/api/{name}", content=body, headers={"X-Trackio-Write-Token": TOKEN})
    assert answer.status_code in (200, 400), answer.text
    asked = server.http.post("/api/get_logs", json={"args": ["fuzz", "r"]}, headers={"X-Trackio-Write-Token": TOKEN})
    assert asked.status_code == 200, asked.text


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(READS)), args=st.lists(st.sampled_from(["fuzz", "r", "loss"]) | JSON, max_size=9))
def test_whatever_is_asked_the_server_answers(server, name, args):
    headers = {"X-Trackio-Write-Token": TOKEN}
    answer = server.http.post(f"/api/{name}", content=json.dumps({"args": args}), headers=headers)
    assert answer.status_code in (200, 400), answer.text


def test_without_the_token_nothing_is_written_and_nothing_read(server):
    for token in ("", "wrong"):
        for name in ("bulk_log", "get_all_projects", "delete_run"):
            with pytest.raises(httpx.HTTPStatusError) as refused:
                server.call(name, logs=[], token=token)
            assert refused.value.response.status_code == 401


def test_a_run_is_renamed_and_deleted(server):
    server.call("bulk_log", logs=[{**entry("z", 0, 1.0), "project": "edited", "run": "before"}])
    assert server.call("rename_run", "edited", "before", "after 🦦") is True
    assert [each["name"] for each in server.call("get_runs_for_project", "edited")] == ["after 🦦"]
    own = server.experiment("edited")["experiment_id"]
    assert server.call("delete_run", "edited", "after 🦦") is True
    assert server.call("get_runs_for_project", "edited") == []
    assert server.call("delete_run", "edited", "after 🦦") is False
    # It lies in the bin as whatever the page deletes: nobody reads it by its id, and it comes back.
    assert server.call("get_metrics_for_run", "edited", run_id=own) == []
    assert [each["experiment_id"] for each in server.get("/v1/bin")["experiments"]] == [own]
    headers = {"X-Trackio-Token": TOKEN}
    server.http.post("/v1/bin/restore", headers=headers, json={"experiments": [own]}).raise_for_status()
    assert [each["name"] for each in server.call("get_runs_for_project", "edited")] == ["after 🦦"]


def test_any_experiment_of_ours_is_a_run_to_trackios_client(server, trackio, run, tmp_path):
    with trackio_client.init(
        project="ours", name="by us", trackio_url=server.url, trackio_token=TOKEN, quiet=True, capture_console=False,
        directory=tmp_path,
    ) as experiment:  # fmt: skip
        experiment.log({"loss": math.inf, "train/acc": 0.5}, step=3)
    (shown,) = trackio(server, ("get", "run", "--project", "ours", "--run", "by us", "--json"))
    summary = json.loads(shown)
    assert (summary["metrics"], summary["last_step"]) == (["loss", "train/acc"], 3)
    (known,) = server.call("get_runs_for_project", "ours")
    assert known["id"] == str(experiment)
    assert server.experiment("ours")["state"] == "finished"
    run("resumed.py", server.url, "ours", "by us")
    found = server.experiment("ours")
    assert (found["experiment_id"], found["generation"], found["state"]) == (str(experiment), 1, "running")
    assert server.series(str(experiment), "loss") == [(3, "Infinity"), (4, 7.0), (1, 8.0)]
