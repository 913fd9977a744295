"""`push`, `pull`, `backup`, `restore`: the commands in this process, a stand-in for the Hub, real stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from tests.hub.conftest import Said
from tests.hub_server import Hub
from trackio_client.errors import HubRefused, NotOurs, UsageError
from trackio_client.hub.copies import Folder, backup_name, copy_repo, save_repo
from trackio_client.hub.memory import MemoryTarget
from trackio_client.hub.transfer import Pinned
from trackio_client.lifecycle import process
from trackio_client.opening import init
from trackio_client.store.sqlite import SqliteStore

COMMIT = r"POST .*/commit/"
pytestmark = pytest.mark.usefixtures("typed")


def log(name: str, project: str = "digits", steps: int = 10, **more: Any) -> str:
    """An experiment in the local store; its id."""
    with init(project, name=name, capture_console=False, quiet=True, **more) as experiment:
        for step in range(steps):
            experiment.log({"loss": 1.0 / (step + 1), "odd": float("nan") if step == 3 else -float(step)}, step=step)
    process.current = None
    return experiment.experiment_id


def digests(folder: Path) -> dict[str, str]:
    """Per writer the digest in a folder's store, computed anew."""
    store = SqliteStore(folder / "v1" / "store.sqlite")
    try:
        return {w: d for one in store.experiments() for w, d in store.audit(one.experiment_id).items()}
    finally:
        store.close()


# --- push ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3.50", "S1.54")
def test_a_push_makes_a_private_repo_and_a_second_one_changes_nothing(say: Said, hub: Hub) -> None:
    log("one")
    log("two")
    code, out, _ = say("push", "me/new")
    assert code == 0
    assert "made the private dataset repo me/new" in out
    assert "40 values and 4 events of 2 experiments in 1 commit" in out
    assert hub.repo("me/new")["visibility"] == "private"
    before = hub.pushes("me/new")
    code, out, _ = say("push", "me/new")
    assert (code, "nothing new: me/new holds all of 2 experiments already" in out) == (0, True)
    assert hub.pushes("me/new") == before
    assert hub.unknown() == []


@pytest.mark.requirement("S1.54")
def test_a_repo_is_public_when_asked_and_keeps_its_visibility(say: Said, hub: Hub, api: HfApi) -> None:
    log("one")
    assert say("push", "me/open", "--public")[0] == 0
    assert hub.repo("me/open")["visibility"] == "public"
    assert say("push", "me/exp", "--public")[0] == 0  # it exists, and is private
    assert hub.repo("me/exp")["visibility"] == "private"


def test_a_push_of_what_has_grown_adds_just_that(say: Said, hub: Hub) -> None:
    log("one")
    say("push", "me/new")
    log("two")
    code, out, _ = say("push", "me/new", "--json")
    told = json.loads(out)
    assert (code, told["values"], told["made"]) == (0, 20, False)
    assert len(hub.pushes("me/new")) == 2


def test_a_push_takes_only_what_was_asked_for(say: Said, tmp_path: Path) -> None:
    one = log("one")
    log("two")
    other = log("three", project="letters")
    assert say("push", "one", "me/new")[0] == 0
    assert say("push", "--project", "letters", "me/new")[0] == 0
    assert say("pull", "me/new", "--into", tmp_path / "there")[0] == 0
    store = SqliteStore(tmp_path / "there" / "v1" / "store.sqlite")
    assert {record.experiment_id for record in store.experiments()} == {one, other}
    store.close()


def test_a_push_of_what_is_not_here_or_not_clear_is_refused(say: Said) -> None:
    assert say("push", "me/new")[0] == 1
    log("same")
    log("same")
    assert say("push", "nothing", "me/new")[0] == 3
    code, _, complaint = say("push", "same", "me/new")
    assert (code, "2 experiments are named 'same'" in complaint) == (2, True)


# --- pull ----------------------------------------------------------------------------------------------------------


