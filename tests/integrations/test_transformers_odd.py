"""Trainers used as people do use them, and what they are handed when it is odd: training goes on, and it is told."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import trackio_client  # noqa: E402
from tests.integrations.small_labelling import records  # noqa: E402
from tests.integrations.small_training import Net, at_home, callback, only, rows, trainer_of  # noqa: E402
from trackio_client.integrations.transformers import TrackioCallback  # noqa: E402
from trackio_client.lifecycle import process  # noqa: E402
from trackio_client.reader import Api  # noqa: E402

OFTEN = {"logging_steps": 1, "eval_strategy": "steps", "eval_steps": 2, "kind": transformers.Trainer}


def told(project="small"):
    """(state, steps of evaluations, of those after the training, last step), the oldest experiment first."""
    if process.current is not None:
        process.current.finish()
    with Api() as api:
        every = [api.experiment(one.experiment_id) for one in api.experiments(project)]
        found = [
            (
                each.state,
                [entry["global_step"] for entry in each.training["epoch_metrics"]],
                [entry["global_step"] for entry in each.training["evaluations_after_training"]],
            )
            for each in every
        ]
    return found[::-1]


# --- several trainings --------------------------------------------------------------------------------------------


def test_two_trainings_of_one_trainer_are_two_experiments_though_it_was_evaluated_between(tmp_path):
    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), max_steps=2, **OFTEN)
        trainer.train()
        trainer.evaluate()
        trainer.train()
        assert told() == [("finished", [2], [2]), ("finished", [2], [])]


def test_a_callback_that_serves_two_trainers_keeps_their_experiments_apart(tmp_path):
    with at_home(tmp_path) as folder:
        ours = callback()
        first = trainer_of(folder / "a", ours, max_steps=2, **OFTEN)
        second = trainer_of(folder / "b", ours, max_steps=4, **OFTEN)
        first.evaluate()  # though the second was made last
        first.train()
        second.evaluate()
        second.train()
        assert told() == [("finished", [0, 2], []), ("finished", [0, 2, 4], [])]


def test_a_callback_goes_from_one_open_experiment_to_the_next(tmp_path):
    with at_home(tmp_path) as folder:
        ours = TrackioCallback(hardware_s=0)
        for steps in (2, 4):
            experiment = trackio_client.init("small")
            trainer_of(folder / str(steps), ours, max_steps=steps, **OFTEN).train()
            assert not experiment.is_finished  # its owner ends it
            experiment.finish()
        assert told() == [("finished", [2], []), ("finished", [2, 4], [])]


def test_each_trial_of_a_search_is_an_experiment_with_its_own_settings(tmp_path):
    pytest.importorskip("optuna")
    with at_home(tmp_path) as folder:
        plain = trainer_of(folder, None, max_steps=2, **OFTEN)
        trainer = transformers.Trainer(
            None, plain.args, model_init=lambda trial=None: Net(), train_dataset=rows(), eval_dataset=rows(8),
            callbacks=[callback()],
        )  # fmt: skip
        trainer.hyperparameter_search(
            lambda trial: {"learning_rate": trial.suggest_categorical("learning_rate", [0.01, 0.02])}, n_trials=2
        )
        assert [state for state, *_ in told()] == ["finished"] * 2
        with Api() as api:
            rates = [api.experiment(one.experiment_id).config["learning_rate"] for one in api.experiments("small")]
    assert set(rates) <= {0.01, 0.02}


def test_a_trainer_that_makes_its_model_anew_is_recorded(tmp_path):
    with at_home(tmp_path) as folder:
        plain = trainer_of(folder, None, max_steps=2, **OFTEN)
        trainer = transformers.Trainer(
            None, plain.args, model_init=lambda: Net(), train_dataset=rows(), eval_dataset=rows(8),
            callbacks=[callback()],
        )  # fmt: skip
        trainer.train()
        assert told() == [("finished", [2], [])]
        assert only().training["model"]["class"] == "Net"


def test_an_evaluation_without_a_training_is_an_entry_and_a_prediction_is_none(tmp_path):
    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), **OFTEN)
        trainer.predict(rows(8))
        assert process.current is None  # nothing was begun for it
        said = trainer.evaluate()
        assert told() == [("finished", [0], [])]
        assert only().epoch_metrics[0]["eval_accuracy"] == said["eval_accuracy"]


def test_ctrl_c_in_the_middle_of_a_step_is_interrupted_with_what_was_there(tmp_path):
    class Pressed(Net):
        def forward(self, x, labels=None):
            if self.training and len(self.losses) == 3:
                raise KeyboardInterrupt
            return super().forward(x, labels)

    with at_home(tmp_path) as folder:
        with pytest.raises(KeyboardInterrupt):
            trainer_of(folder, callback(), model=Pressed(), **OFTEN).train()
        assert told() == [("interrupted", [2], [])]
        kept = only()
    assert kept.run_summary["global_step"] == 3
    assert kept.failures[0]["kind"] == "interrupted"


@pytest.mark.filterwarnings("ignore")  # of PyTorch's compiler, about itself
def test_a_model_that_is_compiled_is_described_as_what_it_is(tmp_path):
    class Line(torch.nn.Module):
        """`Net` looks at its loss in each pass, which the compiler does not like."""

        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(6, 2)

        def forward(self, x, labels):
            logits = self.layer(x)
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    with at_home(tmp_path) as folder:
        trainer = trainer_of(
            folder, callback(), model=Line(), torch_compile=True, torch_compile_backend="eager", max_steps=2, **OFTEN
        )
        trainer.train()
        kept = only()
    assert (kept.state, kept.training["faults"]) == ("finished", [])
    assert kept.training["model"]["class"] == "Line"
    assert kept.training["model"]["parameters"] == 6 * 2 + 2


def test_report_to_all_beside_the_callback_records_once(tmp_path):
    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), max_steps=2, **{**OFTEN, "report_to": "all"}).train()
        assert told() == [("finished", [2], [])]
        assert only().series("loss").steps.tolist() == [1, 2]


# --- odd things ---------------------------------------------------------------------------------------------------


def test_metrics_that_are_no_numbers_are_left_out_and_the_others_stay(tmp_path):
    given = {
        "f1": 0.25, "none": None, "list": [1, 2], "nested": {"a": 1.0}, "nan": math.nan, "array": torch.ones(2).numpy(),
        "complex": 1j, "object": object(), "odd name é/\n": 1.0, "endless": 10**400, "more": 10**5000,
    }  # fmt: skip
    with at_home(tmp_path) as folder:
        trainer = trainer_of(
            folder, callback(forward_share=1000.0), compute_metrics=lambda _: dict(given), max_steps=2, **OFTEN
        )
        trainer.train()
        kept = only()
        (entry,) = kept.epoch_metrics
        assert kept.series("eval_f1").values.tolist() == [0.25]
    assert kept.state == "finished"
    assert kept.training["faults"] == []
    assert (entry["eval_f1"], entry["eval_endless"]) == (0.25, "a whole number of 1329 bits")
    assert math.isnan(entry["eval_nan"])
    assert kept.run_summary["best_f1"] == 0.25
    assert entry["train_sample"]["metrics"]["f1"] == 0.25


def test_a_configuration_whose_attributes_raise_is_left_out_and_named_once(tmp_path):
    class Locked:
        """As a configuration that asks a server for what it is asked."""

        def __getattr__(self, name):
            if name in ("get_text_config", "id2label", "num_hidden_layers", "vocab_size", "problem_type"):
                raise RuntimeError("the server is gone")
            raise AttributeError(name)

    model = Net()
    model.config = Locked()
    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), model=model, max_steps=2, **OFTEN).train()
        kept = only()
    assert (kept.state, len(kept.epoch_metrics)) == ("finished", 1)
    about = [fault for fault in kept.training["faults"] if fault["where"] == "model: configuration"]
    assert [(fault["error"], fault["message"]) for fault in about] == [("RuntimeError", "the server is gone")]
    assert kept.training["model"]["class"] == "Net"
    assert kept.training["model"]["parameters"] > 0


def test_labels_under_keys_of_several_types_do_no_harm(tmp_path):
    model = Net()
    model.config = transformers.PretrainedConfig()
    model.config.id2label = {0: "a", "1": "b", None: "c"}
    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), model=model, max_steps=2, **OFTEN).train()
        kept = only()
    assert (kept.state, len(kept.epoch_metrics)) == ("finished", 1)
    assert sorted(kept.training["model"]["labels"]) == ["a", "b", "c"]


def test_a_model_whose_parameters_cannot_be_named_is_told_without_them(tmp_path):
    class Shy(Net):
        is_asked = True

        def named_parameters(self, *given, **named):
            if not self.is_asked:
                raise RuntimeError("not now")
            return super().named_parameters(*given, **named)

    class Asks(transformers.TrainerCallback):
        """It can be named wherever the Trainer asks."""

        def on_train_begin(self, args, state, control, **kwargs):
            model.is_asked = True

    class Refuses(transformers.TrainerCallback):
        def on_train_begin(self, args, state, control, **kwargs):
            model.is_asked = False

    model = Shy()
    with at_home(tmp_path) as folder:
        plain = trainer_of(folder, None, **{**OFTEN, "max_steps": 2})
        transformers.Trainer(
            model, plain.args, train_dataset=rows(), eval_dataset=rows(8), callbacks=[Refuses(), callback(), Asks()]
        ).train()
        kept = only()
    assert (kept.state, len(kept.epoch_metrics)) == ("finished", 1)
    assert "not now" in {fault["message"] for fault in kept.training["faults"]}
    assert kept.training["model"]["class"] == "Shy"


def test_a_set_whose_attributes_raise_is_evaluated_and_the_fault_is_named(tmp_path):
    class Closed(torch.utils.data.Dataset):
        def __init__(self):
            self.held = rows()

        def __len__(self):
            return len(self.held)

        def __getitem__(self, at):
            return self.held[at]

        def __getattr__(self, name):
            raise RuntimeError("closed") if name == "column_names" else AttributeError(name)

    with at_home(tmp_path) as folder:
        trainer_of(
            folder, callback(forward_share=1000.0), train_dataset=Closed(), eval_dataset=Closed(), max_steps=2, **OFTEN
        ).train()
        kept = only()
        assert records("train_sample") == []
    assert (kept.state, len(kept.epoch_metrics)) == ("finished", 1)
    assert {fault["message"] for fault in kept.training["faults"]} == {"closed"}


def test_an_evaluation_set_without_a_length_is_evaluated_and_scored(tmp_path):
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            yield from rows(16, seed=4)

    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), eval_dataset=Stream(), max_steps=2, **OFTEN).train()
        kept = only()
    assert (kept.state, kept.training["faults"]) == ("finished", [])
    assert kept.run_config["dataset_counts"]["validation"] == {"not_recorded": "not recorded: streamed"}
    assert 0 <= kept.epoch_metrics[0]["eval_accuracy"] <= 1


def test_a_model_without_parameters_is_evaluated_and_says_that_it_has_none(tmp_path):
    class Rule(torch.nn.Module):
        def forward(self, x, labels=None):
            scores = x[:, :2]
            return {"loss": torch.nn.functional.cross_entropy(scores, labels), "logits": scores}

    with at_home(tmp_path) as folder:
        trainer = trainer_of(folder, callback(), model=Rule(), **OFTEN)
        said = trainer.evaluate()
        assert told() == [("finished", [0], [])]
        kept = only()
    assert kept.epoch_metrics[0]["eval_loss"] == said["eval_loss"]
    assert (kept.training["model"]["parameters"], kept.training["model"]["trains"]) == (0, "nothing")
    assert kept.training["faults"] == []


def test_data_that_cannot_be_read_in_mid_training_are_told_as_such(tmp_path):
    class Torn(torch.utils.data.Dataset):
        held = rows()

        def __len__(self):
            return 40

        def __getitem__(self, at):
            if at == 7:
                raise OSError("the disk is gone")
            return self.held[at]

    with at_home(tmp_path) as folder:
        with pytest.raises(OSError, match="the disk is gone"):
            trainer_of(folder, callback(), train_dataset=Torn(), num_train_epochs=1, **OFTEN).train()
        assert [state for state, *_ in told()] == ["failed"]
        (failure,) = only().failures
    assert (failure["kind"], failure["error"]) == ("data", "OSError")


@pytest.mark.requirement("S1.39")
def test_data_workers_that_are_forked_do_no_harm(tmp_path):
    with at_home(tmp_path) as folder:
        trainer_of(folder, callback(), dataloader_num_workers=2, max_steps=4, **OFTEN).train()
        assert told() == [("finished", [2, 4], [])]
