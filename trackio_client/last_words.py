"""The last events of a writer: the exception that ended it, if one did, and its end."""

from __future__ import annotations

import time
import traceback
from typing import Any, Final

from trackio_client.origin import Origin
from trackio_client.wire import events
from trackio_client.wire.frames import event_frame

MOST_MESSAGE_CHARACTERS: Final = 2_000
"""Of an exception's own text."""
MOST_TRACE_CHARACTERS: Final = 20_000
"""Of a trace: its end is what says where."""


def last_words(origin: Origin, end: dict[str, Any], error: BaseException | None) -> bytes:
    """The events as frames, one behind the other.

    Args:
        origin: whose; its masker takes secrets out of message and trace.
        end: fields of the `end` event, masked.
        error: what was raised. A KeyboardInterrupt is no error: the end says that it was interrupted.
    """
    ranks, time_us = origin.ranks, time.time_ns() // 1000
    place = {"rank": ranks.rank, "world_size": ranks.world_size} if ranks.world_size > 1 else {"rank": None}
    told = [{"kind": events.END, "time_us": time_us, **end, **place}]
    if error is not None and not isinstance(error, KeyboardInterrupt):
        trace = "".join(traceback.format_exception(error))[-MOST_TRACE_CHARACTERS:]
        raised = {
            "kind": events.ERROR,
            "time_us": time_us,
            "step": None,
            "error": type(error).__name__,
            "message": origin.mask(str(error)[:MOST_MESSAGE_CHARACTERS]),
            "trace": origin.mask(trace),
            "rank": place["rank"],
        }
        told.insert(0, raised)
    return b"".join(event_frame(events.plain(event)) for event in told)