def test_a_pull_brings_every_value_and_a_second_one_nothing(say: Said, tmp_path: Path) -> None:
    log("one")
    log("two", project="letters", steps=3000)
    say("push", "me/new")
    code, out, _ = say("pull", "me/new", "--into", tmp_path / "there")
    assert code == 0
    assert "2 experiments with 6,020 values of me/new" in out
    assert "counts and digests equal; 3,014 new events" in out
    assert digests(tmp_path / "there") == digests(tmp_path / "data")
    code, out, _ = say("pull", "me/new", "--into", tmp_path / "there")
    assert (code, out.rstrip().endswith("nothing new")) == (0, True)


def test_a_pull_takes_experiments_by_id_name_or_project(say: Said, tmp_path: Path) -> None:
    one, two = log("one"), log("two")
    log("three", project="letters")
    say("push", "me/new")
    assert "1 experiment with" in say("pull", "me/new", one, "--into", tmp_path / "a")[1]
    told = json.loads(say("pull", "me/new", "two", "--json", "--into", tmp_path / "b")[1])
    assert (told["experiments"], told["values"]) == ([two], 20)
    assert "2 experiments with" in say("pull", "me/new", "--project", "digits", "--into", tmp_path / "c")[1]
    code, _, complaint = say("pull", "me/new", "four", "--into", tmp_path / "d")
    assert (code, "there is no experiment 'four' in me/new" in complaint) == (3, True)


