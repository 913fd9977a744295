"""Train a small vision transformer to read handwritten digits: loss, accuracy and the scores of every digit.

    python -m examples.digits  # then: trackio-client ui

The digits are scikit-learn's (1,797 images of 8 × 8); nothing is downloaded.
"""

from __future__ import annotations

import argparse
import tempfile
from typing import Any

from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification, set_seed

from trackio_client.integrations.transformers import TrackioCallback


def main(epochs: float = 3) -> str:
    """Train; returns the id of the experiment."""
    set_seed(7)
    learn, check = digits()
    callback = TrackioCallback(project="digits", tags=["example"])
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model(),
            arguments(folder, num_train_epochs=epochs),
            train_dataset=learn,
            eval_dataset=check,
            compute_metrics=scores,
            callbacks=[callback],
        )
        trainer.train()
    assert callback.experiment is not None
    return callback.experiment.experiment_id


def model() -> Any:
    """A vision transformer of 100,000 parameters."""
    return ViTForImageClassification(
        ViTConfig(
            image_size=8,
            patch_size=2,
            num_channels=1,
            id2label={digit: str(digit) for digit in range(10)},
            label2id={str(digit): digit for digit in range(10)},
            hidden_size=64,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=128,
        )
    )


def arguments(folder: str, **changed: Any) -> TrainingArguments:
    """Settings that read 95 % of the digits after some epochs."""
    return TrainingArguments(
        output_dir=folder,
        **{
            "per_device_train_batch_size": 32,
            "per_device_eval_batch_size": 128,
            "learning_rate": 2e-3,
            "warmup_steps": 50,
            "lr_scheduler_type": "cosine",
            "weight_decay": 0.01,
            "logging_steps": 5,
            "eval_strategy": "epoch",
            "save_strategy": "no",
            "report_to": "none",
            "dataloader_pin_memory": False,
            "disable_tqdm": True,  # else a bar, broken by 50 numbers an evaluation
            **changed,
        },
    )


def digits() -> tuple[Any, Any]:
    """Training and evaluation parts: lists of {"pixel_values": (1, 8, 8) float32 in 0..1, "labels": int}."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    found = load_digits()
    images = (found.images / 16).astype(np.float32)[:, None]
    rows = [{"pixel_values": image, "labels": int(label)} for image, label in zip(images, found.target, strict=True)]
    return train_test_split(rows, test_size=0.25, random_state=7, stratify=found.target)


def scores(prediction: Any) -> dict[str, float]:
    """Accuracy and macro F1; the Trainer puts `eval_` before them. Each digit's scores are the callback's matter."""
    from sklearn.metrics import accuracy_score, f1_score

    said, gold = prediction.predictions.argmax(-1), prediction.label_ids
    macro_f1 = f1_score(gold, said, labels=range(10), average="macro", zero_division=0)
    return {"accuracy": float(accuracy_score(gold, said)), "macro_f1": float(macro_f1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=float, default=3)
    main(parser.parse_args().epochs)
