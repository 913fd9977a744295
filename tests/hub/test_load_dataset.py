"""`datasets.load_dataset` gives what was logged, bit by bit, for every configuration that stands in the card.

In a process of its own with HF_ENDPOINT, as a user's notebook would; whole and streamed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub_server import Hub
from tests.store.trainer import Trainer, taken
from trackio_client.hub.blobs import LARGE_BYTES
from trackio_client.hub.dataset import HubDataset
from trackio_client.hub.files import tables
from trackio_client.hub.files.card import card
from trackio_client.hub.files.parquet import content_name
from trackio_client.hub.transfer import push
from trackio_client.store.holdings import EventRow, PointRows
from trackio_client.store.open import open_store

NOW_US = 1_790_000_000_000_000

READER = """
import json, struct, sys
from datasets import get_dataset_config_names, get_dataset_default_config_name, load_dataset

def exact(value):
    if isinstance(value, bytes):
        return value.hex()
    return struct.pack("<d", value).hex() if isinstance(value, float) else value

def rows(table):
    return [{name: exact(value) for name, value in row.items()} for row in table]

told = {"names": get_dataset_config_names("me/exp"), "default": get_dataset_default_config_name("me/exp"), "rows": {}}
for name in told["names"]:
    whole = load_dataset("me/exp", name, split="train")
    streamed = load_dataset("me/exp", name, split="train", streaming=True)
    told["rows"][name] = {"whole": rows(whole), "streamed": rows(streamed)}
    told.setdefault("types", {})[name] = {column: str(kind) for column, kind in whole.features.items()}
