"""Points, events and experiments come back from Parquet bit by bit, and nothing else is taken for ours."""

from __future__ import annotations

import io
import json
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trackio_client.errors import NotOurs
from trackio_client.hub.files import parquet, tables
from trackio_client.hub.files import points as points_file
from trackio_client.hub.files.tables import (
    read_events,
    read_experiments,
    read_metrics,
    write_events,
    write_experiments,
    write_metrics,
)
from trackio_client.store.holdings import EventRow, PointRows

NOW_US = 1_790_000_000_000_000


def points(
    metric: str = "loss", n: int = 3, *, experiment: str = "exp_a", writer: str = "w_a", first: int = 0, **given: object
) -> PointRows:
    seqs = np.arange(first, first + n, dtype=np.int64)
    columns = {"seqs": seqs, "steps": seqs * 2, "times_us": NOW_US + seqs * 1_000_003, "values": seqs / 7} | given
    return PointRows(experiment, writer, metric, **columns)


def written(*parts: PointRows) -> bytes:
    into = io.BytesIO()
    write_metrics(into, parts)
    return into.getvalue()


def bits(parts: list[PointRows]) -> dict[tuple[str, str, str], tuple[list[int], ...]]:
    """Series -> seqs, steps, times, the values' 64 bits; parts of a series joined."""
    found: dict[tuple[str, str, str], list[PointRows]] = {}
    for part in parts:
        found.setdefault((part.experiment_id, part.writer_id, part.metric), []).append(part)

    def joined(some: list[PointRows], column: str) -> list[int]:
        return np.concatenate([getattr(p, column) for p in some]).view(np.int64).tolist()

    return {key: tuple(joined(p, c) for c in ("seqs", "steps", "times_us", "values")) for key, p in found.items()}


def come_back(*parts: PointRows) -> bool:
    return bits(list(read_metrics(written(*parts)))) == bits(list(parts))


def test_points_of_several_experiments_and_writers_come_back():
    parts = [
        points("train/loss", 50),
        points("train/accuracy", 50),
        points("eval/loss", 3, first=60),
        points("train/loss", 20, writer="w_b"),
        points("train/loss", 9, experiment="exp_b", writer="w_c"),
    ]
    assert come_back(*parts)
    assert [len(p.seqs) for p in read_metrics(written(*parts))] == [3, 50, 50, 20, 9]


def test_every_bit_of_a_value_comes_back():
    patterns = [0x7FF8000000000001, 0xFFF8DEADBEEF0001, 0x7FF0000000000001, 1 << 63, 0, 0x7FF << 52, 0xFFF << 52, 1]
    values = np.array(patterns, dtype=np.uint64).view(np.float64)
    assert come_back(points(n=8, values=values), points("other", 8, values=values[::-1].copy()))


def test_every_step_and_seq_comes_back():
    edge = np.array([0, 2**63 - 1, -(2**63), 7, 2**53 + 1], dtype=np.int64)
    assert come_back(points(n=5, steps=edge))
    assert come_back(points(n=4, seqs=np.array([0, 2**40, 2**62, 2**63 - 2], dtype=np.int64)))


def test_every_microsecond_comes_back_also_where_seconds_cannot_hold_it():
    rng = np.random.default_rng(7)
    usual = NOW_US + rng.integers(0, 10**15, 2000)
    assert come_back(points(n=2000, times_us=usual))
    assert "times_us" not in metadata(written(points(n=2000, times_us=usual)))
    odd = np.array([-(2**63), 2**63 - 1, 2**53 + 1, -1, 0, 2**60 + 3], dtype=np.int64)
    assert come_back(points(n=3), points("b", 6, writer="w_b", times_us=odd), points("c", 3, writer="w_c"))


def metadata(content: bytes) -> dict[str, object]:
    return dict(json.loads(pq.ParquetFile(io.BytesIO(content)).metadata.metadata[b"trackio"]))


