"""`trackio-client snapshot ID …`: experiments as one HTML file that opens without a server."""

from __future__ import annotations

import argparse
from typing import Any

from trackio_client.cli.output import print_json
from trackio_client.cli.showing import find


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "snapshot", parents=[common], help="experiments as one HTML file with interactive charts, without a server"
    )
    parser.add_argument("ids", nargs="+", metavar="ID", help="id, the beginning of one, or a name that only one has")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the file, or a folder (else named after the experiment)"
    )
    parser.add_argument("--name", help="the heading of the page")
    parser.add_argument("--view", default="", metavar="STATE", help="how it opens: x=relative&smooth=ema:0.9&log=1")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Save it and say where."""
    from trackio_client.reader import Api

    with Api() as api:
        found = [find(api, text) for text in asked.ids]
        path = api.snapshot(found, asked.output, name=asked.name, state=asked.view)
    size = path.stat().st_size
    if asked.json:
        print_json({"path": str(path), "bytes": size, "experiments": [one.experiment_id for one in found]})
    else:
        print(f"Saved {len(found)} experiment{'s' * (len(found) != 1)} as {path} ({size / 1e6:.1f} MB)")
    return 0
