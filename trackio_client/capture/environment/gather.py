"""Asks each part of the environment, one after the other: a part that fails takes no other with it (S3.49)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trackio_client.capture.environment import container, git, machine, program
from trackio_client.capture.environment import packages as installed
from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.gitfiles import repository_of

OFF = "switched off (TRACKIO_CAPTURE_PERSONAL=0)"
Part = tuple[str, Callable[[], Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What must be taken note of when the experiment begins: it may have changed when the thread looks."""

    main_file: str | None
    argv: list[str]
    original: list[str]
    cwd: Path
    environ: dict[str, str]
    is_main: bool = True
    """False: another rank tells what all of them share."""
    with_personal: bool = True
    diff_bytes: int = 256 * 1024
    script: Path | None = None
    folder: Path = field(default_factory=Path)

    @classmethod
    def now(cls, *, is_main: bool, with_personal: bool, diff_bytes: int) -> Scene:
        main_file = getattr(sys.modules.get("__main__"), "__file__", None)
        cwd = Path.cwd()
        script, folder = git.script_of(main_file, sys.argv, cwd)
        return cls(
            main_file=main_file,
            argv=list(sys.argv),
            original=list(getattr(sys, "orig_argv", [])),
            cwd=cwd,
            environ=dict(os.environ),
            is_main=is_main,
            with_personal=with_personal,
            diff_bytes=diff_bytes,
            script=script,
            folder=folder,
        )


def parts_of(scene: Scene) -> Iterator[Part]:
    """The parts, cheap ones first; git's program is asked apart."""
    if scene.with_personal:
        yield "user", program.personal
    yield "gpu", lambda: machine.gpus(scene.environ)
    if not scene.is_main:
        return
    yield "git", lambda: git.from_files(scene.folder)
    yield (
        "command",
        lambda: program.command(scene.argv, _own_words(scene.original), scene.script, scene.cwd),
    )
    yield "variables", lambda: program.variables(scene.environ)
    yield "python", machine.python
    yield "platform", machine.system
    yield "cpu", machine.processor
    yield "memory", machine.memory
    yield "container", lambda: container.container(scene.environ)
    yield "container.dockerfile", lambda: container.dockerfile(_code_folders(scene))
    yield "packages", installed.packages
    yield "conda", lambda: installed.conda(scene.environ)
    yield "seeds", lambda: program.seeds(scene.environ)


def gather(scene: Scene, found: Found) -> Found:
    """All parts but git's program, into `found`, which may be read meanwhile."""
    if not scene.with_personal:
        found.lacks("user", OFF)
        found.lacks("host", OFF)
    for name, ask in parts_of(scene):
        found.take(asked(name, ask))
    return found


def asked(name: str, ask: Callable[[], Found]) -> Found:
    """The answer of one part, or why there is none."""
    try:
        return ask()
    except Exception as error:  # a machine of a kind that nobody has seen: that part is not captured, no more
        lacking = Found()
        lacking.lacks(name, f"{type(error).__name__}: {str(error)[:300]}")
        return lacking


def late(scene: Scene) -> Found:
    """What only the end of a program knows: libraries that were imported after the experiment began."""
    found = Found()
    found.take(asked("gpu", lambda: _of_torch()))
    if scene.is_main:
        found.take(asked("seeds", lambda: program.seeds(scene.environ)))
    return found


def _of_torch() -> Found:
    found = Found()
    machine.of_torch(found)
    return found


def _code_folders(scene: Scene) -> list[Path]:
    repository = repository_of(scene.folder)
    return [scene.folder] if repository is None else list(dict.fromkeys([scene.folder, repository.root]))


def _own_words(original: list[str]) -> list[str]:
    """A command line without an inline program: `python -c '…'` may have thousands of lines."""
    return [word if len(word) <= 2_000 else f"{word[:2_000]}…" for word in original]
