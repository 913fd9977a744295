"""`trackio-client backup` and `restore`: copies that one can go back to, and going back.

A restore never changes the repo that it reads: it goes into a folder or a new repo, and what came after that point in
time stays where it is.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackio_client.cli.missing import files_of, lost_json, lost_lines, lost_of
from trackio_client.cli.output import moment, print_json, size, table
from trackio_client.cli.pulling import text_of
from trackio_client.cli.repos import Progress, count, repo_at, repo_named, store_at
from trackio_client.errors import StoreReadOnly, UsageError
from trackio_client.settings import Settings, settings_from

if TYPE_CHECKING:
    from trackio_client.hub.dataset import HubDataset


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add both commands to the parser."""
    backup = commands.add_parser(
        "backup",
        parents=[common],
        help="copy the local store, or a dataset repo",
        description="Without a repo: a consistent copy of the local store in a new file, while it is written to, and "
        "its pictures and artifacts in the folder FILE.blobs beside it. With one: all its files, in a private repo "
        "beside it (owner/name-backup-DATE), in another repo, or in a folder.",
    )
    backup.add_argument("repo", nargs="?", help="owner/name of a dataset repo; without one the local store")
    backup.add_argument("--to", metavar="WHERE", help="a new file or folder, or hf://datasets/owner/name")
    backup.add_argument("--suffix", help="the end of the copy's name (default: today's date)")
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser(
        "restore",
        parents=[common],
        help="bring back a copy, or a dataset repo as it was",
        description="Brings what a repo held at a commit, or what a backup holds, into a folder (as TRACKIO_DIR names) "
        "or into a new repo. The repo that it is read from stays as it is.",
    )
    restore.add_argument("source", help="owner/name of a dataset repo, a folder or a file that `backup` made")
    restore.add_argument("--revision", metavar="COMMIT", help="as the repo was at this commit, or at a time in UTC")
    there = restore.add_mutually_exclusive_group(required=True)
    there.add_argument("--into", type=Path, metavar="FOLDER", help="a new folder, to be named by TRACKIO_DIR or --dir")
    there.add_argument("--to", metavar="REPO", help="owner/name of a new dataset repo (private)")
    there.add_argument("--list", action="store_true", help="the commits that one can go back to")
    restore.set_defaults(run=run_restore)


# --- backup --------------------------------------------------------------------------------------------------------


def run_backup(asked: argparse.Namespace) -> int:
    """Make the copy."""
    settings = settings_from()
    suffix = asked.suffix or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    if asked.repo is None:
        return _backup_store(asked, settings, suffix)
    repo = repo_named(asked.repo)
    source = repo_at(repo, settings, "backup")
    from trackio_client.hub.copies import backup_name, copy_repo, save_repo

    progress = Progress()
    try:
        if asked.to is None or asked.to.startswith("hf://"):
            to = repo_named(asked.to) if asked.to else backup_name(repo, suffix)
            if to == repo:
                raise UsageError(f"{repo} cannot be its own copy. Give another name with --to hf://datasets/owner/name")
            copied = copy_repo(source, repo_at(to, settings, "backup"), tell=progress)
            where, back = to, f"trackio-client restore {to} --into FOLDER"
        else:
            folder = Path(asked.to).expanduser()
            copied = save_repo(source, folder, tell=progress)
            where, back = str(folder), f"trackio-client restore {folder} --into FOLDER"
    finally:
        progress.end()
    if asked.json:
        print_json({"repo": repo, "to": where, **asdict(copied)})
    else:
        what = f"{count(copied.files, 'file')}, {size(copied.bytes)}" if copied.files else "nothing new"
        print(f"{where}: {what} of {repo} at commit {copied.commit[:8]}. To go back to it: {back}")
    return 0


def _backup_store(asked: argparse.Namespace, settings: Settings, suffix: str) -> int:
    path = settings.store_path
    into = Path(asked.to).expanduser() if asked.to else path.with_name(f"store-backup-{suffix}.sqlite")
    if into.is_dir():
        into = into / f"store-backup-{suffix}.sqlite"
    if into.exists():
        raise UsageError(f"{into} exists. Give a new file")
    into.parent.mkdir(parents=True, exist_ok=True)
    with store_at(path, make=False) as store:
        position = store.snapshot(into)
    with store_at(into, make=False) as copy:  # what is counted is what is in the copy
        experiments = len(copy.experiments())
        files, in_files, lost = files_of(copy)
        beside = copy.files.folder
    if asked.json:
        print_json(
            {
                "store": str(path), "to": str(into), "position": position, "bytes": into.stat().st_size,
                "files": files, "files_bytes": in_files, "files_in": str(beside), "lost_files": lost_json(lost),
            }
        )  # fmt: skip
    else:
        with_files = f" and {count(files, 'file')} beside it in {beside} ({size(in_files)})" if files else ""
        print(
            f"{into}: {count(experiments, 'experiment')}, {size(into.stat().st_size)}{with_files}. "
            f"To go back to it: trackio-client restore {into} --into FOLDER"
        )
        for line in lost_lines(lost, f"The store {path} does not have them, so the copy has them not either"):
            print(line)
    return 1 if lost else 0


