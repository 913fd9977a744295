"""What a trainer tells beside its numbers, as a Space gets it: records, media with their files, an environment."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from typing import Any

import httpx

from tests.browser.trainings import Training
from tests.plain_http import NO_CERTIFICATES

LABELS = ["O", "B-person", "I-person", "B-place"]
ODD = '<img src=x onerror=alert(1)> "quoted" 🦦'
"""A name with markup, quotes and an emoji: it must stand on the page as it is."""


def record(training: Training, name: str, data: Any, **at: Any) -> None:
    """One record."""
    training.event("record", record=name, step=at.get("step"), epoch=at.get("epoch"), data=data)


def file(training: Training, content: bytes, mime: str) -> dict[str, Any]:
    """Send a file; {"file", "mime", "bytes"} as an item cites it."""
    sha256 = hashlib.sha256(content).hexdigest()
    answer = httpx.put(
        f"{training.url}/v1/blobs/{sha256}",
        content=content,
        headers={"Content-Type": mime, **training.headers},
        timeout=60,
        verify=NO_CERTIFICATES,
    )
    assert answer.status_code < 300, answer.text
    return {"file": sha256, "mime": mime, "bytes": len(content)}


def media(training: Training, kind: str, name: str, step: int, *items: dict[str, Any]) -> None:
    """What one call logged of a name."""
    cited = [{"sha256": i["file"], "bytes": i["bytes"], "mime": i["mime"]} for i in items if "file" in i]
    training.event("media", step=step, name=name, media=kind, items=list(items), blobs=cited)


def png(width: int, height: int, grey: int) -> bytes:
    """A picture of one shade."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = (b"\0" + bytes([grey]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def scores(f1: float, support: int, predicted: int = 5) -> dict[str, Any]:
    """A label's row."""
    return {"f1": f1, "precision": f1, "recall": f1, "support": support, "predicted": predicted}


def evaluation(training: Training, number: int, loss: float, f1: float) -> None:
    """All that the callback records of one evaluation."""
    step, at = number * 10, {"step": number * 10, "epoch": float(number)}
    record(
        training,
        "epoch_metrics",
        {
            "eval_loss": loss,
            "eval_f1": f1,
            "eval_runtime": 1.5,
            "train_loss": loss - 0.1,
            "train_loss_mean": loss - 0.1,
            "train_loss_last": loss - 0.2,
            "learning_rate": 1e-3 / number,
            "per_label_metrics": {"O": scores(0.99, 900), "B-person": scores(f1, 40), "B-place": scores(0.0, 0, 0)},
            "per_entity_metrics": {"strict": {"person": scores(f1, 40)}, "lenient": {"person": scores(f1 + 0.1, 40)}},
            "train_sample": {
                "samples": 64,
                "metrics": {"f1": f1 + 0.2, "loss": loss - 0.3},
                "gap": {"f1": 0.2, "loss": -0.3},
            },
            "hardware": {
                "gpu_0_utilization": {"mean": 60.0 + number, "max": 90.0 + number, "readings": 2},
                "cpu_percent": {"mean": 10.0 * number, "max": 50.0, "readings": number},
            },
            "entity_rates": {"predicted_rate": 0.035, "gold_rate": 0.07, "ratio": 0.5},
            "compute_time": 0.08,
            "data_wait_time": 0.015,
            "between_steps_time": 0.005,
        },
        **at,
    )
    matrix = [[900, 3, 0, 0], [4, 30 + number, 2, 0], [0, 1, 9, 0], [0, 0, 0, 0]]
    most = [{"gold": "B-person", "predicted": "O", "count": 4, "share": 0.1}]
    record(
        training,
        "confusion",
        {"set": "eval", "kind": "tokens", "labels": LABELS, "matrix": matrix, "most_frequent": most},
        **at,
    )
    answered = ["O", "B-person", "I-person", "O"] if number > 1 else ["O"] * 4
    sample = {
        "id": "s1",
        "row": 3,
        "kinds": ["right"] if number > 1 else ["wrong", "missed"],
        "tokens": ["saw", "Ada", "<b>Lovelace</b>", "go"],
        "gold": ["O", "B-person", "I-person", "O"],
        "predicted": answered,
        "confidence": 0.5 + number / 10,
    }
    record(
        training,
        "predictions",
        {
            "set": "eval",
            "samples": 50,
            "panel": ["s1"],
            "counts": {"wrong": 9 - number},
            "by_kind": {"wrong": ["s1"]},
            "by_label": {},
            "shown": [sample],
            "left_out": 0,
        },
        **at,
    )
    record(
        training,
        "early_stopping",
        {
            "metric": "eval_f1",
            "goal": "max",
            "patience": 3,
            "counter": max(0, number - 2),
            "triggered": False,
            "evaluations_since_best": max(0, number - 2),
        },
        **at,
    )
    path = f"/runs/{ODD}/checkpoint-{step}"
    record(
        training,
        "checkpoint",
        {
            "path": path,
            "absolute_path": path,
            "bytes": 1_500_000,
            "files": 3,
            "metrics": {"eval_f1": f1},
            "deciding_metric": "eval_f1",
            "goal": "max",
        },
        **at,
    )


def begin(training: Training) -> None:
    """The start of a token classification."""
    counts = {"num_lines": 200, "num_tokens": 2000, "num_entity_tokens": 90, "num_o_tokens": 1910}
    record(
        training,
        "run_config",
        {
            "trainer": "Trainer",
            "label_list": LABELS,
            "num_labels": 4,
            "effective_batch_size": 32,
            "schedule": {"scheduler": "linear", "warmup_steps": 5, "max_steps": 200, "optimizer": "AdamW"},
            "callbacks": ["EarlyStoppingCallback"],
            "dataset_counts": {"train": {**counts, "label_counts": {"O": 1910, "B-person": 60, "B-place": 12}}},
            "identity": {
                "evaluation_sets": {"eval": {"id": "all:abcdef0123", "rows": 50}},
                "labels": {"id": "123456", "count": 4},
            },
        },
    )
    record(
        training,
        "model",
        {
            "class": "BertForTokenClassification",
            "base_model": "google/tiny",
            "parameters": 1_000_000,
            "parameters_trained": 10_000,
            "trains": "adapters",
            "layers": 2,
            "hidden_size": 64,
            "dtype": "float32",
            "labels": LABELS,
            "adapters": [{"kind": "LORA", "rank": 8, "alpha": 16, "target_modules": ["query", "value"]}],
        },
    )
    training.event(
        "environment",
        values={
            "host": "node-7",
            "command": ["python", "train.py", "--lr", "1e-3"],
            "git": {"commit": "a" * 40, "branch": ODD, "dirty": True, "diff": "--- a\n+++ b\n-old\n+new <b>line</b>"},
            "packages": {"torch": "2.13.0", "trackio-client": "0.1.0"},
            "python": {"version": "3.11.7"},
        },
        not_captured={"gpu": "no driver of NVIDIA was found"},
        rank=0,
    )


def as_json(value: Any) -> bytes:
    """A file of JSON."""
    return json.dumps(value).encode()
