"""Looking at a repo's head because a writer waits, without letting the other writers wait for the Hub."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from trackio_client.errors import HubError, StoreError

log = logging.getLogger("trackio.hub")

FIRST_WAIT_S = 0.5
"""A head is read in a tenth of that. All writers wait so long for one that asks, once; then it asks again later."""
MOST_WAITING = 1000
"""Writers that are remembered; more than that are strays, and begin anew."""


class Looks:
    """Knows for each writer whether the head was read after it asked (protocol rule 9).

    Args:
        refresh: reads the head and makes known what it holds; may take a minute, and raises HubErrors, StoreErrors.
    """

    def __init__(self, refresh: Callable[[], object]) -> None:
        self._refresh = refresh
        self._changed = threading.Condition()
        self._is_looking = False
        self._asked: dict[str, float] = {}
        self._looked = -1.0  # when the last look began that came to its end
        self.problem = ""
        """Why the last look failed; empty if it did not."""

    def is_over(self, writer_id: str) -> bool:
        """Whether a look that began after this writer first asked is over. Begins one, and waits for it a moment."""
        with self._changed:
            is_first = writer_id not in self._asked
            if is_first and len(self._asked) >= MOST_WAITING:
                self._asked.clear()
            asked = self._asked.setdefault(writer_id, time.monotonic())
            until = time.monotonic() + (FIRST_WAIT_S if is_first else 0.0)
            while self._looked < asked:
                if not self._is_looking:
                    self._begin()
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
                if self.problem:
                    break
            return self._looked >= asked

    def forget(self, writer_id: str) -> None:
        """What this writer asked for has been used; the next gap needs a look of its own."""
        with self._changed:
            self._asked.pop(writer_id, None)

    def _begin(self) -> None:
        self._is_looking, self.problem = True, ""
        threading.Thread(target=self._look, name="trackio-look", daemon=True).start()

    def _look(self) -> None:
        began, problem = time.monotonic(), ""
        try:
            self._refresh()
        except (HubError, StoreError) as error:
            problem = str(error)
        except Exception as error:  # a thread's outermost edge: the writer hears of it and asks again
            log.exception("the head could not be read")
            problem = f"a mistake of the server ({type(error).__name__})"
        with self._changed:
            self._is_looking, self.problem = False, problem
            if not problem:
                self._looked = began
            self._changed.notify_all()
