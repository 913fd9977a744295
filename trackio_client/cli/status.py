"""`trackio-client status`: what is on this machine that its destination does not have, and why."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean, print_json, size, table

if TYPE_CHECKING:
    from trackio_client.delivery.replay import Pending


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("status", parents=[common], help="what is unsent on this machine, and why")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Print it. 1 when something waits that nobody sends, 0 when all is sent or being sent."""
    from trackio_client.delivery.replay import pending
    from trackio_client.settings import settings_from

    settings = settings_from()
    found = pending(settings.spool_path)
    stuck = [one for one in found if one.events and not one.is_live]
    if asked.json:
        print_json(
            {
                "directory": str(settings.directory),
                "destination": settings.url or str(settings.store_path),
                "unsent_events": sum(one.events for one in found),
                "spools": [
                    {name: _plain(getattr(one, name)) for name in one.__slots__ if name != "directory"}
                    | {"directory": str(one.directory)}
                    for one in found
                ],
            }
        )
        return 1 if stuck else 0
    if not found:
        print(f"Everything is sent: nothing waits in {settings.spool_path}")
        return 0
    rows = [(one.experiment_id, clean(one.name), f"{one.events:,}", size(one.bytes), _state(one)) for one in found]
    print(table(("EXPERIMENT", "NAME", "UNSENT", "ON DISK", ""), rows, gives=1))
    print()
    for why, where in dict.fromkeys((one.why, one.destination) for one in found):
        print(f"{_where(where)}: {clean(why)}")
    if stuck:
        print("To send what waits: trackio-client sync")
    return 1 if stuck else 0


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _state(one: Pending) -> str:
    return "running" if one.is_live else "waits" if one.events else "sent"


def _where(destination: str) -> str:
    return "the local store" if destination == "local" else destination
