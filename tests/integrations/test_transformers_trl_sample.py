"""The training sample beside the evaluations of TRL's trainers: their own metrics, reckoned again by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
trl = pytest.importorskip("trl")
datasets = pytest.importorskip("datasets")

from tests.integrations.small_labelling import Saves, records  # noqa: E402
from tests.integrations.small_training import at_home, callback, only, points  # noqa: E402
from tests.integrations.test_transformers_trl import (  # noqa: E402
    SPECIAL,
    WORDS,
    arguments,
    language_model,
    words,
)

pytestmark = [
    pytest.mark.requirement("S4.24"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

ENDS = [" big .", " red .", " on the mat .", " was", " on the big red road .", " is .", " hill", " mat ."]
PAIRS = {
    "prompt": ["the cat is", "the dog was", "the big cat sat", "the road is"] * 2,
    "chosen": ENDS,
    "rejected": [*ENDS[3:], *ENDS[:3]],
}
AMPLE = {"forward_share": 1000.0}
"""Room for all rows, however busy the machine is."""


def preferences(folder, ours, **chosen):
    """A preference training of 8 pairs, evaluated twice on the first 4 of them."""
    rows = datasets.Dataset.from_dict(PAIRS)
    trainer = trl.DPOTrainer(
        model=language_model(), ref_model=language_model(), processing_class=words(), train_dataset=rows,
        eval_dataset=rows.select(range(4)), callbacks=[] if ours is None else [ours],
        args=arguments(trl.DPOConfig, folder, eval_strategy="steps", eval_steps=2, max_length=32, beta=0.5, **chosen),
    )  # fmt: skip
    trainer.train()
    return trainer


def log_probability(model, prompt, ids):
    """Of a completion, by the model's plain scores."""
    whole = torch.tensor([[*prompt, *ids]])
    with torch.no_grad():
        scores = model(input_ids=whole).logits[0].log_softmax(-1)
    return sum(float(scores[at - 1, whole[0, at]]) for at in range(len(prompt), whole.shape[1]))


def test_preferences_have_the_rewards_of_a_fixed_sample_of_the_training_set(tmp_path):
    with at_home(tmp_path) as folder:
        saves, ours = Saves(), callback(**AMPLE)
        rows = datasets.Dataset.from_dict(PAIRS)
        trainer = trl.DPOTrainer(
            model=language_model(), ref_model=language_model(), processing_class=words(), train_dataset=rows,
            eval_dataset=rows.select(range(4)), callbacks=[ours, saves],
            args=arguments(trl.DPOConfig, folder, eval_strategy="steps", eval_steps=2, max_length=32, beta=0.5),
        )  # fmt: skip
        trainer.train()
        told, kept = records("train_sample"), only()
        curve = points("train_sample/rewards/margins")
    assert [one["step"] for one in told] == [2, 4]
    assert kept.training["faults"] == []
    data = trainer.train_dataset
    model, reference = language_model().eval(), language_model().eval()
    for one, entry in zip(told, kept.epoch_metrics, strict=True):
        assert sorted(one["ids"]) == list(range(8))
        model.load_state_dict(saves.states[one["step"]])
        chosen, rejected = (
            torch.tensor([
                [log_probability(each, data[at]["prompt_ids"], data[at][part]) for each in (model, reference)]
                for at in one["ids"]
            ])
            for part in ("chosen_ids", "rejected_ids")
        )  # fmt: skip
        gains = [0.5 * (part[:, 0] - part[:, 1]) for part in (chosen, rejected)]
        margin = gains[0] - gains[1]
        wanted = {
            "rewards/chosen": gains[0].mean(),
            "rewards/rejected": gains[1].mean(),
            "rewards/margins": margin.mean(),
            "rewards/accuracies": (margin > 0).float().mean(),
            "logps/chosen": chosen[:, 0].mean(),
            "logps/rejected": rejected[:, 0].mean(),
            "loss": -torch.nn.functional.logsigmoid(margin).mean(),
        }
        for name, value in wanted.items():
            assert one["metrics"][name] == pytest.approx(float(value), rel=1e-3, abs=1e-4), name
            gap = float(value) - entry[f"eval_{name}"]
            assert one["gap"][name] == pytest.approx(gap, rel=1e-3, abs=1e-4), name
        assert curve[one["step"]] == one["metrics"]["rewards/margins"]
        assert "num_tokens" not in one["metrics"]  # it is of the training, not of the sample
    assert abs(told[-1]["metrics"]["rewards/margins"]) > 0.01  # the model has moved away from its reference


