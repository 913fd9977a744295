"""The identity of an evaluation set: content and order, whatever holds them."""

from __future__ import annotations

import random

import numpy as np
import pytest

from trackio_client.scoring.identity import NotHashable, compared, evenly, identity, label_identity

ROWS = [{"text": f"sentence {i} ✓", "label": i % 3, "ids": [i, i + 1, i + 2]} for i in range(300)]


def of(rows, **named):
    return identity(len(rows), lambda places: (rows[at] for at in places), **named)


@pytest.mark.requirement("S4.29")
def test_equal_content_is_the_same_set_as_lists_arrays_or_tensors():
    torch = pytest.importorskip("torch")
    plain = of(ROWS)
    for change in (np.array, lambda ids: np.array(ids, dtype=np.int32), torch.tensor, tuple):
        assert of([{**row, "ids": change(row["ids"])} for row in ROWS]).hashes == plain.hashes
    assert list(plain.hashes) == ["64", "all"]
    assert plain.hashed == 300


@pytest.mark.requirement("S4.29")
@pytest.mark.parametrize("at", [0, 150, 299])
def test_one_changed_row_makes_another_set(at):
    changed = [*ROWS]
    changed[at] = {**ROWS[at], "label": 7}
    assert compared(of(ROWS).plain(), of(changed).plain())[0] == "different"


@pytest.mark.requirement("S4.29")
def test_another_order_or_number_of_rows_makes_another_set():
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    assert compared(of(ROWS).plain(), of(shuffled).plain()) == ("different", "all rows differ in content or order")
    assert compared(of(ROWS).plain(), of(ROWS[:-1]).plain()) == ("different", "300 rows and 299 rows")


def test_a_large_set_is_hashed_in_part_and_says_so():
    rows = [{"x": i} for i in range(50_000)]
    told = of(rows, limit_s=60)
    assert list(told.hashes) == ["64", "2000", "all"]
    cut = identity(50_000, lambda places: (rows[at] for at in places), limit_s=60, now=slow_after(2_064))
    assert (list(cut.hashes), cut.hashed) == (["64", "2000"], 2_000)
    assert {tier: told.hashes[tier] for tier in cut.hashes} == cut.hashes
    assert compared(told.plain(), cut.plain()) == ("same", "2000 of 50000 rows, evenly spaced, are equal")


def slow_after(rows):
    """A clock that jumps once so many rows were read: it is looked at every 16 rows."""
    calls = 0

    def now():
        nonlocal calls
        calls += 1
        return 0.0 if calls * 16 < rows + 32 else 1e6

    return now


def test_a_set_that_is_too_slow_to_read_has_no_identity():
    with pytest.raises(NotHashable, match="takes longer than"):
        identity(1_000, lambda places: (ROWS[0] for _ in places), now=iter(range(10_000)).__next__)


def test_rows_that_are_made_anew_at_random_have_no_identity():
    with pytest.raises(NotHashable, match="each time"):
        identity(3, lambda places: [random.random() for _ in places])


def test_a_row_of_a_strange_object_is_refused_by_its_class():
    with pytest.raises(NotHashable, match="object objects"):
        of([{"x": object()}])


def test_an_empty_set_has_an_identity():
    assert of([]).id.startswith("all:")


def test_places_are_evenly_spaced_with_both_ends():
    assert evenly(10, 4) == [0, 3, 6, 9]
    assert evenly(3, 64) == [0, 1, 2]
    assert len(set(evenly(10**9, 2_000))) == 2_000


def test_what_was_not_identified_is_not_said_to_be_the_same():
    told = of(ROWS).plain()
    assert compared(told, None)[0] == "not known"
    assert compared(told, {"not_known": "streamed"})[0] == "not known"
    assert compared(told, {**told, "of": "tokens"})[0] == "not known"


@pytest.mark.requirement("S4.29")
def test_labels_in_another_order_are_the_same_set_and_another_list():
    one, other = label_identity(["O", "B-X"]), label_identity(["B-X", "O"])
    assert one["set_id"] == other["set_id"]
    assert one["id"] != other["id"]
    assert label_identity(["a", "b"])["id"] != label_identity(["a,b"])["id"]
