"""Artifacts: files with a name and versions, logged by one experiment, used by another, the same wherever they lie."""

from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from trackio_client.artifacts.artifact import Artifact
from trackio_client.cli.main import main
from trackio_client.errors import DamagedBlob, NotFound, UsageError
from trackio_client.experiment import Experiment
from trackio_client.opening import init
from trackio_client.queries.artifacts import experiment_artifacts, read_artifact
from trackio_client.reader import Api
from trackio_client.store.numbering import number
from trackio_client.store.open import open_store
from trackio_client.wire.artifacts import safe_path, split

NAMES = ["plain.txt", "a folder/with ünï/🦦 'quoted' \"file\" & <b>.bin", "deep/er/still/x"]


@pytest.fixture
def begin(bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Begin experiments on the local store of a folder."""
    monkeypatch.chdir(tmp_path)

    def make(project: str = "digits", **more: Any) -> Experiment:
        return init(project, capture_console=False, quiet=True, directory=tmp_path / "home", **more)

    return make


@pytest.fixture
def api(tmp_path: Path, begin: Any) -> Any:
    begin().finish()
    with Api(tmp_path / "home") as api:
        yield api


def folder(tmp_path: Path, name: str = "data", **contents: str) -> Path:
    place = tmp_path / name
    for path in NAMES:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(contents.get("text", path), encoding="utf-8")
    return place


def test_what_was_logged_comes_back_byte_by_byte_in_another_experiment(begin, api, tmp_path):
    made = begin(name="maker")
    logged = made.log_artifact(folder(tmp_path), "digits-data", "dataset", aliases=["best"], metadata={"rows": 3})
    assert logged.wait(60).version == "v0"
    made.finish()
    user = begin(name="user")
    used = user.use_artifact("digits-data:latest", type="dataset")
    place = Path(used.download())
    assert place == Path("artifacts/digits-data-v0")
    assert {path.relative_to(place).as_posix(): path.read_text() for path in place.rglob("*") if path.is_file()} == {
        path: path for path in NAMES
    }
    used.verify(place)
    (place / NAMES[0]).write_text("other")
    with pytest.raises(DamagedBlob, match=r"plain\.txt"):
        used.verify(place)
    assert used.metadata == {"rows": 3}
    user.finish()


def test_the_same_content_is_the_same_version_and_aliases_move(begin, api, tmp_path):
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two", text="changed")
    experiment = begin()
    for place, aliases in ((one, ["best"]), (two, ["best"]), (one, []), (one, ["old"])):
        experiment.log_artifact(place, "data", aliases=aliases)
    experiment.finish()
    versions = api.artifacts("digits", "data")
    assert [(each["version"], each["aliases"]) for each in versions] == [(1, ["latest", "best"]), (0, ["old"])]
    assert api.artifact("digits/data:best").version == "v1"
    assert api.artifact("digits/data:v0").digest == api.artifact("digits/data:old").digest
    assert api.artifact("digits/data").version == "v1"


def test_lineage_is_told_in_both_directions(begin, api, tmp_path):
    (tmp_path / "raw.txt").write_text("raw")
    first = begin(name="first")
    first.log_artifact(tmp_path / "raw.txt", "raw", "dataset")
    first.finish()
    second = begin(name="second")
    text = Path(second.use_artifact("raw:v0").file()).read_text()
    (tmp_path / "clean.txt").write_text(text.upper())
    second.log_artifact(tmp_path / "clean.txt", "clean", "dataset")
    second.finish()
    raw, clean = api.artifact("digits/raw"), api.artifact("digits/clean")
    assert [each["name"] for each in raw.logged_by()] == ["first"]
    assert [each["name"] for each in raw.used_by()] == ["second"]
    assert [(each["name"], each["version"]) for each in clean.told["used"]] == [("raw", 0)]
    experiment = api.experiment(second.id)
    assert [each.qualified_name for each in experiment.logged_artifacts()] == ["digits/clean:v0"]
    assert [each.qualified_name for each in experiment.used_artifacts()] == ["digits/raw:v0"]
    assert api.experiment(first.id).used_artifacts() == []


def test_versions_stay_when_what_was_logged_earlier_arrives_later(begin, api, tmp_path):
    away = tmp_path / "away"
    late = init("digits", name="late", mode="offline", capture_console=False, quiet=True, directory=away)
    (tmp_path / "late.txt").write_text("late")
    late.log_artifact(tmp_path / "late.txt", "data")
    late.finish()
    online = begin(name="online")
    for text in ("one", "two"):
        (tmp_path / "now.txt").write_text(text)
        online.log_artifact(tmp_path / "now.txt", "data")
    online.finish()
    before = {each["version"]: each["digest"] for each in api.artifacts("digits", "data")}
    for spool in (away / "v1" / "spool").iterdir():  # the machine comes back
        shutil.move(spool, tmp_path / "home" / "v1" / "spool" / spool.name)
    assert main(["sync", "--dir", str(tmp_path / "home")]) == 0
    after = {each["version"]: each["digest"] for each in api.artifacts("digits", "data")}
    assert sorted(before) == [0, 1]
    assert sorted(after) == [0, 1, 2]
    assert {number: after[number] for number in before} == before
    assert api.artifact("digits/data:latest").version == "v2"


def test_two_that_log_at_once_get_different_numbers(begin, api, tmp_path):
    experiments = [begin(name=f"writer-{n}") for n in range(4)]
    for n, experiment in enumerate(experiments):
        (tmp_path / f"{n}.txt").write_text(str(n))
        experiment.log_artifact(tmp_path / f"{n}.txt", "data")
    threads = [threading.Thread(target=experiment.finish) for experiment in experiments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = api.artifacts("digits", "data")
    assert sorted(each["version"] for each in versions) == [0, 1, 2, 3]
    assert len({each["digest"] for each in versions}) == 4


def test_a_number_that_two_stores_gave_stands_for_the_first_and_the_other_content_gets_a_new_one(tmp_path):
    from tests.store.trainer import Trainer, taken

    here = open_store(tmp_path / "here" / "store.sqlite")
    one, two = Trainer("w_1", "exp_1").start(), Trainer("w_2", "exp_2").start()
    one.event(kind="artifact", name="data", type="t", digest="a" * 64, files=[])
    two.event(kind="artifact", name="data", type="t", digest="b" * 64, files=[])
    taken(here.append([one.batch()]))
    number(here, "digits")
    pin = {"kind": "artifact_version", "name": "data", "digest": "b" * 64, "version": 0}
    other = Trainer("numbering_x", "exp_2").event(time_us=2**52, **pin)  # what another store had given, told later
    taken(here.append([two.batch()]))
    taken(here.append([other.batch()]))
    assert read_artifact(here, "data:v0", "digits")["digest"] == "a" * 64
    number(here, "digits")
    assert read_artifact(here, "data:v0", "digits")["digest"] == "a" * 64
    assert read_artifact(here, "data:v1", "digits")["digest"] == "b" * 64
    assert number(here, "digits") == 0
    here.close()


def test_a_file_above_the_limit_is_recorded_with_its_size_and_place(begin, api, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TRACKIO_FILE_BYTES", "100")
    place = tmp_path / "model"
    place.mkdir()
    (place / "small").write_bytes(b"x" * 100)
    (place / "large").write_bytes(b"y" * 101)
    experiment = begin()
    experiment.log_artifact(place, "model", "model")
    experiment.finish()
    large = api.artifact("digits/model").get_entry("large")
    assert large.file is None
    assert large.bytes == 101
    assert large.reference == (place / "large").as_uri()
    assert large.not_kept == "content not kept: 101 bytes, over 100 (TRACKIO_FILE_BYTES)"
    assert "over 100" in capsys.readouterr().err
    (place / "large").unlink()
    with pytest.raises(NotFound, match="large"):
        api.artifact("digits/model").download(tmp_path / "came")
    assert (tmp_path / "came" / "small").read_bytes() == b"x" * 100


def test_references_are_kept_as_addresses_and_made_files_as_they_were_closed(begin, api, tmp_path):
    artifact = Artifact("mixed", "dataset", metadata={"k": 1})
    artifact.add_reference("s3://bucket/key.bin")
    artifact.add_reference(folder(tmp_path), "local")
    with artifact.new_file("made/it.json") as file:
        json.dump({"a": 1}, file)
    artifact.add({"columns": ["x"], "data": [[1]]}, "table.json")
    with pytest.raises(NotFound):
        artifact.get_entry("nothing")
    experiment = begin()
    experiment.log_artifact(artifact)
    experiment.finish()
    found = api.artifact("digits/mixed")
    assert found.get_entry("key.bin").reference == "s3://bucket/key.bin"
    place = Path(found.download(tmp_path / "came"))
    assert json.loads((place / "made/it.json").read_text()) == {"a": 1}
    assert (place / "local" / NAMES[1]).read_text() == NAMES[1]
    assert not (place / "key.bin").exists()
    with pytest.raises(UsageError, match="was logged"):
        artifact.add_file(tmp_path / "data" / NAMES[0])
    draft = artifact.new_draft()
    draft.remove("made")
    assert "made/it.json" not in draft.manifest


def test_what_cannot_be_logged_is_said_and_training_goes_on(begin, api, tmp_path, capsys):
    experiment = begin()
    missing = experiment.log_artifact(tmp_path / "no such file", "x")
    wrong = experiment.log_artifact(folder(tmp_path), "data", aliases=["v7"])
    assert "there is nothing at" in str(missing.not_logged)
    assert "'v7' is a version" in str(wrong.not_logged)
    assert missing.wait(1) is missing
    experiment.log({"loss": 1.0})
    experiment.finish()
    told = capsys.readouterr().err
    assert "Training goes on" in told
    assert api.artifacts("digits") == []


def test_an_artifact_that_is_not_there_is_an_error_with_what_there_is(begin, api, tmp_path):
    experiment = begin()
    experiment.log_artifact(folder(tmp_path), "digits-data")
    experiment.use_artifact("digits-data")  # of this very process: waited for
    experiment.log_artifact(folder(tmp_path), "digits-data", aliases=["best"])  # the same content: known, its alias not
    assert experiment.use_artifact("digits-data:best").version == "v0"
    with pytest.raises(NotFound, match="digits-data"):
        experiment.use_artifact("digit-data:latest")
    with pytest.raises(NotFound, match=r"It has v0, (best, latest|latest, best)"):
        experiment.use_artifact("digits-data:v9")
    with pytest.raises(UsageError, match="is of type"):
        experiment.use_artifact("digits-data", type="model")
    experiment.finish()


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "C:/x", "C:\\x", "", ".", "a\0b", "x/" * 600 + "y"]
)
def test_a_path_that_leads_out_of_an_artifact_is_refused(path):
    with pytest.raises(UsageError):
        safe_path(path)


def test_a_stranger_that_logs_such_a_path_writes_nothing_outside(begin, api, tmp_path):
    experiment = begin()
    blob = experiment.put_file(b"evil")
    files = [{"path": path, "file": blob.sha256, "bytes": 4} for path in ("../../evil", "/tmp/evil", "fine")]
    experiment.event("artifact", name="evil", type="x", files=files, digest="0" * 64, aliases=[], blobs=[blob.cited()])
    experiment.finish()
    place = Path(api.artifact("digits/evil").download(tmp_path / "deep" / "er"))
    assert [path.name for path in place.iterdir()] == ["fine"]
    assert not (tmp_path / "evil").exists()


def test_a_name_may_mean_several_things_and_the_likeliest_is_first():
    assert split("data:best", "digits")[0] == ("digits", "data", "best")
    assert ("other", "data", "latest") in split("other/data", "digits")
    assert ("project", "name", "v3") in split("entity/project/name:v3")
    assert split(":x") == []


def test_save_keeps_what_a_pattern_finds(begin, api, tmp_path):
    place = folder(tmp_path)
    experiment = begin()
    assert len(experiment.save(place / "**" / "*", base_path=place)) == 3
    assert experiment.save(tmp_path / "*.nothing") == []
    experiment.finish()
    (found,) = api.experiment(experiment.id).logged_artifacts()
    assert (found.name, found.type) == (f"files-{experiment.id}", "files")
    assert {entry.path for entry in found.files()} == set(NAMES)


def test_the_command_line_lists_artifacts_and_fetches_one(begin, api, tmp_path, capsys):
    experiment = begin(name="maker")
    experiment.log_artifact(folder(tmp_path), "a/b 🦦", "dataset", aliases=["best"])
    experiment.finish()
    home = ["--dir", str(tmp_path / "home")]
    capsys.readouterr()
    assert main(["artifacts", "list", "digits", *home]) == 0
    assert "a/b 🦦" in capsys.readouterr().out
    assert main(["artifacts", "list", "digits", "a/b 🦦", "--json", *home]) == 0
    (version,) = json.loads(capsys.readouterr().out)["versions"]
    assert (version["version"], version["aliases"], version["from_name"]) == (0, ["latest", "best"], "maker")
    assert main(["artifacts", "get", "digits/a/b 🦦:best", "--to", str(tmp_path / "came"), *home]) == 0
    assert "3 files" in capsys.readouterr().out
    assert (tmp_path / "came" / NAMES[1]).read_text() == NAMES[1]
    assert main(["artifacts", "get", "digits/nothing:v1", *home]) == 3


def test_a_deleted_experiment_takes_its_artifacts_and_leaves_those_that_others_logged_too(begin, api, tmp_path):
    one, two = begin(name="one"), begin(name="two")
    for experiment in (one, two):
        experiment.log_artifact(folder(tmp_path), "both")
    (tmp_path / "own.bin").write_bytes(os.urandom(10))
    own = one.log_artifact(tmp_path / "own.bin", "own")
    one.finish()
    two.finish()
    api.delete(one.id, now=True)
    assert [each["name"] for each in api.artifacts("digits")] == ["both"]
    assert len(list(Path(api.artifact("digits/both").download(tmp_path / "came")).rglob("*"))) > 3
    store = open_store(tmp_path / "home" / "v1" / "store.sqlite")
    assert store.file(own.files()[0].file) is None
    assert experiment_artifacts(store, two.id)["used"] == []
    store.close()
