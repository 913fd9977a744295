"""The real package `trackio`, in its own environment, as a process; and our server for it to talk to."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from space.server import make_app
from space.settings import SpaceSettings
from tests.e2e.machines import ROOT, environment, until
from tests.ports import free_port
from trackio_client.store.open import open_store

TOKEN = "a-token-of-the-test"
PROGRAMS = Path(__file__).parent / "programs"


def trackio_python() -> Path | None:
    """TRACKIO_PEER_PYTHON, else that of `.venv-trackio`, which `make test` makes."""
    told = os.environ.get("TRACKIO_PEER_PYTHON")
    folder = "Scripts" if sys.platform == "win32" else "bin"
    found = Path(told) if told else ROOT / ".venv-trackio" / folder / "python"
    return found if found.exists() else None


def client_environment(home: Path, url: str = "", **settings: str) -> dict[str, str]:
    """What a script for Trackio is given: where to log, and the token."""
    told = {"TRACKIO_SERVER_URL": url, "TRACKIO_WRITE_TOKEN": TOKEN} if url else {}
    environ = environment(home / "trackio", HF_HOME=str(home / "hf"), PYTHONIOENCODING="utf-8", **told)
    del environ["PYTHONPATH"]
    return environ | settings


def begin(python: Path, home: Path, program: str, url: str, *words: str, **settings: str) -> subprocess.Popen[str]:
    """Start a program of `programs/` with the real package."""
    return subprocess.Popen(
        [str(python), str(PROGRAMS / program), *words],
        env=client_environment(home, url, PYTHONUNBUFFERED="1", **settings), cwd=home, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


class Server:
    """Our server without pages, in a thread; stopped and started again on the same folder and port."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.settings = SpaceSettings(directory=directory, token=TOKEN, port=free_port(), **settings)
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self._server: uvicorn.Server | None = None
        self._http: httpx.Client | None = None

    @property
    def http(self) -> httpx.Client:
        """One client for all questions: making one takes 50 ms."""
        if self._http is None:
            self._http = httpx.Client(base_url=self.url, timeout=120, trust_env=False)
        return self._http

    def start(self) -> Server:
        """Serve, from this process."""
        self.store = open_store(self.settings.store_path, persistent=True)
        app = make_app(self.settings, self.store, pages=False)
        config = uvicorn.Config(app, port=self.settings.port, log_level="warning", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        server = self._server
        until(lambda: server.started, "the server listens")
        return self

    def stop(self) -> None:
        """Let go of everything; `start` may be called again."""
        if self._http is not None:
            self._http.close()
            self._http = None
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = None
            self.store.close()

    def call(self, name: str, /, *args: Any, token: str = TOKEN, **kwargs: Any) -> Any:
        """The data of a call as the real client makes it; httpx.HTTPStatusError where it is refused."""
        headers = {"X-Trackio-Write-Token": token} if token else {}
        answer = self.http.post(f"/api/{name}", headers=headers, json={"args": args, "kwargs": kwargs})
        answer.raise_for_status()
        return answer.json()["data"]

    def get(self, path: str) -> Any:
        return self.http.get(path, headers={"X-Trackio-Token": TOKEN}).raise_for_status().json()

    def experiment(self, project: str, name: str | None = None) -> dict[str, Any]:
        """The detail of the only experiment of a project, or of that name."""
        found = self.get(f"/v1/experiments?{httpx.QueryParams({'project': project})}")
        (row,) = [each for each in found["experiments"] if name in (None, each["name"])]
        detail: dict[str, Any] = self.get(f"/v1/experiments/{row['experiment_id']}")
        return detail

    def series(self, experiment_id: str, metric: str) -> list[tuple[int, Any]]:
        """Every (step, value) in order of arrival."""
        query = httpx.QueryParams({"experiment": experiment_id, "metric": metric, "repeats": 1})
        content = self.get(f"/v1/series?{query}")
        return [pair for each in content["series"] for pair in zip(each["steps"], each["values"], strict=True)]

    def events(self, experiment_id: str, kind: str) -> list[dict[str, Any]]:
        found = self.get(f"/v1/experiments/{experiment_id}/events?kind={kind}")["events"]
        return [event["content"] for event in found]


class Killed:
    """The same server as a process of its own, for SIGKILL."""

    def __init__(self, server: Server, **settings: str) -> None:
        self.server = server
        self.log = server.settings.directory.with_name("server.log")
        self._settings = settings

    def start(self) -> None:
        """Start, and wait for an answer."""
        settings = self.server.settings
        told = {"GRADIO_SERVER_PORT": str(settings.port), "TRACKIO_WRITE_TOKEN": TOKEN, **self._settings}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAMS / "api_only.py")],
                env=environment(settings.directory, **told), stdout=log, stderr=log,
            )  # fmt: skip
        until(self._answers, "the server answers", every_s=0.1)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.server.http.get("/version").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.server.stop()
