"""The seam between us and a repo on the Hub: six methods, so that everything else can be tried without a network.

`HubDataset` (dataset.py) is the Hub through huggingface_hub; `MemoryTarget` (memory.py) keeps commits in memory and
follows the same rules, for tests and for the model of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RepoFile:
    """One file of a commit."""

    path: str
    size: int
    """Bytes."""
    blob: str
    """Names the content: of two files with one blob the bytes are equal."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest commit of a repo, and how busy the repo is."""

    commit: str
    hour: int
    """Commits in the hour before now, by the Hub's clock, of all writers together."""
    oldest_age_s: float
    """Age of the oldest of them in seconds, by the Hub's clock; 0 if there is none. In 3,600 − this, one leaves."""
    pushers: int
    """How many of our pushers made them: the different `[origin]` at the end of their titles."""


class Target(Protocol):
    """A repo that keeps experiments. Methods block, may be called from any thread, and raise HubErrors."""

    repo: str
    """`owner/name`."""

    def head(self) -> Head:
        """The newest commit. Raises HubRefused (also: no such repo), HubBusy, HubAway."""
        ...

    def files(self, commit: str, prefix: str) -> Sequence[RepoFile]:
        """All files below a folder ("index"), in any depth; [] if it is not there. Raises as `head`."""
        ...

    def read(self, path: str, commit: str) -> bytes:
        """A whole small file. Raises NotOurs if it is not there; else as `head`."""
        ...

    def fetch(self, path: str, commit: str, into: Path) -> None:
        """A file of any size, written to `into` without having it in memory. Raises as `read`."""
        ...

    def commit(self, parent: str, add: Mapping[str, bytes | Path], delete: Sequence[str], title: str) -> str:
        """Add and delete files in one commit on `parent` and return its id.

        If all is there already, nothing happens and `parent` is returned. What is deleted must be there.

        Raises:
            HubMoved: `parent` is not the head; nothing happened.
            HubBusy: nothing happened. HubRefused: nothing happened.
            HubAway: it may have happened; compare with the head before anything is repeated.
        """
        ...

    def create(self, *, private: bool | None = None) -> bool:
        """Make the repo if it is missing: private unless `private` is False. Its visibility is kept if it exists.

        Returns whether it was made. Raises HubRefused, HubBusy, HubAway.
        """
        ...
