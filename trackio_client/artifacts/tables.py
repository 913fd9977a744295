"""The table that was added to an artifact, given back: `artifact.add(table, "rows")`, `artifact.get("rows")`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trackio_client.artifacts.entry import Entry
from trackio_client.artifacts.fetching import fetch

if TYPE_CHECKING:
    from trackio_client.media import Table
    from trackio_client.reader.source import Source


def table_of(entry: Entry, source: Callable[[], Source] | None) -> Table | None:
    """The table in a file; None if its content is not kept, or is no table."""
    with tempfile.TemporaryDirectory(prefix="trackio-artifact-") as place:
        path = fetch(entry, Path(place) / "table", source)
        try:
            told = {} if path is None else json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # a file of another kind, or one that lies elsewhere
            return None
    if not isinstance(told, dict) or not {"columns", "data"} <= told.keys():
        return None
    from trackio_client.media import Table  # here: who fetches files needs no media

    return Table(columns=told["columns"], data=told["data"])
