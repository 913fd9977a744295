"""What `log()` takes for media: our types, lists of them, figures, Pillow images, data frames."""

from __future__ import annotations

import sys
from typing import Any

from trackio_client.media.figures import Plotly, is_figure, is_plotly
from trackio_client.media.keeping import Media


def as_media(value: Any) -> list[Media] | None:
    """The media that a value of `log()` is: one, or all of a list. None if it is something else."""
    if isinstance(value, (list, tuple)):
        if not value or len(value) > 100_000:
            return None
        found = [_one(each) for each in value]
        return [each for each in found if each is not None] if all(each is not None for each in found) else None
    one = _one(value)
    return None if one is None else [one]


def _one(value: Any) -> Media | None:
    if isinstance(value, Media):
        return value
    if is_plotly(value):
        return Plotly(value)
    if is_figure(value) or _is_of("PIL.Image", "Image", value):
        from trackio_client.media.pictures import Image

        return Image(value)
    if _is_of("pandas", "DataFrame", value) or _is_of("polars", "DataFrame", value):
        from trackio_client.media.tables import Table

        return Table(dataframe=value)
    return None


def _is_of(module: str, name: str, value: Any) -> bool:
    """Whether a value is of a class of a package, which is not imported to find out."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(value, kind)
