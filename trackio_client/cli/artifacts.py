"""`trackio-client artifacts list PROJECT [NAME]` and `artifacts get PROJECT/NAME:ALIAS [--to FOLDER]`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from trackio_client.cli.output import age, print_json, table

ARTIFACT_HEADS = ("NAME", "TYPE", "VERSIONS", "LATEST", "SIZE", "LOGGED AGO")
VERSION_HEADS = ("VERSION", "ALIASES", "FILES", "SIZE", "LOGGED BY", "USED BY", "LOGGED AGO")


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("artifacts", help="files with versions that experiments logged: list them, fetch one")
    ways = parser.add_subparsers(dest="way", metavar="list|get", required=True)
    listing = ways.add_parser("list", parents=[common], help="the artifacts of a project, or the versions of one")
    listing.add_argument("project")
    listing.add_argument("name", nargs="?", help="an artifact: its versions are listed")
    listing.add_argument("--type", metavar="WORD", help="only artifacts of this type")
    listing.set_defaults(run=run_list)
    getting = ways.add_parser("get", parents=[common], help="fetch the files of one version")
    getting.add_argument("artifact", help="project/name:alias or project/name:v3; without ':' the latest")
    getting.add_argument("--to", metavar="FOLDER", help="default: ./artifacts/<name>-v<number>")
    getting.set_defaults(run=run_get)


def run_list(asked: argparse.Namespace) -> int:
    """Print the list."""
    from trackio_client.reader import Api

    with Api() as api:
        found = api.artifacts(asked.project, asked.name, type=asked.type)
    if asked.json:
        print_json({"artifacts" if asked.name is None else "versions": found})
    elif not found:
        print(f"Project {asked.project!r} has no artifact{f' {asked.name!r}' if asked.name else ''}.")
    elif asked.name is None:
        print(table(ARTIFACT_HEADS, [_artifact_row(one) for one in found], gives=0))
    else:
        print(table(VERSION_HEADS, [_version_row(one) for one in found], gives=1))
    return 0


def run_get(asked: argparse.Namespace) -> int:
    """Fetch the files and say where they are."""
    from trackio_client.reader import Api

    with Api() as api:
        artifact = api.artifact(asked.artifact)
        folder = artifact.download(asked.to)
        if asked.json:
            told = {name: value for name, value in artifact.told.items() if name != "files"}
            print_json({"folder": folder, **told, "files": [entry.told() for entry in artifact.files()]})
        else:
            count = artifact.file_count
            print(f"{artifact.qualified_name}: {count:,} file{'s' * (count != 1)}, {_size(artifact.size)} in {folder}")
    return 0


def _artifact_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    count, size = f"{one['versions']:,}", _size(one["bytes"])
    return str(one["name"]), str(one["type"] or "–"), count, _version(one["latest"]), size, age(one["updated_s"])


def _version_row(one: Mapping[str, Any]) -> tuple[str, ...]:
    words, size, who = ", ".join(one["aliases"]) or "–", _size(one["bytes"]), one["from_name"] or one["from_experiment"]
    counts = f"{one['file_count']:,}", f"{len(one['used_by']):,}"
    return _version(one["version"]), words, counts[0], size, str(who), counts[1], age(one["time_s"])


def _version(number: int | None) -> str:
    return "–" if number is None else f"v{number}"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
