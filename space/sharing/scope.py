"""What a link shows: the experiments it names that still exist, and of these what `Shown` lets through.

Media and artifacts only if it was made to show them (`Entry.shows`).
"""

from __future__ import annotations

from space.api.access import ARTIFACTS, MEDIA, Entry
from trackio_client.snapshot.shown import Shown
from trackio_client.store.contract import Store


class Shared(Shown):
    """The store through a link."""

    def __init__(self, store: Store, entry: Entry, *, now_s: float, lost_contact_s: float) -> None:
        super().__init__(
            store, entry.experiments, now_s=now_s, lost_contact_s=lost_contact_s,
            media=MEDIA in entry.shows, artifacts=ARTIFACTS in entry.shows,
        )  # fmt: skip
        self.entry = entry