# --- restore -------------------------------------------------------------------------------------------------------


def run_restore(asked: argparse.Namespace) -> int:
    """Bring it back, beside what there is."""
    settings = settings_from()
    place = Path(asked.source).expanduser()
    if place.is_file():
        return _restore_file(asked, place)
    from trackio_client.cli.repos import needs_hub

    needs_hub("restore")
    from trackio_client.hub.copies import Folder, copy_repo, is_empty
    from trackio_client.hub.revisions import resolve
    from trackio_client.hub.transfer import pull

    if place.is_dir() and (asked.revision is not None or asked.list):
        raise UsageError(f"{place} is one copy, of one commit: --revision and --list are for a repo")
    if place.is_dir():
        source: Any = Folder(place)
        commit = source.head().commit
    else:
        source = repo_at(repo_named(asked.source), settings, "restore")
        if asked.list:
            return _list(asked, source)
        commit = resolve(source, asked.revision) if asked.revision else source.head().commit
    progress = Progress()
    try:
        if asked.to is not None:
            to = repo_named(asked.to)
            if to == source.repo:
                raise UsageError(f"a restore never rewrites {to}: give the name of a new repo, or --into FOLDER")
            copied = copy_repo(source, repo_at(to, settings, "restore"), commit=commit, tell=progress)
            said: dict[str, Any] = {"to": to, **asdict(copied)}
            text = f"{to}: {count(copied.files, 'file')} of {source.repo} at commit {commit[:8]}"
            is_whole = True
        else:
            path = _new_store(asked.into)
            with store_at(path, make=True) as store:
                if not is_empty(store):
                    raise UsageError(f"{path} holds experiments. Give a new folder; `trackio-client pull` adds to one")
                pulled = pull(source, store, commit=commit, tell=progress)
                lost = lost_of(store, pulled.lost_files)
            said = {"into": str(path), **asdict(pulled), "lost_files": lost_json(lost)}
            is_whole = not (pulled.incomplete or lost)
            text = f"{text_of(pulled, source.repo, path, lost)}\nTo look at it: trackio-client ui --dir {asked.into}"
    finally:
        progress.end()
    if asked.json:
        print_json({"repo": source.repo, **said})
    else:
        print(f"{text}\n{source.repo} itself stays as it is")
    return 0 if is_whole else 1


def _list(asked: argparse.Namespace, source: HubDataset) -> int:
    commits = list(source.commits())
    if asked.json:
        print_json({"repo": source.repo, "commits": [{"commit": c, "time_s": at, "title": t} for c, at, t in commits]})
    else:
        print(table(("COMMIT", "TIME", "TITLE"), [(c[:8], moment(at), t) for c, at, t in commits], gives=2))
    return 0


def _new_store(folder: Path) -> Path:
    return folder.expanduser() / "v1" / "store.sqlite"


def _restore_file(asked: argparse.Namespace, file: Path) -> int:
    """A snapshot of a store becomes the store of a folder."""
    if asked.into is None or asked.list:
        raise UsageError(f"{file} is a store: restore it --into a folder, then `trackio-client push` it to a repo")
    if asked.revision is not None:
        raise UsageError(f"{file} is one copy, of one moment: --revision is for a repo")
    with store_at(file, make=False) as store:  # NotAStore, StoreTooNew: before anything is made
        experiments = len(store.experiments())
        path = _new_store(asked.into)
        if path.exists():
            raise UsageError(f"{path} exists. Give a new folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        store.snapshot(path)
        beside = store.files.folder
    if not path.is_file():
        raise StoreReadOnly(f"{path} could not be written")
    with store_at(path, make=False) as restored:
        files, in_files, lost = files_of(restored)
    if asked.json:
        told = {"from": str(file), "into": str(path), "experiments": experiments, "files": files}
        print_json({**told, "files_bytes": in_files, "lost_files": lost_json(lost)})
    else:
        with_files = f" with {count(files, 'file')} ({size(in_files)})" if files else ""
        print(f"{path}: {count(experiments, 'experiment')}{with_files}")
        for line in lost_lines(lost, f"They are not in {beside}, which belongs to the copy: was it left behind?"):
            print(line)
        print(f"To look at it: trackio-client ui --dir {asked.into}\n{file} itself stays as it is")
    return 1 if lost else 0
