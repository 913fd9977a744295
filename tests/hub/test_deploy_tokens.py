"""`deploy`: the token that a Space gets, and those that it never gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.hub.deploying import DATASET, FINE, Person, fine, run, secrets
from trackio_client import clientfile
from trackio_client.errors import UsageError
from trackio_client.hub.spaces.plan import NeedsChoice

pytestmark = pytest.mark.usefixtures("deployer")


@pytest.mark.parametrize("token", ["hf_pro", "hf_other_write"])
def test_the_users_own_token_and_one_that_may_do_all_are_refused(hub, token):
    hub.add_token("hf_other_write", "pro", "write")
    with pytest.raises(UsageError, match="tokens/new") as refused:
        run(token=token)
    assert token not in str(refused.value)
    with pytest.raises(ValueError, match="KeyError"):  # the stand-in's word for a repo that is not there
        hub.repo("pro/curves", "space")


def test_a_broad_token_is_given_when_it_is_insisted_on(hub):
    hub.add_token("hf_other_write", "pro", "write")
    run(token="hf_other_write", force_broad_token=True)
    assert secrets(hub)["HF_TOKEN"] == "hf_other_write"


def test_a_person_is_asked_again_until_the_token_fits(hub):
    hub.add_token("hf_reader", "pro", "read")
    fine(hub, "hf_elsewhere", "pro/other")
    fine(hub, "hf_looks", DATASET, permissions=("repo.content.read",))
    person = Person("hf_pro", "hf_looks", FINE, can_ask=True)
    run(token=None, person=person)
    assert secrets(hub)["HF_TOKEN"] == FINE
    assert "logged in with" in person.all_said
    assert "may not write" in person.all_said
    assert f"datasets/{DATASET}" in person.all_said
    assert not any(token in person.all_said for token in (FINE, "hf_looks", "hf_pro"))


def test_who_gives_up_at_the_token_can_go_on_later(hub):
    with pytest.raises(UsageError, match="same command again"):
        run(token=None, person=Person("hf_nobody", can_ask=True))
    assert "HF_TOKEN" not in secrets(hub)
    token = secrets(hub)["TRACKIO_WRITE_TOKEN"]
    run()
    assert (secrets(hub)["HF_TOKEN"], secrets(hub)["TRACKIO_WRITE_TOKEN"]) == (FINE, token)


@pytest.mark.parametrize(
    ("token", "said"),
    [("hf_unknown", "does not know this token"), ("abc", "begin with hf_"), ("hf_reader", "only read")],
)
def test_a_token_that_cannot_do_it_is_told_before_anything_is_made(hub, token, said):
    hub.add_token("hf_reader", "pro", "read")
    with pytest.raises(UsageError, match=said):
        run(token=token)
    assert not [seen for seen in hub.requests() if seen["request"].startswith("POST")]


def test_a_token_for_another_dataset_is_refused_with_what_it_must_be_able_to_do(hub):
    fine(hub, "hf_elsewhere", "pro/other")
    with pytest.raises(UsageError, match=f"may not read the dataset {DATASET}"):
        run(token="hf_elsewhere")
    assert "HF_TOKEN" not in secrets(hub)


def test_without_a_terminal_a_missing_token_ends_it_before_anything_is_made(hub):
    with pytest.raises(NeedsChoice, match="token of its own") as refused:
        run(token=None)
    assert any("TRACKIO_SPACE_HF_TOKEN" in what for what, _ in refused.value.choices)
    assert not [seen for seen in hub.requests() if seen["request"].startswith("POST")]


def test_a_new_write_token_takes_the_place_of_the_old_one(hub):
    run()
    old = secrets(hub)["TRACKIO_WRITE_TOKEN"]
    clientfile.forget("pro/curves")
    with pytest.raises(UsageError, match="--dataset"):
        run()
    assert not run(token=None).token_is_known
    assert secrets(hub)["TRACKIO_WRITE_TOKEN"] == old
    assert run(token=None, new_write_token=True).token_is_known
    known = clientfile.find("pro/curves")
    assert known is not None
    assert known.token == secrets(hub)["TRACKIO_WRITE_TOKEN"] != old


@pytest.mark.requirement("S1.62")
def test_no_token_is_in_a_file_that_is_uploaded_or_in_what_is_said(hub, tmp_path):
    person = Person()
    run(person=person)
    kept = secrets(hub)
    api = HfApi(hub.url, token="hf_pro")
    folder = api.snapshot_download("pro/curves", repo_type="space", local_dir=tmp_path / "got")
    texts = [path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()]
    for token in (kept["TRACKIO_WRITE_TOKEN"], FINE, "hf_pro"):
        assert not any(token.encode() in text for text in texts if token != "hf_pro")
        assert token not in person.all_said
    assert DATASET not in str(hub.repo("pro/curves", "space")["space"]["variables"])
