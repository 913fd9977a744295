"""Commit, branch and remote from the files of a `.git` folder: in a millisecond, also without the git program.

Worktrees and submodules have a file `.git` that points elsewhere; refs may be packed. What is in another form (a
reftable) is left to the program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECTION = re.compile(r'\[\s*remote\s+"(?P<name>.+)"\s*\]')
MOST_FOLDERS_UP: Final = 64
_MOST_BYTES: Final = 8 * 1024 * 1024
"""Of a packed-refs file: some repositories have a hundred thousand branches."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository's files are."""

    root: Path
    """The working tree."""
    git: Path
    """Of this working tree: HEAD, index."""
    common: Path
    """Of all working trees: refs, config."""


def repository_of(folder: Path) -> Repository | None:
    """The repository that a folder lies in; None if there is none. Raises OSError."""
    for root in [folder, *folder.parents][:MOST_FOLDERS_UP]:
        git = root / ".git"
        if git.is_file():
            pointer = git.read_text(encoding="utf-8", errors="replace").strip()
            if not pointer.startswith("gitdir:"):
                continue
            git = (root / pointer.removeprefix("gitdir:").strip()).resolve()
        if (git / "HEAD").is_file():
            common = git / "commondir"
            shared = (git / common.read_text(encoding="utf-8").strip()).resolve() if common.is_file() else git
            return Repository(root, git, shared)
    return None


def head_of(repository: Repository) -> tuple[str | None, str | None]:
    """(commit, branch): no branch when HEAD is detached, no commit when there is none yet or its form is unknown.

    Raises OSError.
    """
    head = (repository.git / "HEAD").read_text(encoding="utf-8", errors="replace").strip()
    if not head.startswith("ref:"):
        return (head if _COMMIT.fullmatch(head) else None), None
    ref = head.removeprefix("ref:").strip()
    branch = ref.removeprefix("refs/heads/")
    for folder in (repository.git, repository.common):
        loose = folder / ref
        if loose.is_file():
            text = loose.read_text(encoding="utf-8", errors="replace").strip()
            return (text if _COMMIT.fullmatch(text) else None), branch
    return _packed(repository, ref), branch


def _packed(repository: Repository, ref: str) -> str | None:
    packed = repository.common / "packed-refs"
    if not packed.is_file() or packed.stat().st_size > _MOST_BYTES:
        return None
    for line in packed.read_text(encoding="utf-8", errors="replace").splitlines():
        commit, _, name = line.partition(" ")
        if name == ref and _COMMIT.fullmatch(commit):
            return commit
    return None


def remotes_of(repository: Repository) -> dict[str, str]:
    """Name → address, as the config tells them, without credentials. Raises OSError."""
    config = repository.common / "config"
    if not config.is_file():
        return {}
    found: dict[str, str] = {}
    name = None
    for line in config.read_text(encoding="utf-8", errors="replace").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = _SECTION.match(line)
            name = section["name"] if section else None
            continue
        key, mark, value = line.partition("=")
        if name is not None and mark and key.strip().lower() == "url":
            found.setdefault(name, without_credentials(value.strip().strip('"')))
    return found


def without_credentials(address: str) -> str:
    """An address without user, password, key or token: `https://me:hf_…@host/x?token=…` → `https://host/x`.

    The `git@` of ssh stays: it is everybody's user there.
    """
    if "://" not in address:
        user, mark, rest = address.partition("@")
        return address if not mark or user == "git" or "/" in user else rest
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an address that cannot be read"
    if parts.scheme == "ssh" and parts.netloc.startswith("git@"):
        host = f"git@{host}"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))
