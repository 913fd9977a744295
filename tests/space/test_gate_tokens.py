"""Tokens that an owner hands out: seals, ends, revocations, and what survives a lost disk."""

from __future__ import annotations

import contextlib
import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from space.api.access import FOUND_AGAIN, MOST_SHARED, Access, NotReady
from space.api.tokens import Kind, Signer, claim_of
from space.home import AccessFile
from trackio_client.errors import NotOurs, StoreError, UsageError
from trackio_client.masking import MASK, Masker

OWNER = "a-token-of-the-test"
WITH = {"X-Trackio-Token": OWNER}


class Clock:
    def __init__(self, now_s=1_790_000_000.0):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def access(clock):
    return Access(None, secret=OWNER, clock=clock)


def test_a_token_opens_what_it_was_made_for_and_says_what_it_is(access):
    _, text = access.add(Kind.WRITER, "trainer 3")
    assert text.startswith("trackio_writer_")
    assert access.entry_of(text).kind is Kind.WRITER
    link = access.add(Kind.SHARE, "for Ada", experiments=["exp_a"])[1]
    assert len(link) <= 60
    assert access.entry_of(link).experiments == ("exp_a",)


@given(st.integers(0, 1000), st.characters(codec="ascii"), st.sampled_from([Kind.SHARE, Kind.VIEWER, Kind.WRITER]))
def test_no_letter_of_a_token_can_be_another(place, letter, kind):
    access = Access(None, secret=OWNER)
    _, text = access.add(kind, "x", experiments=["exp_a"] if kind is Kind.SHARE else [])
    place %= len(text)
    edited = text[:place] + letter + text[place + 1 :]
    assert (access.entry_of(edited) is not None) == (edited.strip() == text)
    for cut in (text[:place], text[place + 1 :], text + letter, ""):
        assert access.entry_of(cut) is None or cut.strip() == text


@given(st.text(max_size=80))
def test_any_text_is_no_token(text):
    assert Access(None, secret=OWNER).entry_of(text) is None


def test_a_token_in_a_config_or_a_printed_line_is_masked(access):
    _, text = access.add(Kind.WRITER, "trainer 3")
    assert Masker(environ={}).config({"note": f"use {text} here"}) == {"note": f"use {MASK} here"}


def test_a_token_ends_when_it_says(access, clock):
    _, text = access.add(Kind.VIEWER, "for a day", end_s=clock.now_s + 86_400)
    clock.now_s += 86_399
    assert access.entry_of(text)
    clock.now_s += 1
    assert access.entry_of(text) is None
    assert access.live(share=False) == []


def test_a_revoked_one_opens_nothing_and_another_goes_on(access):
    first, other = access.add(Kind.WRITER, "one"), access.add(Kind.WRITER, "two")
    assert access.revoke(first[0].id, share=False)
    assert access.entry_of(first[1]) is None
    assert access.entry_of(other[1])
    assert not access.revoke("0" * 12, share=False)
    assert not access.revoke(other[0].id, share=True), "a token is not revoked as a link"


def test_another_write_token_ends_them_all(access):
    _, text = access.add(Kind.WRITER, "x")
    other = Access(None, secret="another")
    other.adopt_access(access.access_state())
    assert other.entry_of(text) is None


