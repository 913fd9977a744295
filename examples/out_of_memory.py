"""A training that runs out of memory: it fails, and the experiment says why, with what would help.

    python -m examples.out_of_memory  # then: trackio-client ui

The error is a real one, of the GPU's allocator or of the CPU's: the model asks for more than there can be.
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

import torch
from torch import nn
from transformers import Trainer, TrainingArguments, set_seed

from trackio_client.integrations.transformers import TrackioCallback

TOO_MUCH = 2**50
"""Bytes: more than a processor can address, so that no machine has them and none swaps for an hour to find out."""


class Hungry(nn.Module):
    """A linear model that wants too much memory at one call."""

    def __init__(self, fails_at: int) -> None:
        super().__init__()
        self.layer = nn.Linear(16, 2)
        self.fails_at = fails_at
        self.calls = 0

    def forward(self, inputs: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        self.calls += 1
        if self.calls == self.fails_at:
            torch.empty(TOO_MUCH, dtype=torch.uint8, device=inputs.device)
        logits = self.layer(inputs)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def main(fails_at: int = 8) -> str:
    """Train until the memory is full; returns the id of the experiment."""
    set_seed(7)
    rows: list[dict[str, Any]] = [{"inputs": torch.randn(16), "labels": row % 2} for row in range(256)]
    callback = TrackioCallback(project="out-of-memory", tags=["example"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            Hungry(fails_at),
            TrainingArguments(
                output_dir=folder,
                max_steps=20,
                per_device_train_batch_size=16,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=rows,
            callbacks=[callback],
        )
        try:
            trainer.train()
        except RuntimeError as error:
            print(f"the training failed: {error}")
    assert callback.experiment is not None
    return callback.experiment.experiment_id


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fails-at", type=int, default=8, help="the step whose batch is too large")
    main(parser.parse_args().fails_at)