@pytest.mark.requirement("S1.51")
def test_a_pull_names_what_cannot_be_read_and_brings_the_rest(say: Said, tmp_path: Path, api: HfApi, hub: Hub) -> None:
    one = log("one")
    say("push", "me/exp")
    log("two")
    say("push", "me/exp")
    found = [f for f in api.list_repo_files("me/exp", repo_type="dataset") if f.startswith("metrics/")]
    raw = Path(api.hf_hub_download("me/exp", found[0], repo_type="dataset")).read_bytes()
    api.upload_file(path_or_fileobj=raw[: len(raw) // 2], path_in_repo=found[0], repo_id="me/exp", repo_type="dataset")
    api.upload_file(path_or_fileobj=b"a,b\n", path_in_repo="mine.csv", repo_id="me/exp", repo_type="dataset")
    code, out, _ = say("pull", "me/exp", "--into", tmp_path / "there")
    assert code == 1
    assert found[0] in out
    assert "1 experiment with 20 values" in out
    assert "not whole: exp_" in out
    told = json.loads(say("pull", "me/exp", "--json", "--into", tmp_path / "again")[1])
    assert len(told["incomplete"]) == 1
    assert list(told["not_ours"]) == [found[0]]
    assert one in {*told["experiments"], *told["incomplete"]}


def test_an_experiment_deleted_here_is_not_brought_back(say: Said, tmp_path: Path) -> None:
    one = log("one")
    log("two")
    say("push", "me/new")
    assert say("delete", one, "--now", "--yes")[0] == 0
    code, out, _ = say("pull", "me/new")
    assert code == 0
    assert "1 experiment that was deleted here stay" in out.replace("stays", "stay")
    store = SqliteStore(tmp_path / "data" / "v1" / "store.sqlite")
    assert [record.name for record in store.experiments()] == ["two"]
    store.close()


def test_a_repo_of_somebody_elses_data_holds_no_experiment(say: Said, tmp_path: Path, api: HfApi) -> None:
    api.upload_file(path_or_fileobj=b"a,b\n", path_in_repo="train.csv", repo_id="me/exp", repo_type="dataset")
    code, out, _ = say("pull", "me/exp", "--into", tmp_path / "there")
    assert (code, "me/exp holds no such experiment" in out) == (0, True)


@pytest.mark.requirement("S1.10", "S1.62")
def test_what_cannot_be_is_one_clear_line(say: Said, monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    log("one")
    for wrong in ("exp", "a/b/c", "a b/c"):
        code, _, complaint = say("pull", wrong)
        assert (code, "owner/name" in complaint) == (2, True)
    assert say("pull", "me/nothing")[0] == 4
    monkeypatch.setenv("HF_TOKEN", "hf_me_read")
    code, _, complaint = say("push", "me/new")
    assert (code, "hf_me" in complaint) == (4, False)
    assert "HF_TOKEN" in complaint
    hub.fault(r"/commits/", kind="html", times=-1)
    code, _, complaint = say("pull", "me/new")
    assert (code, "proxy" in complaint) == (4, True)


# --- copies --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S1.56")
def test_a_backup_holds_all_and_can_be_restored_from(say: Said, hub: Hub, tmp_path: Path) -> None:
    log("one")
    say("push", "me/new")
    code, out, _ = say("backup", "me/new", "--suffix", "before surgery")
    assert (code, out.startswith("me/new-backup-before-surgery: 8 files")) == (0, True)
    assert hub.repo("me/new-backup-before-surgery")["visibility"] == "private"
    assert "nothing new" in say("backup", "me/new", "--suffix", "before surgery")[1]
    log("two")
    say("push", "me/new")
    code, _, complaint = say("backup", "me/new", "--suffix", "before surgery")
    assert (code, "exists and holds something else" in complaint) == (2, True)
    code, out, _ = say("restore", "me/new-backup-before-surgery", "--into", tmp_path / "back")
    assert (code, "1 experiment with 20 values" in out) == (0, True)
    assert "me/new-backup-before-surgery itself stays as it is" in out


@pytest.mark.requirement("S1.56")
def test_a_backup_that_was_cut_off_is_gone_on_with() -> None:
    source = MemoryTarget("me/exp")
    for number in range(4):
        files = {f"metrics/{number:02x}/{n}.parquet": bytes([number, n]) for n in range(60)}
        source.commit(source.head().commit, {**files, "index/0000.json": b"{%d}" % number}, (), "more")
    to = MemoryTarget("me/copy", exists=False)
    real, calls = to.commit, []

    def cut(parent: str, add: Any, delete: Any, title: str) -> str:
        calls.append(len(add))
        if len(calls) == 2:
            raise HubRefused("cut")
        return real(parent, add, delete, title)

    to.commit = cut  # type: ignore[method-assign]
    with pytest.raises(HubRefused):
        copy_repo(source, to)
    assert not [file for file in to.files(to.head().commit, "") if file.path.startswith("index/")]
    copied = copy_repo(source, to)
    assert (copied.files, copied.commits) == (241 - 90, 2)
    assert max(calls) <= 90
    there = {f.path: f.blob for f in to.files(to.head().commit, "")}
    assert there == {f.path: f.blob for f in source.files(source.head().commit, "")}
    assert to.is_private


@pytest.mark.requirement("S1.56")
def test_a_backup_in_a_folder_is_read_as_a_repo_is(say: Said, tmp_path: Path) -> None:
    log("one")
    say("push", "me/new")
    saved = tmp_path / "saved"
    assert say("backup", "me/new", "--to", saved)[0] == 0
    assert say("backup", "me/new", "--to", saved)[0] == 2
    assert say("restore", saved, "--into", tmp_path / "back")[0] == 0
    assert digests(tmp_path / "back") == digests(tmp_path / "data")
    assert say("restore", saved, "--to", "me/back")[0] == 0
    assert "1 experiment with 20 values" in say("pull", "me/back", "--into", tmp_path / "c")[1]
    assert say("restore", tmp_path, "--into", tmp_path / "d")[0] == 2  # a folder, but no saved repo
    assert say("restore", saved, "--revision", "abcdef12", "--into", tmp_path / "d")[0] == 2


@pytest.mark.requirement("S1.56")
def test_a_backup_of_the_local_store_is_a_file_that_becomes_a_store_again(say: Said, tmp_path: Path) -> None:
    log("one")
    file = tmp_path / "keep" / "copy.sqlite"
    assert say("backup", "--to", file)[0] == 0
    assert say("backup", "--to", file)[0] == 2
    log("two")
    code, out, _ = say("restore", file, "--into", tmp_path / "back")
    assert (code, "1 experiment" in out, "itself stays as it is" in out) == (0, True, True)
    assert len(digests(tmp_path / "back")) == 1
    assert say("restore", file, "--into", tmp_path / "back")[0] == 2
    assert say("restore", file, "--to", "me/new")[0] == 2
    assert say("backup")[0] == 0
    assert len(list((tmp_path / "data" / "v1").glob("store-backup-*.sqlite"))) == 1


def test_a_folder_with_names_that_lead_out_of_it_is_refused(tmp_path: Path) -> None:
    source = MemoryTarget("me/exp")
    source.commit(source.head().commit, {"../../evil": b"x"}, (), "evil")
    with pytest.raises(NotOurs, match="cannot be a file's here"):
        save_repo(source, tmp_path / "in" / "here")
    assert not (tmp_path / "evil").exists()
    with pytest.raises(NotOurs):
        Folder(tmp_path).read("../secret", "c")


# --- restore to a point in time ------------------------------------------------------------------------------------


def test_a_restore_goes_back_to_a_commit_beside_what_is_there(say: Said, hub: Hub, tmp_path: Path) -> None:
    first = log("one")
    say("push", "me/new")
    commit = hub.pushes("me/new")[-1]["id"]
    log("two")
    say("push", "me/new")
    code, out, _ = say("restore", "me/new", "--list")
    assert (code, len(out.splitlines())) == (0, 4)
    assert commit[:8] in out
    pushed = hub.pushes("me/new")
    code, out, _ = say("restore", "me/new", "--revision", commit[:10], "--into", tmp_path / "then", "--json")
    assert (code, json.loads(out)["experiments"]) == (0, [first])
    assert say("restore", "me/new", "--revision", commit, "--to", "me/then")[0] == 0
    assert "1 experiment with" in say("pull", "me/then", "--into", tmp_path / "a")[1]
    assert "1 experiment with" in say("pull", "me/new", "--revision", commit, "--into", tmp_path / "b")[1]
    assert hub.pushes("me/new") == pushed
    assert say("restore", "me/new", "--revision", commit, "--to", "me/new")[0] == 2
    assert say("restore", "me/new", "--revision", commit, "--into", tmp_path / "then")[0] == 2  # it holds experiments
    log("three")
    say("push", "me/other")
    code, _, complaint = say("restore", "me/new", "--revision", commit, "--to", "me/other")
    assert (code, "exists and holds something else" in complaint) == (2, True)


def test_a_point_in_time_can_be_said_by_the_clock(say: Said, hub: Hub, tmp_path: Path) -> None:
    log("one")
    say("push", "me/new")
    hub.advance(3 * 86400)
    log("two")
    say("push", "me/new")
    early = json.loads(say("restore", "me/new", "--list", "--json")[1])["commits"][1]["time_s"]
    from datetime import UTC, datetime

    then = datetime.fromtimestamp(early + 60, UTC)
    for text in (f"{then:%Y-%m-%d %H:%M:%S}", f"{then:%Y-%m-%dT%H:%M:%SZ}", f"{then:%Y-%m-%d}"):
        folder = tmp_path / f"{then:%H}{len(text)}"
        assert "1 experiment with" in say("pull", "me/new", "--revision", text, "--into", folder)[1]
    for wrong in ("1999-01-01", "0123456789abcdef", "yesterday", "2026-13-45"):
        assert say("pull", "me/new", "--revision", wrong, "--into", tmp_path / "no")[0] == 2


def test_a_repo_at_a_commit_is_not_written() -> None:
    target = MemoryTarget("me/exp")
    with pytest.raises(HubRefused, match="not written"):
        Pinned(target, target.head().commit).commit("x", {}, (), "t")
    assert not Pinned(target, "x").create()


@pytest.mark.parametrize(("suffix", "name"), [("a b", "me/x-backup-a-b"), ("2026.1", "me/x-backup-2026.1")])
def test_a_backups_name_ends_as_asked(suffix: str, name: str) -> None:
    assert backup_name("me/x", suffix) == name
    with pytest.raises(UsageError):
        backup_name("me/x", " / ")
