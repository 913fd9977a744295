"""The browser's half of the series answer: bytes, deltas, smoothing, numbers and ticks, against Python and numpy."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
import pytest

from trackio_client.queries.series import pack
from trackio_client.store.contract import Buckets, BucketsAnswer
from trackio_client.wire.asks import BAD_COUNTS, BLOCK_HEAD, LAST, ONE_VALUE, SAME_X, SERIES_MAGIC, WIDE

pytestmark = pytest.mark.browser


def packed(head: dict[str, Any], *blocks: bytes) -> str:
    encoded = json.dumps({"x": "step", "now_s": 1.5, "blocks": len(blocks)} | head).encode()
    body = SERIES_MAGIC + struct.pack("<I", len(encoded)) + encoded + b"".join(blocks)
    return base64.b64encode(body).decode()


def block(series: int, mode: int, keep: int, *columns: np.ndarray) -> bytes:
    head = struct.pack(BLOCK_HEAD, series, mode, 0, keep, len(columns[0]))
    return head + b"".join(column.tobytes() for column in columns)


def info(experiment: str, metric: str, points: int, **bad: int) -> dict[str, Any]:
    return {"experiment_id": experiment, "metric": metric, "points": points, "width": 1, "nan": 0} | bad


DECODE = """async (text) => {
  const { decode } = await import("/lib/charts/frames.js");
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const answer = decode(bytes.buffer);
  const plain = (column) => Array.from(column, (v) => Number.isNaN(v) ? "NaN" : v);
  return { ...answer, blocks: answer.blocks.map((b) => ({ ...b, wide: b.mean instanceof Float64Array,
    x: plain(b.x), low: plain(b.low), high: plain(b.high), mean: plain(b.mean), bad: b.bad && b.bad.map(plain) })) };
}"""


def test_the_page_reads_every_form_of_block_that_the_wire_describes(modules: Any) -> None:
    x = np.array([1.0, 2.0, 2.0**53], "<f8")
    low, high, mean = (np.array(v, "<f4") for v in ([0.5, -1, np.nan], [1.5, 4, np.nan], [1, 2, np.nan]))
    counts = [np.array(v, "<u2") for v in ([0, 0, 7], [0, 0, 0], [0, 0, 65535])]
    wide = np.array([1e300, 1 / 3, -0.0], "<f8")
    answer = modules.evaluate(
        DECODE,
        packed(
            {"cursor": "c1", "reset": True, "series": [info("a", "m", 3), info("b", "m", 3)]},
            block(0, BAD_COUNTS, 0, x, low, high, mean, *counts),
            block(1, ONE_VALUE | WIDE, 5, x, wide),
            block(1, LAST, 0, x, low, high, mean, np.array([0.1], "<f8")),
            struct.pack(BLOCK_HEAD, 0, SAME_X | ONE_VALUE, 0, 0, 3) + mean.tobytes(),
        ),
    )
    assert (answer["cursor"], answer["reset"], answer["series"][1]["experiment_id"]) == ("c1", True, "b")
    buckets, values, ended, beside = answer["blocks"]
    assert buckets["x"] == [1, 2, 2**53]
    assert (buckets["low"], buckets["high"], buckets["mean"]) == ([0.5, -1, "NaN"], [1.5, 4, "NaN"], [1, 2, "NaN"])
    assert buckets["bad"] == [[0, 0, 7], [0, 0, 0], [0, 0, 65535]]
    assert not buckets["single"]
    assert (values["keep"], values["single"], values["wide"], values["bad"]) == (5, True, True, None)
    assert values["mean"] == values["low"] == [1e300, 1 / 3, 0]
    assert (beside["x"], beside["mean"]) == ([1, 2, 2**53], [1, 2, "NaN"])
    assert (ended["last"], ended["mean"], buckets["last"]) == (0.1, [1, 2, "NaN"], None)


def test_the_page_reads_what_the_space_packs(modules: Any) -> None:
    n = 50
    rng = np.random.default_rng(0)
    low, zeros = rng.normal(size=n), np.zeros(n, np.int64)
    nan = zeros.copy()
    nan[7] = 70_000
    whole = Buckets(2.0, 0, np.arange(n) * 2.0, low, low + 1, low + 0.5, nan, zeros, zeros, 100)
    flat = np.full(3, 1e9) + np.arange(3)
    exact = Buckets(0.0, 4, np.array([5.0, 6.0, 7.0]), flat, flat, flat, zeros[:3], zeros[:3], zeros[:3], 7)
    keys = (("exp_a", "train/loss"), ("exp_b", "tokens"))
    body = pack(BucketsAnswer(keys, {keys[0]: whole, keys[1]: exact}, True, "c"), x="step", now_s=1.0, cursor="mark.c")
    answer = modules.evaluate(DECODE, base64.b64encode(body).decode())
    loss, tokens = answer["blocks"]
    np.testing.assert_allclose(loss["low"], low, rtol=1e-6)
    np.testing.assert_allclose(loss["mean"], low + 0.5, rtol=1e-5, atol=1e-6)
    assert loss["bad"][0][7] == 65_535
    assert (tokens["keep"], tokens["single"], tokens["mean"]) == (4, True, flat.tolist()), (
        "f32 would lose the last digit"
    )
    assert answer["cursor"] == "mark.c"
    assert [row["points"] for row in answer["series"]] == [100, 7]


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"<html>502</html>", 'wanted "TKS2"'), (b"", 'wanted "TKS2"'), (b"TKS2\xff\x00\x00\x00{}", "cut on the way")],
)
def test_an_answer_that_is_not_ours_or_cut_is_refused_in_words(modules: Any, body: bytes, says: str) -> None:
    told = modules.evaluate(
        DECODE.replace(
            "const answer = decode(bytes.buffer);",
            "let answer; try { answer = decode(bytes.buffer); } catch (error) { return error.message; }",
        ),
        base64.b64encode(body).decode(),
    )
    assert says in told


APPLY = """async ([blocks, smoothing]) => {
  const { Series } = await import("/lib/charts/frames.js");
  const series = new Series("a", "m");
  const lines = [];
  for (const { keep, x, low, high, mean, wide } of blocks) {
    const Values = wide ? Float64Array : Float32Array;
    const one = Values.from(mean);
    series.apply({ series: 0, keep, n: x.length, single: !low, x: Float64Array.from(x),
      low: low ? Values.from(low) : one, high: high ? Values.from(high) : one, mean: one, bad: null });
    if (smoothing) lines.push(Array.from(series.line(smoothing)).slice(0, series.n));
  }
  const cut = (column) => Array.from(column).slice(0, series.n);
  return { n: series.n, x: cut(series.x), low: cut(series.low), high: cut(series.high), mean: cut(series.mean), lines };
}"""


def test_what_an_update_keeps_stays_and_the_rest_is_replaced(modules: Any) -> None:
    first = {"keep": 0, "x": [0, 1, 2], "mean": [1, 2, 3]}
    more = {"keep": 2, "x": [2, 3], "mean": [30, 40]}
    buckets = {"keep": 3, "x": [9], "low": [5], "high": [7], "mean": [6], "wide": True}
    held = modules.evaluate(APPLY, [[first, more, buckets], None])
    assert held["x"] == [0, 1, 2, 9]
    assert held["mean"] == [1, 2, 30, 6]
    assert (held["low"], held["high"]) == ([1, 2, 30, 5], [1, 2, 30, 7])


def test_an_update_that_keeps_more_than_is_held_is_an_error(modules: Any) -> None:
    with pytest.raises(Exception, match="keeps 5 buckets of m, but 1 are held"):
        modules.evaluate(APPLY, [[{"keep": 0, "x": [0], "mean": [1]}, {"keep": 5, "x": [1], "mean": [1]}], None])


def ema(values: np.ndarray, weight: float) -> np.ndarray:
    """The textbook: sum of weight^age × value over sum of weight^age, by definition."""
    out = []
    for i in range(len(values)):
        w = weight ** np.arange(i, -1, -1.0) * np.isfinite(values[: i + 1])
        out.append(np.nansum(w * np.nan_to_num(values[: i + 1])) / w.sum() if np.isfinite(values[i]) else np.nan)
    return np.array(out)


SMOOTH = """async ([x, values, smoothing]) => {
  const { smooth, typicalDistance } = await import("/lib/charts/smoothing.js");
  const n = x.length, out = new Float64Array(n), norm = new Float64Array(n);
  const v = values.map((each) => each === null ? NaN : each);
  smooth(x, v, n, smoothing, out, norm, typicalDistance(x, n));
  return Array.from(out, (each) => Number.isNaN(each) ? null : each);
}"""


def smoothed(modules: Any, x: np.ndarray, values: np.ndarray, kind: str, amount: float) -> np.ndarray:
    plain = [None if np.isnan(v) else float(v) for v in values]
    given = modules.evaluate(SMOOTH, [x.tolist(), plain, {"kind": kind, "amount": amount}])
    return np.array([np.nan if v is None else v for v in given])


def test_the_ema_is_the_debiased_one_and_steps_over_nan(modules: Any) -> None:
    values = np.random.default_rng(1).normal(size=60)
    values[[0, 20, 21, 59]] = np.nan
    x = np.arange(60.0)
    ours = smoothed(modules, x, values, "ema", 0.9)
    # A missing value counts as distance: its weight passes, as in the definition by ages.
    np.testing.assert_allclose(ours, ema(values, 0.9), rtol=1e-9)


def test_an_uneven_axis_weighs_by_distance(modules: Any) -> None:
    x = np.array([0.0, 1, 2, 3, 4, 5, 15, 16, 17])
    values = np.array([0.0] * 6 + [1.0] * 3)
    ours = smoothed(modules, x, values, "ema", 0.5)
    assert ours[6] > 0.998  # ten steps later the past hardly counts
    assert smoothed(modules, np.arange(9.0), values, "ema", 0.5)[6] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("kind", ["gaussian", "mean"])
def test_windows_are_weighted_means_of_the_finite_neighbours(modules: Any, kind: str) -> None:
    rng = np.random.default_rng(2)
    x = np.cumsum(rng.choice([1.0, 1.0, 1.0, 2.0], size=80))
    values = rng.normal(size=80)
    values[30] = np.nan
    amount, window = 0.8, 1.8 / 0.2
    reach = (window - 1) / 2 if kind == "mean" else 3 * window / (2 * np.sqrt(np.pi))
    wanted = []
    for at, value in zip(x, values, strict=True):
        near = (np.abs(x - at) <= reach * (1 + 1e-9)) & np.isfinite(values)
        w = np.exp(-(((x[near] - at) / (reach / 3)) ** 2) / 2) if kind == "gaussian" else np.ones(near.sum())
        wanted.append((w * values[near]).sum() / w.sum() if np.isfinite(value) else np.nan)
    np.testing.assert_allclose(smoothed(modules, x, values, kind, amount), wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", ["ema", "gaussian", "mean"])
def test_smoothing_what_is_new_gives_what_smoothing_all_gives(modules: Any, kind: str) -> None:
    values = np.random.default_rng(3).normal(size=90).tolist()
    x = list(range(90))
    parts = [{"keep": 0, "x": x[:50], "mean": values[:50]}, {"keep": 48, "x": x[48:], "mean": values[48:]}]
    smoothing = {"kind": kind, "amount": 0.9}
    grown = modules.evaluate(APPLY, [parts, smoothing])["lines"][-1]
    whole = modules.evaluate(APPLY, [[{"keep": 0, "x": x, "mean": values}], smoothing])["lines"][-1]
    np.testing.assert_allclose(grown, whole, rtol=1e-6)


def test_a_zoom_into_finer_points_smooths_over_as_much_of_the_axis(modules: Any) -> None:
    run = """async ([x, values]) => { const { Series } = await import("/lib/charts/frames.js");
      const made = (stride) => { const s = new Series("a", "m"), n = Math.floor(x.length / stride);
        const pick = (from) => Array.from({ length: n }, (_, i) => from[i * stride]);
        const mean = Float64Array.from(pick(values));
        const columns = { x: Float64Array.from(pick(x)), low: mean, high: mean, mean, bad: null };
        s.apply({ series: 0, keep: 0, n, single: true, ...columns });
        return s; };
      const coarse = made(10), fine = made(1), smoothing = { kind: "ema", amount: 0.9 };
      return [coarse.line(smoothing)[80], fine.line(smoothing, coarse)[800], fine.line(smoothing)[800]]; }"""
    x = np.arange(1000.0)
    coarse, fine, alone = modules.evaluate(run, [x.tolist(), (x > 700).astype(float).tolist()])
    assert fine == pytest.approx(coarse, abs=0.05)
    assert alone > 0.99


def test_numbers_are_written_as_people_read_them(modules: Any) -> None:
    given = [0, 3.28471, 0.00011234, 14208, 1234.5678, -0.5, 5041200, 0.008, 12, 1e12]
    wanted = ["0", "3.285", "1.123e−4", "14,208", "1,235", "−0.5000", "5,041,200", "0.008", "12", "1e12"]
    told = modules.evaluate(
        "async (v) => { const s = await import('/lib/charts/scales.js'); return v.map(s.formatNumber); }", given
    )
    assert told == wanted
    odd = """async () => { const s = await import("/lib/charts/scales.js");
        return [NaN, Infinity, -Infinity, null].map(s.formatNumber); }"""
    assert modules.evaluate(odd) == ["NaN", "∞", "−∞", "–"]


def test_all_digits_are_those_that_were_logged(modules: Any) -> None:
    given = [1234567890, 16777216, 0.10000000149011612, 0.1, -1234567.875, 1e308]
    wanted = ["1234567890", "16777216", "0.1", "0.1", "−1234568", "1e+308"]
    exact = "async (v) => { const s = await import('/lib/charts/scales.js'); return v.map(s.formatExact); }"
    assert modules.evaluate(exact, given) == wanted


def test_no_key_of_a_config_reaches_other_objects(modules: Any) -> None:
    run = """async (config) => { const { nested } = await import("/lib/data/lists.js");
      return [JSON.stringify(nested(config)), ({}).isFile === undefined]; }"""
    told = modules.evaluate(run, {"__proto__.isFile": 1, "a.b": 2, "a.__proto__.isFile": 3})
    assert told == ['{"__proto__.isFile":1,"a":{"b":2},"a.__proto__.isFile":3}', True]


def test_no_two_settings_have_one_name_in_the_address(modules: Any) -> None:
    names = modules.evaluate("import('/lib/data/fields.js').then(({ FIELDS }) => FIELDS.map(({ name }) => name))")
    assert len(names) > 50
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (3.2, 4.1, ["3.25", "3.50", "3.75", "4.00"]),
        (0, 5200, ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]),
        (0, 4.6e6, ["0", "1 M", "2 M", "3 M", "4 M"]),
        (-0.12, 0.12, ["−0.10", "−0.05", "0", "0.05", "0.10"]),
        (1_234_000, 1_234_100, ["1.234 M", "1.234025 M", "1.23405 M", "1.234075 M", "1.2341 M"]),
        (5e9, 5e9 + 2000, ["5 G", "5.0000005 G", "5.000001 G", "5.0000015 G", "5.000002 G"]),
        (0.00029, 0.0003, ["2.9e−4", "2.925e−4", "2.95e−4", "2.975e−4", "3e−4"]),
    ],
)
def test_ticks_stand_at_round_numbers(modules: Any, low: float, high: float, ticks: list[str]) -> None:
    run = """async ([low, high, count]) => { const s = await import("/lib/charts/scales.js");
      const { ticks, step } = s.niceTicks(low, high, count); return ticks.map((t) => s.formatTick(t, step)); }"""
    assert modules.evaluate(run, [low, high, 4 if low > 0 else 6]) == ticks


def test_wall_time_ticks_are_round_in_the_readers_zone(modules: Any) -> None:
    run = """async () => { const s = await import("/lib/charts/scales.js");
      const from = new Date(2026, 10, 21, 13, 14).getTime() / 1000;
      const { ticks, text } = s.clockTicks(from, from + 3600, 4); return ticks.map(text); }"""
    assert modules.evaluate(run) == ["13:15", "13:30", "13:45", "14:00"]


FEED = """async (from) => {
  const { Feeds } = await import("/lib/charts/feeds.js");
  const told = [];
  let open = 0;
  const source = { async series(ask) {
    told.push(`ask ${ask.metrics[0]} ${ask.metrics.length} ${++open}`);
    await new Promise((done) => setTimeout(done, 20));
    open--;
    const of = (experiment_id) => ask.metrics.map((metric) => ({ experiment_id, metric, points: 0 }));
    const series = ask.experiments.flatMap(of);
    return { bytes: 1, series, blocks: [], cursor: "c", reset: true };
  } };
  const feeds = new Feeds(source, { every_ms: 1e6 });
  const whole = new Promise((done) => feeds.addEventListener("data", ({ detail }) => {
    told.push(`data ${detail.size}`);
    if (told.filter((each) => each.startsWith("data")).length === 4 || from === null) done();
  }));
  const experiments = Array.from({ length: 20 }, (_, i) => `e${i}`);
  const axis = { x: "step", from, to: from === null ? null : 9, max_points: 340 };
  feeds.want(Array.from({ length: 24 }, (_, i) => ({ axis, metric: `m${i}`, experiments })));
  await whole;
  feeds.close();
  return told;
}"""


def test_a_range_of_hundreds_of_series_is_asked_for_and_drawn_in_parts(modules: Any) -> None:
    """All parts are on their way at once; nothing is asked twice, and a whole axis is one question."""
    parts = modules.evaluate(FEED, 1)
    assert [each for each in parts if each.startswith("ask")] == ["ask m0 8 1", "ask m8 8 2", "ask m16 8 3"]
    assert [each for each in parts if each.startswith("data")][:3] == ["data 160"] * 3
    assert modules.evaluate(FEED, None) == ["ask m0 24 1", "data 480"]


IN_A_FILE = """async () => {
  const { SnapshotSource } = await import("/lib/data/snapshot.js");
  const file = new SnapshotSource({ experiments: [], metrics: [], series: { step: "" } });
  const info = (experiment_id) => ({ experiment_id, metric: "loss", points: 2 });
  const block = (series, value) => ({ series, n: 2, x: Float64Array.of(0, 1), mean: Float32Array.of(value, value) });
  file.axes.set("step", Promise.resolve({ series: [info("a"), info("b")], blocks: [block(0, 1), block(1, 2)] }));
  const { series } = await file.points({ experiments: ["b"], metrics: ["loss"], x: "step" });
  return series.map(({ experiment_id, values }) => [experiment_id, values]);
}"""


def test_a_file_gives_points_of_the_experiments_that_are_asked_for(modules: Any) -> None:
    assert modules.evaluate(IN_A_FILE) == [["b", [2, 2]]]
