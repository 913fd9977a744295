"""Edits of one text by several people: of two that were begun from the same text, the second is refused."""

from __future__ import annotations

import hashlib
from typing import Final

_CHARACTERS: Final = 16
"""Of the hash: 64 bits tell two texts of one experiment apart."""


def notes_version(notes: str | None) -> str:
    """What an edit names as the notes that it was begun from: the same text is the same version. None is no notes."""
    return hashlib.sha256((notes or "").encode("utf-8", "surrogatepass")).hexdigest()[:_CHARACTERS]
