"""`deploy` at the stand-in: what is made and what a second run changes, faults on the way, and `undeploy`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.hub.deploying import DATASET, FINE, Person, Waiter, fine, run, secrets
from trackio_client import clientfile
from trackio_client.errors import HubAway, HubRefused, UsageError
from trackio_client.hub.spaces.api import SpaceHub
from trackio_client.hub.spaces.deploy import deploy, look_at_removal, remove
from trackio_client.hub.spaces.files import files_of_space
from trackio_client.hub.spaces.plan import Wish

pytestmark = pytest.mark.usefixtures("deployer")


@pytest.mark.requirement("S1.12", "S1.54", "S1.83")
def test_one_command_makes_space_dataset_and_secrets(hub):
    done = run()
    space, dataset = hub.repo("pro/curves", "space"), hub.repo(DATASET)
    assert (space["visibility"], dataset["visibility"]) == ("protected", "private")
    held = secrets(hub)
    assert (held["HF_TOKEN"], held["TRACKIO_DATASET_REPO"]) == (FINE, DATASET)
    assert len(held["TRACKIO_WRITE_TOKEN"]) >= 32
    assert {k: v["value"] for k, v in space["space"]["variables"].items()} == {"TRACKIO_SPACE_VISIBILITY": "protected"}
    known = clientfile.find("pro/curves")
    assert known is not None
    assert (known.token, known.address) == (held["TRACKIO_WRITE_TOKEN"], done.address)
    assert [push["title"].rsplit(" ", 1)[0] for push in hub.pushes("pro/curves", kind="space")] == [
        "trackio-client deploy"
    ]
    uploaded = set(HfApi(hub.url, token="hf_pro").list_repo_files("pro/curves", repo_type="space"))
    assert uploaded == {*files_of_space(), "README.md", ".gitattributes"}
    assert hub.unknown() == []


@pytest.mark.requirement("S1.83")
def test_a_second_run_changes_nothing_and_needs_no_token(hub):
    first = run()
    before, held = hub.repo("pro/curves", "space"), secrets(hub)
    waiter = Waiter()
    again = deploy(Wish(name="pro/curves"), SpaceHub("hf_pro"), Person(), waiter)
    after = hub.repo("pro/curves", "space")
    assert (secrets(hub), after["branches"], after["visibility"]) == (held, before["branches"], "protected")
    assert (again.changed, again.address, after["space"]["restarts"]) == (False, first.address, 0)
    assert waiter.calls == [(first.address, None, held["TRACKIO_WRITE_TOKEN"])]


def test_only_what_changed_is_uploaded_and_what_is_no_more_is_deleted(hub):
    run()
    api = HfApi(hub.url, token="hf_pro")
    where = {"repo_id": "pro/curves", "repo_type": "space"}
    api.upload_file(path_or_fileobj=b"old", path_in_repo="space/server.py", **where)
    api.upload_file(path_or_fileobj=b"gone since", path_in_repo="trackio_client/forgotten.py", **where)
    api.upload_file(path_or_fileobj=b"mine", path_in_repo="notes/mine.txt", **where)
    assert run().changed
    last = hub.pushes("pro/curves", kind="space")[-1]
    assert last["files"] == 2
    there = api.list_repo_files(**where)
    assert "trackio_client/forgotten.py" not in there
    assert "notes/mine.txt" in there


def test_the_title_that_its_owner_gave_the_card_stays(hub):
    run()
    api = HfApi(hub.url, token="hf_pro")
    where = {"repo_id": "pro/curves", "repo_type": "space"}
    card = Path(api.hf_hub_download("pro/curves", "README.md", repo_type="space")).read_text()
    mine = card.replace('title: "curves"', "title: Our curves").replace("sdk_version: ", "sdk_version: 5.0.0 # ")
    api.upload_file(path_or_fileobj=mine.encode(), path_in_repo="README.md", **where)
    run()
    now = Path(api.hf_hub_download("pro/curves", "README.md", repo_type="space")).read_text()
    assert "title: Our curves" in now
    assert "5.0.0" not in now


def test_a_dry_run_says_every_step_and_touches_nothing(hub, tmp_path):
    person = Person()
    assert run(person=person, dry_run=True) is None
    for step in ("make the protected Space pro/curves", "make the private dataset", "HF_TOKEN", "upload", "wait until"):
        assert step in person.all_said
    assert {seen["request"].split()[0] for seen in hub.requests() if seen["request"].split()[1] != "/-/"} == {"GET"}
    assert not (tmp_path / "config").exists()


def test_who_says_no_changes_nothing(hub):
    assert run(person=Person(can_ask=True, yes=False)) is None
    assert not [seen for seen in hub.requests() if seen["request"].startswith("POST")]


def test_a_log_in_that_may_only_read_is_told_at_once(hub):
    hub.add_token("hf_reader", "pro", "read")
    with pytest.raises(UsageError, match="may only read"):
        run(by="hf_reader")


def test_nobody_logged_in_is_told_the_command(hub):
    with pytest.raises(UsageError, match="hf auth login"):
        run(by="")


@pytest.mark.parametrize(
    ("route", "kind"),
    [(r"GET /api/whoami", "html"), (r"GET /api/spaces/", "html"), (r"POST /api/repos/create", "html")],
)
def test_a_hub_that_answers_html_is_told_and_nothing_is_taken_for_an_answer(hub, route, kind):
    hub.fault(route, kind=kind, times=50)
    with pytest.raises(HubAway, match="proxy"):
        run()


def test_a_hub_that_is_not_there_is_told(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubAway, match="cannot be reached"):
        run()


def test_a_commit_in_between_is_uploaded_onto(hub):
    hub.fault(r"POST .*/commit/", status=412, times=1)
    assert run().changed
    assert "space/server.py" in HfApi(hub.url, token="hf_pro").list_repo_files("pro/curves", repo_type="space")


def test_a_hub_that_only_says_private_or_not_leaves_a_protected_space_protected(hub):
    class Older(SpaceHub):
        def find(self, space):
            found = super().find(space)
            return None if found is None else replace(found, visibility="", is_private=True)

    run()
    done = deploy(Wish(name="pro/curves"), Older("hf_pro"), Person(), Waiter())
    assert (done.visibility, done.changed) == ("protected", False)


def test_undeploy_takes_the_space_and_leaves_the_dataset(hub):
    run()
    removal = look_at_removal("curves", SpaceHub("hf_pro"))
    assert removal.space == "pro/curves"
    remove(removal, SpaceHub("hf_pro"))
    with pytest.raises(ValueError, match="KeyError"):
        hub.repo("pro/curves", "space")
    assert hub.repo(DATASET)["visibility"] == "private"
    assert clientfile.find("pro/curves") is None
    with pytest.raises(UsageError, match="there is no Space"):
        look_at_removal("curves", SpaceHub("hf_pro"))


def test_a_token_that_may_not_delete_is_refused(hub):
    run()
    fine(hub, "hf_looks", "pro/curves")
    removal = look_at_removal("curves", SpaceHub("hf_pro"))
    with pytest.raises(HubRefused):
        remove(replace(removal), SpaceHub("hf_stranger"))
