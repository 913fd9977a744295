"""`trackio-client import PATH`: runs that other tools recorded."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean, print_json

if TYPE_CHECKING:
    from trackio_client.exchange.past import Imported


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "import",
        parents=[common],
        help="bring in runs that other tools recorded",
        description="Brings in Hugging Face trainer_state.json files: one file, a checkpoint, the Trainer's output "
        "folder, or a folder with many of them; or a JSON or JSONL file with entries of an older "
        "Trackio. To import again changes nothing; a log that has grown goes on.",
    )
    parser.add_argument("path", type=Path, help="a file or folder")
    parser.add_argument("--project", help="the project to put them in (else TRACKIO_PROJECT, else this folder's name)")
    parser.add_argument("--name", help="name of the experiment, when the path holds one run (else its folder's name)")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Read all first, then bring them in: a bad file among many leaves nothing half done."""
    from trackio_client.cli.destinations import destination
    from trackio_client.errors import UsageError
    from trackio_client.exchange.entries import holds_entries, read_entries
    from trackio_client.exchange.hf_trainer import find_logs, read_log
    from trackio_client.exchange.past import deliver
    from trackio_client.settings import settings_from
    from trackio_client.wire.events import checked_name

    settings = settings_from()
    project = checked_name(asked.project or settings.project or Path.cwd().name or "imported", "project")
    logs = find_logs(asked.path)
    if asked.name and len(logs) > 1:
        raise UsageError(f"--name fits one run, and {asked.path} holds {len(logs)}. Import them one by one")
    name = checked_name(asked.name, "name") if asked.name else None
    runs = [(read_entries if holds_entries(log) else read_log)(log, name=name) for log in logs]
    with destination(settings) as there:
        came = [deliver(one, project, there) for one in runs]
        address = there.address
    if asked.json:
        print_json({"imported": [{name: getattr(one, name) for name in one.__slots__} for one in came]})
        return 0
    for one in came:
        print(_text(one))
    print(
        f"{address}: {len(came)} run{'s' * (len(came) != 1)} in project {project!r}. To look at them: trackio-client ui"
    )
    return 0


def _text(one: Imported) -> str:
    what = f"{one.added_events:,} new events" if one.added_events else "nothing new"
    lines = [
        f"{one.experiment_id}  {clean(one.name)}: {one.entries:,} entries, {one.points:,} values, {what}",
        f"  {one.state}: {one.evidence}",
    ]
    return "\n".join(lines + [f"  {clean(note)}" for note in one.notes])
