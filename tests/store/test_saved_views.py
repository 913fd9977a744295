"""Saved views: what people do with them, and how two places that changed the same ones come to agree."""

from __future__ import annotations

import itertools
import json

import pytest

from trackio_client.errors import NotFound, NotReady, UsageError
from trackio_client.store.saved_views import NameTaken, SavedViews

ADDRESS = "view=compare&shown=k3fq2xwa&search=lr%3E0.001"


@pytest.fixture
def make(tmp_path):
    """Open views in a file of their own; the clock of each stands still."""
    opened = []

    def make(name="views", now_s=1_800_000_000.0):
        opened.append(SavedViews(tmp_path / name / "views.sqlite", clock=lambda: now_s))
        return opened[-1]

    yield make
    for views in opened:
        views.close()


def names(views, project="ner"):
    return [view.name for view in views.of(project)]


@pytest.mark.requirement("S1.71")
def test_a_view_is_saved_renamed_replaced_deleted_and_taken_back(make):
    views = make()
    seen = []
    views.on_change = lambda: seen.append(len(seen))
    strange = 'sweep / "<b>best</b>" 🦦'
    view = views.save("ner", strange, "?" + ADDRESS, by="otter")
    assert (view.address, view.by) == (ADDRESS, "otter")
    views.save("ner", "Anna's", "")
    views.save("other", strange, "view=table")
    assert names(views) == ["Anna's", strange], "by name, of one project"
    views.change("ner", view.id, name="b", address="view=table")
    assert [(each.name, each.address) for each in views.of("ner")][1] == ("b", "view=table")
    views.change("ner", view.id, deleted=True)
    assert names(views) == ["Anna's"]
    views.change("ner", view.id, deleted=False)
    assert names(views) == ["Anna's", "b"]
    assert len(seen) == 6
    views.change("ner", view.id, name="b")
    assert len(seen) == 6, "nothing changed, so nothing is to be pushed"


def test_a_name_is_given_once_and_what_is_no_view_is_refused(make):
    views = make()
    first = views.save("ner", "sweep", "")
    other = views.save("ner", "other", "")
    with pytest.raises(NameTaken) as taken:
        views.save("ner", " sweep ", ADDRESS)
    assert taken.value.view == first
    with pytest.raises(NameTaken):
        views.change("ner", other.id, name="sweep")
    views.change("ner", first.id, deleted=True)
    views.save("ner", "sweep", "")
    with pytest.raises(NameTaken):
        views.change("ner", first.id, deleted=False)
    for name, address in (
        ("", ""), ("x" * 257, ""), ("a\nb", ""), ("n", "x" * 8001), ("n", "https://elsewhere.example"), ("n", "a b"),
        ("n", "#token=x"), ("n", None), ("n", "\ud800"),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            views.save("ner", name, address)
    with pytest.raises(NotFound):
        views.change("ner", "v_unknown", name="x")
    with pytest.raises(NotFound):
        views.change("other", first.id, name="x")
    assert names(views) == ["other", "sweep"]


def test_a_project_keeps_as_many_views_as_a_person_can_read(make, monkeypatch):
    monkeypatch.setattr("trackio_client.store.saved_views.MOST", 3)
    views = make()
    for i in range(3):
        views.save("ner", f"view {i}", "")
    with pytest.raises(UsageError, match="3 saved views"):
        views.save("ner", "one more", "")
    views.save("another project", "one more", "")


def test_views_stay_when_the_file_is_opened_again_and_by_two_at_once(make):
    here, there = make(), make()
    view = here.save("ner", "sweep", ADDRESS)
    there.change("ner", view.id, name="the sweep")
    here.close()
    again = make()
    assert names(again) == names(there) == ["the sweep"]
    assert json.loads(here.state())["views"][0]["name"] == "the sweep", "the last push comes when the file is closed"


@pytest.mark.requirement("S1.71")
def test_places_that_changed_the_same_views_agree_in_any_order(make):
    origin = make("origin")
    kept, gone = origin.save("ner", "kept", "view=table"), origin.save("ner", "gone", "")
    states = [origin.state()]
    for place, act in (
        ("a", lambda views: views.change("ner", kept.id, name="renamed at a")),
        ("b", lambda views: [views.change("ner", kept.id, **each) for each in ({"address": "x"}, {"name": "at b"})]),
        ("c", lambda views: (views.change("ner", gone.id, deleted=True), views.save("ner", "of c", ""))),
    ):  # fmt: skip
        views = make(place, now_s=0)  # a clock that is 57 years behind: what is changed is later all the same
        views.adopt(states[0])
        act(views)
        states.append(views.state())
    ends = set()
    for i, order in enumerate(itertools.permutations(states)):
        views = make(f"joined {i}")
        for state in order:
            views.adopt(state)
            views.adopt(state)
        assert names(views) == ["at b", "of c"]
        ends.add(views.state())
    assert len(ends) == 1


def test_a_wiped_disk_says_not_yet_rather_than_that_there_are_none(make):
    origin, wiped = make("origin"), make("wiped")
    origin.save("ner", "sweep", ADDRESS)
    wiped.hold()
    for ask in (lambda: wiped.of("ner"), lambda: wiped.save("ner", "x", "")):
        with pytest.raises(NotReady):
            ask()
    wiped.adopt(origin.state())
    assert names(wiped) == ["sweep"]
    assert make("new").state() == b"", "nobody saved one: no file in the repo"


def test_a_state_that_is_none_is_refused_whole(make):
    origin, views = make("origin"), make()
    views.save("ner", "mine", "")
    origin.save("ner", "sweep", ADDRESS)
    good = json.loads(origin.state())
    for spoilt in (
        {"id": "exp_a"}, {"address": "https://x.example"}, {"name": None}, {"changed_us": -1}, {"changed_us": 1.5},
        {"name": "a\nb"}, {"project": ""},
    ):  # fmt: skip
        bad = {**good, "views": [*good["views"], {**good["views"][0], "id": "v_other", **spoilt}]}
        with pytest.raises(UsageError, match="cannot be read"):
            views.adopt(json.dumps(bad).encode())
    for raw in (b"", b"{", b"[]", b'{"trackio_views":2,"views":[]}', b"\xff"):
        with pytest.raises(UsageError):
            views.adopt(raw)
    assert names(views) == ["mine"]
