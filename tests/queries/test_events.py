"""Events page by page: what came in one commit is never parted, so that no page skips any."""

from __future__ import annotations

import pytest

from trackio_client.queries.experiments import list_events
from trackio_client.store.open import open_store
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import event_frame


@pytest.fixture
def store(tmp_path):
    """Three commits of 5, 1 and 4 events."""
    opened = open_store(tmp_path / "store.sqlite")
    first = 0
    for count in (5, 1, 4):
        frames = [event_frame({"kind": "mark", "time_us": 1, "title": str(n)}) for n in range(first, first + count)]
        opened.append(
            [
                Batch(
                    writer_id="w_a", experiment_id="exp_a", project="p", generation=0, first_seq=first, count=count,
                    first_held=0, body=b"".join(frames),
                )
            ]
        )  # fmt: skip
        first += count
    yield opened
    opened.close()


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 9, 10, 11])
def test_pages_of_any_size_bring_every_event_once(store, limit):
    seen, after, more = [], 0, True
    while more:
        page = list_events(store, "exp_a", after=after, limit=limit)
        seen += [event["content"]["title"] for event in page["events"]]
        after, more = page["events"][-1]["position"], page["more"]
    assert seen == [str(n) for n in range(10)]


def test_the_newest_are_as_many_as_were_asked_for(store):
    page = list_events(store, "exp_a", limit=2, newest=True)
    assert [event["content"]["title"] for event in page["events"]] == ["8", "9"]
    assert page["more"] is False
