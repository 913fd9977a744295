"""Who may what: the gate stands before every route, closed unless something opens it."""

from __future__ import annotations

import gc

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from space.api.roles import Role, is_link, wanted
from space.server import make_app, open_the_store
from space.settings import SpaceSettings, settings_from
from tests.space.addresses import every_address
from trackio_client.errors import UsageError

# Gradio leaves event loops and sockets to the garbage collector when its pages are built.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

TOKEN = "a-token-of-the-test"
WITH = {"X-Trackio-Token": TOKEN}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The whole application with Gradio's pages, behind a token."""
    settings = SpaceSettings(directory=tmp_path_factory.mktemp("gate"), token=TOKEN)
    store = open_the_store(settings)
    app = make_app(settings, store)
    gc.collect()
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client
    store.close()
    del app, client
    gc.collect()  # what Gradio left behind is told here and not in whatever test comes next


@pytest.mark.requirement("S1.71")
def test_no_route_answers_without_the_token(whole):
    addresses = every_address(whole.app)
    paths = {path for _, path in addresses}
    assert {"/v1/series", "/config", "/gradio_api/info", "/v1/tokens"} <= {p.replace(":path", "") for p in paths}, paths
    for method, path in addresses:
        concrete = path.replace("{", "").replace("}", "").replace(":path", "")
        if is_link(concrete) or wanted("http", method, concrete) is Role.NOBODY:
            continue
        answer = whole.request(method, concrete, follow_redirects=False)
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert answer.headers["x-trackio"] == "1"


def test_a_web_socket_without_the_token_is_closed_before_anything_hears_of_it(whole):
    for path in ("/gradio_api/queue/join", "/queue/join", "/v1/live", "/"):
        with pytest.raises(WebSocketDisconnect) as closed, whole.websocket_connect(path):
            pass
        assert closed.value.code == 4401, path
        with pytest.raises(WebSocketDisconnect) as other, whole.websocket_connect(path, headers=WITH):
            pass  # the server has no web sockets: Gradio's queue speaks plain HTTP
        assert other.value.code not in (4401, 4403), path


def test_gradios_queue_takes_and_answers_only_who_has_the_token(whole):
    event = {"data": [], "fn_index": 0, "session_hash": "s1"}
    for headers in ({}, {"X-Trackio-Token": "wrong"}, {"Cookie": "trackio_session=1.0"}):
        assert whole.post("/gradio_api/queue/join", json=event, headers=headers).status_code == 401
        assert whole.get("/gradio_api/queue/data?session_hash=s1", headers=headers).status_code == 401
        assert whole.post("/gradio_api/call/ask", json={"data": []}, headers=headers).status_code == 401
    assert whole.post("/gradio_api/queue/join", json=event, headers=WITH).status_code not in (401, 403)


def test_with_the_token_the_same_routes_answer(whole):
    for path in ("/", "/config", "/v1/projects", "/gradio_api/info", "/lib/boot.js", "/v1/openapi.json"):
        assert whole.get(path, headers=WITH).status_code == 200, path


def test_a_browser_gets_a_form_then_a_cookie_and_the_page(whole):
    page = whole.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, "form" in page.text) == (401, True)
    assert whole.post("/v1/session", headers={"X-Trackio-Token": "wrong"}).status_code == 401
    logged_in = whole.post("/v1/session", headers=WITH)
    cookie = logged_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    assert whole.get("/", headers={"Accept": "text/html"}).status_code == 200
    assert whole.get("/v1/projects").status_code == 200
    whole.delete("/v1/session")
    assert whole.get("/v1/projects").status_code == 401


def test_on_the_hub_the_cookie_travels_in_its_frame(make_api):
    api = make_api("https://otter-space.hf.space", token=TOKEN, on_space=True)
    cookie = api.client.post("/v1/session", headers=WITH).headers["set-cookie"]
    assert "SameSite=none; Secure; Partitioned" in cookie


def test_another_sites_page_cannot_use_the_cookie(make_api, a_batch):
    api = make_api(token=TOKEN)
    api.client.post("/v1/session", headers=WITH)
    assert api.client.delete("/v1/experiments/none").status_code == 404
    for origin in ("https://elsewhere.example", "null"):
        assert api.client.delete("/v1/experiments/none", headers={"Origin": origin}).status_code == 401
    assert api.client.delete("/v1/experiments/none", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 401
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert api.client.delete("/v1/experiments/none", headers=own).status_code == 404


def test_a_public_server_is_read_by_all_and_written_with_the_token(make_api, a_batch):
    api = make_api(token=TOKEN, public=True)
    assert api.get("/v1/projects").status_code == 200
    refused = api.send(a_batch())
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "forbidden")
    assert api.send(a_batch(), **WITH).status_code == 200
    assert api.client.post("/v1/series", json={"experiment": "exp_a", "metric": "lr"}).status_code == 200
    assert api.get("/v1/projects", **{"X-Trackio-Token": "wrong"}).status_code == 401


def test_without_a_token_only_this_machines_names_are_answered(make_api, a_batch):
    api = make_api()
    for host in ("127.0.0.1:7860", "localhost:7860", "[::1]:7860", "space.localhost"):
        assert api.get("/v1/projects", Host=host).status_code == 200, host
    for host in ("rebound.example", "127.0.0.1.rebound.example", "localhost.rebound.example"):
        assert api.get("/v1/projects", Host=host).status_code == 403, host
    assert make_api(hosts=("lab",)).get("/v1/projects", Host="lab:7860").status_code == 200


def test_without_a_token_another_sites_page_can_neither_read_nor_write(make_api, a_batch):
    api = make_api()
    away = {"Origin": "https://elsewhere.example"}
    assert api.send(a_batch(), **away).status_code == 403
    assert api.get("/v1/projects", **away).status_code == 401
    assert api.get("/v1/writers/w1").json()["accepted"] == []


def test_a_forged_or_old_session_is_none(make_api):
    api = make_api(token=TOKEN)
    for value in ("", "1.", "9999999999." + "0" * 64, "x.y", "٣.1", "1." + "é"):
        header = f"trackio_session={value}".encode()
        assert api.client.get("/v1/projects", headers=[(b"cookie", header)]).status_code == 401


def test_health_tells_a_stranger_only_that_it_lives(make_api):
    api = make_api(token=TOKEN)
    assert set(api.get("/v1/health").json()) == {"status", "version"}
    assert api.get("/v1/health", **WITH).json()["disk"] == "persistent"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])
def test_a_server_open_to_the_network_needs_a_token(host, tmp_path):
    environ = {"GRADIO_SERVER_NAME": host, "TRACKIO_DIR": str(tmp_path)}
    with pytest.raises(UsageError, match="export TRACKIO_WRITE_TOKEN="):
        settings_from(environ)
    assert settings_from({**environ, "TRACKIO_WRITE_TOKEN": "t"}).token == "t"


def test_on_a_space_the_disk_is_ephemeral_and_the_address_open(tmp_path):
    settings = settings_from({"SPACE_ID": "me/it", "TRACKIO_WRITE_TOKEN": "t", "TRACKIO_DIR": str(tmp_path)})
    assert (settings.host, settings.port, settings.persistent) == ("0.0.0.0", 7860, False)


def test_who_may_not_open_a_page_is_told_so_in_words(make_api):
    api = make_api(token=TOKEN, public=True)
    refused = api.get("/configuration-of-tomorrow", Accept="text/html")
    assert (refused.status_code, refused.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert "this is for owners" in refused.text
    local = make_api().get("/", Host="<b>evil</b>", Accept="text/html")
    assert (local.status_code, "<b>" in local.text) == (403, False)
