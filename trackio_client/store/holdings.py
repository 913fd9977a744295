"""What a store (or a repo) holds of each writer, and the rows that travel between the two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trackio_client.store.columns import Digest, EventAt, Floats, Ints, digest_of, digest_points
from trackio_client.wire.batches import Hole, Ranges


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What is held of one writer."""

    writer_id: str
    experiment_id: str
    generation: int
    held: Ranges
    """Seqs that need not be sent any more: what is held, and the holes."""
    holes: tuple[Hole, ...] = ()
    digest: Digest
    """Of all that is held. `events` counts its frames, `points` its single values."""
    durable: Ranges = ()
    """Of these the repo is known to hold. Always empty in a repo's index."""


@dataclass(frozen=True, slots=True)
class PointRows:
    """Points of one metric of one writer, seqs ascending. Arrays are (n,)."""

    experiment_id: str
    writer_id: str
    metric: str
    seqs: Ints
    steps: Ints
    times_us: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class EventRow:
    """One JSON event, as its writer wrote it: the digest is over these bytes."""

    experiment_id: str
    writer_id: str
    seq: int
    raw: bytes


def digests(rows: Iterable[PointRows | EventRow]) -> dict[str, Digest]:
    """Per writer the digest of these rows. Its `events` counts event rows alone: points do not tell their calls."""
    found: dict[str, Digest] = {}
    for each in rows:
        if isinstance(each, PointRows):
            columns = (each.seqs, each.steps, each.times_us, each.values)
            digest = Digest(*digest_points(each.writer_id, each.metric, *columns), 0, len(each.seqs))
        else:
            digest = digest_of(each.writer_id, [EventAt(each.seq, {}, each.raw)])
        found[each.writer_id] = found.get(each.writer_id, Digest()) + digest
    return found


@dataclass(frozen=True, slots=True)
class Extract:
    """What a store holds under some windows of seqs, read in one transaction."""

    position: int
    """Of the store: what these rows are a snapshot of."""
    points: list[PointRows]
    events: list[EventRow]


@dataclass(frozen=True, slots=True)
class Cold:
    """A file of the repo of which rows of one experiment are known to the store, and not yet loaded."""

    experiment_id: str
    path: str
    windows: dict[str, Ranges]
    """Per writer the seqs to take from the file."""
    rows: int
    """In the whole file, of all experiments: for progress and for bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What a repo says of an experiment, to be known to a store before any of its rows is loaded."""

    experiment_id: str
    project: str
    header: dict[str, Any] | None = None
    """As `Store.headers` made it, in the store that pushed it; None if the repo has none that can be read."""
    header_digest: str = ""
    """Sum of the digests of the writers that the header covers (32 hexadecimal characters). Another than the sum of
    `writers`' digests: the header is not of just these rows, and is computed anew when all of them are loaded."""
    writers: list[Holding] = field(default_factory=list)
    files: list[Cold] = field(default_factory=list)
