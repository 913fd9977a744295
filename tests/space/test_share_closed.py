"""Links that do not open, or not any more, and links that are asked too much."""

from __future__ import annotations

import time

import pytest

from space.api.access import Access
from space.api.problems import Problem
from space.api.tokens import Kind
from space.settings import HubSettings
from space.sharing.rate import BURST, Rate
from tests.space.sharing import OWNER, WITH, Shares


def test_cut_edited_revoked_ended_and_foreign_links_are_one_page(shares, make_api):
    link, other = shares.link("exp_a"), shares.make("exp_a")
    ended = shares.link("exp_a", ends_s=time.time() + 1.0)
    of_another = Access(None, secret="another").add(Kind.SHARE, "x", experiments=["exp_a"])[1]
    flipped = link[:-4] + ("A" if link[-4] != "A" else "B") + link[-3:]
    mixed = link[:20] + other["address"].rpartition("/")[2][17:]
    shares.api.client.delete(f"/v1/shares/{other['id']}", headers=WITH)
    deleted = shares.link("exp_b")
    shares.api.client.delete("/v1/experiments/exp_b", headers=WITH)
    deadline = time.monotonic() + 60
    while shares.api.get(ended).status_code == 200:
        assert time.monotonic() < deadline
    revoked = other["address"].removeprefix("http://127.0.0.1")
    edited = [link[:-1], link + "A", link + "=", flipped, "/s/" + link[3:].swapcase(), mixed]
    strange = [f"/s/{of_another}", "/s/x", "/s/", "/s/" + "A" * 36, "/s/é", "/s/%00", "/s/a/b"]
    wrong = [ended, revoked, deleted, *edited, *strange]
    pages = {path: shares.api.get(path) for path in wrong}
    pages |= {path + " embedded": shares.api.get(path.replace("/s/", "/embed/")) for path in wrong}
    assert {page.status_code for page in pages.values()} == {404}
    assert len({page.text for page in pages.values()}) == 1, "nothing tells them apart"
    [words] = {page.text for page in pages.values()}
    assert "This link is not valid" in words
    assert "Ask whoever sent it to you" in words
    for path in wrong[:8]:
        below = shares.api.get(f"{path}/v1/experiments")
        assert (below.status_code, below.headers["content-type"]) == (404, "application/problem+json"), path
        assert shares.api.get(f"{path}/preview.png").status_code == 404
    assert shares.api.get(link).status_code == 200


def test_a_revoked_link_closes_for_pages_that_are_open(shares):
    made = shares.make("exp_a")
    link = made["address"].removeprefix("http://127.0.0.1")
    assert shares.api.get(f"{link}/v1/experiments").status_code == 200
    shares.api.client.delete(f"/v1/shares/{made['id']}", headers=WITH)
    for path in ("", "/v1/experiments", "/v1/metrics", "/v1/series?experiment=exp_a&metric=lr", "/preview.png"):
        assert shares.api.get(link + path).status_code == 404, path
    assert shares.api.get("/v1/shares", **WITH).json()["shares"] == []


def test_before_the_repo_was_read_a_link_says_to_wait(shares):
    link = shares.link("exp_a")
    access = shares.api.client.app.state.access
    state = access.access_state()
    access.hold()
    page = shares.api.get(link)
    assert (page.status_code, page.headers["retry-after"]) == (503, "3")
    assert 'http-equiv="refresh"' in page.text
    assert shares.api.get(f"{link}/v1/experiments").headers["retry-after"] == "3"
    assert shares.api.client.post("/v1/shares", json={"experiments": ["exp_a"]}, headers=WITH).status_code == 503
    access.adopt_access(state)
    assert shares.api.get(link).status_code == 200


def test_a_private_space_shares_nothing_and_says_why(make_api):
    hub = HubSettings(space_id="me/otter", visibility="private")
    shares = Shares(make_api(token=OWNER, on_space=True, hub=hub))
    refused = shares.make("exp_a", status=403)
    assert "This Space is private" in refused["detail"]
    assert "snapshot.html" in refused["hint"]
    listed = shares.api.get("/v1/shares", **WITH).json()
    assert (listed["can_share"], listed["why_not"]) == (False, refused["detail"])
    _, token = shares.api.client.app.state.access.add(Kind.SHARE, "from before", experiments=["exp_a"])
    assert shares.api.get(f"/s/{token}").status_code == 404
    assert shares.api.get("/v1/experiments/exp_a/snapshot.html", **WITH).status_code == 200


def test_wrong_wishes_for_a_link_are_refused_in_words(shares):
    one = {"experiments": ["exp_a"]}
    for wish, status, words in (
        ({}, 400, "experiments must be a list of ids"),
        ({"experiments": []}, 400, "1 to 100 experiments"),
        ({"experiments": ["nowhere"]}, 404, "there is no experiment 'nowhere'"),
        ({"experiments": "exp_a"}, 400, "a list"),
        ({"experiments": ["../x"]}, 400, "a list of ids"),
        ({"experiments": [None]}, 400, "a list of ids"),
        (one | {"ends_s": 1}, 400, "a time to come"),
        (one | {"name": ""}, 400, "must not be empty"),
        (one | {"name": 5}, 400, "must be text"),
        (one | {"ends": 1}, 400, "got 'ends'"),
    ):
        refused = shares.api.client.post("/v1/shares", json=wish, headers=WITH)
        assert refused.status_code == status, (wish, refused.text)
        assert words in refused.json()["detail"], wish


def test_deleted_experiments_leave_a_comparison(shares):
    link = shares.link("exp_a", "exp_b")
    shares.api.client.delete("/v1/experiments/exp_a", headers=WITH)
    assert [row["experiment_id"] for row in shares.api.get(f"{link}/v1/experiments").json()["experiments"]] == ["exp_b"]
    assert shares.api.get(link).status_code == 200


def test_one_link_may_ask_so_much_and_another_is_not_slowed():
    now = [0.0]
    rate = Rate(per_s=2, burst=5, clock=lambda: now[0])
    for _ in range(5):
        rate.take("a")
    with pytest.raises(Problem) as refused:
        rate.take("a")
    assert (refused.value.status, refused.value.retry_after_s) == (429, 5)
    rate.take("b")
    now[0] = 1.0
    rate.take("a")
    rate.take("a")
    with pytest.raises(Problem):
        rate.take("a")


def test_a_link_that_is_asked_too_much_answers_429_and_goes_on(shares):
    link = shares.link("exp_a")
    state = shares.api.client.app.state
    rate, id_ = state.links.rate, state.access.entry_of(link.removeprefix("/s/")).id
    now = time.monotonic()
    rate._clock = lambda: now  # however long the test takes, nothing is filled up meanwhile
    for _ in range(int(BURST)):  # what the link may ask at once
        rate.take(id_)
    answers = [shares.api.get(f"{link}/v1/experiments") for _ in range(60)]
    assert "5" in {answer.headers.get("retry-after") for answer in answers if answer.status_code == 429}
    assert shares.api.get("/v1/projects", **WITH).status_code == 200
