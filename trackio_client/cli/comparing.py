"""`trackio-client compare ID ID …`: whether scores may be compared, then best scores and settings that differ.

And `trackio-client importance PROJECT METRIC`: which parameters go with a metric.
"""

from __future__ import annotations

import argparse
from typing import Any

from trackio_client.cli.output import clean, figure, print_json, table
from trackio_client.cli.showing import find

_MOST_SETTINGS = 40
_MOST_LEFT_OUT = 12


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("compare", parents=[common], help="experiments beside each other: scores and settings")
    parser.add_argument("ids", nargs="+", metavar="ID", help="id, the beginning of one, or a name that only one has")
    parser.set_defaults(run=run)
    parser = commands.add_parser(
        "importance", parents=[common], help="which parameters go with a metric, and how surely"
    )
    parser.add_argument("project", help="whose experiments")
    parser.add_argument("metric", help="the result, by the name it was logged under")
    parser.add_argument("--by", choices=("best", "last"), help="of each experiment (default: best where it has a goal)")
    parser.set_defaults(run=run_importance)


def run_importance(asked: argparse.Namespace) -> int:
    """Print it."""
    from trackio_client.reader import Api

    with Api() as api:
        found = api.importance(asked.project, asked.metric, by=asked.by)
    if asked.json:
        print_json(found)
    else:
        print(_importance(found))
    return 0


def _importance(found: dict[str, Any]) -> str:
    parts = [clean(found["says"])]
    rows = [
        [
            each["name"], each["measure"], _signed(each["value"]), _interval(each), figure(each["p"]),
            figure(each["p_holm"]), str(each["n"]), each["best"] or "",
        ]
        for each in found["parameters"]
    ]  # fmt: skip
    if rows:
        parts.append(table(["parameter", "measure", "value", "95 %", "p", "p (Holm)", "n", "best"], rows))
        ways = sorted({each["p_by"] for each in found["parameters"]})
        parts.append(f"p by {' and '.join(ways)}. An association, not a cause.")
    parts += [clean(each["says"]) for each in found["together"][:5]]
    if left := found["left_out"]:
        names = ", ".join(f"{each['name']} ({each['why']})" for each in left[:_MOST_LEFT_OUT])
        more = f" and {len(left) - _MOST_LEFT_OUT} more" if len(left) > _MOST_LEFT_OUT else ""
        parts.append(clean(f"Left out: {names}{more}."))
    return "\n\n".join(parts)


def _interval(each: dict[str, Any]) -> str:
    low, high = each["low"], each["high"]
    return "" if low != low or high != high else f"{_signed(low)} to {_signed(high)}"  # NaN: too few for one


def _signed(value: float) -> str:
    return f"{value:+.2f}"


def run(asked: argparse.Namespace) -> int:
    """Print it."""
    from trackio_client.reader import Api

    with Api() as api:
        found = api.compare([find(api, text) for text in asked.ids])
    if asked.json:
        print_json(found)
    else:
        print(_text(found))
    return 0


def _text(found: dict[str, Any]) -> str:
    ids = [one["experiment_id"] for one in found["experiments"]]
    names = [one["name"] for one in found["experiments"]]
    states = [str(one["state"]).replace("_", " ") for one in found["experiments"]]
    parts = [clean(found["comparable"]["says"])]
    scores = [["state", *states]]
    for metric, best in found["metrics"].items():
        scores.append([f"{metric} ({best['goal']})", *(_cell(best["best"], one) for one in ids)])
    parts.append(table(["best", *names], scores))
    settings = [[key, *(_cell(values, one) for one in ids)] for key, values in found["config"].items()]
    if settings:
        parts.append(table(["setting", *names], settings[:_MOST_SETTINGS]))
        if len(settings) > _MOST_SETTINGS:
            parts.append(f"{len(settings) - _MOST_SETTINGS} more settings differ; --json has all of them")
    return "\n\n".join(parts)


def _cell(values: dict[str, Any], experiment_id: str) -> str:
    """A value in a table; empty where there is none."""
    if experiment_id not in values:
        return ""
    value = values[experiment_id]
    return figure(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)[:40]
