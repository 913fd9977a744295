"""Small files that travel with a repo: a state that several places change, and join."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from trackio_client.errors import NotOurs
from trackio_client.hub.reading import RepoReader


class Attachment(Protocol):
    """One of them."""

    path: str

    def state(self) -> bytes:
        """What should stand in the repo; empty for nothing."""
        ...

    def adopt(self, raw: bytes | None) -> None:
        """Join what stands at the head, None for nothing. Raises NotOurs: it is named, and not overwritten."""
        ...


class Attachments:
    """The attachments of one repo, and what stands there of each."""

    def __init__(self, reader: RepoReader) -> None:
        self._reader = reader
        self._all: list[Attachment] = []
        self._there: dict[str, tuple[str, bytes | None]] = {}  # by path: the commit, and what stands at it

    def add(self, attachment: Attachment) -> None:
        """Before the first commit."""
        self._all.append(attachment)

    def join(self, commit: str) -> None:
        """Take in what stands at the head. Raises HubErrors."""
        reader = self._reader
        for each in self._all:
            if self._there.get(each.path, ("", None))[0] == commit:
                continue
            found = {file.path: file for file in reader.target.files(commit, each.path.rpartition("/")[0])}
            file = found.get(each.path)
            raw = None if file is None else reader.read(each.path, commit, file.blob)
            try:
                each.adopt(raw)
                reader.not_ours.pop(each.path, None)
            except NotOurs as error:
                reader.not_ours[each.path] = error.reason
            self._there[each.path] = (commit, raw)

    def changed(self) -> dict[str, bytes]:
        """By path what is another than at the head."""
        found = {}
        for each in self._all:
            if each.path in self._reader.not_ours or each.path not in self._there:
                continue
            state = each.state()
            if state and state != self._there[each.path][1]:
                found[each.path] = state
        return found

    def committed(self, parent: str, commit: str, added: Mapping[str, bytes]) -> None:
        """Note a commit of ours: what it did not add is as it was at its parent."""
        known = {path: raw for path, (at, raw) in self._there.items() if at == parent}
        self._there |= {path: (commit, raw) for path, raw in {**known, **added}.items()}
