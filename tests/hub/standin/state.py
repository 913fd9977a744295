"""What the stand-in for the Hub holds: accounts, tokens, repos, commits, bytes; in memory, or in a folder too.

Objects in memory are the truth while the server runs; each change is written through to SQLite, so that a server that
is killed and started again over the same folder goes on where it was. All of it belongs to one event loop: no locks.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.hub.standin.things import Commit, Entry, Limits, Repo, Token, User


class State:
    def __init__(self, folder: Path | None = None) -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        where = folder / "hub.sqlite" if folder else ":memory:"
        # Opened in the test's thread, used in the server's alone.
        self._db = sqlite3.connect(where, isolation_level=None, check_same_thread=False)
        # Enough against SIGKILL, which is what tests do; a power cut is not among them.
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS things (key TEXT PRIMARY KEY, json TEXT);"
            "CREATE TABLE IF NOT EXISTS commits (repo TEXT, id TEXT, json TEXT, PRIMARY KEY (repo, id));"
            "CREATE TABLE IF NOT EXISTS blobs (sha256 TEXT PRIMARY KEY, bytes BLOB);"
            "CREATE TABLE IF NOT EXISTS pushes (n INTEGER PRIMARY KEY, repo TEXT, json TEXT);"
        )
        self.repos: dict[str, Repo] = {}
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.orgs: set[str] = set()
        self.commits: dict[str, dict[str, Commit]] = {}
        self.pushes: dict[str, list[dict[str, Any]]] = {}  # per repo; a squash forgets commits, not these
        self.committing: set[str] = set()  # repos where a commit is on its way
        self.limits = Limits()
        self.clock_offset_s = 0.0
        self.cdn_url = self.pages_url = ""
        self.hosts: dict[str, str] = {}  # where a Space will answer, told before it is made
        self._trees: OrderedDict[tuple[str, str], dict[str, Entry]] = OrderedDict()
        self._read()
        if not self.users:
            self._people()

    def _people(self) -> None:
        """The accounts every test finds: me (free), pro (PRO, may pay), stranger; `lab`, where me may write."""
        for user in (User("me", orgs={"lab": "write"}), User("pro", is_pro=True, can_pay=True), User("stranger")):
            self.save_user(user)
            self.save_token(Token(f"hf_{user.name}", user.name))
        self.save_token(Token("hf_me_read", "me", role="read"))

    def _read(self) -> None:
        kinds = {"repo": (Repo, self.repos), "user": (User, self.users), "token": (Token, self.tokens)}
        for key, text in self._db.execute("SELECT key, json FROM things"):
            kind, name = key.split(":", 1)
            if kind in kinds:
                make, into = kinds[kind]
                into[name] = make(**json.loads(text))  # type: ignore[index]
            elif kind == "limits":
                self.limits = Limits(**json.loads(text))
            elif kind == "clock":
                self.clock_offset_s = json.loads(text)
        for user in self.users.values():
            self.orgs.update(user.orgs)
        for repo, text in self._db.execute("SELECT repo, json FROM commits ORDER BY rowid"):
            value = json.loads(text)
            changes = {path: Entry(*entry) if entry else None for path, entry in value.pop("changes").items()}
            self.commits.setdefault(repo, {})[value["id"]] = Commit(**value, changes=changes)
        for repo, text in self._db.execute("SELECT repo, json FROM pushes ORDER BY n"):
            self.pushes.setdefault(repo, []).append(json.loads(text))

    def _keep(self, key: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO things VALUES (?, ?)", (key, json.dumps(value)))

    def now_s(self) -> float:
        return time.time() + self.clock_offset_s

    def move_clock(self, by_s: float) -> None:
        self.clock_offset_s += by_s
        self._keep("clock:", self.clock_offset_s)

    def save_repo(self, repo: Repo) -> None:
        self.repos[repo.key] = repo
        self._keep(f"repo:{repo.key}", asdict(repo))

    def save_user(self, user: User) -> None:
        self.users[user.name] = user
        self.orgs.update(user.orgs)
        self._keep(f"user:{user.name}", asdict(user))

    def save_token(self, token: Token) -> None:
        self.tokens[token.value] = token
        self._keep(f"token:{token.value}", asdict(token))

    def save_limits(self) -> None:
        self._keep("limits:", asdict(self.limits))

    def drop_token(self, value: str) -> None:
        self.tokens.pop(value, None)
        self._db.execute("DELETE FROM things WHERE key = ?", (f"token:{value}",))

    def drop_repo(self, repo: Repo) -> None:
        del self.repos[repo.key]
        self._db.execute("DELETE FROM things WHERE key = ?", (f"repo:{repo.key}",))
        self.forget_commits(repo, set())
        self.pushes.pop(repo.key, None)
        self._db.execute("DELETE FROM pushes WHERE repo = ?", (repo.key,))

    def put_blob(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self._db.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (sha256, content))
        return sha256

    def blob_size(self, sha256: str) -> int | None:
        row = self._db.execute("SELECT length(bytes) FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
        return row and int(row[0])

    def blob(self, sha256: str) -> bytes:
        (content,) = self._db.execute("SELECT bytes FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
        return bytes(content)

    def commit(self, repo: Repo, branch: str, changes: Mapping[str, Entry | None], **said: str) -> Commit:
        """Put a commit on top of a branch, in one transaction: killed before or after it, never within.

        The first commit of all, which the Hub makes with the repo, is no push.
        """
        parent, at_s = repo.branches.get(branch), self.now_s()
        seed = json.dumps([repo.key, parent, at_s, sorted(changes), uuid.uuid4().hex])
        commit = Commit(
            hashlib.sha1(seed.encode()).hexdigest(),
            parent,
            said["title"],
            said.get("message", ""),
            said["author"],
            at_s,
            changes,
        )
        base = self.tree(repo, parent) if parent else {}
        push = {
            "id": commit.id,
            "at_s": at_s,
            "author": commit.author,
            "title": commit.title,
            "files": len(changes),
            "bytes": sum(e.size for path, e in changes.items() if e and base.get(path) != e),
        }
        repo.branches[branch] = commit.id
        self._db.execute("BEGIN")
        self._write_commit(repo, commit)
        if parent is not None:
            self._db.execute("INSERT INTO pushes (repo, json) VALUES (?, ?)", (repo.key, json.dumps(push)))
            self.pushes.setdefault(repo.key, []).append(push)
        self.save_repo(repo)
        self._db.execute("COMMIT")
        return commit

    def _write_commit(self, repo: Repo, commit: Commit) -> None:
        changes = {p: (e.oid, e.size, e.sha256, e.is_lfs) if e else None for p, e in commit.changes.items()}
        text = json.dumps(
            {
                "id": commit.id,
                "parent": commit.parent,
                "title": commit.title,
                "message": commit.message,
                "author": commit.author,
                "at_s": commit.at_s,
                "changes": changes,
            }
        )
        self._db.execute("INSERT OR REPLACE INTO commits VALUES (?, ?, ?)", (repo.key, commit.id, text))
        self.commits.setdefault(repo.key, {})[commit.id] = commit

    def squash(self, repo: Repo, branch: str, title: str, author: str) -> Commit:
        """Replace a branch's history by one commit; what nothing names any more is gone."""
        tree = dict(self.tree(repo, repo.branches[branch]))
        commit = Commit(uuid.uuid4().hex + uuid.uuid4().hex[:8], None, title, "", author, self.now_s(), tree)
        self._write_commit(repo, commit)
        repo.branches[branch] = commit.id
        kept = {c.id for tip in [*repo.branches.values(), *repo.tags.values()] for c in self.history(repo, tip)}
        self.forget_commits(repo, kept)
        self.save_repo(repo)
        return commit

    def forget_commits(self, repo: Repo, kept: set[str]) -> None:
        for gone in set(self.commits.get(repo.key, {})) - kept:
            del self.commits[repo.key][gone]
            self._trees.pop((repo.key, gone), None)
            self._db.execute("DELETE FROM commits WHERE repo = ? AND id = ?", (repo.key, gone))

    def history(self, repo: Repo, tip: str) -> list[Commit]:
        """A commit and its ancestors, newest first."""
        found, commits = [], self.commits.get(repo.key, {})
        at: str | None = tip
        while at is not None:
            found.append(commits[at])
            at = commits[at].parent
        return found

    def tree(self, repo: Repo, commit_id: str) -> dict[str, Entry]:
        """Path -> entry at a commit. Built from the nearest ancestor that is at hand; do not change it."""
        chain: list[Commit] = []
        at: str | None = commit_id
        while at is not None and (repo.key, at) not in self._trees:
            chain.append(self.commits[repo.key][at])
            at = chain[-1].parent
        tree = dict(self._trees[repo.key, at]) if at else {}
        for commit in reversed(chain):
            for path, entry in commit.changes.items():
                if entry is None:
                    tree.pop(path, None)
                else:
                    tree[path] = entry
        self._trees[repo.key, commit_id] = tree
        self._trees.move_to_end((repo.key, commit_id))
        while len(self._trees) > 64:  # each may hold thousands of files
            self._trees.popitem(last=False)
        return tree

    def resolve(self, repo: Repo, revision: str) -> str | None:
        """The commit that a branch, tag, full or abbreviated id (7 characters) names."""
        name = revision.removeprefix("refs/heads/").removeprefix("refs/tags/")
        name = "main" if name == "HEAD" else name
        if found := repo.branches.get(name) or repo.tags.get(name):
            return found
        commits = self.commits.get(repo.key, {})
        if revision in commits:
            return revision
        short = [c for c in commits if len(revision) >= 7 and c.startswith(revision)]
        return short[0] if len(short) == 1 else None

    def close(self) -> None:
        self._db.close()
