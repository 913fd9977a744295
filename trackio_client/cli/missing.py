"""Files that a copy, a push or a pull could not take along: named, with what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean
from trackio_client.cli.repos import count
from trackio_client.delivery.lost import LostFile, lost_in, named

if TYPE_CHECKING:
    from trackio_client.store.contract import Store

Lost = dict[str, list[LostFile]]
"""By experiment."""


def lost_of(store: Store, hashes: Mapping[str, Sequence[str]]) -> Lost:
    """What experiments of a store say of files, by experiment."""
    return {name: lost_in(store, name, lost) for name, lost in hashes.items()}


def files_of(store: Store) -> tuple[int, int, Lost]:
    """(files, their bytes, what is missing) of all experiments of a store. A file of several counts once."""
    sizes: dict[str, int] = {}
    lacks: dict[str, list[str]] = {}
    for record in store.experiments(binned=None):
        for blob in store.cited(record.experiment_id):
            if store.files.checked(blob.sha256) is not None:  # read whole: nobody looks at a copy before it is needed
                sizes[blob.sha256] = blob.bytes
            else:
                lacks.setdefault(record.experiment_id, []).append(blob.sha256)
    return len(sizes), sum(sizes.values()), lost_of(store, lacks)


def lost_lines(lost: Lost, what: str) -> list[str]:
    """A line for each experiment; `what` says where they are missing, and what can be done."""
    return [
        f"{clean(name)}: {count(len(some), 'file')} of it {'is' if len(some) == 1 else 'are'} missing: "
        f"{clean(named(some))}. {what}"
        for name, some in lost.items()
    ]


def lost_json(lost: Lost) -> dict[str, list[dict[str, Any]]]:
    """Every file, by experiment."""
    return {name: [each.to_json() for each in some] for name, some in lost.items()}
