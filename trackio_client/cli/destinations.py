"""Where an import goes: the Space that is set, else the local store, by the road that every client takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trackio_client.delivery.address import address_of
from trackio_client.delivery.http import HttpTransport
from trackio_client.delivery.transport import StoreTransport, Transport
from trackio_client.errors import ExperimentNotFound
from trackio_client.reader.http import HttpSource
from trackio_client.reader.local import LocalSource
from trackio_client.reader.source import Source
from trackio_client.settings import Settings
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import START, revive


class Road:
    """A `exchange.past.Destination` made of a transport for sending and a source for asking."""

    def __init__(self, source: Source, transport: Transport) -> None:
        self._source = source
        self._transport = transport
        self.address = source.address

    def start_of(self, experiment_id: str) -> dict[str, Any] | None:
        try:
            found = self._source.events(experiment_id, [START])
        except ExperimentNotFound:
            return None
        return dict(revive(found[0]["content"])) if found else None

    def receipt(self, writer_id: str) -> Receipt:
        return self._source.receipt(writer_id)

    def send(self, batch: Batch) -> Receipt:
        return self._transport.send(batch)


@contextmanager
def destination(settings: Settings) -> Iterator[Road]:
    """The road to the Space that is set, else to the local store (made when missing)."""
    if settings.url is None:
        source = LocalSource(settings.store_path, make=True)
        try:
            yield Road(source, StoreTransport(source.store))
        finally:
            source.close()
        return
    address = address_of(settings.url)
    transport = HttpTransport(address, token=settings.token, hub_token=settings.hub_token)
    remote = HttpSource(address, token=settings.token, hub_token=settings.hub_token)
    try:
        yield Road(remote, transport)
    finally:
        transport.close()
        remote.close()
