"""Files that did not go with their events, in words: which they were, why, and what can be done."""

from __future__ import annotations

from trackio_client.delivery.account import lost_lines
from trackio_client.delivery.files import GONE
from trackio_client.delivery.lost import AGAIN, MOST_NAMED, lost_files

HASHES = [f"{number:064x}" for number in range(MOST_NAMED + 3)]


def cited(*hashes: str, **more: object) -> dict[str, object]:
    return {"blobs": [{"sha256": each, "bytes": 12_345, "mime": "image/png"} for each in hashes], **more}


def test_a_file_is_named_by_what_logged_it() -> None:
    why = dict.fromkeys(HASHES[:3], GONE)
    [medium] = lost_files(cited(HASHES[0], HASHES[5], kind="media", name="samples", step=3), why)
    assert medium.text() == f"samples at step 3 (image/png, 12,345 bytes, {HASHES[0][:12]})"
    files = [{"path": "model/w.bin", "file": HASHES[1]}, {"path": "s3", "file": None}]
    [entry] = lost_files(cited(HASHES[1], kind="artifact", name="net", files=files), why)
    assert entry.text().startswith("net/model/w.bin (image/png")
    for odd in ({"name": 5, "step": "x", "files": 7}, {"name": "", "files": [None, {"path": 1, "file": HASHES[2]}]}):
        [strange] = lost_files(cited(HASHES[2], kind="of others", **odd), why)
        assert strange.text().startswith("of others (image/png")


def test_each_reason_is_a_line_of_its_own_and_long_lists_are_counted() -> None:
    over = "it has 12,345 bytes, this server takes 1,000 at most (TRACKIO_FILE_BYTES)"
    why = {**dict.fromkeys(HASHES, GONE), HASHES[0]: over}
    first, second = lost_lines(lost_files(cited(*HASHES, kind="media", name="samples"), why))
    assert first == f"  1 file is not there: samples (image/png, 12,345 bytes, {HASHES[0][:12]}): {over}"
    assert second.startswith(f"  {len(HASHES) - 1} files are missing here: samples (")
    assert f" and {len(HASHES) - 1 - MOST_NAMED} more. What cites them went without. {AGAIN}" in second
    assert lost_lines([]) == []
