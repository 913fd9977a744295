"""How the Hub words its answers: errors with the headers that huggingface_hub reads, files, repos, commits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.hub.standin.state import State
from tests.hub.standin.things import Commit, Entry, Repo, iso, pointer


class Refusal(Exception):
    """Raised anywhere below a route; becomes the answer."""

    def __init__(self, status: int, text: str, code: str | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.code, self.headers = status, text, code, headers or {}

    def answer(self) -> Response:
        headers = {"X-Error-Message": self.text.replace("\n", " "), **self.headers}
        if self.code:
            headers["X-Error-Code"] = self.code
        return JSONResponse({"error": self.text}, self.status, headers=headers)


def no_repo(anonymous: bool) -> Refusal:
    """The Hub never says whether a private repo exists.

    To a request without a token it answers 401 without a code; huggingface_hub takes that for RepoNotFound at https
    addresses only. The code is sent here too, so that it does the same at ours.
    """
    if anonymous:
        return Refusal(401, "Invalid username or password.", "RepoNotFound")
    return Refusal(404, "Repository not found", "RepoNotFound")


def no_revision(revision: str) -> Refusal:
    return Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def no_entry(text: str = "Entry not found", **headers: str) -> Refusal:
    return Refusal(404, text, "EntryNotFound", {name.replace("_", "-"): value for name, value in headers.items()})


def commit_json(commit: Commit) -> dict[str, Any]:
    """As in a list of commits."""
    authors = [{"user": commit.author, "avatar": ""}]
    return {
        "id": commit.id,
        "title": commit.title,
        "message": commit.message,
        "authors": authors,
        "date": iso(commit.at_s),
    }


def last_commit_json(commit: Commit) -> dict[str, str]:
    return {"id": commit.id, "title": commit.title, "date": iso(commit.at_s)}


def file_json(path: str, entry: Entry, last: Commit | None = None) -> dict[str, Any]:
    """As in a tree and in paths-info."""
    found: dict[str, Any] = {"type": "file", "oid": entry.oid, "size": entry.size, "path": path}
    if entry.is_lfs:
        size = len(pointer(entry.sha256, entry.size))
        found["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": size}
    if last:
        found["lastCommit"] = last_commit_json(last)
        found["securityFileStatus"] = {"status": "unscanned", "avScan": None, "pickleImportScan": None}
    return found


def folder_json(path: str, tree: dict[str, Entry], last: Commit | None = None) -> dict[str, Any]:
    inside = sorted((p, e.oid) for p, e in tree.items() if p.startswith(path + "/"))
    found = {"type": "directory", "oid": hashlib.sha1(repr(inside).encode()).hexdigest(), "size": 0, "path": path}
    if last:
        found["lastCommit"] = last_commit_json(last)
    return found


def front_matter(text: str) -> dict[str, Any]:
    """The YAML at the head of a README; {} where there is none. Raises yaml.YAMLError."""
    if not text.startswith("---\n") or "\n---" not in text[3:]:
        return {}
    found = yaml.safe_load(text[4 : text.index("\n---", 3)] or "{}")
    return found if isinstance(found, dict) else {}


def card(state: State, tree: dict[str, Entry]) -> dict[str, Any]:
    entry = tree.get("README.md")
    try:
        return front_matter(state.blob(entry.sha256).decode("utf-8", "replace")) if entry else {}
    except yaml.YAMLError:
        return {}


def sibling(path: str, entry: Entry, blobs: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"rfilename": path}
    if blobs:
        found |= {"size": entry.size, "blobId": entry.oid}
        if entry.is_lfs:
            size = len(pointer(entry.sha256, entry.size))
            found["lfs"] = {"sha256": entry.sha256, "size": entry.size, "pointerSize": size}
    return found


def repo_json(state: State, repo: Repo, commit_id: str, *, blobs: bool = False) -> dict[str, Any]:
    """As GET /api/datasets/{id} and its kin."""
    tree, commit, said = state.tree(repo, commit_id), state.commits[repo.key][commit_id], {}
    data = card(state, tree)
    said = {
        "_id": hashlib.sha1(repo.key.encode()).hexdigest()[:24],
        "id": repo.id,
        "author": repo.owner,
        "sha": commit_id,
        "lastModified": iso(commit.at_s),
        "createdAt": iso(repo.created_s),
        "private": repo.visibility == "private",
        "visibility": repo.visibility,
        "gated": False,
        "disabled": False,
        "tags": [*(data.get("tags") or []), *([repo.space["sdk"]] if repo.kind == "space" else []), "region:us"],
        "likes": 0,
        "usedStorage": sum(entry.size for entry in tree.values()),
        "siblings": [sibling(path, entry, blobs) for path, entry in sorted(tree.items())],
    }
    if data:
        said["cardData"] = data
    if repo.kind == "space":
        said |= {"sdk": repo.space["sdk"], "subdomain": subdomain(repo), "host": host(state, repo), "models": []}
    else:
        said |= {"downloads": 0}
    return said


def subdomain(repo: Repo) -> str:
    return repo.id.replace("/", "-").replace("_", "-").replace(".", "-").lower()


def host(state: State, repo: Repo) -> str:
    """Where a Space is served. A browser takes every *.localhost for this machine, and for a secure place."""
    if told := repo.space.get("host") or state.hosts.get(repo.id):
        return str(told)
    return state.pages_url.replace("127.0.0.1", f"{subdomain(repo)}.localhost")


def page(request: Request, rows: list[Any], size: int, each: Any = lambda row: row) -> Response:
    """One page of a list, with the address of the next in the Link header as GitHub and the Hub do."""
    start = int(request.query_params.get("cursor") or 0)
    headers = {"X-Total-Count": str(len(rows))}
    if start + size < len(rows):
        asked = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
        following = f"{request.url.replace(query='')}?{urlencode([*asked, ('cursor', start + size)])}"
        headers["Link"] = f'<{following}>; rel="next"'
    return JSONResponse([each(row) for row in rows[start : start + size]], headers=headers)


def last_touched(history: Iterable[Commit], path: str) -> Commit:
    """The newest commit that changed a file, or anything in a folder."""
    commit = None
    for commit in history:
        if path in commit.changes or any(p.startswith(path + "/") for p in commit.changes):
            break
    assert commit is not None
    return commit
