"""Reading a file: resolve, which redirects as the Hub does; the CDN it leads to; static Spaces' pages."""

from __future__ import annotations

import json
import mimetypes
import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tests.hub.standin import answers
from tests.hub.standin.access import repo_to_read
from tests.hub.standin.answers import no_entry, no_revision
from tests.hub.standin.commits import signature
from tests.hub.standin.oauth import client_of
from tests.hub.standin.state import State
from tests.hub.standin.things import Entry, Repo


def resolve(state: State, request: Request) -> Response:
    """A small file: 307 to /api/resolve-cache by commit. An LFS file: 302 to another origin, which takes no token."""
    repo, path = repo_to_read(state, request), request.path_params["path"]
    commit_id, entry = _entry(state, repo, request.path_params["revision"], path)
    etag = f'"{entry.sha256 if entry.is_lfs else entry.oid}"'
    headers = {"X-Repo-Commit": commit_id, "ETag": etag, "Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
    headers |= {"X-Linked-Size": str(entry.size), "X-Linked-ETag": etag}
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    if entry.is_lfs:
        # The name is part of the address as at the Hub, whose browsers save the file under it.
        query = f"signature={signature(state, entry.sha256)}&filename={quote(path.rsplit('/', 1)[-1])}"
        headers["Location"] = f"{state.cdn_url}/file/{entry.sha256}?{query}"
        return Response(status_code=302, headers=headers)
    query = f"?{request.url.query}" if request.url.query else ""
    headers["Location"] = f"/api/resolve-cache/{repo.kind}s/{repo.id}/{commit_id}/{quote(path)}{query}"
    return Response("Temporary Redirect. Redirecting to " + headers["Location"], 307, headers)


def resolve_cache(state: State, request: Request) -> Response:
    repo, path = repo_to_read(state, request), request.path_params["path"]
    commit_id, entry = _entry(state, repo, request.path_params["revision"], path)
    headers = {"X-Repo-Commit": commit_id, "ETag": f'"{entry.oid}"', "Cache-Control": "public, max-age=31536000"}
    return body(request, state.blob(entry.sha256), headers, _type(path))


def _entry(state: State, repo: Repo, revision: str, path: str) -> tuple[str, Entry]:
    commit_id = state.resolve(repo, revision)
    if commit_id is None:
        raise no_revision(revision)
    entry = state.tree(repo, commit_id).get(path)
    if entry is None:
        raise no_entry(X_Repo_Commit=commit_id)
    return commit_id, entry


def _type(path: str) -> str:
    """Text stays text: the Hub serves no HTML from its own address."""
    guess = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return "text/plain; charset=utf-8" if guess.startswith("text/") or guess.endswith("javascript") else guess


def _is_known(request: Request, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]


def body(request: Request, content: bytes, headers: dict[str, str], media_type: str) -> Response:
    """A whole file, or the one range of it that was asked for."""
    headers = {**headers, "Accept-Ranges": "bytes"}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    status = 200
    if asked and asked.groups() != ("", ""):
        first, last = asked.groups()
        start = int(first) if first else max(0, len(content) - int(last))
        end = min(int(last), len(content) - 1) if first and last else len(content) - 1
        if start > end:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"], status = f"bytes {start}-{end}/{len(content)}", 206
        content = content[start : end + 1]
    if request.method == "HEAD":
        return Response(status_code=status, headers={**headers, "Content-Length": str(len(content))})
    return Response(content, status, headers, media_type)


def cdn_file(state: State, request: Request) -> Response:
    sha256 = request.path_params["sha256"]
    if request.query_params.get("signature") != signature(state, sha256) or state.blob_size(sha256) is None:
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
    name = request.query_params.get("filename", sha256)
    headers = {"ETag": f'"{sha256}"', "Content-Disposition": f'inline; filename="{name}"'}
    return body(request, state.blob(sha256), headers, "application/octet-stream")


def static_space(state: State, request: Request) -> Response:
    """A static Space at its own host, `{owner}-{name}.localhost`. As at the Hub all its visitors see its variables."""
    name = request.url.hostname or ""
    for repo in state.repos.values():
        if repo.kind == "space" and repo.space["sdk"] == "static" and name.split(".")[0] == answers.subdomain(repo):
            break
    else:
        return Response("Sorry, we can't find the page you are looking for.", 404, media_type="text/html")
    files = state.tree(repo, repo.branches["main"])
    path = request.path_params["path"] or answers.card(state, files).get("app_file") or "index.html"
    if repo.visibility == "private" or path not in files:
        return Response("Sorry, we can't find the page you are looking for.", 404, media_type="text/html")
    content, kind = state.blob(files[path].sha256), mimetypes.guess_type(path)[0] or "application/octet-stream"
    if kind == "text/html":
        content = content.replace(b"<head>", b"<head>" + _variables(state, repo), 1)
    headers = {"ETag": f'"{files[path].oid}-{len(content)}"', "Cache-Control": "no-cache"}
    return body(request, content, headers, kind)


def _variables(state: State, repo: Repo) -> bytes:
    said = {key: entry["value"] for what in ("variables", "secrets") for key, entry in repo.space[what].items()}
    said["SPACE_ID"] = repo.id
    if client := client_of(state, repo):
        said |= {"OAUTH_CLIENT_ID": client["id"], "OAUTH_SCOPES": " ".join(client["scopes"])}
    return f"<script>window.huggingface={json.dumps({'variables': said})};</script>".encode()
