"""Teach a tiny language model a preference with TRL's DPOTrainer: rewards, margins, accuracies, log-probabilities.

    python -m examples.dpo  # then: trackio-client ui

The model and the words that it knows are made here; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import tempfile

from datasets import Dataset
from transformers import set_seed
from trl import DPOConfig, DPOTrainer

from examples.tiny import language_model, tokenizer
from trackio_client.integrations.transformers import TrackioCallback

THINGS = ("apple", "house", "boat", "lamp", "tree", "stone", "chair", "river")


def preferences() -> list[dict[str, str]]:
    """Answers that say please are preferred to those that do not."""
    return [
        {"prompt": f"ask for the {thing} :", "chosen": f" the {thing} , please", "rejected": f" give the {thing} now"}
        for thing in THINGS
    ]


def main(steps: int = 20) -> str:
    """Train; returns the id of the experiment."""
    set_seed(7)
    rows = preferences()
    words = tokenizer(text for row in rows for text in row.values())
    callback = TrackioCallback(project="dpo", tags=["example"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = DPOTrainer(
            model=language_model(words),
            ref_model=language_model(words),
            processing_class=words,
            train_dataset=Dataset.from_list(rows),
            eval_dataset=Dataset.from_list(rows[:4]),
            args=DPOConfig(
                output_dir=folder,
                max_steps=steps,
                per_device_train_batch_size=4,
                learning_rate=5e-3,
                max_length=32,
                logging_steps=1,
                eval_strategy="steps",
                eval_steps=10,
                save_strategy="no",
                use_cpu=True,
                bf16=False,
                report_to="none",
                disable_tqdm=True,
            ),
            callbacks=[callback],
        )
        trainer.train()
    assert callback.experiment is not None
    return callback.experiment.experiment_id


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    main(parser.parse_args().steps)
