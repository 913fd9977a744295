"""Events page by page: what came in one commit is never parted, so that no page skips any."""

from __future__ import annotations

import time

import pytest

from trackio_client.errors import ProjectNotFound
from trackio_client.queries.alerts import list_alerts
from trackio_client.queries.experiments import experiment_detail, list_events, list_experiments
from trackio_client.store.binning import binned, edit_batch
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


def told(store, experiment, *contents):
    """Events of one writer."""
    body = b"".join(event_frame({"kind": "mark", **content}) for content in contents)
    batch = Batch(
        writer_id=f"w_{experiment}", experiment_id=experiment, project="p", generation=0, first_seq=0,
        count=len(contents), first_held=0, body=body,
    )  # fmt: skip
    store.append([batch])


def alert(title, second, **data):
    return {"mark": "alert", "title": title, "time_us": int(second * 1e6), "step": second, "data": data}


def test_alerts_of_a_project_come_newest_first_and_rows_tell_how_many_and_how_grave(store):
    other = {"mark": "note", "title": 'no "alert"', "time_us": 9_000_000, "data": {"of": "alert"}}
    told(store, "exp_b", alert("first", 1, level="info", text="<b>"), other, alert("third", 3, level="ERROR"))
    told(store, "exp_c", alert("second", 2, level={"odd": 1}), {"mark": "alert", "title": 7, "data": "none"})
    found = list_alerts(store, "p")
    assert [(a["title"], a["level"], a["text"], a["step"], a["time_s"]) for a in found["alerts"]] == [
        ("third", "error", None, 3, 3.0), ("second", "warn", None, 2, 2.0), ("first", "info", "<b>", 1, 1.0),
        ("7", "warn", None, None, None),
    ]  # fmt: skip
    rows = {row["experiment_id"]: row for row in list_experiments(store, "p", time.time())["experiments"]}
    seen = {name: (row["alert_count"], row["alert_level"]) for name, row in rows.items()}
    assert seen == {"exp_a": (0, None), "exp_b": (2, "error"), "exp_c": (2, "warn")}
    assert experiment_detail(store, "exp_b", time.time())["alert_count"] == 2
    found = [row["experiment_id"] for row in list_experiments(store, "p", 0.0, filter="alert = error")["experiments"]]
    assert found == ["exp_b"]
    assert [a["title"] for a in list_alerts(store, "p", limit=1)["alerts"]] == ["third"]
    assert list_alerts(store, "p", limit=1)["more"] is True
    # What is out of the lists is out of this one, too.
    store.append([edit_batch(store, "exp_b", {"archived": True})])
    store.append([edit_batch(store, "exp_c", binned("me", time.time()))])
    assert list_alerts(store, "p")["alerts"] == []
    assert [a["title"] for a in list_alerts(store, "p", archived=True)["alerts"]] == ["third", "first"]
    with pytest.raises(ProjectNotFound):
        list_alerts(store, "q")
