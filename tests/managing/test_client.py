"""`TrackioAPIClient` against a Space's API: data come back, failures raise, and what is sent twice counts once."""

from __future__ import annotations

import httpx
import pytest
from starlette.testclient import TestClient

import trackio_client
from space.server import make_app, open_the_store
from space.settings import SpaceSettings
from trackio_client import TrackioAPIClient, create_trackio_client
from trackio_client.errors import ExperimentNotFound, Unauthorized, Unavailable, UsageError

ADDRESS = "http://127.0.0.1:7860"
OWNER = "token-of-the-owner"


@pytest.fixture
def space(tmp_path):
    """A Space without pages, whose answers can be lost on their way."""
    settings = SpaceSettings(directory=tmp_path, token=OWNER)
    store = open_the_store(settings)
    with TestClient(make_app(settings, store, pages=False), base_url=ADDRESS) as client:
        yield client
    store.close()


class Line(httpx.BaseTransport):
    """To the Space; the next `lost` answers to what is sent are lost after the Space has taken it."""

    def __init__(self, space):
        self.space, self.lost = space, 0

    def handle_request(self, request):
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        answer = self.space.request(request.method, str(request.url), headers=headers, content=request.read())
        if self.lost and request.method == "POST":
            self.lost -= 1
            raise httpx.ReadError("the line went dead")
        return httpx.Response(answer.status_code, headers={"X-Trackio": "1"}, content=answer.content)


@pytest.fixture
def connect(space):
    made = []

    def connect(token=OWNER):
        line = Line(space)
        client = TrackioAPIClient(ADDRESS, token=token, sleep=lambda seconds: None)
        client._source._client = httpx.Client(
            base_url=ADDRESS, transport=line, headers={"X-Trackio-Token": token} if token else {}
        )
        made.append(client)
        return client, line

    yield connect
    for client in made:
        client.close()


@pytest.mark.requirement("S1.82")
def test_all_calls_give_data(connect):
    client, _ = connect()
    own = client.create_experiment("first", "a try")["id"]
    other = client.create_experiment("second", project="elsewhere")["id"]
    assert client.log_metrics(own, {"loss": 0.5}, step=3)["step"] == 3
    assert client.log_metrics(own, {"loss": float("nan")})["step"] == 4
    assert client.log_parameters(own, {"lr": 0.1}) == {"experiment_id": own, "parameters": {"lr": 0.1}}
    assert client.get_experiment_details(own)["parameters"] == {"lr": 0.1}
    assert [one["name"] for one in client.list_experiments()] == ["second", "first"]
    assert client.update_experiment_status(own, "completed")["status"] == "completed"
    assert client.simulate_training_data(other)["points_count"] == 300
    found = client.get_training_metrics(own)["metrics"]["loss"]
    assert found["steps"] == [3, 4]
    assert found["values"][0] == 0.5
    assert found["values"][1] != found["values"][1]
    assert client.create_metrics_plot(own)["data"][0]["y"] == [0.5, None]
    assert client.create_experiment_comparison([own, other])["metrics"]["loss"].keys() == {own, other}
    assert client.test_connection()["may_log"] is True
    info = client.get_space_info()
    assert (info["experiments"], sorted(info["projects"])) == (2, ["elsewhere", "experiments"])
    assert client.create_demo_experiment()["demo"] is True


@pytest.mark.requirement("S1.82")
def test_failures_raise(connect):
    client, _ = connect()
    with pytest.raises(ExperimentNotFound, match="exp_nope"):
        client.log_metrics("exp_nope", {"loss": 1})
    own = client.create_experiment("one")["id"]
    with pytest.raises(UsageError, match="running, completed, failed, paused"):
        client.update_experiment_status(own, "done")
    with pytest.raises(UsageError, match="must be a number"):
        client.log_metrics(own, {"loss": "low"})
    for token in (None, "wrong"):
        stranger, _ = connect(token)
        with pytest.raises(Unauthorized):
            stranger.create_experiment("mine")
        with pytest.raises(Unauthorized):
            stranger.list_experiments()


@pytest.mark.requirement("S1.82")
def test_an_answer_that_is_lost_makes_nothing_count_twice(connect):
    client, line = connect()
    line.lost = 1
    own = client.create_experiment("once")["id"]
    line.lost = 3
    client.log_metrics(own, {"loss": 1.0}, 0)
    client.log_metrics(own, {"loss": 2.0}, 1)
    assert len(client.list_experiments()) == 1
    assert client.get_training_metrics(own)["metrics"]["loss"]["points"] == 2
    line.lost = 99
    with pytest.raises(Unavailable):
        client.log_metrics(own, {"loss": 3.0}, 2)
    line.lost = 0
    client.log_metrics(own, {"loss": 4.0}, 3)
    assert client.get_training_metrics(own)["metrics"]["loss"]["steps"] == [0, 1, 2, 3]


@pytest.mark.requirement("S1.8", "S1.82")
def test_the_space_is_the_one_given_else_the_one_of_the_environment(monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_SPACE_ID", "HF_USERNAME", "TRACKIO_SPACE_NAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="no Space is named"):
        create_trackio_client()
    monkeypatch.setenv("TRACKIO_URL", ADDRESS)
    with create_trackio_client() as client:
        assert client.space_url == ADDRESS
    with TrackioAPIClient("my-org/my-space") as client:  # dashes stay dashes (B25)
        assert client.space_url == "https://my-org-my-space.hf.space"
    assert trackio_client.TrackioAPIClient is TrackioAPIClient
