"""Many pages that ask the same share an answer; who asks alone has his own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from space.api.crowds import KEPT_S, MANY, Crowds, Place
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
        crowds.answer(question, Place(-1, f"before {i}"), lambda: (None, 0))


def test_who_asks_alone_is_answered_anew_each_time(crowds, clock):
    made = iter(range(100))
    for _ in range(20):
        clock.now_s += 1.1 / (MANY - 1)
        crowds.answer("q", None, lambda: (next(made), 0))
    assert next(made) == 20


def test_a_crowd_shares_what_is_half_a_second_old_at_most(crowds, clock):
    crowded(crowds)
    made = iter(range(100))
    ask = lambda since=Place(1), question="q": crowds.answer(question, since, lambda: (next(made), 5))  # noqa: B008, E731
    assert [ask(), ask(), ask(Place(1, "other widths")), ask()] == [0, 0, 1, 0]
    assert ask(question="another") == 2, "of another question nobody asked yet"
    clock.now_s += KEPT_S
    assert [ask(), ask()] == [3, 3]
    assert sum(map(len, crowds._made.values())) == 1, "what is too old to be given is not kept"


def test_who_knows_more_is_told_what_was_made_for_one_who_knew_less(crowds):
    crowded(crowds)
    made = iter(range(100))
    ask = lambda since, until: crowds.answer("q", since, lambda: (next(made), until))  # noqa: E731
    assert ask(Place(10), 20) == 0
    assert [ask(Place(at), 20) for at in (10, 15, 20)] == [0, 0, 0]
    assert ask(Place(9), 20) == 1, "it lacks what came before"
    assert ask(Place(21), 22) == 2, "it is further than what was made"
    assert ask(None, 22) == 3, "it knows nothing yet"
    assert [ask(None, 22), ask(Place(9), 22), ask(Place(21), 22)] == [3, 1, 2]


def test_pages_that_fell_apart_come_together_again(crowds, clock):
    """49 pages that ask every two seconds, each from where it was told last: two answers a second do for all."""
    position, made, told = 0, [], dict.fromkeys(range(49), 0)
    for page in told:
        told[page] = -page  # each stands elsewhere
    for turn in range(4):
        made.clear()
        for page in told:
            clock.now_s += 2 / 49
            position += 3

            def make(since=told[page], now=position):
                made.append(since)
                return now, now

            told[page] = crowds.answer("q", Place(told[page]), make)
        assert turn == 0 or len(made) <= 5
    assert len(set(told.values())) <= 5


def test_an_error_is_told_to_its_asker_alone(crowds):
    crowded(crowds)

    def fails():
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        crowds.answer("q", None, fails)
    assert crowds.answer("q", None, lambda: (1, 1)) == 1


@pytest.mark.parametrize("failing", [True, False])
def test_those_who_come_while_it_is_made_wait_for_it(crowds, failing):
    crowded(crowds)
    begun, may_end = threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert may_end.wait(60)
        if failing:
            raise ValueError("gone")
        return "made once", 20

    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(crowds.answer, "q", Place(10), slow)
        assert begun.wait(60)
        others = [pool.submit(crowds.answer, "q", Place(at), lambda: ("alone", 30)) for at in (10, 12, 20)]
        further = pool.submit(crowds.answer, "q", Place(25), lambda: ("alone", 30))
        may_end.set()
        assert further.result(60) == "alone", "it was overtaken: it would tell less than is known"
        assert {one.result(60) for one in others} == {"alone" if failing else "made once"}
        assert isinstance(first.exception(60), ValueError) == failing


def test_nothing_is_held_for_ever(crowds):
    for i in range(1000):
        crowded(crowds, f"q{i}")
        crowds.answer(f"q{i}", None, lambda: (1, 1))
    assert len(crowds._made) <= 65
    assert len(crowds._asked) <= 64


def test_pages_that_ask_the_same_cost_one_reading(api, a_batch, monkeypatch):
    from space.api import series

    api.send(a_batch())
    made = []
    real = series.told_buckets
    monkeypatch.setattr(series, "told_buckets", lambda *all_: made.append(all_) or real(*all_))
    ask = "/v1/series?experiment=exp_a&metric=train/loss&max_points=100"
    answers = {api.client.get(ask, headers={"Accept": SERIES_TYPE}).content for _ in range(40)}
    assert len(made) < 40
    assert len(answers) <= len(made)
    listed = api.get("/v1/experiments?project=digits").json()
    changes = f"/v1/experiments?project=digits&since={listed['cursor']}"
    changed = [api.get(changes).json() for _ in range(20)]
    assert all(one["experiments"] == [] and one["cursor"] == listed["cursor"] for one in changed)
