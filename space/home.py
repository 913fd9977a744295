"""Where a Space's experiments are at home: a dataset repo, with the disk as a cache, or the disk alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from space.api.access import Access
from space.settings import SpaceSettings
from trackio_client.errors import NotOurs, UsageError
from trackio_client.store.contract import Store
from trackio_client.store.open import open_store
from trackio_client.store.saved_views import SavedViews


@dataclass(slots=True)
class Home:
    """The store as the server's parts see it, and what keeps it and the repo alike."""

    store: Store
    replicator: Any = None
    """A hub.replicator.Replicator, or None where no repo is set."""
    loader: Any = None

    def start(self) -> None:
        """Begin to read and push."""
        if self.replicator is not None:
            self.loader.start()
            self.replicator.start()

    def close(self) -> None:
        """Push what is behind, if the Hub takes it at once, and close the store."""
        if self.replicator is not None:
            self.replicator.close()
            self.loader.close()
        self.store.close()

    def status(self) -> dict[str, Any] | None:
        """Where push and restore stand; None where no repo is set."""
        if self.replicator is None:
            return None
        found: dict[str, Any] = self.replicator.status()
        return {**found, "loading": self.loader.status()}


class AccessFile:
    """What was handed out and revoked, as a small file of the repo: a Space loses its disk, revocations must not be."""

    path = "space/access.json"

    def __init__(self, access: Access, *, waits: bool = True) -> None:
        """With `waits` nothing that was handed out opens before the repo was read; a disk that keeps knows itself."""
        self._access = access
        if waits:
            access.hold()

    def state(self) -> bytes:
        """For the repo: names, ids and ends, no token and no hash."""
        raw = self._access.access_state()
        return b"" if b'"entries":[]' in raw else raw  # nothing was ever handed out: no file

    def adopt(self, raw: bytes | None) -> None:
        """Join what the repo knows. Raises NotOurs: then nothing that was handed out opens anything."""
        try:
            self._access.adopt_access(raw)
        except (UsageError, ValueError) as error:
            raise NotOurs(self.path, str(error)) from None


class ViewsFile:
    """Saved views, as a small file of the repo: a wiped Space has them again with its experiments."""

    path = "space/views.json"

    def __init__(self, views: SavedViews, *, waits: bool = True) -> None:
        """With `waits` none are told before the repo was read: rather "not yet" than an empty list."""
        self._views = views
        if waits:
            views.hold()

    def state(self) -> bytes:
        """For the repo; empty when nobody ever saved one."""
        return self._views.state()

    def adopt(self, raw: bytes | None) -> None:
        """Join what the repo knows. Raises NotOurs: it is named and not overwritten, and this disk's views are told."""
        try:
            self._views.adopt(raw)
        except UsageError as error:
            self._views.adopt(None)
            raise NotOurs(self.path, str(error)) from None


def open_home(settings: SpaceSettings, environ: Mapping[str, str] = os.environ) -> Home:
    """The home that the settings name. Reads nothing from the Hub yet. Raises StoreError, OSError, UsageError."""
    repo = settings.dataset_repo
    if repo is None:
        return Home(open_store(settings.store_path, persistent=settings.persistent))
    from trackio_client.hub.backed import RepoBacked  # here: huggingface_hub and pyarrow take a second to import
    from trackio_client.hub.dataset import HubDataset
    from trackio_client.hub.files.views import Views
    from trackio_client.hub.loading import Loader
    from trackio_client.hub.replicator import Replicator

    destination = None if settings.persistent else f"hf://datasets/{repo}"
    store = open_store(settings.store_path, persistent=settings.persistent, destination=destination)
    scratch = settings.directory / "v1" / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    replicator = Replicator(
        store,
        HubDataset(repo, token=settings.hub_token),
        origin=origin_of(environ.get("SPACE_ID", "").strip() or store.store_id),
        interval_s=settings.push_interval_s,
        per_hour=settings.commits_per_hour,
        views=Views(),
        scratch=scratch,
    )
    loader = Loader(store, replicator.reader, scratch=scratch)
    replicator.on_adopted = loader.look
    return Home(RepoBacked(store, replicator, loader, waits=not settings.persistent), replicator, loader)


def origin_of(place: str) -> str:
    """What names a pusher in the titles of its commits: the same after a restart, another in another place."""
    return hashlib.blake2b(place.encode(), digest_size=4).hexdigest()
