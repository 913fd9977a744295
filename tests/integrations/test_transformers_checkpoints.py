"""What the callback tells of checkpoints, early stopping, exports and the model, held to folders, state and model."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.integrations.small_training import Net, Watched, at_home, callback, only, trainer_of  # noqa: E402
from trackio_client.errors import ProjectNotFound  # noqa: E402
from trackio_client.integrations.transformers.model import describe  # noqa: E402
from trackio_client.lifecycle import process  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

# PEFT asks for a name that Transformers is about to give up.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")

SAVING = {"eval_strategy": "steps", "eval_steps": 2, "save_strategy": "steps", "save_steps": 2}


def scores_of(values):
    """A `compute_metrics` that says what it is told to, in order; the last again and again."""
    left = list(values)

    def compute(prediction):
        return dict(left.pop(0) if len(left) > 1 else left[0])

    return compute


class Sized(transformers.TrainerCallback):
    """Weighs each checkpoint by other means, at the moment it was saved: `du` over the bytes of all files."""

    def __init__(self):
        self.bytes = {}

    def on_save(self, args, state, control, **kwargs):
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        names = [path for path in folder.rglob("*") if path.is_file() and path.name != "trackio.json"]
        self.bytes[state.global_step] = sum(len(path.read_bytes()) for path in names)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Ten saves planned, one kept beside the best; F1 is best at step 4, the loss goes on to fall; patience 2."""
    with at_home(tmp_path_factory.mktemp("stopped")) as folder:
        weight = Sized()
        f1 = [{"f1": value} for value in (0.2, 0.6, 0.5, 0.4, 0.9)]
        trainer = trainer_of(
            folder, callback(), callbacks=[weight, transformers.EarlyStoppingCallback(2)], max_steps=20,
            compute_metrics=scores_of(f1), save_total_limit=1, load_best_model_at_end=True,
            metric_for_best_model="f1", greater_is_better=True, **SAVING,
        )  # fmt: skip
        trainer.train()
        yield only(), trainer, weight, folder


@pytest.mark.requirement("S4.17", "S4.30")
def test_early_stopping_is_told_from_the_trainers_own_signal(stopped):
    kept, trainer, _, _ = stopped
    assert trainer.state.global_step == 8
    summary = kept.run_summary
    assert summary["early_stopping_triggered"] is True
    told = summary["early_stopping"]
    assert (told["metric"], told["goal"], told["patience"], told["counter"]) == ("eval_f1", "max", 2, 2)
    assert (told["stopped_at_step"], told["stopped_by"]) == (8, "EarlyStoppingCallback")
    assert (summary["best_metric"], summary["best_value"], summary["best_step"]) == ("eval_f1", 0.6, 4)
    assert summary["best_value"] == trainer.state.best_metric
    assert (summary["best_epoch"], summary["epochs_since_best"], summary["steps_since_best"]) == (0.4, 0.4, 4)
    assert (summary["best_f1"], summary["best_f1_epoch"]) == (0.6, 0.4)
    assert kept.state == "finished"


@pytest.mark.requirement("S4.17")
def test_a_training_that_ran_out_of_patience_at_its_last_step_was_not_stopped_early(tmp_path):
    """B79."""
    with at_home(tmp_path) as folder:
        trainer_of(
            folder, callback(), callbacks=[transformers.EarlyStoppingCallback(1)], max_steps=4,
            compute_metrics=scores_of([{"f1": 0.5}, {"f1": 0.4}]), metric_for_best_model="f1", greater_is_better=True,
            load_best_model_at_end=True, **SAVING,
        ).train()  # fmt: skip
        summary = only().run_summary
    assert summary["early_stopping"]["counter"] == 1
    assert summary["early_stopping_triggered"] is False
    assert "stopped_by" not in summary["early_stopping"]


