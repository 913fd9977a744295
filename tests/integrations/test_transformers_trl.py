"""TRL's trainers with the same callback: supervised fine-tuning, preferences, and rewards; the model is made here."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")
tokenizers = pytest.importorskip("tokenizers")

from tests.integrations.small_training import at_home, callback, only, points  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

WORDS = ["the", "cat", "dog", "sat", "ran", "on", "mat", "road", "hill", "is", "was", "big", "red", "."]
SPECIAL = ["<pad>", "<eos>", "<unk>"]


def words():
    """A tokenizer that knows some words."""
    vocabulary = {word: at for at, word in enumerate([*SPECIAL, *WORDS])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>", padding_side="left"
    )


def language_model():
    torch.manual_seed(2)
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(SPECIAL) + len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=64, pad_token_id=0, eos_token_id=1,
            bos_token_id=None,
        )
    )  # fmt: skip


def arguments(kind, folder, **chosen):
    return kind(
        output_dir=str(folder / "out"), report_to="none", disable_tqdm=True, use_cpu=True, bf16=False, max_steps=4,
        per_device_train_batch_size=2, per_device_eval_batch_size=2, logging_steps=2, save_strategy="no",
        learning_rate=1e-2, dataloader_pin_memory=False, gradient_checkpointing=False, **chosen,
    )  # fmt: skip


def logged_names(trainer):
    return {name for entry in trainer.state.log_history for name in entry} - {"step"}


def all_is_kept(trainer, kept):
    """Every number that the trainer logged is there, at its step."""
    for entry in trainer.state.log_history:
        for name, value in entry.items():
            if name != "step" and isinstance(value, (int, float)) and math.isfinite(value):
                assert points(name)[entry["step"]] == pytest.approx(value), name
    assert logged_names(trainer) <= set(kept.metrics)


@pytest.mark.requirement("S1.31", "S1.33", "S1.36")
def test_supervised_fine_tuning_is_told_with_its_tokens_and_speed(tmp_path):
    with at_home(tmp_path) as folder:
        rows = datasets.Dataset.from_dict({"text": ["the cat sat on the mat .", "the big dog ran on the road ."] * 6})
        trainer = trl.SFTTrainer(
            model=language_model(), processing_class=words(), train_dataset=rows, eval_dataset=rows.select(range(4)),
            args=arguments(trl.SFTConfig, folder, max_length=16, eval_strategy="steps", eval_steps=2),
            callbacks=[callback()],
        )  # fmt: skip
        trainer.train()
        kept = only()
        all_is_kept(trainer, kept)
        assert {"mean_token_accuracy", "num_tokens", "throughput", "step_time"} <= set(kept.metrics)
        tokens, seconds = points("throughput"), points("step_time")
    # Batches of two rows of at most ten tokens and the end: what went through the model in two steps, by the clock.
    for step in (2, 4):
        assert 2 * 7 <= tokens[step] * seconds[step] <= 2 * 16
    assert [entry["global_step"] for entry in kept.epoch_metrics] == [2, 4]
    assert kept.epoch_metrics[0]["eval_mean_token_accuracy"] >= 0
    assert kept.run_config["trainer"] == "SFTTrainer"
    assert kept.training["model"]["class"] == "LlamaForCausalLM"
    assert kept.training["faults"] == []
    assert kept.state == "finished"


@pytest.mark.requirement("S1.33")
def test_preferences_are_told_with_their_rewards(tmp_path):
    with at_home(tmp_path) as folder:
        rows = datasets.Dataset.from_dict(
            {
                "prompt": ["the cat is"] * 8,
                "chosen": [" big .", " red ."] * 4,
                "rejected": [" ran .", " hill ."] * 4,
            }
        )
        trainer = trl.DPOTrainer(
            model=language_model(), ref_model=language_model(), processing_class=words(), train_dataset=rows,
            eval_dataset=rows.select(range(4)), callbacks=[callback()],
            args=arguments(trl.DPOConfig, folder, max_length=16, eval_strategy="steps", eval_steps=2),
        )  # fmt: skip
        trainer.train()
        kept = only()
        all_is_kept(trainer, kept)
    names = {"rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "logps/chosen"}
    assert names <= set(kept.metrics)
    assert {"eval_rewards/margins", "eval_loss"} <= set(kept.epoch_metrics[0])
    assert len(kept.epoch_metrics) == 2
    assert kept.training["faults"] == []


@pytest.mark.requirement("S1.33")
def test_rewards_of_generated_texts_are_told(tmp_path):
    with at_home(tmp_path) as folder:
        rows = datasets.Dataset.from_dict({"prompt": ["the cat is", "the dog was"] * 4})
        trainer = trl.GRPOTrainer(
            model=language_model(), processing_class=words(), train_dataset=rows, callbacks=[callback()],
            reward_funcs=lambda completions, **named: [float(len(text)) for text in completions],
            args=arguments(trl.GRPOConfig, folder, num_generations=2, max_completion_length=6),
        )  # fmt: skip
        trainer.train()
        kept = only()
        all_is_kept(trainer, kept)
    assert {"reward", "grad_norm", "learning_rate", "step_time"} <= set(kept.metrics)
    assert kept.training["faults"] == []
    assert kept.state == "finished"
