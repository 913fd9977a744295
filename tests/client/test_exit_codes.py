"""A program that leaves by sys.exit: its code says whether it failed, or was asked to end."""

from __future__ import annotations

import sys
from typing import Any

import pytest


@pytest.mark.requirement("S4.21")
@pytest.mark.parametrize(
    ("code", "state", "signal"),
    [
        (0, "finished", None),
        (None, "finished", None),
        (1, "failed", None),
        (3, "failed", None),
        ("a message", "failed", None),
        (130, "interrupted", "SIGINT"),
        (143, "interrupted", "SIGTERM"),
        (137, "failed", None),  # nobody can handle SIGKILL: a code like any other
    ],
)
def test_a_program_that_leaves_by_a_handler_of_its_own_was_interrupted(
    bench: Any, code: Any, state: str, signal: str | None
) -> None:
    def program() -> None:
        with bench.init() as experiment:
            experiment.log({"loss": 1.0})
            sys.exit(code)

    with pytest.raises(SystemExit):
        program()
    (end,) = bench.events("end")
    assert (end["state"], end.get("signal")) == (state, signal)
