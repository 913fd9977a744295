"""A gap makes a Space ask the Hub first; nobody else waits for the Hub, however long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.machines import until
from tests.hub.places import Clock, Place
from tests.store.trainer import Trainer, taken
from trackio_client.errors import HubAway, NotReady
from trackio_client.hub.backed import RepoBacked
from trackio_client.hub.loading import Loader
from trackio_client.hub.memory import Failure, MemoryTarget


@pytest.fixture
def backed(place: Place) -> Iterator[RepoBacked]:
    loader = Loader(place.store, place.replicator.reader, scratch=place.path.parents[1])
    place.replicator.refresh()
    yield RepoBacked(place.store, place.replicator, loader)
    loader.close()


def slow_heads(target: MemoryTarget) -> threading.Event:
    """From now on a head comes only when the event is set."""
    real, goes_on = target.head, threading.Event()

    def head() -> Any:
        assert goes_on.wait(30)
        return real()

    target.head = head  # type: ignore[method-assign]
    return goes_on


def test_a_writer_with_a_gap_keeps_nobody_waiting_for_a_slow_hub(backed: RepoBacked, target: MemoryTarget) -> None:
    goes_on = slow_heads(target)
    stray, other = Trainer("w_s", "exp_s").start().steps(9), Trainer("w_o", "exp_o").start().steps(50)
    batch = stray.batch(5, 10, first_held=5)
    began = time.monotonic()
    refused, receipt = backed.append([batch, other.batch(0, 10)])
    for n in range(10, 50, 10):  # it asks again and again meanwhile
        (again, receipt) = backed.append([batch, other.batch(n, n + 10)])
        assert isinstance(again, NotReady)
    assert time.monotonic() - began < 20, "it waited for the head, which comes after 30 s"
    assert isinstance(refused, NotReady)
    taken(receipt)
    goes_on.set()
    until(lambda: not isinstance(backed.append([batch])[0], NotReady), "the head was read")
    [hole] = backed.receipt("w_s").holes
    assert (hole.first_seq, hole.end_seq) == (0, 5)


def test_only_a_look_that_began_after_the_question_counts(
    backed: RepoBacked, target: MemoryTarget, clock: Clock, tmp_path: Path
) -> None:
    """What another place pushed while an older look was on its way is not called a hole."""
    goes_on = slow_heads(target)
    early, late = Trainer("w_e", "exp_e").start().steps(9), Trainer("w_l", "exp_l").start().steps(9)
    assert isinstance(backed.append([early.batch(5, 10, first_held=5)])[0], NotReady)
    goes_on.set()
    other = Place(target, tmp_path, clock, "other")
    taken(late.send(other.store))
    other.replicator.flush()
    late.steps(3, first=9)
    batch = late.batch(10, 13, first_held=10)
    until(lambda: not isinstance(backed.append([batch])[0], NotReady), "the head was read")
    assert backed.receipt("w_l").holes == ()
    assert backed.receipt("w_l").accepted == ((0, 13),)
    other.store.close()


def test_a_hub_that_is_away_is_named_to_the_writer_that_waits_for_it(backed: RepoBacked, target: MemoryTarget) -> None:
    target.failures.append(Failure(HubAway("nobody answers (504)"), on="head"))
    batch = Trainer("w_s", "exp_s").start().steps(9).batch(5, 10, first_held=5)
    (outcome,) = backed.append([batch])
    assert isinstance(outcome, NotReady)
    assert "504" in str(outcome)
    until(lambda: not isinstance(backed.append([batch])[0], NotReady), "the Hub is back")