def test_the_file_is_for_its_owner_only_and_outlives_the_process(tmp_path, clock):
    path = tmp_path / "v1" / "access.sqlite"
    access = Access(path, secret=OWNER, clock=clock)
    _, text = access.add(Kind.VIEWER, "x")
    gone = access.add(Kind.VIEWER, "y")
    access.revoke(gone[0].id, share=False)
    access.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text.rpartition("_")[2].encode() not in path.read_bytes()
    again = Access(path, secret=OWNER, clock=clock)
    assert again.entry_of(text).used_day == int(clock.now_s // 86_400)
    assert again.entry_of(gone[1]) is None


def test_what_one_process_revokes_another_sees(tmp_path):
    path = tmp_path / "access.sqlite"
    one, two = Access(path, secret=OWNER), Access(path, secret=OWNER)
    entry, text = one.add(Kind.SHARE, "x", experiments=["exp_a"])
    assert two.entry_of(text)
    two.revoke(entry.id, share=True)
    assert one.entry_of(text) is None


def test_a_server_without_a_token_keeps_a_secret_of_its_own(tmp_path):
    path = tmp_path / "access.sqlite"
    _, text = Access(path, secret=None).add(Kind.SHARE, "x", experiments=["exp_a"])
    assert Access(path, secret=None).entry_of(text)
    assert Access(None, secret=None).entry_of(text) is None


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "access.sqlite"
    path.write_bytes(b"no database at all, but as long as the head of one" * 20)
    with pytest.raises(StoreError, match=r"access\.sqlite cannot be read"):
        Access(path, secret=OWNER)


# --- a lost disk ------------------------------------------------------------------------------------------------------


def test_after_a_lost_disk_nothing_opens_before_the_repo_was_read_and_the_revoked_never(access):
    kept, revoked = (
        access.add(Kind.SHARE, "a", experiments=["exp_a"]),
        access.add(Kind.SHARE, "b", experiments=["exp_a"]),
    )
    token = access.add(Kind.WRITER, "trainer")
    access.revoke(revoked[0].id, share=True)
    state = access.access_state()
    fresh = Access(None, secret=OWNER)
    fresh.hold()
    for _, text in (kept, revoked, token):
        with pytest.raises(NotReady):
            fresh.entry_of(text)
    with pytest.raises(NotReady):
        fresh.add(Kind.VIEWER, "x")
    fresh.adopt_access(state)
    assert fresh.entry_of(kept[1]).experiments == ("exp_a",)
    assert fresh.entry_of(revoked[1]) is None
    assert fresh.entry_of(token[1])


def test_the_state_holds_no_secret(access):
    made = [access.add(Kind.WRITER, "trainer"), access.add(Kind.SHARE, "link", experiments=["exp_a"])]
    state = access.access_state()
    for entry, text in made:
        assert entry.id.encode() in state
        assert claim_of(text).seal.hex().encode() not in state
        assert text[-22:].encode() not in state
    assert OWNER.encode() not in state


def test_whoever_may_write_the_repo_can_widen_no_link(access):
    _, link = access.add(Kind.SHARE, "x", experiments=["exp_a"])
    _, late = access.add(Kind.SHARE, "y", experiments=["exp_a"], end_s=access.now_s() + 60)
    state = json.loads(access.access_state())
    for each in state["entries"]:
        each["experiments"] = ["exp_a", "exp_secret"]
        each["end_s"] = 0
    fresh = Access(None, secret=OWNER)
    fresh.adopt_access(json.dumps(state).encode())
    assert fresh.entry_of(link) is None
    assert fresh.entry_of(late) is None


def test_states_join_in_any_order_to_the_same(clock):
    here, there = Access(None, secret=OWNER, clock=clock), Access(None, secret=OWNER, clock=clock)
    shared = here.add(Kind.SHARE, "x", experiments=["exp_a"])[0]
    there.adopt_access(here.access_state())
    there.revoke(shared.id, share=True)
    here.add(Kind.VIEWER, "only here")
    there.add(Kind.WRITER, "only there")
    mine, theirs = here.access_state(), there.access_state()
    here.adopt_access(theirs)
    there.adopt_access(mine)
    assert here.access_state() == there.access_state()
    here.adopt_access(mine)
    assert here.access_state() == there.access_state()
    assert here.live(share=True) == []


@pytest.mark.parametrize(
    "state",
    [b"", b"<html>", b"\xff", b'{"trackio_access": 2, "entries": []}', b'{"trackio_access": 1, "entries": [{}]}'],
)
def test_a_state_that_cannot_be_read_keeps_everything_closed(access, state):
    _, text = access.add(Kind.VIEWER, "x")
    access.hold()
    with pytest.raises(UsageError, match="cannot be read"):
        access.adopt_access(state)
    with pytest.raises(NotReady):
        access.entry_of(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)
ENTRY = st.fixed_dictionaries(
    {
        "id": st.just("0a1b2c3d4e5f") | JSON, "kind": st.sampled_from(["share", "viewer"]) | JSON, "name": JSON,
        "experiments": st.just(["exp_a"]) | JSON, "created_s": JSON, "end_s": JSON, "revoked_s": JSON, "used_day": JSON,
    }
)  # fmt: skip


@given(st.lists(ENTRY | JSON, max_size=3))
def test_whatever_stands_in_the_repo_is_taken_or_refused_and_never_breaks(entries):
    access = Access(None, secret=OWNER)
    _, text = access.add(Kind.WRITER, "x")
    with contextlib.suppress(UsageError):
        access.adopt_access(json.dumps({"trackio_access": 1, "entries": entries}).encode())
    assert access.entry_of(text)
    again = Access(None, secret=OWNER)
    again.adopt_access(access.access_state())
    assert again.access_state() == access.access_state()


def test_a_token_whose_entry_was_lost_works_and_can_be_revoked(access):
    entry, text = access.add(Kind.WRITER, "made just before the crash")
    fresh = Access(None, secret=OWNER)
    fresh.adopt_access(None)
    assert fresh.entry_of(text)
    assert [e.name for e in fresh.live(share=False)] == [FOUND_AGAIN]
    fresh.revoke(entry.id, share=False)
    assert fresh.entry_of(text) is None


def test_who_pushes_the_state_hears_of_each_change(access):
    heard = []
    access.on_change = lambda: heard.append(access.access_state())
    entry, text = access.add(Kind.VIEWER, "x")
    access.entry_of(text)
    access.revoke(entry.id, share=False)
    assert len(heard) == 2


def test_odd_requests_are_refused_in_words(access, clock):
    for wrong in (clock.now_s - 1, 0, -5, 2**40, float("nan"), float("inf"), "tomorrow", True):
        with pytest.raises(UsageError, match="ends_s must be a time to come"):
            access.add(Kind.VIEWER, "x", end_s=wrong)
    with pytest.raises(UsageError, match="1 to 100 experiments"):
        access.add(Kind.SHARE, "x", experiments=[f"e{i}" for i in range(MOST_SHARED + 1)])
    with pytest.raises(UsageError, match="must not be empty"):
        access.add(Kind.VIEWER, " ")


def test_seals_of_one_purpose_are_none_of_another():
    signer = Signer(OWNER.encode())
    assert signer.seal("token", b"x") != signer.seal("session", b"x")


# --- over HTTP --------------------------------------------------------------------------------------------------------


def test_an_owner_makes_lists_and_revokes_tokens(make_api, a_batch):
    api = make_api(token=OWNER)
    made = api.client.post("/v1/tokens", json={"name": "trainer 3", "role": "writer"}, headers=WITH).json()
    writer = {"X-Trackio-Token": made["token"]}
    assert api.send(a_batch(), **writer).status_code == 200
    assert api.client.patch("/v1/experiments/exp_a", json={"name": "new"}, headers=writer).status_code == 200
    listed = api.get("/v1/tokens", **WITH)
    assert made["token"] not in listed.text
    assert [(t["name"], t["role"], len(t["used_day"])) for t in listed.json()["tokens"]] == [
        ("trainer 3", "writer", 10)
    ]
    refused = api.client.delete("/v1/experiments/exp_a", headers=writer)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "forbidden")
    for method, path in (("GET", "/v1/tokens"), ("POST", "/v1/tokens"), ("GET", "/v1/shares"), ("POST", "/v1/shares")):
        assert api.client.request(method, path, headers=writer).status_code == 403, path
    assert api.client.delete(f"/v1/tokens/{made['id']}", headers=WITH).json() == {"revoked": made["id"]}
    assert api.send(a_batch(4), **writer).status_code == 401
    assert api.client.delete("/v1/experiments/exp_a", headers=WITH).status_code == 200


