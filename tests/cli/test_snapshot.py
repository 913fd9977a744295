"""Experiments as one file, from a store on this machine: no server has a part in it."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import struct

import pytest

import trackio_client
from trackio_client.cli.main import main
from trackio_client.errors import ExperimentNotFound, UsageError
from trackio_client.snapshot import page


def held(path):
    """What stands in a file: its data, and the head of its binary answer of each axis."""
    data = json.loads(re.search(r'id="trackio-data">(.*?)</script>', path.read_text(encoding="utf-8"))[1])
    heads = {}
    for axis, packed in data["series"].items():
        raw = gzip.decompress(base64.b64decode(packed))
        heads[axis] = json.loads(raw[8 : 8 + struct.unpack("<I", raw[4:8])[0]])
    return data, heads


@pytest.fixture
def two(tmp_path, monkeypatch):
    """The ids of two experiments in a local store; "val/f1" is drawn against "epoch"."""
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "store"))
    monkeypatch.delenv("TRACKIO_URL", raising=False)
    ids = []
    for number in range(2):
        rng = random.Random(number)
        with trackio_client.init("snap", name=f"</script><b>{number}", config={"lr": 10.0**-number}) as experiment:
            experiment.define_metric("val/f1", step_metric="epoch")
            for step in range(900):
                experiment.log({"loss": float("nan") if step == 3 else rng.random()}, step=step)
                if step % 100 == 0:
                    experiment.log({"epoch": step / 100, "val/f1": step / 900}, step=step)
            ids.append(experiment.experiment_id)
    return ids


@pytest.mark.requirement("S3.27")
def test_the_command_line_saves_a_comparison_with_every_axis_it_can_be_drawn_against(two, tmp_path, capsys):
    file = tmp_path / "both.html"
    assert main(["snapshot", *two, "-o", str(file), "--name", "Both", "--view", "x=time"]) == 0
    assert str(file) in capsys.readouterr().out
    data, heads = held(file)
    assert [row["name"] for row in data["experiments"]] == ["</script><b>0", "</script><b>1"]
    assert data["state"] == "x=time"
    assert set(heads) == {"step", "time", "epoch"}
    assert {(one["experiment_id"], one["metric"]) for one in heads["epoch"]["series"]} == {(i, "val/f1") for i in two}
    assert next(one["nan"] for one in heads["step"]["series"] if one["metric"] == "loss") == 1
    assert main(["snapshot", "nowhere"]) == 3


def test_a_file_of_much_is_thinned_until_it_is_small(two, tmp_path, monkeypatch):
    api = trackio_client.Api()
    whole = held(api.snapshot(two, tmp_path))[0]
    monkeypatch.setattr(page, "POINTS_BYTES", 9_000)
    thin, heads = held(api.snapshot(api.experiments("snap"), tmp_path / "thin.html"))
    assert whole["buckets"] == page.BUCKETS
    assert page.FEWEST <= thin["buckets"] < 500
    assert sum(len(base64.b64decode(packed)) for packed in thin["series"].values()) <= 9_000
    assert next(one["points"] for one in heads["step"]["series"] if one["metric"] == "loss") == 900
    with pytest.raises(UsageError, match="1 to 50"):
        api.snapshot([])
    with pytest.raises(ExperimentNotFound):
        api.snapshot([two[0], "nowhere"], tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["snap-2-experiments.html", "thin.html"]
