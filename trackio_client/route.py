"""Where the events of an experiment go, and by which transport: a Space, a dataset repo, or a store on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from trackio_client.delivery.address import address_of, hub_page, repo_of
from trackio_client.delivery.staging import Staging, StagingTransport
from trackio_client.delivery.transport import LateTransport, StoreTransport, Transport
from trackio_client.origin import Origin
from trackio_client.settings import Settings, is_dataset, space_at

LOCAL: Final = "local"
"""The destination that is a store on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How events of this process get to their destination."""

    destination: str
    make: Callable[[], Transport | None]
    """A new transport; None in mode `offline`."""
    transport_for: Callable[[str], Transport | None]
    """For logs that other processes left behind."""
    staging: Staging | None = None
    """Where experiments wait when the destination is a dataset repo: a process of its own pushes them."""

    def page_of(self, origin: Origin) -> str | None:
        """Where to watch an experiment; None for a store on this machine."""
        if is_dataset(self.destination):
            return hub_page(repo_of(self.destination))
        if "://" not in self.destination:
            return None
        query = urlencode({"project": origin.project, "experiment": origin.experiment_id})
        return f"{self.destination}/?{query}"


def route_of(settings: Settings, transport: Callable[[], Transport] | None) -> Route:
    """The way to where these settings say, or over a transport that the caller brings."""
    destination = address_of(settings.url) if settings.url else LOCAL
    if transport is not None:
        made = transport
        return Route(
            destination=destination, make=made, transport_for=lambda where: made() if where == destination else None
        )
    is_offline = settings.mode in ("offline", "disabled")
    return Route(
        destination=destination,
        make=lambda: None if is_offline else transport_to(destination, settings),
        transport_for=lambda where: transport_to(where, settings) if where in (destination, LOCAL) else None,
        staging=Staging.of(settings.directory, repo_of(destination))
        if is_dataset(destination) and not is_offline
        else None,
    )


def transport_to(destination: str, settings: Settings) -> Transport:
    """A new transport to an address, or to the local store (opened when first used)."""
    if destination == LOCAL:
        return LateTransport(LOCAL, lambda: _local(settings))
    if is_dataset(destination):
        staging = Staging.of(settings.directory, repo_of(destination))
        return LateTransport(destination, lambda: StagingTransport(staging, staging.open()))
    from trackio_client.delivery.http import HttpTransport  # here: ssl and http.client take 20 ms, and 8 MB

    token = space_at(destination, settings)[1]
    return HttpTransport(destination, token=token, hub_token=settings.hub_token)


def _local(settings: Settings) -> Transport:
    from trackio_client.store.open import open_store  # here: SQLite and numpy, on the thread that uses the store

    settings.store_path.parent.mkdir(parents=True, exist_ok=True)
    return StoreTransport(open_store(settings.store_path))
