"""What was refused is told once, whoever tells it."""

from __future__ import annotations

import json
import threading

from trackio_client.refusals import Refusals
from trackio_client.wire.frames import HEAD_BYTES, frame_at


def content(raw: bytes) -> dict[str, object]:
    frame = frame_at(raw, 0)
    assert frame is not None
    found: dict[str, object] = json.loads(raw[HEAD_BYTES : HEAD_BYTES + frame.size])
    return found


def test_two_threads_that_tell_at_once_tell_each_refusal_once() -> None:
    refusals, told = Refusals(), []
    inside, go_on = threading.Event(), threading.Event()

    def slowly(raw: bytes) -> None:
        inside.set()
        go_on.wait(60)
        told.append(content(raw))

    refusals.count("odd", 3)
    refusals.count("odd", 7)
    first = threading.Thread(target=refusals.tell, args=(slowly,))
    first.start()
    assert inside.wait(60)
    refusals.count("odd", 9)  # while the first two are being told
    second = threading.Thread(target=refusals.tell, args=(slowly,))
    second.start()
    go_on.set()
    first.join(60)
    second.join(60)
    assert [(event["count"], event["first_step"], event["last_step"]) for event in told] == [(2, 3, 7), (1, 9, 9)]
    assert not refusals.has_untold


def test_what_was_not_taken_stays_to_be_told_with_what_came_meanwhile() -> None:
    refusals, told = Refusals(), []
    refusals.count("full", 5)

    def full(raw: bytes) -> bool:
        refusals.count("full", 2)
        return False

    assert not refusals.tell(full)
    assert refusals.tell(lambda raw: told.append(content(raw)))
    assert [(event["count"], event["first_step"], event["last_step"]) for event in told] == [(2, 2, 5)]
