"""Every route of the running app, Gradio's too, with every kind of asker: who gets through, written out by hand."""

from __future__ import annotations

import gc

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from space.api import named
from space.api.access import Access
from space.api.gate import Gate
from space.api.roles import Role
from space.api.tokens import Kind
from space.api.trackio import names as trackio
from space.server import make_app, open_the_store
from space.settings import HubSettings, SpaceSettings
from tests.space.addresses import every_address

# Gradio leaves event loops and sockets to the garbage collector when its pages are built.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

OWNER = "a-token-of-the-test"
ON_A_SPACE = HubSettings(space_id="me/otter", author="me", client_id="client", client_secret="secret")

NOBODY_MAY = {
    "GET /v1/session", "POST /v1/session", "DELETE /v1/session", "GET /v1/health", "GET /robots.txt",
    "GET /favicon.ico", "GET /lib/{path}", "GET /oauth/login", "GET /oauth/callback", "GET /version", "HEAD /version",
}  # fmt: skip
LINKS_MAY = {
    *(f"{method} {path}" for method in ("GET", "HEAD") for path in (
        "/s/{token}", "/s/{token}/preview.png", "/embed/{token}",
    )),
    "GET /s/{token}/v1/experiments", "GET /s/{token}/v1/experiments/{experiment_id}",
    "GET /s/{token}/v1/experiments/{experiment_id}/summary", "GET /s/{token}/v1/experiments/{experiment_id}/index",
    "GET /s/{token}/v1/experiments/{experiment_id}/index/{writer_id}/{seq}",
    "GET /s/{token}/v1/experiments/{experiment_id}/events", "GET /s/{token}/v1/metrics",
    "GET /s/{token}/v1/series", "POST /s/{token}/v1/series",
    "GET /s/{token}/v1/holds", "POST /s/{token}/v1/media", "POST /s/{token}/v1/contents",
    "GET /s/{token}/v1/artifacts", "GET /s/{token}/v1/artifacts/{digest}",
    "GET /s/{token}/v1/blobs/{sha256}", "HEAD /s/{token}/v1/blobs/{sha256}",
}  # fmt: skip
WRITERS_MAY = {
    "POST /v1/writers/{writer_id}/events", "POST /v1/push", "PATCH /v1/experiments/{experiment_id}", "POST /api/upload",
    "POST /v1/blobs", "PUT /v1/blobs/{sha256}", "POST /v1/edits", "GET /v1/bin",
    "POST /v1/projects/{project}/views", "PATCH /v1/projects/{project}/views/{view_id}",
    "DELETE /v1/projects/{project}/views/{view_id}",
}  # fmt: skip
VIEWERS_MAY = {
    *(f"GET /v1/{path}" for path in (
        "projects", "projects/{project}/views", "cells", "alerts",
        "experiments", "experiments/{experiment_id}", "experiments/{experiment_id}/events",
        "artifacts", "artifacts/{wanted}", "experiments/{experiment_id}/artifacts",
        "experiments/{experiment_id}/lineage",
        "experiments/{experiment_id}/summary", "experiments/{experiment_id}/receipts",
        "experiments/{experiment_id}/replaced",
        "experiments/{experiment_id}/snapshot.html", "snapshot.html", "metrics", "series", "compare",
        "importance", "groups", "groups/curves",
        "experiments/{experiment_id}/index", "experiments/{experiment_id}/index/{writer_id}/{seq}",
        "sync", "writers/{writer_id}", "openapi.json",
    )),
    "POST /v1/series", "POST /v1/importance", "POST /v1/groups", "POST /v1/groups/curves",
    "POST /v1/media", "POST /v1/contents",
    "HEAD /v1/openapi.json", "GET /v1/blobs/{sha256}", "HEAD /v1/blobs/{sha256}",
    "GET /", "HEAD /", "GET /config", "GET /config/", "GET /theme.css", "GET /manifest.json", "GET /openapi.json",
    "HEAD /openapi.json", "GET /assets/{path}", "GET /static/{path}", "GET /svelte/{path}", "GET /pwa_icon",
    "GET /pwa_icon/{size}",
    *(f"GET /gradio_api/{path}" for path in (
        "app_id", "app_id/", "call/v2/{api_name}/{event_id}", "call/{api_name}/{event_id}", "heartbeat/{session_hash}",
        "custom_component/{id}/{environment}/{type}/{file_name}", "info", "info/", "login_check", "login_check/",
        "openapi.json", "queue/data", "queue/status", "startup-events", "theme.css", "token", "token/", "user", "user/",
    )),
    *(f"POST /gradio_api/{path}" for path in (
        "api/{api_name}", "api/{api_name}/", "run/{api_name}", "run/{api_name}/", "call/{api_name}", "call/{api_name}/",
        "call/v2/{api_name}", "call/v2/{api_name}/", "queue/join", "component_server", "component_server/", "reset",
        "reset/", "cancel",
    )),
    # The Manage page shows viewers what there is; its functions ask for the role that they need.
    "GET /manage", "GET /manage/", "HEAD /manage/", "GET /manage/config", "GET /manage/config/",
    "GET /manage/theme.css", "GET /manage/manifest.json", "GET /manage/assets/{path}", "GET /manage/static/{path}",
    "GET /manage/svelte/{path}",
    *(f"GET /manage/gradio_api/{path}" for path in (
        "app_id", "app_id/", "heartbeat/{session_hash}", "info", "info/", "login_check", "login_check/", "queue/data",
        "queue/status", "startup-events", "theme.css", "token", "token/", "user", "user/",
    )),
    *(f"POST /manage/gradio_api/{path}" for path in ("cancel", "queue/join", "reset", "reset/")),
    # Trackio's calls: names that are none of them go on to Gradio. The names have a test of their own.
    "POST /gradio_api/call/{name}", "GET /gradio_api/call/{name}/{event_id}", "HEAD /gradio_api/call/{name}/{event_id}",
    "GET /artifact_blob/{project}/{digest}", "HEAD /artifact_blob/{project}/{digest}",
}  # fmt: skip
"""All else is for owners, what a later version of Gradio or of ours adds too."""


