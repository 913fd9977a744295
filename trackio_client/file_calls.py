"""What an experiment does with files of a run, as W&B's scripts save and fetch them; each call is done in saving.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trackio_client.notices import Notices
from trackio_client.origin import Origin
from trackio_client.writer import Writer


class FileCalls:
    """The part of an Experiment that is about its files."""

    origin: Origin
    notices: Notices
    is_disabled: bool
    _writer: Writer
    _saved: dict[str, Path] | None = None
    _has_folder = False
    """Whether this process asked for `dir`: of several ranks each keeps what it wrote itself."""

    @property
    def dir(self) -> str:
        """A folder of this run. What lies in it when it ends is kept as its files."""
        folder = self._folder()
        self._has_folder = True
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    @property
    def saved(self) -> dict[str, Path]:
        """What this process saved, by its name among the run's files."""
        if self._saved is None:
            self._saved = {}
        return self._saved

    @property
    def reading_from(self) -> str:
        """What `Api` is given to read what this run wrote."""
        destination = self._writer.route.destination
        return str(self._writer.settings.directory) if destination == "local" else destination

    def save(
        self, glob_str: Any = None, base_path: Any = None, policy: str | None = None, project: str | None = None
    ) -> list[str]:
        """Keep files as they are now; their paths. Never raises, as `log`. See saving.save.

        Args:
            glob_str: a path or a pattern; a folder is taken with all that is in it.
            base_path: what is cut from the front of their paths.
            policy: W&B's: "now" is what is done; "live" and "end" would watch files: that is said.
            project: taken for scripts of Trackio's that give it.
        """
        if policy in ("live", "end"):
            self.notices.warn(
                "save:policy", f"save(policy={policy!r}): files are kept as they are now; save them again"
            )
        paths: list[str] = self._safely("save()", "save", glob_str, base_path, default=[])
        return paths

    def restore(self, name: str, run_path: str | None = None, replace: bool = False, root: Any = None) -> Any:
        """A file that was saved, open for reading; None if there is none, and that is said. See saving.restore."""
        return self._safely("restore()", "restore", name, run_path, replace, root)

    def log_code(self, root: Any = ".", name: str | None = None, include_fn: Any = None, exclude_fn: Any = None) -> Any:
        """Keep the .py files below a folder as an artifact of type code. Never raises. See saving.log_code."""
        return self._safely("log_code()", "log_code", root, name, include_fn, exclude_fn)

    def log_main_file(self) -> None:
        """Keep the file that the program began with."""
        self._safely("save_code", "log_main_file")

    def _safely(self, what: str, function: str, *given: Any, default: Any = None) -> Any:
        """A function of saving.py; its trouble is said, and training goes on."""
        if self.is_disabled:
            return default
        try:
            from trackio_client import saving

            return getattr(saving, function)(self, *given)
        except Exception as error:  # files of a stranger's disk: training must go on
            self.notices.warn(f"files:{what}", f"{what} met {type(error).__name__}: {error}; training goes on")
            return default

    def _folder(self) -> Path:
        return self._writer.settings.directory / "v1" / "runs" / self.origin.experiment_id / "files"

    def _keep_folder(self) -> None:
        """Keep what lies in `dir`, if anybody asked for it."""
        if self._has_folder:
            self._safely("run.dir", "keep_folder", self._folder())
