"""The receipt of an experiment: what its destination holds of all its writers, and whether ours are among it unharmed.

Several processes may write one experiment. A process can vouch for its own writers only (and for those whose logs it
delivered for them); the others are named, with what the destination holds of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trackio_client.delivery.account import Account, lost_lines, refused_lines
from trackio_client.delivery.address import place
from trackio_client.delivery.lost import LostFile
from trackio_client.errors import DeliveryError, StoreError
from trackio_client.settings import is_dataset
from trackio_client.wire.artifacts import NUMBERING
from trackio_client.wire.batches import digest_sum

if TYPE_CHECKING:
    from trackio_client.delivery.transport import Transport
    from trackio_client.wire.batches import Receipt

MOST_NAMED = 3
"""Of other processes' writers: the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentReceipt:
    """As `finish()` and `sync` print it and `--json` gives it."""

    own: tuple[Account, ...]
    """Of the writers whose logs this process wrote or delivered; at least one."""
    held: tuple[Receipt, ...] | None
    """What the destination says that it holds of each writer; None when it was not asked or did not answer."""
    onward: str = ""
    """How what waits here for a dataset repo gets there, in words."""

    @property
    def experiment_id(self) -> str:
        return self.own[0].experiment_id

    @property
    def name(self) -> str:
        return self.own[0].name

    @property
    def project(self) -> str:
        return self.own[0].project

    @property
    def destination(self) -> str:
        return self.own[0].destination

    @property
    def others(self) -> tuple[Receipt, ...]:
        """Of writers that are not ours."""
        ours = {account.writer_id for account in self.own} | {old for account in self.own for old in account.earlier}
        return tuple(
            receipt
            for receipt in self.held or ()
            if receipt.writer_id not in ours and not receipt.writer_id.startswith(NUMBERING)
        )

    @property
    def events(self) -> int:
        """Held at the destination, of all writers; while it has not said so, what is in our logs."""
        return sum(one.events for one in self.own if self.held is None) + sum(r.events for r in self.held or ())

    @property
    def points(self) -> int:
        return sum(one.points for one in self.own if self.held is None) + sum(r.points for r in self.held or ())

    @property
    def digest(self) -> str:
        """The sum of the writers' digests."""
        told = [one.digest for one in self.own] if self.held is None else [r.digest for r in self.held]
        return digest_sum(told)

    @property
    def accepted(self) -> int:
        """Of our events, how many the destination holds or has given up by name."""
        return sum(account.accepted for account in self.own)

    @property
    def is_accepted(self) -> bool:
        return all(account.is_accepted for account in self.own)

    @property
    def is_durable(self) -> bool:
        return all(account.is_durable for account in self.own)

    @property
    def is_equal(self) -> bool:
        """Of each of our writers counts and digest are there as we have them."""
        if self.held is None:
            return all(account.is_equal for account in self.own)
        there = {r.writer_id: (r.points, r.digest) for r in self.held}
        return all(
            account.is_equal and there.get(account.writer_id) == (account.points, account.digest)
            for account in self.own
            if account.events
        )

    @property
    def is_whole(self) -> bool:
        """Everything that was logged here is there, and nothing was refused."""
        kept = not any(one.refused or one.lost for one in self.own)
        return self.is_accepted and self.is_equal and not self.holes and kept

    @property
    def holes(self) -> tuple[str, ...]:
        """What is missing, by name, of all writers."""
        missing = [hole for account in self.own for hole in account.holes]
        for receipt in self.others:
            missing += [f"{hole.text()} of writer {receipt.writer_id}" for hole in receipt.holes]
        return tuple(missing)

    @property
    def lost(self) -> tuple[LostFile, ...]:
        """Files that did not go with our events, each once."""
        return tuple({lost.sha256: lost for account in self.own for lost in account.lost}.values())

    def to_json(self) -> dict[str, Any]:
        names = ("experiment_id", "project", "name", "destination", "events", "points", "digest", "accepted")
        claims = ("is_accepted", "is_durable", "is_equal")
        return {
            **{name: getattr(self, name) for name in (*names, *claims)},
            "holes": list(self.holes),
            "missing_files": [lost.to_json() for lost in self.lost],
            "writers": [account.to_json() for account in self.own],
            "other_writers": [receipt.to_json() for receipt in self.others],
        }

    def text(self) -> str:
        """The receipt in words."""
        head = f"{self.name} ({self.experiment_id})"
        lines = [f"{head}: {line}" if n == 0 else f"  {line}" for n, line in enumerate(self._lines())]
        lines += [f"  missing: {hole}" for hole in self.holes]
        for account in self.own:
            lines += refused_lines(account.refused)
        lines += lost_lines(self.lost)
        return "\n".join(lines)

    def lost_text(self) -> str:
        """Of the files that did not go with our events alone, for who prints no receipt; "" if there are none."""
        lines = [line.strip() for line in lost_lines(self.lost)]
        return "\n".join([f"{self.name} ({self.experiment_id}): {lines[0]}", *lines[1:]]) if lines else ""

    def _lines(self) -> list[str]:
        events, points = sum(one.events for one in self.own), sum(one.points for one in self.own)
        if not self.is_accepted or self.held is None:
            return [f"{_counts(events, points)} logged; {self._verdict(events)}"]
        if not self.others:
            return [f"{_counts(events, points)} logged; {self._verdict(events)}"]
        is_all_there = all(one.durable == one.accepted for one in self.held)
        holder = self._holder(is_staged=self._is_staged or not is_all_there)
        whole = f"{holder} holds {_counts(self.events, self.points)}, digest {self.digest[-12:]}"
        return [
            f"{whole}, of {len(self.others) + len(self.own)} writers",
            f"from here {_counts(events, points)}{_writers(self.own)}; {self._verdict(events)}",
            _told_of(self.others),
        ]

    @property
    def _is_staged(self) -> bool:
        """On this machine, on the way to a dataset repo."""
        return is_dataset(self.destination) and not self.is_durable

    def _holder(self, *, is_staged: bool | None = None) -> str:
        where = place(self.destination)
        waits_here = self._is_staged if is_staged is None else is_staged and is_dataset(self.destination)
        return f"this machine, for {where}," if waits_here else where

    def _verdict(self, events: int) -> str:
        where = place(self.destination)
        if not self.is_accepted:
            troubles = dict.fromkeys(one.trouble for one in self.own if one.trouble and not one.is_accepted)
            if not troubles and not self.accepted:
                troubles = {"no answer so far": None}
            why = f" ({'; '.join(troubles)})" if troubles else ""
            return (
                f"{self.accepted:,} of them are at {where}{why}. The other {events - self.accepted:,} are kept on "
                "this machine; to send them: trackio-client sync"
            )
        mark = "durable" if self.is_durable else "accepted, not yet durable: they are also kept on this machine"
        if self._is_staged:
            mark, where = self.onward or "to push it: trackio-client sync", self._holder()
        ours = digest_sum([account.digest for account in self.own])[-12:]
        if self.is_equal:
            stop = ";" if self._is_staged else ","
            return f"{where} holds all of them, counts and digest equal ({ours}){stop} {mark}"
        return f"{where} does not hold the same: counts or digest differ (ours {ours}), {mark}"


