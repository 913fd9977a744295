"""What the Manage page writes: numbers for people, and texts of others as texts."""

from __future__ import annotations

import math

import pytest

from space.ui.pages.manage_words import details_html, list_html, number

ROW = {
    "id": "exp_a", "name": "<b>'x'</b>", "project": 'a/"b"&c', "state": "lost_contact", "evidence": "<i>", "demo": True,
    "created_at": "2026-01-02T03:04:05.678Z", "metrics_count": 1234, "points_count": 1, "artifacts_count": 0,
    "description": "<script>", "parameters": {"<p>": {"q": "<img>"}, "none": {}}, "parameters_count": 2,
    "latest_metrics": {"<m>": {"value": math.nan, "step": 12345, "time": ""}},
}  # fmt: skip


def test_numbers_have_four_figures_and_are_readable():
    shown = {
        0.5: "0.5", -2.25: "−2.25", 0.0002941: "2.941e−4", 12345.6: "12,346", 9999.9: "10,000", 1e308: "1e308",
        math.inf: "∞", -math.inf: "−∞", 0: "0", 3: "3",
    }  # fmt: skip
    assert {value: number(value) for value in shown} == shown
    assert number(math.nan) == "NaN"
    assert number("NaN") == "NaN"


@pytest.mark.requirement("S1.69")
def test_markup_in_names_values_and_notes_stays_a_text():
    told = list_html([ROW]) + details_html(ROW)
    for markup in ("<b>", "<i>", "<script>", "<p>{", "<img", "<m>"):
        assert markup not in told, markup
    assert "lost contact" in told
    assert "1,234" in told
    assert "project=a%2F%22b%22%26c" in told


def test_a_long_list_says_how_much_is_left_out():
    assert "The newest 100 of 101." in list_html([ROW] * 101)
    assert "No experiment yet." in list_html([])
