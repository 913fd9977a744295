"""One switch for each group: what it tells is there when it is on, and nowhere when it is off."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_labelling import token_trainer  # noqa: E402
from tests.integrations.small_training import at_home, callback, only  # noqa: E402
from trackio_client.integrations.transformers.switches import GROUPS, made, switched  # noqa: E402


def in_every(name: str) -> Callable[[Any], bool]:
    return lambda kept: all(name in entry for entry in kept.epoch_metrics)


TELLS: dict[str, Callable[[Any], bool]] = {
    "run_config": lambda kept: "training_arguments" in kept.run_config,
    "model": lambda kept: "parameters" in (kept.training["model"] or {}),
    "hardware": in_every("hardware"),
    "training_loss": in_every("train_loss_window"),
    "learning_rate": in_every("learning_rate"),
    "gradients": in_every("grad_norm_max"),
    "early_stopping": lambda kept: "early_stopping" in kept.run_summary,
    "checkpoints": lambda kept: any("files" in one for one in kept.checkpoints),
    "checkpoint_hashes": lambda kept: any("hashes" in one for one in kept.checkpoints),
    "exports": lambda kept: bool(kept.training["exports"]),
    "data_counts": lambda kept: "dataset_counts" in kept.run_config,
    "identity": lambda kept: "identity" in kept.run_config,
    "labels": in_every("per_label_metrics"),
    "confidence": in_every("prediction_entropy"),
    "predictions": lambda kept: "predictions" in kept.records,
    "train_sample": in_every("train_sample"),
    "times": in_every("step_time"),
}
"""By group, whether what it tells stands in an experiment. `errors` tells nothing of a training that ends well."""
GIVEN = [name for name in GROUPS if name in TELLS]


class Kept:
    """What an experiment has to tell, once the training is over."""

    def __init__(self) -> None:
        from trackio_client.reader import Api

        told = only()
        self.run_config, self.epoch_metrics = told.run_config, told.epoch_metrics
        self.run_summary, self.training, self.checkpoints = told.run_summary, told.training, told.checkpoints
        with Api() as api:
            events = api.source.events(told.experiment_id, ["record"])
        self.records = {event.get("content", event)["record"] for event in events}


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_switched_off_is_nowhere_and_the_rest_is_there(tmp_path, first):
    off = GIVEN[first::2]
    with at_home(tmp_path) as folder:
        switches = {f"record_{name}": False for name in off}
        trainer = token_trainer(
            folder, callback(forward_share=1000.0, hardware_s=0.02, **switches), num_train_epochs=2,
            save_strategy="epoch", metric_for_best_model="loss", load_best_model_at_end=True,
        )  # fmt: skip
        trainer.add_callback(transformers.EarlyStoppingCallback(5))
        trainer.train()
        trainer.save_model(str(folder / "model"))
        kept = Kept()
    assert len(kept.epoch_metrics) == 2
    assert kept.training["faults"] == []
    if "checkpoints" in off:  # hashes stand on a checkpoint
        off.append("checkpoint_hashes")
    there = {name for name in GIVEN if TELLS[name](kept)}
    assert there | {"hardware"} - set(off) == set(GIVEN) - set(off)  # a short training may end before its first reading


@pytest.mark.parametrize("name", GROUPS)
def test_each_switch_takes_its_own_group_away_in_code_and_in_the_environment(name):
    rest = [each for each in GROUPS if each != name]
    assert switched({f"record_{name}": False}, None) == switched({}, f"-{name}") == rest
    assert switched({}, name) == switched({f"record_{name}": True}, "none") == [name]
    assert [group.name for group in made([name])] == [name]


def test_words_that_are_no_group_are_told_once_and_take_nothing_away(caplog):
    with caplog.at_level(logging.WARNING):
        assert switched({}, "losses,-gradient") == switched({}, "losses,-gradient") == list(GROUPS)
        assert switched({}, "losses,labels") == ["labels"]
    first, second = (record.getMessage() for record in caplog.records)
    assert "gradient, losses" in first
    assert "losses" in second
