"""From a path or an address to a store."""

from __future__ import annotations

from pathlib import Path

from trackio_client.errors import StoreReadOnly, UsageError
from trackio_client.homes import expanded
from trackio_client.store.sqlite import SqliteStore


def open_store(path_or_url: Path | str, *, persistent: bool = True, destination: str | None = None) -> SqliteStore:
    """Open (or create) a store.

    Args:
        path_or_url: a file, or `sqlite:///` and a file.
        persistent: the disk keeps what is on it, so that *durable* is what is accepted.
        destination: where what is appended ends up, e.g. "hf://datasets/owner/name". Receipts name it instead of this
            store, and *durable* is then only what it is known to hold (`Store.mark_durable`).

    Raises:
        StoreError: the file still waits for data from another destination.
        UsageError: an address of an engine that is not known.
        NotAStore, StoreTooNew, StoreReadOnly, StoreFull: see errors.py; the file is left as it is.
    """
    text = str(path_or_url)
    if "://" in text:
        scheme, _, rest = text.partition("://")
        if scheme != "sqlite":
            raise UsageError(f"there is no store for addresses of {scheme!r}: give a file, or sqlite:///FILE")
        text = rest.removeprefix("/") if rest.startswith("//") else rest
    path = expanded(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(
            f"the folder {path.parent} cannot be made: {error}. Choose another with TRACKIO_DIR"
        ) from error
    return SqliteStore(path, persistent=persistent, destination=destination)
