"""The named endpoints by the real `gradio_client` over the network: data, errors, roles, and nothing else in public."""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import threading

import httpx
import pytest
import uvicorn
from gradio_client import Client
from gradio_client.exceptions import AppError

from space.api.named import NAMES, OWNERS, READS, WRITES
from space.server import listen, make_app, open_the_store
from space.settings import SpaceSettings
from space.ui.endpoints import Endpoints
from trackio_client.managing.client import TrackioAPIClient

# Gradio leaves event loops and sockets to the garbage collector when its pages are built.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

OWNER = "a-token-of-the-test"
SIGNATURES = {
    "create_experiment_interface": ["name", "description"],
    "log_metrics_interface": ["experiment_id", "metrics_json", "step"],
    "log_parameters_interface": ["experiment_id", "parameters_json"],
    "get_experiment_details": ["experiment_id"],
    "list_experiments_interface": [],
    "update_experiment_status_interface": ["experiment_id", "status"],
    "create_metrics_plot": ["experiment_id", "metric_name"],
    "create_experiment_comparison": ["experiment_ids"],
    "simulate_training_data": ["experiment_id"],
    "create_demo_experiment": [],
    "update_trackio_config": ["hf_token", "dataset_repo"],
    "test_dataset_connection": ["hf_token", "dataset_repo"],
    "create_dataset_repository": ["hf_token", "dataset_repo"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A whole Space with a token, on a port of its own: its address."""
    settings = SpaceSettings(directory=tmp_path_factory.mktemp("named"), token=OWNER, port=0)
    store = open_the_store(settings)
    app = make_app(settings, store)
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    with listen(settings) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{port}"
        running.should_exit = True
        thread.join()
    store.close()
    del app, running
    gc.collect()


def headers(token):
    return {"X-Trackio-Token": token} if token else {}


@pytest.fixture(scope="module")
def tokens(server):
    """By role."""
    made = {"owner": OWNER}
    for role in ("viewer", "writer"):
        answer = httpx.post(
            f"{server}/v1/tokens",
            json={"role": role, "name": role},
            headers=headers(OWNER),
            trust_env=False,
            timeout=60,
        )
        made[role] = answer.json()["token"]
    return made


@pytest.fixture(scope="module")
def connect(server, tokens):
    """A gradio_client of a role; one each."""
    made = {}

    def connect(role):
        if role not in made:
            made[role] = Client(server, headers=headers(tokens[role]), verbose=False, analytics_enabled=False)
        return made[role]

    yield connect
    for client in made.values():
        client.close()


@pytest.mark.requirement("S1.81")
def test_the_public_names_are_these_with_these_arguments_and_nothing_else(server):
    found = httpx.get(f"{server}/gradio_api/info", headers=headers(OWNER), trust_env=False, timeout=60).json()
    told = {
        name: [one["parameter_name"] for one in about["parameters"]] for name, about in found["named_endpoints"].items()
    }
    assert told == {f"/{name}": arguments for name, arguments in SIGNATURES.items()}
    assert found["unnamed_endpoints"] == {}
    assert set(SIGNATURES) == NAMES
    for page in ("", "/manage", "/configuration"):
        listeners = httpx.get(f"{server}{page}/config", headers=headers(OWNER), trust_env=False, timeout=60).json()[
            "dependencies"
        ]
        public = {one["api_name"] for one in listeners if one["api_visibility"] != "private"}
        assert public == (set() if page else set(NAMES)), page
        info = httpx.get(f"{server}{page}/gradio_api/info", headers=headers(OWNER), trust_env=False, timeout=60).json()
        assert page == "" or info["named_endpoints"] == {}


@pytest.mark.requirement("S1.81")
def test_a_script_that_calls_by_name_gets_data(connect):
    client = connect("writer")
    made = client.predict("first", "a try", api_name="/create_experiment_interface")
    own = made["id"]
    assert (made["name"], made["status"]) == ("first", "running")
    logged = client.predict(own, '{"loss": 0.5, "gone": NaN}', "10", api_name="/log_metrics_interface")
    assert logged == {"experiment_id": own, "step": 10, "metrics": {"loss": 0.5, "gone": "NaN"}}
    assert client.predict(own, '{"loss": 0.25}', api_name="/log_metrics_interface")["step"] == 11
    client.predict(own, '{"lr": 0.1}', api_name="/log_parameters_interface")
    assert client.predict(own, "paused", api_name="/update_experiment_status_interface")["status"] == "paused"
    found = client.predict(experiment_id=own, api_name="/get_experiment_details")
    assert (found["description"], found["parameters"], found["status"]) == ("a try", {"lr": 0.1}, "paused")
    demo = client.predict(api_name="/create_demo_experiment")
    empty = client.predict("empty", "", api_name="/create_experiment_interface")["id"]
    assert client.predict(empty, api_name="/simulate_training_data")["demo"] is True
    plot = client.predict(own, "loss", api_name="/create_metrics_plot")
    assert (plot["data"][0]["x"], plot["data"][0]["y"]) == ([10, 11], [0.5, 0.25])
    both = client.predict(f"{demo['id']}, {empty}", api_name="/create_experiment_comparison")
    assert len(both["figure"]["data"]) == 10
    listed = client.predict(api_name="/list_experiments_interface")
    assert {one["id"] for one in listed} >= {own, demo["id"], empty}


@pytest.mark.requirement("S1.65", "S1.81")
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("log_metrics_interface", ("exp_nope", '{"loss": 1}', ""), "no experiment 'exp_nope'"),
        ("log_metrics_interface", ("exp_nope", "{'loss': 1}", ""), "no JSON at column 2"),
        ("update_experiment_status_interface", ("exp_nope", "failed"), "no experiment 'exp_nope'"),
        ("update_experiment_status_interface", ("exp_nope", "done"), "running, completed, failed, paused"),
        ("create_experiment_interface", ("  ", ""), "must not be empty"),
        ("create_experiment_comparison", ("a, zzz",), "no experiment 'a'"),
        ("create_metrics_plot", ("<b>", "loss"), "<b>"),
    ],
)
def test_a_failure_is_an_error_and_never_a_text_inside_a_success(connect, name, arguments, said):
    with pytest.raises(AppError) as error:
        connect("writer").predict(*arguments, api_name=f"/{name}")
    assert said in str(error.value)


def calls_of(server, name, token):
    """(status by its own address, text of the error by the queue or None) of a call with senseless arguments."""
    data = ["x"] * len(SIGNATURES[name])
    direct = httpx.post(
        f"{server}/gradio_api/call/{name}", json={"data": data}, headers=headers(token), trust_env=False, timeout=60
    ).status_code
    config = httpx.get(f"{server}/config", headers=headers(token), trust_env=False, timeout=60).json()
    index = next(one["id"] for one in config["dependencies"] if one["api_name"] == name)
    session = f"{name}-{token[-6:]}"
    join = {"data": data, "fn_index": index, "session_hash": session}
    httpx.post(
        f"{server}/gradio_api/queue/join", json=join, headers=headers(token), trust_env=False, timeout=60
    ).raise_for_status()
    with httpx.stream(
        "GET", f"{server}/gradio_api/queue/data?session_hash={session}", headers=headers(token), timeout=60,
        trust_env=False,
    ) as stream:  # fmt: skip
        for line in stream.iter_lines():
            if line.startswith("data:") and (said := json.loads(line[5:]))["msg"] == "process_completed":
                return direct, (said["output"] or {}).get("error")
    raise AssertionError("the queue gave no answer")


def test_each_name_asks_for_its_role_by_its_own_address_and_by_the_queue(server, tokens):
    before = httpx.get(f"{server}/v1/projects", headers=headers(OWNER), trust_env=False, timeout=60).json()["projects"]
    counts = {one["project"]: one["experiments"] for one in before}
    for name in sorted(WRITES | OWNERS):
        direct, queued = calls_of(server, name, tokens["viewer"])
        assert direct == 403, name
        assert "Reading is open here" in queued or "for owners" in queued, (name, queued)
    for name in sorted(OWNERS):
        direct, queued = calls_of(server, name, tokens["writer"])
        assert (direct, "for owners" in queued) == (403, True), (name, queued)
    after = httpx.get(f"{server}/v1/projects", headers=headers(OWNER), trust_env=False, timeout=60).json()["projects"]
    assert {one["project"]: one["experiments"] for one in after} == counts


def test_without_a_token_nothing_is_reached(server):
    for path in ("/config", "/gradio_api/info", "/manage/config", "/manage/"):
        assert httpx.get(server + path, trust_env=False, timeout=60).status_code == 401, path
    for name in sorted(NAMES):
        answer = httpx.post(f"{server}/gradio_api/call/{name}", json={"data": []}, trust_env=False, timeout=60)
        assert answer.status_code == 401, name
    for prefix in ("", "/manage"):
        answer = httpx.post(
            f"{server}{prefix}/gradio_api/queue/join", json={"fn_index": 0}, trust_env=False, timeout=60
        )
        assert answer.status_code == 401
    with pytest.raises(Exception, match=r"credentials|401|log"):
        Client(server, verbose=False, analytics_enabled=False)


@pytest.mark.requirement("S1.8", "S1.79")
def test_what_an_owner_types_holds_for_their_own_session(server, connect):
    mine = connect("owner")
    said = mine.predict("hf_typed_here", "me/mine", api_name="/update_trackio_config")
    assert said == {"dataset_repo": "me/mine", "hf_token": "set, 13 characters", "holds_for": "this session"}
    other = Client(server, headers=headers(OWNER), verbose=False, analytics_enabled=False)
    with contextlib.closing(other), pytest.raises(AppError, match="No dataset is set"):
        other.predict("", "", api_name="/test_dataset_connection")
    with pytest.raises(AppError, match="2 slashes"):
        mine.predict("", "a/b/c", api_name="/update_trackio_config")


@pytest.mark.requirement("S1.82")
def test_the_client_class_and_the_names_tell_the_same(server, connect):
    made = connect("writer").predict("shared", "by name", api_name="/create_experiment_interface")["id"]
    with TrackioAPIClient(server, token=OWNER) as client:
        client.log_metrics(made, {"loss": 1.5}, 7)
        by_class = client.get_experiment_details(made)
        assert client.test_connection()["role"] == "owner"
    by_name = connect("viewer").predict(made, api_name="/get_experiment_details")
    assert by_class == by_name


def test_every_name_has_a_role_and_says_what_it_does():
    assert set(SIGNATURES) == READS | WRITES | OWNERS
    assert READS.isdisjoint(WRITES | OWNERS)
    assert WRITES.isdisjoint(OWNERS)
    for name, arguments in SIGNATURES.items():
        function = getattr(Endpoints, name)
        assert function.__doc__
        assert list(inspect.signature(function).parameters)[2:] == arguments
