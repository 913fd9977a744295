"""A training of several ranks, read by the real `trackio` 0.43: what they all log is one metric to it too."""

from __future__ import annotations

import json

import pytest

from tests.peers.machines import TOKEN
from tests.ranks.launching import launch


@pytest.fixture(scope="module")
def ranks(server, tmp_path_factory):
    """The project of two ranks, whose losses are 0, 1, 2, 3 and 10, 11, 12, 13."""
    folder = tmp_path_factory.mktemp("ranks")
    told = {"TRACKIO_URL": server.url, "TRACKIO_TOKEN": TOKEN, "NO_PROXY": "*"}
    for code, _, complaint in launch(folder, 2, "logs", "project=of ranks", "name=both", **told):
        assert code == 0, complaint
    return "of ranks"


@pytest.mark.requirement("S3.61")
def test_its_command_line_shows_the_mean_of_two_ranks_as_one_metric(server, ranks, trackio):
    run = ("--project", ranks, "--run", "both", "--json")
    shown = trackio(
        server,
        ("list", "metrics", *run),
        ("get", "metric", "--metric", "loss", *run),
        ("get", "metric", "--metric", "loss", "--around", "2", "--window", "1", *run),
        ("get", "snapshot", "--step", "3", *run),
        ("get", "run", *run),
        ("get", "metric", "--metric", "loss@rank=1", *run),
    )
    metrics, losses, around, snapshot, summary, one = map(json.loads, shown)
    assert metrics["metrics"] == ["loss", "note"]
    assert [(each["step"], each["value"]) for each in losses["values"]] == [(0, 5.0), (1, 6.0), (2, 7.0), (3, 8.0)]
    assert [each["value"] for each in around["values"]] == [6.0, 7.0, 8.0]
    assert [each["value"] for each in snapshot["metrics"]["loss"]] == [8.0]
    assert (summary["metrics"], summary["last_step"]) == (["loss", "note"], 3)
    assert [each["value"] for each in one["values"]] == [10.0, 11.0, 12.0, 13.0], "asked for by name, a rank is there"


def test_the_rows_of_its_page_hold_the_mean_of_the_ranks(server, ranks):
    rows = server.call("get_logs", ranks, "both")
    assert [(row["step"], row["loss"]) for row in rows if "loss" in row] == [(step, 5.0 + step) for step in range(4)]
    assert {name for row in rows for name in row} == {"timestamp", "step", "loss", "note"}
    assert [row["loss"] for row in server.call("get_logs", ranks, "both", scalar_only=True)] == [5.0, 6.0, 7.0, 8.0]
    tabs = server.call("get_tab_availability", ranks)
    assert (tabs["metrics"], tabs["system"], tabs["media"]) == (True, False, False)