def test_a_viewers_token_reads_and_changes_nothing(make_api, a_batch):
    api = make_api(token=OWNER)
    api.send(a_batch(), **WITH)
    made = api.client.post("/v1/tokens", json={"name": "Ada", "role": "viewer"}, headers=WITH).json()
    viewer = {"X-Trackio-Token": made["token"]}
    assert api.get("/v1/experiments?project=digits", **viewer).status_code == 200
    assert api.send(a_batch(4), **viewer).status_code == 403
    assert api.client.patch("/v1/experiments/exp_a", json={"name": "x"}, headers=viewer).status_code == 403


def test_a_browsers_session_has_its_tokens_role_and_ends_with_it(make_api, a_batch):
    api = make_api(token=OWNER)
    api.send(a_batch(), **WITH)
    made = api.client.post("/v1/tokens", json={"name": "Ada", "role": "viewer"}, headers=WITH).json()
    assert api.client.post("/v1/session", headers={"X-Trackio-Token": made["token"]}).json()["role"] == "viewer"
    assert api.get("/v1/session").json()["role"] == "viewer"
    assert api.get("/v1/projects").status_code == 200
    assert api.client.delete("/v1/experiments/exp_a").status_code == 403
    api.client.delete(f"/v1/tokens/{made['id']}", headers=WITH)
    assert api.get("/v1/projects").status_code == 401


