"""Log-in with the Hub, at the stand-in: code, PKCE, state, and who becomes what.

What only the real Hub shows: its consent page, its cookie rules in a frame, whether it lists organisations that nobody
let us see.
"""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from space.api.oauth import role_of
from space.api.roles import Role
from space.settings import HubSettings, settings_from
from tests.hub_server import running_hub

OWNER = "a-token-of-the-test"
HOST = "me-otter.hf.space"
HERE = f"https://{HOST}"


@pytest.fixture(scope="module")
def hub():
    with running_hub() as hub:
        hub.ask("oauth-client", id="client", secret="client-secret", scopes=["openid", "profile"], redirects=[HERE])
        yield hub


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


def settings(hub, **said):
    usual = {
        "space_id": "me/otter", "author": "me", "hosts": (HOST,), "client_id": "client",
        "client_secret": "client-secret", "provider": hub.url, "visibility": "protected",
    }  # fmt: skip
    return HubSettings(**{**usual, **said})


@pytest.fixture
def space(hub, make_api):
    def make(*, public=False, **said):
        return make_api(HERE, token=OWNER, on_space=True, public=public, hub=settings(hub, **said))

    return make


def to_the_hub(api, path="/oauth/login"):
    """Where the Space sends the browser."""
    asked = api.client.get(path, follow_redirects=False)
    assert asked.status_code == 302
    return asked.headers["location"]


def consent(address):
    """What the Hub sends the browser back with: the path and query at the Space."""
    back = httpx.get(address, follow_redirects=False, trust_env=False, timeout=60)
    assert back.status_code == 302, back.text
    return back.headers["location"].removeprefix(HERE)


def log_in(api, path="/oauth/login"):
    return api.client.get(consent(to_the_hub(api, path)), follow_redirects=False)


def browser(hub, user, refuses=False):
    hub.ask("browser", user=user, refuses=refuses)


def test_the_owner_logs_in_and_may_delete_and_share(hub, space, a_batch):
    api = space()
    browser(hub, "me")
    done = log_in(api, "/oauth/login?next=/%3Fproject%3Ddigits")
    assert (done.status_code, done.headers["location"]) == (303, "/?project=digits")
    cookie = next(c for c in done.headers.get_list("set-cookie") if c.startswith("trackio_session="))
    assert "HttpOnly; SameSite=none; Secure; Partitioned" in cookie
    assert "Max-Age=28800" in cookie
    session = api.get("/v1/session").json()
    assert (session["role"], session["user"], session["can_log_out"]) == ("owner", "me", True)
    api.send(a_batch(), **{"X-Trackio-Token": OWNER})
    assert api.client.post("/v1/shares", json={"experiments": ["exp_a"]}).status_code == 200
    assert api.client.delete("/v1/experiments/exp_a").status_code == 200
    api.client.delete("/v1/session")
    assert api.get("/v1/projects").status_code == 401


@pytest.mark.parametrize(
    ("user", "said", "public", "role"),
    [
        ("stranger", {}, False, None),
        ("stranger", {}, True, "viewer"),
        ("stranger", {"viewers": ("stranger",)}, False, "viewer"),
        ("stranger", {"owners": ("stranger",)}, False, "owner"),
        ("me", {"author": "lab", "space_id": "lab/otter"}, False, "owner"),
        ("pro", {"author": "lab", "space_id": "lab/otter"}, False, None),
    ],
)
def test_who_is_what(hub, space, user, said, public, role):
    api = space(public=public, **said)
    browser(hub, user)
    done = log_in(api)
    if role is None:
        assert done.status_code == 403
        assert f"as {user}, who may not read this Space" in done.text
        assert api.get("/v1/projects").status_code == 401
    else:
        assert api.get("/v1/session").json()["role"] == role
        assert api.get("/v1/projects").status_code == 200
        assert api.client.delete("/v1/experiments/none").status_code == (404 if role == "owner" else 403)


def test_the_creator_of_the_space_is_its_owner(hub):
    creator = HubSettings(space_id="lab/otter", author="lab", creator_id="abc")
    assert role_of({"sub": "abc", "preferred_username": "who"}, creator, public=False) is Role.OWNER
    assert role_of({"sub": "abd", "preferred_username": "who"}, creator, public=False) is Role.NOBODY
    assert role_of({"sub": "", "preferred_username": "lab"}, creator, public=True) is Role.NOBODY


@pytest.mark.parametrize("role", ["read", "contributor", None, 5])
def test_a_member_who_may_not_write_is_no_owner(role):
    org = {"preferred_username": "lab", "roleInOrg": role}
    claims = {"sub": "x", "preferred_username": "who", "orgs": [org, "odd"]}
    assert role_of(claims, HubSettings(space_id="lab/x", author="lab"), public=False) is Role.NOBODY


@pytest.mark.parametrize(
    "claims", [{}, {"sub": "x"}, {"preferred_username": "me"}, {"sub": "x", "preferred_username": None, "orgs": 5}]
)
def test_odd_claims_make_nobody(claims):
    assert role_of(claims, HubSettings(space_id="me/x", author="me"), public=True) is Role.NOBODY


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(hub, space):
    mine, victim = space(), space()
    browser(hub, "me")
    back = consent(to_the_hub(mine))
    assert "did not ask for this log-in" in victim.client.get(back, follow_redirects=False).text
    to_the_hub(victim)
    assert "belongs to another log-in" in victim.client.get(back, follow_redirects=False).text
    assert victim.get("/v1/projects").status_code == 401