def receipt_of(
    accounts: Sequence[Account], transport: Transport | None, *, timeout_s: float = 10.0, onward: str = ""
) -> ExperimentReceipt:
    """The receipt of the experiment that these accounts are of; asks the destination if there is anything to ask."""
    held: tuple[Receipt, ...] | None = None
    if transport is not None and all(account.is_accepted for account in accounts):
        try:
            held = transport.receipts(accounts[0].experiment_id, timeout_s=timeout_s)
        except (DeliveryError, StoreError):
            held = None  # the writers' own receipts stand
    return ExperimentReceipt(own=tuple(accounts), held=held, onward=onward)


def _counts(events: int, points: int) -> str:
    return f"{events:,} event{'s' * (events != 1)} with {points:,} value{'s' * (points != 1)}"


def _writers(own: Sequence[Account]) -> str:
    return f" of {len(own)} writers" if len(own) > 1 else ""


def _told_of(others: Sequence[Receipt]) -> str:
    named = ", ".join(receipt.writer_id for receipt in others[:MOST_NAMED])
    more = f" and {len(others) - MOST_NAMED:,} more" if len(others) > MOST_NAMED else ""
    counts = _counts(sum(r.events for r in others), sum(r.points for r in others))
    return f"from other processes {counts}: writer{'s' * (len(others) != 1)} {named}{more}"
