"""Series as they are read and drawn, against the plainest model of what was logged."""

from __future__ import annotations

import math
import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from trackio_client.store.contract import Buckets, Store
from trackio_client.store.open import open_store
from trackio_client.store.reading import Reading
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.batches import Batch
from trackio_client.wire.frames import Schema, metrics_frame

EXPERIMENT = "exp_1"
SCHEMA = Schema(("loss", "other"))
BAD = (math.nan, math.inf, -math.inf)


@dataclass
class Logged:
    """What was appended to one experiment, in order of arrival: (generation, writer, seq, step, µs, value)."""

    store: Store
    chance: random.Random
    points: list[tuple[int, str, int, int, int, float]] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    step: int = 0
    us: int = 1_700_000_000_000_000

    def append(self, n: int, *, stride: int, generation: int = 0, bad: float = 0.0, wander: bool = False) -> None:
        writer = f"w_{generation}"
        first = self.seqs.get(writer, 0)
        frames = []
        for seq in range(first, first + n):
            self.step += stride if not wander else self.chance.choice([1, 2, 7, 40, 0, -3])
            self.step = max(0, self.step)
            self.us += self.chance.randrange(1, 2_000_000)
            value = self.chance.choice(BAD) if self.chance.random() < bad else self.chance.gauss(0, 1)
            frames.append(metrics_frame(SCHEMA, self.step, self.us, (value, float(self.step))))
            self.points.append((generation, writer, seq, self.step, self.us, value))
        self.seqs[writer] = first + n
        batch = Batch(
            writer_id=writer,
            experiment_id=EXPERIMENT,
            project="p",
            generation=generation,
            first_seq=first,
            count=n,
            first_held=0,
            body=SCHEMA.frame + b"".join(frames),
        )
        (outcome,) = self.store.append([batch])
        assert not isinstance(outcome, Exception), outcome

    def merged(self) -> None:
        while self.store.merge(budget_s=5):
            pass

    def shown(self) -> list[tuple[int, int, float]]:
        """(step, µs, value): of a repeated step the later by (generation, writer, seq)."""
        best: dict[int, tuple[tuple[int, str, int], int, float]] = {}
        for generation, writer, seq, step, us, value in self.points:
            if step not in best or best[step][0] < (generation, writer, seq):
                best[step] = ((generation, writer, seq), us, value)
        return [(step, us, value) for step, (_, us, value) in sorted(best.items())]

    def buckets(self, width: float, x: str, low: float = -math.inf, high: float = math.inf) -> dict[str, list[float]]:
        first = min(each[4] for each in self.points) if x == "relative" else 0
        rows: dict[int, list[tuple[float, float]]] = {}
        for place, (step, us, value) in enumerate(self.shown()):
            at = float(step) if x == "step" else (us - first) / 1e6
            if low <= at <= high:
                rows.setdefault(math.floor(at / width) if width else place, []).append((at, value))
        found: dict[str, list[float]] = {name: [] for name in ("x", "min", "max", "mean", "nan", "posinf", "neginf")}
        for index in sorted(rows):
            values = np.array([value for _, value in rows[index]])
            finite = values[np.isfinite(values)]
            found["x"].append(max(at for at, _ in rows[index]))
            for name in ("min", "max", "mean"):
                found[name].append(float(getattr(finite, name)()) if len(finite) else math.nan)
            for name in ("nan", "posinf", "neginf"):
                found[name].append(int(getattr(np, f"is{name}")(values).sum()))
        return found


@pytest.fixture
def store(tmp_path: Path):
    held = open_store(tmp_path / "store.sqlite")
    yield held
    held.close()


def ask(**more) -> SeriesQuery:
    return SeriesQuery(experiments=(EXPERIMENT,), metrics=("loss",), **more)


def one(store: Store, **more) -> Buckets:
    return store.buckets(ask(**more)).series[EXPERIMENT, "loss"]


