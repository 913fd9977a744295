"""The log on disk and its reader: order, torn bytes, segments."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackio_client.delivery.meta import Meta
from trackio_client.delivery.reading import LogReader
from trackio_client.delivery.spool import Spool, segment_path
from trackio_client.errors import SpoolFull
from trackio_client.store.columns import EventAt, Run, decode
from trackio_client.wire.events import new_writer_id
from trackio_client.wire.frames import Schema, event_frame, metrics_frame


def spool_in(folder: Path) -> Spool:
    return Spool.create(
        folder, Meta(writer_id=new_writer_id(), experiment_id="exp_1", project="p", destination="local")
    )


def read(spool: Spool, *, is_live: bool = False) -> list[int]:
    """The numbers n of all frames in the log, events {"n": n} and metrics at step n alike."""
    reader = LogReader(spool.directory, spool.meta, spool if is_live else None)
    found: list[int] = []
    while (piece := reader.next_piece()) is not None:
        assert piece.first == len(found)
        for part in decode(piece.body, piece.first, check=True):
            found += [part.content["n"]] if isinstance(part, EventAt) else part.steps.tolist()
        assert piece.stop == len(found)
    return found


def numbered(n: int) -> bytes:
    return event_frame({"kind": "mark", "n": n})


def append_numbers(spool: Spool, schema: tuple[str, ...], *steps: int) -> None:
    for step in steps:
        while True:
            segment, pack = spool.introduce(schema)
            rest = pack(step, 0, *([0.5] * len(schema)))
            from zlib import crc32

            if spool.append_to(segment, crc32(rest).to_bytes(4, "little") + rest):
                break


def test_frames_come_back_in_order_over_segments_each_with_its_schemas(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for n in range(0, 30, 10):
        append_numbers(spool, ("a", "b"), *range(n, n + 9))
        spool.append(numbered(n + 9))
        spool.turn()
    assert read(spool) == list(range(30))


def test_torn_bytes_are_stepped_over_and_left_as_they_are(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(0))
    os.write(spool.current.fd, numbered(99)[:-3])  # the disk took only a part, another thread's write came through
    spool.append(numbered(1))
    append_numbers(spool, ("a",), 2, 3)
    os.write(spool.current.fd, metrics_frame(Schema(("a",)), 98, 0, [1.0])[:20])
    before = segment_path(spool.directory, 0).read_bytes()
    assert read(spool) == [0, 1, 2, 3]
    assert segment_path(spool.directory, 0).read_bytes() == before


def test_a_torn_end_of_a_living_log_is_waited_for(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    frame = numbered(1)
    spool.append(numbered(0))
    os.write(spool.current.fd, frame[:9])
    reader = LogReader(spool.directory, spool.meta, spool)
    piece = reader.next_piece()
    assert piece is not None
    assert piece.count == 1
    assert reader.next_piece() is None
    os.write(spool.current.fd, frame[9:])
    piece = reader.next_piece()
    assert piece is not None
    assert (piece.first, piece.count) == (1, 1)
    assert reader.stepped_over == 0


def test_a_segment_is_not_left_while_a_thread_still_writes_to_it(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(0))
    old = spool.current
    old.flight.append(1)  # a thread that has entered and was put to sleep before its write
    spool.turn()
    spool.append(numbered(2))
    reader = LogReader(spool.directory, spool.meta, spool)
    assert reader.next_piece().count == 1  # type: ignore[union-attr]
    assert reader.next_piece() is None
    os.write(old.fd, numbered(1))
    old.flight.pop()
    assert read(spool, is_live=True) == [0, 1, 2]


def test_a_frame_whose_missing_last_byte_the_next_one_happens_to_begin_with_is_torn_all_the_same(
    tmp_path: Path,
) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(0))
    lucky = next(n for n in range(1, 100_000) if numbered(n)[0] == 0)  # its checksum begins with the padding's zero
    torn = next(numbered(n)[:-1] for n in range(10**6, 10**6 + 9) if numbered(n)[-1] == 0)
    os.write(spool.current.fd, torn)
    spool.append(numbered(lucky))
    spool.append(numbered(1))
    assert read(spool) == [0, lucky, 1]


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40)), max_size=25))
def test_whatever_is_torn_whole_frames_are_counted_the_same_by_living_and_later_readers(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int]]
) -> None:
    spool = spool_in(tmp_path_factory.mktemp("spool"))
    written = 0
    for kind, size in cuts:
        if kind == 0:
            spool.append(numbered(written))
            written += 1
        elif kind == 1:
            append_numbers(spool, tuple(f"m{i}" for i in range(size % 5 + 1)), written)
            written += 1
        else:
            os.write(spool.current.fd, numbered(7)[:-size])
    spool.turn()
    assert read(spool, is_live=True) == list(range(written))
    assert read(spool) == list(range(written))


def test_seeking_finds_any_frame_again(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for n in range(0, 40, 4):
        append_numbers(spool, ("a",), n, n + 1)
        append_numbers(spool, ("b", "c"), n + 2, n + 3)
        if n % 12 == 0:
            spool.turn()
    reader = LogReader(spool.directory, spool.meta)
    while reader.next_piece() is not None:
        pass
    for ordinal in (39, 0, 17, 12, 38):
        reader.seek(ordinal)
        piece = reader.next_piece()
        assert piece is not None
        run = decode(piece.body, piece.first)[0]
        assert isinstance(run, Run)
        assert int(run.steps[0]) == ordinal == run.first_seq


def test_threads_that_append_while_segments_turn_lose_no_frame(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    threads = [
        threading.Thread(target=append_numbers, args=(spool, (f"t{k}",), *range(k * 300, k * 300 + 300)))
        for k in range(6)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        spool.turn()
    found = read(spool, is_live=True)
    assert sorted(found) == list(range(1800))


def test_a_shut_log_refuses_and_opens_again(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(numbered(0))
    spool.shut("no room")
    with pytest.raises(SpoolFull, match="no room"):
        spool.append(numbered(1))
    assert spool.reopen(numbered(1))
    spool.append(numbered(2))
    assert read(spool, is_live=True) == [0, 1, 2]


def test_a_log_that_has_ended_is_not_opened_again_by_who_looks_for_room(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.shut("the disk is full")
    assert spool.reopen(numbered(0))
    spool.end()
    assert not spool.reopen(numbered(1))
    with pytest.raises(SpoolFull, match="finished"):
        spool.append(numbered(2))
    assert read(spool) == [0]