@pytest.fixture(scope="module", autouse=True)
def one_loop():
    """All requests in one event loop: a client that is not entered makes a thread and a loop for each of thousands."""
    with pytest.MonkeyPatch.context() as patch, start_blocking_portal() as portal:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    """(method, path) of every route of a whole Space."""
    settings = SpaceSettings(directory=tmp_path_factory.mktemp("walk"), token=OWNER, on_space=True, hub=ON_A_SPACE)
    store = open_the_store(settings)
    app = make_app(settings, store)
    gc.collect()
    yield [(method, path.replace(":path", "")) for method, path in every_address(app)]
    app.state.access.close()
    store.close()
    del app
    gc.collect()  # what Gradio left behind is told here and not in whatever test comes next


class Asked:
    """A gate before an application that says that it was reached, and askers of every kind."""

    def __init__(self, tmp_path, *, public=False):
        async def reached(scope, receive, send):
            if scope["type"] == "http":
                await PlainTextResponse("reached")(scope, receive, send)
                return
            await receive()
            await send({"type": "websocket.accept"})

        self.access = access = Access(None, secret=OWNER)
        settings = SpaceSettings(directory=tmp_path, token=OWNER, public=public, hub=ON_A_SPACE)
        gate = Gate(reached, settings=settings, access=access)
        self.client = TestClient(gate, base_url="http://127.0.0.1")
        self.link = access.add(Kind.SHARE, "a link", experiments=["exp_a"])[1]
        viewer, writer = (access.add(kind, "of the test") for kind in (Kind.VIEWER, Kind.WRITER))
        owners = f"trackio_session={gate.sessions.make(Role.OWNER, 'owner')}"
        writers = f"trackio_session={gate.sessions.make(Role.WRITER, f'token:{writer[0].id}')}"
        self.headers = {
            "nobody": {},
            "link": {"X-Trackio-Token": self.link},
            "hub token": {"Authorization": "Bearer hf_something"},
            "viewer": {"X-Trackio-Token": viewer[1]},
            "viewer, Hub": {"Cookie": f"trackio_session={gate.sessions.make(Role.VIEWER, 'hub:otter')}"},
            "writer": {"X-Trackio-Token": writer[1]},
            "writer, bearer": {"Authorization": f"Bearer {writer[1]}"},
            "writer, cookie": {"Cookie": writers},
            "owner": {"X-Trackio-Token": OWNER},
            "owner, cookie": {"Cookie": owners},
            "owner, abroad": {"Cookie": owners, "Origin": "https://elsewhere.example"},
        }

    def who_reaches(self, method, path):
        answers = {who: self.client.request(method, path, headers=h) for who, h in self.headers.items()}
        assert {a.status_code for a in answers.values()} <= {200, 401, 403, 404}, (method, path, answers)
        assert all(a.headers["x-trackio"] == "1" for a in answers.values())
        return {who for who, answer in answers.items() if answer.status_code == 200}


OWNERS = {"owner", "owner, cookie"}
WRITERS = OWNERS | {"writer", "writer, bearer", "writer, cookie"}
VIEWERS = WRITERS | {"viewer", "viewer, Hub"}
EVERYBODY = VIEWERS | {"nobody", "link", "hub token", "owner, abroad"}


def concrete(path, link=""):
    return path.replace("{token}", link).replace("{", "").replace("}", "")


