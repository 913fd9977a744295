"""What every Target promises: one suite, for the repo in memory and for the Hub's stand-in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from trackio_client.errors import HubError, HubMoved, HubRefused, NotOurs
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.memory import MemoryTarget
from trackio_client.hub.target import Target


class Place:
    """A Target, and how its clock is moved."""

    def __init__(self, target: Target, missing: Target, advance: Callable[[float], None]) -> None:
        self.target, self.missing, self.advance = target, missing, advance


def memory() -> Place:
    now = [1000.0]

    def advance(seconds: float) -> None:
        now[0] += seconds

    target = MemoryTarget(clock=lambda: now[0])
    return Place(target, MemoryTarget("me/none", exists=False, clock=lambda: now[0]), advance)


@pytest.fixture(params=["memory", "hub"])
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "memory":
        return memory()
    hub = request.getfixturevalue("hub")
    request.getfixturevalue("api")
    return Place(HubDataset("me/exp", "hf_me"), HubDataset("me/none", "hf_me"), hub.advance)


@pytest.fixture
def target(place: Place) -> Target:
    return place.target


def put(target: Target, title: str = "put", **files: bytes) -> str:
    return target.commit(target.head().commit, {p.replace("__", "/"): b for p, b in files.items()}, [], title)


def names(target: Target, commit: str, prefix: str = "") -> list[str]:
    return [file.path for file in target.files(commit, prefix) if file.path != ".gitattributes"]


def test_what_was_committed_is_read_at_its_commit_and_listed_below_its_folder(target, tmp_path):
    first = put(target, index__a=b"1", index__b=b"22", metrics__00__x=b"333")
    second = put(target, index__a=b"4")
    assert target.head().commit == second != first
    assert (target.read("index/a", first), target.read("index/a", second)) == (b"1", b"4")
    assert names(target, second) == ["index/a", "index/b", "metrics/00/x"]
    assert [(f.path, f.size) for f in target.files(second, "index")] == [("index/a", 1), ("index/b", 2)]
    assert names(target, second, "metrics/") == ["metrics/00/x"]
    assert target.files(second, "ind") == target.files(second, "nowhere") == []


def test_one_content_has_one_blob(target):
    commit = put(target, a=b"same", b=b"same", c=b"other")
    a, b, c = (f.blob for f in target.files(commit, "") if f.path != ".gitattributes")
    assert a == b != c


def test_a_file_from_a_path_comes_back_in_a_path(target, tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "in").write_bytes(content)
    commit = target.commit(target.head().commit, {"metrics/aa/t.parquet": tmp_path / "in"}, [], "put")
    target.fetch("metrics/aa/t.parquet", commit, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content == target.read("metrics/aa/t.parquet", commit)


def test_a_commit_adds_and_deletes_at_once(target):
    put(target, old=b"o", dir__old=b"o")
    commit = target.commit(target.head().commit, {"new": b"n"}, ["old", "dir/old"], "both")
    assert names(target, commit) == ["new"]


def test_names_with_blanks_signs_and_letters_of_any_language_come_back(target):
    files = {"a b/ü%20#?.json": b"1", "+&='/ключ": b"2"}
    commit = target.commit(target.head().commit, files, [], "put")
    assert {path: target.read(path, commit) for path in names(target, commit)} == files


def test_a_parent_that_is_not_the_head_changes_nothing(target):
    parent = target.head().commit
    head = put(target, a=b"1")
    with pytest.raises(HubMoved):
        target.commit(parent, {"b": b"2"}, ["a"], "late")
    assert (target.head().commit, names(target, head)) == (head, ["a"])


def test_of_eight_with_one_parent_one_commits(target):
    parent = target.head().commit

    def write(n: int) -> bool:
        try:
            return bool(target.commit(parent, {f"w{n}": b"w"}, [], f"by {n}"))
        except HubMoved:
            return False

    with ThreadPoolExecutor(8) as writers:
        assert sorted(writers.map(write, range(8))) == [False] * 7 + [True]
    assert len(names(target, target.head().commit)) == 1


def test_a_commit_that_changes_nothing_is_none(target):
    head = put(target, a=b"1")
    assert target.commit(head, {"a": b"1"}, [], "again") == head == target.head().commit
    assert target.commit(head, {}, [], "nothing") == head
    assert put(target, a=b"1", b=b"2") != head


def test_a_commit_that_changes_nothing_on_an_old_parent_is_refused_all_the_same(target):
    parent = target.head().commit
    put(target, a=b"1")
    with pytest.raises(HubMoved):
        target.commit(parent, {"a": b"1"}, [], "the same")


def test_what_is_not_there_is_named(target, tmp_path):
    head = target.head().commit
    with pytest.raises(NotOurs, match=r"none\.json") as missing:
        target.read("none.json", head)
    assert missing.value.path == "none.json"
    with pytest.raises(NotOurs):
        target.fetch("none.json", head, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with pytest.raises(HubRefused):
        target.commit(head, {}, ["none.json"], "delete")
    with pytest.raises(HubRefused):
        target.files("0" * 40, "")
    with pytest.raises(HubError):
        target.read(".gitattributes", "0" * 40)


def test_a_squash_keeps_the_files_and_ends_the_past(target):
    first = put(target, a=b"1", b=b"2")
    second = target.commit(target.head().commit, {"a": b"3"}, ["b"], "put")
    head = target.squash("One commit of all")
    assert head == target.head().commit
    assert head not in (first, second)
    assert (names(target, head), target.read("a", head)) == (["a"], b"3")
    with pytest.raises(HubError):
        target.read("b", first)
    with pytest.raises(HubMoved):
        target.commit(second, {"c": b"4"}, [], "planned before")
    assert target.commit(head, {"c": b"4"}, [], "planned anew") == target.head().commit


def test_the_hour_counts_the_commits_of_all_and_who_made_them(place):
    place.advance(4000)
    for title in ("first [one]", "by hand", "second [two]", "third [one]"):
        put(place.target, title, a=title.encode())
        place.advance(600)
    head = place.target.head()
    assert (head.hour, head.pushers) == (4, 2)
    assert head.oldest_age_s == pytest.approx(2400, abs=5)
    place.advance(1300)
    head = place.target.head()
    assert (head.hour, head.pushers) == (3, 2)
    assert head.oldest_age_s == pytest.approx(3100, abs=5)
    place.advance(9000)
    assert (place.target.head().hour, place.target.head().oldest_age_s, place.target.head().pushers) == (0, 0, 0)


def test_a_repo_that_is_not_there_is_refused_until_it_is_made_once(place):
    with pytest.raises(HubRefused, match="me/none") as missing:
        place.missing.head()
    assert missing.value.status in (401, 404)
    with pytest.raises(HubRefused):
        place.missing.commit("0" * 40, {"a": b"1"}, [], "put")
    assert place.missing.create()
    assert not place.missing.create(private=False)
    assert put(place.missing, a=b"1") == place.missing.head().commit
