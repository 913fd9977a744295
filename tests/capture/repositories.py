"""Real git repositories to look at."""

from __future__ import annotations

import subprocess
from pathlib import Path

from trackio_client.capture.environment import git
from trackio_client.capture.environment.found import Found


def run(root, *words):
    identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root):
    run(root, "add", "-A")
    run(root, "commit", "-q", "-m", "c", "--allow-empty")


def of_git(root, **given) -> Found:
    found = git.from_files(root)
    if "git.root" in found.values:
        found.take(git.from_program(Path(found.values["git.root"]), given.get("diff_bytes", 10_000), 20.0))
    return found
