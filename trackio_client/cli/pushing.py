"""`trackio-client push [EXPERIMENT …] owner/name`: experiments of this machine into a dataset repo."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from trackio_client.cli.missing import lost_json, lost_lines, lost_of
from trackio_client.cli.output import print_json
from trackio_client.cli.repos import count, repo_at, repo_named, store_at

if TYPE_CHECKING:
    from trackio_client.hub.replicator import Flushed


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "push",
        parents=[common],
        help="bring experiments of this machine to a dataset repo",
        description="Brings experiments of the local store to a dataset repo on the Hub, which is made (private) when "
        "missing. What the repo holds already is left out: a second push changes nothing.",
    )
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="ids or names; without one, all")
    parser.add_argument("repo", help="owner/name")
    parser.add_argument("--project", help="only of this project")
    parser.add_argument("--public", action="store_true", help="if the repo is made: everyone may see it")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Push. 0 when the repo holds all of it, 1 when something is left for later or its files are lost."""
    from trackio_client.delivery.address import hub_page
    from trackio_client.settings import settings_from

    settings, repo = settings_from(), repo_named(asked.repo)
    with store_at(settings.store_path, make=False) as store:
        target = repo_at(repo, settings, "push")
        from trackio_client.hub.pusher import origin_of
        from trackio_client.hub.transfer import chosen, push

        names = chosen(store, asked.experiments, asked.project)
        made = target.create(private=not asked.public) if names else False
        done = push(store, target, names, origin=origin_of(store.incarnation))
        lost = lost_of(store, done.lost_files)
    if asked.json:
        told = {"repo": repo, "made": made, "experiments": names, **asdict(done), "lost_files": lost_json(lost)}
        print_json({name: sorted(each) if isinstance(each, set) else each for name, each in told.items()})
    else:
        print(_text(repo, len(names), made, asked.public, done))
        for line in lost_lines(lost, "The store here does not have them: what cites them was pushed without"):
            print(line)
        print(hub_page(repo))
    return 0 if done.is_all and not (done.not_pushed or lost) else 1


def _text(repo: str, experiments: int, made: bool, is_public: bool, done: Flushed) -> str:
    kind = "public" if is_public else "private"
    lines = [f"made the {kind} dataset repo {repo}"] if made else []
    if not experiments:
        lines.append("there is no experiment here to push")
    elif not (done.values or done.events or done.experiments):
        lines.append(f"nothing new: {repo} holds all of {count(experiments, 'experiment')} already")
    else:
        what = f"{count(done.values, 'value')} and {count(done.events, 'event')}"
        lines.append(f"{repo}: {what} of {count(done.experiments, 'experiment')} in {count(done.commits, 'commit')}")
    if not done.is_all:
        lines.append(
            f"not all: the repo has had as many commits within an hour as it should take. In {done.wait_s / 60:.0f} "
            "minutes the same command goes on"
        )
    return "\n".join(lines + [f"left out: {why}" for why in done.not_pushed])
