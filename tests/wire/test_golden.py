"""The bytes of the wire, written out: they may change only with a new version (docs/protocol.md)."""

from __future__ import annotations

import math
import struct

import numpy as np

from trackio_client.queries.series import pack as pack_series
from trackio_client.store.columns import decode, digest_of
from trackio_client.store.contract import Buckets, BucketsAnswer
from trackio_client.wire.batches import Batch, pack, unpack
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

SCHEMA = Schema(("train/loss", "lr"))
METRICS = metrics_frame(SCHEMA, 7, 1_700_000_000_000_000, (0.5, math.inf))
EVENT = event_frame({"kind": "mark", "time_us": 1, "title": "é"})
BATCH = Batch(
    writer_id="w_1", experiment_id="exp_1", project="digits", generation=0, first_seq=0, count=2, first_held=0,
    body=SCHEMA.frame + METRICS + EVENT,
)  # fmt: skip


def golden(name):
    from pathlib import Path

    return bytes.fromhex((Path(__file__).parent / "golden" / f"{name}.hex").read_text())


def test_a_schema_frame_keeps_its_bytes():
    assert golden("schema") == SCHEMA.frame
    assert SCHEMA.id == int.from_bytes(METRICS[16:24], "little")


def test_a_metrics_frame_keeps_its_bytes():
    assert golden("metrics") == METRICS


def test_an_event_frame_keeps_its_bytes():
    assert golden("event") == EVENT


def test_a_batch_keeps_its_bytes_and_is_read_back():
    assert golden("batch") == pack(BATCH)
    assert unpack(golden("batch")) == BATCH


def test_the_digest_keeps_its_value():
    digest = digest_of("w_1", decode(BATCH.body, 0))
    assert (digest.hex(), digest.events, digest.points) == (golden("digest").hex(), 2, 2)


def test_a_series_answer_keeps_its_bytes():
    one = np.array([1.0, 2.0])
    none = np.zeros(2, dtype=np.int64)
    buckets = Buckets(0.0, 0, one, one, one, one, none, none, none, 2)
    spread = Buckets(4.0, 3, one, one - 1, one + 1, one, none, np.array([0, 70_000]), none, 9)
    answer = BucketsAnswer(
        (("exp_1", "a"), ("exp_1", "b")), {("exp_1", "a"): buckets, ("exp_1", "b"): spread}, True, "5"
    )
    raw = pack_series(answer, x="step", now_s=12.5, cursor="c.5")
    assert golden("series") == raw
    assert raw[:4] == b"TKS2"
    assert struct.unpack("<2H", raw[-8:-4]) == (0, 65_535)
