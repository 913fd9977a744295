"""`trackio-client status`: what is on this machine that its destination does not have, and why; who pushes it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean, print_json, size, table
from trackio_client.settings import is_staged

if TYPE_CHECKING:
    from trackio_client.delivery.replay import Pending
    from trackio_client.settings import Settings


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("status", parents=[common], help="what is unsent on this machine, and why")
    parser.add_argument("--stop", action="store_true", help="end the processes that push to dataset repos")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Print it. 1 when something waits that nobody sends, 0 when all is sent or being sent."""
    from trackio_client.cli.pushers import places, text_of
    from trackio_client.delivery.replay import pending
    from trackio_client.settings import settings_from

    settings = settings_from()
    if asked.stop:
        return _stop(asked, settings)
    repos = places(settings)
    found = pending(settings.spool_path)
    stuck = [one for one in found if one.events and not one.is_live]
    code = 1 if stuck or any(place.is_stuck for place in repos) else 0
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
                "repos": [place.to_json() for place in repos],
            }
        )
        return code
    if repos:
        print(text_of(repos))
    found = [one for one in found if one.is_live or one.events or not is_staged(one.destination)]
    if not found:
        if not any(place.behind for place in repos):
            print(f"Everything is sent: nothing waits in {settings.spool_path}")
        return code
    if repos:
        print()
    rows = [(one.experiment_id, clean(one.name), f"{one.events:,}", size(one.bytes), _state(one)) for one in found]
    print(table(("EXPERIMENT", "NAME", "UNSENT", "ON DISK", ""), rows, gives=1))
    print()
    for why, where in dict.fromkeys((one.why, one.destination) for one in found):
        print(f"{_where(where)}: {clean(why)}")
    if stuck:
        print("To send what waits: trackio-client sync. Where an address was mistyped: sync ID --to ADDRESS")
    return code


def _stop(asked: argparse.Namespace, settings: Settings) -> int:
    """End the pushers. What they had not pushed stays here."""
    from trackio_client.cli.pushers import stop

    ended, left = stop(settings)
    if asked.json:
        print_json({"ended": [place.staging.repo for place in ended], "left": left})
    else:
        for place in ended:
            waits = f"; {place.behind:,} events wait here for `trackio-client sync`" if place.behind else ""
            print(f"ended the pusher of {clean(place.staging.repo)}{waits}")
        for line in left:
            print(clean(line))
        if not ended and not left:
            print("No process pushes to a dataset repo from here")
    return 1 if left else 0


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _state(one: Pending) -> str:
    return "running" if one.is_live else "waits" if one.events else "sent"


def _where(destination: str) -> str:
    return "the local store" if destination == "local" else destination
