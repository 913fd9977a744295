"""Which tests hold which numbered requirement: `python tests/requirements.py` (`make requirements`).

Reads the markers from the tests' syntax, so nothing is imported or run. Ids that no line of docs/requirements.md has
are an error; requirements without a test end the list.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LINE = re.compile(r"- (?P<id>S\d\.\d+) (?P<text>.+)")


def known() -> dict[str, str]:
    """Id to text of every requirement, in the order of the list."""
    lines = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8").splitlines()
    return {match["id"]: match["text"] for line in lines if (match := _LINE.match(line))}


def marked() -> dict[str, list[str]]:
    """Id to the tests that carry it, as `path::test`; a marked class or module counts as one."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        place = path.relative_to(ROOT).as_posix()
        for name, ids in _markers(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            for one in ids:
                found.setdefault(one, []).append(f"{place}::{name}" if name else place)
    return found


def _markers(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for decorator in node.decorator_list:
                yield node.name, _ids(decorator)
        elif isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "pytestmark" for t in node.targets):
            for call in ast.walk(node.value):
                yield "", _ids(call)


def _ids(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requirement":
        return [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    return []


def main() -> int:
    """Print the list. 1 when a test names an id that does not exist."""
    texts, tests = known(), marked()
    for one, text in texts.items():
        if one in tests:
            print(f"{one}  {text[:100]}")
            for test in dict.fromkeys(tests[one]):
                print(f"    {test}")
    without = [one for one in texts if one not in tests]
    print(f"\n{len(texts) - len(without)} of {len(texts)} requirements have a test. Without one:")
    for chapter in sorted({one.split(".")[0] for one in without}):
        print(f"  {chapter}: " + " ".join(one for one in without if one.startswith(chapter + ".")))
    strange = sorted(set(tests) - set(texts))
    for one in strange:
        print(f"{one} is no requirement: {tests[one][0]}", file=sys.stderr)
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
