"""A metric that several ranks log is one metric: the mean of the ranks with its spread, in every answer."""

from __future__ import annotations

import json
import math
import struct
import time
from dataclasses import replace

import numpy as np
import pytest

from trackio_client.delivery.transport import StoreTransport
from trackio_client.opening import init
from trackio_client.queries import spread
from trackio_client.queries.experiments import experiment_detail, list_experiments
from trackio_client.queries.metrics import list_metrics
from trackio_client.queries.series import place_of, read_buckets, read_series, told_buckets
from trackio_client.reader.local import LocalSource
from trackio_client.store.sqlite import SqliteStore
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import Schema, event_frame, metrics_frame
from trackio_client.wire.names import quantity_of
from trackio_client.wire.ranks import name_at_rank, names_at_rank, rank_of

pytestmark = pytest.mark.requirement("S1.39")
ID = "exp_20260101_000000_abcdefgh"


class Rank:
    """One rank's writer, straight into a store."""

    def __init__(self, store, rank, experiment_id=ID):
        self.store, self.rank, self.seq, self.id = store, rank, 0, experiment_id
        self.tell([event_frame({"kind": "start", "time_us": 1, "project": "p", "name": "n"})])

    def tell(self, frames, schemas=b""):
        count = len(frames)
        (outcome,) = self.store.append(
            [
                Batch(
                    writer_id=f"w_rank{self.rank}_{self.id[-4:]}", experiment_id=self.id, project="p", generation=0,
                    first_seq=self.seq, count=count, first_held=0, body=schemas + b"".join(frames),
                )
            ]
        )  # fmt: skip
        self.seq += count
        assert not isinstance(outcome, Exception), outcome

    def log(self, steps, values, metric="loss", delay_us=0):
        schema = Schema((name_at_rank(metric, self.rank),))
        frames = [
            metrics_frame(schema, int(step), 1_000_000 * (int(step) + 1) + delay_us, [float(value)])
            for step, value in zip(steps, values, strict=True)
        ]
        for at in range(0, len(frames), 20_000):
            self.tell(frames[at : at + 20_000], schema.frame)


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "store.sqlite")
    yield made
    made.close()


def curves(ranks=4, n=50, seed=3):
    return np.random.default_rng(seed).normal(size=(ranks, n))


def told(store, curves, **named):
    made = [Rank(store, rank, **named) for rank in range(len(curves))]
    for rank, values in zip(made, curves, strict=True):
        rank.log(range(len(values)), values)
    return made


def ask(**changes):
    return SeriesQuery(**{"experiments": (ID,), "metrics": ("loss",), **changes})


def binary(raw):
    """(head, {metric: (keep, x, min, max, mean)}) of a page's answer, read by the format's own words."""
    (length,) = struct.unpack_from("<I", raw, 4)
    head, at, found, x = json.loads(raw[8 : 8 + length]), 8 + length, {}, np.empty(0)
    for _ in range(head["blocks"]):
        place, mode, _, keep, n = struct.unpack_from("<HBBII", raw, at)
        at += 12
        if not mode & 16:
            x = np.frombuffer(raw, "<f8", n, at)
            at += 8 * n
        assert len(x) == n
        kind, width = ("<f8", 8) if mode & 4 else ("<f4", 4)
        columns = []
        for _ in range(1 if mode & 1 else 3):
            columns.append(np.frombuffer(raw, kind, n, at).astype(float))
            at += width * n
        at += (6 * n if mode & 2 else 0) + (8 if mode & 8 else 0)
        found[place] = (keep, x, *(columns * 3 if mode & 1 else columns))
    return head, found


def test_a_name_carries_its_rank_and_gives_it_back():
    assert name_at_rank("train/loss", 3) == "train/loss@rank=3"
    assert name_at_rank("train/loss", 0) == "train/loss"
    assert rank_of("train/loss@rank=3") == ("train/loss", 3)
    for ordinary in ("recall@1", "loss@rank=", "loss@rank=01", "@rank=1", "a@rank=1/b", "rank=1"):
        assert rank_of(ordinary) == (ordinary, 0)
    longest = "x" * 256
    assert len(name_at_rank(longest, 12)) == 256
    assert name_at_rank(longest, 12) != name_at_rank("x" * 255 + "y", 12)
    assert len(set(names_at_rank(("loss", "loss@rank=1", "a"), 1))) == 3
    assert quantity_of("eval_loss@rank=7") == quantity_of("eval_loss")


