"""training_arguments: typed, possible on this machine, and with no logger that nobody asked for."""

from __future__ import annotations

import dataclasses
import logging
import types

import pytest

transformers = pytest.importorskip("transformers")
pytest.importorskip("torch")

from trackio_client import training_arguments  # noqa: E402
from trackio_client.errors import UsageError  # noqa: E402
from trackio_client.integrations import training_arguments as module  # noqa: E402
from trackio_client.integrations.training_arguments import reporting  # noqa: E402

BOOLEANS = (
    "dataloader_pin_memory", "prediction_loss_only", "ignore_data_skip", "remove_unused_columns",
    "ddp_find_unused_parameters", "load_best_model_at_end", "greater_is_better",
)  # fmt: skip


def built(config=None, **overrides):
    return training_arguments(config, **{"output_dir": "out", "use_cpu": True, **overrides})


@pytest.mark.parametrize("name", BOOLEANS)
@pytest.mark.parametrize(("word", "means"), [("false", False), ("0", False), ("no", False), (False, False),
                                             ("True", True), (1, True)])  # fmt: skip
def test_booleans_are_read_as_words_b2(name, word, means):
    if name == "dataloader_pin_memory" and means:
        pytest.skip("the Trainer's own arguments turn it off on CPU")
    more = {"eval_strategy": "steps"} if name == "load_best_model_at_end" else {}
    assert getattr(built({name: word}, **more), name) is means
    assert getattr(built(**{name: word}, **more), name) is means


@pytest.mark.parametrize("name", BOOLEANS)
def test_a_boolean_that_is_no_word_is_refused_by_name_b2(name):
    with pytest.raises(UsageError, match=rf"{name} must be one of .*'maybe'"):
        built({name: "maybe"})


def test_numbers_come_from_texts_as_yaml_gives_them():
    arguments = built({"learning_rate": "5e-5", "max_steps": "7", "gradient_accumulation_steps": 2.0})
    assert (arguments.learning_rate, arguments.max_steps, arguments.gradient_accumulation_steps) == (5e-5, 7, 2)
    for wrong in ({"learning_rate": "fast"}, {"max_steps": "7.5"}, {"max_steps": 7.5}):
        with pytest.raises(UsageError, match="number"):
            built(wrong)


@pytest.mark.requirement("S1.45")
@pytest.mark.parametrize("given", [None, "none", [], (), "", ["none"], False, [None], "trackio_client"])
def test_no_logger_is_pulled_in_though_some_are_installed_b1(given):
    assert built(report_to=given).report_to == []
    assert built({"report_to": given}).report_to == []


@pytest.mark.requirement("S1.45")
def test_without_report_to_nothing_reports_b1():
    assert built().report_to == []
    assert transformers.integrations.get_reporting_integration_callbacks(built().report_to) == []


@pytest.mark.requirement("S1.45")
@pytest.mark.parametrize(("given", "kept"), [
    ("tensorboard", ["tensorboard"]), (["tensorboard", "wandb"], ["tensorboard", "wandb"]),
    (("wandb",), ["wandb"]), ("trackio", ["trackio"]), (["none", "wandb"], ["wandb"]),
])  # fmt: skip
def test_loggers_that_are_asked_for_are_kept_in_every_form(given, kept):
    assert built(report_to=given).report_to == kept


@pytest.mark.requirement("S1.45")
def test_all_means_all_that_are_installed_and_every_known_name_is_taken():
    from transformers.integrations import get_available_reporting_integrations
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert built(report_to="all").report_to == get_available_reporting_integrations()
    for name in INTEGRATION_TO_CALLBACK:
        assert reporting(name) == [name]


@pytest.mark.parametrize("given", [True, 7, {"wandb": True}, ["wandb", 3], b"wandb"])
def test_a_report_to_that_is_no_name_is_refused_in_words(given):
    with pytest.raises(UsageError, match="report_to must"):
        built(report_to=given)


@pytest.mark.requirement("S1.61")
@pytest.mark.parametrize("name", ["bf16", "fp16", "tf32", "bf16_full_eval", "fp16_full_eval"])
def test_what_this_machine_cannot_do_is_left_out_and_said(name, monkeypatch, caplog):
    for probe in ("can_bf16", "can_fp16", "can_tf32"):
        monkeypatch.setattr(module, probe, lambda on_cpu: False)
    arguments = built({name: True})
    assert not getattr(arguments, name)
    assert f"{name}=True is left out" in caplog.text


@pytest.mark.requirement("S1.61")
def test_what_this_machine_can_do_is_kept():
    from trackio_client.integrations.probing import can_bf16, has_accelerator

    assert built({"bf16": "true"}).bf16 is True  # on CPU, which is asked for
    assert can_bf16(on_cpu=True)
    assert can_bf16() is has_accelerator() or has_accelerator()


