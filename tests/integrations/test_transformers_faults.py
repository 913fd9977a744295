"""Faults in what records a training, of ours or of what the user gave: named once, and the training goes on."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_training import at_home, callback, only, rows, trainer_of  # noqa: E402
from trackio_client.integrations.transformers import TrackioCallback  # noqa: E402
from trackio_client.integrations.transformers.groups import HOOKS  # noqa: E402

EVENTS = ("on_train_begin", "on_step_begin", "on_optimizer_step", "on_step_end", "on_epoch_end", "on_log",
          "on_evaluate", "on_save", "on_train_end")  # fmt: skip


@pytest.mark.requirement("S1.37")
def test_an_exception_in_any_hook_of_any_group_is_named_once_and_the_training_goes_on(tmp_path, caplog):
    hooks = [hook for hook in HOOKS if hook != "failed"]
    with at_home(tmp_path) as folder:
        hears = callback()

        class Odd:
            name = "odd"

        def broken(hook):
            def method(self, *given):
                raise ZeroDivisionError(hook)

            return method

        from trackio_client.integrations.transformers.groups import Group

        odd = type("Odd", (Group,), {"name": "odd", **{hook: broken(hook) for hook in hooks}})
        before = hears.life.begin

        def begin(*given):
            from trackio_client.integrations.transformers import life as module

            made = module.made
            module.made = lambda names: [*made(names), odd()]
            try:
                return before(*given)
            finally:
                module.made = made

        hears.life.begin = begin
        trainer = trainer_of(folder, hears, max_steps=4, logging_steps=1, eval_strategy="steps", eval_steps=2,
                             save_strategy="steps", save_steps=2)  # fmt: skip
        assert trainer.train().global_step == 4
        trainer.save_model(str(folder / "model"))
        kept = only()
    faults = {fault["where"]: fault for fault in kept.training["faults"]}
    met = {hook for hook in hooks if hook != "carded"}
    assert set(faults) == {f"odd.{hook}" for hook in met}
    assert faults["odd.step_end"]["count"] == 4
    assert (faults["odd.logged"]["error"], faults["odd.logged"]["message"]) == ("ZeroDivisionError", "logged")
    told = [record.getMessage() for record in caplog.records if "odd." in record.getMessage()]
    assert len(told) == len(met)  # once each, however often
    assert len(kept.epoch_metrics) == 2  # the other groups went on
    assert kept.epoch_metrics[0]["grad_norm_mean"] > 0


@pytest.mark.requirement("S1.37")
@pytest.mark.parametrize("event", EVENTS)
def test_an_exception_in_any_method_of_the_callback_is_told_with_its_place(tmp_path, caplog, event):
    with at_home(tmp_path) as folder:
        hears = callback()

        def broken(*given, **named):
            raise ZeroDivisionError("made up")

        for inner in ("settle", "at_hand", "begin", "refresh"):
            setattr(hears.life, inner, broken)
        hears.life.groups.call = broken
        hears.life.run = object()
        method = getattr(TrackioCallback, event)
        state = transformers.TrainerState(is_world_process_zero=True)
        method(hears, transformers.TrainingArguments(str(folder)), state, None, logs={"loss": 1.0}, metrics={})
    assert hears.dropped >= 1
    assert any(f"TrackioCallback.{event} met" in record.getMessage() for record in caplog.records)


def test_a_compute_metrics_that_raises_is_named_once_and_the_training_goes_on(tmp_path):
    def compute(prediction):
        raise LookupError("no such label: B-MISC")

    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), compute_metrics=compute, num_train_epochs=2)
        assert trainer.train().global_step == 20
        assert trainer.compute_metrics is compute
        kept = only()
    (fault,) = [fault for fault in kept.training["faults"] if fault["where"] == "compute_metrics"]
    assert (fault["error"], fault["count"]) == ("LookupError", 2)
    assert "no such label: B-MISC" in fault["message"]
    assert "in compute" in fault["trace"]
    assert all(entry["eval_loss"] > 0 for entry in kept.epoch_metrics)
    assert kept.state == "finished"


def test_a_compute_metrics_that_raises_ends_the_training_when_the_best_model_hangs_on_it(tmp_path):
    """The Trainer would end with a KeyError that hides the reason."""

    def compute(prediction):
        raise LookupError("no such label: B-MISC")

    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), compute_metrics=compute, metric_for_best_model="f1")
        with pytest.raises(LookupError):
            trainer.train()
        assert only().failures[0]["message"] == "no such label: B-MISC"


def test_metrics_that_are_no_numbers_leave_the_others_and_are_said_once(tmp_path):
    odd = {"f1": 0.5, "confusion": torch.ones(2, 2), "words": "fine", "nothing": None, "who": object()}
    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), compute_metrics=lambda _: dict(odd), num_train_epochs=2)
        assert trainer.train().global_step == 20
        kept = only()
    assert [entry["eval_f1"] for entry in kept.epoch_metrics] == [0.5, 0.5]
    assert "eval_f1" in kept.metrics
    assert "eval_who" not in kept.metrics


def test_an_evaluation_set_without_length_is_evaluated_and_recorded(tmp_path):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(rows(10, seed=4))

    with at_home(tmp_path) as folder:
        hears = callback()
        trainer_of(folder, hears, eval_dataset=Stream(), train_dataset=Stream(), max_steps=4, eval_strategy="steps",
                   eval_steps=2).train()  # fmt: skip
        kept = only()
    assert [entry["global_step"] for entry in kept.epoch_metrics] == [2, 4]
    assert kept.training["faults"] == []


def test_a_checkpoint_whose_folder_takes_no_name_is_recorded_all_the_same(tmp_path):
    with at_home(tmp_path) as folder:
        (folder / "out" / "checkpoint-2" / "trackio.json.part").mkdir(parents=True)  # where the name would be written
        trainer_of(folder, callback(), max_steps=2, eval_strategy="no", save_strategy="steps", save_steps=2).train()
        kept = only()
    assert [one["step"] for one in kept.checkpoints] == [2]
    assert "Is a directory" in kept.training["faults"][0]["message"]
