"""Whether strangers can reach this server at all, which share links need: a private Space answers them 404 itself.

The platform tells a Space everything but this. `deploy` sets TRACKIO_SPACE_VISIBILITY; where it is not set, the Hub is
asked once, in the background, with the Space's own HF_TOKEN. Not knowing closes nothing: if the Space is private after
all, links lead to the Hub's own 404.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from space.settings import VISIBILITIES, HubSettings

log = logging.getLogger("trackio")

_PRIVATE: Final = (
    "This Space is private: the Hub shows it to its owner and collaborators only and answers everybody else 404, "
    "before this server hears of it. So a link would open for nobody. Make the Space protected (its code stays "
    "private, links work; needs PRO, Team or Enterprise) or public in its settings, and set TRACKIO_SPACE_VISIBILITY "
    "to the same word; or send the experiment as one HTML file, which needs no server."
)
_ASK_S: Final = 15.0


class Visibility:
    """What is known of it now."""

    def __init__(self, hub: HubSettings) -> None:
        self._hub = hub
        self.word = hub.visibility if hub.space_id else None
        """public, protected, private, or None: no Space, or not known."""

    @property
    def may_share(self) -> bool:
        """Whether share links can work."""
        return self.word != "private"

    @property
    def why_not(self) -> str | None:
        """Why they cannot, and what to do."""
        return None if self.may_share else _PRIVATE

    def ask_soon(self) -> None:
        """Ask the Hub, if there is something to ask, without waiting for it."""
        if self._hub.space_id and self.word is None:
            threading.Thread(target=self.ask, name="trackio-visibility", daemon=True).start()

    def ask(self) -> None:
        """Ask the Hub now. What goes wrong is logged and leaves it unknown."""
        from huggingface_hub import HfApi  # late: a server that is no Space never loads it
        from huggingface_hub.errors import HfHubHTTPError

        try:
            info = HfApi().space_info(self._hub.space_id, timeout=_ASK_S)
        except (HfHubHTTPError, OSError, ValueError) as error:  # the first is an OSError too; its text may hold a page
            log.warning("whether the Space is private could not be asked of the Hub (%s)", type(error).__name__)
            return
        word = getattr(info, "visibility", None)
        if word not in VISIBILITIES:
            word = None if info.private is None else "private" if info.private else "public"
        self.word = word
