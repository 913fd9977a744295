"""Fine-tune a tiny language model with TRL's SFTTrainer: loss, token accuracy, learning rate, speed, checkpoints.

    python -m examples.sft  # then: trackio-client ui

The model and the words that it knows are made here; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import tempfile

from datasets import Dataset
from transformers import set_seed
from trl import SFTConfig, SFTTrainer

from examples.tiny import language_model, tokenizer
from trackio_client.integrations.transformers import TrackioCallback

COLOURS = ("red", "green", "blue", "white", "black")
THINGS = ("apple", "house", "boat", "lamp", "tree", "stone")


def conversations() -> list[dict[str, list[dict[str, str]]]]:
    """Questions about colours of things, and their answers."""
    return [
        {
            "messages": [
                {"role": "user", "content": f"the {thing} is {colour} . which colour has the {thing} ?"},
                {"role": "assistant", "content": f"the {thing} is {colour} ."},
            ]
        }
        for thing in THINGS
        for colour in COLOURS
    ]


def main(steps: int = 30) -> str:
    """Train; returns the id of the experiment."""
    set_seed(7)
    rows = conversations()
    words = tokenizer(message["content"] for row in rows for message in row["messages"])
    data = Dataset.from_list(rows).train_test_split(0.2, seed=7)
    callback = TrackioCallback(project="sft", tags=["example"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=language_model(words),
            processing_class=words,
            train_dataset=data["train"],
            eval_dataset=data["test"],
            args=SFTConfig(
                output_dir=folder,
                max_steps=steps,
                per_device_train_batch_size=4,
                learning_rate=1e-2,
                max_length=64,
                logging_steps=1,
                eval_strategy="steps",
                eval_steps=10,
                save_steps=10,
                save_total_limit=2,
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
    parser.add_argument("--steps", type=int, default=30)
    main(parser.parse_args().steps)
