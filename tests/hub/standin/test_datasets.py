"""`datasets` against the stand-in, in a process of its own with HF_ENDPOINT, as a user's notebook would."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hub.standin.test_repos import EXP

CARD = b"""---
configs:
- config_name: experiments
  data_files: experiments/*.parquet
- config_name: metrics
  data_files: metrics/**/*.parquet
---
Ours.
"""

READER = """
import json, sys
from datasets import Dataset, get_dataset_config_names, load_dataset
from huggingface_hub._oauth import _get_mocked_oauth_info

told = {"configs": get_dataset_config_names("me/exp")}
told["experiments"] = load_dataset("me/exp", "experiments", split="train").to_dict()
told["metrics"] = load_dataset("me/exp", "metrics", split="train").to_dict()
told["again"] = load_dataset("me/exp", "metrics", split="train").num_rows
told["streamed"] = list(load_dataset("me/exp", "metrics", split="train", streaming=True))
told["first"] = load_dataset("me/exp", "metrics", split="train", revision=sys.argv[1]).num_rows
Dataset.from_dict({"x": [1, 2]}).push_to_hub("me/pushed", private=True)
told["pushed"] = load_dataset("me/pushed", split="train").to_dict()
told["gradio"] = _get_mocked_oauth_info()["userinfo"]["preferred_username"]
json.dump(told, sys.stdout)
"""


def parquet(**columns: list[object]) -> bytes:
    into = io.BytesIO()
    pq.write_table(pa.table(columns), into)
    return into.getvalue()


def upload(api, path: str, content: bytes) -> str:
    return api.upload_file(path_or_fileobj=content, path_in_repo=path, **EXP).oid


def test_load_dataset_reads_the_configurations_of_the_card_whole_and_streamed(hub, api, tmp_path):
    upload(api, "README.md", CARD)
    upload(api, "experiments/00/a.parquet", parquet(name=["not read"]))
    upload(api, "experiments/a.parquet", parquet(name=["one", "two"]))
    first = upload(api, "metrics/00/a.parquet", parquet(step=[0, 1], value=[1.0, float("inf")]))
    upload(api, "metrics/ff/b.parquet", parquet(step=[2], value=[0.5]))
    hub.forget()
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", READER, first]
    done = subprocess.run(command, env=hub.env(tmp_path / "home"), capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["configs"] == ["experiments", "metrics"]
    assert told["experiments"] == {"name": ["one", "two"]}
    assert told["metrics"] == {"step": [0, 1, 2], "value": [1.0, float("inf"), 0.5]}
    assert (told["again"], told["first"], told["pushed"]) == (3, 2, {"x": [1, 2]})
    assert told["streamed"] == [{"step": s, "value": v} for s, v in zip(*told["metrics"].values(), strict=True)]
    assert hub.unknown() == []
    assert told["gradio"] == "me"  # what Gradio's mock log-in shows
    assert hub.repo("me/pushed")["visibility"] == "private"
