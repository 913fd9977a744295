"""Eight clients push to one repo at once, over HTTP: they share the hour's commits, and every event is there once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.hub.machines import Repo
from tests.hub_server import Hub
from tests.store.trainer import Trainer, taken
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.replicator import Replicator
from trackio_client.store.open import open_store

CLIENTS, ROUNDS = 8, 22
pytestmark = pytest.mark.requirement("S1.53", "S1.55")


def test_eight_clients_at_once_stay_under_sixty_commits_an_hour(hub: Hub, tmp_path: Path) -> None:
    stores = [
        open_store(tmp_path / f"{n}.sqlite", persistent=False, destination="hf://d/me/exp") for n in range(CLIENTS)
    ]
    replicators = [
        Replicator(store, HubDataset("me/exp", token="hf_me"), origin=f"client{n}", wait=lambda seconds: None)
        for n, store in enumerate(stores)
    ]
    trainers = [Trainer(f"w_{n}", f"exp_{n}") for n in range(CLIENTS)]
    together = threading.Barrier(CLIENTS)
    failed: list[str] = []

    def work(n: int) -> None:
        try:
            for step in range(ROUNDS):
                together.wait(120)
                taken(trainers[n].steps(1, first=step).send(stores[n]))
                done = replicators[n].flush()
                assert done.is_all == (done.wait_s == 0.0)
                if together.wait(120) == 0:
                    hub.advance(240)
        except BaseException as error:  # of any kind: the others wait for this one
            failed.append(f"client {n}: {error!r}")
            together.abort()
            raise

    threads = [threading.Thread(target=work, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    times = sorted(push["at_s"] for push in hub.pushes("me/exp"))
    assert times[-1] - times[0] > 3600
    most = max(sum(at - 3600 < other <= at for other in times) for at in times)
    assert 40 <= most <= 60, most
    posts = [one for one in hub.requests("/commit/") if "POST" in one["request"]]
    assert not [one for one in posts if one["status"] == 429]
    hub.advance(3600)
    for replicator in replicators:
        assert replicator.flush().is_all
    repo = Repo(hub, "me/exp", tmp_path / "check.sqlite")
    for n, trainer in enumerate(trainers):
        # Files of a repo arrive in an order of their own; which of a repeated step is later their numbers tell.
        assert sorted(repo.points(f"exp_{n}", "loss")) == [(step, float(step)) for step in range(ROUNDS)]
        assert repo.digests(f"exp_{n}") == {trainer.writer_id: stores[n].receipt(trainer.writer_id).digest}
    for store in stores:
        store.close()
