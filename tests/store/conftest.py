"""The engines that must keep the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trackio_client.store.contract import Store
from trackio_client.store.open import open_store

ENGINES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder / 'store.sqlite'}",
}
"""Name → the address of an engine's store in a folder. A new engine joins the contract's suite here."""


class Engine:
    """Opens one store again and again, as processes do."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.opened: list[Store] = []

    def open(self, *, persistent: bool = True, destination: str | None = None) -> Store:
        self.opened.append(open_store(self.address, persistent=persistent, destination=destination))
        return self.opened[-1]

    def close(self) -> None:
        for store in self.opened:
            store.close()


@pytest.fixture(params=sorted(ENGINES))
def engine(request, tmp_path) -> Iterator[Engine]:
    one = Engine(ENGINES[request.param](tmp_path))
    yield one
    one.close()


@pytest.fixture
def store(engine) -> Store:
    return engine.open()


@pytest.fixture
def other(engine, tmp_path) -> Iterator[Store]:
    """A store on another, empty disk."""
    one = type(engine)(engine.address.replace("store.sqlite", "other.sqlite"))
    yield one.open(persistent=False)
    one.close()
