"""Filter expressions: what parses, what does not and where, and which rows each holds for."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from trackio_client.queries.expression import FilterError, parsed
from trackio_client.queries.filtering import Filter
from trackio_client.queries.pattern import Pattern, PatternError

CASES = json.loads((Path(__file__).parent / "filter_cases.json").read_text())
"""tests/browser/test_filters.py runs the same through the page's parser."""


def plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.requirement("S2.75")
@pytest.mark.parametrize("case", CASES["parse"], ids=lambda case: case["text"][:40])
def test_a_filter_parses_or_says_where_it_does_not(case):
    if "tree" in case:
        assert plain(parsed(case["text"])) == case["tree"]
        return
    with pytest.raises(FilterError) as refused:
        parsed(case["text"])
    assert (refused.value.column, refused.value.message) == (case["column"], case["message"])
    assert str(refused.value) == f"column {case['column']}: {case['message']}"


@pytest.mark.parametrize("case", CASES["filters"], ids=lambda case: case["text"])
def test_a_filter_finds_its_rows_and_names_the_columns_that_it_needs(case):
    wanted = Filter(case["text"])
    found = [row["experiment_id"] for row in CASES["rows"] if wanted.holds(row, CASES["now_s"])]
    assert (found, list(wanted.columns)) == (case["found"], case["columns"])


@pytest.mark.parametrize(
    "case", CASES["patterns"], ids=lambda case: f"{case['pattern'][:20]} {case.get('text', '')[:8]}"
)
def test_a_pattern_matches_or_says_where_it_does_not_parse(case):
    if "found" in case:
        assert Pattern(case["pattern"]).search(case["text"]) is case["found"]
        return
    with pytest.raises(PatternError) as refused:
        Pattern(case["pattern"])
    assert (refused.value.at, refused.value.message) == (case["at"], case["message"])


def test_a_pattern_that_makes_other_engines_hang_takes_steps_like_the_text_has_letters():
    pattern, steps = Pattern("(a|a)*(a*)*(a+)+b$"), 0
    step = pattern._step

    def counted(state, character):
        nonlocal steps
        steps += 1
        return step(state, character)

    pattern._step = counted
    assert not pattern.search("a" * 100_000)
    assert steps < 10, "states that were met are known"


def test_a_filter_reads_rows_and_nothing_else():
    row = CASES["rows"][0]
    for text in ("__class__ = str", "columns.__class__ is not null", "name.__len__ > 0", "config.__init__ is not null"):
        assert not Filter(text).holds(row, 0.0)


def test_a_whole_number_beyond_all_floats_is_infinite_as_a_page_reads_it():
    row = CASES["rows"][0] | {"columns": {"config:x": 10**400}}
    holds = {text: Filter(text).holds(row, CASES["now_s"]) for text in ("config.x = 3", "config.x = inf", "x > 1e300")}
    assert holds == {"config.x = 3": False, "config.x = inf": True, "x > 1e300": True}
