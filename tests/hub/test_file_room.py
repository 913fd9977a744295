"""A Space whose repo has its files gives them up for new ones, whoever brings those."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from space.server import make_app
from space.settings import SpaceSettings
from tests.hub.places import Place
from tests.store.trainer import Trainer, taken
from trackio_client.blobs import Blob
from trackio_client.hub.backed import RepoBacked
from trackio_client.hub.loading import Loader
from trackio_client.hub.memory import MemoryTarget
from trackio_client.wire.files import FILES_TYPE, pack_files

OLD = os.urandom(900)
NEW = os.urandom(800)
BLOB = Blob(hashlib.sha256(NEW).hexdigest(), len(NEW))


@pytest.fixture
def full(place: Place, target: MemoryTarget, tmp_path: Path) -> RepoBacked:
    """A store with one file, which is in the repo."""
    blob = place.store.files.put(OLD, "image/png")
    trainer = Trainer().start().event(kind="media", name="samples", blobs=[blob.cited()])
    taken(trainer.send(place.store))
    place.replicator.flush()
    loader = Loader(place.store, place.replicator.reader, scratch=tmp_path)
    loader.load_all()
    return RepoBacked(place.store, place.replicator, loader)


@pytest.mark.requirement("S1.53")
@pytest.mark.parametrize("road", ["/v1/blobs", "/api/upload"])
def test_a_new_file_finds_room_where_the_repo_has_the_old_one(full: RepoBacked, tmp_path: Path, road: str) -> None:
    old = next(sha256 for sha256, _, _ in full.files.listed())
    app = make_app(SpaceSettings(directory=tmp_path / "space", files_bytes=1000), full, pages=False)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        if road == "/v1/blobs":
            answer = client.post(road, content=pack_files([(BLOB, NEW)]), headers={"Content-Type": FILES_TYPE})
        else:
            answer = client.post(road, files={"files": ("blob", NEW)})
        assert answer.status_code == 200, answer.text
        assert full.files.path(old) is None
        assert sum(size for _, size, _ in full.files.listed()) == len(NEW)
        assert client.get(f"/v1/blobs/{old}").content == OLD, "it comes back from the repo when somebody looks"
