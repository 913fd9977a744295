"""The chunk's bytes, and runs of frames: what goes in comes out, to the last bit."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.store.trainer import Trainer, merged, taken
from trackio_client.store import chunks, columns, merging
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.frames import Schema, metrics_frame

ANY_INT = st.integers(-(2**63), 2**63 - 1)
STEADY = st.tuples(ANY_INT, st.integers(-5, 5)).map(lambda s: lambda n: np.int64(s[0]) + np.int64(s[1]) * np.arange(n))


@st.composite
def integers(draw, n):
    with np.errstate(over="ignore"):
        kind = draw(st.sampled_from(["any", "steady", "near"]))
        if kind == "steady":
            return draw(STEADY)(n).astype("<i8")
        if kind == "near":
            return np.cumsum(draw(arrays.arrays(np.int64, n, elements=st.integers(-300, 300))))
        return draw(arrays.arrays(np.int64, n, elements=ANY_INT))


@st.composite
def columns_of_any_kind(draw):
    n = draw(st.sampled_from([1, 2, 3, 64, 65, 200]))
    bits = draw(arrays.arrays(np.uint64, n, elements=st.integers(0, 2**64 - 1), fill=st.just(0x3FF0000000000000)))
    ints = [draw(integers(n)) for _ in range(4)]
    return chunks.Columns(ints[0], bits.view("<f8"), *ints[1:])


def same(one: chunks.Columns, other: chunks.Columns) -> None:
    for name in chunks.Columns.__slots__:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name


@settings(max_examples=150, deadline=None)
@given(columns_of_any_kind())
def test_a_chunk_gives_back_every_bit(c):
    same(chunks.decode(chunks.encode(c)), c)


@settings(max_examples=50, deadline=None)
@given(columns_of_any_kind())
def test_a_chunk_read_in_part_gives_the_same_steps_and_values(c):
    part = chunks.decode(chunks.encode(c), times=False, order=False)
    assert (part.steps.tobytes(), part.values.tobytes()) == (c.steps.tobytes(), c.values.tobytes())
    assert len(part.times_us) == len(part.seqs) == 0


@settings(max_examples=150, deadline=None)
@given(columns_of_any_kind(), st.integers(0, 210), st.integers(-5, 210))
def test_a_window_of_a_chunk_is_what_lies_between_two_steps(c, start, more):
    steps = np.unique(c.steps)
    c = chunks.Columns(steps, *(getattr(c, name)[: len(steps)] for name in chunks.Columns.__slots__[1:]))
    low = int(steps[min(start, len(steps) - 1)]) - start % 2
    high = min(low + more if more < 0 else int(steps[min(start + more, len(steps) - 1)]) + more % 2, 2**63 - 1)
    low = max(low, -(2**63))
    found = chunks.window(chunks.encode(c), low, high)
    inside = (steps >= low) & (steps <= high)
    assert found[0].tolist() == steps[inside].tolist()
    assert found[1].tobytes() == c.values[inside].tobytes()


@pytest.mark.parametrize("bits", [0, 1, 1 << 63, 0x7FF0000000000001, 0xFFF8DEADBEEF0000, 0x7FEFFFFFFFFFFFFF])
def test_signed_zeros_and_the_payloads_of_nan_survive_4096_times(bits):
    n = chunks.CHUNK_POINTS
    values = np.full(n, bits, dtype="<u8")
    values[::7] = np.random.default_rng(1).integers(0, 2**63, len(values[::7]), dtype=np.uint64)
    at = np.arange(n, dtype="<i8")
    c = chunks.Columns(at, values.view("<f8"), at * 1_000_003, at, at // 100)
    same(chunks.decode(chunks.encode(c)), c)


def test_a_usual_series_takes_less_than_12_bytes_a_point():
    rng = np.random.default_rng(0)
    at = np.arange(chunks.CHUNK_POINTS, dtype="<i8")
    times = np.cumsum(rng.integers(9_000, 11_000, len(at)))
    c = chunks.Columns(at, rng.normal(size=len(at)), times, at, at // 50)
    assert len(chunks.encode(c)) + chunks.overview(c).nbytes < 12 * len(at)


@settings(max_examples=80, deadline=None)
@given(columns_of_any_kind())
def test_an_overview_and_a_header_hold_what_the_points_say(c):
    rows = chunks.overview(c)
    head = chunks.header(c, rows, closed=False)
    finite = c.values[np.isfinite(c.values)]
    assert int(rows["n"].sum()) == head.n == len(c.steps)
    assert (head.nan, head.posinf, head.neginf) == tuple(
        int(each(c.values).sum()) for each in (np.isnan, np.isposinf, np.isneginf)
    )
    assert (head.min, head.max) == ((finite.min(), finite.max()) if len(finite) else (None, None))
    assert (head.step0, head.step1, head.us0, head.us1) == (
        c.steps.min(), c.steps.max(), c.times_us.min(), c.times_us.max(),
    )  # fmt: skip
    assert head.ascending == all(a < b for a, b in zip(c.steps.tolist(), c.steps.tolist()[1:], strict=False))


# --- runs ----------------------------------------------------------------------------------------------------------


def mixed(pattern: str) -> Trainer:
    """A log with a frame of schema a or b, or an event, for each letter."""
    trainer = Trainer(schema=Schema(("x", "y")))
    other = Schema(("z", "w"))  # frames of the same length
    for seq, letter in enumerate(pattern):
        if letter == "e":
            trainer.event(kind="mark")
        else:
            trainer.step(seq, seq, -seq, schema=trainer.schema if letter == "a" else other)
    trainer.log.insert(0, other.frame)
    return trainer


@settings(max_examples=100, deadline=None)
@given(st.text("abe", min_size=1, max_size=60))
def test_runs_are_the_frames_in_their_order(pattern):
    body = mixed(pattern).batch().body
    seen = []
    for part in columns.decode(body, 0):
        if isinstance(part, columns.EventAt):
            seen.append("e")
            assert part.seq == len(seen) - 1
        else:
            assert part.first_seq == len(seen) == part.values[0, 0]
            seen += ["a" if part.schema.keys[0] == "x" else "b"] * len(part.steps)
    assert "".join(seen) == pattern


@settings(max_examples=60, deadline=None)
@given(st.text("abe", min_size=1, max_size=60), st.integers(0, 60))
def test_the_digest_is_the_same_however_a_log_is_cut(pattern, at):
    at = min(at, len(pattern))
    frames = mixed(pattern).log
    schemas = Trainer(schema=Schema(("x", "y"))).schema.frame + frames.pop(0)
    whole = columns.digest_of("w", columns.decode(schemas + b"".join(frames), 0))
    first = columns.digest_of("w", columns.decode(schemas + b"".join(frames[:at]), 0))
    rest = columns.digest_of("w", columns.decode(schemas + b"".join(frames[at:]), at))
    assert first + rest == whole
    assert (whole - first) == rest


@pytest.mark.parametrize("change", ["value", "step", "time", "seq", "writer", "zero's sign", "nan's payload"])
def test_the_digest_sees_a_change_of_one_bit(change):
    def digest(value=0.0, step=1, time_us=5, seq=0, writer="w"):
        return columns.digest_of(writer, columns.decode(Trainer().step(step, value, time_us=time_us).batch().body, seq))

    other = {"value": {"value": 5e-324}, "step": {"step": 2}, "time": {"time_us": 4}, "seq": {"seq": 1}}
    more = {"writer": {"writer": "v"}, "zero's sign": {"value": -0.0}}
    if change == "nan's payload":
        quiet = np.array([0x7FF8000000000001], dtype="<u8").view("<f8")[0]
        assert digest(value=math.nan) != digest(value=quiet)
    else:
        assert digest() != digest(**(other | more)[change])


def test_schemas_that_alternate_frame_by_frame_cost_no_more_than_their_number():
    looked = 0

    def decode_counting(pattern: str) -> int:
        nonlocal looked
        looked, start = 0, 0
        letters = np.frombuffer(pattern.encode(), dtype="u1")

        def are_alike(low, high):
            nonlocal looked
            looked += high - low
            return letters[start + low : start + high] == letters[start]

        while start < len(pattern):
            found = columns.leading(are_alike, len(pattern) - start)
            assert pattern[start : start + found] == pattern[start] * found
            start += found
        return looked

    assert decode_counting("ab" * 5_000) <= 4 * 10_000
    assert decode_counting("a" * 10_000) == 10_000
    assert decode_counting("".join("ab"[n % 2] * (n % 40 + 1) for n in range(500))) <= 4 * 500 + 3 * 500 * 41


def test_metrics_that_several_calls_log_keep_the_steps_of_their_own(tmp_path):
    """Their columns are put together from several schemas: no metric may be given the steps of the one before."""
    store = open_store(tmp_path / "store.sqlite")
    writer, step = Trainer().start(), 0
    for number in range(40):
        alone, beside = Schema((f"m{number}",)), Schema((f"m{number}", "beside"))
        for at in range(number + 8):
            step += 1
            schema = beside if at % 3 == 1 else alone
            values = (float(step), 1.0)[: len(schema.keys)]
            writer.log.append(schema.frame + metrics_frame(schema, step, step, values))
    writer.event(kind="end", state="finished")
    taken(writer.send(store))

    def told():
        found = {}
        for number in range(40):
            points = store.points(writer.experiment_id, f"m{number}")
            found[number] = (points.steps.tolist(), points.values.tolist())
        return found

    before = told()
    merged(store)
    assert told() == before
    assert all(steps == values for steps, values in before.values())
    store.close()


def test_small_pieces_are_all_put_together_however_the_search_is_interrupted(tmp_path):
    schema = Schema(("a", "b", "c"))
    trainers = [Trainer(f"w_{i}", f"exp_{i}", schema=schema).steps(14_000) for i in range(5)]
    with closing(open_store(tmp_path / "store.sqlite")) as store:
        for round_ in range(4):
            for trainer in trainers:
                taken(trainer.send(store, end=3500 * (round_ + 1)))
                store.merge(budget_s=0.0005)  # a piece or two, then somebody writes again
        for _ in range(2000):
            if not store.merge(budget_s=0.0005):
                break
        else:
            pytest.fail("the search for small pieces does not end")
        assert not store.merge()
        with closing(sqlite3.connect(tmp_path / "store.sqlite")) as sql:
            assert merging.next_small(sql, -1) is None
            (most,) = sql.execute("SELECT max(held) FROM (SELECT count(*) held FROM chunk GROUP BY series)").fetchone()
        assert most <= 14_000 // chunks.CHUNK_POINTS + 2
        asked = SeriesQuery(experiments=tuple(t.experiment_id for t in trainers), metrics=("a", "b", "c"))
        found, _ = store.series(asked)
        assert [len(each.steps) for each in found.values()] == [14_000] * 15