def test_a_code_opens_once(hub, space):
    api = space()
    browser(hub, "me")
    address = to_the_hub(api)
    cookie = api.client.cookies["trackio_login"]
    back = consent(address)
    assert api.client.get(back, follow_redirects=False).status_code == 303
    again = httpx.Headers({"Cookie": f"trackio_login={cookie}"})
    api.client.cookies.clear()
    refused = api.client.get(back, headers=again, follow_redirects=False)
    assert (refused.status_code, "perhaps it was used before" in refused.text) == (403, True)


def test_the_question_to_the_hub_carries_pkce_state_and_the_least_scope(hub, space):
    api = space()
    first, second = (parse_qs(urlsplit(to_the_hub(api)).query) for _ in range(2))
    assert first["scope"] == ["openid profile"]
    assert first["redirect_uri"] == [f"{HERE}/oauth/callback"]
    assert first["code_challenge_method"] == ["S256"]
    assert first["state"] != second["state"]
    kept, _, _ = api.client.cookies["trackio_login"].partition(".")
    verifier = json.loads(base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4)))[1]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert second["code_challenge"] == [challenge]
    assert "client-secret" not in json.dumps(second)


@pytest.mark.parametrize("next_", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", ""])
def test_nobody_is_sent_elsewhere_after_a_log_in(hub, space, next_):
    api = space()
    browser(hub, "me")
    assert log_in(api, f"/oauth/login?next={next_}").headers["location"] == "/"


def test_who_says_no_is_told_what_to_do(hub, space):
    api = space()
    browser(hub, "me", refuses=True)
    refused = log_in(api)
    assert "not allowed to say who you are" in refused.text
    browser(hub, "me")


@pytest.mark.parametrize("kind", ["status", "html"])
def test_a_hub_that_does_not_answer_is_told_in_words(hub, space, kind, caplog):
    api = space()
    browser(hub, "me")
    back = consent(to_the_hub(api))
    if kind == "status":
        hub.fault(r"POST /oauth/token", status=503)
    else:
        hub.fault(r"POST /oauth/token", kind="html")
    refused = api.client.get(back, follow_redirects=False)
    hub.heal()
    assert refused.status_code == 403
    assert "Try again later" in refused.text
    assert "client-secret" not in caplog.text
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert code not in caplog.text


def test_the_hubs_token_stays_nowhere(hub, space):
    api = space()
    browser(hub, "me")
    hub.forget()
    done = log_in(api)
    [told] = [seen for seen in hub.requests("userinfo") if seen["status"] == 200]
    assert told["token"].startswith("hf_oauth_")
    for text in (str(done.headers), done.text, str(api.client.cookies)):
        assert told["token"] not in text


def test_other_owners_in_the_settings_end_the_sessions_of_the_hub(hub, space):
    before, after = space(owners=("stranger",)), space()
    browser(hub, "stranger")
    log_in(before)
    value = before.client.cookies["trackio_session"]
    assert before.get("/v1/projects").status_code == 200
    assert after.get("/v1/projects", Cookie=f"trackio_session={value}").status_code == 401


def test_where_the_hub_gave_no_client_there_is_no_such_log_in(make_api):
    api = make_api(HERE, token=OWNER, on_space=True, hub=HubSettings(space_id="me/otter", visibility="public"))
    assert api.get("/oauth/login", **{"X-Trackio-Token": OWNER}).status_code == 404
    assert "/oauth/login" not in api.get("/", Accept="text/html").text
    assert api.get("/v1/session").json()["can_log_in_with_hub"] is False


def test_the_form_offers_it_where_there_is_one(space):
    assert 'href="/oauth/login"' in space().get("/", Accept="text/html").text


def test_settings_come_from_the_spaces_environment(tmp_path):
    told = settings_from(
        {
            "TRACKIO_DIR": str(tmp_path), "TRACKIO_WRITE_TOKEN": "t", "SPACE_ID": "me/otter", "SPACE_AUTHOR_NAME": "me",
            "SPACE_HOST": "me-otter.hf.space, charts.example", "SPACE_CREATOR_USER_ID": "abc", "OAUTH_CLIENT_ID": "c",
            "OAUTH_CLIENT_SECRET": "s3cret", "OPENID_PROVIDER_URL": "https://huggingface.co/",
            "TRACKIO_OWNERS": "Ada, bob", "TRACKIO_SPACE_VISIBILITY": "Protected",
        }
    ).hub  # fmt: skip
    assert told.can_log_in
    assert (told.hosts, told.owners) == (("me-otter.hf.space", "charts.example"), ("ada", "bob"))
    assert (told.visibility, told.provider) == ("protected", "https://huggingface.co")
    assert "s3cret" not in repr(told)


def test_a_strangers_session_ends_where_the_server_is_no_longer_public(hub, space):
    api = space(public=True)
    browser(hub, "stranger")
    assert log_in(api).status_code == 303
    cookies = dict(api.client.cookies)
    assert cookies
    for public, status in ((True, 200), (False, 401)):
        later = space(public=public)
        later.client.cookies.update(cookies)
        assert later.get("/v1/projects").status_code == status
