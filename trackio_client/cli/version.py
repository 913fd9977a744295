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
    from trackio_client.release import VERSION
    from trackio_client.settings import data_folder

    found = {"trackio_client": VERSION, "python": platform.python_version(), "directory": str(data_folder())}
    if asked.json:
        print_json(found)
    else:
        print(f"trackio-client {VERSION}, Python {found['python']}, data in {found['directory']}")
    return 0
