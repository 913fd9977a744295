"""What we say on the console: few words, each kind once, and lines of metrics when nobody else shows them."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from trackio_client.capture.console import bare

if TYPE_CHECKING:
    from trackio_client.store.columns import EventAt, Run

LINE_EVERY_S = 2.0
"""Between two lines of metrics: a loop of 1,000 steps a second must stay readable."""
MAX_METRICS_SHOWN = 8


class Notices:
    """Says things on stderr (in a notebook on stdout, where they are not painted red)."""

    def __init__(self, *, is_quiet: bool = False, mask: Callable[[str], str] = str) -> None:
        self.is_quiet = is_quiet
        self.mask = mask
        self.told: dict[str, int] = {}
        """How often each kind of warning came up; it was said the first time."""

    def say(self, text: str) -> None:
        """Information; silent when quiet."""
        if not self.is_quiet:
            self._print(text)

    def warn(self, kind: str, text: str) -> None:
        """A warning; each kind is said once and counted."""
        self.told[kind] = self.told.get(kind, 0) + 1
        if self.told[kind] == 1:
            self._print(text)
        elif len(self.told) > 10_000:  # kinds made of names that a loop invents
            self.told = dict.fromkeys(list(self.told)[:5_000], 1)

    def forget(self, kind: str) -> None:
        """Say it again when it comes up again."""
        self.told.pop(kind, None)

    def _print(self, text: str) -> None:
        with contextlib.suppress(Exception):  # a closed or odd stream must not stop a training
            stream = bare(sys.stdout if in_notebook() else sys.stderr)
            if stream is not None:
                stream.write("".join(f"trackio: {line}\n" for line in self.mask(text).splitlines()))
                stream.flush()


class MetricLines:
    """Prints the newest values from what the sender counts.

    At most a line every `LINE_EVERY_S`; evaluations always (but a burst of them is thinned as well).
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._next = 0.0
        self._evaluations = 0

    def take(self, parts: list[Run | EventAt]) -> None:
        from trackio_client.store.columns import Run

        now = self._clock()
        runs = [part for part in parts if isinstance(part, Run)]
        if not runs:  # the beginning of an experiment, texts: the first numbers after them are shown at once
            return
        rest = [run for run in runs if not is_evaluation(run.schema.keys)]
        if now >= self._next:
            self._next, self._evaluations = now + LINE_EVERY_S, 0
            shown = [run for run in rest if not all(key.startswith("system/") for key in run.schema.keys)]
            if shown:
                self._say(line_of(shown[-1]))
        for run in runs:
            if is_evaluation(run.schema.keys) and self._evaluations < 5:
                self._evaluations += 1
                self._say(line_of(run))


def is_evaluation(keys: tuple[str, ...]) -> bool:
    """Values of an evaluation: rare, and what people wait for."""
    return any(key.startswith(("eval/", "eval_", "test/", "test_", "val/", "val_", "validation/")) for key in keys)


def line_of(run: Run) -> str:
    """The last row of a run as a line."""
    pairs = list(zip(run.schema.keys, run.values[-1].tolist(), strict=True))
    more = f"  … {len(pairs) - MAX_METRICS_SHOWN} more" if len(pairs) > MAX_METRICS_SHOWN else ""
    return (
        f"step {int(run.steps[-1])}  "
        + "  ".join(f"{key} {value:.4g}" for key, value in pairs[:MAX_METRICS_SHOWN])
        + more
    )


def in_notebook() -> bool:
    """A kernel of Jupyter or Colab, not a terminal's IPython."""
    ipython = sys.modules.get("IPython")
    shell = getattr(ipython, "get_ipython", lambda: None)() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
