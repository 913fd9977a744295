"""A static Space before a dataset repo, both at the stand-in for the Hub, for tests and measurements in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi

from tests.hub_server import Hub
from trackio_client.hub.static_space import files_of_static_space

REPO, SPACE = "me/exp", "me/page"


def commit(api: HfApi, repo: str, files: Mapping[str, bytes], *, kind: str = "dataset") -> None:
    """One commit of these files."""
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, operations, commit_message="What is new", repo_type=kind)


def deploy(hub: Hub, api: HfApi, *, private: bool = False, repo: str = REPO, **page: Any) -> str:
    """Make the dataset and the static Space of its page; returns the page's address."""
    if repo == REPO:
        api.create_repo(REPO, repo_type="dataset", visibility="private" if private else "public")
    api.create_repo(SPACE, repo_type="space", space_sdk="static", visibility="public")
    said = {"library": False, "every_s": 0.25} | page
    commit(api, SPACE, files_of_static_space(repo, private=private, endpoint=hub.url, **said), kind="space")
    return f"{api.space_info(SPACE).host}/"