@pytest.mark.requirement("S4.17")
def test_the_best_is_by_the_metric_that_decides_and_f1_stands_beside_it(tmp_path):
    """B79, S4.30: the loss decides; F1 is best elsewhere."""
    with at_home(tmp_path) as folder:
        trainer = trainer_of(
            folder, callback(), max_steps=6, compute_metrics=scores_of([{"f1": 0.9}, {"f1": 0.1}, {"f1": 0.2}]),
            metric_for_best_model="loss", greater_is_better=False, load_best_model_at_end=True, **SAVING,
        )  # fmt: skip
        trainer.train()
        kept = only()
    losses = {entry["global_step"]: entry["eval_loss"] for entry in kept.epoch_metrics}
    summary = kept.run_summary
    best = min(losses, key=losses.get)
    assert best != 2
    assert (summary["best_metric"], summary["best_step"], summary["best_value"]) == ("eval_loss", best, losses[best])
    assert (summary["best_f1"], summary["best_f1_step"]) == (0.9, 2)
    assert summary["best_by"]["eval_f1"]["checkpoint"].endswith("checkpoint-2")


@pytest.mark.requirement("S4.18", "S1.25", "S1.35")
def test_saves_are_counted_with_true_sizes_and_those_that_are_gone_are_told(stopped):
    """B22, B78."""
    kept, trainer, weight, folder = stopped
    found = kept.checkpoints
    assert [one["step"] for one in found] == [2, 4, 6, 8]
    for one in found:
        overhead = one["bytes"] - weight.bytes[one["step"]]
        assert 0 < overhead < 300  # our own trackio.json, which says whose checkpoint it is
    there = {path.name for path in (folder / "out").glob("checkpoint-*")}
    assert {Path(one["path"]).name for one in found if one["kept"]} == there == {"checkpoint-4"}
    summary = kept.run_summary
    assert (summary["num_checkpoints"], summary["checkpoints_kept"], summary["checkpoints_deleted"]) == (4, 1, 3)
    assert summary["checkpoint_bytes_kept"] == next(one["bytes"] for one in found if one["step"] == 4)
    assert summary["checkpoint_bytes_written"] == sum(one["bytes"] for one in found)
    assert summary["best_checkpoint_path"] == trainer.state.best_model_checkpoint


@pytest.mark.requirement("S4.18")
def test_each_checkpoint_has_its_scores_and_the_best_by_each_metric_is_named(stopped):
    kept, _, _, _ = stopped
    entries = {entry["global_step"]: entry for entry in kept.epoch_metrics}
    for one in kept.checkpoints:
        assert one["metrics"]["eval_f1"] == entries[one["step"]]["eval_f1"]
        assert one["metrics"]["eval_loss"] == entries[one["step"]]["eval_loss"]
    lowest = min(entries.values(), key=lambda entry: entry["eval_loss"])["global_step"]
    by = kept.run_summary["best_checkpoint_by"]
    assert (by["eval_f1"]["step"], by["eval_f1"]["kept"]) == (4, True)
    assert by["eval_loss"]["step"] == lowest != 4
    assert [one["step"] for one in kept.checkpoints if one["is_best"]] == [4]


@pytest.mark.requirement("S4.31")
def test_checkpoints_and_exports_name_their_experiment_and_it_names_them(tmp_path):
    with at_home(tmp_path) as folder:
        hears = callback()
        trainer = trainer_of(folder, hears, max_steps=2, save_strategy="steps", save_steps=2, eval_strategy="no")
        trainer.train()
        card = folder / "model" / "README.md"
        card.parent.mkdir()
        card.write_text("# A model\n\nWith words of its own.\n")
        trainer.save_model(str(folder / "model"))
        trainer.save_model(str(folder / "model"))
        kept = only()
        names = [folder / "out" / "checkpoint-2" / "trackio.json", folder / "model" / "trackio.json"]
        for name in names:
            assert json.loads(name.read_text())["experiment_id"] == kept.experiment_id
        assert [one["path"] for one in kept.training["exports"]] == [str(folder / "model")] * 2
        assert kept.training["exports"][0]["bytes"] > (folder / "model" / "model.safetensors").stat().st_size
        text = card.read_text()
        assert text.startswith("# A model\n\nWith words of its own.\n")
        assert text.count(kept.experiment_id) == 1  # the second save says it anew, not again
        assert kept.state == "finished"  # and the training that was over is over


class Carded(Watched):
    """Writes its own model card, as TRL's trainers do."""

    def create_model_card(self, *given, **named):
        Path(self.args.output_dir, "README.md").write_text("---\nlicense: mit\n---\n# Mine\n")