def test_odd_times_come_back_from_every_row_group(monkeypatch):
    monkeypatch.setattr(points_file, "ROW_GROUP", 64)
    monkeypatch.setattr(points_file, "_PIECE", 16)
    times = NOW_US + np.arange(500, dtype=np.int64)
    times[::97] = 2**60 + np.arange(6)
    parts = [points("a", 500, times_us=times), points("b", 500, times_us=times)]
    content = written(*parts)
    assert pq.ParquetFile(io.BytesIO(content)).num_row_groups > 10
    assert bits(list(read_metrics(content))) == bits(parts)


def test_metrics_logged_at_different_calls_come_back_in_whatever_pieces(monkeypatch):
    monkeypatch.setattr(points_file, "ROW_GROUP", 100)
    monkeypatch.setattr(points_file, "_PIECE", 30)
    monkeypatch.setattr(points_file, "_GROUP_ROWS", 700)
    rng, parts = random.Random(3), []
    for writer in ("w_a", "w_b", "w_c"):
        for n in range(6):
            seqs = np.array(sorted(rng.sample(range(5000), rng.randrange(1, 300))), dtype=np.int64)
            parts.append(points(f"m{n}", len(seqs), writer=writer, seqs=seqs))
    content = written(*parts)
    assert bits(list(read_metrics(content))) == bits(parts)
    groups = pq.ParquetFile(io.BytesIO(content)).metadata
    assert all(groups.row_group(n).num_rows <= 100 for n in range(groups.num_row_groups))


def test_one_call_with_more_metrics_than_a_row_group_takes_comes_back(monkeypatch):
    monkeypatch.setattr(points_file, "ROW_GROUP", 100)
    monkeypatch.setattr(parquet, "ROW_GROUP", 100)
    monkeypatch.setattr(points_file, "_PIECE", 30)
    assert come_back(*(points(f"m{n:03}", 2) for n in range(300)))


def test_windows_take_what_they_name_and_skip_row_groups_of_others(monkeypatch):
    monkeypatch.setattr(points_file, "ROW_GROUP", 100)
    content = written(*(points(n=90, experiment=f"exp_{c}", writer=f"w_{c}") for c in "abcdef"))
    taken = list(read_metrics(content, {"w_b": ((5, 7), (80, 200)), "w_e": ((90, 99),), "w_z": ((0, 9),)}))
    assert {key[1]: columns[0] for key, columns in bits(taken).items()} == {"w_b": [5, 6, *range(80, 90)]}
    assert list(read_metrics(content, {})) == []
    read = []
    monkeypatch.setattr(parquet.TableFile, "batches", lambda self, group, *_: read.append(group) or iter(()))
    list(read_metrics(content, {"w_b": ((0, 9),)}))
    list(read_metrics(content, experiment_id="exp_e"))
    assert read == [1, 4]


def test_one_experiment_of_a_file_is_taken():
    content = written(points(experiment="exp_a"), points(experiment="exp_b", writer="w_b"))
    assert [p.experiment_id for p in read_metrics(content, experiment_id="exp_b")] == ["exp_b"]


def test_no_rows_is_a_file_too(tmp_path):
    assert write_metrics(tmp_path / "m", [points(n=0)]) == write_events(tmp_path / "e", []) == 0
    assert write_experiments(tmp_path / "x", []) == 0
    assert list(read_metrics(tmp_path / "m")) == list(read_events(tmp_path / "e")) == []
    assert read_experiments(tmp_path / "x") == []


def test_equal_rows_make_equal_bytes_and_so_one_name(tmp_path):
    parts = [points("b"), points("a")]
    one, other = written(*parts), written(*parts[::-1])
    assert one == other
    assert one != written(points("a"), points("b", first=1))
    write_metrics(tmp_path / "m", iter(parts))
    name = parquet.content_name("metrics", one)
    assert name == parquet.content_name("metrics", tmp_path / "m")
    assert name.startswith("metrics/")
    assert name.split("/")[1] == name.split("/")[2][:2]
    parquet.check_name(name, one)
    with pytest.raises(NotOurs, match="not the one in its name"):
        parquet.check_name(name, one[:-1])


