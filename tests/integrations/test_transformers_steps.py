"""What the callback tells of the steps: losses, gradients and rates against a witness that saw them by other means."""

from __future__ import annotations

import math
import statistics
import time

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_training import (  # noqa: E402
    Net,
    at_home,
    callback,
    only,
    points,
    rows,
    trainer_of,
)
from trackio_client.errors import UsageError  # noqa: E402
from trackio_client.experiment import Experiment  # noqa: E402

WINDOWS = ((0, 4), (4, 8), (8, 12), (12, 13))
"""Of `accumulated`: evaluations at every fourth step, and at the last one."""


class Trained:
    """A training that is over, with what its witness saw and what was recorded."""

    def __init__(self, folder, **chosen):
        self.trainer = trainer_of(folder, callback(price_per_hour=7.2), **chosen)
        began = time.perf_counter()
        self.trainer.train()
        self.seconds = time.perf_counter() - began
        self.model, self.witness = self.trainer.model, self.trainer.witness
        self.kept = only()
        self.points = {name: points(name) for name in self.kept.metrics}


@pytest.fixture(scope="module")
def seldom_logged(tmp_path_factory):
    """Three epochs of ten steps, and `logging_steps=50`: the Trainer logs no loss before the end (B75)."""
    with at_home(tmp_path_factory.mktemp("seldom")) as folder:
        yield Trained(folder)


@pytest.fixture(scope="module")
def accumulated(tmp_path_factory):
    """Two batches a step, a log at every third step, an evaluation at every fourth, half of the steps clipped."""
    with at_home(tmp_path_factory.mktemp("accumulated")) as folder:
        yield Trained(
            folder, gradient_accumulation_steps=2, max_steps=13, logging_steps=3, eval_strategy="steps", eval_steps=4,
            max_grad_norm=0.4, lr_scheduler_type="cosine", warmup_steps=3,
        )  # fmt: skip


def step_losses(trained, batches=1):
    """The loss of each step: what the model itself saw, the mean of its batches."""
    seen = trained.model.losses
    return [statistics.fmean(seen[at : at + batches]) for at in range(0, len(seen), batches)]


@pytest.mark.requirement("S4.6", "S4.9")
def test_the_loss_between_evaluations_is_the_mean_of_its_steps_though_the_trainer_logged_none(seldom_logged):
    losses = step_losses(seldom_logged)
    entries = seldom_logged.kept.epoch_metrics
    assert [(entry["epoch"], entry["global_step"]) for entry in entries] == [(1.0, 10), (2.0, 20), (3.0, 30)]
    for number, entry in enumerate(entries):
        window = losses[number * 10 : number * 10 + 10]
        assert entry["train_loss"] == entry["train_loss_mean"] == pytest.approx(statistics.fmean(window), rel=1e-5)
        told = entry["train_loss_window"]
        assert (told["from_step"], told["to_step"], told["steps"]) == (number * 10 + 1, number * 10 + 10, 10)
        assert (told["min"], told["max"]) == pytest.approx((min(window), max(window)), rel=1e-5)
        assert told["last"] == pytest.approx(window[-1], rel=1e-5)
        assert "train_loss_last" not in entry  # nothing was logged so far, and nothing is made up (B74)
    assert seldom_logged.points["train_loss_since_evaluation"] == pytest.approx(
        {entry["global_step"]: entry["train_loss"] for entry in entries}
    )


@pytest.mark.requirement("S4.9")
def test_the_last_logged_loss_and_the_mean_of_the_window_are_told_apart(accumulated):
    losses = step_losses(accumulated, batches=2)
    assert len(losses) == 13
    entries = accumulated.kept.epoch_metrics
    assert [entry["global_step"] for entry in entries] == [4, 8, 12, 13]
    for entry, (begin, end), logged_at in zip(entries, WINDOWS, (3, 6, 12, 12), strict=True):
        window = losses[begin:end]
        assert entry["train_loss_mean"] == pytest.approx(statistics.fmean(window), rel=1e-5)
        assert entry["train_loss_last_step"] == logged_at
        assert entry["train_loss_last"] == pytest.approx(statistics.fmean(losses[logged_at - 3 : logged_at]), abs=1e-4)
        assert accumulated.points["loss"][logged_at] == entry["train_loss_last"]


