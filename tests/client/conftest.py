"""An experiment on a log of its own, with a store in memory behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trackio_client.delivery.transport import MemoryTransport
from trackio_client.experiment import Experiment
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.store.columns import Run


class Bench:
    """Begins experiments and looks at what arrived."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = MemoryTransport(destination="local")
        self.open: list[Experiment] = []

    def init(self, project: str = "digits", **given: Any) -> Experiment:
        given = {"capture_console": False, "quiet": True, "directory": self.folder, **given}
        experiment = init(project, transport=lambda: self.store, **given)
        self.open.append(experiment)
        return experiment

    def points(self) -> list[tuple[str, int, float]]:
        """(metric, step, value) in order of arrival."""
        return [
            (key, int(step), float(row[at]))
            for part in self.store.decoded()
            if isinstance(part, Run)
            for step, row in zip(part.steps, part.values, strict=True)
            for at, key in enumerate(part.schema.keys)
        ]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [
            part.content for part in self.store.decoded() if not isinstance(part, Run) and part.content["kind"] == kind
        ]

    def spools(self) -> list[Path]:
        spool = self.folder / "v1" / "spool"
        return sorted(spool.iterdir()) if spool.is_dir() else []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN", "TRACKIO_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name in (
        "TRACKIO_DATASET_REPO",
        "TRACKIO_SPACE_ID",
        "TRACKIO_SPACE_NAME",
        "MONITORING_MODE",
        "EXPERIMENT_NAME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKIO_FLUSH_S", "0.05")
    bench = Bench(tmp_path)
    yield bench
    for experiment in bench.open:
        experiment.finish(timeout_s=2)
    process.current = None


Init = Callable[..., Experiment]