@pytest.mark.requirement("S4.31")
def test_pushing_a_model_publishes_no_experiment(tmp_path, monkeypatch):
    """What goes to the Hub is the model's folder; of the experiment it holds the name and nothing else."""
    pushed = {}

    class Hub:
        """The Trainer's way to the Hub ends here."""

        def upload_folder(self, repo_id, folder_path, **named):
            pushed.update({p.name: p.read_bytes() for p in Path(folder_path).iterdir() if p.is_file()})

    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), kind=Carded, max_steps=2, eval_strategy="no")
        trainer.train()
        monkeypatch.setattr(transformers.trainer, "hf_api", Hub)
        trainer.hub_model_id = "me/model"
        trainer.push_to_hub()
        kept = only()
    assert set(pushed) == {"model.safetensors", "training_args.bin", "README.md", "trackio.json"}
    told = {"experiment_id": kept.experiment_id, "project": "small", "name": kept.name}
    assert json.loads(pushed["trackio.json"]) == told
    assert kept.experiment_id in pushed["README.md"].decode()


class Frozen(Net):
    """A body that stays as it is."""

    def __init__(self):
        super().__init__()
        self.body.requires_grad_(False)


@pytest.mark.requirement("S4.26")
def test_the_model_is_told_as_it_is(tmp_path):
    with at_home(tmp_path) as folder:
        model = Frozen().to(torch.float32)
        trainer_of(folder, callback(), model=model, max_steps=1, eval_strategy="no").train()
        told = only().training["model"]
    count = sum(p.numel() for p in model.parameters())
    assert (told["class"], told["parameters"]) == ("Frozen", count)
    assert told["parameters_trained"] == sum(p.numel() for p in model.classifier.parameters())
    assert (told["dtype"], told["device"], told["trains"]) == ("float32", "cpu", "head only")
    assert told["parameter_bytes"] == count * 4


def tiny_bert(**chosen):
    config = transformers.BertConfig(
        vocab_size=40, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=8, **chosen
    )
    return transformers.BertForTokenClassification(config)


@pytest.mark.requirement("S4.26")
def test_labels_layers_and_sizes_are_read_from_the_configuration():
    names = {0: "O", 1: "B-PER", 2: "I-PER"}
    told = describe(tiny_bert(id2label=names, label2id={name: at for at, name in names.items()}))
    assert (told["layers"], told["hidden_size"], told["model_type"]) == (3, 8, "bert")
    assert (told["labels"], told["num_labels"], told["trains"]) == (["O", "B-PER", "I-PER"], 3, "full")


@pytest.mark.requirement("S4.26")
def test_an_adapter_is_told_with_its_rank_and_the_model_that_it_adapts(tmp_path):
    peft = pytest.importorskip("peft")
    base = tiny_bert()
    base.save_pretrained(tmp_path / "base")
    loaded = transformers.BertForTokenClassification.from_pretrained(tmp_path / "base")
    whole = sum(p.numel() for p in loaded.parameters())
    lora = peft.LoraConfig(r=3, lora_alpha=6, target_modules=["query", "value"], task_type="TOKEN_CLS")
    told = describe(peft.get_peft_model(loaded, lora))
    # Two matrices of rank 3 beside each of two weights of 8 × 8 in three layers, and the head (with a copy of its own).
    head = 8 * 2 + 2
    assert told["parameters_trained"] == 3 * 2 * (8 * 3 + 3 * 8) + head
    assert told["parameters"] == whole + told["parameters_trained"]
    assert (told["class"], told["trains"]) == ("BertForTokenClassification", "adapters")
    (adapter,) = told["adapters"]
    assert (adapter["kind"], adapter["rank"], adapter["alpha"]) == ("LORA", 3, 6)
    assert adapter["target_modules"] == ["query", "value"]
    assert told["base_model"] == str(tmp_path / "base")