def test_a_wrong_wish_for_a_token_is_refused_in_words(make_api):
    api = make_api(token=OWNER)
    for wish, words in (
        ({"name": "x", "role": "owner"}, "role must be"), ({"role": "viewer"}, "name must be text"),
        ({"name": "x", "role": "viewer", "ends_s": 5}, "a time to come"), ({"nmae": "x"}, "got 'nmae'"),
    ):  # fmt: skip
        refused = api.client.post("/v1/tokens", json=wish, headers=WITH)
        assert refused.status_code == 400, wish
        assert words in refused.json()["detail"]
    assert api.client.delete("/v1/tokens/none", headers=WITH).status_code == 404
    assert make_api().client.post("/v1/tokens", json={"name": "x", "role": "viewer"}).status_code == 403


def test_while_revocations_are_unknown_the_owner_goes_on_and_others_wait(make_api):
    api = make_api(token=OWNER)
    made = api.client.post("/v1/tokens", json={"name": "x", "role": "viewer"}, headers=WITH).json()
    access = api.client.app.state.access
    access.hold()
    waits = api.get("/v1/projects", **{"X-Trackio-Token": made["token"]})
    assert (waits.status_code, waits.headers["retry-after"]) == (503, "2")
    assert api.get("/v1/projects", **WITH).status_code == 200
    assert api.client.delete(f"/v1/tokens/{made['id']}", headers=WITH).status_code == 503
    access.adopt_access(None)
    assert api.get("/v1/projects", **{"X-Trackio-Token": made["token"]}).status_code == 200


def test_a_bearer_token_is_a_fall_back_and_the_hubs_is_never_seen(make_api):
    api = make_api(token=OWNER)
    assert api.get("/v1/projects", Authorization=f"Bearer {OWNER}").status_code == 200
    assert api.get("/v1/projects", Authorization=f"Bearer hf_{OWNER}").status_code == 401
    assert api.get("/v1/projects", Authorization="Bearer wrong").status_code == 401
    assert api.get("/v1/projects", **WITH, Authorization="Bearer hf_whatever").status_code == 200
    assert api.get("/v1/projects", **{"X-Trackio-Token": "wrong"}, Authorization=f"Bearer {OWNER}").status_code == 401
    for query in (f"token={OWNER}", f"X-Trackio-Token={OWNER}", f"__sign={OWNER}"):
        assert api.get(f"/v1/projects?{query}").status_code == 401


def test_the_umask_of_the_server_does_not_open_the_file(tmp_path):
    before = os.umask(0)
    try:
        Access(tmp_path / "access.sqlite", secret=OWNER).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "access.sqlite").stat().st_mode) == 0o600


def test_the_last_push_gets_the_state_after_the_file_was_closed(tmp_path):
    access = Access(tmp_path / "access.sqlite", secret=OWNER)
    access.add(Kind.VIEWER, "x")
    state = access.access_state()
    access.close()
    assert access.access_state() == state
    access.close()


@pytest.mark.parametrize("waits", [True, False])
def test_a_disk_that_keeps_goes_on_while_the_hub_is_away(access, waits):
    _, text = access.add(Kind.WRITER, "trainer")
    file = AccessFile(access, waits=waits)
    assert access.is_ready is not waits
    file.adopt(file.state())
    assert access.entry_of(text)
    assert AccessFile(Access(None, secret=OWNER)).state() == b"", "nothing was handed out: no file"
    with pytest.raises(NotOurs):
        file.adopt(b"<html>")
