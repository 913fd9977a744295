"""The card of a Space: front matter that the platform reads, and a page for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

TAG: Final = "trackio"
_LINE: Final = re.compile(r"^(\w+):[ \t]*(.*)$")


def card_of_space(space: str, *, gradio: str, python: str = "3.12") -> str:
    """The card of a new Gradio Space.

    Args:
        space: `owner/name`.
        gradio: its version.
        python: "3.12"; ZeroGPU wants three numbers.
    """
    return _front(
        {
            "title": json.dumps(space.partition("/")[2]),  # 1.5 is no number here
            "emoji": "📈",
            "colorFrom": "indigo",
            "colorTo": "green",
            "sdk": "gradio",
            "sdk_version": gradio,
            "python_version": json.dumps(python),  # in quotes: YAML reads 3.10 as a number, and that as 3.1
            "app_file": "app.py",
            "license": "apache-2.0",
            "pinned": "false",
            "hf_oauth": "true",
            "short_description": "Experiments, live",
            "tags": f"\n- {TAG}",
        }
    ) + (
        "\nExperiments, live: made by `trackio-client deploy`, and brought up to date by the same command.\n"
        "Its settings stand under Settings, Variables and secrets; `/configuration` shows what is in force.\n"
    )


def updated(card: str, values: Mapping[str, str]) -> str | None:
    """A card with some values of its front matter replaced or added; all else is as its owner wrote it.

    Returns None if it has no front matter, or none that can be told apart line by line.
    """
    lines = card.splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        return None
    end = next(n for n, line in enumerate(lines) if n and line.strip() == "---")
    left = dict(values)
    for n in range(1, end):
        found = _LINE.match(lines[n])
        if found and found[1] in left:
            lines[n] = f"{found[1]}: {left.pop(found[1])}"
    lines[end:end] = [f"{name}: {value}" for name, value in left.items()]
    return "\n".join(lines) + "\n"


def _front(fields: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}".replace(": \n", ":\n") for name, value in fields.items()]
    return "\n".join(["---", *lines, "---", ""])
