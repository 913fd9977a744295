"""Files on the way to the store: before the events that cite them, once, and never in the way of numbers."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any

from trackio_client.blobs import Blob, BlobFolder
from trackio_client.delivery.files import GONE, Lacking
from trackio_client.delivery.transport import MemoryTransport
from trackio_client.errors import Unavailable
from trackio_client.opening import init
from trackio_client.store.open import open_store


def until(true: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def show(experiment: Any, content: bytes | Path, step: int = 0, mime: str = "image/png") -> Blob:
    """Log a picture, as media do."""
    blob = experiment.put_file(content, mime)
    assert blob is not None
    item = {"file": blob.sha256, "caption": "a 🦦 / <b>"}
    experiment.event("media", name="samples/🦦", media="image", step=step, items=[item], blobs=[blob.cited()])
    return blob


def settled(experiment: Any) -> bool:
    courier = experiment._writer.sender.courier
    return courier is not None and courier.receipt is not None and not courier.unsent and not courier.undurable


def test_a_file_arrives_before_its_event_and_leaves_the_machine_when_it_is_durable(bench):
    experiment = bench.init()
    blob = show(experiment, b"pixels")
    experiment.finish()
    assert bench.store.files == {blob.sha256: b"pixels"}
    (event,) = bench.events("media")
    assert event["items"][0]["file"] == blob.sha256
    assert event["blobs"] == [{"sha256": hashlib.sha256(b"pixels").hexdigest(), "bytes": 6, "mime": "image/png"}]
    assert bench.spools() == []


def test_a_file_is_kept_here_until_its_event_is_durable_and_a_wiped_store_asks_for_it_again(bench):
    bench.store.is_durable = False
    experiment = bench.init()
    blob = show(experiment, b"pixels")
    until(lambda: bench.store.files)
    until(lambda: bench.events("media"))
    assert experiment._writer.spool.files.folder.path(blob.sha256) is not None
    bench.store.wipe()
    experiment.log({"loss": 1.0})
    until(lambda: bench.events("media"))
    assert bench.store.files == {blob.sha256: b"pixels"}
    bench.store.is_durable = True
    experiment.log({"loss": 0.5})
    until(lambda: settled(experiment))
    until(lambda: list(experiment._writer.spool.files.folder.listed()) == [])  # let go of behind the receipt
    until(lambda: experiment._writer.spool.files.held_bytes == 0)


def test_a_file_that_two_events_cite_stays_until_the_later_one_is_durable(bench):
    bench.store.is_durable = False
    experiment = bench.init()
    show(experiment, b"the same", step=0)
    until(lambda: bench.events("media"))
    blob = experiment.put_file(b"the same", "image/png")
    bench.store.is_durable = True
    experiment.log({"loss": 1.0})
    until(lambda: settled(experiment))
    assert experiment._writer.spool.files.folder.path(blob.sha256) is not None  # put again, and its event comes now
    experiment.event("media", name="x", media="image", step=1, items=[{"file": blob.sha256}], blobs=[blob.cited()])
    experiment.finish()
    assert len(bench.events("media")) == 2
    assert bench.spools() == []


def test_a_store_that_believes_nobody_gets_the_file_again_that_it_seemed_to_have(bench):
    asked: list[str] = []

    class Forgetful(MemoryTransport):
        def lacking(self, blobs, experiment_id):
            asked.extend(blob.sha256 for blob in blobs)
            return Lacking()  # "I have them all": a lie

    bench.store = Forgetful(destination="local")
    experiment = bench.init()
    blob = show(experiment, b"pixels")
    experiment.finish()
    assert asked == [blob.sha256]
    assert bench.store.files == {blob.sha256: b"pixels"}
    assert len(bench.events("media")) == 1


def test_a_file_that_was_deleted_here_is_named_once_and_nothing_waits_for_it(bench, capsys):
    bench.store.failures.extend([Unavailable("away")] * 3)
    experiment = bench.init(quiet=False)
    for step in range(3):
        blob = show(experiment, b"pixels", step=step)
    experiment._writer.spool.files.folder.path(blob.sha256).unlink()
    experiment.log({"loss": 1.0}, step=3)
    until(lambda: bench.events("record"))
    experiment.finish()
    assert len(bench.events("media")) == 3
    assert bench.points() == [("loss", 3, 1.0)]
    assert bench.store.files == {}
    (told,) = bench.events("record")
    assert told["record"] == "not_recorded"
    assert told["data"]["file"] == blob.sha256
    assert told["data"]["why"] == GONE
    assert capsys.readouterr().err.count(GONE) == 1
    assert bench.spools() == []


def test_a_content_that_was_lost_and_is_logged_again_arrives(bench):
    bench.store.failures.extend([Unavailable("away")] * 3)
    experiment = bench.init()
    blob = show(experiment, b"pixels")
    experiment._writer.spool.files.folder.path(blob.sha256).unlink()
    until(lambda: bench.events("record"))
    show(experiment, b"pixels", step=1)
    experiment.finish()
    assert bench.store.files == {blob.sha256: b"pixels"}
    assert len(bench.events("media")) == 2
    assert len(bench.events("record")) == 1
    assert bench.spools() == []


def test_a_file_that_the_store_will_not_have_is_named_with_its_reason(bench):
    class Small(MemoryTransport):
        def lacking(self, blobs, experiment_id):
            return Lacking(refused={blob.sha256: "too large for this server" for blob in blobs})

    bench.store = Small(destination="local")
    experiment = bench.init()
    show(experiment, b"pixels")
    experiment.log({"loss": 1.0})
    until(lambda: bench.events("record"))
    experiment.finish()
    assert [event["data"]["why"] for event in bench.events("record")] == ["too large for this server"]
    assert len(bench.events("media")) == 1
    assert len(bench.points()) == 1


def test_files_that_a_store_cannot_take_now_wait_and_numbers_go_on_being_recorded(bench):
    trouble = [Unavailable("away")] * 4

    class Away(MemoryTransport):
        def put_files(self, blobs, folder, experiment_id):
            if trouble:
                raise trouble.pop()
            return super().put_files(blobs, folder, experiment_id)

    bench.store = Away(destination="local")
    experiment = bench.init()
    show(experiment, b"pixels")
    for step in range(100):
        experiment.log({"loss": float(step)}, step=step)
    experiment.finish(timeout_s=60)
    assert len(bench.store.files) == 1
    assert len(bench.points()) == 100
    assert not trouble


def test_a_used_up_budget_refuses_files_and_counts_them(bench, monkeypatch):
    monkeypatch.setenv("TRACKIO_SPOOL_BYTES", "300000")
    bench.store.is_durable = False
    experiment = bench.init()
    until(lambda: experiment._writer.spool.files.room_bytes is not None)
    assert experiment.put_file(os.urandom(200_000)) is not None
    assert experiment.put_file(os.urandom(200_000)) is None
    experiment.log({"loss": 1.0})
    refused = experiment._writer.refusals.counts
    assert [why for why in refused if "TRACKIO_SPOOL_BYTES" in why], refused
    assert sum(count for count, _, _ in refused.values()) == 1


def test_files_of_other_spools_count_into_the_budget(bench, monkeypatch):
    monkeypatch.setenv("TRACKIO_SPOOL_BYTES", "500000")
    BlobFolder(bench.folder / "v1" / "spool" / "w_other" / "blobs").put(os.urandom(450_000))
    experiment = bench.init()
    until(lambda: experiment._writer.spool.files.room_bytes is not None)
    assert experiment._writer.spool.files.room_bytes < 60_000


def test_a_file_above_the_limit_and_one_that_cannot_be_read_are_counted_and_training_goes_on(
    bench, monkeypatch, capsys
):
    monkeypatch.setenv("TRACKIO_FILE_BYTES", "1000")
    experiment = bench.init(quiet=False)
    assert experiment.put_file(b"x" * 1001) is None
    assert experiment.put_file(bench.folder / "no such file") is None
    assert experiment.put_file(bench.folder) is None
    assert experiment.put_file(b"x" * 1000) is not None
    assert experiment._writer.refusals.counts == {"files that cannot be kept": (3, None, None)}
    told = capsys.readouterr().err
    assert "1,001 bytes, at most 1,000 are taken (TRACKIO_FILE_BYTES)" in told
    assert "no such file" in told


def test_a_thousand_small_pictures_arrive_and_leave_nothing_behind(bench):
    experiment = bench.init()
    for step in range(1000):
        show(experiment, step.to_bytes(2, "little") * 600, step=step)
        experiment.log({"loss": 1.0 / (step + 1)}, step=step)
    experiment.finish()
    assert len(bench.store.files) == 1000
    assert len(bench.events("media")) == 1000
    assert len(bench.points()) == 1000
    assert bench.spools() == []


def test_the_local_store_has_its_files_beside_it(bench):
    experiment = init("digits", capture_console=False, quiet=True, directory=bench.folder)
    blob = show(experiment, b"pixels")
    experiment.finish()
    store = open_store(bench.folder / "v1" / "store.sqlite")
    assert store.file(blob.sha256) == bench.folder / "v1" / "blobs" / blob.sha256[:2] / blob.sha256
    assert store.cited(experiment.id) == [blob]
    assert [(c.experiment_id, c.kind) for c in store.citing(blob.sha256)] == [(experiment.id, "media")]
    assert bench.spools() == []
    store.delete(experiment.id)
    assert store.file(blob.sha256) is None
    store.close()
