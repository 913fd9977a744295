"""Time: of a step and what it was spent on, of evaluations and saves, speed, FLOPs, what is left, and cost (S4.16).

The loop's wall time between two logs is split without a rest:

    data        waiting for the next batches
    compute     the step itself: forward, backward, clipping, optimizer, and waiting for the device in it
    between     the rest: lost between steps, to callbacks, logging and the loop itself
    evaluation, saving   apart from the steps, as long as they take

`step_time` is what the first three take, of one step, so it is the time from step to step when nothing else happens.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from trackio_client.integrations.transformers.groups import Group, Run

_APART = ("evaluation", "saving", "recording")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """How far everything was at one moment."""

    at: float = 0.0
    steps: int = 0
    tokens: int = 0
    reported: float | None = None
    samples: int = 0
    data: float = 0.0
    compute: float = 0.0
    apart: float = 0.0


class Times(Group):
    """Logs step_time, throughput …; adds to an evaluation what passed since the last one."""

    name: ClassVar[str] = "times"

    def __init__(self) -> None:
        self._began_step: float | None = None
        self._tokens = self._samples = 0
        self._reported_tokens: float | None = None
        self._logged = _Mark()
        self._evaluated = _Mark()
        self._begun = _Mark()

    def begin(self, run: Run) -> None:
        now = self._now(run)
        self._logged = self._evaluated = self._begun = now
        run.run_config["started_at"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if run.price_per_hour is not None:
            run.run_config["price_per_hour"] = run.price_per_hour

    def step_begin(self, run: Run) -> None:
        self._began_step = run.clock.now()

    def backward(self, run: Run, loss: Any, inputs: Mapping[str, Any], seconds: float) -> None:
        ids = inputs.get("input_ids")
        if (numel := getattr(ids, "numel", None)) is not None:
            self._tokens += int(numel())
        first = next((shape for value in inputs.values() if (shape := getattr(value, "shape", ()))), None)
        if first:
            self._samples += int(first[0])

    def step_end(self, run: Run) -> None:
        if self._began_step is not None:
            run.clock.add("compute", run.clock.now() - self._began_step)
            self._began_step = None

    def logged(self, run: Run, logs: Mapping[str, Any]) -> Mapping[str, Any] | None:
        told = logs.get("num_tokens", logs.get("num_input_tokens_seen"))
        if isinstance(told, (int, float)):
            self._reported_tokens = float(told)
        if "loss" not in logs:
            return None
        now, before = self._now(run), self._logged
        self._logged = now
        return self._speed(run, before, now) | self._outlook(run, now.at)

    def evaluated(self, run: Run, metrics: Mapping[str, Any]) -> None:
        now = self._now(run)
        speed = self._speed(run, self._evaluated, now)
        run.evaluation.update(speed)
        run.evaluation["seconds_since_begin"] = now.at
        if (flos := _flos(run)) is not None:
            run.evaluation["total_flos"] = flos
        run.evaluation.update(self._outlook(run, now.at))

    def settled(self, run: Run) -> None:
        self._evaluated = self._now(run)

    def end(self, run: Run) -> None:
        now = self._now(run)
        elapsed = now.at
        summary: dict[str, Any] = {"train_runtime_seconds": elapsed, "steps_done": run.step - run.first_step}
        if now.steps > self._begun.steps:
            summary["time"] = {"seconds": elapsed, **self._speed(run, self._begun, now)}
            summary["time"] |= {f"{kind}_seconds": run.clock.of(kind) for kind in ("data", "compute", *_APART)}
        if (flos := _flos(run)) is not None:
            summary["total_flos"] = flos
        if self._tokens:
            summary["tokens"] = {"seen": self._tokens * run.world_size, "counted": "input_ids, padding included"}
        if self._samples:
            summary["samples_seen"] = self._samples * run.world_size
        if run.price_per_hour is not None:
            summary["cost"] = elapsed / 3600 * run.price_per_hour
            summary["price_per_hour"] = run.price_per_hour
        run.run_summary.update(summary)

    def _now(self, run: Run) -> _Mark:
        return _Mark(
            at=run.clock.elapsed,
            steps=run.step,
            tokens=self._tokens,
            reported=self._reported_tokens,
            samples=self._samples,
            data=run.clock.of("data"),
            compute=run.clock.of("compute"),
            apart=sum(run.clock.of(kind) for kind in _APART),
        )

    def _speed(self, run: Run, before: _Mark, now: _Mark) -> dict[str, float]:
        """Speed between two marks; absent is what cannot be known."""
        steps = now.steps - before.steps
        seconds = (now.at - before.at) - (now.apart - before.apart)
        if steps <= 0 or seconds <= 0:
            return {}
        data, compute = now.data - before.data, now.compute - before.compute
        between = max(0.0, seconds - data - compute)
        told = {
            "step_time": seconds / steps,
            "data_wait_time": data / steps,
            "compute_time": compute / steps,
            "between_steps_time": between / steps,
            "data_wait_percent": 100 * data / seconds,
        }
        tokens = float((now.tokens - before.tokens) * run.world_size)
        if not tokens and now.reported is not None and before.reported is not None:
            tokens = now.reported - before.reported
        if tokens > 0:
            told["throughput"] = tokens / seconds
        if now.samples > before.samples:
            told["samples_per_second"] = (now.samples - before.samples) * run.world_size / seconds
        return told

    def _outlook(self, run: Run, elapsed: float) -> dict[str, float]:
        """Time that is left after so many seconds, with evaluations and saves as so far, and cost."""
        done = run.step - run.first_step
        told: dict[str, float] = {}
        left = None
        if done > 0 and (run.state.max_steps or 0) >= run.step:
            left = told["time_left"] = elapsed / done * (run.state.max_steps - run.step)
        if run.price_per_hour is not None:
            told["cost"] = elapsed / 3600 * run.price_per_hour
            if left is not None:
                told["cost_expected"] = (elapsed + left) / 3600 * run.price_per_hour
        return told


def _flos(run: Run) -> float | None:
    """Floating point operations so far: what the state holds, and what the Trainer has not yet put there.

    A model that cannot count them has 0, which is "not known".
    """
    since = float(getattr(run.trainer, "current_flos", 0) or 0)
    flos = float(run.state.total_flos or 0) + since
    return flos if flos > 0 else None
