"""A static Space before a dataset repo, both at the stand-in for the Hub, for tests and measurements in a browser."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from playwright.sync_api import Page, expect

from tests.hub.conftest import point_at
from tests.hub.view_data import Repo, Trainer, new_store, training
from tests.hub_server import Hub, running_hub
from trackio_client.hub.spaces.static import files_of_static_space

REPO, SPACE = "me/exp", "me/page"
STATIC = [
    pytest.mark.browser,
    pytest.mark.requirement("S1.54"),
    # huggingface_hub 2.4 uploads an LFS file by a spelling that its own httpx2 calls old.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]
"""The marks of a test of this page."""


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


class World:
    """A Hub with a dataset and its page, and the store that is pushed to it."""

    def __init__(self, hub: Hub, api: HfApi, folder: Path) -> None:
        self.hub, self.api = hub, api
        self.store = new_store(folder)
        self.repo = Repo(self.store, now_s=time.time())

    def push(self, *experiments: str) -> dict[str, bytes]:
        """What a flush commits of `view/`."""
        self.repo.now_s = max(self.repo.now_s, time.time())
        made = self.repo.push(*experiments)
        commit(self.api, REPO, made)
        return made

    def data(self) -> list[dict[str, Any]]:
        """What was asked of the dataset, without the page's own files."""
        return [seen for seen in self.hub.requests() if "/datasets/" in seen["request"] or "/file/" in seen["request"]]


@contextlib.contextmanager
def a_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A Hub of one's own, which refused nothing as unknown to it."""
    with running_hub() as hub:
        point_at(hub, folder, monkeypatch)
        world = World(hub, HfApi(hub.url, token="hf_me"), folder / "store")
        yield world
        world.store.close()
        assert hub.unknown() == []


def recent(number: int, steps: int = 60, **more: Any) -> Trainer:
    """A training of the last quarter of an hour."""
    return training(number, steps, started_s=time.time() - 900 + number * 60, **more)


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Look again and again."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)


def drawn(page: Page) -> None:
    """Wait for the first chart."""
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
