"""A Space of our own for a measurement: `python app.py` on a free port of this machine, with its data in a folder."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_S = 60.0


@dataclass(frozen=True, slots=True)
class Space:
    """A running Space."""

    url: str
    directory: Path
    pid: int


@contextlib.contextmanager
def running_space(directory: Path | None = None, **more: str) -> Iterator[Space]:
    """Start one, and end it with the block. Without a folder its data go into a temporary one.

    `more` is added to its environment.
    """
    with contextlib.ExitStack() as stack:
        folder = directory or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trackio-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        environment = {name: text for name, text in os.environ.items() if not name.startswith("TRACKIO_")} | {
            "TRACKIO_DIR": str(folder),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            **more,
        }
        log = stack.enter_context((folder / "server.log").open("wb"))
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "server.log")
            yield Space(f"http://127.0.0.1:{port}", folder, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the Space ended at once:\n{log.read_text(errors='replace')[-2000:]}")
        try:
            with opener.open(f"http://127.0.0.1:{port}/v1/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the Space did not answer within {START_S:.0f} s")
