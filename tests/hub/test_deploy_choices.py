"""`deploy`: names, plans, visibility and hardware; what costs or shows more than was asked is a choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.hub.deploying import DATASET, fine, run, secrets
from trackio_client import clientfile
from trackio_client.errors import UsageError
from trackio_client.hub.spaces.api import SpaceHub
from trackio_client.hub.spaces.deploy import look_at_removal
from trackio_client.hub.spaces.plan import NeedsChoice

pytestmark = pytest.mark.usefixtures("deployer")


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


def test_visibility_and_hardware_change_only_when_asked(hub):
    run()
    hub.add_user("pro", is_pro=True, can_pay=True)
    run(visibility="private", hardware="cpu-upgrade")
    space = hub.repo("pro/curves", "space")
    assert (space["visibility"], space["space"]["hardware"]) == ("private", "cpu-upgrade")
    assert space["space"]["variables"]["TRACKIO_SPACE_VISIBILITY"]["value"] == "private"
    run()
    assert hub.repo("pro/curves", "space")["visibility"] == "private"


@pytest.mark.requirement("S1.12")
def test_an_organisations_space_takes_the_organisations_dataset(hub):
    fine(hub, "hf_labs", "lab/trackio-experiments", "me")
    done = run("lab/page", by="hf_me", token=None, is_static=True, visibility="public")
    assert done.dataset == "lab/trackio-experiments"
    hub.add_user("guest", lab="read")
    with pytest.raises(UsageError, match="only read in 'lab'"):
        run("lab/page", by="hf_guest")
