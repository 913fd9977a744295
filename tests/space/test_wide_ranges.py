"""Questions for wide ranges are read one by one, so that of a zoom's parts the first comes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from space.api import series
from trackio_client.errors import UsageError
from trackio_client.wire.asks import SeriesQuery

WIDE = SeriesQuery(experiments=tuple(f"e{i}" for i in range(20)), metrics=("a", "b", "c"), max_points=100, from_x=1.0)
NARROW = SeriesQuery(experiments=("e0",), metrics=("a",), max_points=100, from_x=1.0)


class Reader:
    """Stands where buckets are read, and holds whoever reads until it is let go."""

    def __init__(self):
        self.at_once, self.most, self.narrow = 0, 0, 0
        self.came, self.may_go = threading.Semaphore(0), threading.Semaphore(0)
        self.lock = threading.Lock()
        self.error = None

    def __call__(self, store, query, now_s):
        if query is NARROW:
            self.narrow += 1
            return b"narrow", ""
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.came.release()
        self.may_go.acquire()
        with self.lock:
            self.at_once -= 1
        if self.error:
            raise self.error
        return b"wide", ""


@pytest.fixture
def reader(monkeypatch):
    made = Reader()
    monkeypatch.setattr(series, "told_buckets", made)
    monkeypatch.setattr(series, "_LONGEST_WAIT_S", 60)
    return made


def ask(query):
    return series.told(None, None, query, "binary").body


def test_wide_ranges_are_read_one_by_one_and_nothing_else_waits(reader):
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, WIDE) for _ in range(3)]
        reader.came.acquire()
        assert ask(NARROW) == b"narrow"
        reader.may_go.release(3)
        assert [each.result() for each in asked] == [b"wide"] * 3
    assert reader.most == 1


def test_one_that_fails_holds_nobody_up(reader):
    reader.error = UsageError("no")
    reader.may_go.release(2)
    for _ in range(2):
        with pytest.raises(UsageError):
            ask(WIDE)


def test_one_that_takes_too_long_is_not_waited_for(reader, monkeypatch):
    monkeypatch.setattr(series, "_LONGEST_WAIT_S", 0.01)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, WIDE) for _ in range(2)]
        reader.came.acquire()
        reader.came.acquire()
        reader.may_go.release(2)
        assert [each.result() for each in asked] == [b"wide"] * 2
    assert reader.most == 2
