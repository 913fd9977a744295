"""stdout and stderr as log lines: bounded, masked later, and never in the way of printing.

A `Tee` stands where `sys.stdout` stood. It passes everything on first, then keeps whole lines until the sender takes
them. Progress bars rewrite one line with carriage returns: of those the last state is kept.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from typing import Any

MAX_LINE_CHARACTERS = 4096
MAX_WAITING_LINES = 2000
"""Between two looks of the sender (0.5 s): more than that nobody reads, and they would crowd out the metrics."""


class Tee:
    """A text stream that passes on and remembers."""

    def __init__(self, original: Any, lines: Lines) -> None:
        self.original = original
        self._lines = lines

    def write(self, text: str) -> Any:
        written = self.original.write(text)
        with contextlib.suppress(Exception):  # whatever is odd about a text, printing it has worked and must
            self._lines.feed(text)
        return written

    def writelines(self, texts: Any) -> None:
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        self.original.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)

    def __iter__(self) -> Any:
        return iter(self.original)


class Lines:
    """The lines of one stream that wait for the sender, within bounds; what is left out is counted."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._open = ""
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._lock = threading.RLock()  # reentrant: a signal handler may print while this thread prints

    def feed(self, text: str) -> None:
        with self._lock:
            if "\n" not in text and "\r" not in text:
                if len(self._open) < MAX_LINE_CHARACTERS:
                    self._open += text
                return
            *whole, self._open = (self._open + text).replace("\r\n", "\n").split("\n")
            if "\r" in self._open:  # a bar that goes on: only its newest state is worth keeping
                head, _, tail = self._open.rpartition("\r")
                self._open = tail or head.rpartition("\r")[2]
            for line in whole:
                self._keep(line)
            self._open = self._open[:MAX_LINE_CHARACTERS]

    def _keep(self, line: str) -> None:
        line = line.rstrip("\r").rpartition("\r")[2]
        if not line.strip():
            return
        line = line[:MAX_LINE_CHARACTERS]
        if self._left < len(line) or len(self._waiting) >= MAX_WAITING_LINES:
            self._dropped += 1
            return
        self._left -= len(line)
        self._waiting.append(line)

    def take(self, *, is_last: bool = False) -> tuple[list[str], int]:
        """(lines, how many were left out before them) since the last call; at the end the unfinished line too."""
        with self._lock:
            if is_last and self._open:
                self._keep(self._open)
                self._open = ""
            lines, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
            return lines, dropped


class ConsoleCapture:
    """stdout and stderr of the process from `start` to `stop`."""

    def __init__(self, most_bytes: int) -> None:
        self.streams = {"stdout": Lines(most_bytes), "stderr": Lines(most_bytes)}
        self._tees: dict[str, Tee] = {}

    def start(self) -> None:
        for name, lines in self.streams.items():
            stream = getattr(sys, name)
            if stream is not None:  # pythonw and daemons have none
                self._tees[name] = Tee(stream, lines)
                setattr(sys, name, self._tees[name])

    def stop(self) -> None:
        """Give the streams back. If somebody else wrapped ours in the meantime, it stays in between and passes on."""
        for name, tee in self._tees.items():
            if getattr(sys, name) is tee:
                setattr(sys, name, tee.original)
            tee._lines = _Nothing(0)
        self._tees = {}


class _Nothing(Lines):
    def feed(self, text: str) -> None:
        pass


def bare(stream: Any) -> Any:
    """The stream below our own capture: where our messages go, so that they are not recorded as the user's output."""
    while isinstance(stream, Tee):
        stream = stream.original
    return stream
