"""Spaces whose home is a dataset repo, as real processes at a stand-in for the Hub: killed, wiped, two at once.

The promise: what a trainer's `log()` was told is taken is in the repo, and in every Space on it, exactly once.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bad_network import BadNetwork
from tests.e2e.machines import Space, Trainer, check_exact, command, spools, until
from tests.hub.conftest import point_at
from tests.hub.machines import Repo
from tests.hub_server import HubProcess

pytestmark = [pytest.mark.crash, pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")]

REPO = "me/exp"
COMMIT = r"POST .*/commit/"
QUICK = {"TRACKIO_FLUSH_S": "0.05", "TRACKIO_HEARTBEAT_S": "0.5", "TRACKIO_FINISH_TIMEOUT_S": "60"}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubProcess]:
    """A Hub in a process of its own, that takes as many commits as come: an hour is longer than a test."""
    with HubProcess(tmp_path / "hub") as hub:
        point_at(hub, tmp_path, monkeypatch)
        hub.limit(commits_per_hour=None)
        yield hub


class RepoSpace(Space):
    """A Space on a repo; its disk is a cache."""

    def __init__(self, hub: HubProcess, directory: Path, **settings: str) -> None:
        theirs = {k: v for k, v in hub.env(directory.with_name("hf")).items() if k.startswith("HF_")}
        super().__init__(directory, **theirs, HF_HUB_OFFLINE="0", TRACKIO_DATASET_REPO=REPO, **settings)
        self.settings |= {"TRACKIO_DISK": "ephemeral", "TRACKIO_COMMITS_PER_HOUR": "100000"}
        self.settings.setdefault("TRACKIO_PUSH_INTERVAL_S", "1")
        self.settings.update(settings)

    def wipe(self) -> None:
        """Kill it and take its disk."""
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def sync(self) -> dict[str, Any]:
        told: dict[str, Any] = self.get("/v1/health")["sync"]
        return told

    def is_pushed(self) -> bool:
        told = self.sync()
        return bool(told["ready"]) and not told["behind_events"]

    def whole(self, trainers: list[Trainer], *, more: int = 0) -> None:
        """Each call of these is here once; loads what is cold."""
        for trainer in trainers:

            def there(trainer: Trainer = trainer) -> bool:
                return len(self.points(trainer.experiment_id, "t/value")) >= len(trainer.acknowledged())

            until(there, f"{trainer.experiment_id} is loaded", every_s=0.2)
            check_exact(self.points(trainer.experiment_id, "t/value"), trainer.acknowledged(), more=more)
            told = self.receipts(trainer.experiment_id)["receipts"]
            assert all(receipt["holes"] == [] for receipt in told), told


@pytest.fixture
def repo_space(there: HubProcess, tmp_path: Path) -> Iterator[Callable[..., RepoSpace]]:
    made: list[RepoSpace] = []

    def make(**settings: str) -> RepoSpace:
        made.append(RepoSpace(there, tmp_path / f"space-{len(made)}", **settings))
        return made[-1]

    yield make
    for space in made:
        if space.process is not None:
            space.kill()


def in_repo(hub: HubProcess, trainers: list[Trainer], tmp_path: Path, *, more: int = 0) -> Repo:
    """The repo, of which each call of these trainers must be once, under the digest it was written with."""
    repo = Repo(hub, REPO, tmp_path / f"check-{os.urandom(4).hex()}.sqlite")
    for trainer in trainers:
        check_exact(repo.points(trainer.experiment_id), trainer.acknowledged(), more=more)
        assert repo.holes(trainer.experiment_id) == []
        assert repo.store.audit(trainer.experiment_id) == repo.digests(trainer.experiment_id)
    return repo


def let_go_of(home: Path) -> None:
    """A trainer need not wait for the push: what it left is asked for by `sync`, and is durable now."""
    done = command(home, "sync")
    assert done.returncode == 0, done.stdout + done.stderr
    assert spools(home) == [], "a writer is stuck"


def wiped_again_and_again(
    wipes: int,
    rng: random.Random,
    train: Callable[..., Trainer],
    tell: Callable[[str], None],
    tmp_path: Path,
    hub: HubProcess,
    space: RepoSpace,
) -> None:
    space.start()
    stop = tmp_path / "stop"
    shape = ("--pause", "0.02", "--until", str(stop))
    trainers = [train(10_000_000, *shape, url=space.url, **QUICK) for _ in range(8)]
    for trainer in trainers:
        trainer.wait_for(1)
    for number in range(wipes):
        wait_s = rng.random() * 4.0
        time.sleep(wait_s)
        space.wipe()
        began = time.monotonic()
        space.start()
        up_s = time.monotonic() - began
        until(lambda: space.sync()["ready"], "it has read the head")
        tell(f"wipe {number + 1} after {wait_s:.2f} s; answers after {up_s:.1f} s; {len(hub.pushes(REPO))} commits")
        assert all(trainer.process.poll() is None for trainer in trainers), "a trainer ended"
    stop.touch()
    for trainer in trainers:
        assert trainer.ended() == 0, trainer.said()
        assert "equal" in trainer.said(), "the client printed another digest than the Space has"
    space.whole(trainers)
    until(space.is_pushed, "all is pushed")
    let_go_of(tmp_path / "home")
    in_repo(hub, trainers, tmp_path)
    calls = sum(len(trainer.acknowledged()) for trainer in trainers)
    tell(f"{wipes} wipes, 8 trainers: {calls} calls returned; Space and repo hold each once")
    assert hub.unknown() == []


@pytest.mark.requirement("S1.50", "S1.85")
def test_a_space_killed_and_wiped_again_and_again_ends_with_every_event_once(
    rng, train, tell, tmp_path, there, repo_space
):
    wiped_again_and_again(4, rng, train, tell, tmp_path, there, repo_space())


@pytest.mark.long
def test_a_space_killed_and_wiped_twenty_times_ends_with_every_event_once(
    rng, train, tell, tmp_path, there, repo_space
):
    wiped_again_and_again(20, rng, train, tell, tmp_path, there, repo_space())


@pytest.mark.parametrize(
    ("kind", "disk"),
    [
        ("slow", "wiped"),
        ("late", "kept"),
        pytest.param("slow", "kept", marks=pytest.mark.long),
        pytest.param("late", "wiped", marks=pytest.mark.long),
    ],
)
def test_a_space_killed_around_its_commit_leaves_every_event_once(kind, disk, train, tmp_path, there, repo_space):
    """Slow: killed between upload and commit. Late: the commit is made, its answer never noted."""
    space = repo_space().start()
    trainer = train(300, "--end", "wait", url=space.url, **QUICK)
    until(lambda: "READY" in trainer.said(), "it has logged")
    until(space.is_pushed, "a first commit")
    made = len(there.pushes(REPO))
    there.forget()
    there.fault(COMMIT, kind=kind, seconds=4.0)
    more = train(300, "--end", "wait", url=space.url, **QUICK)
    until(lambda: [one for one in there.requests("/commit/") if "POST" in one["request"]], "a commit is on its way")
    if kind == "late":
        until(lambda: len(there.pushes(REPO)) > made, "it is made")
    if disk == "wiped":
        space.wipe()
    else:
        space.kill()
    space.start()
    until(lambda: len(more.acknowledged()) == 300, "training went on")
    until(lambda: len(space.points(more.experiment_id, "t/value")) == 300, "the rest is there")
    until(space.is_pushed, "all is pushed")
    time.sleep(0.0 if kind == "late" else 4.0)  # a slow commit may land after its sender's death
    space.whole([trainer, more])
    until(space.is_pushed, "all is pushed")
    in_repo(there, [trainer, more], tmp_path)


def two_spaces(
    seconds: float,
    train: Callable[..., Trainer],
    tell: Callable[[str], None],
    tmp_path: Path,
    hub: HubProcess,
    repo_space: Callable[..., RepoSpace],
) -> None:
    """Both push all the time; halfway, trainers are told the other one's address."""
    began = time.monotonic()
    spaces = [repo_space().start(), repo_space().start()]
    stop = tmp_path / "stop"
    doors = [BadNetwork(space.port, lambda number: "pass") for space in spaces]
    shape = ("--pause", "0.01", "--until", str(stop))
    trainers = [train(10_000_000, *shape, url=door.url, **QUICK) for door in doors * 4]
    for trainer in trainers:
        trainer.wait_for(1)
    time.sleep(seconds / 2)
    doors[0].goes_to(spaces[1].port)
    doors[1].goes_to(spaces[0].port)
    time.sleep(seconds / 2)
    stop.touch()
    for trainer in trainers:
        assert trainer.ended() == 0, trainer.said()
    for space in spaces:
        until(space.is_pushed, "all is pushed")
    let_go_of(tmp_path / "home")
    in_repo(hub, trainers, tmp_path)
    for space in spaces:
        until(lambda space=space: len(space.get("/v1/experiments?project=kills")["experiments"]) == 8, "both know all")
        space.whole(trainers)
    posts = [one for one in hub.requests("/commit/") if "POST" in one["request"]]
    refused = sum(one["status"] in (409, 412) for one in posts)
    assert len(hub.pushes(REPO)) <= 2 * (time.monotonic() - began) + 20, "more than one commit an interval of 1 s"
    tell(f"{len(posts)} commits of two Spaces in {seconds:.0f} s, {refused} of them refused for another's")
    for door in doors:
        door.close()


