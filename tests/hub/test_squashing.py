"""`trackio-client squash`: what is there stays, what was is gone, and nobody is surprised."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import HfApi

from tests.hub.conftest import Said
from tests.hub_server import Hub
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.loading import Loader
from trackio_client.hub.replicator import Replicator
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SeriesQuery

pytestmark = pytest.mark.usefixtures("typed")


def log(name: str) -> str:
    with init("digits", name=name, capture_console=False, quiet=True) as experiment:
        for step in range(10):
            experiment.log({"loss": 1.0 / (step + 1)}, step=step)
    process.current = None
    return experiment.experiment_id


def test_a_squash_keeps_what_is_there_and_frees_what_was(say: Said, hub: Hub, api: HfApi, tmp_path: Path) -> None:
    one = log("one")
    assert say("push", "me/exp")[0] == 0
    two = log("two")
    assert say("push", "me/exp")[0] == 0
    old = HubDataset("me/exp", token="hf_me").head().commit
    reader = open_store(tmp_path / "other.sqlite", persistent=False, destination="hf://datasets/me/exp")
    replicator = Replicator(reader, HubDataset("me/exp", token="hf_me"), origin="b")
    replicator.refresh()
    code, said, _ = say("squash", "me/exp", "--yes")
    assert code == 0
    assert "its history is one commit now" in said
    assert len(api.list_repo_commits("me/exp", repo_type="dataset")) == 1
    assert "no" in say("restore", "me/exp", "--revision", old, "--into", tmp_path / "then")[2]
    # Who knew of the files before goes on after the next look at the head.
    replicator.refresh()
    loader = Loader(reader, replicator.reader, scratch=tmp_path)
    loader.load_all()
    loader.close()
    found, _ = reader.series(SeriesQuery(experiments=(one, two), metrics=("loss",)))
    assert [len(series.steps) for series in found.values()] == [10, 10]
    reader.close()


def test_a_squash_is_never_done_unasked(say: Said, hub: Hub, api: HfApi) -> None:
    log("one")
    say("push", "me/exp")
    code, _, said = say("squash", "me/exp")
    assert code == 2
    assert "ends going back to an earlier commit" in said
    assert len(api.list_repo_commits("me/exp", repo_type="dataset")) > 1


def test_somebody_elses_data_are_not_squashed(say: Said, hub: Hub, api: HfApi) -> None:
    api.upload_file(path_or_fileobj=b"a,b\n1,2\n", path_in_repo="data.csv", repo_id="me/exp", repo_type="dataset")
    code, _, said = say("squash", "me/exp", "--yes")
    assert code == 2
    assert "holds no experiments of ours" in said
    assert len(api.list_repo_commits("me/exp", repo_type="dataset")) == 2
