"""The index of a repo: what it says, what it refuses, and where a new experiment goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackio_client.errors import NotOurs
from trackio_client.hub.draft import MOST_SLOTS, MOST_VALUES, Draft, Window, plan
from trackio_client.hub.index import SLOT_EXPERIMENTS, Index, Slot, Tombstone, parse, slot_number, span
from trackio_client.store.columns import Digest
from trackio_client.store.holdings import Holding
from trackio_client.store.spans import common, minus
from trackio_client.wire.batches import Hole, Ranges, ranges

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6).map(ranges)


def holding(writer: str, experiment: str, held: Ranges, *, points: int | None = None, **more: object) -> Holding:
    frames = span(held)
    digest = Digest(1, 2, frames, frames if points is None else points)
    return Holding(writer_id=writer, experiment_id=experiment, generation=0, held=held, digest=digest, **more)  # type: ignore[arg-type]


def seqs(held: Ranges) -> set[int]:
    return {n for low, high in held for n in range(low, high)}


def committed(index: Index, windows: list[Window], *, file: str = "metrics/ab/one.parquet", folder: Path) -> Index:
    draft = Draft(index)
    for window in windows:
        draft.hold(draft.place(window.holding.experiment_id, "p"), window, Digest(1, 2, 0, 3))
    content = folder / "file"
    content.write_bytes(b"x" * 100)
    draft.add_file(file, content, 10, {w.holding.writer_id: w.ranges for w in windows})
    draft.changes()
    return draft.after(index.commit + "+")


@given(RANGES, RANGES)
def test_ranges_are_taken_from_each_other_as_sets_are(one: Ranges, other: Ranges) -> None:
    assert seqs(minus(one, other)) == seqs(one) - seqs(other)
    assert seqs(common(one, other)) == seqs(one) & seqs(other)
    assert minus(one, other) == ranges(minus(one, other))
    assert span(one) == len(seqs(one))


def test_a_slot_comes_back_as_it_was(tmp_path: Path) -> None:
    hole = Hole(first_seq=3, end_seq=5, reason="the client no longer holds them")
    window = Window(holding("w_a", "exp_1", ((0, 9),), holes=(hole,)), ((0, 9),))
    index = committed(Index("c"), [window], folder=tmp_path)
    slot = index.slots[0]
    slot.deleted["exp_2"] = Tombstone("p", ("w_b",))
    back = parse(slot.dump(), slot.path)
    assert back.dump() == slot.dump()
    assert back.writers["w_a"].digest.events == 7  # nine seqs, two of them in a hole
    assert back.writers["w_a"].holes == (hole,)
    assert back.files["metrics/ab/one.parquet"].windows == {"w_a": ((0, 9),)}
    assert back.deleted == slot.deleted


def test_a_slot_whose_bytes_are_anything_else_is_named_and_never_read_in_part() -> None:
    fine = Slot(0, projects={"exp_1": "p"}, writers={"w": holding("w", "exp_1", ((0, 2),))}).dump()
    content = json.loads(fine)
    bad = [
        b"", b"<html>", b"[]", b"{}", fine[:-1], b"\xff\xfe", b"[" * 100_000,
        json.dumps({**content, "trackio_index": 2}).encode(),
        fine.replace(b"[[0,2]]", b"[[0,-2]]"), fine.replace(b"[[0,2]]", b'"x"'), fine.replace(b'"w"', b'"../w"'),
        fine.replace(b"[0,[[0", b"[true,[[0"), fine.replace(b"0000000000000001", b"zzzz"),
    ]  # fmt: skip
    for raw in bad:
        with pytest.raises(NotOurs, match=r"index/0000\.json: no part of an index"):
            parse(raw, "index/0000.json")


@pytest.mark.parametrize(
    "path", ["index/0.json", "index/000g.json", "index/00001.json", "index/ABCD.json", "x/0000.json"]
)
def test_a_file_in_the_index_that_is_not_ours_has_no_number(path: str) -> None:
    assert slot_number(path) is None


def test_numbers_grow_beyond_four_digits() -> None:
    assert slot_number("index/10000.json") == 65536


def test_experiments_fill_a_slot_before_the_next_begins(tmp_path: Path) -> None:
    index = Index("c")
    for n in range(SLOT_EXPERIMENTS + 3):
        window = Window(holding(f"w_{n}", f"exp_{n}", ((0, 1),)), ((0, 1),))
        index = committed(index, [window], file=f"metrics/{n}", folder=tmp_path)
    assert sorted(index.slots) == [0, 1]
    assert len(index.slots[0].projects) == SLOT_EXPERIMENTS
    assert index.slot_of("exp_66") == 1


def test_a_number_whose_slot_cannot_be_read_is_not_used_again(tmp_path: Path) -> None:
    index = Index("c", unreadable=[NotOurs("index/0004.json", "cut")])
    after = committed(index, [Window(holding("w", "exp_1", ((0, 1),)), ((0, 1),))], folder=tmp_path)
    assert list(after.slots) == [5]


def test_a_plan_holds_only_what_the_head_lacks(tmp_path: Path) -> None:
    index = committed(Index("c"), [Window(holding("w_a", "exp_1", ((0, 5),)), ((0, 5),))], folder=tmp_path)
    work = plan(index, [holding("w_a", "exp_1", ((0, 9),)), holding("w_b", "exp_1", ((0, 2),))], {})
    assert [(w.holding.writer_id, w.ranges) for w in work.windows] == [("w_a", ((5, 9),)), ("w_b", ((0, 2),))]
    assert not plan(index, [holding("w_a", "exp_1", ((0, 5),))], {})


def test_nothing_is_read_for_a_hole_though_the_commit_tells_of_it(tmp_path: Path) -> None:
    hole = Hole(first_seq=2, end_seq=4, reason="gone")
    (window,) = plan(Index("c"), [holding("w", "exp_1", ((0, 6),), holes=(hole,))], {}).windows
    assert window.rows == [("w", 0, 2), ("w", 4, 6)]
    after = committed(Index("c"), [window], folder=tmp_path).writer("w")
    assert after is not None
    assert (after.held, after.holes) == (((0, 6),), (hole,))


def test_a_hole_that_another_store_filled_is_pushed_and_none_any_more(tmp_path: Path) -> None:
    hole = Hole(first_seq=2, end_seq=4, reason="gone")
    first = Window(holding("w", "exp_1", ((0, 6),), holes=(hole,)), ((0, 6),))
    index = committed(Index("c"), [first], folder=tmp_path)
    whole = holding("w", "exp_1", ((0, 8),))
    (again,) = plan(index, [whole], {}).windows
    assert again.ranges == ((2, 4), (6, 8))
    after = committed(index, [again], file="metrics/two", folder=tmp_path).writer("w")
    assert after is not None
    assert (after.held, after.holes) == (((0, 8),), ())
    assert not plan(committed(index, [again], file="metrics/two", folder=tmp_path), [whole], {})


def test_a_deleted_experiment_is_never_planned_and_leaves_a_tombstone(tmp_path: Path) -> None:
    index = committed(Index("c"), [Window(holding("w_a", "exp_1", ((0, 5),)), ((0, 5),))], folder=tmp_path)
    grave = {"exp_1": Tombstone("p", ("w_a",))}
    work = plan(index, [holding("w_b", "exp_1", ((0, 5),))], grave)
    assert (work.windows, work.bury) == ([], grave)
    draft = Draft(index)
    draft.bury("exp_1", grave["exp_1"])
    _, deleted = draft.changes()
    assert deleted == ["metrics/ab/one.parquet"]
    after = draft.after("d")
    assert after.is_deleted("exp_1")
    assert after.writer("w_a") is None
    assert not plan(after, [holding("w_c", "exp_1", ((0, 5),))], grave)


def test_an_experiment_deleted_before_its_first_push_is_buried_too() -> None:
    work = plan(Index("c"), [], {"exp_9": Tombstone("p", ("w",))})
    draft = Draft(Index("c"))
    draft.bury("exp_9", work.bury["exp_9"])
    assert draft.after("d").is_deleted("exp_9")


def test_a_file_that_others_have_rows_in_outlives_a_deletion(tmp_path: Path) -> None:
    both = [Window(holding(f"w_{n}", f"exp_{n}", ((0, 5),)), ((0, 5),)) for n in (1, 2)]
    draft = Draft(committed(Index("c"), both, folder=tmp_path))
    draft.bury("exp_1", Tombstone("p", ()))
    _, deleted = draft.changes()
    assert deleted == []
    assert draft.after("d").slots[0].files["metrics/ab/one.parquet"].windows == {"w_2": ((0, 5),)}


def test_no_file_is_deleted_while_a_part_of_the_index_cannot_be_read(tmp_path: Path) -> None:
    index = committed(Index("c"), [Window(holding("w_a", "exp_1", ((0, 5),)), ((0, 5),))], folder=tmp_path)
    draft = Draft(Index("c", index.slots, [NotOurs("index/0007.json", "cut")]))
    draft.bury("exp_1", Tombstone("p", ()))
    assert draft.changes()[1] == []


def test_what_was_durable_is_not_pushed_again_while_the_index_cannot_be_read() -> None:
    index = Index("c", unreadable=[NotOurs("index/0000.json", "cut")])
    mine = holding("w", "exp_1", ((0, 9),))
    (window,) = plan(index, [mine], {}, trusted={"w": ((0, 6),)}).windows
    assert window.ranges == ((6, 9),)


def test_a_large_backlog_is_cut_into_commits_that_make_progress(tmp_path: Path) -> None:
    mine = holding("w", "exp_1", ((0, 1_000_000),), points=10_000_000)
    index, held = Index("c"), 0
    for commits in range(1, 20):
        work = plan(index, [mine], {})
        if not work:
            break
        assert span(work.windows[0].ranges) * 10 <= MOST_VALUES
        index = committed(index, work.windows, file=f"metrics/{commits}", folder=tmp_path)
        held += span(work.windows[0].ranges)
    assert held == 1_000_000
    assert commits < 10


def test_ten_thousand_experiments_are_pushed_a_few_slots_at_a_time(tmp_path: Path) -> None:
    many = [holding(f"w_{n}", f"exp_{n}", ((0, 1),)) for n in range(10_000)]
    index, commits = Index("c"), 0
    while work := plan(index, many, {}):
        draft = Draft(index)
        for window in work.windows:
            draft.hold(draft.place(window.holding.experiment_id, "p"), window, Digest())
        assert len(draft.slots) <= MOST_SLOTS
        draft.changes()
        index, commits = draft.after(str(commits)), commits + 1
    assert len(index.writers) == 10_000
    assert commits < 20


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 40)), max_size=12))
def test_however_pushes_are_cut_the_index_ends_at_what_is_held(steps: list[tuple[int, int]]) -> None:
    ends, index = dict.fromkeys(range(6), 0), Index("c")
    for writer, more in steps:
        ends[writer] += more
        mine = [holding(f"w_{n}", f"exp_{n // 2}", ((0, end),)) for n, end in ends.items() if end]
        draft = Draft(index)
        for window in plan(index, mine, {}).windows:
            draft.hold(draft.place(window.holding.experiment_id, "p"), window, Digest(1, 1, 0, 1))
        draft.changes()
        index = draft.after(index.commit)
    assert {int(name[2:]): w.held[0][1] for name, w in index.writers.items()} == {n: e for n, e in ends.items() if e}
