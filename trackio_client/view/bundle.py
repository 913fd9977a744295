"""A page's first modules as one: what a browser needs for the first chart comes in one answer instead of ninety.

A browser asks for ninety small files six at a time, which takes it longer than all else of the first load. So below
`<root>/` stands the same library for one page:

    page.js             the entry and all that it imports at once, each module a function of its own, in their order
    styles/all.css      all styles
    <any module>        of those in page.js: what it exports, out of there; another: as it is, but what it imports of
                        page.js it takes out of there, so that each module exists once

It is put together from the text, by the few forms of import and export that our modules have (`Unbundled` names any
other); no tool builds anything. Lines that are comments, types of values and indents stay behind: a quarter of all
bytes, packed.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from trackio_client.view import STYLES, modules, resolved, source

PAGE: Final = "page.js"
ALL_STYLES: Final = "styles/all.css"
_HELD: Final = "globalThis.trackioModules"
_NAMES: Final = r"\{([^{}]*)\}"
_FROM: Final = r""" from "(\.{1,2}/[\w./-]+\.js)";"""
_IMPORT: Final = re.compile(rf"^import {_NAMES}{_FROM}", re.MULTILINE)
_PASSED_ON: Final = re.compile(rf"^export {_NAMES}{_FROM}", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ((?:async )?function\*?|class|const) (\w+)", re.MULTILINE)
_LATER: Final = re.compile(r"""(?<![\w.{])import\("(\.{1,2}/[\w./-]+\.js)"\)""")
COMMENT: Final = re.compile(r"^[ \t]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
TYPE: Final = re.compile(r"/\*\* @type \{[^\n]*?\} \*/ ?")
INDENT: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_LEFT: Final = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class Unbundled(Exception):
    """A module imports or exports in a form that is not known here."""


class Bundle:
    """The library as one page loads it."""

    def __init__(self, entry: str) -> None:
        """`entry` is the path of the page's first module."""
        self.entry = entry
        self.names = frozenset(modules(entry))

    @cached_property
    def page(self) -> str:
        """The text of page.js. It exports what the entry does.

        Raises:
            Unbundled: a module has an import or export that is not known here.
        """
        parts = [f"{_HELD} ??= {{}};"]
        parts += [self._as_function(name) for name in self._in_order()]
        names = ", ".join(sorted(exported(source(self.entry).decode())))
        return "\n".join([*map(without_comments, parts), f'export const {{ {names} }} = {_HELD}["{self.entry}"];\n'])

    def file(self, name: str) -> bytes | None:
        """What stands below the root under a name; None: as it is in the library."""
        if name == PAGE:
            return self.page.encode()
        if name == ALL_STYLES:
            return without_comments("\n".join(source(each).decode() for each in STYLES)).encode()
        if name in self.names:
            names = ", ".join(sorted(exported(source(name).decode())))
            # Whoever asks for a module first gets all of them.
            return f'import "{_up(name)}{PAGE}";\nexport const {{ {names} }} = {_HELD}["{name}"];\n'.encode()
        if not name.endswith(".js") or "/" not in name:
            return None
        text = _IMPORT.sub(lambda found: self._taken(name, found), source(name).decode())
        # Where a module says its own address, it means the library's.
        own = f'new URL("{_up(name)}../{name}", import.meta.url).href'
        return without_comments(text.replace("import.meta.url", own)).encode()

    def _in_order(self) -> list[str]:
        """Each module behind all that it imports."""
        found: dict[str, None] = {}

        def add(name: str, above: tuple[str, ...]) -> None:
            if name in above:
                raise Unbundled(f"{' imports '.join((*above, name))}: a module cannot wait for itself")
            if name not in found:
                text = source(name).decode()
                for each in (*_IMPORT.findall(text), *_PASSED_ON.findall(text)):
                    add(resolved(name, each[1]), (*above, name))
                found[name] = None

        add(self.entry, ())
        return list(found)

    def _as_function(self, name: str) -> str:
        text = source(name).decode()
        names = ", ".join(sorted(exported(text)))

        def passed_on(found: re.Match[str]) -> str:
            return f'const {_destructured(found[1])} = {_HELD}["{resolved(name, found[2])}"];'

        text = _IMPORT.sub(passed_on, text)
        text = _PASSED_ON.sub(passed_on, text)
        text = _EXPORT.sub(r"\1 \2", text)
        text = _LATER.sub(lambda found: f'import("./{resolved(name, found[1])}")', text)
        if left := _LEFT.search(text):
            raise Unbundled(f"{name}: {left[0][:80]!r} is no import or export that a bundle knows")
        return f'{_HELD}["{name}"] = (() => {{\n{text}\nreturn {{ {names} }};\n}})();'

    def _taken(self, name: str, found: re.Match[str]) -> str:
        wanted = resolved(name, found[2])
        if wanted not in self.names:
            return found[0]
        return f'const {_destructured(found[1])} = {_HELD}["{wanted}"];'


def without_comments(text: str) -> str:
    """A script or style without lines that are comments, types of values and indents.

    No text of ours goes over lines or holds such a comment: a test looks at each.
    """
    return INDENT.sub("", TYPE.sub("", COMMENT.sub("", text)))


def exported(text: str) -> set[str]:
    """The names that a module exports."""
    names = {name for _, name in _EXPORT.findall(text)}
    for listed, _ in _PASSED_ON.findall(text):
        names |= {part.split(" as ")[-1].strip() for part in listed.split(",") if part.strip()}
    return names


def _destructured(listed: str) -> str:
    return "{" + listed.replace(" as ", ": ") + "}"


def _up(name: str) -> str:
    """From a module to the root."""
    return "../" * name.count("/") or "./"
