"""What people write for a dataset repo becomes `owner/name`, or a text that says what is wrong."""

from __future__ import annotations

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from trackio_client.errors import UsageError
from trackio_client.hub.names import default_repo, repo_of


@pytest.mark.requirement("S1.10")
@pytest.mark.parametrize(
    "text",
    [
        "alice/my-exp_1.0",
        "  alice/my-exp_1.0\n",
        "alice/my-exp_1.0/",
        "datasets/alice/my-exp_1.0",
        "hf://datasets/alice/my-exp_1.0",
        "https://huggingface.co/datasets/alice/my-exp_1.0",
        "https://huggingface.co/datasets/alice/my-exp_1.0/",
        "http://hf.co/datasets/alice/my-exp_1.0?row=3#x",
        "https://www.HuggingFace.co/datasets/alice/my-exp_1.0/tree/main/metrics",
        "https://huggingface.co/datasets/alice/my-exp_1.0/viewer/default/train",
        "http://127.0.0.1:8123/datasets/alice/my-exp_1.0",
    ],
)
def test_every_way_to_write_a_repo_is_understood(text, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8123/")
    assert repo_of(text) == "alice/my-exp_1.0"


@pytest.mark.requirement("S1.11")
@pytest.mark.parametrize("text", [None, "", "   ", "\n\t "])
def test_blank_is_not_set(text):
    assert repo_of(text) is None


@pytest.mark.requirement("S1.10")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("experiments", "there is no '/': whose is 'experiments'"),
        ("alice/exp/more", "2 slashes"),
        ("a//b", "2 slashes"),
        ("alice/", "there is no '/'"),
        ("/exp", "the owner is missing"),
        ("alice /exp", "the owner holds a blank"),
        ("alice/my exp", "the name holds a blank"),
        ("alice/expé", "the name holds 'é'"),
        ("alice/ex;p", "the name holds ';'"),
        ("-alice/exp", "begins or ends"),
        ("alice/exp.", "begins or ends"),
        ("alice/a--b", "'--'"),
        ("alice/a..b", "'..'"),
        ("../exp", "begins or ends"),
        ("alice/" + "x" * 97, "97 characters, at most 96"),
        ("alice/exp.git", "'.git'"),
        ("https://huggingface.co/spaces/alice/exp", "a Space"),
        ("https://huggingface.co/alice/exp", "not the page of a dataset"),
        ("https://example.org/datasets/alice/exp", "example.org is not the Hub"),
        ("https://huggingface.co/datasets/alice", "there is no '/'"),
        ("https://huggingface.co/datasets/alice/exp/other", "2 slashes"),
        ("hf://alice/exp", "datasets/owner/name"),
        ("hf://datasets/alice/exp@main", "revision"),
        ("s3://alice/exp", "s3://"),
        ("https://[::1/datasets/alice/exp", "no address"),
    ],
)
def test_what_cannot_be_a_repo_is_told_with_what_was_seen_expected_and_an_example(text, why):
    with pytest.raises(UsageError) as said:
        repo_of(text)
    assert why in str(said.value)
    assert text[:60] in str(said.value)
    assert "'owner/name'" in str(said.value)
    assert "Example: dataset_repo='alice/" in str(said.value)


def test_a_token_is_never_told():
    for text in (
        "hf_abcdefghijklmnop",
        "https://me:hf_abcdefghijklmnop@huggingface.co/alice/exp",
        "https://me:secret@x.y/",
    ):
        with pytest.raises(UsageError) as said:
            repo_of(text, "TRACKIO_DATASET_REPO")
        assert "abcdefgh" not in str(said.value)
        assert "secret" not in str(said.value)
        assert "TRACKIO_DATASET_REPO" in str(said.value)


def test_we_are_as_strict_as_the_hub_itself():
    for name in ("a", "a.b", "a-b", "_a_", "9", "x" * 96, "a--b", "a..b", "x" * 97, "-a", "a.", "a.git", "a b"):
        try:
            validate_repo_id(f"alice/{name}")
            allowed = True
        except HFValidationError:
            allowed = False
        try:
            ours = repo_of(f"alice/{name}") is not None
        except UsageError:
            ours = False
        assert ours == allowed, name


@pytest.mark.requirement("S1.12")
def test_the_owner_of_the_default_repo_is_whose_token_it_is(hub, api):
    assert default_repo(api.whoami()) == "me/trackio-experiments"
    assert default_repo({"name": "lab"}, "exp") == "lab/exp"
    with pytest.raises(UsageError, match="whose this token is"):
        default_repo({})
