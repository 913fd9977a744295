"""`trackio-client delete ID …`: experiments into the bin, or freed at once; `undelete ID …`; `bin` lists them."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from trackio_client.cli.output import age, print_json, table
from trackio_client.errors import ExperimentNotFound, UsageError

HISTORY = "What was pushed to a dataset repo stays in the history of that repo."


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("delete", parents=[common], help="experiments into the bin, for seven days")
    parser.add_argument("id", nargs="+", help="the experiment's id")
    parser.add_argument("--now", action="store_true", help="free them at once, also from the bin: for good")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)
    parser = commands.add_parser("undelete", parents=[common], help="experiments out of the bin")
    parser.add_argument("id", nargs="+", help="the experiment's id, as `trackio-client bin` lists it")
    parser.set_defaults(run=undelete)
    parser = commands.add_parser("bin", parents=[common], help="what was deleted within seven days")
    parser.add_argument("project", nargs="?", help="a project; without one those of all")
    parser.set_defaults(run=look)


def run(asked: argparse.Namespace) -> int:
    """Ask, then delete."""
    from trackio_client.reader import Api

    with Api() as api:
        binned = {row["experiment_id"]: row for row in api.bin()} if asked.now else {}
        ids = list(dict.fromkeys(asked.id))
        found = [binned.get(text) or api.experiment(text).as_json() for text in ids]  # all are there before one is gone
        if not asked.yes:
            lines = [f"{one['experiment_id']} {one['name']!r} with {one['point_count']:,} values" for one in found]
            _ask(lines, api.address, for_good=asked.now)
        for one in found:
            api.delete(one["experiment_id"], now=asked.now)
            if not asked.json:
                where = "freed" if asked.now else "in the bin:"
                print(f"{where} {one['experiment_id']} {one['name']!r} of project {one['project']!r}")
    _bring_to_repo()
    if asked.json:
        print_json({"deleted": ids, "in_bin": not asked.now})
    elif not asked.now:
        print(f"They are freed in seven days. To bring one back: trackio-client undelete {ids[0]}\n{HISTORY}")
    return 0


def undelete(asked: argparse.Namespace) -> int:
    """Take experiments out of the bin."""
    from trackio_client.reader import Api

    with Api() as api:
        ids = list(dict.fromkeys(asked.id))
        there = {row["experiment_id"]: row for row in api.bin()}
        if missing := [text for text in ids if text not in there]:
            raise ExperimentNotFound(
                f"{missing[0]!r:.160} is not in the bin of {api.address}: it was never deleted, or was freed. "
                "`trackio-client bin` lists what is in it"
            )
        for text in ids:
            api.restore(text)
            if not asked.json:
                print(f"restored {text} {there[text]['name']!r} of project {there[text]['project']!r}")
    _bring_to_repo()
    if asked.json:
        print_json({"restored": ids})
    return 0


def look(asked: argparse.Namespace) -> int:
    """Print what is in the bin."""
    from trackio_client.reader import Api

    with Api() as api:
        rows = api.bin(asked.project)
    if asked.json:
        print_json({"experiments": rows})
    elif not rows:
        print("The bin is empty.")
    else:
        days = [max(0.0, row["goes_s"] - time.time()) / 86_400 for row in rows]
        cells = [
            (row["experiment_id"], row["name"], row["project"], age(row["binned_s"]), row["by"], f"{left:.1f} d")
            for row, left in zip(rows, days, strict=True)
        ]
        print(table(("ID", "NAME", "PROJECT", "DELETED AGO", "BY", "FREED IN"), cells, gives=1))
        print(HISTORY)
    return 0


def _bring_to_repo() -> None:
    """Where a dataset repo is the home of what was deleted here, it must hear of it before it brings that back."""
    from trackio_client.delivery.address import repo_of
    from trackio_client.delivery.staging import Staging, start_pusher
    from trackio_client.settings import is_staged, settings_from

    settings = settings_from()
    if settings.url is not None and is_staged(settings.url):
        start_pusher(Staging.of(settings.directory, repo_of(settings.url)), settings)


def _ask(lines: list[str], address: str, *, for_good: bool) -> None:
    if not sys.stdin.isatty():
        raise UsageError("delete asks before it removes anything, and nobody can answer here. Say --yes")
    how = "This removes from {}, for good:" if for_good else "This goes into the bin of {}, for seven days:"
    print(how.format(address), *lines, HISTORY, sep="\n  ", file=sys.stderr)
    print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("nothing was deleted")
