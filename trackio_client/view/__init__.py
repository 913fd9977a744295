"""The browser's half: framework-free ES modules, drawn by the Space, by a static page, by shared pages and reports."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

STYLES: Final = tuple(
    f"styles/{name}.css"
    for name in (
        "page",
        "overview",
        "views",
        "table",
        "charts",
        "facts",
        "experiment",
        "media",
        "gallery",
        "artifacts",
        "compare",
        "causes",
        "single",
    )
)
"""What a page of ours needs, in this order."""
_SPECIFIER: Final = r"""\.{1,2}/[\w./-]+\.js"""
_IMPORT: Final = re.compile(rf"""\b(?:from|import)\s*"({_SPECIFIER})\"""")
_LATER: Final = re.compile(rf"""\bimport\("({_SPECIFIER})"\)""")


def source(name: str) -> bytes:
    """The content of a file of this folder, by its path in it."""
    return files(__name__).joinpath(*name.split("/")).read_bytes()


def resolved(importer: str, specifier: str) -> str:
    """The path of what a module imports: ("charts/chart.js", "../base/dom.js") is "base/dom.js"."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))


@lru_cache
def modules(first: str, *, later: bool = False) -> tuple[str, ...]:
    """A module and those that it imports, by path; with `later` also those that are fetched when they are wanted."""
    found, open_ = set[str](), [first]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            text = source(name).decode()
            asked = _IMPORT.findall(text) + (_LATER.findall(text) if later else [])
            open_ += [resolved(name, specifier) for specifier in asked]
    return tuple(sorted(found))
