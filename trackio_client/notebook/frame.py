"""A page in a frame of a notebook, and the notebook's own way to show something."""

from __future__ import annotations

import importlib
import sys
from html import escape


def frame_html(url: str, name: str, *, height: int = 420, hidden: bool = False) -> str:
    """An iframe of a page; `hidden` lets the reader open it."""
    frame = (
        f'<iframe src="{escape(url)}" title="{escape(name)}" loading="lazy" '
        f'style="border:none;width:100%;height:{int(height)}px"></iframe>'
    )
    return f"<details><summary>{escape(name)}</summary>{frame}</details>" if hidden else frame


def show(html: str) -> bool:
    """Show it below the cell that runs. False where no notebook is."""
    ipython = sys.modules.get("IPython")  # a notebook has loaded it; who has not is none
    shell = getattr(ipython, "get_ipython", lambda: None)()
    if shell is None or not hasattr(shell, "kernel"):  # a terminal shows no HTML
        return False
    shown = importlib.import_module("IPython.display")
    shown.display(shown.HTML(html))
    return True
