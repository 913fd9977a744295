"""The rule of files, held to random histories of real parts: a file is kept or there before the event that cites it.

A client (spool, courier), a Space that forgets its disk (store, replicator), and a repo; answers are lost, processes
killed, disks wiped, commits refused or unheard. After each step:

    what the repo holds of events     has its files in the repo
    what the Space has taken          has its files in the Space or in the repo
    what the client may not let go    has its files at the client or there

Each way to break the rule is planted once, and must be found. TRACKIO_TEST_SEED=n begins at another history.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.hub.places import Clock, Place, files
from trackio_client.blobs import Blob, BlobFolder
from trackio_client.delivery.courier import Courier
from trackio_client.delivery.files import Files, Lacking
from trackio_client.delivery.meta import Meta, read_meta
from trackio_client.delivery.spool import Spool
from trackio_client.delivery.transport import StoreTransport
from trackio_client.errors import DeliveryError, HubAway, HubError, StoreError, Unavailable
from trackio_client.hub import blobs as packing
from trackio_client.hub.files import tables
from trackio_client.hub.files.packs import read_pack
from trackio_client.hub.memory import Failure, MemoryTarget
from trackio_client.store import files as store_files
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.frames import event_frame

SEED = int(os.environ.get("TRACKIO_TEST_SEED", "0"))
HISTORIES, STEPS = 8, 60
LONG_HISTORIES = 300
PLANTED = {
    "no-check": "a store takes a batch without looking for its files",
    "free-at-accepted": "the client lets go of files when they are accepted",
    "events-only": "a push leaves the files behind",
    "sweep-held": "a store removes files that are cited",
}


class BrokenRuleError(AssertionError):
    """A file is nowhere."""


class Road(StoreTransport):
    """To the Space, with answers that get lost before or after the work is done."""

    def __init__(self, world: World) -> None:
        super().__init__(world.place.store)
        self.world = world

    def _fate(self) -> float:
        fate = self.world.rng.random()
        if self.world.faults and fate < 0.1:
            raise Unavailable("lost on its way there")
        return fate if self.world.faults else 1.0

    def send(self, batch: Batch) -> Receipt:
        fate = self._fate()
        self.store = self.world.place.store
        receipt = super().send(batch)
        if fate < 0.2:
            raise Unavailable("lost on its way back")
        return receipt

    def lacking(self, blobs: Sequence[Blob], experiment_id: str) -> Lacking:
        self._fate()
        self.store = self.world.place.store
        return super().lacking(blobs, experiment_id)

    def put_files(self, blobs: Sequence[Blob], folder: BlobFolder, experiment_id: str) -> dict[str, str]:
        fate = self._fate()
        self.store = self.world.place.store
        came = super().put_files(blobs[:2], folder, experiment_id)
        if fate < 0.2:
            raise Unavailable("lost on its way back")
        return came


class World:
    """One client, one Space, one repo."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng, self.clock, self.faults = random.Random(seed), Clock(), True
        self.target = MemoryTarget(clock=self.clock)
        self.place = Place(self.target, folder, self.clock, "space")
        self.folder = folder / "spool"
        self.said: list[str] = []
        self.written: list[tuple[str, int, str]] = []
        """(writer, seq, hash) of each event that cites a file."""
        self.begin_client()

    def begin_client(self) -> None:
        number = len(list(self.folder.iterdir())) if self.folder.exists() else 0
        self.meta = Meta(
            writer_id=f"w_{number}", experiment_id=f"exp_{number % 2}", project="p", destination="hf://datasets/me/exp"
        )
        self.spool: Spool | None = Spool.create(self.folder, self.meta)
        self.spool.append(event_frame({"kind": "start", "time_us": 1, "name": "x"}))
        self.seq = 1
        self.couriers = [
            *getattr(self, "couriers", []),
            Courier(self.spool.directory, self.meta, Road(self), self.spool),
        ]

    def step(self) -> None:
        kinds = {
            "show": 20,
            "send": 40,
            "flush": 12,
            "wipe": 2,
            "kill": 2,
            "new": 1,
            "fail": 4,
            "collect": 3,
            "hour": 4,
        }
        (kind,) = self.rng.choices(list(kinds), list(kinds.values()))
        self.said.append(kind)
        getattr(self, f"_{kind}")()
        self.check()

    def _show(self) -> None:
        if self.spool is None:
            return
        content = self.rng.choice([b"same", os.urandom(50), os.urandom(packing.LARGE_BYTES)])
        blob = self.spool.files.put(content, "image/png")
        if self.rng.random() < 0.1:
            return  # killed between the two, as it were: nobody cites it
        self.spool.files.hold([blob])
        event = {"kind": "media", "time_us": self.seq, "items": [], "blobs": [blob.cited()]}
        self.spool.append(event_frame(event))
        self.written.append((self.meta.writer_id, self.seq, blob.sha256))
        self.seq += 1

    def _send(self) -> None:
        courier = self.rng.choice(self.couriers)
        courier.count()
        try:
            # As `replay` does: who delivers what another process left asks first how far that one came.
            if (courier.receipt is None and not self._is_live(courier)) or not courier.send():
                courier.beat()
        except (DeliveryError, StoreError) as error:
            self.said.append(f"  {error}")

    def _is_live(self, courier: Courier) -> bool:
        return self.spool is not None and courier.directory == self.spool.directory

    def _flush(self) -> None:
        try:
            self.place.replicator.flush()
        except HubError as error:
            self.said.append(f"  {error}")

    def _wipe(self) -> None:
        self.place.wipe()
        try:
            self.place.replicator.refresh()
        except HubError:
            self.target.failures.clear()
            self.place.replicator.refresh()  # a Space answers nobody before it has read the head

    def _kill(self) -> None:
        """The client's process ends; another one delivers what it left."""
        if self.spool is not None:
            self.spool.close()
            self.spool = None
        for n, courier in enumerate(self.couriers):
            meta = read_meta(courier.directory)
            if meta is not None:
                self.couriers[n] = Courier(courier.directory, meta, Road(self))

    def _new(self) -> None:
        self._kill()
        self.begin_client()

    def _fail(self) -> None:
        after = self.rng.random() < 0.5
        self.target.failures.append(Failure(HubAway("504"), on=self.rng.choice(["commit", "head"]), after=after))

    def _collect(self) -> None:
        self.place.store.collect(older_than_s=-1)

    def _hour(self) -> None:
        self.clock.now += 3600.0

    # --- what must hold -----------------------------------------------------------------------------------------------

    def in_repo(self) -> tuple[set[str], set[tuple[str, int]]]:
        """(hashes of files, (writer, seq) of events) at the head."""
        head, hashes, events = self.target.commits[-1].id, set(), set()
        for path in files(self.target, "blobs"):
            raw = self.target.read(path, head)
            hashes |= {each.blob.sha256 for each in read_pack(raw)} if packing.is_pack(path) else {path[-64:]}
        for path in files(self.target, "events"):
            events |= {(row.writer_id, row.seq) for row in tables.read_events(self.target.read(path, head))}
        return hashes, events

    def check(self) -> None:
        failures, self.target.failures = self.target.failures, type(self.target.failures)()
        repo, pushed = self.in_repo()
        self.target.failures = failures
        here = {sha256 for sha256, _, _ in self.place.store.files.listed()}
        taken = {holding.writer_id: holding.held for holding in self.place.store.holdings()}
        for courier in self.couriers:
            assert not courier.files.missing, f"told to be missing: {courier.files.missing}"
        for writer, seq, sha256 in self.written:
            if (writer, seq) in pushed and sha256 not in repo:
                raise BrokenRuleError(f"{writer}#{seq} is in the repo, its file {sha256[:8]} is not")
            if any(a <= seq < b for a, b in taken.get(writer, ())) and sha256 not in here | repo:
                raise BrokenRuleError(f"{writer}#{seq} was taken, its file {sha256[:8]} is nowhere")
            kept = BlobFolder(self.folder / writer / "blobs")
            if (writer, seq) not in pushed and kept.path(sha256) is None:
                raise BrokenRuleError(f"{writer}#{seq} is not durable, and its file {sha256[:8]} was let go of")

    def settle(self) -> None:
        """The faults are over: all goes where it belongs, and nothing is left at the client."""
        self.faults = False
        self.target.failures.clear()
        self._kill()
        for _ in range(6):
            for courier in self.couriers:
                while courier.count():
                    pass
                courier.beat()
                for _ in range(200):
                    if not courier.send():
                        break
                courier.beat()
            self.clock.now += 3600.0
            self.place.replicator.flush()
        repo, pushed = self.in_repo()
        assert {(writer, seq) for writer, seq, _ in self.written} <= pushed
        assert {sha256 for _, _, sha256 in self.written} <= repo
        for courier in self.couriers:
            courier.beat()
            assert not courier.undurable
            cited = {sha256 for writer, _, sha256 in self.written if writer == courier.meta.writer_id}
            left = {sha256 for sha256, _, _ in courier.files.folder.listed()}
            assert not left & cited, "a file stays at the client for ever"
            courier.remove()
            assert not courier.directory.exists()


