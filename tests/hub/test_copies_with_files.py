"""Copies of experiments that hold pictures, a table and artifacts: taken, the first one wiped, and brought back.

What is compared is what a reader sees: numbers, every medium and every file of every version, byte by byte.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.hub.conftest import Said
from trackio_client import Api, Image, Table
from trackio_client.artifacts.artifact import Artifact
from trackio_client.errors import StoreFull
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.store.open import open_store
from trackio_client.store.sqlite import SqliteStore

pytestmark = [pytest.mark.requirement("S1.56"), pytest.mark.usefixtures("typed")]


@pytest.fixture
def trained(tmp_path: Path) -> str:
    """An experiment with pictures at three steps, a table, and two versions of an artifact of three files; its id."""
    rng = np.random.default_rng(7)
    config, vocabulary, weights = tmp_path / "config.json", tmp_path / "vocab.txt", tmp_path / "weights.bin"
    config.write_text('{"layers": 2}')
    vocabulary.write_text("a\nb\n")

    def pixels() -> Image:
        return Image(rng.integers(0, 256, (8, 8, 3), np.uint8))

    with init("digits", name="painter", capture_console=False, quiet=True) as experiment:
        for step in range(3):
            experiment.log({"loss": 1 / (step + 1), "samples": pixels()}, step=step)
        experiment.log({"table": Table(columns=["word", "seen"], data=[["wörd", pixels()], ["other", None]])}, step=3)
        for number in range(2):
            weights.write_bytes(rng.bytes(5 * 1024 * 1024 if number else 3000))  # the second is not packed in a repo
            net = Artifact("net", "model", metadata={"epoch": number})
            for file in (config, vocabulary, weights):
                net.add_file(file, f"model/{file.name}")
            experiment.log_artifact(net, aliases=["best"] if number == 0 else ["candidate"])
            net.wait()
    process.current = None
    return experiment.experiment_id


def seen(folder: Path, experiment_id: str, scratch: Path) -> dict[str, Any]:
    """All that a reader gets of the experiment out of a folder as TRACKIO_DIR names it."""
    with Api(folder) as api:
        media = [event["content"] for event in api.source.events(experiment_id, ["media"])]
        named = [blob["sha256"] for content in media for blob in content["blobs"]]
        versions = {}
        for alias in ("v0", "v1", "best", "candidate", "latest"):
            artifact = api.artifact(f"digits/net:{alias}")
            into = Path(artifact.download(scratch / alias))
            files = {file.relative_to(into).as_posix(): file.read_bytes() for file in into.rglob("*") if file.is_file()}
            versions[alias] = (artifact.version, dict(artifact.metadata), sorted(artifact.aliases), files)
        return {
            "states": [one.state for one in api.experiments("digits")],
            "losses": api.series(experiment_id, "loss").values.tolist(),
            "media": media,
            "files": {sha256: hashlib.sha256(b"".join(api.source.file(sha256))).hexdigest() for sha256 in named},
            "versions": versions,
        }


def whole(told: dict[str, Any]) -> dict[str, Any]:
    """What was read, after a look at whether all that was logged is in it."""
    assert [(medium["name"], medium["step"]) for medium in told["media"]] == [
        ("samples", 0), ("samples", 1), ("samples", 2), ("table", 3),
    ]  # fmt: skip
    assert len(told["files"]) == 4
    assert all(sha256 == content for sha256, content in told["files"].items())
    versions = told["versions"]
    assert [version for version, *_ in versions.values()] == ["v0", "v1", "v0", "v1", "v1"]
    assert all(
        sorted(files) == ["model/config.json", "model/vocab.txt", "model/weights.bin"]
        for *_, files in versions.values()
    )
    assert told["states"] == ["finished"]
    return told


def lose(folder: Path, sha256: str) -> None:
    """A file goes by somebody's hand."""
    (folder / sha256[:2] / sha256).unlink()


def picture(data: Path, experiment_id: str, step: int) -> str:
    """The hash of the picture at a step."""
    with Api(data) as api:
        (found,) = [e["content"] for e in api.source.events(experiment_id, ["media"]) if e["content"]["step"] == step]
        return str(found["blobs"][0]["sha256"])


def test_a_backup_of_the_local_store_brings_every_file_back_after_a_wipe(
    say: Said, trained: str, tmp_path: Path
) -> None:
    data, copy = tmp_path / "data", tmp_path / "keep" / "copy.sqlite"
    before = whole(seen(data, trained, tmp_path / "a"))
    code, out, _ = say("backup", "--to", copy)
    assert (code, "and 8 files beside it in" in out, "copy.sqlite.blobs" in out) == (0, True, True)
    shutil.rmtree(data)
    code, out, _ = say("restore", copy, "--into", data)
    assert (code, "1 experiment with 8 files (5.2 MB)" in out) == (0, True)
    assert seen(data, trained, tmp_path / "b") == before


def test_a_backup_of_a_store_that_lacks_files_names_them_and_brings_the_rest(
    say: Said, trained: str, tmp_path: Path
) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.sqlite"
    sha256 = picture(data, trained, 1)
    lose(data / "v1" / "blobs", sha256)
    code, out, _ = say("backup", "--to", copy)
    assert code == 1
    assert f"{trained}: 1 file of it is missing: samples at step 1 (image/png, " in out
    assert sha256[:12] in out
    code, out, _ = say("restore", copy, "--into", tmp_path / "back", "--json")
    told = json.loads(out)
    assert (code, told["files"]) == (1, 7)
    (lost,) = told["lost_files"][trained]
    assert (lost["sha256"], lost["name"], lost["step"]) == (sha256, "samples", 1)


