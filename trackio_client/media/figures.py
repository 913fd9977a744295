"""Figures: matplotlib's become pictures, plotly's are kept as their JSON."""

from __future__ import annotations

import io
import json
import sys
from typing import Any, ClassVar

from trackio_client.media.keeping import Keeper, Media, NotKept, as_path


def is_figure(value: Any) -> bool:
    """A matplotlib figure, or the module pyplot with its current one. Nothing is imported to find out."""
    if value is sys.modules.get("matplotlib.pyplot") and value is not None:
        return True
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.FigureBase)


def is_plotly(value: Any) -> bool:
    """A figure of plotly."""
    module = sys.modules.get("plotly.basedatatypes")
    return module is not None and isinstance(value, module.BaseFigure)


def png_of(figure: Any) -> bytes:
    """A matplotlib figure as PNG, 150 dots an inch."""
    if not hasattr(figure, "savefig") or figure is sys.modules.get("matplotlib.pyplot"):
        figure = figure.gcf()
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=150, bbox_inches="tight")
    return out.getvalue()


class Plotly(Media):
    """A figure of plotly, kept as JSON: the page draws it. A matplotlib figure is kept as picture.

    Args:
        val: the figure, its JSON as text or dict, or the path of a JSON file.
    """

    kind: ClassVar[str] = "plotly"

    def __init__(self, val: Any, caption: str | None = None) -> None:
        self.caption = caption
        self._given = val

    @classmethod
    def make_plot_media(cls, val: Any) -> Media:
        """W&B's name for: whatever figure this is, as media."""
        if is_figure(val):
            from trackio_client.media.pictures import Image

            return Image(val)
        return cls(val)

    def kept(self, keeper: Keeper) -> dict[str, Any]:
        text = self._json()
        content = json.loads(text)
        if not isinstance(content, dict) or "data" not in content:
            raise NotKept("it is no figure of plotly: its JSON has no 'data'")
        item = keeper.file(keeper.mask(text).encode(), "application/vnd.plotly.v1+json")
        title = (content.get("layout") or {}).get("title")
        title = title.get("text") if isinstance(title, dict) else title
        return {**item, "title": str(title)[:500]} if title else item

    def _json(self) -> str:
        given = self._given
        if hasattr(given, "to_json"):
            return str(given.to_json())
        if isinstance(given, dict):
            return json.dumps(given)
        if isinstance(given, str) and given.lstrip().startswith("{"):
            return given
        path = as_path(given)
        if path is None:
            raise NotKept(f"a {type(given).__name__} is no figure of plotly")
        return path.read_text(encoding="utf-8")
