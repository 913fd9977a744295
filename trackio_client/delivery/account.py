"""The account at the end: what was logged, what the store holds, and whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackio_client.delivery.courier import Courier


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The receipt of one writer, as `finish()` and `sync` print it and `--json` gives it."""

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
    trouble: str = ""

    @property
    def is_accepted(self) -> bool:
        return self.accepted >= self.events

    @property
    def is_durable(self) -> bool:
        return self.durable >= self.events

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in self.__slots__ if name not in ("holes", "refused")},
            "is_accepted": self.is_accepted,
            "is_durable": self.is_durable,
            "holes": list(self.holes),
            "refused": [
                {"reason": why, "count": n, "first_step": first, "last_step": last}
                for why, (n, first, last) in self.refused.items()
            ],
        }

    def text(self) -> str:
        """The receipt in words."""
        head = f"{self.name} ({self.experiment_id}): {self.events:,} events with {self.points:,} values logged"
        lines = [f"{head}; {self._verdict()}"]
        lines += [f"  missing: {hole}" for hole in self.holes]
        for why, (count, first, last) in self.refused.items():
            steps = "" if first is None else f", step {first}" if first == last else f", steps {first} to {last}"
            lines.append(f"  not recorded: {count:,} call{'s' * (count != 1)} ({why}{steps})")
        return "\n".join(lines)

    def _verdict(self) -> str:
        where = "the local store" if self.destination == "local" else self.destination
        if not self.is_accepted:
            why = f" ({self.trouble})" if self.trouble else ""
            return (
                f"{self.accepted:,} of them are at {where}{why}. The other {self.events - self.accepted:,} are kept on "
                "this machine; to send them: trackio-client sync"
            )
        mark = "durable" if self.is_durable else "accepted, not yet durable: they are also kept on this machine"
        if self.is_equal:
            return f"{where} holds all of them, counts and digest equal ({self.digest[-12:]}), {mark}"
        return f"{where} does not hold the same: counts or digest differ (ours {self.digest[-12:]}), {mark}"


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
        holes = tuple(f"events {hole.first_seq} to {hole.end_seq - 1}: {hole.reason}" for hole in receipt.holes)
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
        trouble=trouble,
    )
