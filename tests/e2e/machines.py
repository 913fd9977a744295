"""Real processes for the crash tests: a Space, trainers, and the commands a user would type."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.forked import Process, started
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
TRAINER = Path(__file__).parent / "programs" / "trainer.py"
APP = ROOT / "app.py"
PATIENCE_S = 120.0
"""The longest any wait here takes: two slow cores share this with everything else."""


def until(holds: Callable[[], Any], what: str, *, patience_s: float = PATIENCE_S, every_s: float = 0.02) -> Any:
    """Wait for something to hold, and give it back."""
    end = time.monotonic() + patience_s
    while True:
        found = holds()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"after {patience_s:.0f} s still not: {what}")
        time.sleep(every_s)


def environment(directory: Path, **more: str) -> dict[str, str]:
    """A clean environment for a child: nothing of ours but what a test says."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TRACKIO_", "GRADIO_", "HF_", "SPACE_"))
    }
    return {
        **kept,
        "TRACKIO_DIR": str(directory),
        "TRACKIO_QUIET": "",
        "TRACKIO_HARDWARE_S": "0",  # calls are counted
        "PYTHONPATH": str(ROOT),
        "GRADIO_ANALYTICS_ENABLED": "0",
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        **more,
    }


class Space:
    """A Space as `python app.py` starts it; killed and started again on the same folder and port."""

    def __init__(self, directory: Path, *, log: Path | None = None, **settings: str) -> None:
        self.directory, self.port = directory, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = settings
        self.log = log or directory.with_name(directory.name + ".log")
        self.process: Process | None = None

    def start(self, *, wait: bool = True) -> Space:
        env = environment(
            self.directory, GRADIO_SERVER_NAME="127.0.0.1", GRADIO_SERVER_PORT=str(self.port), **self.settings
        )
        env.pop("TRACKIO_URL", None)
        with self.log.open("ab") as log:
            self.process = started([str(APP)], cwd=ROOT, env=env, log=log, start_new_session=True)
        if wait:
            self.wait()
        return self

    def wait(self) -> None:
        def answers() -> bool:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"the Space ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            with contextlib.suppress(OSError, ValueError):
                return bool(self.get("/v1/health"))
            return False

        until(answers, "the Space answers", every_s=0.1)

    def kill(self) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def get(self, path: str, **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
        """(status, content) of a POST, refused or not."""
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def points(self, experiment_id: str, metric: str) -> list[tuple[int, float]]:
        """Every (step, value) in order of arrival."""
        try:
            content = self.get(f"/v1/series?experiment={experiment_id}&metric={metric}&repeats=1")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return [
            (int(step), float(value))
            for series in content["series"]
            for step, value in zip(series["steps"], series["values"], strict=True)
        ]

    def receipts(self, experiment_id: str) -> dict[str, Any]:
        content: dict[str, Any] = self.get(f"/v1/experiments/{experiment_id}/receipts")
        return content


class LocalStore:
    """The store of a folder, read as the command line does."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "v1" / "store.sqlite"

    def points(self, experiment_id: str, metric: str) -> list[tuple[int, float]]:
        from trackio_client.errors import NotFound
        from trackio_client.store.open import open_store

        store = open_store(self.path)
        try:
            found = store.points(experiment_id, metric)
            return list(zip(map(int, found.steps), map(float, found.values), strict=True))
        except NotFound:
            return []
        finally:
            store.close()

    def audited(self, experiment_id: str) -> bool:
        """Whether each writer's receipt has the digest of its single points and events."""
        from trackio_client.store.open import open_store

        store = open_store(self.path)
        try:
            said = {receipt.writer_id: receipt.digest for receipt in store.receipts(experiment_id)}
            return bool(said) and store.audit(experiment_id) == said
        finally:
            store.close()


class Trainer:
    """A trainer process and its ledger."""

    def __init__(self, directory: Path, ledger: Path, steps: int, *more: str, url: str = "", **settings: str) -> None:
        self.ledger = ledger
        env = environment(directory, **({"TRACKIO_URL": url} if url else {}), **settings)
        self.out = ledger.with_suffix(".out")
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(TRAINER), str(ledger), str(steps), *more],
                env=env,
                stdout=out,
                stderr=out,
                cwd=ledger.parent,
            )

    def lines(self) -> list[str]:
        """Whole lines of the ledger."""
        if not self.ledger.exists():
            return []
        text = self.ledger.read_text()
        return text[: text.rfind("\n") + 1].splitlines()

    @property
    def experiment_id(self) -> str:
        return str(until(self.lines, f"the trainer began:\n{self.said()}")[0])

    def acknowledged(self) -> list[tuple[int, int, int]]:
        """(thread, step, µs) of each `log()` that returned."""
        found = []
        for line in self.lines()[1:]:
            thread, step, took_us = line.split()
            found.append((int(thread), int(step), int(took_us)))
        return found

    def wait_for(self, calls: int) -> None:
        def there() -> bool:
            if self.process.poll() is not None and len(self.lines()) <= calls:
                raise AssertionError(f"the trainer ended with {self.process.returncode}:\n{self.said()}")
            return len(self.lines()) > calls

        until(there, f"{calls} calls returned")

    def kill(self, how: int = signal.SIGKILL) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE_S)

    def ended(self) -> int:
        return self.process.wait(timeout=PATIENCE_S)

    def said(self) -> str:
        return self.out.read_text() if self.out.exists() else ""


def command(directory: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`trackio-client …` as a user types it."""
    program = "import sys; from trackio_client.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        env=environment(directory, **settings),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )


def spools(directory: Path) -> list[Path]:
    """The spools in a folder that still hold something."""
    return sorted(path.parent for path in (directory / "v1" / "spool").glob("*/meta.json"))


def check_exact(
    points: Sequence[tuple[int, float]], acknowledged: Sequence[tuple[int, int, int]], *, more: int = 0
) -> None:
    """Each acknowledged step is there once, with its value; at most `more` others (written, not yet noted)."""
    steps = [step for step, _ in points]
    assert len(steps) == len(set(steps)), f"twice: {sorted({s for s in steps if steps.count(s) > 1})[:20]}"
    assert all(value == step + 0.5 for step, value in points), "a value changed on its way"
    wanted = {step for _, step, _ in acknowledged}
    missing = wanted - set(steps)
    assert not missing, f"{len(missing)} of {len(wanted)} acknowledged calls are lost: {sorted(missing)[:20]}"
    surplus = set(steps) - wanted
    assert len(surplus) <= more, f"never acknowledged: {sorted(surplus)[:20]}"
