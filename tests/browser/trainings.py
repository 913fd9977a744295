"""Experiments as a Space gets them from a trainer: real batches over HTTP, without a training behind them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx

from tests.plain_http import NO_CERTIFICATES
from trackio_client.wire.batches import FRAMES_TYPE, Batch, pack
from trackio_client.wire.events import new_experiment_id, new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame


class Training:
    """One experiment of one writer. Each call sends one batch and returns when the Space has it."""

    def __init__(
        self,
        url: str,
        project: str,
        name: str,
        *,
        experiment_id: str | None = None,
        token: str | None = None,
        started_s: float | None = None,
        client: httpx.Client | None = None,
        **start: Any,
    ) -> None:
        self.url, self.project, self.name = url, project, name
        self.started_s = started_s if started_s is not None else time.time()
        self.experiment_id = experiment_id or new_experiment_id(self.started_s)
        self.writer_id = new_writer_id()
        self.seq = self.first_held = 0
        self.generation = int(start.get("generation", 0))
        self.post = client.post if client else partial(httpx.post, verify=NO_CERTIFICATES)
        self.headers = {"X-Trackio-Token": token} if token else {}
        self.event(
            "start",
            project=project,
            name=name,
            **{
                "group": None,
                "job_type": None,
                "tags": [],
                "notes": None,
                "config": {},
                "generation": 0,
                "parent": None,
                "client": {"version": "0.1.0", "language": "python"},
                "process": {"pid": 1, "host": "node-1", "rank": 0, "world_size": 1},
            }
            | start,
        )

    def _send(self, body: bytes, count: int) -> None:
        batch = Batch(
            writer_id=self.writer_id,
            experiment_id=self.experiment_id,
            project=self.project,
            generation=self.generation,
            first_seq=self.seq,
            count=count,
            first_held=self.first_held,
            body=body,
        )
        answer = self.post(
            f"{self.url}/v1/writers/{self.writer_id}/events",
            content=pack(batch),
            headers={"Content-Type": FRAMES_TYPE, **self.headers},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        self.seq += count

    def lose(self, events: int) -> None:
        """So many events were logged, and are held by nobody any more: the next batch leaves a hole."""
        self.seq = self.first_held = self.seq + events

    def event(self, kind: str, time_s: float | None = None, **fields: Any) -> None:
        """Any event but numbers."""
        when = self.started_s if kind == "start" else time_s if time_s is not None else time.time()
        self._send(event_frame({"kind": kind, "time_us": int(when * 1e6), **fields}), 1)

    def log(self, rows: Sequence[tuple[int, Mapping[str, float]]], step_s: float = 0.1) -> None:
        """Rows of (step, values), a tenth of a second apart."""
        schemas: dict[tuple[str, ...], Schema] = {}
        parts: list[bytes] = []
        for step, values in rows:
            keys = tuple(values)
            if keys not in schemas:
                schemas[keys] = Schema(keys)
                parts.append(schemas[keys].frame)
            parts.append(
                metrics_frame(schemas[keys], step, int((self.started_s + step * step_s) * 1e6), values.values())
            )
        self._send(b"".join(parts), len(rows))

    def finish(self, state: str = "finished", **fields: Any) -> None:
        """The end, as a trainer tells it."""
        self.event(
            "end",
            state=state,
            **{"exit_code": 0 if state == "finished" else 1, "signal": None, "error": None, "message": None} | fields,
        )


def curve(step: int, *, rate: float = 0.01, wave: float = 0.0) -> dict[str, float]:
    """What a small training would log at a step."""
    loss = 0.3 + 2.2 * math.exp(-rate * step) + 0.05 * math.sin(step / 3 + wave)
    return {
        "train/loss": loss,
        "train/learning_rate": 3e-4 * max(0.0, 1 - step / 2000),
        "train/grad_norm": 0.5 + abs(math.sin(step / 7 + wave)),
    }


def trained(
    url: str,
    project: str,
    name: str,
    *,
    steps: int = 100,
    state: str | None = "finished",
    rate: float = 0.01,
    wave: float = 0.0,
    system: bool = False,
    **start: Any,
) -> Training:
    """A whole experiment: curves, evaluations each 20 steps, its end."""
    training = Training(url, project, name, **start)
    training.log([(step, curve(step, rate=rate, wave=wave)) for step in range(steps)])
    training.log(
        [
            (step, {"eval/loss": 0.4 + 2.1 * math.exp(-rate * step), "eval/accuracy": 1 - math.exp(-rate * step)})
            for step in range(0, steps, 20)
        ]
    )
    if system:
        training.log(
            [
                (step, {"system/gpu_0_utilization": 90 + 5 * math.sin(step), "system/cpu_percent": 30 + step % 7})
                for step in range(0, steps, 5)
            ]
        )
    if state is not None:
        training.finish(state)
    return training


def sweep(url: str, project: str, experiments: int, log: Callable[[Training, int], None], **start: Any) -> None:
    """Many experiments, eight at a time as from eight machines: `log` gives each its numbers and its end."""
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(8) as machines:

        def one(i: int) -> None:
            own = {name: value(i) if callable(value) else value for name, value in start.items()}
            began = {"started_s": 1_790_000_000 + i, "name": f"sweep-{i:04}", **own}
            log(Training(url, project, began.pop("name"), client=client, **began), i)

        for _ in machines.map(one, range(experiments)):
            pass
