"""What the commands that deal with dataset repos share: the way to a repo, and how far it got."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trackio_client.errors import MissingExtra, StoreReadOnly, UsageError
from trackio_client.hub.names import repo_of
from trackio_client.settings import Settings

if TYPE_CHECKING:
    from trackio_client.hub.dataset import HubDataset
    from trackio_client.store.sqlite import SqliteStore


def repo_named(text: str | None) -> str:
    """`owner/name`. Raises UsageError."""
    repo = repo_of(text, "the repo")
    if repo is None:
        raise UsageError("the name of a dataset repo is missing: 'owner/name'")
    return repo


def needs_hub(command: str) -> None:
    """Raises MissingExtra if what talks to the Hub is not installed."""
    for package in ("huggingface_hub", "pyarrow"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(f"trackio-client {command}", package, "hub")


def repo_at(repo: str, settings: Settings, command: str) -> HubDataset:
    """The way to a repo, with the token that is set or the Hub's own log-in."""
    needs_hub(command)
    from trackio_client.hub.dataset import HubDataset

    return HubDataset(repo, token=settings.hub_token)


@contextmanager
def store_at(path: Path, *, make: bool) -> Iterator[SqliteStore]:
    """A store on this machine, closed afterwards. Raises StoreReadOnly if it is missing and not to be made."""
    from trackio_client.store.open import open_store

    if not make and not path.is_file():
        raise StoreReadOnly(f"nothing was logged to {path} yet")
    store = open_store(path)
    try:
        yield store
    finally:
        store.close()


class Progress:
    """A line on the terminal that is written over; nothing where there is no terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._next = time.monotonic() + 1.0
        self._has_line = False

    def __call__(self, text: str) -> None:
        if self._is_shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.2
            self._has_line = True
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line."""
        if self._has_line:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def count(number: int, word: str) -> str:
    """`1 value`, `2,000 values`."""
    return f"{number:,} {word}{'s' * (number != 1)}"
