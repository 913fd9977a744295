"""What earlier processes left is sent beside the new one's work, and trouble with it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.test_reading import append_numbers, spool_in
from trackio_client import leftovers
from trackio_client.wire.frames import event_frame


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def leave(bench: Any) -> Path:
    spool = spool_in(bench.folder / "v1" / "spool")
    append_numbers(spool, ("left",), *range(10))
    spool.abandon()
    return Path(spool.directory)


def test_the_next_experiment_sends_what_was_left(bench: Any) -> None:
    directory = leave(bench)
    with bench.init():
        until(lambda: not directory.exists())
    assert [step for metric, step, _ in bench.points() if metric == "left"] == list(range(10))


def test_a_file_that_what_was_left_cites_and_that_is_gone_is_named(bench: Any, capsys: Any) -> None:
    spool = spool_in(bench.folder / "v1" / "spool")
    blob = spool.files.put(b"pixels", "image/png")
    spool.append(event_frame({"kind": "media", "name": "samples", "step": 4, "time_us": 1, "blobs": [blob.cited()]}))
    spool.files.folder.remove(blob.sha256)
    spool.abandon()
    with bench.init(quiet=False) as experiment:
        until(lambda: "missing:exp_1" in experiment.notices.told)
    said = capsys.readouterr().err
    assert "(exp_1): 1 file is missing here: samples at step 4 (image/png, 6 bytes, " in said
    assert "Logged again with the same content" in said


def test_trouble_with_what_was_left_is_said_and_training_goes_on(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    directory = leave(bench)

    def broken(*given: Any, **named: Any) -> Any:
        raise ValueError("a bug of ours")

    monkeypatch.setattr(leftovers, "pending", broken)
    experiment = bench.init()
    experiment.log({"a": 1.0})
    until(lambda: "leftovers" in experiment.notices.told)
    said = capsys.readouterr().err
    assert "could not be sent (ValueError: a bug of ours)" in said
    assert "trackio-client sync" in said
    assert directory.exists()
