"""The account of one writer: what it logged, what the store holds, and whether they are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from trackio_client.delivery.files import GONE
from trackio_client.delivery.lost import AGAIN, LostFile, named

if TYPE_CHECKING:
    from trackio_client.delivery.courier import Courier


_OTHERS: Final = ("holes", "refused", "earlier", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How it stands with one writer's log; `receipts.py` puts those of an experiment together."""

    experiment_id: str
    project: str
    name: str
    writer_id: str
    destination: str
    events: int
    """Frames in this writer's log."""
    points: int
    digest: str
    accepted: int
    """Of them, how many the store holds or has given up by name."""
    durable: int
    is_equal: bool
    """Counts and digest of what the store holds are the client's own. False while something is still to be sent."""
    holes: tuple[str, ...] = ()
    """What is missing, by name: seqs and reason."""
    refused: dict[str, tuple[int, int | None, int | None]] = field(default_factory=dict)
    """Reason → (calls, first step, last step) that were never in the log."""
    lost: tuple[LostFile, ...] = ()
    """Files that did not go with the events that cite them: gone from this machine, or not taken there."""
    trouble: str = ""
    earlier: tuple[str, ...] = ()
    """Writer ids under which this log was sent before (a copy of the process had used the same)."""

    @property
    def is_accepted(self) -> bool:
        return self.accepted >= self.events

    @property
    def is_durable(self) -> bool:
        return self.durable >= self.events

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in _OTHERS},
            "is_accepted": self.is_accepted,
            "is_durable": self.is_durable,
            "holes": list(self.holes),
            "earlier": list(self.earlier),
            "missing_files": [lost.to_json() for lost in self.lost],
            "refused": [
                {"reason": why, "count": n, "first_step": first, "last_step": last}
                for why, (n, first, last) in self.refused.items()
            ],
        }


def refused_lines(refused: Mapping[str, tuple[int, int | None, int | None]]) -> list[str]:
    """Calls that were never in a log, by reason, with their steps."""
    lines = []
    for why, (count, first, last) in refused.items():
        steps = "" if first is None else f", step {first}" if first == last else f", steps {first} to {last}"
        lines.append(f"  not recorded: {count:,} call{'s' * (count != 1)} ({why}{steps})")
    return lines


def lost_lines(lost: Sequence[LostFile]) -> list[str]:
    """Files that their events went without, by reason, and what can be done."""
    by_reason: dict[str, list[LostFile]] = {}
    for each in lost:
        by_reason.setdefault(each.why, []).append(each)
    lines = []
    for why, some in by_reason.items():
        count = f"{len(some):,} file{'s' * (len(some) != 1)}"
        verb, them = ("is", "it") if len(some) == 1 else ("are", "them")
        if why == GONE:
            said = f"{count} {verb} missing here: {named(some)}. What cites {them} went without. {AGAIN}"
        else:
            said = f"{count} {verb} not there: {named(some)}: {why}"
        lines.append(f"  {said}")
    return lines


def account_of(
    courier: Courier,
    *,
    name: str = "",
    refused: dict[str, tuple[int, int | None, int | None]] | None = None,
    trouble: str = "",
) -> Account:
    """How it stands with a log, by its last receipt."""
    meta, tally, receipt = courier.meta, courier.tally, courier.receipt
    events, digest = courier.logged, tally.digest
    accepted = min(events, max(0, courier.sent - meta.base)) if receipt else min(events, meta.accepted)
    is_equal = False
    holes: tuple[str, ...] = ()
    if receipt is not None:
        is_equal = (receipt.events, receipt.points, receipt.digest) == (digest.events, digest.points, digest.hex())
        holes = tuple(hole.text() for hole in receipt.holes)
        if not is_equal and not holes and accepted >= events:
            holes = (
                f"the store counts {receipt.events:,} events, {receipt.points:,} values, digest {receipt.digest[-12:]}",
            )
    return Account(
        experiment_id=meta.experiment_id,
        project=meta.project,
        name=name or meta.name or meta.experiment_id,
        writer_id=meta.writer_id,
        destination=meta.destination,
        events=events,
        points=digest.points,
        digest=digest.hex(),
        accepted=accepted,
        durable=max(0, events - courier.undurable),
        is_equal=is_equal and accepted >= events,
        holes=holes,
        refused=refused or {},
        lost=tuple(courier.lost.values()),
        trouble=trouble,
        earlier=tuple(meta.earlier),
    )
