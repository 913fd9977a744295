"""`trackio-client delete ID …`: remove experiments for good."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from trackio_client.cli.output import print_json
from trackio_client.errors import UsageError


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("delete", parents=[common], help="remove experiments for good")
    parser.add_argument("id", nargs="+", help="the experiment's id")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Ask, then delete."""
    from trackio_client.reader import Api

    with Api() as api:
        found = [api.experiment(text) for text in dict.fromkeys(asked.id)]  # all are there before one is gone
        if not asked.yes:
            _ask([f"{one.experiment_id} {one.name!r} with {one.point_count:,} values" for one in found], api.address)
        for one in found:
            api.delete(one.experiment_id)
            if not asked.json:
                print(f"deleted {one.experiment_id} {one.name!r} of project {one.project!r}")
    _bring_to_repo()
    if asked.json:
        print_json({"deleted": [one.experiment_id for one in found]})
    return 0


def _bring_to_repo() -> None:
    """Where a dataset repo is the home of what was deleted here, it must hear of it before it brings that back."""
    from trackio_client.delivery.address import repo_of
    from trackio_client.delivery.staging import Staging, start_pusher
    from trackio_client.settings import is_staged, settings_from

    settings = settings_from()
    if settings.url is not None and is_staged(settings.url):
        start_pusher(Staging.of(settings.directory, repo_of(settings.url)), settings)


def _ask(lines: list[str], address: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("delete asks before it removes anything, and nobody can answer here. Say --yes")
    print(f"This removes from {address}, for good:", *lines, sep="\n  ", file=sys.stderr)
    print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was deleted")