def test_a_file_says_what_it_holds_of_each_writer():
    assert parquet.held_in(written(points(n=3, first=4), points(writer="w_b")), "metrics") == {
        "w_a": ((4, 7),),
        "w_b": ((0, 3),),
    }
    into = io.BytesIO()
    write_metrics(into, [points()], held={"w_a": ((0, 2), (5, 9))})
    assert parquet.held_in(into.getvalue(), "metrics") == {"w_a": ((0, 2), (5, 9))}


def event(seq: int, raw: bytes, writer: str = "w_a") -> EventRow:
    return EventRow("exp_a", writer, seq, raw)


def test_events_come_back_byte_by_byte(tmp_path):
    raws = [
        b'{"kind":"start","time_us":1790000000000001,"name":"\\ud83d\\ude00"}',
        '{ "kind" : "console", "lines": ["grüße  \\u0000"] }'.encode(),
        b'{"kind":"text\\ud800","time_us":true}',
        b'{"kind":"odd","text":"\xed\xa0\x80 \xff"}',
        '{"kind":"sixteen"}'.encode("utf-16"),
        b'{"kind":7,"time_us":1e400}',
        b'{"time_us":99999999999999999999999}',
    ]
    rows = [event(n, raw) for n, raw in enumerate(raws)] + [event(5, b'{"kind":"end"}', "w_b")]
    assert write_events(tmp_path / "e", rows) == 8
    assert list(read_events(tmp_path / "e")) == rows
    shown = pq.read_table(tmp_path / "e").to_pylist()
    assert [row["kind"] for row in shown] == ["start", "console", "text?", "odd", "", "", "", "end"]
    assert [row["time_s"] for row in shown[:3]] == [1790000000.000001, None, None]
    assert list(read_events(tmp_path / "e", {"w_a": ((0, 1), (3, 4)), "w_b": ((0, 9),)})) == [rows[0], rows[3], rows[7]]


def test_events_of_many_row_groups_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_EVENT_BYTES", 1000)
    rows = [event(n, b'{"kind":"console","x":"%s%d\xff"}' % (b"x" * (n % 50), n)) for n in range(300)]
    write_events(tmp_path / "e", rows)
    assert pq.ParquetFile(tmp_path / "e").num_row_groups > 5
    assert list(read_events(tmp_path / "e")) == rows
    assert list(read_events(tmp_path / "e", {"w_a": ((290, 999),)})) == rows[290:]


def test_experiments_come_back_with_every_column():
    full = {
        "experiment_id": "exp_b",
        "project": "mnist",
        "name": "brave-otter",
        "group": "sweep",
        "job_type": "train",
        "tags": ["a", "ü"],
        "notes": "two\nlines",
        "state": "finished",
        "created_s": 1.79e9,
        "last_event_s": 1.79e9 + 1,
        "generation": 1,
        "last_step": 2**63 - 1,
        "points": 10,
        "events": 3,
        "parameters": '{"lr": 0.1}',
        "summary": "{}",
        "trackio": '{"facts": {}}',
    }
    least = dict.fromkeys(full) | {"experiment_id": "exp_a", "name": "half \ud800"}
    one, other = io.BytesIO(), io.BytesIO()
    write_experiments(one, [full, least])
    write_experiments(other, [{"experiment_id": "exp_a", "name": "half \ud800"}, full])
    assert one.getvalue() == other.getvalue()
    assert read_experiments(one.getvalue()) == [least | {"name": "half ?"}, full]
    with pytest.raises(ValueError, match="no column 'colour'"):
        write_experiments(one, [full | {"colour": "red"}])


def test_all_files_of_a_table_have_one_schema():
    for content, schema in (
        (written(points(), points("b", first=9)), tables.METRICS),
        (written(), tables.METRICS),
    ):
        assert pq.read_schema(io.BytesIO(content)).equals(schema)


def foreign(**columns: list[object]) -> bytes:
    into = io.BytesIO()
    pq.write_table(pa.table(columns), into)
    return into.getvalue()


