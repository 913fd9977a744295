"""`trackio-client squash`: one commit of a long history. It asks, because it cannot be undone."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from trackio_client.cli.output import print_json
from trackio_client.cli.repos import count, repo_at, repo_named
from trackio_client.errors import UsageError
from trackio_client.settings import settings_from


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "squash",
        parents=[common],
        help="make one commit of a dataset repo's history",
        description="Makes one commit of all that a dataset repo was ever told. What it holds now stays as it is. What "
        "was replaced or deleted is gone for ever, and its room is free; one can no longer go back to an earlier "
        "commit. A repo of some thousand commits becomes quick again. Make a `backup` first if you are not sure.",
    )
    command.add_argument("repo", help="owner/name of a dataset repo")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    """Ask, and do it."""
    repo = repo_named(asked.repo)
    target = repo_at(repo, settings_from(), "squash")
    head = target.head()
    if not target.files(head.commit, "index"):
        raise UsageError(f"{repo} holds no experiments of ours: nothing is squashed")
    if not asked.yes and not _says_so(repo):
        print("nothing was changed", file=sys.stderr)
        return 1
    files = len(target.files(head.commit, ""))
    commit = target.squash("All that was told until now, in one commit [squash]")
    if asked.json:
        print_json({"repo": repo, "commit": commit, "files": files})
    else:
        print(f"{repo}: its history is one commit now ({commit[:8]}), with {count(files, 'file')} as before")
    return 0


def _says_so(repo: str) -> bool:
    """Whether a person types the repo's name. Raises UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(
            f"this ends going back to an earlier commit of {repo}, for ever. To do it without being asked: --yes"
        )
    print(
        f"The history of {repo} becomes one commit. What was replaced or deleted is gone for ever, and `restore` can "
        "no longer go back to an earlier commit.",
        file=sys.stderr,
    )
    return input(f"Type {repo} to do it: ").strip() == repo
