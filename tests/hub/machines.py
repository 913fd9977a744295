"""A machine without a server: trainers in processes of their own, their pusher, and what a user types."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.machines import PATIENCE_S, ROOT, TRAINER, Trainer, until
from tests.hub_server import Hub
from trackio_client.delivery.staging import MODULE, PusherState, Staging
from trackio_client.errors import NotFound
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.transfer import Pulled, pull
from trackio_client.store.sqlite import SqliteStore


class Machine:
    """A folder with its environment; what it started is gone after `close`."""

    def __init__(self, hub: Hub, folder: Path, repo: str = "me/exp", token: str | None = "hf_me", **more: str) -> None:
        self.folder, self.repo = folder, repo
        folder.mkdir(parents=True, exist_ok=True)
        self.home = folder / "data"
        self.staging = Staging.of(self.home, repo)
        kept = {k: v for k, v in hub.env(folder / "hf", token).items() if not k.startswith(("TRACKIO_", "GRADIO_"))}
        self.env = kept | {"TRACKIO_DIR": str(self.home), "TRACKIO_DATASET_REPO": repo, "PYTHONPATH": str(ROOT)}
        self.env |= {"TRACKIO_HARDWARE_S": "0"}  # calls are counted
        self.env |= {"TRACKIO_FINISH_TIMEOUT_S": "60"} | more  # a pusher that starts among eight others takes its time
        self._trainers: list[_Trainer] = []

    def train(self, steps: int, *words: str, **more: str) -> Trainer:
        """Start a trainer, in a process group of its own as a shell does."""
        ledger = self.folder / f"ledger-{len(self._trainers)}"
        self._trainers.append(_Trainer(ledger, [str(steps), *words], {**self.env, **more}))
        return self._trainers[-1]

    def command(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`trackio-client …`."""
        return subprocess.run(
            [sys.executable, "-m", "trackio_client", *words],
            env={**self.env, **more}, capture_output=True, text=True, timeout=2 * PATIENCE_S, check=False,
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        """What `status --json` tells of the repo."""
        [told] = json.loads(self.command("status", "--json").stdout)["repos"]
        return dict(told)

    def pusher(self) -> PusherState:
        """The pusher that runs, as soon as it has said who it is."""

        def named() -> PusherState | None:
            state = self.staging.pusher()
            return state if state is not None and state.pid and lives(state.pid) else None

        found: PusherState = until(named, f"a pusher runs:\n{self.log()}")
        return found

    def start_pusher(self) -> None:
        """As a trainer does."""
        words = [sys.executable, "-m", MODULE, "--repo", self.repo, "--detach"]
        self.staging.directory.mkdir(parents=True, exist_ok=True)
        with self.staging.log_path.open("ab") as log:
            subprocess.run(words, env=self.env, stdout=log, stderr=log, check=True, start_new_session=True)

    def kill_pusher(self) -> None:
        pid = self.pusher().pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not lives(pid), "the pusher is dead")  # a trainer may have started another one by then

    def log(self) -> str:
        return self.staging.log_path.read_text() if self.staging.log_path.exists() else ""

    def spools(self) -> list[Path]:
        """That still hold something."""
        return sorted(path.parent for path in (self.home / "v1" / "spool").glob("*/meta.json"))

    def is_pushed(self) -> bool:
        """Whether all is in the repo, as far as this machine knows, and its logs are let go of."""
        store = self.staging.open()
        try:
            return not store.holdings(behind=True) and not self.spools()
        finally:
            store.close()

    def close(self) -> None:
        for trainer in self._trainers:
            if trainer.process.poll() is None:
                trainer.kill_group()
        state = self.staging.pusher()
        if state is not None and state.pid and lives(state.pid):
            os.kill(state.pid, signal.SIGKILL)


class _Trainer(Trainer):
    def __init__(self, ledger: Path, words: list[str], env: Mapping[str, str]) -> None:
        self.ledger, self.out = ledger, ledger.with_suffix(".out")
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(TRAINER), str(ledger), *words],
                env=dict(env), stdout=out, stderr=out, cwd=ledger.parent, start_new_session=True,
            )  # fmt: skip

    def kill_group(self) -> None:
        """As ctrl-C's big brother, or a scheduler that ends a job: the whole group, at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=PATIENCE_S)


def lives(pid: int) -> bool:
    """A pusher is nobody's child: in a container it may stay as a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Repo:
    """A repo's content, read into a store of its own, its digests checked."""

    def __init__(self, hub: Hub, repo: str, folder: Path, token: str = "hf_me") -> None:
        self.store = SqliteStore(folder)
        self.pulled: Pulled = pull(HubDataset(repo, token=token, endpoint=hub.url), self.store)
        assert self.pulled.incomplete == {}
        assert self.pulled.not_ours == {}

    def points(self, experiment_id: str, metric: str = "t/value") -> list[tuple[int, float]]:
        """Every (step, value) in order of arrival."""
        try:
            found = self.store.points(experiment_id, metric)
        except NotFound:
            return []
        return list(zip(map(int, found.steps), map(float, found.values), strict=True))

    def digests(self, experiment_id: str) -> dict[str, str]:
        return {receipt.writer_id: receipt.digest for receipt in self.store.receipts(experiment_id)}

    def holes(self, experiment_id: str) -> list[str]:
        return [hole.text() for receipt in self.store.receipts(experiment_id) for hole in receipt.holes]
