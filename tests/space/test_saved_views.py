"""/v1/projects/{project}/views, and the same from `Api`."""

from __future__ import annotations

import pytest

from space.home import ViewsFile
from trackio_client.errors import NotFound, NotOurs, ProjectNotFound, UsageError
from trackio_client.reader import Api

VIEWS = "/v1/projects/digits/views"


@pytest.fixture
def known(api, a_batch):
    api.send(a_batch())
    return api


@pytest.mark.requirement("S1.71")
def test_views_are_saved_listed_changed_deleted_and_taken_back(known):
    client = known.client
    assert client.get(VIEWS).json() == {"views": []}
    made = client.post(VIEWS, json={"name": "sweep", "address": "?view=table&sort=-age"}).json()
    assert made["address"] == "view=table&sort=-age"
    assert client.get(VIEWS).json()["views"] == [made]
    again = client.post(VIEWS, json={"name": "sweep", "address": ""})
    assert (again.status_code, again.json()["view"]) == (409, made)
    changed = client.patch(f"{VIEWS}/{made['id']}", json={"name": "best", "address": "view=compare"}).json()
    assert (changed["name"], changed["address"], changed["created_s"]) == ("best", "view=compare", made["created_s"])
    assert client.delete(f"{VIEWS}/{made['id']}").json() == {"deleted": made["id"]}
    assert client.get(VIEWS).json() == {"views": []}
    assert client.patch(f"{VIEWS}/{made['id']}", json={"deleted": False}).json()["name"] == "best"


def test_what_is_no_view_is_refused_in_words(known):
    client = known.client
    for content, status in (
        ({}, 400), ({"name": "x", "color": 1}, 400), ({"name": 3}, 400), ({"name": "x", "address": "js://x"}, 400),
    ):  # fmt: skip
        answer = client.post(VIEWS, json=content)
        assert answer.status_code == status, content
        assert answer.json()["detail"]
    assert client.patch(f"{VIEWS}/v_none", json={"name": "x"}).status_code == 404
    assert client.patch(f"{VIEWS}/v_none", json={}).status_code == 400
    assert client.patch(f"{VIEWS}/v_none", json={"deleted": "no"}).status_code == 400
    nobodys = "/v1/projects/nobodys/views"
    for ask in (client.get(nobodys), client.post(nobodys, json={"name": "x"})):
        assert ask.status_code == 404
        assert "digits" in ask.json()["detail"], "what there is instead"


def test_a_project_may_have_a_slash_in_its_name(known, a_batch):
    known.send(a_batch(writer="w2", experiment="exp_b", project="team/ner views"), writer="w2")
    path = "/v1/projects/team%2Fner%20views/views"
    made = known.client.post(path, json={"name": "x"}).json()
    assert known.client.get(path).json()["views"] == [made]
    assert known.client.get(VIEWS).json() == {"views": []}


def test_api_reads_and_saves_views_of_a_space_and_of_a_store_alike(known, monkeypatch):
    client = known.client
    local = Api(known.store.path)
    over_http = Api("http://127.0.0.1:1")
    over_http.source._client = client
    for api, name in ((over_http, "of the API"), (local, "of the store")):
        made = api.save_view("digits", name, "http://127.0.0.1:7860/?project=digits&view=table")
        assert made["address"] == "view=table"
        with pytest.raises(UsageError, match="already"):
            api.save_view("digits", name, "")
        assert api.save_view("digits", name, "view=compare", replace=True)["id"] == made["id"]
    assert over_http.views("digits") == local.views("digits")
    assert [view["address"] for view in local.views("digits")] == ["view=compare"] * 2
    for api in (over_http, local):
        with pytest.raises(NotFound, match="of the store"):
            api.delete_view("digits", "of the stone")
        with pytest.raises(NotFound if api is over_http else ProjectNotFound):
            api.views("nobody's")
    local.delete_view("digits", "of the API")
    assert [view["name"] for view in over_http.views("digits")] == ["of the store"]
    local.close()


def test_a_file_in_the_repo_that_cannot_be_read_is_named_and_what_is_here_is_told(known):
    known.client.post(VIEWS, json={"name": "mine"})
    file = ViewsFile(known.client.app.state.views)
    assert known.client.get(VIEWS).status_code == 503, "not yet"
    with pytest.raises(NotOurs, match=r"space/views\.json"):
        file.adopt(b"<html>")
    assert [view["name"] for view in known.client.get(VIEWS).json()["views"]] == ["mine"]