def test_the_points_of_a_metric_are_the_means_of_its_ranks_with_their_spread(store):
    values = curves()
    told(store, values)
    (one,) = read_series(store, ask(ranks="spread"))["series"]
    np.testing.assert_allclose(one["values"], values.mean(axis=0))
    np.testing.assert_allclose(one["std"], values.std(axis=0), atol=1e-12)
    np.testing.assert_array_equal(one["min"], values.min(axis=0))
    np.testing.assert_array_equal(one["max"], values.max(axis=0))
    assert set(one["ranks"].tolist()) == {4}
    (plain,) = read_series(store, ask())["series"]
    assert set(plain) == {"experiment_id", "metric", "steps", "values", "times_s"}


def test_each_rank_can_be_read_by_itself(store):
    values = curves()
    told(store, values)
    each = {one["metric"]: one["values"] for one in read_series(store, ask(ranks="each"))["series"]}
    assert list(each) == ["loss", "loss@rank=1", "loss@rank=2", "loss@rank=3"]
    np.testing.assert_array_equal(each["loss@rank=2"], values[2])
    (alone,) = read_series(store, ask(metrics=("loss@rank=2",)))["series"]
    np.testing.assert_array_equal(alone["values"], values[2])


def test_ranks_that_log_at_other_steps_count_where_they_did(store):
    Rank(store, 0).log([0, 1, 2, 3], [1, 1, 1, 1])
    Rank(store, 1).log([0, 2, 4], [3, 5, 9])
    (one,) = read_series(store, ask(ranks="spread"))["series"]
    assert one["steps"].tolist() == [0, 1, 2, 3, 4]
    assert one["values"].tolist() == [2, 1, 3, 1, 9]
    assert one["ranks"].tolist() == [2, 1, 2, 1, 1]


def test_a_loss_that_diverged_on_one_rank_has_diverged(store):
    Rank(store, 0).log([0, 1], [1, 1])
    Rank(store, 1).log([0, 1], [1, float("nan")])
    (one,) = read_series(store, ask())["series"]
    assert one["values"][0] == 1
    assert np.isnan(one["values"][1])
    head, _ = binary(read_buckets(store, ask(max_points=100), time.time()))
    assert head["series"][0]["nan"] == 1


def test_a_list_has_one_entry_a_metric_and_a_row_one_value(store):
    values = curves()
    told(store, values)
    (metric,) = list_metrics(store, "p")["metrics"]
    assert (metric["metric"], metric["experiments"], metric["points"]) == ("loss", 1, 200)
    (row,) = list_experiments(store, "p", time.time(), columns=["metric:loss"])["experiments"]
    assert row["columns"]["metric:loss"] == pytest.approx(values[:, -1].mean())
    assert row["metric_count"] == 1
    summary = experiment_detail(store, ID, time.time())["summary"]
    assert list(summary) == ["loss"]
    assert summary["loss"]["min"] == pytest.approx(values.min())
    assert summary["loss"]["max_step"] == int(values.max(axis=0).argmax())
    assert summary["loss"]["mean"] == pytest.approx(values.mean())


