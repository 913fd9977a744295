"""A dataset repo on the Hub as a Target, through huggingface_hub.

Reading is plain GETs with huggingface_hub's client, committing is its `create_commit`: it knows what goes into git and
what by LFS or xet, and uploads that before the commit, so that a commit is small and quick.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import EntryNotFoundError
from huggingface_hub.utils._http import hf_raise_for_status

from trackio_client.errors import HubAway, HubError, HubMoved, HubRefused, NotOurs, UsageError
from trackio_client.hub.failures import date_of, hub_error, no_repo
from trackio_client.hub.memory import HOUR_S, ORIGIN
from trackio_client.hub.names import repo_of
from trackio_client.hub.session import USER_AGENT, headers, quietly, ready
from trackio_client.hub.target import Head, RepoFile

_MOST_PAGES = 100
"""Of a list: 5,000 commits in an hour, 100,000 files. More is not what the Hub takes."""
_TRIES = 3
_CHUNK = 2**20
T = TypeVar("T")


class HubDataset:
    """One dataset repo. hub/target.py says what each method promises.

    Args:
        repo: `owner/name`, or its address.
        token: for reading and writing; None is what huggingface_hub finds (HF_TOKEN, a log-in).
        endpoint: another Hub; None is HF_ENDPOINT or huggingface.co.
    """

    def __init__(self, repo: str, token: str | None = None, endpoint: str | None = None) -> None:
        name = repo_of(repo)
        if name is None:
            raise UsageError("dataset_repo must be 'owner/name', got nothing")
        self.repo = name
        self._token, self._endpoint = token, endpoint

    @property
    def endpoint(self) -> str:
        return (self._endpoint or constants.ENDPOINT).rstrip("/")

    @property
    def _api(self) -> HfApi:
        return HfApi(self.endpoint, token=self._token, headers={"user-agent": USER_AGENT})

    def head(self) -> Head:
        with self._asking("reading"):
            return self._head()

    def _head(self) -> Head:
        """From the list of commits: a repo's own record comes from a cache and may name an older head."""
        newest, recent = "", list[tuple[float, str]]()
        now_s = 0.0
        for page, page_headers in self._pages(f"/api/datasets/{self.repo}/commits/main"):
            now_s = now_s or date_of(page_headers.get("date", "")) or time.time()
            commits = [(_seconds(commit["date"]), str(commit["title"])) for commit in page]
            newest = newest or (str(page[0]["id"]) if page else "")
            recent += [commit for commit in commits if commit[0] > now_s - HOUR_S]
            if not commits or commits[-1][0] <= now_s - HOUR_S:
                break
        if not newest:
            raise HubAway(f"the Hub lists no commit of {self.repo}, where each repo has a first one.")
        marks = {found[1] for _, title in recent if (found := ORIGIN.search(title))}
        oldest_age_s = max(0.0, now_s - min(at for at, _ in recent)) if recent else 0.0
        return Head(newest, len(recent), oldest_age_s, len(marks))

    def files(self, commit: str, prefix: str) -> Sequence[RepoFile]:
        below = prefix.strip("/")
        address = f"/api/datasets/{self.repo}/tree/{quote(commit, safe='')}" + (f"/{quote(below)}" if below else "")
        found: list[RepoFile] = []
        with self._asking("reading"):
            try:
                for page, _ in self._pages(address + "?recursive=true&expand=false"):
                    for entry in page:
                        if entry["type"] == "file":
                            blob = (entry.get("lfs") or entry)["oid"]
                            found.append(RepoFile(str(entry["path"]), int(entry["size"]), str(blob)))
            except EntryNotFoundError:
                return []  # no such folder
        return sorted(found, key=lambda file: file.path)

    def read(self, path: str, commit: str) -> bytes:
        def whole(response: httpx2.Response) -> bytes:
            content = response.read()
            _check_content(response, hashlib.sha256(content))
            return content

        return self._get_file(path, commit, whole)

    def fetch(self, path: str, commit: str, into: Path) -> None:
        def stream(response: httpx2.Response) -> None:
            seen = hashlib.sha256()
            with into.open("wb") as file:
                for chunk in response.iter_bytes(_CHUNK):
                    seen.update(chunk)
                    file.write(chunk)
            _check_content(response, seen)

        try:
            self._get_file(path, commit, stream)
        except BaseException:  # ctrl-C too: half a file would be taken for one
            with suppress(OSError):
                into.unlink(missing_ok=True)
            raise

    def _get_file(self, path: str, commit: str, take: Callable[[httpx2.Response], T]) -> T:
        """Ask for a file, up to `_TRIES` times if the connection breaks: with a long file it may."""
        address = f"{self.endpoint}/datasets/{self.repo}/resolve/{quote(commit, safe='')}/{quote(path)}"
        with self._asking("reading"):
            for left in reversed(range(_TRIES)):
                try:
                    with self._answer(address) as response:
                        _check_is_hubs(response, commit)
                        return take(response)
                except EntryNotFoundError:
                    raise NotOurs(path, f"it is not in {self.repo} at commit {commit[:8]}") from None
                except (httpx2.NetworkError, httpx2.RemoteProtocolError):
                    if not left:
                        raise
        raise AssertionError("unreachable")

    @contextmanager
    def _answer(self, address: str) -> Iterator[httpx2.Response]:
        """An answer whose body is still to be read."""
        with ready().stream("GET", address, headers=headers(self._token), follow_redirects=True) as response:
            if response.status_code >= 400:
                response.read()
            hf_raise_for_status(response)
            yield response

    def commit(self, parent: str, add: Mapping[str, bytes | Path], delete: Sequence[str], title: str) -> str:
        additions = [CommitOperationAdd(path, content) for path, content in add.items()]
        deletions = [CommitOperationDelete(path, is_folder=False) for path in delete]
        if not additions and not deletions:
            return self._unchanged(parent)
        with self._asking("writing to"), quietly() as sent:
            api = self._api
            if additions:
                api.preupload_lfs_files(self.repo, additions, repo_type="dataset", free_memory=False)
                self._check_ignored(additions)
            done = api.create_commit(
                self.repo,
                [*additions, *deletions],
                repo_type="dataset",
                commit_message=title,
                parent_commit=parent,
            )
        # huggingface_hub leaves out files that are there already; with none left it commits nothing and answers with
        # whatever the head is.
        if not any(asked.startswith("POST ") and "/commit/" in asked for asked in sent):
            return self._unchanged(parent)
        return str(done.oid)

    def _unchanged(self, parent: str) -> str:
        head = self.head().commit
        if head != parent:
            raise HubMoved(f"{self.repo} is at commit {head[:8]}, not at {parent[:8]}.")
        return parent

    def _check_ignored(self, additions: Sequence[CommitOperationAdd]) -> None:
        """A .gitignore in the repo would make huggingface_hub leave files out without a word."""
        for addition in additions:
            if getattr(addition, "_should_ignore", False):
                raise HubRefused(
                    f"the .gitignore in {self.repo} keeps {addition.path_in_repo!r} out of it, and with it what is "
                    "pushed. Take that line out of the .gitignore."
                )

    def create(self, *, private: bool | None = None) -> bool:
        try:
            self.head()
        except HubRefused as missing:
            if missing.status not in (401, 404):
                raise
        else:
            return False
        # Always said: the Hub's own default is public.
        visibility: Literal["public", "private"] = "public" if private is False else "private"
        with self._asking("creating"), quietly():
            try:
                self._api.create_repo(self.repo, repo_type="dataset", visibility=visibility)
            except OSError as error:
                if getattr(getattr(error, "response", None), "status_code", 0) != 409:
                    raise
                self._check_created()  # by somebody else, since we looked
                return False
        return True

    def _check_created(self) -> None:
        try:
            self.head()
        except HubRefused as error:
            raise HubRefused(no_repo(self.repo), status=error.status) from None

    def commits(self) -> Iterator[tuple[str, float, str]]:
        """(id, seconds since 1970 UTC, title) of each commit, the newest first. Raises HubRefused, HubBusy, HubAway."""
        with self._asking("reading"):
            for page, _ in self._pages(f"/api/datasets/{self.repo}/commits/main", most=10_000):
                for commit in page:
                    yield str(commit["id"]), _seconds(commit["date"]), str(commit["title"])

    def whoami(self) -> dict[str, Any]:
        """Whose token this is, its role and rights, `isPro`, `canPay`. Raises HubRefused, HubBusy, HubAway."""
        with self._asking("asking whose token this is for"):
            return dict(self._get(f"{self.endpoint}/api/whoami-v2").json())

    def squash(self, title: str) -> str:
        """Make one commit of all there are and return its id. What was replaced or deleted is gone for ever.

        It frees room and makes the repo quick again, and it ends restoring to an earlier commit. Who else pushes meets
        HubMoved and plans anew. Raises as `commit`.
        """
        with self._asking("writing to"), quietly():
            self._api.super_squash_history(self.repo, repo_type="dataset", branch="main", commit_message=title)
        return self.head().commit

    def _pages(self, path: str, most: int = _MOST_PAGES) -> Iterator[tuple[list[dict[str, Any]], Mapping[str, str]]]:
        """The pages of a list and each one's headers."""
        address: str | None = self.endpoint + path
        for _ in range(most):
            response = self._get(str(address))
            page = response.json()
            if not isinstance(page, list):
                raise ValueError("a list was expected")
            yield page, response.headers
            address = response.links.get("next", {}).get("url")
            if address is None:
                return
            if urlsplit(address).netloc != urlsplit(self.endpoint).netloc:
                raise ValueError("the next page is said to be at another place")  # where our token does not go
        raise ValueError(f"a list has more than {most} pages")  # rather than to take a part for the whole

    def _get(self, address: str) -> httpx2.Response:
        for left in reversed(range(_TRIES)):
            try:
                response = ready().get(address, headers=headers(self._token), follow_redirects=True)
                break
            except (httpx2.NetworkError, httpx2.RemoteProtocolError):  # often just a connection that was kept too long
                if not left:
                    raise
        hf_raise_for_status(response)
        return response

    @contextmanager
    def _asking(self, doing: str) -> Iterator[None]:
        """Whatever the Hub or the way to it does becomes one of our errors."""
        try:
            yield
        except HubError:
            raise
        except Exception as error:  # huggingface_hub and its HTTP client raise dozens, and others in each version
            # Not chained: texts and addresses below may hold what is no business of a log.
            raise hub_error(error, self.repo, doing) from None


def _seconds(date: str) -> float:
    return datetime.fromisoformat(date).timestamp()


def _check_is_hubs(response: httpx2.Response, commit: str) -> None:
    """A proxy's page has status 200 too. The Hub names the commit, in its own answer or in the redirect before it."""
    told = [r.headers.get("x-repo-commit") for r in (*response.history, response)]
    if commit not in told:
        raise ValueError("it does not name the commit that was asked for")


def _check_content(response: httpx2.Response, seen: hashlib._Hash) -> None:
    """Of a file in LFS the Hub says what its content hashes to. A difference is like a broken connection: once more."""
    for one in (*response.history, response):
        wanted = one.headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
        if re.fullmatch(r"[0-9a-f]{64}", wanted) and wanted != seen.hexdigest():
            raise httpx2.ReadError("a file arrived with another content than the Hub says")