def test_a_preference_training_ends_bit_for_bit_as_it_does_without_us(tmp_path):
    ends = []
    for name, ours in (("with", callback(**AMPLE)), ("without", None)):
        (tmp_path / name).mkdir()
        with at_home(tmp_path / name) as folder:
            trainer = preferences(folder, ours)
            assert ours is None or len(records("train_sample")) == 2
        logs = [
            {key: value for key, value in entry.items() if not key.endswith(("runtime", "per_second"))}
            for entry in trainer.state.log_history
        ]
        ends.append((trainer.model.state_dict(), logs))
    (ours, our_logs), (plain, plain_logs) = ends
    assert all(torch.equal(ours[name], plain[name]) for name in plain)
    assert our_logs == plain_logs


def supervised(folder, ours):
    rows = datasets.Dataset.from_dict({"text": [f"{a}{b}" for a, b in zip(PAIRS["prompt"], ENDS, strict=True)]})
    return trl.SFTTrainer(
        model=language_model(), processing_class=words(), train_dataset=rows, eval_dataset=rows.select(range(4)),
        args=arguments(trl.SFTConfig, folder, max_length=16, eval_strategy="steps", eval_steps=2), callbacks=[ours],
    )  # fmt: skip


def desirable(folder, ours):
    rows = {"prompt": PAIRS["prompt"], "completion": ENDS, "label": [True, False] * 4}
    rows = datasets.Dataset.from_dict(rows)
    return trl.KTOTrainer(
        model=language_model(), ref_model=language_model(), processing_class=words(), train_dataset=rows,
        eval_dataset=rows.select(range(4)), callbacks=[ours],
        args=arguments(trl.KTOConfig, folder, max_length=32, eval_strategy="steps", eval_steps=2),
    )  # fmt: skip


def rewards(folder, ours):
    torch.manual_seed(2)
    model = transformers.LlamaForSequenceClassification(
        transformers.LlamaConfig(
            vocab_size=len(SPECIAL) + len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=64, pad_token_id=0, num_labels=1,
        )
    )  # fmt: skip
    rows = datasets.Dataset.from_dict({
        part: [f"{a}{b}" for a, b in zip(PAIRS["prompt"], PAIRS[part], strict=True)] for part in ("chosen", "rejected")
    })  # fmt: skip
    return trl.RewardTrainer(
        model=model, processing_class=words(), train_dataset=rows, eval_dataset=rows.select(range(4)),
        callbacks=[ours], args=arguments(trl.RewardConfig, folder, max_length=32, eval_strategy="steps", eval_steps=2),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "name"),
    [(supervised, "mean_token_accuracy"), (desirable, "rewards/margins"), (rewards, "margin")],
    ids=["sft", "kto", "reward"],
)
def test_the_sample_has_what_the_trainers_own_evaluation_of_those_rows_tells(tmp_path, make, name):
    with at_home(tmp_path) as folder:
        ours = callback(**AMPLE)
        trainer = make(folder, ours)
        trainer.train()
        last = records("train_sample")[-1]
        assert only().training["faults"] == []
        trainer.remove_callback(ours)
        trainer.eval_dataset = trainer.train_dataset.select(last["ids"])  # as it was prepared for the training
        told = trainer.evaluate()
    assert {"loss", name} <= set(last["metrics"])
    for each, value in last["metrics"].items():
        assert value == pytest.approx(told[f"eval_{each}"], rel=1e-4, abs=1e-6, nan_ok=True), each


def test_a_preference_training_with_a_loss_of_the_users_says_why_it_has_no_sample(tmp_path):
    class Weighted(trl.DPOTrainer):
        def compute_loss(self, *given, **named):
            return 2 * super().compute_loss(*given, **named)

    with at_home(tmp_path) as folder:
        rows = datasets.Dataset.from_dict(PAIRS)
        Weighted(
            model=language_model(), ref_model=language_model(), processing_class=words(), train_dataset=rows,
            eval_dataset=rows.select(range(4)), callbacks=[callback(**AMPLE)],
            args=arguments(trl.DPOConfig, folder, eval_strategy="steps", eval_steps=2, max_length=32),
        ).train()  # fmt: skip
        (why,) = records("not_recorded")
        assert records("train_sample") == []
    assert (why["what"], "Weighted.compute_loss is its own" in why["why"]) == ("train_sample", True)


def test_a_training_by_rewards_says_why_it_has_no_sample_though_nothing_was_evaluated(tmp_path):
    with at_home(tmp_path) as folder:
        rows = datasets.Dataset.from_dict({"prompt": ["the cat is", "the dog was"] * 4})
        trl.GRPOTrainer(
            model=language_model(), processing_class=words(), train_dataset=rows, callbacks=[callback(**AMPLE)],
            reward_funcs=lambda completions, **named: [float(len(text)) for text in completions],
            args=arguments(trl.GRPOConfig, folder, num_generations=2, max_completion_length=6),
        ).train()  # fmt: skip
        (why,) = records("not_recorded")
    assert why["what"] == "train_sample"
    assert why["why"].startswith("GRPOTrainer scores texts that it generates from the training set")
