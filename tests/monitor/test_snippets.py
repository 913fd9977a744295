"""The snippets of the document that asked for all this, as they stand there, with a real Trainer on a tiny model."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import trackio_client  # noqa: E402
from tests.monitor.looking import events, experiments, kept, points  # noqa: E402
from trackio_client import create_monitor_from_config, training_arguments  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

Trainer = transformers.Trainer


class Rows(torch.utils.data.Dataset):
    def __init__(self, count):
        generator = torch.Generator().manual_seed(3)
        self.x = torch.rand(count, 4, generator=generator)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, place):
        return {"x": self.x[place], "labels": (self.x[place].sum() > 2).long()}


class Tiny(torch.nn.Module):
    """Ten parameters; raises `trouble` at its third batch."""

    trouble: BaseException | None = None

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(4, 2)
        self.calls = 0

    def forward(self, x, labels=None):
        self.calls += 1
        if self.trouble is not None and self.calls == 3:
            raise self.trouble
        logits = self.layer(x)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


@dataclasses.dataclass
class SmolLM3Config:
    batch_size: int = 8
    learning_rate: float = 0.05
    max_iters: int = 6
    logging_steps: int = 2
    save_steps: int = 3
    eval_steps: int = 3
    eval_strategy: str = "steps"
    fp16: bool = False
    bf16: bool = True
    load_best_model_at_end: bool = False
    enable_tracking: bool = True
    trackio_url: str | None = None
    trackio_token: str | None = None
    log_artifacts: bool = True
    log_metrics: bool = True
    log_config: bool = True
    experiment_name: str | None = None


@dataclasses.dataclass
class SmolLM3ConfigOpenHermesFRBalanced(SmolLM3Config):
    learning_rate: float = 0.1

    def __post_init__(self):
        if self.experiment_name is None:
            self.experiment_name = "smollm3_openhermes_fr_balanced"


@pytest.fixture
def made(tmp_path):
    """What the snippets use without saying where it comes from."""
    model = Tiny()
    wrapper = SimpleNamespace(
        get_training_arguments=functools.partial(
            training_arguments, SmolLM3ConfigOpenHermesFRBalanced(), use_cpu=True, disable_tqdm=True, seed=3,
            dataloader_pin_memory=False, save_total_limit=5,
        )
    )  # fmt: skip
    return SimpleNamespace(model=model, wrapper=wrapper, output_dir=str(tmp_path / "out"))


def training_with(made, callbacks, **overrides):
    model = made.wrapper
    training_args = model.get_training_arguments(
        output_dir=made.output_dir,
        report_to=None,  # Fixed
        **overrides,
    )
    trainer = Trainer(
        model=made.model, args=training_args, callbacks=callbacks, train_dataset=Rows(48), eval_dataset=Rows(16)
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


@pytest.mark.requirement("S1.16", "S1.21", "S1.28", "S1.32", "S1.35", "S1.45", "S3.42")
def test_the_documents_snippets_train_and_all_they_tell_is_kept(made):
    config = SmolLM3ConfigOpenHermesFRBalanced()
    monitor = create_monitor_from_config(config)
    trainer = training_with(made, [monitor.create_monitoring_callback()])
    names = {type(callback).__name__ for callback in trainer.callback_handler.callbacks}
    assert not any(word in name.lower() for name in names for word in ("tensorboard", "wandb", "mlflow"))  # B1
    trainer.train()
    found = kept(monitor.experiment_id)
    assert (found.state, found.name, found.last_step) == ("finished", "smollm3_openhermes_fr_balanced", 6)
    logged = {entry["step"]: entry["loss"] for entry in trainer.state.log_history if "loss" in entry}
    assert dict(points(monitor.experiment_id, "loss")) == pytest.approx(logged)
    assert [step for step, _ in points(monitor.experiment_id, "eval_loss")] == [3, 6]
    assert not any("eval_eval" in name for name in found.metrics)  # B19
    assert found.config["learning_rate"] == 0.1
    remembered = [entry for entry in monitor.metrics_history if "loss" in entry["metrics"]]
    assert {entry["step"]: entry["metrics"]["loss"] for entry in remembered} == pytest.approx(logged)
    kinds = [Path(path).name.partition("_")[0].partition("-")[0] for path in monitor.artifacts]
    assert kinds.count("checkpoint") == 2
    assert kinds.count("eval") == 2
    assert found.environment["model"]["class"] == "Tiny"
    assert found.environment["model"]["parameters"] == 10
    assert found.environment["data"]["identity"]["evaluation_sets"]["eval"]["rows"] == 16
    assert found.environment["seeds"]["seed"] == 3
    with Api() as api:
        saved = api.source.summary(monitor.experiment_id)["checkpoints"]
    for one in saved:
        files = {each["path"]: each["sha256"] for each in one["hashes"]["files"]}
        state = Path(one["path"], "trainer_state.json").read_bytes()
        assert files["trainer_state.json"] == hashlib.sha256(state).hexdigest()
    assert [one["step"] for one in saved] == [3, 6]
    (log,) = (Path(path) for path in monitor.artifacts if "training_log" in path)
    assert json.loads(log.read_text())["entries"] == json.loads(json.dumps(trainer.state.log_history))
    assert [each.experiment_id for each in experiments()] == [monitor.experiment_id]  # B31


@pytest.mark.requirement("S1.27", "S1.30", "S1.35")
def test_a_summary_and_an_evaluation_after_the_training_are_kept_in_the_same_experiment(made):
    monitor = create_monitor_from_config(SmolLM3ConfigOpenHermesFRBalanced())
    trackio_client.set_monitor(monitor)
    trainer = training_with(made, [monitor.create_monitoring_callback()], save_strategy="no")
    trainer.train()
    monitor.log_training_summary({"total_steps": trainer.state.global_step})
    monitor.log_evaluation_results({"bleu": 0.5}, step=6)
    monitor.close()
    trackio_client.finish()
    found = kept(monitor.experiment_id)
    assert (found.state, found.summary["total_steps"]) == ("finished", 6)
    assert points(monitor.experiment_id, "eval_bleu") == [(6, 0.5)]
    assert [each.experiment_id for each in experiments()] == [monitor.experiment_id]


@pytest.mark.requirement("S1.38")
@pytest.mark.parametrize(
    ("trouble", "state"), [(ValueError("bad batch"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_a_training_that_fails_never_ends_as_completed_b20(made, trouble, state):
    monitor = create_monitor_from_config(SmolLM3ConfigOpenHermesFRBalanced())
    made.model.trouble = trouble
    trainer = training_with(made, [monitor.create_monitoring_callback()])
    with pytest.raises(type(trouble)):
        trainer.train()
    monitor.close("completed")
    trackio_client.finish()
    found = kept(monitor.experiment_id)
    assert found.state == state
    assert found.end["error"] == type(trouble).__name__


@pytest.mark.requirement("S1.28")
def test_with_tracking_off_there_is_a_callback_and_the_training_trains(made, home):
    config = SmolLM3ConfigOpenHermesFRBalanced(enable_tracking=False)
    monitor = create_monitor_from_config(config)
    callback = monitor.create_monitoring_callback()
    assert isinstance(callback, transformers.TrainerCallback)
    trainer = training_with(made, [callback])
    trainer.train()
    assert trainer.state.global_step == 6
    assert not (home / "data" / "v1" / "store.sqlite").exists()


@pytest.mark.requirement("S1.37", "S1.58")
def test_a_space_that_is_gone_and_a_monitor_that_breaks_do_not_stop_the_training(made, monkeypatch, caplog):
    config = SmolLM3ConfigOpenHermesFRBalanced()
    config.trackio_url = "http://127.0.0.1:9"
    config.enable_tracking = True
    config.experiment_name = "my_experiment"
    monkeypatch.setenv("TRACKIO_FINISH_TIMEOUT_S", "0.2")
    monitor = create_monitor_from_config(config)
    monkeypatch.setattr(monitor, "remember", lambda *given: 1 / 0)
    trainer = training_with(made, [monitor.create_monitoring_callback()], save_strategy="no")
    trainer.train()
    assert trainer.state.global_step == 6
    assert caplog.text.count("ZeroDivisionError") >= 1


@pytest.mark.requirement("S1.44")
def test_the_trainer_called_twice_goes_on_in_the_same_experiment(made):
    monitor = create_monitor_from_config(SmolLM3ConfigOpenHermesFRBalanced())
    trainer = training_with(made, [monitor.create_monitoring_callback()], save_strategy="no")
    trainer.train()
    trainer.train()
    trainer.evaluate()
    monitor.close()
    assert [each.experiment_id for each in experiments()] == [monitor.experiment_id]
    starts = events(monitor.experiment_id, "start")
    assert [start["generation"] for start in starts] == list(range(len(starts)))
