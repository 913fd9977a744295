"""The stand-in for the Hub, for tests whose client runs in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.hub.dataset_calls import HEAD_ID, put
from tests.hub.deploying import DATASET, FINE, fine
from tests.hub.places import Clock, Place
from tests.hub_server import Hub, running_hub
from trackio_client.cli.main import main
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.memory import MemoryTarget

if TYPE_CHECKING:
    from huggingface_hub import HfApi


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """huggingface_hub 2.4 uploads an LFS file by a spelling that its own httpx2 calls old; warnings are errors here."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A fresh Hub; huggingface_hub in this process believes that there is no other."""
    with running_hub() as hub:
        point_at(hub, tmp_path, monkeypatch)
        yield hub


def point_at(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What HF_ENDPOINT and its kin do in a new process: huggingface_hub has read them when it was imported."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http, disable_progress_bars

    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING_FACE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")
    for name, value in {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_DISABLE_TELEMETRY": True,
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "AGENT_HARNESSES_PATH": str(home / "agents.json"),
    }.items():
        monkeypatch.setattr(constants, name, value)
    disable_progress_bars()
    _http.close_session()  # its pool may hold connections to a Hub of another test


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """huggingface_hub's pauses between attempts, noted instead of waited for."""
    from huggingface_hub.utils import _http

    waits: list[float] = []
    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=waits.append, time=time.time))
    return waits


@pytest.fixture
def api(hub: Hub) -> HfApi:
    """The Hub as `me` sees it, with one private dataset repo, me/exp."""
    from huggingface_hub import HfApi

    api = HfApi(hub.url, token="hf_me")
    api.create_repo("me/exp", repo_type="dataset", visibility="private")
    return api


Said = Callable[..., tuple[int, str, str]]
"""Words of a command to its exit code, what it printed, and what it complained about."""


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    """The environment of commands: a folder of their own, the stand-in's address, my token."""
    for name in ("TRACKIO_URL", "TRACKIO_DATASET_REPO", "MONITORING_MODE", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command in this process."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return run


@pytest.fixture
def repo(hub: Hub, api: HfApi) -> HubDataset:
    """me/exp, as our code sees it."""
    return HubDataset("me/exp", "hf_me")


@pytest.fixture
def filled(repo: HubDataset) -> HubDataset:
    """me/exp with a file, for `CALLS`."""
    HEAD_ID[0] = put(repo, **{"a.json": b"1"})
    return repo


@pytest.fixture
def deployer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    """Notes of deployments in a folder of the test, and a token for the dataset alone."""
    monkeypatch.setenv("TRACKIO_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    fine(hub, FINE, DATASET)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def target(clock: Clock) -> MemoryTarget:
    return MemoryTarget("me/exp", clock=clock)


@pytest.fixture
def place(target: MemoryTarget, clock: Clock, tmp_path: Path) -> Iterator[Place]:
    one = Place(target, tmp_path, clock)
    yield one
    one.store.close()
