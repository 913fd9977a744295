"""What the stand-in speaks of: accounts, tokens, repos, commits, files, limits; and git's names for bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of one commit."""

    oid: str  # git's name for the blob: of the content, or of the pointer if the file is LFS
    size: int  # bytes of the content, LFS or not
    sha256: str  # where the content lies in `blobs`
    is_lfs: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as what it changed: path -> entry, or None where the file went away."""

    id: str
    parent: str | None
    title: str
    message: str
    author: str
    at_s: float
    changes: Mapping[str, Entry | None]


@dataclass
class Repo:
    kind: str  # model, dataset, space
    id: str
    visibility: str  # public, private; protected for Spaces
    created_s: float
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    space: dict[str, Any] = field(default_factory=dict)  # sdk, secrets, variables, hardware, stages …

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.id}"

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]


@dataclass
class User:
    name: str
    is_pro: bool = False
    can_pay: bool = False
    orgs: dict[str, str] = field(default_factory=dict)  # organisation -> role: read, write, admin


@dataclass
class Token:
    """A user's token. `scoped` counts only for fine-grained ones: (kind, name) -> permissions."""

    value: str
    user: str
    role: str = "write"  # read, write, fineGrained; oauth for a log-in's
    scoped: list[dict[str, Any]] = field(
        default_factory=list
    )  # {"type": "dataset", "name": "me/exp", "permissions": […]}
    scopes: list[str] = field(default_factory=list)  # of an OAuth log-in: openid, profile, read-repos …
    expires_s: float | None = None


@dataclass
class Limits:
    """Where the stand-in says no. None: never."""

    commits_per_hour: int | None = 128  # quoted by the Hub in 2026; all writers of a repo together
    files_per_commit: int | None = None  # the Hub advises 50-100; tests set what they hold the product to
    entries_per_folder: int | None = 10_000
    commit_takes_s: float = 0.0  # one at a time in a repo: meanwhile another is answered 409, and no head has moved
    head_lag_s: float = 0.0  # repo info comes from a cache: it names the head of so long ago
    lfs_threshold_bytes: int = 10_000_000
    tree_page: int = 1_000
    tree_page_expanded: int = 50
    commits_page: int = 50
    api_per_5_min: int | None = None  # the Hub: 500 anonymous, 1,000 free, 2,500 PRO
    resolve_per_5_min: int | None = None


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """The text that git keeps in place of an LFS file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
