"""`trackio-client show ID`: one experiment, its metrics in numbers, its config and what the store holds of it.

`--summary` shows what a training told beside its curves instead.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from trackio_client.cli.output import clean, duration, figure, moment, print_json, table
from trackio_client.cli.summing import summary_text
from trackio_client.errors import ExperimentNotFound

if TYPE_CHECKING:
    from trackio_client.reader import Api, LoggedExperiment


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("show", parents=[common], help="one experiment: state, metrics, config, receipt")
    parser.add_argument("id", help="the experiment's id, the beginning of one, or a name that only one has")
    parser.add_argument(
        "--summary",
        action="store_true",
        help="what a training told beside its curves: run_config, epoch_metrics, run_summary, checkpoints, failures",
    )
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Print it."""
    from trackio_client.reader import Api

    with Api() as api:
        one = find(api, asked.id)
        if asked.summary:
            if asked.json:
                print_json(one.training)
            else:
                print(summary_text(one))
            return 0
        held = api.source.receipts(one.experiment_id)
        if asked.json:
            print_json({**one.as_json(full=True), "summary": one.summary, "held": held})
            return 0
        print(_text(one, held))
    return 0


def find(api: Api, text: str) -> LoggedExperiment:
    """The experiment that is meant by an id, the beginning of one, or a name that only one has.

    Raises:
        ExperimentNotFound: none, or several: then they are named.
    """
    try:
        return api.experiment(text)
    except ExperimentNotFound:
        listed = [one for project in api.projects() for one in api.experiments(project)]
        found = [one for one in listed if one.name == text] or [
            one for one in listed if len(text) >= 3 and one.experiment_id.startswith(text)
        ]
        if len(found) == 1:
            return api.experiment(found[0].experiment_id)
        if found:
            ids = ", ".join(one.experiment_id for one in found[:5])
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            raise ExperimentNotFound(f"{text!r} means {len(found)} experiments: {ids}{more}. Give one id") from None
        raise


def _text(one: LoggedExperiment, held: dict[str, Any]) -> str:
    state = one.state.replace("_", " ")
    facts = [
        ("Name", one.name),
        ("Id", one.experiment_id),
        ("Project", one.project),
        ("State", f"{state}: {one.evidence}" if one.evidence else state),
        ("Began", moment(one.created_s)),
        ("Ran", duration(one.duration_s)),
        ("Last step", "none" if one.last_step is None else f"{one.last_step:,}"),
        ("Group", one.group or ""),
        ("Tags", ", ".join(one.tags)),
        ("Forked", f"from {one.parent[0]} at step {one.parent[1]:,}" if one.parent else ""),
        ("Resumed", f"{one.generation} time{'s' * (one.generation != 1)}" if one.generation else ""),
        ("Notes", one.notes or ""),
        ("Holds", f"{held['events']:,} events with {held['points']:,} values, digest {held['digest']}"),
    ]
    lines = [f"{head:<10} {clean(text)}" for head, text in facts if text]
    numbers = [(name, value) for name, value in one.summary.items() if isinstance(value, dict) and "points" in value]
    if numbers:
        heads = ("METRIC", "LAST", "MIN", "MAX", "MEAN", "POINTS")
        rows = [
            (name, *(figure(value.get(key)) for key in ("last", "min", "max", "mean")), f"{value['points']:,}")
            for name, value in sorted(numbers)
        ]
        lines += ["", table(heads, rows)]
    if ran := _environment(one.environment):
        lines += ["", table(("ENVIRONMENT", ""), ran, gives=1)]
    if config := dict(_flat(one.config)):
        lines += ["", table(("CONFIG", "VALUE"), [(key, str(value)) for key, value in config.items()], gives=1)]
    return "\n".join(lines)


def _environment(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The little of it that tells most; `--json` gives all."""

    def of(group: str, name: str) -> Any:
        return (told.get(group) or {}).get(name)

    commit = of("git", "commit")
    changed = {True: "with changes", False: "no change since"}.get(of("git", "dirty"), "changes not captured")
    code = " ".join(filter(None, [commit and str(commit)[:12], of("git", "branch"), commit and f"({changed})"]))
    devices = [str(each.get("name")) for each in of("gpu", "devices") or [] if isinstance(each, dict)]
    gpus = ", ".join(f"{devices.count(name)} × {name}" for name in dict.fromkeys(devices))
    packages = told.get("packages") or {}
    rows = [
        ("code", code),
        ("repository", of("git", "remote")),
        ("command", " ".join(map(str, told.get("command") or []))[:300]),
        ("python", of("python", "version")),
        ("packages", f"{len(packages):,}" if packages else None),
        ("platform", " ".join(filter(None, [of("platform", "distribution"), of("platform", "kernel")]))),
        ("cpu", of("cpu", "model")),
        ("gpu", gpus),
        ("driver", of("gpu", "driver")),
        ("container", of("container", "image") or of("container", "kind")),
        ("host", told.get("host")),
        ("user", told.get("user")),
        ("not captured", ", ".join(told.get("not_captured") or {})[:300]),
    ]
    return [(name, str(value)) for name, value in rows if value]


def _flat(config: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in config.items():
        inside = isinstance(value, dict) and value
        rows += _flat(value, f"{before}{key}/") if inside else [(f"{before}{key}", value)]
    return rows
