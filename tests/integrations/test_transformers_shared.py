"""Evaluations that several processes share: every sample counts once, and nobody waits for a process that is silent."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
sklearn = pytest.importorskip("sklearn.metrics")

from tests.integrations.small_labelling import TAGS, labelled, records, sentences, tag_logits, tagger  # noqa: E402
from tests.integrations.small_training import at_home, only  # noqa: E402
from trackio_client.integrations.transformers import gathering  # noqa: E402
from trackio_client.integrations.transformers.gathering import Post  # noqa: E402
from trackio_client.integrations.transformers.heads import Head  # noqa: E402
from trackio_client.integrations.transformers.observing import Observed  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.requirement("S4.11")
def test_two_processes_report_the_scores_of_all_samples_each_once(tmp_path):
    with at_home(tmp_path):
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
        done = subprocess.run(
            [*launcher, "-m", "tests.integrations.shared_evaluation", str(tmp_path)],
            cwd=ROOT, env=environ, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        (told,), (shown,), sample, faults = (records(n) for n in ("per_label", "predictions", "train_sample", "fault"))
        kept = only()
    rows = labelled(sentences(31, 2))
    logits = tag_logits(tagger(), torch.load(tmp_path / "weights.pt"), rows)
    pairs = [
        (TAGS[tag], TAGS[scores.argmax()])
        for row, one in zip(rows, logits, strict=True)
        for tag, scores in zip(row["labels"], one, strict=True)
        if tag != -100
    ]
    gold, said = zip(*pairs, strict=True)
    assert (told["samples"], told["count"]) == (31, len(gold))
    assert "note" not in told
    wanted = sklearn.precision_recall_fscore_support(gold, said, labels=TAGS, zero_division=0)
    assert [row["f1"] for row in told["labels"].values()] == pytest.approx(list(wanted[2]))
    by_row = {one["row"]: one for one in shown["shown"]}
    assert all(one["gold"] == [TAGS[t] for t in rows[at]["labels"] if t != -100] for at, one in by_row.items())
    assert len(sample) == 1
    assert faults == []
    assert kept.state == "finished"


def part(numbers):
    """An evaluation of samples of one token each, whose labels are these numbers."""
    units = np.array(numbers, dtype=np.int32)
    floats = np.ones(units.size, dtype=np.float32)
    return Observed(
        head=Head("tokens", ("O", "B-x")), gold=units, predicted=units, confidence=floats, entropy=floats,
        lengths=np.ones(units.size, dtype=np.int64), inputs=[], prefix="eval", dataset=None,
    )  # fmt: skip


@pytest.fixture
def store():
    return torch.distributed.TCPStore("127.0.0.1", 0, 1, is_master=True)


def test_parts_are_put_into_the_order_of_the_set_without_what_fills_the_last_batch(store):
    """Batches of 2 on 2 processes: 0 1 | 2 3, then 4 5 | 6 0: of seven samples the last is a repeat."""
    assert Post(1, 2, store).together(part([2, 3, 6, 0]), [2, 2], 7) is None
    whole = Post(0, 2, store).together(part([0, 1, 4, 5]), [2, 2], 7)
    assert whole.gold.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert (whole.shared_by, whole.of_processes) == (2, 2)


def test_a_process_that_posts_nothing_is_waited_for_once_and_then_never_again(store, monkeypatch):
    monkeypatch.setattr(gathering, "WAIT_S", 0.05)
    post = Post(0, 2, store)
    alone = post.together(part([0, 1]), [2], 4)
    assert alone == replace(alone, shared_by=1, of_processes=2)
    assert alone.gold.tolist() == [0, 1]
    monkeypatch.setattr(gathering, "WAIT_S", 1e9)
    assert post.together(part([1]), [1], 4).gold.tolist() == [1]


def test_a_process_that_could_not_observe_posts_that(store):
    assert Post(1, 2, store).together(None, [], 4) is None
    assert Post(0, 2, store).together(part([0, 1]), [2], 4).of_processes == 2
