"""TrackioCallback with the real Trainer: a tiny vision transformer that is trained for some steps, read back by Api."""

from __future__ import annotations

import json
import math
import threading

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.ports import free_port  # noqa: E402
from trackio_client.cli.main import main  # noqa: E402
from trackio_client.experiment import Experiment  # noqa: E402
from trackio_client.integrations.transformers import TrackioCallback  # noqa: E402
from trackio_client.lifecycle import process  # noqa: E402
from trackio_client.opening import init  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

LABELS = 2


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_TOKEN", "TRACKIO_WRITE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRACKIO_QUIET", "1")
    monkeypatch.setenv("TRACKIO_CAPTURE_CONSOLE", "0")
    yield tmp_path
    if process.current is not None:
        process.current.finish()
    process.current = None


def rows(count=32):
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(count, 1, 4, 4, generator=generator)
    return [{"pixel_values": image, "labels": int(image.mean() > 0.5)} for image in images]


def scores(prediction):
    said = prediction.predictions.argmax(-1)
    right = [float((said[prediction.label_ids == label] == label).mean()) for label in range(LABELS)]
    return {"accuracy": float((said == prediction.label_ids).mean())} | {
        f"label/{label}/f1": value for label, value in enumerate(right)
    }


class TinyForImageClassification(transformers.ViTForImageClassification):
    """Raises `trouble` at its call number `at`, as a training does that runs out of memory or is stopped."""

    trouble: BaseException | None = None
    calls = 0

    def forward(self, pixel_values=None, labels=None, **named):
        self.calls += 1
        if self.trouble is not None and self.calls == 3:
            raise self.trouble
        return super().forward(pixel_values=pixel_values, labels=labels, **named)


def trainer_with(callback, folder, *, trouble=None, **chosen):
    transformers.set_seed(7)
    model = TinyForImageClassification(
        transformers.ViTConfig(
            image_size=4, patch_size=2, num_channels=1, num_labels=LABELS, hidden_size=8, num_hidden_layers=1,
            num_attention_heads=1, intermediate_size=8,
        )
    )  # fmt: skip
    model.trouble = trouble
    chosen = {
        "max_steps": 6, "logging_steps": 1, "eval_strategy": "steps", "eval_steps": 3, "save_strategy": "no",
        "report_to": "none", "disable_tqdm": True, "use_cpu": True, "per_device_train_batch_size": 8,
        "dataloader_pin_memory": False, **chosen,
    }  # fmt: skip
    arguments = transformers.TrainingArguments(output_dir=str(folder / "out"), **chosen)
    made = transformers.Trainer(
        model, arguments, train_dataset=rows(), eval_dataset=rows(8), compute_metrics=scores, callbacks=[callback]
    )
    made.remove_callback(transformers.PrinterCallback)
    return made


def only_experiment():
    with Api() as api:
        (one,) = api.experiments("tiny")
        return api.experiment(one.experiment_id)


def points(experiment, metric, **asked):
    with Api() as api:
        series = api.series(experiment.experiment_id, metric, **asked)
    return dict(zip(series.steps.tolist(), series.values.tolist(), strict=True))


@pytest.mark.requirement("S1.21", "S1.31", "S1.32", "S1.34")
def test_all_that_the_trainer_logs_is_kept_at_its_global_step(home):
    trainer = trainer_with(TrackioCallback(project="tiny", hardware_s=0), home)
    trainer.train()
    kept = only_experiment()
    assert {"loss", "learning_rate", "grad_norm", "epoch", "eval_loss", "eval_accuracy", "train_runtime"} <= set(
        kept.metrics
    )
    history = trainer.state.log_history
    assert len(history) == 6 + 2 + 1
    for entry in history:
        for name, value in entry.items():
            if name != "step":
                shown = name.replace("eval_label/", "eval/label/")
                assert points(kept, shown)[entry["step"]] == pytest.approx(value, nan_ok=True), name
    assert sorted(points(kept, "loss")) == [1, 2, 3, 4, 5, 6]
    assert sorted(points(kept, "eval/label/1/f1")) == [3, 6]
    assert (kept.state, kept.last_step) == ("finished", 6)


def test_arguments_and_model_stand_in_the_configuration_without_secrets(home):
    trainer_with(
        TrackioCallback(project="tiny", config={"note": "mine"}, hardware_s=0), home, hub_token="hf_" + "a" * 34
    ).train()
    config = only_experiment().config
    model = config["model"]
    assert (model["class"], model["device"], model["dtype"]) == ("TinyForImageClassification", "cpu", "float32")
    assert model["parameters"] == model["parameters_trained"] > 100
    assert model["config"]["hidden_size"] == 8
    assert (config["learning_rate"], config["max_steps"], config["note"]) == (5e-5, 6, "mine")
    assert "hf_aaaa" not in json.dumps(config)


@pytest.mark.requirement("S1.38")
@pytest.mark.parametrize(
    ("trouble", "state", "words"),
    [
        (RuntimeError("CUDA out of memory, made up"), "failed", "CUDA out of memory"),
        (KeyboardInterrupt(), "interrupted", "SIGINT"),
    ],
)
def test_a_training_that_is_left_by_an_exception_says_so(home, trouble, state, words):
    trainer = trainer_with(TrackioCallback(project="tiny", hardware_s=0), home, trouble=trouble)
    with pytest.raises(type(trouble)):
        trainer.train()
    kept = only_experiment()
    assert (kept.state, kept.last_step) == (state, 2)
    assert words in kept.evidence


