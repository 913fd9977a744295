"""A training that diverges: its loss becomes NaN, and everything of it is there to look at.

    python -m examples.diverges  # then: trackio-client ui

The learning rate is absurd. The Trainer hides what happens (its filter logs the last good loss again), the experiment
does not: the losses that were no number are counted, the gradient's norm grows and ends, the entropy has no value.
"""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

from trackio_client.integrations.transformers import TrackioCallback


def main() -> str:
    """Train; returns the id of the experiment."""
    set_seed(7)
    callback = TrackioCallback(project="diverges", tags=["example"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model(), arguments(folder), train_dataset=rows(320), eval_dataset=rows(64), callbacks=[callback]
        )
        trainer.train()
    assert callback.experiment is not None
    return callback.experiment.experiment_id


def rows(count: int) -> list[dict[str, Any]]:
    """Sequences of numbers, by whether the first one is even."""
    numbers = torch.randint(0, 50, (count, 8), generator=torch.Generator().manual_seed(count))
    return [{"input_ids": one, "labels": int(one[0]) % 2} for one in numbers]


def model() -> Any:
    """A BERT of some thousand parameters."""
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=50,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            id2label={0: "odd", 1: "even"},
            label2id={"odd": 0, "even": 1},
        )
    )


def arguments(folder: str) -> TrainingArguments:
    """Nothing holds the gradients, and each step overshoots the one before."""
    return TrainingArguments(
        output_dir=folder,
        max_steps=40,
        learning_rate=1e20,
        max_grad_norm=0.0,
        optim="sgd",
        warmup_steps=10,
        logging_steps=1,
        eval_strategy="steps",
        eval_steps=10,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
    )


if __name__ == "__main__":
    print(main())
