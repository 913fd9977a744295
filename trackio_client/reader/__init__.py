"""Reading what was logged: `Api` asks a Space over HTTP or a local store, with the same answers."""

from __future__ import annotations

from trackio_client.reader.api import Api
from trackio_client.reader.experiment import LoggedExperiment
from trackio_client.store.contract import Series

__all__ = ["Api", "LoggedExperiment", "Series"]
