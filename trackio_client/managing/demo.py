"""A made-up training, to see what the pages do before one has data of one's own. Marked as made up everywhere.

Curves as those of a small fine-tuning: a loss that falls with noise, a warm-up and a cosine of the learning rate,
accuracy that saturates, memory that grows to a plateau, and steps of about a fifth of a second.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any, Final

STEPS: Final = 60
EVERY_S: Final = 0.25
"""Between two steps in the made-up time: the experiment ends now, and stands among the newest of a list."""
PROJECT: Final = "demo"
NOTES: Final = (
    "Made-up data, not a training: loss, accuracy, learning rate, GPU memory and time per step of a small fine-tuning "
    "that never ran. Delete it with Delete demo data on the Manage page."
)
CONFIG: Final[dict[str, Any]] = {
    "made_up": True,
    "model": {"name": "demo-model", "layers": 12, "hidden_size": 768},
    "training": {"learning_rate": 3e-4, "batch_size": 16, "warmup_steps": 6, "max_steps": STEPS, "optimizer": "adamw"},
    "data": {"dataset": "demo-data", "samples": 15_360},
}
METRICS: Final = ("loss", "accuracy", "learning_rate", "gpu_memory_gb", "step_time")


def course(seed: int) -> Iterator[tuple[int, dict[str, float]]]:
    """(step, values) of each step. The same seed gives the same course."""
    draw = random.Random(seed)
    low, speed = draw.uniform(0.25, 0.5), draw.uniform(12, 20)
    for step in range(STEPS):
        done = step / (STEPS - 1)
        warm = min(1.0, (step + 1) / 6)
        yield (
            step,
            {
                "loss": low + 2.1 * math.exp(-step / speed) + draw.gauss(0, 0.035),
                "accuracy": min(0.995, 0.32 + 0.6 * (1 - math.exp(-step / (speed * 1.3))) + draw.gauss(0, 0.008)),
                "learning_rate": 3e-4 * warm * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))),
                "gpu_memory_gb": 11.2 + 3.1 * (1 - math.exp(-step / 4)) + draw.gauss(0, 0.05),
                "step_time": max(0.05, 0.21 + draw.gauss(0, 0.012) + (0.4 if step == 0 else 0.0)),
            },
        )