@pytest.mark.requirement("S4.15")
def test_the_gradient_norm_of_every_step_is_kept_and_the_windows_are_reckoned_from_it(accumulated):
    norms = accumulated.witness.norms
    assert len(norms) == 13
    assert accumulated.points["grad_norm"] == pytest.approx({at + 1: norm for at, norm in enumerate(norms)}, rel=1e-4)
    for entry, (begin, end) in zip(accumulated.kept.epoch_metrics, WINDOWS, strict=True):
        window = norms[begin:end]
        assert entry["grad_norm_last"] == pytest.approx(window[-1], rel=1e-4)
        assert entry["grad_norm_mean"] == pytest.approx(statistics.fmean(window), rel=1e-4)
        assert entry["grad_norm_max"] == pytest.approx(max(window), rel=1e-4)
        assert entry["clip_threshold"] == 0.4
        assert entry["clipped_share"] == sum(norm > 0.4 for norm in window) / len(window)
    shares = [entry["clipped_share"] for entry in accumulated.kept.epoch_metrics]
    assert 0 < statistics.fmean(shares) < 1  # else the threshold would test nothing
    summary = accumulated.kept.run_summary
    assert summary["clipped_share"] == sum(norm > 0.4 for norm in norms) / 13
    assert summary["grad_norm_max"] == pytest.approx(max(norms), rel=1e-4)


@pytest.mark.requirement("S4.14")
def test_the_learning_rate_in_force_is_that_of_the_step_also_when_no_log_has_one(seldom_logged, accumulated):
    linear = [0.05 * (1 - at / 30) for at in range(30)]
    assert seldom_logged.witness.rates == pytest.approx(linear)
    assert seldom_logged.points["learning_rate"] == pytest.approx({at + 1: rate for at, rate in enumerate(linear)})
    assert [e["learning_rate"] for e in seldom_logged.kept.epoch_metrics] == pytest.approx(
        [linear[9], linear[19], linear[29]]
    )
    rates = accumulated.witness.rates
    assert rates[0] == 0.0  # the first of three steps of warm-up: a rate of 0 is told when it is 0 (B74)
    assert accumulated.points["learning_rate"] == pytest.approx({at + 1: rate for at, rate in enumerate(rates)})
    schedule = accumulated.kept.run_config["schedule"]
    assert (schedule["scheduler"], schedule["warmup_steps"], schedule["max_steps"]) == ("cosine", 3, 13)


@pytest.mark.requirement("S4.16", "S1.36")
def test_times_add_up_and_step_time_is_of_one_step(accumulated):
    kept, told = accumulated.kept, accumulated.points
    assert sorted(told["step_time"]) == [3, 6, 9, 12]
    for step, whole in told["step_time"].items():  # B24: of one step, not between two logs
        parts = (told[name][step] for name in ("data_wait_time", "compute_time", "between_steps_time"))
        assert whole == pytest.approx(sum(parts), rel=1e-6)
        assert told["samples_per_second"][step] == pytest.approx(8 / whole, rel=1e-6)
    time = kept.run_summary["time"]
    apart = time["evaluation_seconds"] + time["saving_seconds"] + time["recording_seconds"]
    whole = time["step_time"] * 13 + apart
    assert accumulated.witness.seconds < whole <= time["seconds"] * (1 + 1e-9)
    assert time["seconds"] < accumulated.seconds
    assert kept.run_summary["train_runtime_seconds"] == told["train_runtime"][13]
    assert kept.run_summary["cost"] == pytest.approx(time["seconds"] / 500)
    last = kept.epoch_metrics[-2]
    assert last["time_left"] == pytest.approx(last["seconds_since_begin"] / 12)  # one step of 13 is left
    assert "throughput" not in told  # a model without input_ids: tokens are not known, and not 0


def test_what_the_trainer_logged_is_kept_to_the_last_entry_and_no_dict_of_its_was_changed(tmp_path):
    """The peer's callback drops train_loss, train_runtime and total_flos."""
    seen = []

    class Last(transformers.TrainerCallback):
        def on_log(self, args, state, control, logs=None, **kwargs):
            seen.append((state.global_step, dict(logs), dict(state.log_history[-1])))

    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), callbacks=[Last()], logging_steps=4, max_steps=10)
        trainer.train()
        kept = only()
        assert len(seen) == len(trainer.state.log_history) == 2 + 1 + 1
        for step, logs, entry in seen:
            assert entry == {**logs, "step": step}  # as the Trainer made it: nothing was put in or taken out
            for name, value in logs.items():
                assert points(name)[step] == pytest.approx(value), name
        assert {"train_runtime", "train_loss", "total_flos"} <= set(kept.metrics)


