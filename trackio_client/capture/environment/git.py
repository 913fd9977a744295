"""The code that runs: repository, commit, branch, and what was changed since (S3.43).

Of the folder of the script, not the one that the shell stands in (B55). Commit, branch and remote come from files
(gitfiles.py); whether something changed, and the difference, from the git program, under a time limit, without taking
locks, running hooks or asking for passwords.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.gitfiles import head_of, remotes_of, repository_of

STATUS_S: Final = 0.6
"""Longest wait for the first answer of git; a large repository on a slow disk is asked again with more patience."""
PATIENT_S: Final = 30.0
MOST_NAMES: Final = 200
"""Changed files that are named."""
SECRET_FILES: Final = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.keystore", "id_rsa*", "id_ed25519*", "id_ecdsa*",
    ".netrc", ".npmrc", ".pypirc", "*credentials*", "*secret*",
)  # fmt: skip
"""Files whose difference is never read: they are there to hold secrets."""
_INHERITED: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")


def from_files(folder: Path) -> Found:
    """What `.git` tells by itself, as `git.…`."""
    found = Found()
    try:
        repository = repository_of(folder)
        if repository is None:
            for name in ("commit", "branch", "dirty"):
                found.lacks(f"git.{name}", f"{folder} lies in no git repository")
            return found
        found.put("git.root", str(repository.root))
        commit, branch = head_of(repository)
        found.put("git.detached", branch is None)
        if branch is None:
            found.lacks("git.branch", "HEAD is detached: no branch is checked out")
        elif branch != ".invalid":
            found.put("git.branch", branch)
        if commit is None:
            found.lacks("git.commit", "there is no commit yet, or git keeps its refs in another form")
        else:
            found.put("git.commit", commit)
        remotes = remotes_of(repository)
        remote = remotes.get("origin") or next(iter(remotes.values()), None)
        if remote is None:
            found.lacks("git.remote", "the repository has no remote")
        else:
            found.put("git.remote", remote)
    except OSError as error:
        found.lacks("git.commit", f"the repository's files cannot be read ({error.strerror or error})")
    return found


class Slow(Exception):
    """Git took longer than it was given."""


def from_program(root: Path, diff_bytes: int, timeout_s: float, mask: Callable[[str], str] = str) -> Found:
    """Whether something changed since the commit, and what. Raises Slow."""
    found = Found()
    until = time.monotonic() + timeout_s
    try:
        told = _git(root, timeout_s, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal")
    except FileNotFoundError:
        found.lacks("git.dirty", "git is not installed")
        return found
    except OSError as error:
        found.lacks("git.dirty", f"git cannot be run ({error.strerror or error})")
        return found
    if isinstance(told, str):
        found.lacks("git.dirty", told)
        return found
    changed, untracked = _entries(told, found)
    found.put("git.dirty", bool(changed))  # files that git does not know are no change of the commit
    found.put("git.untracked", untracked[:MOST_NAMES])
    if changed:
        found.put("git.changed_files", changed[:MOST_NAMES])
        found.put("git.changed_files_count", len(changed))
        if diff_bytes:
            found.take(_difference(root, diff_bytes, max(until - time.monotonic(), 0.1), mask))
        else:
            found.lacks("git.diff", "switched off (TRACKIO_CAPTURE_DIFF_BYTES=0)")
    return found


def _entries(told: bytes, found: Found) -> tuple[list[str], list[str]]:
    """(changed, untracked) of `status --porcelain=v2 -z`; commit and branch too, which no form of refs hides."""
    changed: list[str] = []
    untracked: list[str] = []
    fields = iter(told.decode("utf-8", "replace").split("\0"))
    for line in fields:
        kind, _, rest = line.partition(" ")
        if line.startswith("# branch.oid ") and "(" not in rest:
            found.put("git.commit", line.rpartition(" ")[2])
        elif line.startswith("# branch.head ") and "(detached)" not in rest:
            found.put("git.branch", line.removeprefix("# branch.head "))
        elif kind == "1":
            changed.append(rest.split(" ", 7)[-1])
        elif kind == "2":
            changed.append(rest.split(" ", 8)[-1])
            next(fields, None)  # its former name
        elif kind == "u":
            changed.append(rest.split(" ", 9)[-1])
        elif kind == "?":
            untracked.append(rest)
    return changed, untracked


def _difference(root: Path, most_bytes: int, timeout_s: float, mask: Callable[[str], str]) -> Found:
    """The difference to the commit, staged or not, cut at a limit; without files that are there to hold secrets."""
    found = Found()
    without = [f":(exclude,icase,glob)**/{name}" for name in SECRET_FILES]
    arguments = ("diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
    try:
        told = _git(root, timeout_s, *arguments, "--", ".", *without, most_bytes=most_bytes + 1)
    except Slow:
        found.lacks("git.diff", f"git diff took more than {timeout_s:.1f} s")
        return found
    except OSError as error:
        found.lacks("git.diff", f"git cannot be run ({error.strerror or error})")
        return found
    if isinstance(told, str):
        found.lacks("git.diff", told)
        return found
    found.put("git.diff", mask(told[:most_bytes].decode("utf-8", "replace")))
    if len(told) > most_bytes:
        found.put("git.diff_cut", True)
    return found


def _git(root: Path, timeout_s: float, *arguments: str, most_bytes: int | None = None) -> bytes | str:
    """What git prints; a text says why it did not. Raises Slow, OSError."""
    command = [
        "git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=false", "-c", "core.hooksPath=/dev/null",
        "--no-optional-locks", "-C", str(root), *arguments,
    ]  # fmt: skip
    started = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environ(os.environ)
    ) as process:
        try:
            if most_bytes is not None:
                return _head(process, most_bytes, started + timeout_s)
            output, trouble = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Slow(f"git took more than {timeout_s:.1f} s") from None
    if process.returncode:
        lines = trouble.decode("utf-8", "replace").strip().splitlines() or [f"exit code {process.returncode}"]
        return f"git refused: {lines[0][:200]}"
    return output


def _head(process: subprocess.Popen[bytes], most_bytes: int, until: float) -> bytes | str:
    """The first bytes that a process prints; then it is ended: a difference may have gigabytes. Raises Slow."""
    from threading import Timer

    assert process.stdout is not None
    timer = Timer(max(until - time.monotonic(), 0.05), process.kill)
    timer.start()
    try:
        output = process.stdout.read(most_bytes)
    finally:
        timer.cancel()
        process.kill()
    code = process.wait()
    if time.monotonic() >= until and len(output) < most_bytes:
        raise Slow("git diff took too long")
    assert process.stderr is not None
    if not output and code not in (0, -9):
        return f"git refused: {process.stderr.read().decode('utf-8', 'replace').strip()[:200]}"
    return output


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name not in _INHERITED}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_PAGER": "cat"}
