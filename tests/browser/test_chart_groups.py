# ruff: noqa: E501 (scripts for the browser)
"""Experiments drawn as groups, charts of expressions, and what a reader sets of one chart: seen in a real browser."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.chart_page import ChartServer, Pair, experiment, metric
from tests.browser.waiting import becomes

pytestmark = pytest.mark.browser

PLAIN = {"smoothing": {"kind": "none", "amount": 0}, "project": "p"}


def seeds(lengths: dict[str, list[int]]) -> tuple[ChartServer, dict[str, list[np.ndarray]]]:
    """A server with experiments `name_seed0`, `name_seed1` …, each of its length; and their values by name."""
    rng = np.random.default_rng(0)
    rows, series, values = [], {}, {}
    for name, several in lengths.items():
        for seed, length in enumerate(several):
            number = len(rows)
            rows.append(experiment(number, name=f"{name}_seed{seed}", group=name[0], columns={"config:lr": 0.1}))
            mine = rng.normal(size=length) + len(values)
            values.setdefault(name, []).append(mine)
            series[f"exp_{number}", "train/loss"] = Pair([float(i) for i in range(length)], mine.tolist())
    return ChartServer(rows, [metric("train/loss")], series, state=PLAIN), values


LINES = """(name) => chart(name).lines.map(({ name, series, members }) => ({ name, members, x: Array.from(series.x).slice(0, series.n),
  mean: Array.from(series.mean), low: Array.from(series.low, (v) => Number.isNaN(v) ? null : v), count: Array.from(series.count ?? []),
  deviation: Array.from(series.deviation ?? [], (v) => Number.isNaN(v) ? null : v) }))"""


def test_seeds_are_one_line_with_their_spread_and_say_where_they_get_fewer(open_page: Callable[..., Any]) -> None:
    server, values = seeds({"adam": [60, 60, 40], "muon": [60, 60]})
    page = open_page(server)
    assert page.evaluate("chart('train/loss').lines.length") == 5
    page.evaluate("state.set({ by: ['name'] })")
    page.wait_for_function("chart('train/loss').lines.length === 2")
    adam, muon = page.evaluate(LINES, "train/loss")
    assert (adam["name"], len(adam["members"]), adam["count"][:40], adam["count"][40:]) == (
        "adam",
        3,
        [3] * 40,
        [2] * 20,
    )
    padded = np.full((3, 60), np.nan)
    for row, one in zip(padded, values["adam"], strict=True):
        row[: len(one)] = np.float32(one)
    np.testing.assert_allclose(adam["mean"], np.nanmean(padded, axis=0), rtol=1e-6)
    np.testing.assert_allclose(adam["deviation"], np.nanstd(padded, axis=0, ddof=1), rtol=1e-6)
    np.testing.assert_allclose(muon["mean"], np.float32(values["muon"]).mean(axis=0), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(adam["low"], np.array(adam["mean"]) - adam["deviation"], rtol=1e-6)
    legend = page.locator(".tk-groups")
    expect(legend).to_contain_text("mean ± sd by name without seed")
    expect(legend.locator(".tk-groups-one")).to_have_text(["adamn 3", "muonn 2"])
    words = """() => { const said = []; const g = chart("train/loss").canvases[2].getContext("2d");
        const own = g.fillText.bind(g); g.fillText = (t, ...r) => (said.push(t), own(t, ...r));
        chart("train/loss").overlay(); return said; }"""
    assert "adam: n 3 → 2 from step 40" in page.evaluate(words)
    box = page.locator(".tk-plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 30, box["y"] + 80)
    expect(page.locator(".tk-tip-spread").first).to_have_text(re.compile(r"^± [\d.]+ n 2( of 3)?$"))
    page.evaluate("state.set({ spread: 'se' })")
    page.wait_for_function("chart('train/loss').lines[0].series.spread === 'se'")
    low = page.evaluate(LINES, "train/loss")[1]["low"]
    np.testing.assert_allclose(
        low, np.array(muon["mean"]) - np.array(muon["deviation"]) / math.sqrt(2), rtol=1e-5, atol=1e-7
    )
    page.evaluate("state.set({ spread: 'range', by: ['config:lr'] })")
    page.wait_for_function("chart('train/loss').lines.length === 1 && chart('train/loss').lines[0].name === 'lr 0.1'")
    everything = np.concatenate([np.float32(one[:40])[None] for some in values.values() for one in some])
    np.testing.assert_allclose(page.evaluate(LINES, "train/loss")[0]["low"][:40], everything.min(axis=0), rtol=1e-6)
    page.evaluate("state.set({ experiments: state.get('experiments').map((e, i) => ({ ...e, shown: i < 4 })) })")
    expect(legend.locator(".tk-groups-one")).to_have_text(["lr 0.1n 4 of 5"])


@pytest.mark.parametrize(("slope", "is_at_the_top"), [(-1.0, True), (1.0, False)])
def test_words_on_a_chart_keep_out_of_the_way_of_its_lines(
    open_page: Callable[..., Any], slope: float, is_at_the_top: bool
) -> None:
    rows = [experiment(i, name=f"adam_seed{i}", columns={"config:lr": 0.1}) for i in range(2)]
    lengths = {"exp_0": 60, "exp_1": 55}
    series = {
        (each, "train/loss"): Pair([float(i) for i in range(n)], [slope * i for i in range(n)])
        for each, n in lengths.items()
    }
    page = open_page(ChartServer(rows, [metric("train/loss")], series, state={**PLAIN, "by": ["name"]}))
    painted = page.evaluate(
        """() => { let at = null; const one = chart("train/loss"), g = one.canvases[2].getContext("2d");
        const own = g.fillText.bind(g); g.fillText = (t, x, y) => ((t.startsWith("n 2") && (at = y)), own(t, x, y));
        one.overlay(); return (at - one.view.T) / (one.view.B - one.view.T); }"""
    )
    assert (painted < 0.2) if is_at_the_top else (painted > 0.8)


def test_a_derived_chart_joins_steps_by_the_last_value_and_is_kept(open_page: Callable[..., Any]) -> None:
    odd = 'my "odd" <b>metric</b>/f1'
    loss = Pair([float(i) for i in range(100)], [5 - i / 100 for i in range(100)])
    evaluated = Pair([9.5, 49.5, 120.0], [6.0, 7.0, 8.0])
    series = {
        ("exp_0", "train/loss"): loss,
        ("exp_0", "eval/loss"): evaluated,
        ("exp_0", odd): Pair([0.0, 1.0], [1.0, 0.0]),
    }
    server = ChartServer([experiment(0)], [metric("train/loss"), metric("eval/loss"), metric(odd)], series, state=PLAIN)
    page = open_page(server)
    page.evaluate("grid.derive()")
    dialog = page.get_by_role("dialog", name="New derived chart")
    field = dialog.get_by_label("Expression")
    field.fill("eval/loss - train/los")
    expect(dialog.get_by_role("status")).to_have_text(
        "column 13: there is no metric train/los. Did you mean train/loss?"
    )
    expect(dialog.get_by_role("button", name="Add chart")).to_be_disabled()
    field.fill("eval/loss-train/lo")
    dialog.get_by_role("button", name="train/loss", exact=True).click()
    expect(field).to_have_value("eval/loss-train/loss")
    dialog.get_by_label("Name").fill("gap")
    field.press("Enter")
    name = "= eval/loss - train/loss"
    page.wait_for_function("(name) => window.chart(name)?.lines.length === 1", arg=name)
    line = page.evaluate(LINES, name)[0]
    assert line["x"] == [9.5, 49.5], "at the steps of the sparser one, while both are there"
    np.testing.assert_allclose(line["mean"], [6 - 4.91, 7 - 4.51], rtol=1e-5)
    expect(page.locator(f'[data-metric="{name}"] .tk-chart-title')).to_have_text("gap")
    page.evaluate(
        "(expr) => state.set({ derived: [...state.get('derived'), { expr }] })",
        "log(" + '"my \\"odd\\" <b>metric</b>/f1")',
    )
    made = "[...grid.charts.values()].find((c) => c.metric.metric.startsWith('= log'))"
    page.wait_for_function(f"{made}?.lines.length === 1")
    last = page.evaluate(f"{made}.lines[0].series.bad.map((c) => Array.from(c))")
    assert [column[1] for column in last] == [0, 0, 1], "log(0) is −∞: a mark, not a gap"
    assert page.evaluate("JSON.parse(localStorage.getItem('trackio')).charts.p.derived") == [
        {"expr": "eval/loss - train/loss", "name": "gap"}
    ]
    told = page.evaluate(
        """async () => { const { FIELDS } = await import('/lib/data/fields.js'); const of = (key) => FIELDS.find((f) => f.key === key);
        const derived = of('derived').write(state.get('derived'));
        const own = { 'a,b~c/d': { x: 'train/epoch', y: [null, 1e-3], log: true }, m: { smooth: false } };
        return [derived, of('derived').read(derived), of('own').read(of('own').write(own)), of('own').read('x~y:9..1~log:maybe,%~y:..')]; }"""
    )
    assert told[1] == page.evaluate("state.get('derived')")
    assert told[2] == {"a,b~c/d": {"x": "train/epoch", "y": [None, 1e-3], "log": True}, "m": {"smooth": False}}
    assert told[3] == {}, "what is no setting is none"


def test_a_chart_has_settings_of_its_own(open_page: Callable[..., Any]) -> None:
    server, _ = seeds({"a": [50, 50]})
    server.metrics += [metric("eval/loss"), metric("train/epoch")]
    for e in range(2):
        server.series[f"exp_{e}", "eval/loss"] = Pair([0.0, 25.0, 49.0], [0.9, 0.5, 0.0])
    page = open_page(server)
    page.get_by_role("button", name="Menu of train/loss").click()
    page.get_by_role("option", name="Settings of this chart").click()
    box = page.get_by_role("dialog", name="Settings of train/loss")
    high = box.get_by_label("Upper end of the y axis")
    high.fill("two")
    high.press("Enter")
    expect(box.get_by_role("alert")).to_have_text("“two” is no number. Write it as 0.5 or 1e-3.")
    high.fill("1.5")
    high.press("Enter")
    page.wait_for_function("chart('train/loss').view.y1 === 1.5 && chart('train/loss').view.y0 < -1")
    low = box.get_by_label("Lower end of the y axis")
    low.fill("1.5")
    low.press("Enter")
    expect(box.get_by_role("alert")).to_have_text("The lower end must be below the upper one.")
    low.fill("−2")
    low.press("Enter")
    box.get_by_label("Scale of the x axis").select_option("1")
    page.wait_for_function(
        "chart('train/loss').view.y0 === -2 && chart('train/loss').view.logX && !chart('eval/loss').view.logX"
    )
    assert page.evaluate("chart('train/loss').domain") == [1, 49]
    words = """() => { const said = []; const g = chart("train/loss").canvases[2].getContext("2d");
        const own = g.fillText.bind(g); g.fillText = (t, ...r) => (said.push(t), own(t, ...r));
        chart("train/loss").overlay(); return said; }"""
    assert "◃ 2 at 0 or before" in page.evaluate(words), (
        "step 0 of both has no place on a logarithmic axis, and is told"
    )
    middle = page.evaluate("Math.log10(7) * chart('train/loss').view.kx + chart('train/loss').view.bx")
    assert middle == pytest.approx(
        page.evaluate("(chart('train/loss').view.L + chart('train/loss').view.R) / 2"), abs=1
    )
    own = {"train/loss": {"y": [-2, 1.5], "logX": True}}
    kept = "[state.get('own'), JSON.parse(localStorage.getItem('trackio')).charts.p.own]"
    becomes(lambda: page.evaluate(kept), [own, own])
    box.get_by_role("button", name="As all charts").click()
    page.wait_for_function("chart('train/loss').view.y1 > 1.5 && !chart('train/loss').view.logX")
    page.keyboard.press("Escape")
    page.evaluate("state.set({ logY: true })")
    page.wait_for_function("chart('eval/loss').view.log")
    assert page.evaluate("chart('eval/loss').range.hidden") == 2
    ink = """() => { const c = chart('eval/loss'), at = Math.round((49 * c.view.kx + c.view.bx) * c.ratio);
        const data = c.canvases[2].getContext('2d').getImageData(at - 2, Math.round((c.view.B - 7) * c.ratio), 4, 6).data;
        return data.some((v, i) => i % 4 === 3 && v > 60); }"""
    assert page.evaluate(ink), "the value 0 is marked at the foot of the axis"


def test_who_lacks_the_metric_of_the_x_axis_is_counted_and_the_step_offered(open_page: Callable[..., Any]) -> None:
    server, _ = seeds({"a": [50, 50, 50]})
    server.metrics = [metric("train/loss", step_metric="train/epoch"), metric("train/epoch")]
    server.without_axis = {"exp_1"}
    page = open_page(server)
    lack = page.locator('[data-metric="train/loss"] .tk-chart-lack')
    expect(lack).to_contain_text("1 of 3 have no epoch")
    page.wait_for_function("chart('train/loss').lines.length === 2")
    lack.get_by_role("button", name="use the step").click()
    page.wait_for_function("chart('train/loss').lines.length === 3 && chart('train/loss').model.x === 'step'")
    expect(lack).to_be_hidden()
    page.evaluate(
        "state.set({ own: {}, experiments: state.get('experiments').map((e) => ({ ...e, shown: e.id === 'exp_1' })) })"
    )
    note = page.locator('[data-metric="train/loss"] .tk-chart-note')
    expect(note).to_contain_text("The shown experiment has no train/epoch to draw it against.")
    note.get_by_role("button", name="Draw against the step").click()
    page.wait_for_function("chart('train/loss').lines.length === 1")


@pytest.mark.parametrize("log", [False, True])
def test_no_value_breaks_a_chart(open_page: Callable[..., Any], log: bool) -> None:
    top = 1.7976931348623157e308
    kinds = {
        "huge/both": [-top, top, 0.0, top],
        "huge/same": [1e308] * 4,
        "tiny/denormal": [5e-324, 1e-310, 5e-324, 2e-310],
        "flat/zero": [0.0] * 4,
        "flat/one": [3.0],
        "wide/all": [5e-324, 1.0, top, math.nan],
        "none/nan": [math.nan] * 4,
        "none/inf": [math.inf, -math.inf, math.nan],
        "below/zero": [-1.0, -2.0, -3.0],
    }
    series = {("exp_0", name): Pair([float(i) for i in range(len(v))], v, wide=True) for name, v in kinds.items()}
    server = ChartServer(
        [experiment(0)], [metric(name) for name in kinds], series, state={"logY": log, "logX": log, "size": 220}
    )
    server.state["smoothing"] = {"kind": "gaussian", "amount": 0.6}
    page = open_page(server)
    for name, values in kinds.items():
        page.evaluate('(name) => document.querySelector(`[data-metric="${name}"]`).scrollIntoView()', name)
        page.wait_for_function("(name) => chart(name).view !== null && chart(name).lines.length === 1", arg=name)
        view = page.evaluate(
            "(name) => { const { y0, y1, ky, by, kx } = chart(name).view; return [y0, y1, ky, by, kx].map(Number.isFinite).every(Boolean) && y1 > y0; }",
            name,
        )
        assert view, f"{name}: {page.evaluate('(name) => JSON.stringify(chart(name).view)', name)}"
        drawn = [v for v in values if math.isfinite(v) and (not log or v > 0)]
        inside = page.evaluate(
            """([name, values]) => { const c = chart(name), v = c.view, f = v.log ? Math.log10 : (y) => y;
            return values.filter((y) => { const px = f(y) * v.ky + v.by; return !(px >= v.T - 4 && px <= v.B + 4); }); }""",
            [name, drawn if not log else drawn[1:]],
        )
        assert inside == [] or page.evaluate("(name) => chart(name).range.above + chart(name).range.below > 0", name), (
            f"{name}: {inside} are not in the plot"
        )


def test_ten_thousand_metrics_make_charts_only_where_somebody_looks(open_page: Callable[..., Any]) -> None:
    names = [f"layer_{i // 100:02d}/grad_{i:05d}" for i in range(10_000)]
    some = [*names[:100], *names[-100:]]
    series = {("exp_0", name): Pair([0.0, 1.0], [1.0, 2.0]) for name in some}
    server = ChartServer([experiment(0)], [metric(name) for name in names], series, state={"project": "p"})
    page = open_page(server)
    assert page.evaluate("grid.charts.size") <= 90
    more = page.locator('.tk-section[aria-label="layer_00"] .tk-section-all')
    expect(more).to_have_text("Show 60 more of 70")
    more.click()
    page.wait_for_function("chart('layer_00/grad_00089')")
    page.evaluate("state.set({ filter: 'grad_0' })")
    assert page.evaluate("grid.charts.size") <= 200  # what comes into sight is made, of thousands
    page.evaluate("state.set({ filter: 'grad_09999' })")
    page.wait_for_function("chart('layer_99/grad_09999')?.lines.length === 1 && grid.charts.size === 1")
    page.evaluate("state.set({ filter: 'layer_99' })")
    page.wait_for_function("chart('layer_99/grad_09900')?.lines.length === 1")  # before the click scrolls it away
    page.locator(".tk-section-all").click()
    page.wait_for_function("grid.charts.size >= 90")
    page.locator('[data-metric="layer_99/grad_09989"]').scroll_into_view_if_needed()
    page.wait_for_function("chart('layer_99/grad_09989').lines.length === 1 && !chart('layer_99/grad_09900').inView")
    page.wait_for_function(  # canvases out of sight hold no pixels
        "![...grid.charts.values()].some((c) => !c.inView && c.canvases?.some((k) => k.width))"
    )
    page.evaluate("state.set({ filter: '' }); scrollTo(0, 0)")
    near = page.locator('.tk-section[aria-label="layer_02"]')
    near.scroll_into_view_if_needed()
    expect(near.locator(".tk-chart").first).to_be_attached()  # made when the reader came near
