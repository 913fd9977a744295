"""Tiny models that label words or sentences, with a tokenizer, data, and predictions made by other means.

The words are made up: colours, animals, towns. A name is a town of one or two words, or an animal after "mr".
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from trackio_client.reader import Api

torch.set_num_threads(1)  # models this small only wait for threads, ten times as long on a busy machine

TAGS = ["O", "B-place", "I-place", "B-person", "I-person", "B-<never>"]
"""The last one is in no data: a label that the model can give and nobody does."""
TOWNS = ["oslo", "lima", "bern", "rome"]
ANIMALS = ["fox", "owl", "cat"]
OTHERS = ["the", "sees", "a", "red", "blue", "goes", "to", "and", "runs", "far"]
WORDS = [*TOWNS, *ANIMALS, *OTHERS, "new", "mr"]


def tokenizer() -> Any:
    """A word is one token, but for animals: two, of which the second is masked, as later pieces of words are."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    made = Tokenizer(models.WordLevel({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def sentences(count: int, seed: int) -> list[tuple[list[str], list[int]]]:
    """Words and their tags."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        words, tags = [], []
        for _ in range(draw.randint(2, 6)):
            kind = draw.random()
            if kind < 0.2:
                words += ["new", draw.choice(TOWNS)] if draw.random() < 0.5 else [draw.choice(TOWNS)]
                tags += [1, 2][: len(words) - len(tags)]
            elif kind < 0.4:
                words += ["mr", draw.choice(ANIMALS)]
                tags += [3, 4]
            else:
                words.append(draw.choice(OTHERS + ANIMALS))
                tags.append(0)
        made.append((words, tags))
    return made


def labelled(given: list[tuple[list[str], list[int]]]) -> list[dict[str, Any]]:
    """Rows for a model: [CLS] words [SEP], labels -100 at both ends and at every word "and"."""
    names = tokenizer()
    rows = []
    for words, tags in given:
        numbers = [names.cls_token_id, *names.convert_tokens_to_ids(words), names.sep_token_id]
        marks = [-100 if word == "and" else tag for word, tag in zip(words, tags, strict=True)]
        rows.append({"input_ids": numbers, "attention_mask": [1] * len(numbers), "labels": [-100, *marks, -100]})
    return rows


def small_bert(kind: Any, labels: list[str], seed: int = 1, **more: Any) -> Any:
    """A BERT of some thousand parameters, with dropout: a training that draws random numbers."""
    torch.manual_seed(seed)
    return kind(
        transformers.BertConfig(
            vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=32, id2label=dict(enumerate(labels)),
            label2id={label: at for at, label in enumerate(labels)}, **more,
        )
    )  # fmt: skip


def tagger(labels: list[str] | None = None, **more: Any) -> Any:
    return small_bert(transformers.BertForTokenClassification, labels or TAGS, **more)


def token_trainer(folder: Path, callback: Any, *, kind: Any = transformers.Trainer, **chosen: Any) -> Any:
    """A Trainer that learns the tags, three evaluations."""
    others: dict[str, Any] = {
        "model": None, "train_dataset": None, "eval_dataset": None, "compute_metrics": None,
        "processing_class": tokenizer(), "data_collator": None, "preprocess_logits_for_metrics": None,
    }  # fmt: skip
    others |= {name: chosen.pop(name) for name in list(chosen) if name in others}
    if others["train_dataset"] is None:
        others["train_dataset"] = labelled(sentences(48, 1))
    if others["eval_dataset"] is None:
        others["eval_dataset"] = labelled(sentences(30, 2))
    if others["data_collator"] is None:
        others["data_collator"] = transformers.DataCollatorForTokenClassification(tokenizer())
    if others["model"] is None:
        others["model"] = tagger()
    made = kind(args=arguments(folder, **chosen), callbacks=[callback] if callback is not None else [], **others)
    made.remove_callback(transformers.PrinterCallback)
    return made


def arguments(folder: Path, **chosen: Any) -> Any:
    chosen = {
        "num_train_epochs": 3, "eval_strategy": "epoch", "save_strategy": "no", "logging_steps": 2,
        "per_device_train_batch_size": 8, "per_device_eval_batch_size": 7, "report_to": "none", "disable_tqdm": True,
        "use_cpu": True, "learning_rate": 0.03, "dataloader_pin_memory": False, "seed": 5, **chosen,
    }  # fmt: skip
    return transformers.TrainingArguments(output_dir=str(folder / "out"), **chosen)


class Saves(transformers.TrainerCallback):
    """Keeps what the model was at each evaluation, to predict with it again afterwards, by other means."""

    def __init__(self) -> None:
        self.states: dict[int, dict[str, torch.Tensor]] = {}

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        self.states[state.global_step] = {name: one.clone() for name, one in model.state_dict().items()}


def tag_logits(model: Any, state: dict[str, torch.Tensor], rows: list[dict[str, Any]]) -> list[np.ndarray]:
    """Scores of each row by itself, without padding, collator or Trainer: (tokens, labels) each."""
    model.load_state_dict(state)
    model.eval()
    with torch.no_grad():
        return [model(input_ids=torch.tensor([row["input_ids"]])).logits[0].double().numpy() for row in rows]


def records(name: str, project: str = "small") -> list[dict[str, Any]]:
    """The data of all records of a name, in order, each with its step."""
    from trackio_client.wire.events import revive

    with Api() as api:
        (one,) = api.experiments(project)
        told = [event.get("content", event) for event in api.source.events(one.experiment_id, ["record"])]
    return [{"step": each["step"], **revive(each["data"])} for each in told if each["record"] == name]
