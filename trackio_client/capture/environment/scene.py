"""What must be noted when an experiment begins, before anything is looked at: in a fraction of a millisecond."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The program as it is now: it may have changed when the thread looks."""

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
        try:
            cwd = Path.cwd()
        except OSError:  # the folder was removed under a running program
            cwd = Path(os.sep)
        argv = list(getattr(sys, "argv", []))  # an embedded interpreter may have none
        script, folder = script_of(main_file, cwd)
        return cls(
            main_file=main_file,
            argv=argv,
            original=list(getattr(sys, "orig_argv", [])),
            cwd=cwd,
            environ=dict(os.environ),
            is_main=is_main,
            with_personal=with_personal,
            diff_bytes=diff_bytes,
            script=script,
            folder=folder,
        )


def script_of(main_file: str | None, cwd: Path) -> tuple[Path | None, Path]:
    """(the script that runs or None, the folder that its code is in).

    A program of an installed package (`accelerate`, `pytest`, `trl`) is nobody's own code: then, and where there is no
    file (a notebook, `python -c`), the working folder stands.
    """
    if not main_file:
        return None, cwd
    script = Path(main_file) if Path(main_file).is_absolute() else cwd / main_file
    try:
        script = script.resolve()
    except (OSError, RuntimeError):
        return None, cwd
    installed = [Path(prefix).resolve() for prefix in {sys.prefix, sys.base_prefix} if prefix]
    if {"site-packages", "dist-packages"} & set(script.parts) or (
        script.suffix != ".py" and any(script.is_relative_to(prefix) for prefix in installed)
    ):
        return script, cwd
    return script, script.parent
