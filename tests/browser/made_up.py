"""Made-up experiments of which a test knows what must be seen: a GPU that is slowed by heat, a label that falls."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from tests.browser.told import record
from tests.browser.trainings import Training

EVERY_S = 5.0
"""Between two readings of the hardware."""


def made_up_gpus(
    url: str,
    project: str,
    name: str,
    *,
    devices: int = 8,
    minutes: float = 60,
    hot: int | None = 5,
    hot_from: float = 0.55,
    waits: tuple[float, float] | None = None,
    silent: tuple[float, float] | None = None,
    state: str | None = None,
    seed: int = 0,
    **start: Any,
) -> Training:
    """A training on several GPUs, read every five seconds.

    `hot` is slowed by heat from `hot_from` of the time on: 71 % against 84 %, 83 °C against 65 °C. Within `waits`, two
    parts of the time (0 … 1), GPUs idle most of the time and a step waits for data; within `silent` no hardware was
    read. Without a `state` it runs still.
    """
    rand = random.Random(seed)
    steps = int(minutes * 60 / EVERY_S)
    training = Training(url, project, name, **start)
    rows: list[tuple[int, dict[str, float]]] = []
    for step in range(steps):
        part = step / steps
        is_waiting = waits is not None and waits[0] <= part < waits[1]
        is_hot = hot is not None and part >= hot_from
        wait = rand.uniform(66, 76) if is_waiting else rand.uniform(1.5, 3.5)
        between = 24.0 if is_hot else 10.0
        seconds = 1.27 * (1 + (2.2 if is_waiting else 0) + (0.17 if is_hot else 0)) * rand.uniform(0.98, 1.02)
        values = {
            "train/loss": 3.28 + 0.9 * math.exp(-step / 180) + rand.gauss(0, 0.03),
            "train/step_time": seconds,
            "train/data_wait_time": seconds * wait / 100,
            "train/between_steps_time": seconds * (1 - wait / 100) * between / 100,
            "train/compute_time": seconds * (1 - wait / 100) * (1 - between / 100),
            "train/data_wait_percent": wait,
        }
        if silent is None or not silent[0] <= part < silent[1]:
            values |= _host(rand) | {
                key: value
                for device in range(devices)
                for key, value in _device(
                    rand, device, is_hot=is_hot and device == hot, slowed=is_hot, idle=is_waiting
                ).items()
            }
        rows.append((step, values))
    training.log(rows, step_s=EVERY_S)
    if state is not None:
        training.finish(state)
    return training


def _device(rand: random.Random, i: int, *, is_hot: bool, slowed: bool, idle: bool) -> dict[str, float]:
    busy = 71.0 if is_hot else 84.0 if slowed else 96.0
    if idle and rand.random() < 0.63:
        busy = 2.0
    return {
        f"system/gpu_{i}_utilization": min(100.0, max(0.0, busy + rand.gauss(0, 1.2))),
        f"system/gpu_{i}_memory_used": 41.3 + i / 10 + rand.gauss(0, 0.05),
        f"system/gpu_{i}_memory_total": 80.0,
        f"system/gpu_{i}_temperature": (83.0 if is_hot else 63.0 + i / 2) + rand.gauss(0, 0.4),
        f"system/gpu_{i}_power": (407.0 if is_hot else 560.0) * (0.3 if busy < 10 else 1) + rand.gauss(0, 4),
        f"system/gpu_{i}_power_limit": 700.0,
        f"system/gpu_{i}_sm_clock": 1215.0 if is_hot else 1980.0,
        f"system/gpu_{i}_throttled_thermal": 1.0 if is_hot else 0.0,
    }


def _host(rand: random.Random) -> dict[str, float]:
    return {
        "system/cpu_percent": 33 + rand.gauss(0, 2),
        "system/memory_used": 250 + rand.gauss(0, 1),
        "system/memory_percent": 24.4,
        "system/disk_read": 350 + rand.gauss(0, 20),
        "system/network_received": 12 + rand.gauss(0, 1),
    }


def made_up_labels(
    url: str,
    project: str,
    name: str,
    labels: Sequence[tuple[str, int, float]],
    *,
    evaluations: int = 12,
    every: int = 200,
    falls: str | None = None,
    sets: bool = True,
    state: str | None = "finished",
    seed: int = 0,
    **start: Any,
) -> Training:
    """A token classification that is evaluated again and again.

    `labels` are name, support and the F1 that it comes to; the one that `falls` is best in the middle. With `sets`
    entities are scored, too. Without a `state` it runs still.
    """
    rand = random.Random(seed)
    training = Training(url, project, name, **start)
    total = evaluations * every
    training.log(
        [(step, {"train/loss": 0.15 + 2 * math.exp(-step / (total / 5))}) for step in range(0, total + 1, every // 20)]
    )
    names = [label for label, _, _ in labels]
    for number in range(1, evaluations + 1):
        step, at = number * every, {"step": number * every, "epoch": number / 2}
        table: dict[str, dict[str, Any]] = {}
        for label, support, top in labels:
            f1 = top * (1 - math.exp(-3 * number / evaluations)) + rand.gauss(0, 0.01)
            if label == falls and number > evaluations / 2:
                f1 -= 0.3 * top
            f1 = min(1.0, max(0.0, f1)) if support else 0.0
            table[label] = {
                "f1": f1,
                "precision": min(1.0, f1 * 1.1),
                "recall": f1 * 0.9,
                "support": support,
                "predicted": round(support * (0.5 + f1 / 2)),
            }
        mean = sum(one["f1"] for one in table.values()) / len(table)
        data: dict[str, Any] = {
            "eval_f1": mean,
            "eval_loss": 0.2 + math.exp(-number / 3) + max(0, number - 6) * 0.03,
            "per_label_metrics": table,
        }
        data["entity_rates"] = {
            "predicted_rate": 0.04 + 0.002 * number,
            "gold_rate": 0.07,
            "ratio": (0.04 + 0.002 * number) / 0.07,
        }
        if sets:
            data["per_entity_metrics"] = {"lenient": {k: v for k, v in table.items() if k != "O"}}
        record(training, "epoch_metrics", data, **at)
        training.log([(step, {"eval/f1": mean, "eval/loss": data["eval_loss"]})])
        if len(names) <= 64:
            matrix = [
                [
                    round(n * table[gold]["f1"])
                    if gold == said
                    else round(n * (1 - table[gold]["f1"]) / (2 if said == names[0] else 3 * len(names)))
                    for said in names
                ]
                for gold, n, _ in labels
            ]
            record(training, "confusion", {"set": "eval", "kind": "tokens", "labels": names, "matrix": matrix}, **at)
    if state is not None:
        training.finish(state)
    return training
