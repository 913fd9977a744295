"""A language model and a tokenizer of a few thousand parameters, made here: the examples download nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CHAT = (
    "{% for message in messages %}{{ message['role'] + ' : ' + message['content'] + ' ' }}{% endfor %}{{ eos_token }}"
)


def tokenizer(texts: Iterable[str]) -> Any:
    """A tokenizer that knows the words of these texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["<pad>", "<eos>", "<unk>"]
    words.train_from_iterator(
        [*texts, "user : assistant :"], trainers.WordLevelTrainer(vocab_size=400, special_tokens=special)
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=special[0], eos_token=special[1], unk_token=special[2]
    )
    made.chat_template = CHAT
    return made


def language_model(words: Any) -> Any:
    """A Llama of two layers for this tokenizer."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        pad_token_id=words.pad_token_id,
        bos_token_id=words.eos_token_id,
        eos_token_id=words.eos_token_id,
    )
    return LlamaForCausalLM(config)