@pytest.mark.requirement("S1.50", "S1.53")
def test_two_spaces_on_one_repo_hold_every_event_once(train, tell, tmp_path, there, repo_space):
    two_spaces(10.0, train, tell, tmp_path, there, repo_space)


@pytest.mark.long
def test_two_spaces_push_to_one_repo_for_a_minute(train, tell, tmp_path, there, repo_space):
    two_spaces(60.0, train, tell, tmp_path, there, repo_space)


@pytest.mark.requirement("S1.62")
def test_a_hub_that_is_away_holds_nobody_up_and_is_caught_up_with(train, tell, tmp_path, there, repo_space):
    space = repo_space().start()
    stop = tmp_path / "stop"
    trainer = train(10_000_000, "--pause", "0.005", "--until", str(stop), url=space.url, **QUICK)
    until(space.is_pushed, "a first commit")
    there.kill()
    before = len(trainer.acknowledged())
    until(lambda: space.sync()["problem"], "the Space says what hinders it")
    until(lambda: len(trainer.acknowledged()) > before + 200, "training goes on")
    assert space.points(trainer.experiment_id, "t/value"), "what is here is shown"
    space.wipe()
    space.start()  # with nobody to ask what it held: no writer is answered (rule 8)
    status, told = space.post(f"/v1/writers/w_{'a' * 20}/events", b"{}", **{"Content-Type": "application/x-ndjson"})
    assert (status, told["type"].rpartition("/")[2]) == (503, "starting"), told
    before = len(trainer.acknowledged())
    until(lambda: len(trainer.acknowledged()) > before + 200, "training goes on")
    there.start()
    stop.touch()
    assert trainer.ended() == 0, trainer.said()
    until(space.is_pushed, "all is pushed")
    space.whole([trainer])
    in_repo(there, [trainer], tmp_path)


