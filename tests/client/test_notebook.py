"""In a notebook a cell that calls `init` again means the next experiment."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest


class ShellOfAKernel:
    """A notebook is known by its shell's kernel: a terminal's IPython has none."""

    kernel = "a kernel"


@pytest.fixture
def in_jupyter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `import IPython` shows inside a kernel."""
    made_up = types.ModuleType("IPython")
    made_up.get_ipython = ShellOfAKernel  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", made_up)


def test_a_second_init_finishes_the_first_and_says_so(in_jupyter: None, bench: Any, capsys: Any) -> None:
    first = bench.init(name="first")
    first.log({"loss": 1.0})
    second = bench.init(name="second", quiet=False)
    assert first.is_finished
    assert not second.is_finished
    said = capsys.readouterr().out
    assert "finishing 'first'" in said
    second.finish()


def test_outside_a_notebook_the_older_stays_open(bench: Any) -> None:
    first, second = bench.init(name="first"), bench.init(name="second")
    assert not first.is_finished
    first.finish()
    second.finish()
