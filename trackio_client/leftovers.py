"""Logs whose processes are gone: an owner of an experiment sends them along with its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from trackio_client.delivery.account import Account
from trackio_client.delivery.replay import pending, sync
from trackio_client.delivery.transport import Transport
from trackio_client.notices import Notices
from trackio_client.settings import Settings

ORPHANS_S = 3.0
"""How long an ended program waits for logs that earlier ones left: they can also go with the next."""


class Leftovers:
    """Sends what earlier processes left in the background, and at the end what children of this one left."""

    def __init__(self, settings: Settings, transport_for: Callable[[str], Transport | None], notices: Notices) -> None:
        self._settings, self._transport_for, self._notices = settings, transport_for, notices
        self._thread: threading.Thread | None = None
        self._ended_at: float | None = None

    def start(self) -> None:
        """Look for logs of earlier processes, without making this one wait."""
        self._thread = threading.Thread(target=self._run, name="trackio-replay", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            if any(not spool.is_live for spool in pending(self._settings.spool_path)):
                for receipt in sync(self._settings.spool_path, self._transport_for, should_stop=self._is_over):
                    if text := receipt.lost_text():
                        self._notices.warn(f"missing:{receipt.experiment_id}", text)
        except Exception as error:  # a thread's outermost edge: training goes on, and the logs stay where they are
            self._notices.warn(
                "leftovers",
                f"logs of earlier processes could not be sent ({type(error).__name__}: {error}). They are kept; "
                "`trackio-client status` shows them, `trackio-client sync` sends them",
            )

    def end(self) -> None:
        """The program has ended: it waits a little for logs of others, not long."""
        self._ended_at = time.monotonic()

    def _is_over(self) -> bool:
        return self._ended_at is not None and time.monotonic() > self._ended_at + ORPHANS_S

    def of_experiment(self, experiment_id: str, timeout_s: float) -> list[Account]:
        """Send the logs of this experiment whose processes (forks, killed ranks on this machine) are gone."""
        if self._thread is not None:
            self._thread.join(min(timeout_s, ORPHANS_S))
        try:
            found = sync(
                self._settings.spool_path, self._transport_for, experiment_id=experiment_id, timeout_s=timeout_s
            )
        except OSError as error:
            self._notices.warn("children", f"logs of this experiment's other processes cannot be read: {error}")
            return []
        return [account for receipt in found for account in receipt.own]
