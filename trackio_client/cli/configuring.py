"""`trackio-client config` (or `check`): which settings are in force, who said so, and whether they work."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from trackio_client import clientfile
from trackio_client.cli.output import clean, print_json, table, terminal_width
from trackio_client.cli.repos import needs_hub
from trackio_client.errors import UsageError

if TYPE_CHECKING:
    from trackio_client.hub.spaces.checking import Finding
    from trackio_client.settings import Settings


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "config",
        aliases=["check"],
        parents=[common],
        help="settings in force, where they come from, and whether they work",
        description="Show every setting of the client, its value and who said it, then try the Space and the dataset: "
        "what the token opens, and how many experiments lie there. No token is shown. Exit code 4 if one does not "
        "work.",
    )
    parser.add_argument("--dataset", metavar="OWNER/NAME", help="look at this dataset (else TRACKIO_DATASET_REPO)")
    parser.add_argument("--create-dataset", action="store_true", help="make the dataset if it is missing: private")
    parser.add_argument("--offline", action="store_true", help="show the settings and try nothing")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Show and try. 0 when all that is set works, 4 when something does not."""
    from trackio_client.inforce import client_settings
    from trackio_client.settings import settings_from

    settings = settings_from(forgives=True, dataset_repo=asked.dataset)
    given = {"url": asked.url, "directory": asked.dir, "dataset_repo": asked.dataset}
    rows = client_settings(settings, given=given)
    trouble = _trouble(settings)
    if not asked.json:
        lines = [(one.variables[0], one.value, one.source.replace("code", "command line")) for one in rows]
        if terminal_width() >= 120 or not sys.stdout.isatty():
            print(
                table(
                    ("SETTING", "VALUE", "FROM", ""),
                    [(*line, one.meaning) for line, one in zip(lines, rows, strict=True)],
                    gives=3,
                )
            )
        else:
            print(table(("SETTING", "VALUE", "FROM"), lines, gives=1))
        for text in trouble:
            print(f"Note: {clean(text)}")
    found = {} if asked.offline else _try(asked, settings, quiet=asked.json)
    if asked.json:
        tried = {what: {**asdict(finding), "lines": list(finding.lines)} for what, finding in found.items()}
        print_json({"settings": [asdict(one) for one in rows], "notes": trouble, "tried": tried})
    return 0 if all(finding.works for finding in found.values()) else 4


def _trouble(settings: Settings) -> list[str]:
    """What was said and does not fit, and files that are not as they should be."""
    notes = list(settings.warnings)
    for path in sorted((clientfile.config_folder() / "spaces").glob("*.json")):
        try:
            clientfile.read(path)
            if clientfile.is_open_to_others(path):
                notes.append(f"{path} holds a token, and others on this machine may read it: chmod 600 {path}")
        except (UsageError, OSError) as error:
            notes.append(str(error))
    return notes


def _try(asked: argparse.Namespace, settings: Settings, *, quiet: bool) -> dict[str, Finding]:
    from trackio_client.delivery.address import address_of
    from trackio_client.settings import is_dataset, space_at

    found: dict[str, Finding] = {}
    if settings.url is not None and not is_dataset(settings.url):
        from trackio_client.hub.spaces.checking import check_space

        there, token = space_at(settings.url, settings)
        found["space"] = check_space(address_of(there), token, settings.hub_token)
        _say("Space", found["space"], quiet)
    if settings.dataset_repo is not None:
        needs_hub("config")
        from trackio_client.hub.checking import check_dataset, create_dataset

        do = create_dataset if asked.create_dataset else check_dataset
        found["dataset"] = do(settings.dataset_repo, settings.hub_token)
        _say("Dataset", found["dataset"], quiet)
        if found["dataset"].is_missing and not quiet:
            print("  to make it: trackio-client config --create-dataset (or the next push does)")
    elif asked.create_dataset:
        raise UsageError("say which dataset: --dataset owner/name, or TRACKIO_DATASET_REPO")
    if not found and not quiet:
        print(f"\nExperiments stay on this machine, in {settings.store_path}: no Space and no dataset is set.")
        if importlib.util.find_spec("huggingface_hub") is not None:
            print("To have a place to share: trackio-client deploy NAME")
    return found


def _say(what: str, finding: Finding, quiet: bool) -> None:
    if quiet:
        return
    lines: Sequence[str] = finding.lines
    print(f"\n{what}: {'works' if finding.works else 'does not work'}")
    for line in lines:
        print(f"  {clean(line)}")