json.dump(told, sys.stdout)
"""


def points(experiment: str, writer: str, metric: str, values: Sequence[float], first: int = 0) -> PointRows:
    seqs = np.arange(first, first + len(values), dtype=np.int64)
    return PointRows(
        experiment, writer, metric, seqs, seqs * 10, NOW_US + seqs * 1_234_567, np.array(values, dtype=np.float64)
    )


ODD = np.array([0x7FF8000000000123, 0xFFF0000000000000, 0x7FF0000000000000, 1 << 63], dtype=np.uint64).view(np.float64)
FIRST = [
    points("exp_a", "w_a", "train/loss", [0.1, 1 / 3, *ODD.tolist()]),
    points("exp_a", "w_a", "train/größe", [5e-324, 1.7976931348623157e308]),
]
SECOND = [points("exp_a", "w_a", "train/loss", [7.25], first=6), points("exp_b", "w_b", "loss", [float("nan"), -0.5])]
EVENTS = [
    EventRow("exp_a", "w_a", 7, '{"kind":"start","time_us":1790000000000001,"name":"größe 😀"}'.encode()),
    EventRow("exp_b", "w_b", 2, b'{"kind":"end","state":"finished"}'),
]
EXPERIMENTS: list[dict[str, Any]] = [
    {"experiment_id": "exp_a", "project": "p", "name": "one", "tags": ["x", "y"], "points": 9, "created_s": 1.79e9},
    {"experiment_id": "exp_b", "project": "p", "name": "two", "group": "g", "parameters": '{"lr":0.1}', "tags": []},
]


def filled(hub: Hub, folder: Path, existing: bytes | None = None) -> HubDataset:
    """A repo as a replicator leaves it: several files a table, each commit with what is new, and the card."""
    repo = HubDataset("me/exp", "hf_me")
    kinds: list[str] = []
    if existing is not None:
        into = io.BytesIO()
        pq.write_table(pa.table({"x": [1], "y": [2]}), into)
        files = {"README.md": existing, "own/own.parquet": into.getvalue(), "own/own.csv": b"x,y\n3,4\n"}
        repo.commit(repo.head().commit, files, [], "mine")

    def add(kind: str, name: str | None, write: Any, rows: Any) -> None:
        file = folder / "part.parquet"
        write(file, rows)
        kinds.append(kind)
        head = repo.head().commit
        readme = existing
        if any(one.path == "README.md" for one in repo.files(head, "")):
            readme = repo.read("README.md", head)
        configs = {kind: f"{kind}/**/*.parquet" for kind in dict.fromkeys(kinds)}
        text = card(readme.decode() if readme else None, repo=repo.repo, configs=configs)
        repo.commit(head, {name or content_name(kind, file): file, "README.md": text.encode()}, [], "push [test]")

    add("experiments", "experiments/0000.parquet", tables.write_experiments, EXPERIMENTS[:1])
    add("metrics", None, tables.write_metrics, FIRST)
    add("experiments", "experiments/0001.parquet", tables.write_experiments, EXPERIMENTS[1:])
    add("metrics", None, tables.write_metrics, SECOND)
    add("events", None, tables.write_events, EVENTS)
    return repo


def loaded(hub: Hub, home: Path, reader: str = READER) -> dict[str, Any]:
    command = [sys.executable, "-c", reader]
    done = subprocess.run(command, env=hub.env(home), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert hub.unknown() == []
    return dict(json.loads(done.stdout))


def hexed(value: float) -> str:
    return np.float64(value).tobytes().hex()


@pytest.mark.requirement("S1.46", "S1.54")
def test_every_configuration_of_the_card_loads_with_the_values_that_were_logged(hub, api, tmp_path):
    filled(hub, tmp_path)
    told = loaded(hub, tmp_path / "home")
    assert told["names"] == ["experiments", "metrics", "events"]
    assert told["default"] == "experiments"

    def key(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(row.get(name)) for name in ("experiment_id", "writer_id", "metric", "seq"))

    wanted = sorted(
        (
            {
                "experiment_id": part.experiment_id,
                "writer_id": part.writer_id,
                "seq": int(seq),
                "metric": part.metric,
                "step": int(step),
                "time_s": hexed(time_us / 1e6),
                "value": hexed(value),
            }
            for part in FIRST + SECOND
            for seq, step, time_us, value in zip(part.seqs, part.steps, part.times_us, part.values, strict=True)
        ),
        key=key,
    )
    for how in ("whole", "streamed"):
        assert sorted(told["rows"]["metrics"][how], key=key) == wanted
        events = sorted(told["rows"]["events"][how], key=key)
        assert [row["content"].encode() for row in events] == [row.raw for row in EVENTS]
        assert [(row["kind"], row["seq"], row["time_s"]) for row in events] == [
            ("start", 7, hexed(1790000000.000001)),
            ("end", 2, None),
        ]
        rows = sorted(told["rows"]["experiments"][how], key=key)
        assert [row["experiment_id"] for row in rows] == ["exp_a", "exp_b"]
        for row, given in zip(rows, EXPERIMENTS, strict=True):
            full = dict.fromkeys(tables.EXPERIMENTS.names) | given
            assert row == {name: hexed(v) if isinstance(v, float) else v for name, v in full.items()}
    assert told["types"]["metrics"]["value"] == "Value('float64')"
    assert list(told["types"]["experiments"]) == tables.EXPERIMENTS.names


@pytest.mark.requirement("S1.54")
def test_a_users_own_configuration_loads_beside_ours(hub, api, tmp_path):
    mine = b"---\nconfigs:\n  - config_name: own\n    data_files: own/own.parquet\ntags: [mine]\n---\n# Mine\n"
    repo = filled(hub, tmp_path, mine)
    text = repo.read("README.md", repo.head().commit).decode()
    assert "# Mine\n" in text
    assert api.dataset_info("me/exp").tags[:2] == ["trackio", "mine"]
    told = loaded(hub, tmp_path / "home")
    assert sorted(told["names"]) == ["events", "experiments", "metrics", "own"]
    assert told["rows"]["own"]["whole"] == [{"x": 1, "y": 2}]
    assert len(told["rows"]["metrics"]["streamed"]) == 11


def test_beside_a_users_own_csv_both_are_loaded_as_the_card_says(hub, api, tmp_path):
    """`datasets` takes one kind of file a repo, so there ours are no configurations."""
    mine = b"---\nconfigs:\n- config_name: own\n  data_files: own/own.csv\n---\n"
    repo = filled(hub, tmp_path, mine)
    text = repo.read("README.md", repo.head().commit).decode()
    (line,) = [line for line in text.splitlines() if line.startswith("metrics = ")]
    reader = (
        f"{READER}\n{line}\nassert sorted(metrics['value'])[-2:] == {[7.25, 1.7976931348623157e308]}, metrics['value']"
    )
    told = loaded(
        hub, tmp_path / "home", reader.replace("metrics['value']", "[v for v in metrics['value'] if v < 2e308]")
    )
    assert told["names"] == ["own"]
    assert told["rows"]["own"]["whole"] == [{"x": 3, "y": 4}]


@pytest.mark.requirement("S1.54")
def test_files_of_another_kind_beside_ours_do_no_harm(hub, api, tmp_path):
    """What a repo also holds: the index, the page's files, the attributes; and a file of ours that is replaced."""
    repo = filled(hub, tmp_path)
    tables.write_experiments(tmp_path / "x", [EXPERIMENTS[0] | {"state": "finished"}])
    files: dict[str, bytes | Path] = {"index/0000.json": b"{}", "view/head.json": b"{}", "view/aa/exp_a.bin": b"\0" * 9}
    repo.commit(repo.head().commit, files | {"experiments/0000.parquet": tmp_path / "x"}, [], "replace [test]")
    told = loaded(hub, tmp_path / "home")
    assert sorted(told["names"]) == ["events", "experiments", "metrics"]
    assert sorted(str(row["state"]) for row in told["rows"]["experiments"]["whole"]) == ["None", "finished"]