@pytest.mark.requirement("S1.51")
def test_files_that_are_damaged_or_not_ours_are_named_kept_and_passed_over(train, tmp_path, there, repo_space):
    from huggingface_hub import CommitOperationAdd, HfApi

    space = repo_space().start()
    lost = train(200, url=space.url, **QUICK)
    assert lost.ended() == 0, lost.said()
    until(space.is_pushed, "a first commit")
    api = HfApi(there.url, token="hf_me")
    files = api.list_repo_files(REPO, repo_type="dataset")
    [damaged] = [name for name in files if name.startswith("metrics/")]
    whole = Path(api.hf_hub_download(REPO, damaged, repo_type="dataset", local_dir=tmp_path / "copy")).read_bytes()
    kept = train(200, url=space.url, **QUICK)
    assert kept.ended() == 0, kept.said()
    until(space.is_pushed, "a second commit")
    put = {
        damaged: whole[: len(whole) // 2],
        "metrics/aa/foreign.parquet": b"not a table",
        "metrics/notes.txt": b"mine",
        "index/0009.json": b'{"of": "somebody else"}',
        "experiments/0009.parquet": b"\x00" * 100,
        "data/train.csv": b"a,b\n1,2\n",
    }
    operations = [CommitOperationAdd(path, content) for path, content in put.items()]
    api.create_commit(REPO, operations, commit_message="somebody else", repo_type="dataset")
    space.wipe()
    space.start()
    until(lambda: space.sync()["ready"], "it has read the head")
    space.whole([kept])
    until(lambda: damaged in {each["path"] for each in space.sync()["not_ours"]}, "the damaged file is named")
    assert "index/0009.json" in {each["path"] for each in space.sync()["not_ours"]}
    names = {each["experiment_id"] for each in space.get("/v1/experiments?project=kills")["experiments"]}
    assert names == {lost.experiment_id, kept.experiment_id}, "the list knows both"
    more = train(200, url=space.url, **QUICK)
    assert more.ended() == 0, more.said()
    until(space.is_pushed, "pushing goes on")
    space.whole([more])
    for path, content in put.items():
        now = Path(api.hf_hub_download(REPO, path, repo_type="dataset", local_dir=tmp_path / "now")).read_bytes()
        assert now == content, f"{path} was overwritten"


def test_a_space_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(train, tmp_path, there, small_disk):
    disk = small_disk("disk", 24_000)
    space = RepoSpace(there, disk / "space", TRACKIO_PUSH_INTERVAL_S="0.5")
    space.log = tmp_path / "space.log"
    space.start()
    try:
        first = train(200, url=space.url, **QUICK)
        assert first.ended() == 0, first.said()
        until(space.is_pushed, "a first commit")
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            for size in (65536, 512):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        stop = tmp_path / "stop"
        trainer = train(10_000_000, "--pause", "0.002", "--until", str(stop), url=space.url, **QUICK)
        until(lambda: "no room" in trainer.said(), "the trainer is told that the store is full")
        until(lambda: space.sync()["behind_events"] == 0 or "no room" in (space.sync()["problem"] or ""), "it says why")
        assert "mistake" not in (space.sync()["problem"] or "")
        calls = len(trainer.acknowledged())
        until(lambda: len(trainer.acknowledged()) > calls + 200, "training goes on")
        filler.unlink()
        stop.touch()
        assert trainer.ended() == 0, trainer.said()
        until(space.is_pushed, "all is pushed")
        space.whole([first, trainer])
        in_repo(there, [first, trainer], tmp_path)
    finally:
        space.kill()
