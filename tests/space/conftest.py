"""An API without pages before a real store, called in process."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from space.server import make_app
from space.settings import SpaceSettings
from tests.space.faulty_store import FaultyStore
from trackio_client.wire.batches import FRAMES_TYPE, Batch, pack
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

SCHEMA = Schema(("train/loss", "lr"))


def batch(first: int = 0, n: int = 3, *, writer: str = "w1", experiment: str = "exp_a", **changes: Any) -> Batch:
    """A start event (when it begins at 0) and n metrics frames, steps counted from `first`."""
    frames = [
        metrics_frame(SCHEMA, first + k, 1_000_000 * (first + k), (0.5 / (first + k + 1), 1e-3)) for k in range(n)
    ]
    if first == 0:
        frames.insert(
            0, event_frame({"kind": "start", "time_us": 0, "name": "brave-otter", "config": {"optim": {"lr": 0.1}}})
        )
    fields = {
        "writer_id": writer, "experiment_id": experiment, "project": "digits", "generation": 0, "first_seq": first,
        "count": len(frames), "first_held": 0, "body": SCHEMA.frame + b"".join(frames),
    }  # fmt: skip
    return Batch(**{**fields, **changes})


class Api:
    """The API as a client sees it."""

    def __init__(self, client: TestClient, store: FaultyStore) -> None:
        self.client, self.store = client, store

    def send(self, sent: Batch | bytes, writer: str = "w1", kind: str = FRAMES_TYPE, **headers: str) -> Any:
        raw = pack(sent) if isinstance(sent, Batch) else sent
        return self.client.post(f"/v1/writers/{writer}/events", content=raw, headers={"Content-Type": kind, **headers})

    def lines(self, text: str, writer: str = "w1", query: str = "experiment=exp_a&project=digits") -> Any:
        return self.client.post(
            f"/v1/writers/{writer}/events?{query}", content=text, headers={"Content-Type": "application/x-ndjson"}
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers)


@pytest.fixture
def make_api(tmp_path):
    """Start an API with settings of the test's own."""
    opened: list[Api] = []

    def make(base_url: str = "http://127.0.0.1", **settings: Any) -> Api:
        told = SpaceSettings(directory=tmp_path / f"space{len(opened)}", **settings)
        store = FaultyStore(told.store_path)
        client = TestClient(make_app(told, store, pages=False), base_url=base_url, raise_server_exceptions=False)
        client.__enter__()
        opened.append(Api(client, store))
        return opened[-1]

    yield make
    for api in opened:
        api.client.__exit__(None, None, None)
        api.store.close()


@pytest.fixture
def api(make_api):
    """An API on localhost without a token."""
    return make_api()


@pytest.fixture
def a_batch():
    return batch


@pytest.fixture
def shares(make_api):
    """An owner with three experiments and links to two of them."""
    from tests.space.sharing import OWNER, Shares  # here: that file imports this one

    return Shares(make_api(token=OWNER))
