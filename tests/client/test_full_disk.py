"""A full disk and a used-up budget at the client: training goes on, one warning, counted, named in the receipt."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def until(true: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def fill(path: Path) -> None:
    """Write this file until the disk takes no more."""
    with contextlib.suppress(OSError), path.open("wb") as file:
        while True:
            file.write(b"x" * 4096)
            file.flush()


def refused_from(experiment: Any, step: int) -> int:
    """Log a step at a time until one is refused; the next step."""
    while not experiment._writer.refusals.counts:
        experiment.log({"loss": float(step)}, step=step)
        step += 1
    return step


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine may not mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.crash
def test_a_full_disk_costs_only_what_did_not_fit_and_is_told(bench: Any, small_disk: Path, capsys: Any) -> None:
    other = small_disk / "somebody-elses"
    experiment = bench.init(directory=small_disk)
    for step in range(100):
        experiment.log({"loss": float(step)}, step=step)
    fill(other)
    step = refused_from(experiment, 100)
    end = step + 49
    for later in range(step, end + 1):
        experiment.log({"loss": float(later)}, step=later)
    other.unlink()
    until(lambda: not experiment._writer.spool.current.why)
    for step in range(end + 1, end + 11):
        experiment.log({"loss": float(step)}, step=step)
    experiment.finish()
    [(count, first, last)] = experiment._writer.refusals.counts.values()
    steps = [step for _, step, _ in bench.points()]
    assert steps == [*range(first), *range(last + 1, end + 11)]
    assert count == last - first + 1
    assert sum(event["count"] for event in bench.events("refused")) == count
    said = capsys.readouterr().err
    assert said.count("refused and counted until there is room") == 1
    assert said.count("there is room again") == 1


@pytest.mark.crash
@pytest.mark.requirement("S4.19")
def test_a_training_that_failed_because_the_disk_was_full_says_so(bench: Any, small_disk: Path) -> None:
    experiment = bench.init(directory=small_disk)
    experiment.log({"loss": 1.0}, step=0)
    failed = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "checkpoint-500/model.safetensors")
    fill(small_disk / "checkpoint")
    refused_from(experiment, 1)
    experiment.finish("failed", error=failed)
    [end] = bench.events("end")
    assert end["state"] == "failed"
    [error] = bench.events("error")
    assert "checkpoint-500/model.safetensors" in error["message"]
    assert bench.spools() == []


@pytest.mark.crash
def test_a_full_disk_gets_its_room_back_when_everything_is_durable(small_disk: Path) -> None:
    from tests.delivery.test_courier import deliver, held
    from tests.delivery.test_reading import append_numbers, spool_in
    from trackio_client.delivery.courier import Courier
    from trackio_client.delivery.spool import segment_numbers
    from trackio_client.delivery.transport import MemoryTransport

    spool, store = spool_in(small_disk), MemoryTransport()
    append_numbers(spool, ("loss",), *range(1000))
    spool.turn()
    fill(small_disk / "somebody-elses")
    courier = Courier(spool.directory, spool.meta, store, spool)
    deliver(courier)
    courier.beat()
    assert held(store) == list(range(1000))
    assert segment_numbers(spool.directory) == [1]
    append_numbers(spool, ("loss",), *range(1000, 1100))
    deliver(courier)
    assert held(store) == list(range(1100))


def test_a_budget_that_is_used_up_refuses_and_keeps_what_there_is(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from trackio_client.errors import Unavailable

    monkeypatch.setenv("TRACKIO_SPOOL_BYTES", "100000")
    bench.store.failures.extend([Unavailable("asleep")] * 3)
    experiment = bench.init(quiet=False)
    step = 0
    while not experiment._writer.refusals.counts:
        experiment.log({"loss": float(step)}, step=step)
        step += 1
        time.sleep(0.00002)
    experiment.finish(timeout_s=60)
    [(reason, (count, first, last))] = experiment._writer.refusals.counts.items()
    assert "TRACKIO_SPOOL_BYTES" in reason
    assert [step for _, step, _ in bench.points()] == list(range(first))
    assert [(event["count"], event["first_step"], event["last_step"]) for event in bench.events("refused")] == [
        (count, first, last)
    ]
    said = capsys.readouterr().err
    assert "not recorded: 1 call (" in said
    assert "counts and digest equal" in said


LIMITED = """
import resource, signal
import trackio_client as trackio
experiment = trackio.init("p", mode="offline", capture_console=False)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_001, resource.RLIM_INFINITY))
for step in range(2000):
    trackio.log({"loss": float(step)}, step=step)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
trackio.finish()
"""


@pytest.mark.crash
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on file sizes here")
def test_a_write_that_was_cut_short_is_made_again_in_a_new_file(bench: Any, tmp_path: Path) -> None:
    from trackio_client.delivery.replay import sync

    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    [account] = sync(tmp_path / "v1" / "spool", lambda destination: bench.store)
    assert account.is_equal
    assert [step for _, step, _ in bench.points()] == list(range(2000))
