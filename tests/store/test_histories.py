"""Any history of appends, merges and restarts against the plainest model of what was logged."""

from __future__ import annotations

import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.trainer import Trainer, audited, merged, taken
from trackio_client.store.contract import Store
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.frames import Schema

VALUES = st.sampled_from([0.0, -0.0, 1.5, -2.5, 3.0, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf])
WRITERS = (("w_b", 0), ("w_a", 0), ("w_c", 1))
SCHEMAS = (Schema(("loss",)), Schema(("loss", "lr")), Schema(("acc",)))


@st.composite
def appends(draw):
    """Some frames of one writer: a stretch of ascending steps, or a few steps anywhere."""
    writer, schema = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    if draw(st.booleans()):
        first, n, stride = draw(st.integers(0, 3000)), draw(st.sampled_from([3, 70, 1100])), draw(st.integers(1, 3))
        steps = [first + stride * at for at in range(n)]
        values = [math.sin(step) for step in steps]
        for at in draw(st.lists(st.integers(0, n - 1), max_size=3)):
            values[at] = draw(VALUES)
    else:
        rows = draw(st.lists(st.tuples(st.integers(0, 40), VALUES), min_size=1, max_size=12))
        steps, values = [step for step, _ in rows], [value for _, value in rows]
    return "append", writer, schema, steps, values


HISTORIES = st.lists(st.one_of(appends(), st.just(("merge",)), st.just(("restart",))), min_size=1, max_size=9)


class Model:
    """Every point of a metric, as (generation, writer, seq, step, µs, value), in order of arrival."""

    def __init__(self) -> None:
        self.points: dict[str, list[tuple[int, str, int, int, int, float]]] = {}

    def shown(self, metric: str) -> list[tuple[int, int, float]]:
        """(step, µs, value), strictly increasing: of a repeated step the later."""
        ordered = sorted(self.points[metric], key=lambda p: (p[3], p[:3]))
        return [list(same)[-1][3:] for _, same in itertools.groupby(ordered, key=lambda p: p[3])]


def played(history, folder: Path) -> tuple[Store, Store, Model]:
    """The store that wrote, another that looked on all the time and remembers what it saw, and the model."""
    path = folder / "store.sqlite"
    store, watcher, model, clock = open_store(path), open_store(path), Model(), itertools.count(1_000_000, 1009)
    trainers = [Trainer(name, generation=generation) for name, generation in WRITERS]
    for kind, *what in history:
        if kind == "merge":
            merged(store)
        elif kind == "restart":
            store.close()
            store = open_store(path)
        else:
            trainer, schema, steps, values = trainers[what[0]], SCHEMAS[what[1]], *what[2:]
            for step, value in zip(steps, values, strict=True):
                time_us, seq = next(clock), len(trainer.log)
                row = [value, *([-value] if len(schema.keys) > 1 else [])]
                trainer.step(step, *row, time_us=time_us, schema=schema)
                for metric, one in zip(schema.keys, row, strict=True):
                    point = (trainer.generation, trainer.writer_id, seq, step, time_us, one)
                    model.points.setdefault(metric, []).append(point)
            new = trainer.log[trainer.sent :]
            taken(trainer.send(store, body=schema.frame + b"".join(new)))
        for metric in model.points:
            watcher.buckets(SeriesQuery(experiments=("exp_1",), metrics=(metric,), max_points=64))
    return store, watcher, model


@settings(max_examples=50, deadline=None)
@given(HISTORIES)
def test_after_any_history_everything_is_there_once_and_answers_are_the_models(history):
    with tempfile.TemporaryDirectory() as folder:
        store, watcher, model = played(history, Path(folder))
        try:
            for one in (store, watcher):  # as it is, and when all is merged
                for metric in model.points:
                    check_points(one, model, metric)
                    check_series(one, model, metric)
                    check_buckets(one, model, metric)
                    check_summary(one, model, metric)
                if model.points:
                    audited(one)
                merged(store)
        finally:
            store.close()
            watcher.close()


def check_points(store: Store, model: Model, metric: str) -> None:
    p = store.points("exp_1", metric)
    names = [p.writers[int(writer)] for writer in p.writer_of]
    rows = zip(names, p.seqs.tolist(), p.steps.tolist(), p.times_us.tolist(), p.values, strict=True)
    held = sorted((writer, seq, step, us, value.tobytes()) for writer, seq, step, us, value in rows)
    logged = sorted((w, seq, step, us, np.float64(v).tobytes()) for _, w, seq, step, us, v in model.points[metric])
    assert held == logged


def check_series(store: Store, model: Model, metric: str) -> None:
    found, _ = store.series(SeriesQuery(experiments=("exp_1",), metrics=(metric,)))
    series, shown = found["exp_1", metric], model.shown(metric)
    assert series.steps.tolist() == [step for step, _, _ in shown]
    assert np.array_equal(series.values, [value for _, _, value in shown], equal_nan=True)
    assert np.allclose(series.times_s, [us / 1e6 for _, us, _ in shown])


def check_buckets(store: Store, model: Model, metric: str) -> None:
    """Every extreme is at its place, and every point is counted."""
    asked = SeriesQuery(experiments=("exp_1",), metrics=(metric,), max_points=64)
    buckets, shown = store.buckets(asked).series["exp_1", metric], model.shown(metric)
    assert buckets.points == len(shown)
    grouped = {at: [v for _, _, v in some] for at, some in itertools.groupby(shown, lambda p: p[0] // buckets.width)}
    assert (buckets.x // buckets.width).tolist() == list(grouped)
    for at, values in enumerate(grouped.values()):
        finite = [value for value in values if math.isfinite(value)]
        extremes = (min(finite), max(finite)) if finite else (math.nan, math.nan)
        assert np.array_equal((buckets.min[at], buckets.max[at]), extremes, equal_nan=True)
    totals = [sum(map(test, (v for _, _, v in shown))) for test in (np.isnan, np.isposinf, np.isneginf)]
    assert [int(c.sum()) for c in (buckets.nan, buckets.posinf, buckets.neginf)] == totals
    assert math.isnan(buckets.last) or buckets.last == shown[-1][2]


def check_summary(store: Store, model: Model, metric: str) -> None:
    (summary,) = store.summaries(["exp_1"], [metric])["exp_1"]
    logged, shown = [p[5] for p in model.points[metric]], model.shown(metric)
    finite = [(value, step) for step, _, value in shown if math.isfinite(value)]
    assert (summary.points, summary.bad) == (len(logged), sum(not math.isfinite(value) for value in logged))
    assert (summary.first_step, summary.last_step) == (shown[0][0], shown[-1][0])
    assert (summary.last_time_s, str(summary.last)) == (shown[-1][1] / 1e6, str(shown[-1][2]))
    if not finite:
        assert math.isnan(summary.min)
        assert math.isnan(summary.mean)
        return
    low, high = min(value for value, _ in finite), max(value for value, _ in finite)
    assert (summary.min, summary.max) == (low, high)
    assert summary.min_step == next(step for value, step in finite if value == low)
    assert summary.max_step == next(step for value, step in finite if value == high)
    mean = math.fsum(value / len(finite) for value, _ in finite)
    largest = max(abs(low), abs(high))
    assert math.isclose(summary.mean, mean, rel_tol=1e-9, abs_tol=largest * 1e-12 + 1e-300)
