"""Every name of Trackio's server with the function that answers to it."""

from __future__ import annotations

from space.api.trackio.artifacts import Artifacts
from space.api.trackio.calls import Handler
from space.api.trackio.names import NAMES
from space.api.trackio.reading import Reading
from space.api.trackio.sidelines import Sidelines
from space.api.trackio.versions import Versions
from space.api.trackio.writing import Ask, Writing
from space.files import Bounds
from space.ingest import Ingest
from trackio_client.masking import Masker
from trackio_client.store.contract import Store


def handlers_of(store: Store, ingest: Ingest, bounds: Bounds, masker: Masker, push: Ask) -> dict[str, Handler]:
    """Name to function."""
    writing = Writing(store, ingest, bounds, masker, push)
    reading = Reading(store)
    versions = Versions(store)
    artifacts = Artifacts(store, writing, versions)
    writing.keep_file = artifacts.keep_file
    found: dict[str, Handler] = {}
    for name in NAMES:
        for part in (writing, artifacts, versions, reading, Sidelines(store)):
            if (handler := getattr(part, name, None)) is not None:
                found[name] = handler
    return found