@pytest.mark.parametrize("x", ["step", "time", "relative"])
def test_a_chart_draws_one_band_over_all_ranks(store, x):
    values = curves(n=500)
    told(store, values)
    head, blocks = binary(read_buckets(store, ask(max_points=100, x=x), time.time()))
    assert [one["metric"] for one in head["series"]] == ["loss"]
    assert head["series"][0]["points"] == 2000
    (_, at, low, high, mean) = blocks[0]
    first = head["series"][0]["width"]
    assert len(at) <= 130
    assert low.min() == pytest.approx(values.min(), rel=1e-6)
    assert high.max() == pytest.approx(values.max(), rel=1e-6)
    if x == "step":
        width = int(first)
        wanted = [values[:, i : i + width].mean() for i in range(0, 500, width)]
        np.testing.assert_allclose(mean, wanted, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(low, [values[:, i : i + width].min() for i in range(0, 500, width)], rtol=1e-6)


def test_on_a_time_axis_ranks_that_log_a_little_apart_are_one_line_and_not_a_zigzag(store):
    Rank(store, 0).log(range(100), np.zeros(100))
    Rank(store, 1).log(range(100), np.ones(100), delay_us=300_000)
    _, blocks = binary(read_buckets(store, ask(max_points=1000, x="relative"), time.time()))
    assert set(blocks[0][4][1:-1].tolist()) == {0.5}


@pytest.mark.parametrize("x", ["step", "time"])
def test_an_update_of_a_chart_ends_where_a_whole_answer_does(store, x):
    values = curves(ranks=3, n=300, seed=5)
    ranks = [Rank(store, rank) for rank in range(3)]
    held, cursor, sent = {}, None, 0
    for end in (40, 41, 90, 200, 201, 300):
        for rank, each in enumerate(ranks):
            lag = 0 if rank == 0 else rank  # a rank behind the others changes buckets that were drawn already
            begin = 0 if cursor is None else sent - lag
            each.log(range(max(0, begin), end - lag), values[rank][max(0, begin) : end - lag])
        sent = end
        head, blocks = binary(read_buckets(store, ask(max_points=64, x=x, cursor=cursor), time.time()))
        cursor = head["cursor"]
        if head["reset"]:
            held = {}
        for place, (keep, *columns) in blocks.items():
            before = held.get(place, [np.empty(0)] * 4)
            held[place] = [np.concatenate([a[:keep], b]) for a, b in zip(before, columns, strict=True)]
        _, whole = binary(read_buckets(store, ask(max_points=64, x=x), time.time()))
        for a, b in zip(held[0], whole[0][1:], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("x", ["step", "time", "relative"])
@pytest.mark.parametrize("count", [1, 3])
def test_what_is_new_since_a_while_ago_suits_whoever_asked_later(store, x, count):
    """Why pages that stand at different places can share an answer: space/api/crowds.py."""
    values = curves(ranks=count, n=400, seed=6)
    ranks = [Rank(store, rank) for rank in range(count)]
    seen, shared = [], 0  # what a page that asked then holds
    for end in range(20, 400, 20):
        for rank, each in enumerate(ranks):
            each.log(range(end - 20, end), values[rank][end - 20 : end])
        whole, cursor = told_buckets(store, ask(max_points=64, x=x), time.time())
        _, full = binary(whole)
        for old_cursor, _ in seen:
            head, new = binary(told_buckets(store, ask(max_points=64, x=x, cursor=old_cursor), time.time())[0])
            for later_cursor, held in seen:
                (at, like), (later_at, later_like) = place_of(old_cursor), place_of(later_cursor)
                if like != later_like or at > later_at:
                    continue
                shared += at < later_at
                for place, (keep, *columns) in new.items():
                    before = [np.empty(0)] * 4 if head["reset"] else held[place][1:]
                    for a, b, wanted in zip(before, columns, full[place][1:], strict=True):
                        np.testing.assert_allclose(np.concatenate([a[:keep], b]), wanted, rtol=1e-5, atol=1e-6)
        seen = [*seen[-4:], (cursor, full)]
    assert shared > 20
    assert place_of("no cursor") is None
    assert place_of(cursor)[1] != place_of("another list" + cursor)[1]


def test_points_that_come_later_of_one_rank_answer_their_steps_again(store):
    first, second = Rank(store, 0), Rank(store, 1)
    first.log([0, 1, 2], [1, 1, 1])
    answer = read_series(store, ask())
    second.log([1], [5])
    (one,) = read_series(store, ask(cursor=answer["cursor"]))["series"] or [None]
    assert 3.0 in one["values"].tolist()
    again = read_series(store, ask())
    second.log([2], [3])
    (one,) = read_series(store, ask(cursor=again["cursor"]))["series"]
    assert (one["steps"].tolist(), one["values"].tolist()) == ([2], [2])


def test_a_thinned_metric_keeps_first_last_lowest_and_highest_of_its_means(store):
    values = curves(ranks=2, n=3000)
    told(store, values)
    (one,) = read_series(store, ask(max_points=50))["series"]
    mean = values.mean(axis=0)
    assert len(one["steps"]) <= 50
    assert {0, 2999, int(mean.argmin()), int(mean.argmax())} <= set(one["steps"].tolist())
    np.testing.assert_allclose(one["values"], mean[one["steps"]])


def test_a_metric_of_many_points_is_thinned_from_buckets(store, monkeypatch):
    monkeypatch.setattr(spread, "MOST_POINTS", 100)
    values = curves(ranks=2, n=4096)
    told(store, values)
    (one,) = read_series(store, ask(max_points=64, ranks="spread"))["series"]
    assert 32 <= len(one["steps"]) <= 64
    blocks = values.reshape(2, len(one["steps"]), -1)
    np.testing.assert_allclose(one["values"], blocks.mean(axis=(0, 2)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(one["min"], blocks.min(axis=(0, 2)), rtol=1e-6, atol=1e-6)
    assert (np.diff(one["times_s"]) > 0).all()


def test_experiments_of_one_process_and_of_several_are_drawn_together(store):
    values = curves()
    told(store, values)
    alone = "exp_20260101_000000_bbbbbbbb"
    Rank(store, 0, alone).log(range(50), np.ones(50))
    found = read_series(store, ask(experiments=(alone, ID)))["series"]
    assert [one["experiment_id"] for one in found] == [alone, ID]
    np.testing.assert_allclose(found[1]["values"], values.mean(axis=0))
    assert found[0]["values"].tolist() == [1] * 50
    head, blocks = binary(read_buckets(store, ask(experiments=(alone, ID), max_points=64), time.time()))
    assert [one["experiment_id"] for one in head["series"]] == [alone, ID]
    assert len(blocks) == 2


def test_a_metric_that_only_another_rank_logs_is_there(store):
    Rank(store, 0)
    Rank(store, 3).log([0, 1], [2, 4])
    assert [one["metric"] for one in list_metrics(store, "p")["metrics"]] == ["loss"]
    (one,) = read_series(store, ask())["series"]
    assert one["values"].tolist() == [2, 4]
    _, blocks = binary(read_buckets(store, ask(max_points=64), time.time()))
    assert blocks[0][4].tolist() == [2, 4]


def test_the_last_value_of_a_long_series_is_told_beside_its_last_bucket(store):
    alone = "exp_20260101_000000_bbbbbbbb"
    one = Rank(store, 0, alone)
    one.log(range(1000), np.arange(1000.0))
    for number in (0, 1):
        Rank(store, number).log(range(1000), np.arange(1000.0) + 10 * number)
    two = [alone, ID]
    query = ask(experiments=two, max_points=64)
    drawn = spread.buckets(store, query)
    assert [drawn.series[one, "loss"].last for one in two] == [999, 1004]
    assert read_buckets(store, query, time.time()).endswith(struct.pack("<d", 1004))
    assert math.isnan(spread.buckets(store, replace(query, to_x=500)).series[alone, "loss"].last)
    one.log([1000], [math.nan])
    assert math.isnan(spread.buckets(store, query).series[alone, "loss"].last)


def test_every_point_of_every_rank_can_be_had_as_it_came(store):
    Rank(store, 0).log([0, 1], [1, 2])
    Rank(store, 1).log([0, 1], [3, 4], delay_us=10)
    (one,) = read_series(store, ask(repeats=True))["series"]
    assert one["values"].tolist() == [1, 3, 2, 4]


def test_a_long_metric_of_ranks_is_drawn_as_fast_as_one_of_one_process(store):
    n = 60_000
    for rank in range(2):
        Rank(store, rank).log(range(n), np.sin(np.arange(n) / 500 + rank))
    while store.merge(budget_s=1.0):
        pass
    query = ask(max_points=500)
    read_buckets(store, query, 0.0)
    began = time.thread_time()  # other load is no fault of ours
    for _ in range(20):
        read_buckets(store, query, 0.0)
    assert (time.thread_time() - began) / 20 < 0.05


def test_api_answers_ranks_as_the_space_does(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    values = curves(ranks=2, n=10)
    told(store, values)
    store.close()
    source = LocalSource(tmp_path / "store.sqlite")
    try:
        (one,) = source.series(ask(ranks="spread")).values()
        np.testing.assert_allclose(one.values, values.mean(axis=0))
        assert one.ranks.tolist() == [2] * 10
    finally:
        source.close()


def test_one_process_alone_pays_nothing_and_keeps_its_names(tmp_path):
    store = SqliteStore(tmp_path / "store.sqlite")
    with init("p", directory=tmp_path, quiet=True, capture_console=False, transport=lambda: StoreTransport(store)) as e:
        e.log({"recall@1": 0.5, "loss": 1.0}, step=0)
    kept = SqliteStore(tmp_path / "store.sqlite")
    assert {each.metric for each in kept.summaries([e.id])[e.id]} == {"recall@1", "loss"}
    assert kept.ranked_metrics([e.id]) == {}
    kept.close()