@pytest.mark.requirement("S1.71")
@pytest.mark.parametrize("public", [False, True])
def test_each_route_is_for_whom_it_is(addresses, tmp_path, public):
    asked = Asked(tmp_path, public=public)
    # A link opens its own addresses and shows nothing at others: there it counts as no token at all, or as a wrong one.
    readers = (EVERYBODY - {"link"}) if public else VIEWERS
    seen = set()
    for method, path in addresses:
        key = f"{method} {path}"
        if key in LINKS_MAY:
            assert asked.who_reaches(method, concrete(path, asked.link)) == EVERYBODY, key
            assert asked.who_reaches(method, concrete(path, asked.link[:-1] + "~")) == set(), key
        elif key in NOBODY_MAY:
            assert asked.who_reaches(method, concrete(path)) >= EVERYBODY - {"link"}, key
        else:
            least = readers if key in VIEWERS_MAY else WRITERS if key in WRITERS_MAY else OWNERS
            expected = set() if path.startswith(("/s/", "/embed/")) else least
            assert asked.who_reaches(method, concrete(path, asked.link)) == expected, key
        seen.add(key)
    assert len(seen) > 90
    assert (NOBODY_MAY | LINKS_MAY | WRITERS_MAY | VIEWERS_MAY) - seen == set(), "in the table, but no route"


@pytest.mark.parametrize("public", [False, True])
def test_each_call_of_trackios_clients_is_for_whom_it_is(tmp_path, public):
    asked = Asked(tmp_path, public=public)
    readers = (EVERYBODY - {"link"}) if public else VIEWERS
    for names, who in ((trackio.READS, readers), (trackio.WRITES, WRITERS), (trackio.OWNERS, OWNERS)):
        for name in names:
            for prefix in ("/api/", "/gradio_api/call/"):
                assert asked.who_reaches("POST", prefix + name) == who, prefix + name
    assert asked.who_reaches("POST", "/api/bulk_logs") == OWNERS
    assert asked.who_reaches("POST", "/api/bulk_log/x") == OWNERS


@pytest.mark.requirement("S1.81")
@pytest.mark.parametrize("public", [False, True])
def test_each_named_endpoint_is_for_whom_it_is(tmp_path, public):
    asked = Asked(tmp_path, public=public)
    readers = (EVERYBODY - {"link"}) if public else VIEWERS
    for names, who in ((named.READS, readers), (named.WRITES, WRITERS), (named.OWNERS, OWNERS)):
        for name in names:
            for prefix in ("call", "call/v2", "api", "run"):
                for slash in ("", "/"):
                    path = f"/gradio_api/{prefix}/{name}{slash}"
                    if not (slash and prefix in ("call", "call/v2")):  # Gradio has no such address
                        assert asked.who_reaches("POST", path) == who, path


def test_trackios_clients_send_the_token_in_a_header_of_theirs(tmp_path):
    asked = Asked(tmp_path)
    for token, status in ((OWNER, 200), ("wrong", 401), (asked.link, 401)):
        answer = asked.client.post("/api/bulk_log", headers={"X-Trackio-Write-Token": token})
        assert answer.status_code == status, token


@pytest.mark.parametrize("public", [False, True])
def test_a_route_that_nobody_thought_of_is_for_owners_with_every_method(tmp_path, public):
    asked = Asked(tmp_path, public=public)
    for path in ("/v1/later", "/v1/experiments/exp_a/secrets", "/gradio_api/later", "/later", "/mcp", "/v1/tokens/x/y"):
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
            assert asked.who_reaches(method, path) == OWNERS, (method, path)


def test_addresses_that_only_look_like_open_ones_stay_closed(tmp_path):
    asked = Asked(tmp_path)
    for path in (
        "/v1/health/", "/v1/session/x", "//v1/health", "/lib/", "/lib", "/V1/health", "/v1/health;x", "/robots.txt/",
        "/v1/series/x", "/v1/writers/a/b", "/v1/writers/a/events/", "/assets", "/v1/experiments/a%2Fevents%2Fb",
    ):  # fmt: skip
        assert asked.who_reaches("POST", path) <= OWNERS, path
        assert "nobody" not in asked.who_reaches("GET", path), path


def test_web_sockets_are_for_owners(tmp_path):
    asked = Asked(tmp_path)
    for path in ("/gradio_api/queue/join", "/queue/join", "/v1/live", "/", "/v1/health", f"/s/{asked.link}"):
        for who, headers in asked.headers.items():
            if who in OWNERS and not path.startswith("/s/"):
                with asked.client.websocket_connect(path, headers=headers):
                    continue
            with pytest.raises(WebSocketDisconnect) as closed, asked.client.websocket_connect(path, headers=headers):
                pass
            assert closed.value.code in (4401, 4403), (who, path)
