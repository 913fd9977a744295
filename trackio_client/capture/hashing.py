"""SHA-256 of the files of checkpoints, on a thread, so that what is compared later can be told apart (S3.42).

Bounded: of each checkpoint as much as is read in a moment. A file beyond that, or one that is deleted before it was
read, is named with the reason; nothing is guessed from sizes.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from trackio_client.capture.files import TooMuch, files_under, is_remote, sha256_of

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of one checkpoint: 0.1 to 0.3 s of one core. Configurations, adapters and small models are whole in it."""
MOST_FILES: Final = 500
END_S: Final = 2.0
"""Longest wait at the end of a training for what is being read."""

Record = Callable[[str, dict[str, Any], int | None], object]
"""record(name, data, step)"""


class Hasher:
    """Reads what it is given, one after the other. The thread lives from the first request to `end`."""

    def __init__(self, record: Record, *, most_bytes: int = MOST_BYTES) -> None:
        self._record, self._most_bytes = record, most_bytes
        self._waiting: queue.SimpleQueue[tuple[Path, int | None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_over = False

    def put(self, path: str | Path, step: int | None) -> None:
        """Hash the files of a folder, or one file, soon. What is not on this machine is passed over."""
        if is_remote(path) or self._is_over:
            return
        if self._thread is None or not self._thread.is_alive():  # a forked child has no thread of its parent's
            self._thread = threading.Thread(target=self._run, name="trackio-hashes", daemon=True)
            self._thread.start()
        self._waiting.put((Path(path), step))

    def end(self, timeout_s: float = END_S) -> None:
        """Wait for what was given so far, but not long."""
        if self._thread is not None and self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while (asked := self._waiting.get()) is not None:
                path, step = asked
                found = hashes_of(path, self._most_bytes)
                self._record("checkpoint_files", {"path": str(path), "step": step, **found}, step)
        except Exception as error:  # a thread's outermost edge: hashes are a help, never a reason to stop
            import logging

            logging.getLogger("trackio_client").warning(
                "files of checkpoints are no longer hashed: %s: %s", type(error).__name__, error
            )


def hashes_of(path: Path, most_bytes: int = MOST_BYTES, limit_s: float = 10.0) -> dict[str, Any]:
    """{"files": [{"path", "bytes", "sha256"}], "not_captured": {path: why}}, smallest files first."""
    files: list[dict[str, Any]] = []
    reasons: dict[str, str] = {}
    until = time.monotonic() + limit_s
    try:
        found = [path] if path.is_file() else list(files_under(path))
        sizes = sorted((each.stat().st_size, each) for each in found if each.is_file())
    except TooMuch as error:
        return {"files": [], "not_captured": {str(path): str(error)}}
    except OSError as error:
        return {"files": [], "not_captured": {str(path): f"it cannot be read ({error.strerror or error})"}}
    if not sizes:
        reasons[str(path)] = "there is no such file or folder, or it is empty"
    left = most_bytes
    for number, (size, file) in enumerate(sizes):
        name = file.name if file == path else file.relative_to(path).as_posix()
        if number >= MOST_FILES:
            reasons[f"{len(sizes) - number:,} more files"] = f"at most {MOST_FILES} files are hashed"
            break
        if size > left:
            reasons[name] = f"it has {size:,} bytes; of a checkpoint at most {most_bytes:,} are hashed"
            continue
        hashed, why = sha256_of(file, limit_s=max(until - time.monotonic(), 0.0))
        if hashed is None:
            reasons[name] = why
        else:
            left -= size
            files.append({"path": name, "bytes": size, "sha256": hashed})
    return {"files": sorted(files, key=lambda each: str(each["path"])), "not_captured": reasons}
