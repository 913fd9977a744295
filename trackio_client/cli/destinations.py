"""Where an import goes: the Space that is set, else the local store, by the road that every client takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trackio_client.delivery.address import address_of, repo_of
from trackio_client.delivery.http import HttpTransport
from trackio_client.delivery.staging import Staging, start_pusher
from trackio_client.delivery.transport import StoreTransport, Transport
from trackio_client.errors import ExperimentNotFound, Gone
from trackio_client.exchange.joining import Content
from trackio_client.reader.http import HttpSource
from trackio_client.reader.local import LocalSource
from trackio_client.reader.source import Source
from trackio_client.settings import Settings, is_staged, space_at
from trackio_client.store.binning import IN_BIN
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch, Receipt
from trackio_client.wire.events import CONSOLE, EDIT, MARK, START, TEXT, revive

METRICS_AT_ONCE = 16
"""Series asked for at once: each comes with every point."""


class Road:
    """A `exchange.past.Destination` made of a transport for sending and a source for asking."""

    def __init__(self, source: Source, transport: Transport) -> None:
        self._source = source
        self._transport = transport
        self.address = source.address

    def start_of(self, experiment_id: str) -> dict[str, Any] | None:
        try:
            found = self._source.events(experiment_id, [START])
        except ExperimentNotFound as error:
            if IN_BIN in str(error):  # as one that is gone: who imports again wants it again
                raise Gone(str(error)) from None
            return None
        return dict(revive(found[0]["content"])) if found else None

    def receipt(self, writer_id: str) -> Receipt:
        return self._source.receipt(writer_id)

    def send(self, batch: Batch) -> Receipt:
        return self._transport.send(batch)

    def content(self, experiment_id: str) -> Content:
        """Every value and event that is held, for a comparison with another version of the same log."""
        held = Content()
        metrics = list(self._source.experiment(experiment_id).get("summary") or {})
        for at in range(0, len(metrics), METRICS_AT_ONCE):
            some = tuple(metrics[at : at + METRICS_AT_ONCE])
            query = SeriesQuery(experiments=(experiment_id,), metrics=some, repeats=True)
            for (_, metric), series in self._source.series(query).items():
                held.add_points(metric, series.steps.tolist(), series.values.tolist())
        for event in self._source.events(experiment_id, [TEXT, MARK, CONSOLE]):
            held.add_event(event["content"])
        return held

    def edits(self, experiment_id: str) -> list[dict[str, Any]]:
        return [event["content"] for event in self._source.events(experiment_id, [EDIT])]


@contextmanager
def destination(settings: Settings) -> Iterator[Road]:
    """The road to the Space that is set, to the store that a repo is pushed from, else to the local store."""
    if settings.url is None or is_staged(settings.url):
        source = LocalSource(settings.shown_path, make=True, destination=settings.url)
        try:
            yield Road(source, StoreTransport(source.store))
        finally:
            source.close()
        if settings.url is not None:  # it waits here for its repo
            start_pusher(Staging.of(settings.directory, repo_of(settings.url)), settings)
        return
    there, token = space_at(settings.url, settings)
    address = address_of(there)
    transport = HttpTransport(address, token=token, hub_token=settings.hub_token)
    remote = HttpSource(address, token=token, hub_token=settings.hub_token)
    try:
        yield Road(remote, transport)
    finally:
        transport.close()
        remote.close()
