"""`trackio-client list [PROJECT]`: projects, or the experiments of one."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from trackio_client.cli.output import age, duration, print_json, table
from trackio_client.cli.waiting import waiting_lines
from trackio_client.delivery.address import address_of


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("list", parents=[common], help="projects, or the experiments of one")
    parser.add_argument("project", nargs="?", help="a project; without one the projects are listed")
    parser.add_argument("--state", metavar="WORD", help="only experiments in this state: running, finished, failed …")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many, the newest")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Print the list."""
    from trackio_client.reader import Api
    from trackio_client.settings import settings_from
    from trackio_client.wire.events import state_of

    wanted = state_of(asked.state) if asked.state else None
    if not asked.json:
        settings = settings_from()
        for line in waiting_lines(settings.spool_path, address_of(settings.url) if settings.url else "local"):
            print(f"Not all here yet: {line}", file=sys.stderr)  # stdout is the list alone
    with Api() as api:
        if asked.project is None:
            return _projects(api, asked)
        found = [one for one in api.experiments(asked.project) if wanted in (None, one.state)]
    shown = found if asked.limit is None else found[: max(asked.limit, 0)]
    if asked.json:
        print_json({"experiments": [one.as_json() for one in shown]})
        return 0
    if not shown:
        print(f"Project {asked.project!r} has no experiment{f' that is {asked.state}' if asked.state else ''}.")
        return 0
    rows = [
        (
            one.experiment_id,
            one.name,
            one.state.replace("_", " "),
            "–" if one.last_step is None else f"{one.last_step:,}",
            duration(one.duration_s),
            age(one.last_event_s),
        )
        for one in shown
    ]
    print(table(("ID", "NAME", "STATE", "STEP", "RAN", "SEEN AGO"), rows, gives=1))
    if len(shown) < len(found):
        print(f"{len(found) - len(shown)} older ones are left out; --limit says how many are shown")
    return 0


def _projects(api: Any, asked: argparse.Namespace) -> int:
    projects = api.source.projects()
    if asked.json:
        print_json({"projects": projects})
    elif not projects:
        print(f"Nothing was logged to {api.address} yet. To begin: trackio_client.init(project=…), then log(…)")
    else:
        rows = [(str(p["project"]), f"{p['experiments']:,}", age(p.get("last_event_s"))) for p in projects]
        print(table(("PROJECT", "EXPERIMENTS", "SEEN AGO"), rows))
    return 0
