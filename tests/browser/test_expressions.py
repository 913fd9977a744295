# ruff: noqa: E501 (scripts for the browser)
"""The page's expressions: how they are read, what they give, where they say that something is wrong; and seeds in names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trackio_client.queries import seedless
from trackio_client.queries.seedless import Settings, without_seed

pytestmark = pytest.mark.browser

KNOWN = ["train/loss", "eval/loss", "train", "loss", "f1-score", "lr", "2x", "log", 'my "odd" metric', "größe/x"]


READ = """async ([texts, known]) => {
  const { parse, formatted, namesOf } = await import("/lib/charts/expression.js");
  const { evaluate } = await import("/lib/charts/evaluating.js");
  return texts.map((text) => {
    try {
      const tree = parse(text, known);
      const form = formatted(tree);
      return [form, formatted(parse(form)), namesOf(tree), evaluate(tree, (name) => [name.length], 1)[0]];
    } catch (error) { return error.message; }
  });
}"""


def test_names_with_slashes_signs_and_quotes_are_told_from_operators(modules: Any) -> None:
    wanted = {
        "train/loss-eval/loss": ("train/loss - eval/loss", 10 - 9),
        "train/loss/eval/loss": ("train/loss / eval/loss", 10 / 9),
        "train / loss": ("train / loss", 5 / 4),
        "f1-score*2": ('"f1-score" * 2', 16),
        "2x+1e-1": ('"2x" + 0.1', 2.1),
        "log(lr)": ("log(lr)", np.log(2)),
        "log + log10(log)": ('"log" + log10("log")', 3 + np.log10(3)),
        "'my \"odd\" metric' ÷ 2": ('"my \\"odd\\" metric" / 2', 7.5),
        "größe/x − lr × 2": ("größe/x - lr * 2", 7 - 4),
        "-lr^2": ("-lr ^ 2", -4),
        "(-lr)^2": ("(-lr) ^ 2", 4),
        "2**3**2": ("2 ^ 3 ^ 2", 512),
        "2^-1": ("2 ^ -1", 0.5),
        "8-(4-lr)/2*3": ("8 - (4 - lr) / 2 * 3", 5),
        "max(lr, min(loss, 3), abs(-7))": ("max(lr, min(loss, 3), abs(-7))", 7),
        "sqrt(exp(0) * 16)": ("sqrt(exp(0) * 16)", 4),
    }
    for text, told in zip(wanted, modules.evaluate(READ, [list(wanted), KNOWN]), strict=True):
        assert isinstance(told, list), f"{text}: {told}"
        form, again, _, value = told
        assert (form, again) == (wanted[text][0],) * 2, "what is kept is read the same without knowing the metrics"
        assert value == pytest.approx(wanted[text][1])


def test_what_is_wrong_is_said_with_its_column(modules: Any) -> None:
    wanted = {
        "": "column 1: nothing here yet",
        "train/los - 1": "column 1: there is no metric train/los. Did you mean train/loss?",
        "lr + evl/loss": "column 6: there is no metric evl/loss. Did you mean eval/loss?",
        "lr *": "column 5: the expression ends here",
        "lr lr": "column 4: wanted an operator (+ - * / ^) before lr",
        "(lr": "column 1: this ( is not closed",
        "lr)": "column 3: this ) closes nothing",
        "sin(lr)": "column 1: there is no function sin",
        "max(lr)": "column 1: max takes 2 to 20 values, not 1",
        '"lr': "column 1: this quote is not closed",
        "lr; alert(1)": "column 3: wanted an operator",
        "constructor": "column 1: there is no metric constructor",
        "(" * 5000: "column 2001: an expression holds at most 2,000 characters",
        "(" * 500: "too many brackets and signs",
        "-" * 1900 + "1": "too many brackets and signs",
    }
    for text, told in zip(wanted, modules.evaluate(READ, [list(wanted), KNOWN]), strict=True):
        assert wanted[text] in told, f"{text[:40]}: {told}"


def test_ten_thousand_metrics_are_read_as_fast_as_ten(modules: Any) -> None:
    known = [f"layer_{i}/grad_norm" for i in range(10_000)]
    told = modules.evaluate(READ, [["layer_9999/grad_norm/layer_1/grad_norm"], known])
    assert told[0][0] == "layer_9999/grad_norm / layer_1/grad_norm"


def test_bounds_hold_whatever_the_points_within_are(modules: Any) -> None:
    rng = np.random.default_rng(0)
    low, high = np.sort(rng.normal(size=(2, 200)), axis=0)
    a, b = rng.uniform(low, high), rng.uniform(low, high)
    texts = ["a - b", "a * b", "a / b", "abs(a)", "max(a, b)", "min(a, -b)", "exp(a) + b", "a ^ 2", "(a - b) / (a + b)"]
    run = """async ([texts, low, high, a, b]) => {
      const { parse } = await import("/lib/charts/expression.js");
      const { evaluate, evaluateBounds } = await import("/lib/charts/evaluating.js");
      return texts.map((text) => { const tree = parse(text);
        const [from, to] = evaluateBounds(tree, () => [low, high], a.length);
        const value = evaluate(tree, (name) => (name === "a" ? a : b), a.length);
        return value.findIndex((v, i) => !(v >= from[i] - 1e-9 * Math.abs(v) && v <= to[i] + 1e-9 * Math.abs(v))); }); }"""
    outside = modules.evaluate(run, [texts, *(column.tolist() for column in (low, high, a, b))])
    assert outside == [-1] * len(texts)


def test_members_between_whose_points_a_place_lies_count_with_the_line_between(modules: Any) -> None:
    run = """async () => { const { average, GroupSeries } = await import("/lib/charts/averages.js");
      const { Series } = await import("/lib/charts/frames.js");
      const made = (x, v, bad) => { const s = new Series("e", "m"), mean = Float64Array.from(v);
        s.apply({ series: 0, keep: 0, n: x.length, single: true, x: Float64Array.from(x), low: mean, high: mean, mean, bad });
        return s; };
      const bad = [[0, 1, 0], [0, 0, 0], [0, 0, 0]].map((c) => Uint16Array.from(c));
      const g = average([made([0, 4], [0, 4]), made([1, 2, 3], [5, NaN, 7], bad)], "range", new GroupSeries("g", "m"));
      const plain = (c) => Array.from(c).slice(0, g.n);
      return [plain(g.x), plain(g.mean), plain(g.count), plain(g.low), plain(g.high), plain(g.bad[0])]; }"""
    x, mean, count, low, high, bad = modules.evaluate(run)
    assert (x, mean, count) == ([0, 1, 2, 3, 4], [0, 3, 2, 5, 4], [1, 2, 1, 2, 1])
    assert (low, high, bad) == ([0, 1, 2, 3, 4], [0, 5, 2, 7, 4], [0, 0, 1, 0, 0])


def test_a_seed_is_taken_out_of_a_name_and_nothing_else(modules: Any) -> None:
    names = {
        "lr3e-4_seed1": "lr3e-4",
        "lr3e-4 (seed=2)": "lr3e-4",
        "resnet50-Seed=7-lr1": "resnet50-lr1",
        "adam-s3": "adam",
        "seed1-adam": "adam",
        "brave-otter-12": "brave-otter-12",
        "seeds": "seeds",
        "seed 5": "seed 5",
        "big-s12x": "big-s12x",
    }
    run = "async (names) => { const g = await import('/lib/base/seeds.js'); return names.map(g.withoutSeed); }"
    assert dict(zip(names, modules.evaluate(run, list(names)), strict=True)) == names
    assert [without_seed(name) for name in names] == list(names.values())  # the server says the same


def test_configs_are_one_setting_but_for_seeds_with_and_without_a_server(modules: Any) -> None:
    first = {
        "lr": 0.1,
        "seed": 1,
        "data": {"shuffle_seed": 2, "path": "out/a_seed1"},
        "seeds": {"numpy": 3},
        "speed": 1.0,
    }
    configs = [
        first,
        first
        | {"seed": 9, "dataSeed": 4, "rng": 1, "output_dir": "runs/1", "data": {"path": "out/a_seed2"}, "seeds": {}},
        first | {"lr": 0.2},
        first | {"speed": 2, "optim": ["adam", {"eps": 1e-8}]},
        {},
    ]
    told = [Settings(configs).cell(config) for config in configs[:-1]]
    assert [each["same"] == told[0]["same"] for each in told] == [True, True, False, False]
    differs = [
        {"lr": 0.1, "speed": 1},
        {"lr": 0.1, "speed": 1},
        {"lr": 0.2, "speed": 1},
        {"lr": 0.1, "optim": configs[3]["optim"], "speed": 2},
    ]
    some = [Settings(configs[:-1]).cell(config)["differs"] for config in configs[:-1]]
    assert some == differs
    run = """async (configs) => { const { settingsOf, settingNames } = await import("/lib/base/seeds.js");
      const all = settingsOf(configs), names = settingNames(all);
      return [all.map((each) => each.differs), all.map((each) => names.get(each.same))]; }"""
    flat = [dict(seedless.flat(config)) for config in configs[:-1]]
    here, names = modules.evaluate(run, flat)
    assert here == differs
    assert names == ["lr 0.1, no optim, speed 1"] * 2 + [
        "lr 0.2, no optim, speed 1",
        'lr 0.1, optim ["adam",{"eps":1e-8}], speed 2',
    ]


MISSING = {  # a kind of cone missing, in linear sRGB: Machado, Oliveira and Fernandes 2009, severity 1
    "none": np.eye(3),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}


def lab(linear: np.ndarray) -> np.ndarray:
    """CIELAB under D65 of linear sRGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(linear, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_that_are_alike_to_the_colour_blind_can_differ_by_dashes(modules: Any, theme: str) -> None:
    run = """async (theme) => { const { PALETTE, dashOf } = await import("/lib/base/colors.js");
      return PALETTE[theme].map((color, i) => [color, dashOf(i, true).join(), dashOf(i).join()]); }"""
    told = modules.evaluate(run, theme)
    assert {plain for _, _, plain in told} == {""}, "without the setting ten lines are solid"
    rgb = [np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]) for color, _, _ in told]
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in rgb]
    for kind, matrix in MISSING.items():
        seen = [lab(matrix @ one) for one in linear]
        for i in range(10):
            for k in range(i):
                if np.linalg.norm(seen[i] - seen[k]) < 13:
                    assert told[i][1] != told[k][1], f"{kind}: hues {k + 1} and {i + 1} look alike"
