"""`trackio-client sync`: send what processes left behind, and print the receipt of each."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean, clean_lines, print_json
from trackio_client.errors import UsageError

if TYPE_CHECKING:
    from trackio_client.delivery.receipts import ExperimentReceipt
    from trackio_client.settings import Settings

PATIENCE_S = 30.0
"""For a pusher, or another `sync`, that is sending just now what dead processes left: over all their logs."""


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("sync", parents=[common], help="send what is unsent, and print receipts")
    parser.add_argument("id", nargs="?", help="only this experiment")
    parser.add_argument(
        "--to",
        metavar="ADDRESS",
        help="send it there instead: for an address that was mistyped ('local': this machine)",
    )
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="longest time (default 600)")
    parser.set_defaults(run=run)


def _readdress(asked: argparse.Namespace, settings: Settings) -> None:
    """Let an experiment's logs go elsewhere, and say which do not. Raises UsageError: none of them can."""
    from trackio_client.delivery.address import address_of
    from trackio_client.delivery.readdressing import readdress

    if asked.id is None:
        raise UsageError("sync --to needs the id of an experiment; `trackio-client status` lists those that wait")
    there = "local" if asked.to.strip().lower() == "local" else address_of(asked.to)
    found = readdress(settings.spool_path, asked.id, there)
    why = "; ".join(dict.fromkeys(found.stay))
    if not found.moved and not found.already:
        raise UsageError(
            f"nothing of {asked.id} can be sent to {there}: "
            f"{why or f'no log of it waits in {settings.spool_path}; `trackio-client status` lists those that do'}"
        )
    if why:
        print(f"{len(found.stay)} of its logs stay as they are: {why}")


def run(asked: argparse.Namespace) -> int:
    """Send. 0 when everything is accepted and equal, 1 when something is still here or differs, by its receipt."""
    from trackio_client.cli.staged import let_go, now_of, push_all, read_heads
    from trackio_client.delivery.replay import pending, sync
    from trackio_client.route import transport_to
    from trackio_client.settings import settings_from

    if not asked.timeout > 0:
        raise UsageError(f"--timeout must be more than 0 seconds, got {asked.timeout:g}")
    settings = settings_from()
    if asked.to is not None:
        _readdress(asked, settings)
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())  # between batches: a receipt in flight is not lost
    try:
        until = time.monotonic() + asked.timeout

        def deliver(only: Collection[str] | None = None) -> list[ExperimentReceipt]:
            return sync(
                settings.spool_path,
                # Each spool goes where it was meant to go, whatever TRACKIO_URL says now.
                lambda there: transport_to(there, settings) if only is None or there in only else None,
                experiment_id=asked.id,
                timeout_s=max(1.0, until - time.monotonic()),
                patience_s=PATIENCE_S,
                should_stop=stop.is_set,
            )

        receipts = deliver()
        if behind := read_heads(settings, receipts):
            again = {(one.experiment_id, one.destination): one for one in deliver(behind)}
            receipts = [again.get((one.experiment_id, one.destination), one) for one in receipts]
        troubles = push_all(settings, asked.id, until, stop.is_set)
        receipts = [now_of(receipt, settings, troubles) for receipt in receipts]
        let_go(settings, receipts, patience_s=PATIENCE_S)
    finally:
        signal.signal(signal.SIGINT, before)
    done = {account.writer_id for receipt in receipts for account in receipt.own}
    left = [
        one
        for one in pending(settings.spool_path)
        if one.writer_id not in done and asked.id in (None, one.experiment_id)
    ]
    if asked.json:
        rest = [{"experiment_id": one.experiment_id, "events": one.events, "why": one.why} for one in left]
        print_json({"receipts": [receipt.to_json() for receipt in receipts], "left": rest, "troubles": troubles})
    else:
        for receipt in receipts:
            print(clean_lines(receipt.text()))
        for one in left:
            print(f"{clean(one.name or one.experiment_id)}: {one.events:,} events stay here: {one.why}")
        for repo, trouble in troubles.items():
            print(f"{clean(repo)}: not everything is pushed: {clean(trouble)}")
        if not receipts and not left and not troubles:
            print(f"Everything is sent: nothing waits in {settings.spool_path}")
    if stop.is_set():
        return 130
    fine = all(receipt.is_accepted and receipt.is_equal for receipt in receipts)
    return 0 if fine and not troubles and all(one.is_live for one in left) else 1
