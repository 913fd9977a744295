"""Repos: create, delete, settings, information, branches and tags, the tree and its paths."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.hub.standin import answers
from tests.hub.standin.access import caller, repo_to_read, repo_to_write
from tests.hub.standin.answers import Refusal, no_entry, no_repo, no_revision
from tests.hub.standin.spaces import check_plan, new_space
from tests.hub.standin.state import State
from tests.hub.standin.things import Entry, Repo, git_oid

_PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
_LFS = (
    "7z arrow bin bz2 ftz gz h5 joblib lz4 mds mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl pt pth rar \
safetensors tar tflite tgz wasm xz zip zst pcm sam raw aac flac mp3 ogg wav bmp gif png tiff jpg jpeg webp mp4 webm"
)
GITATTRIBUTES = "".join(f"*.{end} filter=lfs diff=lfs merge=lfs -text\n" for end in _LFS.split()).encode()
_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_][\w.-]{0,94}[A-Za-z0-9_]|[A-Za-z0-9_]")


async def create(state: State, request: Request) -> Response:
    said, who = await request.json(), caller(state, request)
    if who.user is None:
        raise Refusal(401, "Invalid username or password.")
    kind, owner, name = said.get("type") or "model", said.get("organization") or who.user.name, said["name"]
    visibility = said.get("visibility") or ("private" if said.get("private") else "public")
    if not _NAME.fullmatch(name) or name.endswith(".git"):
        raise Refusal(400, f'Invalid repository name "{name}"')
    if visibility not in ("public", "private", *(["protected"] if kind == "space" else [])):
        raise Refusal(400, f'Invalid visibility "{visibility}" for a {kind}')
    if not who.may_write(owner, kind, name):
        raise Refusal(403, f'You don\'t have the rights to create a {kind} under the namespace "{owner}"')
    repo = Repo(kind, f"{owner}/{name}", visibility, state.now_s())
    url = f"{request.base_url}{_PREFIX[kind]}{repo.id}"
    if repo.key in state.repos:
        raise Exists(409, f"You already created this {kind} repo", url)
    files = {".gitattributes": GITATTRIBUTES}
    if kind == "space":
        check_plan(state, who.user, said, visibility)
        repo.space = new_space(state, said)
        files["README.md"] = f"---\ntitle: {name}\nsdk: {said['sdk']}\n---\n".encode()
    entries = {path: Entry(git_oid(content), len(content), state.put_blob(content)) for path, content in files.items()}
    state.commit(repo, "main", entries, title="initial commit", author=who.user.name)
    return JSONResponse({"url": url, "name": repo.id, "id": repo.id})


class Exists(Refusal):
    """409 with the address: create_repo(exist_ok=True) reads it."""

    def __init__(self, status: int, text: str, url: str) -> None:
        super().__init__(status, text)
        self.url = url

    def answer(self) -> Response:
        return JSONResponse({"error": self.text, "url": self.url}, self.status, {"X-Error-Message": self.text})


async def delete(state: State, request: Request) -> Response:
    said, who = await request.json(), caller(state, request)
    owner = said.get("organization") or (who.user.name if who.user else "")
    repo = state.repos.get(f"{said.get('type') or 'model'}/{owner}/{said['name']}")
    if repo is None or not who.may_read(repo):
        raise no_repo(anonymous=who.user is None)
    if not who.may_write(owner, repo.kind, said["name"]):
        raise Refusal(403, f"Forbidden: you don't have the rights to delete {repo.id}.")
    state.drop_repo(repo)
    return Response("OK", media_type="text/plain")


async def settings(state: State, request: Request) -> Response:
    (repo, _), said = repo_to_write(state, request), await request.json()
    if set(said) - {"visibility", "private"}:
        raise Refusal(501, f"the stand-in knows no setting {sorted(said)}")
    visibility = said.get("visibility") or ("private" if said["private"] else "public")
    if visibility == "protected":
        check_plan(state, state.users.get(repo.owner), {"sdk": "static"}, visibility)
    repo.visibility = visibility
    state.save_repo(repo)
    return JSONResponse({"visibility": visibility, "private": visibility == "private"})


def info(state: State, request: Request) -> Response:
    repo, asked = repo_to_read(state, request), request.query_params
    revision = request.path_params.get("revision", "main")
    commit_id = state.resolve(repo, revision)
    if commit_id is None:
        raise no_revision(revision)
    if revision in repo.branches:
        commit_id = _as_cached(state, repo, commit_id)
    said = answers.repo_json(state, repo, commit_id, blobs=asked.get("blobs") in ("1", "true", "True"))
    if expand := asked.getlist("expand"):
        said = {key: value for key, value in said.items() if key in {"_id", "id", *expand}}
    return JSONResponse(said)


def _as_cached(state: State, repo: Repo, commit_id: str) -> str:
    before_s = state.now_s() - state.limits.head_lag_s
    history = state.history(repo, commit_id) if state.limits.head_lag_s else []
    return next((c.id for c in history if c.at_s <= before_s), history[-1].id if history else commit_id)


def refs(state: State, request: Request) -> Response:
    repo = repo_to_read(state, request)

    def named(kind: str, refs: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": n, "ref": f"refs/{kind}/{n}", "targetCommit": c} for n, c in refs.items()]

    said: dict[str, Any] = {"branches": named("heads", repo.branches), "tags": named("tags", repo.tags), "converts": []}
    return JSONResponse(said | ({"pullRequests": []} if request.query_params.get("include_prs") else {}))


async def change_ref(state: State, request: Request) -> Response:
    """Make or delete a branch or a tag."""
    (repo, _), what, name = repo_to_write(state, request), request.path_params["what"], request.path_params["ref"]
    all_of_them = repo.branches if what == "branch" else repo.tags
    said = json.loads(await request.body() or b"{}")
    if request.method == "DELETE":
        if what == "branch" and name == "main":
            raise Refusal(403, "Cannot delete the main branch")
        if all_of_them.pop(name, None) is None:
            raise no_revision(name)
    else:
        start, name = (said.get("startingPoint") or "main", name) if what == "branch" else (name, said["tag"])
        if name in all_of_them:
            raise Refusal(409, f"Reference {name} already exists")
        if (commit_id := state.resolve(repo, start)) is None:
            raise no_revision(start)
        all_of_them[name] = commit_id
    state.save_repo(repo)
    return Response("OK", media_type="text/plain")


def tree(state: State, request: Request) -> Response:
    repo, path = repo_to_read(state, request), request.path_params.get("path", "").strip("/")
    revision = request.path_params["revision"]
    commit_id = state.resolve(repo, revision)
    if commit_id is None:
        raise no_revision(revision)
    files, asked = state.tree(repo, commit_id), request.query_params
    recursive, expand = (asked.get(name, "").lower() in ("1", "true") for name in ("recursive", "expand"))
    prefix, rows = (path + "/" if path else ""), dict[str, Entry | None]()
    for name, entry in sorted(files.items()):
        if not name.startswith(prefix):
            continue
        parts = name[len(prefix) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            rows.setdefault(prefix + "/".join(parts[:depth]), None)
        if recursive or len(parts) == 1:
            rows[name] = entry
    if path and not rows:
        raise no_entry(f"{path} does not exist on {revision!r}")
    history = state.history(repo, commit_id) if expand else []

    def row(path: str) -> dict[str, Any]:
        last, entry = answers.last_touched(history, path) if expand else None, rows[path]
        return answers.file_json(path, entry, last) if entry else answers.folder_json(path, files, last)

    size = state.limits.tree_page_expanded if expand else state.limits.tree_page
    return answers.page(request, list(rows), min(size, int(asked.get("limit") or size)), row)


async def paths_info(state: State, request: Request) -> Response:
    repo, revision, body = repo_to_read(state, request), request.path_params["revision"], await request.body()
    if "json" in request.headers.get("content-type", ""):
        said = json.loads(body)
        paths, expand = said["paths"], bool(said.get("expand"))
    else:
        form = parse_qs(body.decode())
        paths, expand = form.get("paths", []), form.get("expand", ["false"])[0].lower() == "true"
    commit_id = state.resolve(repo, revision)
    if commit_id is None:
        raise no_revision(revision)
    files, history = state.tree(repo, commit_id), state.history(repo, commit_id) if expand else []
    rows = []
    for path in (path.strip("/") for path in paths):
        last = answers.last_touched(history, path) if expand else None
        if path in files:
            rows.append(answers.file_json(path, files[path], last))
        elif any(name.startswith(path + "/") for name in files):
            rows.append(answers.folder_json(path, files, last))
    return JSONResponse(rows)


def auth_check(state: State, request: Request) -> Response:
    if request.url.path.endswith("/write"):
        repo_to_write(state, request)
    else:
        repo_to_read(state, request)
    return JSONResponse({"ok": True})


_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


async def validate_yaml(_: State, request: Request) -> Response:
    said = await request.json()
    errors, warnings = [], []
    try:
        data = answers.front_matter(said["content"])
        if not data:
            warnings.append("empty or missing yaml metadata in repo card")
        if said.get("repoType") == "space" and data:
            if data.get("sdk") not in ("gradio", "docker", "static", "streamlit"):
                errors.append('"sdk" must be one of [gradio, docker, static]')
            errors += [
                f'"{key}" must be one of {sorted(_COLOURS)}'
                for key in ("colorFrom", "colorTo")
                if key in data and data[key] not in _COLOURS
            ]
            if len(data.get("short_description") or "") > 60:
                errors.append('"short_description" length must be less than or equal to 60 characters long')
    except yaml.YAMLError as error:
        errors.append(f"YAML Metadata Error: {error}")
    listed = {"errors": [{"message": e} for e in errors], "warnings": [{"message": w} for w in warnings]}
    return JSONResponse(listed, 400 if errors else 200)
