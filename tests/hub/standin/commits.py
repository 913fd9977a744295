"""Writing: how a file is to come, LFS upload, commit, the list of commits, squash."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from fnmatch import fnmatch
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.hub.standin import answers
from tests.hub.standin.access import repo_to_read, repo_to_write
from tests.hub.standin.answers import Refusal, no_entry, no_revision
from tests.hub.standin.state import State
from tests.hub.standin.things import Commit, Entry, Repo, git_oid, pointer

_HOUR_S = 3600


async def preupload(state: State, request: Request) -> Response:
    (repo, _), said = repo_to_write(state, request), await request.json()
    tree, patterns = _tree(state, repo, request.path_params["revision"]), None
    files = []
    for file in said["files"]:
        patterns = _lfs_patterns(state, tree) if patterns is None else patterns
        name, known = file["path"].rsplit("/", 1)[-1], tree.get(file["path"])
        big = file["size"] >= state.limits.lfs_threshold_bytes
        mode = "lfs" if big or any(fnmatch(name, pattern) for pattern in patterns) else "regular"
        oid = known and (known.sha256 if known.is_lfs else known.oid)
        files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return JSONResponse({"files": files})


def _tree(state: State, repo: Repo, revision: str) -> dict[str, Entry]:
    commit_id = state.resolve(repo, revision)
    if commit_id is None:
        raise no_revision(revision)
    return state.tree(repo, commit_id)


def _lfs_patterns(state: State, tree: dict[str, Entry]) -> list[str]:
    entry = tree.get(".gitattributes")
    lines = state.blob(entry.sha256).decode().splitlines() if entry else []
    return [line.split()[0] for line in lines if "filter=lfs" in line]


def signature(state: State, text: str) -> str:
    """What makes an address at the CDN good for this file alone. Nobody attacks a test: the key may be known."""
    return hmac.new(b"stand-in", text.encode(), hashlib.sha256).hexdigest()[:32]


async def lfs_batch(state: State, request: Request) -> Response:
    (_, _), said = repo_to_write(state, request), await request.json()
    if said["operation"] != "upload" or "basic" not in said["transfers"]:
        raise Refusal(
            501, f"the stand-in knows LFS upload by `basic` only, got {said['operation']}, {said['transfers']}"
        )
    objects: list[dict[str, Any]] = []
    for wanted in said["objects"]:
        found = {"oid": wanted["oid"], "size": wanted["size"], "authenticated": True}
        if state.blob_size(wanted["oid"]) is None:
            href = f"{state.cdn_url}/upload/{wanted['oid']}?signature={signature(state, wanted['oid'])}"
            verify = f"{request.base_url}api/lfs-verify"
            found["actions"] = {"upload": {"href": href}, "verify": {"href": verify}}
        objects.append(found)
    return JSONResponse({"transfer": "basic", "objects": objects}, media_type="application/vnd.git-lfs+json")


async def lfs_put(state: State, request: Request) -> Response:
    """At the CDN: no token, a signed address."""
    oid, content = request.path_params["oid"], await request.body()
    if request.query_params.get("signature") != signature(state, oid):
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
    if hashlib.sha256(content).hexdigest() != oid:
        return Response("<Error><Code>BadDigest</Code></Error>", 400, media_type="application/xml")
    state.put_blob(content)
    return Response(headers={"ETag": f'"{oid}"'})


async def lfs_verify(state: State, request: Request) -> Response:
    said = await request.json()
    if state.blob_size(said["oid"]) != said["size"]:
        raise Refusal(404, "LFS object not found or of another size")
    return JSONResponse({})


async def commit(state: State, request: Request) -> Response:
    """NDJSON: a header, then one operation a line. All of it happens, or nothing."""
    (repo, user), branch = repo_to_write(state, request), request.path_params["revision"]
    if request.query_params.get("create_pr"):
        raise Refusal(501, "the stand-in opens no pull requests")
    lines = [json.loads(line) for line in (await request.body()).splitlines() if line.strip()]
    if repo.key in state.committing:
        raise Refusal(409, "Another commit operation is in progress for this repository. Please try again later.")
    state.committing.add(repo.key)
    try:
        if state.limits.commit_takes_s:  # without it no other request comes in between, and none meets 409 by chance
            until = time.monotonic() + state.limits.commit_takes_s
            while state.limits.commit_takes_s and time.monotonic() < until:  # set to 0, it is done at once
                await asyncio.sleep(0.01)
        made = _commit(state, repo, branch, user, lines)
    finally:
        state.committing.discard(repo.key)
    prefix = {"model": "", "dataset": "datasets/", "space": "spaces/"}[repo.kind]
    url = f"{request.base_url}{prefix}{repo.id}/commit/{made.id}"
    return JSONResponse({"success": True, "commitOid": made.id, "commitUrl": url, "hookOutput": ""})


def _commit(state: State, repo: Repo, branch: str, user: str, lines: list[dict[str, Any]]) -> Commit:
    """Judged and done without giving way to another request: nothing can move the head in between."""
    if not lines or lines[0]["key"] != "header":
        raise Refusal(400, 'The first line must be {"key": "header", …}')
    head, said = repo.branches.get(branch), lines[0]["value"]
    if head is None:
        raise no_revision(branch)
    parent = said.get("parentCommit")
    if parent and not head.startswith(parent):
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    _check_rate(state, repo)
    changes = _changes(state, state.tree(repo, head), lines[1:])
    _check_limits(state, state.tree(repo, head), changes)
    message = said.get("description", "")
    return state.commit(repo, branch, changes, title=said["summary"], message=message, author=user)


def _check_rate(state: State, repo: Repo) -> None:
    """429 as met in 2026: Retry-After and RateLimit speak of another window, the truth stands in the text."""
    limit = state.limits.commits_per_hour
    last_hour = [p for p in state.pushes.get(repo.key, ()) if p["at_s"] > state.now_s() - _HOUR_S]
    if limit is not None and len(last_hour) >= limit:
        text = (
            f"You have exceeded the rate limit for repository commits ({limit} per hour)."
            " You can retry this action in about 1 hour."
        )
        raise Refusal(429, text, headers={"Retry-After": "271"})


def _changes(state: State, tree: dict[str, Entry], lines: list[dict[str, Any]]) -> dict[str, Entry | None]:
    changes: dict[str, Entry | None] = {}
    for line in lines:
        key, value = line["key"], line["value"]
        path = _checked(value["path"], folder=key == "deletedFolder")
        if key == "file":
            if value.get("encoding", "utf-8") == "base64":
                content = base64.b64decode(value["content"], validate=True)
            else:
                content = value["content"].encode()
            changes[path] = Entry(git_oid(content), len(content), state.put_blob(content))
        elif key == "lfsFile":
            size = state.blob_size(value["oid"])
            if size is None or size != value.get("size", size):  # a copy names no size
                raise Refusal(400, 'LFS pointer pointed to a file that does not exist. Did you run "git lfs push"?')
            changes[path] = Entry(git_oid(pointer(value["oid"], size)), size, value["oid"], is_lfs=True)
        elif key == "deletedFile":
            if changes.get(path) is None and path not in tree:
                raise no_entry(f'A file with the name "{path}" does not exist')
            changes[path] = None
        elif key == "deletedFolder":
            gone = [name for name in {*tree, *changes} if name.startswith(path + "/")]
            if not gone:
                raise no_entry(f'A folder with the name "{path}" does not exist')
            changes |= dict.fromkeys(gone)
        else:
            raise Refusal(501, f"the stand-in knows no operation {key!r} in a commit")
    return changes


def _checked(path: str, folder: bool) -> str:
    path = path.removesuffix("/") if folder else path
    if not path or any(part in ("", ".", "..", ".git") for part in path.split("/")):
        raise Refusal(400, f"Invalid path: {path!r}")
    return path


def _check_limits(state: State, tree: dict[str, Entry], changes: dict[str, Entry | None]) -> None:
    limits = state.limits
    if limits.files_per_commit is not None and len(changes) > limits.files_per_commit:
        raise Refusal(400, f"Too many files in one commit: {len(changes)}, at most {limits.files_per_commit}.")
    after = {**tree, **changes}
    present = {path for path, entry in after.items() if entry is not None}
    for path in (path for path, entry in changes.items() if entry is not None):
        if any(parent in present for parent in _parents(path)):
            raise Refusal(400, f"{path!r} lies in a folder whose name is a file's")
    if limits.entries_per_folder is None or len(present) <= limits.entries_per_folder:
        return
    entries: dict[str, set[str]] = {}
    for path in present:
        parts = path.split("/")
        for depth in range(len(parts)):
            entries.setdefault("/".join(parts[:depth]), set()).add(parts[depth])
    for folder, names in entries.items():
        if len(names) > limits.entries_per_folder:
            raise Refusal(
                400, f"Too many entries in {folder or '/'!r}: {len(names)}, at most {limits.entries_per_folder}."
            )


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def commits(state: State, request: Request) -> Response:
    repo, revision = repo_to_read(state, request), request.path_params["revision"]
    tip = state.resolve(repo, revision)
    if tip is None:
        raise no_revision(revision)
    size = min(1000, int(request.query_params.get("limit") or state.limits.commits_page))
    formatted = "formatted" in request.query_params.getlist("expand[]")

    def row(commit: Any) -> dict[str, Any]:
        said = answers.commit_json(commit)
        return said | ({"formatted": {"title": commit.title, "message": commit.message}} if formatted else {})

    return answers.page(request, state.history(repo, tip), size, row)


async def squash(state: State, request: Request) -> Response:
    (repo, user), branch, said = repo_to_write(state, request), request.path_params["revision"], await request.json()
    if branch not in repo.branches:
        if branch in repo.tags:
            raise Refusal(400, "Invalid reference for a branch: cannot squash history on tags")
        raise no_revision(branch)
    made = state.squash(repo, branch, said.get("message") or "Super-squash", user)
    return JSONResponse({"success": True, "commitOid": made.id})
