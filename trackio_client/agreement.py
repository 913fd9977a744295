"""A Space and a dataset repo were both named: does that Space keep its experiments in that repo?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from trackio_client.errors import DeliveryError
from trackio_client.notices import Notices
from trackio_client.settings import Settings, is_staged

PAUSES_S = (0.0, 5.0, 30.0, 120.0)
"""Between questions while the Space does not answer: one that slept takes a minute to wake."""


def compare_soon(settings: Settings, notices: Notices) -> None:
    """Ask the Space in the background, and say on the console when it keeps another repo."""
    if settings.url is None or settings.dataset_repo is None or is_staged(settings.url) or settings.mode != "online":
        return
    threading.Thread(target=_compare, args=(settings, notices), name="trackio-compare", daemon=True).start()


def _compare(settings: Settings, notices: Notices) -> None:
    from trackio_client.delivery.address import address_of
    from trackio_client.delivery.http import HttpTransport

    transport = HttpTransport(address_of(settings.url or ""), token=settings.token, hub_token=settings.hub_token)
    try:
        told = difference(transport.health, settings.dataset_repo or "", transport.destination)
    finally:
        transport.close()
    if told is not None:
        notices.warn("repo", told)


def difference(
    ask: Callable[[], dict[str, Any]],
    repo: str,
    address: str,
    *,
    pauses: Sequence[float] = PAUSES_S,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """What to tell a user whose Space keeps another repo, or none; None if all is well, or it does not say."""
    for pause in pauses:
        sleep(pause)
        try:
            health = ask()
        except DeliveryError:
            continue
        if "repo" not in health or health["repo"] == repo:  # it is told to those who may read, by newer Spaces
            return None
        other = health["repo"]
        keeps = f"the dataset repo {other!s:.200}, not" if other else "no dataset repo, so also not"
        return (
            f"the Space at {address} keeps its experiments in {keeps} {repo}, which is set here. They go to the Space "
            "all the same. Set TRACKIO_DATASET_REPO in the Space's settings, or monitoring_mode='dataset' here"
        )
    return None
