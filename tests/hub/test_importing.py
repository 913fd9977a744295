"""`trackio-client import owner/name`: the old dataset in a repo of the Hub comes in, and the repo stays as it was."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.hub.places import Clock, Place, event_seqs, rows
from trackio_client.cli.destinations import Road
from trackio_client.cli.main import main
from trackio_client.delivery.transport import StoreTransport
from trackio_client.errors import UsageError
from trackio_client.exchange.kinds import readings_at
from trackio_client.exchange.past import deliver
from trackio_client.hub.foreign import fetch_data
from trackio_client.hub.memory import MemoryTarget
from trackio_client.reader import Api
from trackio_client.reader.local import LocalSource


def row(number):
    entries = [{"step": 25 * i, "metrics": {"loss": number + 1 / i}} for i in (1, 2)]
    return {
        "experiment_id": f"exp_20250720_13085{number}", "name": f"run {number}", "status": "completed",
        "description": "", "created_at": "2025-07-20T11:20:01", "metrics": json.dumps(entries),
        "parameters": '{"lr": 0.1}', "artifacts": "[]", "logs": "[]", "last_updated": "2025-07-20T14:00:00",
    }  # fmt: skip


def table(*numbers):
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row(number) for number in numbers]), file)
    return file.getvalue()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("TRACKIO_URL", "TRACKIO_PROJECT", "TRACKIO_DATASET_REPO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def imported(capsys, *arguments):
    code = main(["import", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.requirement("S1.57", "S1.46", "S1.51")
def test_the_old_dataset_comes_in_and_its_repo_is_only_read(hub, api, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    api.upload_file(
        path_or_fileobj=table(1, 2),
        path_in_repo="data/train-00000-of-00001.parquet",
        repo_id="me/exp",
        repo_type="dataset",
    )
    api.upload_file(path_or_fileobj=b"raise SystemExit", path_in_repo="exp.py", repo_id="me/exp", repo_type="dataset")
    hub.forget()
    code, said = imported(capsys, "me/exp", "--project", "old")
    assert (code, [one["name"] for one in said["imported"]]) == (0, ["run 1", "run 2"])
    assert said["from"].startswith("me/exp at commit ")
    assert {seen["request"].split()[0] for seen in hub.requests()} <= {"GET", "HEAD"}
    assert not any("exp.py" in seen["request"] and "resolve" in seen["request"] for seen in hub.requests())
    with Api() as reader:
        (first,) = [one for one in reader.experiments("old") if one.name == "run 1"]
        assert first.series("loss").values.tolist() == [2.0, 1.5]
    code, said = imported(capsys, "hf://datasets/me/exp", "--project", "old")
    assert [one["added_events"] for one in said["imported"]] == [0, 0]


def test_a_repo_that_is_missing_or_closed_is_told_beside_the_missing_path(hub, capsys):
    assert main(["import", "me/none"]) == 2
    assert "there is no file or folder me/none, and as a dataset repo:" in capsys.readouterr().err
    assert main(["import", "a/b/c"]) == 2
    assert "there is nothing at a/b/c" in capsys.readouterr().err
    assert main(["import", "https://example.org/datasets/a/b"]) == 2
    assert "is not the Hub" in capsys.readouterr().err


def test_a_damaged_file_of_a_repo_is_named_as_it_is_called_there(hub, api, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "hf_me")
    for name, content in {"data/train.parquet": b"PAR1" + b"x" * 99, "a.json": b'{"experiments": {'}.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=name, repo_id="me/exp", repo_type="dataset")
    assert main(["import", "me/exp"]) == 2
    told = capsys.readouterr()
    assert "me/exp/a.json is no JSON" in told.out + told.err
    assert "trackio-import-" not in told.out + told.err


def test_the_same_import_on_two_machines_that_share_a_repo_is_there_once(tmp_path):
    target, clock = MemoryTarget("me/exp"), Clock()
    path = tmp_path / "trackio_experiments.json"
    path.write_text(json.dumps([row(1) | {"logs": '["a line"]'}, row(2)]))
    for machine in ("one", "two", "two"):
        place = Place(target, tmp_path, clock, machine)
        (reading,) = readings_at(path)
        for run in reading.runs:
            deliver(run, "old", Road(LocalSource(place.path), StoreTransport(place.store)))
        place.replicator.flush()
        place.store.close()
    found = rows(target, tmp_path)
    assert len(found) == 4
    assert len(set(found)) == 4
    assert len(event_seqs(target, tmp_path)) == 2 * (1 + 2) + 1  # start, config, end of each, and a line


def put(**files):
    target = MemoryTarget("me/exp")
    target.commit(
        target.head().commit, {name.replace("__", "/"): content for name, content in files.items()}, [], "put"
    )
    return target


def test_a_repo_of_ours_is_for_pull_and_one_without_data_says_what_it_holds(tmp_path):
    with pytest.raises(UsageError, match="trackio-client pull me/exp"):
        fetch_data(put(**{"index/0000.json": b"{}", "metrics/00/a.parquet": b"x"}), tmp_path)
    with pytest.raises(UsageError, match=r"it holds README\.md"):
        fetch_data(put(**{"README.md": b"#"}), tmp_path)


def test_no_name_in_a_repo_leads_out_of_the_folder(tmp_path):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    files = {"../../x.json": b"1", "/tmp/f.json": b"2", "ok/y.json": b"3", ".git/z.json": b"4", "a\\..\\w.json": b"5"}
    assert fetch_data(put(**files), inside).files == ("ok/y.json",)
    assert [path.name for path in tmp_path.rglob("*.json")] == ["y.json"]