@pytest.mark.requirement("S1.35")
def test_a_training_that_goes_on_from_a_checkpoint_draws_no_second_line(home):
    saving = {"save_strategy": "steps", "save_steps": 3}
    first = trainer_with(TrackioCallback(project="tiny", hardware_s=0), home, max_steps=5, **saving)
    first.train()
    before = points(only_experiment(), "loss")
    assert sorted(before) == [1, 2, 3, 4, 5]
    second = trainer_with(TrackioCallback(project="tiny", hardware_s=0), home, max_steps=8, **saving)
    second.train(resume_from_checkpoint=str(home / "out" / "checkpoint-3"))
    kept = only_experiment()  # one experiment, not two
    assert (kept.state, kept.generation, kept.last_step) == ("finished", 1, 8)
    after = points(kept, "loss")
    assert sorted(after) == list(range(1, 9))
    assert [after[step] for step in (1, 2, 3)] == [before[step] for step in (1, 2, 3)]
    told_later = {entry["step"]: entry["loss"] for entry in second.state.log_history if "loss" in entry}
    assert [after[step] for step in (4, 5)] == pytest.approx([told_later[step] for step in (4, 5)])
    with Api() as api:
        assert len(api.series(kept.experiment_id, "loss", repeats=True).steps) == 10  # nothing is thrown away


def test_a_training_from_its_last_checkpoint_goes_on_by_itself(home):
    saving = {"save_strategy": "steps", "save_steps": 3}
    trainer_with(TrackioCallback(project="tiny", hardware_s=0), home, max_steps=3, **saving).train()
    trainer_with(TrackioCallback(hardware_s=0), home, **saving).train(resume_from_checkpoint=True)
    assert sorted(points(only_experiment(), "loss")) == [1, 2, 3, 4, 5, 6]


@pytest.mark.requirement("S1.45")
@pytest.mark.parametrize("report_to", ["none", ["none"], []])
def test_every_form_of_report_to_is_taken_and_no_other_logger_comes_in(home, report_to):
    trainer = trainer_with(TrackioCallback(project="tiny", hardware_s=0), home, max_steps=1, report_to=report_to)
    trainer.train()
    loggers = [type(one).__module__ for one in trainer.callback_handler.callbacks]
    assert [name for name in loggers if name.startswith("transformers.integrations")] == []
    assert sorted(points(only_experiment(), "loss")) == [1]


@pytest.mark.requirement("S1.59")
def test_training_goes_on_when_nobody_answers_and_all_is_kept(home, monkeypatch, capsys):
    port = free_port()
    monkeypatch.setenv("TRACKIO_FINISH_TIMEOUT_S", "0.2")
    callback = TrackioCallback(project="tiny", trackio_url=f"http://127.0.0.1:{port}", hardware_s=0)
    done = trainer_with(callback, home).train()
    assert done.global_step == 6
    assert callback.dropped == 0
    capsys.readouterr()
    main(["status", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["unsent_events"] >= 10  # start, six logs, two evaluations, the closing entry, the end


@pytest.mark.requirement("S1.37")
def test_what_goes_wrong_with_us_is_told_once_and_training_goes_on(home, caplog):
    def broken(*given):
        raise ZeroDivisionError("made up")

    callback = TrackioCallback(project="tiny", hardware_s=0)
    callback.life.belonging.open = broken
    assert trainer_with(callback, home).train().global_step == 6
    assert callback.dropped > 3
    told = [record.getMessage() for record in caplog.records if record.name == "trackio_client"]
    assert len(told) == 1
    assert "on_train_begin met ZeroDivisionError: made up. Training goes on" in told[0]


@pytest.mark.requirement("S1.44")
def test_an_experiment_of_ones_own_is_used_and_left_open(home):
    with init("tiny", name="mine") as mine:
        trainer_with(TrackioCallback(hardware_s=0), home, max_steps=2).train()
        assert not mine.is_finished
        mine.log({"after": 1.0})
    kept = only_experiment()
    assert (kept.experiment_id, kept.name, kept.state) == (str(mine), "mine", "finished")
    assert {"loss", "after"} <= set(kept.metrics)


def test_an_evaluation_after_training_joins_the_same_experiment(home):
    trainer = trainer_with(TrackioCallback(project="tiny", hardware_s=0), home, max_steps=2, eval_strategy="no")
    trainer.train()
    trainer.evaluate()
    process.current.finish()  # what leaving the program does
    assert not math.isnan(points(only_experiment(), "eval_loss")[2])


def test_hardware_is_read_while_it_trains(home, monkeypatch):
    trainer = trainer_with(TrackioCallback(project="tiny", hardware_s=0.01), home, max_steps=12, eval_strategy="no")
    read = threading.Event()
    log_hardware = Experiment.log_hardware

    def logged(experiment, readings, step):
        log_hardware(experiment, readings, step)
        read.set()

    class Waits(transformers.TrainerCallback):
        """For the first reading: twelve steps may be over before, where others are busy."""

        def on_step_end(self, args, state, control, **kwargs):
            read.wait(60)

    monkeypatch.setattr(Experiment, "log_hardware", logged)
    trainer.add_callback(Waits())
    trainer.train()
    kept = only_experiment()
    assert {"system/process_memory", "system/memory_percent"} <= set(kept.metrics)
    assert max(points(kept, "system/memory_percent")) <= 12