@pytest.mark.requirement("S4.9")
def test_a_loss_that_is_no_number_is_told_though_the_trainer_hides_it(tmp_path):
    class Sometimes(Net):
        def forward(self, x, labels=None):
            out = super().forward(x, labels)
            if self.training and len(self.losses) in (3, 4):
                out["loss"] = out["loss"] * math.nan
            return out

    with at_home(tmp_path) as folder:
        trainer = trainer_of(
            folder, callback(), model=Sometimes(), max_steps=6, logging_steps=6, eval_strategy="steps", eval_steps=6
        )
        trainer.train()
        (entry,) = only().epoch_metrics
        assert math.isfinite(trainer.state.log_history[0]["loss"])  # its filter put another number in its place
        assert entry["train_loss_window"]["not_finite_steps"] >= 2
        assert points("loss_not_finite_steps") == {6: entry["train_loss_window"]["not_finite_steps"]}


@pytest.mark.requirement("S4.6")
def test_evaluations_over_several_sets_are_one_entry(tmp_path):
    with at_home(tmp_path) as folder:
        sets = {"near": rows(8, seed=8), "far": rows(8, seed=9)}
        trainer = trainer_of(folder, callback(), eval_dataset=sets, num_train_epochs=2)
        trainer.train()
        entries = only().epoch_metrics
    assert [entry["global_step"] for entry in entries] == [10, 20]
    for entry, logged in zip(entries, (0, 1), strict=True):
        said = [one for one in trainer.state.log_history if "eval_near_loss" in one][logged]
        assert entry["eval_near_loss"] == said["eval_near_loss"]
        assert {"eval_far_accuracy", "train_loss"} <= set(entry)
        assert entry["train_loss_window"]["steps"] == 10  # the second set does not begin a window of its own


@pytest.mark.requirement("S4.6")
def test_a_score_of_zero_and_half_an_epoch_are_kept(tmp_path):
    """B76."""
    with at_home(tmp_path) as folder:
        trainer_of(
            folder, callback(), max_steps=5, eval_strategy="steps", eval_steps=5, compute_metrics=lambda _: {"f1": 0.0}
        ).train()
        kept = only()
    (entry,) = kept.epoch_metrics
    assert (entry["epoch"], entry["eval_f1"]) == (0.5, 0.0)
    assert (kept.run_summary["best_f1"], kept.run_summary["best_f1_epoch"]) == (0.0, 0.5)


def test_every_group_can_be_switched_off_in_code_and_by_the_environment(tmp_path, monkeypatch):
    with at_home(tmp_path) as folder:
        monkeypatch.setenv("TRACKIO_RECORD", "-gradients,-times")
        trainer_of(folder, callback(record_learning_rate=False), max_steps=4).train()
        kept = only()
        assert {"step_time", "learning_rate", "grad_norm"} & set(kept.metrics) == set()
        assert "train_loss" in kept.metrics


def test_a_switch_that_is_none_is_refused_before_the_training():
    with pytest.raises(UsageError, match=r"no group 'gradient'.*record_gradients"):
        callback(record_gradient=False)


def test_accuracy_of_the_witness_is_that_of_the_entries(seldom_logged):
    """The evaluation, done again by hand over the model as it ended."""
    data = rows(16, seed=4)
    with torch.no_grad():
        logits = seldom_logged.model.eval()(torch.stack([row["x"] for row in data]))["logits"]
    right = float((logits.argmax(-1) == torch.tensor([row["labels"] for row in data])).float().mean())
    assert seldom_logged.kept.epoch_metrics[-1]["eval_accuracy"] == pytest.approx(right)


@pytest.mark.requirement("S4.22")
def test_hardware_between_evaluations_is_the_mean_and_the_greatest_of_its_readings(tmp_path):
    pytest.importorskip("psutil")

    class Waits(transformers.TrainerCallback):
        """Until the sampler has read a few times, whatever the machine is busy with."""

        def on_step_end(self, args, state, control, **kwargs):
            deadline = time.monotonic() + 120
            while hears.run and len(hears.run.shared.setdefault("readings", [])) < 3 and time.monotonic() < deadline:
                time.sleep(0.01)

    with at_home(tmp_path) as folder:
        hears = callback(hardware_s=0.02)
        trainer = trainer_of(folder, hears, callbacks=[Waits()], max_steps=3, eval_strategy="steps", eval_steps=3)
        log_hardware = Experiment.log_hardware

        def counted(self, readings, step=None):
            log_hardware(self, readings, step)
            hears.run.shared.setdefault("readings", []).append(dict(readings))

        Experiment.log_hardware = counted
        try:
            trainer.train()
        finally:
            Experiment.log_hardware = log_hardware
        (entry,) = only().epoch_metrics
        read = [one["system/memory_percent"] for one in hears.run.shared["readings"]]
        told = entry["hardware"]["memory_percent"]
        count = told["readings"]
        assert 3 <= count <= len(read)
        assert told["mean"] == pytest.approx(statistics.fmean(read[:count]))
        assert told["max"] == max(read[:count])
        assert set(points("system/memory_percent")) <= {0, 1, 2, 3}
