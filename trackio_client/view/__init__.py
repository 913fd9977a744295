"""The browser's half: framework-free ES modules, drawn by the Space, by a static page, by shared pages and reports."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

_IMPORT: Final = re.compile(r"""\b(?:from|import)\s*"\./([\w.]+\.js)\"""")
_LATER: Final = re.compile(r"""\bimport\("\./([\w.]+\.js)"\)""")


def source(name: str) -> bytes:
    """The content of a file of this folder."""
    return (files(__name__) / name).read_bytes()


@lru_cache
def modules(first: str, *, later: bool = False) -> tuple[str, ...]:
    """A module and those that it imports, by name; with `later` also those that are fetched when they are wanted."""
    found, open_ = set[str](), [first]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            text = source(name).decode()
            open_ += _IMPORT.findall(text) + (_LATER.findall(text) if later else [])
    return tuple(sorted(found))
