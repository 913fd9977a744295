"""What is recorded of the code: with real repositories."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import trackio_client
from tests.capture.repositories import commit, of_git, run
from trackio_client.capture.environment import git
from trackio_client.capture.environment.gitfiles import head_of, remotes_of, repository_of, without_credentials
from trackio_client.capture.environment.scene import script_of


@pytest.mark.requirement("S2.21", "S3.43")
def test_commit_branch_and_no_change_are_what_git_says(repository):
    found = of_git(repository / "deep")
    assert found.values["git.commit"] == run(repository, "rev-parse", "HEAD").strip()
    assert (found.values["git.branch"], found.values["git.detached"], found.values["git.dirty"]) == (
        "trunk",
        False,
        False,
    )
    assert found.values["git.root"] == str(repository)
    assert found.not_captured == {"git.remote": "the repository has no remote"}


@pytest.mark.requirement("S3.43")
def test_changes_are_named_and_their_difference_can_be_applied(repository, tmp_path):
    before = tmp_path / "before"
    run(tmp_path, "clone", "-q", str(repository), str(before))
    (repository / "train.py").write_text("print(2)\n")
    (repository / "deep" / "more.py").unlink()
    run(repository, "add", "train.py")
    (repository / "new file.txt").write_text("new")
    found = of_git(repository).values
    assert found["git.dirty"] is True
    assert sorted(found["git.changed_files"]) == ["deep/more.py", "train.py"]
    assert found["git.untracked"] == ["new file.txt"]
    subprocess.run(["git", "apply"], cwd=before, input=found["git.diff"], text=True, check=True)
    assert (before / "train.py").read_text() == "print(2)\n"
    assert not (before / "deep" / "more.py").exists()


@pytest.mark.requirement("S3.43")
def test_a_difference_is_cut_at_its_limit_and_can_be_switched_off(repository):
    (repository / "train.py").write_text("x\n" * 50_000)
    cut = of_git(repository, diff_bytes=1_000)
    assert len(cut.values["git.diff"]) == 1_000
    assert cut.values["git.diff_cut"] is True
    off = of_git(repository, diff_bytes=0)
    assert "git.diff" not in off.values
    assert "TRACKIO_CAPTURE_DIFF_BYTES" in off.not_captured["git.diff"]
    assert off.values["git.dirty"] is True


@pytest.mark.requirement("S2.22")
def test_a_detached_checkout_has_a_commit_and_no_branch(repository):
    commit(repository)
    first = run(repository, "rev-parse", "HEAD~1").strip()
    run(repository, "checkout", "-q", first)
    found = of_git(repository)
    assert (found.values["git.commit"], found.values["git.detached"]) == (first, True)
    assert "git.branch" not in found.values
    assert "detached" in found.not_captured["git.branch"]


@pytest.mark.requirement("S2.22", "S3.49")
def test_outside_git_nothing_is_known_and_nothing_is_called_clean_b55(tmp_path):
    found = git.from_files(tmp_path)
    assert found.values == {}
    assert all("in no git repository" in why for why in found.not_captured.values())
    assert "git.dirty" in found.not_captured


@pytest.mark.requirement("S2.22", "S3.49")
def test_without_the_git_program_commit_and_branch_are_known_and_the_rest_says_why(repository, monkeypatch):
    wanted = run(repository, "rev-parse", "HEAD").strip()
    run(repository, "remote", "add", "origin", "https://me:hf_secret@example.org/o/r.git")
    run(repository, "pack-refs", "--all")
    (repository / "train.py").write_text("changed")
    monkeypatch.setenv("PATH", str(repository / "nothing here"))
    found = of_git(repository)
    assert (found.values["git.commit"], found.values["git.branch"]) == (wanted, "trunk")
    assert found.values["git.remote"] == "https://example.org/o/r.git"
    assert "git.dirty" not in found.values
    assert found.not_captured["git.dirty"] == "git is not installed"


def test_a_repository_without_a_commit_and_a_worktree_are_read(repository, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    run(empty, "init", "-q", "-b", "main")
    found = of_git(empty)
    assert found.values["git.branch"] == "main"
    assert "no commit yet" in found.not_captured["git.commit"]
    run(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = of_git(tmp_path / "side")
    assert (side.values["git.branch"], side.values["git.root"]) == ("side", str(tmp_path / "side"))
    assert side.values["git.commit"] == run(repository, "rev-parse", "HEAD").strip()
    there = repository_of(tmp_path / "side")
    assert there is not None
    assert head_of(there)[1] == "side"
    assert remotes_of(there) == {}


def test_a_refusal_of_git_leaves_what_the_files_say(repository):
    (repository / ".git" / "index").write_bytes(b"no index")
    found = of_git(repository)
    assert found.values["git.branch"] == "trunk"
    assert found.not_captured["git.dirty"].startswith("git refused")


@pytest.mark.requirement("S3.43", "S1.62")
@pytest.mark.parametrize(("address", "shown"), [
    ("https://me:hf_abcdef@huggingface.co/o/r", "https://huggingface.co/o/r"),
    ("https://ghp_0123456789abcdef@github.com/o/r.git", "https://github.com/o/r.git"),
    ("https://host/o/r?private_token=x#y", "https://host/o/r"), ("git@github.com:o/r.git", "git@github.com:o/r.git"),
    ("ssh://git@host:22/o/r", "ssh://git@host:22/o/r"), ("jane@host:o/r.git", "host:o/r.git"),
    ("/srv/git/r.git", "/srv/git/r.git"), ("http://[bad", "an address that cannot be read"),
])  # fmt: skip
def test_a_remote_is_shown_without_credentials(address, shown):
    assert without_credentials(address) == shown


@pytest.mark.requirement("S1.62")
def test_no_secret_of_a_difference_reaches_the_log(repository, captured, monkeypatch):
    """By look, by name and by file: a diff is where people forget their keys."""
    for name, text in (("train.py", 'token = "hf_' + "a" * 34 + '"\napi_key = "plainbutnamed"\n'),
                       (".env", "WANDB=canary-one\n"), ("deep/server.pem", "canary-two\n")):  # fmt: skip
        (repository / name).write_text("old\n")
        commit(repository)
        (repository / name).write_text(text)
    commit(repository)
    (repository / "train.py").write_text(
        'token = "hf_' + "b" * 34 + '"\napi_key = "alsonamed"\nlr = 3\n' + "# x\n" * 9000
    )
    (repository / ".env").write_text("WANDB=canary-three\n")
    (repository / "deep" / "server.pem").write_text("canary-four\n")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(repository / "train.py"), raising=False)
    experiment = trackio_client.init("p")
    experiment.finish()
    told = captured(experiment)
    store = b"".join(path.read_bytes() for path in (repository.parent / "data").rglob("*") if path.is_file())
    for secret in (b"aaaaaaaa", b"bbbbbbbb", b"plainbutnamed", b"alsonamed", b"canary"):
        assert secret not in store
    assert told["git"]["diff_file"]
    assert sorted(told["git"]["changed_files"]) == [".env", "deep/server.pem", "train.py"]


@pytest.mark.requirement("S3.43")
def test_the_folder_of_the_script_counts_not_the_one_of_the_shell_b55(repository, tmp_path):
    script = repository / "train.py"
    assert script_of(str(script), tmp_path) == (script, repository)
    assert script_of("train.py", repository) == (script, repository)
    assert script_of(None, tmp_path) == (None, tmp_path)
    installed = Path(pytest.__file__)
    assert script_of(str(installed), tmp_path) == (installed, tmp_path)
