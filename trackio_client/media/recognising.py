"""What `log()` takes for media: our types, lists of them, figures, Pillow images, data frames, long arrays."""

from __future__ import annotations

import sys
from typing import Any, Final

from trackio_client.media.figures import Plotly, is_figure, is_plotly
from trackio_client.media.keeping import Media

LISTED: Final = 32
"""Numbers that are a list; more of them are shown by how they are spread, as W&B does."""


def as_media(value: Any) -> list[Media] | None:
    """The media that a value of `log()` is: one, or all of a list. None if it is something else."""
    if isinstance(value, (list, tuple)):
        if not value or len(value) > 100_000:
            return None
        if len(value) > LISTED and all(isinstance(each, (int, float)) for each in value):
            return [_spread(value)]
        found = [_one(each) for each in value]
        return [each for each in found if each is not None] if all(each is not None for each in found) else None
    one = _one(value)
    if one is None and _is_long_array(value):
        return [_spread(value)]
    return None if one is None else [one]


def _is_long_array(value: Any) -> bool:
    """Whether it is an array or tensor of more numbers than W&B keeps as a list."""
    if _is_of("torch", "Tensor", value):
        return int(value.numel()) > LISTED and not value.is_complex()
    is_array = any(_is_of(*named, value) for named in (("numpy", "ndarray"), ("pandas", "Series")))
    return is_array and value.size > LISTED and getattr(value.dtype, "kind", "O") in "biuf"


def _spread(value: Any) -> Media:
    from trackio_client.media.histograms import Histogram

    return Histogram(value)


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
