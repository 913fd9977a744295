"""What tests ask of the repo in memory beyond the contract in test_target.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hub.test_target import names, put
from trackio_client.errors import HubAway, HubBusy, HubMoved, HubRefused
from trackio_client.hub.memory import Failure, MemoryTarget


def test_a_failure_before_does_nothing_and_one_after_hides_what_was_done():
    target = MemoryTarget(failures=[Failure(HubAway("503")), Failure(HubAway("504"), after=True)])
    head = target.head().commit
    with pytest.raises(HubAway, match="503"):
        target.commit(head, {"a": b"1"}, [], "put")
    assert target.head().commit == head
    with pytest.raises(HubAway, match="504"):
        target.commit(head, {"a": b"1"}, [], "put")
    assert names(target, target.head().commit) == ["a"]
    with pytest.raises(HubMoved):
        target.commit(head, {"a": b"1"}, [], "put")


def test_a_failure_waits_for_its_method():
    target = MemoryTarget(failures=[Failure(HubBusy("429", retry_after_s=9), on="head")])
    commit = target.commits[-1].id
    assert target.files(commit, "")
    with pytest.raises(HubBusy):
        target.head()
    assert target.head().commit == commit
    assert target.calls == ["files", "head", "head"]


def test_old_commits_can_be_read_as_far_back_as_is_kept():
    target = MemoryTarget(keeps=3)
    made = [put(target, a=b"%d" % n) for n in range(6)]
    assert [target.read("a", commit) for commit in made[-3:]] == [b"3", b"4", b"5"]
    with pytest.raises(HubRefused):
        target.read("a", made[2])
    assert len(target.commits) == 7


def test_it_says_what_each_commit_brought_and_whether_it_is_private():
    target = MemoryTarget(exists=False)
    assert target.create(private=False)
    assert target.is_private is False
    assert MemoryTarget().is_private
    commit = target.commit(put(target, a=b"1", b=b"22"), {"a": b"333", "b": b"22"}, [], "one of them changed [x]")
    assert target.commits[-1].id == commit
    assert (target.commits[-1].files, target.commits[-1].added_bytes) == (("a",), 3)


def test_writers_in_many_threads_lose_nothing():
    target = MemoryTarget()

    def write(n: int) -> None:
        for k in range(20):
            while True:
                try:
                    target.commit(target.head().commit, {f"w{n}/{k}": b"w"}, [], "put")
                    break
                except HubMoved:
                    continue

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, range(8)))
    assert len(names(target, target.head().commit)) == 160