def history(seed: int, folder: Path) -> None:
    world = World(seed, folder)
    try:
        for _ in range(STEPS):
            world.step()
        world.settle()
    except AssertionError as error:
        raise BrokenRuleError(f"seed {seed}: {error}\n" + "\n".join(world.said)) from error
    finally:
        world.place.store.close()


def histories(seeds: range, folder: Path) -> None:
    for seed in seeds:
        history(seed, folder / str(seed))


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LARGE_BYTES", 400)
    monkeypatch.setattr(packing, "MOST_LARGE", 2)
    monkeypatch.setattr(packing, "MOST_PACKED_BYTES", 300)


def plant(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "no-check":
        monkeypatch.setattr(store_files, "check_here", lambda *given: None)
        monkeypatch.setattr(Files, "bring", lambda *given: True)
    elif name == "free-at-accepted":
        release = Files.release
        heard = Courier._heard

        def freed(self: Courier, receipt: Receipt, **more: Any) -> None:
            heard(self, receipt, **more)
            release(self.files, self.sent)

        monkeypatch.setattr(Courier, "_heard", freed)
    elif name == "events-only":
        monkeypatch.setattr(packing.Outgoing, "put", lambda *given: {})
    else:
        monkeypatch.setattr(store_files, "uncited", lambda sql, hashes: list(hashes))


def test_no_history_loses_a_file(tmp_path: Path) -> None:
    histories(range(SEED, SEED + HISTORIES), tmp_path)


@pytest.mark.long
def test_no_history_of_many_loses_a_file(tmp_path: Path) -> None:
    histories(range(1_000_000 + SEED, 1_000_000 + SEED + LONG_HISTORIES), tmp_path)


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_bug_is_found(planted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(planted, monkeypatch)
    with pytest.raises(BrokenRuleError) as found:
        histories(range(40), tmp_path)
    print(f"{PLANTED[planted]}: {found.value}")


def test_an_event_tells_what_it_cites_as_the_wire_says() -> None:
    blob = Blob("0" * 64, 3, "image/png")
    assert json.loads(json.dumps(blob.cited())) == {"sha256": "0" * 64, "bytes": 3, "mime": "image/png"}
