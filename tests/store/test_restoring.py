"""Any history that went through a repo, in any pieces, against the store where it was logged."""

from __future__ import annotations

import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.repo import Repo
from tests.store.trainer import Trainer, merged, taken
from trackio_client.store.contract import Store
from trackio_client.store.open import open_store
from trackio_client.wire.asks import SeriesQuery
from trackio_client.wire.frames import Schema

VALUES = st.sampled_from([0.0, -0.0, 1.5, -2.5, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf])
WRITERS = (("w_b", "exp_1", 0), ("w_a", "exp_1", 0), ("w_c", "exp_1", 1), ("w_d", "exp_2", 0))
SCHEMAS = (Schema(("loss",)), Schema(("loss", "lr")), Schema(("acc",)))
EVENTS = (
    {"kind": "start", "name": "n", "config": {"a": 1}, "tags": ["x"]},
    {"kind": "config", "values": {"a": 2}},
    {"kind": "config", "values": {"b": {"c": 3}}, "removed": ["a"]},
    {"kind": "summary", "values": {"f1": 0.5}},
    {"kind": "define", "metric": "loss", "goal": "min", "summary": "min,last", "hidden": True},
    {"kind": "define", "metric": "loss", "goal": "min", "step_metric": "epoch", "step_sync": False},
    {"kind": "edit", "name": "by a person"},
    {"kind": "edit", "name": "by another", "state": "paused"},
    {"kind": "text", "step": 5000, "values": {"x": "y"}},
    {"kind": "console", "lines": ["é\ud800"]},
    {"kind": "end", "state": "finished"},
    {"kind": "end", "state": "failed"},
)


@st.composite
def logs(draw):
    """Some frames of one writer."""
    frames = []
    for kind in draw(st.lists(st.sampled_from(("rising", "any", "event")), min_size=1, max_size=3)):
        if kind == "event":
            frames.append(("event", draw(st.sampled_from(EVENTS))))
            continue
        schema = draw(st.integers(0, 2))
        if kind == "rising":
            first, n = draw(st.integers(0, 3000)), draw(st.sampled_from([3, 70, 1500]))
            frames.append(("points", schema, [(first + 2 * at, math.sin(at)) for at in range(n)]))
        else:
            rows = draw(st.lists(st.tuples(st.integers(0, 40), VALUES), min_size=1, max_size=9))
            frames.append(("points", schema, rows))
    return "log", draw(st.integers(0, 3)), frames, draw(st.booleans())


PUSHES = st.tuples(st.just("push"), st.integers(1, 3), st.booleans(), st.sampled_from([0.4, 1.0, 1.0]), st.booleans())
DEEDS = st.one_of(
    logs(),
    logs(),
    PUSHES,
    PUSHES,
    st.tuples(st.just("adopt"), st.booleans()),
    st.tuples(st.just("load"), st.integers(0, 9)),
    st.tuples(st.just("replay"), st.integers(0, 3)),
    st.tuples(st.just("compact"), st.integers(0, 9), st.integers(2, 4)),
    st.just(("merge",)),
)


class Places:
    """Where it was logged, the repo, and where it is restored while logging goes on."""

    def __init__(self, folder: Path) -> None:
        self.first = open_store(folder / "first.sqlite", persistent=False)
        self.second = open_store(folder / "second.sqlite", persistent=False)
        self.repo = Repo()
        self.trainers = [Trainer(name, experiment, generation=g) for name, experiment, g in WRITERS]
        self.clock = itertools.count(1_000_000, 1009)

    def do(self, kind, *what) -> None:
        getattr(self, f"do_{kind}")(*what)

    def do_log(self, writer, frames, late) -> None:
        """A batch to the first store, and perhaps to the second one too."""
        trainer = self.trainers[writer]
        for frame in frames:
            if frame[0] == "event":
                trainer.event(time_us=next(self.clock), **frame[1])
                continue
            schema = SCHEMAS[frame[1]]
            for step, value in frame[2]:
                trainer.step(step, *(value, -value)[: len(schema.keys)], time_us=next(self.clock), schema=schema)
        self.send(trainer, self.first)
        if late:
            self.do_replay(writer)

    def send(self, trainer: Trainer, store: Store, first: int | None = None) -> None:
        log = trainer.log[trainer.sent if first is None else first :]
        body = b"".join(schema.frame for schema in SCHEMAS) + b"".join(log)
        if log:
            taken(trainer.send(store, first, body=body))

    def do_push(self, files, apart, share, both) -> None:
        self.repo.push(self.first, files=files, apart=apart, share=share)
        if both:
            self.repo.push(self.second)

    def do_adopt(self, headers) -> None:
        self.second.adopt(self.repo.adopted(headers=headers))

    def do_load(self, which) -> None:
        cold = self.second.cold()
        if cold:
            self.repo.load(self.second, cold[which % len(cold)])
            self.repo.load(self.second, cold[which % len(cold)])

    def do_replay(self, writer) -> None:
        """The client sends again what the second store says it lacks, and a little more."""
        trainer = self.trainers[writer]
        if any(record.experiment_id == trainer.experiment_id for record in self.second.experiments()):
            end = self.second.receipt(trainer.writer_id).accepted_end
            self.send(trainer, self.second, max(0, end - 3))

    def do_compact(self, first, count) -> None:
        paths = list(self.repo.files)
        if paths:
            start = first % len(paths)
            self.repo.compact(paths[start : start + count])
            self.do_adopt(True)

    def do_merge(self) -> None:
        merged(self.first)
        merged(self.second)

    def close(self) -> None:
        self.first.close()
        self.second.close()