@pytest.mark.requirement("S1.61")
def test_prefetching_needs_workers(caplog):
    assert built({"dataloader_prefetch_factor": 3}).dataloader_prefetch_factor is None
    assert "dataloader_prefetch_factor is left out" in caplog.text
    assert built({"dataloader_prefetch_factor": 3, "dataloader_num_workers": 2}).dataloader_prefetch_factor == 3


def test_names_of_older_scripts_and_other_versions_find_their_field(caplog):
    arguments = built(
        types.SimpleNamespace(
            batch_size=4, max_iters=9, optimizer="adamw_torch", scheduler="cosine", beta2=0.95, eps=1e-6,
            evaluation_strategy="no", group_by_length=True, warmup_ratio=0.1, save_safetensors=True, unrelated="x",
            logging_steps=25, log_interval=99,
        )
    )  # fmt: skip
    assert (arguments.per_device_train_batch_size, arguments.per_device_eval_batch_size) == (4, 4)
    assert (arguments.max_steps, arguments.adam_beta2, arguments.adam_epsilon) == (9, 0.95, 1e-6)
    assert (arguments.lr_scheduler_type, arguments.optim) == ("cosine", "adamw_torch")
    assert (arguments.logging_steps, arguments.warmup_steps) == (25, 0.1)
    assert arguments.train_sampling_strategy == "group_by_length"
    assert caplog.records == []


def test_steps_of_warming_up_win_over_the_share_as_they_always_did():
    assert built({"warmup_ratio": 0.1, "warmup_steps": 1200}).warmup_steps == 1200
    assert built({"warmup_ratio": 0.1, "warmup_steps": 0}).warmup_steps == 0.1


def test_a_wish_that_this_version_cannot_fulfil_is_said(caplog):
    with caplog.at_level(logging.WARNING, logger="trackio_client"):
        built(save_safetensors=False)
    assert "save_safetensors=False is left out" in caplog.text


def test_a_name_that_no_version_knows_is_an_error_that_names_its_like():
    with pytest.raises(UsageError, match=r"'learning_rat'.*'learning_rate'"):
        built(learning_rat=1)


def test_overrides_win_and_none_is_the_default():
    arguments = built({"learning_rate": 1.0, "seed": 3}, learning_rate=0.5, seed=None)
    assert (arguments.learning_rate, arguments.seed) == (0.5, 42)


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning")
def test_another_class_of_arguments_has_its_own_fields():
    trl = pytest.importorskip("trl")
    arguments = built({"packing": "false", "max_length": "64"}, arguments_class=trl.SFTConfig)
    assert isinstance(arguments, trl.SFTConfig)
    assert (arguments.packing, arguments.max_length, arguments.report_to) == (False, 64, [])


def test_a_configuration_whose_attributes_raise_gives_what_can_be_read(caplog):
    class Odd:
        seed = 5

        @property
        def learning_rate(self):
            raise KeyError("gone")

    assert built(Odd()).seed == 5
    assert "learning_rate cannot be read" in caplog.text


def test_every_boolean_field_of_the_installed_version_is_known_as_one():
    hints = module._hints(transformers.TrainingArguments)
    fields = dataclasses.fields(transformers.TrainingArguments)
    booleans = [each.name for each in fields if bool in module._kinds(hints[each.name])]
    assert len(booleans) > 30
    for name in booleans:
        assert module._typed("false", hints[name], name) is False


@dataclasses.dataclass
class OlderArguments:
    """Fields as transformers 4 named them; `report_to=None` meant every logger that is installed there."""

    output_dir: str
    evaluation_strategy: str = "no"
    no_cuda: bool = False
    group_by_length: bool = False
    warmup_ratio: float = 0.0
    warmup_steps: int = 0
    per_device_train_batch_size: int = 8
    bf16: bool = False
    save_safetensors: bool = True
    report_to: list[str] | None = None
    hub_model_id: str | None = None

    def __post_init__(self):
        if self.report_to is None:
            self.report_to = ["tensorboard", "wandb"]


@pytest.mark.requirement("S1.45", "S1.61")
def test_an_older_version_gets_its_own_names_and_no_logger_b1(caplog):
    config = {"eval_strategy": "steps", "use_cpu": "yes", "group_by_length": "true", "warmup_ratio": 0.1, "bf16": True,
              "train_sampling_strategy": "random", "push_to_hub_model_id": "me/m"}  # fmt: skip
    made = training_arguments(config, output_dir="out", arguments_class=OlderArguments, report_to=None)
    assert made == OlderArguments(
        "out", evaluation_strategy="steps", no_cuda=True, group_by_length=True, warmup_ratio=0.1, bf16=True,
        report_to=[], hub_model_id="me/m",
    )  # fmt: skip
    assert training_arguments(output_dir="out", arguments_class=OlderArguments).report_to == []
