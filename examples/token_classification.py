"""Find names in tweets: a small model, the scores of its labels, its errors by kind, and a sample of the training set.

    python -m examples.token_classification path/to/wnut17  # then: trackio-client ui

The data are the WNUT 2017 shared task's (github.com/leondz/emerging_entities_17): the folder holds emerging.dev.conll,
of which four fifths are learned and one fifth is checked. Without a folder sentences are made up. No download.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    BertConfig,
    BertForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    set_seed,
)

from trackio_client.integrations.transformers import TrackioCallback

Sentence = tuple[list[str], list[str]]


def main(folder: Path | None = None, epochs: float = 5) -> str:
    """Train; returns the id of the experiment."""
    set_seed(7)
    given = read(folder / "emerging.dev.conll") if folder else made_up()
    labels = sorted({tag for _, tags in given for tag in tags}, key=lambda tag: (tag != "O", tag[2:], tag))
    check, learn = given[::5], [one for at, one in enumerate(given) if at % 5]
    words = tokenizer(learn)
    # A share of 1 % of so short a training is too little to try a sample of the training set: a fifth of it is enough.
    callback = TrackioCallback(project="names-in-tweets", tags=["example"], forward_share=0.2)
    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(
            model(words, labels),
            arguments(out, num_train_epochs=epochs),
            train_dataset=[row(one, words, labels) for one in learn],
            eval_dataset=[row(one, words, labels) for one in check],
            data_collator=DataCollatorForTokenClassification(words),
            processing_class=words,
            callbacks=[callback],
        )
        trainer.train()
    assert callback.experiment is not None
    return callback.experiment.experiment_id


def read(path: Path) -> list[Sentence]:
    """Sentences of a file with a word and its tag on each line, and an empty line after each sentence."""
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.strip():
            word, tag = line.split("\t")
            words.append(word)
            tags.append(tag)
        elif words:
            sentences.append((words, tags))
            words, tags = [], []
    return sentences


def made_up(count: int = 600) -> list[Sentence]:
    """Sentences about towns and people, for those who have no data at hand."""
    draw = random.Random(7)
    sentences = []
    for _ in range(count):
        town, name = draw.choice(["Oslo", "New Delhi", "Lima"]).split(), draw.choice(["Ada", "Alan Turing"]).split()
        words = [*name, draw.choice(["saw", "left"]), *town, draw.choice(["today", "again"])]
        tags = [*marked(name, "person"), "O", *marked(town, "location"), "O"]
        sentences.append((words, tags))
    return sentences


def marked(words: list[str], kind: str) -> list[str]:
    """The tags of one entity."""
    return [f"{'B' if at == 0 else 'I'}-{kind}" for at in range(len(words))]


def tokenizer(sentences: list[Sentence]) -> Any:
    """A tokenizer with pieces of words, learned from these sentences."""
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=2000, special_tokens=special)
    pieces.train_from_iterator((" ".join(words) for words, _ in sentences), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def row(sentence: Sentence, words: Any, labels: list[str]) -> dict[str, Any]:
    """A sentence for the model: the first piece of each word carries its label, the others are masked."""
    encoded = words(sentence[0], is_split_into_words=True, truncation=True, max_length=96)
    marks, before = [], None
    for word in encoded.word_ids():
        marks.append(-100 if word is None or word == before else labels.index(sentence[1][word]))
        before = word
    return {"input_ids": encoded["input_ids"], "attention_mask": encoded["attention_mask"], "labels": marks}


def model(words: Any, labels: list[str]) -> Any:
    """A BERT of 200,000 parameters that knows the names of its labels."""
    return BertForTokenClassification(
        BertConfig(
            vocab_size=len(words),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=128,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
    )


def arguments(folder: str, **changed: Any) -> TrainingArguments:
    """Settings of a short training."""
    return TrainingArguments(
        output_dir=folder,
        **{
            "per_device_train_batch_size": 16,
            "per_device_eval_batch_size": 64,
            "learning_rate": 3e-3,
            "logging_steps": 5,
            "eval_strategy": "epoch",
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "use_cpu": True,
            "dataloader_pin_memory": False,
            **changed,
        },
    )


if __name__ == "__main__":
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("folder", nargs="?", type=Path)
    given.add_argument("--epochs", type=float, default=5)
    asked = given.parse_args()
    print(main(asked.folder, asked.epochs))