def test_a_file_whose_content_has_changed_on_the_disk_is_not_taken_for_a_copy(
    say: Said, trained: str, tmp_path: Path
) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.sqlite"
    sha256 = picture(data, trained, 2)
    place = data / "v1" / "blobs" / sha256[:2] / sha256
    place.write_bytes(place.read_bytes()[:-1] + b"?")
    code, out, _ = say("backup", "--to", copy)
    assert (code, "1 file of it is missing: samples at step 2" in out) == (1, True)
    code, out, _ = say("restore", copy, "--into", tmp_path / "back")
    assert (code, "1 experiment with 7 files" in out, sha256[:12] in out) == (1, True, True)


def test_a_copy_whose_files_were_left_behind_says_so_when_it_is_restored(
    say: Said, trained: str, tmp_path: Path
) -> None:
    copy = tmp_path / "there" / "copy.sqlite"
    assert say("backup", "--to", copy)[0] == 0
    moved = shutil.copy(copy, tmp_path / "copy.sqlite")
    code, out, _ = say("restore", moved, "--into", tmp_path / "back")
    assert code == 1
    assert "8 files of it are missing: samples at step 0" in out
    assert "net/model/" in out or "and 3 more" in out
    assert f"{moved}.blobs" in out
    assert "was it left behind?" in out


def test_a_copy_that_the_disk_had_no_room_for_is_not_there(
    trained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trackio_client.blobs.BlobFolder.adopt", full)
    store = open_store(tmp_path / "data" / "v1" / "store.sqlite")
    with pytest.raises(StoreFull, match="No space left"):
        store.snapshot(tmp_path / "copy.sqlite")
    store.close()
    assert not list(tmp_path.glob("copy.sqlite*")), "half a copy would be taken for a whole one"


def test_push_and_pull_take_every_file_along(say: Said, trained: str, tmp_path: Path) -> None:
    before = whole(seen(tmp_path / "data", trained, tmp_path / "a"))
    assert say("push", "me/new")[0] == 0
    shutil.rmtree(tmp_path / "data")
    code, out, _ = say("pull", "me/new")
    assert code == 0, out
    assert seen(tmp_path / "data", trained, tmp_path / "b") == before
    assert say("push", "me/new")[1].startswith("nothing new")


@pytest.mark.parametrize("way", ["repo", "folder"])
def test_a_backup_of_a_repo_brings_every_file_back(say: Said, trained: str, tmp_path: Path, way: str) -> None:
    before = whole(seen(tmp_path / "data", trained, tmp_path / "a"))
    say("push", "me/new")
    where = "me/new-backup-x" if way == "repo" else tmp_path / "saved"
    assert say("backup", "me/new", *(("--suffix", "x") if way == "repo" else ("--to", where)))[0] == 0
    code, out, _ = say("restore", where, "--into", tmp_path / "back")
    assert code == 0, out
    assert seen(tmp_path / "back", trained, tmp_path / "b") == before


def test_a_push_without_a_file_that_is_cited_names_it_and_so_does_the_pull(
    say: Said, trained: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    small, large = picture(data, trained, 2), _weights(data)
    for sha256 in (small, large):
        lose(data / "v1" / "blobs", sha256)
    code, out, _ = say("push", "me/new")
    assert code == 1
    assert f"{trained}: 2 files of it are missing" in out
    assert "samples at step 2" in out
    assert "net/model/weights.bin (" in out
    assert say("push", "me/new")[0] == 0, "what was told is not told for ever: the repo has all that it can have"
    code, out, _ = say("pull", "me/new", "--into", tmp_path / "there")
    assert (code, "2 files of it are missing" in out, "me/new does not have them" in out) == (1, True, True)
    told = json.loads(say("pull", "me/new", "--json", "--into", tmp_path / "again")[1])
    assert {lost["sha256"] for lost in told["lost_files"][trained]} == {small, large}
    assert told["experiments"] == [trained], "its numbers are whole"


def _weights(data: Path) -> str:
    with Api(data) as api:
        return str(api.artifact("digits/net:v1").get_entry("model/weights.bin").file)


def test_a_file_that_was_lost_is_shown_again_when_its_content_is_logged_again(
    say: Said, trained: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    path = data / "v1" / "blobs"
    sha256 = picture(data, trained, 0)
    content = (path / sha256[:2] / sha256).read_bytes()
    lose(path, sha256)
    assert say("push", "me/new")[0] == 1
    with init("digits", name="again", capture_console=False, quiet=True) as experiment:
        file = tmp_path / "picture.png"
        file.write_bytes(content)
        experiment.log_artifact(file, name="found", type="file").wait()
    process.current = None
    assert say("push", "me/new")[0] == 0
    assert say("pull", "me/new", "--into", tmp_path / "there")[0] == 0
    store = SqliteStore(tmp_path / "there" / "v1" / "store.sqlite")
    there = store.file(sha256)
    assert there is not None
    assert there.read_bytes() == content
    store.close()
