"""Sizes and hashes of checkpoints: true, bounded, and with a reason where there is none."""

from __future__ import annotations

import hashlib
import os

import pytest

from trackio_client.capture.files import TooMuch, files_under, is_remote, sha256_of, size_of
from trackio_client.capture.hashing import Hasher, hashes_of


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "checkpoint-10"
    (folder / "deep").mkdir(parents=True)
    (folder / "config.json").write_bytes(b"{}")
    (folder / "deep" / "größe ✓.bin").write_bytes(b"x" * 5_000)
    return folder


@pytest.mark.requirement("S1.25", "S2.14")
def test_a_folders_size_is_that_of_its_files_each_once_b22(checkpoint):
    os.link(checkpoint / "config.json", checkpoint / "same.json")
    (checkpoint / "nowhere").symlink_to(checkpoint / "gone")
    assert size_of(checkpoint) == (5_002, "")
    assert size_of(checkpoint / "config.json") == (2, "")


@pytest.mark.requirement("S2.14")
@pytest.mark.parametrize("path", ["gs://bucket/x", "s3://b", "hf://datasets/o/n", "https://host/model"])
def test_what_is_elsewhere_has_no_size_here_and_says_so(path):
    assert is_remote(path)
    assert size_of(path) == sha256_of(path) == (None, "it is not on this machine")


@pytest.mark.parametrize("path", ["/nowhere/at/all", "nul\0byte", ""])
def test_what_is_not_there_has_a_reason_and_no_size(path):
    if path:
        size, why = size_of(path)
        assert size is None
        assert why
    hashed, why = sha256_of(path)
    assert hashed is None
    assert "cannot be read" in why


@pytest.mark.requirement("S3.42")
def test_the_hashes_are_those_of_the_files(checkpoint):
    told = hashes_of(checkpoint)
    assert told == {
        "files": [
            {"path": "config.json", "bytes": 2, "sha256": hashlib.sha256(b"{}").hexdigest()},
            {"path": "deep/größe ✓.bin", "bytes": 5_000, "sha256": hashlib.sha256(b"x" * 5_000).hexdigest()},
        ],
        "not_captured": {},
    }


@pytest.mark.requirement("S3.42", "S3.49")
def test_what_is_too_large_gone_or_too_slow_is_named_with_its_reason(checkpoint, tmp_path):
    small = hashes_of(checkpoint, most_bytes=100)
    assert [each["path"] for each in small["files"]] == ["config.json"]
    assert "5,000 bytes" in small["not_captured"]["deep/größe ✓.bin"]
    assert "no such file" in hashes_of(tmp_path / "gone")["not_captured"][str(tmp_path / "gone")]
    assert "took more than 0 s" in sha256_of(checkpoint / "config.json", limit_s=-1.0)[1].replace("-1 s", "0 s")
    assert sha256_of(checkpoint / "config.json", most_bytes=1) == (None, "it has 2 bytes, at most 1 are hashed")


def test_a_folder_of_more_than_a_checkpoint_holds_nobody_up(checkpoint):
    with pytest.raises(TooMuch, match="more than 1 files"):
        list(files_under(checkpoint, most=1))
    with pytest.raises(TooMuch, match="within -1 s"):
        list(files_under(checkpoint, limit_s=-1))
    assert len(list(files_under(checkpoint))) == 2


@pytest.mark.requirement("S3.42")
def test_a_hasher_reads_on_a_thread_and_is_done_at_the_end(checkpoint):
    told = []
    hasher = Hasher(lambda name, data, step: told.append((name, data, step)))
    hasher.put("gs://not/here", 1)
    hasher.end()
    assert told == []
    hasher.put(checkpoint, 10)
    hasher.put(checkpoint / "config.json", 11)
    hasher.end(timeout_s=60)
    assert [(name, step, len(data["files"])) for name, data, step in told] == [
        ("checkpoint_files", 10, 2), ("checkpoint_files", 11, 1),
    ]  # fmt: skip
    hasher.put(checkpoint, 12)  # after an end it begins again
    hasher.end(timeout_s=60)
    assert told[-1][2] == 12
