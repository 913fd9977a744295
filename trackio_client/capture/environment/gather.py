"""Asks each part of the environment, one after the other: a part that fails takes no other with it (S3.49)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from trackio_client.capture.environment import container, git, machine, program
from trackio_client.capture.environment import packages as installed
from trackio_client.capture.environment.found import Found
from trackio_client.capture.environment.gitfiles import repository_of
from trackio_client.capture.environment.scene import Scene

OFF = "switched off (TRACKIO_CAPTURE_PERSONAL=0)"
Part = tuple[str, Callable[[], Found]]


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
