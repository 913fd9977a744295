"""A folder of files named by their hash: whole or not there, once, and never under a name that is a path."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import tracemalloc

import pytest

from trackio_client.blobs import Blob, BlobFolder, checked_mime, cited_in
from trackio_client.errors import DamagedBlob

PIXEL = b"\x89PNG and so on"
HASH = hashlib.sha256(PIXEL).hexdigest()


def test_the_same_content_is_one_file_however_often_it_comes(tmp_path):
    folder = BlobFolder(tmp_path / "blobs")
    (tmp_path / "picture.png").write_bytes(PIXEL)
    first, again = folder.put(PIXEL, "image/png"), folder.put(tmp_path / "picture.png", "image/png")
    assert first == again == Blob(HASH, len(PIXEL), "image/png")
    assert [(name, size) for name, size, _ in folder.listed()] == [(HASH, len(PIXEL))]
    assert folder.path(HASH) == tmp_path / "blobs" / HASH[:2] / HASH
    assert folder.path(HASH).read_bytes() == PIXEL


@pytest.mark.parametrize("name", ["../../etc/passwd", HASH.upper(), HASH[:-1], HASH + "\n", "", "é" * 64])
def test_what_is_no_hash_never_becomes_a_path(tmp_path, name):
    assert BlobFolder(tmp_path).path(name) is None


def test_content_that_is_not_what_was_announced_is_not_kept(tmp_path):
    folder = BlobFolder(tmp_path / "blobs")
    with pytest.raises(DamagedBlob, match="was announced"):
        folder.receive(HASH, [b"something", b" else"])
    assert list(folder.listed()) == []
    assert list((tmp_path / "blobs").iterdir()) == []
    assert folder.receive(HASH, [PIXEL[:3], PIXEL[3:]]) == len(PIXEL)


def test_damage_at_rest_is_noticed_and_mended_by_the_next_put(tmp_path):
    folder = BlobFolder(tmp_path)
    folder.put(PIXEL)
    assert folder.checked(HASH) == folder.path(HASH)
    folder.path(HASH).write_bytes(PIXEL[:-1] + b"?")
    assert folder.checked(HASH) is None
    assert folder.path(HASH) is None  # set aside: not here any more
    folder.put(PIXEL)
    assert folder.checked(HASH).read_bytes() == PIXEL


def test_a_file_that_comes_in_parts_goes_on_where_it_stopped_and_is_compared_at_the_end(tmp_path):
    folder = BlobFolder(tmp_path, sync=True)
    size = len(PIXEL)
    assert folder.extend(HASH, 0, PIXEL[:5], size) == 5
    assert folder.extend(HASH, 9, PIXEL[9:], size) == 5  # a part was lost
    assert folder.extend(HASH, 0, PIXEL[:5], size) == 5  # sent again
    assert folder.path(HASH) is None
    assert BlobFolder(tmp_path).extend(HASH, 5, PIXEL[5:], size) == size  # another process
    assert folder.checked(HASH).read_bytes() == PIXEL
    other = hashlib.sha256(b"12345678").hexdigest()
    assert folder.extend(other, 0, b"1234", 8) == 4
    with pytest.raises(DamagedBlob, match="was announced"):
        folder.extend(other, 4, b"5679", 8)
    assert folder.extend(other, 0, b"12345678", 8) == 8


def test_a_file_goes_to_another_folder_by_a_link_and_outlives_the_first(tmp_path):
    one, other = BlobFolder(tmp_path / "one"), BlobFolder(tmp_path / "other", sync=True)
    blob = one.put(PIXEL)
    assert other.adopt(one, blob)
    assert one.path(HASH).stat().st_ino == other.path(HASH).stat().st_ino
    assert one.remove(HASH) == len(PIXEL)
    assert one.path(HASH) is None
    assert other.checked(HASH)
    assert not other.adopt(one, Blob("0" * 64, 3))


def test_a_file_cut_short_is_not_taken_for_the_whole_by_another_folder(tmp_path):
    one, other = BlobFolder(tmp_path / "one"), BlobFolder(tmp_path / "other")
    blob = one.put(PIXEL)
    one.path(HASH).write_bytes(PIXEL[:4])
    assert not other.adopt(one, blob)
    assert other.path(HASH) is None


def test_a_large_file_is_streamed_and_never_whole_in_memory(tmp_path):
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    folder = BlobFolder(tmp_path / "blobs")
    tracemalloc.start()
    blob = folder.put(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert blob.bytes == 200 * 1024 * 1024
    assert peak < 8 * 1024 * 1024


def test_many_threads_that_put_the_same_file_leave_one(tmp_path):
    folder = BlobFolder(tmp_path)
    content = os.urandom(300_000)
    threads = [threading.Thread(target=folder.put, args=(content,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [size for _, size, _ in folder.listed()] == [300_000]
    assert folder.sweep(older_than_s=-1) == 0


def test_a_killed_put_leaves_nothing_that_looks_like_a_file(tmp_path):
    program = (
        "import sys, pathlib; from trackio_client.blobs import BlobFolder\n"
        "def pieces():\n"
        "    yield b'x' * 1000\n"
        "    print('half', flush=True); sys.stdin.read()\n"
        "BlobFolder(pathlib.Path(sys.argv[1])).receive('0' * 64, pieces())"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout.readline() == b"half\n"
        child.send_signal(signal.SIGKILL)
    folder = BlobFolder(tmp_path)
    assert list(folder.listed()) == []
    assert folder.sweep() == 0  # it could still be at work
    assert folder.sweep(older_than_s=-1) == 1
    assert list(tmp_path.iterdir()) == []


def test_citations_are_read_from_an_event_and_what_is_none_is_passed_over():
    cited = [Blob(HASH, 5, "image/png").cited(), {"sha256": "../x"}, 7, {"sha256": HASH, "bytes": 9}, None]
    assert cited_in({"blobs": cited}) == [Blob(HASH, 9)]
    assert cited_in({"blobs": "text"}) == cited_in({}) == []
    assert cited_in({"blobs": [{"sha256": HASH, "bytes": True, "mime": "no mime"}]}) == [Blob(HASH, 0)]


def test_a_media_type_loses_its_parameters_and_what_is_none_is_bytes():
    assert checked_mime("Text/HTML; charset=utf-8") == "text/html"
    assert (
        checked_mime("image/png\r\nX-Evil: 1")
        == checked_mime(None)
        == checked_mime("<b>")
        == ("application/octet-stream")
    )
