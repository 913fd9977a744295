"""Figures that need no second training: operations, memory of a device, where a model came from."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_labelling import labelled, sentences, tagger, token_trainer  # noqa: E402
from tests.integrations.small_training import at_home, callback, only  # noqa: E402
from trackio_client.integrations.transformers.failures import out_of_memory  # noqa: E402
from trackio_client.integrations.transformers.model import describe  # noqa: E402


@pytest.mark.requirement("S4.16", "S4.7")
def test_operations_are_those_of_the_trainer_at_every_evaluation_and_at_the_end(tmp_path):
    with at_home(tmp_path) as folder:
        trainer = token_trainer(folder, callback(), logging_steps=50)  # the Trainer adds them up when it logs or saves
        trainer.train()
        kept = only()
    told = [entry["total_flos"] for entry in kept.epoch_metrics]
    assert told[-1] == kept.run_summary["total_flos"] == trainer.state.total_flos > 0
    # Six operations a parameter and token (forward 2, backward 4), padding included: rows are padded to their batch.
    sets = labelled(sentences(48, 1))
    body = sum(p.numel() for name, p in tagger().named_parameters() if "embeddings" not in name)
    whole = sum(p.numel() for p in tagger().parameters())
    least = min(len(row["input_ids"]) for row in sets)
    most = max(len(row["input_ids"]) for row in sets)
    for number, flos in enumerate(told, start=1):
        assert 6 * body * least * 48 * number <= flos <= 6 * whole * most * 48 * number
    assert told == sorted(told)


@pytest.mark.requirement("S4.18", "S4.30")
def test_a_checkpoint_has_the_scores_that_the_trainer_does_not_know_and_the_best_by_them_is_named(tmp_path):
    """Without a `compute_metrics` the Trainer tells a loss alone."""
    with at_home(tmp_path) as folder:
        token_trainer(folder, callback(), save_strategy="epoch").train()
        kept = only()
    scores = {entry["global_step"]: entry["eval_f1"] for entry in kept.epoch_metrics}
    assert {one["step"]: one["metrics"]["eval_f1"] for one in kept.checkpoints} == scores
    best = max(scores, key=scores.__getitem__)
    summary = kept.run_summary
    assert (summary["best_metric"], summary["best_checkpoint_by"]["eval_f1"]["step"]) == ("eval_f1", best)
    assert summary["best_checkpoint_path"] == str(folder / "out" / f"checkpoint-{best}")


class MadeUpCuda:
    """A device of 80 GiB, as PyTorch would tell of it."""

    def __init__(self, patch, *, answers=True):
        def lost(device):
            raise RuntimeError("CUDA error: GPU is lost")

        for name, made_up in {
            "is_available": lambda: True,
            "is_initialized": lambda: True,
            "current_device": lambda: 1,
            "get_device_name": lambda device: "made up",
            "memory_allocated": lambda device: 70 * 2**30,
            "max_memory_allocated": lambda device: 74 * 2**30,
            "memory_reserved": lambda device: 76 * 2**30,
            "mem_get_info": (lambda device: (2**30, 80 * 2**30)) if answers else lost,
        }.items():
            patch.setattr(torch.cuda, name, made_up)


def failed():
    args = SimpleNamespace(per_device_train_batch_size=8, gradient_accumulation_steps=1)
    return SimpleNamespace(args=args, step=17, shared={"failed_batch": {"input_ids": [8, 2048]}})


@pytest.mark.requirement("S4.20")
def test_memory_of_the_device_in_use_is_told_when_it_does_not_suffice(monkeypatch):
    MadeUpCuda(monkeypatch)
    told = out_of_memory(failed(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 512.00 MiB."))
    assert (told["allocated_bytes"], told["reserved_bytes"]) == (70 * 2**30, 76 * 2**30)
    assert (told["total_bytes"], told["free_bytes"], told["allocated_peak_bytes"]) == (80 * 2**30, 2**30, 74 * 2**30)
    assert (told["device"], told["of"], told["tried_bytes"]) == (1, "device", 512 * 2**20)
    assert (told["batch_size"], told["sequence_length"]) == (8, 2048)
    assert "not_recorded" not in told


@pytest.mark.requirement("S4.20")
def test_a_device_that_no_longer_answers_leaves_what_the_allocator_knows_and_says_so(monkeypatch):
    MadeUpCuda(monkeypatch, answers=False)
    told = out_of_memory(failed(), torch.OutOfMemoryError("CUDA out of memory."))
    assert told["allocated_bytes"] == 70 * 2**30
    assert "total_bytes" not in told
    assert "no CUDA device" not in told["not_recorded"]


@pytest.mark.requirement("S4.26")
def test_the_base_and_the_revision_of_a_model_are_told():
    model = tagger()
    model.config._name_or_path, model.config._commit_hash = "someone/base", "4f0c2d1"
    told = describe(model)
    assert (told["base_model"], told["revision"]) == ("someone/base", "4f0c2d1")
    assert "revision" not in describe(tagger())  # one that was made here has none
