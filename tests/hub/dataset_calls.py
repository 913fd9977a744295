"""Every call of a dataset repo, by name, and what the tests of them share."""

from __future__ import annotations

from pathlib import Path

from trackio_client.hub.dataset import HubDataset

COMMIT = r"POST /api/datasets/me/exp/commit/"
HEAD = r"GET /api/datasets/me/exp/commits/"
TABLE = b"PAR1" + bytes(range(256)) * 4000


def put(repo: HubDataset, **files: bytes) -> str:
    """A commit with these files on the head."""
    return repo.commit(repo.head().commit, {p.replace("__", "/"): b for p, b in files.items()}, [], "put")


HEAD_ID = [""]
"""The commit that the fixture `filled` made."""
CALLS = {
    "head": lambda repo: repo.head(),
    "files": lambda repo: repo.files("main", "index"),
    "read": lambda repo: repo.read("a.json", HEAD_ID[0]),
    "fetch": lambda repo: repo.fetch("a.json", HEAD_ID[0], Path("/nonexistent/never")),
    "commit": lambda repo: repo.commit(HEAD_ID[0], {"b.json": b"2"}, [], "put"),
    "create": lambda repo: repo.create(),
    "whoami": lambda repo: repo.whoami(),
}
