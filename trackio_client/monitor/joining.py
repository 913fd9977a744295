"""Which open experiment a monitor writes into: a process has one at a time, unless another one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trackio_client.delivery.address import address_of
from trackio_client.experiment import Experiment
from trackio_client.lifecycle import process
from trackio_client.route import LOCAL
from trackio_client.settings import settings_from


def place_asked(told: Mapping[str, str | None]) -> str | None:
    """Where arguments of a monitor send events: an address as `init` takes it, or "local"; None: they name no place.

    Raises:
        UsageError: they cannot be right, such as a dataset_repo that is no `owner/name`.
    """
    if not any(told.values()):
        return None
    settings = settings_from(
        forgives=True,
        url=told["trackio_url"],
        dataset_repo=told["dataset_repo"],
        monitoring_mode=told["monitoring_mode"],
    )
    return settings.url or LOCAL


def joined(name: str | None, project: str | None, place: str | None) -> Experiment | None:
    """The experiment that is open in this process, unless a name, a project or a place says that another is meant."""
    current = process.current
    if current is None or current.is_finished or name not in (None, current.name):
        return None
    if project not in (None, current.project):
        return None
    if place is not None and current.destination != (LOCAL if place == LOCAL else address_of(place)):
        return None
    return current


def given(text: Any) -> str | None:
    """A text that somebody gave; None for none, and for blanks."""
    return str(text).strip() or None if text is not None else None
