"""Writers that go on with experiments that are there: what a page sees while trainings run."""

from __future__ import annotations

import httpx
import numpy as np

from benchmarks.dashboard.data import BEGAN_S, Shape, frames, values
from trackio_client.wire.batches import FRAMES_TYPE, Batch, pack
from trackio_client.wire.events import new_writer_id
from trackio_client.wire.frames import Schema, event_frame


class Loggers:
    """One writer an experiment, in a generation of its own; each call of `log` sends one batch for each."""

    def __init__(self, url: str, shape: Shape, experiments: list[str]) -> None:
        self._shape = shape
        self._schema = Schema(shape.names)
        self._client = httpx.Client(base_url=url, timeout=60)
        self._writers = {experiment: new_writer_id() for experiment in experiments}
        self._seqs = dict.fromkeys(experiments, 0)
        self._step = shape.points
        for experiment in experiments:
            start = {
                "kind": "start", "time_us": int((BEGAN_S + shape.points / 10) * 1e6), "project": shape.project,
                "generation": 1,
            }  # fmt: skip
            self._send(experiment, event_frame(start), 1)

    def log(self, steps: int) -> None:
        """The next steps of all of them."""
        at = np.arange(self._step, self._step + steps, dtype=np.int64)
        for i, experiment in enumerate(self._writers):
            rows = values(self._shape, i, at)
            self._send(experiment, self._schema.frame + frames(self._schema, at, rows), steps)
        self._step += steps

    def _send(self, experiment: str, body: bytes, count: int) -> None:
        writer = self._writers[experiment]
        batch = Batch(
            writer_id=writer, experiment_id=experiment, project=self._shape.project, generation=1,
            first_seq=self._seqs[experiment], count=count, first_held=0, body=body,
        )  # fmt: skip
        answer = self._client.post(
            f"/v1/writers/{writer}/events", content=pack(batch), headers={"Content-Type": FRAMES_TYPE}
        )
        answer.raise_for_status()
        self._seqs[experiment] += count
