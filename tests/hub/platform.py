"""Plays the part of the Hub that runs Spaces: takes what was uploaded to the stand-in and runs it as a process.

with Platform(hub, tmp_path, "pro/curves", token="hf_pro") as platform:
    …                      # whoever deploys finds stages, an address, and a Space that answers there
    platform.wipe()        # the disk of a Space is empty after each restart
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.hub_server import Hub
from tests.ports import free_port

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Platform:
    """Runs one Space. A new commit, a changed secret or variable and a restart begin it anew, on an empty disk."""

    def __init__(self, hub: Hub, folder: Path, space: str, *, token: str) -> None:
        self.hub, self.folder, self.space, self.token = hub, folder / "platform", space, token
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._stop = threading.Event()
        self._again = threading.Event()
        self._thread = threading.Thread(target=self._run, name="platform", daemon=True)

    def __enter__(self) -> Platform:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        self._end(signal.SIGTERM)

    def wipe(self) -> None:
        """Kill it and start it on an empty disk."""
        self._end(signal.SIGKILL)
        self._again.set()

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def _run(self) -> None:
        running: Any = None
        is_known = False
        while not self._stop.wait(0.02):
            try:
                told = self.hub.repo(self.space, "space")
            except (ValueError, OSError):
                self._end(signal.SIGTERM)  # not made yet, or deleted
                running, is_known = None, False
                continue
            if not is_known:
                self.hub.space(self.space, host=self.url, stages=["BUILDING"])
                is_known = True
            wanted = (
                told["branches"]["main"],
                told["space"]["restarts"],
                str(told["space"]["secrets"]),
                str(told["space"]["variables"]),
            )
            if wanted != running or self._again.is_set():
                self._again.clear()
                running = wanted if self._start(told) else None
            if self.process is not None:
                self._tell_stage(told)

    def _start(self, told: dict[str, Any]) -> bool:
        from huggingface_hub import snapshot_download

        self._end(signal.SIGTERM)
        head = told["branches"]["main"]
        code = self.folder / head
        if not code.exists():
            snapshot_download(
                self.space, repo_type="space", revision=head, local_dir=code, token=self.token, endpoint=self.hub.url
            )
        if not (code / "app.py").exists():
            return False
        disk = self.folder / "disk"
        shutil.rmtree(disk, ignore_errors=True)
        owner, _, name = self.space.partition("/")
        settings = {**told["space"]["variables"], **told["space"]["secrets"]}
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "HF_ENDPOINT": self.hub.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "*",
            "SPACE_ID": self.space,
            "SPACE_HOST": f"127.0.0.1:{self.port}",
            "SPACE_AUTHOR_NAME": owner,
            "SPACE_REPO_NAME": name,
            "TRACKIO_DIR": str(disk),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            **{key: entry["value"] for key, entry in settings.items()},
        }
        # An editable install of the checkout must not lend it a file: its own folder goes first, as in a container.
        program = "import sys, runpy; sys.path.insert(0, '.'); runpy.run_path('app.py', run_name='__main__')"
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-c", program], cwd=code, env=environ, stdout=log, stderr=log
            )
        self.starts += 1
        self._stage("APP_STARTING", told)
        return True

    def _tell_stage(self, told: dict[str, Any]) -> None:
        assert self.process is not None
        if self.process.poll() is not None:
            self._stage("RUNTIME_ERROR", told)
        elif told["space"]["stages"] != ["RUNNING"]:
            try:
                with _DIRECT.open(f"{self.url}/v1/health", timeout=1):
                    self._stage("RUNNING", told)
            except OSError:
                return

    def _stage(self, stage: str, told: dict[str, Any]) -> None:
        if told["space"]["stages"] != [stage]:
            self.hub.space(self.space, stages=[stage], sha=told["branches"]["main"])

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None


def until(true: Any, what: str, limit_s: float = 60.0) -> None:
    """Wait for something."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)
