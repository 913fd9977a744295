"""What a training shows beside its numbers: pictures, sounds, tables, histograms, traces, figures.

    experiment.log({"samples": [Image(array, caption="7")], "confusion": Table(columns=[…], data=[…]), "loss": 0.5})

Each is an event `media`, whose files are named by their hash. Making one never raises for what it holds: a picture that
cannot be read is named once when it is logged, what is known of it is kept, and training goes on.
Each name is loaded when it is first used; numpy and Pillow only when something needs them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackio_client.media.charts import plot_table
    from trackio_client.media.figures import Plotly
    from trackio_client.media.histograms import Histogram
    from trackio_client.media.keeping import Media
    from trackio_client.media.models import Molecule, Object3D
    from trackio_client.media.pages import Html, Markdown
    from trackio_client.media.pictures import Classes, Image
    from trackio_client.media.sounds import Audio
    from trackio_client.media.tables import Table
    from trackio_client.media.traces import Trace
    from trackio_client.media.videos import Video

__all__ = [
    "Audio",
    "Classes",
    "Histogram",
    "Html",
    "Image",
    "Markdown",
    "Media",
    "Molecule",
    "Object3D",
    "Plotly",
    "Table",
    "Trace",
    "Video",
    "plot_table",
]

HOMES = {
    "Audio": "sounds",
    "Classes": "pictures",
    "Histogram": "histograms",
    "Html": "pages",
    "Image": "pictures",
    "Markdown": "pages",
    "Media": "keeping",
    "Molecule": "models",
    "Object3D": "models",
    "Plotly": "figures",
    "Table": "tables",
    "Trace": "traces",
    "Video": "videos",
    "plot_table": "charts",
}


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(importlib.import_module(f"trackio_client.media.{HOMES[name]}"), name)
    raise AttributeError(f"module 'trackio_client.media' has no attribute {name!r}")
