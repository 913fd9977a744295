"""When a pusher ends, what it says meanwhile, and what it leaves: in this process, on a repo in memory."""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machines import until
from trackio_client.delivery.staging import STOPPED, PusherState, Staging, StagingTransport, pids_of, stagings
from trackio_client.delivery.transport import LateTransport
from trackio_client.errors import Behind, HubAway, HubRefused, Unavailable
from trackio_client.experiment import Experiment
from trackio_client.hub.catching_up import catch_up
from trackio_client.hub.memory import Failure, MemoryTarget
from trackio_client.hub.pusher import Pusher, main, origin_of
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.pushes import Pushes
from trackio_client.settings import settings_from
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import event_frame


class Bench:
    """One folder, one repo in memory, and at most one pusher."""

    def __init__(self, folder: Path) -> None:
        self.settings = settings_from({"TRACKIO_DIR": str(folder)})
        self.staging = Staging.of(folder, "me/exp")
        self.target = MemoryTarget("me/exp", exists=False)
        self.stop = threading.Event()
        self.why: list[str] = []
        self._threads: list[threading.Thread] = []

    def log(self, steps: int = 20) -> Experiment:
        """An experiment as a trainer logs it, but that no pusher is started."""

        def transport() -> LateTransport:
            return LateTransport(self.staging.destination, lambda: StagingTransport(self.staging, self.staging.open()))

        experiment = init(
            "p", dataset_repo="me/exp", directory=self.settings.directory, transport=transport,
            capture_console=False, quiet=True,
        )  # fmt: skip
        for step in range(steps):
            experiment.log({"loss": 1.0 / (step + 1)}, step=step)
        return experiment

    def push(self, **limits: float) -> None:
        """Start a pusher on a thread."""
        pusher = Pusher(self.staging, self.settings, self.target, stop=self.stop, **limits)
        lock = until(self.staging.lock, "no other pusher runs")

        def run() -> None:
            self.why.append(pusher.run())
            lock.release()

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def ended(self) -> str:
        self._threads[-1].join(30)
        return self.why[-1]

    def state(self) -> PusherState:
        found: PusherState = until(self.staging.state, "the pusher has said something")
        return found

    def close(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(30)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    for name in ("TRACKIO_URL", "MONITORING_MODE", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_FLUSH_S", "0.05")
    bench = Bench(tmp_path)
    yield bench
    bench.close()
    process.current = None


def test_a_pusher_ends_when_all_is_in_the_repo_and_nobody_logs(bench: Bench) -> None:
    experiment = bench.log()
    bench.push(idle_s=0.6)
    until(lambda: bench.state().commit, "it has read the repo")
    experiment.finish(timeout_s=60)
    assert bench.ended().startswith("everything is in the repo")
    assert (bench.state().events, bench.state().problem) == (0, None)
    assert any("20 values" in commit.title for commit in bench.target.commits)
    assert not list((bench.settings.spool_path).iterdir())


def test_a_pusher_gives_up_when_nothing_moves_and_the_next_one_goes_on(bench: Bench) -> None:
    bench.log().finish(timeout_s=0.5)
    bench.target.failures.extend(Failure(HubAway("nobody answers"), on="head") for _ in range(50))
    bench.push(stuck_s=1.0)
    assert bench.ended().startswith("nothing moved for")
    assert bench.state().problem == "nobody answers"
    assert bench.state().events == 22
    bench.target.failures.clear()
    bench.push(idle_s=0.2)
    assert bench.ended().startswith("everything is in the repo")
    assert not list((bench.settings.spool_path).iterdir())


def test_a_pusher_that_is_asked_to_stop_says_so_and_leaves_the_rest(bench: Bench) -> None:
    experiment = bench.log()
    bench.push()
    until(lambda: bench.state().ready, "it has read the repo")
    bench.stop.set()
    assert bench.ended() == STOPPED == bench.state().ended
    experiment.finish(timeout_s=0.5)


def test_a_stopped_pusher_is_not_started_again_by_the_trainer_it_was_stopped_beside(bench: Bench) -> None:
    started: list[float] = []
    pushes = Pushes(bench.staging, bench.settings, lambda kind, text: None)
    pushes.start = lambda now=None: started.append(0.0)  # type: ignore[method-assign, assignment]
    pushes.look(is_all_durable=True, now=1.0)
    assert started == []
    pushes.look(is_all_durable=False, now=3.0)
    assert started == [0.0]
    bench.staging.directory.mkdir(parents=True)
    PusherState(repo="me/exp", pid=1, said_s=time.time() + 1, ended=STOPPED).write(bench.staging.state_path)
    real = Pushes(bench.staging, bench.settings, lambda kind, text: None)
    real.start(now=100.0)
    assert real._started is None


def test_what_hinders_a_push_is_told_once_and_that_it_goes_on_again(bench: Bench) -> None:
    told: list[tuple[str, str]] = []
    pushes = Pushes(bench.staging, bench.settings, lambda kind, text: told.append((kind, text)))
    lock = bench.staging.lock()
    assert lock is not None
    refused = PusherState(repo="me/exp", pid=7, problem="the token may not do this (status 403).")
    refused.write(bench.staging.state_path)
    pushes.look(is_all_durable=False, now=10.0)
    assert "the token may not do this (status 403). Training goes on" in told[0][1]
    assert str(bench.staging.directory) in told[0][1]
    assert not pushes.is_worth_waiting(30.0)
    PusherState(repo="me/exp", pid=7).write(bench.staging.state_path)
    pushes.look(is_all_durable=False, now=20.0)
    assert told[-1][0] == "again"
    lock.release()


@pytest.mark.parametrize("with_pusher", [False, True])
def test_sync_pushes_by_itself_or_asks_the_pusher_that_is_at_work(bench: Bench, with_pusher: bool) -> None:
    if with_pusher:
        bench.push()
        until(lambda: bench.state().ready, "it has read the repo")
    bench.log().finish(timeout_s=0.3)
    assert _caught_up(bench) is None
    store = bench.staging.open()
    assert store.holdings(behind=True) == []
    store.close()


def _caught_up(bench: Bench) -> str | None:
    return catch_up(bench.staging, bench.target, until=time.monotonic() + 60)


def test_sync_says_why_something_is_not_pushed(bench: Bench) -> None:
    bench.log().finish(timeout_s=0.3)
    bench.target.failures.append(Failure(HubRefused("the token may not do this", status=403), on="head"))
    assert _caught_up(bench) == "the token may not do this"
    bench.target.failures.extend(Failure(HubAway("nobody answers"), on="head") for _ in range(9))
    waited: list[float] = []
    why = catch_up(bench.staging, bench.target, until=5.0, clock=lambda: 0.0 + sum(waited), sleep=waited.append)
    assert why is not None
    assert why.startswith("nobody answers. The next try would be in")
    assert sum(waited) <= 5.0


def test_a_store_that_was_wiped_names_no_hole_before_the_repo_was_read(bench: Bench) -> None:
    store = bench.staging.open()
    transport = StagingTransport(bench.staging, store)
    batch = Batch(
        writer_id="w_" + "a" * 26, experiment_id="exp_1", project="p", generation=0, first_seq=5, count=1,
        first_held=5, body=event_frame({"kind": "start", "time_us": 1, "project": "p", "name": "n"}),
    )  # fmt: skip
    assert isinstance(store.append([batch], holes=False)[0], Behind)
    with pytest.raises(Unavailable, match="must be read first"):
        transport.send(batch)
    with pytest.raises(Unavailable, match="was not read yet"):
        transport.find("p", "n")
    PusherState(repo="me/exp", ready=store.incarnation, looked_s=time.time()).write(bench.staging.state_path)
    assert transport.find("p", "n") is None
    assert bench.staging.ask_path.exists()
    assert [hole.end_seq for hole in transport.send(batch).holes] == [5]
    assert transport.send(batch).store_id == "hf://datasets/me/exp"
    transport.close()


def test_a_state_that_cannot_be_read_is_none(bench: Bench) -> None:
    bench.staging.directory.mkdir(parents=True)
    for text in ("", "[]", "{}", '{"repo": 5, "x": 1}', "\0"):
        bench.staging.state_path.write_text(text)
        bench.staging.state()
    bench.staging.state_path.write_bytes(b"\xff\xfe")
    assert bench.staging.state() is None


def test_a_pid_that_is_no_pusher_is_not_taken_for_one(bench: Bench) -> None:

    assert list(pids_of(bench.staging, PusherState(repo="me/exp", pid=os.getpid()))) == []
    assert list(pids_of(bench.staging, PusherState(repo="me/exp", pid=0))) == []


def test_folders_of_other_things_are_no_repos(bench: Bench) -> None:
    bench.staging.open().close()
    for name in ("x", "a--b--c", ".tmp"):
        (bench.staging.directory.parent / name).mkdir()
        (bench.staging.directory.parent / name / "store.sqlite").touch()
    assert [one.repo for one in stagings(bench.settings.directory)] == ["me/exp"]


@pytest.mark.parametrize("incarnation", ["3bbcfd7d114e0515", "a-b", "---"])
def test_a_mark_in_commit_titles_is_letters_and_digits(incarnation: str) -> None:
    assert origin_of(incarnation).isalnum()
    assert len(origin_of(incarnation)) <= 16


def test_a_machine_without_huggingface_hub_says_how_to_install_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "pyarrow" else real(name))
    monkeypatch.setenv("TRACKIO_DIR", str(bench.settings.directory))
    signals = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    try:
        assert main(["--repo", "me/exp"]) == 1
    finally:
        for number, handler in signals:
            signal.signal(number, handler)
    assert "pip install 'trackio-client[hub]'" in str(bench.state().problem)
    assert bench.staging.is_free()


def test_a_second_pusher_of_a_folder_ends_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(bench.settings.directory))
    lock = bench.staging.lock()
    assert main(["--repo", "me/exp"]) == 0
    assert lock is not None
    lock.release()
    assert bench.staging.state() is None