@pytest.mark.requirement("S1.54")
def test_pictures_and_artifacts_load_by_their_hash_and_the_other_configurations_beside_them(hub, api, tmp_path):
    """As a push leaves it: small files packed, a large one as it is, which no table holds."""
    store, pictures = open_store(tmp_path / "store.sqlite"), [os.urandom(n) for n in (0, 700, 300_000)]
    blobs = [store.files.put(content, "image/png") for content in pictures]
    large = store.files.put(os.urandom(LARGE_BYTES), "application/octet-stream")
    trainer = Trainer().start().steps(20)
    for step, blob in enumerate(blobs):
        trainer.event(kind="media", media="image", name="samples", step=step, blobs=[blob.cited()])
    trainer.event(kind="artifact", name="net", blobs=[large.cited(), blobs[1].cited()])
    taken(trainer.send(store))
    push(store, HubDataset("me/exp", "hf_me"), ["exp_1"], origin="laptop")
    store.close()
    told = loaded(hub, tmp_path / "home")
    assert told["names"] == ["experiments", "metrics", "events", "blobs"]
    assert told["default"] == "experiments"
    assert told["types"]["blobs"]["content"] == "Value('binary')"
    for how in ("whole", "streamed"):
        rows = {row["sha256"]: row for row in told["rows"]["blobs"][how]}
        assert len(rows) == len(told["rows"]["blobs"][how]) == len(pictures)
        for blob, content in zip(blobs, pictures, strict=True):
            row = rows[blob.sha256]
            assert bytes.fromhex(row["content"]) == content
            assert hashlib.sha256(bytes.fromhex(row["content"])).hexdigest() == row["sha256"]
            assert (row["bytes"], row["mime"], row["experiments"]) == (len(content), "image/png", ["exp_1"])
        assert len(told["rows"]["metrics"][how]) == 20
        cited = [json.loads(row["content"]).get("blobs", []) for row in told["rows"]["events"][how]]
        assert {each["sha256"] for some in cited for each in some} == {*rows, large.sha256}
        assert [row["experiment_id"] for row in told["rows"]["experiments"][how]] == ["exp_1"]
