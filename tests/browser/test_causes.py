# ruff: noqa: E501 (scripts for the browser)
"""What pages compute before they say it: a gap that grows, a GPU that idles or is slow, the worst pairs, places of names."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


GROWTH = """async ([train, evaluation, greater]) => {
  const { growth, growthWords } = await import("/lib/experiment/gap.js");
  const points = (all) => ({ x: all.map(([x]) => x), y: all.map(([, y]) => y), n: all.length });
  const found = growth(points(train), points(evaluation), greater);
  return found && { ...found, words: growthWords(found, (x) => `step ${x}`, greater) };
}"""


def curves(rise: float, knee: int = 800, noise: float = 0.02) -> list[list[tuple[float, float]]]:
    """Training loss of 2,000 steps and a validation at each 100th: 0.1 above it, and `rise` more a step after the knee."""
    rand = random.Random(4)
    level = [0.2 + 2 * math.exp(-step / 250) for step in range(2001)]
    train = [(float(step), level[step] + rand.gauss(0, noise)) for step in range(2001)]
    valid = [(float(step), level[step] + 0.1 + max(0, step - knee) * rise) for step in range(100, 2001, 100)]
    return [train, valid]


@pytest.mark.requirement("S4.24")
def test_a_gap_is_said_to_grow_from_its_knee_on_and_not_where_it_stays(modules: Any) -> None:
    grown = modules.evaluate(GROWTH, [*curves(0.0003), False])
    assert 700 <= grown["since"] <= 900
    assert grown["then"] == pytest.approx(0.1, abs=0.02)
    assert grown["now"] == pytest.approx(0.46, abs=0.02)
    assert grown["turned"] is True
    assert "Gap grows since step" in grown["words"]
    assert "Validation has risen since its lowest" in grown["words"]
    assert modules.evaluate(GROWTH, [*curves(0), False]) is None
    assert modules.evaluate(GROWTH, [*curves(-0.0003), False]) is None  # validation catches up
    assert modules.evaluate(GROWTH, [curves(0.0003)[0], curves(0.0003)[1][:3], False]) is None  # three are no trend


def test_a_score_that_falls_behind_the_training_is_a_gap_too(modules: Any) -> None:
    train, valid = curves(0.0003)
    scores = [[[x, 3 - y] for x, y in each] for each in (train, valid)]
    assert modules.evaluate(GROWTH, [*scores, True])["since"] == pytest.approx(800, abs=100)
    assert modules.evaluate(GROWTH, [*scores, False]) is None  # of a loss it would be good news
    broken = [[[x, None if i % 7 == 0 else y] for i, (x, y) in enumerate(each)] for each in (train, valid)]
    assert modules.evaluate(GROWTH, [*broken, False]) is not None  # values that are none are passed over


FINDINGS = """async (what) => {
  const { findings } = await import("/lib/system/findings.js");
  const points = (y) => y && { x: y.map((_, i) => 5 * i), y: y.map((v) => v ?? NaN), n: y.length, single: true };
  const devices = what.devices.map(({ name, utilization, temperature, heat, memory }) => ({ name,
    utilization: points(utilization), temperature: points(temperature), heat: points(heat),
    memory: memory ? { points: points(memory), total: 80 } : null }));
  return findings({ devices, wait: points(what.wait), stepTime: points(what.step), training: what.training ?? null, where: (x) => `${x} s` });
}"""


def use(value: float, n: int = 400, **other: tuple[int, int, float]) -> list[float]:
    """Readings around a value; between two places another."""
    rand = random.Random(1)
    found = [value + rand.gauss(0, 1) for _ in range(n)]
    for start, end, level in other.values():
        found[start:end] = [level + rand.gauss(0, 1) for _ in range(end - start)]
    return found


def test_a_gpu_that_idles_is_told_with_the_share_of_data_wait_beside_it(modules: Any) -> None:
    waiting = [2.0 if 100 <= i < 200 and i % 3 else 95.0 for i in range(400)]
    wait = [70.0 if 100 <= i < 200 else 3.0 for i in range(400)]
    (found,) = modules.evaluate(FINDINGS, {"devices": [{"name": "gpu 0", "utilization": waiting}], "wait": wait})
    assert found["kind"] == "idle"
    assert (found["from"], found["to"]) == (500, 985)
    assert found["head"] == "GPU 0 idle 67 % of the time between 500 s and 985 s while data wait is 70 %."
    assert found["rest"] == "At other times a step waits 3 % for data."
    told = {"devices": [{"name": "gpu 0", "utilization": waiting}]}
    assert "was not recorded" in modules.evaluate(FINDINGS, told)[0]["rest"]
    assert "only 3 %" in modules.evaluate(FINDINGS, told | {"wait": [3.0] * 400})[0]["rest"]
    both = {"devices": [{"name": f"gpu {i}", "utilization": waiting} for i in range(2)], "wait": wait}
    assert [each["head"][:15] for each in modules.evaluate(FINDINGS, both)] == ["Both GPUs idle "]


def test_before_the_first_step_and_where_nothing_was_read_no_gpu_idles(modules: Any) -> None:
    loading = [0.0] * 100 + [95.0] * 300
    told = {"devices": [{"name": "gpu 0", "utilization": loading}]}
    assert len(modules.evaluate(FINDINGS, told)) == 1
    assert modules.evaluate(FINDINGS, told | {"training": [500, 2000]}) == []
    unread = [None if 100 <= i < 200 else 95.0 for i in range(400)]
    assert modules.evaluate(FINDINGS, {"devices": [{"name": "gpu 0", "utilization": unread}]}) == []


def test_the_one_gpu_that_slows_all_others_is_named_with_its_heat_and_what_it_costs(modules: Any) -> None:
    devices = [{"name": f"gpu {i}", "utilization": use(84), "temperature": use(65)} for i in range(4)]
    devices[2] |= {
        "utilization": use(84, hot=(200, 400, 71)),
        "temperature": use(65, hot=(200, 400, 83)),
        "heat": [0.0] * 200 + [1.0] * 200,
    }
    told = {"devices": devices, "step": [1.27] * 200 + [1.49] * 200}
    (found,) = modules.evaluate(FINDINGS, told)
    assert found["devices"] == ["gpu 2"]
    assert found["isOpen"] is True
    assert found["head"] == "GPU 2 is slower than the others since 1000 s: 71 % utilised against 84 %."
    assert found["rest"] == (
        "83 °C against 65 °C. The driver says that heat holds it down. A step takes 1.49 s there, 1.27 s before."
    )
    calm = [{"name": f"gpu {i}", "utilization": use(84)} for i in range(4)]
    assert modules.evaluate(FINDINGS, {"devices": calm}) == []


def test_memory_that_comes_near_its_end_is_told_where_it_did(modules: Any) -> None:
    memory = [40.0] * 200 + [79.4] + [40.0] * 199
    (found,) = modules.evaluate(FINDINGS, {"devices": [{"name": "gpu 1", "utilization": None, "memory": memory}]})
    assert found["head"] == "GPU 1 came to 79.4 of 80 GiB at 1000 s."
    low = [{"name": "gpu 1", "utilization": None, "memory": [70.0] * 400}]
    assert modules.evaluate(FINDINGS, {"devices": low}) == []


def test_names_at_the_ends_of_lines_never_cover_each_other(modules: Any) -> None:
    place = """async ([wanted, top, bottom]) =>
      (await import("/lib/stack/names.js")).placed(wanted, 15, top, bottom)"""
    wanted = [100, 101, 102, 20, 299, 300, 300, 60]
    found = modules.evaluate(place, [wanted, 0, 300])
    inside = sorted(found)
    assert min(b - a for a, b in itertools.pairwise(inside)) >= 15 - 1e-9
    assert inside[0] >= 0
    assert inside[-1] <= 300
    assert sorted(range(8), key=found.__getitem__) == sorted(range(8), key=wanted.__getitem__)  # in the lines' order
    assert modules.evaluate(place, [[50, 200], 0, 300]) == [50, 200]  # where there is room, at the line
    crowd = sorted(modules.evaluate(place, [[10] * 40, 0, 300]))
    assert crowd[0] >= 0
    assert crowd[-1] <= 300 + 1e-9
    assert modules.evaluate(place, [[], 0, 300]) == []


def test_a_confusion_is_divided_by_rows_or_columns_and_its_worst_pairs_are_sentences(modules: Any) -> None:
    matrix = [[90, 10, 0], [8, 42, 0], [0, 25, 0]]
    ask = """async ([labels, matrix]) => {
      const { normalised, pairsInWords } = await import("/lib/experiment/matrix.js");
      return { row: normalised(matrix, "row"), column: normalised(matrix, "column"), words: pairsInWords(labels, matrix) };
    }"""
    found = modules.evaluate(ask, [["PER", "LOC", "<b>"], matrix])
    assert found["row"][0] == [0.9, 0.1, 0]
    assert found["column"][2] == [0, pytest.approx(25 / 77), None]  # nothing was ever answered so: no 0
    assert found["words"] == [
        "<b> is taken for LOC 25 times, 100 % of all <b>.",
        "PER and LOC are taken for each other: 10 and 8 times.",
    ]


def test_labels_stand_worst_first_most_changed_first_and_sums_at_the_end(modules: Any) -> None:
    ask = """async ([evaluations, order, search]) => {
      const { evaluationsOf, rowsOf, sorted, chosen } = await import("/lib/labels/scores.js");
      const { csvOf } = await import("/lib/base/files.js");
      const training = { epoch_metrics: evaluations, run_summary: { best_metric: "eval_f1", best_step: 10, best_value: 1, goal: "max" } };
      const all = evaluationsOf(training);
      return { names: sorted(rowsOf(all, "labels", "f1"), order, search).map(({ name }) => name),
        at: ["last", "best", "step:15", "step:5"].map((at) => chosen(training, all, at)?.step ?? null), csv: csvOf([['a"b,c', null, 0.5]]) };
    }"""

    def scores(**f1: float) -> dict[str, dict[str, float]]:
        return {name: {"f1": value, "support": 0 if name == "none" else 10} for name, value in f1.items()}

    told = [
        {"global_step": 10, "eval_f1": 1, "per_label_metrics": scores(a=0.1, b=0.5, none=0.0, micro=0.3)},
        {"global_step": 20, "eval_f1": 0, "per_label_metrics": scores(a=0.2, b=0.9, none=0.0, micro=0.5)},
    ]
    assert modules.evaluate(ask, [told, "worst", ""])["names"] == ["a", "b", "none", "micro"]
    assert modules.evaluate(ask, [told, "changed", ""])["names"] == ["b", "a", "none", "micro"]
    found = modules.evaluate(ask, [told, "best", "B"])
    assert found["names"] == ["b"]
    assert found["at"] == [20, 10, 10, None]
    assert found["csv"] == '"a""b,c",,0.5'


def test_gaps_of_strips_are_no_numbers_lost_and_what_is_none_is_crossed_and_counted(modules: Any) -> None:
    ask = """async () => {
      const { gapped, seriesOf } = await import("/lib/stack/points.js");
      const { paintRows } = await import("/lib/stack/painters.js");
      const { makeView } = await import("/lib/charts/lines.js");
      const { Ink } = await import("/lib/base/colors.js");
      const x = [0, 1, 2, 3, 4, 50, 51, 52];
      const series = seriesOf("gpu", x, [1, NaN, 3, Infinity, 5, 6, NaN, 8]);
      series.info = { points: 8, nan: 2, posinf: 1, neginf: 0 };
      const broken = gapped(series);
      const g = document.createElement("canvas").getContext("2d");
      const written = [];
      g.fillText = (words) => written.push(words);
      const ink = new Ink();
      ink.forget();
      const view = makeView({ L: 50, R: 650, T: 2, B: 60, x0: 0, x1: 52, y0: 0, y1: 100, log: false, ratio: 1 });
      paintRows(g, view, [{ name: "gpu 0", series: broken }], { high: 10, low: 0, height: 14, dark: false, ink });
      return { n: broken.n, odd: broken.odd(), points: broken.points().count, written };
    }"""
    found = modules.evaluate(ask)
    assert (found["n"], found["odd"], found["points"]) == (9, 3, 8)  # the gap is neither a point nor a NaN
    assert found["written"] == ["gpu 0", "2 NaN, 1 ∞"]


def test_restarts_are_told_with_what_was_different_then(modules: Any) -> None:
    ask = """async (events) => (await import("/lib/experiment/restarts.js")).restartsOf(events)"""

    def start(writer: str, at_s: int, generation: int, **told: Any) -> dict[str, Any]:
        content = {"kind": "start", "time_us": at_s * 1_000_000, "generation": generation, **told}
        return {"writer_id": writer, "content": content}

    def ran(writer: str, commit: str, *, dirty: bool = False) -> dict[str, Any]:
        values = {"git": {"commit": commit, "dirty": dirty}}
        return {"writer_id": writer, "content": {"kind": "environment", "time_us": 1, "values": values, "rank": 0}}

    lone = {"rank": 0, "host": "a", "world_size": 1}
    events = [
        start("w0", 0, 0, config={"lr": 0.1, "model": {"layers": 2}}, process=lone),
        {"writer_id": "w0", "content": {"kind": "config", "time_us": 1, "values": {"lr": 0.2, "late": 1}}},
        {"writer_id": "w0", "content": {"kind": "end", "time_us": 50_000_000, "state": "interrupted"}},
        ran("w0", "a" * 40),
        start("w1", 60, 1, config={"lr": 0.2, "model": {"layers": 3}}, process=lone | {"host": "b"}, steps_from=7),
        ran("w1", "b" * 40, dirty=True),
        start("w2", 61, 1, config={}, process=lone | {"rank": 1}),  # another rank is no restart of its own
        start("w3", 90, 2, config={}, process=lone | {"host": "b"}, steps_from=9),
    ]
    first, second = modules.evaluate(ask, events)
    assert (first["step"], first["ended"], first["ended_s"]) == (7, "interrupted", 50)
    commits = "git commit aaaaaaaaaa → bbbbbbbbbb with changes"
    assert first["changes"] == ["host a → b", commits, "model.layers 2 → 3"]
    assert (second["step"], second["ended"], second["changes"]) == (9, None, [])


def test_all_machines_are_told_the_first_one_first(modules: Any) -> None:
    ask = """async ([detail, starts]) => {
      const { facts, hostsOf } = await import("/lib/experiment/panels.js");
      const one = { client: { process: { host: "a" }, client: { version: "1", language: "python" } } };
      return [facts(detail, hostsOf(detail, starts)), facts(one, hostsOf(one, ["a"])), hostsOf(one, Array.from({ length: 12 }, (_, i) => `h${i}`))];
    }"""
    detail = {
        "client": {"process": {"host": "a"}},
        "environment": {"values": {"host": "c"}, "earlier": [{"values": {"host": "b"}}], "ranks": []},
        "ranks": {"ranks": [{"rank": 0, "host": "c"}, {"rank": 1, "host": "d"}, {"rank": 2, "host": None}]},
    }
    several, one, many = modules.evaluate(ask, [detail, ["a", "b"]])
    assert several == [["hosts", "a, b, c and d"]]
    assert one == [["host", "a"], ["client", "python client 1"]]
    assert len(many) == 13


def test_the_zoom_of_an_experiments_page_is_its_own_and_goes_into_a_link_to_it(modules: Any) -> None:
    ask = """async ([one, other]) => {
      const { PageState } = await import("/lib/data/state.js");
      const { ownZoom, withOwnZoom } = await import("/lib/data/ownzoom.js");
      const { readAddress, addressOf } = await import("/lib/data/address.js");
      const { viewOf } = await import("/lib/shell/share.js");
      const state = new PageState({ project: "p", view: "experiment", experiment: one, zoom: { "step train": [1, 2] }, lineX: "time", linePair: "f1" });
      const scope = (id) => state.scope({}, { zoom: (all) => ownZoom(id, all) }, { zoom: (mine, all) => withOwnZoom(id, mine, all) });
      const [mine, theirs] = [scope(one), scope(other)];
      mine.set({ zoom: { "step (line)": [10, 20] } });
      const read = readAddress(addressOf(state, null));
      const [seen, chart] = [state, mine].map((each) => Object.fromEntries(viewOf(each)));
      const kept = [mine.get("zoom"), theirs.get("zoom"), state.get("zoom")["step train"]];
      theirs.set({ zoom: { "step train": [3, 4] } });
      const left = mine.get("zoom");
      theirs.set({ zoom: null });
      return { kept, left, rest: state.get("zoom"), read: [read.zoom, read.lineX, read.linePair], seen, chart, without: viewOf(state).get("zoom") };
    }"""
    found = modules.evaluate(ask, ["exp-00000000-aaaaaaaa", "exp-00000000-bbbbbbbb"])
    assert found["kept"] == [{"step (line)": [10, 20]}, None, [1, 2]]
    assert found["left"] is None  # of one experiment at a time: an address has room for no more
    assert found["rest"] == {"step train": [1, 2]}
    assert found["read"] == [{"step train": [1, 2], "step (line)@aaaaaaaa": [10, 20]}, "time", "f1"]
    assert found["seen"] == found["chart"] == {"zoom": "step~(line):10:20", "line": "f1", "linex": "time"}
    assert found["without"] is None  # the zoom of Metrics is none of this page


def test_on_the_hub_nothing_is_asked_more_often_than_each_three_seconds(modules: Any) -> None:
    ask = """async (host) => {
      const { every } = await import("/lib/data/pace.js");
      return [500, 2000, 5000].map((ms) => every(ms, { hostname: host }));
    }"""
    assert modules.evaluate(ask, "me-space.hf.space") == [3000, 3000, 5000]
    assert modules.evaluate(ask, "hf.space.example.org") == [500, 2000, 5000]
    assert modules.evaluate(ask, "127.0.0.1") == [500, 2000, 5000]
    view = Path(__file__).parents[2] / "trackio_client" / "view"
    polls = ["charts/feeds.js", "data/experiments.js", "experiment/journal.js", "shell/shell.js", "shell/sync.js"]
    assert [name for name in polls if "every(" not in (view / name).read_text(encoding="utf-8")] == []
