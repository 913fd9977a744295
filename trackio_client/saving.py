"""Files of a run: `save`, `restore`, `log_code`, the folder `run.dir`.

Each call is a version of an artifact, of type `files` or `code`.
"""

from __future__ import annotations

import glob
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from trackio_client.artifacts.artifact import Artifact
from trackio_client.errors import TrackioError, UsageError
from trackio_client.homes import expanded

SAVED: Final = "files"
"""The type of what `save` logs; reader/run_files.py looks for it."""
MOST_FILES: Final = 2_000
"""Taken by one call: a pattern that fits a data set is a mistake, and that is said."""
_SKIPPED: Final = ("node_modules", "__pycache__", "site-packages", "venv", "env", "build", "dist", "wandb", "mlruns")


def save(experiment: Any, glob_str: Any = None, base_path: Any = None) -> list[str]:
    """Keep files as they are now; their paths.

    Args:
        experiment: whose files they become.
        glob_str: a path or a pattern; a folder is taken with all that is in it.
        base_path: what is cut from the front of their paths; None keeps paths below the working folder, else names.
    """
    if glob_str is None:
        return []
    paths = list(_matching(expanded(str(glob_str))))
    if not paths:
        experiment.notices.warn(f"save:{glob_str}", f"save(): there is no file {str(glob_str)!r:.200}; nothing is kept")
        return []
    if len(paths) > MOST_FILES:
        experiment.notices.warn(
            "save:many", f"save(): {str(glob_str)!r:.200} fits {len(paths):,} files: the first {MOST_FILES:,} are kept"
        )
        paths = paths[:MOST_FILES]
    base = None if base_path is None else expanded(str(base_path)).absolute()
    kept = _kept(experiment, [(path, _inside(path, base)) for path in paths])
    return [str(path) for path in kept]


def _matching(given: Path) -> Iterator[Path]:
    if given.is_dir():
        yield from (path for path in sorted(given.rglob("*")) if path.is_file())
    elif given.is_file():
        yield given
    else:
        found = glob.glob(str(given), recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
        yield from (Path(path) for path in sorted(found) if Path(path).is_file())


def _inside(path: Path, base: Path | None) -> str:
    """The name of a file among a run's files."""
    for root in (base, Path.cwd()):
        if root is not None and path.absolute().is_relative_to(root):
            return path.absolute().relative_to(root).as_posix()
    return path.name


def _kept(experiment: Any, named: list[tuple[Path, str]]) -> list[Path]:
    artifact = Artifact(f"files-{experiment.id}", type=SAVED)
    kept = []
    for path, name in named:
        try:
            artifact.add_file(path, name)
            kept.append(path)
            experiment.saved[name] = path
        except (OSError, UsageError) as error:
            experiment.notices.warn(f"save:{path}", f"save(): {error}")
    if kept:
        experiment.log_artifact(artifact)
    return kept


def keep_folder(experiment: Any, folder: Path) -> None:
    """Keep what lies in `run.dir`, at the end."""
    if folder.is_dir() and (paths := [path for path in sorted(folder.rglob("*")) if path.is_file()]):
        save_now = [(path, path.relative_to(folder).as_posix()) for path in paths[:MOST_FILES]]
        _kept(experiment, save_now)


def restore(experiment: Any, name: str, run_path: str | None = None, replace: bool = False, root: Any = None) -> Any:
    """A file that was saved, open for reading; None if there is none, and that is said.

    Args:
        experiment: whose file it is, unless `run_path` says another.
        name: of the file.
        run_path: "project/id" of another run.
        replace: fetch it although it is there.
        root: the folder to fetch into; None is `run.dir`.
    """
    if run_path is None and (here := experiment.saved.get(name)) is not None and here.is_file() and not replace:
        return here.open(encoding="utf-8", errors="replace")
    from trackio_client.reader import Api

    try:
        with Api(experiment.reading_from) as api:
            run = api.run(run_path or experiment.id)
            return run.file(name).download(root or experiment.dir, replace=replace, exist_ok=True)
    except TrackioError as error:
        experiment.notices.warn(f"restore:{name}", f"restore(): {error}")
        return None


def log_code(
    experiment: Any,
    root: Any = ".",
    name: str | None = None,
    include_fn: Callable[..., bool] | None = None,
    exclude_fn: Callable[..., bool] | None = None,
) -> Artifact | None:
    """Keep the program: the .py files below a folder, or those that `include_fn(path[, root])` takes.

    Hidden folders, environments and build folders are left out. None if there is no such file.
    """
    folder = expanded(str(root or ".")).absolute()
    takes = include_fn or (lambda path: path.endswith(".py"))
    artifact = Artifact(name or f"source-{experiment.project}".replace(":", "-"), type="code")
    count = 0
    for path in _walk(folder):
        text = str(path)
        if _asked(takes, text, folder) and not (exclude_fn is not None and _asked(exclude_fn, text, folder)):
            count += 1
            if count > MOST_FILES:
                experiment.notices.warn("code", f"log_code(): below {folder} the first {MOST_FILES:,} files are kept")
                break
            artifact.add_file(path, path.relative_to(folder).as_posix())
    if not count:
        experiment.notices.warn("code", f"log_code(): there is no such file below {folder}")
        return None
    logged: Artifact = experiment.log_artifact(artifact)
    return logged


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            one for one in folders if not one.startswith(".") and one not in _SKIPPED and not one.endswith(".egg-info")
        )
        yield from (Path(place) / one for one in sorted(names))


def _asked(function: Callable[..., bool], path: str, root: Path) -> bool:
    """W&B gives the path, and the root to functions that take two."""
    try:
        takes_two = len(inspect.signature(function).parameters) > 1
    except (TypeError, ValueError):
        takes_two = False
    return bool(function(path, str(root)) if takes_two else function(path))


def log_main_file(experiment: Any) -> None:
    """Keep the file that the program began with (`save_code=True`); a notebook or a prompt has none."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main and Path(main).is_file():
        _kept(experiment, [(Path(main), f"code/{Path(main).name}")])
