"""Files back from a repo, when somebody asks for them: the index finds them by the events that cite them."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from trackio_client.blobs import pieces_of
from trackio_client.errors import DamagedBlob, NotOurs
from trackio_client.hub.blobs import FOLDER, is_pack, large_path
from trackio_client.hub.files.packs import read_pack
from trackio_client.hub.files.parquet import check_name
from trackio_client.hub.index import Index
from trackio_client.hub.reading import RepoReader
from trackio_client.store.contract import Store

log = logging.getLogger("trackio.hub")


class Fetcher:
    """Brings files from a repo to where a store has its own. May be used from any thread; one file at a time."""

    def __init__(self, store: Store, reader: RepoReader, *, scratch: Path | None = None) -> None:
        self._store, self._reader, self._scratch = store, reader, scratch
        self._lock = threading.Lock()

    def bring(self, sha256: str) -> Path | None:
        """Fetch a file that an event here cites; None if the repo does not have it.

        Raises:
            HubError: the Hub does not answer; ask again. OSError: the disk is full.
        """
        with self._lock:
            if (here := self._store.files.checked(sha256)) is not None:  # another question has brought it
                return here
            index = self._reader.latest
            if index is None:
                return None
            for path in self._places(index, sha256):
                self._take(path, index)
                if (here := self._store.files.checked(sha256)) is not None:
                    return here
        return None

    def bring_all(self, index: Index, experiment_id: str) -> list[str]:
        """Fetch all that an experiment cites; the hashes of what the repo does not have either. Raises as `bring`."""
        with self._lock:
            lacks = [blob for blob in self._store.cited(experiment_id) if not self._store.files.has(blob)]
            if not lacks:
                return []
            number = index.slot_of(experiment_id)
            slot = None if number is None else index.slots[number]
            mine = set() if slot is None else {writer.writer_id for writer in slot.of(experiment_id)}
            for path, file in sorted({} if slot is None else slot.files.items()):
                if path.startswith(FOLDER + "/") and mine & file.windows.keys():
                    wanted = {blob.sha256 for blob in lacks if not self._store.files.has(blob)}
                    if is_pack(path) or any(path == large_path(sha256) for sha256 in wanted):
                        self._take(path, index)
            return [blob.sha256 for blob in lacks if not self._store.files.has(blob)]

    def _places(self, index: Index, sha256: str) -> Iterator[str]:
        """Files of the repo in which it may lie, the likeliest first."""
        known = index.files()
        if large_path(sha256) in known:
            yield large_path(sha256)
        cited = self._store.citing_events(sha256)
        for path, file in known.items():
            if is_pack(path) and any(
                low <= seq < high for writer, seq in cited for low, high in file.windows.get(writer, ())
            ):
                yield path

    def _take(self, path: str, index: Index) -> None:
        """Fetch a file of the repo and put what is in it beside the store. What is damaged is named and passed over."""
        folder = self._store.files
        with tempfile.TemporaryDirectory(prefix="trackio-", dir=self._scratch) as place:
            file = Path(place) / "fetched"
            try:
                self._reader.target.fetch(path, index.commit, file)
                if not is_pack(path):
                    folder.receive(path.rpartition("/")[2], pieces_of(file))
                    return
                check_name(path, file)
                for blob, _, content in read_pack(file, name=path):
                    if not folder.has(blob):
                        with contextlib.suppress(DamagedBlob):
                            folder.receive(blob.sha256, [content])
            except NotOurs as error:
                self._reader.not_ours[path] = error.reason
                log.error("%s cannot be read: %s", path, error.reason)
            except DamagedBlob as error:
                self._reader.not_ours[path] = str(error)
                log.error("%s is damaged: %s", path, error)
