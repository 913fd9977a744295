"""Run by torchrun in two processes: a training whose evaluations both of them share. Given: a folder.

Each process evaluates a part; the last batches are filled up from the beginning of the set, and must not count twice.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from tests.integrations.small_labelling import labelled, sentences, token_trainer
from trackio_client.integrations.transformers import TrackioCallback


def main(folder: Path) -> None:
    trainer = token_trainer(
        folder,
        TrackioCallback(project="small", hardware_s=0, forward_share=1000.0),
        eval_dataset=labelled(sentences(31, 2)),
        num_train_epochs=1,
        ddp_backend="gloo",
    )
    trainer.train()
    if trainer.is_world_process_zero():
        torch.save(trainer.model.state_dict(), folder / "weights.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