def resealed(table: pa.Table, said: dict[str, object]) -> bytes:
    """Rows under metadata that bear a seal as ours do: the work of a program that means to look like us."""
    into = io.BytesIO()
    text = json.dumps(said | {"seal": "0" * 8}, sort_keys=True)
    with pq.ParquetWriter(into, table.schema, store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"trackio": text})
    parquet._seal(into)
    return into.getvalue()


def relabelled(content: bytes, **said: object) -> bytes:
    """The same rows under other metadata."""
    return resealed(pq.read_table(io.BytesIO(content)), metadata(content) | said)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cannot be read as Parquet"),
        (b"PAR1", "cannot be read as Parquet"),
        (b"<!doctype html><html>Sign in</html>" * 10, "cannot be read as Parquet"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "cannot be read as Parquet"),
        (foreign(a=[1]), "not written by trackio"),
        (relabelled(written(points()), format=99), "newer"),
        (relabelled(written(points()), format="1"), "not trackio's"),
        (relabelled(written(points()), table="events"), "holds 'events', not 'metrics'"),
        (relabelled(written(points()), rows=4), "3 rows where 4"),
        (relabelled(written(points()), groups=[[1, {}], [2, {}]]), "other row groups"),
        (written(points()).replace(b'"rows": 3', b'"rows": 4'), "another checksum"),
        (relabelled(written(points()), times_us="!"), "cannot be read"),
        (relabelled(written(points()), times_us="AAAA"), "cannot be read"),
    ],
)
def test_what_is_not_ours_is_named_and_why(content, why, tmp_path):
    (tmp_path / "f").write_bytes(content)
    for source in (content, tmp_path / "f"):
        with pytest.raises(NotOurs, match=why) as said:
            list(read_metrics(source, name="metrics/ab/c.parquet"))
        assert said.value.path == "metrics/ab/c.parquet"


@pytest.mark.parametrize(
    ("column", "cells"),
    [("value", ["1.0"]), ("value", [None]), ("metric", [7]), ("metric", [None]), ("seq", [1.0]), ("time_s", [None])],
)
def test_a_column_of_another_type_or_with_gaps_is_not_ours(column, cells):
    content = written(points(n=1))
    table = pq.read_table(io.BytesIO(content))
    kind = table.schema.field(column).type if cells == [None] else None
    at = table.schema.get_field_index(column)
    with pytest.raises(NotOurs, match=column):
        list(read_metrics(resealed(table.set_column(at, column, pa.array(cells, kind)), metadata(content))))
    with pytest.raises(NotOurs, match=f"{column}.*missing"):
        list(read_metrics(resealed(table.drop([column]), metadata(content))))


def test_a_file_cut_anywhere_is_not_ours(tmp_path):
    content = written(points(n=2000), points("b", 2000))
    for cut in range(0, len(content), max(1, len(content) // 150)):
        with pytest.raises(NotOurs):
            list(read_metrics(content[:cut]))


def test_a_flipped_bit_is_an_error_of_ours_or_changes_nothing():
    parts = [points(n=400), points("b", 400)]
    content, wanted = written(*parts), bits(parts)
    rng = random.Random(11)
    refused = 0
    for _ in range(500):
        at = rng.randrange(len(content))
        damaged = content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :]
        try:
            found = bits(list(read_metrics(damaged)))
        except NotOurs:
            refused += 1
        else:
            assert found == wanted
        with pytest.raises(NotOurs):
            parquet.check_name(parquet.content_name("metrics", content), damaged)
    assert refused > 400


def test_reading_a_large_file_holds_one_row_group(tmp_path):
    n, k = 150_000, 10
    rng = np.random.default_rng(1)
    into = tmp_path / "m.parquet"
    write_metrics(into, (points(f"m{i}", n, values=rng.normal(size=n)) for i in range(k)))
    assert into.stat().st_size / (n * k) < 10
    held, seen = pa.total_allocated_bytes(), 0
    tracemalloc.start()
    for part in read_metrics(into):
        seen += len(part.seqs)
        held = max(held, pa.total_allocated_bytes())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen == n * k
    assert held + peak < 80e6


def test_a_path_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        write_metrics(tmp_path / "missing" / "m", [points()])
