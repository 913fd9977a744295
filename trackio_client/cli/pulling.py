"""`trackio-client pull owner/name [EXPERIMENT …]`: experiments of a dataset repo into a store on this machine."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.cli.missing import Lost, lost_json, lost_lines, lost_of
from trackio_client.cli.output import clean, print_json
from trackio_client.cli.repos import Progress, count, repo_at, repo_named, store_at
from trackio_client.delivery.lost import AGAIN

if TYPE_CHECKING:
    from trackio_client.hub.transfer import Pulled


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "pull",
        parents=[common],
        help="bring experiments of a dataset repo to this machine",
        description="Brings experiments of a dataset repo into the local store, and checks counts and digests of what "
        "came, and whether their files are here. What is here already is kept. With --revision the repo is read as "
        "it was at that commit.",
    )
    parser.add_argument("repo", help="owner/name")
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="ids or names; without one, all")
    parser.add_argument("--project", help="only of this project")
    parser.add_argument("--revision", metavar="COMMIT", help="as the repo was at this commit, or at a time in UTC")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="a folder as TRACKIO_DIR names (else that one)")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Pull. 0 when all that was asked for is here, its files too, and its digests are right, else 1."""
    from trackio_client.settings import settings_from

    settings, repo = settings_from(), repo_named(asked.repo)
    path = settings.store_path if asked.into is None else asked.into.expanduser() / "v1" / "store.sqlite"
    target = repo_at(repo, settings, "pull")
    from trackio_client.hub.revisions import resolve
    from trackio_client.hub.transfer import pull

    commit = resolve(target, asked.revision) if asked.revision else target.head().commit
    progress = Progress()
    with store_at(path, make=True) as store:
        try:
            pulled = pull(target, store, asked.experiments, project=asked.project, commit=commit, tell=progress)
        finally:
            progress.end()
        lost = lost_of(store, pulled.lost_files)
    if asked.json:
        print_json({"repo": repo, "into": str(path), **asdict(pulled), "lost_files": lost_json(lost)})
    else:
        print(text_of(pulled, repo, path, lost))
    return 1 if pulled.incomplete or lost else 0


def text_of(pulled: Pulled, repo: str, path: Path, lost: Lost) -> str:
    """What came, what did not, and why."""
    came = f"{count(len(pulled.experiments), 'experiment')} with {count(pulled.values, 'value')}"
    new = f"{pulled.added:,} new events" if pulled.added else "nothing new"
    lines = [f"{path}: {came} of {repo} at commit {pulled.commit[:8]}, counts and digests equal; {new}"]
    if not (pulled.experiments or pulled.incomplete or pulled.deleted):
        lines = [f"{repo} holds no such experiment at commit {pulled.commit[:8]}"]
    lines += [f"not whole: {clean(name)}: {clean(why)}" for name, why in pulled.incomplete.items()]
    lines += [f"cannot be read and was passed over: {clean(p)}: {clean(why)}" for p, why in pulled.not_ours.items()]
    lines += lost_lines(lost, f"{repo} does not have them. {AGAIN}")
    if pulled.deleted:
        lines.append(f"{count(len(pulled.deleted), 'experiment')} that {_was(pulled.deleted)} deleted here stay so")
    return "\n".join(lines)


def _was(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"
