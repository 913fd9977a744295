"""`deploy` at the stand-in: what is made, what is kept, what is never given away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.hub_server import Hub
from trackio_client import clientfile
from trackio_client.errors import HubAway, HubRefused, UsageError
from trackio_client.hub.spaces.api import SpaceHub
from trackio_client.hub.spaces.deploy import deploy, look_at_removal, remove
from trackio_client.hub.spaces.files import files_of_space
from trackio_client.hub.spaces.plan import NeedsChoice, Wish

DATASET = "pro/trackio-experiments"
FINE = "hf_fine"


class Person:
    """Somebody who says yes, or nobody."""

    def __init__(self, *tokens: str, can_ask: bool = False, yes: bool = True) -> None:
        self.tokens, self.can_ask, self.yes = list(tokens), can_ask, yes
        self.heard: list[str] = []

    def say(self, text: str) -> None:
        self.heard.append(text)

    def confirm(self, question: str) -> bool:
        return self.yes

    def secret(self, question: str) -> str:
        return self.tokens.pop(0) if self.tokens else ""

    @property
    def all_said(self) -> str:
        return "\n".join(self.heard)


class Waiter:
    """Notes what was waited for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str | None, str | None]] = []

    def __call__(self, intent, address, commit, token):
        self.calls.append((address, commit, token))


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch, hub):
    monkeypatch.setenv("TRACKIO_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    fine(hub, FINE, DATASET)


def fine(hub: Hub, value: str, dataset: str, user: str = "pro", permissions: tuple[str, ...] = ()) -> None:
    rights = permissions or ("repo.content.read", "repo.write")
    scoped = [{"type": "dataset", "name": dataset, "permissions": list(rights)}]
    hub.add_token(value, user, "fineGrained", scoped=scoped)


def run(name: str = "curves", *, by: str = "hf_pro", person: Person | None = None, dry_run: bool = False, **wish):
    wish = {"token": FINE, **wish}
    return deploy(Wish(name=name, **wish), SpaceHub(by), person or Person(), Waiter(), dry_run=dry_run)


def secrets(hub: Hub, space: str = "pro/curves") -> dict[str, str]:
    return {key: entry["value"] for key, entry in hub.repo(space, "space")["space"]["secrets"].items()}


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


@pytest.mark.parametrize("token", ["hf_pro", "hf_other_write"])
def test_the_users_own_token_and_one_that_may_do_all_are_refused(hub, token):
    hub.add_token("hf_other_write", "pro", "write")
    with pytest.raises(UsageError, match="tokens/new") as refused:
        run(token=token)
    assert token not in str(refused.value)
    with pytest.raises(KeyError):
        secrets_of_missing(hub)


def secrets_of_missing(hub: Hub) -> None:
    try:
        hub.repo("pro/curves", "space")
    except ValueError as error:
        raise KeyError from error


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


def test_a_free_account_is_told_its_choices_before_anything_is_made(hub):
    with pytest.raises(NeedsChoice, match="PRO") as refused:
        run("me/curves", by="hf_me")
    assert refused.value.offers_static
    ways = "\n".join(what for what, _ in refused.value.choices)
    for way in ("--static", "docker compose up", "--zero-gpu", "huggingface.co/pro"):
        assert way in ways
    assert not [seen for seen in hub.requests() if seen["request"].startswith("POST")]


def test_a_plan_that_only_the_hub_knows_is_tried_and_its_402_explained(hub):
    hub.fault(r"POST /api/repos/create", status=402, times=1)
    with pytest.raises(NeedsChoice, match="was not made") as refused:
        run("pro/curves")
    assert refused.value.offers_static
    assert clientfile.find("pro/curves") is None


@pytest.mark.requirement("S1.83")
def test_a_free_account_gets_a_static_page(hub):
    done = run("me/page", by="hf_me", token=None, is_static=True, visibility="public")
    space = hub.repo("me/page", "space")
    assert (space["space"]["sdk"], space["visibility"], space["space"]["secrets"]) == ("static", "public", {})
    assert (done.dataset, hub.repo(done.dataset)["visibility"]) == ("me/trackio-experiments", "private")
    files = HfApi(hub.url, token="hf_me").list_repo_files("me/page", repo_type="space")
    assert "index.html" in files
    assert "app.py" not in files
    again = run("me/page", by="hf_me", token=None, is_static=True)
    assert not again.changed


def test_a_static_page_of_a_free_account_is_not_made_public_without_being_told(hub):
    with pytest.raises(NeedsChoice, match="protected"):
        run("me/page", by="hf_me", token=None, is_static=True)
    assert not [seen for seen in hub.requests() if seen["request"].startswith("POST")]


def test_two_zero_gpu_spaces_are_free(hub):
    fine(hub, "hf_mine", "me/trackio-experiments", "me")
    run("me/curves", by="hf_me", token="hf_mine", zero_gpu=True, visibility="private")
    space = hub.repo("me/curves", "space")
    assert (space["space"]["hardware"], space["visibility"]) == ("zero-a10g", "private")
    wanted = HfApi(hub.url, token="hf_me").hf_hub_download("me/curves", "requirements.txt", repo_type="space")
    assert "\nspaces>=" in Path(wanted).read_text()


def test_protected_that_the_plan_has_not_is_a_choice_never_silently_public(hub):
    fine(hub, "hf_mine", "me/trackio-experiments", "me")
    for visibility in (None, "protected"):
        with pytest.raises(NeedsChoice, match="PRO, Team or Enterprise"):
            run("me/curves", by="hf_me", token="hf_mine", zero_gpu=True, visibility=visibility)


def test_paid_hardware_needs_a_means_of_payment(hub):
    with pytest.raises(NeedsChoice, match="costs money"):
        run("me/curves", by="hf_me", hardware="cpu-upgrade")
    hub.add_user("payer", can_pay=True)
    fine(hub, "hf_payers", "payer/trackio-experiments", "payer")
    run("payer/curves", by="hf_payer", token="hf_payers", hardware="cpu-upgrade", visibility="private")
    assert hub.repo("payer/curves", "space")["space"]["hardware"] == "cpu-upgrade"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/b/c", "2 slashes"),
        ("my curves", "a blank"),
        ("", "it is empty"),
        ("pro/", "name is missing"),
        ("/curves", "owner is missing"),
        ("stranger/curves", "stranger"),
        ("https://example.org/x", "no page of a Space"),
    ],
)
def test_a_name_that_cannot_be_is_told_with_what_is_expected(hub, name, said):
    with pytest.raises(UsageError, match=said):
        run(name)
    assert not [seen for seen in hub.requests() if seen["request"].startswith("POST")]


