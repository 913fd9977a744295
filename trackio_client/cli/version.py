"""`trackio-client version`."""

from __future__ import annotations

import argparse
import platform
from typing import Any

from trackio_client.cli.output import print_json


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("version", parents=[common], help="version of this client, of Python and its folder")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Print it."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    from trackio_client.settings import data_folder

    try:
        version = version_of("trackio-client")
    except PackageNotFoundError:
        version = "unpackaged"
    found = {"trackio_client": version, "python": platform.python_version(), "directory": str(data_folder())}
    if asked.json:
        print_json(found)
    else:
        print(f"trackio-client {version}, Python {found['python']}, data in {found['directory']}")
    return 0