@pytest.mark.requirement("S1.54", "S1.56")
@settings(max_examples=60, deadline=None)
@given(st.lists(DEEDS, min_size=1, max_size=14))
def test_after_any_history_the_restored_store_is_the_one_where_it_was_logged(history):
    with tempfile.TemporaryDirectory() as folder:
        places = Places(Path(folder))
        try:
            for deed in history:
                places.do(*deed)
            places.repo.push(places.first)
            places.do_adopt(True)
            for writer in range(4):
                places.do_replay(writer)
            check_lists(places.second, places.first)
            places.repo.restore(places.second)
            check_same(places.second, places.first)
            position = places.second.position()
            places.do_adopt(False)
            assert (places.second.position(), places.second.cold()) == (position, [])
            merged(places.second)
            check_same(places.second, places.first)
        finally:
            places.close()


def check_lists(store: Store, original: Store) -> None:
    """What lists say before anything is loaded."""
    assert counts(store) == counts(original)
    assert held(store) == held(original)


def counts(store: Store):
    return sorted((r.experiment_id, r.project, r.point_count, r.event_count, r.writers) for r in store.experiments())


def held(store: Store):
    receipts = [r for record in store.experiments() for r in store.receipts(record.experiment_id)]
    return sorted((r.writer_id, r.accepted, r.events, r.points, r.digest, r.holes) for r in receipts)


def check_same(store: Store, original: Store) -> None:
    check_lists(store, original)
    assert store.damaged() == []
    assert [records(store), store.metrics("digits")] == [records(original), original.metrics("digits")]
    for record in original.experiments():
        name = record.experiment_id
        assert store.audit(name) == {r.writer_id: r.digest for r in store.receipts(name)}
        assert events(store, name) == events(original, name)
        assert summaries(store, name) == summaries(original, name)
        for metric in [each[0] for each in original.metrics("digits", [name])]:
            assert points(store, name, metric) == points(original, name, metric)
            assert shown(store, name, metric) == shown(original, name, metric)


def records(store: Store):
    return sorted(
        (
            r.experiment_id, r.name, r.tags, r.generation, r.created_s, r.last_event_s, r.last_step, repr(r.end),
            r.edited_state, repr(sorted(r.config.items())), repr(r.user_summary), repr(r.definitions), r.metric_count,
        )
        for r in store.experiments()
    )  # fmt: skip


def events(store: Store, name: str):
    return sorted((e.writer_id, e.seq, repr(e.content)) for e in store.events(name))


def summaries(store: Store, name: str):
    """Means are sums of parts, and may differ in their last digits."""
    return [_rounded(each) for each in store.summaries([name])[name]]


def _rounded(each):
    largest = max(abs(each.min), abs(each.max))
    mean = "none" if math.isnan(each.mean) else "small" if abs(each.mean) < 1e-9 * largest else f"{each.mean:.6g}"
    return (*map(repr, each[:-1]), mean)


def points(store: Store, name: str, metric: str):
    p = store.points(name, metric)
    names = [p.writers[int(writer)] for writer in p.writer_of]
    rows = zip(names, p.seqs.tolist(), p.steps.tolist(), p.times_us.tolist(), p.values, strict=True)
    return sorted((writer, seq, step, us, np.float64(value).tobytes()) for writer, seq, step, us, value in rows)


def shown(store: Store, name: str, metric: str):
    found, _ = store.series(SeriesQuery(experiments=(name,), metrics=(metric,)))
    series = found[name, metric]
    return series.steps.tobytes(), series.values.tobytes(), series.times_s.tobytes()
