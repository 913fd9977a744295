"""Secrets never reach the spool: values that look like one, or that stand under a name of one, become `MASK`.

By name: `hf_token`, `api_key`, `password` … but not `num_tokens`, `tokenizer` or `eos_token`. By look: the shapes of
known tokens, keys in addresses and headers. By value: what the environment holds under such a name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain, count, pairwise
from typing import Any

MASK = "***"
MOST_NAMES = 10_000
"""Names remembered with their masked form: a call with a tensor in it must not look for secrets anew each time."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET = frozenset(
    (
        "secret",
        "secrets",
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "credential",
        "credentials",
        "apikey",
        "authorization",
        "bearer",
        "cookie",
    )
)
_SECRET_PAIRS = frozenset(
    (("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("account", "key"), ("auth", "key"))
)
_TEXT_TOKENS = frozenset(
    [
        "eos",
        "bos",
        "pad",
        "unk",
        "sep",
        "cls",
        "mask",
        "begin",
        "end",
        "start",
        "stop",
        "image",
        "audio",
        "video",
        "think",
        "tool",
        "system",
        "user",
        "assistant",
        "first",
        "last",
        "next",
        "new",
        "decoder",
        "forced",
        "num",
        "max",
        "min",
        "per",
        "special",
        "prompt",
        "trigger",
        "class",
        "instance",
        "placeholder",
        "generation",
        "suppress",
    ]
)

_LOOKS = re.compile(
    r"\bhf_[A-Za-z0-9]{16,}"  # Hugging Face
    r"|\btrackio_(?:viewer|writer)_[A-Za-z0-9_\-]{20,}"  # ours (space/api/tokens.py)
    r"|\b(?:sk|pk|rk)-(?:[A-Za-z]+-)*[A-Za-z0-9_\-]{20,}"  # OpenAI, Anthropic …
    r"|\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_\-]{16,}"
    r"|\bxox[abposr]-[A-Za-z0-9\-]{10,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_\-]{40,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_\-]{30,}"
    r"|\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
_IN_ADDRESS = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_ASSIGNED = re.compile(
    r"(?i)((?:\b|_|--)(?:api[_-]?key|access[_-]?key|secret[_-]?key|secret|password|passwd|(?:hf|auth|access|write|trackio|refresh|bearer)[_-]token)"
    r"[\"']?\s*[=:\s]\s*[\"']?)(?!\s)([^\s\"',;&]{4,})"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/\-]{8,}=*")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """A name under which people keep secrets."""
    words = [word.lower() for word in _WORDS.findall(name.rpartition("/")[2])]
    if _SECRET.intersection(words):
        return True
    if any(pair in _SECRET_PAIRS for pair in pairwise(words)):
        return True
    return words[-1:] == ["token"] and not _TEXT_TOKENS.intersection(words[:-1])


class Masker:
    """Masks texts and configurations. Knows the secrets that the process was given."""

    def __init__(self, secrets: Iterable[str | None] = (), environ: Mapping[str, str] = os.environ) -> None:
        known = {text for text in secrets if text and len(text) >= 6}
        known |= {
            value for name, value in environ.items() if len(value) >= 8 and is_secret_name(name) and not _is_dull(value)
        }
        self._names: dict[str, str] = {}
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, text: str) -> str:
        """The text with every secret in it masked. Linear in its length."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        text = _LOOKS.sub(MASK, text)
        if "://" in text:
            text = _IN_ADDRESS.sub(rf"\1{MASK}\2", text)
        text = _ASSIGNED.sub(rf"\1{MASK}", text)
        return _BEARER.sub(rf"\1{MASK}", text)

    def words(self, words: Iterable[str]) -> list[str]:
        """A command line: what stands after `--hf_token` is masked however it looks, as in `--hf_token=…`."""
        masked: list[str] = []
        is_next_secret = False
        for word in words:
            option, mark, value = word.partition("=")
            if is_next_secret and not word.startswith("--"):
                masked.append(MASK)
            elif mark and value and _is_secret_option(option):
                masked.append(f"{option}={MASK}")
            else:
                masked.append(self.text(word))
            is_next_secret = not mark and word.startswith("-") and _is_secret_option(word)
        return masked

    def names(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """The same values under masked names. Two names that are one when masked are told apart by a number."""
        return {self._names.get(name) or self._masked_name(name): value for name, value in named.items()}

    def _masked_name(self, name: str) -> str:
        if len(self._names) >= MOST_NAMES:
            self._names.clear()
        masked = self.text(name)
        if masked != name:
            taken = set(self._names.values())
            numbered = (f"{masked[:240]} ({n})" for n in count(2))
            masked = next(free for free in chain([masked], numbered) if free not in taken)
        self._names[name] = masked
        return masked

    def config(self, value: Any, name: str = "") -> Any:
        """A JSON value with secrets masked by name, value and look."""
        if isinstance(value, dict):
            return {self.text(key): self.config(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.config(item, name) for item in value]
        if name and is_secret_name(name) and value not in (None, "", True, False) and not _is_markup(value):
            return MASK
        return self.text(value) if isinstance(value, str) else value


def _is_secret_option(text: str) -> bool:
    name = text.lstrip("-").replace("-", "_")
    return name.isidentifier() and is_secret_name(name)


def _is_dull(value: str) -> bool:
    """Paths and switches stand under such names too (SSH_AUTH_…, KRB5_…): masking them would blank half a log."""
    return value.startswith(("/", "~", "http://", "https://")) or value.lower() in ("disabled", "required", "optional")


def _is_markup(value: Any) -> bool:
    """`<|endoftext|>`, `[MASK]`: a token of a tokenizer."""
    return isinstance(value, str) and value[:1] + value[-1:] in ("<>", "[]")
