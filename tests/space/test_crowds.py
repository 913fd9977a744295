"""Many pages that ask the same share an answer; who asks alone has his own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from space.api.crowds import KEPT_S, MANY, Crowds
from trackio_client.wire.asks import SERIES_TYPE


class Clock:
    """Stands still until it is moved."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def crowds(clock):
    return Crowds(clock=clock)


def crowded(crowds, question="q"):
    """So many asked within this second that the next one is of a crowd."""
    for i in range(MANY - 1):
        crowds.answer(question, f"before {i}", lambda: None)


def test_who_asks_alone_is_answered_anew_each_time(crowds, clock):
    made = iter(range(100))
    for _ in range(20):
        clock.now_s += 1.1 / (MANY - 1)
        crowds.answer("q", None, lambda: next(made))
    assert next(made) == 20


def test_a_crowd_shares_what_is_half_a_second_old_at_most(crowds, clock):
    crowded(crowds)
    made = iter(range(100))
    ask = lambda since="c1", question="q": crowds.answer(question, since, lambda: next(made))  # noqa: E731
    assert [ask(), ask(), ask("c2"), ask()] == [0, 0, 1, 0]
    assert ask(question="another") == 2, "of another question nobody asked yet"
    clock.now_s += KEPT_S
    assert [ask(), ask()] == [3, 3]
    assert len(crowds._made) == 1, "what is too old to be given is not kept"


def test_an_error_is_told_to_its_asker_alone(crowds):
    crowded(crowds)

    def fails():
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        crowds.answer("q", None, fails)
    assert crowds.answer("q", None, lambda: 1) == 1


def test_those_who_come_while_it_is_made_wait_for_it(crowds):
    crowded(crowds)
    begun, may_end = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert may_end.wait(60)
        return "made once"

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(crowds.answer, "q", None, slow)
        assert begun.wait(60)
        others = [pool.submit(crowds.answer, "q", None, lambda: "made again") for _ in range(3)]
        may_end.set()
        assert {one.result(60) for one in (first, *others)} == {"made once"}


def test_nothing_is_held_for_ever(crowds):
    for i in range(1000):
        crowded(crowds, f"q{i}")
        crowds.answer(f"q{i}", None, lambda: 1)
    assert len(crowds._made) <= 64
    assert len(crowds._asked) <= 64


def test_pages_that_ask_the_same_cost_one_reading(api, a_batch, monkeypatch):
    from space.api import series

    api.send(a_batch())
    made = []
    real = series.read_buckets
    monkeypatch.setattr(series, "read_buckets", lambda *all_: made.append(all_) or real(*all_))
    ask = "/v1/series?experiment=exp_a&metric=train/loss&max_points=100"
    answers = {api.client.get(ask, headers={"Accept": SERIES_TYPE}).content for _ in range(40)}
    assert len(made) < 40
    assert len(answers) <= len(made)
    listed = api.get("/v1/experiments?project=digits").json()
    changes = f"/v1/experiments?project=digits&since={listed['cursor']}"
    changed = [api.get(changes).json() for _ in range(20)]
    assert all(one["experiments"] == [] and one["cursor"] == listed["cursor"] for one in changed)