def same(drawn: Buckets, expected: dict[str, list[float]]) -> None:
    for name, column in expected.items():
        np.testing.assert_allclose(getattr(drawn, name), column, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("seed", range(8))
def test_buckets_are_exact_whatever_was_merged_when_steps_come_regularly(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    logged = Logged(store, chance)
    logged.step = chance.choice([0, 0, 5, 10_000])
    stride = chance.choice([1, 1, 10, 50])
    for _ in range(chance.randrange(2, 8)):
        logged.append(chance.choice([1, 20, 700, 1500, 3000]), stride=stride, bad=chance.choice([0, 0, 0.02]))
        if chance.random() < 0.6:
            logged.merged()
        for max_points in (4, 30, 300, 10_000):
            drawn = one(store, max_points=max_points)
            same(drawn, logged.buckets(drawn.width, "step"))
            assert drawn.points == len(logged.shown())
    low, high = logged.shown()[len(logged.shown()) // 3][0] + 0.5, logged.shown()[-1][0] - 1
    drawn = one(store, max_points=50, from_x=low, to_x=high)
    w = drawn.width  # of the buckets at the ends, all
    same(drawn, logged.buckets(w, "step", math.floor(low / w) * w, (math.floor(high / w) + 1) * w - 1))


def test_a_long_series_is_the_same_from_outlines_as_from_a_store_that_has_none(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as store:
        logged = Logged(store, random.Random(5))
        logged.append(30_000, stride=3, bad=0.001)
        logged.merged()
        logged.append(700, stride=3)  # in the tail
        shown = [one(store, max_points=most, from_x=6_000.0, to_x=to) for most, to in ((20, 91_000.0), (20, 60_000.0))]
        assert shown[0].width >= 3 * 512
        for drawn, to in zip(shown, (91_000, 60_000), strict=True):
            w = drawn.width
            same(drawn, logged.buckets(w, "step", 6_000 // w * w, (to // w + 1) * w - 1))
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("DELETE FROM outline WHERE no > 2").rowcount > 2
        plain.commit()
    with closing(open_store(path)) as store:
        drawn = one(store, max_points=20, from_x=6_000.0, to_x=60_000.0)
        same(drawn, {name: getattr(shown[1], name).tolist() for name in ("x", "min", "max", "mean", "nan")})


@pytest.mark.parametrize("seed", range(10))
def test_repeated_and_returning_steps_show_the_later_value(store: Store, seed: int) -> None:
    chance = random.Random(100 + seed)
    logged = Logged(store, chance)
    for generation in (0, 0, 1, 1, 2, 0):
        wander = chance.random() < 0.4
        logged.append(chance.choice([3, 400, 1200]), stride=2, generation=generation, wander=wander, bad=0.01)
        if chance.random() < 0.5:
            logged.step = max(0, logged.step - chance.randrange(0, 900))
        if chance.random() < 0.5:
            logged.merged()
        shown = logged.shown()
        found, _ = store.series(ask())
        series = found[EXPERIMENT, "loss"]
        np.testing.assert_array_equal(series.steps, [step for step, _, _ in shown])
        np.testing.assert_array_equal(series.values, [value for _, _, value in shown])
        every = store.points(EXPERIMENT, "loss")
        assert sorted(every.steps.tolist()) == sorted(each[3] for each in logged.points)
        for x in ("step", "relative", "time"):
            drawn = one(store, max_points=100_000, x=x)
            same(drawn, logged.buckets(drawn.width, x))
            thinned = one(store, max_points=20, x=x)
            assert thinned.points == len(shown)
            finite = [value for _, _, value in shown if math.isfinite(value)]
            assert np.nanmin(thinned.min) == min(finite)
            assert np.nanmax(thinned.max) == max(finite)
        repeats, _ = store.series(ask(repeats=True))
        np.testing.assert_array_equal(repeats[EXPERIMENT, "loss"].values, every.values)
        assert len(every.values) == len(logged.points)


@pytest.mark.parametrize("x", ["step", "relative", "time", "other"])
@pytest.mark.parametrize("seed", range(4))
def test_a_page_that_adds_what_is_new_ends_with_what_a_new_page_is_given(store: Store, seed: int, x: str) -> None:
    chance = random.Random(1000 + seed)
    logged = Logged(store, chance)
    logged.append(10, stride=1)
    query = ask(max_points=chance.choice([8, 200]), x=x)
    answer = store.buckets(query)
    page = {name: getattr(answer.series[EXPERIMENT, "loss"], name) for name in ("x", "min", "max", "nan")}
    for turn in range(12):
        generation = turn // 5
        logged.append(chance.choice([1, 5, 600]), stride=1, generation=generation, wander=chance.random() < 0.2)
        if chance.random() < 0.4:
            logged.merged()
        if chance.random() < 0.2:
            logged.step = max(0, logged.step - 50)
        answer = store.buckets(replace(query, cursor=answer.cursor))
        new = answer.series[EXPERIMENT, "loss"]
        assert answer.reset == (new.keep == 0) or x == "other" or new.keep == 0
        page = {name: np.concatenate([page[name][: new.keep], getattr(new, name)]) for name in page}
        fresh = store.buckets(query).series[EXPERIMENT, "loss"]
        for name in page:
            np.testing.assert_allclose(page[name], getattr(fresh, name), err_msg=name)
    nothing = store.buckets(replace(query, cursor=answer.cursor))
    assert not nothing.series
    assert not nothing.reset


@pytest.mark.parametrize("seed", range(4))
def test_a_cursor_gives_each_new_point_once_also_after_a_merge(store: Store, seed: int) -> None:
    chance = random.Random(2000 + seed)
    logged = Logged(store, chance)
    cursor, seen = None, []
    for _ in range(10):
        logged.append(chance.choice([1, 30, 1100]), stride=1)
        if chance.random() < 0.5:
            logged.merged()
        found, cursor = store.series(ask(cursor=cursor))
        seen += found[EXPERIMENT, "loss"].steps.tolist()
        assert seen == [step for step, _, _ in logged.shown()]
    assert store.series(ask(cursor=cursor))[0] == {}


def test_few_points_of_a_long_series_are_real_ones_with_every_spike(store: Store) -> None:
    logged = Logged(store, random.Random(7))
    for _ in range(20):
        logged.append(3000, stride=1)
    spikes = {17, 12_345, 40_001, 59_000}
    logged.merged()
    n = len(logged.points)
    frames = [metrics_frame(SCHEMA, n + i + 1, logged.us + i, (1e6 + i if i in spikes else 0.5, 0)) for i in range(n)]
    for start in range(0, n, 5000):
        batch = Batch(
            writer_id="w_0",
            experiment_id=EXPERIMENT,
            project="p",
            generation=0,
            first_seq=n + start,
            count=5000,
            first_held=0,
            body=SCHEMA.frame + b"".join(frames[start : start + 5000]),
        )
        store.append([batch])
    logged.merged()
    found, _ = store.series(ask(max_points=300))
    series = found[EXPERIMENT, "loss"]
    real = {(step, value) for step, _, value in logged.shown()} | {
        (n + i + 1, 1e6 + i if i in spikes else 0.5) for i in range(n)
    }
    assert len(series.steps) <= 300
    assert set(zip(series.steps.tolist(), series.values.tolist(), strict=True)) <= real
    assert {n + i + 1 for i in spikes} <= set(series.steps.tolist())
    assert series.steps[0] == 1
    assert series.steps[-1] == 2 * n
    assert (np.diff(series.steps) > 0).all()


KINDS = (
    "plain",
    "bad",
    "back",
    "short",
    "gaps",
    "sparse",
    "late",
    "flat",
    "live",
    "again",
    "tail",
)  # of the last three some, or all, is in the tail


@pytest.fixture(scope="module")
def of_all_kinds(tmp_path_factory) -> Path:
    """A store with an experiment of each kind, three series each."""
    path = tmp_path_factory.mktemp("kinds") / "store.sqlite"
    with closing(open_store(path)) as store:
        _fill_with_all_kinds(store)
    return path


def _fill_with_all_kinds(store: Store) -> None:
    rng, schema = np.random.default_rng(5), Schema(("a", "b", "c"))
    for place, kind in enumerate(KINDS):
        steps = np.arange(100 if kind == "short" else 30_000)
        if kind == "back":
            steps[20_000:] -= 9_000
        if kind == "gaps":
            steps = np.cumsum(rng.choice([1, 1, 1, 2, 40], len(steps)))
        if kind == "sparse":
            steps = 7 * steps + 1_001
        if kind == "late":
            steps[13_333:] += 2_000
        values = rng.normal(size=(len(steps), 3))
        if kind == "flat":  # whose range float32 would lose
            values = 1e9 + values / 1e3
        if kind == "bad":
            values[rng.random(values.shape) < 0.01] = np.nan
            values[4_000:9_000, 1] = np.inf
        rows = [metrics_frame(schema, int(steps[i]), 10**15 + i, values[i].tolist()) for i in range(len(steps))]
        for at in range(0, len(rows), 10_000):
            some = rows[at : at + 10_000]
            batch = Batch(
                writer_id=f"w_{place}", experiment_id=f"exp_{place}", project="p", generation=0, first_seq=at,
                count=len(some), first_held=0, body=schema.frame + b"".join(some),
            )  # fmt: skip
            (outcome,) = store.append([batch])
            assert not isinstance(outcome, Exception)
            while kind != "tail" and store.merge(budget_s=5):
                pass
        if kind in ("live", "again"):
            more = [
                metrics_frame(
                    schema, i + (30_000 if kind == "live" else 28_500), 10**15 + 30_000 + i, values[i].tolist()
                )
                for i in range(700)
            ]
            batch = replace(batch, first_seq=30_000, count=700, body=schema.frame + b"".join(more))
            (outcome,) = store.append([batch])
            assert not isinstance(outcome, Exception)


def test_series_of_an_earlier_version_are_drawn_without_sketches(of_all_kinds: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(of_all_kinds.read_bytes())  # closed: its log is in it
    query = SeriesQuery(experiments=("exp_0", "exp_8"), metrics=("a", "b"), max_points=3_000)
    with closing(open_store(path)) as store:
        of_sketches = store.buckets(query).series
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("DELETE FROM sketch WHERE no > 2").rowcount > 30
        plain.commit()
    with closing(open_store(path)) as store:
        without = store.buckets(query).series
    assert len(without) == 4
    for key, drawn in without.items():
        same(drawn, {name: getattr(of_sketches[key], name).tolist() for name in ("x", "nan")})
        np.testing.assert_allclose(drawn.mean, of_sketches[key].mean, atol=1e-6)
        assert not np.array_equal(drawn.mean, of_sketches[key].mean) or key[0] == "exp_8", "these are of other numbers"


@pytest.mark.parametrize(
    "zoom",
    [
        {},
        {"from_x": 9_000.5, "to_x": 24_000.0},
        {"from_x": 29_000.0},
        {"to_x": 50.0},
        {"from_x": 8_170.0, "to_x": 9_500.5},  # of points, over the edges of chunks
        {"from_x": 12_345.0, "to_x": 12_350.0},
        {"from_x": -1e300, "to_x": 1e300},
        *({"max_points": most} for most in (400, 3_000, 9_000)),  # of sketches, at each of their levels
        *({"max_points": most, "from_x": 700.5, "to_x": 25_001.0} for most in (40, 300, 900)),
    ],
)
def test_many_series_drawn_together_are_as_each_drawn_alone_but_for_single_precision(
    of_all_kinds: Path, monkeypatch, zoom
) -> None:
    experiments = tuple(f"exp_{place}" for place in range(len(KINDS)))
    query = SeriesQuery(experiments=experiments, metrics=("a", "b", "c"), **{"max_points": 40, **zoom})
    with closing(open_store(of_all_kinds)) as store:
        together = store.buckets(query).series
    assert len(together) >= 15
    monkeypatch.setattr(Reading, "draw_ahead", lambda *_: None)
    with closing(open_store(of_all_kinds)) as other:
        alone = other.buckets(query).series
    assert list(alone) == list(together)
    for key, drawn in together.items():
        ends = np.concatenate([alone[key].min, alone[key].max])
        spread = np.ptp(some) if len(some := ends[np.isfinite(ends)]) else 0
        for name in ("width", "x", "min", "max", "mean", "nan", "posinf", "neginf", "points"):
            one, two = getattr(drawn, name), getattr(alone[key], name)
            near = 1e-6 * spread if name in ("min", "max", "mean") else 0
            np.testing.assert_allclose(one, two, rtol=1e-12, atol=near, err_msg=f"{key} {name}")