def test_a_name_taken_by_something_else_is_left_alone(hub):
    api = HfApi(hub.url, token="hf_pro")
    api.create_repo("pro/curves", repo_type="space", space_sdk="gradio", visibility="public")
    card = b"---\ntitle: Mine\nsdk: gradio\ntags:\n- trackio\n---\n"
    for path, content in (("README.md", card), ("app.py", b"print('theirs')")):
        api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id="pro/curves", repo_type="space")
    head = hub.repo("pro/curves", "space")["branches"]
    with pytest.raises(UsageError, match="taken by a Space that Trackio did not make"):
        run()
    with pytest.raises(UsageError, match="did not make"):
        look_at_removal("pro/curves", SpaceHub("hf_pro"))
    assert hub.repo("pro/curves", "space")["branches"] == head


def test_an_empty_space_of_ones_own_is_filled(hub):
    HfApi(hub.url, token="hf_pro").create_repo(
        "pro/curves", repo_type="space", space_sdk="gradio", visibility="private"
    )
    done = run()
    assert done.visibility == "private"
    assert secrets(hub).keys() == {"TRACKIO_WRITE_TOKEN", "HF_TOKEN", "TRACKIO_DATASET_REPO"}


def test_a_public_dataset_is_a_variable_and_a_private_one_a_secret(hub):
    run(public_dataset=True)
    variables = hub.repo("pro/curves", "space")["space"]["variables"]
    assert variables["TRACKIO_DATASET_REPO"]["value"] == DATASET
    assert "TRACKIO_DATASET_REPO" not in secrets(hub)
    fine(hub, "hf_second", "pro/second")
    run(dataset="pro/second", token="hf_second")
    assert "TRACKIO_DATASET_REPO" not in hub.repo("pro/curves", "space")["space"]["variables"]
    assert secrets(hub)["TRACKIO_DATASET_REPO"] == "pro/second"
    assert hub.repo(DATASET)["visibility"] == "public"


@pytest.mark.requirement("S1.54")
def test_a_dataset_that_is_there_keeps_its_visibility_and_its_files(hub):
    api = HfApi(hub.url, token="hf_pro")
    api.create_repo(DATASET, repo_type="dataset", visibility="public")
    api.upload_file(path_or_fileobj=b"theirs", path_in_repo="data.txt", repo_id=DATASET, repo_type="dataset")
    run()
    assert hub.repo(DATASET)["visibility"] == "public"
    assert "data.txt" in api.list_repo_files(DATASET, repo_type="dataset")


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


def test_visibility_and_hardware_change_only_when_asked(hub):
    run()
    hub.add_user("pro", is_pro=True, can_pay=True)
    run(visibility="private", hardware="cpu-upgrade")
    space = hub.repo("pro/curves", "space")
    assert (space["visibility"], space["space"]["hardware"]) == ("private", "cpu-upgrade")
    assert space["space"]["variables"]["TRACKIO_SPACE_VISIBILITY"]["value"] == "private"
    run()
    assert hub.repo("pro/curves", "space")["visibility"] == "private"


def test_a_log_in_that_may_only_read_is_told_at_once(hub):
    hub.add_token("hf_reader", "pro", "read")
    with pytest.raises(UsageError, match="may only read"):
        run(by="hf_reader")


def test_nobody_logged_in_is_told_the_command(hub):
    with pytest.raises(UsageError, match="hf auth login"):
        run(by="")


@pytest.mark.requirement("S1.12")
def test_an_organisations_space_takes_the_organisations_dataset(hub):
    fine(hub, "hf_labs", "lab/trackio-experiments", "me")
    done = run("lab/page", by="hf_me", token=None, is_static=True, visibility="public")
    assert done.dataset == "lab/trackio-experiments"
    hub.add_user("guest", lab="read")
    with pytest.raises(UsageError, match="only read in 'lab'"):
        run("lab/page", by="hf_guest")


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