def test_a_model_without_parameters_is_told_as_one_and_trains(tmp_path):
    class Bare(torch.nn.Module):
        def forward(self, x, labels=None):
            return {"loss": x.mean().requires_grad_(), "logits": x[:, :2]}

    assert describe(Bare()) == {
        "class": "Bare", "parameters": 0, "parameters_trained": 0, "parameter_bytes": 0, "trains": "nothing",
    }  # fmt: skip
    with at_home(tmp_path) as folder:
        hears = callback()
        trainer_of(
            folder, hears, model=Bare(), kind=transformers.Trainer, eval_strategy="epoch", do_train=False
        ).evaluate()
        process.current.finish()
        assert only().epoch_metrics[0]["eval_loss"] is not None
        assert hears.dropped == 0


@pytest.mark.requirement("S4.6")
def test_a_training_that_goes_on_has_one_line_of_evaluations_and_counts_nothing_twice(tmp_path):
    """B86: `state.log_history` of a resumed training holds what was told before."""
    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), max_steps=6, **SAVING).train()
        shutil.rmtree(folder / "out" / "checkpoint-6")
        second = trainer_of(folder, callback(), max_steps=8, **SAVING)
        second.train(resume_from_checkpoint=str(folder / "out" / "checkpoint-4"))
        kept = only()
        with Api() as api:
            repeats = api.series(kept.experiment_id, "eval_loss", repeats=True).steps.tolist()
    assert len([one for one in second.state.log_history if "eval_loss" in one]) == 4  # 2 and 4 of before among them
    assert repeats == [2, 4, 6, 6, 8]  # each was told when it happened, and only then
    entries = kept.epoch_metrics
    assert [entry["global_step"] for entry in entries] == [2, 4, 6, 8]
    later = {one["step"]: one["eval_loss"] for one in second.state.log_history if "eval_loss" in one}
    assert [entry["eval_loss"] for entry in entries] == pytest.approx([later[step] for step in (2, 4, 6, 8)])
    assert kept.run_config["resumed_from_step"] == 4
    assert [one["step"] for one in kept.checkpoints] == [2, 4, 6, 8]
    assert entries[2]["train_loss_window"]["steps"] == 2


def test_an_evaluation_after_the_training_does_not_replace_the_last_of_it(tmp_path):
    """With `load_best_model_at_end` it is another model that is evaluated at the same step."""
    with at_home(tmp_path) as folder:
        trainer = trainer_of(
            folder, callback(), max_steps=4, compute_metrics=scores_of([{"f1": 0.1}, {"f1": 0.7}]), **SAVING
        )
        trainer.train()
        trainer.compute_metrics = lambda _: {"f1": 0.3}
        trainer.evaluate()
        process.current.finish()
        kept = only()
    assert [entry["eval_f1"] for entry in kept.epoch_metrics] == [0.1, 0.7]
    assert [entry["eval_f1"] for entry in kept.training["evaluations_after_training"]] == [0.3]
    assert kept.run_summary["best_f1"] == 0.7


@pytest.mark.requirement("S4.8")
def test_the_summary_is_there_while_the_training_goes_on(tmp_path):
    seen = []

    class Looks(transformers.TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            if state.global_step == 5:
                deadline = time.monotonic() + 120
                while not seen and time.monotonic() < deadline:
                    with Api() as api, contextlib.suppress(ProjectNotFound):
                        for found in api.experiments("small"):  # none yet, where the trainer is ahead of its delivery
                            told = api.experiment(found.experiment_id).training
                            seen.extend([told] if len(told["epoch_metrics"]) == 2 else [])

    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), callbacks=[Looks()], max_steps=6, **SAVING).train()
    (told,) = seen
    assert told["state"] == "running"
    summary = told["run_summary"]
    assert summary["is_final"] is False
    assert [entry["global_step"] for entry in told["epoch_metrics"]] == [2, 4]
    assert [one["step"] for one in told["checkpoints"]] == [2, 4]
    assert (summary["max_steps"], summary["num_checkpoints"]) == (6, 2)
    assert summary["best_metric"] == "eval_f1"  # nobody said what decides: F1 does
    assert summary["train_runtime_seconds"] > 0


def test_two_callbacks_of_ours_record_once(tmp_path):
    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), callbacks=[callback()], max_steps=4, **SAVING).train()
        kept = only()
        with Api() as api:
            assert len(api.series(kept.experiment_id, "eval_loss", repeats=True).steps) == 2
