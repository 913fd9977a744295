"""Where our CPU goes in a training: of the training's own thread by event, and of each thread and process beside it.

A difference between two trainings drowns parts of 0.1 % in noise; here each part's own CPU clock is read around it.
What no clock sees (caches that our work empties, handing over the interpreter's lock) is in the pairs of turns.py.
"""

from __future__ import annotations

import contextlib
import functools
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

BEGINNING, STEPS, LOGS, EVALUATIONS, END = "begin: data, model, identity", "steps", "logs", "evaluations", "end"
EVENTS: Final = {
    "on_init_end": BEGINNING, "train_begins": BEGINNING, "on_train_begin": BEGINNING,
    "on_step_begin": STEPS, "went_backward": STEPS, "clipped": STEPS, "on_optimizer_step": STEPS, "on_step_end": STEPS,
    "on_epoch_end": STEPS, "on_log": LOGS, "on_save": EVALUATIONS, "evaluation_begins": EVALUATIONS,
    "observed": EVALUATIONS, "on_evaluate": EVALUATIONS, "on_train_end": END,
}  # fmt: skip
"""What the callback hears → the part it is counted under."""
THREADS: Final = {
    "trackio-sender": "sending, and the store",
    "trackio-environment": "environment: thread",
    "trackio-hardware": "hardware",
}
CHILDREN: Final = "environment: git and other programs"
OTHER_THREADS: Final = "other threads"
PARTS: Final = (BEGINNING, STEPS, LOGS, EVALUATIONS, END, *THREADS.values(), CHILDREN, OTHER_THREADS)


@contextlib.contextmanager
def counted() -> Iterator[Counter[str]]:
    """Part → CPU seconds of what runs within, in every thread that begins within."""
    from trackio_client.integrations.transformers import TrackioCallback
    from trackio_client.integrations.transformers.observing import Observer

    spent: Counter[str] = Counter()
    inside = threading.local()

    def clocked(part: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def run(*given: Any, **named: Any) -> Any:
            if getattr(inside, "depth", 0):  # an event in an event is the outer one's
                return method(*given, **named)
            began, inside.depth = time.thread_time(), 1
            try:
                return method(*given, **named)
            finally:
                inside.depth = 0
                spent[part] += time.thread_time() - began

        return run

    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        if thread.name.startswith("trackio"):
            thread.run = clocked(THREADS.get(thread.name, OTHER_THREADS), thread.run)  # type: ignore[method-assign]
        start(thread)

    before = _of_children()
    with contextlib.ExitStack() as stack:
        for owner, name, part in [(TrackioCallback, *one) for one in EVENTS.items()] + [
            (Observer, "hear", EVALUATIONS)
        ]:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, clocked(part, getattr(owner, name)))
        stack.callback(setattr, threading.Thread, "start", start)
        threading.Thread.start = started  # type: ignore[method-assign]
        yield spent
    spent[CHILDREN] += _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
