"""Captured output: lines, bars, bounds, and printing that never breaks."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from trackio_client.capture.console import ConsoleCapture, Lines, Tee
from trackio_client.notices import MetricLines


def test_lines_come_whole_and_bars_come_as_their_last_state() -> None:
    lines = Lines(10_000)
    for text in ("one", " line\ntwo\n", "\r 10%|#   |", "\r 50%|##  |", "\r100%|####|", "\n", "open"):
        lines.feed(text)
    assert lines.take() == (["one line", "two", "100%|####|"], 0)
    assert lines.take(is_last=True) == (["open"], 0)


def test_what_is_over_the_bound_is_counted() -> None:
    lines = Lines(20)
    for number in range(10):
        lines.feed(f"line {number}\n")
    assert lines.take() == (["line 0", "line 1", "line 2"], 7)


def test_a_bar_without_end_does_not_grow() -> None:
    lines = Lines(10_000)
    for number in range(100_000):
        lines.feed(f"\r{number}")
    lines.feed("x" * 1_000_000)
    assert len(lines._open) < 1_010_000
    assert lines.take(is_last=True)[0][0].startswith("99999")


def test_printing_works_whatever_is_printed_and_the_stream_is_given_back(capsys: Any) -> None:
    before = sys.stdout
    capture = ConsoleCapture(1000)
    capture.start()
    print("hello", "\ud800".encode("utf-8", "replace"))
    print(b"\xff", end="")
    assert sys.stdout.isatty() is False
    sys.stdout.writelines(["a\n", "b\n"])
    capture.stop()
    assert sys.stdout is before
    assert capture.streams["stdout"].take(is_last=True)[0][0].startswith("hello")
    assert capsys.readouterr().out.startswith("hello")


def test_a_stream_that_fails_fails_as_without_us() -> None:
    broken = io.StringIO()
    broken.close()
    with pytest.raises(ValueError, match="closed"):
        Tee(broken, Lines(10)).write("x")


def test_output_of_a_training_arrives_as_log_lines(bench: Any, capsys: Any) -> None:
    with bench.init(capture_console=True):
        print("epoch 1")
        print("careful", file=sys.stderr)
    assert [(e["stream"], e["lines"]) for e in bench.events("console")] == [
        ("stdout", ["epoch 1"]),
        ("stderr", ["careful"]),
    ]


def test_lines_of_metrics_stay_readable_at_any_speed_and_evaluations_are_all_shown() -> None:
    import numpy as np

    from trackio_client.store.columns import Run
    from trackio_client.wire.frames import Schema

    def run(name: str, step: int) -> Run:
        ints = np.array([step], dtype=np.int64)
        return Run(Schema((name,)), step, ints, ints, np.array([[0.123456]]))

    said: list[str] = []
    now = [0.0]
    lines = MetricLines(said.append, lambda: now[0])
    for step in range(1000):
        now[0] += 0.01
        lines.take([run("loss", step)])
        if step % 500 == 250:
            lines.take([run("eval/f1", step)])
    assert len([line for line in said if "loss" in line]) == 5
    assert len([line for line in said if "eval/f1 0.1235" in line]) == 2
